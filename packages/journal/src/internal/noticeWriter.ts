// What is to be told of a write, written in its transaction. May touch: the outbox; claims, reading. Law: one event has one id,
// in every process and every try.
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import type { EventType } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as History from "../History.ts"
import * as JournalView from "../JournalView.ts"
import type { Receiver } from "../Notifications.ts"
import type { Notices, Wrote } from "./notices.ts"
import { hash, readClaim, subjectHash, toEntry, toJson } from "./rows.ts"

interface Event {
  // What makes it the same event.
  readonly same: ReadonlyArray<string>
  readonly type: EventType
  readonly claimId: string | null
  readonly at: number
  readonly data: unknown
}

// An account that is refused again and again is reported once an hour.
const denialEvery = 3_600_000
// So many earlier answers tell whether the newest is worse.
const compared = 12

// Thin: what it is about and what came of it. The rest is asked for.
const dataOf = (entry: ClaimEntry): unknown => {
  const { answer, changedAt, claimId, key, reason, state } = JournalView.claim(entry)
  const { account, origin, vendor } = entry.key
  const { id, kind, name } = entry.subject
  return {
    claimId,
    state,
    key,
    vendor,
    account,
    origin,
    subject: { kind, id, name },
    scanType: entry.kind,
    at: changedAt,
    reason,
    answer:
      answer === null
        ? null
        : { state: answer.state, severity: answer.severity, score: answer.score, findings: answer.findings }
  }
}

export const make = (sql: SqlClient, receivers: ReadonlyArray<Receiver>): Notices => {
  const bodyOf = ({ at, data, type }: Event): string =>
    JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })

  const write = (events: ReadonlyArray<Event>): Wrote =>
    Effect.gen(function* () {
      const rows = events.flatMap((event) =>
        receivers
          .filter((receiver) => receiver.events.has(event.type))
          .map((receiver) => ({
            event_id: `evt_${hash([event.type, ...event.same]).slice(0, 32)}`,
            receiver: receiver.name,
            kind: event.type,
            claim_id: event.claimId,
            // Texts of vendors and targets are in it: a column cannot hold all of them.
            body: toJson(bodyOf(event)),
            state: "pending",
            attempts: 0,
            made_at: event.at,
            due_at: event.at,
            last_error: null
          }))
      )
      for (const some of Arr.chunksOf(rows, 50)) {
        yield* sql`INSERT INTO scanpoll_outbox ${sql.insert(some)} ON CONFLICT (event_id, receiver) DO NOTHING`
      }
    })

  const isWanted = (type: EventType): boolean => receivers.some(({ events }) => events.has(type))

  const doubtOf = (entry: ClaimEntry): Event => ({
    same: [entry.claimId],
    type: "scan.in-doubt",
    claimId: entry.claimId,
    at: entry.changedAt,
    data: dataOf(entry)
  })

  // Whether the answer is worse than the one before, of the same subject under scan.
  const isWorse = (entry: ClaimEntry): Effect.Effect<boolean, SqlError> => {
    if (!isWanted("target.worse")) return Effect.succeed(false)
    return Effect.map(
      sql`SELECT * FROM scanpoll_claims WHERE subject_hash = ${subjectHash(entry.subject)} AND state = 'settled'
        AND claim_id <> ${entry.claimId} ORDER BY changed_at DESC LIMIT ${compared}`,
      (rows) => {
        const earlier = rows.flatMap((row) => {
          const read = readClaim(row, entry.changedAt)
          return read === null || read.changedAt > entry.changedAt ? [] : [toEntry(read, null)]
        })
        // The newest line is that of this answer; one of the same time must not come before it.
        const [line] = History.lines([entry, ...earlier])
        const last = line?.points.at(-1)
        // An answer that is compared with nothing, or the same scan once more, leaves the trend of those before it.
        return (
          line?.trend === "worse" &&
          last?.claimId === entry.claimId &&
          History.isCompared(last) &&
          line.points.every(({ claimId, scanId }) => claimId === last.claimId || scanId !== last.scanId)
        )
      }
    )
  }

  const moved: Notices["moved"] = (entry) =>
    Effect.gen(function* () {
      const { changedAt: at, claimId, state } = entry
      if (state === "in-doubt") return yield* write([doubtOf(entry)])
      if (state !== "settled" && state !== "refused") return
      const about = { same: [claimId], claimId, at, data: dataOf(entry) }
      const worse = state === "settled" && (yield* isWorse(entry))
      yield* write([{ ...about, type: "scan.ended" }, ...(worse ? [{ ...about, type: "target.worse" as const }] : [])])
    })

  return {
    isOn: true,
    moved,
    doubted: (rows) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        write(
          rows.flatMap((row) => {
            const read = readClaim(row, now)
            return read === null ? [] : [doubtOf(toEntry(read, null))]
          })
        )
      ),
    denied: (denials) =>
      write(
        denials.map(({ account, at, code, message }) => {
          const { account: label, origin, vendor } = account
          return {
            same: [vendor, origin, label, String(Math.floor(at / denialEvery))],
            type: "account.denied",
            claimId: null,
            at,
            data: { vendor, account: label, origin, code, message: message.slice(0, 500) }
          }
        })
      ),
    runEnded: ({ byState, command, exitCode, plan, runId, startedAt, total }, at) =>
      write([
        {
          same: [runId, String(at)],
          type: "run.finished",
          claimId: null,
          at,
          data: {
            runId,
            command,
            plan,
            exitCode,
            total,
            byState,
            startedAt: JournalView.time(startedAt),
            finishedAt: JournalView.time(at)
          }
        }
      ])
  }
}
