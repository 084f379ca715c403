// The course of one wait: it folds answers into the state, steps the schedules and asks `decide`.
// May touch: the account's budget, through `vendorSays`. Law: it never sleeps and never polls.
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Observation from "../../model/Observation.ts"
import * as PollFault from "../../model/PollFault.ts"
import { PollStopped, type Seen, type StopReason } from "../../model/PollStopped.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type { PollTick } from "../../policy/internal/pollTick.ts"
import { type Proposal, proposeAtOnce, Stepper } from "../../policy/Stepper.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as Waits from "../../time/Waits.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { PollSpec } from "./pollSpec.ts"
import type { Turn } from "../RateBudget.ts"
import { apply } from "./vendorSays.ts"

// A poll that took longer than its policy allows, as the engine sees it.
export const timedOut: PollFault.PollFault = PollFault.make({
  kind: "Transient",
  code: "timeout",
  message: "the poll was not answered in time"
})

const callWords = {
  poll: "a poll of another scan",
  collect: "the findings of another scan",
  submit: "a submission"
} as const

// What most waits never need, kept apart so that a sleeping wait stays small.
class Rarely<A, R> {
  credit = 0
  denialsAtStart = 0
  faultsInARow = 0
  brokenInARow = 0
  missingInARow = 0
  stepper: Stepper<R> | null = null
  undecided: Observation.PollAnswer<A> | PollFault.PollFault | null = null
  // The first status word, then all of them.
  words: string | Set<string> | null = null
  // The last message of the vendor's that was told.
  told: string | null = null
}

// Since when a wait, or the fleet it belongs to, counts its milliseconds.
export interface Era {
  readonly began: number
}

// A time in an era. As a small integer it takes no memory of its own, and up to 24 days are small.
export const inEra = (era: Era, at: number): number => {
  const since = at - era.began
  return since === (since | 0) ? since | 0 : since
}

export class Course<A, T, R, E extends Era = Era> implements Decision.WaitState, Decision.Tally {
  readonly spec: PollSpec<A, T, R>
  protected readonly era: E
  private readonly since: number
  polls = 0
  everSeen = false
  last: Seen | null = null
  private rarely: Rarely<A, R> | null = null

  constructor(spec: PollSpec<A, T, R>, now: number, era: E) {
    this.spec = spec
    this.era = era
    this.since = inEra(era, now)
    const denials = spec.denialsBefore ?? spec.budget?.denials() ?? 0
    if (denials !== 0) this.rare().denialsAtStart = denials
  }

  private rare(): Rarely<A, R> {
    return (this.rarely ??= new Rarely())
  }

  get startedAt(): number {
    return this.era.began + this.since
  }

  get submittedAt(): number | null {
    return this.spec.submittedAt ?? null
  }

  get credit(): number {
    return this.rarely === null ? 0 : this.rarely.credit
  }

  get faultsInARow(): number {
    return this.rarely === null ? 0 : this.rarely.faultsInARow
  }

  set faultsInARow(count: number) {
    if (this.rarely !== null || count !== 0) this.rare().faultsInARow = count
  }

  get brokenInARow(): number {
    return this.rarely === null ? 0 : this.rarely.brokenInARow
  }

  set brokenInARow(count: number) {
    if (this.rarely !== null || count !== 0) this.rare().brokenInARow = count
  }

  get missingInARow(): number {
    return this.rarely === null ? 0 : this.rarely.missingInARow
  }

  set missingInARow(count: number) {
    if (this.rarely !== null || count !== 0) this.rare().missingInARow = count
  }

  // The answer that a schedule still thinks about.
  get undecided(): Observation.PollAnswer<A> | PollFault.PollFault | null {
    return this.rarely === null ? null : this.rarely.undecided
  }

  set undecided(answer: Observation.PollAnswer<A> | PollFault.PollFault | null) {
    this.rare().undecided = answer
  }

  // A poll was cut now: the earliest time for another one.
  afterCut(now: number): number {
    const { budget, limits, policy } = this.spec
    return Math.max(now + Decision.floorOf(policy, limits), budget === undefined ? 0 : budget.pausedUntil())
  }

