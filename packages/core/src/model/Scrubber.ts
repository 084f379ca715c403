/**
 * Replaces every credential it was shown by a mark, in whatever common disguise somebody repeats it.
 *
 * A text is decoded, then compared. Up to four disguises are undone, one on top of the other, in any order:
 *
 * - invisible characters (control, zero-width, direction and format characters, terminal sequences, accents and
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
import * as Credentials from "./internal/credentials.ts"
import * as Fold from "./internal/fold.ts"

/**
 * - `learn`: from now on this credential is replaced. The last 1 024 different ones are remembered.
 * - `text`: for messages and logs.
 * - `data`: for the texts inside an answer.
 * - `value`: for a whole JSON value: its texts, the names in it, and numbers that are a credential of digits. What needs
 *   no change is given back as it is.
 * - `slices`: what `value` does, in slices of some milliseconds: the iterator stops after each, and ends with the value.
 * - `literal`: for finished documents: credentials of at least eight characters that stand there as they are, or as JSON, markup or
 *   an address write them. It undoes no disguise and costs next to nothing.
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
  readonly literal: (text: string) => string
  readonly finds: (text: string, least?: number) => boolean
}

/**
 * What stands where a credential stood.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mark = "<redacted>"

// The same where the syntax around it is not known: it means nothing in any.
const plainMark = "[redacted]"
const leastWritten = 8
const remembered = 1_024
// Names and values repeat from poll to poll and from scan to scan: these many short texts are looked at once.
const rememberedClean = 4_096
const longestClean = 512
// A long text is read in pieces, so that it needs no more memory or time at once than a piece and what it shares with the next:
// a credential whose disguises make it a hundred times as long stands whole in one of the two.
const piece = 32 * 1024
const longestShared = 64 * 1024
const growth = 100
// After so many characters others have their turn; a value costs as much as some characters, whatever it is.
const slice = 32 * 1024
const costOfValue = 16

const replaceSpans = (text: string, found: ReadonlyArray<Credentials.Span>): string => {
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

// The last credentials that were learned, what they were compiled to, and the texts in which none of them was found.
class Learned {
  // In order of their last use, oldest first.
  private readonly seen = new Set<string>()
  private latest: string | null = null
  private compiled: Credentials.Credentials | null = Credentials.none
  private readonly clean = new Set<string>()
  private forms: ReadonlyArray<string> | null = null

  get credentials(): Credentials.Credentials {
    if (this.compiled !== null) return this.compiled
    this.clean.clear()
    return (this.compiled = Credentials.compile(this.seen))
  }

  learn(credential: string): void {
    // Hiding a part of the mark would hide it again each time.
    if (credential === this.latest || credential === "" || mark.includes(credential.toLowerCase())) return
    this.latest = credential
    if (this.seen.delete(credential)) {
      this.seen.add(credential)
      return
    }
    this.seen.add(credential)
    for (const oldest of this.seen) {
      if (this.seen.size <= remembered) break
      this.seen.delete(oldest)
    }
    this.compiled = null
    this.forms = null
  }

  // The credentials as documents write them, the longest first. One of digits may be a number of the document's own.
  get written(): ReadonlyArray<string> {
    return (this.forms ??= [...this.seen]
      .filter((credential) => credential.length >= leastWritten && /\D/.test(credential))
      .flatMap(Credentials.written)
      .toSorted((a, b) => b.length - a.length))
  }

  isClean(text: string): boolean {
    const { grams } = this.credentials
    return grams === null || Fold.isPlainAndShorter(text, grams.shortest) || this.clean.has(text)
  }

  // Where credentials stand in a text; stops after each piece of it.
  *seek(text: string): Generator<void, ReadonlyArray<Credentials.Span>> {
    const found: Array<Credentials.Span> = []
    const overlap = Math.min(longestShared, Math.max(1_024, this.credentials.longest * growth))
    const step = Math.max(piece, overlap)
    for (let at = 0; at < text.length; at += step) {
      // A credential may be learned meanwhile.
      const { grams } = this.credentials
      if (grams === null) return found
      const part = text.length <= step + overlap ? text : text.slice(at, at + step + overlap)
      if (!Credentials.search(grams, part, at, found)) return [{ from: 0, to: text.length, size: text.length }]
      if (part.length === text.length) break
      yield
    }
    if (found.length === 0 && text.length <= longestClean) {
      if (this.clean.size >= rememberedClean) this.clean.clear()
      this.clean.add(text)
    }
    return found
  }
}

const numberIn = ({ credentials: { numbers } }: Learned, value: number): unknown => {
  if (numbers.size === 0) return value
  if (numbers.has(value)) return mark
  const text = String(value)
  for (const credential of numbers.values()) if (text.includes(credential)) return mark
  return value
}

// What needs no walk, as most values do.
const stays = (learned: Learned, value: unknown): boolean => {
  if (typeof value === "string") return learned.isClean(value)
  return value === null || (typeof value !== "object" && typeof value !== "number")
}

// `spent` is what was looked at since the last stop.
function* walk(learned: Learned, whole: unknown, spent: { count: number }): Generator<void, unknown> {
  spent.count += costOfValue
  if (typeof whole === "string") {
    if (learned.isClean(whole)) return whole
    spent.count += whole.length
    const spans = whole.length > piece ? yield* learned.seek(whole) : toEnd(learned.seek(whole))
    if (spent.count >= slice) {
      spent.count = 0
      yield
    }
    return spans.length === 0 ? whole : replaceSpans(whole, spans)
  }
  if (typeof whole === "number") return numberIn(learned, whole)
  if (typeof whole !== "object" || whole === null || learned.credentials.grams === null) return whole
  if (spent.count >= slice) {
    spent.count = 0
    yield
  }
  if (Array.isArray(whole)) {
    let changed: Array<unknown> | null = null
    for (let i = 0; i < whole.length; i++) {
      const before: unknown = whole[i]
      spent.count += costOfValue
      const after = stays(learned, before)
        ? before
        : typeof before === "number"
          ? numberIn(learned, before)
          : yield* walk(learned, before, spent)
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
      learned.isClean(name) ? name : yield* walk(learned, name, spent),
      stays(learned, inner) ? inner : yield* walk(learned, inner, spent)
    ] as const
    if (changed === null && (after[0] !== name || after[1] !== inner)) {
      changed = names.slice(0, i).map((before) => [before, Reflect.get(whole, before)])
    }
    changed?.push(after)
  }
  // Defines each name, so that `__proto__` stays plain data.
  return changed === null ? whole : Object.fromEntries(changed)
}

/**
 * A scrubber that has seen nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Scrubber => {
  const learned = new Learned()
  const spansOf = (text: string): ReadonlyArray<Credentials.Span> =>
    learned.isClean(text) ? [] : toEnd(learned.seek(text))
  const data = (text: string): string => {
    const spans = spansOf(text)
    return spans.length === 0 ? text : replaceSpans(text, spans)
  }
  const slices = (whole: unknown): Generator<void, unknown> => walk(learned, whole, { count: 0 })
  return {
    learn: (credential) => learned.learn(credential),
    text: (text) => {
      const scrubbed = data(text)
      const { words } = learned.credentials
      return words === null ? scrubbed : scrubbed.replace(words, mark)
    },
    data,
    value: (whole) => toEnd(slices(whole)),
    slices,
    literal: (text) => {
      let out = text
      for (const written of learned.written) if (out.includes(written)) out = out.replaceAll(written, plainMark)
      return out
    },
    finds: (text, least = 0) => spansOf(text).some(({ size }) => size >= least)
  }
}

/**
 * The scrubber of this process. It learns every credential that any client of any vendor is given, so a key that one
 * vendor or a plan repeats is found no matter whose it is.
 *
 * @category constructors
 * @since 0.1.1
 */
export const ofProcess: Scrubber = make()
