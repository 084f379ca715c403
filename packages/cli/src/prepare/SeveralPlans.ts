/**
 * Several plans of one run as one plan.
 *
 * What a plan says of its targets (`gate`, `deadline`, `interval`, `pace`, `lane`, `vendors`) holds for its own targets alone. What is
 * of the run as a whole (`output`, `timeout`, `concurrency`, `reuse`, `maxPurchases`, `journal`, `raw`, `baseline`) may be set
 * by one of them, or by several in the same words. A flag or a variable decides for all.
 *
 * @since 0.2.0
 */
import * as Gate from "@scanpoll/report/Gate"
import * as Struct from "effect/Struct"
import { gateRules } from "../config/Flags.ts"
import { type InputFault, quote } from "../config/InputFault.ts"
import * as Plan from "../config/Plan.ts"
import * as PlanGate from "../config/PlanGate.ts"
import { type SettingName, settings as catalogue } from "../config/Setting.ts"
import * as Settings from "../config/Settings.ts"
import * as Checked from "./Checked.ts"
import type { FlagTexts } from "./Resolve.ts"

const ofTargets: ReadonlySet<SettingName> = new Set<SettingName>(["deadline", "interval", "lane", ...gateRules])

interface Given {
  readonly flags: FlagTexts
  readonly environment: Readonly<Record<string, string | undefined>>
}

// What the command line or the environment decides for all plans; nothing where they only tighten what an untrusted plan asks.
const decided = (own: Settings.Settings, name: SettingName): boolean =>
  !own.untrustedPlan.value && (own[name].source === "flag" || own[name].source === "environment")

type Placed = Plan.Placed<Gate.OwnGate>

// The gate of a plan as one of its targets has it.
const gatesOf = (plan: Plan.Plan, target: Plan.Target, own: Settings.Settings): ReadonlyArray<Placed> => {
  const { settings: planned } = Settings.resolve({ flags: {}, environment: {}, plan: plan.settings })
  const isAsked = (name: SettingName): boolean => planned[name].source === "plan" && !decided(own, name)
  const placed = (name: SettingName, value: Gate.OwnGate): ReadonlyArray<Placed> =>
    isAsked(name) ? [{ value, where: planned[name].where }] : []
  const { failOn, failOnNew, maxViolations, minGrade, minScore } = planned
  const named = minScore.value.findLast(({ vendor }) => vendor === target.vendor.name)
  const general = minScore.value.findLast(({ vendor }) => vendor === null)
  return [
    ...(failOn.value === null ? [] : placed("failOn", { failOn: failOn.value })),
    ...(failOnNew.value === null ? [] : placed("failOnNew", { failOnNew: failOnNew.value })),
    ...(named !== undefined
      ? placed("minScore", { minScore: named.score })
      : general === undefined
        ? []
        : placed("minScore", { minScore: general.score, allowMissing: true })),
    ...(minGrade.value === null ? [] : placed("minGrade", { minGrade: minGrade.value, allowMissing: true })),
    ...(maxViolations.value === null
      ? []
      : placed("maxViolations", { maxViolations: maxViolations.value, allowMissing: true }))
  ]
}

const allowances = ["allowPartial", "allowIncomplete"] as const

// What another plan allows is not allowed for the targets of this one.
const refusals = (plan: Plan.Plan, plans: ReadonlyArray<Plan.Plan>, own: Settings.Settings): ReadonlyArray<Placed> =>
  allowances.flatMap((name) => {
    const allows = ({ settings }: Plan.Plan): boolean => settings[name]?.texts.at(-1) === "true"
    if (decided(own, name) || allows(plan) || !plans.some(allows)) return []
    return [{ value: name === "allowPartial" ? { allowPartial: false } : { allowIncomplete: false }, where: "" }]
  })

const targetsOf = (
  plan: Plan.Plan,
  plans: ReadonlyArray<Plan.Plan>,
  own: Settings.Settings
): ReadonlyArray<Plan.Target> => {
  const { settings: planned } = Settings.resolve({ flags: {}, environment: {}, plan: plan.settings })
  const { deadline, interval, lane } = planned
  const pace =
    plan.pace ??
    (interval.value === null
      ? null
      : { value: { _tag: "Every" as const, interval: interval.value }, where: interval.where })
  return plan.targets.map((target) => {
    const vendor = plan.vendors.get(target.vendor.name)
    const gates = [target.gate, vendor?.gate, ...gatesOf(plan, target, own), ...refusals(plan, plans, own)]
    const gate = PlanGate.together(...gates)
    const where = gates.find((one) => one !== null && one !== undefined)?.where ?? target.where
    return {
      ...target,
      plan: plan.file,
      lane: lane.value,
      pace: target.pace ?? vendor?.pace ?? pace,
      deadline:
        target.deadline ??
        vendor?.deadline ??
        (deadline.value === null ? null : { value: deadline.value, where: deadline.where }),
      gate: gate === null ? null : { value: gate, where: where === "" ? target.where : where }
    }
  })
}

