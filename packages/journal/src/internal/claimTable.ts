// The statements on the table of claims that more than one room uses. May touch: the table of claims. Law: a row that
// cannot be read is an error, never a claim.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { ClaimKey, ClaimState, JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { Reason } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Dialect } from "./dialect.ts"
import { errorOf } from "./faults.ts"
import { type ClaimRow, keyHash, readClaim, subjectHash, toJson } from "./rows.ts"

export type NewClaim = {
  readonly claimId: string
  readonly key: ClaimKey
  readonly subject: Subject
  readonly owner: string | null
  readonly stamp: string
  readonly now: number
} & (
  | { readonly state: "intent"; readonly request: unknown; readonly kind: string | null; readonly lane: string | null }
  | { readonly state: "submitted"; readonly ticket: ScanTicket }
)

export interface Change {
  readonly ticket?: ScanTicket | undefined
  readonly notBefore?: number
  readonly outcome?: unknown
  readonly reason?: Reason
}

// One of these.
export type Added = { readonly prepared: unknown } | { readonly endedAs: string } | { readonly ticket: ScanTicket }

type Read<A> = Effect.Effect<A, SqlError | JournalError>

export interface ClaimTable {
  // Locked for the rest of the transaction.
  readonly byId: (claimId: string) => Read<ClaimRow | null>
  readonly peekById: (claimId: string) => Read<ClaimRow | null>
  // The open claim of a key.
  readonly openOf: (hash: string) => Read<ClaimRow | null>
  // The last answer for a key since `from`. One dated after `latest` comes from a clock that was set back: it counts last.
  readonly settledOf: (hash: string, from: number, latest: number) => Read<ClaimRow | null>
  // The claim that has a ticket's scan, the open one first.
  readonly ofTicket: (ticket: ScanTicket) => Read<ClaimRow | null>
  // Any other claim that has a ticket's scan.
  readonly otherOfTicket: (ticket: ScanTicket, claimId: string) => Effect.Effect<string | null, SqlError>
  readonly insert: (claim: NewClaim) => Effect.Effect<void, SqlError>
  // The row's new epoch.
  readonly change: (
    row: ClaimRow,
    to: { readonly state: ClaimState; readonly owner: string | null; readonly stamp: string },
    fields: Change
  ) => Effect.Effect<number, SqlError>
  // What is added to an open claim without a move.
  readonly add: (claimId: string, stamp: string, fields: Added) => Effect.Effect<void, SqlError>
  // Nobody waits for it any more, or may again.
  readonly park: (claimId: string, stamp: string, isParked: boolean) => Effect.Effect<void, SqlError>
  // Only a settled claim changes, and not when it settled.
  readonly supplement: (
    claimId: string,
    stamp: string,
    fields: { readonly outcome: unknown; readonly reason: Reason | null }
  ) => Effect.Effect<void, SqlError>
}

export const unreadable = (claimId: unknown): JournalError =>
  errorOf("unreadable", typeof claimId === "string" ? `claim ${claimId.slice(0, 40)}` : "a claim")

export const mustExist = (row: ClaimRow | null, claimId: string): Effect.Effect<ClaimRow, JournalError> =>
  row === null ? Effect.fail(errorOf("conflict", `there is no claim ${claimId}`)) : Effect.succeed(row)

const first = (rows: ReadonlyArray<unknown>): Effect.Effect<ClaimRow | null, JournalError> =>
  Effect.flatMap(SteadyClock.now, (now) => {
    const [row] = rows
    if (row === undefined) return Effect.succeed(null)
    const read = readClaim(row, now)
    return read === null ? Effect.fail(unreadable(Object(row).claim_id)) : Effect.succeed(read)
  })

const toColumns = (claim: NewClaim): Record<string, string | number | null> => {
  const { key, subject } = claim
  return {
    claim_id: claim.claimId,
    key_hash: keyHash(key),
    vendor: key.vendor,
    origin: key.origin,
    account: key.account,
    environment: key.environment,
    fingerprint: toJson(key.fingerprint),
    subject_hash: subjectHash(subject),
    subject: toJson({
      kind: subject.kind,
      id: subject.id,
      name: subject.name,
      ...(subject.series === undefined ? {} : { series: subject.series })
    }),
    state: claim.state,
    owner: claim.owner,
    epoch: 1,
    stamp: claim.stamp,
    scan_id: claim.state === "submitted" ? claim.ticket.scanId : null,
    submitted_at: claim.state === "submitted" ? claim.ticket.submittedAt : null,
    not_before: 0,
    request: claim.state === "intent" && claim.request !== null ? toJson(claim.request) : null,
    kind: claim.state === "intent" && claim.kind !== null ? toJson(claim.kind) : null,
    lane: claim.state === "intent" && claim.lane !== null ? toJson(claim.lane) : null,
    outcome: null,
    reason: null,
    claimed_at: claim.now,
    changed_at: claim.now
  }
}

