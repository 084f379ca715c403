/**
 * Writes what a small command has to say, in one of its own formats, to standard output or whole files.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as SafeText from "@scanpoll/report/SafeText"
import type { Settings } from "../config/Settings.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Secrets from "./Secrets.ts"
import { inert, say, Streams } from "./Streams.ts"
import * as WholeFile from "./WholeFile.ts"

/**
 * The formats of what a small command has to say.
 *
 * @category constructors
 * @since 0.2.0
 */
export const small: ReadonlyArray<string> = ["text", "json"]

/**
 * The settings with the outputs a command can give: a plan and a variable may be meant for reports, so where theirs are of another
 * kind the command's own default takes their place.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wishes = (settings: Settings, formats: ReadonlyArray<string>): Settings => {
  const { output } = settings
  const fits = output.value.every((wish) => formats.includes(wish.format))
  return fits || output.source === "flag"
    ? settings
    : {
        ...settings,
        output: {
          value: [{ format: "text", file: null }],
          texts: [],
          shown: "text",
          source: "default",
          where: "default"
        }
      }
}

// Every text of the document, before it is written: a mark must not fall into an escape of JSON.
const scrubbed = (value: unknown, scrub: (text: string) => string): unknown => {
  if (typeof value === "string") return scrub(value)
  if (Array.isArray(value)) return value.map((one: unknown) => scrubbed(one, scrub))
  if (typeof value !== "object" || value === null || "toJSON" in value) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [scrub(name), scrubbed(one, scrub)]))
}

const lines = (pieces: Iterable<string>, scrub: (text: string) => string): SafeText.SafeText =>
  SafeText.seal("text", scrub([...pieces].join("")))

/**
 * Writes every wished output: `text` as lines, `json` as one document, both without keys and commands to build runners.
 * The result is true when one could not be written, which has been said.
 *
 * @category constructors
 * @since 0.1.0
 */
export const write = Effect.fnUntraced(function* (
  settings: Settings,
  formats: { readonly text: () => Iterable<string>; readonly json: () => unknown }
): Effect.fn.Return<boolean, never, FileSystem.FileSystem | Path.Path | Streams> {
  const streams = yield* Streams
  const scrub = Secrets.scrubberOf((yield* ProcessContext).environment)
  let failed = false
  for (const { file, format } of settings.output.value) {
    const sealed = format === "json" ? SafeText.document(scrubbed(formats.json(), scrub)) : lines(formats.text(), scrub)
    const result = yield* Effect.result(file === null ? streams.out(sealed) : WholeFile.write(file, [sealed]))
    if (Result.isFailure(result)) {
      failed = true
      yield* say(`error: ${file === null ? "standard output failed: " : ""}${inert(result.failure)}`)
    } else if (file !== null && !settings.quiet.value) {
      yield* say(`${format} written to ${inert(file)}`)
    }
  }
  return failed
})
