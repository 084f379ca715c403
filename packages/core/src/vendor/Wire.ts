/**
 * Reads a vendor's answer with an ordinary Effect Schema, by the project's rules.
 *
 * The rules are not combinators but a way to run any schema: `Schema.optionalKey` is what tells "needed" from "may be
 * absent". A needed field that is missing or wrong makes the answer unreadable, named by its path. A wrong value inside
 * something optional (a key, an entry of a record, an entry of a `sieve`) leaves the innermost of these out, with a
 * warning. Null and absent are the same. Nothing is coerced. A warning names the field and what was expected, never the
 * value: a vendor may repeat a key anywhere.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as WireFields from "../http/WireFields.ts"
import * as Fast from "./internal/wireFast.ts"
import { flatten } from "./internal/wireIssues.ts"
import * as wire from "./internal/wireSchema.ts"

/**
 * A schema that needs no services: what answers are read with.
 *
 * @category models
 * @since 0.2.0
 */
export type Codec<A = unknown> = Schema.Codec<A, unknown>

/**
 * What was read. `warnings` names what had to be left out; `leftOut` counts the entries of lists among it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading<out A> {
  readonly value: A
  readonly warnings: ReadonlyArray<string>
  readonly leftOut: number
}

/**
 * Reads one answer. `inside` is put before the names of fields in messages, as in `"result."`. A failure says in words
 * which field makes the answer unreadable.
 *
 * @category models
 * @since 0.2.0
 */
export type Reader<out A> = (input: unknown, inside?: string) => Result.Result<Reading<A>, string>

/**
 * The way to a value inside a JSON body, such as `["data", "id"]`.
 *
 * @category models
 * @since 0.2.0
 */
export type Place = ReadonlyArray<string | number>

const described = (words: string) => ({ [wire.annotation.words]: words, expected: words })

/**
 * A text of any length, of which `max` characters are kept (default 4000).
 *
 * @category schemas
 * @since 0.2.0
 */
export const text = (max = 4000) => Schema.String.annotate({ [wire.annotation.max]: max })

const texts = (expected: string, is: (text: string) => boolean, max?: number) =>
  Schema.String.annotate({ ...described(expected), [wire.annotation.max]: max }).check(
    Schema.makeFilter(is, described(expected))
  )

const numbers = (expected: string, is: (n: number) => boolean) =>
  Schema.Number.annotate(described(expected)).check(Schema.makeFilter(is, described(expected)))

/**
 * A text that is not blank, of which `max` characters are kept (default 4000).
 *
 * @category schemas
 * @since 0.2.0
 */
export const words = (max = 4000) => texts(WireFields.nonEmptyText.expected, (text) => text.trim() !== "", max)

/**
 * How many: a whole number from 0.
 *
 * @category schemas
 * @since 0.2.0
 */
export const count = numbers(WireFields.count.expected, (n) => Number.isSafeInteger(n) && n >= 0)

/**
 * Any number. One that is too large for JSON is absent, with a warning, also where a field `decides`: for a number that no
 * verdict depends on.
 *
 * @category schemas
 * @since 0.2.0
 */
export const number = Schema.Number.annotate({ [wire.annotation.endless]: true })

/**
 * A whole number from 0 to 100.
 *
 * @category schemas
 * @since 0.2.0
 */
export const percent = numbers("a whole number from 0 to 100", (n) => Number.isSafeInteger(n) && n >= 0 && n <= 100)

/**
 * An RFC 3339 time with a zone. It stays the vendor's text.
 *
 * @category schemas
 * @since 0.2.0
 */
export const time = texts(WireFields.time.expected, (text) => WireFields.timestamp(text) !== null)

/**
 * A field that may be absent, but must be right when it is there: a wrong verdict is never left out.
 *
 * @category combinators
 * @since 0.2.0
 */
export const decides = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(schema).pipe(Schema.annotateKey({ [wire.annotation.decides]: true }))

/**
 * JSON, of which nothing else is known.
 *
 * @category schemas
 * @since 0.2.0
 */
export const json: Schema.Codec<Schema.Json> = Schema.Json.annotate({ [wire.annotation.plain]: true })

// `Json` as its type would refuse optional fields beside it in a program without exactOptionalPropertyTypes.
const unknown: Schema.Codec<unknown> = json

/**
 * An object whose unknown fields are kept as plain JSON.
 *
 * @category combinators
 * @since 0.2.0
 */
export const open = <const F extends Schema.Struct.Fields>(fields: F) =>
  Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, unknown)])

/**
 * A list of which entries that cannot be read are left out, counted in one warning.
 *
 * @category combinators
 * @since 0.2.0
 */
export const sieve = <S extends Schema.Top>(entry: S) => Schema.Array(entry).annotate({ [wire.annotation.sieve]: true })

