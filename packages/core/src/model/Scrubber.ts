/**
 * Replaces every credential it was shown by a mark, in whatever common disguise somebody repeats it.
 *
 * A text is decoded, then compared. Up to four disguises are undone, one on top of the other, in any order:
 *
 * - characters that nobody sees (control, zero-width, direction and format characters, terminal sequences, accents and
 *   other combining marks), and line ends with the blanks around them;
 * - upper and lower case; full-width and styled letters;
 * - percent-encoding, backslash escapes of JSON and JavaScript, HTML entities: of all characters or of some;
 * - base64 in either alphabet, whole or within a longer text, and hexadecimal.
 *
 * Credentials shorter than six characters are treated with care: a text is only changed where they stand alone as a word,
 * and data never is, for a key like `low` would otherwise change a verdict. A text is read in time that grows with its
 * length and not with the number of credentials; where undoing disguises would cost far more, the whole text is replaced.
 *
 * @since 0.1.0
 */
import * as Grams from "./internal/grams.ts"
import * as Layers from "./internal/layers.ts"

/**
 * - `learn`: from now on this credential is replaced. The last 1 024 different ones are remembered.
 * - `text`: for messages and logs.
 * - `data`: for the texts inside an answer.
 * - `value`: for a whole JSON value: its texts, the names in it, and numbers that are a credential of digits. What needs
 *   no change is given back as it is.
 * - `slices`: what `value` does, in slices of some milliseconds: the iterator stops after each, and ends with the value.
 * - `finds`: whether `data` would change this text; with `least`, because of a credential of at least so many characters.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scrubber {
  readonly learn: (credential: string) => void
  readonly text: (text: string) => string
  readonly data: (text: string) => string
  readonly value: (value: unknown) => unknown
  readonly slices: (value: unknown) => Iterator<void, unknown>
  readonly finds: (text: string, least?: number) => boolean
}

/**
 * What stands where a credential stood.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mark = "<redacted>"

const remembered = 1_024
const short = 6
const depth = 4
// Names and values repeat from poll to poll and from scan to scan: these many short texts are looked at once.
const rememberedClean = 4_096
const longestClean = 512
// A long text is read in pieces, so that it needs no more memory or time at once than a piece.
const piece = 32 * 1024
// After so many characters others have their turn; a value costs as much as some characters, whatever it is.
const slice = 32 * 1024
const costOfValue = 16

interface Span {
  readonly from: number
  readonly to: number
  /** How many characters the credential has. */
  readonly size: number
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

// Nothing but digits is no number in base ten for JSON where it begins with a zero; a reader may have dropped that.
const numberOf = (credential: string): number | null => {
  const number = /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(credential) ? Number(credential) : NaN
  return Number.isFinite(number) ? number : null
}

// The credential as it reads after each undoing of escapes: an escape that is part of it is undone with the others.
const readings = (credential: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  let layer: Layers.Layer | null = Layers.fold(Layers.first(credential, 0), "none")
  for (let i = 0; i <= depth && layer !== null; i++) {
    if (layer.text.length >= short) all.push(layer.text.toLowerCase())
    const next: Layers.Layer | null = Layers.unescape(layer)
    layer = next === null ? null : Layers.fold(next, "none")
  }
  return all
}

class TooMuch extends Error {}

const replaceSpans = (text: string, found: ReadonlyArray<Span>): string => {
  const spans = found.toSorted((a, b) => a.from - b.from || b.to - a.to)
  const parts: Array<string> = []
  let at = 0
  for (const { from, to } of spans) {
    if (from >= at) parts.push(text.slice(at, from), mark)
    at = Math.max(at, to)
  }
  parts.push(text.slice(at))
  return parts.join("")
}

