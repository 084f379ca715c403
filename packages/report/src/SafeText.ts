/**
 * Finished output: the only text that a stream or a file of the command takes.
 *
 * Every text of a vendor, a target or a plan passes one gate on its way out, in three steps: it is normalised, keys are taken
 * out in every disguise that SECURITY.md promises (`HostileText.of`), and it is made harmless for its place
 * (`HostileText.toLine` and its like). What is written at last passes here once more, no matter who made it: a key that stands in it as
 * it is, a control character and a command to a build runner do not pass, so that a place that forgot the gate is no leak.
 *
 * @since 0.2.0
 */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as HostileText from "./HostileText.ts"
import { guardJson } from "./internal/json.ts"

// The mark of a key where angle brackets are markup.
const plainMark = "[redacted]"

declare const Brand: unique symbol

/**
 * A text that has passed the gate. It is a string; a string is none.
 *
 * @category models
 * @since 0.2.0
 */
export type SafeText = string & { readonly [Brand]: "~@scanpoll/report/SafeText" }

/**
 * How a piece of output is read.
 *
 * - `text`: a terminal or a log; colours pass, no other sequence does. `markdown`, `table`: lines of a file.
 * - `commands`: lines for a build runner, whose commands they are. `markup`: HTML and XML. `json`: JSON, whole or in lines.
 *
 * @category models
 * @since 0.2.0
 */
export type Syntax = "text" | "markdown" | "table" | "commands" | "markup" | "json"

// Control characters without tab and line ends, and what turns the direction of a line.
// oxlint-disable-next-line no-control-regex -- they are what must not pass.
const active = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
// oxlint-disable-next-line no-control-regex -- the colours that we write.
const colour = /\u001b\[\d{1,2}(?:;\d{1,2}){0,2}m/
const activeOrColour = new RegExp(`(${colour.source})|${active.source}`, "g")

const withoutActive = (text: string, colours: boolean): string =>
  active.test(text)
    ? text.replace(activeOrColour, (_, colour?: string) => (colours && colour !== undefined ? colour : ""))
    : text

const isSafe = (text: string): text is SafeText => typeof text === "string"

const branded = (text: string): SafeText => {
  // The guard holds for every string; asking it is how the type changes without a cast.
  if (isSafe(text)) return text
  return branded("")
}

/**
 * A piece of output in its last form.
 *
 * @category constructors
 * @since 0.2.0
 */
export const seal = (syntax: Syntax, piece: string): SafeText => {
  const text = Scrubber.ofProcess.literal(piece)
  switch (syntax) {
    case "json":
      return branded(guardJson(text))
    case "text":
      return branded(HostileText.guardLines(withoutActive(text, true)))
    case "markdown":
      return branded(HostileText.guardLines(withoutActive(text, false)))
    case "table":
    case "markup":
    case "commands":
      return branded(withoutActive(text, false))
  }
}

/**
 * Pieces of output in their last form, each as it is asked for.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* sealAll(syntax: Syntax, pieces: Iterable<string>): Generator<SafeText, void, undefined> {
  for (const piece of pieces) yield seal(syntax, piece)
}

/**
 * Lines for a person, without keys in any disguise that is looked for.
 *
 * @category constructors
 * @since 0.2.0
 */
export const lines = (...all: ReadonlyArray<string>): SafeText =>
  seal("text", Scrubber.ofProcess.data(all.map((line) => `${line}\n`).join("")))

/**
 * A whole page for a browser, without keys in any disguise that is looked for: also those in the addresses of its links.
 *
 * @category constructors
 * @since 0.2.0
 */
export const page = (markup: string): SafeText => {
  const scrubbed = Scrubber.ofProcess.data(markup)
  return seal("markup", scrubbed === markup ? markup : scrubbed.replaceAll(Scrubber.mark, plainMark))
}

/**
 * A whole JSON document that ends with a line break. Default of `space`: 2.
 *
 * @category constructors
 * @since 0.2.0
 */
export const document = (value: unknown, space = 2): SafeText => seal("json", `${HostileText.toJson(value, space)}\n`)

/**
 * Lines that were asked for with the keys in them: those of simulated vendors, which open nothing, and a token
 * that was made now and is shown once.
 *
 * @category constructors
 * @since 0.2.0
 */
export const linesWithKeys = (...all: ReadonlyArray<string>): SafeText =>
  branded(HostileText.guardLines(withoutActive(all.map((line) => `${line}\n`).join(""), false)))

/**
 * Pieces that were sealed, as one.
 *
 * @category combinators
 * @since 0.2.0
 */
export const join = (pieces: Iterable<SafeText>): SafeText => branded([...pieces].join(""))
