/**
 * Every setting of the command, once: its flag, its variable, its place in a plan, its range and its default.
 *
 * A value is read by the same function wherever it comes from, so a flag, a variable and a plan accept the same words and
 * refuse the same nonsense.
 *
 * @since 0.1.0
 */
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import type * as Gate from "@scanpoll/report/Gate"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Durations from "./Durations.ts"
import { quote } from "./InputFault.ts"
import { didYouMean } from "./Nearest.ts"

/**
 * What a value is in a plan. On the command line and in the environment everything is text.
 *
 * @category models
 * @since 0.1.0
 */
export type PlanKind = "text" | "duration" | "number" | "switch" | "list" | "scores"

/**
 * The heading under which a help page lists a setting.
 *
 * @category models
 * @since 0.1.0
 */
export type Group = "output" | "gate" | "time" | "journal" | "screen"

/**
 * One setting.
 *
 * - `flag`: without the dashes. Its variable is `SCANPOLL_` and the flag in capitals.
 * - `many`: the flag may be repeated; a variable then holds the values separated by commas.
 * - `plan`: the section and key in a plan, or null where a plan has no say.
 * - `choices`: every value there is, or null where there are more than can be listed.
 * - `range`: the least and the greatest of a number.
 * - `hide`: a text that was refused, without what must not be repeated. Default: as it is.
 * - `parse`: reads the texts given, at least one; the failure says what is accepted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Setting<in out A> {
  readonly flag: string
  readonly alias: string | null
  readonly group: Group
  readonly kind: PlanKind
  readonly many: boolean
  readonly plan: readonly [section: "defaults" | "gate", key: string] | null
  readonly metavar: string
  readonly choices: ReadonlyArray<string> | null
  readonly range: readonly [least: number, most: number] | null
  readonly words: string
  readonly parse: (texts: ReadonlyArray<string>) => Result.Result<A, string>
  readonly fallback: A
  readonly show: (value: A) => string
  readonly hide?: (text: string) => string
}

/**
 * The variable of a flag.
 *
 * @category destructors
 * @since 0.1.0
 */
export const variable = (setting: { readonly flag: string }): string =>
  `SCANPOLL_${setting.flag.toUpperCase().replaceAll("-", "_")}`

interface Common {
  readonly flag: string
  readonly group: Group
  readonly alias?: string
  readonly plan?: readonly ["defaults" | "gate", string]
  readonly words: string
}

// Of a flag that is given twice the last word counts, as everywhere.
const lastOf = (texts: ReadonlyArray<string>): string => texts.at(-1) ?? ""

const one = <A>(
  fields: Common & {
    readonly kind: PlanKind
    readonly metavar: string
    readonly choices?: ReadonlyArray<string>
    readonly range?: readonly [least: number, most: number]
    readonly fallback: A
    readonly parse: (text: string) => Result.Result<A, string>
    readonly show: (value: A) => string
    readonly hide?: (text: string) => string
  }
): Setting<A> => ({
  alias: null,
  many: false,
  plan: null,
  choices: null,
  range: null,
  ...fields,
  parse: (texts) => fields.parse(lastOf(texts).trim())
})

const duration = <D extends Duration.Duration | null>(
  fields: Common & { readonly fallback: D; readonly least?: number; readonly unset?: string }
): Setting<Duration.Duration | D> =>
  one<Duration.Duration | D>({
    ...fields,
    kind: "duration",
    metavar: "DURATION",
    parse: (text) => Durations.parse(text, fields.least ?? 1),
    show: (value) => (value === null ? (fields.unset ?? "not set") : Durations.format(value))
  })

const number = (
  fields: Common & { readonly low: number; readonly high: number; readonly unset: string }
): Setting<number | null> =>
  one<number | null>({
    ...fields,
    kind: "number",
    metavar: "N",
    range: [fields.low, fields.high],
    fallback: null,
    parse: (text) => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
      return value >= fields.low && value <= fields.high
        ? Result.succeed(value)
        : Result.fail(`must be a whole number from ${fields.low} to ${fields.high}`)
    },
    show: (value) => (value === null ? fields.unset : String(value))
  })

const word = <W extends string, F extends W | null>(
  fields: Common & {
    readonly choices: ReadonlyArray<W>
    readonly metavar?: string
    readonly fallback: F
    readonly unset?: string
  }
): Setting<W | F> =>
  one<W | F>({
    ...fields,
    kind: "text",
    metavar: fields.metavar ?? fields.choices.join("|"),
    parse: (text) => {
      const found = fields.choices.find((choice) => choice === text.toLowerCase())
      return found === undefined
        ? Result.fail(`must be one of ${fields.choices.join(", ")}${didYouMean(text, fields.choices)}`)
        : Result.succeed(found)
    },
    show: (value) => value ?? fields.unset ?? "not set"
  })

const text = (fields: Common & { readonly metavar: string; readonly unset?: string }): Setting<string | null> =>
  one<string | null>({
    ...fields,
    kind: "text",
    fallback: null,
    parse: (given) => (given === "" ? Result.fail("must not be empty") : Result.succeed(given)),
    show: (value) => value ?? fields.unset ?? "not set"
  })

