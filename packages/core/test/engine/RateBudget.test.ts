import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { AccountLimits } from "../../src/engine/ScanAdapter.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import { lateClock } from "../support/clocks.ts"
import { cutAt } from "../support/cuts.ts"

const limitsOf = (limits: Partial<AccountLimits> = {}): AccountLimits => ({
  requests: 10,
  window: Duration.seconds(10),
  openScans: null,
  typicalDuration: Duration.seconds(10),
  pollsPerScan: () => 2,
  ...limits
})

const key = { vendor: "acme", origin: "https://acme.test", account: "default" }

const budgetOf = (limits?: Partial<AccountLimits>) => RateBudget.makeMemory().account(key, limitsOf(limits))

/** Asks for a turn and notes when it came. */
const ask = (
  budget: RateBudget.AccountBudget,
  log: Array<{ readonly name: string; readonly at: number }>,
  name: string,
  kind: RateBudget.TurnKind = "poll",
  options: { readonly due?: number; readonly lane?: string } = {}
) =>
  Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const turn = yield* budget.turn({ kind, due: options.due ?? now, lane: options.lane ?? "" })
    log.push({ name, at: yield* SteadyClock.now })
    return turn
  })

const mostInAnyWindow = (times: ReadonlyArray<number>, window: number): number =>
  Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + window).length))

