/**
 * A `SqlClient` over another one that fails where it is told to: a statement fails before it runs (because of the
 * connection, or for want of room), hangs, or is carried out and its answer lost.
 */
import { PgClient } from "@effect/sql-pg"
import * as Effect from "effect/Effect"
import { Reactivity } from "effect/reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, ConnectionError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"

export type Fault = "fails" | "hangs" | "lost" | "full"

/** Asked before each statement, with its number from 1 and its text; the answer is what becomes of it. */
export type Plan = (n: number, sql: string) => Fault | Around | null

/** What happens before and after a statement. */
export interface Around {
  readonly before?: Effect.Effect<void>
  readonly after?: Effect.Effect<void>
}

const broken = (n: number): SqlError =>
  new SqlError({
    reason: new ConnectionError({ cause: new Error("scripted"), message: `scripted at statement ${n}`, operation: "x" })
  })

const full = new SqlError({
  reason: classifySqliteError(Object.assign(new Error("scripted"), { errno: 13 }), {
    message: "no room",
    operation: "x"
  })
})

export const troubled = (base: SqlClient.SqlClient, plan: Plan): Effect.Effect<SqlClient.SqlClient> => {
  let n = 0
  // What a client does with a transaction that it cannot end: roll back, and be content when there is none.
  const rollback = (connection: Connection) => Effect.ignore(connection.executeUnprepared("ROLLBACK", [], undefined))
  const run = <A>(
    connection: Connection,
    sql: string,
    effect: Effect.Effect<A, SqlError>
  ): Effect.Effect<A, SqlError> =>
    Effect.suspend(() => {
      const at = ++n
      const fault = plan(at, sql)
      if (fault === null) return effect
      if (typeof fault === "object") {
        return Effect.andThen(
          fault.before ?? Effect.void,
          Effect.tap(effect, () => fault.after ?? Effect.void)
        )
      }
      switch (fault) {
        case "fails":
          // A connection on which nothing can be undone is gone, and with it what was to be undone.
          return sql.startsWith("ROLLBACK")
            ? Effect.andThen(rollback(connection), Effect.fail(broken(at)))
            : Effect.fail(broken(at))
        case "full":
          return Effect.fail(full)
        case "hangs":
          return Effect.never
        case "lost": {
          // A transaction whose beginning was never confirmed ends with its connection.
          const after = sql.startsWith("BEGIN") ? rollback(connection) : Effect.void
          return Effect.andThen(Effect.andThen(effect, after), Effect.fail(broken(at)))
        }
      }
    })
  const wrap = (connection: Connection): Connection => ({
    execute: (sql, params, transform) => run(connection, sql, connection.execute(sql, params, transform)),
    executeRaw: (sql, params) => run(connection, sql, connection.executeRaw(sql, params)),
    executeStream: (sql, params, transform) => connection.executeStream(sql, params, transform),
    executeValues: (sql, params) => run(connection, sql, connection.executeValues(sql, params)),
    executeValuesUnprepared: (sql, params) => run(connection, sql, connection.executeValuesUnprepared(sql, params)),
    executeUnprepared: (sql, params, transform) =>
      run(connection, sql, connection.executeUnprepared(sql, params, transform))
  })
  const postgres = base.onDialectOrElse({ pg: () => true, orElse: () => false })
  return Effect.provide(
    SqlClient.make({
      acquirer: Effect.map(base.reserve, wrap),
      transactionAcquirer: Effect.map(base.reserve, wrap),
      compiler: postgres ? PgClient.makeCompiler() : Statement.makeCompilerSqlite(),
      beginTransaction: postgres ? "BEGIN" : "BEGIN IMMEDIATE",
      onCommitFailure: rollback,
      driver: base.driver,
      spanAttributes: []
    }),
    Reactivity.layer
  )
}
