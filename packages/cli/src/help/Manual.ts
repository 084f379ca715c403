/**
 * The help of a command as a page of a manual: usage, what it does, flags by group with their defaults and variables,
 * examples, exit codes, variables, and what to read next.
 *
 * A page is drawn from the same descriptions that read the command line, so it shows no flag that is not there and hides none.
 *
 * @since 0.1.0
 */
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { styleText } from "node:util"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { byFlag, ownFlags, settings, variable } from "../config/Setting.ts"
import type { Group } from "../config/SettingKind.ts"
import * as Settings from "../config/Settings.ts"
import { type Facts, type Page, meanings, pages, variables } from "./Pages.ts"
import { beside, wrap } from "./Wrap.ts"

const headings: ReadonlyArray<readonly [group: Group, heading: string]> = [
  ["output", "REPORT"],
  ["gate", "GATE"],
  ["targets", "TARGETS"],
  ["time", "TIME AND COST"],
  ["vendors", "VENDORS"],
  ["journal", "JOURNAL AND KEYS"],
  ["screen", "SCREEN"]
]

const either = (words: ReadonlyArray<string>): string => `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`

const severities = (settings.failOn.choices ?? []).filter((word) => word !== "off")

// Words that stand for a value in the flags and arguments of a page.
const values: ReadonlyArray<readonly [word: RegExp, name: string, words: string]> = [
  [
    /\bDURATION\b/,
    "DURATION",
    `A number and its unit, or several: 500ms, 30s, 5m, 1h30m, 2d; at most ${Durations.format(Duration.millis(Durations.longest))}, an age at most ${Durations.format(Duration.millis(Durations.oldest))}.`
  ],
  [/\bSEVERITY\b/, "SEVERITY", `${either(severities)}; off takes a threshold of the plan back.`],
  [/\bLEVEL\b/, "LEVEL", `${either(settings.logLevel.choices ?? [])}.`],
  [
    /\btarget\b/,
    "TARGET",
    'VENDOR:WHAT, such as appvet:URL, urlscan:URL or "exona:NAME=WEBSITE"; `scanpoll vendors` has the form of each.'
  ],
  [/\bkey\.\.\./, "KEY", "vendor:scanId as `scanpoll submit` prints it, vendor@account:scanId, or a claim (clm_...)."]
]

const noPage: Page = { details: [], exits: [], environment: [], seeAlso: [] }

const defaults = Settings.resolve({ flags: {}, environment: {}, plan: {} }).settings

const notesOf = (flag: string): ReadonlyArray<string> => {
  const name = byFlag.get(flag)
  if (name === undefined) return ownFlags.some((own) => own === flag) ? [variable({ flag })] : []
  const { kind, plan } = settings[name]
  const { shown } = defaults[name]
  const isNothing = kind === "switch" || shown === "not set" || shown === "off"
  return [
    ...(isNothing ? [] : [`default ${shown}`]),
    variable({ flag }),
    ...(plan === null ? [] : [`in a plan ${plan.join(".")}`])
  ]
}

const groupOf = (flag: string): Group | null => {
  const name = byFlag.get(flag)
  return name === undefined ? null : settings[name].group
}

// `-o, --output FORMAT`: long names stand below one another whether or not there is a short one.
const labelOf = (flag: HelpDoc.FlagDoc): string => {
  const short = flag.aliases.filter((alias) => alias.length === 2)
  const long = [`--${flag.name}`, ...flag.aliases.filter((alias) => alias.length > 2)]
  const value = flag.type === "boolean" ? "" : ` ${flag.type}`
  return `  ${short.length === 0 ? "    " : `${short.join(", ")}, `}${long.join(", ")}${value}`
}

const flagColumn = 32

const usageOf = (doc: HelpDoc.HelpDoc, path: ReadonlyArray<string>): string => {
  const words = (doc.args ?? []).map((arg) => {
    const word = `${arg.name.toUpperCase()}${arg.variadic ? "..." : ""}`
    return arg.required ? word : `[${word}]`
  })
  return [...path, ...((doc.subcommands ?? []).length > 0 ? ["<command>"] : []), "[flags]", ...words].join(" ")
}

const firstSentence = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "")

/**
 * A page as text, ended by a line break. `width` is that of the terminal in cells; lines are at least 60 and at most 100
 * cells wide. `vendors`: those whose variables are named.
 *
 * @category destructors
 * @since 0.1.0
 */
