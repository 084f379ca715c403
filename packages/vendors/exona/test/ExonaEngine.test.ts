import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import { type VendorResponse, TransportFault } from "@scanpoll/core/http/VendorHttp"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { Exona } from "@scanpoll/exona"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { fakeVendor, fixture, json, request, seconds, secret } from "./fakeVendor.ts"

const world = Layer.merge(ScanJournal.layerMemory, RateBudget.layerMemory)

// The adapter over a script, noting in seconds when it was polled and how often something was submitted.
const setup = (...script: ReadonlyArray<VendorResponse | TransportFault>) => {
  const vendor = fakeVendor(...script)
  const polledAt: Array<number> = []
  return Effect.map(
    Effect.provide(Exona.make({ credential: Redacted.make(secret) }), vendor.layer),
    (
      adapter
    ): {
      readonly adapter: ScanAdapter<ExonaRequest, ExonaResult>
      readonly polledAt: ReadonlyArray<number>
      readonly posts: () => number
    } => ({
      adapter: {
        ...adapter,
        poll: (ticket) =>
          Effect.andThen(
            Effect.map(Clock.currentTimeMillis, (now) => polledAt.push(now / 1000)),
            adapter.poll(ticket)
          )
      },
      polledAt,
      posts: () => vendor.asked.filter((asked) => asked.method === "POST").length
    })
  )
}

// Waits are then exactly what the vendor's numbers say.
const even = (policy: PollPolicy.PollPolicy): PollPolicy.PollPolicy => PollPolicy.withSpread(policy, 0)

const within = <A, E, R>(minutes: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(`${minutes} minutes`)
    return yield* Fiber.join(fiber)
  })

const created = json(201, fixture("created"), { hint: seconds(10) })
const processing = json(200, fixture("processing"), { hint: seconds(10) })
const completed = json(200, fixture("completed"))

