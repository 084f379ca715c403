// The accounts and targets of a plan. A target is read with the vendor's own words for its fields; it is checked against the
// accounts, and names against one another.
import type { Vendor } from "../vendors/Vendor.ts"
import { unknownKey } from "../vendors/Shape.ts"
import { quote } from "./InputFault.ts"
import * as KeyVariable from "./KeyVariable.ts"
import * as Located from "./Located.ts"
import { didYouMean } from "./Nearest.ts"
import { type PlanAccount, type Target, defaultAccount } from "./Plan.ts"
import type { PlanFields } from "./PlanFields.ts"
import * as PlanGate from "./PlanGate.ts"
import * as Variables from "./Variables.ts"

const accountKeys = ["vendor", "variable"]
/** The most targets that a plan or a list may have. */
export const maxTargets = 100_000

// What a target has beside its vendor's own fields.
const targetKeys = ["vendor", "account", "name", "pace", "deadline", "gate"] as const

export const accountsOf = (
  fields: PlanFields,
  located: Located.Located | undefined,
  allowed: ReadonlySet<string>
): ReadonlyArray<PlanAccount> => {
  if (located === undefined) return []
  if (located._tag !== "Map") {
    fields.fault(located.at, `accounts must be a map from labels to accounts, not ${Located.describe(located)}`)
    return []
  }
  const out: Array<PlanAccount> = []
  for (const { key, keyAt, value } of located.entries) {
    if (key === defaultAccount || !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(key)) {
      const why = key === defaultAccount ? "is the account of the vendor's own variable" : "cannot be a label"
      fields.fault(keyAt, `the account ${quote(key)} ${why}; a label has letters, digits, - and _`)
    }
    const found = fields.entries(value, `accounts.${quote(key)}`, accountKeys)
    if (found === null) continue
    const vendor = fields.vendorOf(found.get("vendor"), keyAt)
    const entry = found.get("variable")
    if (entry === undefined) {
      fields.fault(keyAt, "variable is missing: the name of the environment variable that holds the key")
      continue
    }
    const variable = fields.textOf(entry)
    if (variable === null || vendor === null) continue
    const refusal = KeyVariable.refusal(variable, vendor, fields.vendors, allowed)
    if (refusal !== null) fields.fault(entry.value.at, refusal)
    out.push({ name: key, vendor, variable: refusal === null ? variable : null, where: fields.place(keyAt) })
  }
  return out
}

// One target for each of several types: `type: [security, seo]`. A vendor whose own field takes a list keeps it.
const ofEachType = (fields: PlanFields, located: Located.Located): ReadonlyArray<Located.Located> => {
  if (located._tag !== "Map") return [located]
  const types = Located.get(located, "type")?.value
  const name = Located.get(located, "vendor")?.value
  if (types?._tag !== "List" || name?._tag !== "Scalar") return [located]
  const vendor = fields.vendors.find((known) => known.name === name.value)
  if (vendor === undefined || !vendor.keys.includes("type")) return [located]
  const own = located.entries.filter(({ key }) => !targetKeys.some((each) => each === key))
  const asList = vendor.faults(Located.toPlain({ ...located, entries: own }))
  if (!asList.some(({ path }) => path[0] === "type")) return [located]
  if (types.items.length === 0) {
    fields.fault(types.at, "type is an empty list; name at least one")
    return []
  }
  return types.items.map((type) => ({
    ...located,
    entries: located.entries.map((entry) => (entry.key === "type" ? { ...entry, value: type } : entry))
  }))
}

// How many types one entry names.
const typesOf = (item: Located.Located): number => {
  const types = item._tag === "Map" ? Located.get(item, "type")?.value : undefined
  return types?._tag === "List" ? Math.max(1, types.items.length) : 1
}

/**
 * What targets are read with: the accounts and the variables of their plan. `looksOnly`: a target whose variable has no
 * value is left out without a fault; `only`: so is one that is not among these, by name or vendor.
 */
export interface Around {
  readonly accounts: ReadonlyArray<PlanAccount>
  readonly filling: Variables.Filling
  readonly looksOnly: boolean
  readonly only: ReadonlyArray<string>
}

// Whether a target that cannot be filled in is one of those that were asked for.
const isWanted = (item: Located.Located, only: ReadonlyArray<string>): boolean => {
  if (only.length === 0 || item._tag !== "Map") return true
  const text = (key: string): string | null => {
    const value = Located.get(item, key)?.value
    return value?._tag === "Scalar" && typeof value.value === "string" ? value.value.trim() : null
  }
  const vendor = text("vendor") ?? ""
  return [text("name"), vendor, `${vendor}@${text("account") ?? defaultAccount}`].some(
    (one) => one !== null && only.includes(one)
  )
}

