/**
 * sqlmap for real: its API server, a page that can be injected, one that cannot, and a host that does not answer. Needs the
 * programs of Debian's package `sqlmap`; elsewhere it says in a line that they are missing, and is not counted as passed.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { type ScanOutcome, ScanJournal, Scans, VendorHttp } from "@scanpoll/core"
import { hasProgram } from "@scanpoll/test-support/tools"
import { Effect, Layer, Redacted } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import sqlmap from "../examples/vendors/sqlmap.ts"

const isHere = hasProgram("sqlmapapi")

const listening = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  )

/** A page that puts `?id=` into a query as it comes, or only where it is a number. */
const page = Effect.acquireRelease(
  Effect.promise(async () => {
    const database = new DatabaseSync(":memory:")
    database.exec("create table users (id integer, name text); insert into users values (1, 'ann'), (2, 'bob')")
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://127.0.0.1")
      const id = url.searchParams.get("id") ?? ""
      const asked = url.pathname === "/open" ? id : String(Number.parseInt(id, 10) || 0)
      try {
        const rows = database.prepare(`select name from users where id=${asked}`).all()
        response.end(`<html><body>users: ${rows.map((row) => String(row["name"])).join(", ")}</body></html>`)
      } catch {
        response.end("<html><body>users: none</body></html>")
      }
    })
    return { server, port: await listening(server) }
  }),
  ({ server }) => Effect.promise(() => new Promise((resolve) => server.close(resolve)))
)

/** A port on which nobody listens any more. */
const deadPort = Effect.promise(async () => {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
})

const auth = "scan:s3cret"

// The system's own Python has the modules that the package brings; another one in front of it has not.
const path = ["/usr/bin", "/bin", process.env["PATH"] ?? ""].join(delimiter)

/** The API server in a scratch home; it says on which port it listens. */
const api = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<{ readonly port: number; readonly stop: () => Promise<void> }>((resolve, reject) => {
        const home = mkdtempSync(join(tmpdir(), "scanpoll-sqlmap-"))
        const child = spawn(
          "sqlmapapi",
          ["-s", "-H", "127.0.0.1", "-p", "0", "--username", "scan", "--password", "s3cret"],
          // Its engines are in its process group, so that all of them end with it.
          { detached: true, env: { ...process.env, PATH: path, HOME: home, TMPDIR: home, PYTHONUNBUFFERED: "1" } }
        )
        const ended = new Promise<void>((done) => child.once("close", () => done()))
        const stop = async () => {
          if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
          await ended
          rmSync(home, { recursive: true, force: true })
        }
        let said = ""
        const read = (more: Buffer) => {
          said += String(more)
          const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1]
          if (port !== undefined && said.includes("Using adapter")) resolve({ port: Number(port), stop })
        }
        child.stdout.on("data", read)
        child.stderr.on("data", read)
        child.once("error", reject)
        child.once("exit", () => reject(new Error(`sqlmapapi ended by itself: ${said.slice(0, 500)}`)))
      })
  ),
  ({ stop }) => Effect.promise(stop)
)

const severityOf = (outcome: ScanOutcome.ScanOutcome<unknown>) =>
  outcome._tag === "Failed" ? null : outcome.assessment.severity

describe("sqlmap's own server", () => {
  it.live.runIf(isHere)(
    "tells a page that can be injected, one that cannot, and a dead host apart, by its log alone (issue 18)",
    () =>
      Effect.gen(function* () {
        const { port } = yield* page
        const dead = yield* deadPort
        // A server of its own for each scan: what one leaves in its home is nothing to the next.
        const scan = (url: string) =>
          Effect.scoped(
            Effect.gen(function* () {
              const server = yield* api
              const adapter = yield* sqlmap.make({
                credential: Redacted.make(auth),
                baseUrl: `http://127.0.0.1:${server.port}`,
                insecureHosts: [`127.0.0.1:${server.port}`]
              })
              const target = { url, authorized: true, technique: "B" }
              return yield* Scans.run(adapter, target, { policy: () => adapter.policies.interactive })
            })
          )
        const open = yield* scan(`http://127.0.0.1:${port}/open?id=1`)
        assert.deepStrictEqual([open._tag, severityOf(open)], ["Completed", "critical"], JSON.stringify(open))
        if (open._tag === "Failed") return
        assert.strictEqual(open.findings.items[0]?.ruleId, "CWE-89")
        const closed = yield* scan(`http://127.0.0.1:${port}/closed?id=1`)
        assert.deepStrictEqual([closed._tag, severityOf(closed)], ["Completed", "none"], JSON.stringify(closed))
        const nobody = yield* scan(`http://127.0.0.1:${dead}/?id=1`)
        assert.strictEqual(nobody._tag, "Failed", JSON.stringify(nobody))
        if (nobody._tag !== "Failed") return
        assert.strictEqual(nobody.reason.code, "nothing-tested")
        assert.strictEqual(nobody.vendorStatus, closed.vendorStatus)
      }).pipe(
        Effect.scoped,
        Effect.provide(
          Layer.merge(Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici), ScanJournal.layerMemory)
        )
      )
  )
})
