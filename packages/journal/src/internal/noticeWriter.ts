// What people are to be notified of, written in the transaction of the write that it is about. May touch: the outbox; claims,
// reading. The events are made in `noticeEvents.ts`.
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import type { EventType } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as History from "../History.ts"
import type { Receiver } from "../Notifications.ts"
import * as Events from "./noticeEvents.ts"
import type { Notices, Wrote } from "./notices.ts"
import { readClaim, subjectHash, toEntry, toJson } from "./rows.ts"

// So many earlier answers tell whether the newest is worse.
const compared = 12

// Whether the answer is worse than the one before, of the same subject under scan.
const isWorse = (sql: SqlClient, entry: ClaimEntry): Effect.Effect<boolean, SqlError> =>
  Effect.map(
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

export const make = (sql: SqlClient, receivers: ReadonlyArray<Receiver>): Notices => {
  const isWanted = (type: EventType): boolean => receivers.some(({ events }) => events.has(type))

  const write = (events: ReadonlyArray<Events.Event>): Wrote =>
    Effect.gen(function* () {
      const rows = events.flatMap((event) =>
        receivers
          .filter((receiver) => receiver.events.has(event.type))
          .map((receiver) => ({
            event_id: Events.idOf(event),
            receiver: receiver.name,
            kind: event.type,
            claim_id: event.claimId,
            // Texts of vendors and targets are in it: a column cannot hold all of them.
            body: toJson(Events.bodyOf(event)),
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

  return {
    isOn: true,
    moved: (entry) =>
      Effect.gen(function* () {
        if (entry.state === "in-doubt") return yield* write([Events.doubted(entry)])
        if (entry.state !== "settled" && entry.state !== "refused") return
        const asksWorse = entry.state === "settled" && isWanted("target.worse")
        yield* write(Events.ended(entry, asksWorse && (yield* isWorse(sql, entry))))
      }),
    doubted: (rows) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        write(
          rows.flatMap((row) => {
            const read = readClaim(row, now)
            return read === null ? [] : [Events.doubted(toEntry(read, null))]
          })
        )
      ),
    denied: (denials) => write(denials.map(Events.denied)),
    runEnded: (run, at) => write([Events.runEnded(run, at)])
  }
}
