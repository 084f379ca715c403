/** Clocks that can be moved one by one, and what a stop of the process is told from. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"

/** Real time, whose two clocks jump when a test says so; sleeps are real. */
export interface Jumping {
  readonly clock: Clock.Clock
  /** Milliseconds on the clock that a person can set, and that runs on while a machine sleeps. */
  wall: number
  /** Milliseconds on the clock that only counts on. */
  steady: number
}

export const jumping: Effect.Effect<Jumping> = Effect.map(Clock.Clock, (real) => {
  const millis = () => real.currentTimeMillisUnsafe() + self.wall
  const nanos = () => real.currentTimeNanosUnsafe() + BigInt(self.wall) * 1_000_000n
  const monotonic = () => real.monotonicTimeNanosUnsafe() + BigInt(self.steady) * 1_000_000n
  const self: Jumping = {
    wall: 0,
    steady: 0,
    clock: {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) => real.sleep(duration)
    }
  }
  return self
})

// A thread that does nothing but look at the clock: it stands still only when the whole machine is too busy for it.
const idle = `
const { parentPort, workerData } = require("node:worker_threads")
const longest = new Float64Array(workerData)
let last = performance.now()
setInterval(() => {
  const now = performance.now()
  longest[0] = Math.max(longest[0], now - last - 5)
  last = now
}, 5)
parentPort.postMessage("ready")
`

/**
 * The longest that the event loop stood still while the effect ran, in milliseconds, beyond what an idle thread of the
 * same process stood still at its worst: a busy machine stops both, a call that blocks only the one.
 */
export const longestBlock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.acquireUseRelease(
    Effect.callback<{ readonly worker: Worker; readonly shared: Float64Array }>((resume) => {
      const buffer = new SharedArrayBuffer(8)
      const worker = new Worker(idle, { eval: true, workerData: buffer })
      worker.once("message", () => resume(Effect.succeed({ worker, shared: new Float64Array(buffer) })))
    }),
    ({ shared }) =>
      Effect.suspend(() => {
        let longest = 0
        let last = performance.now()
        shared[0] = 0
        const timer = setInterval(() => {
          const now = performance.now()
          longest = Math.max(longest, now - last - 5)
          last = now
        }, 5)
        return Effect.ensuring(
          Effect.map(effect, (value) => [value, Math.max(0, longest - (shared[0] ?? 0))] as const),
          Effect.sync(() => clearInterval(timer))
        )
      }),
    ({ worker }) => Effect.promise(() => worker.terminate())
  )

/** Fails, with what was waited for, when that takes longer than ten seconds of real time. */
export const inTime = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.timeoutOrElse(effect, {
    duration: "10 seconds",
    orElse: () => Effect.die(new Error(`not within 10 s: ${what}`))
  })
