/**
 * One simulated machine room: a true time that only the simulation moves, and processes that can be frozen, interrupted
 * or killed in it.
 *
 * A process runs real engine code on a clock and a scheduler of its own. Nothing in here is asynchronous: a run is one
 * loop, so equal seeds take equal steps. A killed process stops in the middle of what it did: no finalizer runs, its
 * timers and tasks are dropped, its connections break.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import { seeded } from "@scanpoll/test-support/seeded"

/** Numbers from a seed. Each part of the world has its own, so that one draw more in one part moves no other. */
export class Dice {
  readonly next: () => number

  constructor(seed: number) {
    this.next = seeded(seed)
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  whole(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next())
  }

  /** A time in quarters of a millisecond: the engine has to round, and a binary fraction adds up exactly. */
  time(low: number, high: number): number {
    return Math.round(this.between(low, high) * 4) / 4
  }

  pick<A>(first: A, ...others: ReadonlyArray<A>): A {
    const at = Math.floor(this.next() * (others.length + 1))
    return at === 0 ? first : (others[at - 1] ?? first)
  }

  fork(): Dice {
    return new Dice(Math.floor(this.next() * 0xffff_ffff))
  }
}

export interface Happening {
  at: number
  readonly seq: number
  readonly process: Process | null
  run: (() => void) | null
}

/** How often the scheduler may be served at one instant: more is a loop that waits for nothing. */
const tasksPerInstant = 10_000

export class World {
  now = 0
  /** What must be added to the true time to get what the wall clock shows. */
  wall = 1_750_000_000_000
  readonly kept: Array<string> = []
  private readonly keeps: boolean
  private hash = 0x811c9dc5
  private readonly heap: Array<Happening> = []
  private seq = 0
  private readonly processes = new Set<Process>()
  readonly violations: Array<string> = []

  constructor(keeps: boolean) {
    this.keeps = keeps
  }

  /** One line of the trace. */
  note(line: string): void {
    const text = `${this.now} ${line}`
    for (let i = 0; i < text.length; i++) this.hash = Math.imul(this.hash ^ text.charCodeAt(i), 0x01000193)
    if (this.keeps) this.kept.push(text)
  }

  violated(rule: string, what: string): void {
    this.note(`VIOLATION ${rule}: ${what}`)
    this.violations.push(`${rule}: ${what} (at ${this.now} ms)`)
  }

  get trace(): string {
    return (this.hash >>> 0).toString(16).padStart(8, "0")
  }

  /** Something of the outside world, or of a process: then it waits while that is frozen and is lost with it. */
  at(time: number, run: () => void, process: Process | null = null): Happening {
    const happening: Happening = { at: Math.max(time, this.now), seq: this.seq++, process, run }
    this.push(happening)
    return happening
  }

  start(dice: Dice, options: { readonly mixes: boolean; readonly sloppyTimers: boolean }): Process {
    const process = new Process(this, dice, options)
    this.processes.add(process)
    return process
  }

  gone(process: Process): void {
    this.processes.delete(process)
  }

  /** Lets everything happen until `until`, or until `over` says so. */
  run(until: number, over: () => boolean): void {
    for (;;) {
      for (const process of this.processes) process.serve()
      if (over()) return
      const next = this.heap[0]
      if (next === undefined || next.at > until) {
        if (Number.isFinite(until)) this.now = Math.max(this.now, until)
        return
      }
      this.pop()
      const { process, run } = next
      if (run === null || (process !== null && !process.alive)) continue
      this.now = Math.max(this.now, next.at)
      if (process !== null && process.frozenUntil > this.now) {
        next.at = process.frozenUntil
        this.push(next)
        continue
      }
      next.run = null
      run()
    }
  }

  private push(happening: Happening): void {
    const { heap } = this
    let at = heap.length
    heap.push(happening)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || !before(happening, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = happening
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let down = at * 2 + 1
      const left = heap[down]
      if (left === undefined) break
      let child = left
      const right = heap[down + 1]
      if (right !== undefined && before(right, left)) {
        child = right
        down += 1
      }
      if (!before(child, last)) break
      heap[at] = child
      at = down
    }
    heap[at] = last
  }
}

