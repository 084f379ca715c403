/**
 * What `scanpoll serve` costs over a journal with very many claims: its pages and lists from outside, over HTTP, and its events
 * to very many listeners of whom some never read. The server is a process of the command as a user starts it, over a file and
 * over a real PostgreSQL.
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Journal from "@scanpoll/journal/Journal"
import type { JournalAddress } from "@scanpoll/journal/JournalAddress"
import * as Postgres from "@scanpoll/test-support/postgres"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { Agent, request } from "node:http"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { lookAt, publish } from "./scale.ts"
import { quantile } from "./statistics.ts"
import { digits, table } from "./table.ts"

/** `claims` in the journal, half of them open; `samples` of each request; that many `listeners`, and `silent` ones, for `seconds`. */
export interface Size {
  readonly claims: number
  readonly samples: number
  readonly listeners: number
  readonly silent: number
  readonly seconds: number
}

const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const
const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Struct({ said: Schema.String })))

const add = (journal: ScanJournal.Operations, name: string, settles: boolean) =>
  Effect.gen(function* () {
    const subject = { kind: "url", id: `https://${name}.test/`, name: `https://${name}.test/` } as const
    const { claimId } = yield* journal.claim(
      { ...account, environment: "", fingerprint: name },
      { subject, kind: "security", reuseFrom: 0 }
    )
    const ticket = ScanTicket.make({ ...account, scanId: name, submittedAt: Date.now() })
    yield* journal.submitted(claimId, ticket, 0)
    if (!settles) return
    const outcome = ScanOutcome.makeCompleted({
      ticket,
      vendorStatus: "done",
      assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
      findings: { coverage: "full", total: 0, items: [] },
      payload: { said: "a result of some length. ".repeat(40) }
    })
    yield* journal.settled(claimId, Schema.encodeSync(codec)(outcome))
  })

const within = <A>(address: JournalAddress, use: (journal: ScanJournal.Operations) => Effect.Effect<A, unknown>) =>
  Effect.runPromise(
    Effect.scoped(Effect.flatMap(ScanJournal.ScanJournal, use)).pipe(Effect.provide(Journal.layer(address)))
  )

const fill = (address: JournalAddress, count: number): Promise<void> =>
  within(address, (journal) =>
    Effect.forEach(
      Array.from({ length: count }),
      (_, at) => add(journal, `s${String(at).padStart(6, "0")}`, at % 2 === 0),
      { concurrency: 32, discard: true }
    )
  )

// `cpu`: milliseconds of processor time each.
interface Timed {
  readonly middle: number
  readonly most: number
  readonly cpu: number
}

// The first ones compile.
const warm = 20

const timed = <A, E>(samples: number, once: Effect.Effect<A, E>, cpu: () => number): Effect.Effect<Timed, E> =>
  Effect.gen(function* () {
    const found: Array<number> = []
    for (let at = 0; at < warm; at++) yield* once
    const before = cpu()
    for (let at = 0; at < samples; at++) {
      const began = performance.now()
      yield* once
      found.push(performance.now() - began)
    }
    return { middle: quantile(found, 0.5), most: quantile(found, 0.95), cpu: (cpu() - before) / samples }
  })

const ownCpu = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1000
}

// The queries of a listing, asked as the server asks them, without HTTP.
const queries = (address: JournalAddress, samples: number): Promise<ReadonlyArray<readonly [string, Timed]>> =>
  within(address, (journal) =>
    Effect.gen(function* () {
      let last: string | undefined
      for (;;) {
        const { next }: ScanJournal.Page = yield* journal.page({
          limit: 200,
          ...(last === undefined ? {} : { after: last })
        })
        if (next === null) break
        last = next
      }
      const of = <A, E>(ask: Effect.Effect<A, E>) => timed(samples, ask, ownCpu)
      return [
        ["the first page of 50", yield* of(journal.page({ limit: 50 }))],
        ["the last page", yield* of(journal.page({ limit: 50, ...(last === undefined ? {} : { after: last }) }))],
        ["the first page of the settled ones", yield* of(journal.page({ limit: 50, states: ["settled"] }))],
        ["what changed since a second", yield* of(journal.changes({ since: Date.now() - 1_000 }))]
      ] as const
    })
  )

interface Serving {
  readonly port: number
  readonly token: (at: number) => string
  readonly megabytes: () => number
  /** Milliseconds of processor time until now. */
  readonly cpu: () => number
  /** Stops it, and gives how long it took and its exit code. */
  readonly stop: () => Promise<{ readonly millis: number; readonly code: number | null }>
}

const tokensOf = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const token = `spt_${randomBytes(32).toString("base64url")}`
    return { token, line: `t${at} read ${createHash("sha256").update(token).digest("hex")}` }
  })

