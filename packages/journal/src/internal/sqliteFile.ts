// The file of a journal, and what SQLite keeps beside it: whose it is, who may read it, whether it is still the same.
// Law: a file that is not surely ours, or of a newer version, is refused before SQLite touches it.
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { schemaVersion } from "../JournalSchema.ts"
import { errorOf } from "./faults.ts"
import * as FileIdentity from "./fileIdentity.ts"
import { patiently, pragma } from "./sqliteConnection.ts"
import { applicationId, busyTimeout } from "./sqliteConstants.ts"

const magic = "SQLite format 3\u0000"

export const besides = (path: string): ReadonlyArray<string> => [`${path}-wal`, `${path}-shm`]

// The first bytes of the file say whose it is, without SQLite having to open it.
export const inspect = (path: string): Effect.Effect<"new" | "ours", JournalError> =>
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

// A log that another process left behind may hold a newer schema than the file: only looked at, never folded in.
export const inspectLog = (path: string, Sqlite: typeof DatabaseSync): Effect.Effect<void, JournalError> =>
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
      // Faults are reported when the file is opened.
    }
    return typeof version === "number" && version > schemaVersion ? Effect.fail(errorOf("newer", path)) : Effect.void
  })

const whyNot = (path: string, cause: unknown): string => {
  const code = hasProperty(cause, "code") ? cause.code : null
  if (code === "ENOENT") return `the folder of ${path} is not there`
  if (code === "EROFS") return `${path} is on a read-only file system`
  return cause instanceof Error ? cause.message : String(cause)
}

// Made before SQLite opens it, so that there is no moment at which others may read it.
export const create = (path: string): Effect.Effect<void, JournalError> =>
  Effect.try({
    try: () => Fs.closeSync(Fs.openSync(path, "a", 0o600)),
    catch: (cause) => errorOf("unavailable", whyNot(path, cause))
  })

export const closeToOthers = (path: string): void => {
  for (const file of [path, ...besides(path)]) {
    try {
      if ((Fs.statSync(file).mode & 0o077) !== 0) Fs.chmodSync(file, 0o600)
    } catch {
      // Not there, or not ours to change: then its owner has decided.
    }
  }
}

export const isTaken = (path: string, was: FileIdentity.FileIdentity | null): boolean => {
  const now = FileIdentity.identify(path)
  return now !== null && was !== null && (now.device !== was.device || now.inode !== was.inode)
}

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

// What each connection that writes needs before its first statement.
export const prepare = (file: string, database: DatabaseSync): Effect.Effect<void, JournalError> =>
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
