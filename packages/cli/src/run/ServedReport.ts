/**
 * The reports that `scanpoll serve` gives: of a stored run, and of one settled claim. Nobody is asked.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import { type ScanRecord, stateOfOutcome } from "@scanpoll/core/model/ScanRecord"
import type { StoredRow } from "@scanpoll/core/unstable/engine/StoredRuns"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Payload from "@scanpoll/report/Payload"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { version } from "../process/Version.ts"

type Made = Effect.Effect<ScanReport.ScanReport | null, JournalError, ScanJournal>

const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ScanOutcome.schema(Schema.Unknown)))

const fromOutcome = (
  entry: ClaimEntry,
  outcome: ScanOutcome.ScanOutcome<unknown>,
  row: Pick<StoredRow, "index" | "ended">
): ScanRecord => ({
  vendor: entry.key.vendor,
  account: entry.key.account,
  subject: entry.subject,
  submittedAt: outcome.ticket.submittedAt,
  observedAt: entry.changedAt,
  polls: 0,
  reused: false,
  ageMs: null,
  warnings: [],
  ...row.ended,
  index: row.index,
  claimId: entry.claimId,
  ticket: outcome.ticket,
  state: stateOfOutcome(outcome),
  outcome,
  reason: outcome._tag === "Completed" ? null : outcome.reason,
  because: "outcome",
  progress: null,
  notBefore: null
})

// A row that has not ended, and whose claim has no outcome.
const unended = ({ account, claimId, index, subject, vendor }: StoredRow, startedAt: number): ScanRecord => ({
  index,
  claimId,
  vendor,
  account,
  subject,
  ticket: null,
  state: claimId === null ? "not-started" : "interrupted",
  outcome: null,
  reason: { code: "not-ended", message: "the run has no end for this row", advice: null, requestId: null },
  because: claimId === null ? "not-begun" : "stop",
  submittedAt: null,
  observedAt: startedAt,
  polls: 0,
  progress: null,
  notBefore: null,
  reused: false,
  ageMs: null,
  warnings: []
})

const recordOf = (row: StoredRow, startedAt: number): Effect.Effect<ScanRecord, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const claimId = row.ended?.claimId ?? row.claimId
    const entry = claimId === null ? null : yield* (yield* ScanJournal).get(claimId)
    const outcome = entry === null ? Option.none() : decode(entry.outcome)
    if (entry !== null && Option.isSome(outcome)) return fromOutcome(entry, outcome.value, row)
    return row.ended === null ? unended(row, startedAt) : { ...row.ended, outcome: null }
  })

// A vendor's own result without what is named like a secret, for who may have it.
const payloadOf = ({ outcome }: ScanRecord, mayHave: boolean) => {
  if (!mayHave || outcome === null || outcome._tag === "Failed") return {}
  const payload = Payload.prepare(outcome.payload, "redacted", { scrub: (text) => Scrubber.ofProcess.data(text) })
  return { payload, payloadSha256: Payload.digest(payload) }
}

/**
 * The report of a stored run; null where there is none. With `payload`, it holds the vendors' own results.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofRun = (runId: string, payload: boolean): Made =>
  Effect.gen(function* () {
    const found = yield* (yield* ScanJournal).runs.get(runId)
    if (found === null) return null
    const { rows, run } = found
    const records = yield* Effect.forEach(rows, (row) => recordOf(row, run.startedAt))
    const last = records.reduce((at, { observedAt }) => Math.max(at, observedAt), run.startedAt)
    return ScanReport.fromRecords(records, {
      version,
      id: run.runId,
      startedAt: run.startedAt,
      finishedAt: run.endedAt ?? last,
      plan: run.plan,
      row: (record) => ({ scanType: rows[record.index]?.kind ?? "", ...payloadOf(record, payload) })
    })
  })

/**
 * The report of one settled claim; null where there is none. With `payload`, it holds the vendor's own result.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofClaim = (claimId: string, payload: boolean): Made =>
  Effect.gen(function* () {
    const entry = yield* (yield* ScanJournal).get(claimId)
    const outcome = entry === null || entry.state !== "settled" ? Option.none() : decode(entry.outcome)
    if (entry === null || Option.isNone(outcome)) return null
    const record = fromOutcome(entry, outcome.value, { index: 0, ended: null })
    return ScanReport.fromRecords([record], {
      version,
      id: entry.claimId,
      startedAt: entry.claimedAt,
      finishedAt: entry.changedAt,
      plan: null,
      row: () => ({ scanType: entry.kind ?? "", ...payloadOf(record, payload) })
    })
  })
