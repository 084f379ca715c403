// The policy of one wait, read from plain data. Touches nothing; law: all faults are reported together, before anything is sent.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { Doubling, Pace, Phase, Policy, Tick, Time } from "../Policy.ts"
import { policyParts } from "./options.ts"
import { plainSeen } from "./plain.ts"
import { readTime } from "./times.ts"

const tickOf = (tick: PollPolicy.PollTick): Tick => {
  const seen = plainSeen(tick.seen)
  return { ...tick, seen, progress: seen._tag === "Pending" ? (seen.progress?.fraction ?? null) : null }
}

const isPhases = (pace: Pace | Doubling): pace is ReadonlyArray<Phase> => Array.isArray(pace)

// Fails with every fault, those of core's own check included.
export const readPolicy = (
  policy: Policy,
  adapter: Pick<ScanAdapter<never, unknown>, "policy" | "policies" | "limits">
): Result.Result<PollPolicy.PollPolicy, PollPolicy.InvalidPolicy> => {
  if (typeof policy === "function") return PollPolicy.check(policy(adapter.policy), adapter.limits)
  if (typeof policy !== "object" || policy === null) {
    return Result.fail(new PollPolicy.InvalidPolicy({ faults: ["it is neither options nor a function"] }))
  }
  const faults = Object.keys(policy).flatMap((name) =>
    policyParts.includes(name) ? [] : [`there is no part ${name}: ${policyParts.join(", ")}`]
  )

  const time = (name: string, value: Time): Duration.Duration =>
    Option.getOrElse(readTime(value), () => {
      faults.push(`${name} is not a time such as 5000, "5s" or "5 seconds"`)
      return Duration.zero
    })

  const paceOf = (name: string, pace: Pace | Doubling): PollPolicy.PaceInput => {
    if (Schedule.isSchedule(pace)) return pace
    if (typeof pace === "function") {
      return (tick) => Option.getOrElse(readTime(pace(tickOf(tick))), () => Duration.zero)
    }
    if (isPhases(pace)) {
      const last = pace.at(-1)
      if (last === undefined) faults.push(`${name} has no phases`)
      const earlier = pace.slice(0, -1).map(({ every, lasts }, at) => {
        if (lasts === undefined) faults.push(`${name}[${at}] does not say how long it lasts`)
        return { every: time(`${name}[${at}].every`, every), lasts: time(`${name}[${at}].lasts`, lasts ?? 0) }
      })
      return PollPolicy.pacePhases(
        earlier,
        last === undefined ? 0 : time(`${name}[${pace.length - 1}].every`, last.every)
      )
    }
    return typeof pace === "object" && "from" in pace
      ? PollPolicy.backOff({ base: time(`${name}.from`, pace.from), cap: time(`${name}.upTo`, pace.upTo) })
      : time(name, pace)
  }

  const preset = policy.preset === undefined ? adapter.policy : adapter.policies[policy.preset]
  if (preset === undefined) faults.push(`preset is none of ${Object.keys(adapter.policies).join(", ")}`)
  let made = preset ?? adapter.policy
  if (policy.first !== undefined) made = PollPolicy.withFirst(made, time("first", policy.first))
  if (policy.pace !== undefined) made = PollPolicy.withPace(made, paceOf("pace", policy.pace))
  if (policy.failures !== undefined) made = PollPolicy.withFailures(made, paceOf("failures", policy.failures))
  if (policy.deadline !== undefined) made = PollPolicy.withDeadline(made, time("deadline", policy.deadline))
  if (policy.floor !== undefined) made = PollPolicy.withFloor(made, time("floor", policy.floor))
  if (policy.spread !== undefined) made = PollPolicy.withSpread(made, policy.spread)
  if (policy.pollTimeout !== undefined) made = PollPolicy.withPollTimeout(made, time("pollTimeout", policy.pollTimeout))
  if (policy.missingGrace !== undefined) {
    made = PollPolicy.withMissingGrace(made, time("missingGrace", policy.missingGrace))
  }
  return faults.length > 0
    ? Result.fail(new PollPolicy.InvalidPolicy({ faults }))
    : PollPolicy.check(made, adapter.limits)
}
