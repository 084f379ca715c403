/**
 * The settings in force and where each came from: flag over environment over plan over default.
 *
 * A value that is overruled is checked all the same: a plan with nonsense in it is wrong also where a flag hides it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { type InputFault, quote } from "./InputFault.ts"
import * as KeyVariable from "./KeyVariable.ts"
import { didYouMean, nearest } from "./Nearest.ts"
import { type SettingName, type ValueOf, byFlag, names, ownFlags, settings, variable } from "./Setting.ts"
import type { Face, Setting } from "./SettingKind.ts"
import * as Variables from "./Variables.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Source = "flag" | "environment" | "plan" | "default"

/**
 * A value, the texts it was read from (none for a default, nor where they may hold a secret), how it is shown, and where it came from: `--deadline`,
 * `SCANPOLL_DEADLINE`, `scans.yaml:3:15` or `default`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resolved<out A> {
  readonly value: A
  readonly texts: ReadonlyArray<string>
  readonly shown: string
  readonly source: Source
  readonly where: string
}

/**
 * @category models
 * @since 0.1.0
 */
export type Settings = { readonly [K in SettingName]: Resolved<ValueOf<K>> }

/**
 * What a plan says about a setting.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlanValue {
  readonly texts: ReadonlyArray<string>
  readonly where: string
}

/**
 * The texts that were given, by source.
 *
 * @category models
 * @since 0.1.0
 */
export interface Given {
  readonly flags: { readonly [K in SettingName]?: ReadonlyArray<string> }
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly plan: { readonly [K in SettingName]?: PlanValue }
}

/**
 * The variable of the environment that lists the hosts to which a plan may have results sent, separated by commas.
 *
 * @category constructors
 * @since 0.2.0
 */
export const callbackVariable = "SCANPOLL_ALLOW_CALLBACK_HOSTS"

/**
 * Variables of ours that are no twin of a setting.
 *
 * @category constructors
 * @since 0.1.0
 */
export const otherVariables = [
  "SCANPOLL_ALLOW_INSECURE_HOSTS",
  callbackVariable,
  KeyVariable.allowVariable,
  ...ownFlags.map((flag) => variable({ flag }))
]

const fromEnvironment = (setting: Face, given: Given): ReadonlyArray<string> => {
  const text = given.environment[variable(setting)]
  // An empty variable counts as unset: that is how a shell or a pipeline takes one back.
  if (text === undefined || text.trim() === "") return []
  return setting.many
    ? text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "")
    : [text]
}

interface Candidate {
  readonly source: Source
  readonly where: string
  readonly texts: ReadonlyArray<string>
}

// What was said about a setting, the strongest word first.
const candidatesOf = (setting: Face, given: Given): ReadonlyArray<Candidate> => {
  const name = byFlag.get(setting.flag)
  const flag = name === undefined ? [] : (given.flags[name] ?? [])
  const planned = name === undefined ? undefined : given.plan[name]
  const all: ReadonlyArray<Candidate> = [
    { source: "flag", where: `--${setting.flag}`, texts: flag },
    { source: "environment", where: variable(setting), texts: fromEnvironment(setting, given) },
    { source: "plan", where: planned?.where ?? "", texts: planned?.texts ?? [] }
  ]
  return all.filter(({ texts }) => texts.length > 0)
}

const faultOf = <A>(setting: Setting<A>, { source, texts, where }: Candidate, why: string): InputFault => {
  const refused = (texts.at(-1) ?? "").trim()
  const shown = setting.many ? "" : `, not ${quote(setting.hide?.(refused) ?? refused)}`
  // What is accepted, what stood there, and only then what may have been meant.
  const at = why.indexOf(";")
  const accepted = at < 0 ? why : why.slice(0, at)
  const hint = at < 0 ? "" : why.slice(at)
  // A line of a plan may hold several values.
  const name = source === "plan" ? `${setting.plan?.[1] ?? setting.flag} ` : ""
  return { where, message: `${name}${accepted}${shown}${hint}` }
}

interface ToResolved extends Struct.Lambda {
  <A>(setting: Setting<A>): Resolved<A>
  readonly "~lambda.out": this["~lambda.in"] extends Setting<infer A> ? Resolved<A> : never
}

/**
 * Resolves every setting, with every fault there is in any of the sources.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (
  given: Given
): {
  readonly settings: Settings
  readonly faults: ReadonlyArray<InputFault>
  readonly warnings: ReadonlyArray<string>
} => {
  const faults: Array<InputFault> = []
  const resolveOne = <A>(setting: Setting<A>): Resolved<A> => {
    let found: Resolved<A> | null = null
    for (const candidate of candidatesOf(setting, given)) {
      const parsed = setting.parse(candidate.texts)
      if (Result.isFailure(parsed)) faults.push(faultOf(setting, candidate, parsed.failure))
      else if (found === null) {
        const { source, where } = candidate
        const texts = setting.hide === undefined ? candidate.texts : []
        found = { value: parsed.success, texts, shown: setting.show(parsed.success), source, where }
      }
    }
    const { fallback } = setting
    const none: Resolved<A> = {
      value: fallback,
      texts: [],
      shown: setting.show(fallback),
      source: "default",
      where: "default"
    }
    return found ?? none
  }
  const resolved: Settings = Struct.map(settings, Struct.lambda<ToResolved>(resolveOne))
  const strangers = unknownVariables(given.environment)
  return { settings: resolved, faults: [...faults, ...strangers.faults], warnings: strangers.warnings }
}

// A variable of another program of ours is no reason to stop; a typo in one of these is.
const unknownVariables = (
  environment: Given["environment"]
): { readonly faults: ReadonlyArray<InputFault>; readonly warnings: ReadonlyArray<string> } => {
  const known = [...names.map((name) => variable(settings[name])), ...otherVariables]
  const faults: Array<InputFault> = []
  const warnings: Array<string> = []
  for (const name of Object.keys(environment)) {
    if (
      !name.startsWith("SCANPOLL_") ||
      Variables.isEnvironment(name) ||
      known.includes(name) ||
      (environment[name] ?? "") === ""
    )
      continue
    if (nearest(name, known) === null) warnings.push(`${name} is not a variable of scanpoll and is ignored`)
    else faults.push({ where: name, message: `unknown variable${didYouMean(name, known)}` })
  }
  return { faults, warnings }
}
