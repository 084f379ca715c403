/**
 * Reads a plan: YAML or JSON, every fault at once, each with file, line, column and the nearest known name.
 *
 * Reading is strict: an unknown key is a fault, a value of another type is a fault, and nothing is guessed. It is total:
 * any text gives a plan or faults.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { unknownKey } from "../vendors/Shape.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Durations from "./Durations.ts"
import { type InputFault, quote, visible } from "./InputFault.ts"
import * as Tree from "./Located.ts"
import * as KeyVariable from "./KeyVariable.ts"
import { didYouMean } from "./Nearest.ts"
import * as Placeholder from "./Placeholder.ts"
import * as Paces from "./Pace.ts"
import {
  type Placed,
  type Plan,
  type PlanAccount,
  type Target,
  type VendorSettings,
  defaultAccount,
  empty
} from "./Plan.ts"
import type { PlanValue } from "./Settings.ts"
import { type SettingName, names, settings } from "./Setting.ts"
import type { PlanKind } from "./SettingKind.ts"

/**
 * The keys of a plan file, and those that every target has beside its vendor's own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const planKeys = ["version", "defaults", "vendors", "accounts", "gate", "targets", "$schema"] as const

/**
 * @category constructors
 * @since 0.1.0
 */
export const targetKeys = ["vendor", "account", "name", "pace", "deadline"] as const

const accountKeys = ["vendor", "variable"]
const vendorKeys = ["pace", "deadline"]
const maxTargets = 100_000

