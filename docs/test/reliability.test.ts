import { assert, describe, it } from "@effect/vitest"
import { cases } from "../../packages/tooling/faultCases.mjs"
import * as Reliability from "../../packages/tooling/reliability.mjs"

describe("docs/reliability.md", () => {
  it("names for each fault the tests that carry its id", () => {
    assert.strictEqual(
      Reliability.current(),
      Reliability.whole(),
      "run: node packages/tooling/launch.mjs exec node packages/tooling/reliability.mjs"
    )
  })

  it("knows 175 faults, each once", () => {
    assert.strictEqual(cases.length, 175)
    assert.strictEqual(new Set(cases.map(([id]) => id)).size, 175)
  })
})
