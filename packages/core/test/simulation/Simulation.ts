/**
 * One seed, one world: three vendors, one journal, and processes that come and go while everything goes wrong.
 *
 * `heals`: the faults end after a while, and then everything has to end well. `never`: they do not, and nothing may be
 * wrong. What a run did is one hash, so that a seed can be seen to replay.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as DurationModel from "../../src/engine/DurationModel.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import type { ScanRecord } from "../../src/model/ScanRecord.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import type { Payload } from "@scanpoll/test-support/conversation"
import { Judge, rootOf } from "./Judge.ts"
import { Store, type StorePlan } from "./Store.ts"
import { type Outage, type Trouble, troubles, Vendor, type VendorPlan } from "./Vendor.ts"
import { Dice, type Process, World } from "./World.ts"

/** What a control program does wrong. */
export interface Tampering {
  readonly adapter?: (adapter: ScanAdapter<string, Payload>) => ScanAdapter<string, Payload>
  readonly budgets?: (budgets: RateBudget.Budgets) => RateBudget.Budgets
  readonly journal?: (journal: ScanJournal.Operations) => ScanJournal.Operations
}

export interface Options {
  readonly seed: number
  readonly mode: "heals" | "never"
  /** How many requests at most, and what part of the faults: for making a failing seed smaller. Default all. */
  readonly requests?: number
  readonly faults?: number
  readonly tampering?: Tampering
  /** Whether the lines of the trace are kept. Default false. */
  readonly keeps?: boolean
}

export interface Report {
  readonly options: Options
  readonly trace: string
  readonly lines: ReadonlyArray<string>
  readonly violations: ReadonlyArray<string>
  readonly simulatedMs: number
  readonly checks: number
  readonly requests: number
  readonly claims: number
  readonly accepted: number
  readonly counts: ReadonlyMap<string, number>
}

interface Wish {
  readonly vendor: Vendor
  readonly subject: string
}

const minute = 60_000
const hour = 60 * minute
/** Even in a world that never heals a run ends: pauses and blocks of an hour add up, but not for ever. */
const longestRun = 20 * 24 * hour
/** How often everything is gone on with after the faults ended. */
const roundsToHeal = 40

const outagesOf = (dice: Dice, until: number, kinds: ReadonlyArray<Trouble>): ReadonlyArray<Outage> => {
  const outages: Array<Outage> = []
  for (let i = dice.whole(0, 4); i > 0; i--) {
    const from = dice.time(0, until)
    outages.push({ from, until: from + dice.time(1000, 10 * minute), trouble: dice.pick("reset", ...kinds) })
  }
  return outages
}

const policyOf = (dice: Dice): PollPolicy.PollPolicy => {
  const base = PollPolicy.make({
    pace: Duration.millis(dice.whole(1000, 30_000)),
    floor: Duration.millis(dice.whole(250, 5000)),
    spread: dice.pick(0, 0.1, 0.5),
    pollTimeout: Duration.seconds(dice.whole(5, 20)),
    deadline: Duration.minutes(dice.whole(2, 10)),
    ...(dice.chance(0.5) ? { first: Duration.seconds(dice.whole(0, 20)) } : {})
  })
  const scheduled = dice.chance(0.3)
    ? PollPolicy.withPace(base, Schedule.exponential(Duration.millis(dice.whole(500, 5000)), 1.5))
    : base
  return dice.chance(0.2)
    ? PollPolicy.withFailures(scheduled, Schedule.max([Schedule.spaced("3 seconds"), Schedule.recurs(4)]))
    : scheduled
}

