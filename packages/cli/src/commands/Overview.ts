/**
 * `scanpoll status` without a key: what the journal has open and in doubt, which runs have not ended, and what ended last. Makes
 * no request.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Standing from "@scanpoll/journal/Standing"
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
import * as ReadPlan from "../prepare/ReadPlan.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as Attention from "./Attention.ts"
import * as JournalWords from "./JournalWords.ts"
import * as RunHistory from "./RunHistory.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

const recentCount = 10
// The newest runs; `history --runs` lists older ones.
const runsLookedAt = 20
// More than a screen helps nobody; JSON has them all.
const shownCount = 20
// Who has the journal alone polls whatever is open.
const always = Number.POSITIVE_INFINITY

/**
 * `scanpoll status` without a key: what the journal has open and in doubt, how that stands, and what ended last. With `check`,
 * exit code 3 where something needs a person.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overview = Effect.fnUntraced(function* (input: {
  readonly typed: Attention.Typed
  readonly check: boolean
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const vendors = yield* Vendors
  const filter = Attention.read(input.typed, vendors.names)
  const { settings } = yield* Effect.flatMap(
    Command.begin({
      name: "status",
      plan: yield* ReadPlan.optional(input.plan),
      flags: input.flags,
      formats: Output.small
    }),
    (begun) => Checked.accept(Checked.and(begun, filter))
  )
  const address = yield* Journal.inForce(settings.journal.value)
  const takenAhead = address._tag === "Postgres" ? Standing.workersTakeAhead : always
  const listing = { sorted: input.typed.sort !== null, shown: shownCount }
  const looking = Effect.gen(function* () {
    const journal = yield* ScanJournal
    const now = yield* Clock.currentTimeMillis
    const all = yield* journal.open
    const open = Attention.select(all, filter.value, now, takenAhead)
    return {
      now,
      open,
      total: all.length,
      entries: yield* Attention.entriesOf(open, settings.output.value, listing),
      recent: yield* journal.history({ states: ["settled", "refused"], limit: recentCount, payloads: false }),
      known: yield* journal.runs.list({ limit: runsLookedAt }),
      dead: yield* journal.deliveries({ states: ["dead"], limit: recentCount })
    }
  })
  const { dead, entries, known, now, open, recent, total } = yield* looking.pipe(
    Effect.provide(Journal.layerExisting(settings, "read")),
    Look.atLogLevel(settings)
  )
  const runs = known.filter(({ endedAt }) => endedAt === null)
  const last = recent.filter((entry) => Attention.isWanted(filter.value, entry))
  const tail = Hints.storeTail({ settings, flags: input.flags })
  const planFor = Attention.planFor(input.plan, known)
  const counts = Attention.counts(open)
  const failed = yield* Output.write(settings, {
    text: () => [
      `journal: ${inert(JournalAddress.show(address))}\n`,
      ...Attention.lines(open, {
        ...listing,
        entries,
        now,
        tail,
        planFor,
        more: `scanpoll status -o json${input.plan === null ? "" : planFor([])}${tail}`,
        poll: `scanpoll resume${planFor(open.map(({ entry }) => entry))}${tail}`
      }),
      ...JournalWords.section(
        "ended last",
        last.map((entry) => JournalWords.line(entry, now))
      ),
      ...JournalWords.section(
        `runs that have not ended (${runs.length})`,
        runs.flatMap((run) => [
          RunHistory.line(run),
          ...(run.heldBy === null && run.command === "run" ? [`  scanpoll run --continue ${run.runId}${tail}`] : [])
        ])
      ),
      ...JournalWords.section(
        "notifications that did not arrive",
        dead.flatMap(({ id, lastError, receiver, type }, at) => [
          `${type} to ${inert(receiver)} (${id}): ${inert(lastError ?? "", 200)}`,
          ...(at === dead.length - 1 ? [`  scanpoll journal redeliver${tail}`] : [])
        ])
      ),
      ...(open.length + last.length + runs.length > 0
        ? []
        : [total + recent.length > 0 ? "nothing of that kind\n" : "nothing was bought yet\n"])
    ],
    json: () => ({
      schemaVersion: 1,
      journal: JournalAddress.show(address),
      counts,
      open: Attention.toJson(
        open.filter(({ standing }) => standing !== "in-doubt"),
        entries
      ),
      inDoubt: Attention.toJson(
        open.filter(({ standing }) => standing === "in-doubt"),
        entries
      ),
      recent: last.map(JournalView.claim),
      runs: runs.map(JournalView.run),
      deadNotifications: dead.map(JournalView.delivery)
    })
  })
  if (failed) return 74
  return input.check && open.some(({ standing }) => Standing.needsPerson(standing)) ? 3 : 0
})
