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
import * as Os from "node:os"
import * as Path from "node:path"
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { errorOf, faultOf } from "./internal/faults.ts"
import * as FileIdentity from "./internal/fileIdentity.ts"
import * as Trust from "./internal/trust.ts"
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
// Of a folder with more files, the first ones by name are looked at.
const mostFiles = 1_000

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

/**
 * The names of the journals in a folder; none where it cannot be read. Opens none of them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const filesIn = (folder: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const names = yield* Effect.orElseSucceed(
      Effect.try(() => Fs.readdirSync(folder)),
      () => []
    )
    const found: Array<string> = []
    for (const name of names.toSorted((a, b) => (a < b ? -1 : 1)).slice(0, mostFiles)) {
      const is = yield* Effect.orElseSucceed(inspect(Path.join(folder, name)), () => "new")
      if (is === "ours") found.push(name)
    }
    return found
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
  for (const file of [path, ...besides(path)]) {
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

const TypeId = "~@scanpoll/journal/SqliteClient"

/**
 * A `SqlClient` that knows its file.
 *
 * - `file`: the absolute path, as it was given.
 * - `whatHappened`: a sentence when the file, or what SQLite keeps beside it, was deleted, renamed or replaced since it
 *   was opened; otherwise null.
 *
 * @category models
 * @since 0.2.0
 */
export interface SqliteClient extends SqlClient.SqlClient {
  readonly [TypeId]: typeof TypeId
  readonly file: string
  readonly whatHappened: () => string | null
}

/**
 * Whether a `SqlClient` is one of this module.
 *
 * @category guards
 * @since 0.2.0
 */
export const isSqliteClient = (client: SqlClient.SqlClient): client is SqliteClient => hasProperty(client, TypeId)

const besides = (path: string): ReadonlyArray<string> => [`${path}-wal`, `${path}-shm`]

const firstOf = (texts: ReadonlyArray<string | null>): string | null => texts.find((text) => text !== null) ?? null

const isTaken = (path: string, was: FileIdentity.FileIdentity | null): boolean => {
  const now = FileIdentity.identify(path)
  return now !== null && was !== null && (now.device !== was.device || now.inode !== was.inode)
}

const errorAt = (file: string, error: SqlError): JournalError => {
  const fault = faultOf(error)
  return errorOf(fault === "again" ? "busy" : fault, `${file}: ${error.message}`, error)
}

const patiently = <A>(file: string, run: () => A): Effect.Effect<A, JournalError> =>
  Effect.retry(
    Effect.mapError(attempt("open", run), (error) => errorAt(file, error)),
    { schedule: openTries, while: (error) => error.reason === "busy" }
  )

// What each connection that writes needs before its first statement.
const prepare = (file: string, database: DatabaseSync): Effect.Effect<void, JournalError> =>
  Effect.gen(function* () {
    if (!(yield* patiently(file, () => mark(database)))) return yield* errorOf("foreign", file)
    const mode = yield* patiently(file, () => pragma(database, "journal_mode = WAL"))
    if (mode !== "wal") {
      return yield* errorOf("unavailable", `${file}: this file system has no write-ahead log (${String(mode)})`)
    }
    yield* patiently(file, () => database.exec("PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL"))
    const version = yield* patiently(file, () => pragma(database, "user_version"))
    if (typeof version !== "number" || version > schemaVersion) return yield* errorOf("newer", file)
  })

// A connection that was opened and has read something: only then does SQLite touch what lies beside the file.
const connectToRead = (
  location: string | URL,
  Sqlite: typeof DatabaseSync
): Effect.Effect<DatabaseSync, SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    attempt("open", () => {
      const database = new Sqlite(location, { readOnly: true, timeout: busyTimeout })
      try {
        database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()
        return database
      } catch (cause) {
        database.close()
        throw cause
      }
    }),
    (database) => Effect.sync(() => database.close())
  )

