/** The quick walk reads exactly what the careful decoder reads without a word, and leaves everything else to it. */
import { assert, describe, it } from "@effect/vitest"
import * as Fast from "../../src/vendor/internal/wireFast.ts"
import * as wire from "../../src/vendor/internal/wireSchema.ts"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const Inner = Wire.open({ name: Wire.words(5), note: Schema.optionalKey(Schema.NullOr(Wire.text(3))) })

const Answer = Wire.open({
  id: Schema.String,
  word: Schema.Literals(["done", "cut"]),
  score: Wire.decides(Wire.percent),
  rate: Schema.optionalKey(Schema.Finite),
  at: Schema.optionalKey(Wire.time),
  scale: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
  inner: Schema.optionalKey(Inner),
  maybe: Schema.optionalKey(Schema.NullOr(Inner)),
  list: Wire.sieve(Inner),
  last: Schema.optionalKey(Wire.last(2, Schema.Boolean)),
  counts: Schema.optionalKey(Schema.Record(Schema.String, Wire.count)),
  any: Schema.optionalKey(Schema.Unknown),
  raw: Schema.optionalKey(Wire.json)
})

const fast = Fast.make(Answer)
const decode = Schema.decodeUnknownResult(Answer, { errors: "all" })
const tidy = wire.tidier(Answer.ast)

const agree = (value: unknown): "fast" | "odd" => {
  const made = fast(value)
  if (made === Fast.odd) return "odd"
  const notes = { endless: false }
  assert.deepStrictEqual(made, Result.getOrThrow(decode(tidy(value, notes))))
  assert.isFalse(notes.endless)
  return "fast"
}

const whole = {
  id: "s-1",
  word: "done",
  score: 71,
  rate: 0.5,
  at: "2026-01-01T00:00:00Z",
  scale: 24,
  inner: { name: "far too long", note: null, more: [null, { a: 1 }] },
  maybe: null,
  list: [{ name: "a" }, { name: "b", note: "long" }],
  last: [true, false, true],
  counts: { high: 2 },
  any: [{ a: null }],
  raw: { a: [1, null] },
  surprise: { deep: [1] }
}

describe("the quick walk", () => {
  it("reads a clean answer as the careful decoder does, with nulls taken out and long texts cut", () => {
    assert.strictEqual(agree(whole), "fast")
    for (const name of Object.keys(whole)) {
      const isNeeded = ["id", "word", "list"].includes(name)
      assert.strictEqual(agree({ ...whole, [name]: null }), isNeeded ? "odd" : "fast", name)
    }
    assert.deepStrictEqual<unknown>(fast({ ...whole, score: null, at: null }), {
      ...Object.fromEntries(Object.entries(whole).filter(([name]) => name !== "score" && name !== "at")),
      inner: { name: "far …", note: null, more: [null, { a: 1 }] },
      list: [{ name: "a" }, { name: "b", note: "lo…" }],
      last: [false, true]
    })
  })

  it("leaves to the careful decoder whatever is wrong, endless, too deep or named like a prototype", () => {
    let deep: unknown = 1
    for (let n = 0; n < 120; n++) deep = [deep]
    const all: ReadonlyArray<readonly [string, unknown]> = [
      ["id", 5],
      ["word", "Done"],
      ["score", 101],
      ["rate", Infinity],
      ["at", "yesterday"],
      ["scale", []],
      ["inner", { name: " " }],
      ["maybe", []],
      ["list", [{}]],
      ["last", ["x"]],
      ["counts", { high: -1 }],
      ["raw", [Number.NaN]],
      ["surprise", { n: Infinity }],
      ["surprise", deep]
    ]
    for (const [name, value] of all) assert.strictEqual(agree({ ...whole, [name]: value }), "odd", name)
    for (const value of [null, [], "x", 1, {}]) assert.strictEqual(agree(value), "odd")
    assert.strictEqual(agree(JSON.parse(`${JSON.stringify(whole).slice(0, -1)},"__proto__":{"a":1}}`)), "odd")
    assert.deepStrictEqual(
      Wire.reader(Answer)({ ...whole, raw: [Number.NaN] }),
      Result.succeed({
        value: Result.getOrThrow(decode(tidy({ ...whole, raw: [Number.NaN] }, { endless: false }))),
        warnings: ["a number is too large for JSON: null in its place"],
        leftOut: 0
      })
    )
  })

  it.prop(
    "never reads what the careful decoder reads otherwise, whatever one field holds",
    [Schema.Literals(Object.keys(whole)), Schema.Json],
    ([name, value]) => {
      agree({ ...whole, [name]: value })
      agree({ ...whole, inner: { name: "a", [name]: value } })
    }
  )

  it("does not judge a schema that changes what it reads", () => {
    const counted = Fast.make(Schema.Struct({ n: Schema.NumberFromString }))
    assert.strictEqual(counted({ n: "1" }), Fast.odd)
    assert.deepStrictEqual(
      Result.getOrThrow(Wire.reader(Schema.Struct({ n: Schema.NumberFromString }))({ n: "1" })).value,
      {
        n: 1
      }
    )
  })
})
