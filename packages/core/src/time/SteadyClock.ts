/**
 * The engine's clock: the wall time at the first reading, plus monotonic time since.
 *
 * A clock set an hour forward or back in the middle of a wait changes neither the polls nor the deadline. Readings are
 * milliseconds since 1970 with a fraction; the engine rounds them towards the later side.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

interface Origin {
  readonly wall: number
  readonly monotonic: bigint
}

// One origin per clock, so that every reader of one clock agrees.
const origins = new WeakMap<Clock.Clock, Origin>()

const originOf = (clock: Clock.Clock): Origin => {
  let origin = origins.get(clock)
  if (origin === undefined) {
    origin = { wall: clock.currentTimeMillisUnsafe(), monotonic: clock.monotonicTimeNanosUnsafe() }
    origins.set(clock, origin)
  }
  return origin
}

/**
 * Reads the steady time of one clock, again and again.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reader = (clock: Clock.Clock): (() => number) => {
  const { monotonic, wall } = originOf(clock)
  return () => wall + Number(clock.monotonicTimeNanosUnsafe() - monotonic) / 1_000_000
}

/**
 * The steady time of a clock, read at once.
 *
 * @category destructors
 * @since 0.1.0
 */
export const nowUnsafe = (clock: Clock.Clock): number => {
  const { monotonic, wall } = originOf(clock)
  return wall + Number(clock.monotonicTimeNanosUnsafe() - monotonic) / 1_000_000
}

/**
 * The clock a fiber runs under.
 *
 * @category destructors
 * @since 0.1.0
 */
export const ofFiber = (fiber: Fiber.Fiber<unknown, unknown>): Clock.Clock => Context.get(fiber.context, Clock.Clock)

/**
 * The steady time in whole milliseconds, rounded up.
 *
 * @category constructors
 * @since 0.1.0
 */
export const now: Effect.Effect<number> = Effect.map(Effect.service(Clock.Clock), (clock) =>
  Math.ceil(nowUnsafe(clock))
)
