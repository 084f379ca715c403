/** Where the cases of property tests come from: a run that is red can be repeated. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import { runsOf, seedOf } from "../propertySeed.mjs"

const sample = () => Effect.runPromise(Arbitrary.sampleEffect(Arbitrary.schema(Schema.String), { count: 20 }))

describe("property tests", () => {
  it("draw the same cases each time, in every file", async () => {
    assert.deepStrictEqual(await sample(), await sample())
    const failed = await Effect.runPromise(
      Arbitrary.checkEffect(Arbitrary.schema(Schema.String), () => Effect.succeed(false))
    )
    const message = Arbitrary.formatCheckFailure(failed) ?? ""
    assert.match(message, new RegExp(`Replay: \\[0,"${seedOf(process.env["PROPERTY_SEED"])}",`))
  })

  it("draw from the seed that PROPERTY_SEED says, or from one of chance", () => {
    assert.strictEqual(seedOf(undefined), seedOf(""))
    assert.strictEqual(seedOf("20261130"), 20261130)
    assert.strictEqual(new Set(Array.from({ length: 8 }, () => seedOf("random"))).size, 8)
    for (const wrong of ["-1", "1.5", "1e3", "yes", " 7", "1234567890123456"]) {
      assert.throws(() => seedOf(wrong), /PROPERTY_SEED is .*: say a whole number of at most 15 digits, or random/)
    }
  })

  it("try as many cases as PROPERTY_RUNS says", () => {
    assert.deepStrictEqual([runsOf(undefined), runsOf("1500")], [{}, { runs: 1500 }])
    for (const wrong of ["0", "-1", "many", "1000000"]) assert.throws(() => runsOf(wrong), /from 1 to 999999/)
  })
})
