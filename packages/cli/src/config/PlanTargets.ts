// The accounts and targets of a plan. A target is read with the vendor's own words for its fields; it is checked against the
// accounts, and names against one another.
import type { Vendor } from "../vendors/Vendor.ts"
import { unknownKey } from "../vendors/Shape.ts"
import { quote } from "./InputFault.ts"
import * as KeyVariable from "./KeyVariable.ts"
import * as Located from "./Located.ts"
import { didYouMean } from "./Nearest.ts"
import { type PlanAccount, type Target, defaultAccount } from "./Plan.ts"
import * as PlanFields from "./PlanFields.ts"
import * as PlanGate from "./PlanGate.ts"
import * as PlanRead from "./PlanRead.ts"
import * as Variables from "./Variables.ts"

const accountKeys = ["vendor", "variable"]
/** The most targets that a plan or a list may have. */
export const maxTargets = 100_000

// What a target has beside its vendor's own fields.
const targetKeys = ["vendor", "account", "name", "pace", "deadline", "gate"] as const

type Read<A> = PlanRead.PlanRead<A>

export const accountsOf = (
  terms: PlanFields.Terms,
  located: Located.Located | undefined,
  allowed: ReadonlySet<string>
): Read<ReadonlyArray<PlanAccount>> => {
  if (located === undefined) return PlanRead.make([])
  if (located._tag !== "Map") {
    return PlanRead.make(
      [],
      [{ at: located.at, message: `accounts must be a map from labels to accounts, not ${Located.describe(located)}` }]
    )
  }
  return PlanRead.eachSome(located.entries, (entry) =>
    PlanRead.andThen(labelOf(entry), () => accountOf(terms, entry, allowed))
  )
}

const labelOf = ({ key, keyAt }: Located.Entry): Read<null> => {
  if (key !== defaultAccount && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(key)) return PlanRead.absent
  const why = key === defaultAccount ? "is the account of the vendor's own variable" : "cannot be a label"
  return PlanRead.refuse(keyAt, `the account ${quote(key)} ${why}; a label has letters, digits, - and _`)
}

const accountOf = (
  terms: PlanFields.Terms,
  { key, keyAt, value }: Located.Entry,
  allowed: ReadonlySet<string>
): Read<PlanAccount | null> =>
  PlanRead.andThenSome(PlanFields.entriesOf(terms, value, `accounts.${quote(key)}`, accountKeys), (found) =>
    PlanRead.andThen(PlanFields.vendorOf(terms, found.get("vendor"), keyAt), (vendor): Read<PlanAccount | null> => {
      const entry = found.get("variable")
      if (entry === undefined) {
        return PlanRead.refuse(keyAt, "variable is missing: the name of the environment variable that holds the key")
      }
      return PlanRead.andThenSome(PlanFields.textOf(entry), (variable): Read<PlanAccount | null> => {
        if (vendor === null) return PlanRead.absent
        const refusal = KeyVariable.refusal(variable, vendor, terms.vendors, allowed)
        return PlanRead.make(
          { name: key, vendor, variable: refusal === null ? variable : null, where: terms.place(keyAt) },
          refusal === null ? [] : [{ at: entry.value.at, message: refusal }]
        )
      })
    })
  )

