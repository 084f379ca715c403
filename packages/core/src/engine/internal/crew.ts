// The driver of all waits: one agenda of due times, one timer, a supervised fiber per poll. A wait alone and the waits of a
// fleet are served alike. Touches fibers and the clock; laws: a sleeping wait owns neither a fiber nor a timer, a poll runs
// in its own caller's asynchronous context, and whatever one wait comes to, the others are woken.
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type { PollAnswer } from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { PollStopped } from "../../model/PollStopped.ts"
import type * as Decision from "../../policy/Decision.ts"
import type { Proposal } from "../../policy/Stepper.ts"
import { Agenda } from "../../time/internal/agenda.ts"
import { Alarm } from "../../time/internal/alarm.ts"
import { type HeapItem, isBefore } from "../../time/internal/heap.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Waits from "../../time/Waits.ts"
import type { PollSpec } from "./pollSpec.ts"
import * as AsyncContext from "./asyncContext.ts"
import { Course, type Era, inEra, timedOut } from "./course.ts"

// What the timer sees of a wait; its types stay inside. Times in the agenda count from the beginning of the fleet.
interface Entry extends HeapItem {
  // Its place among all entries.
  slot: number
  readonly onDue: (now: number) => void
  readonly stop: () => Stopping
}

// What is left to do for a wait that was stopped: to say so, and to cut what it was doing.
interface Stopping {
  readonly announce: () => void
  readonly fiber: Fiber.Fiber<unknown, unknown> | null
}

type Stage = "asleep" | "queueing" | "polling" | "reading" | "cutting" | "deciding" | "overdue" | "over"

export class Wait<A, T, R> extends Course<A, T, R, Crew> implements Entry {
  due = 0
  readonly seq: number
  place = -1
  slot = -1
  private readonly context: Context.Context<R>
  // Another wait's timer or answer may wake it: what is done for it is done inside.
  private readonly around: AsyncContext.AsyncContext
  private readonly done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  private fiber: Fiber.Fiber<unknown, unknown> | null = null
  private stage: Stage = "asleep"

  constructor(
    crew: Crew,
    seq: number,
    spec: PollSpec<A, T, R>,
    context: Context.Context<R>,
    done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  ) {
    const now = crew.now()
    super(spec, now, crew)
    this.seq = seq
    this.context = context
    this.around = AsyncContext.capture()
    this.done = done
    crew.enter(this)
    this.follow(now, this.first(now))
  }

  private get crew(): Crew {
    return this.era
  }

  onDue(now: number): void {
    try {
      AsyncContext.inside(this.around, this.act, this, now)
    } catch (defect) {
      // A budget that throws ends its own wait and no other.
      this.finish(() => Exit.die(defect))
    }
  }

  // Asleep: time to poll. Polling or deciding: that has taken too long.
  private act(now: number): void {
    if (this.stage === "asleep") return this.poll(now)
    if (this.stage === "polling" && Timeouts.isHeldUp(this.crew.began + this.due, now)) {
      this.stage = "reading"
      return this.endAt(now + Timeouts.momentToRead)
    }
    this.crew.limited.remove(this)
    if (this.stage === "polling" || this.stage === "reading") this.stage = "cutting"
    else if (this.stage === "deciding") this.stage = "overdue"
    else return
    this.fiber?.interruptUnsafe()
  }

  // Ends the wait at once: from here on it sends nothing.
  stop(): Stopping {
    const { fiber } = this
    if (this.stage === "over") return { fiber, announce: () => {} }
    const now = this.crew.now()
    const notBefore = this.restsUntil(now)
    this.retire()
    return { fiber, announce: () => this.announceEnd(() => Exit.fail(this.stopped(now, "interrupted", notBefore))) }
  }

  // When it would have polled next; a poll that is cut reached the vendor all the same.
  private restsUntil(now: number): number {
    if (this.stage === "asleep") return Math.max(this.crew.began + this.due, now)
    return this.stage === "queueing" ? now : this.afterCut(now)
  }

  // Leaves without a word: the waiter is gone.
  leave(): Effect.Effect<void> {
    const fiber = this.fiber
    this.retire()
    return fiber === null ? Effect.void : Fiber.interrupt(fiber)
  }

