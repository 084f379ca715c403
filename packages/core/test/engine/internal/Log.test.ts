import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { undisturbed, whereabouts } from "../../../src/engine/internal/log.ts"

class LostKey extends Error {}

describe("a log line about a defect", () => {
  it("says where it happened and never what it said, which may hold a key", () => {
    const text = whereabouts(Cause.die(new LostKey("the key sk-live-1234\nwas refused")))
    assert.match(text, /^LostKey at .*Log\.test\.ts/)
    assert.notInclude(text, "sk-live-1234")
    assert.notInclude(text, "was refused")
  })

  it("names the type alone of a defect that is no error", () => {
    assert.strictEqual(whereabouts(Cause.die("sk-live-1234")), "string")
  })

  it.effect("costs its request nothing when the logger throws", () =>
    undisturbed(
      Effect.sync(() => {
        throw new Error("disk full")
      })
    )
  )
})
