/**
 * The polls of a claim as a journal keeps them: what each saw, and why the next one is when it is.
 *
 * Equal polls in a row are one entry with a count, and a claim keeps its newest `pollsKept` entries. Losing one costs
 * nothing but the explanation: nothing is decided by them.
 *
 * @since 0.2.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scrubber from "../model/Scrubber.ts"
import type { Seen } from "../model/PollStopped.ts"

const longestWord = 64
const longestMessage = 300

/**
 * One entry. Times are milliseconds since 1970.
 *
 * - `kind`: `wait` when a wait began without a poll, `poll` after a poll that did not settle the scan, `stop` when the
 *   wait ended without an outcome.
 * - `because`: why the next poll is when it is; of a stop, the reason. See `WaitCause` and
 *   `PollStopped.StopReason`.
 * - `until`: when the next poll is due; of a stop, when it stopped.
 * - `seen`: the vendor's phase, or `fault`, or null where nothing was asked. `code`: of a fault, or the vendor's word.
 *   `percent`: the progress that the vendor tells, 0 to 100, or null. `message`: of the fault; no credential is in it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PollNote = Schema.Struct({
  at: Schema.Finite,
  kind: Schema.Literals(["wait", "poll", "stop"]),
  because: Schema.String,
  until: Schema.Finite,
  seen: Schema.NullOr(Schema.Literals(["queued", "running", "ended", "unrecognised", "fault"])),
  code: Schema.NullOr(Schema.String),
  percent: Schema.NullOr(Schema.Finite),
  message: Schema.NullOr(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type PollNote = typeof PollNote.Type

/**
 * Equal polls in a row: `count` of them, the first at `at`, the last at `lastAt`. `seq` orders the entries of a claim, and
 * grows.
 *
 * @category schemas
 * @since 0.2.0
 */
export const StoredPoll = Schema.Struct({
  seq: Schema.Finite,
  ...PollNote.fields,
  lastAt: Schema.Finite,
  count: Schema.Finite
})

/**
 * @category models
 * @since 0.2.0
 */
export type StoredPoll = typeof StoredPoll.Type

/**
 * How many entries a claim keeps: the newest.
 *
 * @category constructors
 * @since 0.2.0
 */
export const pollsKept = 100

/**
 * What makes two polls equal, as one text: all but their times and the words of a fault.
 *
 * @category destructors
 * @since 0.2.0
 */
export const sameness = ({ because, code, kind, percent, seen }: PollNote): string =>
  JSON.stringify([kind, because, seen, code, percent])

/**
 * The entries with one more poll: equal to the last one, or another entry. At most `pollsKept`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fold = <Entry extends StoredPoll>(
  entries: ReadonlyArray<Entry | StoredPoll>,
  note: PollNote
): ReadonlyArray<Entry | StoredPoll> => {
  const last = entries.at(-1)
  if (last !== undefined && sameness(last) === sameness(note)) {
    const { at, message, until } = note
    return [...entries.slice(0, -1), { ...last, lastAt: at, until, message, count: last.count + 1 }]
  }
  return [...entries, { ...note, seq: (last?.seq ?? 0) + 1, lastAt: note.at, count: 1 }].slice(-pollsKept)
}

const word = (text: string): string => Scrubber.ofProcess.text(text).slice(0, longestWord)

/**
 * What was seen, as an entry tells it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const seenOf = (last: Seen | null): Pick<PollNote, "seen" | "code" | "percent" | "message"> => {
  const nothing = { code: null, percent: null, message: null }
  if (last === null) return { seen: null, ...nothing }
  switch (last._tag) {
    case "Pending": {
      const fraction = Option.getOrNull(last.progress)?.fraction ?? null
      return { seen: last.phase, ...nothing, percent: fraction === null ? null : Math.round(fraction * 100) }
    }
    case "Ended":
      return { seen: "ended", ...nothing, code: word(last.vendorStatus) }
    case "Unrecognised":
      return { seen: "unrecognised", ...nothing, code: word(last.word) }
    case "PollFault":
      return {
        seen: "fault",
        ...nothing,
        code: word(last.code),
        message: Scrubber.ofProcess.text(last.message).slice(0, longestMessage)
      }
  }
}
