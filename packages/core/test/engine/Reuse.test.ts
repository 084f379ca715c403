import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)

const policy = PollPolicy.make({ pace: "10 seconds", spread: 0 })

const bought = (vendor: Conversation.Vendor): number => vendor.ledger.submissions.length

// Runs to the end; the clock then stands `span` later.
const within = <A, E, R>(span: Duration.Input, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(span)
    return yield* Fiber.join(fiber)
  })

const run = (vendor: Conversation.Vendor, options?: Scans.RunOptions) =>
  within("5 minutes", Scans.run(vendor.adapter, "acme", options))

const batch = (vendor: Conversation.Vendor, options: Scans.BatchOptions & { readonly copies?: number } = {}) =>
  within(
    "5 minutes",
    Effect.map(
      Stream.runCollect(
        Scans.runAll(
          Array.from({ length: options.copies ?? 1 }, () => Scans.request(vendor.adapter, "acme")),
          options
        )
      ),
      (records) => [...records].map(({ reused, state }) => `${state}${reused ? " reused" : ""}`)
    )
  )

const submit = (vendor: Conversation.Vendor) => within("5 minutes", Scans.submit(vendor.adapter, "acme"))

const submitBatch = (vendor: Conversation.Vendor) =>
  within("5 minutes", Stream.runCollect(Scans.submitAll([Scans.request(vendor.adapter, "acme")])))

describe("what the journal may answer a new wish with", () => {
  for (const end of ["failed", "partial"] as const) {
    for (const [name, ask] of Object.entries({ run, runAll: batch, submit, submitAll: submitBatch })) {
      it.effect(`${name} buys again what ended ${end} a moment ago (V-03)`, () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({ polls: [{ say: end }], policy })
          yield* run(vendor)
          yield* ask(vendor)
          assert.strictEqual(bought(vendor), 2)
        }).pipe(Effect.provide(world))
      )
    }

    for (const concurrency of [1, 3]) {
      it.effect(`equal requests of one run are one purchase that ended ${end}, ${concurrency} at once (V-03)`, () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({ polls: [{ say: "running" }, { say: end }], policy })
          assert.deepStrictEqual(yield* batch(vendor, { copies: 3, concurrency }), [end, end, end])
          assert.strictEqual(bought(vendor), 1)
        }).pipe(Effect.provide(world))
      )
    }

    it.effect(`a wish that joined an open scan is answered by it, also where it ends ${end} (V-03)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          submits: [{ say: "accept", takes: 5_000 }],
          polls: [{ say: "running" }, { say: end }],
          policy
        })
        // During the submission, and while the scan is polled.
        const wishes = Effect.forEach(
          ["0 seconds", "1 second", "8 seconds"] as const,
          (later) => Effect.andThen(Effect.sleep(later), Scans.run(vendor.adapter, "acme", { reuse: 0 })),
          { concurrency: 3 }
        )
        const outcomes = yield* within("5 minutes", wishes)
        assert.strictEqual(new Set(outcomes.map(({ _tag }) => _tag.toLowerCase())).size, 1)
        assert.strictEqual(bought(vendor), 1)
      }).pipe(Effect.provide(world))
    )

    it.effect(
      `equal runs that waited for their turn while one of them was bought and ended ${end} buy once (V-03)`,
      () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({
            polls: (scanId) => [{ say: scanId === "scan-1" ? "done" : end }],
            policy,
            budget: { openScans: 1 }
          })
          // The first takes the only open scan that the account allows; the two equal ones wait behind it.
          const wishes = Effect.forEach(
            ["other", "acme", "acme"],
            (name) => Scans.run(vendor.adapter, name, { reuse: 0 }),
            {
              concurrency: 3
            }
          )
          const outcomes = yield* within("10 minutes", wishes)
          assert.deepStrictEqual(
            outcomes.map(({ _tag }) => _tag.toLowerCase()),
            ["completed", end, end]
          )
          assert.strictEqual(bought(vendor), 2)
        }).pipe(Effect.provide(world))
    )

    it.effect(
      `equal runs that waited for their turn buy once though the clock is set back meanwhile and it ended ${end} (V-03)`,
      () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({
            polls: (scanId) => (scanId === "scan-1" ? [{ say: "running" }, { say: "done" }] : [{ say: end }]),
            policy,
            budget: { openScans: 1 }
          })
          const wishes = Effect.forEach(
            ["other", "acme", "acme"],
            (name) => Scans.run(vendor.adapter, name, { reuse: 0 }),
            {
              concurrency: 3
            }
          )
          const fiber = yield* Effect.forkChild(wishes)
          yield* TestClock.adjust("11 seconds")
          yield* TestClock.setTime(-3_600_000)
          yield* TestClock.adjust("2 hours")
          yield* Fiber.join(fiber)
          assert.strictEqual(bought(vendor), 2)
        }).pipe(Effect.provide(world))
    )

    it.effect(`a completed outcome is out of date once a newer scan ended ${end} (V-03)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: (scanId) => [{ say: scanId === "scan-2" ? end : "done" }],
          policy
        })
        yield* run(vendor)
        yield* run(vendor, { reuse: 0 })
        yield* run(vendor)
        assert.strictEqual(bought(vendor), 3)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("a wait for a scan that failed still shows how it ended (V-03)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "failed" }], policy })
      const { ticket } = yield* run(vendor)
      const polls = vendor.ledger.polls.length
      const again = yield* within("5 minutes", Scans.wait(vendor.adapter, ticket))
      assert.strictEqual(again._tag, "Failed")
      assert.strictEqual(vendor.ledger.polls.length, polls)
    }).pipe(Effect.provide(world))
  )
})

