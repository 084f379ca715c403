/**
 * A text, what it looks like once one disguise is taken off, and which part of the first text each character comes from.
 *
 * @since 0.1.1
 */
import * as Invisible from "../Invisible.ts"

/**
 * One reading of a text. `start(i)` and `end(i)` are where the character `i` begins and ends in the first text.
 */
export interface Layer {
  readonly text: string
  readonly start: (index: number) => number
  readonly end: (index: number) => number
}

/** The text as it is. */
export const first = (text: string, offset: number): Layer => ({
  text,
  start: (index) => offset + index,
  end: (index) => offset + index + 1
})

// Puts a text together from slices of its parent and from what takes the place of others.
class Builder {
  private readonly parts: Array<string> = []
  // Of each part: where it begins here and in the parent, and where what it replaces ends (-1: a slice, sign for sign).
  private readonly at: Array<number> = []
  private readonly from: Array<number> = []
  private readonly to: Array<number> = []
  private length = 0
  private readonly parent: Layer
  /** Up to where the parent was read. */
  read = 0

  constructor(parent: Layer) {
    this.parent = parent
  }

  /** Everything of the parent that was not read yet, up to `end`, as it is. */
  keep(end: number): void {
    if (end > this.read) this.add(this.parent.text.slice(this.read, end), this.read, -1)
    this.read = end
  }

  /** What stands in the parent from where it was read up to `end` becomes `text`. */
  replace(text: string, end: number): void {
    if (text !== "") this.add(text, this.read, end)
    this.read = end
  }

  /** Takes blanks off the end of what was built. */
  trimEnd(): void {
    for (let last = this.parts.length - 1; last >= 0; last--) {
      const part = this.parts[last] ?? ""
      let end = part.length
      while (end > 0 && isBlank(part.charCodeAt(end - 1))) end--
      const trimmed = part.slice(0, end)
      this.length -= part.length - trimmed.length
      this.parts[last] = trimmed
      if (trimmed !== "") return
      this.parts.pop()
      this.at.pop()
      this.from.pop()
      this.to.pop()
    }
  }

  build(): Layer {
    this.keep(this.parent.text.length)
    const { at, from, parent, to } = this
    const partOf = (index: number): number => {
      let low = 0
      let high = at.length - 1
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((at[middle] ?? 0) <= index) low = middle
        else high = middle - 1
      }
      return low
    }
    return {
      text: this.parts.join(""),
      start: (index) => {
        const part = partOf(index)
        const begin = from[part] ?? 0
        return parent.start(to[part] === -1 ? begin + index - (at[part] ?? 0) : begin)
      },
      end: (index) => {
        const part = partOf(index)
        const end = to[part] ?? -1
        return parent.end(end === -1 ? (from[part] ?? 0) + index - (at[part] ?? 0) : end - 1)
      }
    }
  }

  private add(text: string, from: number, to: number): void {
    this.parts.push(text)
    this.at.push(this.length)
    this.from.push(from)
    this.to.push(to)
    this.length += text.length
  }
}

const visible = /^[\x20-\x7e]*$/

/** Whether the text is shorter than `length` and stands for nothing longer. */
export const isPlainAndShorter = (text: string, length: number): boolean => text.length < length && visible.test(text)

const other = new Map<number, string>()

// What a character stands for: full-width and styled letters are plain ones, accents and marks are nothing.
const plainOf = (point: number): string => {
  const known = other.get(point)
  if (known !== undefined) return known
  let text = ""
  for (const char of String.fromCodePoint(point).normalize("NFKD")) if (!Invisible.isInvisible(char)) text += char
  other.set(point, text)
  return text
}

// Of each code unit: 0 not known yet, 1 stands for itself, 2 for something else or for nothing by itself.
const kinds = new Uint8Array(0x10000)
kinds.fill(2, 0, 0x20)
kinds.fill(1, 0x20, 0x7f)
kinds[0x09] = 1
kinds.fill(2, 0x7f, 0xa0)
kinds.fill(2, 0xd800, 0xe000)

const kindOf = (code: number): number => {
  const known = kinds[code] ?? 2
  if (known !== 0) return known
  const text = plainOf(code)
  const same = text.length === 1 && text.charCodeAt(0) === code
  if (same) other.delete(code)
  kinds[code] = same ? 1 : 2
  return kinds[code] ?? 2
}