  private retire(): void {
    if (this.stage === "over") return
    this.leaveAgenda()
    this.stage = "over"
    this.fiber = null
    this.crew.leave(this)
    this.crew.arm()
  }

  private finish(exit: () => Exit.Exit<A, PollStopped<T>>): void {
    if (this.stage === "over") return
    this.retire()
    this.announceEnd(exit)
  }

  private announceEnd(exit: () => Exit.Exit<A, PollStopped<T>>): void {
    try {
      AsyncContext.inside(this.around, this.done, null, exit())
    } catch {
      // A listener cannot disturb the fleet.
    }
  }

  private poll(now: number): void {
    const { budget, lane } = this.spec
    if (budget === undefined) {
      this.sent(now)
      return this.run(this.spec.poll)
    }
    this.leaveAgenda()
    if (this.isDenied()) return this.deny()
    this.stage = "queueing"
    this.run(
      Effect.flatMap(budget.turn({ kind: "poll", due: this.crew.began + this.due, lane: lane ?? "" }), (turn) => {
        this.waited(turn.waited)
        if (this.stage !== "over" && !this.isDenied()) {
          const granted = this.crew.now()
          this.gotTurn(turn, now, granted)
          this.sent(granted)
          return this.spec.poll
        }
        turn.giveBack()
        this.deny()
        return nothing
      })
    )
  }

  private deny(): void {
    const now = this.crew.now()
    this.finish(() => Exit.fail(this.denied(now)))
  }

  // The fleet's timer bounds the poll: no timer of its own.
  private sent(now: number): void {
    this.leaveAgenda()
    this.stage = "polling"
    this.endAt(now + Math.ceil(Waits.millis(this.spec.policy.pollTimeout)))
  }

  private endAt(limit: number): void {
    this.crew.limited.move(this, inEra(this.crew, limit))
    this.crew.arm()
  }

  private sleepUntil(until: number): void {
    this.leaveAgenda()
    this.stage = "asleep"
    this.crew.asleep.move(this, inEra(this.crew, until))
    this.crew.arm()
  }

  // Asleep an entry is in one agenda, in all other stages in the other one or in none.
  private leaveAgenda(): void {
    if (this.stage === "asleep") this.crew.asleep.remove(this)
    else this.crew.limited.remove(this)
  }

  // Null: there is no answer, and nothing is left to do.
  private run(effect: Effect.Effect<PollAnswer<A> | null, PollFault, R>): void {
    const fiber = Effect.runForkWith(this.context)(effect)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return this.ended(exit)
    if (this.stage === "over") return fiber.interruptUnsafe()
    this.fiber = fiber
    fiber.addObserver((exit) => {
      this.fiber = null
      this.ended(exit)
    })
  }

  private ended(exit: Exit.Exit<PollAnswer<A> | null, PollFault>): void {
    if (this.stage === "over") return
    if (Exit.isSuccess(exit)) {
      if (exit.value !== null) this.answered(exit.value)
      return
    }
    if (Cause.hasInterruptsOnly(exit.cause)) {
      if (this.stage === "cutting") return this.answered(timedOut)
      if (this.stage === "overdue") return this.conclude(null)
    }
    const defect = Cause.findDefect(exit.cause)
    if (Result.isSuccess(defect)) return this.finish(() => Exit.die(defect.success))
    const fault = Cause.findError(exit.cause)
    if (Result.isSuccess(fault)) return this.answered(fault.success)
    this.finish(() => Exit.failCause(fault.failure))
  }

  private answered(answer: PollAnswer<A> | PollFault): void {
    const now = this.crew.now()
    try {
      const proposed = this.seen(now, answer)
      if (typeof proposed !== "object" || proposed === null) {
        return this.follow(now, this.decide(now, answer, proposed, this.context))
      }
      this.stage = "deciding"
      this.undecided = answer
      this.endAt(now + this.patience(now))
      this.run(
        Effect.map(proposed, (proposal) => {
          this.conclude(proposal)
          return null
        })
      )
    } catch (defect) {
      // A pace that throws ends its own wait and no other.
      this.finish(() => Exit.die(defect))
    }
  }