/**
 * As `sieve`, of the last `max` entries alone.
 *
 * @category combinators
 * @since 0.2.0
 */
export const last = <S extends Schema.Top>(max: number, entry: S) =>
  Schema.Array(entry).annotate({ [wire.annotation.sieve]: true, [wire.annotation.last]: max })

const show = (path: wire.Path): string =>
  path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}${text === "" ? "" : "."}${String(step)}`),
    ""
  )

interface Lists {
  readonly [list: string]: { readonly count: number; readonly words: string }
}

// Each round leaves out what hid the next error; a schema nests no deeper than this.
const rounds = 8

/** One round of leaving out: what to cut from `value` and what to say about it, or the field that must be there. */
const round = (
  ast: Schema.Top["ast"],
  value: unknown,
  issue: SchemaIssue.Issue,
  inside: string
): Result.Result<
  { readonly cuts: wire.Cuts; readonly warnings: ReadonlyArray<string>; readonly count: number },
  string
> => {
  const cuts = wire.cuts()
  const warnings: Array<string> = []
  let lists: Lists = {}
  let count = 0
  for (const { message, path } of flatten(issue)) {
    const name = `${inside}${show(path)}`
    const isNull = (wire.at(value, path) ?? null) === null
    // A needed field that is null is missing.
    const what = isNull ? "is missing" : message
    const end = wire.leavable(ast, path, isNull)
    if (end === 0) return Result.fail(path.length === 0 ? `the answer ${message}` : `${name} ${what}`)
    const target = path.slice(0, end)
    const isEntry = typeof target.at(-1) === "number"
    const fresh = wire.cut(cuts, target)
    if (!fresh || (!isEntry && (wire.at(value, target) ?? null) === null)) continue
    if (isEntry) {
      count++
      const list = show(target.slice(0, -1))
      const words = end === path.length ? `it ${message}` : `${show(path.slice(end))} ${what}`
      lists = { ...lists, [list]: { count: (lists[list]?.count ?? 0) + 1, words: lists[list]?.words ?? words } }
    } else if (end === path.length) warnings.push(`${name} ${message}: left out`)
    else warnings.push(`${name} ${what}: ${inside}${show(target)} left out`)
  }
  for (const [list, { count, words }] of Object.entries(lists)) {
    const entries = count === 1 ? "1 entry" : `${count} entries`
    warnings.push(`${inside}${list}: ${entries} left out, such as one in which ${words}`)
  }
  return Result.succeed({ cuts, warnings, count })
}

/**
 * A reader for a schema. Made once: it looks through the schema.
 *
 * **Example** (What is left out, and what makes an answer unreadable)
 *
 * ```ts
 * import { Wire } from "@scanpoll/core"
 * import { Result, Schema } from "effect"
 *
 * const read = Wire.reader(Schema.Struct({ score: Wire.percent, grade: Schema.optionalKey(Wire.words()) }))
 * Result.getOrThrow(read({ score: 71, grade: 5 })).warnings // => ["grade is not a text that is not empty: left out"]
 * Result.getOrThrow(Result.flip(read({ grade: "B" }))) // => "score is missing"
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const reader = <A>(schema: Codec<A>): Reader<A> => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  const tidy = wire.tidier(schema.ast)
  const fast = Fast.make(schema)
  return (input, inside = "") => {
    const clean = fast(input)
    if (clean !== Fast.odd) return Result.succeed({ value: clean, warnings: [], leftOut: 0 })
    const warnings: Array<string> = []
    const notes = { endless: false }
    let value = tidy(input, notes)
    if (notes.endless) warnings.push("a number is too large for JSON: null in its place")
    let leftOut = 0
    for (let n = 0; n <= rounds; n++) {
      const read = decode(value)
      if (Result.isSuccess(read)) return Result.succeed({ value: read.success, warnings, leftOut })
      const seen = round(schema.ast, value, read.failure.issue, inside)
      if (Result.isFailure(seen)) return Result.fail(seen.failure)
      warnings.push(...seen.success.warnings)
      leftOut += seen.success.count
      value = wire.without(value, seen.success.cuts)
    }
    return Result.fail("the answer is wrong in too many places")
  }
}

/**
 * What is wrong with a value of ours, by field: "must be one of a, b", "is missing".
 *
 * @category destructors
 * @since 0.2.0
 */
export const faults = (issue: SchemaIssue.Issue): ReadonlyArray<{ readonly path: Place; readonly message: string }> =>
  flatten(issue).map(({ message, path }) => ({
    path: path.flatMap((step) => (typeof step === "string" || typeof step === "number" ? [step] : [])),
    message: message.replace(/^is not /, "must be ")
  }))

/**
 * The value at a place, own fields only; null when there is none.
 *
 * @category destructors
 * @since 0.2.0
 */
export const get = (value: unknown, place: Place): unknown => wire.at(value, place) ?? null
