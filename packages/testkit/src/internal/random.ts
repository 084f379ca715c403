// Chance with a seed, for simulated vendors. Law: equal seeds give equal vendors on every machine.
import { createHash } from "node:crypto"

/** A seeded source: equal parts give equal draws, on every machine and in whatever order other sources are drawn from. */
export interface Random {
  /** In [0, 1). */
  readonly next: () => number
  /** A whole number in [low, high]. */
  readonly int: (low: number, high: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <const A extends readonly [unknown, ...Array<unknown>]>(items: A) => A[number]
  /** Log-normal around `median`, cut to [low, high]. */
  readonly lognormal: (median: number, sigma: number, low: number, high: number) => number
  readonly text: (alphabet: string, length: number) => string
  readonly uuid: () => string
}

export const make = (...parts: ReadonlyArray<string | number>): Random => {
  const digest = createHash("sha256").update(parts.map(String).join("\u0000")).digest()
  let a = digest.readInt32LE(0)
  let b = digest.readInt32LE(4)
  let c = digest.readInt32LE(8)
  let counter = digest.readInt32LE(12)
  const next = (): number => {
    // sfc32: small, fast, and good enough that neighbouring seeds share nothing.
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 4294967296
  }
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  const text = (alphabet: string, length: number): string => {
    let out = ""
    while (out.length < length) out += alphabet.charAt(int(0, alphabet.length - 1))
    return out
  }
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (items) => items[int(0, items.length - 1)] ?? items[0],
    lognormal: (median, sigma, low, high) => {
      // Box-Muller; 1 - next() keeps the logarithm away from zero.
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
      return Math.min(high, Math.max(low, median * Math.exp(sigma * normal)))
    },
    text,
    uuid: () => {
      const hex = "0123456789abcdef"
      return `${text(hex, 8)}-${text(hex, 4)}-4${text(hex, 3)}-${text("89ab", 1)}${text(hex, 3)}-${text(hex, 12)}`
    }
  }
}
