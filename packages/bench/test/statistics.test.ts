import { assert, describe, it } from "@effect/vitest"
import { median, quantile, ratio, rotated, summary } from "../src/statistics.ts"

describe("statistics", () => {
  it("the median is the middle of an odd number of samples and between the two middles of an even one", () => {
    assert.strictEqual(median([3]), 3)
    assert.strictEqual(median([9, 1, 5]), 5)
    assert.strictEqual(median([4, 1, 100, 2]), 3)
    assert.throws(() => median([]), RangeError)
  })

  it("a summary keeps how far the samples lie apart", () => {
    assert.deepStrictEqual(summary([5, 2, 9]), { median: 5, least: 2, most: 9 })
  })

  it("a ratio is taken round by round: what slowed both down cancels out", () => {
    assert.deepStrictEqual(ratio([2, 20, 3], [1, 10, 1]), { median: 2, least: 2, most: 3 })
  })

  it("a quantile is one of the samples, by the nearest rank", () => {
    const samples = Array.from({ length: 100 }, (_, i) => 100 - i)
    assert.strictEqual(quantile(samples, 0.99), 99)
    assert.strictEqual(quantile(samples, 0.5), 50)
    assert.strictEqual(quantile(samples, 1), 100)
    assert.strictEqual(quantile([7], 0), 7)
  })

  it("each round begins with another case and leaves none out", () => {
    assert.deepStrictEqual(rotated(["a", "b", "c"], 0), ["a", "b", "c"])
    assert.deepStrictEqual(rotated(["a", "b", "c"], 1), ["b", "c", "a"])
    assert.deepStrictEqual(rotated(["a", "b", "c"], 5), ["c", "a", "b"])
    assert.deepStrictEqual(rotated([], 3), [])
  })
})
