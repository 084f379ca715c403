// A time as a user writes it in the options of a call.
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { readTime, type Time } from "../Policy.ts"

/** Throws a `TypeError` that names the option. */
export const timeOf = (name: string, time: Time | undefined): Duration.Duration | undefined =>
  time === undefined
    ? undefined
    : Option.getOrThrowWith(readTime(time), () => new TypeError(`${name} is not a time such as 5000 or "5 seconds"`))
