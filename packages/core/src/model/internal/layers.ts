// A text, what it looks like once one disguise is taken off, and which part of the first text each character comes from.
// `fold`, `escapes` and `encodings` take off a kind of disguise each.

/**
 * One reading of a text. `start(i)` and `end(i)` are where the character `i` begins and ends in the first text.
 */
export interface Layer {
  readonly text: string
  readonly start: (index: number) => number
  readonly end: (index: number) => number
}

/** The text as it is. */
export const first = (text: string, offset: number): Layer => ({
  text,
  start: (index) => offset + index,
  end: (index) => offset + index + 1
})

/** A space or a tab. */
export const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

/** Puts a text together from slices of its parent and from what takes the place of others. */
export class Builder {
  private readonly parts: Array<string> = []
  // Of each part: where it begins here and in the parent, and where what it replaces ends (-1: a slice, sign for sign).
  private readonly at: Array<number> = []
  private readonly from: Array<number> = []
  private readonly to: Array<number> = []
  private length = 0
  private readonly parent: Layer
  /** Up to where the parent was read. */
  read = 0

  constructor(parent: Layer) {
    this.parent = parent
  }

  /** Everything of the parent that was not read yet, up to `end`, as it is. */
  keep(end: number): void {
    if (end > this.read) this.add(this.parent.text.slice(this.read, end), this.read, -1)
    this.read = end
  }

  /** What stands in the parent from where it was read up to `end` becomes `text`. */
  replace(text: string, end: number): void {
    if (text !== "") this.add(text, this.read, end)
    this.read = end
  }

  /** Takes blanks off the end of what was built. */
  trimEnd(): void {
    for (let last = this.parts.length - 1; last >= 0; last--) {
      const part = this.parts[last] ?? ""
      let end = part.length
      while (end > 0 && isBlank(part.charCodeAt(end - 1))) end--
      const trimmed = part.slice(0, end)
      this.length -= part.length - trimmed.length
      this.parts[last] = trimmed
      if (trimmed !== "") return
      this.parts.pop()
      this.at.pop()
      this.from.pop()
      this.to.pop()
    }
  }

  build(): Layer {
    this.keep(this.parent.text.length)
    const { at, from, parent, to } = this
    const partOf = (index: number): number => {
      let low = 0
      let high = at.length - 1
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if ((at[middle] ?? 0) <= index) low = middle
        else high = middle - 1
      }
      return low
    }
    return {
      text: this.parts.join(""),
      start: (index) => {
        const part = partOf(index)
        const begin = from[part] ?? 0
        return parent.start(to[part] === -1 ? begin + index - (at[part] ?? 0) : begin)
      },
      end: (index) => {
        const part = partOf(index)
        const end = to[part] ?? -1
        return parent.end(end === -1 ? (from[part] ?? 0) + index - (at[part] ?? 0) : end - 1)
      }
    }
  }

  private add(text: string, from: number, to: number): void {
    this.parts.push(text)
    this.at.push(this.length)
    this.from.push(from)
    this.to.push(to)
    this.length += text.length
  }
}
