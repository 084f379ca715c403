/** A worker that is stopped while its PostgreSQL, a real one, does not answer or cannot be reached. */
import { assert, describe, it } from "@effect/vitest"
import * as Client from "@scanpoll/cluster/Client"
import * as Worker from "@scanpoll/cluster/Worker"
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import { make as makeVendor } from "@scanpoll/test-support/conversation"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { connect, createServer, type Socket } from "node:net"
import { until } from "./support/machines.ts"
import { database } from "./support/scenes.ts"

/** A way to the database that can be held up, so that connections stay open and no byte passes any more, or closed. */
const wayTo = (address: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const { hostname, port } = new URL(address)
      const sockets = new Set<Socket>()
      let isHeld = false
      const keep = (socket: Socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined).on("close", () => sockets.delete(socket))
        if (isHeld) socket.pause()
      }
      const proxy = createServer((near) => {
        const far = connect(Number(port), hostname)
        for (const [from, to] of [
          [near, far],
          [far, near]
        ] as const) {
          keep(from)
          from.on("data", (bytes) => to.write(bytes)).on("close", () => to.destroy())
        }
      })
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
      const place = proxy.address()
      const url = new URL(address)
      url.host = `127.0.0.1:${typeof place === "object" ? place?.port : ""}`
      return {
        url: url.href,
        hold: () => {
          isHeld = true
          for (const socket of sockets) socket.pause()
        },
        close: () => {
          for (const socket of sockets) socket.destroy()
          proxy.close()
        }
      }
    }),
    (way) => Effect.sync(way.close)
  )

const subject = { kind: "company", id: "a", name: "a" } as const
const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const

/** Scans that are open in a journal. */
const buy = (journal: string, names: ReadonlyArray<string>) =>
  Effect.forEach(
    names,
    (fingerprint) =>
      Effect.gen(function* () {
        const { claim, submitted } = yield* ScanJournal
        const { claimId } = yield* claim({ ...account, environment: "", fingerprint }, { subject, reuseFrom: 0 })
        yield* submitted(claimId, { v: 1, ...account, scanId: fingerprint, submittedAt: 1 }, 0)
      }),
    { discard: true }
  ).pipe(Effect.provide(Client.layer({ journal }), { local: true }))

describe("a worker that is stopped", () => {
  const shared = database()

  const stopped = (trouble: (way: { readonly hold: () => void; readonly close: () => void }) => void) =>
    Effect.scoped(
      Effect.gen(function* () {
        const address = yield* Effect.promise(() => shared().schema())
        yield* buy(address, ["a", "b", "c"])
        const way = yield* wayTo(address)
        const events: Array<Worker.WorkerEvent> = []
        const scope = yield* Scope.make()
        const worker = Worker.layer({
          journal: way.url,
          name: "one",
          adapters: [makeVendor({ polls: [{ say: "running" }] }).adapter],
          policy: (adapter) => adapter.policy,
          settings: { lease: "3 seconds", lookEvery: "100 millis", assignEvery: "100 millis", shards: 2 },
          observer: (event) => void events.push(event)
        })
        yield* Scope.provide(Layer.build(worker), scope)
        yield* Effect.promise(() =>
          until("it keeps its scans", () => events.filter(({ _tag }) => _tag === "Kept").length === 3)
        )
        trouble(way)
        assert.isTrue(Exit.isSuccess(yield* Effect.exit(Scope.close(scope, Exit.void))))
      })
      // What it complains of meanwhile is no news.
    ).pipe(Effect.provide(Logger.layer([])))

  // Within which time is seen by `BoundedClose.test.ts`: a machine may be slow.
  it.live("ends by itself while PostgreSQL takes what it is sent and never answers (D-18)", () =>
    stopped((way) => way.hold())
  )

  it.live("ends by itself while PostgreSQL cannot be reached (D-18)", () => stopped((way) => way.close()))
})
