import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { accepted, finish, value, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const names = (count: number) => Array.from({ length: count }, (_, index) => `target-${index}`)

/** Ten scans may be open at once, and one usually takes two minutes. */
const ten = (polls: ReadonlyArray<Conversation.Step> = [{ say: "running" }]) =>
  Conversation.make({ polls, policy: steady, budget: { openScans: 10, typicalDuration: Duration.minutes(2) } })

const submitAll = (vendor: Conversation.Vendor, wanted: ReadonlyArray<string>) =>
  Stream.runCollect(Scans.submitAll(wanted.map((name) => Scans.request(vendor.adapter, name))))

describe("the limit of open scans", () => {
  it.effect("holds for a batch of submissions that nobody waits for (V-20)", () =>
    Effect.gen(function* () {
      const vendor = ten()
      const fiber = yield* Effect.forkChild(submitAll(vendor, names(14)))
      yield* TestClock.adjust("119 seconds")
      assert.strictEqual(accepted(vendor), 10)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(accepted(vendor), 14)
      assert.strictEqual((yield* Fiber.join(fiber)).length, 14)
    }).pipe(Effect.provide(world))
  )

  it.effect("holds for submissions that are made one after the other (V-20)", () =>
    Effect.gen(function* () {
      const vendor = ten()
      const fiber = yield* Effect.forkChild(Effect.forEach(names(12), (name) => Scans.submit(vendor.adapter, name)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(accepted(vendor), 10)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).length, 12)
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "counts a scan once when it is waited for after its submission, and frees its place when it ends (V-20)",
    () =>
      Effect.gen(function* () {
        const vendor = ten([{ say: "running" }, { say: "done" }])
        const bought = yield* Effect.forEach(names(10), (name) => Scans.submit(vendor.adapter, name))
        yield* Effect.forkChild(
          Effect.forEach(bought, ({ ticket }) => Scans.wait(vendor.adapter, ticket), { concurrency: "unbounded" })
        )
        const more = yield* Effect.forkChild(submitAll(vendor, ["eleventh", "twelfth"]))
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(accepted(vendor), 10)
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(accepted(vendor), 12)
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(more)))
      }).pipe(Effect.provide(world))
  )

  it.effect("holds for scans whose wait ended before they did (V-20)", () =>
    Effect.gen(function* () {
      const vendor = ten()
      const policy = PollPolicy.withDeadline("20 seconds")
      const all = names(10).map((name) => Scans.request(vendor.adapter, name, { policy }))
      const fiber = yield* Effect.forkChild(Stream.runDrain(Scans.runAll(all)))
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      yield* Effect.forkChild(submitAll(vendor, ["eleventh"]))
      yield* TestClock.adjust("80 seconds")
      assert.strictEqual(accepted(vendor), 10)
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(accepted(vendor), 11)
    }).pipe(Effect.provide(world))
  )

  it.effect("holds back nobody where the vendor names none (V-20)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      value(yield* finish(submitAll(vendor, names(50))))
      assert.strictEqual(accepted(vendor), 50)
      const times = vendor.ledger.submissions.map(({ at }) => at)
      assert.strictEqual(Math.max(...times), 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("forgets a scan that nobody follows when its time is over, or when somebody follows it (V-20)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ budget: { openScans: 1 } })
      const budget = RateBudget.makeMemory().account(vendor.adapter, vendor.adapter.budget)
      const submit = Effect.forkChild(budget.turn({ kind: "submit", due: 0, lane: "" }), { startImmediately: true })
      const first = yield* submit
      yield* Fiber.join(first)
      budget.unfollowed("s1", 5000)
      const second = yield* submit
      yield* TestClock.adjust(4999)
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(second)
      budget.unfollowed("s2", 60_000)
      budget.bought("s2")
      budget.closed()
      yield* Fiber.join(yield* submit)
    })
  )
})
