/**
 * Reads single fields of a vendor's answer: tolerant where the vendor may leave something out, never guessing.
 *
 * Three rules hold for every field. Absent and `null` are the same. Nothing is coerced: a number in quotes is not a
 * number. An optional field of the wrong type is left out and noted, and never changes a verdict. A note names the field
 * and what was expected, never the value: a vendor may repeat a credential anywhere.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/**
 * A JSON object whose fields have not been read yet.
 *
 * @category models
 * @since 0.1.0
 */
export type WireRecord = Readonly<Record<string, unknown>>

/**
 * Reads one kind of value. `read` gives null for every other; `expected` names the kind, as in "a text".
 *
 * @category models
 * @since 0.1.0
 */
export interface Reader<out A> {
  readonly expected: string
  readonly read: (value: unknown) => A | null
}

/**
 * Whether a value is a JSON object: not null, not a list.
 *
 * @category guards
 * @since 0.1.0
 */
export const isRecord = (value: unknown): value is WireRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

// How nearly all vendors write times: the engine's own parser reads these in a tenth of the time.
const usualTime =
  /^(?:19[7-9]\d|2\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z$/

const dayMillis = 24 * 60 * 60 * 1000

/**
 * Milliseconds since 1970, UTC, of an RFC 3339 date and time; null for everything else.
 *
 * **Details**
 *
 * The zone is required and the day must exist: 30 February, a time without a zone, a bare date, `"0"` and numbers are
 * null. Fractions of a second are cut to milliseconds. A leap second counts as the first moment of the next day. Times
 * before 1970 are null too: no scan ran then, and the year 1 is how some servers write "never".
 *
 * @category constructors
 * @since 0.1.0
 */
export const timestamp = (value: unknown): number | null => {
  if (typeof value !== "string") return null
  if (usualTime.test(value)) return Date.parse(value)
  const parts = rfc3339.exec(value)
  if (parts === null) return null
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) => Number(parts[group]))
  if (
    year === undefined ||
    month === undefined ||
    day === undefined ||
    hour === undefined ||
    minute === undefined ||
    second === undefined
  ) {
    return null
  }
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return null
  const midnight = Date.UTC(year, month - 1, day)
  if (day < 1 || new Date(midnight).getUTCMonth() !== month - 1) return null
  const offsetHours = Number(parts[9] ?? 0)
  const offsetMinutes = Number(parts[10] ?? 0)
  if (offsetHours > 23 || offsetMinutes > 59) return null
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000 * (parts[8] === "-" ? -1 : 1)
  const whole = midnight + ((hour * 60 + minute) * 60 + second) * 1000 - offset
  if (second === 60 && whole % dayMillis !== 0) return null
  const millis = second === 60 ? 0 : Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3))
  const at = whole + millis
  return at < 0 ? null : at
}

/**
 * Any text, the empty one included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text: Reader<string> = {
  expected: "a text",
  read: (value) => (typeof value === "string" ? value : null)
}

/**
 * A text with at least one character that is not white space.
 *
 * @category constructors
 * @since 0.1.0
 */
export const nonEmptyText: Reader<string> = {
  expected: "a text that is not empty",
  read: (value) => (typeof value === "string" && value.trim() !== "" ? value : null)
}

/**
 * `true` or `false`, not a text or a number that looks like one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const flag: Reader<boolean> = {
  expected: "true or false",
  read: (value) => (typeof value === "boolean" ? value : null)
}

/**
 * A finite number.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finite: Reader<number> = {
  expected: "a number",
  read: (value) => (typeof value === "number" && Number.isFinite(value) ? value : null)
}

/**
 * A whole number that a double holds exactly.
 *
 * @category constructors
 * @since 0.1.0
 */
export const integer: Reader<number> = {
  expected: "a whole number",
  read: (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value : null)
}

/**
 * How many: a whole number from 0.
 *
 * @category constructors
 * @since 0.1.0
 */
export const count: Reader<number> = {
  expected: "a whole number from 0",
  read: (value) => (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null)
}

/**
 * A point in time, read by `timestamp`: milliseconds since 1970, UTC.
 *
 * @category constructors
 * @since 0.1.0
 */
export const time: Reader<number> = { expected: "an RFC 3339 time with a zone", read: timestamp }

/**
 * A JSON object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const record: Reader<WireRecord> = {
  expected: "an object",
  read: (value) => (isRecord(value) ? value : null)
}

/**
 * A JSON list.
 *
 * @category constructors
 * @since 0.1.0
 */
export const list: Reader<ReadonlyArray<unknown>> = {
  expected: "a list",
  read: (value) => (Array.isArray(value) ? value : null)
}

/**
 * A list in which every entry is of one kind.
 *
 * @category constructors
 * @since 0.1.0
 */
export const listOf = <A>(entry: Reader<A>): Reader<ReadonlyArray<A>> => ({
  expected: `a list in which every entry is ${entry.expected}`,
  read: (value) => {
    if (!Array.isArray(value)) return null
    const out: Array<A> = []
    for (const item of value) {
      const read = entry.read(item)
      if (read === null) return null
      out.push(read)
    }
    return out
  }
})

/**
 * One of some words, compared exactly.
 *
 * @category constructors
 * @since 0.1.0
 */
export const oneOf = <const Word extends string>(words: ReadonlyArray<Word>): Reader<Word> => ({
  expected: `one of ${words.join(", ")}`,
  read: (value) => words.find((word) => word === value) ?? null
})

// Only what the body itself holds: a field is never taken from a prototype.
const own = (from: WireRecord, name: string): unknown => (Object.hasOwn(from, name) ? (from[name] ?? null) : null)

/**
 * Reads an optional field: null when it is absent, null or of another kind. The last case is noted in `warnings`, with
 * `inside` (such as `"company."`) before the name.
 *
 * @category destructors
 * @since 0.1.0
 */
export const optional = <A>(
  from: WireRecord,
  name: string,
  reader: Reader<A>,
  warnings: Array<string>,
  inside = ""
): A | null => {
  const value = own(from, name)
  if (value === null) return null
  const read = reader.read(value)
  if (read === null) warnings.push(`${inside}${name} is not ${reader.expected}: left out`)
  return read
}

/**
 * Reads a field that has to be there; the failure says in words what is wrong with it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const required = <A>(
  from: WireRecord,
  name: string,
  reader: Reader<A>,
  inside = ""
): Result.Result<A, string> => {
  const value = own(from, name)
  if (value === null) return Result.fail(`${inside}${name} is missing`)
  const read = reader.read(value)
  return read === null ? Result.fail(`${inside}${name} is not ${reader.expected}`) : Result.succeed(read)
}

/**
 * At most `max` characters (default 1000) of a text, the last of them an ellipsis when something was cut. Scrub first:
 * half a credential is not found any more.
 *
 * @category combinators
 * @since 0.1.0
 */
export const cut = (value: string, max = 1000): string => {
  if (value.length <= max) return value
  const end = max - 1
  const last = value.charCodeAt(end - 1)
  // Half a surrogate pair is not a character, and some stores refuse it.
  return `${value.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`
}
