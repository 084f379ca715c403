// The locks of the slices, on one session of the database. Effect's own storage takes two trips to confirm or to take them,
// within a third of the lease: where each trip takes a sixth of it, no worker would have any slice. Here it is one. May
// touch: the advisory locks of that session, and the heartbeat in this worker's row of the ring. Law: the locks are those
// that workers of other versions take, and go with the session.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { PersistenceError } from "effect/cluster/ClusterError"
import type { RunnerStorage } from "effect/cluster/RunnerStorage"
import * as ShardId from "effect/cluster/ShardId"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Statement } from "effect/sql/Statement"
import { Wire } from "./wire.ts"

// Where Effect has the locks of a prefix and the first group of shards.
const firstNumber = 1_000_000
const spaceOf = (prefix: string): number => {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(`effect-cluster:${prefix}`)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash | 0
}

const numberOf = (shard: ShardId.ShardId): number => firstNumber + shard.id

type Locks = Pick<RunnerStorage["Service"], "acquire" | "refresh" | "release" | "releaseAll">

// `lease`: the server ends the session when it was not used for that long, and with it the locks of a frozen worker.
export const make = (
  sql: SqlClient,
  prefix: string,
  lease: Duration.Duration
): Effect.Effect<Locks, never, Scope.Scope> =>
  Effect.gen(function* () {
    const space = spaceOf(prefix)
    const setting = (value: string) =>
      sql.literal(`(SELECT set_config(name, ${value}, false) FROM pg_settings
      WHERE name = 'idle_session_timeout')`)
    const millis = Math.ceil(Duration.toMillis(lease))
    const wire = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Wire(sql, {
            begin: sql`SELECT ${setting(`'${millis}'`)}`,
            end: sql`SELECT pg_advisory_unlock_all(), ${setting("reset_val")}`
          })
      ),
      (own) => own.drop
    )
    const send = <A extends object>(statement: Statement<A>): Effect.Effect<ReadonlyArray<A>, PersistenceError> =>
      Effect.flatMap(
        Effect.mapError(wire.send(statement, millis / 3), (cause) => new PersistenceError({ cause })),
        (rows) =>
          rows === null
            ? Effect.fail(new PersistenceError({ cause: new Error("the database did not answer in time") }))
            : Effect.succeed(rows)
      )
    const held = sql.literal(`SELECT objid::bigint::double precision AS number FROM pg_locks WHERE locktype = 'advisory'
      AND granted AND classid = ${space >>> 0} AND objsubid = 2 AND pid = pg_backend_pid()`)
    const heartbeat = (address: string) =>
      sql`UPDATE ${sql(`${prefix}_runners`)} SET last_heartbeat = NOW() WHERE address = ${address}`
    const among = (shards: ReadonlyArray<ShardId.ShardId>, rows: ReadonlyArray<{ readonly number: number }>) => {
      const numbers = new Set(rows.map(({ number }) => number))
      return shards.filter((shard) => numbers.has(numberOf(shard)))
    }
    return {
      acquire: (_address, wanted) => {
        const shards = [...wanted]
        if (shards.length === 0) return Effect.succeed([])
        const numbers = sql.literal(shards.map((shard) => String(numberOf(shard))).join(", "))
        return Effect.map(
          send(sql<{ number: number; taken: boolean }>`
            WITH held AS MATERIALIZED (${held})
            SELECT wanted.number::double precision AS number, CASE WHEN wanted.number IN (SELECT held.number FROM held) THEN TRUE
              ELSE pg_try_advisory_lock(${sql.literal(String(space))}, wanted.number) END AS taken
            FROM unnest(ARRAY[${numbers}]::int[]) AS wanted (number)`),
          (rows) =>
            among(
              shards,
              rows.filter(({ taken }) => taken)
            )
        )
      },
      refresh: ({ host, port }, wanted) => {
        const shards = [...wanted]
        const beat = heartbeat(`${host}:${port}`)
        // Only asks whether the database answers, and so not on this session.
        if (shards.length === 0) {
          return Effect.mapError(
            Effect.as(Effect.timeout(beat, Duration.millis(millis / 3)), []),
            (cause) => new PersistenceError({ cause })
          )
        }
        return Effect.map(send(sql<{ number: number }>`WITH beat AS (${beat}) ${held}`), (rows) => among(shards, rows))
      },
      release: (_address, shard) =>
        Effect.asVoid(
          send(sql`SELECT pg_advisory_unlock(${sql.literal(String(space))}, ${sql.literal(String(numberOf(shard)))})`)
        ),
      releaseAll: () => Effect.asVoid(send(sql`SELECT pg_advisory_unlock_all()`))
    }
  })
