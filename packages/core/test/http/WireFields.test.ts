import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

describe("timestamp", () => {
  it.each([
    ["2026-04-03T09:01:12Z", Date.UTC(2026, 3, 3, 9, 1, 12)],
    ["2026-04-03t09:01:12z", Date.UTC(2026, 3, 3, 9, 1, 12)],
    ["2026-04-03T09:01:12+00:00", Date.UTC(2026, 3, 3, 9, 1, 12)],
    ["2026-04-03T09:01:12-05:30", Date.UTC(2026, 3, 3, 14, 31, 12)],
    ["2026-04-03T00:30:00+02:00", Date.UTC(2026, 3, 2, 22, 30)],
    ["2026-04-03T09:01:12.5Z", Date.UTC(2026, 3, 3, 9, 1, 12, 500)],
    ["2026-04-03T09:01:12.123456789Z", Date.UTC(2026, 3, 3, 9, 1, 12, 123)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2016-12-31T23:59:60Z", Date.UTC(2017, 0, 1)],
    ["2017-01-01T00:59:60.9+01:00", Date.UTC(2017, 0, 1)],
    ["1970-01-01T00:00:00Z", 0],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)]
  ])("reads %s as that very moment", (value, expected) => {
    assert.strictEqual(WireFields.timestamp(value), expected)
  })

  it.each([
    ["2026-02-30T00:00:00Z"],
    ["2023-02-29T00:00:00Z"],
    ["2026-04-31T00:00:00Z"],
    ["2026-00-10T00:00:00Z"],
    ["2026-13-10T00:00:00Z"],
    ["2026-01-00T00:00:00Z"],
    ["2026-01-01T24:00:00Z"],
    ["2026-01-01T00:60:00Z"],
    ["2026-01-01T00:00:61Z"],
    ["2026-01-01T12:00:60Z"],
    ["2026-01-01T00:00:00+24:00"],
    ["2026-01-01T00:00:00+01:60"],
    ["2026-01-01T00:00:00+0100"],
    ["2026-01-01T00:00:00"],
    ["2026-01-01 00:00:00Z"],
    ["2026-01-01T00:00Z"],
    ["2026-01-01T00:00:00.Z"],
    ["2026-01-01"],
    ["12:00:05"],
    ["+275760-09-13T00:00:00Z"],
    ["0001-01-01T00:00:00Z"],
    ["1970-01-01T00:00:00+01:00"],
    ["abc 1"],
    ["0"],
    [""],
    [" 2026-01-01T00:00:00Z"],
    ["2026-01-01T00:00:00Z\n"],
    [0],
    [1767225600000],
    [null],
    [undefined],
    [{}],
    [["2026-01-01T00:00:00Z"]]
  ])("does not guess a time from %j (BD-09)", (value) => {
    assert.isNull(WireFields.timestamp(value))
  })

  it.prop(
    "reads back whatever a date prints, to the millisecond",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Date.UTC(9999, 11, 31) }))],
    ([at]) => {
      assert.strictEqual(WireFields.timestamp(new Date(at).toISOString()), at)
    }
  )

  it.prop("never throws and never gives anything but null or a whole number from 0", [Schema.String], ([value]) => {
    const at = WireFields.timestamp(value)
    assert.isTrue(at === null || (Number.isSafeInteger(at) && at >= 0))
  })
})

