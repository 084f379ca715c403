/**
 * The report of a stored run, made again from the journal: its rows, and what the journal knows of their claims by now.
 *
 * Every target of the run has its row. What a later `wait` or `resume` has finished is shown finished, and what `reconcile`
 * found is shown open: the claims tell, and where they do not, the end of the row that was stored. Nobody is asked.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { RowEnd, StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import { type ScanRecord, type ScanState, isResumable, stateOfOutcome } from "@scanpoll/core/model/ScanRecord"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { version } from "../process/Version.ts"
import * as FindRun from "./FindRun.ts"

const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ScanOutcome.schema(Schema.Unknown)))

type Outcome = ScanOutcome.ScanOutcome<unknown>

const reason = (code: string, message: string): ScanOutcome.Reason => ({ code, message, advice: null, requestId: null })

// What a row is made of where the run was killed before it ended.
const blank = (
  { account, claimId, index, subject, vendor }: Pick<StoredRow, "account" | "claimId" | "index" | "subject" | "vendor">,
  { startedAt }: Pick<StoredRun, "startedAt">
): RowEnd => ({
  index,
  claimId,
  vendor,
  account,
  subject,
  ticket: null,
  state: "not-started",
  reason: reason("not-begun", "the run ended before this scan was begun"),
  because: "not-begun",
  submittedAt: null,
  observedAt: startedAt,
  polls: 0,
  progress: null,
  notBefore: null,
  reused: false,
  ageMs: null,
  warnings: []
})

const outcomeStates: ReadonlySet<ScanState> = new Set(["completed", "partial", "failed"])

const settled = (row: RowEnd, { changedAt, claimId }: ClaimEntry, outcome: Outcome): ScanRecord => {
  const state = stateOfOutcome(outcome)
  const said = {
    state,
    outcome,
    claimId,
    ticket: outcome.ticket,
    reason: outcome._tag === "Completed" ? null : outcome.reason,
    because: "outcome"
  } as const
  return outcomeStates.has(row.state)
    ? { ...row, ...said }
    : {
        ...row,
        ...said,
        submittedAt: row.submittedAt ?? outcome.ticket.submittedAt,
        observedAt: changedAt,
        progress: null,
        notBefore: null
      }
}

// An outcome that was there once: no verdict, and the vendor may still tell it.
const lost = (row: RowEnd, code: string, message: string): ScanRecord => ({
  ...row,
  outcome: null,
  state: "protocol",
  because: "stop",
  reason: reason(code, message)
})

const openStates: ReadonlySet<ScanState> = new Set([
  "still-running",
  "unreachable",
  "protocol",
  "interrupted",
  "denied",
  "not-found"
])

const open = (row: RowEnd, { claimId, ticket }: ClaimEntry, { heldBy }: StoredRun): ScanRecord => {
  if (openStates.has(row.state)) return { ...row, claimId, ticket: ticket ?? row.ticket, outcome: null }
  const said =
    heldBy === null
      ? ({ state: "interrupted", reason: reason("interrupted", "the run ended while this scan was open") } as const)
      : ({ state: "still-running", reason: reason("under-way", "the run is still under way") } as const)
  const submittedAt = row.submittedAt ?? ticket?.submittedAt ?? null
  return { ...row, ...said, claimId, ticket, outcome: null, because: "stop", submittedAt, progress: null }
}

const doubtful = (row: RowEnd, { claimId, reason: why }: ClaimEntry): ScanRecord => ({
  ...row,
  claimId,
  outcome: null,
  ...(row.state === "in-doubt"
    ? {}
    : {
        state: "in-doubt",
        because: "stop",
        reason: why ?? reason("in-doubt", "the run ended during the submission; it may have been accepted")
      })
})

const refused = (row: RowEnd, { claimId, reason: why }: ClaimEntry): ScanRecord => ({
  ...row,
  claimId,
  outcome: null,
  ...(row.state === "refused"
    ? {}
    : { state: "refused", because: "vendor-refusal", reason: why ?? reason("refused", "the vendor refused it") })
})

// The row as its claim stands now. A claim says nothing of a row for which nothing was bought.
const recordOf = Effect.fnUntraced(function* (
  row: StoredRow,
  run: StoredRun
): Effect.fn.Return<ScanRecord, JournalError, ScanJournal> {
  const end = row.ended ?? blank(row, run)
  const entry = yield* FindRun.claimOf(row, run)
  if (entry === null) {
    const isLost = outcomeStates.has(end.state) || openStates.has(end.state)
    return isLost
      ? lost(end, "forgotten", "the journal no longer has what came of this scan: it was purged")
      : { ...end, outcome: null }
  }
  switch (entry.state) {
    case "settled": {
      const outcome = decode(entry.outcome)
      return Option.isSome(outcome)
        ? settled(end, entry, outcome.value)
        : lost(end, "unreadable", "what came of this scan cannot be read by this version")
    }
    case "submitted":
      return open(end, entry, run)
    case "in-doubt":
      return doubtful(end, entry)
    case "intent":
      return run.heldBy === null ? doubtful(end, entry) : { ...end, outcome: null }
    case "refused":
      return refused(end, entry)
    case "released":
      return { ...end, outcome: null }
  }
})

/**
 * What a report of a stored run is made with beside it.
 *
 * - `policy`: its gate. Default: nothing is asked. `redact`: applied to every free text.
 * - `row`: what a row needs beside its record. `payload`: what it keeps of the vendor's own result. Default: nothing.
 *
 * @category models
 * @since 0.2.0
 */
