/**
 * The one place where it is decided what follows a poll: wait, stop or settle.
 *
 * `decide` is pure. Both drivers, the single fiber and the fleet, fold what a poll showed into a `WaitState` with
 * `observe` and then ask `decide`. The stages have a fixed order, so no composition of a policy can break a promise to
 * the vendor: the proposal of the pace, spread upwards, raised to the hint, the floor and the account's pause, and only
 * then held against the deadline.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import type { Observation } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { Seen, StopReason } from "../model/PollStopped.ts"
import type { PollPolicy } from "./PollPolicy.ts"
import type { VendorLimits } from "./VendorLimits.ts"
import * as Waits from "../time/Waits.ts"

/**
 * What a wait remembers between polls. Times are milliseconds on the engine's steady clock.
 *
 * - `credit`: time spent waiting for a turn of the budget; it does not age the deadline.
 * - `submittedAt`: when we submitted this scan; null for an id we only know.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitState {
  readonly startedAt: number
  readonly submittedAt: number | null
  readonly credit: number
  readonly polls: number
  readonly everSeen: boolean
  readonly faultsInARow: number
  readonly brokenInARow: number
  readonly missingInARow: number
  readonly last: Seen | null
}

/**
 * Why a wait is as long as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Because = "first" | "pace" | "back-off" | "hint" | "floor" | "pause" | "deadline"

/**
 * What to do after a look at a wait: sleep until a time (engine milliseconds), end without an outcome, or end with one.
 *
 * @category models
 * @since 0.1.0
 */
export type Decision<A> =
  | { readonly _tag: "Wait"; readonly until: number; readonly because: Because }
  | { readonly _tag: "Stop"; readonly reason: StopReason; readonly notBefore: number }
  | { readonly _tag: "Settle"; readonly value: A }

/**
 * The state of a wait that has not polled yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const begin = (startedAt: number, submittedAt: number | null): WaitState => ({
  startedAt,
  submittedAt,
  credit: 0,
  polls: 0,
  everSeen: false,
  faultsInARow: 0,
  brokenInARow: 0,
  missingInARow: 0,
  last: null
})

/**
 * The part of a `WaitState` that a poll changes, for a driver that keeps its state in place.
 *
 * @category models
 * @since 0.1.0
 */
export type Tally = {
  -readonly [K in "polls" | "everSeen" | "faultsInARow" | "brokenInARow" | "missingInARow" | "last"]: WaitState[K]
}

/**
 * The state after a poll. A good poll ends every row of faults; throttling neither lengthens nor ends one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observe = (state: WaitState, seen: Seen): WaitState => {
  const next = { ...state }
  fold(next, seen)
  return next
}

/**
 * `observe` in place.
 *
 * @category combinators
 * @since 0.1.0
 */
export const fold = (state: Tally, seen: Seen): void => {
  state.polls += 1
  state.last = seen
  if (seen._tag !== "PollFault") {
    state.everSeen = true
    state.faultsInARow = 0
    state.brokenInARow = 0
    state.missingInARow = 0
    return
  }
  switch (seen.kind) {
    case "Throttled":
    case "Denied":
      return
    case "Transient":
      state.faultsInARow += 1
      return
    case "Broken":
      state.faultsInARow += 1
      state.brokenInARow += 1
      return
    case "Missing":
      state.faultsInARow += 1
      state.missingInARow += 1
      return
  }
}

/**
 * The state after `waited` milliseconds in the queue of the budget.
 *
 * @category combinators
 * @since 0.1.0
 */
export const credit = (state: WaitState, waited: number): WaitState =>
  waited > 0 ? { ...state, credit: state.credit + waited } : state

/**
 * Which part of a policy proposes the wait after `seen`: its pace, its failure policy, or neither.
 *
 * @category destructors
 * @since 0.1.0
 */