describe("RateBudget", () => {
  it.effect("grants at once while there is room, and never more than the limit in any window (RL-05)", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 100 }), (_, i) => ask(budget, log, `${i}`), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(log.length, 100)
      assert.strictEqual(log.filter((each) => each.at === 0).length, 10)
      assert.strictEqual(
        mostInAnyWindow(
          log.map((each) => each.at),
          10_000
        ),
        10
      )
    })
  )

  it.effect("lets polls of bought scans go before new submissions", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* ask(budget, log, "first")
      yield* Effect.forkChild(ask(budget, log, "submit", "submit"))
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(ask(budget, log, "collect", "collect"))
      yield* Effect.forkChild(ask(budget, log, "poll", "poll"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        log.map((each) => each.name),
        ["first", "poll", "collect", "submit"]
      )
    })
  )

  it.effect("serves lanes in turn: a batch of 500 delays one interactive scan by one turn at the most", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1, window: Duration.seconds(1) })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 500 }), () => ask(budget, log, "batch", "poll", { lane: "batch" }), {
          concurrency: "unbounded"
        })
      )
      yield* TestClock.adjust("10 seconds")
      const before = log.length
      yield* Effect.forkChild(ask(budget, log, "person", "poll", { lane: "interactive" }))
      yield* TestClock.adjust("10 minutes")
      assert.isAtMost(log.findIndex((each) => each.name === "person") - before, 1)
      assert.strictEqual(log.length, 501)
    })
  )

  it.effect("inside a lane the earliest due goes first", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* ask(budget, log, "first")
      for (const due of [300, 100, 200]) yield* Effect.forkChild(ask(budget, log, `${due}`, "poll", { due }))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        log.map((each) => each.name),
        ["first", "100", "200", "300"]
      )
    })
  )

  it.effect("an interrupted waiter gives its place back, and a turn without a request its right", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const unused = yield* ask(budget, log, "unused")
      const left = yield* Effect.forkChild(ask(budget, log, "left"))
      yield* Effect.forkChild(ask(budget, log, "stays"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(left)
      unused.giveBack()
      unused.giveBack()
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(log, [
        { name: "unused", at: 0 },
        { name: "stays", at: 1000 }
      ])
    })
  )

  it.effect("a pause holds everybody, says how long they waited, and ends by itself (ST-07)", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.pause(7000)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const fiber = yield* Effect.forkChild(ask(budget, log, "poll"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).waited, 7000)
      assert.deepStrictEqual(log, [{ name: "poll", at: 7000 }])
    })
  )

  it.effect("a longer pause set meanwhile is kept to, a shorter one changes nothing", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.pause(5000)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(ask(budget, log, "poll"))
      yield* TestClock.adjust("1 second")
      budget.pause(20_000)
      budget.pause(3000)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, [{ name: "poll", at: 20_000 }])
    })
  )

  it.effect("lets a submission in only while the polls of the open scans fit", () =>
    Effect.gen(function* () {
      // 10 requests in 10 s; a scan lasts 10 s and costs 2 polls: three at a time fit.
      const budget = budgetOf()
      const log: Array<{ readonly name: string; readonly at: number }> = []
      for (let i = 0; i < 8; i++) yield* Effect.forkChild(ask(budget, log, `submit ${i}`, "submit"))
      yield* TestClock.adjust("1 millis")
      const open = log.length
      assert.isAtLeast(open, 3)
      assert.isAtMost(open, 4)
      yield* TestClock.adjust("30 minutes")
      assert.strictEqual(log.length, 4)
      budget.closed()
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(log.length, 5)
    })
  )

  it.effect("one scan at a time is let in however small the budget", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1, pollsPerScan: () => 50 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(ask(budget, log, "a", "submit"))
      yield* Effect.forkChild(ask(budget, log, "b", "submit"))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(
        log.map((each) => each.name),
        ["a"]
      )
    })
  )

  it.effect("never has more scans open than the vendor allows", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: null, openScans: 2 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      for (let i = 0; i < 5; i++) yield* Effect.forkChild(ask(budget, log, `${i}`, "submit"))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(log.length, 2)
      budget.closed()
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(log.length, 3)
    })
  )

  it.effect("learns the limit from headers, up and down", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 2 })
      budget.learn({ limit: 5, remaining: null, resetAt: null }, 0)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      for (let i = 0; i < 9; i++) yield* Effect.forkChild(ask(budget, log, `${i}`))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(log.length, 5)
      budget.learn({ limit: 1, remaining: null, resetAt: null }, 0)
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(log.length, 6)
    })
  )

  it.effect("waits for the reset when nothing remains, and not for ever when the reset is absurd", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.learn({ limit: null, remaining: 0, resetAt: 30_000 }, 0)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(ask(budget, log, "a"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, [{ name: "a", at: 30_000 }])
      budget.learn({ limit: null, remaining: 0, resetAt: 4_102_444_800_000 }, 60_000)
      yield* Effect.forkChild(ask(budget, log, "b"))
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(log[1], { name: "b", at: 60_000 + 3_600_000 })
    })
  )

  it.effect("an answer that throttles us pauses for its hint, not until the end of the vendor's window", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.learn({ limit: null, remaining: 0, resetAt: 3_000_000 }, 0, true)
      budget.pause(20_000)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(ask(budget, log, "a"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log, [{ name: "a", at: 20_000 }])
    })
  )

  it.effect("uses no more than what the vendor says remains, even if it is less than we counted", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.learn({ limit: 10, remaining: 3, resetAt: 60_000 }, 0)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* TestClock.adjust("1 millis")
      for (let i = 0; i < 6; i++) yield* Effect.forkChild(ask(budget, log, `${i}`))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(log.length, 3)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(log.length, 6)
    })
  )

  it.effect(
    "counts what remains down by itself, for as long as the vendor's window lasts, with a limit or without",
    () =>
      Effect.gen(function* () {
        for (const requests of [10, null]) {
          const start = yield* SteadyClock.now
          const budget = budgetOf({ requests })
          budget.learn({ limit: null, remaining: 3, resetAt: start + 60_000 }, start)
          const log: Array<{ readonly name: string; readonly at: number }> = []
          for (let i = 0; i < 3; i++) yield* ask(budget, log, "first")
          // Our own window of 10 s is over, the vendor's is not.
          yield* TestClock.adjust("25 seconds")
          yield* Effect.forkChild(ask(budget, log, "later"))
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual(log.at(-1), { name: "later", at: start + 60_000 })
        }
      })
  )

  it.effect("an answer that was overtaken brings nothing back of what was used since", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      const log: Array<{ readonly name: string; readonly at: number }> = []
      budget.learn({ limit: null, remaining: 2, resetAt: 60_000 }, 0)
      yield* ask(budget, log, "a")
      yield* ask(budget, log, "b")
      budget.learn({ limit: null, remaining: 1, resetAt: 60_400 }, 0)
      yield* Effect.forkChild(ask(budget, log, "c"))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(log[2]?.at, 60_400)
    })
  )

  it.effect("a turn given back counts as remaining again", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      const log: Array<{ readonly name: string; readonly at: number }> = []
      budget.learn({ limit: null, remaining: 1, resetAt: 60_000 }, 0)
      const unused = yield* ask(budget, log, "a")
      yield* Effect.forkChild(ask(budget, log, "b"))
      yield* TestClock.adjust("1 second")
      unused.giveBack()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log.at(-1), { name: "b", at: 1000 })
    })
  )

  it.effect("what nothing is left of is waited for, whatever is left of something else", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      budget.learn({ limit: null, remaining: 0, resetAt: 60_000 }, 0)
      budget.learn({ limit: null, remaining: 50, resetAt: 5000 }, 0)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* Effect.forkChild(ask(budget, log, "a"))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(log, [{ name: "a", at: 60_000 }])
    })
  )

  it.effect("whoever comes when a turn has come free stands behind those who wait for it", () =>
    Effect.gen(function* () {
      const inner = yield* Clock.Clock
      // Its timers are late, as those of a busy process are.
      const late = lateClock(inner, "3 seconds")
      const budget = budgetOf({ requests: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const asks = (name: string) =>
        Effect.forkChild(ask(budget, log, name).pipe(Effect.provideService(Clock.Clock, late)))
      yield* asks("first")
      yield* asks("waits")
      yield* TestClock.adjust("11 seconds")
      yield* asks("newcomer")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        log.map((each) => each.name),
        ["first", "waits", "newcomer"]
      )
      assert.isAtLeast((log[2]?.at ?? 0) - (log[1]?.at ?? 0), 10_000)
    })
  )

  it.effect(
    "lets a submission in when the turns of before no longer count for its polls, with no word from anybody",
    () =>
      Effect.gen(function* () {
        for (const nudged of [false, true]) {
          const start = yield* SteadyClock.now
          // What was granted more than 6 s ago will be forgotten while a scan of 4 s lasts.
          const budget = budgetOf({ typicalDuration: Duration.seconds(4) })
          const log: Array<{ readonly name: string; readonly at: number }> = []
          yield* ask(budget, log, "open", "submit")
          for (let i = 0; i < 6; i++) yield* ask(budget, log, "poll")
          yield* Effect.forkChild(ask(budget, log, "submit", "submit"))
          yield* TestClock.adjust("7 seconds")
          assert.strictEqual(log.length, 7)
          if (nudged) budget.pause(0)
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual(log.at(-1), { name: "submit", at: start + (nudged ? 7000 : 10_000) })
        }
      })
  )

  it.effect(
    "renews a turn that could not be used at once: it counts from now on, and not while the account is paused",
    () =>
      Effect.gen(function* () {
        const budget = budgetOf({ requests: 1 })
        const log: Array<{ readonly name: string; readonly at: number }> = []
        const turn = yield* ask(budget, log, "a")
        yield* TestClock.adjust("4 seconds")
        assert.isTrue(turn.renew())
        yield* Effect.forkChild(ask(budget, log, "b"))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(log.at(-1), { name: "b", at: 14_000 })
        const second = yield* ask(budget, log, "c")
        budget.pause(100_000)
        assert.isFalse(second.renew())
        assert.isFalse(second.renew())
        second.giveBack()
        yield* Effect.forkChild(ask(budget, log, "d"))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(log.at(-1), { name: "d", at: 100_000 })
      })
  )

  it.effect("a submission that is not renewed is no open scan any more", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ openScans: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const turn = yield* ask(budget, log, "a", "submit")
      yield* Effect.forkChild(ask(budget, log, "b", "submit"))
      budget.pause(5000)
      assert.isFalse(turn.renew())
      turn.giveBack()
      yield* Effect.forkChild(ask(budget, log, "c", "submit"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log.slice(1), [{ name: "b", at: 5000 }])
    })
  )

  it.effect("headers that make no sense teach nothing", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 2 })
      for (const odd of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY, 0.5]) {
        budget.learn({ limit: odd, remaining: Number.NaN, resetAt: 60_000 }, 0)
        budget.learn({ limit: null, remaining: 1, resetAt: Number.NaN }, 0)
      }
      const log: Array<{ readonly name: string; readonly at: number }> = []
      for (let i = 0; i < 5; i++) yield* Effect.forkChild(ask(budget, log, `${i}`))
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(log.length, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(log.length, 5)
    })
  )

  it.effect("remembers no more than its window holds, however long it lasts", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      for (let i = 0; i < 3000; i++) {
        yield* budget.turn({ kind: "poll", due: 0, lane: `lane ${i}` })
        yield* TestClock.adjust("1 second")
      }
      // Whatever it is made of: nothing in it grows.
      assert.isBelow(JSON.stringify(budget).length, 2000)
    })
  )

  it.effect("goes on serving when the one who queued last is gone", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 1 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      yield* ask(budget, log, "first")
      yield* Effect.forkChild(ask(budget, log, "stays"))
      yield* TestClock.adjust("1 second")
      const gone = yield* Effect.forkChild(ask(budget, log, "gone"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(log.at(-1), { name: "stays", at: 10_000 })
    })
  )

  it.effect("a submission cut at any moment leaves no scan counted as open", () =>
    Effect.gen(function* () {
      for (const busy of [false, true]) {
        for (let step = 1, more = true; more; step++) {
          const start = yield* SteadyClock.now
          const budget = budgetOf({ requests: null, openScans: 1 })
          if (busy) budget.pause(start + 1000)
          // As the engine asks for it: what was granted is used or given back.
          const submit = Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(budget.turn({ kind: "submit", due: start, lane: "" }), (turn) =>
              Effect.ensuring(restore(Effect.sleep(1)), Effect.sync(turn.giveBack))
            )
          )
          more = yield* cutAt(submit, step, 3)
          const log: Array<{ readonly name: string; readonly at: number }> = []
          yield* Effect.forkChild(ask(budget, log, "next", "submit"))
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(log.length, 1, `cut at step ${step}`)
        }
      }
    })
  )

  it.effect("is one and the same for one account, and another for another", () =>
    Effect.sync(() => {
      const budgets = RateBudget.makeMemory()
      assert.strictEqual(budgets.account(key, limitsOf()), budgets.account({ ...key }, limitsOf({ requests: 1 })))
      assert.notStrictEqual(budgets.account(key, limitsOf()), budgets.account({ ...key, account: "other" }, limitsOf()))
    })
  )

  it.effect(
    "scans of a test on virtual time wait for nothing that other clocks counted, without a layer of their own",
    () =>
      Effect.gen(function* () {
        const mine = (yield* RateBudget.here).account(key, limitsOf({ requests: 1 }))
        yield* mine.turn({ kind: "poll", due: 0, lane: "" })
        mine.pause(1_000_000_000)
        assert.strictEqual((yield* RateBudget.here).account(key, limitsOf()), mine)
        const other = Effect.gen(function* () {
          const budget = (yield* RateBudget.here).account(key, limitsOf({ requests: 1 }))
          return yield* budget.turn({ kind: "poll", due: 0, lane: "" })
        })
        assert.isFalse((yield* Effect.provide(other, TestClock.layer())).queued)
        // Where no clock is named, it is the real one: that of all scans which have no clock of their own.
        const real = Context.get(Context.empty(), Clock.Clock)
        const shared = yield* Effect.provideService(RateBudget.here, Clock.Clock, real)
        assert.strictEqual((yield* RateBudget.RateBudget).account(key, limitsOf()), shared.account(key, limitsOf()))
      })
  )

  it.effect.prop(
    "over any window the limit holds, nobody starves, and turns given back are not lost",
    {
      limit: Schema.Literals([1, 2, 7]),
      asks: Schema.Array(
        Schema.Struct({
          after: Schema.Literals([0, 1, 400, 2_500, 11_000]),
          lane: Schema.Literals(["", "a", "b"]),
          kind: Schema.Literals(["poll", "collect"]),
          then: Schema.Literals(["use", "give back", "leave"])
        })
      )
    },
    ({ limit, asks }) =>
      Effect.gen(function* () {
        const budget = budgetOf({ requests: limit })
        const used: Array<number> = []
        let served = 0
        for (const each of asks) {
          yield* TestClock.adjust(each.after)
          const now = yield* SteadyClock.now
          const fiber = yield* Effect.forkChild(
            Effect.flatMap(budget.turn({ kind: each.kind, due: now, lane: each.lane }), (turn) =>
              Effect.map(SteadyClock.now, (at) => {
                served++
                if (each.then === "give back") turn.giveBack()
                else used.push(at)
              })
            )
          )
          if (each.then === "leave") {
            yield* TestClock.adjust(1)
            if (fiber.pollUnsafe() === undefined) served++
            yield* Fiber.interrupt(fiber)
          }
        }
        yield* TestClock.adjust((asks.length / limit + 2) * 10_000)
        return served === asks.length && mostInAnyWindow(used, 10_000) <= limit
      }),
    { arbitrary: { runs: 80 } }
  )
})

