// One timer that can be moved. Setting it costs one sleep; ringing early is allowed, so its owner looks at the
// clock again.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Waits from "../Waits.ts"
import * as SteadyClock from "../SteadyClock.ts"

// The clock of a program that provides none: its sleep is a timer of the runtime, which needs no fiber.
const runtimeClock = Context.get(Context.empty(), Clock.Clock)
const longestTimer = 2 ** 31 - 1

export class Alarm {
  private at = Number.POSITIVE_INFINITY
  private stopTimer: (() => void) | null = null
  private fiber: Fiber.Fiber<void> | null = null
  private readonly ring: () => void

  constructor(ring: () => void) {
    this.ring = ring
  }

  get setFor(): number {
    return this.at
  }

  // As soon as whatever else is ready had its turn.
  ringSoon(context: Context.Context<never>): void {
    this.clear()
    this.at = Number.NEGATIVE_INFINITY
    this.wait(Effect.yieldNow, context)
  }

  set(at: number, clock: Clock.Clock, context: Context.Context<never>): void {
    if (at === this.at) return
    this.clear()
    if (at === Number.POSITIVE_INFINITY) return
    this.at = at
    const left = Waits.clamp(Math.ceil(at - SteadyClock.nowUnsafe(clock)), 0, Waits.longest)
    if (clock !== runtimeClock || left === 0) return this.wait(Effect.sleep(Duration.millis(left)), context)
    // oxlint-disable-next-line no-restricted-globals -- of the runtime's clock alone: any other one is slept on
    const timer = setTimeout(this.rung, Math.min(left, longestTimer))
    this.stopTimer = () => clearTimeout(timer)
  }

  private readonly rung = (): void => {
    this.stopTimer = null
    this.at = Number.POSITIVE_INFINITY
    this.ring()
  }

  private wait(pause: Effect.Effect<void>, context: Context.Context<never>): void {
    const fiber = Effect.runForkWith(context)(
      Effect.map(pause, () => {
        this.fiber = null
        this.at = Number.POSITIVE_INFINITY
        this.ring()
      })
    )
    if (fiber.pollUnsafe() === undefined) this.fiber = fiber
  }

  clear(): void {
    const { fiber } = this
    this.stopTimer?.()
    this.stopTimer = null
    this.fiber = null
    this.at = Number.POSITIVE_INFINITY
    fiber?.interruptUnsafe()
  }
}
