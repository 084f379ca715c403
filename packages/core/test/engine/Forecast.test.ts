import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { forecast } from "../../src/engine/Forecast.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

describe("forecast", () => {
  const limits = { requests: 10, window: Duration.minutes(1), pollsPerScan: () => 4 }

  it("says what a batch costs and how long it must take, before anything is sent", () => {
    const vendor = Conversation.make({ budget: limits })
    const requests = ["a", "b", "c", "a"].map((name) => Scans.request(vendor.adapter, name))
    const [account] = forecast(requests)
    // 3 distinct scans of 1 + 4 requests each: 15 requests, so the sixth has to wait for the second minute.
    assert.deepStrictEqual(
      [account?.scans, account?.requests, account && Duration.toMillis(account.atLeast), account?.limit],
      [3, 15, 60_000, "10 requests per 1m"]
    )
    assert.strictEqual(vendor.ledger.submissions.length, 0)
  })

  it("counts the limit of open scans, the fetching of findings, and tickets as waits alone", () => {
    const vendor = Conversation.make({ budget: { ...limits, requests: null, openScans: 2 }, collect: ["found"] })
    const requests = [
      ...["a", "b", "c"].map((name) => Scans.request(vendor.adapter, name)),
      Scans.fromTicket(vendor.adapter, vendor.ticket("x"))
    ]
    const [account] = forecast(requests)
    assert.deepStrictEqual(
      [account?.scans, account?.requests, account && Duration.toMillis(account.atLeast)],
      [3, 3 + 16 + 4, 120_000]
    )
  })

  it("keeps accounts apart", () => {
    const one = Conversation.make({ vendor: "one" })
    const two = Conversation.make({ vendor: "two" })
    assert.deepStrictEqual(
      forecast([Scans.request(one.adapter, "a"), Scans.request(two.adapter, "a")]).map((account) => account.vendor),
      ["one", "two"]
    )
    assert.deepStrictEqual(forecast([]), [])
  })
})
