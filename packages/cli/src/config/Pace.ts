/**
 * How often one account is polled, as a plan or `--interval` says it, laid over what the vendor recommends.
 *
 * @since 0.1.0
 */
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import type { PaceName } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { VendorLimits } from "@scanpoll/core/policy/VendorLimits"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { didYouMean } from "./Nearest.ts"

/**
 * A pace by name, or a fixed interval.
 *
 * @category models
 * @since 0.1.0
 */
export type Pace =
  | { readonly _tag: "Named"; readonly name: PaceName | "learned" }
  | { readonly _tag: "Every"; readonly interval: Duration.Duration }

/**
 * The names a pace may have.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paceNames: ReadonlyArray<PaceName | "learned"> = [
  "learned",
  "interactive",
  "default",
  "background",
  "bulk"
]

/**
 * Reads a name or an interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Pace, string> => {
  const name = paceNames.find((candidate) => candidate === text.trim().toLowerCase())
  if (name !== undefined) return Result.succeed({ _tag: "Named", name })
  const interval = Durations.parse(text)
  return Result.isSuccess(interval)
    ? Result.succeed({ _tag: "Every", interval: interval.success })
    : Result.fail(`must be one of ${paceNames.join(", ")}, or an interval such as 10s${didYouMean(text, paceNames)}`)
}

/**
 * The policy of a wait: the vendor's recommended one with the pace and the deadline that were asked for.
 *
 * **Details**
 *
 * `learned` is the vendor's default pace until enough scans have taught a better one, and what holds where none is asked
 * for. An interval under the vendor's
 * floor is raised to it; `raised` then says so.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toPolicy = (
  vendor: { readonly limits: VendorLimits; readonly policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>> },
  asked: { readonly pace: Pace | null; readonly deadline: Duration.Duration | null }
): { readonly policy: PollPolicy.PollPolicy; readonly raised: Duration.Duration | null } => {
  const { deadline, pace } = asked
  const named = pace !== null && pace._tag === "Named" && pace.name !== "learned" ? pace.name : "default"
  let policy = vendor.policies[named]
  let raised: Duration.Duration | null = null
  if (pace !== null && pace._tag === "Every") {
    const { floor } = vendor.limits
    if (Duration.isLessThan(pace.interval, floor)) raised = floor
    const interval = raised ?? pace.interval
    policy = PollPolicy.withPace(policy, interval)
    if (policy.first !== null) policy = PollPolicy.withFirst(policy, Duration.min(policy.first, interval))
  }
  if (deadline !== null) {
    policy = PollPolicy.withDeadline(policy, deadline)
    // A first poll later than the whole wait would be none at all; the floor still holds.
    if (policy.first !== null && Duration.isGreaterThan(policy.first, deadline)) {
      policy = PollPolicy.withFirst(policy, Duration.min(policy.first, vendor.limits.floor))
    }
  }
  // A user who set a deadline alone has chosen no pace: it is learned, as where nothing was asked for.
  const learns = pace === null ? deadline !== null : pace._tag === "Named" && pace.name === "learned"
  if (learns) policy = DurationModel.learned(policy)
  return { policy, raised }
}
