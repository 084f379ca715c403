/** A real PostgreSQL in a process of its own, which can be stopped and started again. */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"

export interface Server {
  /** The process that keeps the server. */
  readonly pid: number
  /** The address of an empty schema, in which a connection finds its tables. */
  readonly schema: () => Promise<string>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
  /** Ends the server for good. It also ends when this process does. */
  readonly end: () => Promise<void>
}

export const start = async (): Promise<Server> => {
  const script = join(import.meta.dirname, "postgres.mjs")
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] })
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const line = await lines.next()
    if (line.done === true) throw new Error("PostgreSQL has ended")
    return JSON.parse(line.value)
  }
  const url = String(Object(await next()).url)
  const order = async (word: "stop" | "start"): Promise<void> => {
    child.stdin.write(`${word}\n`)
    await next()
  }
  let schemas = 0
  return {
    pid: child.pid ?? 0,
    schema: async () => {
      const schema = `t${process.pid}_${++schemas}`
      const make = Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(`CREATE SCHEMA ${schema}`))
      await Effect.runPromise(Effect.provide(make, ClusterDatabase.layer(url)))
      return `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
    },
    stop: () => order("stop"),
    start: () => order("start"),
    end: async () => {
      child.stdin.end()
      await gone
    }
  }
}
