/**
 * The gates of targets and vendors in a plan, held against the gate of the run: the stricter one wins, so one that asks less
 * changes nothing. That is worth a warning, and in an untrusted plan it is a fault, as a looser gate of the plan is.
 *
 * @since 0.2.0
 */
import * as Gate from "@scanpoll/report/Gate"
import type { InputFault } from "../config/InputFault.ts"
import type { Placed, Plan } from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Checked from "./Checked.ts"

/**
 * What is to be said of the own gates of a plan. `policy`: the gate of the run.
 *
 * @category guards
 * @since 0.2.0
 */
export const check = (
  { targets, vendors }: Plan,
  policy: Gate.GatePolicy,
  { untrustedPlan }: Pick<Settings, "untrustedPlan">
): Checked.Checked<null> => {
  const all: ReadonlyArray<readonly [string, Placed<Gate.OwnGate> | null]> = [
    ...[...vendors].map(([name, { gate }]) => [name, gate] as const),
    ...targets.map(({ gate, vendor }) => [vendor.name, gate] as const)
  ]
  const faults: ReadonlyArray<InputFault> = all.flatMap(([vendor, gate]) =>
    gate === null
      ? []
      : Gate.idle(gate.value, vendor, policy).map(({ asked, inForce, rule }) => ({
          where: gate.where,
          message: untrustedPlan.value
            ? `${rule} ${asked} is looser than the gate of the run, which asks ${inForce}; remove it, or run a plan you trust without --untrusted-plan`
            : `${rule} ${asked} changes nothing: the gate of the run asks ${inForce}, and the stricter one wins`
        }))
  )
  return untrustedPlan.value
    ? Checked.make(null, { faults })
    : Checked.make(null, { warnings: faults.map(({ message, where }) => `${where}: ${message}`) })
}
