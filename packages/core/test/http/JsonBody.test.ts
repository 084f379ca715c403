import { assert, describe, it } from "@effect/vitest"
import * as JsonBody from "@scanpoll/core/unstable/http/JsonBody"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const scrubber = Scrubber.make()
scrubber.learn("sk-live-canary")

const decode = (bytes: Uint8Array | string, maxDepth = 100): JsonBody.Decoded =>
  Effect.runSync(
    JsonBody.decode(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, {
      maxDepth,
      about: () => "status 200, application/json",
      scrubber
    })
  )

const valueOf = (decoded: JsonBody.Decoded): unknown =>
  decoded.body._tag === "Json" ? decoded.body.value : assert.fail(decoded.body.why)
const whyOf = (decoded: JsonBody.Decoded): string => (decoded.body._tag === "Json" ? "Json" : decoded.body.why)

describe("decode", () => {
  it.each([
    ['{"a":1}', { a: 1 }],
    ["[]", []],
    ["null", null],
    ['"completed"', "completed"],
    [" \r\n{}\t ", {}]
  ])("reads %j", (text, expected) => {
    assert.deepStrictEqual(decode(text), { body: { _tag: "Json", value: expected }, warnings: [] })
  })

  it("skips a byte order mark (BD-04)", () => {
    assert.deepStrictEqual(valueOf(decode('\ufeff{"a":1}')), { a: 1 })
    const broken = Buffer.concat([Buffer.from("\ufeff"), Buffer.from('{"a":"\u00e9"}', "latin1")])
    assert.deepStrictEqual(valueOf(decode(broken)), { a: "\ufffd" })
  })

  it.each(["{} {}", "{}x", "<html>canary</html>", "{'a':1}", '{"a":1', "NaN", '{"a":canary}', "\ufeff\ufeff{}"])(
    "does not read %j and does not quote it (BD-04)",
    (text) => {
      const decoded = decode(text)
      assert.strictEqual(whyOf(decoded), "not-json")
      assert.deepStrictEqual(decoded.body, {
        _tag: "Unreadable",
        why: "not-json",
        detail: `status 200, application/json, ${new TextEncoder().encode(text).length} bytes`
      })
    }
  )

  it.each(["", " ", "\n\t", "\ufeff"])("says that %j is empty", (text) => {
    assert.strictEqual(whyOf(decode(text)), "empty")
  })

  it("replaces bytes that are not UTF-8 and says so once (BD-11)", () => {
    const latin1 = Buffer.from('{"name":"M\u00fcller \u00e9"}', "latin1")
    const decoded = decode(latin1)
    assert.deepStrictEqual(valueOf(decoded), { name: "M\ufffdller \ufffd" })
    assert.strictEqual(decoded.warnings.length, 1)
  })

  it("has nothing to say about a replacement character that was really sent", () => {
    assert.deepStrictEqual(decode('"\ufffd"').warnings, [])
  })

  it("keeps __proto__, constructor and prototype as plain data (BD-08)", () => {
    for (const text of [
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"prototype":1}',
      '{"__proto__":{"polluted":"\\u0079es"},"a":"sk-live-canary"}'
    ]) {
      const value = valueOf(decode(text))
      assert.isTrue(Object.hasOwn(Object(value), "__proto__"))
      assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
      assert.isUndefined(Reflect.get({}, "polluted"))
    }
  })

  it("reads what is exactly as deep as allowed and not one level more", () => {
    const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + "1" + "}]".repeat(depth / 2)
    assert.strictEqual(whyOf(decode(nested(100))), "Json")
    assert.strictEqual(whyOf(decode(nested(102))), "too-deep")
    assert.strictEqual(whyOf(decode("[[]]", 1)), "too-deep")
    assert.strictEqual(whyOf(decode("[]", 1)), "Json")
    assert.strictEqual(whyOf(decode("1", 1)), "Json")
  })

  it("refuses a depth that would overflow the stack of a recursive reader", () => {
    assert.strictEqual(whyOf(decode("[".repeat(5_000_000))), "too-deep")
    assert.strictEqual(whyOf(decode('{"a":'.repeat(1_000_000))), "too-deep")
  })

  it("does not count brackets inside texts", () => {
    const text = JSON.stringify({ a: "[".repeat(500), 'b"[[[': '\\"['.repeat(300), c: "\\" })
    assert.deepStrictEqual(valueOf(decode(text, 1)), JSON.parse(text))
  })

  it("does not slow down on escapes without end", () => {
    assert.strictEqual(whyOf(decode(`"${"\\".repeat(2_000_000)}`)), "not-json")
    assert.strictEqual(whyOf(decode(`"${'\\"'.repeat(1_000_000)}`)), "not-json")
  })

  it("replaces a credential in any text, plain or escaped, and leaves numbers and words alone", () => {
    assert.deepStrictEqual(
      valueOf(decode('{"a":"key sk-live-canary!","b":["\\u0073k-live-canar\\u0079"],"c":123456,"d":true}')),
      { a: "key <redacted>!", b: ["<redacted>"], c: 123456, d: true }
    )
  })

  it("replaces a credential in the name of a field, and the other fields stay plain data", () => {
    const value = valueOf(decode('{"sk-live-canary":{"a":1},"__proto__":2}'))
    assert.deepStrictEqual(Object.entries(Object(value)), [
      ["<redacted>", { a: 1 }],
      ["__proto__", 2]
    ])
    assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
  })

  it.prop(
    "makes a body of any bytes and never throws",
    [
      Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))), {
        maxLength: 200
      })
    ],
    ([bytes]) => {
      const decoded = decode(Uint8Array.from(bytes))
      assert.include(["Json", "empty", "not-json", "too-deep"], whyOf(decoded))
    },
    { arbitrary: { runs: 1000 } }
  )

  const piece = Schema.Literals([
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    "\\u0073",
    ":",
    ",",
    "1",
    "e9",
    "true",
    "sk-live-canary",
    " ",
    "\ufeff",
    "\u0000",
    "ü",
    "\ud800"
  ])
  it.prop(
    "reads exactly what JSON.parse reads, for any mixture of JSON's own pieces",
    [Arbitrary.array(Arbitrary.schema(piece), { maxLength: 12 })],
    ([pieces]) => {
      const text = pieces.join("")
      const expected = ((): unknown => {
        try {
          return {
            value: JSON.parse(
              text
                .toWellFormed()
                .replace(/^\ufeff/, "")
                .replaceAll("sk-live-canary", "<redacted>")
            ) as unknown
          }
        } catch {
          return null
        }
      })()
      const decoded = decode(text)
      assert.deepStrictEqual(decoded.body._tag === "Json" ? { value: decoded.body.value } : null, expected)
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop("reads back any JSON value", [Schema.Json], ([value]) => {
    const text = JSON.stringify(value)
    assert.deepStrictEqual(valueOf(decode(text)), JSON.parse(text))
  })
})

