/**
 * `scanpoll status` without a key: what the journal has open and in doubt, which runs have not ended, and what ended last. Makes
 * no request.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import * as Hints from "../output/Hints.ts"
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

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const recentCount = 10
// The newest runs; `history --runs` lists older ones.
const runsLookedAt = 20
// More than a screen helps nobody; JSON has them all.
const shownCount = 50

/**
 * `scanpoll status` without a key: what the journal has open and in doubt, and what ended last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overview = Effect.fnUntraced(function* (input: {
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "status", flags: input.flags, formats: Output.small }),
    Checked.accept
  )
  const address = JournalAddress.show(yield* Journal.inForce(settings.journal.value))
  const looking = Effect.gen(function* () {
    const journal = yield* ScanJournal
    return {
      open: yield* journal.list(["intent", "submitted"]),
      doubtful: yield* journal.list(["in-doubt"]),
      recent: yield* journal.history({ states: ["settled", "refused"], limit: recentCount }),
      runs: (yield* journal.runs.list({ limit: runsLookedAt })).filter(({ endedAt }) => endedAt === null)
    }
  })
  const { doubtful, open, recent, runs } = yield* looking.pipe(
    Effect.provide(Journal.layerExisting(settings, "read")),
    Look.atLogLevel(settings)
  )
  const now = yield* Clock.currentTimeMillis
  const lines = (entries: ReadonlyArray<ClaimEntry>) => entries.map((entry) => JournalWords.line(entry, now))
  const tail = Hints.storeTail({ settings, flags: input.flags })
  const bounded = (entries: ReadonlyArray<ClaimEntry>, told: (entry: ClaimEntry) => ReadonlyArray<string>) => [
    ...entries.slice(0, shownCount).flatMap(told),
    ...(entries.length > shownCount ? [`and ${entries.length - shownCount} more: scanpoll status -o json${tail}`] : [])
  ]
  // What the vendor answered last is worth another look by itself.
  const openLines = (entry: ClaimEntry) => [
    JournalWords.line(entry, now),
    ...(entry.lastFault === null ? [] : [`  scanpoll wait ${entry.claimId}${tail}`])
  ]
  const failed = yield* Output.write(settings, {
    text: () => [
      `journal: ${inert(address)}\n`,
      ...JournalWords.section(`open (${open.length}), \`scanpoll resume\` resumes them`, bounded(open, openLines)),
      ...JournalWords.section(
        `in doubt (${doubtful.length}), never sent again by themselves`,
        bounded(doubtful, (entry) => [JournalWords.line(entry, now), `  scanpoll reconcile ${entry.claimId}${tail}`])
      ),
      ...JournalWords.section(
        `runs that have not ended (${runs.length})`,
        runs.flatMap((run) => [
          RunHistory.line(run),
          ...(run.heldBy === null && run.command === "run" ? [`  scanpoll run --continue ${run.runId}${tail}`] : [])
        ])
      ),
      ...JournalWords.section("ended last", lines(recent)),
      ...(open.length + doubtful.length + recent.length + runs.length === 0 ? ["nothing was bought yet\n"] : [])
    ],
    json: () => ({
      schemaVersion: 1,
      journal: address,
      open: open.map(JournalView.claim),
      inDoubt: doubtful.map(JournalView.claim),
      recent: recent.map(JournalView.claim),
      runs: runs.map(JournalView.run)
    })
  })
  return failed ? 74 : 0
})
