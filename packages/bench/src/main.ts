/**
 * Runs the benchmarks and prints them as Markdown.
 *
 *     npm run bench -- [--short] [--rounds N] [--scans N] [--seconds N] [--command FILE] [--only AREA,...]
 *
 * The areas are engine, few, memory, asleep, answers, http, runs, reports, lateness, crowd, paces, scale and live.
 *
 * Every sample is a process of its own. In each round every case has one sample, and each round begins with another
 * case. What is compared is processor time, user and system. `--short` takes a minute or two: it shows that every
 * case runs, and fails where an engine of ours has more than one timer or leaves one behind; its figures mean little.
 * `--scans` says how many scans sleep, run, are reported or served: for a table of how that grows. `--seconds` says how long `live` has listeners: 60, or 600 for the
 * figures of a long afternoon. `--command` is the
 * program of another build of the command for `scale` and `live`, such as `node_modules/scanpoll/bin/scanpoll.js` of an earlier release.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { availableParallelism, cpus, loadavg } from "node:os"
import process from "node:process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { aims, type Figures, head, row } from "./aims.ts"
import {
  answers,
  bareLoop,
  builtInFetch,
  type Case,
  clients,
  coreLro,
  engines,
  formats,
  few as fewScans,
  handLoop,
  handRun,
  openScans,
  runs,
  undiciRequest,
  watches
} from "./Cases.ts"
import type { Order, Sample } from "./Order.ts"
import { Results } from "./Results.ts"
import { live } from "./live.ts"
import { scale } from "./scale.ts"
import { rotated } from "./statistics.ts"
import { digits, middle, spread, table } from "./table.ts"

const areas = [
  "engine",
  "few",
  "memory",
  "asleep",
  "answers",
  "http",
  "runs",
  "reports",
  "lateness",
  "crowd",
  "paces",
  "scale",
  "live"
] as const

const { values: options } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    rounds: { type: "string" },
    command: { type: "string" },
    scans: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: areas.join(",") }
  }
})
const isShort = options.short
const wanted = new Set(options.only.split(","))
for (const name of wanted) {
  if (!areas.some((area) => area === name)) throw new Error(`no such area: ${name}; there are ${areas.join(", ")}`)
}
const scansAsked = options.scans === undefined ? undefined : Number(options.scans)
const secondsAsked = options.seconds === undefined ? undefined : Number(options.seconds)
const rounds = (usual: number): number =>
  options.rounds === undefined ? (isShort ? 1 : usual) : Number(options.rounds)

const say = (line: string): void => {
  process.stderr.write(`bench: ${line}\n`)
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** Everything a process says on stdout; fails when it does, or takes longer than five minutes. */
const outputOf = (args: ReadonlyArray<string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "inherit"], timeout: 300_000 })
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
    child.once("error", reject)
    child.once("close", (code, signal) => {
      if (code === 0) resolve(said)
      else reject(new Error(`${args.join(" ")} ended with ${signal ?? code}`))
    })
  })

const sample = async (order: Order): Promise<Sample> =>
  JSON.parse(await outputOf(["--expose-gc", here("sample.ts"), JSON.stringify(order)]))

const measure = async (
  area: string,
  cases: ReadonlyArray<Case<unknown>>,
  times: number,
  orderOf: (key: string) => Order
): Promise<Results> => {
  const results = new Results()
  for (let round = 0; round < times; round++) {
    say(`${area}, round ${round + 1} of ${times}`)
    for (const { key } of rotated(cases, round)) results.add(key, await sample(orderOf(key)))
  }
  return results
}

/** Runs `use` with a vendor in a process of its own. */
const withServer = async <A>(use: (base: string) => Promise<A>): Promise<A> => {
  const server: ChildProcess = spawn(process.execPath, [here("server.ts")], { stdio: ["pipe", "pipe", "inherit"] })
  const over = new Promise<void>((resolve) => server.once("close", () => resolve()))
  try {
    const port = await new Promise<string>((resolve, reject) => {
      server.once("error", reject)
      server.once("close", () => reject(new Error("the vendor ended")))
      if (server.stdout !== null) createInterface(server.stdout).once("line", resolve)
    })
    return await use(`http://127.0.0.1:${port}`)
  } finally {
    server.stdin?.end()
    await over
  }
}