const before = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq)

/** Counted so that a process can be seen to leave nothing behind. */
export class Process {
  alive = true
  frozenUntil = 0
  timers = 0
  connections = 0
  readonly clock: Clock.Clock
  /** What must be added to the true time to get the engine's steady time in this process. */
  readonly steady: number
  readonly context: Context.Context<never>
  readonly world: World
  private readonly dice: Dice
  private readonly mixes: boolean
  private readonly tasks: Array<() => void> = []

  constructor(world: World, dice: Dice, options: { readonly mixes: boolean; readonly sloppyTimers: boolean }) {
    this.world = world
    this.dice = dice
    this.mixes = options.mixes
    this.clock = this.makeClock(options.sloppyTimers)
    this.steady = SteadyClock.nowUnsafe(this.clock) - world.now
    const chance = dice.fork()
    const scheduler: Scheduler.Scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
      makeDispatcher: () => ({
        scheduleTask: (task) => {
          if (this.alive) this.tasks.push(task)
        },
        flush: () => this.serve()
      })
    }
    this.context = Context.empty().pipe(
      Context.add(Clock.Clock, this.clock),
      Context.add(Scheduler.Scheduler, scheduler),
      Context.add(References.MinimumLogLevel, "None"),
      Context.add(Random.Random, {
        nextDoubleUnsafe: () => chance.next(),
        nextIntUnsafe: () => Math.floor((chance.next() - 0.5) * 2 * Number.MAX_SAFE_INTEGER)
      })
    )
  }

  /** Runs an effect in this process; `done` is told how it ended, unless the process was killed first. */
  fork<A, E>(effect: Effect.Effect<A, E>, done: (exit: Exit.Exit<A, E>) => void): Fiber.Fiber<A, E> {
    const fiber = Effect.runForkWith(this.context)(effect)
    fiber.addObserver((exit) => {
      if (this.alive) done(exit)
    })
    return fiber
  }

  /** Runs whatever may run at this instant. */
  serve(): void {
    if (this.frozenUntil > this.world.now) return
    for (let served = 0; this.alive && this.tasks.length > 0; served++) {
      if (served >= tasksPerInstant) {
        this.world.violated("hot loop", `${tasksPerInstant} tasks at one instant`)
        return this.kill()
      }
      const at = this.mixes ? this.dice.whole(0, Math.min(3, this.tasks.length - 1)) : 0
      const [task] = this.tasks.splice(at, 1)
      task?.()
    }
  }

  /** What runs or waits in this process right now. */
  get restless(): string {
    return `${this.timers} timers, ${this.tasks.length} tasks, ${this.connections} connections`
  }

  get isQuiet(): boolean {
    return this.timers === 0 && this.tasks.length === 0 && this.connections === 0
  }

  /** The end without a word: what a kill, a crash or a power cut leaves. */
  kill(): void {
    this.alive = false
    this.tasks.length = 0
    this.world.gone(this)
  }

  private makeClock(sloppy: boolean): Clock.Clock {
    const { dice, world } = this
    const millis = (): number => Math.floor(world.now + world.wall)
    const monotonic = (): bigint => BigInt(Math.round(world.now * 4)) * 250_000n
    const nanos = (): bigint => BigInt(Math.round((world.now + world.wall) * 4)) * 250_000n
    return {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => {
        const left = Duration.toMillis(duration)
        if (Number.isNaN(left) || left <= 0) return Effect.yieldNow
        if (left === Number.POSITIVE_INFINITY) return Effect.never
        return Effect.callback<void>((resume) => {
          // A timer of the system is early by less than a millisecond, and late by as much as the machine is busy.
          const off = !sloppy ? 0 : dice.chance(0.3) ? -dice.time(0, 0.75) : dice.chance(0.3) ? dice.time(0, 20) : 0
          this.timers += 1
          const timer = world.at(
            world.now + Math.max(0.25, left + off),
            () => {
              this.timers -= 1
              resume(Effect.void)
            },
            this
          )
          return Effect.sync(() => {
            if (timer.run === null) return
            timer.run = null
            this.timers -= 1
          })
        })
      }
    }
  }
}
