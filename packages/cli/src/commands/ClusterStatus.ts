/**
 * `scanpoll cluster status`: the workers of a PostgreSQL journal, what they keep, and what is late. Asks no worker and no
 * vendor.
 *
 * @since 0.1.0
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Journal from "../storage/Journal.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { inert, type Streams } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import type { Vendors } from "../vendors/Vendors.ts"
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

const workerLines = (worker: ClusterStatus.WorkerStatus, at: number): ReadonlyArray<string> => {
  const seen = worker.alive ? (worker.phase ?? "alive") : `gone, last seen ${JournalWords.span(at - worker.seenAt)} ago`
  return [
    `  ${inert(worker.name, 200)}  ${seen}, since ${JournalWords.span(at - worker.since)} (${inert(worker.label, 200)})\n`,
    ...(worker.alive
      ? [
          `    ${count(worker.slices.length, "slice")}${worker.slices.length === 0 ? "" : ` (${inert(ranges(worker.slices), 400)})`}, ${count(worker.open, "open scan")}, ${worker.polls} polls, ${worker.settled} settled\n`,
          `    ${lateness(worker.lateness)}\n`
        ]
      : [])
  ]
}

const troubledLines = ({ at, scans, troubled }: ClusterStatus.ClusterStatus): ReadonlyArray<string> => {
  if (troubled.length === 0) return []
  const rest = scans.troubled - troubled.length
  return [
    `${count(scans.troubled, "open scan")} whose last poll failed, the oldest first:\n`,
    ...troubled.map((scan) => {
      const next = scan.notBefore > at ? `, not asked again for ${JournalWords.span(scan.notBefore - at)}` : ""
      const { account, scanId, vendor } = scan
      const key = inert(Key.format({ vendor, account, scanId }), 200)
      return `  ${scan.claimId}  ${key}  ${JournalWords.faultWords(scan, at)} (by ${inert(scan.by, 120)})${next}\n`
    }),
    ...(rest > 0 ? [`  and ${rest} more\n`] : []),
    "  to look at one again: scanpoll wait CLAIM\n"
  ]
}

const toText = (status: ClusterStatus.ClusterStatus, journal: string): ReadonlyArray<string> => {
  const { overdue, scans, shards, unowned, workers } = status
  const alive = workers.filter((worker) => worker.alive).length
  const doubt = scans.inDoubt === 0 ? "" : `, ${scans.inDoubt} in doubt (\`scanpoll status\` names them)`
  return [
    `journal: ${inert(journal)}\n`,
    `${count(alive, "worker")} alive; ${shards === null ? "no slices yet" : `${shards} slices, ${unowned} of them without an owner`}\n`,
    ...workers.flatMap((worker) => workerLines(worker, status.at)),
    `scans: ${scans.open} open, of these ${scans.free} waiting for a worker and ${scans.resting} resting; ${scans.submitting} being submitted${doubt}\n`,
    ...troubledLines(status),
    overdue.count === 0
      ? "nothing is late\n"
      : `${count(overdue.count, "poll")} more than 5 s late, the latest by ${JournalWords.span(overdue.worstMs)}\n`
  ]
}

const toJson = (status: ClusterStatus.ClusterStatus, journal: string): unknown => ({
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
    latenessMs: worker.lateness
  })),
  scans: status.scans,
  troubled: status.troubled.map(({ at, by, claimId, claimedAt, code, message, notBefore, ...scan }) => ({
    claimId,
    key: Key.format(scan),
    claimedAt: JournalView.time(claimedAt),
    notBefore: notBefore === 0 ? null : JournalView.time(notBefore),
    lastFault: { code, message, at: JournalView.time(at), by }
  })),
  overdue: status.overdue
})

/**
 * `scanpoll cluster status`. Exit code 3 when scans are open and no worker is alive.
 *
 * @category constructors
 * @since 0.1.0
 */
export const status = Effect.fnUntraced(function* (input: {
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, FileSystem.FileSystem | Path.Path | Streams | Vendors> {
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "cluster status", flags: input.flags, formats: Output.small }),
    Checked.accept
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
  const read = Effect.gen(function* () {
    // What is read is there once a journal was opened.
    yield* Effect.provide(Effect.asVoid(ScanJournal), Journal.layer(address))
    return yield* Effect.provide(ClusterStatus.read, ClusterDatabase.layer(address.url, { maxConnections: 1 }))
  })
  const now = yield* Look.atLogLevel(settings)(read)
  const journal = JournalAddress.show(address)
  const failed = yield* Output.write(settings, {
    text: () => toText(now, journal),
    json: () => toJson(now, journal)
  })
  if (failed) return 74
  return now.scans.open > 0 && !now.workers.some((worker) => worker.alive) ? 3 : 0
})