  // How long a schedule may think, in milliseconds: not past the deadline, and a second at least.
  patience(now: number): number {
    return Math.max(1000, Decision.deadlineOf(this.spec.policy, this) - now)
  }

  // Two other calls had the key refused since this wait began: that is an answer for us too.
  isDenied(): boolean {
    const { budget } = this.spec
    return budget !== undefined && budget.isDenied(this.rarely === null ? 0 : this.rarely.denialsAtStart, "poll")
  }

  // The stop that follows; its reason says which answer it was.
  denied(now: number): PollStopped<T> {
    const refusal = this.spec.budget?.refusal() ?? null
    if (refusal !== null) {
      const message = `the vendor refused this account's key twice, the second time for ${callWords[refusal.kind]}: ${refusal.message}`
      this.last = PollFault.make({ kind: "Denied", code: refusal.code, message })
    }
    return this.stopped(now, "denied", now)
  }

  // Time spent waiting for a turn does not age the deadline.
  waited(millis: number): void {
    if (millis > 0) this.rare().credit += millis
  }

  // A poll that was due at `due` has its turn now. A millisecond is the clock's.
  gotTurn({ queued }: Pick<Turn, "queued">, due: number, now: number): void {
    const { observer } = this.spec
    if (observer === undefined || !queued || now - due < 2) return
    tell(observer, { _tag: "Scheduled", at: due, until: now, because: "turn", asked: null, polls: this.polls })
  }

  first(now: number): Decision.Decision<A> {
    const { spec } = this
    return this.announce(
      now,
      Decision.decideFirst(spec.policy, spec.limits, this, {
        now,
        hint: spec.hint ?? Option.none(),
        notBefore: spec.notBefore ?? 0,
        pausedUntil: spec.budget?.pausedUntil() ?? 0
      }),
      spec.hint
    )
  }

  // Folds an answer in. What is returned proposes the next wait: a number at once, or an effect when it is a schedule.
  seen(
    now: number,
    answer: Observation.PollAnswer<A> | PollFault.PollFault
  ): Proposal | Effect.Effect<Proposal, never, R> {
    const { spec } = this
    const { budget, observer } = spec
    if (budget !== undefined) apply(budget, spec.limits, answer, now, { by: this, kind: "poll" })
    const said = answer instanceof PollFault.PollFault ? answer : answer.observation
    if (said._tag === "Settled") {
      this.polls += 1
      return null
    }
    // A sleeping wait keeps what it saw last, and no texts with it.
    const seen = said._tag === "Pending" && said.messages !== undefined ? withoutMessages(said) : said
    Decision.fold(this, seen)
    if (observer !== undefined) {
      const messages = said._tag === "Pending" && said.messages !== undefined ? this.news(said.messages) : []
      tell(observer, {
        _tag: "Polled",
        at: now,
        seen,
        polls: this.polls,
        first: this.isFirst(seen),
        ...(messages.length === 0 ? {} : { messages })
      })
    }
    const tick: PollTick = {
      seen,
      polls: this.polls,
      faultsInARow: this.faultsInARow,
      age: Math.max(0, now - this.startedAt - this.credit),
      scanAge: this.submittedAt === null ? null : Math.max(0, now - this.submittedAt),
      asked: answer.hint._tag === "None" ? null : Math.ceil(Waits.millis(answer.hint.value)),
      open: budget === undefined ? 1 : budget.open()
    }
    const stepper = this.rarely === null ? null : this.rarely.stepper
    if (stepper !== null) return stepper.propose(now, tick)
    const atOnce = proposeAtOnce(spec.policy, tick)
    return atOnce === undefined ? (this.rare().stepper = new Stepper(spec.policy)).propose(now, tick) : atOnce
  }

