import { assert, describe, it } from "@effect/vitest"
import { fileURLToPath } from "node:url"
import { faultOf, plants } from "../planting/plants.mjs"

const root = fileURLToPath(new URL("../../../", import.meta.url))

describe("the planted mistakes of the nightly run", () => {
  it("can all be planted: their code is there once, and so are the tests that are to catch them", () => {
    const faults = plants.flatMap((plant) => {
      const fault = faultOf(root, plant)
      return fault === undefined ? [] : [`${plant.id}: ${fault}`]
    })
    assert.deepStrictEqual(faults, [])
    assert.strictEqual(new Set(plants.map(({ id }) => id)).size, plants.length)
    assert.isAbove(plants.length, 150)
  })

  it("that cannot be planted are told by what is gone", () => {
    const [plant] = plants
    if (plant === undefined) return assert.fail("there is no plant")
    assert.match(faultOf(root, { ...plant, find: "no such code" }) ?? "", /is found nowhere in .*: no such code/)
    assert.match(faultOf(root, { ...plant, tests: ["gone.test.ts"] }) ?? "", /there is no gone\.test\.ts/)
  })
})
