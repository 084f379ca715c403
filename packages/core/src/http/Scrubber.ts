/**
 * Replaces every credential it was shown by a mark, in whatever common disguise a vendor repeats it.
 *
 * Known disguises: as it is, escaped for JSON or HTML, percent-encoded, and base64 (both alphabets, at any offset of a
 * longer text). Credentials shorter than six characters are treated with care: a text is only changed where they stand
 * alone as a word, and data never is, for a key like `low` would otherwise change a verdict.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"

/**
 * - `learn`: from now on this credential is replaced. The last 256 different ones are remembered.
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

const remembered = 256
const short = 6

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

const unicodeEscape = (char: string): string => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

const percent = (char: string): string => `%${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, "0")}`

/**
 * The part of base64 that depends on the credential alone when `offset` bytes stand before it.
 */
const base64At = (credential: string, offset: number): string =>
  Base64.encode("\0".repeat(offset) + credential).slice(
    Math.ceil((offset * 8) / 6),
    Math.floor(((offset + credential.length) * 8) / 6)
  )

const disguises = (credential: string): ReadonlyArray<string> => {
  const json = JSON.stringify(credential).slice(1, -1)
  const htmlSafeJson = json.replace(/[<>&']/g, unicodeEscape)
  const url = encodeURIComponent(credential)
  const strictUrl = url.replace(/[!'()*]/g, percent)
  const base64 = [
    Base64.encode(credential),
    ...[0, 1, 2].map((offset) => base64At(credential, offset)).filter((part) => part.length >= 8)
  ]
  return [
    credential,
    json,
    json.replaceAll("/", "\\/"),
    htmlSafeJson,
    htmlSafeJson.replace(/\\u[0-9a-f]{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`),
    ...[url, strictUrl].flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())]),
    credential.replace(/[&<>"']/g, (char) => entities[char] ?? char),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""))
  ]
}

const longestFirst = (forms: ReadonlyArray<string>): ReadonlyArray<string> =>
  Array.from(new Set(forms)).toSorted((a, b) => b.length - a.length)

/**
 * A scrubber that has seen nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Scrubber => {
  // In order of their last use, oldest first.
  const forms = new Map<string, ReadonlyArray<string>>()
  let latest: string | null = null
  let inText: RegExp | null = null
  let inData: RegExp | null = null
  let stale = false

  const compile = (): void => {
    if (!stale) return
    stale = false
    const known = Array.from(forms)
    const long = longestFirst(known.filter(([key]) => key.length >= short).flatMap(([, list]) => list)).map(quote)
    const word = longestFirst(known.filter(([key]) => key.length < short).flatMap(([, list]) => list)).map(
      (form) => `(?<![A-Za-z0-9])${quote(form)}(?![A-Za-z0-9])`
    )
    inData = long.length === 0 ? null : new RegExp(long.join("|"), "g")
    inText = long.length + word.length === 0 ? null : new RegExp([...long, ...word].join("|"), "g")
  }

  const replace = (pattern: RegExp | null, text: string): string =>
    pattern === null ? text : text.replace(pattern, mark)

  return {
    learn: (credential) => {
      if (credential === latest || credential === "") return
      latest = credential
      const list = forms.get(credential)
      if (list !== undefined) {
        forms.delete(credential)
        forms.set(credential, list)
        return
      }
      forms.set(credential, disguises(credential))
      for (const oldest of forms.keys()) {
        if (forms.size <= remembered) break
        forms.delete(oldest)
      }
      stale = true
    },
    text: (text) => {
      compile()
      return replace(inText, text)
    },
    data: (text) => {
      compile()
      return replace(inData, text)
    },
    finds: (text) => {
      compile()
      return inData !== null && text.search(inData) >= 0
    }
  }
}
