/** A clock that runs faster than the wall and is the same in every process that is told when it began. */
import { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export interface SharedClock {
  readonly now: () => number
  readonly clock: Clock.Clock
  /** The same time, with real sleeps: a connection does not get faster. */
  readonly unhurried: Clock.Clock
}

export const shared = (began: number, speed: number): SharedClock => {
  const now = () => began + (performance.timeOrigin + performance.now() - began) * speed
  const nanos = () => BigInt(Math.round(now() * 1_000_000))
  const base = {
    currentTimeMillisUnsafe: () => Math.floor(now()),
    currentTimeMillis: Effect.sync(() => Math.floor(now())),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos)
  }
  const real = (millis: number) =>
    Effect.callback<void>((resume) => {
      const timer = setTimeout(() => resume(Effect.void), millis)
      return Effect.sync(() => clearTimeout(timer))
    })
  return {
    now,
    clock: { ...base, sleep: (duration) => real(Duration.toMillis(duration) / speed) },
    unhurried: { ...base, sleep: (duration) => real(Duration.toMillis(duration)) }
  }
}

export const http = (time: SharedClock): Layer.Layer<VendorHttp, never, VendorHttp> => {
  const unhurried = Effect.provideService(Clock.Clock, time.unhurried)
  return Layer.effect(
    VendorHttp,
    Effect.map(VendorHttp, (inner) => ({
      make: (options) =>
        Effect.map(inner.make(options), (client) => ({
          ...client,
          get: (path, request) => unhurried(client.get(path, request)),
          post: (path, body, request) => unhurried(client.post(path, body, request))
        }))
    }))
  )
}