const vendorPlan = (dice: Dice, name: string, ends: number, faults: number): VendorPlan => {
  const limited = dice.chance(0.7)
  const quick = dice.time(2000, 4 * minute)
  return {
    name,
    limits: VendorLimits.make({
      floor: Duration.millis(dice.whole(500, 6000)),
      ...(dice.chance(0.3) ? { hintCap: "1 minute" } : {}),
      ...(dice.chance(0.5) ? { pauseCap: "10 minutes" } : {}),
      throttledWait: Duration.seconds(dice.whole(1, 60)),
      submitTimeout: Duration.seconds(dice.pick(5, 15, 120))
    }),
    policy: policyOf(dice),
    budget: {
      requests: limited ? dice.whole(3, 40) : null,
      window: Duration.millis(dice.pick(1000, 10_000, minute)),
      openScans: dice.chance(0.3) ? dice.whole(1, 5) : null,
      typicalDuration: Duration.millis(quick),
      pollsPerScan: () => 6
    },
    trouble: faults * dice.pick(0, 0.02, 0.1, 0.3),
    outages: faults === 0 ? [] : outagesOf(dice, ends, troubles),
    hints: dice.pick(0, 0.3, 1),
    tellsQuota: dice.chance(0.5),
    counts: dice.chance(0.7),
    cached: dice.pick(0, 0, 0.3),
    collects: dice.chance(0.4),
    lists: dice.chance(0.4),
    learns: dice.chance(0.3),
    fickle: dice.chance(0.2),
    lag: dice.pick(0, 0, 5000, 20_000),
    quick,
    timesOut: dice.chance(0.5),
    ends: dice.chance(0.4),
    moves: dice.chance(0.3),
    prepares: dice.chance(0.3)
  }
}

const storePlan = (dice: Dice, ends: number, faults: number): StorePlan => {
  const trouble = faults * (dice.chance(0.6) ? 1 : 0)
  return {
    fails: trouble * dice.pick(0, 0.01, 0.1),
    dawdles: trouble * dice.pick(0, 0.05, 0.5),
    slowest: dice.pick(50, 3000),
    outages: trouble === 0 || dice.chance(0.5) ? [] : outagesOf(dice, ends, ["reset"]),
    guards: dice.chance(0.4)
  }
}

class Simulation {
  readonly world: World
  readonly judge: Judge
  readonly store: Store
  readonly vendors: ReadonlyArray<Vendor>
  readonly wishes: ReadonlyArray<Wish>
  readonly counts = new Map<string, number>()
  private readonly dice: Dice
  private readonly options: Options
  private readonly healsAt: number
  private readonly ends: number
  private readonly slowestStore: number
  private readonly stores: boolean
  private stillness = 0
  private current: Process | null = null

  constructor(options: Options) {
    this.options = options
    const faults = options.faults ?? 1
    this.world = new World(options.keeps === true)
    this.judge = new Judge(this.world)
    const dice = new Dice(options.seed)
    this.dice = dice
    this.ends = dice.time(5 * minute, 40 * minute)
    this.healsAt = options.mode === "heals" ? this.ends : Number.POSITIVE_INFINITY
    this.vendors = ["ash", "birch", "cedar"].map((name) => {
      const own = dice.fork()
      return new Vendor(vendorPlan(own, name, this.ends, faults), this.world, this.judge, own.fork(), this.healsAt)
    })
    const plan = storePlan(dice.fork(), this.ends, faults)
    this.slowestStore = plan.slowest
    this.stores = plan.fails > 0 || plan.dawdles > 0 || plan.outages.length > 0
    this.store = new Store(plan, this.world, this.judge, dice.fork(), this.healsAt)
    const vendorOf = (name: string) => this.vendors.find(({ plan }) => plan.name === name)
    this.store.ended = (name, scanId, word) => void vendorOf(name)?.ended.set(scanId, word)
    this.store.movedTo = (name, scanId) => void vendorOf(name)?.movedTo.add(scanId)
    for (const vendor of this.vendors) {
      vendor.isStored = (scanId) =>
        this.store
          .entries(["submitted", "settled"])
          .some(({ ticket }) => ticket?.vendor === vendor.plan.name && ticket.scanId === scanId)
    }
    const wanted = dice.fork()
    const [first, ...others] = this.vendors
    if (first === undefined) throw new TypeError("a simulation without vendors")
    const wishes: Array<Wish> = []
    for (let i = wanted.pick(1, 3, 6, 10, 20); i > 0; i--) {
      wishes.push({ vendor: wanted.pick(first, ...others), subject: `s${wanted.whole(1, 18)}` })
    }
    this.wishes = wishes.slice(0, options.requests ?? wishes.length)
    this.weather(dice.fork(), faults)
  }