export interface Making {
  readonly policy?: ScanReport.RunInfo["policy"]
  readonly redact?: (text: string) => string
  readonly row?: (
    record: ScanRecord
  ) => Omit<ScanReport.RowOptions, "redact" | "scanType" | "payload" | "payloadSha256">
  readonly payload?: (payload: unknown) => Pick<ScanReport.RowOptions, "payload" | "payloadSha256">
}

interface Told {
  readonly record: ScanRecord
  readonly payload: Pick<ScanReport.RowOptions, "payload" | "payloadSha256">
}

// Payloads are large, and a report needs their digests: none is kept for longer than that takes.
const told = (record: ScanRecord, payloadOf: NonNullable<Making["payload"]>): Told => {
  const { outcome } = record
  // When an open scan may be asked again says nothing of one that has ended.
  const row = isResumable(record) ? record : { ...record, notBefore: null }
  if (outcome === null || outcome.payload === null) return { record: row, payload: {} }
  return { record: { ...row, outcome: { ...outcome, payload: null } }, payload: payloadOf(outcome.payload) }
}

/**
 * The report of a stored run, as the journal knows it now.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofRun = Effect.fnUntraced(function* (
  { rows, run }: FindRun.Stored,
  { payload: payloadOf = () => ({}), policy, redact, row }: Making = {}
): Effect.fn.Return<ScanReport.ScanReport, JournalError, ScanJournal> {
  const all = yield* Effect.forEach(rows, (each) => Effect.map(recordOf(each, run), (one) => told(one, payloadOf)))
  const records = all.map(({ record }) => record)
  const last = records.reduce((at, { observedAt }) => Math.max(at, observedAt), run.startedAt)
  const payloads = new Map(all.map(({ payload, record }) => [record.index, payload]))
  return ScanReport.fromRecords(records, {
    version,
    id: run.runId,
    startedAt: run.startedAt,
    finishedAt: run.endedAt ?? last,
    plan: FindRun.planOf(run),
    part: FindRun.partOf(run),
    ...(policy === undefined ? {} : { policy }),
    ...(redact === undefined ? {} : { redact }),
    row: (record) => ({
      ...row?.(record),
      ...payloads.get(record.index),
      scanType: rows[record.index]?.kind ?? ""
    })
  })
})

/**
 * The report of one settled claim; null where its outcome cannot be read. It has no gate but the one that is given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofClaim = (
  entry: ClaimEntry,
  { payload: payloadOf = () => ({}), policy, redact, row }: Making = {}
): ScanReport.ScanReport | null => {
  const outcome = entry.state === "settled" ? decode(entry.outcome) : Option.none()
  if (Option.isNone(outcome)) return null
  const { claimId, claimedAt, key, kind, subject } = entry
  const asked = { index: 0, claimId, vendor: key.vendor, account: key.account, subject }
  const { payload, record } = told(settled(blank(asked, { startedAt: claimedAt }), entry, outcome.value), payloadOf)
  return ScanReport.fromRecords([record], {
    version,
    id: claimId,
    startedAt: claimedAt,
    finishedAt: entry.changedAt,
    plan: null,
    ...(policy === undefined ? {} : { policy }),
    ...(redact === undefined ? {} : { redact }),
    row: () => ({ ...row?.(record), ...payload, scanType: kind ?? "" })
  })
}

// So many runs are looked at, the newest first.
const lookedAt = 100

/**
 * The newest run of the journal all of whose scans completed, as a report; null where there is none. A run of `--only` is no
 * whole one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const lastComplete: Effect.Effect<ScanReport.ScanReport | null, JournalError, ScanJournal> = Effect.gen(
  function* () {
    const { runs } = yield* ScanJournal
    for (const { byState, command, runId, total } of yield* runs.list({ limit: lookedAt })) {
      if (command !== "run" || total === 0 || (byState.completed ?? 0) < total) continue
      const found = yield* runs.get(runId)
      if (found === null || FindRun.partOf(found.run) !== null) continue
      const report = yield* ofRun(found)
      if (report.summary.incomplete === 0) return report
    }
    return null
  }
)
