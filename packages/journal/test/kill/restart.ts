/**
 * How long after its start a process asks a vendor again, when the one before was killed with so many scans open: the
 * command (`scanpoll resume`) and a program of one's own (`Scans.resumeOpen`), on a file. `--open N,N,...` (default
 * 1,100,1000,10000), `--rounds N` (default 7). The times are from the start of the process to the first request that the
 * vendor's server reads; all stored next poll times have passed. Run it alone on the machine.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Journal from "@scanpoll/journal/Journal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"

interface Order {
  readonly role: "fill" | "resume"
  readonly journal: string
  readonly port: number
  readonly open: number
}

const adapterAt = (port: number) =>
  AppVet.make({
    baseUrl: `http://127.0.0.1:${port}`,
    credential: Redacted.make(key),
    insecureHosts: [`127.0.0.1:${port}`]
  })
const key = "av_live_0123456789abcdef0123456789abcdef"

// Buys so many scans as far as the journal knows, and is killed.
const fill = ({ open, port }: Order) =>
  Effect.gen(function* () {
    const { account, environment, origin, vendor } = yield* adapterAt(port)
    const journal = yield* ScanJournal.ScanJournal
    const submittedAt = (yield* Clock.currentTimeMillis) - 60_000
    for (let n = 0; n < open; n++) {
      const fingerprint = `https://shop-${n}.example/ security`
      const subject = { kind: "url", id: `https://shop-${n}.example/`, name: `shop ${n}` } as const
      const { claimId } = yield* journal.claim(
        { vendor, origin, account, environment, fingerprint },
        { subject, reuseFrom: 0, kind: "security" }
      )
      const ticket = ScanTicket.make({ vendor, origin, account, scanId: `scan_${n}`, submittedAt })
      yield* journal.submitted(claimId, ticket, submittedAt + 5_000)
    }
    process.kill(process.pid, "SIGKILL")
  })

const resume = ({ port }: Order) =>
  Effect.flatMap(adapterAt(port), (adapter) => Stream.runDrain(Scans.resumeOpen([adapter])))

const play = (order: Order): Promise<void> =>
  Effect.runPromise(
    (order.role === "fill" ? fill(order) : resume(order)).pipe(
      Effect.provide(Journal.layer(order.journal)),
      Effect.provide(VendorHttp.layer.pipe(Layer.provide(NodeHttpClient.layerUndici))),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )

const start = (args: ReadonlyArray<string>, env: Record<string, string>) =>
  spawn(process.execPath, args, {
    env: { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "ignore", "inherit"]
  })

const measure = async (): Promise<void> => {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((arg) => arg !== "--"),
    options: { open: { type: "string", default: "1,100,1000,10000" }, rounds: { type: "string", default: "7" } }
  })
  let asked = (): void => undefined
  // Says nothing more: the first question is all that is wanted.
  const server = createServer(() => asked())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const command = join(import.meta.dirname, "../../../cli/src/main.ts")
  const ways = {
    command: (journal: string) =>
      start([command, "resume", "--journal", journal, "--progress", "none", "-o", "json=/dev/null"], {
        APPVET_API_KEY: key,
        APPVET_BASE_URL: `http://127.0.0.1:${port}`,
        SCANPOLL_ALLOW_INSECURE_HOSTS: `127.0.0.1:${port}`
      }),
    library: (journal: string) =>
      start([import.meta.filename], { RESTART: JSON.stringify({ role: "resume", journal, port, open: 0 }) })
  }
  const folder = mkdtempSync(join(tmpdir(), "scanpoll-restart-"))
  for (const open of values.open.split(",").map(Number)) {
    const filled = join(folder, `${open}`)
    cpSync(mkdtempSync(join(folder, "empty-")), filled, { recursive: true })
    const order: Order = { role: "fill", journal: join(filled, "journal.db"), port, open }
    const filling = start([import.meta.filename], { RESTART: JSON.stringify(order) })
    await new Promise((resolve) => filling.once("close", resolve))
    for (const [name, begin] of Object.entries(ways)) {
      const times: Array<number> = []
      for (let round = 0; round < Number(values.rounds); round++) {
        const copy = join(folder, `${open}-${name}-${round}`)
        cpSync(filled, copy, { recursive: true })
        const began = performance.now()
        const first = new Promise<number>((resolve) => (asked = () => resolve(performance.now() - began)))
        const child = begin(join(copy, "journal.db"))
        const gone = new Promise<null>((resolve) => child.once("close", () => resolve(null)))
        const time = await Promise.race([first, gone])
        if (time === null) throw new Error(`${name}: ended without a question`)
        times.push(time)
        child.kill("SIGKILL")
        await gone
        rmSync(copy, { recursive: true })
      }
      times.sort((a, b) => a - b)
      const [least = 0, most = 0] = [times[0], times.at(-1)]
      const median = times[Math.floor(times.length / 2)] ?? 0
      process.stdout.write(
        `${open} open, ${name}: median ${Math.round(median)} ms, ${Math.round(least)} to ${Math.round(most)} ms ` +
          `(${times.length} restarts)\n`
      )
    }
  }
  rmSync(folder, { recursive: true })
  server.closeAllConnections()
  server.close()
}

const told = process.env["RESTART"]
if (told === undefined) await measure()
else {
  const order: Order = JSON.parse(told)
  await play(order)
}
