/**
 * What the command costs with very many open scans in a journal file, and with very large results: processes of the command as
 * a user starts them, over a vendor in this process.
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Journal from "@scanpoll/journal/Journal"
import * as Effect from "effect/Effect"
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { table } from "./table.ts"

/** How much is measured: `open` scans in one journal, `results` results of `megabytes` each in one run. */
export interface Size {
  readonly open: number
  readonly results: number
  readonly megabytes: number
}

/** The promised size of each figure; `null` where none is. */
interface Figure {
  readonly what: string
  readonly seconds: number
  readonly cpu: number
  readonly megabytes: number
  readonly most: { readonly seconds: number | null; readonly megabytes: number | null }
}

// It documents no rate limit, so nothing is waited for but the command.
const name = "compliance"
const token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJiZW5jaCJ9.none"

const environment = (base: string, journal: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  SCANPOLL_JOURNAL: journal,
  SCANPOLL_ALLOW_INSECURE_HOSTS: new URL(base).host,
  COMPLIANCE_BASE_URL: base,
  COMPLIANCE_TOKEN: token
})

/** A vendor that answers at once, and lets as many requests pass as come. */
class Vendor {
  readonly server: Server
  /** Whether scans have ended: then each has a result of that many bytes. */
  result: string | null = null
  polls = 0
  private made = 0

