// Short names for identities. Touches nothing. Law: equal parts give equal names in every run and release.
const mix = (text: string, seed: number): number => {
  let h = seed
  for (let at = 0; at < text.length; at += 1) {
    h = Math.imul(h ^ text.charCodeAt(at), 0x01000193)
    h ^= h >>> 15
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

// Names the same thing the same way in every run; keeps nothing secret and needs not to.
export const hash = (...parts: ReadonlyArray<string>): string => {
  const text = JSON.stringify(parts)
  return [0x811c9dc5, 0x9e3779b9, 0x7f4a7c15, 0x2545f491]
    .map((seed) => mix(text, seed).toString(16).padStart(8, "0"))
    .join("")
}
