/**
 * Steps the pace and the failure policy of one wait.
 *
 * A policy is a value; what runs is made fresh here for each wait. A good poll makes the failure policy anew. A proposal
 * is a number at once where the policy is a plain function, and an effect where it is a `Schedule`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Decision from "./Decision.ts"
import type { Pace, PollPolicy } from "./PollPolicy.ts"
import type { PollTick } from "./internal/pollTick.ts"
import * as Waits from "../time/Waits.ts"

type Step<R> = (now: number, input: PollTick) => Pull.Pull<[unknown, Duration.Duration], unknown, unknown, R>

/**
 * A wait in milliseconds, null when neither policy was asked, `"ended"` when the one that was asked is done.
 *
 * @category models
 * @since 0.1.0
 */
export type Proposal = Decision.Question["proposal"]

/**
 * What follows `tick.seen` where that needs no running state: null when neither policy is asked, a number when the one
 * that is asked is a plain function; undefined when it is a `Schedule`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const proposeAtOnce = <R>(policy: PollPolicy<R>, tick: PollTick): number | null | undefined => {
  const which = Decision.proposer(tick.seen)
  if (which === "none") return null
  const pace = policy[which]
  return typeof pace === "function" ? toMillis(pace(tick)) : undefined
}

// A proposal that is no time at all is no wait; what it must not be is a hot loop, and the floor sees to that.
const toMillis = (wait: Duration.Duration): number => Waits.clamp(Math.ceil(Waits.millis(wait)), 0, Waits.longest)

/**
 * The running state of one wait's policies.
 *
 * @category models
 * @since 0.1.0
 */
export class Stepper<R> {
  private readonly policy: PollPolicy<R>
  private pace: Step<R> | null = null
  private failures: Step<R> | null = null

  constructor(policy: PollPolicy<R>) {
    this.policy = policy
  }

  /** What follows `tick.seen`, at `now` on the engine's clock. */
  propose(now: number, tick: PollTick): Proposal | Effect.Effect<Proposal, never, R> {
    if (tick.seen._tag !== "PollFault") this.failures = null
    const which = Decision.proposer(tick.seen)
    return which === "none" ? null : this.ask(which, this.policy[which], now, tick)
  }

  private ask(
    which: "pace" | "failures",
    pace: Pace<R>,
    now: number,
    tick: PollTick
  ): Proposal | Effect.Effect<Proposal, never, R> {
    if (typeof pace === "function") return toMillis(pace(tick))
    const known = this[which]
    const step: Effect.Effect<Step<R>, never, R> = known !== null
      ? Effect.succeed(known)
      : Effect.map(Schedule.toStep(pace), (made) => {
          this[which] = made
          return made
        })
    return Effect.flatMap(step, (run) =>
      Pull.matchEffect(run(now, tick), {
        onSuccess: ([, delay]): Effect.Effect<Proposal> => Effect.succeed(toMillis(delay)),
        onDone: (): Effect.Effect<Proposal> => Effect.succeed("ended"),
        // A schedule that fails has nothing more to propose; one that dies is a mistake in the program.
        onFailure: (cause): Effect.Effect<Proposal> => {
          const defect = Cause.findDefect(cause)
          return Result.isSuccess(defect) ? Effect.die(defect.success) : Effect.succeed("ended")
        }
      })
    )
  }
}