const isOver = (state: ClaimState): boolean => state === "settled" || state === "refused" || state === "released"

export const make = (sql: SqlClient, dialect: Dialect): ClaimTable => {
  const ofScan = ({ account, origin, scanId, vendor }: ScanTicket) =>
    sql`scan_id = ${scanId} AND vendor = ${vendor} AND origin = ${origin} AND account = ${account}`

  const change: ClaimTable["change"] = (row, { owner, stamp, state }, fields) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const waitedAt = yield* SteadyClock.now
      const epoch = row.owner === owner ? row.epoch : row.epoch + 1
      const ticket = row.ticket ?? fields.ticket ?? null
      const outcome: unknown = fields.outcome ?? null
      yield* sql`UPDATE scanpoll_claims SET state = ${state}, owner = ${owner}, epoch = ${epoch}, stamp = ${stamp},
        scan_id = ${ticket === null ? null : ticket.scanId},
        submitted_at = ${ticket === null ? null : ticket.submittedAt},
        not_before = ${fields.notBefore ?? row.notBefore}, waited_at = ${waitedAt}, polled_until = ${row.polledUntil ?? null},
        request = ${state === "in-doubt" && row.request !== null ? toJson(row.request) : null},
        ${isOver(state) ? sql`prepared = NULL, ended_as = NULL, last_fault = NULL, parked_at = NULL,` : sql.literal("")}
        outcome = ${state === "settled" ? toJson(outcome) : null},
        reason = ${fields.reason === undefined ? null : toJson(fields.reason)}, changed_at = ${now}
        WHERE claim_id = ${row.claimId}`
      return epoch
    })

  return {
    byId: (claimId) =>
      Effect.flatMap(sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId} ${dialect.forUpdate}`, first),
    peekById: (claimId) => Effect.flatMap(sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`, first),
    openOf: (hash) =>
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE key_hash = ${hash} AND state IN ('intent', 'submitted', 'in-doubt')`,
        first
      ),
    settledOf: (hash, from, latest) =>
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE key_hash = ${hash} AND state = 'settled'
          AND changed_at >= ${from}
          ORDER BY CASE WHEN changed_at > ${latest} THEN 1 ELSE 0 END, changed_at DESC, claim_id DESC LIMIT 1`,
        first
      ),
    ofTicket: (ticket) =>
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE ${ofScan(ticket)} AND state IN ('submitted', 'settled')
          ORDER BY CASE WHEN state = 'submitted' THEN 0 ELSE 1 END, changed_at DESC, claim_id DESC LIMIT 1`,
        first
      ),
    otherOfTicket: (ticket, claimId) =>
      Effect.map(
        sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims WHERE ${ofScan(ticket)}
          AND claim_id <> ${claimId} LIMIT 1`,
        ([other]) => other?.claim_id ?? null
      ),
    add: (claimId, stamp, fields) => {
      const columns: Record<string, string | number | null> =
        "prepared" in fields
          ? { prepared: toJson(fields.prepared) }
          : "endedAs" in fields
            ? { ended_as: toJson(fields.endedAs) }
            : { scan_id: fields.ticket.scanId, submitted_at: fields.ticket.submittedAt }
      return Effect.asVoid(
        sql`UPDATE scanpoll_claims SET ${sql.update({ ...columns, stamp })} WHERE claim_id = ${claimId}`
      )
    },
    park: (claimId, stamp, isParked) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.asVoid(
          sql`UPDATE scanpoll_claims SET parked_at = ${isParked ? now : null}, changed_at = ${now}, stamp = ${stamp}
            WHERE claim_id = ${claimId}`
        )
      ),
    insert: (claim) => Effect.asVoid(sql`INSERT INTO scanpoll_claims ${sql.insert(toColumns(claim))}`),
    supplement: (claimId, stamp, { outcome, reason }) =>
      Effect.asVoid(sql`UPDATE scanpoll_claims SET outcome = ${toJson(outcome)}, stamp = ${stamp},
        reason = ${reason === null ? null : toJson(reason)} WHERE claim_id = ${claimId} AND state = 'settled'`),
    change
  }
}
