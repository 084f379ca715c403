import { assert, describe, it } from "@effect/vitest"
import * as Waits from "../../src/time/Waits.ts"

describe("a stored time", () => {
  const [minute, hour] = [60_000, 3_600_000]

  it("holds until it is over while the clock only goes on", () => {
    assert.strictEqual(Waits.storedUntil(70, 10, 20), 70)
    assert.strictEqual(Waits.storedUntil(70, 10, 900), 70)
  })

  it("holds for what it had left where it was written later than now: the clock was set back (D-11)", () => {
    assert.strictEqual(Waits.storedUntil(8 * hour + minute, 8 * hour, 5), 5 + minute)
  })

  it("holds at most for the cap from when it was written, and from now where that is not known (D-11)", () => {
    assert.strictEqual(Waits.storedUntil(9 * hour, 10, 20, minute), 10 + minute)
    assert.strictEqual(Waits.storedUntil(9 * hour, 2 * hour, 20, minute), 20 + minute)
    assert.strictEqual(Waits.storedUntil(9 * hour, null, 20, minute), 20 + minute)
    assert.strictEqual(Waits.storedUntil(Number.MAX_SAFE_INTEGER, 0, 20), Waits.longest)
  })

  it("that is over stays as it was", () => {
    assert.strictEqual(Waits.storedUntil(5, 10, 20), 5)
    assert.strictEqual(Waits.storedUntil(8 * hour, 9 * hour, 20), 20)
  })

  it("is not taken for one of a clock that was set back where two clocks differ by rounding", () => {
    assert.strictEqual(Waits.storedUntil(5_000, 21, 20), 5_000)
  })
})
