import { assert, describe, it } from "@effect/vitest"
import { Slot } from "../../../src/engine/internal/slot.ts"

const account = () => {
  const calls: Array<string> = []
  return {
    calls,
    bought: (scanId = "?") => {
      calls.push(`bought ${scanId}`)
    },
    closed: () => {
      calls.push("closed")
    },
    unfollowed: (scanId: string, until: number) => {
      calls.push(`unfollowed ${scanId} ${until}`)
    }
  }
}

describe("the place of a request among the open scans", () => {
  it("is taken once, however often it is asked for, and freed once", () => {
    const budget = account()
    const slot = new Slot(budget)
    slot.take("s1")
    slot.take("s1")
    slot.free()
    slot.free()
    assert.deepStrictEqual(budget.calls, ["bought s1", "closed"])
  })

  it("is not counted again for a request whose submission already holds it", () => {
    const budget = account()
    const slot = new Slot(budget)
    slot.keep()
    slot.take("s1")
    slot.free()
    assert.deepStrictEqual(budget.calls, ["closed"])
  })

  it("stays with the scan when the request ends first, and is not freed as well", () => {
    const budget = account()
    const slot = new Slot(budget)
    slot.take("s1")
    slot.leave("s1", 5000)
    slot.free()
    assert.deepStrictEqual(budget.calls, ["bought s1", "unfollowed s1 5000"])
  })
})