const yes = ["1", "true", "yes", "on"]
const no = ["0", "false", "no", "off"]

const toggle = (fields: Common): Setting<boolean> =>
  one<boolean>({
    ...fields,
    kind: "switch",
    metavar: "",
    fallback: false,
    parse: (given) => {
      const lower = given.toLowerCase()
      if (yes.includes(lower)) return Result.succeed(true)
      return no.includes(lower) ? Result.succeed(false) : Result.fail("must be true or false")
    },
    show: (value) => String(value)
  })

const threshold = (fields: Common): Setting<Gate.Threshold | null> => {
  const inner = word<Gate.Threshold | "off", "off">({
    ...fields,
    choices: ["info", "low", "medium", "high", "critical", "off"],
    metavar: "SEVERITY",
    fallback: "off"
  })
  return {
    ...inner,
    fallback: null,
    parse: (texts) => Result.map(inner.parse(texts), (value) => (value === "off" ? null : value)),
    show: (value: Gate.Threshold | null) => value ?? "off"
  }
}

/**
 * The formats that a report can be asked in, and when each is there.
 *
 * @category models
 * @since 0.1.0
 */
export interface OutputWish {
  readonly format: string
  /** Null: standard output. */
  readonly file: string | null
}

const parseOutput = (given: string): OutputWish | null => {
  const at = given.indexOf("=")
  const format = (at < 0 ? given : given.slice(0, at)).trim().toLowerCase()
  const file = at < 0 ? null : given.slice(at + 1).trim()
  return format === "" || file === "" ? null : { format, file: file === "-" ? null : file }
}

const parseScore = (given: string): Gate.MinScore | null => {
  const parts = /^(?:([a-z][a-z0-9-]{0,63})=)?(\d{1,3}(?:\.\d{1,6})?)$/i.exec(given.trim())
  const score = Number(parts?.[2] ?? NaN)
  return score >= 0 && score <= 100 ? { vendor: parts?.[1]?.toLowerCase() ?? null, score } : null
}

const collect = <A>(
  texts: ReadonlyArray<string>,
  read: (text: string) => A | null,
  accepted: string
): Result.Result<ReadonlyArray<A>, string> => {
  const out: Array<A> = []
  for (const given of texts) {
    const value = read(given)
    if (value === null) return Result.fail(`${accepted}, not ${quote(given)}`)
    out.push(value)
  }
  return Result.succeed(out)
}

/**
 * Every setting by its name in the program.
 *
 * @category constructors
 * @since 0.1.0
 */