const serve = async (command: string, journal: string, folder: string): Promise<Serving> => {
  const tokens = tokensOf(8)
  const file = join(folder, "tokens")
  writeFileSync(file, tokens.map(({ line }) => `${line}\n`).join(""), { mode: 0o600 })
  const child = spawn(process.execPath, [command, "serve", "--listen", "127.0.0.1:0", "--tokens", file], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      XDG_STATE_HOME: folder,
      SCANPOLL_JOURNAL: journal
    },
    stdio: ["ignore", "ignore", "pipe"]
  })
  const over = new Promise<number | null>((resolve) => child.once("close", resolve))
  let said = ""
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stderr).on("line", (line) => {
      said += `${line}\n`
      const [, found] = /login\?code=/.test(line) ? (/:(\d+)\//.exec(line) ?? []) : []
      if (found !== undefined) resolve(Number(found))
    })
    child.once("close", () => reject(new Error(said)))
  })
  return {
    port,
    token: (at) => tokens[at % tokens.length]?.token ?? "",
    cpu: () => (lookAt(child.pid)?.cpu ?? Number.NaN) * 1000,
    megabytes: () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1000,
    stop: async () => {
      const began = performance.now()
      child.kill("SIGTERM")
      const code = await over
      return { millis: performance.now() - began, code }
    }
  }
}

const agent = new Agent({ keepAlive: true })

const get = ({ port, token }: Serving, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token(0)}` }
    request({ host: "127.0.0.1", port, path, agent, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${path}: ${response.statusCode} ${text}`))
      })
    })
      .on("error", reject)
      .end()
  })

const requests = async (serving: Serving, samples: number): Promise<ReadonlyArray<readonly [string, Timed]>> => {
  let cursor = ""
  let pages = 0
  const ids = new Set<string>()
  for (;;) {
    const { items, next } = JSON.parse(await get(serving, `/api/v1/claims?limit=200${cursor}`))
    pages += 1
    for (const { claimId } of items) ids.add(String(claimId))
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  const found: Array<readonly [string, Timed]> = []
  for (const [what, path, share] of [
    ["`/api/v1/claims`, the first page", "/api/v1/claims", 1],
    [`\`/api/v1/claims\`, the last of ${pages} pages, ${ids.size} claims met`, `/api/v1/claims?limit=50${cursor}`, 1],
    ["the page Now", "/", 0.3],
    ["the page Accounts", "/accounts", 0.3],
    ["the page Scans", "/scans", 1],
    ["the page Targets", "/targets", 0.1]
  ] as const) {
    found.push([
      what,
      await Effect.runPromise(
        timed(
          Math.max(10, Math.floor(samples * share)),
          Effect.promise(() => get(serving, path)),
          serving.cpu
        )
      )
    ])
  }
  return found
}

interface Heard {
  readonly lags: Array<number>
  readonly close: () => void
}

const listenTo = ({ port, token }: Serving, at: number, madeAt: ReadonlyMap<string, number>): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const lags: Array<number> = []
    const met = new Set<string>()
    const headers = { authorization: `Bearer ${token(at)}` }
    const asked = request({ host: "127.0.0.1", port, path: "/api/v1/events", agent: false, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`events: ${response.statusCode}`))
      response.setEncoding("utf8").on("data", (text: string) => {
        for (const [id] of text.matchAll(/clm_[0-9a-z]+/g)) {
          const made = madeAt.get(id)
          if (made === undefined || met.has(id)) continue
          met.add(id)
          lags.push(performance.now() - made)
        }
      })
      resolve({ lags, close: () => asked.destroy() })
    })
    asked.on("error", reject)
    asked.end()
  })

// One who asks for events and takes none of them.
const neverRead = ({ port, token }: Serving, at: number): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.pause()
      socket.write(
        `GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token(at)}\r\n\r\n`
      )
      resolve(socket)
    })
    socket.on("error", () => {})
  })

interface Crowd {
  readonly changes: number
  readonly heard: number
  readonly expected: number
  readonly lag: { readonly middle: number; readonly p99: number }
  readonly before: number
  readonly after: number
  readonly stopped: { readonly millis: number; readonly code: number | null }
}

