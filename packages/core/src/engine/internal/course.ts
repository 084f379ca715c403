// The course of one wait: what both drivers share. It folds answers into the state, steps the schedules and asks
// `decide`; it never sleeps and never polls.
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { PollAnswer } from "../../model/Observation.ts"
import * as PollFaults from "../../model/PollFault.ts"
import { PollFault } from "../../model/PollFault.ts"
import { PollStopped, type Seen, type StopReason } from "../../model/PollStopped.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicies from "../../policy/PollPolicy.ts"
import { type Proposal, Stepper } from "../../policy/Stepper.ts"
import * as Waits from "../../policy/Waits.ts"
import type { PollEvent } from "../PollEvent.ts"
import type { PollSpec } from "../PollSpec.ts"

// A poll that took longer than its policy allows, as the engine sees it.
export const timedOut: PollFault = PollFaults.make({
  kind: "Transient",
  code: "timeout",
  message: "the poll was not answered in time"
})

export class Course<A, T, R> {
  readonly spec: PollSpec<A, T, R>
  state: Decision.WaitState
  private readonly denialsAtStart: number
  private readonly stepper: Stepper<R>
  private words: Set<string> | null = null

  constructor(spec: PollSpec<A, T, R>, now: number) {
    this.spec = spec
    this.stepper = new Stepper(spec.policy)
    this.state = Decision.begin(now, spec.submittedAt ?? null)
    this.denialsAtStart = spec.budget?.denials() ?? 0
  }

  // The credential was refused since this wait began: somebody else's answer is an answer for us too.
  isDenied(): boolean {
    return (this.spec.budget?.denials() ?? 0) > this.denialsAtStart
  }

  // Time spent waiting for a turn does not age the deadline.
  waited(millis: number): void {
    this.state = Decision.credit(this.state, millis)
  }

  first(now: number): Decision.Decision<A> {
    const { spec } = this
    return this.announce(
      now,
      Decision.decideFirst(spec.policy, spec.limits, this.state, {
        now,
        hint: spec.hint ?? Option.none(),
        notBefore: spec.notBefore ?? 0,
        pausedUntil: spec.budget?.pausedUntil() ?? 0
      })
    )
  }

  // Folds an answer in. What is returned proposes the next wait: a number at once, or an effect when it is a schedule.
  seen(now: number, answer: PollAnswer<A> | PollFault): Proposal | Effect.Effect<Proposal, never, R> {
    const { spec } = this
    const budget = spec.budget
    if (budget !== undefined && answer.quota._tag === "Some") {
      budget.learn(answer.quota.value, now, answer instanceof PollFault && answer.kind === "Throttled")
    }
    const seen = answer instanceof PollFault ? answer : answer.observation
    if (seen._tag === "Settled") {
      this.state = { ...this.state, polls: this.state.polls + 1 }
      return null
    }
    const fault = seen._tag === "PollFault" ? seen : null
    this.state = Decision.observe(this.state, seen)
    if (budget !== undefined && fault !== null) {
      if (fault.kind === "Throttled") budget.pause(now + this.throttle(fault))
      if (fault.kind === "Denied") budget.deny()
    }
    this.tell({ _tag: "Polled", at: now, seen, polls: this.state.polls, first: this.isFirst(seen) })
    return this.stepper.propose(now, {
      seen,
      polls: this.state.polls,
      faultsInARow: this.state.faultsInARow,
      age: Math.max(0, now - this.state.startedAt - this.state.credit),
      open: budget?.open() ?? 1
    })
  }

  decide(now: number, answer: PollAnswer<A> | PollFault, proposal: Proposal, random: number): Decision.Decision<A> {
    const { spec } = this
    const decision = Decision.decide<A>(spec.policy, spec.limits, this.state, {
      seen: answer instanceof PollFault ? answer : answer.observation,
      hint: answer.hint,
      now,
      pausedUntil: spec.budget?.pausedUntil() ?? 0,
      random,
      proposal
    })
    return this.announce(now, decision)
  }

  stopped(now: number, reason: StopReason, notBefore: number): PollStopped<T> {
    this.tell({ _tag: "Stopped", at: now, reason, polls: this.state.polls })
    return new PollStopped({
      ticket: this.spec.ticket,
      reason,
      polls: this.state.polls,
      last: this.state.last,
      notBefore: Math.ceil(notBefore)
    })
  }

  private announce(now: number, decision: Decision.Decision<A>): Decision.Decision<A> {
    if (decision._tag === "Wait") {
      this.tell({
        _tag: "Scheduled",
        at: now,
        until: decision.until,
        because: decision.because,
        polls: this.state.polls
      })
    } else if (decision._tag === "Settle") {
      this.tell({ _tag: "Settled", at: now, value: decision.value, polls: this.state.polls })
    }
    return decision
  }

  private tell(event: PollEvent<A>): void {
    const { observer } = this.spec
    if (observer === undefined) return
    try {
      observer(event)
    } catch {
      // Whoever listens cannot disturb the wait.
    }
  }

  private isFirst(seen: Seen): boolean {
    const word = seen._tag === "Unrecognised" ? `?${seen.word}` : seen._tag === "Pending" ? seen.phase : seen.code
    if (this.words === null) this.words = new Set()
    if (this.words.has(word)) return false
    // A vendor that invents a new word for each poll must not grow this without end.
    if (this.words.size < 64) this.words.add(word)
    return true
  }

  private throttle(fault: PollFault): number {
    const { limits } = this.spec
    const asked = Option.getOrElse(fault.hint, () => limits.throttledWait)
    return Waits.clamp(Math.ceil(Duration.toMillis(asked)), 0, Duration.toMillis(limits.pauseCap))
  }
}

export const randomOf = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  Context.get(fiber.context, Random.Random).nextDoubleUnsafe()

// A policy that no wait can follow is a mistake in the program that made it.
export const assertPolicy = <A, T, R>(spec: PollSpec<A, T, R>): Effect.Effect<void> => {
  const checked = PollPolicies.check(spec.policy, spec.limits)
  return Result.isFailure(checked) ? Effect.die(checked.failure) : Effect.void
}
