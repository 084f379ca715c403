import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as Decision from "@scanpoll/core/unstable/policy/Decision"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { CompliancePolicy } from "@scanpoll/compliance"
import { vendor } from "@scanpoll/compliance/ComplianceVendor"

const { limits, policies } = CompliancePolicy

const names = ["interactive", "default", "background", "bulk"] as const

const paceOf = (name: (typeof names)[number], open: number): number => {
  const { pace } = policies[name]
  if (typeof pace !== "function") return assert.fail("the pace is a schedule")
  return Duration.toMillis(pace({ seen: Observation.pending("running"), polls: 1, faultsInARow: 0, age: 0, open }))
}

describe("the policies", () => {
  it.each(names)("%s can be used within the vendor's limits", (name) => {
    assert.isTrue(Result.isSuccess(PollPolicy.check(policies[name], limits)))
  })

  it.each(names)("%s polls at once after a submission, and not before the floor after that", (name) => {
    const state = Decision.begin(0, 0)
    const first = Decision.decideFirst(policies[name], limits, state, {
      now: 0,
      hint: Option.none(),
      notBefore: 0,
      pausedUntil: 0
    })
    assert.deepStrictEqual(first, { _tag: "Wait", until: 0, because: "first" })
    const seen = Observation.pending("running")
    const second = Decision.decideSeen(policies[name], limits, Decision.observe(state, seen), {
      seen,
      hint: Option.none(),
      now: 0,
      pausedUntil: 0,
      random: 0,
      proposal: 0
    })
    assert.strictEqual(second._tag === "Wait" ? second.until : null, 1000)
  })

  it.each([
    ["interactive", 1, 1_000],
    ["default", 1, 2_000],
    ["default", 10, 2_000],
    ["default", 11, 5_000],
    ["default", 100, 5_000],
    ["default", 101, 10_000],
    ["background", 1, 5_000],
    ["bulk", 1, 10_000]
  ] as const)("%s with %d open scans asks again after %d ms", (name, open, millis) => {
    assert.strictEqual(paceOf(name, open), millis)
  })

  it("bear a 429 without a wait within the default deadline", () => {
    assert.isTrue(Duration.isGreaterThan(policies.default.deadline, limits.throttledWait))
  })

  it("await a submission for two minutes, because the scan runs inside it", () => {
    assert.strictEqual(Duration.toMillis(limits.submitTimeout), 120_000)
  })
})

describe("learned paces", () => {
  it("leave the first poll at once: nearly every scan ends with its submission", () => {
    const about = { vendor: "compliance", origin: "https://compliance.test", kind: "" }
    const { high, low } = vendor.durations?.prior ?? assert.fail("no durations are known")
    const prior = { low: Duration.toMillis(low), high: Duration.toMillis(high) }
    const model = DurationModel.makeMemory()
    for (let i = 0; i < 60; i++) {
      model.learn({ ...about, scan: `${i}`, ended: "settled", durationMs: i % 12 === 0 ? 9_000 + i * 20 : 40 })
    }
    for (const [name, policy] of Object.entries(CompliancePolicy.policies)) {
      const plan = model.plan({ ...about, prior, limits: CompliancePolicy.limits }, policy)
      assert.strictEqual(plan === null ? 0 : plan.times[0], 0, name)
    }
  })
})