export const render = (
  doc: HelpDoc.HelpDoc,
  look: { readonly width: number; readonly color: boolean },
  vendors: ReadonlyArray<Facts>
): string => {
  const width = Math.min(100, Math.max(60, look.width - 1))
  const paint = (style: "bold" | "dim" | "cyan", text: string): string =>
    look.color ? styleText(style, text, { validateStream: false }) : text
  const path = doc.commandPath ?? []
  const words = path.slice(1).join(" ")
  // A lone `init` means `scanpoll config init`.
  const page = pages.get(words) ?? pages.get(`config ${words}`) ?? noPage
  const groups = doc.subcommands ?? []
  const lines: Array<string> = []
  const section = (heading: string, body: ReadonlyArray<string>): void => {
    if (body.length > 0) lines.push("", paint("bold", heading), ...body)
  }
  const table = (rows: ReadonlyArray<readonly [label: string, text: string]>, column: number): ReadonlyArray<string> =>
    rows.flatMap(([label, text]) => beside(`  ${label}`, text, { column, width }))

  lines.push(...wrap(`${path.join(" ")} - ${firstSentence(doc.description)}`, width))
  section("USAGE", [`  ${paint("cyan", usageOf(doc, path))}`])
  section(
    "DESCRIPTION",
    page.details.flatMap((text, index) => [
      ...(index === 0 ? [] : [""]),
      ...wrap(text, width - 2).map((line) => `  ${line}`)
    ])
  )
  for (const { commands, group } of groups) {
    section(
      (group ?? "commands").toUpperCase(),
      table(
        commands.map((command) => [command.name, command.shortDescription ?? command.description]),
        14
      )
    )
  }
  section(
    "ARGUMENTS",
    table(
      (doc.args ?? []).map((arg) => [
        `${arg.name.toUpperCase()}${arg.variadic ? "..." : ""}`,
        Option.getOrElse(arg.description, () => "")
      ]),
      20
    )
  )
  const flagLines = (flags: ReadonlyArray<HelpDoc.FlagDoc>): ReadonlyArray<string> =>
    flags.flatMap((flag) => {
      const words = Option.getOrElse(flag.description, () => "")
      const notes = notesOf(flag.name).join(", ")
      return [
        ...beside(labelOf(flag), words, { column: flagColumn, width }),
        ...wrap(notes, width - flagColumn).map((line) => " ".repeat(flagColumn) + paint("dim", line))
      ]
    })
  section("FLAGS", flagLines(doc.flags.filter((flag) => groupOf(flag.name) === null)))
  for (const [group, heading] of headings) {
    section(heading, flagLines(doc.flags.filter((flag) => groupOf(flag.name) === group)))
  }
  // The scripts for shells are of the whole program.
  section(
    "GLOBAL FLAGS",
    flagLines((doc.globalFlags ?? []).filter((flag) => path.length === 1 || flag.name !== "completions"))
  )
  const used = [...doc.flags.map(labelOf), ...(doc.args ?? []).map((arg) => `${arg.name}${arg.variadic ? "..." : ""}`)]
  section(
    "VALUES",
    table(
      values.flatMap(([word, name, words]) => (used.some((label) => word.test(label)) ? [[name, words] as const] : [])),
      14
    )
  )
  section(
    "EXAMPLES",
    (doc.examples ?? []).flatMap(({ command, description }, index) => [
      ...(description !== undefined && index > 0 ? [""] : []),
      ...(description === undefined ? [] : [`  ${paint("dim", `# ${description}`)}`]),
      `  ${paint("cyan", command)}`
    ])
  )
  section(
    "EXIT CODES",
    table(
      page.exits.map(([code, meaning]) => [String(code).padStart(3), meaning ?? meanings[code]]),
      8
    )
  )
  section(
    "ENVIRONMENT",
    table(
      page.environment.flatMap((kind) => variables(vendors)[kind]),
      34
    )
  )
  const related = page.seeAlso.map((command) => `scanpoll ${command}`)
  section(
    "SEE ALSO",
    groups.length > 0
      ? [`  ${path.join(" ")} <command> --help`, ...related.map((command) => `  ${command}`)]
      : wrap(related.join(", "), width - 2).map((line) => `  ${line}`)
  )
  return `${lines.join("\n")}\n`
}
