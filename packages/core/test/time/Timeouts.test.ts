import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Timeouts from "../../src/time/internal/timeouts.ts"
import { countingClock } from "../support/clocks.ts"

const late = Effect.succeed("late")

describe("Timeouts", () => {
  it.effect("an effect that takes too long is interrupted and replaced, also in an uninterruptible region", () =>
    Effect.gen(function* () {
      let cut = 0
      const never = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void cut++))
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(Timeouts.within(never, 5000, late)))
      yield* TestClock.adjust(4999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(fiber), "late")
      assert.strictEqual(cut, 1)
    })
  )

  it.effect("a defect of an effect that was cut is not hidden behind its timeout", () =>
    Effect.gen(function* () {
      const dying = Effect.onInterrupt(Effect.never, () => Effect.die("in the finalizer"))
      const fiber = yield* Effect.forkChild(Timeouts.within(dying, 10, late))
      yield* TestClock.adjust(10)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.effect("a thousand timeouts sleep on one timer, and none is left when the last effect ends", () =>
    Effect.gen(function* () {
      const { clock, count } = yield* countingClock
      const fibers = yield* Effect.forEach(Array.from({ length: 1000 }), (_, index) =>
        Effect.forkChild(Effect.provideService(Timeouts.within(Effect.never, 1000 + index, late), Clock.Clock, clock), {
          startImmediately: true
        })
      )
      yield* TestClock.adjust(999)
      assert.strictEqual(count.asleep, 1)
      assert.isTrue(fibers.every((fiber) => fiber.pollUnsafe() === undefined))
      yield* TestClock.adjust(500)
      assert.strictEqual(fibers.filter((fiber) => fiber.pollUnsafe() !== undefined).length, 500)
      assert.strictEqual(count.asleep, 1)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(count.asleep, 0)
    })
  )
})