  private count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  // Clocks that are set and machines that stand still.
  private weather(dice: Dice, faults: number): void {
    if (faults === 0) return
    for (let i = dice.pick(0, 0, 1, 3); i > 0; i--) {
      const by = dice.pick(-hour, hour, -3000, 3000, dice.whole(-hour, hour))
      this.world.at(dice.time(0, this.ends), () => {
        this.world.wall += by
        this.count("clock jump")
        this.world.note(`the wall clock moves by ${by}`)
      })
    }
    for (let i = dice.pick(0, 0, 2, 5); i > 0; i--) {
      const lasts = dice.time(10, dice.pick(500, 30_000))
      this.stillness += lasts
      this.world.at(dice.time(0, this.ends), () => {
        if (this.current === null) return
        this.current.frozenUntil = this.world.now + lasts
        this.count("freeze")
        this.world.note(`the process stands still for ${lasts}`)
      })
    }
  }

  run(): Report {
    const { dice, judge, world } = this
    judge.storedBefore = () => null
    for (let i = 0; i < 12 && world.now < this.ends; i++) {
      this.process(dice.fork(), "chaos")
      if (world.violations.length > 0) break
      if (dice.chance(0.3)) this.person()
      world.run(world.now + dice.pick(0, dice.time(0, 5000), dice.time(0, 10 * minute)), () => false)
    }
    if (this.options.mode === "heals" && world.violations.length === 0) this.heal()
    const { store } = this
    const counts = new Map<string, number>(this.counts)
    for (const vendor of this.vendors) {
      for (const [trouble, times] of vendor.met) counts.set(trouble, (counts.get(trouble) ?? 0) + times)
    }
    counts.set("store failed", store.failed)
    counts.set("store unsure", store.doubted)
    counts.set("store slow", store.dawdled)
    return {
      options: this.options,
      trace: world.trace,
      lines: world.kept,
      violations: world.violations,
      simulatedMs: world.now,
      checks: judge.checks,
      requests: this.vendors.reduce((sum, vendor) => sum + vendor.requests, 0),
      claims: judge.claims.size,
      accepted: this.vendors.reduce((sum, vendor) => sum + vendor.scans.size, 0),
      counts
    }
  }

  // The faults are over: whatever is gone on with ends, each request with its own scan's outcome.
  private heal(): void {
    const { judge, world } = this
    world.run(Math.max(world.now, this.healsAt), () => false)
    world.note("the faults are over")
    for (let round = 0; round < roundsToHeal; round++) {
      // What a list cannot tell apart is left for the second round.
      this.person(round > 0)
      const records = this.process(this.dice.fork(), "calm")
      if (world.violations.length > 0) return
      const open = records.filter(({ outcome }) => outcome === null)
      if (open.length === 0) {
        const left = this.store.entries(["intent", "submitted", "in-doubt"])
        const wanted = new Set(this.wishes.map(({ subject, vendor }) => `${vendor.plan.name}/${subject}`))
        const strays = left.filter(({ key }) => wanted.has(`${key.vendor}/${key.fingerprint}`))
        judge.check(strays.length === 0, "everything ends", () => `${strays.length} claims are left open`)
        return
      }
      const waits = open.map(({ notBefore }) => (notBefore ?? 0) - world.now - world.wall)
      world.run(world.now + Math.min(3 * hour, Math.max(minute * (round + 1), ...waits)), () => false)
    }
    judge.check(false, "everything ends", () => `not after ${roundsToHeal} rounds without faults`)
  }

