/**
 * Replaces every credential it was shown by a mark, in whatever common disguise a vendor repeats it.
 *
 * Known disguises: as it is, escaped for JSON or HTML, percent-encoded in whole or where needed, and base64 (both
 * alphabets, at any offset of a longer text). Credentials shorter than six characters are treated with care: a text is only changed where they stand
 * alone as a word, and data never is, for a key like `low` would otherwise change a verdict.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"

/**
 * - `learn`: from now on this credential is replaced. The last 64 different ones are remembered.
 * - `text`: for messages and logs.
 * - `data`: for the texts inside an answer.
 * - `finds`: whether `data` would change this text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scrubber {
  readonly learn: (credential: string) => void
  readonly text: (text: string) => string
  readonly data: (text: string) => string
  readonly finds: (text: string) => boolean
}

/**
 * What stands where a credential stood.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mark = "<redacted>"

const remembered = 64
const short = 6

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

const hex = (char: string): string => (char.codePointAt(0) ?? 0).toString(16).padStart(2, "0")

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/**
 * The part of base64 that depends on the credential alone when `offset` bytes stand before it.
 */
const base64At = (credential: string, offset: number): string =>
  Base64.encode("\0".repeat(offset) + credential).slice(
    Math.ceil((offset * 8) / 6),
    Math.floor(((offset + credential.length) * 8) / 6)
  )

/**
 * Both spellings of the digits in `%2f` and `\u002f`.
 */
const bothCases = (form: string, escape: RegExp): ReadonlyArray<string> => [
  form,
  form.replace(escape, (digits) => digits.toUpperCase()),
  form.replace(escape, (digits) => digits.toLowerCase())
]

const disguises = (credential: string): ReadonlyArray<string> => {
  const json = JSON.stringify(credential).slice(1, -1)
  const percent = (pattern: RegExp, text: string): string => text.replace(pattern, (char) => `%${hex(char)}`)
  const url = encodeURIComponent(credential)
  const base64 = [
    Base64.encode(credential),
    ...[0, 1, 2].map((offset) => base64At(credential, offset)).filter((part) => part.length >= 8)
  ]
  return [
    credential,
    json,
    json.replaceAll("/", "\\/"),
    ...bothCases(
      json.replace(/[<>&']/g, (char) => `\\u00${hex(char)}`),
      /(?<=\\u)[0-9a-f]{4}/gi
    ),
    ...[url, percent(/[!'()*]/g, url), percent(/[!'()~]/g, url), percent(/[^]/g, credential)].flatMap((form) =>
      bothCases(form, /%[0-9a-f]{2}/gi)
    ),
    credential.replace(/[&<>"']/g, (char) => entities[char] ?? char),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""))
  ]
}

const longestFirst = (forms: Iterable<string>): ReadonlyArray<string> =>
  Array.from(new Set(forms)).toSorted((a, b) => b.length - a.length)

/**
 * A scrubber that has seen nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Scrubber => {
  // In order of their last use, oldest first.
  const seen = new Map<string, ReadonlyArray<string>>()
  let latest: string | null = null
  let forms: ReadonlyArray<string> = []
  let words: RegExp | null = null

  const compile = (): void => {
    forms = longestFirst(Array.from(seen).flatMap(([credential, list]) => (credential.length < short ? [] : list)))
    const brief = longestFirst(
      Array.from(seen).flatMap(([credential, list]) => (credential.length < short ? list : []))
    )
    words =
      brief.length === 0 ? null : new RegExp(`(?<![A-Za-z0-9])(?:${brief.map(quote).join("|")})(?![A-Za-z0-9])`, "g")
  }

  const data = (text: string): string => {
    let scrubbed = text
    for (const form of forms) if (scrubbed.includes(form)) scrubbed = scrubbed.replaceAll(form, mark)
    return scrubbed
  }

  return {
    learn: (credential) => {
      if (credential === latest || credential === "") return
      latest = credential
      const known = seen.get(credential)
      if (known !== undefined) {
        seen.delete(credential)
        seen.set(credential, known)
        return
      }
      seen.set(credential, disguises(credential))
      for (const oldest of seen.keys()) {
        if (seen.size <= remembered) break
        seen.delete(oldest)
      }
      compile()
    },
    text: (text) => (words === null ? data(text) : data(text).replace(words, mark)),
    data,
    finds: (text) => forms.some((form) => text.includes(form))
  }
}
