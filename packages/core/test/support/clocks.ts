/** Clocks over the virtual one that do what clocks do to people. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { sleepingBy } from "@scanpoll/test-support/sleepingBy"

/** Counts the sleeps that are on the clock right now. */
export const countingClock = Effect.map(Effect.service(Clock.Clock), (inner) => {
  const count = { asleep: 0, most: 0 }
  const clock = sleepingBy(inner, (duration) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        count.asleep++
        count.most = Math.max(count.most, count.asleep)
      }),
      () => inner.sleep(duration),
      () =>
        Effect.sync(() => {
          count.asleep--
        })
    )
  )
  return { clock, count }
})

/** A clock whose timers all ring so much too late, as in a process that was frozen. */
export const lateClock = (inner: Clock.Clock, late: Duration.Input): Clock.Clock =>
  sleepingBy(inner, (duration) => inner.sleep(Duration.sum(duration, Duration.fromInputUnsafe(late))))

/** A clock on which so many milliseconds pass from each reading to the next, as on a machine that is busy. */
export const slowClock = (millis: number) =>
  Effect.map(Effect.service(Clock.Clock), (inner): Clock.Clock => {
    let late = 0
    const read = (): number => {
      late += millis
      return late
    }
    return {
      currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + read(),
      currentTimeMillis: Effect.sync(() => inner.currentTimeMillisUnsafe() + read()),
      currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe() + BigInt(read()) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => inner.currentTimeNanosUnsafe() + BigInt(read()) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe() + BigInt(read()) * 1_000_000n,
      monotonicTimeNanos: Effect.sync(() => inner.monotonicTimeNanosUnsafe() + BigInt(read()) * 1_000_000n),
      sleep: (duration) => inner.sleep(duration)
    }
  })

/** A clock whose wall time can be set while its monotonic time goes on. */
export const jumpyClock = Effect.map(Effect.service(Clock.Clock), (inner) => {
  let skew = 0
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + skew,
    currentTimeMillis: Effect.sync(() => inner.currentTimeMillisUnsafe() + skew),
    currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => inner.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: inner.monotonicTimeNanos,
    sleep: (duration) => inner.sleep(duration)
  }
  return {
    clock,
    jump: (millis: number) => {
      skew = millis
    }
  }
})
