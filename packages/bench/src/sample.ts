/**
 * One sample of one case, measured in this process and printed as a line of JSON.
 *
 *     node --expose-gc src/sample.ts '{ "area": "engine", "key": "fleet-add", ... }'
 *
 * Engines and clients do the same work before it is measured: what is compared is work, not start-up.
 */
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { answers, type Case, clients, engines, openScans, runs, watches } from "./Cases.ts"
import { Vendor } from "./Engine.ts"
import type { Order } from "./Order.ts"
import { quantile } from "./statistics.ts"

const find = <Subject>(cases: ReadonlyArray<Case<Subject>>, key: string): Promise<Subject> => {
  const found = cases.find((it) => it.key === key)
  if (found === undefined) throw new Error(`no such case: ${key}`)
  return found.load()
}

/** Microseconds of processor time, user and system, of this process. */
const cpu = (since?: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return user + system
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

const heap = (): number => {
  const { gc } = globalThis
  if (gc === undefined) throw new Error("start with --expose-gc")
  for (let i = 0; i < 4; i++) gc()
  return process.memoryUsage().heapUsed
}

/** Processor time per poll of `scans` scans at once that are polled `polls` times each, a millisecond apart. */
const engine = async (order: Extract<Order, { area: "engine" }>) => {
  const start = await find(engines, order.key)
  const run = async (): Promise<number> => {
    const vendor = new Vendor(order.polls)
    await start(vendor, order.scans, 1).done
    if (vendor.polls !== order.scans * order.polls) throw new Error(`${order.key}: ${vendor.polls} polls`)
    return vendor.polls
  }
  // Until the compiler is done with it: after one time half of the engines still get faster.
  for (let i = 0; i < 3; i++) await run()
  const before = process.cpuUsage()
  const polls = (await run()) + (await run())
  return { microsPerPoll: cpu(before) / polls }
}

/** What scans cost that have been polled once and sleep: heap, timers, starting and cancelling all of them. */
const memory = async ({ key, scans }: Extract<Order, { area: "memory" }>) => {
  const start = await find(engines, key)
  await start(new Vendor(3), Math.min(1000, scans), 1).done
  const vendor = new Vendor(Number.POSITIVE_INFINITY, scans)
  await sleep(50)
  const heapBefore = heap()
  const timersBefore = timers()
  const startedFrom = process.cpuUsage()
  const run = start(vendor, scans, 3_600_000)
  do await sleep(5)
  while (vendor.polls < scans)
  const startMicros = cpu(startedFrom) / scans
  await sleep(100)
  const heapBytes = (heap() - heapBefore) / scans
  const asleep = timers() - timersBefore
  if (run.cancel === null) return { heapBytes, startMicros, timersAsleep: asleep }
  const cancelledFrom = process.cpuUsage()
  await run.cancel()
  const cancelMicros = cpu(cancelledFrom) / scans
  await sleep(50)
  return {
    heapBytes,
    startMicros,
    timersAsleep: asleep,
    cancelMicros,
    leftBytes: (heap() - heapBefore) / scans,
    timersLeft: timers() - timersBefore
  }
}

/** Processor time of reading one answer, by the vendor's definition and plainly, in turns. */
const reading = async (order: Extract<Order, { area: "answers" }>) => {
  const { plain, poll } = await find(answers, order.key)
  const turns = 10
  const each = Math.ceil(order.polls / turns)
  // Until the compiler is done with it.
  for (let i = 0; i < turns; i++) {
    await poll(each)
    plain(each)
  }
  const spent = { polls: 0, plain: 0 }
  for (let i = 0; i < turns; i++) {
    const before = process.cpuUsage()
    await poll(each)
    spent.polls += cpu(before)
    const between = process.cpuUsage()
    plain(each)
    spent.plain += cpu(between)
  }
  const count = each * turns
  return {
    microsPerPoll: spent.polls / count,
    plainMicros: spent.plain / count,
    ratio: spent.polls / spent.plain
  }
}

/** Processor time per request of a client that keeps `atOnce` of them in flight. */
const http = async (order: Extract<Order, { area: "http" }>) => {
  const client = await find(clients, order.key)
  const ask = client(new URL(order.base))
  await ask(order.polls, order.atOnce)
  const before = process.cpuUsage()
  await ask(order.polls, order.atOnce)
  return { microsPerPoll: cpu(before) / order.polls }
}

/** What open scans cost that were submitted, claimed, polled once and sleep. */
const asleep = async ({ key, scans }: Extract<Order, { area: "asleep" }>) => {
  const begin = await find(openScans, key)
  const begun = async (count: number) => {
    const run = begin(count)
    do await sleep(20)
    while (run.polls() < count)
    // Until what is written behind is written.
    await sleep(Math.max(500, count / 10))
    return run
  }
  await (await begun(Math.min(200, scans))).end()
  await sleep(50)
  const heapBefore = heap()
  const timersBefore = timers()
  const startedFrom = process.cpuUsage()
  const run = await begun(scans)
  const startMicros = cpu(startedFrom) / scans
  const heapBytes = (heap() - heapBefore) / scans
  const timersAsleep = timers() - timersBefore
  await run.end()
  return {
    heapBytes,
    startMicros,
    timersAsleep,
    leftBytes: (heap() - heapBefore) / scans,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

/** Processor time per whole scan. */
const whole = async (order: Extract<Order, { area: "runs" }>) => {
  const run = await find(runs, order.key)
  const base = new URL(order.base)
  await run(base, Math.ceil(order.scans / 4))
  const before = process.cpuUsage()
  await run(base, order.scans)
  return { microsPerScan: cpu(before) / order.scans }
}

/** Processor time and memory of one report. */
const reporting = async ({ findings, key, scans }: Extract<Order, { area: "reports" }>) => {
  const { render } = await import("./reports.ts")
  await render(key, Math.min(50, scans), findings, cpu)
  const heapBefore = heap()
  const { characters, makeMicros, renderMicros } = await render(key, scans, findings, cpu)
  return {
    makeSeconds: makeMicros / 1e6,
    renderSeconds: renderMicros / 1e6,
    megabytes: characters / 1e6,
    leftMegabytes: (heap() - heapBefore) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

/** How late polls go out, in milliseconds, the first round of them left out. */
const lateness = async (order: Extract<Order, { area: "lateness" }>) => {
  const watch = await find(watches, order.key)
  const before = process.cpuUsage()
  const late = await watch(new URL(order.base), order.scans, order.everyMs, order.forMs)
  const used = cpu(before)
  if (late.length < order.scans) throw new Error(`${order.key}: ${late.length} polls of ${order.scans} scans`)
  return {
    polls: late.length,
    median: quantile(late, 0.5),
    p99: quantile(late, 0.99),
    most: quantile(late, 1),
    coreShare: used / 1000 / order.forMs,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

const measure = (order: Order): Promise<Readonly<Record<string, number>>> => {
  switch (order.area) {
    case "engine":
      return engine(order)
    case "memory":
      return memory(order)
    case "answers":
      return reading(order)
    case "http":
      return http(order)
    case "asleep":
      return asleep(order)
    case "runs":
      return whole(order)
    case "reports":
      return reporting(order)
    case "lateness":
      return lateness(order)
  }
}

const order: Order = JSON.parse(process.argv[2] ?? "null")
process.stdout.write(`${JSON.stringify(await measure(order))}\n`, () => {
  // Some peers leave timers behind that would keep this process for hours.
  process.exit(0)
})
