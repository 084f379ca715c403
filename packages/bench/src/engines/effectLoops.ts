/**
 * The loops people write with Effect alone: its schedules, and a generator that sleeps.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { type Answer, countdown, type Engine } from "../Engine.ts"

const looping =
  (loop: (poll: Effect.Effect<Answer>, everyMs: number) => Effect.Effect<Answer, unknown>): Engine =>
  (vendor, scans, everyMs) => {
    const { done, ended } = countdown(scans)
    const fibers: Array<Fiber.Fiber<Answer, unknown>> = []
    for (let id = 0; id < scans; id++) {
      const fiber = Effect.runFork(
        loop(
          Effect.promise(() => vendor.poll(id)),
          everyMs
        )
      )
      fiber.addObserver(ended)
      fibers.push(fiber)
    }
    return {
      done,
      cancel: () => {
        for (const fiber of fibers.splice(0)) fiber.interruptUnsafe()
        return done
      }
    }
  }

/** `Effect.repeat` with a `Schedule`. */
export const repeated: Engine = looping((poll, everyMs) =>
  Effect.repeat(poll, {
    schedule: Schedule.spaced(Duration.millis(everyMs)),
    while: (answer) => answer.status === "running"
  })
)

/** `Effect.retry` with a `Schedule`: what is not over yet is a failure. */
export const retried: Engine = looping((poll, everyMs) =>
  Effect.retry(
    Effect.flatMap(poll, (answer) => (answer.status === "running" ? Effect.fail(answer) : Effect.succeed(answer))),
    { schedule: Schedule.spaced(Duration.millis(everyMs)) }
  )
)

/** A generator that sleeps. */
export const sleeping: Engine = looping((poll, everyMs) =>
  Effect.gen(function* () {
    for (;;) {
      const answer = yield* poll
      if (answer.status !== "running") return answer
      yield* Effect.sleep(Duration.millis(everyMs))
    }
  })
)
