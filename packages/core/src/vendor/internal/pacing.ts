// Limits, policies and budget of a definition, from durations and from what is usual.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { AccountLimits, PaceName } from "../../engine/ScanAdapter.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import * as VendorLimits from "../../policy/VendorLimits.ts"
import * as Waits from "../../time/Waits.ts"
import type { Pacing } from "../Definition.ts"

export interface Paced {
  readonly limits: VendorLimits.VendorLimits
  readonly policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>>
  readonly budget: AccountLimits
  readonly faults: ReadonlyArray<string>
}

export const make = <T>({ budget, deadline, every, limits: given }: Pacing<T>): Paced => {
  const faults: Array<string> = []
  /** A wrong duration is named, and 5 seconds stand in for it, so that all faults are found at once. */
  const sound = (where: string, input: Duration.Input): Duration.Duration => {
    const read = Duration.fromInput(input)
    const millis = Option.match(read, { onNone: () => NaN, onSome: Duration.toMillis })
    if (millis >= 1 && millis <= Waits.longest) return Duration.millis(millis)
    faults.push(`${where} must be a duration of 1 millisecond to 30 days`)
    return Duration.seconds(5)
  }
  const limits = VendorLimits.make({
    floor: sound("pacing.limits.floor", given.floor),
    ...Object.fromEntries(
      Object.entries(given).flatMap(([name, input]) =>
        name === "floor" ? [] : [[name, sound(`pacing.limits.${name}`, input)]]
      )
    )
  })
  const end = deadline === undefined ? {} : { deadline: sound("pacing.deadline", deadline) }
  const policyOf = (name: PaceName): PollPolicy.PollPolicy => {
    const pace = every[name]
    if (PollPolicy.isPollPolicy(pace)) return pace
    const interval = sound(`pacing.every.${name}`, pace)
    if (Duration.isLessThan(interval, limits.floor))
      faults.push(`pacing.every.${name} is shorter than pacing.limits.floor`)
    return PollPolicy.make({ first: interval, pace: interval, floor: limits.floor, ...end })
  }
  const policies = {
    interactive: policyOf("interactive"),
    default: policyOf("default"),
    background: policyOf("background"),
    bulk: policyOf("bulk")
  }
  const usual = PollPolicy.isPollPolicy(every.default)
    ? Duration.seconds(5)
    : sound("pacing.every.default", every.default)
  const polls = Math.ceil(Duration.toMillis(budget.typicalDuration) / Duration.toMillis(usual))
  return {
    limits,
    policies,
    budget: { window: Duration.minutes(1), openScans: null, pollsPerScan: () => Math.max(1, polls), ...budget },
    faults: Array.from(new Set(faults))
  }
}