const keyOf = (name: SettingName): string => catalogue[name].plan?.[1] ?? name

// The settings of the run as a whole, and where two plans say different things of one.
const settingsOf = (
  plans: ReadonlyArray<Plan.Plan>,
  own: Settings.Settings
): Checked.Checked<Plan.Plan["settings"]> => {
  const out: { [K in SettingName]?: Settings.PlanValue } = {}
  const faults: Array<InputFault> = []
  for (const name of Struct.keys(catalogue)) {
    const said = plans.flatMap(({ settings }) => settings[name] ?? [])
    const [first] = said
    if (first === undefined) continue
    const otherwise = `set it alike in all plans, or for this run with --${catalogue[name].flag}`
    if (name === "allowPartial" || name === "allowIncomplete") {
      const allowing = said.find(({ texts }) => texts.at(-1) === "true")
      if (allowing !== undefined) out[name] = allowing
      continue
    }
    if (ofTargets.has(name) && name !== "exitZero") continue
    const different = said.find(({ texts }) => texts.join("\n") !== first.texts.join("\n"))
    const isMissing = name === "exitZero" && said.length < plans.length && first.texts.at(-1) === "true"
    if ((different !== undefined || isMissing) && !decided(own, name)) {
      const where = different?.where ?? first.where
      const message = `${keyOf(name)} holds for the whole run, and ${different === undefined ? "the other plans do not set it" : `${first.where} says otherwise`}; ${otherwise}`
      faults.push({ where, message })
    }
    out[name] = first
  }
  return Checked.make(out, { faults })
}

const accountsOf = (plans: ReadonlyArray<Plan.Plan>): Checked.Checked<ReadonlyArray<Plan.PlanAccount>> => {
  const out = new Map<string, Plan.PlanAccount>()
  const faults: Array<InputFault> = []
  for (const account of plans.flatMap(({ accounts }) => accounts)) {
    const name = `${account.vendor.name}@${account.name}`
    const before = out.get(name)
    if (before === undefined) out.set(name, account)
    else if (before.variable !== account.variable) {
      const message = `the account ${quote(name)} has another variable in ${before.where}; give one of them another label`
      faults.push({ where: account.where, message })
    }
  }
  return Checked.make([...out.values()], { faults })
}

// One name for two subjects would tell one's findings as the other's.
const nameFaults = (targets: ReadonlyArray<Plan.Target>): ReadonlyArray<InputFault> => {
  const first = new Map<string, Plan.Target>()
  return targets.flatMap((one) => {
    const about = one.name === null || !one.isSound ? null : one.vendor.about(one.input)
    if (about === null) return []
    const identity = JSON.stringify([one.vendor.name, one.account, about.scanType, one.name])
    const before = first.get(identity)
    if (before === undefined) first.set(identity, one)
    const other = before === undefined ? about : before.vendor.about(before.input)
    if (before === undefined || before.plan === one.plan || other?.subject.id === about.subject.id) return []
    const subjects = `${quote(other?.subject.name ?? "")} (${before.where}) and ${quote(about.subject.name)}`
    const message = `the name ${quote(one.name ?? "")} stands for two subjects: ${subjects}; give each its own`
    return [{ where: one.where, message }]
  })
}

/**
 * Two plans or more as one. The targets keep their order, plan by plan.
 *
 * @category combinators
 * @since 0.2.0
 */
export const merge = (plans: ReadonlyArray<Plan.Plan>, given: Given): Checked.Checked<Plan.Plan> => {
  const { settings: own } = Settings.resolve({ ...given, plan: {} })
  const settings = settingsOf(plans, own)
  const accounts = accountsOf(plans)
  const targets = plans.flatMap((plan) => targetsOf(plan, plans, own))
  // A value that holds for targets alone is read here and nowhere else.
  const unread = plans.flatMap((plan) => {
    const mine = Struct.keys(plan.settings).filter((name) => ofTargets.has(name))
    return Settings.resolve({ flags: {}, environment: {}, plan: Struct.pick(plan.settings, mine) }).faults
  })
  const merged: Plan.Plan = {
    ...Plan.empty,
    parts: plans,
    settings: settings.value,
    accounts: accounts.value,
    variables: [...new Set(plans.flatMap(({ variables }) => variables))],
    targets,
    unfilled: plans.reduce((sum, { unfilled }) => sum + unfilled, 0)
  }
  const faults = [...unread, ...nameFaults(targets)]
  return [settings, accounts, Checked.make(null, { faults })].reduce(Checked.and, Checked.make(merged))
}
