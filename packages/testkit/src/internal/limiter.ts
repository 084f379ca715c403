// A simulator's two times, and its requests per window of vendor time.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import type { Credential, Options, RateLimit } from "../Simulator.ts"

/** Who asks: null for a stranger. */
interface Asker {
  readonly credential: Required<Credential> | null
}

export interface Time {
  readonly speed: number
  readonly injected: boolean
  readonly wall: () => number
  readonly now: () => number
}

export interface Limiter {
  /** Counts a request; false when the window has no room for it. */
  readonly take: (call: Asker) => boolean
  readonly headers: (call: Asker) => Readonly<Record<string, string>>
  /** Whole seconds of the client's time until the window ends, at least 1. */
  readonly secondsLeft: () => number
}

export const makeTime = (options: Options): Time => {
  const live = Clock.Clock.defaultValue()
  const wall = options.clock ?? (() => Number(live.currentTimeNanosUnsafe()) / 1_000_000)
  const speed = options.speed ?? 1
  const start = wall()
  const origin = options.startAt ?? start
  return { speed, injected: options.clock !== undefined, wall, now: () => origin + (wall() - start) * speed }
}

export const makeLimiter = (time: Time, limit: RateLimit | null): Limiter => {
  if (limit === null) return { take: () => true, headers: () => ({}), secondsLeft: () => 1 }
  const length = Duration.toMillis(limit.window)
  const start = time.now()
  const used = new Map<string, { window: number; count: number }>()
  // Whatever is no known credential shares one window: strangers cannot make this map grow.
  const windowOf = (call: Asker) => {
    const bucket = call.credential?.token ?? ""
    const window = Math.floor((time.now() - start) / length)
    const known = used.get(bucket)
    if (known !== undefined && known.window === window) return known
    const fresh = { window, count: 0 }
    used.set(bucket, fresh)
    return fresh
  }
  const wallLeft = () => (length - ((time.now() - start) % length)) / time.speed
  return {
    take: (call) => {
      const window = windowOf(call)
      if (window.count >= limit.limit) return false
      window.count++
      return true
    },
    headers: (call) => ({
      "X-RateLimit-Limit": String(limit.limit),
      "X-RateLimit-Remaining": String(limit.limit - windowOf(call).count),
      "X-RateLimit-Reset": String(Math.ceil((time.wall() + wallLeft()) / 1000))
    }),
    secondsLeft: () => Math.max(1, Math.ceil(wallLeft() / 1000))
  }
}