// The blocks beyond the first plane in which a sign may stand for an ASCII one, or for nothing.
const mayStandForOther = (point: number): boolean =>
  (point >= 0x1bca0 && point <= 0x1bca3) ||
  (point >= 0x1d100 && point <= 0x1d7ff) ||
  (point >= 0x1f100 && point <= 0x1f2ff) ||
  (point >= 0x1fbf0 && point <= 0x1fbf9) ||
  point >= 0xe0000

const escape = 0x1b

/** Whether the text holds what begins a terminal sequence. */
// oxlint-disable-next-line no-control-regex
export const hasSequences = (text: string): boolean => /[\u001b\u0090-\u009f]/.test(text)

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

const isBreak = (code: number): boolean =>
  code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029

/**
 * The text with nothing in it that a reader does not see: no invisible characters, no line ends with the blanks around
 * them, plain letters for their full-width and accented twins. `sequences` tells what goes with them: nothing of terminal
 * sequences but their control characters, the short ones that colour a text, or all.
 */
export const fold = (layer: Layer, sequences: "none" | "short" | "all"): Layer => {
  const { text } = layer
  if (visible.test(text)) return layer
  const out = new Builder(layer)
  const pattern = new RegExp((sequences === "all" ? Invisible.sequences : Invisible.shortSequences).source, "y")
  // Whether nothing was kept since a line ended.
  let broken = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (broken && isBlank(code)) {
      out.replace("", i + 1)
      continue
    }
    const kind = isBreak(code) ? 2 : kindOf(code)
    if (kind === 1) {
      broken = false
      continue
    }
    out.keep(i)
    if (isBreak(code)) {
      if (!broken) out.trimEnd()
      broken = true
      out.replace("", i + 1)
    } else if (sequences !== "none" && (code === escape || (code >= 0x90 && code <= 0x9f))) {
      pattern.lastIndex = i
      i += (pattern.exec(text)?.[0].length ?? 1) - 1
      out.replace("", i + 1)
    } else if (code < 0xa0) out.replace("", i + 1)
    else {
      const point = text.codePointAt(i) ?? code
      if (point > 0xffff) i++
      if (point > 0xffff && !mayStandForOther(point)) {
        broken = false
        continue
      }
      const plain = plainOf(point)
      if (plain !== "") broken = false
      out.replace(plain, i + 1)
    }
  }
  return out.build()
}

const names: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  sol: "/",
  bsol: "\\",
  plus: "+",
  equals: "=",
  lowbar: "_",
  hyphen: "-",
  dash: "-",
  period: ".",
  colon: ":",
  semi: ";",
  comma: ",",
  num: "#",
  percnt: "%",
  dollar: "$",
  commat: "@",
  excl: "!",
  quest: "?",
  ast: "*",
  lpar: "(",
  rpar: ")",
  lsqb: "[",
  lbrack: "[",
  rsqb: "]",
  rbrack: "]",
  lcub: "{",
  lbrace: "{",
  rcub: "}",
  rbrace: "}",
  verbar: "|",
  vert: "|",
  hat: "^",
  grave: "`",
  tilde: "~",
  newline: "\n",
  tab: "\t",
  shy: "\u00ad",
  zwnj: "\u200c",
  zwj: "\u200d"
}

const percent =
  /%(?:u([0-9a-f]{4})|((?:[c-d][0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}|f[0-7](?:%[89ab][0-9a-f]){3}))|([0-9a-f]{2}))/iy
const backslash = /\\(?:u([0-9a-f]{4})|u\{0{0,8}([0-9a-f]{1,6})\}|x([0-9a-f]{2})|[bfnrtv0])/iy
const entity = /&(?:#0{0,16}([0-9]{1,7});?|#x0{0,16}([0-9a-f]{1,6});?|([a-z]{2,7});)/iy

const fromUtf8 = (bytes: string): string => {
  try {
    return decodeURIComponent(`%${bytes}`)
  } catch {
    return "\ufffd"
  }
}

const hex = (digits: string): number => Number.parseInt(digits, 16)

const fromPoint = (point: number): string => (point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point))

const nibbles = new Int8Array(128).fill(-1)
for (let i = 0; i < 16; i++) {
  nibbles["0123456789abcdef".charCodeAt(i)] = i
  nibbles["0123456789ABCDEF".charCodeAt(i)] = i
}

