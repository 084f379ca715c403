/** Numbers that look random and come from a seed: the same seed gives the same case, on every machine. */

export interface Chance {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from 0 to below `below`. */
  readonly below: (below: number) => number
  /** True once in `in_` times. */
  readonly once: (in_: number) => boolean
  readonly pick: <A>(from: readonly [A, ...Array<A>] | ReadonlyArray<A>) => A
}

/** The generator is sfc32, its state made from the seed and a word, so that two targets share no sequence. */
export const make = (seed: number, word = ""): Chance => {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88 ^ seed, 0xb7e15162 ^ Math.floor(seed / 2 ** 32), 1]
  const step = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < word.length; i++) a = Math.imul(a ^ word.charCodeAt(i), 0x01000193)
  for (let i = 0; i < 12; i++) step()
  const below = (bound: number): number => Math.floor((step() / 2 ** 32) * bound)
  return {
    next: () => step() / 2 ** 32,
    below,
    once: (in_) => below(in_) === 0,
    pick: (from) => {
      const found = from[below(from.length)]
      if (found === undefined) throw new RangeError("nothing to pick from")
      return found
    }
  }
}
