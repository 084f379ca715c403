// Reads single values of a plan: each reader gives the value, or null with a fault in `faults`. What a plan is made of is
// the matter of `PlanFile` and `PlanTargets`; a value that is found wrong here never stops the reading.
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
import type { PlanKind } from "./SettingKind.ts"

export class PlanFields {
  readonly faults: Array<Located.LocatedFault> = []
  // How many targets were left out without a fault.
  unfilled = 0
  readonly place: (at: Located.Place) => string
  readonly vendors: ReadonlyArray<Vendor>
  readonly vendorNames: ReadonlyArray<string>

  constructor(place: (at: Located.Place) => string, vendors: ReadonlyArray<Vendor>) {
    this.place = place
    this.vendors = vendors
    this.vendorNames = vendors.map((vendor) => vendor.name)
  }

  fault(at: Located.Place, message: string): void {
    this.faults.push({ at, message })
  }

  // The entries of a map with known keys only.
  entries(
    located: Located.Located,
    what: string,
    known: ReadonlyArray<string>
  ): ReadonlyMap<string, Located.Entry> | null {
    if (located._tag !== "Map") {
      this.fault(located.at, `${what} must be a map, not ${Located.describe(located)}`)
      return null
    }
    const out = new Map<string, Located.Entry>()
    for (const entry of located.entries) {
      if (known.includes(entry.key)) out.set(entry.key, entry)
      else {
        const bring = known === this.vendorNames ? `; ${howToBring(entry.key)}` : ""
        const hint = didYouMean(entry.key, known) || `; known are ${known.join(", ")}${bring}`
        this.fault(entry.keyAt, `unknown key ${quote(entry.key)} in ${what}${hint}`)
      }
    }
    return out
  }

  textOf(entry: Located.Entry): string | null {
    const { value } = entry
    if (value._tag === "Scalar" && typeof value.value === "string" && value.value.trim() !== "") return value.value
    this.fault(value.at, `${entry.key} must be a text, not ${Located.describe(value)}`)
    return null
  }

  placed<A>(entry: Located.Entry, parsed: Result.Result<A, string>): Placed<A> | null {
    if (Result.isSuccess(parsed)) return { value: parsed.success, where: this.place(entry.value.at) }
    this.fault(entry.value.at, `${entry.key} ${parsed.failure}`)
    return null
  }

  durationText(entry: Located.Entry): string | null {
    const { value } = entry
    // The number 0 is the one duration that needs no unit; any other is refused with the reason.
    if (value._tag === "Scalar" && typeof value.value === "number") return String(value.value)
    return this.textOf(entry)
  }

  nameOf(entry: Located.Entry | undefined): string | null {
    const text = entry === undefined ? null : this.textOf(entry)
    if (entry === undefined || text === null) return null
    const name = text.trim()
    const why = Placeholder.faultOf(name) ?? (name.length > 200 ? "must have at most 200 characters" : null)
    if (why !== null) this.fault(entry.value.at, `name ${why}`)
    return name
  }

  deadlineOf(entry: Located.Entry | undefined): Placed<Duration.Duration> | null {
    const text = entry === undefined ? null : this.durationText(entry)
    return entry === undefined || text === null ? null : this.placed(entry, Durations.parse(text))
  }

  paceOf(entry: Located.Entry | undefined): Placed<Pace.Pace> | null {
    const text = entry === undefined ? null : this.durationText(entry)
    return entry === undefined || text === null ? null : this.placed(entry, Pace.parse(text))
  }

  // The texts of a setting, of the kind it has in a plan.
  textsOf(entry: Located.Entry, kind: PlanKind): ReadonlyArray<string> | null {
    const { value } = entry
    const refuse = (what: string): null => {
      this.fault(value.at, `${entry.key} must be ${what}, not ${Located.describe(value)}`)
      return null
    }
    const scalar = value._tag === "Scalar" ? value.value : null
    switch (kind) {
      case "text": {
        // YAML reads a bare `off` as a text, and so do we; a bare `no` as well.
        return typeof scalar === "string" ? [scalar] : refuse("a text")
      }
      case "duration": {
        const text = this.durationText(entry)
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
          else this.fault(item.at, `${entry.key} must be a list of texts, not of ${Located.describe(item)}`)
        }
        return out
      }
      case "scores": {
        if (typeof scalar === "number") return [String(scalar)]
        if (value._tag !== "Map") return refuse("a number, or a map from vendors to numbers")
        const out: Array<string> = []
        for (const score of value.entries) {
          if (!this.vendorNames.includes(score.key)) {
            this.fault(score.keyAt, `unknown vendor ${quote(score.key)}${didYouMean(score.key, this.vendorNames)}`)
          } else if (score.value._tag === "Scalar" && typeof score.value.value === "number") {
            out.push(`${score.key}=${score.value.value}`)
          } else {
            this.fault(score.value.at, `${score.key} must be a number, not ${Located.describe(score.value)}`)
          }
        }
        return out
      }
    }
  }

  vendorOf(entry: Located.Entry | undefined, at: Located.Place): Vendor | null {
    if (entry === undefined) {
      this.fault(at, `vendor is missing; it is one of ${this.vendorNames.join(", ")}`)
      return null
    }
    const name = this.textOf(entry)
    const found = this.vendors.find((vendor) => vendor.name === name) ?? null
    if (name !== null && found === null) {
      const hint =
        didYouMean(name, this.vendorNames) || `; it is one of ${this.vendorNames.join(", ")}; ${howToBring(name)}`
      this.fault(entry.value.at, `unknown vendor ${quote(name)}${hint}`)
    }
    return found
  }
}
