/** What learned paces promise, on laws the planner was not adjusted on; the whole study is `src/paces.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { appvet, drawn, exona, onSteps, seeded, stretched, type Vendor, vendors } from "../src/laws.ts"
import { often } from "@scanpoll/test-support/length"
import { byProgress, changed, curves, fixedPolls, known, learned, loopOf, planned, type Result } from "../src/paces.ts"

const repetitions = 12

const fewer = (result: Result, loop: Result): number => 1 - result.polls / loop.polls

// To the hundredth of a second that is shown.
const isNotLater = (result: Result, loop: Result, name: string): void => {
  assert.isAtMost(result.meanLag, loop.meanLag + 10, `${name}: mean lag`)
  assert.isAtMost(result.p95Lag, loop.p95Lag + 10, `${name}: p95 lag`)
}

const exonaLike = vendors.filter((vendor) => vendor.name.startsWith("Exona-like"))
const heavy = vendors.filter((vendor) => vendor === appvet || vendor.name.startsWith("heavy tail"))

const cases = (some: ReadonlyArray<Vendor>) => some.map((vendor) => [vendor.name, vendor] as const)

describe("a learned pace", () => {
  it.each(cases(exonaLike))("costs two fifths fewer polls than the documented loop, and no lag: %s", (name, vendor) => {
    const loop = loopOf(vendor)
    const best = known(vendor)
    assert.isNotNull(best)
    for (const [result, least] of [
      [best ?? loop, 0.43],
      [learned(vendor, 50, { repetitions }), 0.4],
      [learned(vendor, 200, { repetitions }), 0.43],
      [learned(vendor, 20, { repetitions }), 0.3]
    ] as const) {
      assert.isAtLeast(fewer(result, loop), least, name)
      isNotLater(result, loop, name)
    }
  })

  it.each(cases(exonaLike))(
    "costs about a quarter fewer where every answer asks for 10 seconds: %s",
    (name, vendor) => {
      const loop = loopOf(vendor)
      for (const samples of [50, 200]) {
        const result = learned(vendor, samples, { repetitions, hint: 10_000 })
        assert.isAtLeast(fewer(result, loop), 0.23, name)
        isNotLater(result, loop, name)
      }
    }
  )

  it.each(cases(exonaLike))(
    "beats the fixed interval with the same mean lag, from ten scans on: %s",
    (name, vendor) => {
      for (const [samples, least] of [
        [10, 0.3],
        [50, 0.38]
      ] as const) {
        const result = learned(vendor, samples, { repetitions: 24, meanAlone: true })
        assert.isAtLeast(1 - result.polls / fixedPolls(vendor, result.meanLag), least, `${name}, ${samples} scans`)
      }
    }
  )

  it.each(cases(heavy))("is never worse than the documented loop where little can be learned: %s", (name, vendor) => {
    const loop = loopOf(vendor)
    for (const samples of [20, 50, 200]) {
      const result = learned(vendor, samples, { repetitions })
      assert.isBelow(result.polls, loop.polls - 0.95, name)
      isNotLater(result, loop, name)
    }
  })

  it("is never worse than the documented loop, on laws drawn at random and where jobs end on full minutes (issue 21)", () => {
    const dice = seeded(2_021)
    const onMinutes = onSteps(appvet.law, 60_000)
    const laws = [onMinutes, ...Array.from({ length: often(5, 60) }, () => drawn(dice))]
    for (const [at, law] of laws.entries()) {
      const vendor = { ...appvet, name: `law ${at}`, law }
      const loop = loopOf(vendor)
      const result = learned(vendor, 50, { repetitions: often(2, 12) })
      assert.isAtMost(result.polls, loop.polls, vendor.name)
      // What chance does to so few models.
      assert.isAtMost(result.meanLag, loop.meanLag * 1.02 + 10, `${vendor.name}: mean lag`)
    }
  })

  it("learns nearly as well from a vendor that tells no times", () => {
    const told = learned(exona, 50, { repetitions })
    const silent = learned(exona, 50, { repetitions, silent: true })
    assert.isBelow(silent.polls, told.polls * 1.05)
    isNotLater(silent, loopOf(exona), "silent")
  })

  it("gives up a vendor that has changed, and costs no scan more polls than documented meanwhile", () => {
    for (const [factor, within] of [
      [1 / 3, 12],
      [1 / 1.5, 30],
      [1.5, 30],
      [3, 12]
    ] as const) {
      const { documented, first, later } = changed(exona, stretched(exona.law, factor), {
        learnedFrom: 100,
        scans: 150,
        repetitions: 4
      })
      assert.isAtMost(first.givenUpAfter ?? Infinity, within, `factor ${factor}`)
      assert.strictEqual(first.worst, 0)
      assert.isBelow(first.polls, documented.polls)
      assert.isBelow(first.meanLag, 2.5 * documented.meanLag)
      assert.isAtMost(later.meanLag, documented.meanLag * 1.02)
      assert.isBelow(later.polls, documented.polls * 0.75)
    }
  })

  it("does not read progress: what it saves where progress is honest, it loses many times over where it is not", () => {
    const plan = planned(appvet, 200, seeded(43))
    const lagOf = (name: string): number => {
      const curve = curves.find((each) => each.name.startsWith(name))
      if (curve === undefined) throw new Error(`there is no curve ${name}`)
      const options = { first: plan?.times[0] ?? appvet.interval, share: 0.94, cap: 60_000, scans: 4_000 }
      return byProgress(appvet, curve, options).meanLag
    }
    const loop = loopOf(appvet)
    assert.isBelow(lagOf("honest"), loop.meanLag)
    for (const name of ["in six steps", "quick to 90 %", "slow at first", "45 %"]) {
      assert.isAbove(lagOf(name), 2 * loop.meanLag, name)
    }
  })
})
