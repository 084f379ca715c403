import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { sleepingBy } from "@scanpoll/test-support/sleepingBy"
import * as Fleet from "../../src/engine/Fleet.ts"
import * as Poller from "../../src/engine/Poller.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type { PollStopped } from "../../src/model/PollStopped.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import { countingClock, lateClock, slowClock } from "../support/clocks.ts"
import { cutAt } from "../support/cuts.ts"
import { drivers } from "../support/drivers.ts"

const limits = VendorLimits.make({ floor: "3 seconds" })
const policy = PollPolicy.make({ pace: "10 seconds", spread: 0, first: 0, deadline: "1 minute" })
const running = Observation.answer<string>(Observation.pending("running"))
const done = Observation.answer(Observation.settled("done"))

const specOf = (
  poll: Poller.PollSpec<string, number>["poll"],
  change: Partial<Poller.PollSpec<string, number>> = {}
) => ({
  ticket: 1,
  submittedAt: 0,
  policy,
  limits,
  poll,
  ...change
})

const stopOf = <A, T>(exit: Exit.Exit<A, PollStopped<T>>): PollStopped<T> => {
  const found = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  if (Option.isNone(found)) throw new Error("the wait was expected to stop")
  return found.value
}

const accountOf = (requests: number | null = null) =>
  RateBudget.makeMemory().account(
    { vendor: "acme", origin: "https://acme.test", account: "a" },
    {
      requests,
      window: Duration.seconds(10),
      openScans: null,
      typicalDuration: Duration.seconds(10),
      pollsPerScan: () => 1
    }
  )

