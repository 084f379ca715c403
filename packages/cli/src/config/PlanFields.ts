// Reads single values of a plan: each reader gives the value, or null, with its faults. What a plan is made of is the matter
// of `PlanFile` and `PlanTargets`.
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { Vendor } from "../vendors/Vendor.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { quote } from "./InputFault.ts"
import * as Located from "./Located.ts"
import { didYouMean } from "./Nearest.ts"
import * as Pace from "./Pace.ts"
import * as Placeholder from "./Placeholder.ts"
import type { Placed } from "./Plan.ts"
import * as PlanRead from "./PlanRead.ts"
import type { PlanKind } from "./SettingKind.ts"

/** What values are read with: how a place is named, and the vendors that are known. */
export interface Terms {
  readonly place: (at: Located.Place) => string
  readonly vendors: ReadonlyArray<Vendor>
  readonly vendorNames: ReadonlyArray<string>
}

export const terms = (place: (at: Located.Place) => string, vendors: ReadonlyArray<Vendor>): Terms => ({
  place,
  vendors,
  vendorNames: vendors.map((vendor) => vendor.name)
})

type Read<A> = PlanRead.PlanRead<A>

/** The entries of a map with known keys only; of one in its place, null. */
export const entriesOf = (
  terms: Terms,
  located: Located.Located,
  what: string,
  known: ReadonlyArray<string>
): Read<ReadonlyMap<string, Located.Entry> | null> => {
  if (located._tag !== "Map") {
    return PlanRead.refuse(located.at, `${what} must be a map, not ${Located.describe(located)}`)
  }
  const strange = located.entries.filter(({ key }) => !known.includes(key))
  return PlanRead.make(
    new Map(located.entries.filter(({ key }) => known.includes(key)).map((entry) => [entry.key, entry])),
    strange.map(({ key, keyAt }) => {
      const bring = known === terms.vendorNames ? `; ${howToBring(key)}` : ""
      const hint = didYouMean(key, known) || `; known are ${known.join(", ")}${bring}`
      return { at: keyAt, message: `unknown key ${quote(key)} in ${what}${hint}` }
    })
  )
}

export const textOf = ({ key, value }: Located.Entry): Read<string | null> =>
  value._tag === "Scalar" && typeof value.value === "string" && value.value.trim() !== ""
    ? PlanRead.make(value.value)
    : PlanRead.refuse(value.at, `${key} must be a text, not ${Located.describe(value)}`)

/** What a text of an entry was parsed to, with its place. */
export const placed = <A>(
  { place }: Terms,
  { key, value }: Located.Entry,
  parsed: Result.Result<A, string>
): Read<Placed<A> | null> =>
  Result.isSuccess(parsed)
    ? PlanRead.make({ value: parsed.success, where: place(value.at) })
    : PlanRead.refuse(value.at, `${key} ${parsed.failure}`)

const durationText = (entry: Located.Entry): Read<string | null> => {
  const { value } = entry
  // The number 0 is the one duration that needs no unit; any other is refused with the reason.
  if (value._tag === "Scalar" && typeof value.value === "number") return PlanRead.make(String(value.value))
  return textOf(entry)
}

export const nameOf = (entry: Located.Entry | undefined): Read<string | null> => {
  if (entry === undefined) return PlanRead.absent
  return PlanRead.andThenSome(textOf(entry), (text) => {
    const name = text.trim()
    const why = Placeholder.faultOf(name) ?? (name.length > 200 ? "must have at most 200 characters" : null)
    return PlanRead.make(name, why === null ? [] : [{ at: entry.value.at, message: `name ${why}` }])
  })
}

const timed = <A>(
  terms: Terms,
  entry: Located.Entry | undefined,
  parse: (text: string) => Result.Result<A, string>
): Read<Placed<A> | null> =>
  entry === undefined
    ? PlanRead.absent
    : PlanRead.andThenSome(durationText(entry), (text) => placed(terms, entry, parse(text)))

export const deadlineOf = (terms: Terms, entry: Located.Entry | undefined): Read<Placed<Duration.Duration> | null> =>
  timed(terms, entry, Durations.parse)

export const paceOf = (terms: Terms, entry: Located.Entry | undefined): Read<Placed<Pace.Pace> | null> =>
  timed(terms, entry, Pace.parse)

/** The texts of a setting, of the kind it has in a plan. */
export const textsOf = (terms: Terms, entry: Located.Entry, kind: PlanKind): Read<ReadonlyArray<string> | null> => {
  const { value } = entry
  const refuse = (what: string) =>
    PlanRead.refuse(value.at, `${entry.key} must be ${what}, not ${Located.describe(value)}`)
  const scalar = value._tag === "Scalar" ? value.value : null
  switch (kind) {
    case "text":
      // YAML reads a bare `off` as a text, and so do we; a bare `no` as well.
      return typeof scalar === "string" ? PlanRead.make([scalar]) : refuse("a text")
    case "duration":
      return PlanRead.map(durationText(entry), (text) => (text === null ? null : [text]))
    case "number":
      return typeof scalar === "number" ? PlanRead.make([String(scalar)]) : refuse("a number")
    case "switch":
      return typeof scalar === "boolean" ? PlanRead.make([String(scalar)]) : refuse("true or false")
    case "list": {
      if (typeof scalar === "string") return PlanRead.make([scalar])
      if (value._tag !== "List") return refuse("a text or a list of texts")
      return PlanRead.eachSome(value.items, (item) =>
        item._tag === "Scalar" && typeof item.value === "string"
          ? PlanRead.make(item.value)
          : PlanRead.refuse(item.at, `${entry.key} must be a list of texts, not of ${Located.describe(item)}`)
      )
    }
    case "scores": {
      if (typeof scalar === "number") return PlanRead.make([String(scalar)])
      if (value._tag !== "Map") return refuse("a number, or a map from vendors to numbers")
      return PlanRead.eachSome(value.entries, (score) => scoreOf(terms, score))
    }
  }
}

const scoreOf = ({ vendorNames }: Terms, { key, keyAt, value }: Located.Entry): Read<string | null> => {
  if (!vendorNames.includes(key)) {
    return PlanRead.refuse(keyAt, `unknown vendor ${quote(key)}${didYouMean(key, vendorNames)}`)
  }
  return value._tag === "Scalar" && typeof value.value === "number"
    ? PlanRead.make(`${key}=${value.value}`)
    : PlanRead.refuse(value.at, `${key} must be a number, not ${Located.describe(value)}`)
}

/** The vendor that an entry names; `at` is where it is missed. */
export const vendorOf = (
  { vendorNames, vendors }: Terms,
  entry: Located.Entry | undefined,
  at: Located.Place
): Read<Vendor | null> => {
  if (entry === undefined) {
    return PlanRead.refuse(at, `vendor is missing; it is one of ${vendorNames.join(", ")}`)
  }
  return PlanRead.andThenSome(textOf(entry), (name): Read<Vendor | null> => {
    const found = vendors.find((vendor) => vendor.name === name)
    if (found !== undefined) return PlanRead.make(found)
    const hint = didYouMean(name, vendorNames) || `; it is one of ${vendorNames.join(", ")}; ${howToBring(name)}`
    return PlanRead.refuse(entry.value.at, `unknown vendor ${quote(name)}${hint}`)
  })
}