export const proposer = (seen: Seen): "pace" | "failures" | "none" => {
  // What is over needs no pace: its result is asked for as soon as the floor allows.
  if (seen._tag === "Ended") return "none"
  if (seen._tag !== "PollFault") return "pace"
  switch (seen.kind) {
    case "Transient":
    case "Missing":
    case "Broken":
      return "failures"
    case "Throttled":
    case "Denied":
      return "none"
  }
}

/**
 * The reason a wait gives when it has to end on `last`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const reasonOf = (last: Seen | null): StopReason => {
  if (last === null || last._tag === "Pending" || last._tag === "Ended") return "deadline"
  if (last._tag === "Unrecognised") return "protocol"
  switch (last.kind) {
    case "Throttled":
      return "deadline"
    case "Transient":
      return "unreachable"
    case "Broken":
      return "protocol"
    case "Missing":
      return "not-found"
    case "Denied":
      return "denied"
  }
}

/**
 * After an earlier good poll, an id may be unknown this often in a row before it counts as gone.
 */
const missingAfterSeen = 2

/**
 * Whether a wait ends as `not-found` when the vendor does not know the scan: at once for an id that was typed, after the
 * grace for one that we submitted, and after the third time in a row for one that was seen.
 *
 * @category guards
 * @since 0.1.1
 */
export const isMissingFinal = (
  policy: Pick<PollPolicy<unknown>, "missingGrace">,
  state: Pick<WaitState, "everSeen" | "missingInARow" | "submittedAt">,
  now: number
): boolean => {
  if (state.everSeen) return state.missingInARow > missingAfterSeen
  return state.submittedAt === null || now - state.submittedAt >= Waits.millis(policy.missingGrace)
}

const isFinal = (policy: PollPolicy<unknown>, state: WaitState, fault: PollFault, now: number): StopReason | null => {
  if (fault.kind === "Denied") return "denied"
  if (fault.permanent) return fault.kind === "Transient" ? "unreachable" : reasonOf(fault)
  if (fault.kind === "Broken" && state.brokenInARow >= policy.brokenInARow) return "protocol"
  if (fault.kind === "Missing") return isMissingFinal(policy, state, now) ? "not-found" : null
  return null
}

/**
 * What `decide` is asked. `proposal` is the wait in milliseconds that the pace or the failure policy proposed; null
 * when neither was asked; `"ended"` when it is a schedule that is done. `random` is a number from 0 to 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface Question {
  readonly seen: Seen
  readonly hint: Option.Option<Duration.Duration>
  readonly now: number
  readonly pausedUntil: number
  readonly random: number
  readonly proposal: number | null | "ended"
}

const wait = (
  policy: PollPolicy<unknown>,
  state: WaitState,
  now: number,
  floor: number,
  hint: number,
  pausedUntil: number,
  proposed: number,
  proposedBecause: Because
): Decision<never> => {
  let until = now + proposed
  let because = proposedBecause
  if (now + floor > until) {
    until = now + floor
    because = "floor"
  }
  if (now + hint > until) {
    until = now + hint
    because = "hint"
  }
  if (pausedUntil > until) {
    until = pausedUntil
    because = "pause"
  }
  const deadlineAt = deadlineOf(policy, state)
  if (until <= deadlineAt) return { _tag: "Wait", until, because }
  const earliest = Math.max(now + floor, now + hint, pausedUntil)
  // One last poll exactly at the deadline, unless the vendor asked for more patience than we have.
  if (earliest <= deadlineAt && now < deadlineAt) return { _tag: "Wait", until: deadlineAt, because: "deadline" }
  return { _tag: "Stop", reason: reasonOf(state.last), notBefore: earliest }
}

/**
 * The least gap between two polls in milliseconds: the policy's or the vendor's floor, whichever is longer.
 *
 * @category destructors
 * @since 0.1.0
 */
export const floorOf = (policy: PollPolicy<unknown>, limits: VendorLimits): number =>
  Math.ceil(Math.max(Waits.millis(policy.floor), Waits.millis(limits.floor)))