  decide(
    now: number,
    answer: Observation.PollAnswer<A> | PollFault.PollFault,
    proposal: Proposal,
    context: Context.Context<never>
  ): Decision.Decision<A> {
    const { spec } = this
    return this.announce(
      now,
      Decision.decide<A>(spec.policy, spec.limits, this, {
        seen: answer instanceof PollFault.PollFault ? answer : answer.observation,
        hint: answer.hint,
        now,
        pausedUntil: spec.budget === undefined ? 0 : spec.budget.pausedUntil(),
        random: spec.policy.spread > 0 ? Context.get(context, Random.Random).nextDoubleUnsafe() : 0,
        proposal
      }),
      answer.hint
    )
  }

  stopped(now: number, reason: StopReason, notBefore: number): PollStopped<T> {
    const { observer, ticket } = this.spec
    if (observer !== undefined) tell(observer, { _tag: "Stopped", at: now, reason, polls: this.polls })
    return withoutStack(
      () => new PollStopped({ ticket, reason, polls: this.polls, last: this.last, notBefore: Math.ceil(notBefore) })
    )
  }

  private announce(
    now: number,
    decision: Decision.Decision<A>,
    hint: Option.Option<Duration.Duration> = Option.none()
  ): Decision.Decision<A> {
    const { observer } = this.spec
    if (observer === undefined) return decision
    if (decision._tag === "Wait") {
      const { because, until } = decision
      const asked = hint._tag === "None" ? null : Math.ceil(Waits.millis(hint.value))
      tell(observer, { _tag: "Scheduled", at: now, until, because, asked, polls: this.polls })
    } else if (decision._tag === "Settle") {
      tell(observer, { _tag: "Settled", at: now, value: decision.value, polls: this.polls })
    }
    return decision
  }

  // A vendor sends the same list again with each answer, longer each time, or the end of it.
  private news(messages: ReadonlyArray<string>): ReadonlyArray<string> {
    const rarely = this.rare()
    const { told } = rarely
    rarely.told = messages.at(-1) ?? told
    return told === null ? messages : messages.slice(messages.lastIndexOf(told) + 1)
  }

  private isFirst(seen: Seen): boolean {
    const word = wordOf(seen)
    const rarely = this.rare()
    if (rarely.words === null) {
      rarely.words = word
      return true
    }
    if (rarely.words === word) return false
    if (typeof rarely.words === "string") rarely.words = new Set([rarely.words])
    if (rarely.words.has(word)) return false
    // A vendor that invents a new word for each poll must not grow this without end.
    if (rarely.words.size < 64) rarely.words.add(word)
    return true
  }
}

const withoutMessages = ({ moved, phase, progress }: Observation.Pending): Observation.Pending =>
  moved === undefined ? Observation.pending(phase, progress) : { _tag: "Pending", phase, progress, moved }

const wordOf = (seen: Seen): string => {
  switch (seen._tag) {
    case "Pending":
      return seen.phase
    case "Ended":
      return `!${seen.vendorStatus}`
    case "Unrecognised":
      return `?${seen.word}`
    case "PollFault":
      return seen.code
  }
}

// A stop is an answer: where in here it was made tells nobody anything, and recording it costs more than all the rest.
const withoutStack = <E extends Error>(make: () => E): E => {
  const limit: unknown = Reflect.get(Error, "stackTraceLimit")
  Reflect.set(Error, "stackTraceLimit", 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit)
  }
}

const tell = <A>(observer: (event: PollEvent<A>) => void, event: PollEvent<A>): void => {
  try {
    observer(event)
  } catch {
    // A listener cannot disturb the wait.
  }
}

// Policies and limits that were found to agree: most waits share theirs with many others.
const agreed = new WeakMap<object, VendorLimits>()

// A policy that no wait can follow is a mistake in the program that made it: what it dies with, or null.
export const mistake = <A, T, R>(spec: PollSpec<A, T, R>): PollPolicy.InvalidPolicy | null => {
  if (agreed.get(spec.policy) === spec.limits) return null
  const checked = PollPolicy.check(spec.policy, spec.limits)
  if (Result.isFailure(checked)) return checked.failure
  agreed.set(spec.policy, spec.limits)
  return null
}
