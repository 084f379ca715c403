// Escapes of a text undone: percent signs, backslashes and entities.
import { nibble } from "./encodings.ts"
import { Builder, type Layer } from "./layers.ts"

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
  underbar: "_",
  midast: "*",
  verticalline: "|",
  diacriticalgrave: "`",
  fflig: "ff",
  filig: "fi",
  fllig: "fl",
  ffilig: "ffi",
  ffllig: "ffl",
  fjlig: "fj",
  ijlig: "ij"
}

// Names of invisible characters: joiners, marks of direction, invisible operators.
const unseen = new Set(
  "shy zwnj zwj lrm rlm nobreak zerowidthspace negativeverythinspace negativethinspace negativemediumspace negativethickspace applyfunction af invisibletimes it invisiblecomma ic".split(
    " "
  )
)

// A letter by the name of its style or its accent: `&Aopf;`, `&eacute;`.
const letter = /^([a-z])(?:opf|scr|fr|acute|breve|caron|cedil|circ|dot|dblac|grave|macr|ogon|ring|tilde|uml)$/i

// Readers take some names without the sign that ends them.
const open = /^(?:amp|gt|lt|quot|shy|[a-z](?:acute|cedil|circ|grave|ring|tilde|uml))$/i

const named = (name: string): string | null => {
  const small = name.toLowerCase()
  if (unseen.has(small)) return ""
  return names[small] ?? letter.exec(name)?.[1] ?? null
}

const percent =
  /%(?:u([0-9a-f]{4})|((?:[c-d][0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}|f[0-7](?:%[89ab][0-9a-f]){3}))|([0-9a-f]{2}))/iy
const backslash = /\\(?:u([0-9a-f]{4})|u\{0{0,8}([0-9a-f]{1,6})\}|x([0-9a-f]{2})|[bfnrtv0])/iy
const entity = /&(?:#0{0,16}([0-9]{1,7});?|#x0{0,16}([0-9a-f]{1,6});?|([a-z]{2,24});?)/iy

const fromUtf8 = (bytes: string): string => {
  try {
    return decodeURIComponent(`%${bytes}`)
  } catch {
    return "\ufffd"
  }
}

const hex = (digits: string): number => Number.parseInt(digits, 16)

const fromPoint = (point: number): string => (point > 0x10ffff ? "\ufffd" : String.fromCodePoint(point))

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
  const whole = all.endsWith(";") ? named(name) : null
  if (whole !== null) return { text: whole, end }
  // `&ampx` is what `&amp;x` is.
  for (let length = Math.min(name.length, 6); length >= 2; length--) {
    const part = name.slice(0, length)
    if (open.test(part)) return { text: named(part) ?? "", end: at + 1 + length }
  }
  return null
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
