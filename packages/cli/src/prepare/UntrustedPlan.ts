/**
 * What is left of a plan under `--untrusted-plan`: its targets, and gates that are stricter than those of the command line.
 *
 * The plan of a pull request is written by somebody who may not decide what is bought, written or accepted. Whatever else such a
 * plan sets is a fault, each with its line. A target that attacks what it scans is refused as well: that a plan says
 * `authorized: true` has no authority. The entries of a list (`--targets`) are bound as the plan's targets are: the list may
 * come from the same checkout. Targets and settings of the command line and the environment are not bound by any of this.
 *
 * @since 0.2.0
 */
import * as Severity from "@scanpoll/core/model/Severity"
import type * as Gate from "@scanpoll/report/Gate"
import * as Option from "effect/Option"
import { gateRules } from "../config/Flags.ts"
import { type InputFault, quote } from "../config/InputFault.ts"
import { defaultAccount, type Plan } from "../config/Plan.ts"
import { names, settings as catalogue, variable } from "../config/Setting.ts"
import type * as SettingKind from "../config/SettingKind.ts"
import * as Settings from "../config/Settings.ts"
import * as PlanBounds from "./PlanBounds.ts"

const remedy = "; remove it, or run a plan you trust without --untrusted-plan"

// The value in force where a plan makes the gate no looser than the command line does; none where it would loosen it.
type Tighten<A> = (own: A, plan: A) => Option.Option<A>

const when = <A>(isStricter: boolean, value: A): Option.Option<A> => (isStricter ? Option.some(value) : Option.none())

const threshold: Tighten<Gate.Threshold | null> = (own, plan) =>
  when(own === null || (plan !== null && Severity.atLeast(own, plan)), plan)

const most: Tighten<number | null> = (own, plan) => when(own === null || (plan !== null && plan <= own), plan)

const permission: Tighten<boolean> = (own, plan) => when(own || !plan, own && plan)

// A+ is the best of its letter, A- the worst.
const rankOf = (grade: string): number =>
  grade.charCodeAt(0) * 3 + (grade.endsWith("+") ? -1 : grade.endsWith("-") ? 1 : 0)

const grade: Tighten<string | null> = (own, plan) =>
  when(own === null || (plan !== null && rankOf(plan) <= rankOf(own)), plan)

// Rules are only added: a vendor that gets one of its own keeps the general one beside it.
const scores: Tighten<ReadonlyArray<Gate.MinScore>> = (own, plan) => {
  const general = own.filter(({ vendor }) => vendor === null)
  const kept = plan.flatMap(({ vendor }) =>
    vendor === null || own.some((one) => one.vendor === vendor) ? [] : general.map(({ score }) => ({ vendor, score }))
  )
  const before = [...own, ...kept]
  const isStricter = plan.every(({ score, vendor }) =>
    before.every((one) => one.vendor !== vendor || one.score <= score)
  )
  return when(isStricter, [...before, ...plan])
}

// The gate that is in force, and what of the plan's would loosen the command line's.
const gateOf = (
  own: Settings.Settings,
  plan: Plan
): { readonly gate: Pick<Settings.Settings, GateName>; readonly faults: ReadonlyArray<InputFault> } => {
  const faults: Array<InputFault> = []
  const wanted = Settings.resolve({ flags: {}, environment: {}, plan: plan.settings }).settings
  const tightened = <A>(
    setting: SettingKind.Setting<A>,
    own: Settings.Resolved<A>,
    asked: Settings.Resolved<A>,
    tighten: Tighten<A>
  ): Settings.Resolved<A> => {
    if (asked.source !== "plan") return own
    const value = tighten(own.value, asked.value)
    if (Option.isSome(value)) return { ...asked, value: value.value, shown: setting.show(value.value) }
    const key = setting.plan?.[1] ?? setting.flag
    const now = `it is ${own.shown} (${own.where})`
    faults.push({ where: asked.where, message: `${key} ${asked.shown} makes the gate looser: ${now}${remedy}` })
    return own
  }
  const gate = {
    failOn: tightened(catalogue.failOn, own.failOn, wanted.failOn, threshold),
    failOnNew: tightened(catalogue.failOnNew, own.failOnNew, wanted.failOnNew, threshold),
    minScore: tightened(catalogue.minScore, own.minScore, wanted.minScore, scores),
    minGrade: tightened(catalogue.minGrade, own.minGrade, wanted.minGrade, grade),
    maxViolations: tightened(catalogue.maxViolations, own.maxViolations, wanted.maxViolations, most),
    allowPartial: tightened(catalogue.allowPartial, own.allowPartial, wanted.allowPartial, permission),
    allowIncomplete: tightened(catalogue.allowIncomplete, own.allowIncomplete, wanted.allowIncomplete, permission),
    exitZero: tightened(catalogue.exitZero, own.exitZero, wanted.exitZero, permission)
  }
  return { gate, faults }
}

