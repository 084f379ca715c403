/**
 * What a run is asked to do: targets, accounts, and what a plan says about settings.
 *
 * A plan is the value of a plan file, of targets on the command line, or of both. Targets keep the place where they were
 * written, so that every later fault can name a line.
 *
 * @since 0.1.0
 */
import type { OwnGate } from "@scanpoll/report/Gate"
import type * as Duration from "effect/Duration"
import type { Vendor } from "../vendors/Vendor.ts"
import type { Place } from "./Located.ts"
import type { Pace } from "./Pace.ts"
import type { PlanValue } from "./Settings.ts"
import type { SettingName } from "./Setting.ts"

/**
 * The account of a vendor that is meant where none is named.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultAccount = "default"

/**
 * A value and the place that a fault about it names.
 *
 * @category models
 * @since 0.1.0
 */
export interface Placed<out A> {
  readonly value: A
  readonly where: string
}

/**
 * One scan that is wanted. `input` holds the vendor's own fields; nothing is wrong with them where `isSound`.
 *
 * `name` stands for the subject in baselines, diffs, history and reports; null where the subject stands for itself.
 *
 * `where` names the target in messages, `declaredAt` is its line in the plan file, or null for one from elsewhere. `from`: a list
 * is a file that somebody else may have written, as a plan is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Target {
  readonly vendor: Vendor
  readonly account: string
  readonly name: string | null
  readonly input: unknown
  readonly isSound: boolean
  readonly pace: Placed<Pace> | null
  readonly deadline: Placed<Duration.Duration> | null
  /** The lane that its plan names, where a run has several; null otherwise. */
  readonly lane: string | null
  /** What it asks beside the gate of the run. */
  readonly gate: Placed<OwnGate> | null
  readonly where: string
  readonly declaredAt: Place | null
  /** The plan that declares it, where a run has several; null otherwise. */
  readonly plan: string | null
  readonly from: "command line" | "list" | "plan"
}

/**
 * A second credential at a vendor: its label and the variable that holds the key. `variable` is null where the plan names
 * one that it may not: that is a fault of the plan, and nothing is read or sent for the account.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlanAccount {
  readonly name: string
  readonly vendor: Vendor
  readonly variable: string | null
  readonly where: string
}

/**
 * What a plan says about one vendor.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorSettings {
  readonly pace: Placed<Pace> | null
  readonly deadline: Placed<Duration.Duration> | null
  /** What each of its targets asks beside the gate of the run. */
  readonly gate: Placed<OwnGate> | null
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  /** The plans it was made of; empty for a plan of one file or of none. */
  readonly parts: ReadonlyArray<Plan>
  /** The path as it was given; null without a file. */
  readonly file: string | null
  /** The SHA-256 of the file's bytes in hexadecimal digits; null without a file. */
  readonly digest: string | null
  readonly settings: { readonly [K in SettingName]?: PlanValue }
  readonly pace: Placed<Pace> | null
  readonly vendors: ReadonlyMap<string, VendorSettings>
  readonly accounts: ReadonlyArray<PlanAccount>
  /** The names that its targets may have filled in. */
  readonly variables: ReadonlyArray<string>
  readonly targets: ReadonlyArray<Target>
  /** How many targets it has beside those: their variables have no value, and they are not wanted. */
  readonly unfilled: number
  /** What of it is wanted (`--only`), where that is not all; null otherwise. `of`: how many targets it has. */
  readonly part: { readonly only: ReadonlyArray<string>; readonly of: number } | null
}

/**
 * A plan that asks for nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Plan = {
  parts: [],
  file: null,
  digest: null,
  settings: {},
  pace: null,
  vendors: new Map(),
  accounts: [],
  variables: [],
  targets: [],
  unfilled: 0,
  part: null
}
