// Opens a journal file for looking, also where nothing can be written. Law: nothing of the file changes, and no lock of
// another process is in the way.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { errorOf, faultOf } from "./faults.ts"
import { attempt, errorAt, openTries } from "./sqliteConnection.ts"
import { busyTimeout } from "./sqliteConstants.ts"

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

export const openToRead = (
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
