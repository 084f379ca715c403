/**
 * `Effect.repeat` with a `Schedule`: the engine Effect brings along.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import { type Answer, countdown, type Engine } from "../Engine.ts"

export const spaced: Engine = (vendor, scans, everyMs) => {
  const { done, ended } = countdown(scans)
  const schedule = Schedule.spaced(Duration.millis(everyMs))
  const fibers: Array<Fiber.Fiber<Answer>> = []
  for (let id = 0; id < scans; id++) {
    const poll = Effect.promise(() => vendor.poll(id))
    const fiber = Effect.runFork(Effect.repeat(poll, { schedule, while: (answer) => answer.status === "running" }))
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
