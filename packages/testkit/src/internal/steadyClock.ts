// A clock for limits by the wall, which a busy machine does not use up. May touch: the clock it is given.
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

const tick = 100

/**
 * A clock of the same time whose sleeps count only time in which timers came when they were due.
 *
 * On a machine that is busy or was suspended a timer comes late, and nothing that went on beside it had its time either:
 * such a stretch counts as nothing, so that waits for a call end by what the call does and not by what the machine does.
 */
export const make = (real: Clock.Clock): Clock.Clock => {
  const countDown = (left: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const wanted = Math.min(tick, left)
      const began = real.monotonicTimeNanosUnsafe()
      return Effect.flatMap(real.sleep(Duration.millis(wanted)), () => {
        const passed = Number(real.monotonicTimeNanosUnsafe() - began) / 1_000_000
        const rest = passed > wanted + tick ? left : left - wanted
        return rest > 0 ? countDown(rest) : Effect.void
      })
    })
  return {
    currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe(),
    currentTimeMillis: real.currentTimeMillis,
    currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
    currentTimeNanos: real.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => {
      const millis = Duration.toMillis(duration)
      return millis <= tick || !Number.isFinite(millis) ? real.sleep(duration) : countDown(millis)
    }
  }
}
