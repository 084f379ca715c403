/**
 * `scanpoll purge`: forgets what ended long ago, or one subject. What is open or in doubt stays.
 *
 * @since 0.2.0
 */
import { type JournalError, openStates, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import type * as Terminal from "effect/Terminal"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { quote, type UsageError } from "../config/InputFault.ts"
import * as Hints from "../output/Hints.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { say, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as Consent from "../prepare/Consent.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import { plural } from "../output/Plural.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Terminal.Terminal | Vendors

interface Input {
  readonly olderThan: string | null
  readonly subject: string | null
  readonly dryRun: boolean
  readonly yes: boolean
  readonly flags: FlagTexts
}

interface Wanted {
  readonly age: Duration.Duration
  readonly about: ((subject: Subject) => boolean) | undefined
}

// A slash at the end and the case make no other subject of an address that somebody types.
const folded = (text: string): string => text.trim().toLowerCase().replace(/\/$/, "")

const isSubject = (typed: string) => {
  const wanted = folded(typed)
  return ({ id, name, series }: Subject): boolean =>
    [id, name, series ?? id].some((text) => folded(text) === wanted) || series === `name=${typed.trim()}`
}

const aboutOf = (subject: string | null): Checked.Checked<Wanted["about"]> => {
  if (subject === null) return Checked.make(undefined)
  return folded(subject) === ""
    ? Checked.faulty(undefined, "--subject", "must not be empty")
    : Checked.make(isSubject(subject))
}

const ageOf = ({ olderThan, subject }: Input): Checked.Checked<Duration.Duration> => {
  if (olderThan === null) {
    return subject === null
      ? Checked.faulty(Duration.zero, "--older-than", "is required, for example 90d, or a subject: --subject SUBJECT")
      : Checked.make(Duration.zero)
  }
  const age = Durations.parse(olderThan, 0, Durations.oldest)
  return Result.isSuccess(age)
    ? Checked.make(age.success)
    : Checked.faulty(Duration.zero, "--older-than", `${age.failure}, not ${quote(olderThan)}`)
}

const wantedOf = (input: Input): Checked.Checked<Wanted> =>
  Checked.andThen(aboutOf(input.subject), (about) => Checked.map(ageOf(input), (age) => ({ age, about })))

// What stays although it is about the subject: somebody may still have to pay for it.
const openAbout = ({ about }: Wanted) =>
  Effect.gen(function* () {
    if (about === undefined) return 0
    const { list } = yield* ScanJournal
    const open = yield* list(openStates)
    return open.filter(({ subject }) => about(subject)).length
  })

const tellOpen = (count: number, tail: string) =>
  count === 0
    ? Effect.void
    : say(
        `${plural(count, "claim")} of this subject ${count === 1 ? "is" : "are"} open or in doubt and stayed; \`scanpoll status${tail}\` shows them`
      )

/**
 * `scanpoll purge`: forgets what is over and old enough, or everything about one subject that is over. What is open or in doubt
 * stays. It asks before, and gives the room back after.
 *
 * @category constructors
 * @since 0.1.0
 */
export const purge = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const agreed = yield* Consent.check(input.dryRun || input.yes, "; --dry-run says what would be forgotten")
  const wanted = Checked.andThen(wantedOf(input), (value) => Checked.map(agreed, () => value))
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "purge", flags: input.flags, formats: Output.small }),
    (begun) => Checked.accept(Checked.and(begun, wanted))
  )
  const { about, age } = wanted.value
  const tail = Hints.journalTail({ settings, flags: input.flags })
  // What ends at this very moment is over too.
  const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(age) + (about === undefined ? 0 : 1)
  const asked = { before, ...(about === undefined ? {} : { about }) }
  const counted = Effect.gen(function* () {
    const journal = yield* ScanJournal
    return { count: yield* journal.purge({ ...asked, dryRun: true }), open: yield* openAbout(wanted.value) }
  }).pipe(Effect.provide(Journal.layerExisting(settings, "read")), Look.atLogLevel(settings))
  if (input.dryRun) {
    const { count, open } = yield* counted
    yield* say(`${plural(count, "claim")} would be forgotten`)
    yield* tellOpen(open, tail)
    return 0
  }
  if (!input.yes) {
    const { count } = yield* counted
    if (!(yield* Consent.ask(`Forget ${plural(count, "claim")} and their results for good?`))) {
      yield* say("nothing was forgotten")
      return 0
    }
  }
  const forgotten = Effect.gen(function* () {
    const journal = yield* ScanJournal
    const count = yield* journal.purge(asked)
    const compacted = yield* Effect.orElseSucceed(journal.compact, () => false)
    return { count, compacted, open: yield* openAbout(wanted.value) }
  }).pipe(Effect.provide(Journal.layerExisting(settings, "write")), Look.atLogLevel(settings))
  const { compacted, count, open } = yield* forgotten
  yield* say(`${plural(count, "claim")} forgotten`)
  yield* tellOpen(open, tail)
  if (!compacted) {
    yield* say(
      "warning: another process has the journal open, so parts of what was forgotten may still be in its file; run this again when no other is running"
    )
  }
  return 0
})