  // What is in doubt at a vendor with a list is looked for there.
  private reconciling(
    adapters: ReadonlyArray<ScanAdapter<string, Payload>>
  ): Effect.Effect<void, unknown, ScanJournal.ScanJournal> {
    const { judge, store, world } = this
    return Effect.forEach(
      store.entries(["in-doubt"]),
      ({ claimId, key }) => {
        const adapter = adapters.find(({ vendor }) => vendor === key.vendor)
        if (adapter?.reconcile === undefined) return Effect.void
        return Effect.flatMap(
          Scans.reconcile(adapter, claimId, (stored) => (typeof stored === "string" ? stored : null)),
          (answer) => {
            const [scanId] = judge.claims.get(claimId)?.accepted ?? []
            this.count(`reconciled: ${answer._tag}`)
            world.note(`reconciled ${claimId}: ${answer._tag}`)
            judge.check(
              answer._tag === "Several" ||
                (answer._tag === "Found" ? rootOf(answer.ticket.scanId) === scanId : scanId === undefined),
              "what is in doubt is found",
              () => `${claimId} bought ${scanId ?? "nothing"}, the list says ${answer._tag}`
            )
            return answer._tag === "None" ? store.kept.released(claimId) : Effect.void
          }
        )
      },
      { discard: true }
    )
  }

  // Somebody looks at what is in doubt and knows better.
  private person(listed = true): void {
    const { store, world } = this
    // What was on its way when its sender was killed has arrived by then.
    world.run(world.now + 1000, () => false)
    for (const { claimId, key } of store.entries(["in-doubt"])) {
      const vendor = this.vendors.find(({ plan }) => plan.name === key.vendor)
      const [scanId] = this.judge.claims.get(claimId)?.accepted ?? []
      if (vendor === undefined || (!listed && vendor.plan.lists)) continue
      this.count(scanId === undefined ? "doubt: not bought" : "doubt: bought")
      world.note(`a person decides on ${claimId}: ${scanId ?? "not bought"}`)
      Effect.runSync(
        scanId === undefined
          ? store.kept.released(claimId)
          : store.kept.submitted(claimId, vendor.ticket(scanId, null), 0)
      )
    }
  }

