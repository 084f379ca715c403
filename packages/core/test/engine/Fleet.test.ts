import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Fleet from "../../src/engine/Fleet.ts"
import type { PollSpec } from "../../src/engine/Poller.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import { countingClock } from "../support/clocks.ts"

const limits = VendorLimits.make({ floor: "1 second" })
const policy = PollPolicy.make({ pace: "10 seconds", spread: 0, first: "10 seconds", deadline: "1 hour" })

const specOf = (polls: { count: number }, settleAfter: number): PollSpec<string, number> => {
  let asked = 0
  return {
    ticket: 1,
    submittedAt: 0,
    policy,
    limits,
    poll: Effect.sync(() => {
      polls.count++
      return Observation.answer(++asked >= settleAfter ? Observation.settled("done") : Observation.pending("running"))
    })
  }
}

// A clock that waits for a crowd as long as its polls take: the usual one gives up after a second of real time.
const patient = TestClock.layer({ warningDelay: "1 minute" })

describe("Fleet", () => {
  it.effect("keeps 10 000 waits on one timer and ends each of them", () =>
    Effect.gen(function* () {
      const { clock, count } = yield* countingClock
      yield* Effect.gen(function* () {
        const fleet = yield* Fleet.make.pipe(Effect.provideService(Clock.Clock, clock))
        const polls = { count: 0 }
        let ended = 0
        for (let i = 0; i < 10_000; i++) {
          yield* fleet.add(specOf(polls, 3), (exit) => {
            if (Exit.isSuccess(exit)) ended++
          })
        }
        assert.strictEqual(fleet.size(), 10_000)
        assert.isAtMost(count.asleep, 1)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual(ended, 10_000)
        assert.strictEqual(polls.count, 30_000)
        assert.strictEqual(fleet.size(), 0)
        assert.strictEqual(count.asleep, 0)
        assert.isAtMost(count.most, 1)
      }).pipe(Effect.scoped)
    }).pipe(Effect.provide(patient))
  )

  it.effect("lets others have their turn while a crowd is due at once, and polls all of it at that time", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const times = new Map<number, number>()
      const seen: Array<number> = []
      let polls = 0
      for (let i = 0; i < 5000; i++) {
        const poll = Effect.map(Clock.currentTimeMillis, (now) => {
          polls++
          times.set(now, (times.get(now) ?? 0) + 1)
          return Observation.answer(Observation.pending("running"))
        })
        yield* fleet.add({ ticket: i, submittedAt: 0, policy, limits, poll }, () => {})
      }
      const other = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => seen.push(polls)),
            Effect.yieldNow
          )
        )
      )
      yield* TestClock.adjust("25 seconds")
      yield* Fiber.interrupt(other)
      assert.deepStrictEqual(Array.from(times), [
        [10_000, 5000],
        [20_000, 5000]
      ])
      const most = seen.reduce((most, count, turn) => Math.max(most, count - (seen[turn - 1] ?? 0)), 0)
      assert.isAtMost(most, 1000)
    }).pipe(Effect.scoped, Effect.provide(patient))
  )

  it.effect("stop ends every wait as interrupted with its ticket, and refuses new ones the same way", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const polls = { count: 0 }
      const waits = yield* Effect.forkChild(
        Effect.all(
          [1, 2, 3].map((ticket) => Effect.flip(fleet.wait({ ...specOf(polls, 99), ticket }))),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("15 seconds")
      yield* fleet.stop
      const stops = yield* Fiber.join(waits)
      assert.deepStrictEqual(
        stops.map((stop) => [stop.reason, stop.ticket, stop.notBefore]),
        [
          ["interrupted", 1, 20_000],
          ["interrupted", 2, 20_000],
          ["interrupted", 3, 20_000]
        ]
      )
      const late = yield* Effect.flip(fleet.wait(specOf(polls, 99)))
      assert.strictEqual(late.reason, "interrupted")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(polls.count, 3)
    }).pipe(Effect.scoped)
  )

  it.effect("closing its scope cuts the polls in flight and leaves no timer behind", () =>
    Effect.gen(function* () {
      const { clock, count } = yield* countingClock
      let cut = 0
      const scope = yield* Scope.make()
      const fleet = yield* Fleet.make.pipe(Scope.provide(scope), Effect.provideService(Clock.Clock, clock))
      const hanging = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void cut++))
      for (let i = 0; i < 5; i++) yield* fleet.add({ ...specOf({ count: 0 }, 1), poll: hanging }, () => {})
      for (let i = 0; i < 5; i++) yield* fleet.add(specOf({ count: 0 }, 99), () => {})
      yield* TestClock.adjust("12 seconds")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(cut, 5)
      assert.strictEqual(fleet.size(), 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(count.asleep, 0)
    })
  )

  it.effect("keeps no timer when the last wait has left", () =>
    Effect.gen(function* () {
      const { clock, count } = yield* countingClock
      yield* Effect.gen(function* () {
        const fleet = yield* Fleet.make.pipe(Effect.provideService(Clock.Clock, clock))
        const fiber = yield* Effect.forkChild(fleet.wait(specOf({ count: 0 }, 99)))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(count.asleep, 1)
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(count.asleep, 0)
      }).pipe(Effect.scoped)
    })
  )

  it.effect("stops each of its waits, whichever of them left before", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const ended: Array<number> = []
      for (const settleAfter of [1, 99, 1, 99, 99, 1]) {
        const nth = settleAfter === 99 ? 1 : 0
        yield* fleet.add(specOf({ count: 0 }, settleAfter), () => void ended.push(nth))
      }
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual([ended.length, fleet.size()], [3, 3])
      yield* fleet.stop
      assert.deepStrictEqual([ended, fleet.size()], [[0, 0, 0, 1, 1, 1], 0])
    }).pipe(Effect.scoped)
  )

  it.effect("goes on when a listener throws, however its wait ended", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const thrower = () => {
        throw new Error("listener")
      }
      let ended = 0
      const over = PollPolicy.withDeadline(policy, "12 seconds")
      for (let i = 0; i < 3; i++) {
        yield* fleet.add(specOf({ count: 0 }, 1), thrower)
        yield* fleet.add({ ...specOf({ count: 0 }, 99), policy: over }, thrower)
        yield* fleet.add({ ...specOf({ count: 0 }, 1), poll: Effect.die("bug") }, thrower)
        yield* fleet.add(specOf({ count: 0 }, 1), () => void ended++)
        yield* fleet.add(specOf({ count: 0 }, 99), thrower)
        yield* fleet.add(specOf({ count: 0 }, 99), () => void ended++)
      }
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual([ended, fleet.size()], [3, 6])
      yield* fleet.stop
      assert.deepStrictEqual([ended, fleet.size()], [6, 0])
    }).pipe(Effect.scoped)
  )

  it.effect("a wait that hangs delays no other", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const ended: Array<number> = []
      yield* fleet.add({ ...specOf({ count: 0 }, 1), poll: Effect.never }, () => {})
      for (let i = 0; i < 3; i++) yield* fleet.add(specOf({ count: 0 }, 2), () => void ended.push(i))
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(ended, [0, 1, 2])
    }).pipe(Effect.scoped)
  )

  it.effect("a poll that dies ends its own wait with the defect and no other", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const exits: Array<string> = []
      yield* fleet.add(
        { ...specOf({ count: 0 }, 1), poll: Effect.die("bug") },
        (exit) => void exits.push(Exit.isSuccess(exit) ? "ok" : "defect")
      )
      yield* fleet.add(specOf({ count: 0 }, 1), (exit) => {
        exits.push(Exit.isSuccess(exit) ? "ok" : "defect")
        throw new Error("listener")
      })
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(exits.sort(), ["defect", "ok"])
    }).pipe(Effect.scoped)
  )
})
