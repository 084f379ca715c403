/**
 * Finds any of many words in a text, in time that does not depend on how many there are.
 *
 * Every word holds four characters in a row at one of the first places of it; the text is probed at every n-th place only,
 * with n so that no word fits between two probes.
 *
 * @since 0.1.1
 */

interface Place {
  readonly word: string
  readonly offset: number
}

/** What is looked for. `shortest` is the length of the shortest word. */
export interface Grams {
  readonly shortest: number
  readonly stride: number
  readonly places: ReadonlyMap<number, ReadonlyArray<Place>>
  readonly filter: Uint8Array
}

const bits = 16

const hashAt = (text: string, at: number): number => {
  const low = (text.charCodeAt(at) << 16) ^ text.charCodeAt(at + 1)
  const high = (text.charCodeAt(at + 2) << 16) ^ text.charCodeAt(at + 3)
  return (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> (32 - bits)
}

/** Words of at least four characters. */
export const make = (words: Iterable<string>): Grams => {
  const all = Array.from(words)
  const shortest = all.reduce((least, word) => Math.min(least, word.length), Number.MAX_SAFE_INTEGER)
  const stride = shortest - 3
  const places = new Map<number, Array<Place>>()
  const filter = new Uint8Array(1 << bits)
  for (const word of all) {
    for (let offset = 0; offset < stride; offset++) {
      const hash = hashAt(word, offset)
      filter[hash] = 1
      const known = places.get(hash)
      if (known === undefined) places.set(hash, [{ word, offset }])
      else known.push({ word, offset })
    }
  }
  return { shortest, stride, places, filter }
}

/** Where words stand in the text; of several that overlap each is told. */
export function* search(
  grams: Grams,
  text: string
): Generator<{ readonly start: number; readonly length: number }, void, undefined> {
  const { filter, places, stride } = grams
  for (let at = 0; at + 4 <= text.length; at += stride) {
    const hash = hashAt(text, at)
    if (filter[hash] === 0) continue
    for (const { offset, word } of places.get(hash) ?? []) {
      if (text.startsWith(word, at - offset) && at >= offset) yield { start: at - offset, length: word.length }
    }
  }
}
