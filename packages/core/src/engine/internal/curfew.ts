// Cuts polls that take too long: one heap and one timer for all polls under a clock, whoever makes them.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as SteadyClock from "../SteadyClock.ts"
import { Alarm } from "./alarm.ts"
import { Heap, type HeapItem } from "./heap.ts"

interface Entry extends HeapItem {
  isLate: boolean
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

class Curfew {
  private readonly heap = new Heap<Entry>()
  private readonly alarm = new Alarm(() => this.cut())
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private seq = 0

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.context = Context.make(Clock.Clock, clock)
  }

  enter(fiber: Fiber.Fiber<unknown, unknown>, millis: number): Entry {
    const due = SteadyClock.nowUnsafe(this.clock) + millis
    const entry: Entry = { due, seq: this.seq++, place: -1, isLate: false, fiber }
    this.heap.push(entry)
    this.arm()
    return entry
  }

  leave(entry: Entry): void {
    this.heap.remove(entry)
    // Nobody is out any more: no timer may keep the process alive.
    if (this.heap.size === 0) this.alarm.clear()
  }

  private arm(): void {
    const first = this.heap.peek()
    if (first !== undefined && first.due < this.alarm.setFor) this.alarm.set(first.due, this.clock, this.context)
  }

  private cut(): void {
    const now = SteadyClock.nowUnsafe(this.clock)
    for (let first = this.heap.peek(); first !== undefined && first.due <= now; first = this.heap.peek()) {
      this.heap.remove(first)
      first.isLate = true
      first.fiber.interruptUnsafe()
    }
    this.arm()
  }
}

const curfews = new WeakMap<Clock.Clock, Curfew>()

const curfewOf = (clock: Clock.Clock): Curfew => {
  let curfew = curfews.get(clock)
  if (curfew === undefined) curfews.set(clock, (curfew = new Curfew(clock)))
  return curfew
}

// `self` in a fiber of its own, or `late` when that was interrupted for taking longer than `millis`.
export const within = <A, E, R>(self: Effect.Effect<A, E, R>, millis: number, late: A): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<A, E>((resume) => {
      const fiber = Effect.runForkWith(context)(self)
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return resume(exit)
      const curfew = curfewOf(Context.get(context, Clock.Clock))
      const entry = curfew.enter(fiber, millis)
      fiber.addObserver((exit) => {
        curfew.leave(entry)
        const isCut = entry.isLate && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
        resume(isCut ? Effect.succeed(late) : exit)
      })
      return Fiber.interrupt(fiber)
    })
  )
