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

describe("parse, in the spellings of vendors", () => {
  const after = (more: number) => now + more * 1000

  it.each<readonly [string, Record<string, string>, unknown]>([
    [
      "X-Rate-Limit with hyphens and an RFC 3339 reset",
      { "x-rate-limit-limit": "4", "x-rate-limit-remaining": "1", "x-rate-limit-reset": "2026-05-11T08:20:00Z" },
      { limit: 4, remaining: 1, resetAt: after(60) }
    ],
    [
      "an HTTP date for the reset",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "Mon, 11 May 2026 08:19:30 GMT" },
      { limit: null, remaining: 0, resetAt: after(30) }
    ],
    [
      "Reset-After with a fraction, whatever the clocks say",
      { "x-ratelimit-remaining": "2", "x-ratelimit-reset-after": "1.25", date: "Thu, 01 Jan 1970 00:00:00 GMT" },
      { limit: null, remaining: 2, resetAt: now + 1250 }
    ],
    [
      "RateLimit-Limit with its policies behind it, and a reset in seconds",
      { "ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "3", "ratelimit-reset": "7" },
      { limit: 10, remaining: 3, resetAt: after(7) }
    ],
    [
      "RateLimit as pairs",
      { ratelimit: "limit=100, remaining=50, reset=30" },
      { limit: 100, remaining: 50, resetAt: after(30) }
    ],
    [
      "RateLimit with the policy of its name",
      { ratelimit: '"a,b;c";r=50;t=30', "ratelimit-policy": '"day";q=9;w=86400, "a,b;c";q=100;w=60' },
      { limit: 100, remaining: 50, resetAt: after(30), windowMillis: 60_000 }
    ],
    [
      "of several windows the one that runs out first, with its own reset",
      {
        ratelimit: '"minute";r=3;t=20, "day";r=1;t=40000',
        "ratelimit-policy": '"minute";q=4;w=60, "day";q=500;w=86400',
        "x-ratelimit-remaining": "2",
        "x-ratelimit-reset": String(seconds + 5)
      },
      { limit: 500, remaining: 1, resetAt: after(40_000), windowMillis: 86_400_000 }
    ],
    ["RateLimit without its policy", { ratelimit: '"x";r=0;t=9' }, { limit: null, remaining: 0, resetAt: after(9) }],
    ["nothing in an empty one", { ratelimit: "", "ratelimit-policy": "", "ratelimit-limit": "a;b" }, null],
    ["nothing in a broken one", { ratelimit: '"x;r=1;t=2', "x-ratelimit-reset-after": "-1" }, null]
  ])("reads %s", (_what, headers, expected) => {
    assert.deepStrictEqual<unknown>(quota(headers), expected)
  })

  it.prop(
    "never gives a wrong number for any texts in any of the headers",
    [Schema.String, Schema.Union([Schema.Int, Schema.Number, Schema.String]), Schema.String],
    ([text, value, name]) => {
      for (const header of [
        "ratelimit",
        "ratelimit-policy",
        "ratelimit-limit",
        "ratelimit-reset",
        "x-rate-limit-reset",
        "x-rate-limit-reset-after"
      ]) {
        const found = quota({
          ratelimit: `"${name}";r=${value};t=${value}`,
          "ratelimit-policy": `"${name}";q=${value};w=${value}`,
          [header]: header === "ratelimit" ? `${text};r=${value}` : String(value)
        })
        if (found === null) continue
        for (const number of [found.limit, found.remaining, found.windowMillis ?? null]) {
          assert.isTrue(number === null || (Number.isSafeInteger(number) && number >= 0))
        }
        assert.isTrue(found.resetAt === null || (found.resetAt > now && found.resetAt <= now + 30 * 86_400_000))
      }
    }
  )
})
