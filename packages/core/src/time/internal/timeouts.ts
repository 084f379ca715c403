// Many timeouts, one timer: one heap and one alarm for all effects under a clock, no matter who asks (a poll, a schedule, a
// request of `VendorHttp`). May touch: the fibers it starts. Laws: no timer outlives the effects it is for; after a pause of
// the process (SIGSTOP, a closed lid) an answer that already lies in the socket is read before its timeout counts.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as SteadyClock from "../SteadyClock.ts"
import { Alarm } from "./alarm.ts"
import { Heap, type HeapItem } from "./heap.ts"

// A timer that rings this much too late was held up with the whole process: Node runs timers before it reads sockets.
export const isHeldUp = (due: number, now: number): boolean => now - due > 100
export const momentToRead = 250

interface Entry extends HeapItem {
  isLate: boolean
  hadItsMoment: boolean
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

class Timeouts {
  private readonly heap = new Heap<Entry>()
  private readonly alarm = new Alarm(() => this.expire())
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private seq = 0
  private isExpiring = false

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.context = Context.make(Clock.Clock, clock)
  }

  add(fiber: Fiber.Fiber<unknown, unknown>, millis: number): Entry {
    const due = SteadyClock.nowUnsafe(this.clock) + millis
    const entry: Entry = { due, seq: this.seq++, place: -1, isLate: false, hadItsMoment: false, fiber }
    this.heap.push(entry)
    this.arm()
    return entry
  }

  remove(entry: Entry): void {
    this.heap.remove(entry)
    // No timer may keep the process alive when nothing is under way.
    if (this.heap.size === 0) this.alarm.clear()
  }

  private arm(): void {
    // What is cut may start something else at once: the alarm is set when all that is due has been cut.
    if (this.isExpiring) return
    const first = this.heap.peek()
    if (first !== undefined && first.due < this.alarm.setFor) this.alarm.set(first.due, this.clock, this.context)
  }

  private expire(): void {
    const now = SteadyClock.nowUnsafe(this.clock)
    this.isExpiring = true
    for (let first = this.heap.peek(); first !== undefined && first.due <= now; first = this.heap.peek()) {
      if (!first.hadItsMoment && isHeldUp(first.due, now)) {
        first.hadItsMoment = true
        this.heap.move(first, now + momentToRead)
        continue
      }
      this.heap.remove(first)
      first.isLate = true
      first.fiber.interruptUnsafe()
    }
    this.isExpiring = false
    this.arm()
  }
}

const byClock = new WeakMap<Clock.Clock, Timeouts>()

const under = (clock: Clock.Clock): Timeouts => {
  let timeouts = byClock.get(clock)
  if (timeouts === undefined) byClock.set(clock, (timeouts = new Timeouts(clock)))
  return timeouts
}

// `self` in a fiber of its own, so that it can be cut where its caller cannot; `late` when that took longer than `millis`.
export const within = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  millis: number,
  late: Effect.Effect<A, E>
): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<A, E>((resume) => {
      const fiber = Effect.runForkWith(context)(self)
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return resume(exit)
      const timeouts = under(Context.get(context, Clock.Clock))
      const entry = timeouts.add(fiber, millis)
      fiber.addObserver((exit) => {
        timeouts.remove(entry)
        resume(entry.isLate && Exit.isFailure(exit) && !Cause.hasDies(exit.cause) ? late : exit)
      })
      return Fiber.interrupt(fiber)
    })
  )

// None when `self` took longer than `limit`. Unlike `Effect.timeoutOption` it cuts `self` also in an uninterruptible region.
export const option = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  limit: Duration.Duration
): Effect.Effect<Option.Option<A>, E, R> =>
  within<Option.Option<A>, E, R>(Effect.asSome(self), Duration.toMillis(limit), Effect.succeedNone)
