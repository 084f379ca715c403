import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Poller from "../../src/engine/Poller.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as Observation from "../../src/model/Observation.ts"
import { PollStopped } from "../../src/model/PollStopped.ts"
import type { ScanTicket } from "../../src/model/ScanTicket.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { type Driver, drivers } from "../support/drivers.ts"

const seconds = (...times: ReadonlyArray<number>) => times.map((time) => time * 1000)

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })

const specOf = (
  vendor: Conversation.Vendor,
  overrides: Partial<Poller.PollSpec<Conversation.Outcome, ScanTicket, never>> = {}
): Poller.PollSpec<Conversation.Outcome, ScanTicket, never> => {
  const ticket = overrides.ticket ?? vendor.ticket("s1", 0)
  return {
    ticket,
    poll: vendor.adapter.poll(ticket),
    policy: vendor.adapter.policy,
    limits: vendor.adapter.limits,
    submittedAt: ticket.submittedAt,
    ...overrides
  }
}

/** Runs a wait to its end, however far away that is on the virtual clock. */
const finish = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust("40 days")
    return yield* Fiber.join(fiber)
  })

const stopOf = <A, T>(exit: Exit.Exit<A, PollStopped<T>>): PollStopped<T> => {
  if (Exit.isSuccess(exit)) throw new Error("the wait was expected to stop")
  const found = Cause.findErrorOption(exit.cause)
  if (Option.isNone(found)) throw new Error(Cause.pretty(exit.cause))
  return found.value
}

