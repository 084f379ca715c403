/** Many scans and a vendor in trouble, on a virtual clock: how many requests it gets, when, and what becomes of each. */
import { assert, describe, it } from "@effect/vitest"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Conversation from "@scanpoll/test-support/conversation"

const world = Layer.merge(ScanJournal.layerMemory, RateBudget.layerMemory)
const pace = PollPolicy.make({ first: 0, pace: "10 seconds", floor: "1 second", deadline: "10 minutes" })

const finish = (wanted: ReadonlyArray<Scans.ScanRequest<unknown>>, options: Scans.BatchOptions = {}) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Stream.runCollect(Scans.runAll(wanted, options)))
    yield* TestClock.adjust("2 hours")
    return (yield* Fiber.join(fiber)).toSorted((one, other) => one.index - other.index)
  }).pipe(Random.withSeed("crowd"))

// Does what the script says for as long as it is in trouble, by the clock; healthy afterwards.
const troubled = (
  trouble: Conversation.Step,
  until: number,
  options: Parameters<typeof Conversation.make>[0] = {}
): Conversation.Vendor => {
  const healthy = Conversation.make({ policy: pace, polls: [{ say: "done" }], ...options })
  const ill = Conversation.make({ policy: pace, polls: [trouble], ...options })
  return {
    ...healthy,
    ledger: { ...healthy.ledger, polls: ill.ledger.polls },
    adapter: {
      ...healthy.adapter,
      poll: (ticket) =>
        Effect.flatMap(
          TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe())),
          (now) =>
            now < until
              ? ill.adapter.poll(ticket)
              : Effect.suspend(() => {
                  ill.ledger.polls.push({ scanId: ticket.scanId, at: now, answeredAt: now, cut: false })
                  return healthy.adapter.poll(ticket)
                })
        )
    }
  }
}

const most = (times: ReadonlyArray<number>, window: number): number =>
  Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + window).length))

describe("200 scans under a vendor that answers 503 for a minute", () => {
  it.effect("cost no more requests than the planned polls and a fifth, one per poll (RL-01, RL-03)", () =>
    Effect.gen(function* () {
      const vendor = troubled({ say: "Transient" }, 60_000)
      const records = yield* finish(Array.from({ length: 200 }, (_, i) => Scans.request(vendor.adapter, `t${i}`)))
      assert.deepStrictEqual(new Set(records.map(({ state }) => state)), new Set(["completed"]))
      const during = vendor.ledger.polls.filter(({ at }) => at < 60_000)
      // At the documented pace each of them would have been asked at 0, 10, 20, 30, 40 and 50 s.
      assert.isAtMost(during.length, 200 * 6 * 1.2 + 10)
      // The engine's polls and the vendor's requests are the same number: nothing below it tries again.
      assert.strictEqual(
        records.reduce((sum, record) => sum + record.polls, 0),
        vendor.ledger.polls.length
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("come back within the account's rate when it heals, spread and not at once (RL-02, RL-05)", () =>
    Effect.gen(function* () {
      const vendor = troubled({ say: "Transient" }, 60_000, {
        budget: { requests: 50, window: Duration.seconds(10), openScans: null, pollsPerScan: () => 1 }
      })
      const records = yield* finish(
        Array.from({ length: 100 }, (_, i) => Scans.request(vendor.adapter, `t${i}`)),
        {}
      )
      assert.deepStrictEqual(new Set(records.map(({ state }) => state)), new Set(["completed"]))
      const times = [
        ...vendor.ledger.polls.map(({ at }) => at),
        ...vendor.ledger.submissions.map(({ at }) => at)
      ].toSorted((one, other) => one - other)
      assert.isAtMost(most(times, 10_000), 50)
    }).pipe(Effect.provide(world))
  )
})

describe("limits", () => {
  it.effect("of five at once are kept for 100 scans of a slow vendor (RL-04)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        policy: pace,
        submits: [{ say: "accept", takes: 4_000 }],
        polls: [
          { say: "running", takes: 7_000 },
          { say: "done", takes: 7_000 }
        ]
      })
      const wanted = Array.from({ length: 100 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      const records = yield* finish(wanted, { concurrency: 5 })
      assert.strictEqual(records.filter(({ state }) => state === "completed").length, 100)
      assert.isAtMost(vendor.ledger.mostInFlight, 5)
      assert.isAtLeast(vendor.ledger.mostInFlight, 4)
    }).pipe(Effect.provide(world))
  )

  it.effect("of an account are kept for 100 scans: 10 requests in any 10 s (RL-05)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        policy: pace,
        polls: [{ say: "running" }, { say: "done" }],
        budget: { requests: 10, window: Duration.seconds(10), openScans: null, pollsPerScan: () => 2 }
      })
      const wanted = Array.from({ length: 100 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      const records = yield* finish(wanted)
      assert.strictEqual(records.filter(({ state }) => state === "completed").length, 100)
      const times = [
        ...vendor.ledger.polls.map(({ at }) => at),
        ...vendor.ledger.submissions.map(({ at }) => at)
      ].toSorted((one, other) => one - other)
      assert.isAtMost(most(times, 10_000), 10)
    }).pipe(Effect.provide(world))
  )
})

describe("two vendors in one run", () => {
  it.effect("one throttles for ever: its scans are still running, the other's complete as if alone (RL-06)", () =>
    Effect.gen(function* () {
      const calm = Conversation.make({ vendor: "calm", policy: pace, polls: [{ say: "running" }, { say: "done" }] })
      const busy = Conversation.make({ vendor: "busy", policy: pace, polls: [{ say: "Throttled", hint: 20_000 }] })
      const records = yield* finish(
        [
          ...Array.from({ length: 5 }, (_, i) => Scans.request(busy.adapter, `b${i}`)),
          ...Array.from({ length: 5 }, (_, i) => Scans.request(calm.adapter, `c${i}`))
        ],
        { timeout: "30 minutes" }
      )
      assert.deepStrictEqual(
        records.map(({ state }) => state),
        [...Array.from({ length: 5 }, () => "still-running"), ...Array.from({ length: 5 }, () => "completed")]
      )
      for (const poll of calm.ledger.polls) assert.isBelow(poll.at, 20_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("one answers each poll after 15 s: the other's polls are not late (TM-10)", () =>
    Effect.gen(function* () {
      const quick = Conversation.make({
        vendor: "quick",
        policy: PollPolicy.withSpread(pace, 0),
        polls: [{ say: "running" }, { say: "running" }, { say: "done" }]
      })
      const slow = Conversation.make({ vendor: "slow", policy: pace, polls: [{ say: "running", takes: 14_999 }] })
      const records = yield* finish([
        ...Array.from({ length: 20 }, (_, i) => Scans.request(slow.adapter, `s${i}`)),
        Scans.request(quick.adapter, "q")
      ])
      assert.strictEqual(records.at(-1)?.state, "completed")
      assert.deepStrictEqual(Conversation.pollTimes(quick), [0, 10_000, 20_000])
    }).pipe(Effect.provide(world))
  )
})
