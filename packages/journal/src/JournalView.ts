/**
 * What a journal holds, as JSON for people and programs: the one shape that the command and the API both show.
 *
 * No payload, no request, no credential. Times are RFC 3339 in UTC; a time that cannot be is null. Texts are as they were
 * stored: who shows them makes them harmless for its place.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, claimStates, type LastFault } from "@scanpoll/core/engine/ScanJournal"
import { deliveryStates, eventTypes, type StoredDelivery } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import type { StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import { stopReasons } from "@scanpoll/core/model/PollStopped"
import { Delta, Reason, Score } from "@scanpoll/core/model/ScanOutcome"
import { type ScanState, states } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Severity } from "@scanpoll/core/model/Severity"
import * as Subject from "@scanpoll/core/model/Subject"
import { PollNote, type StoredPoll } from "@scanpoll/core/unstable/engine/StoredPolls"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as History from "./History.ts"

const Text = Schema.NullOr(Schema.String)
const Count = Schema.NullOr(Schema.Finite)

/**
 * A time as RFC 3339 in UTC; null for one that cannot be.
 *
 * @category destructors
 * @since 0.2.0
 */
export const time = (millis: number): string | null =>
  Option.getOrNull(Option.map(DateTime.make(millis), DateTime.formatIso))

const timeOrNull = (millis: number | null): string | null => (millis === null ? null : time(millis))

/**
 * One answer. `at` is when it was stored; `findings` the vendor's count, or null.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Answer = Schema.Struct({
  claimId: Schema.String,
  scanId: Schema.String,
  at: Text,
  state: Schema.Literals(["completed", "partial", "failed"]),
  severity: Severity,
  score: Schema.NullOr(Score),
  findings: Count,
  delta: Schema.NullOr(Delta),
  cached: Schema.Boolean,
  durationMs: Count
})

/**
 * @category models
 * @since 0.2.0
 */
export type Answer = typeof Answer.Type

/**
 * The trouble that the last poll of an open scan met. `by` names the process that polled; nobody asks again before `until`;
 * `stopped` is there where that process gave the scan up until then, and says why.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Fault = Schema.Struct({
  code: Schema.String,
  message: Schema.String,
  at: Text,
  by: Schema.String,
  until: Text,
  stopped: Schema.optionalKey(Schema.Literals(stopReasons))
})

/**
 * @category models
 * @since 0.2.0
 */
export type Fault = typeof Fault.Type

/**
 * One claim.
 *
 * - `key`: the name of its scan, `vendor:scanId` or `vendor@account:scanId`; it and `scanId` are null before there is one.
 * - `notBefore`: nobody asks the vendor before; null where no time is stored.
 * - `heldBy`: the living process that submits or polls it; null when none does.
 * - `parkedAt`: since when nobody waits for it, because a person said so; null where that is not so.
 * - `reason`: why it is in doubt or refused; of a settled claim, which evidence its answer lacks.
 * - `answer`: of a settled claim; null where it cannot be read.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Claim = Schema.Struct({
  claimId: Schema.String,
  state: Schema.Literals(claimStates),
  key: Text,
  vendor: Schema.String,
  account: Schema.String,
  origin: Schema.String,
  environment: Schema.String,
  scanId: Text,
  subject: Subject.Subject,
  claimedAt: Text,
  changedAt: Text,
  notBefore: Text,
  heldBy: Text,
  parkedAt: Text,
  lastFault: Schema.NullOr(Fault),
  reason: Schema.NullOr(Reason),
  answer: Schema.NullOr(Answer)
})

/**
 * @category models
 * @since 0.2.0
 */
export type Claim = typeof Claim.Type

/**
 * Equal polls of a scan in a row: see `StoredPoll` of core, with times as text.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Poll = Schema.Struct({
  seq: Schema.Finite,
  kind: PollNote.fields.kind,
  seen: PollNote.fields.seen,
  code: Text,
  percent: Count,
  message: Text,
  because: Schema.String,
  firstAt: Text,
  lastAt: Text,
  count: Schema.Finite,
  until: Text
})

/**
 * @category models
 * @since 0.2.0
 */
export type Poll = typeof Poll.Type

const Counts = Schema.Record(Schema.Literals(states), Schema.optionalKey(Schema.Finite))

/**
 * A run without its rows. `open` counts the rows that have not ended; `exitCode` is null while it runs, and where it was
 * killed.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Run = Schema.Struct({
  id: Schema.String,
  command: Schema.String,
  plan: Text,
  planDigest: Text,
  startedAt: Text,
  finishedAt: Text,
  heldBy: Text,
  total: Schema.Finite,
  byState: Counts,
  open: Schema.Finite,
  exitCode: Count
})

/**
 * @category models
 * @since 0.2.0
 */
export type Run = typeof Run.Type

/**
 * One target of a run. `state` and what follows are null until it ended; `claimId` is null where it has no claim.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Row = Schema.Struct({
  index: Schema.Finite,
  vendor: Schema.String,
  account: Schema.String,
  scanType: Text,
  subject: Subject.Subject,
  claimId: Text,
  key: Text,
  state: Schema.NullOr(Schema.Literals(states)),
  reason: Schema.NullOr(Reason),
  reused: Schema.NullOr(Schema.Boolean),
  observedAt: Text,
  polls: Count
})

/**
 * @category models
 * @since 0.2.0
 */
