// The credentials that a scrubber knows, in the forms in which texts are compared with them, and where one of them stands in
// a text. Touches nothing. Law: a text costs time by its length; one that would cost far more is found as a whole.
import * as Grams from "./grams.ts"
import * as Encodings from "./encodings.ts"
import * as Escapes from "./escapes.ts"
import * as Fold from "./fold.ts"
import * as Layers from "./layers.ts"

const short = 6
const depth = 4
export interface Span {
  readonly from: number
  readonly to: number
  /** How many characters the credential has. */
  readonly size: number
}

/**
 * - `grams`: of those that are found in any disguise; null where there are none. `longest`: how long one of them is.
 * - `words`: those that are found where they stand alone. `numbers`: those that a JSON number may be.
 */
export interface Credentials {
  readonly grams: Grams.Grams | null
  readonly longest: number
  readonly words: RegExp | null
  readonly numbers: ReadonlyMap<number, string>
}

export const none: Credentials = { grams: null, longest: 0, words: null, numbers: new Map() }

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

// Nothing but digits is no number in base ten for JSON where it begins with a zero; a reader may have dropped that.
const numberOf = (credential: string): number | null => {
  const number = /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(credential) ? Number(credential) : NaN
  return Number.isFinite(number) ? number : null
}

// Writers of markup escape the first two signs, and each of the others or not.
const markup = (credential: string, ...others: ReadonlyArray<readonly [sign: string, entity: string]>): string =>
  [["&", "&amp;"] as const, ["<", "&lt;"] as const, ...others].reduce(
    (text, [sign, entity]) => text.replaceAll(sign, entity),
    credential
  )

const writings: ReadonlyArray<(credential: string) => string> = [
  (credential) => credential,
  (credential) => JSON.stringify(credential).slice(1, -1),
  (credential) => markup(credential),
  (credential) => markup(credential, [">", "&gt;"]),
  (credential) => markup(credential, ['"', "&quot;"]),
  (credential) => markup(credential, [">", "&gt;"], ['"', "&quot;"]),
  // A lone surrogate has no percent-encoding.
  (credential) => encodeURIComponent(credential.toWellFormed())
]

/** The credential as documents write it, each of the forms once. */
export const written = (credential: string): ReadonlyArray<string> => [
  ...new Set(writings.map((write) => write(credential)))
]

const folded = (text: string): string => Fold.fold(Layers.first(text, 0), "none").text.toLowerCase()

// The credential as it reads after each undoing of escapes: an escape that is part of it is undone with the others. What looks like
// one, or like the beginning of one, may become too short to be found, or be undone together with what comes next: such a
// credential is also looked for as documents write it.
const readings = (credential: string): ReadonlyArray<string> => {
  const all: Array<string> = /[%\\&]/.test(credential) ? written(credential).map(folded) : []
  let layer: Layers.Layer | null = Fold.fold(Layers.first(credential, 0), "none")
  for (let i = 0; i <= depth && layer !== null; i++) {
    if (layer.text.length >= short) all.push(layer.text.toLowerCase())
    const next: Layers.Layer | null = Escapes.unescape(layer)
    layer = next === null ? null : Fold.fold(next, "none")
  }
  return all
}

const wordsOf = (brief: ReadonlyArray<string>): RegExp | null => {
  if (brief.length === 0) return null
  const longestFirst = brief.toSorted((a, b) => b.length - a.length).map(quote)
  return new RegExp(`(?<![A-Za-z0-9])(?:${longestFirst.join("|")})(?![A-Za-z0-9])`, "g")
}

export const compile = (seen: Iterable<string>): Credentials => {
  const known = Array.from(seen)
  const long = known.filter((credential) => credential.length >= short)
  const patterns = new Set(long.flatMap(readings))
  return {
    grams: patterns.size === 0 ? null : Grams.make(patterns),
    longest: long.reduce((most, { length }) => Math.max(most, length), 0),
    words: wordsOf(known.filter((credential) => credential.length < short)),
    numbers: new Map(
      long.flatMap((credential) => {
        const number = numberOf(credential)
        return number === null ? [] : [[number, credential] as const]
      })
    )
  }
}

class TooMuch extends Error {}

// Everything found in one piece of a text. `room` is how many characters may still be decoded.
const searchLayer = (
  index: Grams.Grams,
  layer: Layers.Layer,
  left: number,
  found: Array<Span>,
  room: { left: number }
) => {
  look(index, Fold.fold(layer, "none"), left, found, room)
  if (!Fold.hasSequences(layer.text)) return
  // A sequence may split a credential, and may hold one.
  look(index, Fold.fold(layer, "short"), left, found, room)
  look(index, Fold.fold(layer, "all"), left, found, room)
}

const look = (index: Grams.Grams, layer: Layers.Layer, left: number, found: Array<Span>, room: { left: number }) => {
  room.left -= layer.text.length
  if (room.left < 0) throw new TooMuch()
  for (const { length, start } of Grams.search(index, layer.text.toLowerCase())) {
    found.push({ from: layer.start(start), to: layer.end(start + length - 1), size: length })
  }
  if (left === 0) return
  const plain = Escapes.unescape(layer)
  if (plain !== null) searchLayer(index, plain, left - 1, found, room)
  for (const inner of Encodings.base64(layer, index.shortest)) searchLayer(index, inner, left - 1, found, room)
  for (const inner of Encodings.hexadecimal(layer, index.shortest)) searchLayer(index, inner, left - 1, found, room)
}

/** Adds where credentials stand in a piece of a text, which begins at `at`; false where looking on would cost far too much. */
export const search = (index: Grams.Grams, part: string, at: number, found: Array<Span>): boolean => {
  try {
    searchLayer(index, Layers.first(part, at), depth, found, { left: part.length * 24 + 4_096 })
    return true
  } catch (error) {
    if (error instanceof TooMuch) return false
    throw error
  }
}
