/** From the text of a header to the gap between two polls, on a virtual clock: every header gives a wait within bounds. */
import { assert, describe, it } from "@effect/vitest"
import * as Poller from "@scanpoll/core/engine/Poller"
import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Conversation from "@scanpoll/test-support/conversation"

const clock = Date.UTC(1994, 10, 6, 8, 49, 7)
const floor = 5_000
const hintCap = 300_000
const policy = PollPolicy.make({ pace: "5 seconds", first: 0, spread: 0, deadline: "30 minutes" })

const hintOf = (text: string): number | undefined =>
  Option.getOrUndefined(
    Option.map(
      RetryAfter.parse(text, () => clock),
      Duration.toMillis
    )
  )

// The gap after an answer that carries this header, for a vendor whose floor and pace are 5 s.
const gapAfter = (
  text: string,
  options: { readonly policy?: PollPolicy.PollPolicy; readonly limits?: Record<string, string> } = {}
) =>
  Effect.gen(function* () {
    const hint = hintOf(text)
    const vendor = Conversation.make({
      polls: [hint === undefined ? { say: "running" } : { say: "running", hint }, { say: "done" }],
      limits: { floor: "5 seconds", ...options.limits },
      policy: options.policy ?? policy
    })
    const ticket = vendor.ticket("s1", null)
    const wait = Poller.untilTerminal({
      ticket,
      poll: vendor.adapter.poll(ticket),
      policy: vendor.adapter.policy,
      limits: vendor.adapter.limits,
      submittedAt: null
    })
    const fiber = yield* Effect.forkChild(Effect.exit(wait))
    yield* TestClock.adjust("40 days")
    yield* Fiber.join(fiber)
    const [first = 0, second = Number.NaN] = Conversation.pollTimes(vendor)
    return second - first
  })

describe("the gap after an answer", () => {
  it.effect.each([
    ["10", 10_000],
    [" 10 ", 10_000],
    ["007", 7_000],
    ["0", floor]
  ] as const)("whose Retry-After is %j is %i ms (HD-01)", ([text, expected]) =>
    Effect.map(gapAfter(text), (gap) => assert.strictEqual(gap, expected))
  )

  it.effect.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sun, 06 Nov 1994 08:00:00 GMT", floor]
  ] as const)("whose Retry-After is the date %s is %i ms (HD-02)", ([text, expected]) =>
    Effect.map(gapAfter(text), (gap) => assert.strictEqual(gap, expected))
  )

  it.effect.each([
    "",
    "abc",
    "10s",
    "NaN",
    "Infinity",
    "-5",
    "+3",
    "1.5",
    "1e3",
    "0x10",
    "10;x",
    "1994-11-06T08:49:37Z"
  ])("whose Retry-After is %j is that of an answer without one (HD-03)", (text) =>
    Effect.map(gapAfter(text), (gap) => assert.strictEqual(gap, floor))
  )

  it.effect.each(["2147484", "9999999999", "9".repeat(400)])(
    "whose Retry-After is %s is the cap, and no earlier poll is made (HD-04, HD-05)",
    (text) => Effect.map(gapAfter(text), (gap) => assert.strictEqual(gap, hintCap))
  )

  it.effect.each(["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "whose Retry-After is an older kind of date, %s, is 30 s (HD-07)",
    (text) => Effect.map(gapAfter(text), (gap) => assert.strictEqual(gap, 30_000))
  )

  it.effect("is 29 days where vendor and cap say so, to the millisecond (TM-03)", () =>
    Effect.map(
      gapAfter("2505600", {
        policy: policy.pipe(PollPolicy.withDeadline("30 days")),
        limits: { hintCap: "30 days" }
      }),
      (gap) => assert.strictEqual(gap, 29 * 86_400_000)
    )
  )

  it.effect("is never below a Retry-After of 10 s, whatever chance adds, 1 000 draws (TM-07)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [...Array.from({ length: 1_000 }, () => ({ say: "running" as const, hint: 10_000 })), { say: "done" }],
        limits: { floor: "5 seconds" },
        policy: policy.pipe(PollPolicy.withSpread(0.3), PollPolicy.withDeadline("1 day"))
      })
      const ticket = vendor.ticket("s1", null)
      const wait = Poller.untilTerminal({
        ticket,
        poll: vendor.adapter.poll(ticket),
        policy: vendor.adapter.policy,
        limits: vendor.adapter.limits,
        submittedAt: null
      })
      const fiber = yield* Effect.forkChild(Effect.exit(wait).pipe(Random.withSeed("ten seconds")))
      yield* TestClock.adjust("2 days")
      yield* Fiber.join(fiber)
      const times = Conversation.pollTimes(vendor)
      assert.strictEqual(times.length, 1_001)
      for (const [i, time] of times.slice(1).entries()) assert.isAtLeast(time - (times[i] ?? 0), 10_000)
    })
  )

  it.effect.prop(
    "is between the floor and the cap for any header text (HD-03)",
    [Schema.String],
    ([text]) =>
      Effect.map(gapAfter(text), (gap) => {
        assert.isAtLeast(gap, floor)
        assert.isAtMost(gap, hintCap)
      }),
    { arbitrary: { runs: 200 } }
  )
})

describe("on the machine's own clock", () => {
  it.live("a wait of 29 days overflows no timer and makes no early poll (TM-03, HD-04)", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const note = (warning: Error) => void warnings.push(warning.name)
      process.on("warning", note)
      const vendor = Conversation.make({
        polls: [{ say: "running", hint: 29 * 86_400_000 }],
        limits: { floor: "1 millis", hintCap: "30 days" },
        policy: PollPolicy.make({ first: 0, pace: "1 millis", floor: 0, spread: 0, deadline: "30 days" })
      })
      const ticket = vendor.ticket("s1", null)
      const wait = Poller.untilTerminal({
        ticket,
        poll: vendor.adapter.poll(ticket),
        policy: vendor.adapter.policy,
        limits: vendor.adapter.limits,
        submittedAt: null
      })
      yield* Effect.timeoutOption(Effect.ignore(wait), "300 millis")
      process.off("warning", note)
      assert.strictEqual(vendor.ledger.polls.length, 1)
      assert.deepStrictEqual(warnings, [])
    })
  )
})