/**
 * When a wait gives up: its deadline, moved by the time it spent in the queue of the budget.
 *
 * @category destructors
 * @since 0.1.0
 */
export const deadlineOf = (policy: PollPolicy<unknown>, state: Pick<WaitState, "startedAt" | "credit">): number =>
  state.startedAt + state.credit + Math.ceil(Waits.millis(policy.deadline))

/**
 * What follows a poll that did not settle. `state` is the state after `observe`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const decideSeen = (
  policy: PollPolicy<unknown>,
  limits: VendorLimits,
  state: WaitState,
  question: Question
): Decision<never> => decideOn(policy, limits, state, question, question.seen)

const decideOn = (
  policy: PollPolicy<unknown>,
  limits: VendorLimits,
  state: WaitState,
  question: Omit<Question, "seen">,
  seen: Seen
): Decision<never> => {
  const { now, pausedUntil, proposal } = question
  // Without any floor there would still be no hot loop.
  const floor = Math.max(1, floorOf(policy, limits))
  const fault = seen._tag === "PollFault" ? seen : null
  const throttled = fault !== null && fault.kind === "Throttled"
  // Only a vendor in trouble may ask for the long pause; a healthy answer is held to the shorter cap.
  const cap = Waits.millis(throttled || fault?.kind === "Transient" ? limits.pauseCap : limits.hintCap)
  const asked = question.hint._tag === "None" ? 0 : Waits.clamp(Math.ceil(Waits.millis(question.hint.value)), 0, cap)
  const hint = throttled && question.hint._tag === "None" ? Math.ceil(Waits.millis(limits.throttledWait)) : asked
  if (fault !== null) {
    const reason = isFinal(policy, state, fault, now)
    if (reason !== null) return { _tag: "Stop", reason, notBefore: Math.max(now + Math.max(floor, hint), pausedUntil) }
  }
  if (proposal === "ended") {
    const reason = fault === null ? "pace-ended" : reasonOf(fault)
    return { _tag: "Stop", reason, notBefore: Math.max(now + Math.max(floor, hint), pausedUntil) }
  }
  const base = proposal === null ? 0 : Waits.clamp(proposal, floor, Waits.longest)
  const spread = Math.ceil(base * (1 + policy.spread * Waits.clamp(question.random, 0, 1)))
  const because = proposal !== null && proposal < floor ? "floor" : fault === null ? "pace" : "back-off"
  return wait(policy, state, now, floor, hint, pausedUntil, spread, because)
}

/**
 * What follows a poll: settle on a settled observation, otherwise wait or stop. `state` is the state after `observe`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const decide = <A>(
  policy: PollPolicy<unknown>,
  limits: VendorLimits,
  state: WaitState,
  question: Omit<Question, "seen"> & { readonly seen: Observation<A> | PollFault }
): Decision<A> => {
  const { seen } = question
  return seen._tag === "Settled"
    ? { _tag: "Settle", value: seen.value }
    : decideOn(policy, limits, state, question, seen)
}

/**
 * When the first poll is due. After our own submission: `first` (the floor when the policy names none), or the wait the
 * vendor asked for with its answer if that is longer. For a known ticket: at once, but not before `notBefore`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const decideFirst = (
  policy: PollPolicy<unknown>,
  limits: VendorLimits,
  state: WaitState,
  question: {
    readonly now: number
    readonly hint: Option.Option<Duration.Duration>
    readonly notBefore: number
    readonly pausedUntil: number
  }
): Decision<never> => {
  const fresh = state.submittedAt !== null && question.notBefore === 0
  const first = !fresh ? 0 : policy.first === null ? floorOf(policy, limits) : Math.ceil(Waits.millis(policy.first))
  const hint =
    question.hint._tag === "None"
      ? 0
      : Waits.clamp(Math.ceil(Waits.millis(question.hint.value)), 0, Waits.millis(limits.hintCap))
  const notBefore = Math.max(question.pausedUntil, question.notBefore)
  return wait(policy, state, question.now, 0, hint, notBefore, first, "first")
}
