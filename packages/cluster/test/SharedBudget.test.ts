import { assert, describe, it } from "@effect/vitest"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import { TestClock } from "effect/testing"
import { isFull } from "@scanpoll/test-support/length"
import { seeded } from "@scanpoll/test-support/seeded"
import { key, limitsOf, type Machine, makeWorld, mostInAnyWindow } from "./support/budgetWorld.ts"

const busy = (machine: Machine, how: Parameters<Machine["request"]>[0], fibers = 4) =>
  Effect.forkChild(
    Effect.forEach(
      Array.from({ length: fibers }),
      () => Effect.forever(Effect.andThen(machine.request(how), Effect.yieldNow)),
      { concurrency: "unbounded", discard: true }
    )
  )

const nowOf = (machine: Machine) => Effect.provideService(SteadyClock.now, Clock.Clock, machine.clock)

describe("SharedBudget", () => {
  it.effect("gives an alone process all there is, and no more than the limit in any window", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const machine = yield* world.machine("a")
      yield* busy(machine, {})
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(mostInAnyWindow(machine.sent, 10_000), 10)
      // 30 windows of 10 s; each is longer by the half second a request may take.
      assert.isAtLeast(machine.sent.length, 270)
    })
  )

  it.effect("keeps many processes within one limit, and gives them equal parts (RL-05)", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const machines = yield* Effect.forEach(["a", "b", "c", "d"], (name) => world.machine(name))
      for (const machine of machines) yield* busy(machine, {}, machine.name === "a" ? 50 : 2)
      yield* TestClock.adjust("10 minutes")
      const all = machines.flatMap((machine) => machine.sent)
      assert.strictEqual(mostInAnyWindow(all, 10_000), 10)
      assert.isAtLeast(all.length, 540)
      const counts = machines.map((machine) => machine.sent.length)
      assert.isAtLeast(Math.min(...counts), 0.7 * Math.max(...counts), counts.join(", "))
      // Chance spreads the machines' turns: the parts are those of one draw.
    }).pipe(Random.withSeed("equal parts"))
  )

  for (const latency of [250, 500, 1_000, 1_500]) {
    it.effect(`goes on, within the limit, where the database takes ${2 * latency} ms for each answer (D-01)`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld({ chance: () => 1, latency })
        const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
        for (const machine of machines) yield* busy(machine, {}, 2)
        yield* TestClock.adjust("10 minutes")
        const all = machines.flatMap((machine) => machine.sent)
        assert.isAtMost(mostInAnyWindow(all, 10_000), 10)
        assert.isAtLeast(all.length, 100)
        assert.isAtLeast(Math.min(...machines.map((machine) => machine.sent.length)), 10)
      }).pipe(Random.withSeed("slow books"))
    )
  }

  it.effect(
    "leaves no process without a turn for long where the database takes two seconds for each answer (D-01)",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld({ chance: () => 1, latency: 1_000 })
        const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
        // More than they use: nothing is waited for but the books.
        for (const machine of machines) yield* busy(machine, { limits: limitsOf({ requests: 1_000 }), after: 100 }, 2)
        yield* TestClock.adjust("10 minutes")
        const end = yield* world.time
        const from = end - 600_000
        const pauses = machines.map(({ sent }) =>
          Math.max(...[...sent, end].map((at, index) => at - (sent[index - 1] ?? from)))
        )
        assert.isAtMost(Math.max(...pauses), 20_000, pauses.join(", "))
      }).pipe(Random.withSeed("slow books"))
  )

  for (const trip of [100, 250]) {
    it.effect(`leaves no process without turns whose line takes ${trip} ms each way, beside quick ones (D-01)`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const quick = yield* Effect.forEach(["a", "b"], (name) => world.machine(name))
        const slow = yield* world.machine("c", { trip })
        // More than they use: nothing is waited for but the books, which the quick ones write ten times a second.
        const plenty = { limits: limitsOf({ requests: 10_000 }), after: 100 }
        for (const machine of quick) yield* busy(machine, plenty, 5)
        yield* busy(slow, plenty, 5)
        yield* TestClock.adjust("40 seconds")
        const end = yield* world.time
        const pauses = [...quick, slow].map(({ sent }) =>
          Math.max(...[...sent, end].map((at, index) => at - (sent[index - 1] ?? end - 40_000)))
        )
        assert.isAtMost(Math.max(...pauses), 20 * trip, pauses.join(", "))
        // The quick ones go on in between.
        assert.isAtLeast(
          Math.min(...quick.map(({ sent }) => sent.length)),
          40 * 5,
          String(quick.map((m) => m.sent.length))
        )
      }).pipe(Random.withSeed("one slow line"))
    )
  }

  it.effect("keeps many processes within several windows at once, and starves none of them (RL-05)", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ windows: [{ requests: 60, window: Duration.minutes(2) }] })
      const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
      for (const machine of machines) yield* busy(machine, { limits }, 2)
      yield* TestClock.adjust("8 minutes")
      const all = machines.flatMap((machine) => machine.sent)
      assert.strictEqual(mostInAnyWindow(all, 10_000), 10)
      assert.strictEqual(mostInAnyWindow(all, 120_000), 60)
      // The narrow window lets 60 through in a minute; then the wide one holds them back.
      assert.isAtLeast(all.filter((at) => at < 70_000).length, 55)
      assert.isAtLeast(all.length, 220)
      const counts = machines.map((machine) => machine.sent.length)
      assert.isAtLeast(Math.min(...counts), 40, counts.join(", "))
    }).pipe(Random.withSeed("several windows"))
  )

  it.effect("keeps a narrow window usable beside one of a day, whose turns are merged in the books", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ windows: [{ requests: 5_000, window: Duration.days(1) }] })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      // Less than the narrow window lets through, one by one.
      for (const machine of [a, b]) yield* busy(machine, { limits, after: 2_300 }, 1)
      yield* TestClock.adjust("10 minutes")
      const all = [...a.sent, ...b.sent]
      assert.isAtLeast(all.filter((at) => at > 500_000).length, 84)
      const turns = world.books().used.reduce((sum, [, count]) => sum + count, 0)
      assert.isAbove(turns, 400)
      assert.isAtMost(world.books().used.length, 128)
    })
  )

  it.effect(
    "keeps further windows where the vendor names no other limit, also for a process that does not know them",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
        const windows = [{ requests: 6, window: Duration.minutes(1) }]
        yield* busy(a, { limits: limitsOf({ requests: null, windows }) })
        yield* TestClock.adjust("1 second")
        yield* busy(b, { limits: limitsOf({ requests: 100 }) })
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(mostInAnyWindow([...a.sent, ...b.sent], 60_000), 6)
        assert.isAtLeast(a.sent.length + b.sent.length, 50)
      })
  )

  it.effect("what a killed process took with it counts in each window for as long as it may matter there", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 4, windows: [{ requests: 8, window: Duration.minutes(10) }] })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      yield* Effect.forEach([1, 2], () => Effect.forkChild(a.request({ limits })))
      yield* TestClock.adjust("1 second")
      a.kill()
      yield* busy(b, { limits })
      yield* TestClock.adjust("9 minutes")
      // The dead one may send for a minute; so long it counts in every narrow window.
      assert.strictEqual(mostInAnyWindow(b.sent, 10_000), 2)
      assert.strictEqual(b.sent.length, 6)
      yield* TestClock.adjust("11 minutes")
      assert.strictEqual(mostInAnyWindow([...a.sent, ...b.sent], 600_000), 8)
      assert.isAbove(b.sent.length, 8)
    })
  )

  for (const requests of [10, null]) {
    it.effect(
      `leaves the gap between the submissions of many processes and none between polls, with ${requests ?? "no"} requests a window`,
      () =>
        Effect.gen(function* () {
          const world = yield* makeWorld()
          const limits = limitsOf({ requests, submitGap: Duration.seconds(15), pollsPerScan: () => 1 })
          const [a, b, c] = [yield* world.machine("a"), yield* world.machine("b"), yield* world.machine("c")]
          for (const machine of [a, b]) {
            yield* Effect.forEach(Array.from({ length: 10 }), () =>
              Effect.forkChild(
                Effect.gen(function* () {
                  // Its scan is over at once.
                  yield* machine.request({ kind: "submit", limits, after: 200 })
                  machine.budgets.account(key, limits).closed()
                })
              )
            )
          }
          yield* TestClock.adjust("1 second")
          const polls = yield* Effect.forkChild(Effect.forEach([1, 2, 3, 4, 5], () => c.request({ limits })))
          yield* TestClock.adjust("2 seconds")
          assert.isDefined(polls.pollUnsafe())
          yield* TestClock.adjust("6 minutes")
          const times = [...a.sent, ...b.sent].toSorted((one, other) => one - other)
          for (const [at, time] of times.slice(1).entries()) assert.isAtLeast(time - (times[at] ?? 0), 15_000)
          // A gap is longer by what a request may take, and by when it is told.
          assert.strictEqual(times.length, 20)
          assert.isAbove(Math.min(a.sent.length, b.sent.length), 5)
        })
    )
  }

  it.effect("a submission that was not made leaves no gap, and one that a killed process may have made does", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: null, submitGap: Duration.minutes(5) })
      const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
      const [a, b, c] = machines
      if (a === undefined || b === undefined || c === undefined) return assert.fail("no machine")
      const first = yield* Effect.forkChild(a.request({ kind: "submit", limits }))
      yield* TestClock.adjust("200 millis")
      ;(yield* Fiber.join(first)).giveBack()
      yield* Effect.forkChild(b.request({ kind: "submit", limits }))
      yield* TestClock.adjust("2 seconds")
      assert.lengthOf(b.sent, 1)
      // Before it has told.
      b.kill()
      yield* Effect.forkChild(c.request({ kind: "submit", limits }))
      yield* TestClock.adjust("5 minutes")
      assert.lengthOf(c.sent, 0)
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(c.sent, 1)
    })
  )

  it.effect("a submission whose turn is renewed late keeps the gap from then on", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: null, submitGap: Duration.seconds(20) })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const asked = yield* Effect.forkChild(a.request({ kind: "submit", limits }))
      yield* TestClock.adjust("500 millis")
      const turn = yield* Fiber.join(asked)
      assert.isTrue(turn.renew())
      const renewed = yield* world.time
      yield* Effect.forkChild(b.request({ kind: "submit", limits }))
      yield* TestClock.adjust("10 seconds")
      // It was told as made: nobody knows whether it was, so it needs another turn.
      assert.isFalse(turn.renew())
      yield* TestClock.adjust("1 minute")
      assert.isAtLeast(b.sent[0] ?? 0, renewed + 20_000)
    })
  )

  it.effect("lets polls of one process go before submissions of another", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ pollsPerScan: () => 1 })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      yield* busy(a, { kind: "submit", limits }, 5)
      yield* TestClock.adjust("1 minute")
      yield* busy(b, { kind: "poll", limits }, 20)
      yield* TestClock.adjust("1 minute")
      const [from, submitted] = [b.sent.length, a.sent.length]
      yield* TestClock.adjust("5 minutes")
      assert.isAtLeast(b.sent.length - from, 250)
      assert.isAtMost(a.sent.length - submitted, 3)
    })
  )

  it.effect("a pause told to one holds all within the lease, and ends by itself (ST-07)", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
      for (const machine of machines) yield* busy(machine, {})
      yield* TestClock.adjust("1 minute")
      const [first] = machines
      if (first === undefined) return assert.fail("no machine")
      const paused = 60_000
      first.budgets.account(key, limitsOf()).pause((yield* nowOf(first)) + 60_000)
      yield* TestClock.adjust("5 minutes")
      const all = machines.flatMap((machine) => machine.sent)
      assert.deepStrictEqual(
        first.sent.filter((at) => at > paused && at < paused + 60_000),
        []
      )
      assert.deepStrictEqual(
        all.filter((at) => at > paused + 2_000 && at < paused + 60_000),
        []
      )
      for (const machine of machines) assert.isTrue(machine.sent.some((at) => at > paused + 60_000))
    })
  )

  it.effect("a pause of submissions told to one holds the submissions of all within the lease, and no poll", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 20, pollsPerScan: () => 1 })
      const [a, b, c] = [yield* world.machine("a"), yield* world.machine("b"), yield* world.machine("c")]
      yield* busy(a, { kind: "submit", limits }, 2)
      yield* busy(b, { kind: "submit", limits }, 2)
      yield* busy(c, { kind: "poll", limits }, 1)
      yield* TestClock.adjust("1 minute")
      const submitted = [a.sent.length, b.sent.length]
      assert.isAbove(Math.min(...submitted), 0)
      a.budgets.account(key, limits).pause((yield* nowOf(a)) + 60_000, "submit")
      yield* TestClock.adjust("3 minutes")
      const inPause = (machine: Machine) => machine.sent.filter((at) => at > 62_000 && at < 120_000).length
      assert.deepStrictEqual([inPause(a), inPause(b)], [0, 0])
      assert.isAbove(inPause(c), 20)
      assert.strictEqual(b.budgets.account(key, limits).pausedUntil(), 0)
    })
  )

  it.effect("one refused call ends no wait; a second one does, unless the key was taken in between (V-17)", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const [budget, other] = [a.budgets.account(key, limitsOf()), b.budgets.account(key, limitsOf())]
      const refusal = (kind: "poll" | "submit", code: string) => ({ by: {}, kind, code, message: code })
      assert.isNull(budget.refusal())
      const before = budget.denials()

      budget.deny(refusal("submit", "first"))
      assert.deepStrictEqual([budget.isDenied(before, "poll"), budget.isDenied(before, "submit")], [false, true])
      budget.proven()
      budget.deny(refusal("poll", "second"))
      assert.isFalse(budget.isDenied(before, "poll"))
      budget.deny(refusal("poll", "third"))
      assert.isTrue(budget.isDenied(before, "poll"))
      assert.strictEqual(budget.refusal()?.code, "third")
      // What began after the refusals may try, and each process hears the vendor for itself.
      assert.isFalse(budget.isDenied(budget.denials(), "poll"))
      assert.isFalse(other.isDenied(0, "poll"))
      assert.isNull(other.refusal())
    })
  )

  it.effect("a limit that the vendor's headers tell one process is heeded by all, up or down", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      yield* busy(a, {})
      yield* busy(b, {})
      yield* TestClock.adjust("1 minute")
      const learn = (limit: number) =>
        Effect.map(nowOf(a), (now) =>
          a.budgets.account(key, limitsOf()).learn({ limit, remaining: null, resetAt: null }, now)
        )
      yield* learn(4)
      yield* TestClock.adjust("2 minutes")
      const low = [...a.sent, ...b.sent].filter((at) => at > 75_000)
      assert.strictEqual(mostInAnyWindow(low, 10_000), 4)
      yield* learn(20)
      yield* TestClock.adjust("2 minutes")
      const high = [...a.sent, ...b.sent].filter((at) => at > 195_000)
      assert.strictEqual(mostInAnyWindow(high, 10_000), 20)
    })
  )

  it.effect("what the vendor says is left counts for all, until its reset", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const now = yield* nowOf(a)
      a.budgets.account(key, limitsOf()).learn({ limit: null, remaining: 3, resetAt: now + 60_000 }, now)
      yield* TestClock.adjust("1 second")
      yield* busy(b, {})
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(b.sent.length, 3)
      yield* TestClock.adjust("20 seconds")
      assert.isAbove(b.sent.length, 3)
    })
  )

  it.effect("what a process that ends has not used of the vendor's own count is there for the others", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const now = yield* nowOf(a)
      a.budgets.account(key, limitsOf()).learn({ limit: null, remaining: 3, resetAt: now + 60_000 }, now)
      yield* TestClock.adjust("1 second")
      const asked = yield* Effect.forkChild(a.request({}))
      yield* TestClock.adjust("100 millis")
      const turn = yield* Fiber.join(asked)
      turn.giveBack()
      yield* Effect.forkChild(a.end)
      yield* TestClock.adjust("1 second")
      yield* busy(b, {})
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(b.sent.length, 3)
    })
  )

  it.effect("a turn that made no request goes to somebody else, also to another process", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 1, window: Duration.minutes(10) })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const turn = yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("500 millis")
      const waiting = yield* Effect.forkChild(b.request({ limits }))
      yield* TestClock.adjust("500 millis")
      assert.isUndefined(waiting.pollUnsafe())
      const unused = yield* Fiber.join(turn)
      unused.giveBack()
      unused.giveBack()
      // Long before the window has passed; and it was one turn.
      yield* TestClock.adjust("10 seconds")
      assert.isDefined(waiting.pollUnsafe())
      const third = yield* Effect.forkChild(b.request({ limits }))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(third.pollUnsafe())
    })
  )

  it.effect("a turn that is granted to a waiter that is just being interrupted goes to the next one", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 1, window: Duration.minutes(10) })
      const a = yield* world.machine("a")
      const first = yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("1 second")
      const left = yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("100 millis")
      const turn = yield* Fiber.join(first)
      // The waiter has it now, and does not know.
      turn.giveBack()
      yield* Fiber.interrupt(left)
      const stays = yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("10 seconds")
      assert.isDefined(stays.pollUnsafe())
    })
  )

  it.effect("a submission that was not sent gives back its turn and its place among the open scans", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: null, openScans: 2 })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const submissions = yield* Effect.forEach([1, 2], () => Effect.forkChild(a.request({ kind: "submit", limits })))
      yield* TestClock.adjust("1 minute")
      const waiting = yield* Effect.forkChild(b.request({ kind: "submit", limits }))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(waiting.pollUnsafe())
      const [unsent] = submissions
      if (unsent !== undefined) (yield* Fiber.join(unsent)).giveBack()
      yield* TestClock.adjust("30 seconds")
      assert.isDefined(waiting.pollUnsafe())
      const third = yield* Effect.forkChild(b.request({ kind: "submit", limits }))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(third.pollUnsafe())
    })
  )

  for (const [how, jump] of [
    ["the wall clock alone went on, as where the machine slept", { wall: 60_000 }],
    ["the wall clock alone was set back", { wall: -60_000 }],
    ["the steady clock alone went on, as where the wall clock was set back meanwhile", { steady: 60_000 }]
  ] as const) {
    it.effect(`where ${how}, no turn is used before the books have answered (DU-16)`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const limits = limitsOf({ requests: null })
        const a = yield* world.machine("a")
        const ask = Effect.gen(function* () {
          const asked = yield* Effect.forkChild(a.request({ limits }))
          yield* TestClock.adjust("200 millis")
          return asked.pollUnsafe() !== undefined
        })
        assert.isTrue(yield* ask)
        world.reachable = false
        assert.isTrue(yield* ask)
        a.jump(jump)
        assert.isFalse(yield* ask)
        world.reachable = true
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(a.sent.length, 3)
      })
    )
  }

  for (const [how, jumps] of [
    [
      "set back by a minute and put right at once",
      [
        [-60_000, 300],
        [0, 0]
      ]
    ],
    [
      "set back by a minute and put right 3 seconds later",
      [
        [-60_000, 3_000],
        [0, 0]
      ]
    ],
    [
      "set back by a second and put right 3 seconds later",
      [
        [-1_000, 3_000],
        [0, 0]
      ]
    ],
    ["set forward by a minute", [[60_000, 0]]],
    [
      "set forward by an hour and put right 3 seconds later",
      [
        [3_600_000, 3_000],
        [0, 0]
      ]
    ],
    ["set back by a year for good", [[-31_536_000_000, 0]]],
    ["set back and forward every second", Array.from({ length: 60 }, (_, i) => [i % 2 === 0 ? -5_000 : 0, 1_000])]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<readonly [number, number]>]>) {
    it.effect(`where the database's clock is ${how}, the limit holds in every window (RL-05)`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
        const some = (machine: Machine) => Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(machine.request({})))
        yield* some(a)
        yield* TestClock.adjust("3 seconds")
        for (const [ahead, millis] of jumps) {
          world.ahead = ahead
          yield* some(b)
          yield* TestClock.adjust(Duration.millis(millis))
        }
        // One that comes only now has no clock to compare the database's with.
        const c = yield* world.machine("c")
        for (const machine of [c, a, b]) yield* busy(machine, {})
        yield* TestClock.adjust("2 minutes")
        const all = [a, b, c].flatMap(({ sent }) => sent)
        assert.strictEqual(mostInAnyWindow(all, 10_000), 10)
        // And nobody is shut out.
        assert.isAtLeast(all.length, 90)
        for (const { sent } of [a, b, c]) assert.isAbove(sent.length, 20)
      })
    )
  }

  it.effect(
    "where the database's clock was wrong while a new process worked, another one that comes back counts its turns (RL-05)",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
        yield* Effect.forkChild(a.request({}))
        yield* TestClock.adjust("5 seconds")
        world.ahead = -60_000
        yield* TestClock.adjust("15 seconds")
        // The books have stood still for it; the clock of the other one has not.
        yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(b.request({})))
        yield* TestClock.adjust("2 seconds")
        world.ahead = 0
        yield* busy(a, {})
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(b.sent.length, 4)
        assert.strictEqual(mostInAnyWindow([...a.sent, ...b.sent], 10_000), 10)
      })
  )

  for (const isNew of [false, true]) {
    it.effect(
      `where the database's clock is put right after ${isNew ? "a new" : "another"} process lost time by it, one that was away cannot catch that up (RL-05)`,
      () =>
        Effect.gen(function* () {
          const world = yield* makeWorld()
          const a = yield* world.machine("a")
          yield* Effect.forkChild(a.request({}))
          const early = yield* world.machine("b")
          yield* Effect.forkChild(early.request({}))
          yield* TestClock.adjust("20 seconds")
          // A new process can tell only where it is behind the books.
          world.ahead = isNew ? -20_500 : -15_000
          const b = isNew ? yield* world.machine("c") : early
          yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], () => Effect.forkChild(b.request({})))
          yield* TestClock.adjust("3 seconds")
          world.ahead = 0
          yield* busy(a, {})
          yield* TestClock.adjust("1 minute")
          assert.isAtLeast(b.sent.length, 8)
          assert.isAtMost(
            mostInAnyWindow(
              [a, early, ...(isNew ? [b] : [])].flatMap(({ sent }) => sent),
              10_000
            ),
            10
          )
          // And the one that was away is not shut out.
          assert.isAbove(a.sent.length, 20)
        })
    )
  }

  it.effect("a shorter pause that another process is told later does not end a longer one (ST-07)", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
      const [a, b, c] = machines
      if (a === undefined || b === undefined || c === undefined) return assert.fail("no machine")
      for (const machine of [a, b]) yield* Effect.forkChild(machine.request({}))
      yield* TestClock.adjust("1 second")
      // Both hear it at once, and what the second one is told is stored later.
      a.budgets.account(key, limitsOf()).pause((yield* nowOf(a)) + 60_000)
      b.budgets.account(key, limitsOf()).pause((yield* nowOf(b)) + 5_000)
      yield* TestClock.adjust("1 second")
      const before = machines.map(({ sent }) => sent.length)
      for (const machine of machines) yield* busy(machine, {})
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(
        machines.map(({ sent }) => sent.length),
        before
      )
      yield* TestClock.adjust("30 seconds")
      for (const machine of machines) assert.isAbove(machine.sent.length, 1)
    })
  )

  it.effect("the scans of a client are counted by the worker that polls them, and not twice", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const client = (yield* world.machine("client", { polls: false })).budgets.account(key, limitsOf())
      const worker = (yield* world.machine("worker")).budgets.account(key, limitsOf())
      client.load(5)
      worker.load(5)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(worker.open(), 5)
    })
  )

  it.effect("an interrupted waiter gives its place back to other processes", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 1, window: Duration.seconds(20) })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("1 second")
      const left = yield* Effect.forkChild(a.request({ limits }))
      yield* TestClock.adjust("1 second")
      const stays = yield* Effect.forkChild(b.request({ limits }))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(left)
      yield* TestClock.adjust("20 seconds")
      assert.isDefined(stays.pollUnsafe())
      assert.strictEqual(a.sent.length, 1)
    })
  )

  it.effect("while the books cannot be reached nothing is sent beyond a lease, and work goes on once they can be", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const machines = yield* Effect.forEach(["a", "b"], (name) => world.machine(name))
      for (const machine of machines) yield* busy(machine, {})
      yield* TestClock.adjust("1 minute")
      world.reachable = false
      yield* TestClock.adjust("1 minute")
      world.reachable = true
      yield* TestClock.adjust("1 minute")
      const all = machines.flatMap((machine) => machine.sent)
      assert.deepStrictEqual(
        all.filter((at) => at > 62_000 && at < 120_000),
        []
      )
      assert.isTrue(all.some((at) => at > 120_000 && at < 125_000))
      assert.strictEqual(mostInAnyWindow(all, 10_000), 10)
    })
  )

  it.effect(
    "a process that ends returns what it has; one that is killed keeps it from the others only for a while",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        const limits = limitsOf({ requests: 4, window: Duration.seconds(10) })
        const [a, b, c] = [yield* world.machine("a"), yield* world.machine("b"), yield* world.machine("c")]
        // Turns that nobody has told about.
        yield* Effect.forEach([1, 2], () => Effect.forkChild(a.request({ limits })))
        yield* TestClock.adjust("1 second")
        a.kill()
        yield* Effect.forEach([1, 2], () => Effect.forkChild(b.request({ limits })))
        yield* TestClock.adjust("200 millis")
        yield* Effect.forkChild(b.end)
        yield* TestClock.adjust("1 second")
        yield* busy(c, { limits })
        yield* TestClock.adjust("50 seconds")
        // What the dead one might have sent is still counted, what the other told is not.
        assert.isAtLeast(c.sent.length, 8)
        assert.strictEqual(mostInAnyWindow(c.sent, 10_000), 2)
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual(mostInAnyWindow(c.sent, 10_000), 4)
      })
  )

  it.effect("never more open scans than the vendor allows, whoever bought them", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: null, openScans: 3 })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      for (const machine of [a, b]) {
        for (let i = 0; i < 5; i++) yield* Effect.forkChild(machine.request({ kind: "submit", limits }))
      }
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(a.sent.length + b.sent.length, 3)
      const [full] = a.sent.length > 0 ? [a] : [b]
      full?.budgets.account(key, limits).closed()
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(a.sent.length + b.sent.length, 4)
    })
  )

  it.effect("a vendor without a limit is asked at once, and a pause still holds everybody", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: null })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const once = (machine: Machine) =>
        Effect.forEach(Array.from({ length: 500 }), () => machine.request({ limits }), { concurrency: "unbounded" })
      yield* Effect.forkChild(once(a))
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(a.sent.length, 500)
      b.budgets.account(key, limits).pause((yield* nowOf(b)) + 30_000)
      yield* TestClock.adjust("2 seconds")
      yield* Effect.forkChild(once(a))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(a.sent.length, 500)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(a.sent.length, 1000)
    })
  )

  it.effect("the paces see the open scans of all, and an idle process costs the database next to nothing", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      const budgets = [a, b].map((machine) => machine.budgets.account(key, limitsOf()))
      for (const budget of budgets) budget.load(5)
      yield* TestClock.adjust("1 minute")
      for (const budget of budgets) assert.strictEqual(budget.open(), 10)
      const before = world.checkIns
      yield* TestClock.adjust("10 minutes")
      assert.isAtMost(world.checkIns - before, 70)
      for (const budget of budgets) budget.load(-5)
      yield* TestClock.adjust("1 minute")
      const still = world.checkIns
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(world.checkIns, still)
    })
  )

  it.effect("hundreds of turns a second cost some check-ins a second, not one each", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 3000, window: Duration.seconds(10) })
      const machines = yield* Effect.forEach(["a", "b", "c"], (name) => world.machine(name))
      for (const machine of machines) {
        yield* Effect.forkChild(
          Effect.forEach(
            Array.from({ length: 20 }),
            () =>
              Effect.forever(
                Effect.andThen(
                  machine.request({ limits }),
                  Effect.provideService(Effect.sleep(200), Clock.Clock, machine.clock)
                )
              ),
            { concurrency: "unbounded", discard: true }
          )
        )
      }
      yield* TestClock.adjust("30 seconds")
      const sent = machines.reduce((sum, machine) => sum + machine.sent.length, 0)
      assert.isAtLeast(sent, 7_000)
      assert.isAtMost(world.checkIns, sent / 2)
    })
  )

  it.effect("a request that a frozen process sends late is counted when it leaves", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const limits = limitsOf({ requests: 2 })
      const [a, b] = [yield* world.machine("a"), yield* world.machine("b")]
      yield* Effect.forkChild(
        Effect.gen(function* () {
          const due = yield* SteadyClock.now
          yield* a.budgets.account(key, limits).turn({ kind: "poll", due, lane: "" })
          a.freeze()
          yield* Effect.sleep(0)
          yield* Effect.sleep(450)
          a.sent.push(yield* world.time)
        }).pipe(Effect.provideService(Clock.Clock, a.clock))
      )
      yield* TestClock.adjust("1 second")
      yield* busy(b, { limits })
      yield* TestClock.adjust("30 seconds")
      a.thaw()
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(a.sent, [31_450])
      assert.strictEqual(mostInAnyWindow([...a.sent, ...b.sent], 10_000), 2)
      assert.isAbove(b.sent.filter((at) => at > 45_000).length, 2)
    })
  )

  // In groups, so that a busy machine has time for each.
  it.effect.each(isFull ? [1, 6, 11, 16, 21] : [1, 6])(
    "over any window no more than the limit, whatever freezes, dies, breaks, jumps or is lost on the way: worlds from %i",
    (from) =>
      Effect.gen(function* () {
        for (let seed = from; seed < from + 5; seed++) {
          const chance = seeded(seed)
          const world = yield* makeWorld({ chance, latency: 5 + 60 * chance(), trouble: chance() < 0.5 ? 0 : 0.1 })
          const requests = 1 + Math.floor(chance() * 15)
          const window = 4_000 + Math.floor(chance() * 20_000)
          const limits = limitsOf({ requests, window: Duration.millis(window) })
          const machines: Array<Machine> = []
          const fibers: Array<Fiber.Fiber<unknown>> = []
          const add = Effect.gen(function* () {
            const machine = yield* world.machine(`${seed}/${machines.length}`)
            machines.push(machine)
            const lane = `${machines.length % 2}`
            const after = Math.floor(chance() * (window / 20))
            fibers.push(yield* busy(machine, { limits, lane, after }, 1 + Math.floor(chance() * 6)))
          })
          for (let i = 0; i < 4; i++) yield* add
          for (let step = 0; step < 25; step++) {
            const machine = machines[Math.floor(chance() * machines.length)]
            const what = chance()
            if (what < 0.15) machine?.freeze()
            else if (what < 0.45) for (const each of machines) each.thaw()
            else if (what < 0.52) {
              machine?.kill()
              yield* add
            } else if (what < 0.6 && machine !== undefined) yield* Effect.forkChild(machine.end)
            else if (what < 0.7) world.reachable = false
            else if (what < 0.9) world.reachable = true
            // In every second world the database's clock jumps.
            if (seed % 2 === 0 && chance() < 0.3) world.ahead = Math.round((chance() - 0.5) * 4 * window)
            yield* TestClock.adjust(Duration.millis(chance() * 8_000))
          }
          const sent = machines.flatMap((each) => each.sent)
          assert.isAtMost(mostInAnyWindow(sent, window), requests, `seed ${seed}`)
          // Work goes on with whoever is left.
          world.reachable = true
          for (const each of machines) each.thaw()
          yield* add
          const newest = machines.at(-1)
          yield* TestClock.adjust(Duration.millis(90_000 + 4 * window))
          assert.isAbove(newest?.sent.length ?? 0, 0, `seed ${seed}`)
          const all = machines.flatMap((each) => each.sent)
          assert.isAtMost(mostInAnyWindow(all, window), requests, `seed ${seed}, at the end`)
          for (const fiber of fibers) yield* Fiber.interrupt(fiber)
        }
        // When a process asks again is drawn too: a world that fails can be seen again.
      }).pipe(Random.withSeed(`worlds from ${from}`))
  )
})
