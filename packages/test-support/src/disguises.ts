/**
 * Ways in which a text can repeat a credential, and how to make any of them from a few random numbers.
 */

/** A source of numbers in [0, 1). */
export type Random = () => number

const one = <A>(random: Random, of: ReadonlyArray<A>): A => {
  const found = of[Math.floor(random() * of.length)]
  if (found === undefined) throw new RangeError("nothing to choose from")
  return found
}

const hexOf = (char: string, random: Random, width = 2): string => {
  const digits = (char.codePointAt(0) ?? 0).toString(16).padStart(width, "0")
  return Array.from(digits, (digit) => (random() < 0.5 ? digit : digit.toUpperCase())).join("")
}

const some = (text: string, random: Random, write: (char: string) => string): string => {
  const share = one(random, [0.05, 0.3, 1])
  const sure = Math.floor(random() * text.length)
  // What stands for something else when it is decoded, or is seen by nobody, has to be written: any encoder does.
  const must = /[%\\&\p{C}\p{Z}\p{M}]/u
  return Array.from(text, (char, at) => (at === sure || random() < share || must.test(char) ? write(char) : char)).join(
    ""
  )
}

const between = (text: string, random: Random, what: ReadonlyArray<string>): string =>
  // oxlint-disable-next-line no-control-regex -- what splits a terminal sequence or an escape makes a visible text of it.
  /[\u001b\u0090-\u009f&\\]/.test(text)
    ? text
    : Array.from(text, (char) => (random() < 0.25 ? one(random, what) + char : char)).join("")

/** Invisible characters. */
export const invisible = [
  "\u0000",
  "\u0007",
  "\u000b",
  "\u007f",
  "\u0085",
  "\u0099",
  "\u00ad",
  "\u034f",
  "\u061c",
  "\u115f",
  "\u180e",
  "\u200b",
  "\u200c",
  "\u200d",
  "\u200e",
  "\u200f",
  "\u202a",
  "\u202e",
  "\u2060",
  "\u2066",
  "\u2069",
  "\u3164",
  "\ufe0f",
  "\ufeff",
  "\ufff9",
  "\u{e0041}",
  "\u{e0100}",
  "\u001b[0m",
  "\u001b[1;31m",
  "\u001b]0;x\u0007",
  "\u009b0m",
  "\u0336",
  "\u0301"
] as const

const wrapped = (text: string, random: Random): string => {
  const width = one(random, [4, 10, 64, 76])
  const end = one(random, ["\n", "\r\n", "\n  "])
  return text.replace(new RegExp(`.{${width}}(?=.)`, "g"), `$&${end}`)
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64")

// An entity inside another escape, or among the blanks around a line end, is undone together with it.
// oxlint-disable-next-line no-control-regex -- a sequence of a terminal is one, too.
const isEscaped = (text: string): boolean => /[%\\&\s\u001b\u0090-\u009f]/.test(text)

const encodings: Readonly<Record<string, (text: string, random: Random) => string>> = {
  plain: (text) => text,
  invisible: (text, random) => between(text, random, invisible),
  lines: (text, random) => between(text, random, ["\n", "\r\n", "\n    "]),
  percent: (text, random) =>
    some(text, random, (char) => encodeURIComponent(char).replace(/^.$/s, `%${hexOf(char, random)}`)),
  form: (text) => new URLSearchParams({ k: text }).toString().slice(2).replaceAll("+", "%20"),
  json: (text) => JSON.stringify(text).slice(1, -1).replaceAll("/", "\\/"),
  unicode: (text, random) =>
    some(text, random, (char) => (char.length > 1 ? `\\u{${hexOf(char, random)}}` : `\\u${hexOf(char, random, 4)}`)),
  braces: (text, random) => some(text, random, (char) => `\\u{${hexOf(char, random)}}`),
  bytes: (text, random) =>
    some(text, random, (char) =>
      (char.codePointAt(0) ?? 0) > 0xff ? `\\u{${hexOf(char, random)}}` : `\\x${hexOf(char, random)}`
    ),
  decimal: (text, random) => some(text, random, (char) => `&#${char.codePointAt(0)};`),
  entity: (text, random) => some(text, random, (char) => `&#x${hexOf(char, random)};`),
  named: (text) =>
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll("/", "&sol;")
      .replaceAll("+", "&plus;")
      .replaceAll("_", "&lowbar;"),
  unseen: (text, random) =>
    isEscaped(text)
      ? text
      : between(text, random, ["&ZeroWidthSpace;", "&NoBreak;", "&lrm;", "&zwj;", "&shy;", "&af;", "&InvisibleComma;"]),
  styled: (text, random) =>
    isEscaped(text)
      ? text
      : text.replace(/[A-Za-z]/g, (char) => (random() < 0.3 ? `&${char}${one(random, ["fr", "opf", "scr"])};` : char)),
  // The sign that would end a name must not be one of the text.
  open: (text) =>
    text.includes(";")
      ? text
      : text.replaceAll("&", "&amp").replaceAll("<", "&lt").replaceAll(">", "&gt").replaceAll('"', "&quot"),
  base64: (text, random) =>
    base64(one(random, ["", "a", "id:", "Bearer "]) + text + one(random, ["", "!", " and more"])),
  base64url: (text) => Buffer.from(text, "utf8").toString("base64url"),
  base64lines: (text, random) => wrapped(base64(text), random),
  hex: (text) => Buffer.from(text, "utf8").toString("hex"),
  hexUpper: (text) => Buffer.from(text, "utf8").toString("hex").toUpperCase(),
  hexApart: (text, random) =>
    (Buffer.from(text, "utf8").toString("hex").match(/../g) ?? []).join(one(random, [":", " ", ", ", "-", ",0x"]))
}

const cases: ReadonlyArray<(text: string, random: Random) => string> = [
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text, random) => Array.from(text, (char) => (random() < 0.5 ? char.toUpperCase() : char.toLowerCase())).join(""),
  (text) => text.replace(/[A-Za-z0-9]/g, (char) => String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0))
]

/** A credential disguised up to `most` times, and the names of the disguises. */
export const disguise = (
  credential: string,
  random: Random,
  most: number
): { readonly text: string; readonly names: ReadonlyArray<string> } => {
  let text = one(random, cases)(credential, random)
  const names: Array<string> = []
  const times = Math.floor(random() * (most + 1))
  for (let i = 0; i < times; i++) {
    const [name, encode] = one(random, Object.entries(encodings))
    text = encode(text, random)
    names.push(name)
  }
  return { text, names }
}

const alphabets = [
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_",
  "abcdef0123456789",
  "0123456789",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-._~",
  Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at)).join("")
]

/** A random credential of 8 to 120 characters. */
export const credential = (random: Random): string => {
  const alphabet = one(random, alphabets)
  const length = one(random, [8, 12, 16, 24, 32, 40, 64, 120])
  return (
    one(random, ["", "", "exo_live_", "sk-", "avk_live_"]) +
    Array.from({ length }, () => one(random, Array.from(alphabet))).join("")
  )
}
