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
import * as PlanFields from "./PlanFields.ts"
import * as PlanGate from "./PlanGate.ts"
import * as PlanRead from "./PlanRead.ts"
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
  const terms = PlanFields.terms((at) => `${file}:${at.line}:${at.column}`, vendors)
  const { faults, value: plan } = planOf(terms, reading, tree.success, file)
  const byPlace = faults.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
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
  const terms = PlanFields.terms((at) => `${name}:${at.line}`, vendors)
  const filling = { declared: [], given: new Map<string, string>() }
  const { faults, value } = listed(terms, entries, { accounts, filling, looksOnly: false, only: [] })
  return {
    targets: value.targets.map((target) => ({ ...target, declaredAt: null, from: "list" })),
    faults: faults.map(({ at, message }) => ({ where: terms.place(at), message: visible(message) }))
  }
}

// A section that is there and empty, as while somebody is writing it, is no section.
const section = (root: ReadonlyMap<string, Located.Entry>, name: string): Located.Located | undefined => {
  const value = root.get(name)?.value
  return value?._tag === "Scalar" && value.value === null ? undefined : value
}

type Read<A> = PlanRead.PlanRead<A>

// The keys of a section that are there; none where it is not.
const entriesIn = (
  terms: PlanFields.Terms,
  located: Located.Located | undefined,
  what: string,
  known: ReadonlyArray<string>
): Read<ReadonlyMap<string, Located.Entry>> =>
  located === undefined
    ? PlanRead.make(new Map())
    : PlanRead.map(PlanFields.entriesOf(terms, located, what, known), (found) => found ?? new Map())

type Planned = { readonly [K in SettingName]?: PlanValue }

// The settings of a section.
const planned = (
  terms: PlanFields.Terms,
  section: "defaults" | "gate",
  located: Located.Located | undefined,
  more: ReadonlyArray<string>
): Read<{ readonly settings: Planned; readonly found: ReadonlyMap<string, Located.Entry> }> => {
  const mine = names.filter((name) => settings[name].plan?.[0] === section)
  const keyOf = (name: SettingName): string => settings[name].plan?.[1] ?? name
  return PlanRead.andThen(entriesIn(terms, located, section, [...mine.map(keyOf), ...more]), (found) => {
    const all = PlanRead.each(mine, (name): Read<Planned> => {
      const entry = found.get(keyOf(name))
      if (entry === undefined) return PlanRead.make({})
      return PlanRead.map(PlanFields.textsOf(terms, entry, settings[name].kind), (texts) =>
        texts === null || texts.length === 0 ? {} : { [name]: { texts, where: terms.place(entry.value.at) } }
      )
    })
    return PlanRead.map(all, (each) => ({ settings: each.reduce((all, one) => ({ ...all, ...one }), {}), found }))
  })
}

const vendorSettings = (
  terms: PlanFields.Terms,
  located: Located.Located | undefined
): Read<ReadonlyMap<string, VendorSettings>> =>
  PlanRead.andThen(entriesIn(terms, located, "vendors", terms.vendorNames), (found) =>
    PlanRead.map(
      PlanRead.eachSome(found, ([name, { value }]) =>
        PlanRead.andThenSome(PlanFields.entriesOf(terms, value, `vendors.${name}`, vendorKeys), (own) => {
          const pace = PlanFields.paceOf(terms, own.get("pace"))
          const deadline = PlanFields.deadlineOf(terms, own.get("deadline"))
          const gate = PlanGate.gateOf(terms, own.get("gate"), `vendors.${name}.gate`)
          const of: VendorSettings = { pace: pace.value, deadline: deadline.value, gate: gate.value }
          return PlanRead.make(
            { name, of },
            [pace, deadline, gate].flatMap(({ faults }) => faults)
          )
        })
      ),
      (all) => new Map(all.map(({ name, of }) => [name, of]))
    )
  )

// The names of variables.
const variablesOf = (located: Located.Located | undefined): Read<ReadonlyArray<string>> => {
  if (located === undefined) return PlanRead.make([])
  if (located._tag !== "List") {
    const message = `variables must be a list of names, not ${Located.describe(located)}`
    return PlanRead.make([], [{ at: located.at, message }])
  }
  return PlanRead.eachSome(located.items, (item) =>
    item._tag === "Scalar" && typeof item.value === "string" && Variables.isName(item.value)
      ? PlanRead.make(item.value)
      : PlanRead.refuse(
          item.at,
          `variables must be a list of names such as SITE, in capital letters, digits and _, not ${Located.describe(item)}`
        )
  )
}

const versionOf = (entry: Located.Entry | undefined, root: Located.Place): Read<null> => {
  if (entry === undefined) return PlanRead.refuse(root, "version is missing; this program reads version: 1")
  const { value } = entry
  return value._tag === "Scalar" && value.value === 1
    ? PlanRead.absent
    : PlanRead.refuse(value.at, `version must be the number 1, not ${Located.describe(value)}`)
}

const planOf = (
  terms: PlanFields.Terms,
  { allowed = new Set(), given = new Map(), looksOnly = false, only = [] }: Reading,
  root: Located.Located,
  file: string
): Read<Plan> => {
  const blank: Plan = { ...empty, file }
  if (root._tag === "Scalar" && root.value === null) {
    const message = "the plan is empty; `scanpoll config init` writes one to start from"
    return PlanRead.make(blank, [{ at: root.at, message }])
  }
  const entries = PlanFields.entriesOf(terms, root, "the plan", planKeys)
  const found = entries.value
  if (found === null) return PlanRead.make(blank, entries.faults)
  // Editors of JSON find the schema by it; nothing is read from there.
  const link = found.get("$schema")
  const schema = link === undefined ? PlanRead.absent : PlanFields.textOf(link)
  const version = versionOf(found.get("version"), root.at)
  const defaults = planned(terms, "defaults", section(found, "defaults"), ["pace"])
  const gate = planned(terms, "gate", section(found, "gate"), [])
  const accounts = accountsOf(terms, section(found, "accounts"), allowed)
  const variables = variablesOf(section(found, "variables"))
  const around = {
    accounts: accounts.value,
    filling: { declared: variables.value, given },
    looksOnly,
    only
  }
  const targets = targetsOf(terms, found.get("targets"), around, root.at)
  const pace = PlanFields.paceOf(terms, defaults.value.found.get("pace"))
  const vendors = vendorSettings(terms, section(found, "vendors"))
  return PlanRead.make(
    {
      ...blank,
      variables: variables.value,
      settings: { ...defaults.value.settings, ...gate.value.settings },
      pace: pace.value,
      vendors: vendors.value,
      accounts: accounts.value,
      targets: targets.value.targets,
      unfilled: targets.value.unfilled
    },
    [entries, schema, version, defaults, gate, accounts, variables, targets, pace, vendors].flatMap(
      ({ faults }) => faults
    )
  )
}
