/**
 * The databases a journal is tried on: a file in a folder of its own, and a real PostgreSQL.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { afterAll, beforeAll } from "vitest"

/** One empty store: `address` opens it as a user would, `client` speaks to it past the journal. */
export interface Database {
  readonly address: string
  readonly client: Effect.Effect<SqlClient.SqlClient, unknown, Scope.Scope>
}

export interface Databases {
  readonly name: "SQLite" | "PostgreSQL"
  readonly make: Effect.Effect<Database, unknown, Scope.Scope>
}

/** A folder that is gone after the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "scanpoll-journal-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

export const sqlite: Databases = {
  name: "SQLite",
  make: Effect.map(folder, (path) => {
    const file = join(path, "journal.db")
    return { address: file, client: SqliteClient.make(file) }
  })
}

/** Starts the server for the tests of this file, and ends it after them. */
export const postgres = (): Databases => {
  let url = ""
  let schemas = 0
  let end = async (): Promise<void> => undefined
  beforeAll(async () => {
    const script = join(import.meta.dirname, "postgresServer.mjs")
    const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] })
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    end = async () => {
      child.stdin.end()
      await gone
    }
    for await (const line of createInterface({ input: child.stdout })) {
      url = JSON.parse(line).url
      return
    }
    throw new Error("PostgreSQL did not start")
  }, 60_000)
  afterAll(() => end(), 30_000)

  const connect = (address: string): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
    Effect.map(Layer.build(PgClient.layer({ url: Redacted.make(address), maxConnections: 2 })), (context) =>
      Context.get(context, SqlClient.SqlClient)
    )
  return {
    name: "PostgreSQL",
    make: Effect.gen(function* () {
      const schema = `t${process.pid}_${++schemas}`
      const sql = yield* connect(url)
      yield* sql.unsafe(`CREATE SCHEMA ${schema}`)
      const address = `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
      return { address, client: connect(address) }
    })
  }
}
