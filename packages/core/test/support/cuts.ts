/**
 * Interrupts an effect at each of its steps, one run per step: what must hold when an interrupt comes at the worst
 * moment is held at every moment.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"

/**
 * Runs `effect` and interrupts it at step `at`, counting the steps of every fiber it starts; the clock goes on by
 * `seconds` in the meantime. Says whether there was such a step.
 */
export const cutAt = <A, E, R>(effect: Effect.Effect<A, E, R>, at: number, seconds: number) =>
  Effect.gen(function* () {
    let step = 0
    let root: Fiber.Fiber<A, E> | null = null
    class Cutting extends Scheduler.MixedScheduler {
      override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
        if (++step !== at) return super.shouldYield(fiber)
        // The step has to wait for its turn, as it may at any time, and the interrupt is there first.
        queueMicrotask(() => root?.interruptUnsafe())
        return true
      }
    }
    root = yield* Effect.forkDetach(effect.pipe(Effect.provideService(Scheduler.Scheduler, new Cutting())))
    for (let second = 0; second < seconds; second++) yield* TestClock.adjust("1 second")
    yield* Fiber.interrupt(root)
    return step >= at
  })
