// A connection of Node's own SQLite, as Effect's SQL client takes one, and its errors as those of SQL and of a journal.
// Touches no file by itself.
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { errorOf, faultOf } from "./faults.ts"

// How long opening waits for another process that is just making the file.
export const openTries = Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 100 }))

const statementsKept = 128

const sqlError = (cause: unknown, operation: string): SqlError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined
  const named = Object.assign(new Error(message), typeof code === "number" ? { errno: code } : {})
  return new SqlError({ reason: classifySqliteError(named, { message, operation }) })
}

export const attempt = <A>(operation: string, run: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: run, catch: (cause) => sqlError(cause, operation) })

export const errorAt = (file: string, error: SqlError): JournalError => {
  const fault = faultOf(error)
  return errorOf(fault === "again" ? "busy" : fault, `${file}: ${error.message}`, error)
}

// Waits for another process that is just making the file.
export const patiently = <A>(file: string, run: () => A): Effect.Effect<A, JournalError> =>
  Effect.retry(
    Effect.mapError(attempt("open", run), (error) => errorAt(file, error)),
    { schedule: openTries, while: (error) => error.reason === "busy" }
  )

export const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

export class SqliteConnection implements Connection {
  readonly database: DatabaseSync
  private readonly statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  private statement(sql: string): StatementSync {
    const known = this.statements.get(sql)
    if (known !== undefined) return known
    const made = this.database.prepare(sql)
    if (this.statements.size >= statementsKept) this.statements.clear()
    this.statements.set(sql, made)
    return made
  }

  private run(sql: string, params: ReadonlyArray<unknown>, prepared: boolean) {
    return attempt("execute", () => {
      const values = params.map((value): SQLInputValue => {
        if (value === null || typeof value === "string" || typeof value === "number") return value
        throw new TypeError(`a ${typeof value} cannot be stored`)
      })
      const statement = prepared ? this.statement(sql) : this.database.prepare(sql)
      return statement.all(...values)
    })
  }

  execute: Connection["execute"] = (sql, params, transform) =>
    Effect.map(this.run(sql, params, true), (rows) => (transform === undefined ? rows : transform(rows)))

  executeUnprepared: Connection["executeUnprepared"] = (sql, params, transform) =>
    Effect.map(this.run(sql, params, false), (rows) => (transform === undefined ? rows : transform(rows)))

  executeRaw: Connection["executeRaw"] = (sql, params) => this.run(sql, params, true)

  executeValues: Connection["executeValues"] = (sql, params) =>
    Effect.map(this.run(sql, params, true), (rows) => rows.map((row) => Object.values(row)))

  executeValuesUnprepared: Connection["executeValuesUnprepared"] = (sql, params) =>
    Effect.map(this.run(sql, params, false), (rows) => rows.map((row) => Object.values(row)))

  executeStream: Connection["executeStream"] = (sql, params, transform) =>
    Stream.fromIterableEffect(this.execute(sql, params, transform))
}
