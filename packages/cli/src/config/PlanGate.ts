// The gate of a target, or of a vendor in a plan: what is asked of single rows beside the gate of the run. The stricter one
// wins, so what could only loosen the run's gate is a fault that says how to write it.
import * as Gate from "@scanpoll/report/Gate"
import type * as Result from "effect/Result"
import type * as Located from "./Located.ts"
import type { Placed } from "./Plan.ts"
import * as PlanFields from "./PlanFields.ts"
import * as PlanRead from "./PlanRead.ts"
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

type Read<A> = PlanRead.PlanRead<A>

// The value of a rule as the plan's own gate reads it; null with a fault.
const read = <A>(
  terms: PlanFields.Terms,
  entry: Located.Entry,
  setting: {
    readonly kind: PlanKind
    readonly parse: (texts: ReadonlyArray<string>) => Result.Result<A, string>
  }
): Read<A | null> =>
  PlanRead.map(
    PlanRead.andThenSome(PlanFields.textsOf(terms, entry, setting.kind), (texts) =>
      PlanFields.placed(terms, entry, setting.parse(texts))
    ),
    (placed) => (placed === null ? null : placed.value)
  )

const switchOf = (terms: PlanFields.Terms, entry: Located.Entry): Read<boolean | null> =>
  PlanRead.map(PlanFields.textsOf(terms, entry, "switch"), (texts) => (texts === null ? null : texts[0] === "true"))

const ruleOf = (terms: PlanFields.Terms, rule: Rule, entry: Located.Entry): Read<Gate.OwnGate> => {
  const refuse = (message: string): Read<Gate.OwnGate> =>
    PlanRead.make({}, [{ at: entry.value.at, message: `${rule} ${message}` }])
  switch (rule) {
    case "failOn":
    case "failOnNew": {
      const { faults, value } = read(terms, entry, settings[rule])
      if (faults.length > 0) return PlanRead.make({}, faults)
      return value === null ? refuse(`cannot be off here: ${remedy}`) : PlanRead.make({ [rule]: value })
    }
    case "minScore": {
      if (entry.value._tag === "Map") return refuse("must be a number here: the vendor is known")
      return PlanRead.map(read(terms, entry, { kind: "number", parse: settings.minScore.parse }), (value) => {
        const [only] = value ?? []
        return only === undefined ? {} : { minScore: only.score }
      })
    }
    case "minGrade":
      return PlanRead.map(read(terms, entry, settings.minGrade), (value) => (value === null ? {} : { minGrade: value }))
    case "maxViolations":
      return PlanRead.map(read(terms, entry, settings.maxViolations), (value) =>
        value === null ? {} : { maxViolations: value }
      )
    case "allowMissing":
      return PlanRead.map(switchOf(terms, entry), (value) => (value === true ? { allowMissing: true } : {}))
    case "allowPartial":
    case "allowIncomplete":
      return PlanRead.andThen(switchOf(terms, entry), (value): Read<Gate.OwnGate> => {
        if (value === true) return refuse(`can only be false here: ${remedy}`)
        return PlanRead.make(value === null ? {} : { [rule]: false })
      })
  }
}

/** The gate in `entry`, which faults call `what`; null where there is none or it asks nothing. */
export const gateOf = (
  terms: PlanFields.Terms,
  entry: Located.Entry | undefined,
  what: string
): Read<Placed<Gate.OwnGate> | null> => {
  if (entry === undefined || (entry.value._tag === "Scalar" && entry.value.value === null)) return PlanRead.absent
  const rules = PlanRead.andThen(PlanFields.entriesOf(terms, entry.value, what, ownRules), (found) =>
    PlanRead.each(ownRules, (rule) => {
      const one = found?.get(rule)
      return one === undefined ? PlanRead.make<Gate.OwnGate>({}) : ruleOf(terms, rule, one)
    })
  )
  return PlanRead.map(rules, (each) => {
    const gate = each.reduce<Gate.OwnGate>((all, one) => ({ ...all, ...one }), {})
    return Object.keys(gate).length === 0 ? null : { value: gate, where: terms.place(entry.value.at) }
  })
}

/** The gates of a target and of its vendor in the plan as one; null without either. */
export const together = (...gates: ReadonlyArray<Placed<Gate.OwnGate> | null | undefined>): Gate.OwnGate | null =>
  gates.reduce<Gate.OwnGate | null>(
    (all, gate) => (gate === null || gate === undefined ? all : all === null ? gate.value : Gate.both(all, gate.value)),
    null
  )