/**
 * Reads the text of a plan file. `file` is its path as it was given. With faults, the plan is what could be read: good for
 * finding further faults, and for nothing else. `allowed` are the key variables that accounts may name beside the
 * vendors' own; default: none. `unread` tells that the text has too much of something and was not looked into.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  text: string,
  file: string,
  vendors: ReadonlyArray<Vendor>,
  allowed: ReadonlySet<string> = new Set()
): { readonly plan: Plan; readonly faults: ReadonlyArray<InputFault>; readonly unread: boolean } => {
  const toFault = ({ at, message }: Tree.LocatedFault): InputFault => ({
    where: `${file}:${at.line}:${at.column}`,
    message: visible(message)
  })
  const tooMuch = Tree.excess(text)
  if (tooMuch !== null) return { plan: { ...empty, file }, faults: [toFault(tooMuch)], unread: true }
  const tree = Tree.parse(text)
  if (Result.isFailure(tree)) return { plan: { ...empty, file }, faults: tree.failure.map(toFault), unread: false }
  const reader = makeReader((at) => `${file}:${at.line}:${at.column}`, vendors, allowed)
  const plan = reader.plan(tree.success, file)
  const byPlace = reader.faults.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  return { plan, faults: byPlace.map(toFault), unread: false }
}

interface Reader {
  readonly faults: ReadonlyArray<Tree.LocatedFault>
  readonly plan: (root: Tree.Located, file: string) => Plan
}

const makeReader = (
  place: (at: Tree.Place) => string,
  vendors: ReadonlyArray<Vendor>,
  allowed: ReadonlySet<string>
): Reader => {
  const faults: Array<Tree.LocatedFault> = []
  const fault = (at: Tree.Place, message: string): void => {
    faults.push({ at, message })
  }
  const vendorNames = vendors.map((vendor) => vendor.name)

  // The entries of a map with known keys only.
  const entries = (
    located: Tree.Located,
    what: string,
    known: ReadonlyArray<string>
  ): ReadonlyMap<string, Tree.Entry> | null => {
    if (located._tag !== "Map") {
      fault(located.at, `${what} must be a map, not ${Tree.describe(located)}`)
      return null
    }
    const out = new Map<string, Tree.Entry>()
    for (const entry of located.entries) {
      if (known.includes(entry.key)) out.set(entry.key, entry)
      else {
        const bring = known === vendorNames ? `; ${howToBring(entry.key)}` : ""
        const hint = didYouMean(entry.key, known) || `; known are ${known.join(", ")}${bring}`
        fault(entry.keyAt, `unknown key ${quote(entry.key)} in ${what}${hint}`)
      }
    }
    return out
  }

  const textOf = (entry: Tree.Entry): string | null => {
    const { value } = entry
    if (value._tag === "Scalar" && typeof value.value === "string" && value.value.trim() !== "") return value.value
    fault(value.at, `${entry.key} must be a text, not ${Tree.describe(value)}`)
    return null
  }

  const placed = <A>(entry: Tree.Entry, parsed: Result.Result<A, string>): Placed<A> | null => {
    if (Result.isSuccess(parsed)) return { value: parsed.success, where: place(entry.value.at) }
    fault(entry.value.at, `${entry.key} ${parsed.failure}`)
    return null
  }

  const durationText = (entry: Tree.Entry): string | null => {
    const { value } = entry
    // The number 0 is the one duration that needs no unit; any other is refused with the reason.
    if (value._tag === "Scalar" && typeof value.value === "number") return String(value.value)
    return textOf(entry)
  }

  const nameOf = (entry: Tree.Entry | undefined): string | null => {
    const text = entry === undefined ? null : textOf(entry)
    if (entry === undefined || text === null) return null
    const name = text.trim()
    const why = Placeholder.faultOf(name) ?? (name.length > 200 ? "must have at most 200 characters" : null)
    if (why !== null) fault(entry.value.at, `name ${why}`)
    return name
  }

  const deadlineOf = (entry: Tree.Entry | undefined): Placed<Duration.Duration> | null => {
    const text = entry === undefined ? null : durationText(entry)
    return entry === undefined || text === null ? null : placed(entry, Durations.parse(text))
  }

  const paceOf = (entry: Tree.Entry | undefined): Placed<Paces.Pace> | null => {
    const text = entry === undefined ? null : durationText(entry)
    return entry === undefined || text === null ? null : placed(entry, Paces.parse(text))
  }

  // The texts of a setting, of the kind it has in a plan.
  const textsOf = (entry: Tree.Entry, kind: PlanKind): ReadonlyArray<string> | null => {
    const { value } = entry
    const refuse = (what: string): null => {
      fault(value.at, `${entry.key} must be ${what}, not ${Tree.describe(value)}`)
      return null
    }
    const scalar = value._tag === "Scalar" ? value.value : null
    switch (kind) {
      case "text": {
        // YAML reads a bare `off` as a text, and so do we; a bare `no` as well.
        return typeof scalar === "string" ? [scalar] : refuse("a text")
      }
      case "duration": {
        const text = durationText(entry)
        return text === null ? null : [text]
      }
      case "number":
        return typeof scalar === "number" ? [String(scalar)] : refuse("a number")
      case "switch":
        return typeof scalar === "boolean" ? [String(scalar)] : refuse("true or false")
      case "list": {
        if (typeof scalar === "string") return [scalar]
        if (value._tag !== "List") return refuse("a text or a list of texts")
        const out: Array<string> = []
        for (const item of value.items) {
          if (item._tag === "Scalar" && typeof item.value === "string") out.push(item.value)
          else fault(item.at, `${entry.key} must be a list of texts, not of ${Tree.describe(item)}`)
        }
        return out
      }
      case "scores": {
        if (typeof scalar === "number") return [String(scalar)]
        if (value._tag !== "Map") return refuse("a number, or a map from vendors to numbers")
        const out: Array<string> = []
        for (const score of value.entries) {
          if (!vendorNames.includes(score.key)) {
            fault(score.keyAt, `unknown vendor ${quote(score.key)}${didYouMean(score.key, vendorNames)}`)
          } else if (score.value._tag === "Scalar" && typeof score.value.value === "number") {
            out.push(`${score.key}=${score.value.value}`)
          } else {
            fault(score.value.at, `${score.key} must be a number, not ${Tree.describe(score.value)}`)
          }
        }
        return out
      }
    }
  }

  // A section that is there and empty, as while somebody is writing it, is no section.
  const section = (root: ReadonlyMap<string, Tree.Entry>, name: string): Tree.Located | undefined => {
    const value = root.get(name)?.value
    return value?._tag === "Scalar" && value.value === null ? undefined : value
  }

  const planned = (section: "defaults" | "gate", located: Tree.Located | undefined, more: ReadonlyArray<string>) => {
    const out: { [K in SettingName]?: PlanValue } = {}
    const mine = names.filter((name) => settings[name].plan?.[0] === section)
    const known = [...mine.map((name) => settings[name].plan?.[1] ?? name), ...more]
    const found = located === undefined ? null : entries(located, section, known)
    if (found === null) return { out, found }
    for (const name of mine) {
      const entry = found.get(settings[name].plan?.[1] ?? name)
      if (entry === undefined) continue
      const texts = textsOf(entry, settings[name].kind)
      if (texts !== null && texts.length > 0) out[name] = { texts, where: place(entry.value.at) }
    }
    return { out, found }
  }

  const vendorSettings = (located: Tree.Located | undefined): ReadonlyMap<string, VendorSettings> => {
    const out = new Map<string, VendorSettings>()
    const found = located === undefined ? null : entries(located, "vendors", vendorNames)
    for (const [name, entry] of found ?? []) {
      const fields = entries(entry.value, `vendors.${name}`, vendorKeys)
      if (fields === null) continue
      out.set(name, { pace: paceOf(fields.get("pace")), deadline: deadlineOf(fields.get("deadline")) })
    }
    return out
  }

  const vendorOf = (entry: Tree.Entry | undefined, at: Tree.Place): Vendor | null => {
    if (entry === undefined) {
      fault(at, `vendor is missing; it is one of ${vendorNames.join(", ")}`)
      return null
    }
    const name = textOf(entry)
    const found = vendors.find((vendor) => vendor.name === name) ?? null
    if (name !== null && found === null) {
      const hint = didYouMean(name, vendorNames) || `; it is one of ${vendorNames.join(", ")}; ${howToBring(name)}`
      fault(entry.value.at, `unknown vendor ${quote(name)}${hint}`)
    }
    return found
  }

  const accountsOf = (located: Tree.Located | undefined): ReadonlyArray<PlanAccount> => {
    if (located === undefined) return []
    if (located._tag !== "Map") {
      fault(located.at, `accounts must be a map from labels to accounts, not ${Tree.describe(located)}`)
      return []
    }
    const out: Array<PlanAccount> = []
    for (const { key, keyAt, value } of located.entries) {
      if (key === defaultAccount || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(key)) {
        const why = key === defaultAccount ? "is the account of the vendor's own variable" : "cannot be a label"
        fault(keyAt, `the account ${quote(key)} ${why}; a label has letters, digits, - and _`)
      }
      const fields = entries(value, `accounts.${quote(key)}`, accountKeys)
      if (fields === null) continue
      const vendor = vendorOf(fields.get("vendor"), keyAt)
      const entry = fields.get("variable")
      if (entry === undefined) {
        fault(keyAt, "variable is missing: the name of the environment variable that holds the key")
        continue
      }
      const variable = textOf(entry)
      if (variable === null || vendor === null) continue
      const refusal = KeyVariable.refusal(variable, vendor, vendors, allowed)
      if (refusal !== null) fault(entry.value.at, refusal)
      out.push({ name: key, vendor, variable: refusal === null ? variable : null, where: place(keyAt) })
    }
    return out
  }

  const target = (located: Tree.Located, accounts: ReadonlyArray<PlanAccount>): Target | null => {
    if (located._tag !== "Map") {
      fault(located.at, `a target must be a map, not ${Tree.describe(located)}`)
      return null
    }
    const vendor = vendorOf(Tree.get(located, "vendor") ?? undefined, located.at)
    if (vendor === null) return null
    const common = new Map(
      located.entries
        // A vendor may have a field of that name.
        .filter(({ key }) => targetKeys.some((each) => each === key) && !(key === "name" && vendor.keys.includes(key)))
        .map((entry) => [entry.key, entry])
    )
    const name = nameOf(common.get("name"))
    const pace = paceOf(common.get("pace"))
    const deadline = deadlineOf(common.get("deadline"))
    const accountEntry = common.get("account")
    const account = accountEntry === undefined ? defaultAccount : textOf(accountEntry)
    if (accountEntry !== undefined && account !== null && account !== defaultAccount) {
      const declared = accounts.filter((known) => known.vendor.name === vendor.name).map((known) => known.name)
      if (!declared.includes(account)) {
        const hint = didYouMean(account, declared)
        fault(accountEntry.value.at, `${vendor.name} has no account ${quote(account)} in accounts${hint}`)
      }
    }
    const own: Tree.Located = { ...located, entries: located.entries.filter((entry) => !common.has(entry.key)) }
    const input = Tree.toPlain(own)
    const wrong = vendor.faults(input)
    for (const { message, path } of wrong) {
      fault(Tree.placeAt(own, path), fieldWords(vendor, path, message))
    }
    return {
      vendor,
      account: account ?? defaultAccount,
      name,
      input,
      isSound: wrong.length === 0 && account !== null,
      pace,
      deadline,
      where: place(located.at),
      declaredAt: located.at
    }
  }

  const fieldWords = (vendor: Vendor, path: ReadonlyArray<string | number>, message: string): string => {
    const name = path.join(".")
    if (!message.startsWith(unknownKey)) return `${name === "" ? "the target" : name} ${message}`
    const last = String(path.at(-1))
    if (path.length > 1) {
      return `${unknownKey} ${quote(last)} in ${path.slice(0, -1).join(".")}${message.slice(unknownKey.length)}`
    }
    // A slip in one of the common keys looks to the vendor like an unknown field of its own.
    const known = [...vendor.keys, ...targetKeys]
    const hint = didYouMean(last, known) || `; known are ${known.join(", ")}`
    return `${unknownKey} ${quote(last)} of a target of ${vendor.name}${hint}`
  }

  const targetsOf = (
    entry: Tree.Entry | undefined,
    accounts: ReadonlyArray<PlanAccount>,
    root: Tree.Place
  ): ReadonlyArray<Target> => {
    if (entry === undefined) {
      fault(root, "targets is missing: the list of what to scan")
      return []
    }
    if (entry.value._tag !== "List") {
      fault(entry.value.at, `targets must be a list, not ${Tree.describe(entry.value)}`)
      return []
    }
    if (entry.value.items.length > maxTargets) {
      fault(entry.value.at, `more than ${maxTargets} targets`)
      return []
    }
    const found = entry.value.items.flatMap((item) => target(item, accounts) ?? [])
    sameNames(found)
    return found
  }

  // One name for two subjects would tell one's findings as the other's.
  const sameNames = (found: ReadonlyArray<Target>): void => {
    const first = new Map<string, Target>()
    for (const one of found) {
      const about = one.name === null || !one.isSound ? null : one.vendor.about(one.input)
      if (about === null || one.declaredAt === null) continue
      const identity = JSON.stringify([one.vendor.name, one.account, about.scanType, one.name])
      const before = first.get(identity)
      if (before === undefined) first.set(identity, one)
      else if (before.vendor.about(before.input)?.subject.id !== about.subject.id) {
        const other = before.vendor.about(before.input)?.subject.name ?? ""
        const subjects = `${quote(other)} (line ${before.declaredAt?.line ?? 0}) and ${quote(about.subject.name)}`
        fault(
          one.declaredAt,
          `the name ${quote(one.name ?? "")} stands for two subjects: ${subjects}; give each its own`
        )
      }
    }
  }

  const plan = (root: Tree.Located, file: string): Plan => {
    const blank: Plan = { ...empty, file }
    if (root._tag === "Scalar" && root.value === null) {
      fault(root.at, "the plan is empty; `scanpoll config init` writes one to start from")
      return blank
    }
    const found = entries(root, "the plan", planKeys)
    if (found === null) return blank
    // Editors of JSON find the schema by it; nothing is read from there.
    const schema = found.get("$schema")
    if (schema !== undefined) textOf(schema)
    const version = found.get("version")
    if (version === undefined) fault(root.at, "version is missing; this program reads version: 1")
    else if (version.value._tag !== "Scalar" || version.value.value !== 1) {
      fault(version.value.at, `version must be the number 1, not ${Tree.describe(version.value)}`)
    }
    const defaults = planned("defaults", section(found, "defaults"), ["pace"])
    const gate = planned("gate", section(found, "gate"), [])
    const accounts = accountsOf(section(found, "accounts"))
    return {
      ...blank,
      settings: { ...defaults.out, ...gate.out },
      pace: paceOf(defaults.found?.get("pace")),
      vendors: vendorSettings(section(found, "vendors")),
      accounts,
      targets: targetsOf(found.get("targets"), accounts, root.at)
    }
  }

  return { faults, plan }
}