describe("readers", () => {
  const values: Readonly<Record<string, unknown>> = {
    empty: "",
    blank: " ",
    word: "a",
    numeral: "7",
    upper: "A",
    yes: true,
    no: false,
    zero: 0,
    negative: -1,
    seven: 7,
    half: 1.5,
    nan: Number.NaN,
    endless: Number.POSITIVE_INFINITY,
    unsafe: 2 ** 53,
    emptyList: [],
    words: ["a"],
    mixed: ["a", 1],
    object: {},
    when: "2026-04-03T09:01:12Z"
  }
  const cases: ReadonlyArray<readonly [string, WireFields.Reader<unknown>, ReadonlyArray<string>]> = [
    ["text", WireFields.text, ["empty", "blank", "word", "numeral", "upper", "when"]],
    ["nonEmptyText", WireFields.nonEmptyText, ["word", "numeral", "upper", "when"]],
    ["flag", WireFields.flag, ["yes", "no"]],
    ["finite", WireFields.finite, ["zero", "negative", "seven", "half", "unsafe"]],
    ["integer", WireFields.integer, ["zero", "negative", "seven"]],
    ["count", WireFields.count, ["zero", "seven"]],
    ["list", WireFields.list, ["emptyList", "words", "mixed"]],
    ["listOf(text)", WireFields.listOf(WireFields.text), ["emptyList", "words"]],
    ["record", WireFields.record, ["object"]],
    ["oneOf", WireFields.oneOf(["a", "b"]), ["word"]],
    ["time", WireFields.time, ["when"]]
  ]

  it.each(cases)("%s takes its own kind and nothing that only looks like it (BD-07)", (_name, reader, taken) => {
    const read = Object.keys(values).filter((name) => reader.read(values[name]) !== null)
    assert.deepStrictEqual(read, [...taken])
  })
})

describe("optional", () => {
  it("treats an absent field and null alike, without a word (BD-06)", () => {
    const warnings: Array<string> = []
    assert.isNull(WireFields.optional({}, "hint", WireFields.text, warnings))
    assert.isNull(WireFields.optional({ hint: null }, "hint", WireFields.text, warnings))
    assert.deepStrictEqual(warnings, [])
  })

  it("leaves a field of another type out and notes its name, never its value (BD-06)", () => {
    const warnings: Array<string> = []
    assert.isNull(WireFields.optional({ name: { key: "secret" } }, "name", WireFields.text, warnings, "company."))
    assert.deepStrictEqual(warnings, ["company.name is not a text: left out"])
  })

  it("drops a negative or fractional count with a warning", () => {
    const warnings: Array<string> = []
    assert.isNull(WireFields.optional({ n: -1, m: 1.5 }, "n", WireFields.count, warnings))
    assert.isNull(WireFields.optional({ n: -1, m: 1.5 }, "m", WireFields.count, warnings))
    assert.strictEqual(warnings.length, 2)
  })

  it("keeps what is falsy but right", () => {
    const warnings: Array<string> = []
    assert.strictEqual(WireFields.optional({ n: 0 }, "n", WireFields.count, warnings), 0)
    assert.strictEqual(WireFields.optional({ b: false }, "b", WireFields.flag, warnings), false)
    assert.strictEqual(WireFields.optional({ t: "" }, "t", WireFields.text, warnings), "")
    assert.deepStrictEqual(warnings, [])
  })

  it("reads what the body itself holds and nothing from a prototype", () => {
    const warnings: Array<string> = []
    const body = Object.create({ hint: "inherited" })
    assert.isTrue(WireFields.isRecord(body))
    assert.isNull(WireFields.optional(body, "hint", WireFields.text, warnings))
    const hostile: unknown = JSON.parse('{"__proto__":"own"}')
    assert.isTrue(
      WireFields.isRecord(hostile) && WireFields.optional(hostile, "__proto__", WireFields.text, warnings) === "own"
    )
  })
})

describe("required", () => {
  it("says whether a field is missing or of the wrong kind", () => {
    assert.deepStrictEqual(WireFields.required({ id: "x" }, "id", WireFields.text), Result.succeed("x"))
    assert.deepStrictEqual(WireFields.required({}, "id", WireFields.text), Result.fail("id is missing"))
    assert.deepStrictEqual(WireFields.required({ id: null }, "id", WireFields.text), Result.fail("id is missing"))
    assert.deepStrictEqual(
      WireFields.required({ id: 5 }, "id", WireFields.text, "scan."),
      Result.fail("scan.id is not a text")
    )
  })
})

describe("cut", () => {
  it("keeps a short text as it is and a long one within the limit", () => {
    assert.strictEqual(WireFields.cut("abc", 3), "abc")
    assert.strictEqual(WireFields.cut("abcd", 3), "ab…")
    assert.strictEqual(WireFields.cut("x".repeat(5000)).length, 1000)
  })

  it("never cuts a character in half", () => {
    assert.strictEqual(WireFields.cut("a😀bcd", 3), "a…")
  })
})