const rows = (
  cases: ReadonlyArray<Case<unknown>>,
  columns: (key: string) => ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<string>> => cases.map(({ key, label }) => [label, ...columns(key)])

const sections: Array<string> = []
const loadBefore = loadavg()[0] ?? Number.NaN

let engine: Results | null = null
if (wanted.has("engine")) {
  const [scans, polls] = isShort ? [200, 10] : [2000, 80]
  const found = await measure("engine", engines, rounds(5), (key) => ({ area: "engine", key, scans, polls }))
  engine = found
  sections.push(
    "### Engine: processor time per poll",
    `${scans} scans at once, ${polls} polls each, 1 ms apart, of a vendor in the same process that answers at once.`,
    table(
      ["engine", "µs per poll (least–most)", "x hand loop + AbortSignal", "x core-lro"],
      rows(engines, (key) => [
        spread(found.of(key, "microsPerPoll")),
        spread(found.against(key, "microsPerPoll", handLoop)),
        middle(found.against(key, "microsPerPoll", coreLro))
      ])
    )
  )
}

let few: Results | null = null
if (wanted.has("few")) {
  const [scans, polls] = isShort ? [8, 20] : [8, 1500]
  const found = await measure("few", fewScans, rounds(5), (key) => ({ area: "engine", key, scans, polls }))
  few = found
  sections.push(
    "### Few scans: processor time per poll",
    `${scans} scans at once, ${polls} polls each, 1 ms apart, of a vendor in the same process that answers at once.`,
    table(
      ["engine", "µs per poll (least–most)", "x hand loop", "x core-lro"],
      rows(fewScans, (key) => [
        spread(found.of(key, "microsPerPoll")),
        spread(found.against(key, "microsPerPoll", bareLoop)),
        middle(found.against(key, "microsPerPoll", coreLro))
      ])
    )
  )
}

let memory: Results | null = null
if (wanted.has("memory")) {
  const scans = isShort ? 5000 : 100_000
  const found = await measure("memory", engines, rounds(3), (key) => ({ area: "memory", key, scans }))
  memory = found
  sections.push(
    "### Memory and timers: scans that sleep",
    `${scans} scans, each polled once and then asleep for an hour; what is left after all were cancelled.`,
    table(
      [
        "engine",
        "heap, B per scan",
        "x hand loop + AbortSignal",
        "start, µs",
        "cancel, µs",
        "timers asleep",
        "timers left",
        "heap left, B per scan"
      ],
      rows(engines, (key) => [
        middle(found.of(key, "heapBytes")),
        middle(found.against(key, "heapBytes", handLoop)),
        spread(found.of(key, "startMicros")),
        spread(found.of(key, "cancelMicros")),
        String(found.of(key, "timersAsleep")?.median ?? "–"),
        String(found.of(key, "timersLeft")?.median ?? "–"),
        middle(found.of(key, "leftBytes"))
      ])
    )
  )
}

let asleep: Results | null = null
if (wanted.has("asleep")) {
  const scans = isShort ? 200 : (scansAsked ?? 10_000)
  const found = await measure("asleep", openScans, rounds(3), (key) => ({ area: "asleep", key, scans }))
  asleep = found
  sections.push(
    "### Open scans: what is held while they sleep",
    `${scans} scans of the AppVet adapter, each claimed, submitted, stored, polled once and then asleep for an hour.`,
    table(
      ["how", "heap, B per scan", "start, µs", "timers asleep", "heap left, B per scan", "peak memory, MB"],
      rows(openScans, (key) => [
        middle(found.of(key, "heapBytes")),
        spread(found.of(key, "startMicros")),
        String(found.of(key, "timersAsleep")?.median ?? "–"),
        middle(found.of(key, "leftBytes")),
        middle(found.of(key, "peakMegabytes"))
      ])
    )
  )
}

let whole: Results | null = null
if (wanted.has("runs")) {
  const scans = isShort ? 40 : (scansAsked ?? 1000)
  const found = await withServer((base) =>
    measure("runs", runs, rounds(5), (key) => ({ area: "runs", key, base, scans }))
  )
  whole = found
  sections.push(
    "### Whole runs: processor time per scan",
    `${scans} AppVet scans, 32 at once, each submitted, polled once and its report fetched, of a vendor on loopback that answers at once.`,
    table(
      ["how", "µs per scan (least–most)", "x hand loop"],
      rows(runs, (key) => [
        spread(found.of(key, "microsPerScan")),
        spread(found.against(key, "microsPerScan", handRun))
      ])
    )
  )
}

let reports: Results | null = null
if (wanted.has("reports")) {
  const [scans, findings] = isShort ? [50, 5] : [scansAsked ?? 10_000, 20]
  const found = await measure("reports", formats, rounds(3), (key) => ({ area: "reports", key, scans, findings }))
  reports = found
  sections.push(
    "### Reports: processor time and memory",
    `A report of ${scans} scans with ${findings} findings each, made and rendered piece by piece.`,
    table(
      ["format", "make, s", "render, s (least–most)", "size, MB", "peak memory, MB"],
      rows(formats, (key) => [
        middle(found.of(key, "makeSeconds")),
        spread(found.of(key, "renderSeconds")),
        middle(found.of(key, "megabytes")),
        middle(found.of(key, "peakMegabytes"))
      ])
    )
  )
}

let read: Results | null = null
if (wanted.has("answers")) {
  const polls = isShort ? 1000 : 10_000
  const found = await measure("answers", answers, rounds(5), (key) => ({ area: "answers", key, polls }))
  read = found
  sections.push(
    "### Answers: what a definition costs to read",
    `${polls} polls of each answer, by the vendor's adapter over a client in the same process, beside \`JSON.parse\` and Effect's decoder of the same fields.`,
    table(
      ["answer", "µs per poll (least–most)", "µs, `JSON.parse` and `Schema`", "x"],
      rows(answers, (key) => [
        spread(found.of(key, "microsPerPoll")),
        middle(found.of(key, "plainMicros")),
        spread(found.of(key, "ratio"))
      ])
    )
  )
}

let http: Results | null = null
if (wanted.has("http")) {
  const [polls, atOnce] = isShort ? [400, 16] : [8000, 32]
  const found = await withServer((base) =>
    measure("http", clients, rounds(5), (key) => ({ area: "http", key, base, polls, atOnce }))
  )
  http = found
  sections.push(
    "### HTTP: processor time of the client per poll",
    `${polls} polls over loopback, ${atOnce} at once, of a \`node:http\` server in its own process that answers AppVet's status body.`,
    table(
      ["client", "µs per poll (least–most)", "x undici `request`", "x built-in fetch"],
      rows(clients, (key) => [
        spread(found.of(key, "microsPerPoll")),
        spread(found.against(key, "microsPerPoll", undiciRequest)),
        middle(found.against(key, "microsPerPoll", builtInFetch))
      ])
    )
  )
}

const watching = async (
  area: "lateness" | "crowd",
  order: { readonly scans: number; readonly everyMs: number; readonly forMs: number },
  times: number
): Promise<Results> => {
  const found = await withServer((base) =>
    measure(area, watches, times, (key) => ({ area: "lateness", key, base, ...order }))
  )
  const { everyMs, forMs, scans } = order
  sections.push(
    area === "crowd"
      ? "### A crowd: very many open scans in one process"
      : "### Lateness: how long after its time a poll goes out",
    `${scans} open scans polled over HTTP every ${everyMs / 1000} s for ${forMs / 1000} s, as loopback allows.`,
    table(
      [
        "engine",
        "polls",
        "median, ms",
        "99th percentile, ms (least–most)",
        "latest, ms",
        "share of one core",
        "peak memory, MB"
      ],
      rows(watches, (key) => [
        String(found.of(key, "polls")?.median ?? "–"),
        middle(found.of(key, "median")),
        spread(found.of(key, "p99")),
        middle(found.of(key, "most")),
        middle(found.of(key, "coreShare")),
        middle(found.of(key, "peakMegabytes"))
      ])
    )
  )
  return found
}

const lateness = wanted.has("lateness")
  ? await watching(
      "lateness",
      isShort ? { scans: 200, everyMs: 1000, forMs: 3000 } : { scans: 10_000, everyMs: 10_000, forMs: 40_000 },
      rounds(2)
    )
  : null

const crowd = wanted.has("crowd")
  ? await watching(
      "crowd",
      isShort ? { scans: 2000, everyMs: 1000, forMs: 2500 } : { scans: 100_000, everyMs: 60_000, forMs: 90_000 },
      1
    )
  : null

let paces: Figures | null = null
if (wanted.has("paces")) {
  const repetitions = isShort ? 1 : 60
  say(`paces, ${repetitions} repetitions`)
  const found: { readonly report: string; readonly figures: Figures } = JSON.parse(
    await outputOf([here("paces.ts"), String(repetitions), "--json"])
  )
  paces = found.figures
  sections.push(found.report.replaceAll(/^## /gm, "### ").replaceAll(/^### (?!Learned paces)/gm, "#### "))
}

const large = wanted.has("scale")
  ? await scale(
      options.command ?? null,
      isShort ? { open: 200, results: 5, megabytes: 1 } : { open: 10_000, results: 200, megabytes: 5 },
      say
    )
  : null
if (large !== null) sections.push(...large.section)

const served = wanted.has("live")
  ? await live(
      options.command ?? null,
      isShort
        ? { claims: 200, samples: 10, listeners: 20, silent: 2, seconds: 3 }
        : { claims: scansAsked ?? 10_000, samples: 200, listeners: 200, silent: 20, seconds: secondsAsked ?? 60 },
      say
    )
  : null
if (served !== null) sections.push(...served.section)

const held = aims({
  engine,
  few,
  asleep,
  runs: whole,
  reports,
  memory,
  answers: read,
  http,
  lateness,
  crowd,
  paces
}).filter((aim) => aim.found !== null)
const date = DateTime.formatIsoDateUtc(Effect.runSync(DateTime.now))
process.stdout.write(
  `${[
    `Measured on ${date}: Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), load ${digits(loadBefore)} before and ${digits(loadavg()[0] ?? Number.NaN)} after.${isShort ? " Short mode: the figures mean little." : ""}`,
    ...(isShort ? [] : [table(head, held.map(row))]),
    ...sections
  ].join("\n\n")}\n`
)

// Counts are exact on any machine; times are not, and gate nothing.
const broken: Array<string> = [...(large?.broken ?? []), ...(served?.broken ?? [])]
for (const key of ["fleet-add", "fleet-wait", "fleet-add-full", "poller"]) {
  const asleep = memory?.of(key, "timersAsleep")?.most ?? 0
  const left = memory?.of(key, "timersLeft")?.most ?? 0
  if (asleep > 1) broken.push(`${key}: ${asleep} timers while all scans sleep`)
  if (left > 0) broken.push(`${key}: ${left} timers left after all scans were cancelled`)
}
for (const line of broken) say(line)
process.exitCode = broken.length === 0 ? 0 : 1
