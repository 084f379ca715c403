/** A clock for the engine that runs faster than the wall, while the journal beside it keeps real time. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

export const fast = (real: Clock.Clock, speed: number): Clock.Clock => {
  const wall = real.currentTimeMillisUnsafe()
  const start = real.monotonicTimeNanosUnsafe()
  const passed = (): bigint => (real.monotonicTimeNanosUnsafe() - start) * BigInt(speed)
  const currentTimeMillisUnsafe = (): number => wall + Math.floor(Number(passed()) / 1_000_000)
  const currentTimeNanosUnsafe = (): bigint => BigInt(wall) * 1_000_000n + passed()
  const monotonicTimeNanosUnsafe = (): bigint => start + passed()
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
    sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / speed))
  }
}
