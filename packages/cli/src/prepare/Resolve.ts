/**
 * Second stage: the settings in force, and what a run derives from them: its gate and the policy of each wait.
 *
 * @since 0.2.0
 */
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { GatePolicy } from "@scanpoll/report/Gate"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Pace from "../config/Pace.ts"
import type { Placed, Plan, Target } from "../config/Plan.ts"
import { type SettingName, names, settings as catalogue, variable } from "../config/Setting.ts"
import type { Setting } from "../config/SettingKind.ts"
import * as Settings from "../config/Settings.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import * as Checked from "./Checked.ts"
import * as PlanBounds from "./PlanBounds.ts"
import * as UntrustedPlan from "./UntrustedPlan.ts"

/**
 * The texts of the flags of a command.
 *
 * @category models
 * @since 0.1.0
 */
export type FlagTexts = { readonly [K in SettingName]?: ReadonlyArray<string> }

// A text without the password that is its own part.
const withoutOwn = (name: SettingName, text: string): string => {
  const setting: Pick<Setting<unknown>, "flag" | "hide"> = catalogue[name]
  return setting.hide?.(text) ?? text
}

/**
 * Settings from flags, environment and a plan, which may not set everything: see `PlanBounds` and `UntrustedPlan`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const settings = Effect.fnUntraced(function* (
  flags: FlagTexts,
  plan: Plan,
  environment: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<Checked.Checked<Settings.Settings>, never, FileSystem.FileSystem | Path.Path> {
  const { faults, settings: all, warnings } = Settings.resolve({ flags, environment, plan: plan.settings })
  const bound = all.untrustedPlan.value
    ? UntrustedPlan.bind(Settings.resolve({ flags, environment, plan: {} }).settings, plan)
    : { settings: all, faults: [] }
  const resolved = bound.settings
  const given = [
    ...names.flatMap((name) =>
      (flags[name] ?? []).map((text) => ({ where: `--${catalogue[name].flag}`, text: withoutOwn(name, text) }))
    ),
    ...Object.entries(environment).flatMap(([name, text = ""]) => {
      if (!name.startsWith("SCANPOLL_")) return []
      const setting = names.find((one) => variable(catalogue[one]) === name)
      return [{ where: name, text: setting === undefined ? text : withoutOwn(setting, text) }]
    })
  ]
  const outOfBounds = yield* PlanBounds.faultsOf(resolved)
  return Checked.make(resolved, { faults: [...faults, ...bound.faults, ...outOfBounds], warnings, given })
})

/**
 * The gate that the settings ask for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const gate = (settings: Settings.Settings): GatePolicy => ({
  failOn: settings.failOn.value,
  failOnNew: settings.failOnNew.value,
  minScore: settings.minScore.value,
  minGrade: settings.minGrade.value,
  maxViolations: settings.maxViolations.value,
  allowPartial: settings.allowPartial.value,
  allowIncomplete: settings.allowIncomplete.value,
  exitZero: settings.exitZero.value
})

interface Waiting {
  readonly vendor: Vendor
  readonly pace?: Placed<Pace.Pace> | null
  readonly deadline?: Target["deadline"]
}

/**
 * The policy of one wait: flag over environment over target over vendor over defaults over the vendor's own. Null where
 * it would break a limit of the vendor.
 *
 * @category constructors
 * @since 0.1.0
 */
export const policy = (
  { deadline = null, pace = null, vendor }: Waiting,
  plan: Plan,
  settings: Settings.Settings
): Checked.Checked<PollPolicy.PollPolicy | null> => {
  const own = plan.vendors.get(vendor.name)
  const ruled = (source: string): boolean => source === "flag" || source === "environment"
  const interval: Placed<Pace.Pace> | null =
    settings.interval.value === null
      ? null
      : { value: { _tag: "Every", interval: settings.interval.value }, where: settings.interval.where }
  const paceInForce = ruled(settings.interval.source) ? interval : (pace ?? own?.pace ?? plan.pace ?? interval)
  const fallback =
    settings.deadline.value === null ? null : { value: settings.deadline.value, where: settings.deadline.where }
  const deadlineInForce = ruled(settings.deadline.source) ? fallback : (deadline ?? own?.deadline ?? fallback)
  const made = Pace.toPolicy(vendor, {
    pace: paceInForce?.value ?? null,
    deadline: deadlineInForce?.value ?? null
  })
  const floor = Durations.format(vendor.limits.floor)
  const warnings =
    made.raised === null || paceInForce === null
      ? []
      : [`${paceInForce.where}: ${vendor.name} allows one poll every ${floor}; using ${floor}`]
  const checked = PollPolicy.check(made.policy, vendor.limits)
  if (Result.isSuccess(checked)) return Checked.make(made.policy, { warnings })
  const where = deadlineInForce?.where ?? paceInForce?.where ?? vendor.name
  const faults = checked.failure.faults.map((message) => ({ where, message: `${vendor.name}: ${message}` }))
  return Checked.make(null, { faults, warnings })
}
