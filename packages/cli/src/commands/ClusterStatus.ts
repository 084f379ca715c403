/**
 * `scanpoll cluster status`: the workers of a PostgreSQL journal, what they keep, and what is late. Asks no worker and no
 * vendor.
 *
 * @since 0.1.0
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Standing from "@scanpoll/journal/Standing"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Journal from "../storage/Journal.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { inert, type Streams } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as Hints from "../output/Hints.ts"
import { Vendors } from "../vendors/Vendors.ts"
import * as Attention from "./Attention.ts"
import * as JournalWords from "./JournalWords.ts"

const count = (number: number, one: string): string => `${number} ${number === 1 ? one : `${one}s`}`

// 1-5, 9, 12-14
const ranges = (numbers: ReadonlyArray<number>): string => {
  const parts: Array<[number, number]> = []
  for (const number of numbers) {
    const last = parts.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else parts.push([number, number])
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ")
}

const lateness = (late: ClusterStatus.WorkerStatus["lateness"]): string =>
  late === null ? "no polls in the last minute" : `p50 ${late.p50} ms, p99 ${late.p99} ms, worst ${late.max} ms late`

// Workers name accounts by their keys: vendor, origin, account.
const accountOf = (key: string): string => {
  const read = readAccount(key)
  return read._tag === "None" ? "an account" : inert(Key.accountName(read.value[0], read.value[2]), 120)
}
const readAccount = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Tuple([Schema.String, Schema.String, Schema.String]))
)

const workerLines = (worker: ClusterStatus.WorkerStatus, at: number): ReadonlyArray<string> => {
  const seen = worker.alive ? (worker.phase ?? "alive") : `gone, last seen ${JournalWords.span(at - worker.seenAt)} ago`
  return [
    `  ${inert(worker.name, 200)}  ${seen}, since ${JournalWords.span(at - worker.since)} (${inert(worker.label, 200)})\n`,
    ...(worker.alive
      ? [
          `    ${count(worker.slices.length, "slice")}${worker.slices.length === 0 ? "" : ` (${inert(ranges(worker.slices), 400)})`}, ${count(worker.open, "open scan")}, ${worker.polls} polls, ${worker.settled} settled\n`,
          `    ${lateness(worker.lateness)}\n`,
          ...(worker.phase === "cut-off" && worker.tripMs !== null
            ? [`    the database took ${JournalWords.span(worker.tripMs)} to answer it; other workers poll its scans\n`]
            : []),
          ...(worker.denied.length > 0
            ? [`    its key is refused by: ${worker.denied.map(accountOf).join(", ")}\n`]
            : [])
        ]
      : [])
  ]
}

const reasonsOf = ({ scans }: ClusterStatus.ClusterStatus): string => {
  const reasons = Object.entries(scans.byReason).map(([reason, number]) => `${number} ${inert(reason, 40)}`)
  return reasons.length === 0 ? "" : ` (${reasons.join(", ")})`
}

const toText = (
  status: ClusterStatus.ClusterStatus,
  journal: string,
  listed: ReadonlyArray<string>
): ReadonlyArray<string> => {
  const { overdue, scans, shards, unowned, workers } = status
  const alive = workers.filter((worker) => worker.alive)
  const cutOff = alive.filter((worker) => worker.phase === "cut-off").length
  return [
    `journal: ${inert(journal)}\n`,
    `${count(alive.length, "worker")} alive${cutOff === 0 ? "" : `, ${cutOff} of them cut off`}; ${shards === null ? "no slices yet" : `${shards} slices, ${unowned} of them without an owner`}\n`,
    ...workers.flatMap((worker) => workerLines(worker, status.at)),
    `scans: ${scans.open} open, of these ${scans.free} waiting for a worker and ${scans.resting} resting${reasonsOf(status)}; ${scans.submitting} being submitted, ${scans.inDoubt} in doubt\n`,
    overdue.count === 0
      ? "nothing is late\n"
      : `${count(overdue.count, "poll")} more than 5 s late, the latest by ${JournalWords.span(overdue.worstMs)}\n`,
    ...listed
  ]
}

/**
 * The standing of a cluster as JSON.
 *
 * @category destructors
 * @since 0.2.0
 */
