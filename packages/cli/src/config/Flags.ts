/**
 * The settings as flags of `effect/cli`: texts only, so that values are read and refused in one place, all at once.
 *
 * @since 0.1.0
 */
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import type { Setting } from "./Setting.ts"
import { settings } from "./Setting.ts"

/**
 * A flag that gives the texts it was given, none when it was not.
 *
 * @category models
 * @since 0.1.0
 */
export type TextFlag = Flag.Flag<ReadonlyArray<string>>

const flagOf = <A>(setting: Setting<A>, more = ""): TextFlag => {
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

const flags = {
  output: report,
  raw: flagOf(settings.raw),
  failOn: flagOf(settings.failOn),
  failOnNew: flagOf(settings.failOnNew),
  minScore: flagOf(settings.minScore),
  minGrade: flagOf(settings.minGrade),
  maxViolations: flagOf(settings.maxViolations),
  allowPartial: flagOf(settings.allowPartial),
  allowIncomplete: flagOf(settings.allowIncomplete),
  exitZero: flagOf(settings.exitZero),
  baseline: flagOf(settings.baseline),
  deadline: flagOf(settings.deadline),
  timeout: flagOf(settings.timeout),
  interval: flagOf(settings.interval),
  concurrency: flagOf(settings.concurrency),
  reuse: flagOf(settings.reuse),
  journal: flagOf(settings.journal),
  trustJournal: flagOf(settings.trustJournal),
  keyFile: flagOf(settings.keyFile),
  progress: flagOf(settings.progress),
  quiet: flagOf(settings.quiet),
  noColor: flagOf(settings.noColor),
  logLevel: flagOf(settings.logLevel)
}

const { deadline, interval, journal, keyFile, logLevel, noColor, progress, quiet, raw, reuse, timeout } = flags
const { allowIncomplete, allowPartial, baseline, concurrency, exitZero, trustJournal } = flags
const { failOn, failOnNew, maxViolations, minGrade, minScore } = flags

/**
 * What every command understands.
 *
 * @category constructors
 * @since 0.1.0
 */
export const common = { quiet, noColor, logLevel }

/**
 * What a gate asks.
 *
 * @category constructors
 * @since 0.1.0
 */
export const gate = {
  failOn,
  failOnNew,
  minScore,
  minGrade,
  maxViolations,
  allowPartial,
  allowIncomplete,
  exitZero,
  baseline
}

// What goes on with scans that exist already.
const waiting = {
  output: report,
  raw,
  ...gate,
  deadline,
  timeout,
  interval,
  concurrency,
  journal,
  trustJournal,
  keyFile,
  progress,
  ...common
}

/**
 * The flags of each command that has settings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = {
  run: {
    output: report,
    raw,
    ...gate,
    deadline,
    timeout,
    interval,
    concurrency,
    reuse,
    journal,
    trustJournal,
    keyFile,
    progress,
    ...common
  },
  submit: { output: small, timeout, concurrency, reuse, journal, trustJournal, keyFile, progress, ...common },
  wait: waiting,
  resume: waiting,
  status: { output: small, journal, trustJournal, keyFile, ...common },
  reconcile: { journal, trustJournal, keyFile, ...common },
  history: { output: small, journal, trustJournal, ...common },
  purge: { journal, trustJournal, ...common },
  report: { output: report, ...gate, ...common },
  diff: {
    output: comparison,
    failOn,
    failOnNew,
    minScore,
    minGrade,
    maxViolations,
    allowPartial,
    allowIncomplete,
    exitZero,
    ...common
  },
  show: { output: small, ...common },
  doctor: { output: small, keyFile, ...common },
  worker: { interval, journal, keyFile, ...common },
  clusterStatus: { output: small, journal, ...common },
  config: flags,
  demo: { progress, ...common }
}
