/**
 * `scanpoll purge`: forgets what ended long ago. What is open or in doubt stays.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Durations from "../config/Durations.ts"
import { quote, type UsageError } from "../config/InputFault.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const ageOf = (text: string | null): Checked.Checked<Duration.Duration> => {
  const nothing = Duration.millis(Durations.oldest)
  if (text === null) return Checked.faulty(nothing, "--older-than", "is required, for example 90d")
  const age = Durations.parse(text, 0, Durations.oldest)
  return Result.isSuccess(age)
    ? Checked.make(age.success)
    : Checked.faulty(nothing, "--older-than", `${age.failure}, not ${quote(text)}`)
}

/**
 * `scanpoll purge --older-than D`: forgets what is over and older than that. What is open or in doubt stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const purge = Effect.fnUntraced(function* (input: {
  readonly olderThan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const age = ageOf(input.olderThan)
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "purge", flags: input.flags, formats: Output.small }),
    (begun) => Checked.accept(Checked.and(begun, age))
  )
  const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(age.value)
  const count = yield* Effect.flatMap(ScanJournal, (journal) => journal.purge({ before })).pipe(
    Effect.provide(Journal.layerExisting(settings, "write")),
    Look.atLogLevel(settings)
  )
  yield* say(`${count} ${count === 1 ? "claim" : "claims"} forgotten`)
  return 0
})
