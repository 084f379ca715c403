/** Clocks that can be moved one by one. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Real time, whose two clocks jump when a test says so; sleeps are real. */
export interface Jumping {
  readonly clock: Clock.Clock
  /** Milliseconds on the clock that a person can set, and that runs on while a machine sleeps. */
  wall: number
  /** Milliseconds on the clock that only counts on. */
  steady: number
}

export const jumping: Effect.Effect<Jumping> = Effect.map(Clock.Clock, (real) => {
  const millis = () => real.currentTimeMillisUnsafe() + self.wall
  const nanos = () => real.currentTimeNanosUnsafe() + BigInt(self.wall) * 1_000_000n
  const monotonic = () => real.monotonicTimeNanosUnsafe() + BigInt(self.steady) * 1_000_000n
  const self: Jumping = {
    wall: 0,
    steady: 0,
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => real.sleep(duration)
    }
  }
  return self
})

/** Fails, with what was waited for, when that takes longer than two minutes of real time. */
export const inTime = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutOrElse(effect, {
    duration: "2 minutes",
    orElse: () => Effect.die(new Error(`not within 2 min: ${what}`))
  })
