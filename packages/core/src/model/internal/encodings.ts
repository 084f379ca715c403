// Texts that stand inside a text in another encoding: base64 and hexadecimal.
import type { Layer } from "./layers.ts"

const nibbles = new Int8Array(128).fill(-1)
for (let i = 0; i < 16; i++) {
  nibbles["0123456789abcdef".charCodeAt(i)] = i
  nibbles["0123456789ABCDEF".charCodeAt(i)] = i
}

/** The value of a hexadecimal digit, or -1. */
export const nibble = (code: number): number => (code < 128 ? (nibbles[code] ?? -1) : -1)

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
