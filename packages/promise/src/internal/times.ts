// A time as a user writes it in the options of a call.
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Time } from "../Policy.ts"

// A length of time, or none when it is not one.
export const readTime = (time: Time): Option.Option<Duration.Duration> =>
  typeof time === "string"
    ? Result.getSuccess(Durations.parse(time, 0, Durations.oldest))
    : (typeof time === "number" && !Number.isNaN(time)) || Duration.isDuration(time)
      ? Duration.fromInput(time)
      : Option.none()

/** Throws a `TypeError` that names the option. */
export const timeOf = (name: string, time: Time | undefined): Duration.Duration | undefined =>
  time === undefined
    ? undefined
    : Option.getOrThrowWith(
        readTime(time),
        () => new TypeError(`${name} is not a time such as 5000, "5s" or "5 seconds"`)
      )