// A log that was left behind can be read only where SQLite may write beside it.
const copyToRead = (file: string): Effect.Effect<string, JournalError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "scanpoll-look-"))
        for (const tail of ["", "-wal"]) Fs.copyFileSync(`${file}${tail}`, Path.join(folder, `journal.db${tail}`))
        return folder
      },
      catch: (cause) => errorOf("unavailable", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`)
    }),
    (folder) => Effect.ignore(Effect.try(() => Fs.rmSync(folder, { recursive: true, force: true })))
  ).pipe(Effect.map((folder) => Path.join(folder, "journal.db")))

const openToRead = (
  file: string,
  Sqlite: typeof DatabaseSync
): Effect.Effect<DatabaseSync, JournalError, Scope.Scope> => {
  const toJournal = (error: SqlError): JournalError => errorAt(file, error)
  const isBusy = (error: SqlError): boolean => faultOf(error) === "busy"
  const shared = Effect.retry(connectToRead(file, Sqlite), { schedule: openTries, while: isBusy })
  return Effect.catch(shared, (error) => {
    if (isBusy(error)) return Effect.fail(toJournal(error))
    if ((Fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
      return Effect.flatMap(copyToRead(file), (copy) => Effect.mapError(connectToRead(copy, Sqlite), toJournal))
    }
    // Without a log, nothing beside the file is needed. Nobody writes to it: a writer would have made the log.
    const alone = pathToFileURL(file)
    alone.searchParams.set("immutable", "1")
    return Effect.mapError(connectToRead(alone, Sqlite), toJournal)
  })
}

const clientOver = (
  database: DatabaseSync,
  file: string,
  whatHappened: () => string | null
): Effect.Effect<SqliteClient> =>
  Effect.gen(function* () {
    const connection = new SqliteConnection(database)
    const shared = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connection),
      semaphore: yield* Semaphore.make(1),
      isTransaction: (held) => held.database.isTransaction
    })
    const client = yield* Effect.provide(
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
    return Object.assign(client, { [TypeId]: TypeId, file, whatHappened } as const)
  })

/**
 * - `trust`: opens a file that other users can write, or that lies in a folder they can write. Default false: whoever can
 *   write a journal can forge results. Files and folders of root are trusted; on Windows nothing is checked.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly trust?: boolean
}

/**
 * Opens the journal file at `path`, or makes it where there is none. Its folder must exist.
 *
 * Fails with `foreign`, `newer`, `busy`, `read-only`, `full` or `unavailable`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (path: string, options: Options = {}): Effect.Effect<SqliteClient, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = Path.resolve(path)
    if (options.trust !== true) yield* Trust.check(file)
    const { DatabaseSync: Sqlite } = yield* Effect.promise(() => import("node:sqlite"))
    if ((yield* inspect(file)) === "new") yield* create(file)
    else yield* inspectLog(file, Sqlite)

    const opened = FileIdentity.identify(file)
    const database = yield* Effect.acquireRelease(
      Effect.mapError(
        attempt("open", () => new Sqlite(file, { timeout: busyTimeout })),
        (error) => errorAt(file, error)
      ),
      // Closing deletes the log by its name, which would be another file's by now.
      (connected) => Effect.sync(() => (isTaken(file, opened) ? undefined : connected.close()))
    )
    yield* prepare(file, database)
    closeToOthers(file)
    const files = [opened, ...besides(file).map(FileIdentity.identify)].filter((each) => each !== null)
    return yield* clientOver(database, file, () => firstOf(files.map(FileIdentity.whatHappened)))
  })

/**
 * Opens the journal file at `path` for looking: nothing of it changes, and no lock of another process is in the way. It
 * works where nothing can be written: on a read-only file system, on a full disk, with a file of root's.
 *
 * Fails with `missing` where there is none, `foreign`, `newer`, `busy` or `unavailable`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeReadOnly = (
  path: string,
  options: Options = {}
): Effect.Effect<SqliteClient, JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = Path.resolve(path)
    if (options.trust !== true) yield* Trust.check(file)
    const { DatabaseSync: Sqlite } = yield* Effect.promise(() => import("node:sqlite"))
    if ((yield* inspect(file)) === "new") return yield* errorOf("missing", file)
    const database = yield* openToRead(file, Sqlite)
    const version = pragma(database, "user_version")
    if (typeof version !== "number" || version > schemaVersion) return yield* errorOf("newer", file)
    return yield* clientOver(database, file, () => null)
  })
