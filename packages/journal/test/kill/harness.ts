/**
 * Starts buyers, kills them, and asks the vendors' ledgers and the journal whether the books agree.
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { shared } from "./clock.ts"
import { type Death, numberOf, type Order, type Saying, type Trouble, type VendorName, vendors } from "./order.ts"

// The engine gives a submission sixteen of its seconds: at this speed a quarter of a real one.
const usualSpeed = 60
const script = join(import.meta.dirname, "buyer.ts")

/** A small generator with a seed, so that a run can be repeated. */
export const dice = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return { next, below: (count: number) => Math.floor(next() * count) }
}

export interface World {
  readonly simulators: Simulators.Shape
  readonly speed: number
  readonly journal: string
  readonly began: number
  readonly concurrency: number
  readonly requests: Order["requests"]
}

/** Vendors that are slow to answer some submissions, throttle some, refuse some, take some and answer with an error. */
export const world = (journal: string, count: number, seed: number): Effect.Effect<World, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { next } = dice(seed)
    const made = yield* calm(journal, count, seed)
    const draw = (vendor: VendorName) => (): Script.Step | null => {
      const at = next()
      if (at < 0.05) return Script.acceptedThen(503)
      if (at < 0.1 && vendor === "exona") {
        const error = { code: "INSUFFICIENT_CREDITS", message: "no credits left", request_id: "req_1" }
        return Script.respond(402, { error })
      }
      if (at < 0.15) {
        return Script.respond(429, { error: { code: "RATE_LIMIT", message: "slow down" } }, { "retry-after": "5" })
      }
      // Long enough for a kill between what the vendor did and what it says.
      return at < 0.5 ? { delay: "15 millis" } : null
    }
    for (const vendor of vendors) {
      yield* made.simulators[vendor].script({
        match: { route: "submit" },
        steps: Array.from({ length: count * 3 }, draw(vendor))
      })
    }
    // Some are wanted twice.
    const again = made.requests.filter(() => next() < 0.2)
    return { ...made, concurrency: 1 + Math.floor(next() * 4), requests: [...made.requests, ...again] }
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
    const { now } = shared(began, speed)
    const fate = () => ({ duration: Duration.seconds(8 + Math.floor(next() * 25)) })
    const simulators = yield* Simulators.make({
      clock: now,
      seed,
      exona: { rateLimit: null, retryAfter: null, fate, ...options.simulators?.exona },
      appvet: { rateLimit: null, fate, ...options.simulators?.appvet },
      compliance: { fate: () => ({ ...fate(), inline: next() < 0.3 }), ...options.simulators?.compliance }
    })
    const requests = Array.from({ length: count }, (_, i) => {
      const vendor = options.only ?? vendors[i % vendors.length] ?? "exona"
      return { vendor, n: seed * 100 + i } as const
    })
    return { simulators, speed, journal, began, concurrency: count, requests }
  })

export interface Life {
  /** Null: it came to its end. */
  readonly died: boolean
  readonly sayings: ReadonlyArray<Saying>
  readonly stderr: string
}

export interface Orders {
  readonly death?: Death | null
  readonly trouble?: Trouble | null
  readonly naive?: boolean
  readonly resume?: boolean
  /** Kills it from outside: after so many milliseconds, when the vendors have taken so many submissions more, or at all. */
  readonly killAfter?: number
  readonly killAtAccepted?: number
  readonly killWhen?: () => boolean
}

const accepted = (world: World): number =>
  vendors.reduce((sum, vendor) => sum + world.simulators[vendor].ledger.totals().accepted, 0)

/** One life of a buyer. */
export const live = (world: World, orders: Orders): Effect.Effect<Life> =>
  Effect.suspend(() => {
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
      death: orders.death ?? null,
      trouble: orders.trouble ?? null,
      resume: orders.resume ?? false
    }
    const target = accepted(world) + (orders.killAtAccepted ?? Infinity)
    return Effect.callback<Life>((resume) => {
      const child = spawn(process.execPath, [script], {
        env: { PATH: process.env["PATH"] ?? "", BUYER_ORDER: JSON.stringify(order) },
        stdio: ["ignore", "pipe", "pipe"]
      })
      const sayings: Array<Saying> = []
      let stderr = ""
      createInterface({ input: child.stdout }).on("line", (line) => sayings.push(JSON.parse(line)))
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
      const timers: Array<NodeJS.Timeout> = []
      if (orders.killAfter !== undefined) timers.push(setTimeout(() => child.kill("SIGKILL"), orders.killAfter))
      const isTime = orders.killWhen ?? (target < Infinity ? () => accepted(world) >= target : null)
      if (isTime !== null) {
        timers.push(
          setInterval(() => {
            if (isTime()) child.kill("SIGKILL")
          }, 1)
        )
      }
      const end = (): void => timers.forEach((timer) => clearInterval(timer))
      child.once("close", (_, signal) => {
        end()
        resume(Effect.succeed({ died: signal === "SIGKILL", sayings, stderr }))
      })
      return Effect.sync(() => {
        end()
        child.kill("SIGKILL")
      })
    })
  })

const accessOf = (world: World, vendor: VendorName) => {
  const { baseUrl, key, port } = world.simulators[vendor]
  return { baseUrl, key, port }
}

/** Every claim of the journal. */
export const claims = (world: World): Effect.Effect<ReadonlyArray<ClaimEntry>, unknown> =>
  Effect.flatMap(ScanJournal.ScanJournal, (journal) =>
    journal.list(["intent", "submitted", "settled", "in-doubt", "refused", "released"])
  ).pipe(Effect.provide(Journal.layer(world.journal)))

/** What the ledgers and the journal do not agree on; empty when the books are right. */
export const audit = (world: World, entries: ReadonlyArray<ClaimEntry>, atEnd: boolean): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const wanted = new Set(world.requests.map(({ n, vendor }) => `${vendor} ${n}`))
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
      // What was released was not taken: throttled, not sent, or given up before the first byte.
      const open = all.filter((entry) => entry.state !== "released" && entry.state !== "refused")
      if (!wanted.has(name)) wrong.push(`${name}: nobody wanted it`)
      if (scans.length > 1) wrong.push(`${name}: bought ${scans.length} times`)
      if (open.length > 1) wrong.push(`${name}: ${open.length} claims at once`)
      if (scans.length > 0 && open.length === 0) wrong.push(`${name}: bought, and nobody knows`)
      for (const { scanId } of scans) {
        for (const entry of open) {
          const holds = entry.ticket?.scanId === scanId
          const doubts = entry.state === "in-doubt" || entry.state === "intent"
          if (!holds && !doubts) wrong.push(`${name}: bought as ${scanId}, and the claim is ${entry.state}`)
        }
      }
      for (const entry of open) {
        if (entry.state === "settled" && !scans.some(({ scanId }) => scanId === entry.ticket?.scanId)) {
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
