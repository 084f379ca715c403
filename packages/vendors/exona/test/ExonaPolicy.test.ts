import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as ExonaPolicy from "@scanpoll/exona/ExonaPolicy"
import { vendor } from "@scanpoll/exona/ExonaVendor"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"

const secondsOf = (policy: PollPolicy.PollPolicy, open: number): number => {
  const tick: PollPolicy.PollTick = { seen: Observation.pending("running"), polls: 1, faultsInARow: 0, age: 0, open }
  if (typeof policy.pace !== "function") throw new Error("a recommended pace is a plain function")
  return Duration.toSeconds(policy.pace(tick))
}

describe("the recommended policies", () => {
  it.each([
    [1, 10],
    [4, 10],
    [5, 15],
    [10, 15],
    [99, 15],
    [100, 30],
    [101, 30]
  ])("by default %i open scans are polled every %i seconds (EX-15)", (open, seconds) => {
    assert.strictEqual(secondsOf(ExonaPolicy.policies.default, open), seconds)
  })

  it.each([
    ["interactive", 5],
    ["background", 15],
    ["bulk", 30]
  ] as const)("%s polls every %i seconds, however many are open", (name, seconds) => {
    for (const open of [1, 10, 101]) assert.strictEqual(secondsOf(ExonaPolicy.policies[name], open), seconds)
  })

  it("hold together, keep the vendor's floor of 5 seconds and end softly after 5 minutes", () => {
    for (const policy of Object.values(ExonaPolicy.policies)) {
      assert.isTrue(Result.isSuccess(PollPolicy.check(policy, ExonaPolicy.limits)))
      assert.strictEqual(Duration.toSeconds(policy.floor), 5)
      assert.strictEqual(Duration.toMinutes(policy.deadline), 5)
      assert.strictEqual(Duration.toSeconds(policy.pollTimeout), 15)
    }
    assert.strictEqual(Duration.toSeconds(ExonaPolicy.limits.floor), 5)
    assert.strictEqual(Duration.toSeconds(ExonaPolicy.limits.throttledWait), 60)
    assert.strictEqual(Duration.toSeconds(ExonaPolicy.limits.submitTimeout), 15)
  })
})

describe("the budget", () => {
  it("starts at the documented 100 requests per hour", () => {
    assert.strictEqual(ExonaPolicy.budget.requests, 100)
    assert.strictEqual(Duration.toHours(ExonaPolicy.budget.window), 1)
    assert.isNull(ExonaPolicy.budget.openScans)
  })

  it("reserves fewer polls per scan the more scans are open", () => {
    assert.deepStrictEqual([1, 10, 101].map(ExonaPolicy.budget.pollsPerScan), [8, 5, 3])
  })
})

describe("learned paces", () => {
  it("start from the documented 30 to 120 seconds and wait out the time in which no scan ends", () => {
    const { durations } = vendor
    if (durations === undefined) return assert.fail("no durations are known")
    const about = {
      vendor: "exona",
      origin: "https://platform.exonalab.com",
      kind: durations.kind({ company: { name: "Acme", website: "https://acme.example" } }),
      prior: { low: 30_000, high: 120_000 },
      limits: ExonaPolicy.limits
    }
    assert.strictEqual(Duration.toMillis(durations.prior.low), about.prior.low)
    assert.strictEqual(Duration.toMillis(durations.prior.high), about.prior.high)
    const model = DurationModel.makeMemory()
    for (let i = 0; i < 60; i++) {
      model.learn({ ...about, scan: `scn_${i}`, ended: "settled", durationMs: 35_000 + ((i * 37) % 60) * 1_200 })
    }
    for (const open of [1, 10, 200]) {
      const plan = model.plan(about, ExonaPolicy.policies.default, open)
      assert.isAbove(plan?.times[0] ?? 0, 30_000)
      assert.isBelow(plan?.expected.polls ?? Infinity, (plan?.expectedDocumented.polls ?? 0) * 0.75)
      assert.isAtMost(plan?.expected.meanLag ?? Infinity, plan?.expectedDocumented.meanLag ?? 0)
    }
  })
})
