import { assert, describe, it } from "@effect/vitest"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Each kind of field, as a schema and as the reader for single fields has it. */
const kinds: Readonly<Record<(typeof Fields.Type)[number]["kind"], readonly [Wire.Codec, WireFields.Reader<unknown>]>> =
  {
    text: [Wire.text(5000), WireFields.text],
    words: [Wire.words(5000), WireFields.nonEmptyText],
    count: [Wire.count, WireFields.count],
    finite: [Schema.Finite, WireFields.finite],
    flag: [Schema.Boolean, WireFields.flag],
    list: [Schema.Array(Schema.Unknown), WireFields.list],
    oneOf: [Schema.Literals(["pass", "fail"]), WireFields.oneOf(["pass", "fail"])]
  }

// Undefined stands for a field that is not there.
const values: ReadonlyArray<unknown> = [
  undefined,
  null,
  "",
  " ",
  "pass",
  "word",
  "x".repeat(4001),
  0,
  1,
  -1,
  0.5,
  2 ** 60,
  true,
  [],
  [1],
  {},
  { a: 1 }
]

const Fields = Schema.Array(
  Schema.Struct({
    kind: Schema.Literals(["text", "words", "count", "finite", "flag", "list", "oneOf"]),
    optional: Schema.Boolean,
    value: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: values.length - 1 })),
    name: Schema.Literals(["a", "b", "c", "d", "e"])
  })
)

describe("an answer is read by a schema", () => {
  it.prop(
    "field by field as the reader of single fields reads it, and names them in the same words",
    [Fields],
    ([all]) => {
      const unique = Array.from(new Map(all.map((field) => [field.name, field])).values())
      const body: WireFields.WireRecord = Object.fromEntries(
        unique.flatMap(({ name, value }) => (values[value] === undefined ? [] : [[name, values[value]]]))
      )
      const schema = Schema.Struct(
        Object.fromEntries(
          unique.map(({ kind, name, optional }) => {
            const [codec] = kinds[kind]
            return [name, optional ? Schema.optionalKey(codec) : codec]
          })
        )
      )
      const warnings: Array<string> = []
      const expected: Array<readonly [string, unknown]> = []
      const failures: Array<string> = []
      for (const { kind, name, optional } of unique) {
        const [, reader] = kinds[kind]
        if (optional) {
          const read = WireFields.optional(body, name, reader, warnings)
          if (read !== null) expected.push([name, read])
        } else {
          const read = WireFields.required(body, name, reader)
          if (Result.isSuccess(read)) expected.push([name, read.success])
          else failures.push(read.failure)
        }
      }
      const seen = Wire.reader(schema)(body)
      if (failures.length > 0) assert.include(failures, Result.getOrThrow(Result.flip(seen)))
      else {
        const { value, warnings: said } = Result.getOrThrow(seen)
        assert.deepStrictEqual(value, Object.fromEntries(expected))
        assert.sameMembers([...said], warnings)
      }
    },
    { arbitrary: { runs: 2000 } }
  )

  const read = Wire.reader(
    Schema.Struct({
      id: Schema.String,
      result: Schema.optionalKey(
        Wire.open({ score: Wire.decides(Wire.percent), grade: Schema.optionalKey(Wire.words(8)) })
      ),
      checks: Schema.optionalKey(
        Wire.sieve(Schema.Struct({ name: Wire.words(), note: Schema.optionalKey(Wire.text()) }))
      ),
      events: Schema.optionalKey(Wire.last(2, Schema.Struct({ at: Wire.time }))),
      counts: Schema.optionalKey(Schema.Record(Schema.String, Wire.count))
    })
  )
  const ok = (input: unknown) => Result.getOrThrow(read(input))
  const why = (input: unknown) => Result.getOrThrow(Result.flip(read(input)))

  it("and nulls in optional keys are absent, at any depth", () => {
    assert.deepStrictEqual(
      ok({
        id: "1",
        result: { score: null, grade: null, extra: null },
        checks: [{ name: "a", note: null }],
        counts: null
      }),
      { value: { id: "1", result: { extra: null }, checks: [{ name: "a" }] }, warnings: [], leftOut: 0 }
    )
  })

  it("and what is wrong leaves out the innermost thing that may be missing, named and never quoted", () => {
    const seen = ok({
      id: "1",
      result: { grade: 5, more: ["kept", Infinity] },
      checks: [{ name: "a" }, { name: 7, secret: "sk-live" }, "x", { name: "b", note: 3 }],
      counts: { low: 1, high: -1, "sk-live": "x" }
    })
    assert.deepStrictEqual(seen.value, {
      id: "1",
      result: { more: ["kept", null] },
      checks: [{ name: "a" }, { name: "b" }],
      counts: { low: 1 }
    })
    assert.deepStrictEqual(seen.leftOut, 2)
    assert.sameMembers(
      [...seen.warnings],
      [
        "a number is too large for JSON: null in its place",
        "result.grade is not a text that is not empty: left out",
        "checks[3].note is not a text: left out",
        "counts.high is not a whole number from 0: left out",
        "counts.sk-live is not a whole number from 0: left out",
        "checks: 2 entries left out, such as one in which name is not a text that is not empty"
      ]
    )
  })

  it("and a needed field that is missing or wrong makes it unreadable", () => {
    assert.strictEqual(why({}), "id is missing")
    assert.strictEqual(why({ id: null }), "id is missing")
    assert.strictEqual(why({ id: 1 }), "id is not a text")
    assert.strictEqual(why([]), "the answer is not an object")
    assert.strictEqual(why(null), "the answer is not an object")
  })

  it("and a wrong value of a field that decides is never left out, nor hidden by leaving out what is around it", () => {
    assert.strictEqual(why({ id: "1", result: { score: "71" } }), "result.score is not a whole number from 0 to 100")
    assert.strictEqual(why({ id: "1", result: { score: 101 } }), "result.score is not a whole number from 0 to 100")
    assert.deepStrictEqual(ok({ id: "1", result: {} }).value, { id: "1", result: {} })
  })

  it("and only the end of a long list is read", () => {
    const at = (minute: number) => ({ at: `2026-01-01T00:0${minute}:00Z` })
    assert.deepStrictEqual(ok({ id: "1", events: ["odd", at(1), at(2)] }), {
      value: { id: "1", events: [at(1), at(2)] },
      warnings: [],
      leftOut: 0
    })
    assert.deepStrictEqual(ok({ id: "1", events: [at(1), "odd", at(2)] }).value, { id: "1", events: [at(2)] })
  })

  it("and texts are cut, where half a character would remain before it", () => {
    assert.deepStrictEqual(ok({ id: "1", result: { grade: "abcdefghij" } }).value.result?.grade, "abcdefg…")
    assert.deepStrictEqual(ok({ id: "1", result: { grade: "abcdef\u{1F600}x" } }).value.result?.grade, "abcdef…")
  })

  it("and names that mean something to JavaScript are plain data", () => {
    const body: unknown = JSON.parse(`{"id":"1","result":{"__proto__":{"x":1},"constructor":2,"grade":null}}`)
    const { result } = ok(body).value
    assert.deepStrictEqual(Object.entries(result ?? {}), [
      ["__proto__", { x: 1 }],
      ["constructor", 2]
    ])
    assert.strictEqual(Reflect.get({}, "x"), undefined)
  })

  it("and a thousand wrong entries are one warning", () => {
    const { leftOut, warnings } = ok({ id: "1", checks: Array.from({ length: 1000 }, () => ({})) })
    assert.deepStrictEqual(
      [leftOut, warnings],
      [1000, ["checks: 1000 entries left out, such as one in which name is missing"]]
    )
  })
})
