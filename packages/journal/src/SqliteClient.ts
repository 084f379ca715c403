/**
 * A `SqlClient` over Node's own SQLite, for one journal file that several processes share.
 *
 * The file is opened only when it is new or surely ours: what belongs to another program, to a newer version of this
 * one, or is no database at all is refused before SQLite touches it, so not a byte of it changes. It and what SQLite
 * puts beside it can be read by their owner alone. A lock held by another process blocks this one for `busyTimeout` at a
 * time and no longer: whoever wants to wait, waits without blocking.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { errorOf, faultOf } from "./internal/faults.ts"
import { schemaVersion } from "./JournalSchema.ts"

/**
 * Marks a file as a journal of this program, in SQLite's own field for that.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_application_id
 * @category constructors
 * @since 0.1.0
 */
export const applicationId = 0x7363706c

/**
 * How long a lock of another process may block this one at a time, in milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const busyTimeout = 25

// How long opening waits for another process that is just making the file.
const openTries = Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 100 }))

const magic = "SQLite format 3\u0000"
const statementsKept = 128

const sqlError = (cause: unknown, operation: string): SqlError => {
  const message = cause instanceof Error ? cause.message : String(cause)
  const code = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined
  const named = Object.assign(new Error(message), typeof code === "number" ? { errno: code } : {})
  return new SqlError({ reason: classifySqliteError(named, { message, operation }) })
}

const attempt = <A>(operation: string, run: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: run, catch: (cause) => sqlError(cause, operation) })

// The first bytes of the file say whose it is, without SQLite having to open it.
const inspect = (path: string): Effect.Effect<"new" | "ours", JournalError> =>
  Effect.suspend(() => {
    let file: number | null = null
    try {
      const stat = Fs.statSync(path, { throwIfNoEntry: false })
      if (stat === undefined || (stat.isFile() && stat.size === 0)) return Effect.succeed("new")
      if (!stat.isFile()) return Effect.fail(errorOf("unavailable", `${path} is not a file`))
      file = Fs.openSync(path, "r")
      const head = Buffer.alloc(100)
      const read = Fs.readSync(file, head, 0, 100, 0)
      if (read < 100 || head.toString("latin1", 0, 16) !== magic) {
        return Effect.fail(errorOf("foreign", `${path} is not a database`))
      }
      if (head.readUInt32BE(68) !== applicationId) return Effect.fail(errorOf("foreign", path))
      if (head.readUInt32BE(60) > schemaVersion) return Effect.fail(errorOf("newer", path))
      return Effect.succeed("ours")
    } catch (cause) {
      return Effect.fail(errorOf("unavailable", cause instanceof Error ? cause.message : String(cause)))
    } finally {
      if (file !== null) Fs.closeSync(file)
    }
  })

const whyNot = (path: string, cause: unknown): string => {
  const code = hasProperty(cause, "code") ? cause.code : null
  if (code === "ENOENT") return `the folder of ${path} is not there`
  if (code === "EROFS") return `${path} is on a read-only file system`
  return cause instanceof Error ? cause.message : String(cause)
}

// Made before SQLite opens it, so that there is no moment at which others may read it.
const create = (path: string): Effect.Effect<void, JournalError> =>
  Effect.try({
    try: () => Fs.closeSync(Fs.openSync(path, "a", 0o600)),
    catch: (cause) => errorOf("unavailable", whyNot(path, cause))
  })

const closeToOthers = (path: string): void => {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if ((Fs.statSync(file).mode & 0o077) !== 0) Fs.chmodSync(file, 0o600)
    } catch {
      // Not there, or not ours to change: then its owner has decided.
    }
  }
}

const pragma = (database: DatabaseSync, name: string): unknown =>
  Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]

// The mark goes in before the write-ahead log is switched on, so that it lies in the file itself from the start.
const mark = (database: DatabaseSync): boolean => {
  if (pragma(database, "application_id") === applicationId) return true
  database.exec("BEGIN IMMEDIATE")
  try {
    const held = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()
    const ours = pragma(database, "application_id") === applicationId
    const empty = pragma(database, "application_id") === 0 && held?.["tables"] === 0
    if (empty) database.exec(`PRAGMA application_id = ${applicationId}`)
    database.exec("COMMIT")
    return ours || empty
  } catch (cause) {
    if (database.isTransaction) database.exec("ROLLBACK")
    throw cause
  }
}

// A log that another process left behind may hold a newer schema than the file: only looked at, never folded in.
const inspectLog = (path: string, Sqlite: typeof DatabaseSync): Effect.Effect<void, JournalError> =>
  Effect.suspend(() => {
    if ((Fs.statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0) return Effect.void
    let version: unknown = 0
    try {
      const reading = new Sqlite(path, { readOnly: true, timeout: busyTimeout })
      try {
        version = pragma(reading, "user_version")
      } finally {
        reading.close()
      }
    } catch {
      // Whatever is wrong is told when the file is opened.
    }
    return typeof version === "number" && version > schemaVersion ? Effect.fail(errorOf("newer", path)) : Effect.void
  })

class SqliteConnection implements Connection {
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

/**
 * Opens the journal file at `path`, or makes it where there is none. Its folder must exist.
 *
 * Fails with `foreign`, `newer`, `busy`, `read-only`, `full` or `unavailable`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (path: string): Effect.Effect<SqlClient.SqlClient, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = Path.resolve(path)
    const { DatabaseSync: Sqlite } = yield* Effect.promise(() => import("node:sqlite"))
    const toJournal = (error: SqlError): JournalError => {
      const fault = faultOf(error)
      return errorOf(fault === "again" ? "busy" : fault, `${file}: ${error.message}`, error)
    }
    if ((yield* inspect(file)) === "new") yield* create(file)
    else yield* inspectLog(file, Sqlite)

    const database = yield* Effect.acquireRelease(
      Effect.mapError(
        attempt("open", () => new Sqlite(file, { timeout: busyTimeout })),
        toJournal
      ),
      (opened) => Effect.sync(() => opened.close())
    )
    const patiently = <A>(run: () => A): Effect.Effect<A, JournalError> =>
      Effect.retry(Effect.mapError(attempt("open", run), toJournal), {
        schedule: openTries,
        while: (error) => error.reason === "busy"
      })
    if (!(yield* patiently(() => mark(database)))) return yield* errorOf("foreign", file)
    const mode = yield* patiently(() => pragma(database, "journal_mode = WAL"))
    if (mode !== "wal") {
      return yield* errorOf("unavailable", `${file}: this file system has no write-ahead log (${String(mode)})`)
    }
    yield* patiently(() => database.exec("PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL"))
    const version = yield* patiently(() => pragma(database, "user_version"))
    if (typeof version !== "number" || version > schemaVersion) return yield* errorOf("newer", file)
    closeToOthers(file)

    const connection = new SqliteConnection(database)
    const shared = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: yield* Semaphore.make(1),
      isTransaction: (held) => held.database.isTransaction
    })
    return yield* Effect.provide(
      SqlClient.make({
        acquirer: shared.acquirer,
        borrower: shared.borrower,
        transactionAcquirer: shared.transactionAcquirer,
        onCommitFailure: shared.onCommitFailure,
        isTransaction: shared.isTransaction,
        compiler: Statement.makeCompilerSqlite(),
        beginTransaction: "BEGIN IMMEDIATE",
        driver: "sqlite",
        spanAttributes: [["db.system.name", "sqlite"]]
      }),
      Reactivity.layer
    )
  })
