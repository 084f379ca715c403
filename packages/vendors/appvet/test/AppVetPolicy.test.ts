import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { assert, describe, it } from "@effect/vitest"
import { AppVetPolicy } from "@scanpoll/appvet"
import { vendor } from "@scanpoll/appvet/AppVetVendor"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"

const names = ["interactive", "default", "background", "bulk"] as const

const seconds = (name: (typeof names)[number], open: number): number => {
  const { pace } = AppVetPolicy.policies[name]
  if (typeof pace !== "function") throw new Error(`${name} is a schedule`)
  return Duration.toSeconds(pace({ seen: Observation.pending("running"), polls: 1, faultsInARow: 0, age: 0, open }))
}

describe("the paces", () => {
  it("are 3, 4.5, 10 and 15 seconds for a single scan", () => {
    assert.deepStrictEqual(
      names.map((name) => seconds(name, 1)),
      [3, 4.5, 10, 15]
    )
  })

  it("stay with their spread within the 3 to 5 seconds the vendor asks for, where a person or nobody chose another", () => {
    for (const name of ["interactive", "default"] as const) {
      const { first, spread } = AppVetPolicy.policies[name]
      for (const wait of [seconds(name, 1), first === null ? 3 : Duration.toSeconds(first)]) {
        assert.isAtLeast(wait, 3)
        assert.isAtMost(wait * (1 + spread), 5)
      }
    }
  })

  it("lengthen with the number of open scans", () => {
    assert.deepStrictEqual(
      [1, 3, 4, 5, 8, 10].map((open) => seconds("default", open)),
      [4.5, 4.5, 5.6, 7, 11.2, 14]
    )
  })

  it("leave room for submissions and reports within 60 requests a minute, however many scans wait", () => {
    for (const name of names) {
      for (const open of [1, 2, 3, 5, 10, 11, 100, 10_000]) {
        const running = Math.min(open, 10)
        const polls = (running * 60) / seconds(name, open)
        const others = (2 * running * 60) / Duration.toSeconds(AppVetPolicy.budget.typicalDuration)
        assert.isAtMost(polls + others, 60, `${name} with ${open} open`)
      }
    }
  })

  it("are never under the vendor's 3 seconds, whatever the number of open scans claims to be", () => {
    for (const name of names) {
      for (const open of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.isAtLeast(seconds(name, open), 3)
      }
    }
  })

  it("hold together with the vendor's limits", () => {
    for (const name of names) {
      const policy = AppVetPolicy.policies[name]
      assert.isTrue(Result.isSuccess(PollPolicy.check(policy, AppVetPolicy.limits)), name)
      assert.strictEqual(Duration.toMinutes(policy.deadline), 5)
      assert.strictEqual(Duration.toSeconds(policy.floor), 3)
    }
  })
})

describe("the budget", () => {
  it("starts with 60 requests a minute and 10 open scans", () => {
    const { openScans, requests, window } = AppVetPolicy.budget
    assert.deepStrictEqual([requests, Duration.toSeconds(window), openScans], [60, 60, 10])
  })

  it("counts the polls of a typical scan at the default pace", () => {
    assert.deepStrictEqual([1, 5, 10, 1000].map(AppVetPolicy.budget.pollsPerScan), [17, 11, 6, 6])
  })
})

describe("learned paces", () => {
  it("start from half a minute to three, and know each type of scan for itself", () => {
    const { durations } = vendor
    if (durations === undefined) return assert.fail("no durations are known")
    assert.strictEqual(Duration.toSeconds(durations.prior.low), 30)
    assert.strictEqual(Duration.toMinutes(durations.prior.high), 3)
    assert.strictEqual(durations.kind({ url: "https://shop.example/", type: "seo" }), "seo")
    const about = { vendor: "appvet", origin: "https://appvet.dev", limits: AppVetPolicy.limits }
    const prior = { low: 30_000, high: 180_000 }
    const model = DurationModel.makeMemory()
    for (let i = 0; i < 60; i++) {
      const durationMs = 50_000 + ((i * 37) % 60) * 1_000
      model.learn({ ...about, kind: "security", scan: `scan_${i}`, ended: "settled", durationMs })
    }
    const planOf = (kind: string, open: number) =>
      model.plan({ ...about, kind, prior }, AppVetPolicy.policies.default, open)
    assert.isAbove(planOf("security", 1)?.times[0] ?? 0, 40_000)
    assert.isBelow(planOf("security", 10)?.expected.polls ?? Infinity, planOf("security", 1)?.expected.polls ?? 0)
    assert.strictEqual(planOf("seo", 1), null)
  })
})
