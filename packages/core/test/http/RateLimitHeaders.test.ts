import { assert, describe, it } from "@effect/vitest"
import * as RateLimitHeaders from "@scanpoll/core/unstable/http/RateLimitHeaders"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const now = Date.UTC(2026, 4, 11, 8, 19, 0)
const seconds = now / 1000
const quota = (headers: Record<string, string>) => Option.getOrNull(RateLimitHeaders.parse(headers, now))

describe("parse", () => {
  it("reads the three headers", () => {
    assert.deepStrictEqual(
      quota({
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": " 59 ",
        "x-ratelimit-reset": String(seconds + 60)
      }),
      { limit: 60, remaining: 59, resetAt: now + 60_000 }
    )
  })

  it("says nothing where there is nothing to say", () => {
    assert.isNull(quota({}))
    assert.isNull(quota({ "x-ratelimit-limit": "many", "x-ratelimit-reset": "soon", date: "today" }))
  })

  it("keeps a single header and leaves the others open", () => {
    assert.deepStrictEqual(quota({ "x-ratelimit-remaining": "0" }), { limit: null, remaining: 0, resetAt: null })
  })

  it.each(["", "-1", "+1", "1.0", "1e2", "0x1", "1;w=60", "NaN", "9".repeat(16)])(
    "leaves out the number %j",
    (text) => {
      assert.isNull(quota({ "x-ratelimit-limit": text, "x-ratelimit-remaining": text, "x-ratelimit-reset": text }))
    }
  )

  it("carries the reset over to our clock when the vendor's is wrong", () => {
    const hourAhead = { date: new Date(now + 3_600_000).toUTCString(), "x-ratelimit-reset": String(seconds + 3630) }
    assert.strictEqual(quota(hourAhead)?.resetAt, now + 30_000)
    const yearsBehind = { date: "Thu, 01 Jan 1970 00:00:00 GMT", "x-ratelimit-reset": "45" }
    assert.strictEqual(quota(yearsBehind)?.resetAt, now + 45_000)
  })

  it("goes by our clock when the Date header is no date", () => {
    assert.strictEqual(quota({ date: "yesterday", "x-ratelimit-reset": String(seconds + 30) })?.resetAt, now + 30_000)
  })

  it.each([
    ["now", seconds],
    ["in the past", seconds - 1],
    ["a number of seconds and not a moment", 60],
    ["more than 30 days away", seconds + 30 * 86_400 + 1],
    ["in milliseconds", now + 60_000]
  ])("leaves out a reset that is %s", (_what, reset) => {
    assert.isNull(quota({ "x-ratelimit-reset": String(reset) }))
  })

  it("takes the strictest of several values", () => {
    assert.deepStrictEqual(
      quota({
        "x-ratelimit-limit": "100, 50, x",
        "x-ratelimit-remaining": "3, 7",
        "x-ratelimit-reset": `${seconds + 10}, ${seconds + 20}, ${seconds + 99 * 86_400}, 5`
      }),
      { limit: 50, remaining: 3, resetAt: now + 20_000 }
    )
  })

  it.prop(
    "gives whole numbers from 0 and a reset within the next 30 days, or nothing, for any texts",
    [Schema.String, Schema.String, Schema.Int, Schema.String],
    ([limit, remaining, reset, date]) => {
      const found = quota({
        "x-ratelimit-limit": limit,
        "x-ratelimit-remaining": remaining,
        "x-ratelimit-reset": String(reset),
        date
      })
      if (found === null) return
      for (const number of [found.limit, found.remaining]) {
        assert.isTrue(number === null || (Number.isSafeInteger(number) && number >= 0))
      }
      assert.isTrue(
        found.resetAt === null ||
          (Number.isFinite(found.resetAt) && found.resetAt > now && found.resetAt <= now + 30 * 86_400_000)
      )
    }
  )
})
