/**
 * The settings as flags of `effect/cli`: texts only, so that values are read and refused in one place, all at once.
 *
 * @since 0.1.0
 */
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Struct from "effect/Struct"
import { settings } from "./Setting.ts"
import type { Face } from "./SettingKind.ts"

/**
 * A flag that gives the texts it was given, none when it was not.
 *
 * @category models
 * @since 0.1.0
 */
export type TextFlag = Flag.Flag<ReadonlyArray<string>>

const flagOf = (setting: Face, more = ""): TextFlag => {
  const described = `${setting.words}${more}`
  if (setting.kind === "switch") {
    return Flag.Boolean(setting.flag).pipe(
      Flag.withDescription(described),
      setting.flag.startsWith("no-") ? Flag.withoutNegation : (flag) => flag,
      Flag.optional,
      Flag.map((value): ReadonlyArray<string> => (Option.isSome(value) ? [String(value.value)] : []))
    )
  }
  const flag = Flag.String(setting.flag).pipe(
    Flag.withMetavar(setting.metavar),
    Flag.withDescription(described),
    setting.alias === null ? (plain) => plain : Flag.withAlias(setting.alias)
  )
  return Flag.atLeast(flag, 0)
}

const outputOf = (formats: ReadonlyArray<string>): TextFlag =>
  flagOf(settings.output, `. FORMAT is ${formats.join(", ")}`)

const report = outputOf(Format.names)
const comparison = outputOf(DiffFormat.names)
const smallFormats: ReadonlyArray<string> = ["text", "json"]
const small = outputOf(smallFormats)

/**
 * The formats that `--output` of a command takes.
 *
 * @category destructors
 * @since 0.1.0
 */
export const formatsOf = (command: string): ReadonlyArray<string> => {
  if (["run", "wait", "resume", "report"].includes(command)) return Format.names
  return command === "diff" ? DiffFormat.names : smallFormats
}

const flags = { ...Record.map(settings, (setting) => flagOf(setting)), output: report }

/**
 * What every command understands.
 *
 * @category constructors
 * @since 0.1.0
 */
export const common = Struct.pick(flags, ["quiet", "noColor", "logLevel"])

/**
 * The settings of a gate over one report alone.
 *
 * @category constructors
 * @since 0.2.0
 */
export const gateRules = [
  "failOn",
  "failOnNew",
  "minScore",
  "minGrade",
  "maxViolations",
  "allowPartial",
  "allowIncomplete",
  "exitZero"
] as const

const rules = Struct.pick(flags, gateRules)

/**
 * What a gate asks.
 *
 * @category constructors
 * @since 0.1.0
 */
export const gate = { ...rules, baseline: flags.baseline }

// Where targets come from beside the words of the command line.
const targets = Struct.pick(flags, ["targets", "targetsAs", "only", "var"])

// Where purchases are recorded, and where keys come from.
const stores = Struct.pick(flags, ["journal", "trustJournal", "keyFile"])

// The flags of commands that resume scans.
const waiting = {
  output: report,
  csvBom: flags.csvBom,
  raw: flags.raw,
  ...gate,
  ...Struct.pick(flags, ["deadline", "timeout", "interval", "concurrency"]),
  vendor: flags.vendor,
  ...stores,
  notify: flags.notify,
  progress: flags.progress,
  ...common
}

/**
 * The flags of each command that has settings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = {
  run: { ...waiting, ...targets, ...Struct.pick(flags, ["lane", "grace", "reuse", "maxPurchases", "untrustedPlan"]) },
  submit: {
    output: small,
    ...targets,
    ...Struct.pick(flags, ["timeout", "concurrency", "lane", "grace", "reuse"]),
    ...Struct.pick(flags, ["maxPurchases", "untrustedPlan", "vendor"]),
    ...stores,
    notify: flags.notify,
    progress: flags.progress,
    ...common
  },
  wait: waiting,
  resume: { ...waiting, var: flags.var },
  status: { output: small, vendor: flags.vendor, ...stores, ...common },
  cancel: { vendor: flags.vendor, ...stores, ...common },
  reconcile: { vendor: flags.vendor, ...stores, notify: flags.notify, ...common },
  history: { output: small, vendor: flags.vendor, ...Struct.omit(stores, ["keyFile"]), ...common },
  baseline: { ...Struct.omit(stores, ["keyFile"]), ...common },
  purge: { ...Struct.omit(stores, ["keyFile"]), ...common },
  report: { output: report, csvBom: flags.csvBom, raw: flags.raw, ...gate, vendor: flags.vendor, ...stores, ...common },
  diff: { output: comparison, ...rules, ...common },
  show: { output: small, vendor: flags.vendor, ...common },
  doctor: { output: small, var: flags.var, vendor: flags.vendor, ...stores, ...common },
  worker: { ...Struct.pick(flags, ["interval", "vendor", "journal", "keyFile", "notify"]), ...common },
  clusterStatus: { output: small, journal: flags.journal, ...common },
  journalCheck: { output: small, ...Struct.omit(stores, ["keyFile"]), ...common },
  journalCare: { ...Struct.omit(stores, ["keyFile"]), ...common },
  serve: { vendor: flags.vendor, ...stores, notify: flags.notify, ...common },
  config: flags,
  schemaPlan: { vendor: flags.vendor },
  simulate: { vendor: flags.vendor },
  demo: { vendor: flags.vendor, progress: flags.progress, ...common }
}