const laws = (driver: Driver) => {
  describe(`law 1, never early (${driver.name})`, () => {
    it.effect("polls at the pace, counted from the answer", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "queued", takes: 3000 }, { say: "running" }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst("2 seconds"))
        })
        const exit = yield* finish(driver.wait(specOf(vendor)))
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(2, 15, 25))
      })
    )

    it.effect("lets no pace beat the floor of the policy or of the vendor", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running" }, { say: "running" }, { say: "done" }],
          limits: { floor: "5 seconds" },
          policy: steady.pipe(PollPolicy.withPace("1 millis"), PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 5, 10))
      })
    )

    it.effect("waits as long as a hint says, for exactly the next wait", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running", hint: 42_000 }, { say: "running" }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 42, 52))
      })
    )

    it.effect("caps a hint at 5 minutes on a healthy answer and at an hour on a throttled one", () =>
      Effect.gen(function* () {
        const day = 24 * 3600 * 1000
        const vendor = Conversation.make({
          polls: [{ say: "running", hint: day }, { say: "Throttled", hint: day }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0), PollPolicy.withDeadline("1 day"))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 300, 300 + 3600))
      })
    )

    it.effect("takes the submit's hint for the first poll if it is longer", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady.pipe(PollPolicy.withFirst("2 seconds")) })
        yield* finish(driver.wait(specOf(vendor, { hint: Option.some(Duration.seconds(7)) })))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(7))
      })
    )

    it.effect("spreads a wait upwards only, 1 000 draws (TM-07)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [...Array.from({ length: 1000 }, () => ({ say: "running" as const, hint: 10_000 })), { say: "done" }],
          policy: steady.pipe(PollPolicy.withSpread(0.5), PollPolicy.withDeadline("20 hours"))
        })
        yield* finish(driver.wait(specOf(vendor))).pipe(Random.withSeed("spread"))
        const times = Conversation.pollTimes(vendor)
        const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0))
        assert.strictEqual(gaps.length, 1000)
        assert.isAtLeast(Math.min(...gaps), 10_000)
        assert.isAtMost(Math.max(...gaps), 15_000)
        assert.isAbove(new Set(gaps).size, 100)
      })
    )

    it.effect("has one poll of a scan in flight at a time, however slow the vendor (TM-08)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running", takes: 12_000 }, { say: "running", takes: 12_000 }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.strictEqual(vendor.ledger.mostInFlight, 1)
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 22, 44))
      })
    )

    it.effect("waits for the account's pause", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady.pipe(PollPolicy.withFirst(0)) })
        const budget = RateBudget.makeMemory().account(vendor.adapter, vendor.adapter.budget)
        budget.pause(60_000)
        yield* finish(driver.wait(specOf(vendor, { budget })))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(60))
      })
    )

    it.effect("goes on with a known ticket at once, but not before the stored time", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady })
        yield* finish(driver.wait(specOf(vendor, { ticket: vendor.ticket("s1") })))
        const later = (yield* Clock.currentTimeMillis) + 60_000
        yield* finish(driver.wait(specOf(vendor, { notBefore: later })))
        assert.deepStrictEqual(Conversation.pollTimes(vendor, "s1"), [0, later])
      })
    )
  })

  describe(`what faults cost (${driver.name})`, () => {
    it.effect("backs off after transient faults, doubling to the cap, and starts anew after a good poll", () =>
      Effect.gen(function* () {
        const bad = { say: "Transient" as const }
        const vendor = Conversation.make({
          polls: [bad, bad, bad, { say: "running" }, bad, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 2, 6, 14, 24, 26))
      })
    )

    it.effect("stops growing at the cap: 40 faults in a row (TM-06)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [...Array.from({ length: 40 }, () => ({ say: "Transient" as const })), { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0), PollPolicy.withDeadline("10 hours"))
        })
        yield* finish(driver.wait(specOf(vendor)))
        const times = Conversation.pollTimes(vendor)
        assert.strictEqual(times.length, 41)
        assert.strictEqual((times[40] ?? 0) - (times[39] ?? 0), 60_000)
      })
    )

    it.effect("does not count a 429: the fault after it is the first of its row (ST-07)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "Throttled", hint: 7000 }, { say: "Transient" }, { say: "Throttled" }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 7, 9, 69))
      })
    )

    it.effect("a 503 with a hint waits that long and counts as one fault (ST-13)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "Transient", hint: 30_000 }, { say: "Transient" }, { say: "done" }],
          policy: steady.pipe(PollPolicy.withFirst(0))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 30, 34))
      })
    )

    it.effect("bears two answers in a row that cannot be understood, not three (ST-10)", () =>
      Effect.gen(function* () {
        const broken = { say: "Broken" as const }
        const borne = Conversation.make({
          polls: [broken, broken, { say: "running" }, broken, broken, { say: "done" }]
        })
        assert.isTrue(Exit.isSuccess(yield* finish(driver.wait(specOf(borne)))))
        const lost = Conversation.make({ polls: [broken] })
        const stop = stopOf(yield* finish(driver.wait(specOf(lost))))
        assert.strictEqual(stop.reason, "protocol")
        assert.strictEqual(stop.polls, 3)
      })
    )

    it.effect("a permanent fault is final after one poll", () =>
      Effect.gen(function* () {
        for (const [say, reason] of [
          ["Transient", "unreachable"],
          ["Broken", "protocol"]
        ] as const) {
          const vendor = Conversation.make({ polls: [{ say, permanent: true }] })
          const stop = stopOf(yield* finish(driver.wait(specOf(vendor))))
          assert.strictEqual(stop.reason, reason)
          assert.strictEqual(stop.polls, 1)
        }
      })
    )

    it.effect("gives an id of our own 30 s to appear, and a typed id nothing (ST-04, ST-05, ST-06)", () =>
      Effect.gen(function* () {
        const late = Conversation.make({ polls: [{ say: "Missing" }, { say: "running" }, { say: "done" }] })
        assert.isTrue(Exit.isSuccess(yield* finish(driver.wait(specOf(late)))))
        const start = yield* Clock.currentTimeMillis
        const never = Conversation.make({ polls: [{ say: "Missing" }] })
        const stop = stopOf(yield* finish(driver.wait(specOf(never, { submittedAt: start }))))
        assert.strictEqual(stop.reason, "not-found")
        const last = Conversation.pollTimes(never).at(-1) ?? 0
        assert.isAtLeast(last - start, 30_000)
        assert.isBelow(last - start, 60_000)
        const typed = Conversation.make({ polls: [{ say: "Missing" }] })
        const final = stopOf(yield* finish(driver.wait(specOf(typed, { submittedAt: null }))))
        assert.strictEqual(final.reason, "not-found")
        assert.strictEqual(final.polls, 1)
      })
    )

    it.effect("tolerates two missing answers in a row after a good one, not three", () =>
      Effect.gen(function* () {
        const gone = { say: "Missing" as const }
        const flaky = Conversation.make({
          polls: [{ say: "running" }, gone, gone, { say: "running" }, gone, gone, { say: "done" }]
        })
        assert.isTrue(Exit.isSuccess(yield* finish(driver.wait(specOf(flaky)))))
        const lost = Conversation.make({ polls: [{ say: "running" }, gone] })
        const stop = stopOf(yield* finish(driver.wait(specOf(lost))))
        assert.strictEqual(stop.reason, "not-found")
        assert.strictEqual(stop.polls, 4)
      })
    )

    const waitsOf = (refused: ReadonlyArray<string>, say: (scanId: string) => "Denied" | "Transient" | "running") =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: (scanId) => [{ say: say(scanId) }],
          policy: steady.pipe(PollPolicy.withFirst(0), PollPolicy.withDeadline("1 minute"))
        })
        const budget = RateBudget.makeMemory().account(vendor.adapter, vendor.adapter.budget)
        const waits = ["good", ...refused].map((scanId) =>
          Effect.exit(
            driver.wait(
              specOf(vendor, {
                ticket: vendor.ticket(scanId, 0),
                poll: vendor.adapter.poll(vendor.ticket(scanId, 0)),
                budget
              })
            )
          )
        )
        const exits = yield* finish(Effect.all(waits, { concurrency: "unbounded" }))
        const stops = Exit.isSuccess(exits) ? exits.value.map(stopOf) : []
        return { stops, vendor, budget }
      })

    it.effect("one refused poll ends its own wait at once and no other wait of the account (ST-03, V-17)", () =>
      Effect.gen(function* () {
        const { stops, vendor } = yield* waitsOf(["bad"], (scanId) => (scanId === "bad" ? "Denied" : "running"))
        assert.deepStrictEqual(
          stops.map((stop) => stop.reason),
          ["deadline", "denied"]
        )
        assert.strictEqual(vendor.ledger.polls.filter((poll) => poll.scanId === "bad").length, 1)
      })
    )

    it.effect(
      "a second refused call with no good answer in between ends every wait of the account, and the reason quotes it (ST-03, V-17)",
      () =>
        Effect.gen(function* () {
          const { stops, vendor } = yield* waitsOf(["bad", "worse"], (scanId) =>
            scanId === "good" ? "Transient" : "Denied"
          )
          assert.deepStrictEqual(
            stops.map((stop) => stop.reason),
            ["denied", "denied", "denied"]
          )
          assert.strictEqual(vendor.ledger.polls.length, 3)
          const last = stops[0]?.last
          assert.match(last?._tag === "PollFault" ? last.message : "", /refused this account's key twice/)
        })
    )

    it.effect(
      "polls an unknown status like a running scan, names it once, and says protocol at the deadline (EX-07)",
      () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({
            polls: [{ say: "word", word: "archived" }],
            policy: steady.pipe(PollPolicy.withFirst(0))
          })
          const events: Array<Poller.PollEvent<unknown>> = []
          const stop = stopOf(
            yield* finish(driver.wait(specOf(vendor, { observer: (event) => void events.push(event) })))
          )
          assert.strictEqual(stop.reason, "protocol")
          assert.include(stop.message, "archived")
          assert.strictEqual(events.filter((event) => event._tag === "Polled" && event.first).length, 1)
          assert.strictEqual(Conversation.pollTimes(vendor).length, 31)
        })
    )
  })

  describe(`a pace from any Schedule (${driver.name})`, () => {
    it.effect("steps the pace after pending answers only and the failures after faults only", () =>
      Effect.gen(function* () {
        const paced: Array<string> = []
        const failed: Array<string> = []
        const name = (tick: PollPolicy.PollTick) => (tick.seen._tag === "PollFault" ? tick.seen.kind : tick.seen._tag)
        const log = (into: Array<string>) => (tick: PollPolicy.PollTick) => {
          into.push(name(tick))
          return Duration.seconds(1)
        }
        const vendor = Conversation.make({
          polls: [
            { say: "running" },
            { say: "Transient" },
            { say: "word", word: "odd" },
            { say: "Throttled" },
            { say: "Broken" },
            { say: "Missing" },
            { say: "done" }
          ],
          policy: steady.pipe(PollPolicy.withPace(log(paced)), PollPolicy.withFailures(log(failed)))
        })
        yield* finish(driver.wait(specOf(vendor)))
        assert.deepStrictEqual(paced, ["Pending", "Unrecognised"])
        assert.deepStrictEqual(failed, ["Transient", "Broken", "Missing"])
      })
    )

    it.effect("follows a composed schedule and keeps its state across polls", () =>
      Effect.gen(function* () {
        const running = { say: "running" as const }
        const vendor = Conversation.make({ polls: [running, running, running, running, running, { say: "done" }] })
        const schedule = Schedule.exponential("2 seconds").pipe(
          Schedule.upTo({ times: 3 }),
          Schedule.concat(Schedule.spaced("20 seconds"))
        )
        const policy = steady.pipe(PollPolicy.withPace(schedule), PollPolicy.withFirst(0))
        yield* finish(driver.wait(specOf(vendor, { policy })))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 2, 6, 14, 34, 54))
      })
    )

    it.effect("a schedule that ends, ends the wait as pace-ended with the ticket", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }] })
        const policy = steady.pipe(PollPolicy.withPace(Schedule.recurs(2)), PollPolicy.withFloor("3 seconds"))
        const stop = stopOf(yield* finish(driver.wait(specOf(vendor, { policy }))))
        assert.strictEqual(stop.reason, "pace-ended")
        assert.strictEqual(stop.polls, 3)
        assert.strictEqual(stop.ticket.scanId, "s1")
      })
    )

    it.effect("a failures schedule that ends, ends the wait as what was last seen", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "Transient" }] })
        const policy = steady.pipe(
          PollPolicy.withFailures(Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })))
        )
        const stop = stopOf(yield* finish(driver.wait(specOf(vendor, { policy }))))
        assert.strictEqual(stop.reason, "unreachable")
        assert.strictEqual(stop.polls, 3)
      })
    )
  })

  describe(`law 5, a stop can be gone on from (${driver.name})`, () => {
    it.effect("a wait cut into pieces ends as the unbroken one, for any script", () =>
      Effect.gen(function* () {
        const run = (polls: ReadonlyArray<Conversation.Step>, deadline: Duration.Input) =>
          Effect.gen(function* () {
            const vendor = Conversation.make({ polls, policy: steady.pipe(PollPolicy.withDeadline(deadline)) })
            for (let piece = 0; piece < 40; piece++) {
              const exit = yield* finish(driver.wait(specOf(vendor)))
              if (Exit.isSuccess(exit)) return exit.value._tag
              const stop = stopOf(exit)
              assert.strictEqual(stop.ticket.scanId, "s1")
            }
            return "never"
          })
        const script: ReadonlyArray<Conversation.Step> = [
          { say: "queued" },
          { say: "Transient" },
          { say: "running" },
          { say: "Throttled" },
          { say: "word", word: "odd" },
          { say: "running" },
          { say: "Broken" },
          { say: "partial" }
        ]
        assert.strictEqual(yield* run(script, "12 seconds"), yield* run(script, "1 hour"))
      })
    )
  })

  describe(`law 6, every wait ends (${driver.name})`, () => {
    it.effect("makes one last poll exactly at the deadline and none after (TM-01)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running" }],
          policy: steady.pipe(PollPolicy.withDeadline("25 seconds"), PollPolicy.withFirst(0))
        })
        const stop = stopOf(yield* finish(driver.wait(specOf(vendor))))
        assert.strictEqual(stop.reason, "deadline")
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 10, 20, 25))
      })
    )

    it.effect("stops at once when the hint leads past the deadline, and keeps the time for later", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running", hint: 60_000 }],
          policy: steady.pipe(PollPolicy.withDeadline("25 seconds"), PollPolicy.withFirst(0))
        })
        const fiber = yield* Effect.forkChild(Effect.exit(driver.wait(specOf(vendor))))
        yield* TestClock.adjust("1 millis")
        const stop = stopOf(yield* Fiber.join(fiber))
        assert.strictEqual(stop.reason, "deadline")
        assert.strictEqual(stop.notBefore, 60_000)
      })
    )

    it.effect("a hung poll cannot pass deadline + one poll's timeout (TR-01)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "hang" }],
          policy: steady.pipe(PollPolicy.withDeadline("60 seconds"))
        })
        const done = yield* Deferred.make<number>()
        yield* Effect.forkChild(
          Effect.exit(driver.wait(specOf(vendor))).pipe(
            Effect.andThen(Clock.currentTimeMillis),
            Effect.flatMap((now) => Deferred.succeed(done, now))
          )
        )
        yield* TestClock.adjust("10 minutes")
        assert.isAtMost(yield* Deferred.await(done), 60_000 + 15_000)
        assert.isTrue(vendor.ledger.polls.every((poll) => poll.cut))
        assert.strictEqual(vendor.ledger.mostInFlight, 1)
      })
    )

    it.effect("a vendor that throttles for ever ends as still running (RL-06)", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "Throttled" }] })
        const stop = stopOf(yield* finish(driver.wait(specOf(vendor))))
        assert.strictEqual(stop.reason, "deadline")
      })
    )

    for (const jump of [3600_000, -3600_000]) {
      it.effect(
        `a wall clock that jumps by ${jump / 3600_000} h changes neither polls nor deadline (TM-04, TM-05)`,
        () =>
          Effect.gen(function* () {
            const inner = yield* Clock.Clock
            let skew = 0
            const jumpy: Clock.Clock = {
              currentTimeMillisUnsafe: () => inner.currentTimeMillisUnsafe() + skew,
              currentTimeMillis: Effect.sync(() => inner.currentTimeMillisUnsafe() + skew),
              currentTimeNanosUnsafe: () => inner.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n,
              currentTimeNanos: Effect.sync(() => inner.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n),
              monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
              monotonicTimeNanos: inner.monotonicTimeNanos,
              sleep: (duration) => inner.sleep(duration)
            }
            const vendor = Conversation.make({
              polls: [{ say: "running" }],
              policy: steady.pipe(PollPolicy.withFirst(0))
            })
            const fiber = yield* Effect.forkChild(
              Effect.exit(driver.wait(specOf(vendor))).pipe(Effect.provideService(Clock.Clock, jumpy))
            )
            yield* TestClock.adjust("95 seconds")
            skew = jump
            yield* TestClock.adjust("2 hours")
            const stop = stopOf(yield* Fiber.join(fiber))
            assert.strictEqual(stop.reason, "deadline")
            assert.strictEqual(stop.polls, 31)
          })
      )
    }
  })

  describe(`law 7, interrupting (${driver.name})`, () => {
    it.effect("wakes a sleep at once and sends nothing more", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady.pipe(PollPolicy.withFirst(0)) })
        const fiber = yield* Effect.forkChild(driver.wait(specOf(vendor)))
        yield* TestClock.adjust("15 seconds")
        yield* Fiber.interrupt(fiber)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(Conversation.pollTimes(vendor), seconds(0, 10))
      })
    )

    it.effect("cuts a poll in flight", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "hang" }], policy: steady.pipe(PollPolicy.withFirst(0)) })
        const fiber = yield* Effect.forkChild(driver.wait(specOf(vendor)))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(vendor.ledger.inFlight, 1)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(vendor.ledger.inFlight, 0)
        assert.isTrue(vendor.ledger.polls.every((poll) => poll.cut))
      })
    )
  })

  describe(`law 10, listeners (${driver.name})`, () => {
    it.effect("an observer that throws disturbs nothing", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }] })
        const observer = () => {
          throw new Error("listener")
        }
        assert.isTrue(Exit.isSuccess(yield* finish(driver.wait(specOf(vendor, { observer })))))
      })
    )
  })

  it.effect.prop(
    `law 1 for any script, pace, floor and hint (${driver.name})`,
    {
      steps: Schema.Array(
        Schema.Struct({
          say: Schema.Literals(["queued", "running", "Transient", "Throttled", "Broken"]),
          hint: Schema.Literals([0, 1, 999, 5_000, 60_000, 400_000, 9_000_000]),
          takes: Schema.Literals([0, 1, 1_500, 20_000])
        })
      ),
      pace: Schema.Literals([0, 1, 700, 4_000, 31_000]),
      floor: Schema.Literals([0, 1_000, 5_000]),
      spread: Schema.Literals([0, 0.1, 1])
    },
    ({ steps, pace, floor, spread }) =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [...steps, { say: "done" }],
          limits: { floor },
          policy: PollPolicy.make({ pace, spread, floor: 0, first: 0, deadline: "2 days", brokenInARow: 1_000 })
        })
        yield* finish(driver.wait(specOf(vendor)))
        const { polls } = vendor.ledger
        for (let i = 1; i < polls.length; i++) {
          const before = polls[i - 1]
          const step = steps[i - 1]
          const poll = polls[i]
          if (before === undefined || step === undefined || poll === undefined) continue
          // A poll that outlasts its timeout of 15 s was cut: it brought neither an answer nor a hint.
          const cut = step.takes >= 15_000
          const healthy = step.say === "queued" || step.say === "running" || step.say === "Broken"
          const hint = cut ? 0 : Math.min(step.hint, healthy ? 300_000 : 3_600_000)
          const answered = cut ? before.at + 15_000 : before.at + step.takes
          if (poll.at < answered + Math.max(floor, hint)) return false
        }
        return vendor.ledger.mostInFlight <= 1
      }),
    { arbitrary: { runs: 60 } }
  )
}

