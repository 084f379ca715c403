/**
 * Deadlines for many effects at once, with one sleeping fiber for all of them instead of one for each.
 *
 * An effect that is late is interrupted, also where its caller cannot be, and its place is taken by another effect. The
 * sleeping fiber is there only while something is under way.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

export interface Deadlines {
  /** `self`, or `late` when `self` has not ended within `millis` milliseconds, counted from now on a steady clock. */
  readonly within: <A, E>(
    self: Effect.Effect<A, E>,
    millis: number,
    late: () => Effect.Effect<A, E>
  ) => Effect.Effect<A, E>
}

interface Entry {
  readonly due: number
  readonly expire: () => void
}

interface Keeper {
  readonly wakesAt: number
  readonly stop: () => void
}

const steadyMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

export const make = (): Deadlines => {
  const entries = new Set<Entry>()
  let keeper: Keeper | null = null

  const earliest = (): number => {
    let due = Infinity
    for (const entry of entries) due = Math.min(due, entry.due)
    return due
  }

  const wake = (context: Context.Context<never>, clock: Clock.Clock): void => {
    keeper = null
    const now = steadyMillis(clock)
    for (const entry of entries) if (entry.due <= now) entry.expire()
    keep(context, clock, earliest())
  }

  const keep = (context: Context.Context<never>, clock: Clock.Clock, due: number): void => {
    if (due === Infinity || (keeper !== null && keeper.wakesAt <= due)) return
    keeper?.stop()
    // A timer may fire a little early: whole milliseconds, rounded up, keep this from spinning.
    const millis = Math.max(1, Math.ceil(due - steadyMillis(clock)))
    const sleeper = Effect.runForkWith(context)(clock.sleep(Duration.millis(millis)))
    keeper = { wakesAt: due, stop: () => sleeper.interruptUnsafe() }
    sleeper.addObserver((exit) => {
      if (Exit.isSuccess(exit)) wake(context, clock)
    })
  }

  return {
    within: <A, E>(self: Effect.Effect<A, E>, millis: number, late: () => Effect.Effect<A, E>) =>
      Effect.withFiber<A, E>((parent) =>
        Effect.callback<A, E>((resume) => {
          // A fiber loses its context when it ends.
          const context = parent.context
          const child = Effect.runForkWith(context)(self)
          let isLate = false
          const clock = parent.getRef(Clock.Clock)
          const entry: Entry = {
            due: steadyMillis(clock) + millis,
            expire: () => {
              isLate = true
              entries.delete(entry)
              child.interruptUnsafe()
            }
          }
          entries.add(entry)
          child.addObserver((exit) => {
            entries.delete(entry)
            if (entries.size === 0) {
              keeper?.stop()
              keeper = null
            }
            resume(isLate && Exit.isFailure(exit) ? Effect.suspend(late) : exit)
          })
          if (entries.has(entry)) keep(context, clock, entry.due)
          return Fiber.interrupt(child)
        })
      )
  }
}
