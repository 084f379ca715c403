/**
 * Polls many things at once: one agenda of due times, one timer, a supervised fiber per poll.
 *
 * A sleeping wait is one small entry in the agenda and owns neither a fiber nor a timer, so waits are cheap by the
 * hundred thousand. The rules are those of `Poller`: both ask the same pure decision. Closing the scope of a fleet, or
 * interrupting a wait, cuts the polls in flight and leaves nothing behind; `stop` ends every wait softly, its ticket
 * kept.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped } from "../model/PollStopped.ts"
import type * as Decision from "../policy/Decision.ts"
import * as Waits from "../time/Waits.ts"
import type { Proposal } from "../policy/Stepper.ts"
import { Alarm } from "../time/internal/alarm.ts"
import { Course, type Era, inEra, mistake, timedOut } from "./internal/course.ts"
import { Agenda } from "../time/internal/agenda.ts"
import { type HeapItem, isBefore } from "../time/internal/heap.ts"
import type { PollSpec } from "./internal/pollSpec.ts"
import * as SteadyClock from "../time/SteadyClock.ts"

/**
 * - `wait`: waits like `Poller.untilTerminal`, on this fleet's timer.
 * - `add`: the cheap path: nobody awaits, `done` is called once with how it ended. What `done` throws is dropped.
 * - `stop`: ends every wait as `interrupted` and refuses new ones the same way. Polls in flight are cut.
 * - `size`: how many waits there are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fleet {
  readonly wait: <A, T, R = never>(spec: PollSpec<A, T, R>) => Effect.Effect<A, PollStopped<T>, R>
  readonly add: <A, T>(spec: PollSpec<A, T>, done: (exit: Exit.Exit<A, PollStopped<T>>) => void) => Effect.Effect<void>
  readonly stop: Effect.Effect<void>
  readonly size: () => number
}

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

type Stage = "asleep" | "queueing" | "polling" | "cutting" | "deciding" | "overdue" | "over"

class Wait<A, T, R> extends Course<A, T, R, Crew> implements Entry {
  due = 0
  readonly seq: number
  place = -1
  slot = -1
  private readonly context: Context.Context<R>
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
    this.done = done
    crew.enter(this)
    this.follow(now, this.first(now))
  }

  private get crew(): Crew {
    return this.era
  }

  // Asleep: time to poll. Polling or deciding: that has taken too long.
  onDue(now: number): void {
    if (this.stage === "asleep") return this.poll(now)
    this.crew.limited.remove(this)
    if (this.stage === "polling") this.stage = "cutting"
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
      this.done(exit())
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
const leaving = <A, T, R>(entry: Wait<A, T, R>): Effect.Effect<void> => Effect.suspend(() => entry.leave())

const nothing: Effect.Effect<null> = Effect.succeed(null)

// Polls that go out before answers are heard again: a crowd that is due at once holds up nobody else, and its requests
// do not all lie around together.
const round = 64

// All waits of one fleet, and the one timer that serves them.
class Crew implements Era {
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
        if (++served > round) return this.alarm.ringSoon(this.context)
        next.onDue(Math.ceil(now))
      }
    } finally {
      this.isServing = false
    }
    this.arm()
  }
}

/**
 * Makes a fleet that lives as long as the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Fleet, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Effect.service(Clock.Clock)
  const home = yield* Effect.context<never>()
  const crew = new Crew(clock, home)
  yield* Effect.addFinalizer(() => crew.close)
  return {
    size: () => crew.size,
    stop: crew.stop,
    wait: <A, T, R = never>(spec: PollSpec<A, T, R>) =>
      Effect.contextWith((context: Context.Context<R>): Effect.Effect<A, PollStopped<T>, R> => {
        const wrong = mistake(spec)
        if (wrong !== null) return Effect.die(wrong)
        return Effect.callback<A, PollStopped<T>>((resume) => leaving(crew.begin(spec, context, resume)))
      }),
    add: <A, T>(spec: PollSpec<A, T>, done: (exit: Exit.Exit<A, PollStopped<T>>) => void) =>
      Effect.suspend(() => {
        const wrong = mistake(spec)
        if (wrong !== null) return Effect.die(wrong)
        crew.begin(spec, home, done)
        return Effect.void
      })
  } satisfies Fleet
})
