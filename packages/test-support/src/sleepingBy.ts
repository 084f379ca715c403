import type * as Clock from "effect/Clock"

/** A clock that tells the time of another one, and sleeps otherwise. */
export const sleepingBy = (inner: Clock.Clock, sleep: Clock.Clock["sleep"]): Clock.Clock => ({
  currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe(),
  currentTimeMillis: inner.currentTimeMillis,
  currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe(),
  currentTimeNanos: inner.currentTimeNanos,
  monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: inner.monotonicTimeNanos,
  sleep
})
