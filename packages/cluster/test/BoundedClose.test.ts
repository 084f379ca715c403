import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { boundedClose } from "../src/internal/boundedClose.ts"

class Thing extends Context.Service<Thing, { readonly name: string }>()(
  "@scanpoll/cluster/test/BoundedClose.test/Thing"
) {}

const thing = (close: Effect.Effect<void>) =>
  Layer.effect(
    Thing,
    Effect.acquireRelease(Effect.succeed({ name: "thing" }), () => close)
  )

describe("a layer on a database that does not answer", () => {
  it.effect("closes in its time though a query hangs that nothing can interrupt (D-18)", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const layer = boundedClose("7 seconds", "the worker")(thing(Effect.never))
      const built = yield* Layer.buildWithScope(layer, scope)
      assert.strictEqual(Context.get(built, Thing).name, "thing")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("6 seconds")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isSuccess(closing.pollUnsafe() ?? Exit.die("still closing")))
    })
  )

  it.effect("waits for what it has to close where that takes less time (D-18)", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      let closed = false
      const close = Effect.andThen(
        Effect.sleep("2 seconds"),
        Effect.sync(() => {
          closed = true
        })
      )
      yield* Layer.buildWithScope(boundedClose("7 seconds", "the worker")(thing(close)), scope)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(closed)
      assert.isDefined(closing.pollUnsafe())
    })
  )
})
