/**
 * The outputs of a command: each format is one it writes, each file can be written, and none overwrites what is read.
 *
 * @since 0.2.0
 */
import * as Format from "@scanpoll/report/Format"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { quote } from "../config/InputFault.ts"
import { didYouMean } from "../config/Nearest.ts"
import type { Settings } from "../config/Settings.ts"
import * as WholeFile from "../output/WholeFile.ts"
import * as Journal from "../storage/Journal.ts"
import * as Checked from "./Checked.ts"

/**
 * A file that a command reads, and what it is; null where the command reads none.
 *
 * @category models
 * @since 0.1.1
 */
export interface Input {
  readonly file: string | null
  readonly what: string
}

/**
 * What a file is that must not be overwritten, or null: one of `inputs`, the key file, or a file of the journal in force,
 * whatever name it is given by.
 *
 * @category guards
 * @since 0.1.1
 */
export const guard = Effect.fnUntraced(function* (
  settings: Pick<Settings, "journal" | "keyFile">,
  inputs: ReadonlyArray<Input>
): Effect.fn.Return<
  (file: string) => Effect.Effect<string | null, never, FileSystem.FileSystem | Path.Path>,
  never,
  FileSystem.FileSystem | Path.Path
> {
  const read = new Map<string, string>()
  const journal = yield* Journal.inForce(settings.journal.value)
  const journalFiles = journal._tag === "File" ? yield* WholeFile.journalFiles(journal.path) : []
  const all: ReadonlyArray<Input> = [
    ...journalFiles.map((file) => ({ file, what: "the journal" })),
    { file: settings.keyFile.value, what: "the key file" },
    ...inputs
  ]
  for (const { file, what } of all) {
    if (file !== null) for (const mark of yield* WholeFile.marks(file)) read.set(mark, what)
  }
  return (file) =>
    Effect.map(WholeFile.marks(file), (marks) => {
      for (const mark of marks) {
        const what = read.get(mark)
        if (what !== undefined) return what
      }
      return null
    })
})

// Why a command does not write a format, or null.
const formatFault = (format: string, command: string, formats: ReadonlyArray<string>): string | null => {
  if (formats.includes(format)) return null
  const known = formats.join(", ")
  return Format.names.includes(format)
    ? `\`${command}\` writes ${formats.slice(0, -1).join(", ")} or ${formats.at(-1) ?? ""}, not ${format}`
    : `unknown format ${quote(format)}${didYouMean(format, formats) || `; there are ${known}`}`
}

/**
 * Checks that every output can be written, that two do not meet, and that none overwrites what is read: the journal, the
 * key file, and `inputs`, the other files the command reads.
 *
 * @category guards
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function* (
  settings: Settings,
  command: { readonly name: string; readonly formats: ReadonlyArray<string> },
  inputs: ReadonlyArray<Input>
): Effect.fn.Return<Checked.Checked<null>, never, FileSystem.FileSystem | Path.Path> {
  const { value, where } = settings.output
  const refused: Array<string> = []
  const toStdout = value.filter((wish) => wish.file === null)
  if (toStdout.length > 1) {
    refused.push(
      `only one format may go to stdout, not ${toStdout.map((wish) => wish.format).join(" and ")}; give the others a file, as in json=scans.json`
    )
  }
  const inputOf = yield* guard(settings, inputs)
  const taken = new Set<string>()
  for (const { file, format } of value) {
    const wrong = formatFault(format, command.name, command.formats)
    if (wrong !== null) refused.push(wrong)
    if (file === null) continue
    const why = yield* WholeFile.obstacle(file)
    if (why !== null) refused.push(`${quote(file)} ${why}`)
    const identity = yield* WholeFile.identity(file)
    const input = yield* inputOf(file)
    if (input !== null) refused.push(`${quote(file)} is ${input}: it would be overwritten`)
    if (taken.has(identity)) refused.push(`${quote(file)} is named twice; two outputs cannot share a file`)
    taken.add(identity)
  }
  return Checked.make(null, { faults: refused.map((message) => ({ where, message })) })
})
