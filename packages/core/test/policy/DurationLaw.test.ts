import { assert, describe, it } from "@effect/vitest"
import { seeded } from "@scanpoll/test-support/seeded"
import * as DurationLaw from "../../src/policy/DurationLaw.ts"
import { exponential, type Law, logLogistic, mixed, samples, uniform, weibull } from "../support/laws.ts"

const words: DurationLaw.Prior = { low: 30_000, high: 120_000 }

/** How far the law is from the truth where it is furthest. */
const distance = (law: DurationLaw.DurationLaw, truth: Law, until: number): number => {
  let worst = 0
  for (let i = 1; i <= 400; i++) {
    const millis = (until * i) / 400
    worst = Math.max(worst, Math.abs(DurationLaw.survival(law, millis) - truth.survival(millis)))
  }
  return worst
}

describe("DurationLaw.estimate", () => {
  it("with no sample, says what the vendor says: two thirds between its low and its high", () => {
    const law = DurationLaw.estimate(words, [])
    assert.closeTo(DurationLaw.survival(law, 30_000), 0.841, 0.01)
    assert.closeTo(DurationLaw.survival(law, 60_000), 0.5, 0.01)
    assert.closeTo(DurationLaw.survival(law, 120_000), 0.159, 0.01)
  })

  it("is a law: begins at one, never rises, ends at zero; its quantiles undo it", () => {
    const dice = seeded(1)
    for (const truth of [exponential(5_000), uniform(30_000, 120_000), logLogistic(60_000, 3)]) {
      for (const count of [1, 7, 50, 250]) {
        const law = DurationLaw.estimate(words, samples(truth, count, dice))
        assert.strictEqual(DurationLaw.survival(law, 0), 1)
        assert.strictEqual(DurationLaw.survival(law, 1e12), 0)
        let before = 1
        for (let millis = 1; millis < 1e8; millis *= 1.1) {
          const now = DurationLaw.survival(law, millis)
          assert.isTrue(now <= before && now >= 0)
          before = now
        }
        for (const p of [0.01, 0.25, 0.5, 0.9, 0.99]) {
          assert.closeTo(1 - DurationLaw.survival(law, DurationLaw.quantile(law, p)), p, 1e-6)
        }
      }
    }
  })

  it("comes near the truth, whatever the truth is and whatever the vendor says", () => {
    const dice = seeded(2)
    const truths: ReadonlyArray<readonly [Law, number]> = [
      [logLogistic(60_000, 4), 300_000],
      [uniform(30_000, 120_000), 150_000],
      [weibull(1.5, 80_000), 300_000],
      [exponential(20_000), 100_000],
      [mixed(0.5, uniform(900, 1_100), logLogistic(60_000, 6)), 200_000],
      [logLogistic(600_000, 4), 3_000_000]
    ]
    for (const [truth, until] of truths) {
      assert.isBelow(distance(DurationLaw.estimate(words, samples(truth, 250, dice)), truth, until), 0.11)
    }
  })

  it("comes nearer with more samples, and leaves the vendor's words behind", () => {
    const truth = logLogistic(200_000, 8)
    const mean = (count: number): number => {
      const dice = seeded(3)
      let sum = 0
      for (let i = 0; i < 20; i++) sum += distance(DurationLaw.estimate(words, samples(truth, count, dice)), truth, 1e6)
      return sum / 20
    }
    const [few, some, many] = [mean(10), mean(50), mean(250)]
    assert.isTrue(few < distance(DurationLaw.estimate(words, []), truth, 1e6))
    assert.isTrue(some < few && many < some)
  })

  it("keeps two peaks apart once there are enough samples to tell", () => {
    const truth = mixed(0.5, logLogistic(20_000, 12), logLogistic(100_000, 12))
    const law = DurationLaw.estimate(words, samples(truth, 100, seeded(4)))
    const between = DurationLaw.survival(law, 35_000) - DurationLaw.survival(law, 60_000)
    assert.isBelow(between, 0.12)
  })

  it("counts a stopped scan as longer than it ran, not as that long", () => {
    const truth = logLogistic(60_000, 4)
    const dice = seeded(5)
    const stopAt = 60_000
    const stopped = samples(truth, 200, dice).map(({ atMost }) =>
      atMost > stopAt ? { atLeast: stopAt, atMost: Number.POSITIVE_INFINITY } : { atLeast: atMost, atMost }
    )
    const law = DurationLaw.estimate(words, stopped)
    assert.closeTo(DurationLaw.survival(law, 45_000), truth.survival(45_000), 0.08)
    assert.closeTo(DurationLaw.survival(law, stopAt), 0.5, 0.08)
    const taken = stopped.map(({ atLeast }) => ({ atLeast, atMost: atLeast }))
    const leftOut = stopped.filter(({ atMost }) => Number.isFinite(atMost))
    assert.isBelow(DurationLaw.survival(DurationLaw.estimate(words, taken), 80_000), 0.1)
    assert.isBelow(DurationLaw.survival(DurationLaw.estimate(words, leftOut), stopAt), 0.2)
  })

  it("is the product limit where kernels cannot blur it: stopped weight moves to what is known to be longer", () => {
    // Ten at 10 s, ten stopped at 20 s, ten at 1000 s: Kaplan and Meier give 2/3 beyond 20 s, all of it at 1000 s.
    const at = (millis: number, atMost = millis) => Array.from({ length: 40 }, () => ({ atLeast: millis, atMost }))
    const law = DurationLaw.estimate({ low: 9_000, high: 1_200_000 }, [
      ...at(10_000),
      ...at(20_000, Number.POSITIVE_INFINITY),
      ...at(1_000_000)
    ])
    assert.closeTo(DurationLaw.survival(law, 20_000), 2 / 3, 0.04)
    assert.closeTo(DurationLaw.survival(law, 300_000), 2 / 3, 0.06)
    assert.isBelow(DurationLaw.survival(law, 4_000_000), 0.03)
  })

  it("learns from scans that are only known to have ended between two polls", () => {
    const truth = logLogistic(60_000, 4)
    const exact = samples(truth, 250, seeded(6))
    const law = DurationLaw.estimate(
      words,
      exact.map(({ atMost }) => ({
        atLeast: Math.floor(atMost / 10_000) * 10_000,
        atMost: Math.ceil(atMost / 10_000) * 10_000
      }))
    )
    assert.isBelow(distance(law, truth, 300_000), 0.09)
  })

  it("bears samples of no time, of a day, and all alike", () => {
    const same = Array.from({ length: 50 }, () => ({ atLeast: 4_000, atMost: 4_000 }))
    const law = DurationLaw.estimate(words, [
      { atLeast: 0, atMost: 0 },
      { atLeast: 0, atMost: 50 },
      { atLeast: 86_400_000, atMost: 86_400_000 },
      { atLeast: 86_400_000, atMost: Number.POSITIVE_INFINITY },
      ...same
    ])
    assert.isTrue([...law.cumulative].every((p) => p >= 0 && p <= 1))
    assert.closeTo(DurationLaw.quantile(law, 0.5), 4_000, 400)
  })
})

describe("DurationLaw.meanBeyond", () => {
  it("is the whole mean at the beginning, and what is left later", () => {
    const law = DurationLaw.estimate({ low: 60_000, high: 60_000 }, [])
    assert.closeTo(DurationLaw.meanBeyond(law, 0), 60_000, 1_000)
    assert.closeTo(DurationLaw.meanBeyond(law, 50_000), 10_000, 1_000)
    assert.strictEqual(DurationLaw.meanBeyond(law, 1e9), 0)
  })

  it("stays the same for a law without memory", () => {
    const law = DurationLaw.estimate(words, samples(exponential(60_000), 250, seeded(7)))
    assert.closeTo(DurationLaw.meanBeyond(law, 30_000) / 60_000, 1, 0.35)
    assert.closeTo(DurationLaw.meanBeyond(law, 90_000) / 60_000, 1, 0.35)
  })
})
