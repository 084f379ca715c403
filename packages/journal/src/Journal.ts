/**
 * Journals by their address: a file for one machine, PostgreSQL for many, memory for none.
 *
 * The same tables, the same queries and the same rules on all of them. An address may hold a password; `show` leaves it
 * out.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { errorOf } from "./internal/faults.ts"
import * as SqliteClient from "./SqliteClient.ts"
import * as SqlJournal from "./SqlJournal.ts"

/**
 * Where a journal is.
 *
 * @category models
 * @since 0.1.0
 */
export type Address =
  | { readonly _tag: "Memory" }
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Postgres"; readonly url: Redacted.Redacted }

/**
 * Reads an address: a path, `file:///path`, `memory:`, or `postgres://user:password@host:5432/database`. Fails with what
 * is wrong with it, without repeating what may be a password.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Address, string> => {
  const trimmed = text.trim()
  if (trimmed === "") return Result.fail("is empty")
  if (trimmed === "memory:" || trimmed === ":memory:") return Result.succeed({ _tag: "Memory" })
  if (trimmed.includes("\u0000")) return Result.fail("holds a NUL character")
  if (/^postgres(ql)?:/i.test(trimmed)) {
    const url = URL.parse(trimmed)
    if (url === null || url.pathname.length < 2) {
      return Result.fail("must be postgres://user:password@host:port/database")
    }
    return Result.succeed({ _tag: "Postgres", url: Redacted.make(trimmed, { label: "journal" }) })
  }
  if (/^file:/i.test(trimmed)) {
    return Result.mapError(
      Result.try({ try: (): Address => ({ _tag: "File", path: fileURLToPath(trimmed) }), catch: () => null }),
      () => "must be file:///absolute/path"
    )
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(trimmed)) return Result.fail("must be a path, memory: or postgres://...")
  return Result.succeed({ _tag: "File", path: trimmed })
}

/**
 * An address for people: no user, no password, no parameters.
 *
 * @category destructors
 * @since 0.1.0
 */
export const show = (address: Address): string => {
  switch (address._tag) {
    case "Memory":
      return "memory:"
    case "File":
      return address.path
    case "Postgres": {
      const url = URL.parse(Redacted.value(address.url))
      return url === null ? "postgres:" : `${url.protocol}//${url.host}${url.pathname}`
    }
  }
}

/**
 * What the place of the usual journal depends on. `home` is the user's folder.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  readonly platform: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/**
 * The usual journal of a user: `scanpoll/journal.db` in `XDG_STATE_HOME` where that is an absolute path; otherwise in
 * `~/.local/state`, in `~/Library/Application Support` on macOS and in `LOCALAPPDATA` on Windows.
 *
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 * @category constructors
 * @since 0.1.0
 */
export const defaultPath = (facts: Facts): string => {
  const windows = facts.platform === "win32"
  const path = windows ? Path.win32 : Path.posix
  const given = (name: string): string | null => {
    const value = facts.environment[name] ?? ""
    return path.isAbsolute(value) ? value : null
  }
  const usual = windows
    ? (given("LOCALAPPDATA") ?? path.join(facts.home, "AppData", "Local"))
    : facts.platform === "darwin"
      ? path.join(facts.home, "Library", "Application Support")
      : path.join(facts.home, ".local", "state")
  return path.join(given("XDG_STATE_HOME") ?? usual, "scanpoll", "journal.db")
}

/**
 * - `makeFolder`: makes the folder of the file, for its owner alone, where there is none. Default false: a path that was
 *   mistyped is an error.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileOptions extends SqlJournal.Options {
  readonly makeFolder?: boolean
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
): Layer.Layer<ScanJournal.ScanJournal, JournalError> =>
  Layer.provide(
    SqlJournal.layer(options),
    Layer.effect(
      SqlClient,
      Effect.suspend(() => {
        if (options.makeFolder !== true) return SqliteClient.make(path)
        return Effect.andThen(
          Effect.try({
            try: () => Fs.mkdirSync(Path.dirname(Path.resolve(path)), { recursive: true, mode: 0o700 }),
            catch: (cause) => errorOf("unavailable", cause instanceof Error ? cause.message : String(cause))
          }),
          SqliteClient.make(path)
        )
      })
    )
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
): Layer.Layer<ScanJournal.ScanJournal, JournalError> =>
  Layer.provide(
    SqlJournal.layer(options),
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
              applicationName: "scanpoll",
              maxConnections: 4,
              connectTimeout: "5 seconds",
              // A lock or a dead peer must not hold a transaction for longer than the journal waits for it.
              startupParameters: {
                lock_timeout: "4000",
                statement_timeout: "8000",
                idle_in_transaction_session_timeout: "15000"
              }
            }),
            scope
          ),
          (error) => errorOf("unavailable", error.message, error)
        )
        return Context.get(context, SqlClient)
      })
    )
  )

/**
 * The journal at an address as text, such as a setting has it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  address: string | Address,
  options: FileOptions = {}
): Layer.Layer<ScanJournal.ScanJournal, JournalError> => {
  const read = typeof address === "string" ? parse(address) : Result.succeed(address)
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
