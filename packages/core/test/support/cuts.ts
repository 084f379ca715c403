/**
 * Interrupts an effect at each of its steps, one run per step: what must hold when an interrupt comes at the worst
 * moment is held at every moment.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import { assert } from "vitest"

// An effect worth cutting has at least as many steps as the one, and ends long before the other.
const fewest = 3
const most = 20_000

/**
 * Runs `effect` and interrupts it at step `at`, counting the steps of every fiber it starts; the clock goes on by
 * `seconds` in the meantime. Says whether there was such a step. Fails where hardly any step was seen, so that a test does
 * not stay green because nothing was cut, and where the steps do not end.
 */
export const cutAt = <A, E, R>(effect: Effect.Effect<A, E, R>, at: number, seconds: number) =>
  Effect.gen(function* () {
    let step = 0
    let isCut = false
    let root: Fiber.Fiber<A, E> | null = null
    class Cutting extends Scheduler.MixedScheduler {
      override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
        if (++step !== at) return super.shouldYield(fiber)
        // The step has to wait for its turn, as it may at any time, and the interrupt is there first.
        queueMicrotask(() => {
          isCut = root !== null
          root?.interruptUnsafe()
        })
        return true
      }
    }
    root = yield* Effect.forkDetach(effect.pipe(Effect.provideService(Scheduler.Scheduler, new Cutting())))
    for (let second = 0; second < seconds; second++) yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(root)
    if (step >= at) assert.isTrue(isCut, `step ${at} was not cut`)
    else assert.isAtLeast(at - 1, fewest, "steps that were cut")
    assert.isBelow(at, most, "the steps do not end")
    return step >= at
  })