  constructor() {
    this.server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => this.answer(request, response))
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.server.listen(0, "127.0.0.1", () => {
        const address = this.server.address()
        resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`)
      })
    })
  }

  close(): void {
    this.server.closeAllConnections()
    this.server.close()
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const headers = { "content-type": "application/json" }
    if (request.method === "POST") {
      request.resume().on("end", () => {
        response.writeHead(200, headers)
        response.end(JSON.stringify({ scan_id: uuid(++this.made) }))
      })
      return
    }
    this.polls += 1
    const id = /[0-9a-f-]{36}/.exec(request.url ?? "")?.[0] ?? ""
    response.writeHead(200, headers)
    response.end(this.result === null ? JSON.stringify({ ...dataset, id }) : this.result.replace(noId, id))
  }
}

const uuid = (number: number): string => `550e8400-e29b-41d4-a716-${String(number).padStart(12, "0")}`
const noId = uuid(0)

// A scan that runs, as the vendor documents it.
const dataset = {
  id: noId,
  audit_name: null,
  status: "running",
  policy_id: noId,
  upload_id: noId,
  mapping_id: noId,
  audit_id: null,
  violation_count: 0,
  compliance_score: 0,
  rules_processed: 3,
  rules_total: 12,
  record_count: 0,
  mapping_config: null,
  temporal_scale: 24,
  score_history: [],
  delta: null,
  data_source: null,
  file_name: null,
  review_summary: null,
  created_at: "2026-11-22T10:00:00Z",
  completed_at: null
}

/** An answer with a result of so many bytes, in texts of 200 characters. */
const resultOf = (megabytes: number): string => {
  const text = "what a column of the data means to the rules of the policy, in words of a person. "
    .repeat(3)
    .slice(0, 200)
  const columns = Array.from({ length: Math.ceil((megabytes * 1e6) / 225) }, (_, at) => ({ at, text }))
  return JSON.stringify({
    ...dataset,
    status: "completed",
    compliance_score: 100,
    rules_processed: 12,
    record_count: 1000,
    mapping_config: { columns },
    completed_at: "2026-11-22T10:01:15Z"
  })
}

interface Ran {
  readonly seconds: number
  readonly cpu: number
  readonly megabytes: number
  readonly code: number | null
}

// Processor time of a process in seconds, and the most memory that it had in kilobytes; null once it has gone, and where the
// system does not tell.
export const lookAt = (pid: number | undefined): { readonly cpu: number; readonly kilobytes: number } | null => {
  try {
    const ticks = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\)\s*/s, "")
      .split(" ")
    const most = /VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    return most === undefined ? null : { cpu: (Number(ticks[11]) + Number(ticks[12])) / 100, kilobytes: Number(most) }
  } catch {
    return null
  }
}

/** Runs a process to its end, or until `until` has ended and then to SIGTERM. */
const run = async (
  command: string,
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  until?: (sofar: () => Pick<Ran, "cpu" | "seconds">, isOver: () => boolean) => Promise<void>
): Promise<Ran> => {
  const began = performance.now()
  const child = spawn(process.execPath, [command, ...args], { env, stdio: ["ignore", "pipe", "inherit"] })
  const over = new Promise<number | null>((resolve) => child.once("close", resolve))
  child.stdout.resume()
  let seen = { cpu: Number.NaN, kilobytes: Number.NaN }
  const look = () => (seen = lookAt(child.pid) ?? seen)
  const watch = setInterval(look, 20)
  const seconds = () => (performance.now() - began) / 1000
  if (until !== undefined) {
    await until(
      () => ({ seconds: seconds(), cpu: look().cpu }),
      () => child.exitCode !== null
    )
    child.kill("SIGTERM")
  }
  const code = await over
  clearInterval(watch)
  return { seconds: seconds(), cpu: seen.cpu, megabytes: seen.kilobytes / 1000, code }
}

/** Fills a journal with open scans, as clients leave them that were killed. */
const fill = (path: string, origin: string, count: number): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        for (let at = 0; at < count; at++) {
          const made = yield* journal.claim(
            { vendor: name, origin, account: "default", environment: "", fingerprint: uuid(at) },
            { subject: { kind: "dataset", id: uuid(at), name: `Data ${at}` }, kind: "", reuseFrom: 0 }
          )
          const scanId = uuid(at)
          const ticket = ScanTicket.make({ vendor: name, origin, account: "default", scanId, submittedAt: Date.now() })
          yield* journal.submitted(made.claimId, ticket, 0)
          journal.leave(made.claimId)
        }
      })
    ).pipe(Effect.provide(Journal.layer({ _tag: "File", path })))
  )

/** Writes the published command into a folder, and gives the path of its program. */
export const publish = (folder: string): string => {
  const command = join(folder, "node_modules/scanpoll")
  const bundle = new URL("../../tooling/bundle.mjs", import.meta.url).href
  const script = `import { writeCommand } from ${JSON.stringify(bundle)}; await writeCommand(process.argv[1])`
  execFileSync(process.execPath, ["--input-type=module", "-e", script, command], {
    stdio: ["ignore", "ignore", "inherit"]
  })
  return join(command, "bin/scanpoll.js")
}

/** Measures, and says it as Markdown. `built`: another build of the command; null for the one that would be published now. */
export const scale = async (
  built: string | null,
  size: Size,
  say: (line: string) => void
): Promise<{ readonly section: ReadonlyArray<string>; readonly broken: ReadonlyArray<string> }> => {
  const folder = mkdtempSync(join(tmpdir(), "scanpoll-scale-"))
  const vendor = new Vendor()
  const figures: Array<Figure> = []
  const broken: Array<string> = []
  const add = (what: string, { cpu, megabytes, seconds }: Omit<Ran, "code">, most: Figure["most"]): void => {
    figures.push({ what, seconds, cpu, megabytes, most })
  }
  const mustEnd = (what: string, { code }: Ran, wanted: ReadonlyArray<number>): void => {
    if (code === null || !wanted.includes(code)) broken.push(`${what} ended with ${code}, not ${wanted.join(" or ")}`)
  }
  try {
    if (built === null) say("scale: builds the command")
    const command = built ?? publish(folder)
    const base = await vendor.listen()
    const none = { seconds: null, megabytes: null }

    const many = join(folder, "many.db")
    say(`scale: ${size.open} open scans`)
    await fill(many, base, size.open)
    const env = environment(base, many)
    const status = await run(command, ["status"], env)
    mustEnd("status", status, [0])
    add(`\`status\`, ${size.open} open scans`, status, { seconds: 0.5, megabytes: null })
    const json = await run(command, ["status", "-o", "json"], env)
    mustEnd("status -o json", json, [0])
    add(`\`status -o json\`, ${size.open} open scans`, json, none)
    let first = { seconds: Number.NaN, cpu: Number.NaN }
    const resume = await run(command, ["resume", "--quiet", "-o", "json=/dev/null"], env, async (sofar, isOver) => {
      while (vendor.polls === 0 && !isOver()) await pause(5)
      first = sofar()
      await pause(5_000)
    })
    mustEnd("resume", resume, [130])
    add(
      `\`resume\`, ${size.open} open scans, to its first poll`,
      { ...resume, ...first },
      { seconds: 2, megabytes: 300 }
    )

    const large = join(folder, "large.db")
    say(`scale: ${size.results} results of ${size.megabytes} MB`)
    vendor.result = resultOf(size.megabytes)
    const targets = Array.from({ length: size.results }, (_, at) => ({
      vendor: name,
      policyId: noId,
      uploadId: uuid(at),
      mappingId: noId
    }))
    const plan = join(folder, "plan.json")
    writeFileSync(plan, JSON.stringify({ version: 1, targets }))
    const about = `${size.results} results of ${size.megabytes} MB`
    const within = { seconds: null, megabytes: 400 }
    const bought = await run(
      command,
      ["run", plan, "--quiet", "--timeout", "24h", "-o", `json=${join(folder, "report.json")}`],
      environment(base, large)
    )
    mustEnd("run", bought, [0])
    add(`\`run\`, ${about}`, bought, within)
    const history = await run(command, ["history"], environment(base, large))
    mustEnd("history", history, [0])
    add(`\`history\`, ${about}`, history, within)
    const report = await run(command, ["report", "--run", "last", "-o", "markdown"], environment(base, large))
    mustEnd("report", report, [0])
    add(`\`report --run last\`, ${about}`, report, within)
  } finally {
    vendor.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const bound = (value: number, most: number | null, digits: number): string =>
    `${value.toFixed(digits)}${most === null ? "" : value <= most ? ` (at most ${most})` : ` (**over ${most}**)`}`
  return {
    section: [
      "### Scale: many open scans, large results",
      "Whole processes of the published command, with the start of Node in each. Memory is the most that the process had resident.",
      table(
        ["command", "seconds", "CPU, s", "MB"],
        figures.map(({ cpu, megabytes, most, seconds, what }) => [
          what,
          bound(seconds, most.seconds, 2),
          cpu.toFixed(2),
          bound(megabytes, most.megabytes, 0)
        ])
      )
    ],
    broken
  }
}
