/**
 * `scanpoll history`: earlier answers to equal requests, what the polls of one claim saw, or the last runs. Makes
 * no request.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as History from "@scanpoll/journal/History"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Spending from "@scanpoll/journal/Spending"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import type { Settings } from "../config/Settings.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { inert, type Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as JournalWords from "./JournalWords.ts"
import * as RunHistory from "./RunHistory.ts"
import * as SpendHistory from "./SpendHistory.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const looking = <A, E, R>(settings: Settings, effect: Effect.Effect<A, E, R | ScanJournal>) =>
  effect.pipe(Effect.provide(Journal.layerExisting(settings, "read")), Look.atLogLevel(settings))

// One answer has nothing to be compared with.
const trendWords = ({ points, trend }: History.Line): string =>
  trend !== "unknown" ? trend : points.length === 1 ? "one answer so far" : "nothing to compare"

const limitOf = (text: string | null, usual: number, most: number): Checked.Checked<number> => {
  if (text === null) return Checked.make(usual)
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : NaN
  return value >= 1 && value <= most
    ? Checked.make(value)
    : Checked.faulty(usual, "--limit", `must be a whole number from 1 to ${most}, not ${quote(text)}`)
}

const runs = Effect.fnUntraced(function* (
  settings: Settings,
  input: { readonly words: ReadonlyArray<string>; readonly limit: number }
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const all = yield* looking(
    settings,
    Effect.flatMap(ScanJournal, (journal) => journal.runs.list({ limit: input.limit }))
  )
  const words = input.words.map((word) => word.toLowerCase())
  const found = all.filter(({ command, plan, runId }) => {
    const text = [runId, command, plan ?? ""].join("\n").toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const failed = yield* Output.write(settings, {
    text: () => (found.length === 0 ? ["no run is known\n"] : found.map((run) => `${RunHistory.line(run)}\n`)),
    json: () => ({ schemaVersion: 1, runs: found.map(JournalView.run) })
  })
  return failed ? 74 : 0
})

const spend = Effect.fnUntraced(function* (
  settings: Settings,
  input: { readonly words: ReadonlyArray<string>; readonly limit: number }
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const all = yield* looking(settings, Spending.read)
  const words = input.words.map((word) => word.toLowerCase())
  const months = [...new Set(all.map(({ month }) => month))].slice(0, input.limit)
  const found = all.filter(({ account, month, vendor }) => {
    const text = [Key.accountName(vendor, account), month].join("\n").toLowerCase()
    return months.includes(month) && words.every((word) => text.includes(word))
  })
  const failed = yield* Output.write(settings, {
    text: () => SpendHistory.lines(found),
    json: () => ({ schemaVersion: 1, spend: found })
  })
  return failed ? 74 : 0
})

// What the polls of one claim saw. The claim is named, so a claim that is not there is a mistake.
const polls = Effect.fnUntraced(function* (
  settings: Settings,
  claimId: string
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const found = yield* looking(
    settings,
    Effect.gen(function* () {
      const journal = yield* ScanJournal
      const entry = yield* journal.get(claimId)
      return entry === null ? null : { entry, polls: yield* journal.polls(claimId) }
    })
  )
  if (found === null) {
    return yield* Effect.fail(usage(quote(claimId), "there is no such claim in the journal (--journal)"))
  }
  const now = yield* Clock.currentTimeMillis
  const failed = yield* Output.write(settings, {
    text: () => [
      `${JournalWords.line(found.entry, now)}\n`,
      ...(found.polls.length === 0
        ? ["  no poll is known\n"]
        : found.polls.map((poll) => `  ${JournalWords.pollLine(poll)}\n`))
    ],
    json: () => ({
      schemaVersion: 1,
      claim: JournalView.claim(found.entry),
      polls: found.polls.map(JournalView.poll)
    })
  })
  return failed ? 74 : 0
})

/**
 * `scanpoll history [WORD...]`: the answers about each subject over time, those whose vendor or subject has each word.
 * With `runs`, the last runs instead, those whose id, command or plan has each word.
 * With `spend`, the purchases of each account and month.
 * The one word that is a claim's id asks for what the polls of that claim saw.
 *
 * @category constructors
 * @since 0.1.0
 */
export const history = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly limit: string | null
  readonly runs: boolean
  readonly spend: boolean
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const [usual, most] = input.runs ? [20, 1_000] : input.spend ? [12, 1_200] : [1000, 10_000]
  const limited = limitOf(input.limit, usual, most)
  const both =
    input.runs && input.spend ? Checked.faulty(null, "--spend", "cannot be asked for beside --runs") : limited
  const { value: limit } = limited
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "history", flags: input.flags, formats: Output.small }),
    (begun) => Checked.accept([limited, both].reduce<typeof begun>(Checked.and, begun))
  )
  if (input.spend) return yield* spend(settings, { words: input.words, limit })
  if (input.runs) return yield* runs(settings, { words: input.words, limit })
  const [only = "", ...others] = input.words
  if (others.length === 0 && Key.isClaim(only)) return yield* polls(settings, only)
  const all = yield* looking(settings, History.read({ limit }))
  const words = input.words.map((word) => word.toLowerCase())
  const lines = all.filter(({ account, subject, vendor }) => {
    const text = [Key.accountName(vendor, account), subject.id, subject.name].join("\n").toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const failed = yield* Output.write(settings, {
    text: () =>
      lines.length === 0
        ? ["nothing is known\n"]
        : lines.flatMap((line) =>
            JournalWords.section(
              `${Key.accountName(line.vendor, line.account)}  ${inert(line.subject.name, 200)}${line.scanType === null ? "" : ` (${inert(line.scanType, 40)})`}  ${trendWords(line)}`,
              line.points.map(JournalWords.pointLine)
            )
          ),
    json: () => ({
      schemaVersion: 1,
      lines: lines.map(JournalView.target)
    })
  })
  return failed ? 74 : 0
})