// One target for each of several types: `type: [security, seo]`. A vendor whose own field takes a list keeps it.
const ofEachType = (terms: PlanFields.Terms, located: Located.Located): Read<ReadonlyArray<Located.Located>> => {
  const asOne = PlanRead.make([located])
  if (located._tag !== "Map") return asOne
  const types = Located.get(located, "type")?.value
  const name = Located.get(located, "vendor")?.value
  if (types?._tag !== "List" || name?._tag !== "Scalar") return asOne
  const vendor = terms.vendors.find((known) => known.name === name.value)
  if (vendor === undefined || !vendor.keys.includes("type")) return asOne
  const own = located.entries.filter(({ key }) => !targetKeys.some((each) => each === key))
  const asList = vendor.faults(Located.toPlain({ ...located, entries: own }))
  if (!asList.some(({ path }) => path[0] === "type")) return asOne
  return PlanRead.make(
    types.items.map((type) => ({
      ...located,
      entries: located.entries.map((entry) => (entry.key === "type" ? { ...entry, value: type } : entry))
    })),
    types.items.length > 0 ? [] : [{ at: types.at, message: "type is an empty list; name at least one" }]
  )
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

/** The targets of a plan or a list, and how many were left out without a fault. */
export interface Targets {
  readonly targets: ReadonlyArray<Target>
  readonly unfilled: number
}

// The targets that one entry of the list stands for.
const entryTargets = (terms: PlanFields.Terms, item: Located.Located, around: Around): Read<Targets> => {
  const { faults, located } = Variables.fill(item, around.filling)
  if (faults.length > 0) {
    return !around.looksOnly && isWanted(item, around.only)
      ? PlanRead.make({ targets: [], unfilled: 0 }, faults)
      : PlanRead.make({ targets: [], unfilled: typesOf(item) })
  }
  const found = PlanRead.andThen(ofEachType(terms, located), (all) =>
    PlanRead.eachSome(all, (one) => target(terms, one, around.accounts))
  )
  return PlanRead.map(found, (targets) => ({ targets, unfilled: 0 }))
}

// A vendor may have fields of these names; they are then its own.
const isShared = (key: string): boolean => key === "name" || key === "gate"

// The account that a target names, null where it names none that can be read.
const targetAccount = (
  entry: Located.Entry | undefined,
  vendor: Vendor,
  accounts: ReadonlyArray<PlanAccount>
): Read<string | null> => {
  if (entry === undefined) return PlanRead.make(defaultAccount)
  return PlanRead.andThenSome(PlanFields.textOf(entry), (account) => {
    const declared = accounts.filter((known) => known.vendor.name === vendor.name).map((known) => known.name)
    if (account === defaultAccount || declared.includes(account)) return PlanRead.make(account)
    const message = `${vendor.name} has no account ${quote(account)} in accounts${didYouMean(account, declared)}`
    return PlanRead.make(account, [{ at: entry.value.at, message }])
  })
}

const target = (
  terms: PlanFields.Terms,
  located: Located.Located,
  accounts: ReadonlyArray<PlanAccount>
): Read<Target | null> => {
  if (located._tag !== "Map") {
    return PlanRead.refuse(located.at, `a target must be a map, not ${Located.describe(located)}`)
  }
  const named = PlanFields.vendorOf(terms, Located.get(located, "vendor") ?? undefined, located.at)
  return PlanRead.andThenSome(named, (vendor) => targetOf(terms, located, vendor, accounts))
}

const targetOf = (
  terms: PlanFields.Terms,
  located: Extract<Located.Located, { readonly _tag: "Map" }>,
  vendor: Vendor,
  accounts: ReadonlyArray<PlanAccount>
): Read<Target> => {
  const common = new Map(
    located.entries
      .filter(({ key }) => targetKeys.some((each) => each === key) && !(isShared(key) && vendor.keys.includes(key)))
      .map((entry) => [entry.key, entry])
  )
  const name = PlanFields.nameOf(common.get("name"))
  const pace = PlanFields.paceOf(terms, common.get("pace"))
  const deadline = PlanFields.deadlineOf(terms, common.get("deadline"))
  const gate = PlanGate.gateOf(terms, common.get("gate"), "the gate of a target")
  const account = targetAccount(common.get("account"), vendor, accounts)
  const own: Located.Located = { ...located, entries: located.entries.filter((entry) => !common.has(entry.key)) }
  const input = Located.toPlain(own)
  const wrong = vendor
    .faults(input)
    .map(({ message, path }) => ({ at: Located.placeAt(own, path), message: fieldWords(vendor, path, message) }))
  return PlanRead.make(
    {
      vendor,
      account: account.value ?? defaultAccount,
      name: name.value,
      input,
      isSound: wrong.length === 0 && account.value !== null,
      pace: pace.value,
      deadline: deadline.value,
      gate: gate.value,
      where: terms.place(located.at),
      declaredAt: located.at,
      plan: null,
      lane: null,
      from: "plan"
    },
    [name, pace, deadline, gate, account].flatMap(({ faults }) => faults).concat(wrong)
  )
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
  terms: PlanFields.Terms,
  entry: Located.Entry | undefined,
  around: Around,
  root: Located.Place
): Read<Targets> => {
  const refuse = (at: Located.Place, message: string): Read<Targets> =>
    PlanRead.make({ targets: [], unfilled: 0 }, [{ at, message }])
  if (entry === undefined) return refuse(root, "targets is missing: the list of what to scan")
  const { value } = entry
  if (value._tag !== "List") return refuse(value.at, `targets must be a list, not ${Located.describe(value)}`)
  if (value.items.length > maxTargets) return refuse(value.at, `more than ${maxTargets} targets`)
  return listed(terms, value.items, around)
}

/**
 * The targets of a list, in its order.
 */
export const listed = (
  terms: PlanFields.Terms,
  items: ReadonlyArray<Located.Located>,
  around: Around
): Read<Targets> => {
  const found = PlanRead.map(
    PlanRead.each(items, (item) => entryTargets(terms, item, around)),
    (parts) => ({
      targets: parts.flatMap(({ targets }) => targets),
      unfilled: parts.reduce((sum, { unfilled }) => sum + unfilled, 0)
    })
  )
  return PlanRead.and(found, sameNames(found.value.targets))
}

// One name for two subjects would tell one's findings as the other's.
const sameNames = (found: ReadonlyArray<Target>): ReadonlyArray<Located.LocatedFault> => {
  const first = new Map<string, Target>()
  return found.flatMap((one) => {
    const about = one.name === null || !one.isSound ? null : one.vendor.about(one.input)
    if (about === null || one.declaredAt === null) return []
    const identity = JSON.stringify([one.vendor.name, one.account, about.scanType, one.name])
    const before = first.get(identity)
    if (before === undefined) {
      first.set(identity, one)
      return []
    }
    const other = before.vendor.about(before.input)?.subject
    if (other?.id === about.subject.id) return []
    const subjects = `${quote(other?.name ?? "")} (line ${before.declaredAt?.line ?? 0}) and ${quote(about.subject.name)}`
    const message = `the name ${quote(one.name ?? "")} stands for two subjects: ${subjects}; give each its own`
    return [{ at: one.declaredAt, message }]
  })
}
