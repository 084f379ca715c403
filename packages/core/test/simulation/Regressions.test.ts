/** What the simulation found, each as small as it can be told. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as SubmitError from "../../src/model/SubmitError.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)
const steady = PollPolicy.make({ pace: "1 second", spread: 0 })

describe("found by the simulation", () => {
  it.effect(
    "a ticket or an end that could not be stored is asked for again not before the wait its answer asked for",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady })
        const journal = yield* ScanJournal.ScanJournal
        const ticket = vendor.ticket("first", 0)
        for (const said of [Observation.moved("running", vendor.ticket("second", 0)), Observation.ended("over")]) {
          const asked: Array<number> = []
          const adapter: typeof vendor.adapter = {
            ...vendor.adapter,
            poll: () =>
              Effect.map(SteadyClock.now, (now) => {
                asked.push(now)
                return Observation.answer(said, { hint: Option.some(Duration.seconds(30)) })
              }),
            result: () => Effect.never
          }
          const busy = Effect.fail(new ScanJournal.JournalError({ reason: "busy", message: "scripted" }))
          const failing = { ...journal, moved: () => busy, ended: () => busy }
          const waiting = yield* Effect.forkChild(
            Effect.provideService(Scans.wait(adapter, ticket), ScanJournal.ScanJournal, failing)
          )
          yield* TestClock.adjust("70 seconds")
          yield* Fiber.interrupt(waiting)
          const [first = 0, second = 0] = asked
          assert.isAtLeast(second - first, 30_000)
        }
      }).pipe(Effect.provide(world))
  )

  // Seeds 282, 365 and 369 of both modes.
  it.effect("who buys after another's submission came to nothing keeps the whole wait before the first poll", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.make({ first: "5 seconds", pace: "1 second", spread: 0 })
      const vendor = Conversation.make({ policy, polls: [{ say: "done" }] })
      const error = SubmitError.make({ kind: "NotSent", code: "no-way", message: "scripted", permanent: true })
      const failing = { ...vendor.adapter, submit: () => Effect.delay(Effect.fail(error), "1 second") }
      const other = yield* Effect.forkChild(Effect.exit(Scans.run(failing, "a")))
      yield* TestClock.adjust("10 millis")
      const mine = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(mine)
      yield* Fiber.join(other)
      const [poll] = vendor.ledger.polls
      assert.isAtLeast(poll?.at ?? 0, 6_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("an interrupted batch stops as one: nothing is sent while its submissions in flight have their grace", () =>
    Effect.gen(function* () {
      const slow = Conversation.make({ vendor: "slow", submits: [{ say: "hang" }], policy: steady })
      const fast = Conversation.make({ vendor: "fast", polls: [{ say: "running" }], policy: steady })
      const requests = [
        Scans.request(slow.adapter, "a"),
        Scans.request(fast.adapter, "b"),
        Scans.request(slow.adapter, "c"),
        Scans.request(fast.adapter, "d"),
        Scans.request(slow.adapter, "e")
      ]
      const batch = yield* Effect.forkChild(Stream.runDrain(Scans.runAll(requests)))
      yield* TestClock.adjust("3500 millis")
      const polls = fast.ledger.polls.length
      const ended = yield* Effect.forkChild(Fiber.interrupt(batch))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(fast.ledger.polls.length, polls)
      assert.isDefined(ended.pollUnsafe())
      assert.strictEqual(slow.ledger.submissions.filter(({ cut }) => cut).length, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("an account that is told to wait while a claim is written is not sent the submission", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "Throttled", hint: 60_000, takes: 1000 }, { say: "accept" }],
        policy: steady
      })
      const journal = yield* ScanJournal.ScanJournal
      let claims = 0
      const slow = ScanJournal.ScanJournal.of({
        ...journal,
        claim: (key, options) =>
          Effect.suspend(() =>
            options.peek !== true && claims++ === 1
              ? Effect.andThen(Effect.sleep("2 seconds"), journal.claim(key, options))
              : journal.claim(key, options)
          )
      })
      const requests = [Scans.request(vendor.adapter, "a"), Scans.request(vendor.adapter, "b")]
      const batch = yield* Effect.forkChild(
        Stream.runCollect(Scans.runAll(requests)).pipe(Effect.provideService(ScanJournal.ScanJournal, slow))
      )
      yield* TestClock.adjust("2 minutes")
      const records = yield* Fiber.join(batch)
      assert.deepStrictEqual(
        records.map(({ state }) => state),
        ["completed", "completed"]
      )
      assert.deepStrictEqual(
        vendor.ledger.submissions.map(({ at }) => at),
        [0, 61_000, 61_000]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("an equal wish that came to nothing while another waited for its turn keeps nobody from buying", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "Refused", takes: 1000 }, { say: "Refused", takes: 1000 }, { say: "accept" }],
        budget: { openScans: 1 },
        policy: steady
      })
      const journal = yield* ScanJournal.ScanJournal
      let claims = 0
      const counted = ScanJournal.ScanJournal.of({
        ...journal,
        claim: (key, options) =>
          options.peek !== true && ++claims > 50 ? Effect.die("claimed without end") : journal.claim(key, options)
      })
      const wish = Effect.option(
        Scans.run(vendor.adapter, "a").pipe(Effect.provideService(ScanJournal.ScanJournal, counted))
      )
      // The later two see the first one's submission and wait for it; then one of them buys while the other has no place.
      const later = Effect.delay(wish, "500 millis")
      const wishes = yield* Effect.forkChild(Effect.all([wish, later, later], { concurrency: "unbounded" }))
      yield* TestClock.adjust("10 minutes")
      const outcomes = yield* Fiber.join(wishes)
      assert.deepStrictEqual(outcomes.map(Option.isSome), [false, false, true])
      assert.strictEqual(vendor.ledger.submissions.length, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("polls that waited for the journal to heal go on at the account's rate", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running" }],
        policy: steady,
        budget: { requests: 2, window: Duration.seconds(10) }
      })
      const journal = yield* ScanJournal.ScanJournal
      const healed = yield* Deferred.make<void>()
      const troubled = ScanJournal.ScanJournal.of({
        ...journal,
        take: (claimId) =>
          Effect.map(journal.take(claimId), (hold) =>
            hold._tag === "Ours"
              ? { ...hold, guard: { ready: Deferred.await(healed), lost: Effect.never, lapsed: Effect.never } }
              : hold
          )
      })
      const requests = ["a", "b", "c", "d", "e", "f"].map((id) => Scans.fromTicket(vendor.adapter, vendor.ticket(id)))
      const batch = yield* Effect.forkChild(
        Stream.runDrain(Scans.runAll(requests)).pipe(Effect.provideService(ScanJournal.ScanJournal, troubled))
      )
      yield* TestClock.adjust("1 minute")
      yield* Deferred.succeed(healed, undefined)
      yield* TestClock.adjust("1 minute")
      const times = Conversation.pollTimes(vendor)
      assert.isAtLeast(times.length, 10)
      for (const at of times) assert.isAtMost(times.filter((each) => each > at - 10_000 && each <= at).length, 2)
      yield* Fiber.interrupt(batch)
    }).pipe(Effect.provide(world))
  )

  it.effect("an equal request that takes the polls over does not make the first one sooner", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        policy: PollPolicy.make({ first: "20 seconds", pace: "5 seconds", spread: 0 })
      })
      yield* TestClock.adjust("1 second")
      yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
      const joined = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(joined)
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [21_000])
    }).pipe(Effect.provide(world))
  )

  for (const ending of ["an interrupt", "a soft end"]) {
    it.effect(`room that ${ending} makes is not used for another submission`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady, budget: { openScans: 1 } })
        const requests = ["a", "b", "c"].map((name) => Scans.request(vendor.adapter, name))
        const until = ending === "a soft end" ? { until: Effect.sleep("5 seconds") } : {}
        const batch = yield* Effect.forkChild(Stream.runDrain(Scans.runAll(requests, until)))
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.interrupt(batch)
        assert.deepStrictEqual(
          vendor.ledger.submissions.map(({ request }) => request),
          ["a"]
        )
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("a 429 to the last try for the findings pauses the account as any other", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        policy: steady,
        collect: ["Throttled"],
        limits: { floor: "1 second", throttledWait: "1 minute" }
      })
      yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("130 seconds")
      assert.deepStrictEqual(vendor.ledger.collects, [1000, 61_000, 121_000])
      yield* Effect.forkChild(Scans.run(vendor.adapter, "b"))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(
        vendor.ledger.submissions.map(({ at }) => at),
        [0, 181_000]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "one of two equal requests that queued behind the other buys nothing, though the wall clock went back",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady, budget: { openScans: 1 } })
        const journal = yield* ScanJournal.ScanJournal
        // What settles in this run looks older than the run.
        const setBack = ScanJournal.ScanJournal.of({
          ...journal,
          claim: (key, options) => journal.claim(key, { ...options, reuseFrom: Number.MAX_SAFE_INTEGER })
        })
        const requests = ["first", "a", "a"].map((name) => Scans.request(vendor.adapter, name))
        const batch = yield* Effect.forkChild(
          Stream.runCollect(Scans.runAll(requests)).pipe(Effect.provideService(ScanJournal.ScanJournal, setBack))
        )
        yield* TestClock.adjust("1 minute")
        const records = yield* Fiber.join(batch)
        assert.deepStrictEqual(
          records.map(({ outcome, state }) => [state, outcome?.ticket.scanId]),
          [
            ["completed", "scan-1"],
            ["completed", "scan-2"],
            ["completed", "scan-2"]
          ]
        )
        assert.strictEqual(vendor.ledger.submissions.length, 2)
      }).pipe(Effect.provide(world))
  )
})