describe("limits of one action, and several windows", () => {
  const grantsOf = (limits: Partial<AccountLimits>, kind: RateBudget.TurnKind, count: number, minutes: number) =>
    Effect.gen(function* () {
      const budget = budgetOf(limits)
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const asking = Effect.forEach(Array.from({ length: count }), (_, i) => ask(budget, log, `${i}`, kind), {
        concurrency: "unbounded"
      })
      yield* Effect.forkChild(asking)
      yield* TestClock.adjust(`${minutes} minutes`)
      return log.map(({ at }) => at)
    })

  it.effect("a pause of submissions holds submissions alone: polls of bought scans go on", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      const log: Array<{ readonly name: string; readonly at: number }> = []
      budget.pause(60_000, "submit")
      assert.strictEqual(budget.pausedUntil(), 0)
      yield* Effect.forkChild(ask(budget, log, "submit", "submit"))
      for (const kind of ["poll", "collect"] as const) yield* Effect.forkChild(ask(budget, log, kind, kind))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(log.map(({ name }) => name).toSorted(), ["collect", "poll"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log.at(-1), { name: "submit", at: 60_000 })
    })
  )

  it.effect("a submission that was let in before such a pause is not renewed in it", () =>
    Effect.gen(function* () {
      const budget = budgetOf()
      const turn = yield* ask(budget, [], "submit", "submit")
      const poll = yield* ask(budget, [], "poll", "poll")
      budget.pause(60_000, "submit")
      assert.isFalse(turn.renew())
      assert.isTrue(poll.renew())
    })
  )

  it.effect("keeps within four a minute and six in ten minutes at once", () =>
    Effect.gen(function* () {
      const times = yield* grantsOf(
        {
          requests: 4,
          window: Duration.minutes(1),
          windows: [{ requests: 6, window: Duration.minutes(10) }]
        },
        "poll",
        20,
        45
      )
      assert.strictEqual(times.length, 20)
      assert.strictEqual(mostInAnyWindow(times, 60_000), 4)
      assert.strictEqual(mostInAnyWindow(times, 600_000), 6)
      assert.deepStrictEqual(times.slice(0, 8), [0, 0, 0, 0, 60_000, 60_000, 600_000, 600_000])
    })
  )

  it.effect("keeps further windows where the vendor names no other limit", () =>
    Effect.gen(function* () {
      const windows = [{ requests: 2, window: Duration.minutes(5) }]
      const times = yield* grantsOf({ requests: null, windows }, "poll", 5, 20)
      assert.deepStrictEqual(times, [0, 0, 300_000, 300_000, 600_000])
    })
  )

  it.effect("leaves a gap between two submissions, and none between polls", () =>
    Effect.gen(function* () {
      const limits = { requests: null, submitGap: Duration.seconds(15) }
      assert.deepStrictEqual(yield* grantsOf(limits, "submit", 4, 2), [0, 15_000, 30_000, 45_000])
      assert.deepStrictEqual(yield* grantsOf(limits, "poll", 3, 2), [120_000, 120_000, 120_000])
    })
  )

  it.effect("counts the gap between two submissions from when the earlier one was renewed", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: null, submitGap: Duration.seconds(15) })
      const first = yield* ask(budget, [], "first", "submit")
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(first.renew())
      const log: Array<{ readonly name: string; readonly at: number }> = []
      const second = yield* Effect.forkChild(ask(budget, log, "second", "submit"))
      yield* TestClock.adjust("14 seconds")
      assert.lengthOf(log, 0)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(log, [{ name: "second", at: 25_000 }])
      // A turn that another one came before waits out the gap like everybody.
      assert.isFalse(first.renew())
      assert.isTrue((yield* Fiber.join(second)).renew())
    })
  )

  it.effect("learns no limit of another window than its own", () =>
    Effect.gen(function* () {
      const budget = budgetOf({ requests: 2 })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      budget.learn({ limit: 500, remaining: null, resetAt: null, windowMillis: 86_400_000 }, 0)
      for (const name of ["a", "b", "c"]) yield* Effect.forkChild(ask(budget, log, name))
      yield* TestClock.adjust("1 second")
      assert.lengthOf(log, 2)
      budget.learn({ limit: 3, remaining: null, resetAt: null, windowMillis: 10_000 }, 1000)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(log, 3)
    })
  )

  it.effect.prop(
    "never grants more than any of its windows allows, whatever was asked when",
    [
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40_000 }))).check(Schema.isMaxLength(30)),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 }))
    ],
    Effect.fnUntraced(function* ([delays, few, more]) {
      const budget = budgetOf({
        requests: few,
        windows: [{ requests: more, window: Duration.seconds(35) }]
      })
      const log: Array<{ readonly name: string; readonly at: number }> = []
      for (const delay of delays) {
        yield* Effect.forkChild(Effect.andThen(Effect.sleep(Duration.millis(delay)), ask(budget, log, "x")))
      }
      yield* TestClock.adjust("30 minutes")
      const times = log.map(({ at }) => at).toSorted((a, b) => a - b)
      assert.strictEqual(times.length, delays.length)
      assert.isAtMost(mostInAnyWindow(times, 10_000), few)
      assert.isAtMost(mostInAnyWindow(times, 35_000), more)
    })
  )
})
