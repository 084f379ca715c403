// The ends of kept claims that are being written down. Touches fibers; law: stopping takes at most 3 seconds, whatever the
// journal does.
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

// What settled has this long to be written down when a keeper stops, and then this long to leave out its findings.
const patience = "2 seconds"
const lastWord = "1 second"

// Not a `FiberSet`: its scope waits without bound for a fiber that
// cannot be interrupted, and a write to a database that hangs is one.
export class Endings {
  private readonly fibers = new Set<Fiber.Fiber<void>>()
  private readonly context: Context.Context<never>

  constructor(context: Context.Context<never>) {
    this.context = context
  }

  run(effect: Effect.Effect<void>): void {
    const fiber = Effect.runForkWith(this.context)(effect)
    if (fiber.pollUnsafe() !== undefined) return
    this.fibers.add(fiber)
    fiber.addObserver(() => {
      this.fibers.delete(fiber)
    })
  }

  get finish(): Effect.Effect<void> {
    return Effect.andThen(this.within(patience), this.cut)
  }

  get cut(): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const fiber of this.fibers) fiber.interruptUnsafe()
      return this.within(lastWord)
    })
  }

  private within(time: Duration.Input): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.fibers.size === 0
        ? Effect.void
        : Effect.asVoid(Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(this.fibers)), time))
    )
  }
}
