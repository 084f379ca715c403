/**
 * How the process ends when somebody asks it to: softly where a command can, at once where it cannot.
 *
 * The first SIGINT or SIGTERM ends `requested`. A command that runs inside `soft` then winds itself up and reports;
 * everything else is interrupted. A second signal ends the process at once, and so does the bound.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * - `requested`: ends at the first signal. `isRequested`: whether it has come.
 * - `soft`: runs an effect that listens to `requested` and must not be interrupted by the first signal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operations {
  readonly requested: Effect.Effect<void>
  readonly isRequested: () => boolean
  readonly soft: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Shutdown extends Context.Service<Shutdown, Operations>()("scanpoll/process/Shutdown") {}

/**
 * The service, and the function the edge calls at a signal: false when nothing listens, so that the program has to be
 * interrupted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): { readonly operations: Operations; readonly request: () => boolean } => {
  const requested = Deferred.makeUnsafe<void>()
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
        )
    },
    request: () => {
      Deferred.doneUnsafe(requested, Effect.void)
      return listening > 0
    }
  }
}
