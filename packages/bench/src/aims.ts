/**
 * What the project promises of its own cost, held against what was measured.
 */
import { builtInFetch, coreLro, handLoop, undiciRequest } from "./Cases.ts"
import type { Results } from "./Results.ts"
import { digits } from "./table.ts"

/** One promise: a figure and the most it may be. */
export interface Aim {
  readonly what: string
  readonly most: number
  readonly unit: string
  readonly found: number | null
}

const against = (results: Results | null, key: string, name: string, reference: string): number | null =>
  results?.against(key, name, reference)?.median ?? null

const of = (results: Results | null, key: string, name: string): number | null => results?.of(key, name)?.median ?? null

/** Every aim, measured as far as its area was run. */
export const aims = (areas: {
  readonly engine: Results | null
  readonly memory: Results | null
  readonly http: Results | null
  readonly lateness: Results | null
}): ReadonlyArray<Aim> => {
  const { engine, http, lateness, memory } = areas
  const poll = (key: string, reference: string): number | null => against(engine, key, "microsPerPoll", reference)
  const ask = (key: string, reference: string): number | null => against(http, key, "microsPerPoll", reference)
  return [
    {
      what: "CPU per poll, `Fleet.add`",
      most: 1,
      unit: "x hand loop + AbortSignal",
      found: poll("fleet-add", handLoop)
    },
    { what: "CPU per poll, `Fleet.add`", most: 0.35, unit: "x core-lro", found: poll("fleet-add", coreLro) },
    {
      what: "CPU per poll with metrics, span, decoded answer",
      most: 1,
      unit: "x bare core-lro",
      found: poll("fleet-add-full", coreLro)
    },
    {
      what: "heap per sleeping scan, `Fleet.add`",
      most: 400,
      unit: "B",
      found: of(memory, "fleet-add", "heapBytes")
    },
    {
      what: "heap per sleeping scan, `Fleet.wait`",
      most: 1,
      unit: "x hand loop + AbortSignal",
      found: against(memory, "fleet-wait", "heapBytes", handLoop)
    },
    {
      what: "timers while all sleep, `Fleet`",
      most: 1,
      unit: "",
      found: of(memory, "fleet-wait", "timersAsleep")
    },
    { what: "timers left after cancelling all", most: 0, unit: "", found: of(memory, "fleet-wait", "timersLeft") },
    { what: "heap left after cancelling all", most: 100, unit: "B", found: of(memory, "fleet-wait", "leftBytes") },
    {
      what: "CPU to start a scan, `Fleet.wait`",
      most: 2,
      unit: "x hand loop + AbortSignal",
      found: against(memory, "fleet-wait", "startMicros", handLoop)
    },
    {
      what: "CPU to cancel a scan, `Fleet.wait`",
      most: 0.6,
      unit: "x hand loop + AbortSignal",
      found: against(memory, "fleet-wait", "cancelMicros", handLoop)
    },
    { what: "CPU per HTTP poll", most: 1.9, unit: "x undici `request`", found: ask("scanpoll", undiciRequest) },
    { what: "CPU per HTTP poll", most: 0.75, unit: "x built-in fetch", found: ask("scanpoll", builtInFetch) },
    {
      what: "CPU per HTTP poll, traced",
      most: 2.4,
      unit: "x undici `request`",
      found: ask("scanpoll-traced", undiciRequest)
    },
    {
      what: "CPU per HTTP poll, traced",
      most: 1,
      unit: "x built-in fetch",
      found: ask("scanpoll-traced", builtInFetch)
    },
    { what: "lateness of a poll, 99th percentile", most: 1000, unit: "ms", found: of(lateness, "fleet", "p99") }
  ]
}

/** A row of a table for an aim. */
export const row = ({ found, most, unit, what }: Aim): ReadonlyArray<string> => [
  what,
  `≤ ${most} ${unit}`.trim(),
  found === null ? "–" : digits(found),
  found === null ? "not measured" : found <= most ? "yes" : "**no**"
]
