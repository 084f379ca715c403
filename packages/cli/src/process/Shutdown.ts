/**
 * How the process ends when somebody asks it to: softly where a command can, at once where it cannot.
 *
 * The first SIGINT, SIGTERM or SIGHUP ends `requested`. A command that runs inside `soft` then winds itself up and reports;
 * everything else is interrupted. The same signal again ends the process at once, and so does the bound.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * - `requested`: ends at the first signal. `isRequested`: whether it has come.
 * - `soft`: runs an effect that listens to `requested` and must not be interrupted by the first signal.
 * - `allow`: how long the process may take from the first signal to its end, in place of six seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operations {
  readonly requested: Effect.Effect<void>
  readonly isRequested: () => boolean
  readonly soft: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly allow: (bound: Duration.Duration) => Effect.Effect<void>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Shutdown extends Context.Service<Shutdown, Operations>()("scanpoll/process/Shutdown") {}

/**
 * The service, the function the edge calls at a signal (false when nothing listens, so that the program has to be
 * interrupted), and the time within which the process must end then.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): {
  readonly operations: Operations
  readonly request: () => boolean
  readonly bound: () => Duration.Duration
} => {
  const requested = Deferred.makeUnsafe<void>()
  let bound = Duration.millis(5800)
  let listening = 0
  return {
    operations: {
      requested: Deferred.await(requested),
      isRequested: () => Deferred.isDoneUnsafe(requested),
      soft: (effect) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            listening += 1
          }),
          () => effect,
          () =>
            Effect.sync(() => {
              listening -= 1
            })
        ),
      allow: (longer) =>
        Effect.sync(() => {
          bound = longer
        })
    },
    bound: () => bound,
    request: () => {
      Deferred.doneUnsafe(requested, Effect.void)
      return listening > 0
    }
  }
}