  private process(dice: Dice, mood: "chaos" | "calm"): ReadonlyArray<ScanRecord> {
    const { judge, store, world } = this
    const calm = mood === "calm"
    const process = world.start(dice.fork(), { mixes: dice.chance(0.3), sloppyTimers: !calm && dice.chance(0.5) })
    this.current = process
    const stored = new Map<string, number>()
    for (const { notBefore, ticket } of store.entries(["submitted"])) {
      if (ticket !== null) stored.set(`${ticket.vendor}:${rootOf(ticket.scanId)}`, notBefore)
    }
    const insane = world.now + process.steady + 30 * 24 * hour
    judge.storedBefore = (vendor, scanId) => {
      const notBefore = stored.get(`${vendor}:${scanId}`)
      return notBefore === undefined || notBefore > insane ? null : notBefore
    }
    judge.waitsFor = (name, scanId) =>
      this.wishes.filter(
        ({ subject, vendor }) => vendor.plan.name === name && vendor.scans.get(scanId)?.subject === subject
      ).length
    const pauses = Effect.runSync(store.kept.pauses)
    const { tampering } = this.options
    const budgets = tampering?.budgets?.(RateBudget.makeMemory()) ?? RateBudget.makeMemory()
    const view = store.view(process)
    const journal = tampering?.journal?.(view) ?? view
    const adapters = new Map(
      this.vendors.map((vendor) => {
        const adapter = vendor.adapter(process)
        return [vendor, tampering?.adapter?.(adapter) ?? adapter]
      })
    )
    const requests = this.wishes.flatMap(({ subject, vendor }) => {
      const adapter = adapters.get(vendor)
      const lane = dice.pick("", "", "batch")
      return adapter === undefined ? [] : [Scans.request(adapter, subject, { lane })]
    })
    const records: Array<ScanRecord> = []
    let expected: number | null = requests.length
    const collect = <E, R>(stream: Stream.Stream<ScanRecord, E, R>) =>
      Stream.runForEach(stream, (record) =>
        Effect.sync(() => {
          records.push(record)
          world.note(`record ${record.index} ${record.state} ${record.because} ${record.reason?.message}`)
          this.checkRecord(record)
        })
      )

    const ending = calm
      ? "natural"
      : dice.pick(
          "natural",
          "until",
          "interrupt",
          "interrupt",
          "kill",
          "kill at a request",
          "kill at a request",
          "cut grace",
          "cut grace at a request"
        )
    const after = dice.pick(dice.time(0, 2000), dice.time(0, 20_000), dice.time(0, minute), dice.time(0, 15 * minute))
    const options: Scans.BatchOptions = {
      ...(dice.chance(0.4) ? { concurrency: dice.whole(1, 4) } : {}),
      ...(ending === "until"
        ? {
            until: Effect.andThen(
              Effect.sleep(after),
              Effect.sync(() => this.soft(process, "the soft end"))
            )
          }
        : {}),
      ...(!calm && ending === "natural" && dice.chance(0.5) ? { timeout: Duration.millis(Math.max(1, after)) } : {}),
      ...(calm ? { reuse: "30 days" } : dice.chance(0.3) ? { reuse: dice.pick<Duration.Input>(0, "1 minute") } : {})
    }
    const style = calm ? "runAll" : dice.pick("runAll", "runAll", "runAll", "each", "submitAll", "resume", "wait")
    const known = [...adapters.values()]
    const program = ((): Effect.Effect<void, unknown, ScanJournal.ScanJournal> => {
      switch (style) {
        case "runAll":
          return collect(Scans.runAll(requests, options))
        case "resume":
          expected = null
          return collect(Scans.resumeOpen(known, options))
        case "submitAll":
          expected = null
          return Stream.runForEach(Scans.submitAll(requests, options), (submission) =>
            Effect.sync(() => world.note(`submission ${submission.index} ${submission.state}`))
          )
        case "wait": {
          expected = null
          const open = store.entries(["submitted", "settled"]).flatMap(({ ticket }) => ticket ?? [])
          return Effect.forEach(
            open,
            (ticket) => {
              const adapter = known.find(({ vendor }) => vendor === ticket.vendor)
              return adapter === undefined ? Effect.void : Effect.exit(Scans.wait(adapter, ticket))
            },
            { concurrency: "unbounded", discard: true }
          )
        }
        case "each":
          expected = null
          return Effect.forEach(
            this.wishes,
            ({ subject, vendor }) => {
              const adapter = adapters.get(vendor)
              if (adapter === undefined) return Effect.void
              const one = Effect.exit(Scans.run(adapter, subject, { policy: patient }))
              const wait = dice.chance(0.3) ? dice.time(0, minute) : null
              return wait === null ? one : Effect.timeoutOption(one, wait)
            },
            { concurrency: "unbounded", discard: true }
          )
      }
    })()
    const lists = calm ? this.reconciling(known) : Effect.void
    this.count(`process: ${style}`)
    world.note(`process ${style}, ending ${ending} after ${after}`)

    let exit: Exit.Exit<void, unknown> | null = null
    const fiber = process.fork(
      Effect.andThen(lists, program).pipe(
        Effect.provideService(ScanJournal.ScanJournal, journal),
        Effect.provideService(RateBudget.RateBudget, budgets),
        Effect.provideService(DurationModel.DurationModel, DurationModel.makeMemory())
      ),
      (ended) => {
        exit = ended
      }
    )
    const isOver = (): boolean => exit !== null || !process.alive
    let interrupted = false
    const interrupt = (): void => {
      if (isOver()) return
      interrupted = true
      this.count("interrupt")
      this.soft(process, "the interrupt")
      fiber.interruptUnsafe()
    }
    const kill = (): void => {
      if (isOver()) return
      this.count(interrupted ? "grace cut by a kill" : "kill")
      world.note("the process is killed")
      process.kill()
    }
    if (ending === "interrupt" || ending === "cut grace") world.at(world.now + after, interrupt, process)
    if (ending === "kill") world.at(world.now + after, kill)
    if (ending === "cut grace") world.at(world.now + after + dice.time(0, 10_000), kill)
    if (ending === "kill at a request" || ending === "cut grace at a request") {
      // In the middle of a submission or a poll, wherever that is.
      let requests = dice.whole(1, 12)
      judge.onRequest = () => {
        if (--requests !== 0) return
        const begins = world.now + dice.time(0, 900)
        const graced = ending === "kill at a request" ? 0 : dice.pick(dice.time(0, 500), dice.time(0, 10_000))
        if (ending === "cut grace at a request") world.at(begins, interrupt, process)
        world.at(begins + graced, kill)
      }
    }
    const isBatch = style === "runAll" || style === "resume" || style === "submitAll"
    if (isBatch) judge.batches.add(process)
    if (isBatch && options.timeout !== undefined) this.bound(process, after, "the timeout")
    world.run(world.now + longestRun, isOver)
    judge.onRequest = () => undefined
    const ended: Exit.Exit<void, unknown> | null = exit
    judge.check(isOver(), "it ends", () => `a ${style} was still under way after ${longestRun} ms`)
    if (ended !== null) this.checkEnd(process, ended, { style, records, expected, interrupted, budgets, known, pauses })
    this.current = null
    process.kill()
    store.abandon(process)
    this.checkBooks()
    return records
  }

