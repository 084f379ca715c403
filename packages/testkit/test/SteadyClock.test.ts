import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { judge } from "../src/internal/conformanceBench.ts"
import * as SteadyClock from "../src/internal/steadyClock.ts"

/** A clock on which each sleep takes as long as this machine says, and how often it was asked to sleep. */
const machine = (takes: (asked: number, sleeps: number) => number) => {
  let now = 0n
  let sleeps = 0
  const real = Clock.Clock.defaultValue()
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe(),
    currentTimeMillis: real.currentTimeMillis,
    currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
    currentTimeNanos: real.currentTimeNanos,
    monotonicTimeNanosUnsafe: () => now,
    monotonicTimeNanos: Effect.sync(() => now),
    sleep: (duration) =>
      Effect.sync(() => {
        now += BigInt(Math.round(takes(Duration.toMillis(duration), sleeps++) * 1_000_000))
      })
  }
  return { clock, slept: () => Number(now / 1_000_000n) }
}

describe("a wait of the conformance kit", () => {
  it.effect("lasts as long as it says on a machine whose timers are on time (issue 14)", () =>
    Effect.gen(function* () {
      const { clock, slept } = machine((asked) => asked)
      yield* SteadyClock.make(clock).sleep(Duration.seconds(8))
      assert.strictEqual(slept(), 8000)
    })
  )

  it.effect("counts no time in which a busy or suspended machine did not come round to its timers (issue 14)", () =>
    Effect.gen(function* () {
      // Nine timers of ten come five seconds late, then an hour is slept through.
      const { clock, slept } = machine((asked, at) => (at === 55 ? 3_600_000 : at % 10 === 0 ? asked : asked + 5000))
      yield* SteadyClock.make(clock).sleep(Duration.seconds(8))
      assert.isAbove(slept(), 3_600_000 + 9 * 80 * 5000)
    })
  )
})

describe("a rule of the conformance kit", () => {
  const { clock } = machine((asked) => asked)

  it.effect(
    "that is not through in its time and saw nothing wrong says that nobody knows, not that it is broken (issue 14)",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* judge(() => Effect.never, clock), { violations: [], tooSlow: true })
      })
  )

  it.effect("that saw something wrong before its time was up is broken (issue 14)", () =>
    Effect.gen(function* () {
      const run = (note: (violation: string) => void) =>
        Effect.andThen(
          Effect.sync(() => note("wrong")),
          Effect.never
        )
      assert.deepStrictEqual(yield* judge(run, clock), { violations: ["wrong"], tooSlow: false })
    })
  )
})
