/**
 * Reads a plan: YAML or JSON, every fault at once, each with file, line, column and the nearest known name.
 *
 * Reading is strict: an unknown key is a fault, a value of another type is a fault, and nothing is guessed. It is total:
 * any text gives a plan or faults.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Vendor } from "../vendors/Vendor.ts"
import { type InputFault, visible } from "./InputFault.ts"
import * as Located from "./Located.ts"
import { type Plan, type PlanAccount, type Target, type VendorSettings, empty } from "./Plan.ts"
import { PlanFields } from "./PlanFields.ts"
import * as PlanGate from "./PlanGate.ts"
import { accountsOf, listed, targetsOf } from "./PlanTargets.ts"
import { type SettingName, names, settings } from "./Setting.ts"
import type { PlanValue } from "./Settings.ts"
import * as Variables from "./Variables.ts"

/**
 * The keys of a plan file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const planKeys = [
  "version",
  "defaults",
  "vendors",
  "accounts",
  "gate",
  "variables",
  "targets",
  "$schema"
] as const

/**
 * What a plan is read with beside its text.
 *
 * - `allowed`: the key variables that accounts may name beside the vendors' own. Default: none.
 * - `given`: the values of its variables. Default: none.
 * - `only`: the targets that are wanted, by name or vendor: another one needs no values for its variables. Default: all.
 * - `looksOnly`: a target whose variable has no value is left out without a fault, as for a command that reads a plan for
 *   its accounts and settings. Default: false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading {
  readonly allowed?: ReadonlySet<string>
  readonly given?: ReadonlyMap<string, string>
  readonly only?: ReadonlyArray<string>
  readonly looksOnly?: boolean
}

const vendorKeys = ["pace", "deadline", "gate"]

/**
 * Reads the text of a plan file. `file` is its path as it was given. With faults, the plan is what could be read: good for
 * finding further faults, and for nothing else. `unread` tells that the text has too much of something and was not looked into.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  text: string,
  file: string,
  vendors: ReadonlyArray<Vendor>,
  reading: Reading = {}
): { readonly plan: Plan; readonly faults: ReadonlyArray<InputFault>; readonly unread: boolean } => {
  const toFault = ({ at, message }: Located.LocatedFault): InputFault => ({
    where: `${file}:${at.line}:${at.column}`,
    message: visible(message)
  })
  const tooMuch = Located.excess(text)
  if (tooMuch !== null) return { plan: { ...empty, file }, faults: [toFault(tooMuch)], unread: true }
  const tree = Located.parse(text)
  if (Result.isFailure(tree)) return { plan: { ...empty, file }, faults: tree.failure.map(toFault), unread: false }
  const fields = new PlanFields((at) => `${file}:${at.line}:${at.column}`, vendors)
  const plan = planOf(fields, reading, tree.success, file)
  const byPlace = fields.faults.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  return { plan, faults: byPlace.map(toFault), unread: false }
}

/**
 * Reads entries of a list as a plan's targets are read. `name`: what faults call the list. `accounts`: those that the targets
 * may name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseTargets = (
  entries: ReadonlyArray<Located.Located>,
  name: string,
  vendors: ReadonlyArray<Vendor>,
  accounts: ReadonlyArray<PlanAccount>
): { readonly targets: ReadonlyArray<Target>; readonly faults: ReadonlyArray<InputFault> } => {
  const fields = new PlanFields((at) => `${name}:${at.line}`, vendors)
  const filling = { declared: [], given: new Map<string, string>() }
  const targets = listed(fields, entries, { accounts, filling, looksOnly: false, only: [] })
  const faults = fields.faults.map(({ at, message }) => ({ where: fields.place(at), message: visible(message) }))
  return { targets: targets.map((target) => ({ ...target, declaredAt: null, from: "list" })), faults }
}

// A section that is there and empty, as while somebody is writing it, is no section.
const section = (root: ReadonlyMap<string, Located.Entry>, name: string): Located.Located | undefined => {
  const value = root.get(name)?.value
  return value?._tag === "Scalar" && value.value === null ? undefined : value
}

const planned = (
  fields: PlanFields,
  section: "defaults" | "gate",
  located: Located.Located | undefined,
  more: ReadonlyArray<string>
) => {
  const out: { [K in SettingName]?: PlanValue } = {}
  const mine = names.filter((name) => settings[name].plan?.[0] === section)
  const known = [...mine.map((name) => settings[name].plan?.[1] ?? name), ...more]
  const found = located === undefined ? null : fields.entries(located, section, known)
  if (found === null) return { out, found }
  for (const name of mine) {
    const entry = found.get(settings[name].plan?.[1] ?? name)
    if (entry === undefined) continue
    const texts = fields.textsOf(entry, settings[name].kind)
    if (texts !== null && texts.length > 0) out[name] = { texts, where: fields.place(entry.value.at) }
  }
  return { out, found }
}

const vendorSettings = (
  fields: PlanFields,
  located: Located.Located | undefined
): ReadonlyMap<string, VendorSettings> => {
  const out = new Map<string, VendorSettings>()
  const found = located === undefined ? null : fields.entries(located, "vendors", fields.vendorNames)
  for (const [name, entry] of found ?? []) {
    const own = fields.entries(entry.value, `vendors.${name}`, vendorKeys)
    if (own === null) continue
    out.set(name, {
      pace: fields.paceOf(own.get("pace")),
      deadline: fields.deadlineOf(own.get("deadline")),
      gate: PlanGate.gateOf(fields, own.get("gate"), `vendors.${name}.gate`)
    })
  }
  return out
}

// The names of variables, each once.
const variablesOf = (fields: PlanFields, located: Located.Located | undefined): ReadonlyArray<string> => {
  if (located === undefined) return []
  if (located._tag !== "List") {
    fields.fault(located.at, `variables must be a list of names, not ${Located.describe(located)}`)
    return []
  }
  return located.items.flatMap((item) => {
    if (item._tag === "Scalar" && typeof item.value === "string" && Variables.isName(item.value)) return [item.value]
    fields.fault(
      item.at,
      `variables must be a list of names such as SITE, in capital letters, digits and _, not ${Located.describe(item)}`
    )
    return []
  })
}

const planOf = (
  fields: PlanFields,
  { allowed = new Set(), given = new Map(), looksOnly = false, only = [] }: Reading,
  root: Located.Located,
  file: string
): Plan => {
  const blank: Plan = { ...empty, file }
  if (root._tag === "Scalar" && root.value === null) {
    fields.fault(root.at, "the plan is empty; `scanpoll config init` writes one to start from")
    return blank
  }
  const found = fields.entries(root, "the plan", planKeys)
  if (found === null) return blank
  // Editors of JSON find the schema by it; nothing is read from there.
  const schema = found.get("$schema")
  if (schema !== undefined) fields.textOf(schema)
  const version = found.get("version")
  if (version === undefined) fields.fault(root.at, "version is missing; this program reads version: 1")
  else if (version.value._tag !== "Scalar" || version.value.value !== 1) {
    fields.fault(version.value.at, `version must be the number 1, not ${Located.describe(version.value)}`)
  }
  const defaults = planned(fields, "defaults", section(found, "defaults"), ["pace"])
  const gate = planned(fields, "gate", section(found, "gate"), [])
  const accounts = accountsOf(fields, section(found, "accounts"), allowed)
  const variables = variablesOf(fields, section(found, "variables"))
  const around = { accounts, filling: { declared: variables, given }, looksOnly, only }
  const targets = targetsOf(fields, found.get("targets"), around, root.at)
  return {
    ...blank,
    variables,
    settings: { ...defaults.out, ...gate.out },
    pace: fields.paceOf(defaults.found?.get("pace")),
    vendors: vendorSettings(fields, section(found, "vendors")),
    accounts,
    targets,
    unfilled: fields.unfilled
  }
}
