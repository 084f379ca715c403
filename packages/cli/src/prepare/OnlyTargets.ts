/**
 * `--only`: the targets of a run that are wanted, by name, subject, vendor or `vendor@account`.
 *
 * @since 0.2.0
 */
import { quote } from "../config/InputFault.ts"
import { didYouMean } from "../config/Nearest.ts"
import type { Plan, Target } from "../config/Plan.ts"
import type { Resolved } from "../config/Settings.ts"
import * as Checked from "./Checked.ts"

const namesOf = ({ account, input, isSound, name, vendor }: Target): ReadonlyArray<string> => {
  const subject = isSound ? vendor.about(input)?.subject : undefined
  return [name ?? [], vendor.name, `${vendor.name}@${account}`, subject?.name ?? [], subject?.id ?? []].flat()
}

/**
 * The plan with the wanted targets alone. A word that stands for no target is a fault, unless the plan has others: the
 * target may be one that could not be read.
 *
 * @category combinators
 * @since 0.2.0
 */
export const select = (plan: Checked.Checked<Plan>, only: Resolved<ReadonlyArray<string>>): Checked.Checked<Plan> => {
  if (only.value.length === 0) return plan
  const { targets } = plan.value
  const named = targets.map((target) => [target, namesOf(target)] as const)
  const kept = named.flatMap(([target, names]) => (names.some((name) => only.value.includes(name)) ? [target] : []))
  const known = [...new Set(named.flatMap(([, names]) => names))]
  const missing = plan.faults.length > 0 ? [] : only.value.filter((word) => !known.includes(word))
  const faults = missing.map((word) => ({
    where: only.where,
    message: `no target has the name, subject or vendor ${quote(word)}${didYouMean(word, known)}`
  }))
  const of = targets.length + plan.value.unfilled
  const part = kept.length === of ? null : { only: only.value, of }
  const count = kept.length === 1 ? "1 target is scanned" : `${kept.length} targets are scanned`
  const warnings = part === null ? [] : [`${only.where}: ${count} of ${of}; there is no verdict on the others`]
  return Checked.and(
    Checked.map(plan, (value) => ({ ...value, targets: kept, part })),
    Checked.make(null, { faults, warnings })
  )
}
