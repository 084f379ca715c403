/**
 * Starts buyers, kills them, and asks the vendors' ledgers and the journal whether the books agree.
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import { ownProgram, quickly } from "@scanpoll/test-support/programs"
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { seeded } from "@scanpoll/test-support/seeded"
import { type End, numberOf, type Order, rootOf, type Saying, type Trouble, type VendorName, vendors } from "./order.ts"

const usualSpeed = 30
// A buyer that is still there after so long will not end; in real milliseconds.
const longest = 240_000
const script = ownProgram(join(import.meta.dirname, "buyer.ts"))

/** A small generator with a seed, so that a run can be repeated. */
export const dice = (seed: number) => {
  const next = seeded(seed)
  return { next, below: (count: number) => Math.floor(next() * count) }
}

/** What all vendors do with every submission while it lasts; null when they do as they do. */
type Mood = "refused" | "released" | "inDoubt" | null

export interface World {
  readonly simulators: Simulators.Shape
  readonly speed: number
  readonly journal: string
  readonly began: number
  readonly concurrency: number
  readonly requests: Order["requests"]
  mood: Mood
}

const refusal = (vendor: VendorName): Script.Step => {
  switch (vendor) {
    case "exona":
      return Script.respond(402, {
        error: { code: "INSUFFICIENT_CREDITS", message: "no credits left", request_id: "req_1" }
      })
    case "appvet":
      return Script.respond(400, { code: "URL_NOT_REACHABLE", error: "it cannot be reached" })
    case "compliance":
      return Script.respond(404, { error: "NOT_FOUND", message: "Mapping not found" })
  }
}

const putOff = Script.respond(429, { error: { code: "RATE_LIMIT", message: "slow down" } }, { "retry-after": "5" })
// Taken, and answered with an error.
const muddled = Script.acceptedThen(503)

/** Vendors that are slow to answer some submissions, throttle some, refuse some, take some and answer with an error. */
export const world = (journal: string, count: number, seed: number): Effect.Effect<World, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { next } = dice(seed)
    const made = yield* calm(journal, count, seed)
    const draw = (vendor: VendorName) => (): Script.Step | null => {
      const at = next()
      if (at < 0.06) return muddled
      if (at < 0.14) return refusal(vendor)
      if (at < 0.22) return putOff
      // Long enough for a kill between what the vendor did and what it says.
      return at < 0.5 ? { delay: "15 millis" } : null
    }
    // Some are wanted twice.
    const again = made.requests.filter(() => next() < 0.2)
    const where: World = {
      ...made,
      concurrency: 2 + Math.floor(next() * 3),
      requests: [...made.requests, ...again]
    }
    for (const vendor of vendors) {
      const { script } = made.simulators[vendor]
      const inMood = (mood: Mood, step: Script.Step) =>
        script({
          match: { route: "submit", where: () => where.mood === mood },
          steps: [{ ...step, times: Infinity }]
        })
      yield* inMood("refused", refusal(vendor))
      yield* inMood("released", putOff)
      yield* inMood("inDoubt", muddled)
      yield* script({ match: { route: "submit" }, steps: Array.from({ length: count * 3 }, draw(vendor)) })
    }
    return where
  })

/** Vendors that do what they say. */
export const calm = (
  journal: string,
  count: number,
  seed: number,
  options: { readonly speed?: number; readonly only?: VendorName; readonly simulators?: Simulators.Options } = {}
): Effect.Effect<World, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { next } = dice(seed)
    const speed = options.speed ?? usualSpeed
    const began = performance.timeOrigin + performance.now()
    const { now } = FastTime.make(yield* Clock.Clock, speed, began)
    const fate = () => ({ duration: Duration.seconds(4 + Math.floor(next() * 12)) })
    const simulators = yield* Simulators.make({
      clock: now,
      seed,
      exona: { rateLimit: null, retryAfter: null, fate, ...options.simulators?.exona },
      appvet: { rateLimit: null, fate, ...options.simulators?.appvet },
      compliance: { fate: () => ({ ...fate(), inline: next() < 0.3 }), ...options.simulators?.compliance }
    })
    const requests = Array.from({ length: count }, (_, i) => {
      const vendor = options.only ?? vendors[i % vendors.length] ?? "exona"
      return { vendor, n: (seed % 1000) * 100 + i } as const
    })
    return { simulators, speed, journal, began, concurrency: count, requests, mood: null }
  })

export interface Life {
  /** Killed; otherwise it came to its end. */
  readonly died: boolean
  readonly sayings: ReadonlyArray<Saying>
  /** What it said that it should not have said, or that it was still there when everything should have been over. */
  readonly complaint: string
}

export interface Orders {
  readonly end?: End | null
  readonly trouble?: Trouble | null
  readonly naive?: boolean
  readonly resume?: boolean
  /** Kills it from outside as soon as this is so. */
  readonly killWhen?: () => boolean
}

const accepted = (world: World): number =>
  vendors.reduce((sum, vendor) => sum + world.simulators[vendor].ledger.totals().accepted, 0)

const moodFor = (end: End | null): Mood => {
  if (end?._tag !== "Call") return null
  return end.call === "refused" || end.call === "released" || end.call === "inDoubt" ? end.call : null
}

