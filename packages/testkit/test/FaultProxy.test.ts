import { FaultProxy, Script, Stage } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { get, WireError } from "./support.ts"

const { Toxic } = FaultProxy
const body = { status: "completed", filling: "x".repeat(2_000) }

// A healthy vendor behind the proxy, and a way to ask it through the proxy.
const setup = Effect.fnUntraced(function* (toxics: ReadonlyArray<FaultProxy.Toxic> = []) {
  const stage = yield* Stage.make({ scripts: [{ steps: [{ ...Script.respond(200, body), times: Infinity }] }] })
  const proxy = yield* FaultProxy.make({ target: stage.port, toxics })
  const ask = get({ ...stage, baseUrl: `http://${proxy.host}` }, "/scans/1")
  const timed = Effect.gen(function* () {
    const begun = performance.now()
    const answer = yield* ask
    return { answer, millis: performance.now() - begun }
  })
  return { stage, proxy, ask, timed }
})

describe("a fault proxy", () => {
  it.live("without toxics hands every byte on, in both directions", () =>
    Effect.gen(function* () {
      const { ask, proxy, stage } = yield* setup()
      assert.deepStrictEqual((yield* ask).json, body)
      assert.strictEqual(stage.ledger.totals().requests, 1)
      const { connections, down, up } = proxy.traffic()
      assert.strictEqual(connections, 1)
      assert.isAbove(down, 2_000)
      assert.isAbove(up, 50)
    }).pipe(Effect.scoped)
  )

  it.live("latency makes every byte late and keeps them all", () =>
    Effect.gen(function* () {
      const { timed } = yield* setup([
        Toxic.Latency({ direction: "down", delay: "120 millis" }),
        Toxic.Latency({ direction: "up", delay: "80 millis" })
      ])
      const { answer, millis } = yield* timed
      assert.deepStrictEqual(answer.json, body)
      assert.isAtLeast(millis, 195)
    }).pipe(Effect.scoped)
  )

  it.live("bandwidth lets so many bytes a second through", () =>
    Effect.gen(function* () {
      const { timed } = yield* setup([Toxic.Bandwidth({ direction: "down", bytesPerSecond: 10_000 })])
      const { answer, millis } = yield* timed
      assert.deepStrictEqual(answer.json, body)
      assert.isAtLeast(millis, 190)
    }).pipe(Effect.scoped)
  )

  it.live("a slicer cuts an answer into small pieces, and loses none", () =>
    Effect.gen(function* () {
      const { timed } = yield* setup([Toxic.Slicer({ direction: "down", bytes: 200, every: "20 millis" })])
      const { answer, millis } = yield* timed
      assert.deepStrictEqual(answer.json, body)
      assert.isAtLeast(millis, 180)
    }).pipe(Effect.scoped)
  )

  it.live("a limit cuts the connection off in the middle of the answer", () =>
    Effect.gen(function* () {
      const { ask, proxy } = yield* setup([Toxic.LimitData({ direction: "down", bytes: 500 })])
      const error = yield* Effect.flip(ask)
      assert.instanceOf(error, WireError)
      assert.isAbove(error.received.length, 0)
      assert.isBelow(error.received.length, 500)
      assert.strictEqual(proxy.traffic().down, 500)
    }).pipe(Effect.scoped)
  )

  it.live("a reset is a TCP reset, after the vendor took the request or before", () =>
    Effect.gen(function* () {
      const { ask, proxy, stage } = yield* setup([Toxic.ResetPeer({ direction: "down", after: 0 })])
      assert.strictEqual((yield* Effect.flip(ask)).code, "ECONNRESET")
      assert.strictEqual(stage.ledger.totals().requests, 1)
      yield* proxy.set([Toxic.ResetPeer({ direction: "up", after: 0 })])
      assert.strictEqual((yield* Effect.flip(ask)).code, "ECONNRESET")
      assert.strictEqual(stage.ledger.totals().requests, 1)
      yield* proxy.set([])
      assert.strictEqual((yield* ask).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("resets the connections that are open, and takes new ones", () =>
    Effect.gen(function* () {
      const { ask, proxy } = yield* setup([Toxic.Timeout({ direction: "down", after: null })])
      const hanging = yield* Effect.forkChild(Effect.flip(ask), { startImmediately: true })
      while (proxy.traffic().up === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* proxy.reset
      assert.strictEqual((yield* Fiber.join(hanging)).code, "ECONNRESET")
      yield* proxy.set([])
      assert.strictEqual((yield* ask).status, 200)
    }).pipe(Effect.scoped)
  )

  it.live("a timeout lets nothing through, then closes; or never", () =>
    Effect.gen(function* () {
      const { ask, proxy } = yield* setup([Toxic.Timeout({ direction: "down", after: "100 millis" })])
      const error = yield* Effect.flip(ask)
      assert.strictEqual(error.received, "")
      yield* proxy.set([Toxic.Timeout({ direction: "down", after: null })])
      const late = yield* Effect.timeoutOrElse(ask, { duration: "200 millis", orElse: () => Effect.succeed(null) })
      assert.isNull(late)
    }).pipe(Effect.scoped)
  )

  it.live("a slow close keeps the client waiting for the end", () =>
    Effect.gen(function* () {
      const stage = yield* Stage.make({
        scripts: [{ steps: [Script.raw("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}")] }]
      })
      const proxy = yield* FaultProxy.make({
        target: stage.port,
        toxics: [Toxic.SlowClose({ direction: "down", delay: "150 millis" })]
      })
      const begun = performance.now()
      const answer = yield* get({ ...stage, baseUrl: `http://${proxy.host}` }, "/scans/1")
      assert.strictEqual(answer.text, "{}")
      assert.isAtLeast(performance.now() - begun, 145)
    }).pipe(Effect.scoped)
  )

  it.live("closes every connection with its scope, hanging ones too", () =>
    Effect.gen(function* () {
      const stage = yield* Stage.make({ scripts: [{ steps: [{ ...Script.hang(), times: Infinity }] }] })
      const codes = yield* Effect.scoped(
        Effect.gen(function* () {
          const proxy = yield* FaultProxy.make({ target: stage.port })
          const asked = Effect.flip(get({ ...stage, baseUrl: `http://${proxy.host}` }, "/scans/1"))
          const fiber = yield* Effect.forkDetach(asked)
          yield* stage.ledger.until(({ totals }) => totals().requestsNow === 1)
          return { fiber, proxy }
        })
      )
      yield* Fiber.await(codes.fiber)
      yield* stage.ledger.until(({ totals }) => totals().openSockets === 0)
      assert.strictEqual(codes.proxy.traffic().open, 0)
    }).pipe(Effect.scoped)
  )

  it.live("refuses numbers that mean nothing, and says so of a port that is taken", () =>
    Effect.gen(function* () {
      const { proxy } = yield* setup()
      const wrong = [
        Toxic.Bandwidth({ direction: "down", bytesPerSecond: 0 }),
        Toxic.Slicer({ direction: "down", bytes: 1.5, every: 0 }),
        Toxic.LimitData({ direction: "down", bytes: -1 }),
        Toxic.Latency({ direction: "down", delay: "Infinity" })
      ]
      for (const toxic of wrong) {
        const error = yield* Effect.flip(proxy.set([toxic]))
        assert.strictEqual(error.reason, "option")
        assert.include(error.message, toxic._tag)
      }
      const taken = yield* Effect.flip(FaultProxy.make({ target: 1, port: proxy.port }))
      assert.strictEqual(taken.reason, "port")
    }).pipe(Effect.scoped)
  )

  it.live("in front of a closed port resets", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(Stage.make())
      const proxy = yield* FaultProxy.make({ target: gone.port })
      const error = yield* Effect.flip(get({ ...gone, baseUrl: `http://${proxy.host}` }, "/scans/1"))
      assert.include(["ECONNRESET", "socket hang up"], error.code)
    }).pipe(Effect.scoped)
  )
})
