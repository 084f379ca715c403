import { assert, describe, it } from "@effect/vitest"
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

describe("a fast clock", () => {
  it.effect("makes ten seconds of one, in what it says and in how long it sleeps", () =>
    Effect.gen(function* () {
      const real = yield* Clock.Clock
      const fast = FastTime.make(real, 10)
      const began = fast.now()
      const sleeping = yield* Effect.forkChild(
        Effect.provideService(Effect.sleep("10 seconds"), Clock.Clock, fast.clock)
      )
      yield* TestClock.adjust(999)
      assert.isUndefined(sleeping.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(sleeping)
      assert.strictEqual(fast.now() - began, 10_000)
    })
  )

  it.effect("leaves the time limits of requests real", () =>
    Effect.gen(function* () {
      const fast = FastTime.make(yield* Clock.Clock, 10)
      const asking = yield* Effect.forkChild(
        Effect.provideService(Effect.sleep("2 seconds"), Clock.Clock, fast.clockOfRequests)
      )
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(asking.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(asking)
    })
  )

  it.effect("says the same in two processes that are told when it began, whenever they start", () =>
    Effect.gen(function* () {
      const real = yield* Clock.Clock
      const began = real.currentTimeMillisUnsafe()
      const first = FastTime.make(real, 30, began)
      yield* TestClock.adjust("7 seconds")
      const second = FastTime.make(real, 30, began)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(first.now(), began + 240_000)
      assert.strictEqual(second.now(), first.now())
    })
  )
})