/** One life of a buyer. */
export const live = (world: World, orders: Orders): Effect.Effect<Life> =>
  Effect.suspend(() => {
    const end = orders.end ?? null
    const order: Order = {
      journal: world.journal,
      naive: orders.naive ?? false,
      began: world.began,
      speed: world.speed,
      access: {
        exona: accessOf(world, "exona"),
        appvet: accessOf(world, "appvet"),
        compliance: accessOf(world, "compliance")
      },
      requests: world.requests,
      concurrency: world.concurrency,
      death: end?._tag === "Call" || end?._tag === "Statement" ? end : null,
      trouble: orders.trouble ?? null,
      resume: orders.resume ?? false
    }
    world.mood = moodFor(end)
    const target = end?._tag === "Accepted" ? accepted(world) + end.nth : Infinity
    return Effect.callback<Life>((resume) => {
      const child = spawn(process.execPath, [script], {
        env: {
          PATH: process.env["PATH"] ?? "",
          BUYER_ORDER: JSON.stringify(order),
          NODE_NO_WARNINGS: "1",
          ...quickly
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      const sayings: Array<Saying> = []
      let complaint = ""
      const timers: Array<NodeJS.Timeout> = []
      createInterface({ input: child.stdout }).on("line", (line) => {
        const saying: Saying = JSON.parse(line)
        sayings.push(saying)
        if (saying.said === "begun" && end?._tag === "Moment") {
          timers.push(setTimeout(() => child.kill("SIGKILL"), end.after))
        }
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text))
      timers.push(
        setTimeout(() => {
          complaint += `still there after ${longest / 1000} s`
          child.kill("SIGKILL")
        }, longest)
      )
      const isTime = orders.killWhen ?? (target < Infinity ? () => accepted(world) >= target : null)
      if (isTime !== null) {
        timers.push(
          setInterval(() => {
            if (isTime()) child.kill("SIGKILL")
          }, 1)
        )
      }
      const over = (): void => {
        timers.forEach((timer) => clearInterval(timer))
        world.mood = null
      }
      child.once("close", (code, signal) => {
        over()
        if (signal === null && code !== 0) complaint += `exit code ${code}`
        resume(Effect.succeed({ died: signal === "SIGKILL", sayings, complaint }))
      })
      return Effect.sync(() => {
        over()
        child.kill("SIGKILL")
      })
    })
  })

const accessOf = (world: World, vendor: VendorName) => {
  const { baseUrl, key, port } = world.simulators[vendor]
  return { baseUrl, key, port }
}

const states: ReadonlyArray<ScanJournal.ClaimState> = [
  "intent",
  "submitted",
  "settled",
  "in-doubt",
  "refused",
  "released"
]

/** Every claim of the journal, in whatever state: read as the next process would. */
export const claims = (world: World): Effect.Effect<ReadonlyArray<ScanJournal.ClaimEntry>, unknown> =>
  Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.list(states)).pipe(
    Effect.provide(Journal.layer(world.journal))
  )

/** What the ledgers and the journal do not agree on; empty when the books are right. */
export const audit = (
  world: World,
  entries: ReadonlyArray<ScanJournal.ClaimEntry>,
  atEnd: boolean
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const wanted = new Set(world.requests.map(({ n, vendor }) => `${vendor} ${n}`))
  const byState = Map.groupBy(entries, (entry) => entry.state)
  const sum = states.reduce((total, state) => total + (byState.get(state)?.length ?? 0), 0)
  if (sum !== entries.length) wrong.push(`${entries.length} claims, and ${sum} in all states`)
  for (const vendor of vendors) {
    const { ledger } = world.simulators[vendor]
    const bought = Map.groupBy(ledger.accepted(), (one) => `${vendor} ${numberOf(one.subject)}`)
    const known = Map.groupBy(
      entries.filter((entry) => entry.key.vendor === vendor),
      (entry) => `${vendor} ${numberOf(entry.subject.id)}`
    )
    for (const name of new Set([...bought.keys(), ...known.keys()])) {
      const scans = bought.get(name) ?? []
      const all = known.get(name) ?? []
      // What was released or refused was not taken: throttled, not sent, or turned down.
      const open = all.filter((entry) => entry.state !== "released" && entry.state !== "refused")
      if (!wanted.has(name)) wrong.push(`${name}: nobody wanted it`)
      if (scans.length > 1) wrong.push(`${name}: bought ${scans.length} times`)
      if (open.length > 1) wrong.push(`${name}: ${open.length} claims at once`)
      if (scans.length > 0 && open.length === 0) wrong.push(`${name}: bought, and nobody knows`)
      for (const { scanId } of scans) {
        for (const entry of open) {
          const holds = rootOf(entry.ticket?.scanId ?? "") === scanId
          const doubts = entry.state === "in-doubt" || entry.state === "intent"
          if (!holds && !doubts) wrong.push(`${name}: bought as ${scanId}, and the claim is ${entry.state}`)
        }
      }
      for (const entry of open) {
        if (entry.state === "settled" && !scans.some(({ scanId }) => scanId === rootOf(entry.ticket?.scanId ?? ""))) {
          wrong.push(`${name}: settled as ${entry.ticket?.scanId ?? "nothing"}, which was never bought`)
        }
      }
    }
  }
  if (!atEnd) return wrong
  for (const entry of entries) {
    if (entry.state === "intent" || entry.state === "submitted") wrong.push(`${entry.claimId}: still ${entry.state}`)
  }
  for (const name of wanted) {
    const seen = entries.some((entry) => name === `${entry.key.vendor} ${numberOf(entry.subject.id)}`)
    if (!seen) wrong.push(`${name}: lost`)
  }
  return wrong
}

const floors: Readonly<Record<VendorName, number>> = { exona: 5_000, appvet: 3_000, compliance: 1_000 }

/** Scans that were asked about sooner than their vendor bears; the vendors' clock is the buyers'. */
export const hurried = (world: World): ReadonlyArray<string> =>
  vendors.flatMap((vendor) => {
    const { ledger } = world.simulators[vendor]
    return ledger.accepted().flatMap(({ scanId }) => {
      const least = Math.min(...ledger.gaps(scanId))
      return least < floors[vendor] ? [`${vendor} ${scanId}: ${Math.round(least)} ms`] : []
    })
  })
