// Parts of statements that differ between SQLite and PostgreSQL, and how many rows one statement takes. May touch: no
// table. Law: no other room asks which database it talks to.
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"

export interface Dialect {
  // The database's clock, in milliseconds since 1970.
  readonly now: Fragment
  readonly forUpdate: Fragment
  readonly forKeyShare: Fragment
  // For the rest of the transaction, rows are found by their keys, even where the planner's statistics are old.
  readonly preferKeys: Effect.Effect<unknown, SqlError>
}

export const make = (sql: SqlClient): Dialect => {
  const either = (pg: string, sqlite: string): Fragment =>
    sql.onDialectOrElse({ pg: () => sql.literal(pg), orElse: () => sql.literal(sqlite) })
  return {
    now: either("(extract(epoch from clock_timestamp()) * 1000)::double precision", "(unixepoch('subsec') * 1000.0)"),
    forUpdate: either("FOR UPDATE", ""),
    forKeyShare: either("FOR KEY SHARE", ""),
    preferKeys: sql.onDialectOrElse({
      pg: () => sql`SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
        set_config('enable_seqscan', 'off', true)`,
      orElse: () => Effect.void
    })
  }
}

// Well below the number of parameters that either database takes.
const rowsInOneStatement = 200

export const chunksOf = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / rowsInOneStatement) }, (_, i) =>
    items.slice(i * rowsInOneStatement, (i + 1) * rowsInOneStatement)
  )
