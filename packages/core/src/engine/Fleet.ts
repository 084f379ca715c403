/**
 * Polls many things at once: one heap of due times, one timer, a supervised fiber per poll.
 *
 * A sleeping wait is one small entry in the heap and owns neither a fiber nor a timer, so waits are cheap by the
 * hundred thousand. The rules are those of `Poller`: both ask the same pure decision. Closing the scope of a fleet, or
 * interrupting a wait, cuts the polls in flight and leaves nothing behind; `stop` ends every wait softly, its ticket
 * kept.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped } from "../model/PollStopped.ts"
import type * as Decision from "../policy/Decision.ts"
import type { Proposal } from "../policy/Stepper.ts"
import { Alarm } from "./internal/alarm.ts"
import { assertPolicy, Course, randomOf, timedOut } from "./internal/course.ts"
import { Heap, type HeapItem } from "./internal/heap.ts"
import type { PollSpec } from "./PollSpec.ts"
import * as SteadyClock from "./SteadyClock.ts"

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

// What the timer sees of a wait; its types stay inside.
interface Entry extends HeapItem {
  readonly onDue: () => void
  readonly stop: () => Fiber.Fiber<void> | null
}

interface Crew {
  readonly heap: Heap<Entry>
  readonly entries: Set<Entry>
  readonly now: () => number
  // The heap's first due time may have changed.
  readonly arm: () => void
}

class Wait<A, T, R> implements Entry {
  due = 0
  readonly seq: number
  place = -1
  private readonly crew: Crew
  private readonly course: Course<A, T, R>
  private readonly context: Context.Context<R>
  private readonly done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  private fiber: Fiber.Fiber<void> | null = null
  private stage: "asleep" | "queueing" | "polling" | "deciding" | "over" = "asleep"
  private cut = false

  constructor(
    crew: Crew,
    seq: number,
    spec: PollSpec<A, T, R>,
    context: Context.Context<R>,
    done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  ) {
    this.crew = crew
    this.seq = seq
    this.context = context
    this.done = done
    this.course = new Course(spec, crew.now())
  }

  begin(): void {
    this.crew.entries.add(this)
    this.follow(this.course.first(this.crew.now()))
  }

  // Asleep: time to poll. Polling: the poll has taken too long.
  onDue(): void {
    if (this.stage === "asleep") this.run(this.pollOnce())
    else if (this.stage === "polling") {
      this.cut = true
      this.fiber?.interruptUnsafe()
    }
  }

  // Ends the wait at once; the poll in flight, if there is one, is left to be cut.
  stop(): Fiber.Fiber<void> | null {
    const fiber = this.fiber
    const now = this.crew.now()
    const notBefore = this.stage === "asleep" ? Math.max(this.due, now) : now
    this.finish(() => Exit.fail(this.course.stopped(now, "interrupted", notBefore)))
    return fiber
  }

  // Leaves without a word: whoever waited is gone.
  leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.fiber
      this.retire()
      return fiber === null ? Effect.void : Fiber.interrupt(fiber)
    })
  }

  private retire(): void {
    this.stage = "over"
    this.crew.heap.remove(this)
    this.crew.entries.delete(this)
    this.crew.arm()
    this.fiber = null
  }

  private finish(exit: () => Exit.Exit<A, PollStopped<T>>): void {
    if (this.stage === "over") return
    this.retire()
    try {
      this.done(exit())
    } catch {
      // Whoever listens cannot disturb the fleet.
    }
  }

  private run(effect: Effect.Effect<void, never, R>): void {
    const fiber = Effect.runForkWith(this.context)(effect)
    if (fiber.pollUnsafe() === undefined) this.fiber = fiber
    fiber.addObserver((exit) => {
      if (this.fiber === fiber) this.fiber = null
      if (Exit.isSuccess(exit) || this.stage === "over") return
      if (this.cut && Cause.hasInterruptsOnly(exit.cause)) {
        this.cut = false
        this.run(this.answered(timedOut))
      } else {
        this.finish(() => Exit.failCause(exit.cause))
      }
    })
  }

  private pollOnce(): Effect.Effect<void, never, R> {
    return Effect.suspend(() => {
      const { spec } = this.course
      if (spec.budget === undefined) return this.request()
      if (this.course.isDenied()) return this.denied()
      this.stage = "queueing"
      return Effect.flatMap(spec.budget.turn({ kind: "poll", due: this.due, lane: spec.lane ?? "" }), (turn) => {
        this.course.waited(turn.waited)
        if (!this.course.isDenied()) return this.request()
        turn.giveBack()
        return this.denied()
      })
    })
  }

  private denied(): Effect.Effect<void> {
    return Effect.sync(() => {
      const now = this.crew.now()
      this.finish(() => Exit.fail(this.course.stopped(now, "denied", now)))
    })
  }

  private request(): Effect.Effect<void, never, R> {
    return Effect.suspend(() => {
      const { spec } = this.course
      this.stage = "polling"
      this.cut = false
      // The same heap and timer bound the poll: no timer of its own.
      this.crew.heap.move(this, this.crew.now() + Math.ceil(Duration.toMillis(spec.policy.pollTimeout)))
      this.crew.arm()
      return Effect.matchEffect(spec.poll, {
        onSuccess: (answer) => this.answered(answer),
        onFailure: (fault) => this.answered(fault)
      })
    })
  }

  private answered(answer: PollAnswer<A> | PollFault): Effect.Effect<void, never, R> {
    return Effect.withFiber((fiber) => {
      this.stage = "deciding"
      this.crew.heap.remove(this)
      const conclude = (proposal: Proposal): void =>
        this.follow(this.course.decide(this.crew.now(), answer, proposal, randomOf(fiber)))
      const proposed = this.course.seen(this.crew.now(), answer)
      if (Effect.isEffect(proposed)) return Effect.map(proposed, conclude)
      conclude(proposed)
      return Effect.void
    })
  }

  private follow(decision: Decision.Decision<A>): void {
    if (this.stage === "over") return
    switch (decision._tag) {
      case "Settle":
        return this.finish(() => Exit.succeed(decision.value))
      case "Stop":
        return this.finish(() => Exit.fail(this.course.stopped(this.crew.now(), decision.reason, decision.notBefore)))
      case "Wait":
        this.stage = "asleep"
        this.crew.heap.move(this, decision.until)
        return this.crew.arm()
    }
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
  const heap = new Heap<Entry>()
  const entries = new Set<Entry>()
  let seq = 0
  let stopped = false
  let serving = false

  const serve = (): void => {
    // What comes due while a round is served is served in that round.
    if (serving) return
    serving = true
    for (;;) {
      const first = heap.peek()
      if (first === undefined || first.due > SteadyClock.nowUnsafe(clock)) break
      heap.pop()
      first.onDue()
    }
    serving = false
    arm()
  }
  const alarm = new Alarm(serve)
  const arm = (): void => {
    if (serving) return
    const first = heap.peek()
    if (first === undefined) alarm.clear()
    else if (first.due < alarm.setFor) alarm.set(first.due, clock, home)
  }
  const crew: Crew = { heap, entries, now: () => Math.ceil(SteadyClock.nowUnsafe(clock)), arm }

  const stop = Effect.suspend(() => {
    stopped = true
    const cut = [...entries].map((entry) => entry.stop()).filter((fiber) => fiber !== null)
    return Fiber.interruptAll(cut)
  })
  yield* Effect.addFinalizer(() =>
    Effect.ensuring(
      stop,
      Effect.sync(() => alarm.clear())
    )
  )

  const enter = <A, T, R>(
    spec: PollSpec<A, T, R>,
    context: Context.Context<R>,
    done: (exit: Exit.Exit<A, PollStopped<T>>) => void
  ): Wait<A, T, R> => {
    const entry = new Wait(crew, seq++, spec, context, done)
    entry.begin()
    return entry
  }

  return {
    size: () => entries.size,
    stop,
    wait: <A, T, R = never>(spec: PollSpec<A, T, R>) =>
      Effect.contextWith((context: Context.Context<R>) =>
        Effect.andThen(
          assertPolicy(spec),
          Effect.callback<A, PollStopped<T>>((resume) => {
            const entry = enter(spec, context, resume)
            if (stopped) entry.stop()
            return entry.leave()
          })
        )
      ),
    add: <A, T>(spec: PollSpec<A, T>, done: (exit: Exit.Exit<A, PollStopped<T>>) => void) =>
      Effect.andThen(
        assertPolicy(spec),
        Effect.suspend(() => {
          const entry = enter(spec, home, done)
          if (stopped) entry.stop()
          return Effect.void
        })
      )
  } satisfies Fleet
})
