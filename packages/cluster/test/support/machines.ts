/**
 * Workers and clients as processes of their own, vendors that keep books, and what must hold of those books whatever
 * happened to the processes.
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as ClusterStatus from "@scanpoll/cluster/ClusterStatus"
import { ownProgram } from "@scanpoll/test-support/programs"
import { AppVetSimulator, ExonaSimulator, type Ledger } from "@scanpoll/testkit"
import { Effect, Exit, ManagedRuntime, Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { assert } from "vitest"
import { type Keys, type Places, window } from "./vendors.ts"
import type { Told } from "./workerProcess.ts"

/** Asks again and again until it is so; fails with what was waited for when that takes too long. */
export const until = async (what: string, isSo: () => boolean | Promise<boolean>, seconds = 240): Promise<void> => {
  const last = performance.now() + seconds * 1000
  while (true) {
    const answer = isSo()
    if (await answer) return
    if (performance.now() > last) assert.fail(`not within ${seconds} s: ${what}`)
    // A database or a process that is asked has other work.
    const pause = typeof answer === "boolean" ? 25 : 100
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** What a worker said when it was asked. */
export interface Said {
  readonly phase: string
  readonly ready: boolean
  readonly slices: number
  readonly open: number
  readonly polling: number
  readonly polls: number
  readonly settled: number
  readonly lateness: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly heap: number
  readonly rss: number
  readonly cpu: number
}

export class Machine {
  readonly name: string
  readonly child: ChildProcess
  readonly events: Array<{ readonly _tag: string }> = []
  exit: { readonly code: number | null; readonly signal: string | null } | null = null
  private readonly gone: Promise<void>
  private readonly asked: Array<(said: Said) => void> = []

  constructor(name: string, script: string, variable: string, told: object, flags: ReadonlyArray<string> = []) {
    this.name = name
    this.child = spawn(process.execPath, [...flags, ownProgram(join(import.meta.dirname, script))], {
      env: { ...process.env, [variable]: JSON.stringify(told), NODE_NO_WARNINGS: "1" },
      stdio: ["pipe", "pipe", process.env.CLUSTER_LOG === undefined ? "ignore" : "inherit"]
    })
    this.gone = new Promise((resolve) =>
      this.child.once("exit", (code, signal) => {
        this.exit = { code, signal }
        resolve()
      })
    )
    if (this.child.stdout === null) throw new Error("a machine speaks")
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      const event: { readonly _tag: string } & Said = JSON.parse(line)
      if (event._tag === "State") this.asked.shift()?.(event)
      else this.events.push(event)
    })
    // A machine that is killed closes its pipes.
    this.child.stdin?.on("error", () => undefined)
  }

  get began(): boolean {
    return this.events.some((event) => event._tag === "Begun")
  }

  state(): Promise<Said> {
    return new Promise((resolve) => {
      this.asked.push(resolve)
      this.child.stdin?.write("state\n")
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL")
    await this.gone
  }

  async leave(): Promise<void> {
    this.signal("SIGTERM")
    await this.gone
  }
}

export interface World {
  readonly journal: string
  readonly places: Places
  readonly keys: Keys
  readonly ledgers: ReadonlyArray<Ledger.Ledger>
  /** `journal`: by which way it reaches the database. */
  readonly worker: (name: string, journal?: string) => Promise<Machine>
  readonly client: (told: object) => Machine
  readonly status: () => Promise<ClusterStatus.ClusterStatus>
  /** From now on scans end whose time is over. */
  readonly release: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface Setup {
  readonly journal: string
  /** Seconds that a scan takes, or between which two it takes. */
  readonly takes: readonly [number, number]
  /** Whether no scan ends before `release`. */
  readonly held?: boolean
  /** Milliseconds between two polls of one scan. */
  readonly pace: number
  readonly lease?: number
  readonly shards?: number
  readonly rate?: number | null
}

/** Vendors whose scans end when their time is over, and a database to find the cluster in. */
export const world = async (setup: Setup): Promise<World> => {
  const scope = Effect.runSync(Scope.make())
  const [from, to] = setup.takes
  let nth = 0
  // Answers that take their time: who asks while another one's request is open is seen to do so.
  const polls = [{ delay: "120 millis" as const, times: Infinity }]
  // Spread evenly, and the same in each run.
  const fate = () => ({
    outcome: "completed" as const,
    polls,
    duration: `${from + ((nth++ * 7) % 20) * ((to - from) / 20)} seconds` as const
  })
  const options = { rateLimit: null, ledgerCapacity: 1_000_000, seed: 7 }
  const held = (status: string) =>
    setup.held === true
      ? [{ match: { route: "status" }, steps: [{ merge: { status }, delay: "120 millis" as const, times: Infinity }] }]
      : []
  const [appvet, exona] = await Effect.runPromise(
    Scope.provide(
      Effect.all([
        AppVetSimulator.make({ ...options, fate, scripts: held("scanning"), quota: { limit: 1_000_000 } }),
        ExonaSimulator.make({ ...options, fate, scripts: held("processing") })
      ]),
      scope
    )
  )
  const places: Places = {
    appvet: appvet.baseUrl,
    exona: exona.baseUrl,
    pace: setup.pace,
    rate: setup.rate ?? null
  }
  const keys: Keys = { appvet: appvet.key, exona: exona.key }
  const machines: Array<Machine> = []
  const runtime = ManagedRuntime.make(ClusterDatabase.layer(setup.journal, { maxConnections: 1 }))
  return {
    journal: setup.journal,
    places,
    keys,
    ledgers: [appvet.ledger, exona.ledger],
    worker: async (name, journal = setup.journal) => {
      const told: Told = {
        journal,
        name,
        lease: setup.lease ?? 3_000,
        shards: setup.shards ?? 30,
        look: 200,
        places,
        keys
      }
      const machine = new Machine(name, "workerProcess.ts", "WORKER", told)
      machines.push(machine)
      await until(`${name} begins`, () => machine.began || machine.exit !== null)
      assert.isTrue(machine.began, `${name} began`)
      return machine
    },
    client: (told) => {
      const machine = new Machine("client", "clientProcess.ts", "CLIENT", {
        journal: setup.journal,
        places,
        keys,
        ...told
      })
      machines.push(machine)
      return machine
    },
    status: () => runtime.runPromise(ClusterStatus.read),
    release: async () => {
      await Effect.runPromise(Effect.andThen(appvet.clearScripts, exona.clearScripts))
    },
    close: async () => {
      await Promise.all(machines.map((machine) => machine.kill()))
      await runtime.dispose()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

/** Every slice is with a living worker, and with one alone. */
export const isShared = (status: ClusterStatus.ClusterStatus, workers: number): boolean => {
  const alive = status.workers.filter((worker) => worker.alive && worker.slices.length > 0)
  const all = alive.flatMap((worker) => worker.slices)
  return alive.length === workers && status.unowned === 0 && new Set(all).size === all.length
}

/** How many scans were asked after at that time or later. */
export const askedSince = (world: World, since: number): number =>
  world.ledgers.reduce((sum, ledger) => {
    const polls = ledger.requests({ since, where: (entry) => entry.method === "GET" })
    return sum + new Set(polls.map((entry) => entry.scanId).filter((id) => id !== null && id !== undefined)).size
  }, 0)

/**
 * What must hold of the vendors' books: one submission per wish, and never two requests for one scan at a time. Every
 * scan was asked after, but for those `inDoubt`.
 */
export const audit = (world: World, wishes: number, inDoubt = 0): void => {
  const accepted = world.ledgers.flatMap((ledger) => ledger.accepted().map((one) => ({ ledger, ...one })))
  assert.strictEqual(accepted.length, wishes, "one submission per wish")
  assert.strictEqual(new Set(accepted.map((one) => `${one.ledger.vendor} ${one.subject}`)).size, wishes)
  const overlaps: Array<string> = []
  const unasked: Array<string> = []
  for (const { ledger, scanId } of accepted) {
    const requests = ledger.requests({ scanId, where: (entry) => entry.method === "GET" })
    if (requests.length === 0) unasked.push(scanId)
    for (const [i, entry] of requests.entries()) {
      const next = requests[i + 1]
      // The vendor hears that a client has gone only after the requests that came in with it: such an end has no exact time.
      if (entry.clientClosedAt !== null) continue
      const ended = entry.answeredAt ?? Number.POSITIVE_INFINITY
      if (next !== undefined && next.at < ended) {
        const around = requests.slice(Math.max(0, i - 3), i + 5)
        const times = around.map(({ answeredAt, at }) => `${at - entry.at} to ${(answeredAt ?? Infinity) - entry.at}`)
        overlaps.push(`${scanId}: ${entry.at} to ${ended}, ${next.at}, among ${times.join(", ")}`)
      }
    }
  }
  const { rate } = world.places
  for (const ledger of rate === null ? [] : world.ledgers) {
    assert.isAtMost(ledger.busiest(window), rate ?? 0, `requests to ${ledger.vendor} of all together`)
  }
  assert.isAtMost(unasked.length, inDoubt, "every scan is asked after")
  assert.deepStrictEqual(overlaps, [], "no two requests for one scan at a time")
}