const nibble = (code: number): number => (code < 128 ? (nibbles[code] ?? -1) : -1)

interface Escape {
  readonly text: string
  readonly end: number
}

const percentAt = (text: string, at: number): Escape | null => {
  const high = nibble(text.charCodeAt(at + 1))
  const low = nibble(text.charCodeAt(at + 2))
  // By far the most frequent.
  if (high >= 0 && high < 8 && low >= 0) return { text: String.fromCharCode(high * 16 + low), end: at + 3 }
  percent.lastIndex = at
  const found = percent.exec(text)
  if (found === null) return null
  const [all, unit, sequence, byte] = found
  return {
    text: sequence !== undefined ? fromUtf8(sequence) : fromPoint(hex(unit ?? byte ?? "20")),
    end: at + all.length
  }
}

const backslashAt = (text: string, at: number): Escape | null => {
  const next = text.charCodeAt(at + 1)
  if (next === 0x5c || next === 0x2f || next === 0x22 || next === 0x27 || next === 0x60) {
    return { text: String.fromCharCode(next), end: at + 2 }
  }
  backslash.lastIndex = at
  const found = backslash.exec(text)
  if (found === null) return null
  const [all, unit, point, byte] = found
  const code = unit ?? point ?? byte
  // A line end for each of the short escapes: none of them is seen.
  return { text: code === undefined ? "\n" : fromPoint(hex(code)), end: at + all.length }
}

const entityAt = (text: string, at: number): Escape | null => {
  const next = text.charCodeAt(at + 1) | 0x20
  if (next !== 0x23 && (next < 0x61 || next > 0x7a)) return null
  entity.lastIndex = at
  const found = entity.exec(text)
  if (found === null) return null
  const [all, decimal, digits, name = ""] = found
  const end = at + all.length
  if (decimal !== undefined) return { text: fromPoint(Number(decimal)), end }
  if (digits !== undefined) return { text: fromPoint(hex(digits)), end }
  const known = names[name.toLowerCase()]
  return known === undefined ? null : { text: known, end }
}

/**
 * The text with its percent, backslash and entity escapes undone once, or null where there are none.
 */
export const unescape = (layer: Layer): Layer | null => {
  const { text } = layer
  const sign = /[%\\&]/g
  let out: Builder | null = null
  for (let found = sign.exec(text); found !== null; found = sign.exec(text)) {
    const at = found.index
    const escape =
      found[0] === "%" ? percentAt(text, at) : found[0] === "&" ? entityAt(text, at) : backslashAt(text, at)
    if (escape === null) continue
    out ??= new Builder(layer)
    out.keep(at)
    out.replace(escape.text, escape.end)
    sign.lastIndex = escape.end
  }
  return out === null ? null : out.build()
}

