/**
 * Says what is wrong with a command line that is no invocation: the word, the command it was given to, and the nearest
 * word that would do.
 *
 * @since 0.1.0
 */
import type * as CliError from "effect/cli/CliError"
import type * as HelpDoc from "effect/cli/HelpDoc"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Format from "@scanpoll/report/Format"
import { quote } from "../config/InputFault.ts"
import { nearest } from "../config/Nearest.ts"

// What other programs understand in the place of a command, and how it is said here.
const elsewhere: ReadonlyMap<string, string> = new Map([
  ["help", "scanpoll --help"],
  ["version", "scanpoll --version"],
  ["completion", "scanpoll --completions bash"],
  ["completions", "scanpoll --completions bash"]
])

// A target or a plan where a command should stand: the command was forgotten.
const isScannable = (word: string): boolean => /^[a-z][a-z0-9-]*:./i.test(word) || /\.(ya?ml|json)$/i.test(word)

const commandWords = (word: string, path: ReadonlyArray<string>, doc: HelpDoc.HelpDoc): string => {
  const isRoot = path.length === 1
  const known = (doc.subcommands ?? []).flatMap((group) => group.commands.map((command) => command.name))
  const other = isRoot ? elsewhere.get(word) : undefined
  if (other !== undefined) return `there is no command ${quote(word)}; it is \`${other}\``
  if (isRoot && isScannable(word)) {
    return `there is no command ${quote(word)}; did you mean \`scanpoll run ${ShellWord.quote(word)}\`?`
  }
  const near = nearest(word, known)
  const hint = near === null ? `; known are ${known.join(", ")}` : `; did you mean \`${[...path, near].join(" ")}\`?`
  return `there is no command ${quote(word)}${isRoot ? "" : ` of ${path.slice(1).join(" ")}`}${hint}`
}

// What other programs call a flag, and what it is here: the flag, and how it is typed.
type Foreign = readonly [names: ReadonlyArray<string>, flag: string, typed: string]

const foreignFlags: ReadonlyArray<Foreign> = [
  [["format", "output-format", "out-format", "report", "reporter", "reporters"], "output", "-o FORMAT[=FILE]"],
  [["out", "outfile", "out-file", "output-file"], "output", "-o FORMAT=FILE"],
  ...Format.names.map((name): Foreign => [[name], "output", `-o ${name}`]),
  [["severity", "severity-threshold", "threshold", "fail-severity"], "fail-on", "--fail-on SEVERITY"],
  [["verbose", "debug"], "log-level", "--log-level debug"],
  [["silent"], "quiet", "--quiet"],
  [["max-wait", "wait-timeout"], "timeout", "--timeout DURATION"]
]

const flagWords = (flag: string, path: ReadonlyArray<string>, doc: HelpDoc.HelpDoc): string => {
  const name = flag.replace(/^-+/, "")
  const known = [...doc.flags, ...(doc.globalFlags ?? [])].map((one) => one.name)
  const command = path.length === 1 ? path.join(" ") : path.slice(1).join(" ")
  const foreign = foreignFlags.find(([names, own]) => names.includes(name.toLowerCase()) && known.includes(own))
  const near = name.length < 2 ? null : nearest(name, known)
  const meant = foreign === undefined ? (near === null ? null : `--${near}`) : `\`${foreign[2]}\``
  return `${command} has no flag ${flag}${meant === null ? "" : `; did you mean ${meant}?`}`
}

// The library lists the accepted literals as a program would write them.
const accepted = (expected: string): string => {
  const plain = expected.replace(/^Expected:? /, "")
  const choices = [...plain.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "")
  if (choices.length === 0) return plain
  return choices.includes("true") ? "true or false" : `one of ${choices.join(", ")}`
}

/**
 * One fault of a command line in words, without the program's name before it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const words = (error: CliError.NonShowHelpErrors, path: ReadonlyArray<string>, doc: HelpDoc.HelpDoc): string => {
  const command = path.slice(1).join(" ")
  switch (error._tag) {
    case "UnknownSubcommand":
      return commandWords(error.subcommand, path, doc)
    case "UnrecognizedOption":
      return flagWords(error.option, path, doc)
    case "MissingArgument":
      return `${command} needs ${error.argument.toUpperCase()}`
    case "MissingOption":
      return `${command} needs --${error.option}`
    case "UnexpectedArgument":
      return `${command === "" ? "scanpoll" : command} takes no such argument: ${error.arguments.map((word) => quote(word)).join(", ")}`
    case "InvalidValue": {
      const place = error.kind === "argument" ? error.option.toUpperCase() : `--${error.option}`
      if (error.value === "") return `${place} needs a value`
      return `${place} must be ${accepted(error.expected)}, not ${quote(error.value)}`
    }
    case "DuplicateOption":
    case "ValidationError":
    case "UserError":
      return error.message
  }
}