// The targets that one entry of the list stands for.
const entryTargets = (fields: PlanFields, item: Located.Located, around: Around): ReadonlyArray<Target> => {
  const { faults, located } = Variables.fill(item, around.filling)
  if (faults.length > 0) {
    if (!around.looksOnly && isWanted(item, around.only))
      for (const { at, message } of faults) fields.fault(at, message)
    else fields.unfilled += typesOf(item)
    return []
  }
  return ofEachType(fields, located).flatMap((one) => target(fields, one, around.accounts) ?? [])
}

// A vendor may have fields of these names; they are then its own.
const isShared = (key: string): boolean => key === "name" || key === "gate"

const target = (fields: PlanFields, located: Located.Located, accounts: ReadonlyArray<PlanAccount>): Target | null => {
  if (located._tag !== "Map") {
    fields.fault(located.at, `a target must be a map, not ${Located.describe(located)}`)
    return null
  }
  const vendor = fields.vendorOf(Located.get(located, "vendor") ?? undefined, located.at)
  if (vendor === null) return null
  const common = new Map(
    located.entries
      .filter(({ key }) => targetKeys.some((each) => each === key) && !(isShared(key) && vendor.keys.includes(key)))
      .map((entry) => [entry.key, entry])
  )
  const name = fields.nameOf(common.get("name"))
  const pace = fields.paceOf(common.get("pace"))
  const deadline = fields.deadlineOf(common.get("deadline"))
  const gate = PlanGate.gateOf(fields, common.get("gate"), "the gate of a target")
  const accountEntry = common.get("account")
  const account = accountEntry === undefined ? defaultAccount : fields.textOf(accountEntry)
  if (accountEntry !== undefined && account !== null && account !== defaultAccount) {
    const declared = accounts.filter((known) => known.vendor.name === vendor.name).map((known) => known.name)
    if (!declared.includes(account)) {
      const hint = didYouMean(account, declared)
      fields.fault(accountEntry.value.at, `${vendor.name} has no account ${quote(account)} in accounts${hint}`)
    }
  }
  const own: Located.Located = { ...located, entries: located.entries.filter((entry) => !common.has(entry.key)) }
  const input = Located.toPlain(own)
  const wrong = vendor.faults(input)
  for (const { message, path } of wrong) {
    fields.fault(Located.placeAt(own, path), fieldWords(vendor, path, message))
  }
  return {
    vendor,
    account: account ?? defaultAccount,
    name,
    input,
    isSound: wrong.length === 0 && account !== null,
    pace,
    deadline,
    gate,
    where: fields.place(located.at),
    declaredAt: located.at,
    plan: null,
    lane: null,
    from: "plan"
  }
}

const fieldWords = (vendor: Vendor, path: ReadonlyArray<string | number>, message: string): string => {
  const name = path.join(".")
  if (!message.startsWith(unknownKey)) return `${name === "" ? "the target" : name} ${message}`
  const last = String(path.at(-1))
  if (path.length > 1) {
    return `${unknownKey} ${quote(last)} in ${path.slice(0, -1).join(".")}${message.slice(unknownKey.length)}`
  }
  // A typo in one of the common keys looks to the vendor like an unknown field of its own.
  const known = [...vendor.keys, ...targetKeys]
  const hint = didYouMean(last, known) || `; known are ${known.join(", ")}`
  return `${unknownKey} ${quote(last)} of a target of ${vendor.name}${hint}`
}

export const targetsOf = (
  fields: PlanFields,
  entry: Located.Entry | undefined,
  around: Around,
  root: Located.Place
): ReadonlyArray<Target> => {
  if (entry === undefined) {
    fields.fault(root, "targets is missing: the list of what to scan")
    return []
  }
  if (entry.value._tag !== "List") {
    fields.fault(entry.value.at, `targets must be a list, not ${Located.describe(entry.value)}`)
    return []
  }
  if (entry.value.items.length > maxTargets) {
    fields.fault(entry.value.at, `more than ${maxTargets} targets`)
    return []
  }
  return listed(fields, entry.value.items, around)
}

/**
 * The targets of a list, in its order.
 */
export const listed = (
  fields: PlanFields,
  items: ReadonlyArray<Located.Located>,
  around: Around
): ReadonlyArray<Target> => {
  const found = items.flatMap((item) => entryTargets(fields, item, around))
  sameNames(fields, found)
  return found
}

// One name for two subjects would tell one's findings as the other's.
const sameNames = (fields: PlanFields, found: ReadonlyArray<Target>): void => {
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
      fields.fault(
        one.declaredAt,
        `the name ${quote(one.name ?? "")} stands for two subjects: ${subjects}; give each its own`
      )
    }
  }
}
