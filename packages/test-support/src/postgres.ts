/**
 * A real PostgreSQL: a database of the one server that a run of the tests has, or a server of one's own, which can be stopped
 * and started again.
 */
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

export interface Database {
  /** Its address. */
  readonly url: string
  /** The address of an empty schema, in which a connection finds its tables. */
  readonly schema: () => Promise<string>
}

export interface Server extends Database {
  /** The process that keeps the server. */
  readonly pid: number
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  /** Ends the server for good. It also ends when this process does. */
  readonly end: () => Promise<void>
}

/** Starts a server. Fails with what PostgreSQL said where it does not start. */
export const start = async (): Promise<Server> => {
  const script = join(import.meta.dirname, "postgresServer.mjs")
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "pipe"] })
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < 10_000) said += text
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const line = await lines.next()
    if (line.done !== true) return JSON.parse(line.value)
    await gone
    throw new Error(said === "" ? "PostgreSQL ended without a word" : said)
  }
  const url = String(Object(await next()).url)
  const order = async (word: "stop" | "start"): Promise<void> => {
    child.stdin.write(`${word}\n`)
    await next()
  }
  return {
    pid: child.pid ?? 0,
    url,
    schema: () => Effect.runPromise(emptySchema(url)),
    stop: () => order("stop"),
    start: () => order("start"),
    end: async () => {
      child.stdin.end()
      await gone
    }
  }
}

/** A connection to an address, of at most two sessions. */
export const connect = (address: string): Effect.Effect<SqlClient.SqlClient, SqlError, Scope.Scope> =>
  Effect.map(Layer.build(PgClient.layer({ url: Redacted.make(address), maxConnections: 2 })), (context) =>
    Context.get(context, SqlClient.SqlClient)
  )

// Where `serverOfRun.ts` says the address of the run's server.
const ofRun = process.env["LAUNCHER_POSTGRES"]

const serverOfRun = async (): Promise<string> => {
  if (ofRun === undefined) throw new Error("this project has no server for all its tests: see vitest.workspace.ts")
  // oxlint-disable-next-line no-restricted-globals -- asks the process that runs the tests, once in each of its workers
  const answer = await fetch(ofRun)
  const words = await answer.text()
  if (!answer.ok) throw new Error(words)
  return words
}

let databases = 0

/**
 * A database of one's own on the run's server, which other test files use at the same time: who asks what goes on in the
 * server asks for `current_database()`. It lasts as long as the server.
 */
export const database = async (): Promise<Database> => {
  const url = await serverOfRun()
  const name = `d${process.pid}_${++databases}`
  await Effect.runPromise(Effect.scoped(Effect.flatMap(connect(url), (sql) => sql.unsafe(`CREATE DATABASE ${name}`))))
  const own = url.replace(/[^/]*$/, name)
  return { url: own, schema: () => Effect.runPromise(emptySchema(own)) }
}

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
