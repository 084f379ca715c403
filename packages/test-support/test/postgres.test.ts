import { connect, start } from "@scanpoll/test-support/postgres"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { assert, describe, it, vi } from "vitest"

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const script = join(import.meta.dirname, "../src/postgresServer.mjs")

describe("the PostgreSQL of the tests", () => {
  it("starts where the folder for temporary files is private to us, whoever runs the server", async () => {
    const folder = mkdtempSync(join(tmpdir(), "scanpoll-private-"))
    chmodSync(folder, 0o700)
    const before = process.env["TMPDIR"]
    process.env["TMPDIR"] = folder
    try {
      const server = await start()
      try {
        const ask = Effect.flatMap(connect(server.url), (sql) => sql.unsafe<{ n: number }>("SELECT 1 AS n"))
        assert.deepStrictEqual(await Effect.runPromise(Effect.scoped(ask)), [{ n: 1 }])
      } finally {
        await server.end()
      }
    } finally {
      if (before === undefined) delete process.env["TMPDIR"]
      else process.env["TMPDIR"] = before
      rmSync(folder, { recursive: true })
    }
  })

  it("is stopped where a signal has ended it already, and starts again", async () => {
    const server = await start()
    const ask = <A extends object>(query: string) =>
      Effect.runPromise(Effect.scoped(Effect.flatMap(connect(server.url), (sql) => sql.unsafe<A>(query))))
    try {
      const [file] = await ask<{ text: string }>("SELECT pg_read_file('postmaster.pid') AS text")
      const pid = Number.parseInt(file?.text ?? "")
      process.kill(pid, "SIGKILL")
      await vi.waitUntil(() => !isThere(pid), { timeout: 60_000 })
      await server.stop()
      await server.start()
      assert.deepStrictEqual(await ask<{ n: number }>("SELECT 1 AS n"), [{ n: 1 }])
    } finally {
      await server.end()
    }
  })

  it("says why it did not start, and ends with 1", async () => {
    const env = { ...process.env, NODE_OPTIONS: "", SCANPOLL_TEST_POSTGRES: "/nowhere" }
    const child = spawn(process.execPath, [script], { env, stdio: ["pipe", "ignore", "pipe"] })
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
    const [code] = await once(child, "close")
    assert.strictEqual(code, 1)
    assert.match(said, /^PostgreSQL did not start: .*\/nowhere/)
  })
})
