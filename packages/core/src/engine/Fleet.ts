/**
 * Polls many things at once: one agenda of due times, one timer, a supervised fiber per poll.
 *
 * A sleeping wait is one small entry in the agenda and owns neither a fiber nor a timer, so waits are cheap by the
 * hundred thousand. The rules are those of `Poller`: both ask the same pure decision. Closing the scope of a fleet, or
 * interrupting a wait, cuts the polls in flight and leaves nothing behind; `stop` ends every wait softly, its ticket
 * kept.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { PollStopped } from "../model/PollStopped.ts"
import { mistake } from "./internal/course.ts"
import { Crew } from "./internal/crew.ts"
import { waitIn } from "./internal/waiting.ts"
import type { PollSpec } from "./internal/pollSpec.ts"

/**
 * - `wait`: waits like `Poller.untilTerminal`, on this fleet's timer.
 * - `add`: the cheap path: nobody awaits, `done` is called once with how it ended. What `done` throws is dropped.
 * - `stop`: ends every wait as `interrupted` and refuses new ones the same way. Polls in flight are cut.
 * - `size`: how many waits there are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fleet {
  readonly wait: <A, T, R = never>(spec: PollSpec<A, T, R>) => Effect.Effect<A, PollStopped<T>, R>
  readonly add: <A, T>(spec: PollSpec<A, T>, done: (exit: Exit.Exit<A, PollStopped<T>>) => void) => Effect.Effect<void>
  readonly stop: Effect.Effect<void>
  readonly size: () => number
}

/**
 * Makes a fleet that lives as long as the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Fleet, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Effect.service(Clock.Clock)
  const home = yield* Effect.context<never>()
  const crew = new Crew(clock, home)
  yield* Effect.addFinalizer(() => crew.close)
  return {
    size: () => crew.size,
    stop: crew.stop,
    wait: <A, T, R = never>(spec: PollSpec<A, T, R>) => waitIn(() => crew, spec),
    add: <A, T>(spec: PollSpec<A, T>, done: (exit: Exit.Exit<A, PollStopped<T>>) => void) =>
      Effect.suspend(() => {
        const wrong = mistake(spec)
        if (wrong !== null) return Effect.die(wrong)
        crew.begin(spec, home, done)
        return Effect.void
      })
  } satisfies Fleet
})
