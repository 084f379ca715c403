/**
 * Journals by their address: a file for one machine, PostgreSQL for many, memory for none.
 *
 * The same tables, the same queries and the same rules on all of them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { errorOf, whyNot } from "./internal/faults.ts"
import * as JournalAddress from "./JournalAddress.ts"
import * as SqliteClient from "./SqliteClient.ts"
import * as SqlJournal from "./SqlJournal.ts"

/**
 * - `makeFolder`: makes the folder of the file, for its owner alone, where there is none. Default false: a path that was
 *   mistyped is an error.
 * - `trust`: opens a file that other users can write. Default false; see `SqliteClient.Options`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileOptions extends SqlJournal.Options {
  readonly makeFolder?: boolean
  readonly trust?: boolean
}

/**
 * A journal in a file, made where there is none. Several processes of one machine may share it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSqlite = (
  path: string,
  options: FileOptions = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> =>
  Layer.provide(
    SqlJournal.layer(options),
    Layer.effect(
      SqlClient,
      Effect.suspend(() => {
        if (options.makeFolder !== true) return SqliteClient.make(path, options)
        return Effect.andThen(
          Effect.try({
            try: () => Fs.mkdirSync(Path.dirname(Path.resolve(path)), { recursive: true, mode: 0o700 }),
            catch: (cause) => errorOf("unavailable", cause instanceof Error ? cause.message : String(cause))
          }),
          SqliteClient.make(path, options)
        )
      })
    )
  )

/**
 * Connections to a PostgreSQL database as the journal wants them: no statement, lock or idle transaction outlasts the
 * journal's own patience, and a server that does not answer keeps no program from ending. `maxConnections` is from 1,
 * default 4; with `readOnly`, default false, the server refuses every write. `applicationName`: what the server lists the
 * sessions under, default `scanpoll`. `connectTimeout`: how long a connection may take to be made, default 5 seconds; that is
 * four trips to the server, six with TLS.
 *
 * @category layers
 * @since 0.1.0
 */
export const clientPostgres = (
  url: string | Redacted.Redacted,
  options: {
    readonly maxConnections?: number
    readonly readOnly?: boolean
    readonly applicationName?: string
    readonly connectTimeout?: Duration.Input
  } = {}
): Layer.Layer<SqlClient, ScanJournal.JournalError> =>
  Layer.effect(
    SqlClient,
    Effect.gen(function* () {
      // Nobody who has a file pays for the client of a server.
      const PgClient = yield* Effect.promise(() => import("@effect/sql-pg/PgClient"))
      // A server that does not answer must not keep the program from ending.
      const scope = yield* Effect.acquireRelease(Scope.make(), (own) =>
        Effect.gen(function* () {
          const closing = yield* Effect.forkDetach(Scope.close(own, Exit.void), { startImmediately: true })
          yield* Effect.raceFirst(
            Effect.interruptible(Effect.asVoid(Fiber.await(closing))),
            Effect.interruptible(Effect.sleep("2 seconds"))
          )
        })
      )
      const context = yield* Effect.mapError(
        Layer.buildWithScope(
          PgClient.layer({
            url: typeof url === "string" ? Redacted.make(url, { label: "journal" }) : url,
            applicationName: options.applicationName ?? "scanpoll",
            maxConnections: options.maxConnections ?? 4,
            connectTimeout: options.connectTimeout ?? "5 seconds",
            // A lock or a dead peer must not hold a transaction for longer than the journal waits for it.
            startupParameters: {
              lock_timeout: "4000",
              statement_timeout: "8000",
              idle_in_transaction_session_timeout: "6000",
              ...(options.readOnly === true ? { default_transaction_read_only: "on" } : {})
            }
          }),
          scope
        ),
        (error) => errorOf("unavailable", whyNot(error), error)
      )
      return Context.get(context, SqlClient)
    })
  )

/**
 * A journal in a PostgreSQL database, in tables of the connection's current schema, for any number of machines.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPostgres = (
  url: string | Redacted.Redacted,
  options: SqlJournal.Options = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> =>
  Layer.provide(SqlJournal.layer(options), clientPostgres(url))

/**
 * The journal at an address as text, such as a setting has it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  address: string | JournalAddress.JournalAddress,
  options: FileOptions = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> => {
  const read = typeof address === "string" ? JournalAddress.parse(address) : Result.succeed(address)
  if (Result.isFailure(read)) return Layer.unwrap(Effect.fail(errorOf("unavailable", read.failure)))
  switch (read.success._tag) {
    case "Memory":
      return ScanJournal.layerMemory
    case "File":
      return layerSqlite(read.success.path, options)
    case "Postgres":
      return layerPostgres(read.success.url, options)
  }
}

/**
 * The database of a journal at an address, only to be read: nothing is made, brought up to date or locked. Fails with `missing`
 * where a file is not there, and for `memory:`, which is stored nowhere.
 *
 * @category layers
 * @since 0.2.0
 */
export const clientReadOnly = (
  address: JournalAddress.JournalAddress,
  options: SqliteClient.Options = {}
): Layer.Layer<SqlClient, ScanJournal.JournalError> => {
  switch (address._tag) {
    case "Memory":
      return Layer.unwrap(Effect.fail(errorOf("missing", "it is kept in memory alone")))
    case "File":
      return Layer.effect(SqlClient, SqliteClient.makeReadOnly(address.path, options))
    case "Postgres":
      return clientPostgres(address.url, { maxConnections: 1, readOnly: true })
  }
}

/**
 * The journal at an address, only to be looked at: nothing is made, brought up to date or locked, and it works where
 * nothing can be written. Fails with `missing` where there is no journal.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerReadOnly = (
  address: string | JournalAddress.JournalAddress,
  options: Pick<FileOptions, "patience" | "limit" | "trust"> = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> => {
  const read = typeof address === "string" ? JournalAddress.parse(address) : Result.succeed(address)
  if (Result.isFailure(read)) return Layer.unwrap(Effect.fail(errorOf("unavailable", read.failure)))
  switch (read.success._tag) {
    case "Memory":
      return ScanJournal.layerMemory
    case "File":
    case "Postgres":
      return Layer.provide(SqlJournal.layerReadOnly(options), clientReadOnly(read.success, options))
  }
}
