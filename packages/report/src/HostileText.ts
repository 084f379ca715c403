/**
 * Text that came from a vendor, a target or a file, and the only ways to show it.
 *
 * Every such text of a report has the type `HostileText`, which no function that wants a string accepts. It is unwrapped
 * here and nowhere else, once for each kind of place it may go to; each way makes it harmless there. Keys are taken out
 * where a text is marked, invisible characters and commands to build runners where it is unwrapped. At run time a
 * `HostileText` is a plain string, so a report serialises as it is.
 *
 * @since 0.1.0
 */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Invisible from "@scanpoll/core/unstable/model/Invisible"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { safeJson } from "./internal/json.ts"
import { type Marked, raw } from "./internal/raw.ts"

/**
 * A text nobody here vouches for.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostileText extends Marked {}

/**
 * Whether a value can be taken as hostile text: any string can.
 *
 * @category guards
 * @since 0.1.0
 */
export const isHostileText = (value: unknown): value is HostileText => typeof value === "string"

/**
 * @category schemas
 * @since 0.1.0
 */
export const HostileText = Schema.declare<HostileText>(isHostileText, {
  expected: "a text",
  toCodecJson: () =>
    Schema.link<HostileText>()(
      Schema.String,
      SchemaTransformation.transform({ decode: (text: string) => of(text), encode: raw })
    )
})

const isBranded = (text: string): text is string & HostileText => isHostileText(text)

/**
 * Marks a text as hostile, without the credentials of this process that it may repeat. Marking is always safe.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (text: string): HostileText => {
  const scrubbed = Scrubber.ofProcess.data(text)
  // The guard holds for every string; asking it is how the type changes without a cast.
  if (isBranded(scrubbed)) return scrubbed
  return of("")
}

// What a build runner takes for a command. A word joiner between the signs is not seen and breaks it.
//
// Anywhere in a line: `##[command]` (GitHub, Azure), `##vso[` (Azure), `##teamcity[`, `section_start:` (GitLab),
// `travis_fold:`. At its start: `::command` (GitHub, Gitea), and the headings of Buildkite.
const anywhere = /##(?=\[|[a-z][\w.-]{0,63}\[)|section_(?=(?:start|end):)|travis_(?=(?:fold|time):)/gi
const atStart = /^[^\S\n]*(?::(?=:)|-(?=-- )|\+(?=\+\+ )|~(?=~~ )|\^(?=\^\^ ))/gm
const mayCommand = /##|::|_(?:start|end|fold|time):|--|\+\+|~~|\^\^/i

const joiner = "\u2060"

const breakCommands = (text: string): string =>
  mayCommand.test(text)
    ? text
        .replace(anywhere, (signs) => signs.slice(0, -1) + joiner + signs.slice(-1))
        .replace(atStart, (sign) => sign + joiner)
    : text

const plain = /^[ -~]*$/

// Nearly every text is plain, and a report may have millions.
const scrub = (text: string): string => (plain.test(text) ? text : Invisible.strip(text))

const cut = (text: string, max: number): string => {
  if (text.length <= max) return text
  // Half a surrogate pair would be a broken character.
  const end = /[\ud800-\udbff]/.test(text.charAt(max - 2)) ? max - 2 : max - 1
  return `${text.slice(0, end)}…`
}

/**
 * One line of harmless text: no control or escape characters, no direction overrides, white space collapsed, at most
 * `max` characters (default 2 000, an ellipsis marks the cut). Safe for a terminal, a log and a text node.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toLine = (text: HostileText, max = 2_000): string => {
  const source = raw(text)
  // Far more than can be shown: do not scrub megabytes to keep a line.
  const head = source.length > max * 4 + 1_024 ? source.slice(0, max * 4 + 1_024) : source
  return cut(breakCommands(scrub(head).replace(/\s+/g, " ").trim()), max)
}

/**
 * Harmless text that keeps its line breaks; tabs become spaces. At most `max` characters (default 8 000).
 *
 * @category destructors
 * @since 0.1.0
 */