type GateName = (typeof gateRules)[number]

// What stands in the plan and is no target and no rule of the gate.
const settingFaults = (plan: Plan): ReadonlyArray<InputFault> => {
  if (plan.parts.length > 0) return plan.parts.flatMap(settingFaults)
  const may = (what: string) => `an untrusted plan may not ${what}`
  const settings = names.flatMap((name): ReadonlyArray<InputFault> => {
    const given = plan.settings[name]
    if (given === undefined || gateRules.some((gate) => gate === name)) return []
    const setting = catalogue[name]
    const otherwise = `name it with --${setting.flag} or ${variable(setting)}`
    return [{ where: given.where, message: `${may(`set ${setting.plan?.[1] ?? setting.flag}`)}; ${otherwise}` }]
  })
  const paces = [["defaults", { pace: plan.pace, deadline: null }] as const, ...plan.vendors].flatMap(([name, one]) =>
    [one.pace, one.deadline].flatMap((placed, at) =>
      placed === null
        ? []
        : [{ where: placed.where, message: `${may(`set the ${at === 0 ? "pace" : "deadline"} of ${name}`)}${remedy}` }]
    )
  )
  const accounts = plan.accounts.map(({ name, where }) => ({
    where,
    message: `${may(`use another account, such as ${quote(name)}`)}${remedy}`
  }))
  return [...settings, ...paces, ...accounts]
}

const targetFaults = (plan: Plan): ReadonlyArray<InputFault> =>
  plan.targets.flatMap((target): ReadonlyArray<InputFault> => {
    if (target.from === "command line") return []
    const who = target.from === "plan" ? "an untrusted plan" : "a list beside an untrusted plan"
    const { name } = target.vendor
    const active = `${name} attacks what it scans: ${who} may not ask for that, whatever it says of \`authorized\`; name the target on the command line`
    const { account } = target
    return [
      ...(target.vendor.isActive ? [{ where: target.where, message: active }] : []),
      ...(account === defaultAccount
        ? []
        : [{ where: target.where, message: `${who} may not use another account, such as ${quote(account)}${remedy}` }]),
      ...PlanBounds.callbackHosts(target).map((host) => ({
        where: target.where,
        message: `${who} may not have results sent anywhere, such as ${quote(host)}${remedy}`
      }))
    ]
  })

/**
 * The settings in force with an untrusted plan, and everything in it that it may not have. `own`: the settings without it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const bind = (
  own: Settings.Settings,
  plan: Plan
): { readonly settings: Settings.Settings; readonly faults: ReadonlyArray<InputFault> } => {
  const { faults, gate } = gateOf(own, plan)
  return { settings: { ...own, ...gate }, faults: [...settingFaults(plan), ...faults, ...targetFaults(plan)] }
}

/**
 * The fault of a command that buys for an untrusted plan without a limit.
 *
 * @category guards
 * @since 0.2.0
 */
export const limitFaults = ({
  maxPurchases,
  untrustedPlan
}: Pick<Settings.Settings, "maxPurchases" | "untrustedPlan">): ReadonlyArray<InputFault> =>
  untrustedPlan.value && maxPurchases.value === null
    ? [
        {
          where: untrustedPlan.where,
          message: "needs a limit: say with --max-purchases N how many scans this command may buy"
        }
      ]
    : []