  // From here on the process may only finish what is in flight.
  private soft(process: Process, why: string): void {
    this.judge.ended(process, why)
    this.world.note(why)
    this.bound(process, 0, why)
  }

  // The grace of a submission, then the tries of a store that may be slow each time; and a machine may stand still.
  private bound(process: Process, after: number, why: string): void {
    const { judge, world } = this
    const bound = 10_000 + (this.stores ? 14 * (1000 + 2 * this.slowestStore) : 100) + this.stillness
    world.at(world.now + after + bound, () => {
      judge.check(!process.alive, "it ends", () => `${bound} ms after ${why} the process is still there`)
    })
  }

  private checkRecord(record: ScanRecord): void {
    const { judge } = this
    const { outcome, ticket } = record
    if (outcome === null) return
    const scan = this.vendors
      .find(({ plan }) => plan.name === record.vendor)
      ?.scans.get(ticket === null ? "" : rootOf(ticket.scanId))
    judge.check(
      scan !== undefined && scan.subject === record.subject.id && rootOf(outcome.ticket.scanId) === scan.scanId,
      "right verdict",
      () => `record ${record.index} of ${record.subject.id} shows ${ticket?.scanId ?? "nothing"}`
    )
    if (scan === undefined || record.claimId === null) return
    const entry = this.store.entry(record.claimId)
    judge.check(
      entry?.state === "settled" ? rootOf(entry.ticket?.scanId ?? "") === scan.scanId : record.because === "outcome",
      "right verdict",
      () => `record ${record.index} is not what the journal has`
    )
  }

