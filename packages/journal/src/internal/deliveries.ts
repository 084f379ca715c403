// The outbox, delivered and listed. May touch: the outbox. Law: of two processes that deliver, one alone takes what is due, and
// what it took is due again when it does not say what became of it.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Operations } from "@scanpoll/core/engine/ScanJournal"
import { deliveryStates, eventTypes } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import type { Due, Outbox } from "../Notifications.ts"
import { fromJson, toJson } from "./rows.ts"
import type { Store } from "./store.ts"

const Row = Schema.Struct({
  event_id: Schema.String,
  receiver: Schema.String,
  kind: Schema.Literals(eventTypes),
  claim_id: Schema.NullOr(Schema.String),
  body: Schema.String,
  state: Schema.Literals(deliveryStates),
  attempts: Schema.Finite,
  made_at: Schema.Finite,
  due_at: Schema.Finite,
  last_error: Schema.NullOr(Schema.String)
})

const read = Schema.decodeUnknownOption(Row)

const longestError = 300

const textOf = (json: string | null): string | null => {
  const value = json === null ? null : fromJson(json)
  return typeof value === "string" ? value : null
}

/** The deliveries, the newest first. */
export const list =
  (sql: SqlClient, store: Pick<Store, "read">): Operations["deliveries"] =>
  ({ limit, states = deliveryStates }) => {
    if (states.length === 0) return Effect.succeed([])
    const most = Waits.clamp(Math.floor(limit ?? 100), 1, 1_000)
    return store.read(
      Effect.map(
        sql`SELECT * FROM scanpoll_outbox WHERE state IN ${sql.in(states)}
          ORDER BY made_at DESC, event_id DESC, receiver LIMIT ${most}`,
        (rows) =>
          rows.flatMap((row) => {
            const one = Option.getOrNull(read(row))
            if (one === null) return []
            const { attempts, claim_id: claimId, due_at: dueAt, made_at: madeAt, receiver, state } = one
            const lastError = textOf(one.last_error)
            return [{ id: one.event_id, receiver, type: one.kind, claimId, state, attempts, madeAt, dueAt, lastError }]
          })
      )
    )
  }

/** Dead ones are due again at once, with all their tries before them. */
export const redeliver =
  (sql: SqlClient, store: Pick<Store, "write">): Operations["redeliver"] =>
  ({ id, receiver }) =>
    store.write(() =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const rows = yield* sql`UPDATE scanpoll_outbox SET state = 'pending', attempts = 0, due_at = ${now}
          WHERE ${sql.and([
            sql`state = 'dead'`,
            ...(id === undefined ? [] : [sql`event_id = ${id}`]),
            ...(receiver === undefined ? [] : [sql`receiver = ${receiver}`])
          ])} RETURNING event_id`
        return rows.length
      })
    )

/** Forgets, in the current transaction, what is told about these claims. */
export const forget = (sql: SqlClient, claimIds: ReadonlyArray<string>): Effect.Effect<unknown, SqlError> =>
  sql`DELETE FROM scanpoll_outbox WHERE claim_id IN ${sql.in(claimIds)}`

/** Forgets, in the current transaction, what was told before this time. */
export const forgetBefore = (sql: SqlClient, before: number): Effect.Effect<unknown, SqlError> =>
  sql`DELETE FROM scanpoll_outbox WHERE made_at < ${before} AND state <> 'pending'`

export const make = (sql: SqlClient, store: Store): Outbox => {
  const skipLocked = sql.onDialectOrElse({
    pg: () => sql.literal("FOR UPDATE SKIP LOCKED"),
    orElse: () => sql.literal("")
  })
  const set = (due: Due, fields: Record<string, string | number | null>) =>
    store.write(() =>
      Effect.asVoid(
        sql`UPDATE scanpoll_outbox SET ${sql.update(fields)} WHERE event_id = ${due.id} AND receiver = ${due.receiver}
          AND state = 'pending'`
      )
    )
  // Nearly always nothing is due: then nothing is written, and no other writer waits.
  const isDue = (receivers: ReadonlyArray<string>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      store.read(
        Effect.map(
          sql`SELECT event_id FROM scanpoll_outbox WHERE state = 'pending' AND due_at <= ${now}
            AND receiver IN ${sql.in(receivers)} LIMIT 1`,
          (rows) => rows.length > 0
        )
      )
    )
  return {
    take: (receivers, { lease, limit }) =>
      Effect.gen(function* () {
        if (receivers.length === 0 || !(yield* isDue(receivers))) return []
        return yield* store.write(() =>
          Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            const rows = yield* sql`UPDATE scanpoll_outbox SET due_at = ${now + lease}, attempts = attempts + 1
                WHERE (event_id, receiver) IN (SELECT event_id, receiver FROM scanpoll_outbox
                  WHERE state = 'pending' AND due_at <= ${now} AND receiver IN ${sql.in(receivers)}
                  ORDER BY due_at LIMIT ${limit} ${skipLocked})
                RETURNING *`
            return rows.flatMap((row): ReadonlyArray<Due> => {
              const one = Option.getOrNull(read(row))
              const body = one === null ? null : textOf(one.body)
              if (one === null || body === null) return []
              return [{ id: one.event_id, receiver: one.receiver, type: one.kind, attempts: one.attempts, body }]
            })
          })
        )
      }),
    delivered: (due) => set(due, { state: "delivered", last_error: null }),
    failed: (due, error, dueAt) =>
      set(due, {
        last_error: toJson(error.slice(0, longestError)),
        ...(dueAt === null ? { state: "dead" } : { due_at: dueAt })
      }),
    gone: (receiver, error) =>
      store.write(() =>
        Effect.asVoid(
          sql`UPDATE scanpoll_outbox SET state = 'dead', last_error = ${toJson(error.slice(0, longestError))}
            WHERE receiver = ${receiver} AND state = 'pending'`
        )
      ),
    forget: (before) =>
      Effect.flatMap(
        store.read(sql`SELECT event_id FROM scanpoll_outbox WHERE state = 'delivered' AND made_at < ${before} LIMIT 1`),
        (rows) =>
          rows.length === 0
            ? Effect.void
            : store.write(() =>
                Effect.asVoid(sql`DELETE FROM scanpoll_outbox WHERE state = 'delivered' AND made_at < ${before}`)
              )
      )
  }
}