const crowd = (address: JournalAddress, serving: Serving, size: Size): Promise<Crowd> =>
  within(address, (journal) =>
    Effect.gen(function* () {
      const madeAt = new Map<string, number>()
      const all = (count: number) => Array.from({ length: count }, (_, at) => at)
      const listeners = yield* Effect.promise(() =>
        Promise.all(all(size.listeners).map((at) => listenTo(serving, at, madeAt)))
      )
      const silent = yield* Effect.promise(() => Promise.all(all(size.silent).map((at) => neverRead(serving, at))))
      const subject = { kind: "url", id: "https://crowd.test/", name: "crowd" } as const
      const until = performance.now() + size.seconds * 1_000
      let before = Number.NaN
      for (let at = 0; performance.now() < until; at++) {
        const key = { ...account, environment: "", fingerprint: `crowd-${at}` }
        const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
        madeAt.set(claimId, performance.now())
        if (Number.isNaN(before) && performance.now() > until - size.seconds * 500) before = serving.megabytes()
        yield* Effect.sleep("100 millis")
      }
      yield* Effect.sleep("3 seconds")
      const after = serving.megabytes()
      const stopped = yield* Effect.promise(() => serving.stop())
      const lags = listeners.flatMap((one) => one.lags)
      for (const one of listeners) one.close()
      for (const one of silent) one.destroy()
      return {
        changes: madeAt.size,
        heard: lags.length,
        expected: madeAt.size * size.listeners,
        lag: { middle: quantile(lags, 0.5), p99: quantile(lags, 0.99) },
        before,
        after,
        stopped
      }
    })
  )

/** Measures, and says it as Markdown. `built`: another build of the command; null for the one that would be published now. */
export const live = async (
  built: string | null,
  size: Size,
  say: (line: string) => void
): Promise<{ readonly section: ReadonlyArray<string>; readonly broken: ReadonlyArray<string> }> => {
  const folder = mkdtempSync(join(tmpdir(), "scanpoll-live-"))
  const broken: Array<string> = []
  const rows: Array<ReadonlyArray<string>> = []
  const crowds: Array<ReadonlyArray<string>> = []
  let server: Postgres.Server | null = null
  try {
    if (built === null) say("live: builds the command")
    const command = built ?? publish(folder)
    server = await Postgres.start()
    const file = join(folder, "many.db")
    const url = await server.schema()
    const journals: ReadonlyArray<readonly [name: string, address: JournalAddress, text: string]> = [
      ["SQLite", { _tag: "File", path: file }, file],
      ["PostgreSQL", { _tag: "Postgres", url: Redacted.make(url) }, url]
    ]
    for (const [name, address, text] of journals) {
      say(`live: ${size.claims} claims on ${name}`)
      await fill(address, size.claims)
      // The aim of a query is its median's, the one of a request its 95th percentile's.
      const beside = (value: number, limit: number | null): string =>
        `${digits(value)}${limit === null ? "" : value <= limit ? ` (at most ${limit})` : ` (**over ${limit}**)`}`
      const row = (
        what: string,
        { cpu, middle, most }: Timed,
        middleAtMost: number | null,
        mostAtMost: number | null
      ) => rows.push([`${name}: ${what}`, digits(cpu), beside(middle, middleAtMost), beside(most, mostAtMost)])
      for (const [what, found] of await queries(address, size.samples)) {
        row(what, found, name === "SQLite" ? 5 : null, null)
      }
      const serving = await serve(command, text, folder)
      for (const [what, found] of await requests(serving, size.samples)) {
        row(what, found, null, what.startsWith("`/api") ? 50 : null)
      }
      say(`live: ${size.listeners} listeners on ${name}`)
      const { after, before, changes, expected, heard, lag, stopped } = await crowd(address, serving, size)
      if (heard !== expected) broken.push(`live, ${name}: ${heard} of ${expected} events were heard`)
      if (stopped.code !== 0) broken.push(`live, ${name}: serve ended with ${stopped.code}, not 0`)
      crowds.push([
        name,
        `${heard} of ${expected}`,
        String(changes),
        digits(lag.middle),
        `${digits(lag.p99)}${lag.p99 < 1_000 ? "" : " (**over 1000**)"}`,
        `${digits(before)} → ${digits(after)}`,
        `${digits(stopped.millis)}${stopped.millis < 1_000 ? "" : " (**over 1000**)"}`
      ])
    }
  } finally {
    agent.destroy()
    await server?.end()
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    section: [
      "### Live: a journal with very many claims, served",
      `${size.claims} claims, half of them open. Queries as the server asks them, their median beside its aim; requests as a client on the same machine sees them, and the processor time of the server for each.`,
      table(["what", "processor, ms", "median, ms", "95th percentile, ms"], rows),
      `${size.listeners} listeners and ${size.silent} who never read, ${size.seconds} s, a new claim each 0.1 s: from its commit in one process until a listener of another has heard of it.`,
      table(
        [
          "journal",
          "events heard",
          "changes",
          "median lag, ms",
          "99th percentile, ms",
          "memory, MB",
          "SIGTERM to its end, ms"
        ],
        crowds
      )
    ],
    broken
  }
}
