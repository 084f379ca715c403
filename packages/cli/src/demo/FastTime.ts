/**
 * A clock that runs faster than the wall, so that a demonstration of minutes takes seconds.
 *
 * Everything that waits by it keeps its documented proportions: floors, hints and deadlines are the real ones. Only the
 * time limits of HTTP requests stay real, because a loopback connection does not run faster.
 *
 * @since 0.1.0
 */
import { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * A fast clock, and one of the same time whose sleeps are real.
 *
 * @category models
 * @since 0.1.0
 */
export interface FastTime {
  readonly now: () => number
  readonly clock: Clock.Clock
  readonly clockOfRequests: Clock.Clock
}

/**
 * Clocks that make `speed` seconds of one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (real: Clock.Clock, speed: number): FastTime => {
  const wall = real.currentTimeMillisUnsafe()
  const start = real.monotonicTimeNanosUnsafe()
  const passed = (): bigint => ((real.monotonicTimeNanosUnsafe() - start) * BigInt(Math.round(speed * 1000))) / 1000n
  const currentTimeMillisUnsafe = (): number => wall + Math.floor(Number(passed()) / 1_000_000)
  const currentTimeNanosUnsafe = (): bigint => BigInt(wall) * 1_000_000n + passed()
  const monotonicTimeNanosUnsafe = (): bigint => start + passed()
  const clockWith = (sleep: Clock.Clock["sleep"]): Clock.Clock => ({
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
    sleep
  })
  return {
    now: currentTimeMillisUnsafe,
    clock: clockWith((duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / speed))),
    clockOfRequests: clockWith((duration) => real.sleep(duration))
  }
}

/**
 * `VendorHttp` whose time limits are real while its dates are those of the fast time.
 *
 * @category layers
 * @since 0.1.0
 */
export const http = (time: FastTime): Layer.Layer<VendorHttp, never, VendorHttp> => {
  const onClock = Effect.provideService(Clock.Clock, time.clockOfRequests)
  return Layer.effect(
    VendorHttp,
    Effect.map(VendorHttp, (inner) => ({
      make: (options) =>
        Effect.map(inner.make(options), (client) => ({
          ...client,
          get: (path, request) => onClock(client.get(path, request)),
          post: (path, body, request) => onClock(client.post(path, body, request))
        }))
    }))
  )
}
