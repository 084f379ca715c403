import { assert, describe, it } from "@effect/vitest"
import * as Credential from "@scanpoll/core/http/Credential"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"

const source = { vendor: "acme", variable: "ACME_API_KEY" }

describe("check", () => {
  it.each(["sk-1", " sk-1", "sk-1\n", "sk-1\r\n", "\tsk-1 \u00a0", "\ufeffsk-1"])(
    "cuts the white space around %j",
    (text) => {
      const checked = Credential.check(Redacted.make(text), source)
      assert.strictEqual(Redacted.value(Result.getOrThrow(checked)), "sk-1")
    }
  )

  it.each([
    ["", "is empty"],
    [" \n", "is empty"],
    ["canary\ncanary", "holds white space"],
    ["canary\r\nX-Evil: 1", "holds white space"],
    ["Bearer canary", "holds white space"],
    ["canary\u0000", "holds white space"],
    ["canary\u007f", "holds white space"],
    ["canaryü", "holds white space"],
    ["canary😀", "holds white space"],
    ["canary".repeat(2000), "is longer than 8192 characters"]
  ])("refuses %j without printing it", (text, why) => {
    const error = Result.match(Credential.check(Redacted.make(text), source), {
      onFailure: (error) => error,
      onSuccess: () => assert.fail("accepted")
    })
    assert.include(error.message, `ACME_API_KEY ${why}`)
    assert.strictEqual(error.variable, "ACME_API_KEY")
    for (const print of [String(error), JSON.stringify(error), inspect(error, { depth: 9 }), error.stack ?? ""]) {
      assert.notInclude(print, "canary")
    }
  })

  it("refuses a value that is not a text, and one that was wiped", () => {
    const odd: Redacted.Redacted<string> = JSON.parse("null") ?? Redacted.make(JSON.parse("5"))
    assert.isTrue(Result.isFailure(Credential.check(odd, source)))
    const wiped = Redacted.make("sk-1")
    Redacted.wipeUnsafe(wiped)
    assert.isTrue(Result.isFailure(Credential.check(wiped, source)))
  })

  it.prop("accepts nothing that could change a header, for any text", [Schema.String], ([text]) => {
    const checked = Credential.check(Redacted.make(text), source)
    if (Result.isSuccess(checked)) assert.match(Redacted.value(checked.success), /^[\x21-\x7e]{1,8192}$/)
  })
})

describe("constant", () => {
  it.effect("gives the trimmed credential each time, under the vendor's name", () =>
    Effect.gen(function* () {
      const given = yield* Credential.constant(Redacted.make("sk-1\n"), source)
      assert.strictEqual(Redacted.value(given), "sk-1")
      assert.strictEqual(JSON.stringify(given), `"<redacted:acme>"`)
    })
  )

  it.effect("fails with the reason when it cannot be sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Credential.constant(Redacted.make(""), { vendor: "acme" }))
      assert.strictEqual(error.message, "the credential of acme is empty")
      assert.isNull(error.variable)
    })
  )
})