// How many bytes the UTF-8 character at `at` has, or 0 where there is none that a text would hold.
const widthAt = (bytes: Uint8Array, at: number): number => {
  const byte = bytes[at] ?? 0
  if (byte < 0x80) return 1
  const width = byte >= 0xf5 ? 0 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0
  for (let i = 1; i < width; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return width
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

// The texts among bytes that have at least `least` characters. `from` and `to` tell where the signs of a byte are.
function* textsIn(
  bytes: Uint8Array,
  least: number,
  parent: Layer,
  from: (byte: number) => number,
  to: (byte: number) => number
): Generator<Layer> {
  for (let at = 0; at < bytes.length;) {
    let end = at
    let count = 0
    let wide = false
    for (let width = widthAt(bytes, end); end < bytes.length && width > 0; width = widthAt(bytes, end)) {
      if ((bytes[end] ?? 0) >= 0x20) count++
      end += width
      wide ||= width > 1
    }
    const begin = at
    at = end + 1
    if (count < least) continue
    const text = utf8.decode(bytes.subarray(begin, end))
    // Where each character begins among the bytes, for texts that are not ASCII.
    let places: ReadonlyArray<number> | null = null
    if (wide) {
      const found: Array<number> = []
      for (let i = begin; i < end;) {
        const width = Math.max(1, widthAt(bytes, i))
        found.push(i)
        if (width === 4) found.push(i)
        i += width
      }
      found.push(end)
      places = found
    }
    const byteOf = (index: number): number => (places === null ? begin + index : (places[index] ?? end))
    yield {
      text,
      start: (index) => parent.start(from(byteOf(index))),
      end: (index) => parent.end(to(Math.max(byteOf(index), byteOf(index + 1) - 1)) - 1)
    }
  }
}

const sextets = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++) {
  sextets["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".charCodeAt(i)] = i
}
sextets[0x2d] = 62
sextets[0x5f] = 63

const sextet = (code: number): number => (code < 128 ? (sextets[code] ?? -1) : -1)

const decoded = (signs: Uint8Array, shift: number): Uint8Array => {
  const bytes = new Uint8Array(Math.floor(((signs.length - shift) * 6) / 8))
  for (let at = shift, byte = 0; byte < bytes.length; at += 4) {
    const bits =
      ((signs[at] ?? 0) << 18) | ((signs[at + 1] ?? 0) << 12) | ((signs[at + 2] ?? 0) << 6) | (signs[at + 3] ?? 0)
    bytes[byte++] = bits >> 16
    bytes[byte++] = bits >> 8
    bytes[byte++] = bits
  }
  return bytes
}

/**
 * The texts of at least `least` characters that the base64 in a text says, in either alphabet, wherever it may begin.
 */
export function* base64(layer: Layer, least: number): Generator<Layer> {
  const { text } = layer
  const shortest = Math.ceil((least * 8) / 6)
  // A run of that length covers one of every so many places: only around such a place is it looked for.
  for (let probe = shortest - 1; probe < text.length; probe += shortest) {
    if (sextet(text.charCodeAt(probe)) < 0) continue
    let begin = probe
    while (begin > 0 && sextet(text.charCodeAt(begin - 1)) >= 0) begin--
    let end = probe + 1
    while (end < text.length && sextet(text.charCodeAt(end)) >= 0) end++
    probe = Math.max(probe, end - 1)
    if (end - begin < shortest) {
      probe = end - 1
      continue
    }
    const signs = new Uint8Array(end - begin)
    for (let at = begin; at < end; at++) signs[at - begin] = sextet(text.charCodeAt(at))
    for (let shift = 0; shift < 4 && shift < signs.length; shift++) {
      const from = begin + shift
      yield* textsIn(
        decoded(signs, shift),
        least,
        layer,
        (byte) => from + Math.floor((byte * 8) / 6),
        (byte) => from + Math.floor((byte * 8 + 7) / 6) + 1
      )
    }
  }
}

// Whether two pairs of digits may stand this far apart.
const isGap = (code: number): boolean => code === 0x20 || code === 0x3a || code === 0x2c || code === 0x2d

/**
 * The texts of at least `least` characters that the hexadecimal digits in a text say: pairs in one piece, or apart by a
 * blank, a colon, a comma or a dash.
 */
export function* hexadecimal(layer: Layer, least: number): Generator<Layer> {
  const { text } = layer
  let count = 0
  let begin = 0
  let gap = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0
    if (nibble(code) >= 0) {
      if (count === 0) begin = i
      count++
      gap = 0
      continue
    }
    if (count === 0) continue
    if (gap < 2 && isGap(code)) {
      gap++
      continue
    }
    if ((code | 0x20) === 0x78 && text.charCodeAt(i - 1) === 0x30) {
      count--
      gap = 0
      continue
    }
    if (count >= least * 2) yield* digitsIn(layer, begin, i, least)
    count = 0
    gap = 0
  }
}

function* digitsIn(layer: Layer, begin: number, end: number, least: number): Generator<Layer> {
  const { text } = layer
  const digits: Array<number> = []
  for (let i = begin; i < end; i++) {
    const code = text.charCodeAt(i)
    if (nibble(code) >= 0) digits.push(i)
    else if ((code | 0x20) === 0x78) digits.pop()
  }
  const at = (index: number): number => digits[index] ?? 0
  for (const shift of [0, 1]) {
    const bytes = new Uint8Array(Math.max(0, Math.floor((digits.length - shift) / 2)))
    for (let byte = 0; byte < bytes.length; byte++) {
      const index = shift + byte * 2
      bytes[byte] = nibble(text.charCodeAt(at(index))) * 16 + nibble(text.charCodeAt(at(index + 1)))
    }
    yield* textsIn(
      bytes,
      least,
      layer,
      (byte) => at(shift + byte * 2),
      (byte) => at(shift + byte * 2 + 1) + 1
    )
  }
}
