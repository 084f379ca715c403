// The gate of a target, or of a vendor in a plan: what is asked of single rows beside the gate of the run. The stricter one
// wins, so what could only loosen the run's gate is a fault that says how to write it.
import * as Gate from "@scanpoll/report/Gate"
import * as Result from "effect/Result"
import type * as Located from "./Located.ts"
import type { Placed } from "./Plan.ts"
import type { PlanFields } from "./PlanFields.ts"
import { settings } from "./Setting.ts"
import type { PlanKind } from "./SettingKind.ts"

/** The rules that a gate of a target or a vendor may have. */
export const ownRules = [
  "failOn",
  "failOnNew",
  "minScore",
  "minGrade",
  "maxViolations",
  "allowMissing",
  "allowPartial",
  "allowIncomplete"
] as const

const remedy =
  "the stricter of two gates wins, so leave the rule out of the run's gate and give it to the targets that must keep it"

type Rule = (typeof ownRules)[number]

// The value of a rule as the plan's own gate reads it; null with a fault.
const read = <A>(
  fields: PlanFields,
  entry: Located.Entry,
  setting: {
    readonly kind: PlanKind
    readonly parse: (texts: ReadonlyArray<string>) => Result.Result<A, string>
  }
): A | null => {
  const texts = fields.textsOf(entry, setting.kind)
  const placed = texts === null ? null : fields.placed(entry, setting.parse(texts))
  return placed === null ? null : placed.value
}

const switchOf = (fields: PlanFields, entry: Located.Entry): boolean | null => {
  const texts = fields.textsOf(entry, "switch")
  return texts === null ? null : texts[0] === "true"
}

const ruleOf = (fields: PlanFields, rule: Rule, entry: Located.Entry): Gate.OwnGate => {
  const refuse = (message: string): Gate.OwnGate => {
    fields.fault(entry.value.at, `${rule} ${message}`)
    return {}
  }
  switch (rule) {
    case "failOn":
    case "failOnNew": {
      const before = fields.faults.length
      const value = read(fields, entry, settings[rule])
      if (fields.faults.length > before) return {}
      return value === null ? refuse(`cannot be off here: ${remedy}`) : { [rule]: value }
    }
    case "minScore": {
      if (entry.value._tag === "Map") return refuse("must be a number here: the vendor is known")
      const value = read(fields, entry, { kind: "number", parse: settings.minScore.parse })
      const [only] = value ?? []
      return only === undefined ? {} : { minScore: only.score }
    }
    case "minGrade": {
      const value = read(fields, entry, settings.minGrade)
      return value === null ? {} : { minGrade: value }
    }
    case "maxViolations": {
      const value = read(fields, entry, settings.maxViolations)
      return value === null ? {} : { maxViolations: value }
    }
    case "allowMissing": {
      return switchOf(fields, entry) === true ? { allowMissing: true } : {}
    }
    case "allowPartial":
    case "allowIncomplete": {
      const value = switchOf(fields, entry)
      if (value === null) return {}
      return value ? refuse(`can only be false here: ${remedy}`) : { [rule]: false }
    }
  }
}

/** The gate in `entry`, which faults call `what`; null where there is none or it asks nothing. */
export const gateOf = (
  fields: PlanFields,
  entry: Located.Entry | undefined,
  what: string
): Placed<Gate.OwnGate> | null => {
  if (entry === undefined || (entry.value._tag === "Scalar" && entry.value.value === null)) return null
  const found = fields.entries(entry.value, what, ownRules)
  let gate: Gate.OwnGate = {}
  for (const rule of ownRules) {
    const one = found?.get(rule)
    if (one !== undefined) gate = { ...gate, ...ruleOf(fields, rule, one) }
  }
  return Object.keys(gate).length === 0 ? null : { value: gate, where: fields.place(entry.value.at) }
}

/** The gates of a target and of its vendor in the plan as one; null without either. */
export const together = (...gates: ReadonlyArray<Placed<Gate.OwnGate> | null | undefined>): Gate.OwnGate | null =>
  gates.reduce<Gate.OwnGate | null>(
    (all, gate) => (gate === null || gate === undefined ? all : all === null ? gate.value : Gate.both(all, gate.value)),
    null
  )