describe("a hostile answer", () => {
  const listOf = (count: number): string => `[${"0,".repeat(count - 2)}0]`

  it("has at most 200 000 values and names, however small they are (S-09)", () => {
    assert.strictEqual(whyOf(decode(listOf(200_000))), "Json")
    assert.strictEqual(whyOf(decode(listOf(200_001))), "too-many-values")
    const text = `{${Array.from({ length: 200_000 }, (_, i) => `"${i}":0`).join(",")}}`
    assert.deepStrictEqual(decode(text).body, {
      _tag: "Unreadable",
      why: "too-many-values",
      detail: `status 200, application/json, ${text.length} bytes, more than 200000 values`
    })
  })

  it("is searched for keys in slices between which others have their turn, one long text or many short ones (S-09)", async () => {
    const key = "sk-live-canary"
    const many = (sign: string) => Array.from({ length: 2_000 }, (_, i) => `${i} ${sign.repeat(40)}`)
    const texts = { text: "y ".repeat(200_000) + key }
    for (const value of [texts, { many: [...many("x"), key] }, { names: { [key]: many("z") } }]) {
      let turns = 0
      let done = false
      const count = (): void => {
        turns++
        if (!done) setImmediate(count)
      }
      setImmediate(count)
      const bytes = new TextEncoder().encode(JSON.stringify(value))
      const { body } = await Effect.runPromise(JsonBody.decode(bytes, { maxDepth: 64, about: () => "", scrubber }))
      done = true
      assert.notInclude(JSON.stringify(body), key)
      assert.include(JSON.stringify(body), "<redacted>")
      assert.isAtLeast(turns, Math.floor(bytes.length / 100_000) + 1)
    }
  })
})
