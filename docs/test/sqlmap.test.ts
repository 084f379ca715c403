/**
 * sqlmap for real: its API server, three targets in one plan, the journal and the report. Needs the programs of Debian's package
 * `sqlmap`; elsewhere it says in a line that they are missing, is skipped, and is not counted as passed.
 */
import { assert, describe, it } from "@effect/vitest"
import { program, quickly } from "@scanpoll/test-support/programs"
import { hasProgram } from "@scanpoll/test-support/tools"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { fileURLToPath } from "node:url"

const isHere = hasProgram("sqlmapapi")

const listening = (server: Server) =>
  new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  )

const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))

/** A page that puts `?id=` into a query as it comes, and one that takes only a number. */
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
  ({ server }) => Effect.promise(() => closed(server))
)

/** A port on which nobody listens any more. */
const deadPort = Effect.promise(async () => {
  const server = createServer()
  const port = await listening(server)
  await closed(server)
  return port
})

/**
 * A folder that is gone in the end. Its name must not hold "sqlmap": an engine would take it for its own, and remove what the
 * server has in it when it ends. All later ones then end with code 1, and an empty log.
 */
const scratch = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "scanpoll-injection-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
)

const auth = "scan:s3cret"

// The system's own Python has the modules that the package brings; another one in front of it has not.
const path = ["/usr/bin", "/bin", process.env["PATH"] ?? ""].join(delimiter)

/** The API server, at home in a folder of its own; it says on which port it listens. */
const api = (home: string) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly port: number; readonly stop: () => Promise<void> }>((resolve, reject) => {
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

const vendor = fileURLToPath(new URL("../examples/vendors/sqlmap.ts", import.meta.url))

/** The command, with nothing of the machine's own. */
const scanpoll = (environment: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.promise(
    () =>
      new Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>((resolve) => {
        const env = { PATH: path, ...quickly, ...environment, SCANPOLL_VENDOR: vendor }
        const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
        const said = { out: "", error: "" }
        child.stdout.on("data", (more: Buffer) => void (said.out += String(more)))
        child.stderr.on("data", (more: Buffer) => void (said.error += String(more)))
        child.once("close", (code) => resolve({ code, ...said }))
      })
  )

describe("sqlmap's own server", () => {
  it.live.runIf(isHere)(
    "tells a page that can be injected, one that cannot and a dead host apart, in one plan, journal and report (issue 18)",
    () =>
      Effect.gen(function* () {
        const folder = yield* scratch
        const { port } = yield* page
        const dead = yield* deadPort
        const server = yield* api(folder)
        const base = `http://127.0.0.1:${server.port}`
        const target = (url: string) => ({ vendor: "sqlmap", url, authorized: true, technique: "B" })
        const plan = join(folder, "scans.yaml")
        writeFileSync(
          plan,
          JSON.stringify({
            version: 1,
            vendors: { sqlmap: { pace: "interactive" } },
            gate: { failOn: "high" },
            targets: [
              target(`http://127.0.0.1:${port}/open?id=1`),
              target(`http://127.0.0.1:${port}/closed?id=1`),
              target(`http://127.0.0.1:${dead}/?id=1`)
            ]
          })
        )
        const environment = {
          SQLMAP_API_AUTH: auth,
          SQLMAP_BASE_URL: base,
          SCANPOLL_ALLOW_INSECURE_HOSTS: `127.0.0.1:${server.port}`,
          SCANPOLL_JOURNAL: join(folder, "journal.db")
        }
        const report = join(folder, "report.json")
        const ran = yield* scanpoll(environment, "run", plan, "-o", `json=${report}`, "-o", "text")
        assert.strictEqual(ran.code, 1, ran.error)
        const { scans } = JSON.parse(readFileSync(report, "utf8"))
        const [open, clean, nobody] = scans
        assert.deepInclude(open, { state: "completed", severity: "critical" }, ran.error)
        assert.strictEqual(open.findings.items[0].ruleId, "sqli/boolean")
        assert.deepInclude(clean, { state: "completed", severity: "none" }, ran.error)
        assert.deepInclude(nobody, { state: "failed", resumable: false }, ran.error)
        assert.strictEqual(nobody.reason.code, "nothing-tested")
        assert.include(ran.out, "unable to connect to the target URL")
        assert.notInclude(`${ran.out}${ran.error}${JSON.stringify(scans)}`, "s3cret")

        // What the server says of the dead host is what it says of the clean page: only the log tells.
        const said = (scanId: string, what: string) =>
          Effect.promise(async (): Promise<unknown> => {
            const headers = { authorization: `Basic ${btoa(auth)}` }
            return (await fetch(`${base}/scan/${scanId}/${what}`, { headers })).json()
          })
        for (const what of ["status", "data"]) {
          assert.deepStrictEqual(yield* said(nobody.scanId, what), yield* said(clean.scanId, what), what)
        }

        const history = yield* scanpoll(environment, "history", "-o", "json")
        for (const { scanId } of scans) assert.include(history.out, scanId)
      }).pipe(Effect.scoped)
  )
})
