/**
 * What the project promises of its own cost, held against what was measured.
 */
import * as Format from "@scanpoll/report/Format"
import { bareLoop, builtInFetch, coreLro, crowd, handLoop, handRun, undiciRequest } from "./Cases.ts"
import type { Results } from "./Results.ts"
import { exactly, type Summary } from "./statistics.ts"
import { digits, spread } from "./table.ts"

/**
 * One promise: a figure, what it may be at the most (or has to be at the least), and what we would like it to be.
 */
export interface Aim {
  readonly what: string
  readonly unit: string
  readonly is: "at most" | "at least"
  readonly aim: number
  readonly stretch: number | null
  readonly found: Summary | null
}

/** What the calculation of learned paces gave, by name: see `figures` of `paces.ts`. */
export type Figures = Readonly<Record<string, number>>

const hand = "x hand loop + AbortSignal"
const lro = "x core-lro"
const fewer = "% fewer polls"

/** Every aim, measured as far as its area was run. */
export const aims = (areas: {
  readonly engine: Results | null
  readonly few: Results | null
  readonly asleep: Results | null
  readonly runs: Results | null
  readonly reports: Results | null
  readonly memory: Results | null
  readonly answers: Results | null
  readonly http: Results | null
  readonly lateness: Results | null
  readonly crowd: Results | null
  readonly paces: Figures | null
}): ReadonlyArray<Aim> => {
  const { engine, few, http, lateness, memory, paces } = areas
  const found: Array<Aim> = []
  const atMost = (what: string, unit: string, aim: number, stretch: number | null, summary: Summary | null): void => {
    found.push({ what, unit, is: "at most", aim, stretch, found: summary })
  }
  const shareOf = (name: string): Summary | null => {
    const figure = paces?.[name]
    return figure === undefined ? null : exactly(100 * figure)
  }
  const atLeast = (what: string, aim: number, stretch: number | null, name: string): void => {
    found.push({ what, unit: fewer, is: "at least", aim, stretch, found: shareOf(name) })
  }
  const against = (results: Results | null, key: string, name: string, reference: string): Summary | null =>
    results?.against(key, name, reference) ?? null
  const of = (results: Results | null, key: string, name: string): Summary | null => results?.of(key, name) ?? null
  const poll = (key: string, reference: string): Summary | null => against(engine, key, "microsPerPoll", reference)
  const ask = (key: string, reference: string): Summary | null => against(http, key, "microsPerPoll", reference)

  const bare = "CPU per poll, bare, `Fleet.add`"
  atMost(bare, hand, 1, 0.7, poll("fleet-add", handLoop))
  atMost(bare, lro, 0.35, null, poll("fleet-add", coreLro))
  const full = "CPU per poll with deadline, metrics, span, JIT decode, `Fleet.add`"
  atMost(full, "x bare core-lro", 1, 0.8, poll("fleet-add-full", coreLro))

  const alone = "CPU per poll, scans that wait alone, `Poller`"
  atMost(alone, hand, 1, null, poll("poller", handLoop))
  atMost(alone, lro, 0.45, null, poll("poller", coreLro))
  atMost("the same, 8 scans", "x hand loop", 2.5, null, against(few, "poller", "microsPerPoll", bareLoop))
  atMost("heap per sleeping scan that waits alone, `Poller`", "B", 1300, null, of(memory, "poller", "heapBytes"))
  atMost("timers while 100 000 sleep, `Poller`", "", 1, null, of(memory, "poller", "timersAsleep"))

  atMost("heap per sleeping scan, `Fleet.add`", "B", 400, 250, of(memory, "fleet-add", "heapBytes"))
  const awaited = "heap per sleeping scan, a fiber awaiting, `Fleet.wait`"
  atMost(awaited, hand, 1, 0.95, against(memory, "fleet-wait", "heapBytes", handLoop))
  atMost(awaited, lro, 0.3, null, against(memory, "fleet-wait", "heapBytes", coreLro))
  atMost("timers while 100 000 sleep, `Fleet`", "", 1, null, of(memory, "fleet-wait", "timersAsleep"))
  atMost("timers left after cancelling 100 000", "", 0, null, of(memory, "fleet-wait", "timersLeft"))
  atMost("heap left after cancelling 100 000", "B per scan", 100, null, of(memory, "fleet-wait", "leftBytes"))
  const start = "CPU to start a scan, `Fleet.wait`"
  atMost(start, hand, 2, 1.5, against(memory, "fleet-wait", "startMicros", handLoop))
  const cancel = "CPU to cancel a scan, `Fleet.wait`"
  atMost(cancel, hand, 0.6, 0.4, against(memory, "fleet-wait", "cancelMicros", handLoop))

  for (const vendor of ["AppVet", "compliance", "Exona"]) {
    for (const [state, aim] of [
      ["running", 5],
      ["completed", 4]
    ] as const) {
      const what = `CPU to read an answer by its definition: ${vendor}, ${state}`
      atMost(what, "x `JSON.parse` and `Schema`", aim, null, of(areas.answers, `${vendor}-${state}`, "ratio"))
    }
  }

  const held = "heap per sleeping scan, journal in a file,"
  atMost(`${held} \`Scans.runAll\``, "B", 3000, null, of(areas.asleep, "run-all-file", "heapBytes"))
  atMost(`${held} \`Scans.run\``, "B", 3000, null, of(areas.asleep, "run-file", "heapBytes"))
  const wholeScan = "CPU per whole scan, journal in a file, `Scans.runAll`"
  atMost(wholeScan, "x hand loop", 3, null, against(areas.runs, "run-all-file", "microsPerScan", handRun))
  for (const name of Format.names) {
    const what = `a report of 10 000 scans with 20 findings each: ${name}`
    atMost(`${what}, to render`, "s of CPU", 3, null, of(areas.reports, name, "renderSeconds"))
    atMost(`${what}, peak memory`, "MB", 400, null, of(areas.reports, name, "peakMegabytes"))
  }
  atMost("the page of it", "MB", 15, null, of(areas.reports, "html", "megabytes"))

  const quiet = "CPU per HTTP poll, decode and cancellation, tracing off"
  atMost(quiet, "x undici `request`", 1.9, 1.4, ask("scanpoll", undiciRequest))
  atMost(quiet, "x built-in fetch", 0.75, null, ask("scanpoll", builtInFetch))
  const traced = "the same, tracing on"
  atMost(traced, "x undici `request`", 2.4, 1.8, ask("scanpoll-traced", undiciRequest))
  atMost(traced, "x built-in fetch", 1, null, ask("scanpoll-traced", builtInFetch))

  for (const law of ["lognormal", "uniform"]) {
    const like = `Exona-like (${law}), mean and p95 lag not above the documented 10 s loop's:`
    atLeast(`${like} law known`, 40, 43, `${law}, known`)
    atLeast(`${like} learned from 50`, 40, 43, `${law}, learned from 50`)
    atLeast(`${like} \`Retry-After: 10\` obeyed, learned from 50`, 25, null, `${law}, learned from 50, hinted`)
    const tuned = `Exona-like (${law}), against a tuned fixed pace at equal mean lag: learned from`
    atLeast(`${tuned} 10`, 30, 36, `${law}, against fixed, 10`)
    atLeast(`${tuned} 50`, 38, 42, `${law}, against fixed, 50`)
  }
  for (const law of ["AppVet-like", "log-logistic"]) {
    const heavy = `heavy-tailed (${law}), learned from 20 to 200:`
    atLeast(`${heavy} least saved`, 0, null, `${law}, least`)
    atMost(`${heavy} most lag above the documented loop's`, "%", 0, null, shareOf(`${law}, later`))
  }
  atLeast("heavy-tailed (AppVet-like), learned from 50", 5, 9, "AppVet-like, 50")
  atLeast("nothing learned yet: least saved on any law", 0, null, "nothing learned")

  const late = (scans: string): string => `lateness of a poll, 99th percentile, ${scans}`
  atMost(late("10 000 open scans, 10 s pace"), "ms", 1000, null, of(lateness, "fleet", "p99"))
  atMost(late("100 000 open scans, 60 s pace"), "ms", 1000, null, of(areas.crowd, crowd, "p99"))
  return found
}

const holds = ({ is }: Aim, found: number, bound: number): boolean =>
  is === "at most" ? found <= bound : found >= bound

/** The head of a table of aims. */
export const head = ["what", "measured (least–most)", "", "aim", "stretch", "met"]

/** A row of a table for an aim. */
export const row = (aim: Aim): ReadonlyArray<string> => {
  const sign = aim.is === "at most" ? "≤" : "≥"
  const { found, stretch } = aim
  const met =
    found === null
      ? "not measured"
      : !holds(aim, found.median, aim.aim)
        ? "**no**"
        : stretch !== null && holds(aim, found.median, stretch)
          ? "yes, and the stretch"
          : "yes"
  return [
    aim.what,
    found !== null && found.least === found.most ? digits(found.median) : spread(found),
    aim.unit,
    `${sign} ${aim.aim}`,
    stretch === null ? "–" : `${sign} ${stretch}`,
    met
  ]
}