export const toBlock = (text: HostileText, max = 8_000): string => {
  const source = raw(text)
  const head = source.length > max * 4 + 1_024 ? source.slice(0, max * 4 + 1_024) : source
  const tidy = scrub(head)
    .replace(/\t/g, "  ")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
  return cut(breakCommands(tidy), max)
}

/**
 * An address that may become a link, or null. Only `https`, or plain `http` where that is how the vendor itself was
 * asked (`origin`); no user name, no password, no white space or control characters.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toLink = (text: HostileText, origin: HostileText | null = null): string | null => {
  const source = raw(text)
  if (source.length > 2_048 || /[\s\\]/.test(source) || scrub(source) !== source) {
    return null
  }
  if (!/^https?:\/\/[^/]/i.test(source)) return null
  const url = URL.parse(source)
  if (url === null || url.username !== "" || url.password !== "" || url.hostname === "") return null
  if (url.protocol === "https:") return url.href
  if (url.protocol !== "http:" || origin === null) return null
  const asked = URL.parse(raw(origin))
  return asked !== null && asked.origin === url.origin ? url.href : null
}

// What XML 1.0 cannot hold beside the control characters that are gone already.
const notXml = /[\ufffe\uffff]/g

/**
 * Text for an XML node or attribute: `toBlock` without the characters XML 1.0 has no way to write, and without the end
 * of a CDATA section, of which the writer splits only the first. All other escaping is left to the writer.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toXml = (text: HostileText, max = 8_000): string =>
  toBlock(text, max).replace(notXml, "").replaceAll("]]>", "]]\u2060>")

// The signs a spreadsheet starts a formula with, and their full-width twins.
const formula = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/
// Where the list separator of a region is another sign than a comma, a cell may begin within ours.
const inner = /([;|]\s*"?\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g

/**
 * Text for one cell of a table that a spreadsheet may open: one line, at most 32 000 characters, and an apostrophe before
 * whatever could start a formula, white space before it or not, also after a sign that separates cells in some regions.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toCell = (text: HostileText, max = 32_000): string => {
  const line = toLine(text, max).replace(inner, "$1'")
  return formula.test(line) ? `'${line}` : line
}

/**
 * Text for a text node of Markdown: one line in which nobody is mentioned and no issue, merge request or epic is linked, and
 * which is no command to the host it is posted at (`/close`). Escaping is left to the writer.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toMarkdown = (text: HostileText, max = 2_000): string =>
  toLine(text, max)
    .replace(/@(?=[\p{L}\p{N}_])/gu, "@\u2060")
    .replace(/([#!&]|\bGH-)(?=\d)/gi, "$1\u2060")
    .replace(/^\/(?=[a-z_])/i, "/\u2060")

/**
 * Text for the message of a build runner's command: one line, percent-encoded as the runner decodes it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toCommandData = (text: HostileText, max = 2_000): string => toLine(text, max).replaceAll("%", "%25")

/**
 * The same for a property of a command, where a colon or a comma would end it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toCommandProperty = (text: HostileText, max = 500): string =>
  toLine(text, max).replaceAll("%", "%25").replaceAll(":", "%3A").replaceAll(",", "%2C")

/**
 * Finished output whose lines were broken anew, so that a line may start where the text did not: harmless to a build
 * runner that reads it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const guardLines = (output: string): string => breakCommands(output)

/**
 * Finished JSON in which nothing is active: invisible characters, and what a build runner would take for a command,
 * are escapes, so that every value stays what it is. `space` indents it.
 *
 * @category destructors
 * @since 0.1.1
 */
export const toJson = (value: unknown, space = 0): string => safeJson(value, space)

/**
 * The bare form of a text, to compare or group by; never to show.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toKey = (text: HostileText): string => raw(text)
