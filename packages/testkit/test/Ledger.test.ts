import { assert, describe, it } from "@effect/vitest"
import { ExonaSimulator, Ledger, Script } from "@scanpoll/testkit"
import { Cause, Effect, Exit, Fiber } from "effect"
import { clockAt, get, post, text } from "./support.ts"

const acme = { company_name: "Acme AI Ltd", company_website: "https://acme.ai" }

const head = (at: number, over: { readonly scanId?: string; readonly route?: string } = {}) => ({
  at,
  method: "GET",
  path: "/",
  route: over.route ?? "status",
  scanId: over.scanId ?? "a",
  headers: {},
  authorization: null,
  socketId: 1,
  socketRequest: 0
})

describe("Ledger", () => {
  it.live("keeps what was sent and what was answered, but never the key", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ credentials: ["exo_live_canary"] })
      yield* post(exona, "/scans?a=1", acme, { headers: { "X-Trace": "abc", "Proxy-Authorization": "x" } })
      yield* get(exona, "/scans/x", { key: "exo_live_other" })
      yield* get(exona, "/scans/x", { key: null })
      const [entry, other, none] = exona.ledger.requests()
      assert.strictEqual(entry?.method, "POST")
      assert.strictEqual(entry?.path, "/api/v1/scans?a=1")
      assert.strictEqual(entry?.route, "submit")
      assert.deepStrictEqual(JSON.parse(entry?.body ?? ""), acme)
      assert.strictEqual(entry?.headers["x-trace"], "abc")
      assert.isUndefined(entry?.headers["authorization"])
      assert.strictEqual(entry?.status, 201)
      assert.isTrue(entry?.authorization?.matches)
      assert.strictEqual(entry?.authorization?.fingerprint, Ledger.fingerprint("exo_live_canary"))
      assert.deepStrictEqual([other?.authorization?.matches, other?.status], [false, 401])
      assert.isNull(none?.authorization)
      assert.notInclude(JSON.stringify(exona.ledger.requests()), "canary")
    })
  )

  it.live("finds a text that went where it should not", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ credentials: ["exo_live_canary"] })
      yield* get(exona, "/scans/clean")
      assert.deepStrictEqual(exona.ledger.mentions("canary"), [])
      yield* get(exona, "/scans/x?key=exo_live_canary")
      yield* post(exona, "/scans", { ...acme, company_name: "exo_live_canary" })
      yield* get(exona, "/scans/x", { headers: { "x-api-key": "exo_live_canary" } })
      assert.deepStrictEqual(
        exona.ledger.mentions("canary").map((entry) => entry.index),
        [1, 2, 3]
      )
    })
  )

  it.live("counts submissions by subject, with what they cost", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const first = yield* post(exona, "/scans", acme)
      yield* post(exona, "/scans", { ...acme, company_website: "https://zenith.ml" })
      yield* post(exona, "/scans", { company_name: "none" })
      assert.strictEqual(exona.ledger.accepted().length, 2)
      const [one] = exona.ledger.accepted("https://acme.ai")
      assert.deepStrictEqual(
        [one?.scanId, one?.credits, one?.cached, one?.entry],
        [text(first.json, "id"), 1, false, 0]
      )
      assert.strictEqual(exona.ledger.totals().accepted, 2)
    })
  )

  it.live("measures the gaps between polls from the end of one to the start of the next", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const exona = yield* ExonaSimulator.make({ clock: time.clock })
      const id = text((yield* post(exona, "/scans", acme)).json, "id")
      for (const wait of [10, 15, 0.25]) {
        yield* get(exona, `/scans/${id}`)
        time.pass(wait)
      }
      yield* get(exona, `/scans/${id}`)
      assert.strictEqual(exona.ledger.polls(id).length, 4)
      assert.deepStrictEqual(exona.ledger.gaps(id), [10_000, 15_000, 250])
      assert.deepStrictEqual(exona.ledger.gaps("another"), [])
    })
  )

  it("shows polls of one scan that overlap as gaps below zero", () => {
    const { ledger, writer } = Ledger.make("x")
    const first = writer.begin(head(0))
    writer.begin(head(5)).end("lost")
    first.end({ answeredAt: 8 })
    writer.begin(head(9))
    assert.deepStrictEqual(ledger.gaps("a"), [-3, -Infinity])
  })

  it("knows the busiest window", () => {
    const { ledger, writer } = Ledger.make("x")
    for (const at of [0, 100, 900, 1000, 1050]) writer.begin(head(at)).end({ answeredAt: at })
    writer.begin(head(1060, { route: "submit" })).end("lost")
    writer.begin(head(5000))
    assert.strictEqual(ledger.busiest("1 second", { route: "status" }), 4)
    assert.strictEqual(ledger.busiest(100), 3)
    assert.strictEqual(ledger.busiest("1 hour"), 7)
    assert.strictEqual(Ledger.make("y").ledger.busiest("1 hour"), 0)
  })

  it("filters by every given field", () => {
    const { ledger, writer } = Ledger.make("x")
    writer.begin(head(1, { scanId: "a" })).status(200)
    writer.begin(head(2, { scanId: "b" })).status(500)
    writer.begin(head(3, { scanId: "b", route: "report" })).status(200)
    const indexes = (filter: Ledger.Filter) => ledger.requests(filter).map((entry) => entry.index)
    assert.deepStrictEqual(indexes({}), [0, 1, 2])
    assert.deepStrictEqual(indexes({ scanId: "b", status: 200 }), [2])
    assert.deepStrictEqual(indexes({ route: "status", since: 2 }), [1])
    assert.deepStrictEqual(indexes({ until: 2, method: "GET" }), [0, 1])
    assert.deepStrictEqual(indexes({ where: (entry) => entry.at > 2 }), [2])
    assert.deepStrictEqual(indexes({ method: "POST" }), [])
  })

  it.live("counts requests at once and sockets open", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ scripts: [{ steps: [{ ...Script.hang(), times: 5 }] }] })
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.forkChild(get(exona, `/scans/${n}`)))
      yield* exona.ledger.until((ledger) => ledger.totals().requestsNow === 5)
      assert.strictEqual(exona.ledger.totals().openSockets, 5)
      yield* Fiber.interruptAll(fibers)
      yield* exona.ledger.until((ledger) => ledger.totals().openSockets === 0)
      yield* get(exona, "/scans/6")
      const { connections, maxOpenSockets, maxRequestsAtOnce, requestsNow } = exona.ledger.totals()
      assert.deepStrictEqual([connections, maxOpenSockets, maxRequestsAtOnce, requestsNow], [6, 5, 5, 0])
    })
  )

  it.effect("until asks at once, after each change, and dies with a predicate that throws", () =>
    Effect.gen(function* () {
      const { ledger, writer } = Ledger.make("x")
      yield* ledger.until(() => true)
      const fiber = yield* Effect.forkChild(
        ledger.until((now) => now.requests().length === 2),
        { startImmediately: true }
      )
      writer.begin(head(1))
      assert.isUndefined(fiber.pollUnsafe())
      writer.begin(head(2))
      yield* Fiber.join(fiber)
      const broken = yield* Effect.exit(
        ledger.until(() => {
          throw new Error("slip")
        })
      )
      assert.isTrue(Exit.isFailure(broken) && Cause.hasDies(broken.cause))
    })
  )

  it("keeps long bodies up to a bound", () => {
    const { ledger, writer } = Ledger.make("x")
    writer.begin(head(1)).body("x".repeat(1_000_000))
    assert.strictEqual(ledger.requests()[0]?.body?.length, 65_536)
  })
})
