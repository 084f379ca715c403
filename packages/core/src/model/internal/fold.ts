// What a reader does not see, taken out of a text: invisible characters, terminal sequences, line ends, styled letters.
import * as Invisible from "../Invisible.ts"
import { Builder, isBlank, type Layer } from "./layers.ts"

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
