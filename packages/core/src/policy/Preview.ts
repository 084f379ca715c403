/**
 * When a policy would poll, without polling: the plan before anything is bought.
 *
 * The preview runs the engine's own decision against a vendor that answers every poll at once with "running" and asks
 * for nothing, with no spread, so it shows the earliest times.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Observation from "../model/Observation.ts"
import * as Decision from "./Decision.ts"
import type { PollPolicy } from "./PollPolicy.ts"
import { Stepper } from "./Stepper.ts"
import type { VendorLimits } from "./VendorLimits.ts"

/**
 * A poll that would be made, `at` milliseconds after the wait began, and why then.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedPoll {
  readonly at: number
  readonly because: Decision.Because
}

/**
 * The first `count` polls of a policy under a vendor's limits; fewer when its deadline or its schedule ends before.
 * `open` is the number of open scans that a pace may look at, 1 if left out; `seen` what a poll at that time would see, `running`
 * without progress if left out.
 *
 * **Example** (Asking when a schedule would poll)
 *
 * ```ts
 * import { PollPolicy, Preview, VendorLimits } from "@scanpoll/core"
 * import { Effect, Schedule } from "effect"
 *
 * const policy = PollPolicy.make({ first: "1 second", pace: Schedule.fibonacci("1 second") })
 * const polls = await Effect.runPromise(Preview.preview(policy, VendorLimits.make({ floor: "2 seconds" }), 6))
 * polls.map((poll) => poll.at / 1000) // => [1, 3, 5, 7, 10, 15]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const preview = <R>(
  policy: PollPolicy<R>,
  limits: VendorLimits,
  count: number,
  options: { readonly open?: number; readonly seen?: (at: number) => Observation.Pending } = {}
): Effect.Effect<ReadonlyArray<PlannedPoll>, never, R> =>
  Effect.gen(function* () {
    const polls: Array<PlannedPoll> = []
    const stepper = new Stepper(policy)
    const running = Observation.pending("running")
    let state = Decision.begin(0, 0)
    let decision: Decision.Decision<never> = Decision.decideFirst(policy, limits, state, {
      now: 0,
      hint: Option.none(),
      notBefore: 0,
      pausedUntil: 0
    })
    while (decision._tag === "Wait" && polls.length < count) {
      const now: number = decision.until
      polls.push({ at: now, because: decision.because })
      const seen = options.seen?.(now) ?? running
      state = Decision.observe(state, seen)
      const tick = { seen, polls: state.polls, faultsInARow: 0, age: now, scanAge: now, open: options.open ?? 1 }
      const proposed = stepper.propose(now, tick)
      const proposal = Effect.isEffect(proposed) ? yield* proposed : proposed
      decision = Decision.decideSeen(policy, limits, state, {
        seen,
        hint: Option.none(),
        now,
        pausedUntil: 0,
        random: 0,
        proposal
      })
    }
    return polls
  })