for (const driver of drivers) laws(driver)

describe("policies that contradict themselves", () => {
  it.effect("die before the first poll, naming both fields", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: PollPolicy.make({ floor: "2 minutes", deadline: "1 minute" }) })
      const exit = yield* Effect.exit(Poller.untilTerminal(specOf(vendor)))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      const text = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
      assert.include(text, "floor (2m)")
      assert.include(text, "deadline (1m)")
      assert.strictEqual(vendor.ledger.polls.length, 0)
    })
  )
})

describe("Poller.events", () => {
  it.effect("tells every wait with its cause, and the outcome last", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running", hint: 30_000 }, { say: "Transient" }, { say: "done" }],
        policy: steady
      })
      const exit = yield* finish(Stream.runCollect(Poller.events(specOf(vendor))))
      const events = Exit.isSuccess(exit) ? exit.value : []
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "Scheduled" ? event.because : event._tag)),
        ["first", "Polled", "hint", "Polled", "back-off", "Settled"]
      )
    })
  )

  it.effect(
    "tells each message of the vendor once, also where its list is sent whole again or cut, and keeps none (AV-08)",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady })
        const lists = [[], ["a"], ["a", "b", "c"], ["a", "b", "c"], ["c", "d"], ["x"], [], ["x", "x"], ["y", "x", "z"]]
        let polls = 0
        const spec = specOf(vendor)
        const poll: typeof spec.poll = Effect.suspend(() => {
          const messages = lists[polls++]
          return messages === undefined
            ? spec.poll
            : Effect.succeed(
                Observation.answer<Conversation.Outcome>(Observation.pending("running", Option.none(), messages))
              )
        })
        const exit = yield* finish(Stream.runCollect(Poller.events({ ...spec, poll }, { buffer: 100 })))
        const polled = (Exit.isSuccess(exit) ? exit.value : []).filter((event) => event._tag === "Polled")
        assert.deepStrictEqual(
          polled.map(({ messages }) => messages),
          [undefined, ["a"], ["b", "c"], undefined, ["d"], ["x"], undefined, undefined, ["z"]]
        )
        // One that sleeps is as small as one without them.
        for (const { seen } of polled) assert.strictEqual(seen, Observation.pending("running"))
      })
  )

  it.effect("a reader that stalls delays no poll", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [...Array.from({ length: 50 }, () => ({ say: "running" as const })), { say: "done" }],
        policy: steady.pipe(PollPolicy.withDeadline("1 hour"), PollPolicy.withFirst(0))
      })
      yield* Effect.forkChild(Stream.runForEach(Poller.events(specOf(vendor)), () => Effect.sleep("1 day")))
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(vendor.ledger.polls.length, 51)
    })
  )

  it.effect("ends with the stop when the wait stops, and ends the wait when the reader leaves", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }] })
      const exit = yield* finish(Stream.runDrain(Poller.events(specOf(vendor))))
      assert.strictEqual(stopOf(exit).reason, "deadline")
      const left = Conversation.make({ polls: [{ say: "running" }] })
      yield* finish(Stream.runDrain(Stream.take(Poller.events(specOf(left)), 2)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(left.ledger.polls.length, 1)
    })
  )
})
