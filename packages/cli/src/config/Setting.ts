/**
 * Every setting of the command, once: its flag, its variable, its place in a plan, its range, its default and its words.
 *
 * Flags, variables, plans, their schema, help, completion, the tables of the reference and the inputs of the action are
 * made from this table or compared with it: a setting is one entry here.
 *
 * @since 0.1.0
 */
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import type * as Gate from "@scanpoll/report/Gate"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { quote } from "./InputFault.ts"
import * as Login from "./Login.ts"
import * as SettingKind from "./SettingKind.ts"
import * as Variables from "./Variables.ts"

/**
 * The variable of a flag.
 *
 * @category destructors
 * @since 0.1.0
 */
export const variable = (setting: { readonly flag: string }): string =>
  `SCANPOLL_${setting.flag.toUpperCase().replaceAll("-", "_")}`

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
  } satisfies SettingKind.Setting<ReadonlyArray<OutputWish>>,
  csvBom: SettingKind.toggle({
    flag: "csv-bom",
    group: "output",
    words: "Begin csv with a byte order mark, so that Excel reads it as UTF-8"
  }),
  raw: SettingKind.word({
    flag: "raw",
    group: "output",
    plan: ["defaults", "raw"],
    choices: ["none", "redacted", "full"],
    fallback: "none",
    words: "Keep the vendors' own results in the report: none of them, without known secrets, or as they came"
  }),
  failOn: SettingKind.threshold({
    flag: "fail-on",
    group: "gate",
    plan: ["gate", "failOn"],
    words: "Fail the gate (exit 1) at this severity or worse"
  }),
  failOnNew: SettingKind.threshold({
    flag: "fail-on-new",
    group: "gate",
    plan: ["gate", "failOnNew"],
    words: "Fail the gate at what is new since the last comparable scan or the baseline, at this severity or worse"
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
    words: "Fail the gate below this score of 0 to 100, of one vendor or of all; repeatable",
    parse: (texts) => collect(texts, parseScore, "must be a number from 0 to 100, or VENDOR=NUMBER"),
    fallback: [],
    show: (value: ReadonlyArray<Gate.MinScore>) =>
      value.length === 0
        ? "not set"
        : value.map(({ score, vendor }) => (vendor === null ? String(score) : `${vendor}=${score}`)).join(", ")
  } satisfies SettingKind.Setting<ReadonlyArray<Gate.MinScore>>,
  minGrade: SettingKind.one<string | null>({
    flag: "min-grade",
    group: "gate",
    plan: ["gate", "minGrade"],
    kind: "text",
    metavar: "GRADE",
    words: "Fail the gate below this grade, A+ to F",
    fallback: null,
    parse: (given) =>
      /^[A-Fa-f][+-]?$/.test(given)
        ? Result.succeed(given.toUpperCase())
        : Result.fail("must be a grade from A+ to F-, such as B or B+"),
    show: (value) => value ?? "not set"
  }),
  maxViolations: SettingKind.number({
    flag: "max-violations",
    group: "gate",
    plan: ["gate", "maxViolations"],
    low: 0,
    high: 1_000_000_000,
    unset: "not set",
    words: "Fail the gate above this many violations in a scan"
  }),
  allowPartial: SettingKind.toggle({
    flag: "allow-partial",
    group: "gate",
    plan: ["gate", "allowPartial"],
    words: "A partial scan counts as a verdict"
  }),
  allowIncomplete: SettingKind.toggle({
    flag: "allow-incomplete",
    group: "gate",
    plan: ["gate", "allowIncomplete"],
    words: "Scans without a verdict do not fail the run"
  }),
  exitZero: SettingKind.toggle({
    flag: "exit-zero",
    group: "gate",
    plan: ["gate", "exitZero"],
    words: "A failed gate does not fail the run"
  }),
  baseline: SettingKind.text({
    flag: "baseline",
    group: "gate",
    plan: ["gate", "baseline"],
    metavar: "FILE",
    words: "What is new is counted from this baseline"
  }),
  deadline: SettingKind.duration({
    flag: "deadline",
    group: "time",
    plan: ["defaults", "deadline"],
    fallback: null,
    unset: "the vendor's own (2m to 5m)",
    words: "How long to wait for each scan"
  }),
  timeout: SettingKind.duration({
    flag: "timeout",
    group: "time",
    plan: ["defaults", "timeout"],
    fallback: Duration.hours(1),
    words: "How long the whole run may take"
  }),
  interval: SettingKind.duration({
    flag: "interval",
    group: "time",
    plan: ["defaults", "interval"],
    fallback: null,
    unset: "the vendor's own",
    words: "Time between two polls of a scan; raised to the vendor's least"
  }),
  concurrency: SettingKind.number({
    flag: "concurrency",
    group: "time",
    plan: ["defaults", "concurrency"],
    low: 1,
    high: 100_000,
    unset: "as many as the vendors' limits allow",
    words: "How many scans may be under way at once"
  }),
  lane: SettingKind.one<string | null>({
    flag: "lane",
    group: "time",
    plan: ["defaults", "lane"],
    kind: "text",
    metavar: "NAME",
    words: "The queue of each account in which these scans stand, such as a team's name; lanes take turns",
    fallback: null,
    parse: (given) =>
      /^[a-z0-9][a-z0-9._-]{0,63}$/i.test(given)
        ? Result.succeed(given)
        : Result.fail("must be 1 to 64 letters, digits, dots, dashes and underscores, such as team-b"),
    show: (value) => value ?? "the one of all without a name"
  }),
  // GitHub sends SIGTERM 7.5 s after SIGINT and kills 2.5 s later: a submission in flight has most of six seconds, the report
  // the rest.
  grace: SettingKind.duration({
    flag: "grace",
    group: "time",
    fallback: Duration.seconds(4),
    least: 0,
    most: 600_000,
    words: "After Ctrl-C, wait this long for the answer to a submission on its way; the report follows within 2 s"
  }),
  reuse: SettingKind.duration({
    flag: "reuse",
    group: "time",
    plan: ["defaults", "reuse"],
    fallback: Duration.hours(1),
    least: 0,
    most: Durations.oldest,
    words: "Take an equal scan's outcome from the journal if it is not older than this; 0 buys anew"
  }),
  maxPurchases: SettingKind.number({
    flag: "max-purchases",
    group: "time",
    plan: ["defaults", "maxPurchases"],
    low: 0,
    high: 1_000_000,
    unset: "no limit",
    words: "Refuse to run if more scans than this would be bought; joined and reused scans do not count"
  }),
  untrustedPlan: SettingKind.toggle({
    flag: "untrusted-plan",
    group: "time",
    words: "Accept only targets and stricter gates from the plan; needs --max-purchases"
  }),
  targets: {
    flag: "targets",
    group: "targets",
    alias: null,
    kind: "list",
    many: true,
    plan: null,
    metavar: "FILE|-",
    choices: null,
    range: null,
    words:
      "Scan the targets of a list too: a target a line, .csv whose header names a plan's keys, or .ndjson; - is standard input. Repeatable",
    parse: (texts) => collect(texts, (given) => (given.trim() === "" ? null : given.trim()), "must be a file or -"),
    fallback: [],
    show: (value: ReadonlyArray<string>) => (value.length === 0 ? "not set" : value.join(", "))
  } satisfies SettingKind.Setting<ReadonlyArray<string>>,
  targetsAs: SettingKind.one<{ readonly vendor: string; readonly type: string | null } | null>({
    flag: "targets-as",
    group: "targets",
    kind: "text",
    metavar: "VENDOR[:TYPE]",
    words: "Scan the lines of --targets that name no vendor at this one",
    fallback: null,
    parse: (given) => {
      const found = /^([a-z][a-z0-9-]{0,31})(?::(\S{1,64}))?$/.exec(given)
      return found === null
        ? Result.fail("must be VENDOR or VENDOR:TYPE, such as appvet:seo")
        : Result.succeed({ vendor: found[1] ?? "", type: found[2] ?? null })
    },
    show: (value) => (value === null ? "not set" : [value.vendor, value.type ?? []].flat().join(":"))
  }),
  only: {
    flag: "only",
    group: "targets",
    alias: null,
    kind: "list",
    many: true,
    plan: null,
    metavar: "NAME|VENDOR",
    choices: null,
    range: null,
    words: "Scan only the targets of this name, subject, vendor or vendor@account; repeatable",
    parse: (texts) =>
      collect(texts, (given) => (given.trim() === "" ? null : given.trim()), "must be a name or a vendor"),
    fallback: [],
    show: (value: ReadonlyArray<string>) => (value.length === 0 ? "all targets" : value.join(", "))
  } satisfies SettingKind.Setting<ReadonlyArray<string>>,
  var: {
    flag: "var",
    group: "targets",
    alias: null,
    kind: "list",
    many: true,
    plan: null,
    metavar: "NAME=VALUE",
    choices: null,
    range: null,
    words: "Give a variable of the plan its value; repeatable",
    parse: (texts) => {
      const out: Array<Variables.Assignment> = []
      for (const given of texts) {
        const one = Variables.parse(given)
        if (Result.isFailure(one)) return Result.fail(`${one.failure}, not ${quote(given)}`)
        out.push(one.success)
      }
      return Result.succeed(out)
    },
    fallback: [],
    show: (value: ReadonlyArray<Variables.Assignment>) =>
      value.length === 0 ? "not set" : value.map(({ name, value: text }) => `${name}=${text}`).join(", ")
  } satisfies SettingKind.Setting<ReadonlyArray<Variables.Assignment>>,
  vendor: {
    flag: "vendor",
    group: "vendors",
    alias: null,
    kind: "list",
    many: true,
    plan: null,
    metavar: "FILE|PACKAGE",
    choices: null,
    range: null,
    words: "Add a vendor of your own, from a file or an installed package; its code is run. Repeatable",
    parse: (texts) =>
      collect(texts, (given) => (given.trim() === "" ? null : given.trim()), "must be a file or a package"),
    fallback: [],
    show: (value: ReadonlyArray<string>) => (value.length === 0 ? "not set" : value.join(", "))
  } satisfies SettingKind.Setting<ReadonlyArray<string>>,
  journal: SettingKind.one<JournalAddress.JournalAddress | null>({
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
    hide: Login.hideAll
  }),
  trustJournal: SettingKind.toggle({
    flag: "trust-journal",
    group: "journal",
    words: "Open a journal that other users can write, or that lies in a folder they can write"
  }),
  keyFile: SettingKind.text({
    flag: "key-file",
    group: "journal",
    metavar: "FILE",
    words: "A dotenv file with the vendors' keys; read again for each request"
  }),
  notify: SettingKind.text({
    flag: "notify",
    group: "journal",
    metavar: "FILE",
    words: "A file of receivers, readable by its owner alone: webhooks and programs that are told what happens"
  }),
  progress: SettingKind.word({
    flag: "progress",
    group: "screen",
    choices: ["auto", "tty", "plain", "none"],
    fallback: "auto",
    words: "How progress is shown on standard error; auto draws rows on a terminal and lines elsewhere"
  }),
  quiet: SettingKind.toggle({
    flag: "quiet",
    group: "screen",
    words: "No progress and no hints on standard error; warnings and errors stay"
  }),
  noColor: SettingKind.toggle({ flag: "no-color", group: "screen", words: "No colours; NO_COLOR does the same" }),
  logLevel: SettingKind.word({
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
  "continue",
  "check",
  "fresh",
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
  "allow",
  "run",
  "runs",
  "spend",
  "as",
  "limit",
  "older-than",
  "subject",
  "yes",
  "listen",
  "name",
  "slices",
  "lease",
  "sort",
  "state",
  "only",
  "public-url",
  "behind-proxy",
  "demo",
  "tokens",
  "scope",
  "keep",
  "receiver"
] as const

/**
 * The value of a setting.
 *
 * @category models
 * @since 0.1.0
 */
export type ValueOf<K extends SettingName> = (typeof settings)[K] extends SettingKind.Setting<infer A> ? A : never

/**
 * The names of all settings, in the order they are shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const names: ReadonlyArray<SettingName> = Struct.keys(settings)

/**
 * The name of the setting that a flag gives.
 *
 * @category constructors
 * @since 0.2.0
 */
export const byFlag: ReadonlyMap<string, SettingName> = new Map(names.map((name) => [settings[name].flag, name]))
