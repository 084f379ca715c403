// A layer whose scope closes in time, whatever the database does: a worker that was told to end must end. What could not be
// told in time, the others learn when the lease is over.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

export const boundedClose =
  (time: Duration.Input, what: string) =>
  <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, Exclude<R, Scope.Scope>> =>
    Layer.effectContext(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer((exit) =>
          Effect.gen(function* () {
            // In a fiber of its own: a query that hangs cannot be interrupted.
            const closing = yield* Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true })
            const closed = yield* Effect.timeoutOption(Effect.interruptible(Fiber.await(closing)), time)
            if (closed._tag === "Some") return
            const seconds = Duration.format(Duration.fromInputUnsafe(time))
            yield* Effect.logWarning(`${what} did not end within ${seconds}: the database does not answer`)
          })
        )
        return yield* Layer.buildWithScope(layer, scope)
      })
    )
