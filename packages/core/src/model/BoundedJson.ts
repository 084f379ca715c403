/**
 * Reads JSON from others: answers of vendors, reports, baselines, rows of a journal.
 *
 * The text is measured before it is parsed, once, without recursion and without building anything, and measuring stops at
 * the first bound that is passed. So a hostile text costs no more time or memory than a good one of the same bounds.
 * Nothing throws and no message quotes the text. Keys such as `__proto__` stay plain data, as `JSON.parse` leaves them.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"

/**
 * What a text may have at most.
 *
 * - `size`: its characters.
 * - `depth`: lists and objects within one another; `[]` has depth 1.
 * - `values`: texts, numbers, lists, objects, `true`, `false` and `null` together. An empty list or object may count twice.
 * - `names`: different names of members. They are told apart by a hash, and only where there are more than 10 000 members.
 * - `text`: the characters of one text or name, escapes counted as they are written.
 *
 * @category models
 * @since 0.2.0
 */
export interface Bounds {
  readonly size: number
  readonly depth: number
  readonly values: number
  readonly names: number
  readonly text: number
}

/**
 * Why a text was not read, and the same in words: `more than 200000 values`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Refusal {
  readonly why: "not-json" | "too-large" | "too-deep" | "too-many-values"
  readonly message: string
}

const mebi = 1024 * 1024

/**
 * The bounds of one answer of a vendor: 200 000 values, 64 levels, 10 MiB.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofAnswer: Bounds = { size: 10 * mebi, depth: 64, values: 200_000, names: 200_000, text: 10 * mebi }

/**
 * The bounds of one row of a journal, which holds an answer and what was made of it: a million values, 128 levels, 128 MiB.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofRow: Bounds = { size: 128 * mebi, depth: 128, values: 1_000_000, names: 500_000, text: 64 * mebi }

/**
 * The bounds of a report, which holds many answers: 5 million values, 128 levels, 256 MiB.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofReport: Bounds = { size: 256 * mebi, depth: 128, values: 5_000_000, names: 500_000, text: 64 * mebi }

const quotation = 34
const backslash = 92

const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return end
  }
  return text.length
}

const fewNames = 10_000
const hashBits = 22

// Of the name between two places: of its first and last signs and its length.
const hashOf = (text: string, from: number, to: number): number => {
  let hash = to - from
  const head = Math.min(to, from + 32)
  for (let i = from; i < head; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  for (let i = Math.max(head, to - 32); i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> (32 - hashBits)
}

// Counts different names, roughly and from the 10 000th on: what costs time is to keep each of them once.
class Names {
  private members = 0
  private seen: Uint8Array | null = null
  different = 0

  add(text: string, from: number, to: number): void {
    if (++this.members <= fewNames) return
    this.seen ??= new Uint8Array(1 << hashBits)
    const hash = hashOf(text, from, to)
    if (this.seen[hash] !== 0) return
    this.seen[hash] = 1
    this.different++
  }
}

/**
 * The first bound that a text passes, or null. The text need not be valid JSON.
 *
 * @category guards
 * @since 0.2.0
 */
export const excess = (text: string, bounds: Bounds): Refusal | null => {
  if (text.length > bounds.size) return { why: "too-large", message: `more than ${bounds.size} characters` }
  const names = new Names()
  let depth = 0
  let values = 1
  // Where the last text began and ended.
  let from = 0
  let to = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case quotation:
        from = i + 1
        to = endOfString(text, i)
        if (to - from > bounds.text) {
          return { why: "too-large", message: `a text of more than ${bounds.text} characters` }
        }
        i = to
        break
      case 91: // [
      case 123: // {
        if (++depth > bounds.depth) return { why: "too-deep", message: `nested deeper than ${bounds.depth} levels` }
        values++
        break
      case 93: // ]
      case 125: // }
        depth--
        break
      case 44: // ,
        values++
        break
      case 58: // :
        names.add(text, from, to)
        if (names.different > bounds.names) {
          return { why: "too-many-values", message: `more than ${bounds.names} different names` }
        }
        break
    }
    if (values > bounds.values) return { why: "too-many-values", message: `more than ${bounds.values} values` }
  }
  return null
}

/**
 * The value of a text, or why it has none within these bounds.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string, bounds: Bounds): Result.Result<unknown, Refusal> => {
  const refusal = excess(text, bounds)
  if (refusal !== null) return Result.fail(refusal)
  return Result.try({
    try: (): unknown => JSON.parse(text),
    // The error of JSON.parse quotes the text.
    catch: (): Refusal => ({ why: "not-json", message: "not JSON" })
  })
}