/** How a wait ended, and when. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.exit(effect), (exit) => Effect.map(SteadyClock.now, (at) => ({ exit, at })))

for (const driver of drivers) {
  describe(`at the edges (${driver.name})`, () => {
    it.effect("law 8, where nothing asks for a wait there is one all the same", () =>
      Effect.gen(function* () {
        const times: Array<number> = []
        const spec = specOf(
          Effect.map(SteadyClock.now, (now) => (times.push(now) < 300 ? running : done)),
          {
            limits: VendorLimits.make({ floor: 0 }),
            policy: PollPolicy.make({ pace: 0, floor: 0, spread: 0, first: 0 })
          }
        )
        const fiber = yield* Effect.forkChild(driver.wait(spec))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        assert.strictEqual(new Set(times).size, 300)
      })
    )

    it.effect("law 6, a schedule that never says when ends with the deadline, as what was last seen", () =>
      Effect.gen(function* () {
        const hung = Schedule.modifyDelay(Schedule.spaced("1 second"), () => Effect.never)
        const spec = specOf(Effect.succeed(running), { policy: PollPolicy.withPace(policy, hung) })
        const fiber = yield* Effect.forkChild(timed(driver.wait(spec)))
        yield* TestClock.adjust("5 minutes")
        const { exit, at } = yield* Fiber.join(fiber)
        assert.strictEqual(stopOf(exit).reason, "deadline")
        assert.isAtMost(at, 60_000 + 10_000)
      })
    )

    it.effect("a slow schedule is waited for, and asked once per answer", () =>
      Effect.gen(function* () {
        let polls = 0
        const slow = Schedule.modifyDelay(Schedule.spaced("10 seconds"), ({ duration }) =>
          Effect.as(Effect.sleep("4 seconds"), duration)
        )
        const times: Array<number> = []
        const spec = specOf(
          Effect.map(SteadyClock.now, (now) => (times.push(now), ++polls < 3 ? running : done)),
          { policy: PollPolicy.withPace(policy, slow) }
        )
        const fiber = yield* Effect.forkChild(driver.wait(spec))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(times, [0, 14_000, 28_000])
      })
    )

    it.effect("a poll that takes too long is told once and answered never: no answer of it comes later", () =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const spec = specOf(Effect.delay(Effect.succeed(done), "20 seconds"), {
          observer: (event) => void seen.push(event._tag === "Polled" ? `${event._tag} ${event.polls}` : event._tag)
        })
        const fiber = yield* Effect.forkChild(timed(driver.wait(spec)))
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(stopOf((yield* Fiber.join(fiber)).exit).reason, "unreachable")
        assert.deepStrictEqual(seen.slice(0, 4), ["Scheduled", "Polled 1", "Scheduled", "Polled 2"])
        assert.strictEqual(seen.at(-1), "Stopped")
        assert.isFalse(seen.includes("Settled"))
      })
    )

    it.effect("a pace, a poll, a budget or a schedule that dies ends its wait with the defect", () =>
      Effect.gen(function* () {
        const bug = new TypeError("bug")
        const dying = [
          specOf(Effect.die(bug)),
          specOf(Effect.succeed(running), {
            budget: {
              ...accountOf(),
              turn: () => {
                throw bug
              }
            }
          }),
          specOf(Effect.succeed(running), {
            policy: PollPolicy.withPace(policy, () => {
              throw bug
            })
          }),
          specOf(Effect.succeed(running), {
            policy: PollPolicy.withPace(
              policy,
              Schedule.modifyDelay(Schedule.spaced("1 second"), () => Effect.die(bug))
            )
          })
        ]
        for (const spec of dying) {
          const fiber = yield* Effect.forkChild(Effect.exit(driver.wait(spec)))
          yield* TestClock.adjust("1 minute")
          const exit = yield* Fiber.join(fiber)
          assert.isTrue(Exit.isFailure(exit) && Cause.squash(exit.cause) === bug)
        }
      })
    )

    it.effect("denied ends a wait after one poll, with a budget or without", () =>
      Effect.gen(function* () {
        for (const shared of [undefined, accountOf()]) {
          let polls = 0
          const denied = PollFault.make({ kind: "Denied", code: "401", message: "no" })
          const spec = specOf(
            Effect.suspend(() => (polls++, Effect.fail(denied))),
            shared === undefined ? {} : { budget: shared }
          )
          const fiber = yield* Effect.forkChild(Effect.exit(driver.wait(spec)))
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual(stopOf(yield* Fiber.join(fiber)).reason, "denied")
          assert.strictEqual(polls, 1)
        }
      })
    )

    it.effect("a poll that is late because the machine is busy is not said to have waited for its account", () =>
      Effect.gen(function* () {
        const clock = yield* slowClock(5)
        const causes: Array<string> = []
        const observer = (event: Poller.PollEvent<string>) => {
          if (event._tag === "Scheduled") causes.push(event.because)
        }
        const limited = accountOf(1)
        for (const budget of [accountOf(), limited]) {
          // The second account has no room left for ten seconds.
          if (budget === limited) yield* budget.turn({ kind: "submit", due: 0, lane: "" })
          let polls = 0
          const poll = Effect.sync(() => (++polls < 2 ? running : done))
          const waiting = driver
            .wait(specOf(poll, { budget, observer }))
            .pipe(Effect.provideService(Clock.Clock, clock))
          const fiber = yield* Effect.forkChild(waiting)
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(yield* Fiber.join(fiber), "done")
        }
        assert.deepStrictEqual(causes, ["first", "pace", "first", "turn", "pace"])
      })
    )

    it.effect("a refused credential asks for no turn, and gives back the one that came too late", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const account = accountOf()
        const refuse = () => {
          for (const by of [{}, {}]) account.deny({ by, kind: "poll", code: "401", message: "no" })
        }
        let late = false
        const budget: RateBudget.AccountBudget = {
          ...account,
          turn: () =>
            Effect.sync(() => {
              log.push("turn")
              if (late) refuse()
              return { waited: 0, queued: false, giveBack: () => void log.push("given back"), renew: () => true }
            })
        }
        const poll = Effect.sync(() => (log.push("poll"), running))
        const waiting = yield* Effect.forkChild(Effect.exit(driver.wait(specOf(poll, { budget }))))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(log.splice(0), ["turn", "poll"])
        refuse()
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(stopOf(yield* Fiber.join(waiting)).reason, "denied")
        assert.deepStrictEqual(log.splice(0), [])
        late = true
        const second = yield* Effect.forkChild(Effect.exit(driver.wait(specOf(poll, { budget }))))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(stopOf(yield* Fiber.join(second)).reason, "denied")
        assert.deepStrictEqual(log, ["turn", "given back"])
      })
    )

    it.effect("time in the queue of the budget does not age the deadline", () =>
      Effect.gen(function* () {
        const account = accountOf()
        const ages: Array<number> = []
        const spec = specOf(Effect.succeed(running), {
          budget: account,
          policy: PollPolicy.withPace(policy, (tick) => {
            ages.push(tick.age)
            return Duration.seconds(10)
          })
        })
        const fiber = yield* Effect.forkChild(timed(driver.wait(spec)))
        yield* TestClock.adjust("5 seconds")
        // Somebody else is told to wait while this one sleeps.
        account.pause(100_000)
        yield* TestClock.adjust("10 minutes")
        const { exit, at } = yield* Fiber.join(fiber)
        assert.strictEqual(stopOf(exit).reason, "deadline")
        assert.strictEqual(at, 60_000 + 90_000)
        assert.deepStrictEqual(ages, [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000])
      })
    )

    it.effect("what the vendor's headers say teaches the budget", () =>
      Effect.gen(function* () {
        const account = accountOf()
        let polls = 0
        const quota = Option.some({ limit: null, remaining: 0, resetAt: 42_000 })
        const spec = specOf(
          Effect.sync(() => (++polls === 1 ? { ...running, quota } : done)),
          { budget: account }
        )
        const fiber = yield* Effect.forkChild(timed(driver.wait(spec)))
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual((yield* Fiber.join(fiber)).at, 42_000)
      })
    )

    it.effect("a 429 is waited for as long as it asks, not until the end of the vendor's window", () =>
      Effect.gen(function* () {
        const times: Array<number> = []
        const throttled = PollFault.make({
          kind: "Throttled",
          code: "429",
          message: "slow down",
          hint: Option.some(Duration.seconds(20)),
          quota: Option.some({ limit: null, remaining: 0, resetAt: 55_000 })
        })
        const spec = specOf(
          Effect.flatMap(SteadyClock.now, (now) =>
            times.push(now) === 1 ? Effect.fail(throttled) : Effect.succeed(done)
          ),
          { budget: accountOf() }
        )
        const fiber = yield* Effect.forkChild(driver.wait(spec))
        yield* TestClock.adjust("5 minutes")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(times, [0, 20_000])
      })
    )

    it.effect("a pause that leads past the deadline stops a wait at once, and is kept for later", () =>
      Effect.gen(function* () {
        const account = accountOf()
        account.pause(90_000)
        const fiber = yield* Effect.forkChild(
          Effect.exit(driver.wait(specOf(Effect.succeed(running), { budget: account })))
        )
        yield* TestClock.adjust("1 millis")
        const exit = fiber.pollUnsafe()
        const stop = exit === undefined ? undefined : stopOf(yield* Fiber.join(fiber))
        assert.deepStrictEqual([stop?.reason, stop?.polls, stop?.notBefore], ["deadline", 0, 90_000])
      })
    )

    it.effect("a good poll makes the failures of a schedule anew", () =>
      Effect.gen(function* () {
        const times: Array<number> = []
        const bad = Effect.fail(PollFault.make({ kind: "Transient", code: "503", message: "busy" }))
        const spec = specOf(
          Effect.flatMap(SteadyClock.now, (now) => {
            times.push(now)
            return [1, 2, 4, 5].includes(times.length) ? bad : Effect.succeed(times.length < 7 ? running : done)
          }),
          { policy: PollPolicy.withFailures(policy, Schedule.exponential("3 seconds", 2)) }
        )
        const fiber = yield* Effect.forkChild(driver.wait(spec))
        yield* TestClock.adjust("5 minutes")
        yield* Fiber.join(fiber)
        const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
        assert.deepStrictEqual(gaps, [3000, 6000, 10_000, 3000, 6000, 10_000])
      })
    )

    it.effect("a timer that rings early makes no early poll", () =>
      Effect.gen(function* () {
        const inner = yield* Clock.Clock
        const hasty = sleepingBy(inner, (duration) =>
          inner.sleep(Duration.millis(Math.max(1, Duration.toMillis(duration) - 3)))
        )
        const times: Array<number> = []
        const spec = specOf(Effect.map(SteadyClock.now, (now) => (times.push(now) < 4 ? running : done)))
        const fiber = yield* Effect.forkChild(driver.wait(spec).pipe(Effect.provideService(Clock.Clock, hasty)))
        yield* TestClock.adjust("5 minutes")
        yield* Fiber.join(fiber)
        assert.strictEqual(times.length, 4)
        times.slice(1).forEach((at, i) => assert.isAtLeast(at - (times[i] ?? 0), 10_000))
      })
    )

    it.effect(
      "an answer that came while the process was frozen is read before the timeout of its poll counts (D-04)",
      () =>
        Effect.gen(function* () {
          const inner = yield* Clock.Clock
          const frozen = lateClock(inner, "2 seconds")
          const answersAfter = (millis: number) =>
            Effect.provideService(Effect.delay(Effect.succeed(done), millis), Clock.Clock, inner)
          const ended: Array<string> = []
          for (const millis of [6100, 8500]) {
            const observer = (event: Poller.PollEvent<string>) => void ended.push(`${millis} ${event._tag}`)
            const spec = specOf(answersAfter(millis), {
              policy: PollPolicy.withPollTimeout(policy, "4 seconds"),
              observer
            })
            const fiber = yield* Effect.forkChild(driver.wait(spec).pipe(Effect.provideService(Clock.Clock, frozen)))
            yield* TestClock.adjust("8400 millis")
            yield* TestClock.adjust("1 hour")
            yield* Fiber.await(fiber)
          }
          assert.deepStrictEqual(ended.filter((what) => !what.endsWith("Scheduled")).slice(0, 2), [
            "6100 Settled",
            "8500 Polled"
          ])
        })
    )

    it.effect("law 6, polls that hang together are cut each in its own time", () =>
      Effect.gen(function* () {
        const waits = (["2 seconds", "5 seconds", "5 seconds", "9 seconds"] as const).map((pollTimeout) => {
          const times: Array<number> = []
          const poll = Effect.flatMap(SteadyClock.now, (now) =>
            times.push(now) === 1 ? Effect.never : Effect.succeed(done)
          )
          return Effect.as(
            driver.wait(specOf(poll, { policy: PollPolicy.withPollTimeout(policy, pollTimeout) })),
            times
          )
        })
        const fiber = yield* Effect.forkChild(Effect.all(waits, { concurrency: "unbounded" }))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          (yield* Fiber.join(fiber)).map(([, second]) => second),
          [5000, 8000, 8000, 12_000]
        )
      })
    )

    it.effect("law 7, interrupted at any step it sends nothing more, leaves no timer and holds no turn", () =>
      Effect.gen(function* () {
        for (const pace of [undefined, Schedule.spaced("2 seconds")]) {
          for (let step = 1, more = true; more; step++) {
            const { clock, count } = yield* countingClock
            const budget = RateBudget.makeMemory().account(
              { vendor: "acme", origin: "https://acme.test", account: "a" },
              {
                requests: 2,
                window: Duration.seconds(4),
                openScans: null,
                typicalDuration: Duration.seconds(10),
                pollsPerScan: () => 1
              }
            )
            const start = yield* SteadyClock.now
            let sent = 0
            let out = 0
            const poll = Effect.acquireUseRelease(
              Effect.sync(() => (sent++, out++)),
              () => Effect.as(Effect.sleep("500 millis"), sent < 4 ? running : done),
              () => Effect.sync(() => out--)
            )
            const quick = PollPolicy.withPace(policy, pace ?? "2 seconds")
            const wait = driver
              .wait(specOf(poll, { policy: quick, budget, submittedAt: start }))
              .pipe(Effect.provideService(Clock.Clock, clock))
            more = yield* cutAt(wait, step, 13)
            const asked = sent
            assert.strictEqual(out, 0, `step ${step}: a poll goes on`)
            yield* TestClock.adjust("1 millis")
            assert.strictEqual(count.asleep, 0, `step ${step}: a timer is left`)
            yield* TestClock.adjust("10 seconds")
            assert.strictEqual(sent, asked, `step ${step}: another poll went out`)
            const turns = yield* Effect.forkChild(
              Effect.forEach([1, 2], () => budget.turn({ kind: "poll", due: start, lane: "" }))
            )
            yield* TestClock.adjust("1 millis")
            assert.isDefined(turns.pollUnsafe(), `step ${step}: a turn is held`)
          }
        }
      })
    )

    it.effect("every wait says what made it as long as it was, a wait for the account's turn as well", () =>
      Effect.gen(function* () {
        const budget = RateBudget.makeMemory().account(
          { vendor: "acme", origin: "https://acme.test", account: "turns" },
          {
            requests: 3,
            window: Duration.seconds(20),
            openScans: null,
            typicalDuration: Duration.seconds(10),
            pollsPerScan: () => 1
          }
        )
        const answers = [
          Effect.succeed(running),
          Effect.fail(PollFault.make({ kind: "Transient", code: "http-503", message: "busy" })),
          Effect.succeed({ ...running, hint: Option.some(Duration.seconds(20)) }),
          Effect.sync(() => {
            budget.pause(53_000)
            return running
          }),
          Effect.succeed(running)
        ]
        let sent = 0
        const told: Array<string> = []
        const started = yield* SteadyClock.now
        const spec = specOf(
          Effect.suspend(() => answers[sent++] ?? Effect.succeed(running)),
          {
            budget,
            submittedAt: started,
            policy: PollPolicy.make({
              first: "1 second",
              // Under the vendor's floor once: then the floor is the cause.
              pace: (tick) => Duration.seconds(tick.polls === 5 ? 1 : 10),
              failures: "4 seconds",
              spread: 0,
              deadline: "59 seconds"
            }),
            observer: (event) => {
              if (event._tag === "Scheduled") told.push(`${event.because} ${event.at / 1000}-${event.until / 1000}`)
            }
          }
        )
        // Somebody else of the account takes a turn just before the third poll.
        yield* Effect.forkChild(
          Effect.delay(
            Effect.suspend(() => budget.turn({ kind: "poll", due: 0, lane: "other" })),
            "14 seconds"
          )
        )
        const fiber = yield* Effect.forkChild(Effect.exit(driver.wait(spec)))
        yield* TestClock.adjust("3 minutes")
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(told, [
          "first 0-1",
          "pace 1-11",
          "back-off 11-15",
          "turn 15-21",
          "hint 21-41",
          "pause 41-53",
          "floor 53-56",
          "deadline 56-65"
        ])
      })
    )

    it.effect("a pace that reads progress moves polls with it, under floor and hint, and ends nothing", () =>
      Effect.gen(function* () {
        const at = (fraction: number | null, hint?: number) =>
          Observation.answer<string>(
            Observation.pending(
              "running",
              fraction === null ? Option.none() : Option.some({ fraction, done: null, total: null })
            ),
            { hint: hint === undefined ? Option.none() : Option.some(Duration.seconds(hint)) }
          )
        const answers = [at(null), at(0.5), at(0.25), at(0.99), at(1), at(1, 8), done]
        const times: Array<number> = []
        const started = yield* SteadyClock.now
        const read: Array<number | null> = []
        const pace = PollPolicy.paceByProgress((fraction) => {
          read.push(fraction)
          return Duration.seconds(fraction === null ? 10 : 20 * (1 - fraction))
        })
        const spec = specOf(
          Effect.map(SteadyClock.now, (now) => answers[times.push((now - started) / 1000) - 1] ?? done),
          { submittedAt: started, policy: PollPolicy.withPace(policy, pace) }
        )
        const fiber = yield* Effect.forkChild(driver.wait(spec))
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* Fiber.join(fiber), "done")
        assert.deepStrictEqual(read, [null, 0.5, 0.25, 0.99, 1, 1])
        // 10 s, 10 s and 15 s by progress; then the floor, twice; then the hint.
        assert.deepStrictEqual(times, [0, 10, 20, 35, 38, 41, 49])
      })
    )

    it.effect("a poll that interrupts itself ends its wait", () =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(Effect.exit(driver.wait(specOf(Effect.interrupt))))
        yield* TestClock.adjust("1 minute")
        const exit = fiber.pollUnsafe()
        assert.isDefined(exit)
      })
    )
  })
}

describe("Fleet.stop", () => {
  it.effect("a poll it cuts reached the vendor all the same: the next one keeps the floor", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const fiber = yield* Effect.forkChild(Effect.exit(fleet.wait(specOf(Effect.never))))
      yield* TestClock.adjust("2 seconds")
      yield* fleet.stop
      assert.strictEqual(stopOf(yield* Fiber.join(fiber)).notBefore, 2000 + 3000)
    }).pipe(Effect.scoped)
  )

  it.effect("a pause of the account outlasts it", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const budget = accountOf()
      const fiber = yield* Effect.forkChild(Effect.exit(fleet.wait(specOf(Effect.never, { budget }))))
      yield* TestClock.adjust("2 seconds")
      budget.pause(50_000)
      yield* fleet.stop
      assert.strictEqual(stopOf(yield* Fiber.join(fiber)).notBefore, 50_000)
    }).pipe(Effect.scoped)
  )

  it.effect("sends nothing for whoever gets a turn while the others are being stopped", () =>
    Effect.gen(function* () {
      const fleet = yield* Fleet.make
      const turns: Array<Deferred.Deferred<void>> = []
      let returned = 0
      let polls = 0
      const account = accountOf()
      const budget: RateBudget.AccountBudget = {
        ...account,
        turn: () => {
          const granted = Deferred.makeUnsafe<void>()
          turns.push(granted)
          return Effect.as(Effect.uninterruptible(Deferred.await(granted)), {
            waited: 0,
            queued: true,
            giveBack: () => void returned++,
            renew: () => true
          })
        }
      }
      const grantAll = () => turns.forEach((granted) => Deferred.doneUnsafe(granted, Effect.void))
      for (let i = 0; i < 3; i++) {
        yield* fleet.add(
          specOf(
            Effect.sync(() => (polls++, running)),
            { budget }
          ),
          grantAll
        )
      }
      yield* TestClock.adjust("1 second")
      yield* fleet.stop
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(polls, 0)
      assert.strictEqual(fleet.size(), 0)
    }).pipe(Effect.scoped)
  )
})

describe("Poller.events", () => {
  it.effect("law 7, left at any step it ends its wait", () =>
    Effect.gen(function* () {
      for (let step = 1, more = true; more; step++) {
        let sent = 0
        const spec = specOf(
          Effect.sync(() => (sent++, sent < 4 ? running : done)),
          { submittedAt: yield* SteadyClock.now }
        )
        more = yield* cutAt(Stream.runDrain(Poller.events(spec)), step, 35)
        const asked = sent
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(sent, asked, `step ${step}`)
      }
    })
  )

  it.effect("keeps the latest events whatever the size of the buffer, the last one always", () =>
    Effect.gen(function* () {
      for (const buffer of [0, 1, 2, Number.NaN, -3]) {
        let polls = 0
        const spec = specOf(Effect.sync(() => (++polls < 5 ? running : done)))
        const fiber = yield* Effect.forkChild(
          Stream.runCollect(
            Stream.mapEffect(Poller.events(spec, { buffer }), (event) => Effect.delay(Effect.succeed(event), "1 hour"))
          )
        )
        yield* TestClock.adjust("2 days")
        const events = yield* Fiber.join(fiber)
        assert.strictEqual(events.at(-1)?._tag, "Settled", `buffer ${buffer}`)
      }
    })
  )
})
