// How long others still take this process for alive. May touch: two clocks. Law: `lapsed` ends before anybody else may
// hold what this process holds.
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"

// A machine that slept has moved one of the clocks, a process that was stopped both.
interface Reading {
  readonly steady: number
  readonly wall: number
}

export interface Lease {
  // In milliseconds.
  readonly length: number
  readonly heartbeatEvery: number
  readonly reading: () => Reading
  // A heartbeat that began at this reading was stored.
  readonly renew: (at: Reading) => void
  // Whether the last heartbeat is recent enough to poll on.
  readonly isFresh: () => boolean
  readonly lapsed: Effect.Effect<void>
  // Lets it lapse at once, until the next heartbeat is stored.
  readonly end: () => void
  // Watches the lease, for ever.
  readonly watch: Effect.Effect<never>
}

export const make = (clock: Clock.Clock, length: number): Lease => {
  const heartbeatEvery = Math.max(1, Math.floor(length / 3))
  // A poll that is cut when the lease lapses is off the wire before others begin.
  const margin = Math.ceil(length / 16)
  let renewedAt: Reading = { steady: 0, wall: 0 }
  let lapse = Deferred.makeUnsafe<void>()

  const reading = (): Reading => ({ steady: SteadyClock.nowUnsafe(clock), wall: clock.currentTimeMillisUnsafe() })
  const age = (): number => {
    const now = reading()
    return Math.max(now.steady - renewedAt.steady, Math.abs(now.wall - renewedAt.wall))
  }
  const left = (): number => length - margin - age()

  const watch = Effect.gen(function* () {
    for (;;) {
      const remaining = left()
      if (remaining > 0) {
        yield* Effect.sleep(Duration.millis(Math.ceil(remaining)))
        continue
      }
      Deferred.doneUnsafe(lapse, Effect.void)
      lapse = Deferred.makeUnsafe<void>()
      const lapsed = renewedAt
      while (renewedAt === lapsed) yield* Effect.sleep(Duration.millis(Math.min(heartbeatEvery, 100)))
    }
  })

  return {
    length,
    heartbeatEvery,
    reading,
    renew: (at) => {
      renewedAt = at
    },
    isFresh: () => age() < heartbeatEvery * 2,
    end: () => {
      renewedAt = { steady: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY }
      Deferred.doneUnsafe(lapse, Effect.void)
      lapse = Deferred.makeUnsafe<void>()
    },
    lapsed: Effect.suspend(() => (left() > 0 ? Deferred.await(lapse) : Effect.void)),
    watch
  }
}
