// One wait, described: what to poll, under which rules, and for whom. Types alone; the engine polls anything that can
// answer with an observation or a fault, and scans are one use of it. Passed on by `Poller`.
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { PollAnswer } from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { AccountBudget } from "../RateBudget.ts"

/**
 * - `ticket`: what a stop carries. The engine does not look into it.
 * - `poll`: one request, no retries inside.
 * - `submittedAt`: when we submitted it, in milliseconds since 1970; null or left out for a thing we only know the id of.
 * - `hint`: the wait the vendor asked for when it took the submission.
 * - `notBefore`: an earlier stop said that the vendor may not be asked before this time.
 * - `budget` and `lane`: whose requests these are; without a budget, polls wait for nobody.
 * - `denialsBefore`: how often the account's credential had been refused when the work began that this wait is part of;
 *   left out, it is what the budget says when the wait begins. A later refusal ends the wait before its next poll.
 * - `observer`: told of every event. What it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollSpec<in out A, out T, out R = never> {
  readonly ticket: T
  readonly poll: Effect.Effect<PollAnswer<A>, PollFault, R>
  readonly policy: PollPolicy<R>
  readonly limits: VendorLimits
  readonly submittedAt?: number | null
  readonly hint?: Option.Option<Duration.Duration>
  readonly notBefore?: number
  readonly budget?: AccountBudget
  readonly lane?: string
  readonly denialsBefore?: number
  readonly observer?: (event: PollEvent<A>) => void
}
