/** A worker that is stopped while its PostgreSQL, a real one, does not answer or cannot be reached. */
import { assert, describe, it } from "@effect/vitest"
import * as Worker from "@scanpoll/cluster/Worker"
import { make as makeVendor } from "@scanpoll/test-support/conversation"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as FaultyLine from "./support/faultyLine.ts"
import { buy } from "./support/inProcess.ts"
import { until } from "./support/machines.ts"
import { database } from "./support/scenes.ts"

describe("a worker that is stopped", () => {
  const shared = database()

  const stopped = (trouble: (line: FaultyLine.FaultyLine) => Effect.Effect<void>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const address = yield* Effect.promise(() => shared().schema())
        yield* buy(address, ["a", "b", "c"])
        const line = yield* FaultyLine.scoped(address)
        const events: Array<Worker.WorkerEvent> = []
        const scope = yield* Scope.make()
        const worker = Worker.layer({
          journal: line.url,
          name: "one",
          adapters: [makeVendor({ polls: [{ say: "running" }] }).adapter],
          policy: (adapter) => adapter.policy,
          settings: { lease: "3 seconds", lookEvery: "100 millis", assignEvery: "100 millis", shards: 2 },
          observer: (event) => void events.push(event)
        })
        yield* Scope.provide(Layer.build(worker), scope)
        yield* Effect.promise(() =>
          until("it keeps its scans", () => events.filter(({ _tag }) => _tag === "Kept").length >= 3)
        )
        yield* trouble(line)
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(Scope.close(scope, Exit.void))))
      })
      // What it complains of meanwhile is no news.
    ).pipe(Effect.provide(Logger.layer([])))

  // Within which time is seen by `BoundedClose.test.ts`: a machine may be slow.
  it.live("ends by itself while PostgreSQL takes what it is sent and never answers (D-18)", () =>
    stopped((line) => line.be({ silent: true }))
  )

  it.live("ends by itself while PostgreSQL cannot be reached (D-18)", () =>
    stopped((line) => Effect.andThen(line.be({ refuses: true }), line.reset))
  )
})