export const toJson = (
  status: ClusterStatus.ClusterStatus,
  journal: string,
  open: ReadonlyArray<Attention.Open>,
  entries: ReadonlyMap<string, ClaimEntry>
): unknown => ({
  schemaVersion: 1,
  journal,
  at: JournalView.time(status.at),
  slices: status.shards,
  slicesWithoutWorker: status.unowned,
  workers: status.workers.map((worker) => ({
    name: worker.name,
    label: worker.label,
    alive: worker.alive,
    phase: worker.phase,
    since: JournalView.time(worker.since),
    seenAt: JournalView.time(worker.seenAt),
    slices: worker.slices,
    openScans: worker.open,
    polls: worker.polls,
    settled: worker.settled,
    latenessMs: worker.lateness,
    tripMs: worker.tripMs,
    denied: worker.denied.map(accountOf)
  })),
  scans: status.scans,
  troubled: status.troubled.map(({ at, by, claimId, claimedAt, code, message, notBefore, ...scan }) => ({
    claimId,
    key: Key.format(scan),
    claimedAt: JournalView.time(claimedAt),
    notBefore: notBefore === 0 ? null : JournalView.time(notBefore),
    lastFault: { code, message, at: JournalView.time(at), by }
  })),
  overdue: status.overdue,
  oldestMs: status.oldestMs,
  counts: Attention.counts(open),
  attention: Attention.toJson(open.filter(Attention.isWorthALine), entries)
})

// A take-over takes this much longer than the lease.
const takeOver = 10_000

// Whether a person has to do something: scans are open and nobody takes them, or one is stuck.
const needsPerson = (status: ClusterStatus.ClusterStatus, open: ReadonlyArray<Attention.Open>): boolean => {
  const { overdue, scans, unowned, workers } = status
  const alive = workers.filter((worker) => worker.alive)
  const lease = Math.max(usualLease, ...alive.map((worker) => worker.lease))
  const isUnkept = scans.open > 0 && (alive.length === 0 || unowned > 0 || overdue.worstMs > lease + takeOver)
  // A claim that was bought a moment ago is taken within seconds.
  const isStuck = ({ standing }: Attention.Open) => standing !== "unowned" && Standing.needsPerson(standing)
  return isUnkept || open.some(isStuck)
}

const usualLease = 12_000
// Of each kind; JSON has them all.
const shownCount = 20
// The newest of them may name the plan that has an account.
const runsLookedAt = 20

/**
 * `scanpoll cluster status`. Exit code 3 where a person has to act: scans are open and no worker is alive, a slice is without a
 * worker or a poll is overdue by more than the lease and 10 seconds; or scans are in doubt, refused or given up.
 *
 * @category constructors
 * @since 0.1.0
 */
export const status = Effect.fnUntraced(function* (input: {
  readonly typed: Attention.Typed
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, FileSystem.FileSystem | Path.Path | Streams | Vendors> {
  const vendors = yield* Vendors
  const filter = Attention.read(input.typed, vendors.names)
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "cluster status", flags: input.flags, formats: Output.small }),
    (begun) => Checked.accept(Checked.and(begun, filter))
  )
  const address = settings.journal.value
  if (address?._tag !== "Postgres") {
    return yield* Effect.fail(
      usage(
        settings.journal.source === "default" ? "--journal" : settings.journal.where,
        "a cluster has its journal on PostgreSQL: postgres://user@host:5432/database, here or in SCANPOLL_JOURNAL"
      )
    )
  }
  const { sort, state } = input.typed
  const isAsked = sort !== null || state !== null
  const listing = { sorted: sort !== null, shown: shownCount }
  const read = Effect.gen(function* () {
    const journal = yield* ScanJournal
    // What is read is there once a journal was opened.
    const claims = yield* journal.open
    const now = yield* Effect.provide(ClusterStatus.read, ClusterDatabase.layer(address.url, { maxConnections: 1 }))
    const states = new Set(Standing.all)
    const all = Attention.select(claims, { ...filter.value, states }, now.at, Standing.workersTakeAhead)
    const open = Attention.select(claims, filter.value, now.at, Standing.workersTakeAhead)
    const shown = open.filter((one) => isAsked || Attention.isWorthALine(one))
    const runs = yield* journal.runs.list({ limit: runsLookedAt })
    return { all, now, open, shown, runs, entries: yield* Attention.entriesOf(shown, settings.output.value, listing) }
  }).pipe(Effect.provide(Journal.layer(address)))
  const { all, entries, now, open, runs, shown } = yield* Look.atLogLevel(settings)(read)
  const tail = Hints.storeTail({ settings, flags: input.flags })
  const planFor = Attention.planFor(null, runs)
  const listed = Attention.lines(shown, {
    ...listing,
    entries,
    now: now.at,
    tail,
    planFor,
    more: `scanpoll cluster status -o json${tail}`,
    poll: `scanpoll worker${planFor(open.map(({ entry }) => entry))}${tail}`
  })
  const journal = JournalAddress.show(address)
  const failed = yield* Output.write(settings, {
    text: () => toText(now, journal, listed),
    json: () => toJson(now, journal, open, entries)
  })
  if (failed) return 74
  return needsPerson(now, all) ? 3 : 0
})