export type Row = typeof Row.Type

/**
 * The answers about one subject under scan, oldest first, and where they go.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Target = Schema.Struct({
  vendor: Schema.String,
  account: Schema.String,
  scanType: Text,
  subject: Subject.Subject,
  trend: Schema.Literals(["better", "worse", "same", "unknown"]),
  points: Schema.Array(Answer)
})

/**
 * @category models
 * @since 0.2.0
 */
export type Target = typeof Target.Type

/**
 * One notification to one receiver. `id` is that of the event, the same for each receiver and in each try; `claimId` is null for a
 * run and an account; `lastError` says why the last try failed.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Delivery = Schema.Struct({
  id: Schema.String,
  receiver: Schema.String,
  type: Schema.Literals(eventTypes),
  claimId: Text,
  state: Schema.Literals(deliveryStates),
  attempts: Schema.Finite,
  madeAt: Text,
  dueAt: Text,
  lastError: Text
})

/**
 * @category models
 * @since 0.2.0
 */
export type Delivery = typeof Delivery.Type

/**
 * One notification. `dueAt` is null where it is not tried again.
 *
 * @category destructors
 * @since 0.2.0
 */
export const delivery = (stored: StoredDelivery): Delivery => ({
  ...stored,
  madeAt: time(stored.madeAt),
  dueAt: stored.state === "pending" ? time(stored.dueAt) : null
})

/**
 * One answer.
 *
 * @category destructors
 * @since 0.2.0
 */
export const answer = (point: History.Point): Answer => ({ ...point, at: time(point.at) })

/**
 * The trouble of an open claim.
 *
 * @category destructors
 * @since 0.2.0
 */
export const fault = (met: LastFault): Fault => ({ ...met, at: time(met.at), until: time(met.until) })

/**
 * One claim.
 *
 * @category destructors
 * @since 0.2.0
 */
export const claim = (entry: ClaimEntry): Claim => {
  const point = entry.state === "settled" ? History.point(entry) : null
  return {
    claimId: entry.claimId,
    state: entry.state,
    key: entry.ticket === null ? null : ScanTicket.accountKey(entry.ticket),
    vendor: entry.key.vendor,
    account: entry.key.account,
    origin: entry.key.origin,
    environment: entry.key.environment,
    scanId: entry.ticket?.scanId ?? null,
    subject: entry.subject,
    claimedAt: time(entry.claimedAt),
    changedAt: time(entry.changedAt),
    notBefore: entry.notBefore === 0 ? null : time(entry.notBefore),
    heldBy: entry.heldBy,
    parkedAt: timeOrNull(entry.parkedAt ?? null),
    lastFault: entry.lastFault === null ? null : fault(entry.lastFault),
    reason: entry.reason,
    answer: point === null ? null : answer(point)
  }
}

/**
 * Equal polls of a scan in a row.
 *
 * @category destructors
 * @since 0.2.0
 */
export const poll = ({ at, lastAt, until, ...stored }: StoredPoll): Poll => ({
  seq: stored.seq,
  kind: stored.kind,
  seen: stored.seen,
  code: stored.code,
  percent: stored.percent,
  message: stored.message,
  because: stored.because,
  firstAt: time(at),
  lastAt: time(lastAt),
  count: stored.count,
  until: time(until)
})

/**
 * How many rows of a run have not ended.
 *
 * @category destructors
 * @since 0.2.0
 */
export const openRows = (run: Pick<StoredRun, "byState" | "total">): number =>
  states.reduce((left, state: ScanState) => left - (run.byState[state] ?? 0), run.total)

/**
 * A run without its rows.
 *
 * @category destructors
 * @since 0.2.0
 */
export const run = (stored: StoredRun): Run => ({
  id: stored.runId,
  command: stored.command,
  plan: stored.plan,
  planDigest: stored.planDigest,
  startedAt: time(stored.startedAt),
  finishedAt: timeOrNull(stored.endedAt),
  heldBy: stored.heldBy,
  total: stored.total,
  byState: stored.byState,
  open: openRows(stored),
  exitCode: stored.exitCode
})

/**
 * One target of a run.
 *
 * @category destructors
 * @since 0.2.0
 */
export const row = ({ account, claimId, ended, index, kind, subject, vendor }: StoredRow): Row => ({
  index,
  vendor,
  account,
  scanType: kind === "" ? null : kind,
  subject,
  claimId: ended?.claimId ?? claimId,
  key: ended === null || ended.ticket === null ? null : ScanTicket.accountKey(ended.ticket),
  state: ended?.state ?? null,
  reason: ended?.reason ?? null,
  reused: ended?.reused ?? null,
  observedAt: ended === null ? null : time(ended.observedAt),
  polls: ended?.polls ?? null
})

/**
 * The answers about one subject.
 *
 * @category destructors
 * @since 0.2.0
 */
export const target = ({ account, points, scanType, subject, trend, vendor }: History.Line): Target => ({
  vendor,
  account,
  scanType,
  subject,
  trend,
  points: points.map(answer)
})
