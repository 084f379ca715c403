/**
 * A `SqlClient` over Node's own SQLite, for one journal file that several processes share.
 *
 * The file is opened only when it is new or surely ours: what belongs to another program, to a newer version of this
 * one, or is no database at all is refused before SQLite touches it, so not a byte of it changes. It and what SQLite
 * puts beside it can be read by their owner alone. A lock held by another process blocks this one for `busyTimeout` at a
 * time and no longer: a caller that wants to wait does so without blocking.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { errorOf } from "./internal/faults.ts"
import * as FileIdentity from "./internal/fileIdentity.ts"
import { attempt, errorAt, pragma, SqliteConnection } from "./internal/sqliteConnection.ts"
import { busyTimeout } from "./internal/sqliteConstants.ts"
import { besides, closeToOthers, create, inspect, inspectLog, isTaken, prepare } from "./internal/sqliteFile.ts"
import { openToRead } from "./internal/sqliteReading.ts"
import * as Trust from "./internal/trust.ts"
import { schemaVersion } from "./JournalSchema.ts"

export { applicationId, busyTimeout } from "./internal/sqliteConstants.ts"

// Of a folder with more files, the first ones by name are looked at.
const mostFiles = 1_000

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

const firstOf = (texts: ReadonlyArray<string | null>): string | null => texts.find((text) => text !== null) ?? null

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
 * - `trust`: opens a file that other users can write, or that lies in a folder they can write. Default false: anyone who can
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