describe("a run", () => {
  it.effect("submits once and polls at the documented 10 seconds until the scan is completed (EX-01)", () =>
    Effect.gen(function* () {
      const { adapter, polledAt, posts } = yield* setup(created, processing, processing, processing, completed)
      const outcome = yield* within(2, Scans.run(adapter, request, { policy: even }))
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual<unknown>(outcome.payload, fixture("completed")["result"])
      assert.deepStrictEqual(polledAt, [10, 20, 30, 40])
      assert.strictEqual(posts(), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("polls at 10 seconds without any Retry-After, and later when the vendor asks for it", () =>
    Effect.gen(function* () {
      const silent = json(200, fixture("processing"))
      const patient = json(200, fixture("processing"), { hint: seconds(25) })
      const { adapter, polledAt } = yield* setup(json(201, fixture("created")), silent, patient, completed)
      yield* within(2, Scans.run(adapter, request, { policy: even }))
      assert.deepStrictEqual(polledAt, [10, 20, 45])
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "polls sooner than its usual pace where Retry-After is shorter, down to the floor, and not where a person chose the pace",
    () =>
      Effect.gen(function* () {
        const asks = (wait: number) => json(200, fixture("processing"), { hint: seconds(wait) })
        const answers = [json(201, fixture("created")), asks(6), asks(1), json(200, fixture("processing")), completed]
        const usual = yield* setup(...answers)
        yield* within(2, Scans.run(usual.adapter, request, { policy: even }))
        assert.deepStrictEqual(usual.polledAt, [10, 16, 21, 31])
        const chosen = yield* setup(...answers)
        const bulk = () => even(chosen.adapter.policies.bulk)
        yield* within(3, Scans.run(chosen.adapter, request, { policy: bulk, reuse: 0 }))
        // It begins after the two minutes above.
        assert.deepStrictEqual(chosen.polledAt, [150, 180, 210, 240])
      }).pipe(Effect.provide(world))
  )

  it.effect("is never quicker than every 5 seconds, whatever a user composes or the vendor hints", () =>
    Effect.gen(function* () {
      const hasty = json(200, fixture("processing"), { hint: seconds(0) })
      const { adapter, polledAt } = yield* setup(json(201, fixture("created")), hasty, hasty, completed)
      const policy = (self: PollPolicy.PollPolicy) =>
        even(self).pipe(
          PollPolicy.withFirst("0 millis"),
          PollPolicy.withPace("1 millis"),
          PollPolicy.withFloor("0 millis")
        )
      yield* within(2, Scans.run(adapter, request, { policy }))
      assert.deepStrictEqual(polledAt, [0, 5, 10])
    }).pipe(Effect.provide(world))
  )

  it.effect("polls a minute after a 429 that names no wait, and when the vendor says where it names one", () =>
    Effect.gen(function* () {
      const { adapter, polledAt } = yield* setup(
        json(201, fixture("created")),
        json(429, {}),
        json(429, {}, { hint: seconds(25) }),
        completed
      )
      const outcome = yield* within(3, Scans.run(adapter, request, { policy: even }))
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual(polledAt, [10, 70, 95])
    }).pipe(Effect.provide(world))
  )

  it.effect("backs off after errors in a row, 2 seconds doubled each time and never below the floor", () =>
    Effect.gen(function* () {
      const broken = json(500, {})
      const { adapter, polledAt } = yield* setup(
        json(201, fixture("created")),
        broken,
        broken,
        broken,
        broken,
        processing,
        completed
      )
      const outcome = yield* within(3, Scans.run(adapter, request, { policy: even }))
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual(polledAt, [10, 15, 20, 28, 44, 54])
    }).pipe(Effect.provide(world))
  )

  it.effect("ends with `completed` and with `failed`, and polls no more", () =>
    Effect.gen(function* () {
      for (const [name, tag] of [
        ["completed", "Completed"],
        ["failed", "Failed"]
      ] as const) {
        const { adapter, polledAt } = yield* setup(created, processing, json(200, fixture(name)))
        const outcome = yield* within(10, Scans.run(adapter, request, { policy: even, reuse: 0 }))
        assert.deepStrictEqual([outcome._tag, polledAt.length], [tag, 2])
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("answered from the cache ends at the submission, without a poll", () =>
    Effect.gen(function* () {
      const { adapter, polledAt } = yield* setup(json(200, fixture("cache-hit")))
      const outcome = yield* within(1, Scans.run(adapter, { ...request, maxAgeDays: 30 }))
      assert.deepStrictEqual([outcome._tag, outcome.cached, outcome.ticket.scanId], ["Completed", true, "scn_01hx..."])
      assert.deepStrictEqual(polledAt, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("that is still processing after 5 minutes stops softly, its ticket kept (EX-03)", () =>
    Effect.gen(function* () {
      const { adapter, polledAt, posts } = yield* setup(created, processing)
      const stopped = yield* within(6, Effect.flip(Scans.run(adapter, request, { policy: even })))
      assert.strictEqual(stopped._tag, "PollStopped")
      if (stopped._tag !== "PollStopped") return
      assert.strictEqual(stopped.reason, "deadline")
      assert.strictEqual(stopped.ticket.scanId, fixture("created")["id"])
      assert.strictEqual(polledAt.at(-1), 300)
      assert.strictEqual(posts(), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("meets an unknown status as not finished, and says so at the deadline (EX-07)", () =>
    Effect.gen(function* () {
      const archived = json(200, { ...fixture("completed"), status: "archived" })
      const { adapter, polledAt } = yield* setup(created, archived)
      const stopped = yield* within(6, Effect.flip(Scans.run(adapter, request, { policy: even })))
      if (stopped._tag !== "PollStopped") return assert.fail(stopped._tag)
      assert.strictEqual(stopped.reason, "protocol")
      assert.strictEqual(polledAt.length, 30)
    }).pipe(Effect.provide(world))
  )

  it.effect("of a scan completed without a result asks three times, then stops as protocol (EX-04)", () =>
    Effect.gen(function* () {
      const empty = json(200, { ...fixture("completed"), result: undefined })
      const { adapter, polledAt } = yield* setup(created, empty)
      const stopped = yield* within(6, Effect.flip(Scans.run(adapter, request, { policy: even })))
      if (stopped._tag !== "PollStopped") return assert.fail(stopped._tag)
      assert.strictEqual(stopped.reason, "protocol")
      assert.strictEqual(polledAt.length, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("sends a throttled submission again after the vendor's wait, and a minute when it names none (EX-12)", () =>
    Effect.gen(function* () {
      const named = yield* setup(json(429, {}, { hint: seconds(5) }), created, completed)
      yield* within(2, Scans.run(named.adapter, request, { policy: even }))
      assert.deepStrictEqual([named.posts(), named.polledAt], [2, [15]])
      const silent = yield* setup(json(429, {}), created, completed)
      const other = { company: { name: "B", website: "https://b.example" } }
      const start = yield* Clock.currentTimeMillis
      yield* within(3, Scans.run(silent.adapter, other, { policy: even }))
      assert.deepStrictEqual([silent.posts(), silent.polledAt.map((at) => at - start / 1000)], [2, [70]])
    }).pipe(Effect.provide(world))
  )

  it.effect("whose submission may have been accepted is in doubt, and is not sent again by another run (EX-10)", () =>
    Effect.gen(function* () {
      const lost = new TransportFault({ sent: true, permanent: false, code: "timeout", message: "no answer" })
      const { adapter, posts } = yield* setup(lost)
      for (let run = 0; run < 2; run++) {
        const error = yield* within(1, Effect.flip(Scans.run(adapter, request)))
        assert.strictEqual(error._tag === "SubmitError" ? error.kind : error._tag, "InDoubt")
      }
      assert.strictEqual(posts(), 1)
    }).pipe(Effect.provide(world))
  )
})

describe("a batch", () => {
  it.effect("buys one scan for two spellings of a website, and reports both (EX-14)", () =>
    Effect.gen(function* () {
      const { adapter, posts } = yield* setup(created, completed)
      const requests = ["https://Acme.ai/", "https://acme.ai"].map((website) =>
        Scans.request(adapter, { company: { name: "Acme AI Ltd", website } }, { policy: even })
      )
      const records = yield* within(2, Stream.runCollect(Scans.runAll(requests)))
      assert.deepStrictEqual(
        records.map((record) => record.state),
        ["completed", "completed"]
      )
      assert.strictEqual(posts(), 1)
    }).pipe(Effect.provide(world))
  )
})
