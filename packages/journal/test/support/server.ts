/** A real PostgreSQL in a process of its own, for whoever needs one; the test runner is not. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"

export interface Server {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** It also ends when this process does. */
export const start = async (): Promise<Server> => {
  const script = join(import.meta.dirname, "postgresServer.mjs")
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] })
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await gone
  }
  for await (const line of createInterface({ input: child.stdout })) return { url: JSON.parse(line).url, stop }
  throw new Error("PostgreSQL did not start")
}

export const connect = (address: string): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
  Effect.map(Layer.build(PgClient.layer({ url: Redacted.make(address), maxConnections: 2 })), (context) =>
    Context.get(context, SqlClient.SqlClient)
  )

let schemas = 0

/** The address of an empty schema of the server's database, in which a connection finds its tables. */
export const emptySchema = (url: string): Effect.Effect<string, SqlError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const schema = `t${process.pid}_${++schemas}`
      const sql = yield* connect(url)
      yield* sql.unsafe(`CREATE SCHEMA ${schema}`)
      return `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
    })
  )
