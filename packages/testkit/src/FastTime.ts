/**
 * A clock that runs faster than the wall, so that a demonstration or a test of minutes takes seconds.
 *
 * Everything that waits by it keeps its documented proportions: floors, hints and deadlines are the real ones. Only the
 * time limits of HTTP requests stay real, because a loopback connection does not run faster.
 *
 * @since 0.2.0
 */
import { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * A fast clock, and one of the same time whose sleeps are real. `now` is milliseconds since 1970, with fractions.
 *
 * @category models
 * @since 0.2.0
 */
export interface FastTime {
  readonly now: () => number
  readonly clock: Clock.Clock
  readonly clockOfRequests: Clock.Clock
}

/**
 * Clocks that make `speed` seconds of one (`speed` above 0), from the real time `began` on: milliseconds since 1970, by
 * default now. Processes that are told the same `began` agree on the time.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (real: Clock.Clock, speed: number, began?: number): FastTime => {
  const start = real.monotonicTimeNanosUnsafe()
  const wall = real.currentTimeNanosUnsafe()
  const from = began === undefined ? wall : BigInt(Math.round(began * 1_000_000))
  const passed = (): bigint =>
    ((wall - from + real.monotonicTimeNanosUnsafe() - start) * BigInt(Math.round(speed * 1000))) / 1000n
  const currentTimeNanosUnsafe = (): bigint => from + passed()
  const currentTimeMillisUnsafe = (): number => Number(currentTimeNanosUnsafe() / 1_000_000n)
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
    now: () => Number(currentTimeNanosUnsafe()) / 1_000_000,
    clock: clockWith((duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / speed))),
    clockOfRequests: clockWith((duration) => real.sleep(duration))
  }
}

/**
 * `VendorHttp` whose time limits are real while its dates are those of the fast time.
 *
 * @category layers
 * @since 0.2.0
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