  // What the schedule says to the answer it was asked about.
  private conclude(proposal: Proposal): void {
    const { undecided } = this
    if (this.stage === "over" || undecided === null) return
    this.undecided = null
    const now = this.crew.now()
    this.follow(now, this.decide(now, undecided, proposal, this.context))
  }

  private follow(now: number, decision: Decision.Decision<A>): void {
    if (this.stage === "over") return
    switch (decision._tag) {
      case "Settle":
        return this.finish(() => Exit.succeed(decision.value))
      case "Stop":
        return this.finish(() => Exit.fail(this.stopped(now, decision.reason, decision.notBefore)))
      case "Wait":
        return this.sleepUntil(decision.until)
    }
  }
}

// Apart, so that what a waiting fiber keeps is the entry alone.
export const leaving = <A, T, R>(entry: Wait<A, T, R>): Effect.Effect<void> => Effect.suspend(() => entry.leave())

const nothing: Effect.Effect<null> = Effect.succeed(null)

// Polls that go out before answers are heard again: a crowd that is due at once holds up nobody else, and its requests
// do not all lie around together.
const round = 64

// Waits that one timer serves.
export class Crew implements Era {
  readonly began: number
  // What sleeps, by when it is due; and what polls or thinks, by when that has taken too long.
  readonly asleep = new Agenda<Entry>()
  readonly limited = new Agenda<Entry>()
  private readonly entries: Array<Entry> = []
  private readonly alarm = new Alarm(() => this.serve())
  private readonly clock: Clock.Clock
  private readonly context: Context.Context<never>
  private readonly read: () => number
  private seq = 0
  private isStopped = false
  private isServing = false

  constructor(clock: Clock.Clock, context: Context.Context<never>) {
    this.clock = clock
    this.context = context
    this.read = SteadyClock.reader(clock)
    this.began = Math.floor(this.read())
  }

  get size(): number {
    return this.entries.length
  }

  now(): number {
    return Math.ceil(this.read())
  }

  enter(entry: Entry): void {
    entry.slot = this.entries.length
    this.entries.push(entry)
  }

  leave(entry: Entry): void {
    const last = this.entries.pop()
    if (last === undefined || last === entry) return
    this.entries[entry.slot] = last
    last.slot = entry.slot
  }

  // The first due time may have changed.
  arm(): void {
    if (this.isServing) return
    const next = this.first()
    if (next === undefined) return this.alarm.clear()
    const at = this.began + next.due
    if (at < this.alarm.setFor) this.alarm.set(at, this.clock, this.context)
  }

  begin<A, T, R>(
    spec: PollSpec<A, T, R>,
    context: Context.Context<R>,
    done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  ): Wait<A, T, R> {
    const entry = new Wait(this, this.seq++, spec, context, done)
    if (this.isStopped) entry.stop().announce()
    return entry
  }

  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isStopped = true
      // All of them rest before anybody hears of it: a listener may start others.
      const stopping = this.entries.slice().map((entry) => entry.stop())
      for (const { announce } of stopping) announce()
      return Fiber.interruptAll(stopping.flatMap(({ fiber }) => fiber ?? []))
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.ensuring(
      this.stop,
      Effect.sync(() => this.alarm.clear())
    )
  }

  private first(): Entry | undefined {
    const one = this.asleep.peek()
    const other = this.limited.peek()
    return one === undefined || (other !== undefined && isBefore(other, one)) ? other : one
  }

  private serve(): void {
    // What comes due while a round is served is served in that round.
    if (this.isServing) return
    this.isServing = true
    let served = 0
    let now = this.read()
    try {
      for (;;) {
        const next = this.first()
        if (next === undefined) break
        // A reading is good for all that was due at it.
        if (this.began + next.due > now) {
          now = this.read()
          if (this.began + next.due > now) break
        }
        if (++served > round) break
        next.onDue(Math.ceil(now))
      }
    } finally {
      this.isServing = false
      // Whatever one of them came to, the others are woken.
      if (served > round) this.alarm.ringSoon(this.context)
      else this.arm()
    }
  }
}