  private checkEnd(
    process: Process,
    exit: Exit.Exit<void, unknown>,
    facts: {
      readonly style: string
      readonly records: ReadonlyArray<ScanRecord>
      readonly expected: number | null
      readonly interrupted: boolean
      readonly budgets: RateBudget.Budgets
      readonly known: ReadonlyArray<ScanAdapter<string, Payload>>
      readonly pauses: ReadonlyArray<ScanJournal.Pause>
    }
  ): void {
    const { judge, world } = this
    const { expected, records } = facts
    if (Exit.isFailure(exit)) {
      judge.check(
        facts.interrupted
          ? Cause.hasInterrupts(exit.cause) && (facts.style === "each" || !Cause.hasDies(exit.cause))
          : facts.style === "resume" && !Cause.hasDies(exit.cause),
        "no defects",
        () => Cause.pretty(exit.cause)
      )
    } else if (expected !== null && !facts.interrupted) {
      const indices = new Set(records.map(({ index }) => index))
      judge.check(
        records.length === expected && indices.size === expected,
        "one record each",
        () => `${records.length} records of ${indices.size} requests, ${expected} were asked for`
      )
    }
    // Whatever was called off has this instant to go.
    world.run(Math.max(world.now, process.frozenUntil), () => false)
    judge.check(process.isQuiet, "nothing is left", () => process.restless)
    for (const adapter of facts.known) {
      const account = facts.budgets.account(adapter, adapter.budget)
      const loaded: unknown = Reflect.get(account, "loaded")
      const bought: unknown = Reflect.get(Object(Reflect.get(account, "gate")), "boughtNow")
      judge.check(
        loaded === 0 && bought === 0,
        "budgets are let go of",
        () => `${adapter.vendor}: ${String(loaded)} open, ${String(bought)} bought`
      )
    }
    for (const adapter of facts.known) {
      // The pause is read at some time after the beginning.
      const cap = world.now + process.steady + Duration.toMillis(adapter.limits.pauseCap)
      const stored = facts.pauses.flatMap(({ kind, until, vendor }) =>
        vendor === adapter.vendor && kind === undefined ? [Math.min(until, cap)] : []
      )
      const heard = judge.pausedUntil(process, adapter.vendor) + process.steady + this.stillness
      const paused = facts.budgets.account(adapter, adapter.budget).pausedUntil()
      judge.check(
        paused <= Math.max(0, heard, ...stored) + 2,
        "a 429 to a submission leaves polls alone",
        () => `${adapter.vendor} is paused for ${paused - heard} ms longer than it asked for`
      )
    }
    const intents = this.store.entries(["intent"])
    judge.check(intents.length === 0, "no intent is left", () => intents.map(({ claimId }) => claimId).join())
  }

  // The journal against the vendors: whatever was bought can be found again.
  private checkBooks(): void {
    const { judge, store } = this
    store.checkOutcomes()
    const all = store.entries(["settled", "submitted", "in-doubt", "refused", "released"]).length
    judge.check(all === judge.claims.size, "claims add up", () => `${judge.claims.size} were made, ${all} are known`)
    for (const claim of judge.claims.values()) {
      const entry = store.entry(claim.claimId)
      for (const scanId of claim.accepted) {
        const found =
          entry?.state === "in-doubt" ||
          ((entry?.state === "submitted" || entry?.state === "settled") &&
            rootOf(entry.ticket?.scanId ?? "") === scanId)
        judge.check(found, "nothing is lost", () => `${scanId} was bought, ${claim.claimId} is ${entry?.state}`)
      }
    }
    const owners = new Map<string, string>()
    for (const { claimId, ticket } of store.entries(["submitted", "settled"])) {
      if (ticket === null) continue
      const scanId = rootOf(ticket.scanId)
      const owner = owners.get(scanId)
      judge.check(owner === undefined, "one claim per scan", () => `${scanId} is ${owner}'s and ${claimId}'s`)
      owners.set(scanId, claimId)
    }
  }
}

const patient = (policy: PollPolicy.PollPolicy): PollPolicy.PollPolicy => PollPolicy.withDeadline(policy, "15 minutes")

/** Runs one seed. Takes no real time but that of its computation. */
export const simulate = (options: Options): Report => new Simulation(options).run()

/** The smallest variant of a failing run that still breaks the same rule. */
export const shrink = (failed: Report): Report => {
  const ruleOf = (report: Report): string => (report.violations[0] ?? "").split(":")[0] ?? ""
  const rule = ruleOf(failed)
  for (const faults of [0, 0.1, 0.5, 1]) {
    for (const requests of [1, 2, 3, 5, 8]) {
      const report = simulate({ ...failed.options, faults, requests })
      if (ruleOf(report) === rule) return report
    }
  }
  return failed
}
