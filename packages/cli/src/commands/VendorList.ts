/**
 * `scanpoll vendors`: what each vendor scans, how it is paced and limited, and which variables it needs.
 *
 * @since 0.1.0
 */
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { preview } from "@scanpoll/core/policy/Preview"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import type { UsageError } from "../config/InputFault.ts"
import * as Login from "../config/Login.ts"
import * as Output from "../output/Output.ts"
import { type Streams, inert } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"

type Environment = Readonly<Record<string, string | undefined>>

const isSet = (environment: Environment, name: string): boolean => (environment[name]?.trim() ?? "") !== ""

// A base may have been given a password, which is then refused elsewhere; it is not shown here either.
const baseShown = (vendor: Vendor, environment: Environment): string | null => {
  const base = Accounts.baseOf(vendor, environment)
  return base === null ? null : inert(Login.hideAll(base), 300)
}

const paceNames = ["interactive", "default", "background", "bulk"] as const

const shownPolls = 6

// The policies' own words, and the times the engine itself would decide on: what is shown is what is done.
const paceOf = (vendor: Vendor, name: (typeof paceNames)[number]) => {
  const policy = vendor.policies[name]
  const first = policy.first !== null && Duration.isZero(policy.first) ? "at once, then " : ""
  return Effect.map(preview(policy, vendor.limits, shownPolls), (polls) => ({
    name,
    words: first + PollPolicy.paceInWords(policy),
    policy: PollPolicy.describe(policy, vendor.limits),
    polls: polls.map(({ at }) => Durations.format(Duration.millis(at)))
  }))
}

type Pace = Effect.Success<ReturnType<typeof paceOf>>

const factsOf = (vendor: Vendor, paces: ReadonlyArray<Pace>, environment: Environment) => ({
  name: vendor.name,
  title: vendor.title,
  scans: vendor.scans,
  docs: vendor.docs,
  asOf: vendor.asOf,
  terms: vendor.terms,
  target: vendor.targetForm,
  fields: vendor.keys,
  capabilities: vendor.capabilities,
  paces,
  floor: Durations.format(vendor.limits.floor),
  deadline: Durations.format(vendor.policies.default.deadline),
  rateLimit: vendor.rateLimit,
  key: {
    variable: vendor.keyVariable,
    set: vendor.keyVariable !== null && isSet(environment, vendor.keyVariable)
  },
  base: {
    variable: vendor.baseVariable,
    value: baseShown(vendor, environment),
    set: isSet(environment, vendor.baseVariable)
  }
})

type Facts = ReturnType<typeof factsOf>

const block = (facts: Facts): string => {
  const row = (label: string, text: string): string => `  ${label.padEnd(12)} ${text}`
  const { set, value, variable } = facts.base
  const base = value === null ? `${variable} (not set): required` : `${variable} (${set ? "set" : "default"}): ${value}`
  return [
    `${facts.name}  ${facts.title}: ${facts.scans}`,
    row("target", facts.target),
    row("fields", facts.fields.join(", ")),
    row("gives", facts.capabilities.length === 0 ? "a verdict" : facts.capabilities.join(", ")),
    ...facts.paces.map((pace, index) => row(index === 0 ? "paces" : "", `${pace.name}: ${pace.words}`)),
    ...facts.paces
      .filter((pace) => pace.name === "default")
      .map((pace) => row("polls", `at ${pace.polls.join(", ")}, ... after the submission, at the earliest`)),
    row("limits", `${facts.rateLimit}; a scan is polled at most once every ${facts.floor}, for ${facts.deadline}`),
    row("key", facts.key.variable === null ? "none" : `${facts.key.variable} (${facts.key.set ? "set" : "not set"})`),
    row("base", base),
    row("docs", facts.asOf === null ? facts.docs : `${facts.docs} (followed as of ${facts.asOf})`),
    ...facts.terms.map((term, index) => row(index === 0 ? "terms" : "", term)),
    ""
  ].join("\n")
}

/**
 * `scanpoll vendors`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const vendors = Effect.fnUntraced(function* (input: {
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError, FileSystem.FileSystem | Path.Path | Streams | Vendors> {
  const { environment } = yield* ProcessContext
  const { settings } = yield* Effect.flatMap(
    Command.begin({ name: "vendors", flags: input.flags, formats: Output.small }),
    Checked.accept
  )
  const vendors = yield* Vendors
  const all = yield* Effect.forEach(vendors.all, (vendor) =>
    Effect.map(
      Effect.forEach(paceNames, (name) => paceOf(vendor, name)),
      (paces) => factsOf(vendor, paces, environment)
    )
  )
  const failed = yield* Output.write(settings, {
    text: () => [all.map(block).join("\n")],
    json: () => ({ schemaVersion: 1, vendors: all })
  })
  return failed ? 74 : 0
})