const toEnd = <A>(steps: Iterator<void, A>): A => {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/**
 * A scrubber that has seen nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Scrubber => {
  // In order of their last use, oldest first.
  const seen = new Set<string>()
  let latest: string | null = null
  let longest = 0
  let grams: Grams.Grams | null = null
  let words: RegExp | null = null
  let numbers: ReadonlyMap<number, string> = new Map()
  let current = true
  // Texts in which none of the credentials was found.
  const clean = new Set<string>()

  const compile = (): void => {
    current = true
    clean.clear()
    const known = Array.from(seen)
    const long = known.filter((credential) => credential.length >= short)
    const brief = known.filter((credential) => credential.length < short)
    const patterns = new Set(long.flatMap(readings))
    longest = long.reduce((most, { length }) => Math.max(most, length), 0)
    grams = patterns.size === 0 ? null : Grams.make(patterns)
    words =
      brief.length === 0
        ? null
        : new RegExp(
            `(?<![A-Za-z0-9])(?:${brief
              .toSorted((a, b) => b.length - a.length)
              .map(quote)
              .join("|")})(?![A-Za-z0-9])`,
            "g"
          )
    numbers = new Map(
      long.flatMap((credential) => {
        const number = numberOf(credential)
        return number === null ? [] : [[number, credential] as const]
      })
    )
  }

  // Everything found in one piece of a text. `room` is how many characters may still be decoded.
  const search = (
    index: Grams.Grams,
    layer: Layers.Layer,
    left: number,
    found: Array<Span>,
    room: { left: number }
  ) => {
    look(index, Layers.fold(layer, "none"), left, found, room)
    if (!Layers.hasSequences(layer.text)) return
    // A sequence may split a credential, and may hold one.
    look(index, Layers.fold(layer, "short"), left, found, room)
    look(index, Layers.fold(layer, "all"), left, found, room)
  }

  const look = (index: Grams.Grams, layer: Layers.Layer, left: number, found: Array<Span>, room: { left: number }) => {
    room.left -= layer.text.length
    if (room.left < 0) throw new TooMuch()
    for (const { length, start } of Grams.search(index, layer.text.toLowerCase())) {
      found.push({ from: layer.start(start), to: layer.end(start + length - 1), size: length })
    }
    if (left === 0) return
    const plain = Layers.unescape(layer)
    if (plain !== null) search(index, plain, left - 1, found, room)
    for (const inner of Layers.base64(layer, index.shortest)) search(index, inner, left - 1, found, room)
    for (const inner of Layers.hexadecimal(layer, index.shortest)) search(index, inner, left - 1, found, room)
  }

  const isClean = (text: string): boolean => {
    if (!current) compile()
    return grams === null || Layers.isPlainAndShorter(text, grams.shortest) || clean.has(text)
  }

  // Where credentials stand in a text; stops after each piece of it.
  function* seek(text: string): Generator<void, ReadonlyArray<Span>> {
    const found: Array<Span> = []
    const overlap = Math.min(128 * 1024, Math.max(1_024, longest * 16))
    for (let at = 0; at < text.length; at += piece) {
      // A credential may be learned meanwhile.
      if (!current) compile()
      if (grams === null) return found
      const part = text.length <= piece + overlap ? text : text.slice(at, at + piece + overlap)
      try {
        search(grams, Layers.first(part, at), depth, found, { left: part.length * 24 + 4_096 })
      } catch (error) {
        if (error instanceof TooMuch) return [{ from: 0, to: text.length, size: text.length }]
        throw error
      }
      if (part.length === text.length) break
      yield
    }
    if (found.length === 0 && text.length <= longestClean) {
      if (clean.size >= rememberedClean) clean.clear()
      clean.add(text)
    }
    return found
  }

  const spansOf = (text: string): ReadonlyArray<Span> => (isClean(text) ? [] : toEnd(seek(text)))

  const data = (text: string): string => {
    const spans = spansOf(text)
    return spans.length === 0 ? text : replaceSpans(text, spans)
  }

  const number = (value: number): unknown => {
    if (numbers.size === 0) return value
    if (numbers.has(value)) return mark
    const text = String(value)
    for (const credential of numbers.values()) if (text.includes(credential)) return mark
    return value
  }

  // What needs no walk, as most values do.
  const stays = (value: unknown): boolean => {
    if (typeof value === "string") return isClean(value)
    return value === null || (typeof value !== "object" && typeof value !== "number")
  }

  // `spent` is what was looked at since the last stop.
  function* walk(whole: unknown, spent: { count: number }): Generator<void, unknown> {
    spent.count += costOfValue
    if (typeof whole === "string") {
      if (isClean(whole)) return whole
      spent.count += whole.length
      const spans = whole.length > piece ? yield* seek(whole) : toEnd(seek(whole))
      if (spent.count >= slice) {
        spent.count = 0
        yield
      }
      return spans.length === 0 ? whole : replaceSpans(whole, spans)
    }
    if (typeof whole === "number") return number(whole)
    if (typeof whole !== "object" || whole === null || grams === null) return whole
    if (spent.count >= slice) {
      spent.count = 0
      yield
    }
    if (Array.isArray(whole)) {
      let changed: Array<unknown> | null = null
      for (let i = 0; i < whole.length; i++) {
        const before: unknown = whole[i]
        spent.count += costOfValue
        const after = stays(before) ? before : typeof before === "number" ? number(before) : yield* walk(before, spent)
        if (after !== before) (changed ??= [...whole])[i] = after
      }
      return changed ?? whole
    }
    const names = Object.keys(whole)
    let changed: Array<readonly [unknown, unknown]> | null = null
    for (let i = 0; i < names.length; i++) {
      const name = names[i] ?? ""
      const inner: unknown = Reflect.get(whole, name)
      spent.count += costOfValue
      const after = [
        isClean(name) ? name : yield* walk(name, spent),
        stays(inner) ? inner : yield* walk(inner, spent)
      ] as const
      if (changed === null && (after[0] !== name || after[1] !== inner)) {
        changed = names.slice(0, i).map((before) => [before, Reflect.get(whole, before)])
      }
      changed?.push(after)
    }
    // Defines each name, so that `__proto__` stays plain data.
    return changed === null ? whole : Object.fromEntries(changed)
  }

  const slices = (whole: unknown): Generator<void, unknown> => {
    if (!current) compile()
    return walk(whole, { count: 0 })
  }

  return {
    learn: (credential) => {
      // Hiding a part of the mark would hide it again each time.
      if (credential === latest || credential === "" || mark.includes(credential.toLowerCase())) return
      latest = credential
      if (seen.delete(credential)) {
        seen.add(credential)
        return
      }
      seen.add(credential)
      for (const oldest of seen) {
        if (seen.size <= remembered) break
        seen.delete(oldest)
      }
      current = false
    },
    text: (text) => {
      const scrubbed = data(text)
      return words === null ? scrubbed : scrubbed.replace(words, mark)
    },
    data,
    value: (whole) => toEnd(slices(whole)),
    slices,
    finds: (text, least = 0) => spansOf(text).some(({ size }) => size >= least)
  }
}

/**
 * The scrubber of this process. It learns every credential that any client of any vendor is given, so a key that one
 * vendor or a plan repeats is found whoever it belongs to.
 *
 * @category constructors
 * @since 0.1.1
 */
export const ofProcess: Scrubber = make()
