/** ZAP, played: a process that is killed while the spider runs has submitted nothing, and the next one starts one active scan. */
import { assert, describe, it } from "@effect/vitest"
import { Stage } from "@scanpoll/testkit"
import { hurried } from "@scanpoll/test-support/hurry"
import { program, quickly } from "@scanpoll/test-support/programs"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const key = "zap-key-0123456789"

const scratch = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "scanpoll-zap-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

describe("ZAP", () => {
  it.live(
    "a process that is killed while the spider runs has started no active scan, and the next one starts one (issue 18)",
    () =>
      Effect.gen(function* () {
        const folder = yield* scratch
        const zap = yield* Stage.make({ vendor: "zap", auth: { header: "X-ZAP-API-Key" }, credentials: [key] })
        const answer = (path: RegExp, ...bodies: ReadonlyArray<object>) =>
          zap.script({
            match: { path },
            steps: bodies.map((body, at) => ({ body, status: 200, times: at === bodies.length - 1 ? Infinity : 1 }))
          })
        const done = { id: "0", state: "FINISHED", progress: "100", reqCount: "42" }
        const alert = { id: "1", alertRef: "10038-1", name: "CSP", risk: "Low", url: "https://shop.example/" }
        yield* answer(/spider\/action\/scan/, { scan: "0" }, { scan: "1" })
        yield* answer(/spider\/view\/status\/\?scanId=0/, { status: "37" })
        yield* answer(/spider\/view\/status\/\?scanId=1/, { status: "100" })
        yield* answer(/recordsToScan/, { recordsToScan: "0" })
        yield* answer(/ascan\/view\/scans/, { scans: [] }, { scans: [done] })
        yield* answer(/ascan\/action\/scan/, { scan: "0" })
        yield* answer(/alertsSummary/, { alertsSummary: { High: 0, Medium: 0, Low: 1, Informational: 0 } })
        yield* answer(/view\/alerts\//, { alerts: [alert] })
        const asked = (path: string) => zap.ledger.requests({ where: (entry) => entry.path.includes(path) }).length

        const plan = join(folder, "scans.yaml")
        const target = { vendor: "zap", url: "https://shop.example/", authorized: true }
        writeFileSync(plan, JSON.stringify({ version: 1, vendors: { zap: {} }, targets: [target] }))
        const report = join(folder, "report.json")
        const start = () => {
          const env = {
            PATH: process.env["PATH"],
            ...quickly,
            ...hurried,
            ZAP_API_KEY: key,
            ZAP_BASE_URL: zap.baseUrl,
            SCANPOLL_ALLOW_INSECURE_HOSTS: `127.0.0.1:${zap.port}`,
            SCANPOLL_JOURNAL: join(folder, "journal.db"),
            SCANPOLL_VENDOR: fileURLToPath(new URL("../examples/vendors/zap.ts", import.meta.url))
          }
          const args = [program, "run", plan, "-o", `json=${report}`]
          const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] })
          let error = ""
          child.stderr.on("data", (more: Buffer) => void (error += String(more)))
          const ended = new Promise<{ readonly code: number | null; readonly error: string }>((resolve) =>
            child.once("close", (code) => resolve({ code, error }))
          )
          return { child, ended: Effect.promise(() => ended) }
        }

        const first = start()
        yield* Effect.raceFirst(
          zap.ledger.until(() => asked("spider/view/status") > 0),
          Effect.flatMap(first.ended, ({ error }) => Effect.die(new Error(error)))
        )
        first.child.kill("SIGKILL")
        yield* first.ended
        assert.deepStrictEqual([asked("spider/action/scan"), asked("ascan/action/scan")], [1, 0])

        const { code, error } = yield* start().ended
        assert.strictEqual(code, 0, error)
        assert.deepStrictEqual([asked("spider/action/scan"), asked("ascan/action/scan")], [2, 1])
        const { scans } = JSON.parse(readFileSync(report, "utf8"))
        assert.deepInclude(scans[0], { vendor: "zap", state: "completed", severity: "low" })
      }).pipe(Effect.scoped)
  )
})