describe("a wish for a new scan", () => {
  const anew = (options: Parameters<typeof Conversation.make>[0] = {}) =>
    Conversation.make({ policy, ...options, maxAge: () => Duration.zero })

  for (const [name, ask] of Object.entries({ run, runAll: batch, submit, submitAll: submitBatch })) {
    it.effect(`${name} buys one whatever the journal has (V-04)`, () =>
      Effect.gen(function* () {
        const vendor = anew()
        yield* run(vendor, { reuse: "30 days" })
        yield* ask(vendor)
        assert.strictEqual(bought(vendor), 2)
      }).pipe(Effect.provide(world))
    )
  }

  for (const concurrency of [1, 3]) {
    for (const submits of [[{ say: "accept" }], [{ say: "already" }], [{ say: "already", takes: 4_000 }]] as const) {
      it.effect(
        `equal ones of one run are one purchase: ${JSON.stringify(submits)}, ${concurrency} at once (V-04)`,
        () =>
          Effect.gen(function* () {
            const vendor = anew({ submits })
            const records = yield* batch(vendor, { copies: 3, concurrency, reuse: "30 days" })
            assert.deepStrictEqual(records, ["completed", "completed", "completed"])
            assert.strictEqual(bought(vendor), 1)
            assert.deepStrictEqual(yield* batch(vendor, { reuse: "30 days" }), ["completed"])
            assert.strictEqual(bought(vendor), 2)
          }).pipe(Effect.provide(world))
      )
    }
  }

  it.effect("joins a scan that is still open (V-04)", () =>
    Effect.gen(function* () {
      const vendor = anew({ polls: [{ say: "running" }, { say: "running" }, { say: "done" }] })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const first = yield* Effect.forkScoped(Scans.run(vendor.adapter, "acme"))
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.interrupt(first)
        })
      )
      yield* run(vendor)
      assert.strictEqual(bought(vendor), 1)
      yield* run(vendor)
      assert.strictEqual(bought(vendor), 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("a request that names an age is not answered with anything older, whatever reuse allows (V-04)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy, maxAge: () => Duration.days(7) })
      yield* run(vendor)
      yield* TestClock.adjust("6 days")
      yield* run(vendor, { reuse: "30 days" })
      assert.strictEqual(bought(vendor), 1)
      yield* TestClock.adjust("2 days")
      yield* run(vendor, { reuse: "30 days" })
      assert.strictEqual(bought(vendor), 2)
    }).pipe(Effect.provide(world))
  )
})

describe("the age that reuse allows", () => {
  for (const [reuse, age] of [
    ["60 days", "45 days"],
    ["520 weeks", "500 weeks"]
  ] as const) {
    it.effect(`reuse: "${reuse}" takes an outcome of ${age} (V-19)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy })
        yield* run(vendor)
        yield* TestClock.adjust(age)
        yield* run(vendor, { reuse })
        assert.deepStrictEqual(yield* batch(vendor, { reuse }), ["completed reused"])
        assert.strictEqual(bought(vendor), 1)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("an endless reuse takes an outcome of any age, and one that is no duration takes none (V-19)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy })
      yield* run(vendor)
      yield* TestClock.adjust("4000 days")
      yield* run(vendor, { reuse: Duration.infinity })
      assert.strictEqual(bought(vendor), 1)
      yield* run(vendor, { reuse: Number.NaN })
      assert.strictEqual(bought(vendor), 2)
    }).pipe(Effect.provide(world))
  )
})