export const settings = {
  output: {
    flag: "output",
    group: "output",
    alias: "o",
    kind: "list",
    many: true,
    plan: ["defaults", "output"],
    metavar: "FORMAT[=FILE]",
    choices: null,
    range: null,
    words: "What to write, and where; repeatable, one may go to standard output",
    parse: (texts) => collect(texts, parseOutput, "must be FORMAT or FORMAT=FILE, such as text or json=scans.json"),
    fallback: [{ format: "text", file: null }],
    show: (value: ReadonlyArray<OutputWish>) =>
      value.map(({ file, format }) => (file === null ? format : `${format}=${file}`)).join(", ")
  } satisfies Setting<ReadonlyArray<OutputWish>>,
  raw: word({
    flag: "raw",
    group: "output",
    plan: ["defaults", "raw"],
    choices: ["none", "redacted", "full"],
    fallback: "none",
    words: "Keep the vendors' own results in the report: none of them, without known secrets, or as they came"
  }),
  failOn: threshold({
    flag: "fail-on",
    group: "gate",
    plan: ["gate", "failOn"],
    words: "Break the gate (exit 1) at this severity or worse"
  }),
  failOnNew: threshold({
    flag: "fail-on-new",
    group: "gate",
    plan: ["gate", "failOnNew"],
    words: "Break the gate at what is new since the last comparable scan or the baseline, at this severity or worse"
  }),
  minScore: {
    flag: "min-score",
    group: "gate",
    alias: null,
    kind: "scores",
    many: true,
    plan: ["gate", "minScore"],
    metavar: "[VENDOR=]N",
    choices: null,
    range: null,
    words: "Break the gate below this score of 0 to 100, of one vendor or of all; repeatable",
    parse: (texts) => collect(texts, parseScore, "must be a number from 0 to 100, or VENDOR=NUMBER"),
    fallback: [],
    show: (value: ReadonlyArray<Gate.MinScore>) =>
      value.length === 0
        ? "not set"
        : value.map(({ score, vendor }) => (vendor === null ? String(score) : `${vendor}=${score}`)).join(", ")
  } satisfies Setting<ReadonlyArray<Gate.MinScore>>,
  minGrade: one<string | null>({
    flag: "min-grade",
    group: "gate",
    plan: ["gate", "minGrade"],
    kind: "text",
    metavar: "GRADE",
    words: "Break the gate below this grade, A+ to F",
    fallback: null,
    parse: (given) =>
      /^[A-Fa-f][+-]?$/.test(given)
        ? Result.succeed(given.toUpperCase())
        : Result.fail("must be a grade from A+ to F-, such as B or B+"),
    show: (value) => value ?? "not set"
  }),
  maxViolations: number({
    flag: "max-violations",
    group: "gate",
    plan: ["gate", "maxViolations"],
    low: 0,
    high: 1_000_000_000,
    unset: "not set",
    words: "Break the gate above this many violations in a scan"
  }),
  allowPartial: toggle({
    flag: "allow-partial",
    group: "gate",
    plan: ["gate", "allowPartial"],
    words: "A partial scan counts as a verdict"
  }),
  allowIncomplete: toggle({
    flag: "allow-incomplete",
    group: "gate",
    plan: ["gate", "allowIncomplete"],
    words: "Scans without a verdict do not fail the run"
  }),
  exitZero: toggle({
    flag: "exit-zero",
    group: "gate",
    plan: ["gate", "exitZero"],
    words: "A broken gate does not fail the run"
  }),
  baseline: text({
    flag: "baseline",
    group: "gate",
    plan: ["gate", "baseline"],
    metavar: "FILE",
    words: "What is new is counted from this baseline"
  }),
  deadline: duration({
    flag: "deadline",
    group: "time",
    plan: ["defaults", "deadline"],
    fallback: null,
    unset: "the vendor's own (2m to 5m)",
    words: "How long to wait for each scan"
  }),
  timeout: duration({
    flag: "timeout",
    group: "time",
    plan: ["defaults", "timeout"],
    fallback: Duration.hours(1),
    words: "How long the whole run may take"
  }),
  interval: duration({
    flag: "interval",
    group: "time",
    plan: ["defaults", "interval"],
    fallback: null,
    unset: "the vendor's own",
    words: "Time between two polls of a scan; raised to the vendor's least"
  }),
  concurrency: number({
    flag: "concurrency",
    group: "time",
    plan: ["defaults", "concurrency"],
    low: 1,
    high: 100_000,
    unset: "as many as the vendors' limits allow",
    words: "How many scans may be under way at once"
  }),
  reuse: duration({
    flag: "reuse",
    group: "time",
    plan: ["defaults", "reuse"],
    fallback: Duration.hours(1),
    least: 0,
    words: "Take an equal scan's outcome from the journal if it is not older; 0 buys anew"
  }),
  journal: one<JournalAddress.JournalAddress | null>({
    flag: "journal",
    group: "journal",
    plan: ["defaults", "journal"],
    kind: "text",
    metavar: "URL",
    words: "Where purchases are recorded: a path, postgres://..., or memory: to forget them at the end",
    fallback: null,
    parse: (given) => JournalAddress.parse(given),
    show: (value) => (value === null ? "a file in your state folder" : JournalAddress.show(value)),
    // A database address may carry a password.
    hide: (given) => given.replace(/\/\/[^/@]*@/, "//…@")
  }),
  keyFile: text({
    flag: "key-file",
    group: "journal",
    metavar: "FILE",
    words: "A dotenv file with the vendors' keys; read again for each request"
  }),
  progress: word({
    flag: "progress",
    group: "screen",
    choices: ["auto", "tty", "plain", "none"],
    fallback: "auto",
    words: "How progress is shown on standard error; auto draws rows on a terminal and lines elsewhere"
  }),
  trustJournal: toggle({
    flag: "trust-journal",
    group: "journal",
    words: "Open a journal that other users can write, or that lies in a folder they can write"
  }),
  quiet: toggle({
    flag: "quiet",
    group: "screen",
    words: "No progress and no hints on standard error; warnings and errors stay"
  }),
  noColor: toggle({ flag: "no-color", group: "screen", words: "No colours" }),
  logLevel: word({
    flag: "log-level",
    group: "screen",
    choices: ["all", "trace", "debug", "info", "warn", "error", "fatal", "none"],
    metavar: "LEVEL",
    fallback: "warn",
    words: "Least level of the log lines on standard error"
  })
} as const

/**
 * @category models
 * @since 0.1.0
 */
export type SettingName = keyof typeof settings

/**
 * The flags that one command has for itself. They are no settings, but have variables like those.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ownFlags = [
  "dry-run",
  "plan",
  "from",
  "reason",
  "until",
  "by",
  "assessments",
  "dir",
  "port",
  "speed",
  "seed",
  "release",
  "as",
  "limit",
  "older-than",
  "listen",
  "name",
  "slices",
  "lease"
] as const

/**
 * The value of a setting.
 *
 * @category models
 * @since 0.1.0
 */
export type ValueOf<K extends SettingName> = (typeof settings)[K] extends Setting<infer A> ? A : never

/**
 * The names of all settings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const names: ReadonlyArray<SettingName> = [
  "output",
  "raw",
  "failOn",
  "failOnNew",
  "minScore",
  "minGrade",
  "maxViolations",
  "allowPartial",
  "allowIncomplete",
  "exitZero",
  "baseline",
  "deadline",
  "timeout",
  "interval",
  "concurrency",
  "reuse",
  "journal",
  "trustJournal",
  "keyFile",
  "progress",
  "quiet",
  "noColor",
  "logLevel"
]
