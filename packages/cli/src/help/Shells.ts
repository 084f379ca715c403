/**
 * What a shell completes: commands, flags, the values of flags that have a list of them, and files where a file is meant.
 *
 * The scripts are static: completing asks no vendor, reads no plan and starts no process.
 *
 * @since 0.1.0
 */
import type * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as Flags from "../config/Flags.ts"
import { byFlag, settings } from "../config/Setting.ts"

const files: ReadonlyArray<string> = ["baseline", "key-file", "plan", "from", "journal", "vendor", "check"]
const folders: ReadonlyArray<string> = ["dir"]
const fileArguments: ReadonlyArray<string> = ["plan", "plan|target", "file", "base", "head"]

const valueOf = (flag: Completions.FlagDescriptor, command: string): Completions.FlagType => {
  if (flag.type._tag !== "String") return flag.type
  if (flag.name === "output") return { _tag: "Choice", values: Flags.formatsOf(command) }
  if (files.includes(flag.name)) return { _tag: "Path", pathType: "file" }
  if (folders.includes(flag.name)) return { _tag: "Path", pathType: "directory" }
  const name = byFlag.get(flag.name)
  const choices = name === undefined ? null : settings[name].choices
  return choices === null ? flag.type : { _tag: "Choice", values: choices }
}

const global = (name: string, alias: string, description: string): Completions.FlagDescriptor => ({
  name,
  aliases: [alias],
  description,
  type: { _tag: "Boolean" },
  negation: false
})

// A shell lists a flag in one line: its first clause.
const brief = (description: string | undefined): string | undefined => description?.split(/[;:.] /, 1)[0]

const filled = (command: Completions.CommandDescriptor, isRoot: boolean): Completions.CommandDescriptor => ({
  ...command,
  flags: [
    ...command.flags.map((flag) => ({
      ...flag,
      description: brief(flag.description),
      type: valueOf(flag, command.name)
    })),
    global("help", "h", "Show this help"),
    ...(isRoot
      ? [
          global("version", "v", "Show the version"),
          {
            name: "completions",
            aliases: [],
            description: "Print a completion script for a shell",
            type: { _tag: "Choice" as const, values: ["bash", "zsh", "fish", "powershell"] }
          }
        ]
      : [])
  ],
  arguments: command.arguments.map((argument) =>
    fileArguments.includes(argument.name) ? { ...argument, type: { _tag: "Path", pathType: "file" } } : argument
  ),
  subcommands: command.subcommands.map((subcommand) => filled(subcommand, false))
})

/**
 * The script that teaches a shell to complete a command.
 *
 * @category constructors
 * @since 0.1.0
 */
export const script = (command: Command.Command.Any, shell: Completions.Shell): string =>
  `${Completions.generate(command.name, shell, filled(Completions.fromCommand(command), true))}\n`
