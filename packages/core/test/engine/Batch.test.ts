import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Observation from "@scanpoll/core/model/Observation"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import { isResumable, type ScanRecord } from "../../src/model/ScanRecord.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import { jumpyClock } from "../support/clocks.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { cutAt } from "../support/cuts.ts"
import { accepted, finish, records, value, within, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const minute = 60_000

const short = (all: ReadonlyArray<ScanRecord>) => all.map((record) => [record.state, record.because])

const throwing = Logger.layer([
  Logger.make(() => {
    throw new Error("no log")
  })
])

describe("a defect", () => {
  const bug = new TypeError("cannot read the secret of undefined")
  const dying = PollPolicy.withPace(steady, () => {
    throw bug
  })
  const running = [{ say: "running" }, { say: "done" }] as const

  const make = (name: string, change: object = {}) => {
    const vendor = Conversation.make({ vendor: name, polls: running, policy: steady })
    return { vendor, adapter: { ...vendor.adapter, ...change } }
  }

  for (const [name, change, state] of [
    ["a poll that dies", { poll: () => Effect.die(bug) }, "interrupted"],
    [
      "a poll that throws",
      {
        poll: () => {
          throw bug
        }
      },
      "interrupted"
    ],
    ["a poll that interrupts itself", { poll: () => Effect.interrupt }, "interrupted"],
    ["a pace that throws", { policy: dying }, "interrupted"],
    [
      "a schedule that dies",
      {
        policy: PollPolicy.withPace(
          steady,
          Schedule.modifyDelay(Schedule.spaced(1), () => Effect.die(bug))
        )
      },
      "interrupted"
    ],
    ["a payload that cannot be written", { payload: Schema.Struct({ said: Schema.Number }) }, "interrupted"],
    ["a submission that dies", { submit: () => Effect.die(bug) }, "in-doubt"],
    ["a submission that interrupts itself", { submit: () => Effect.interrupt }, "in-doubt"]
  ] as const) {
    it.effect(`law 10, ${name} ends its own request, recorded as a defect, and no other`, () =>
      Effect.gen(function* () {
        const good = Array.from({ length: 3 }, (_, i) => make(`good-${i}`))
        const bad = make("bad", change)
        const requests = [...good, bad, ...good].map(({ adapter }, i) => Scans.request(adapter, `t${i}`))
        for (const concurrency of [1, 100]) {
          const all = value(
            yield* Effect.provide(finish(records(requests, { concurrency, reuse: 0 })), Layer.fresh(world))
          )
          assert.deepStrictEqual(
            short(all),
            requests.map((_, i) => (i === 3 ? [state, "defect"] : ["completed", "outcome"]))
          )
          const record = all[3]
          assert.strictEqual(record?.reason?.code, "defect")
          assert.notInclude(JSON.stringify(record), "secret")
          assert.strictEqual(record?.ticket !== null, state === "interrupted")
          assert.isTrue(record !== undefined && isResumable(record) === (state === "interrupted"))
        }
      })
    )
  }

  it.effect("law 11, is logged with where it was made, and nothing of what it says", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const listening = Logger.layer([
        Logger.make(({ cause, message }) => void lines.push(`${String(message)} ${Cause.pretty(cause)}`))
      ])
      const requests = [
        make("a", { poll: () => Effect.die(bug) }),
        make("b", { collect: () => Effect.die(bug) }),
        make("c", { poll: () => Effect.die("the secret itself") })
      ].map(({ adapter }) => Scans.request(adapter, "a"))
      yield* Effect.provide(finish(records(requests)), listening)
      const text = lines.join("\n")
      assert.match(text, /a request was ended by a defect: TypeError at .*Batch\.test\.ts/)
      assert.match(text, /the findings of b:scan-1 could not be fetched: TypeError/)
      assert.match(text, /a request was ended by a defect: string/)
      assert.notInclude(text, "secret")
    }).pipe(Effect.provide(world))
  )

  it.effect("is recorded even where it cannot be logged", () =>
    Effect.gen(function* () {
      const requests = [make("bad", { poll: () => Effect.die(bug) }), make("good")].map(({ adapter }) =>
        Scans.request(adapter, "a")
      )
      const all = value(yield* Effect.provide(finish(records(requests)), throwing))
      assert.deepStrictEqual(short(all), [
        ["interrupted", "defect"],
        ["completed", "outcome"]
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("findings that die cost a warning", () =>
    Effect.gen(function* () {
      const { adapter } = make("bad", { collect: () => Effect.die(bug) })
      const all = value(yield* finish(records([Scans.request(adapter, "a")])))
      assert.deepStrictEqual(short(all), [["completed", "outcome"]])
      assert.deepStrictEqual(all[0]?.warnings, ["the vendor's findings could not be fetched (defect)"])
    }).pipe(Effect.provide(world))
  )

  it.effect("submitAll says the same of each", () =>
    Effect.gen(function* () {
      const requests = [make("good-a"), make("bad", { submit: () => Effect.die(bug) }), make("good-b")].map(
        ({ adapter }) => Scans.request(adapter, "a")
      )
      const all = value(yield* finish(Stream.runCollect(Scans.submitAll(requests))))
      assert.deepStrictEqual(
        [...all].sort((a, b) => a.index - b.index).map((each) => [each.state, each.because]),
        [
          ["submitted", "stop"],
          ["in-doubt", "defect"],
          ["submitted", "stop"]
        ]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("a policy that contradicts itself dies before anything is bought, wherever in the batch it is", () =>
    Effect.gen(function* () {
      const { adapter, vendor } = make("good")
      const requests = [
        Scans.request(adapter, "a"),
        Scans.request(adapter, "b", { policy: PollPolicy.withSpread(7) }),
        Scans.request(adapter, "c")
      ]
      for (const run of [
        Stream.runDrain(Scans.runAll(requests, { concurrency: 1 })),
        Stream.runDrain(Scans.submitAll(requests, { concurrency: 1 }))
      ]) {
        const exit = yield* finish(run)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "spread")
      }
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("a record", () => {
  it.effect("says when to ask again only where that helps", () =>
    Effect.gen(function* () {
      const gone = Conversation.make({ vendor: "gone", polls: [{ say: "Missing" }], policy: steady })
      const slow = Conversation.make({ vendor: "slow", polls: [{ say: "running", hint: 290_000 }], policy: steady })
      const requests = [gone, slow].map(({ adapter, ticket }) => Scans.fromTicket(adapter, ticket("x")))
      const all = value(yield* finish(records(requests)))
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.notBefore !== null]),
        [
          ["not-found", false],
          ["still-running", true]
        ]
      )
    }).pipe(Effect.provide(world))
  )
})

describe("the size of a batch", () => {
  it.effect("any number for its concurrency gives all records", () =>
    Effect.gen(function* () {
      for (const concurrency of [0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
        const vendor = Conversation.make({ policy: steady })
        const requests = ["a", "b", "c"].map((wanted) => Scans.request(vendor.adapter, wanted))
        const all = yield* Effect.provide(within(60 * minute, records(requests, { concurrency })), Layer.fresh(world))
        assert.strictEqual(value(all).length, 3, `${concurrency}`)
      }
    })
  )

  it.effect("nothing at all gives no record", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(value(yield* finish(records([]))), [])
    }).pipe(Effect.provide(world))
  )

  it.effect("has at most so many requests under way", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "accept", takes: 1000 }], policy: steady })
      const requests = Array.from({ length: 9 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      yield* finish(records(requests, { concurrency: 4 }))
      assert.strictEqual(vendor.ledger.mostInFlight, 4)
    }).pipe(Effect.provide(world))
  )
})

describe("whoever reads a batch", () => {
  it.effect("law 10, delays nothing by stalling: every request goes its way", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const requests = Array.from({ length: 60 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      const reading = yield* Effect.forkChild(
        Stream.runForEach(Scans.runAll(requests, { concurrency: 2 }), () => Effect.sleep("1 hour"))
      )
      yield* TestClock.adjust("40 minutes")
      assert.strictEqual(accepted(vendor), 60)
      assert.strictEqual(vendor.ledger.polls.length, 120)
      yield* Fiber.interrupt(reading)
    }).pipe(Effect.provide(world))
  )

  it.effect("gets each record as its request ends, not in the order they were given", () =>
    Effect.gen(function* () {
      const slow = Conversation.make({ vendor: "slow", polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const quick = Conversation.make({ vendor: "quick", policy: steady })
      const order: Array<number> = []
      const requests = [slow, quick].map(({ adapter }) => Scans.request(adapter, "a"))
      yield* finish(
        Stream.runForEach(Scans.runAll(requests), (record) => Effect.sync(() => void order.push(record.index)))
      )
      assert.deepStrictEqual(order, [1, 0])
    }).pipe(Effect.provide(world))
  )

  it.effect("ends it by leaving: nothing more is sent", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: (scanId) => (scanId === "scan-1" ? [{ say: "done" }] : [{ say: "running" }]),
        policy: steady
      })
      const requests = Array.from({ length: 5 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      yield* finish(Stream.runDrain(Stream.take(Scans.runAll(requests), 1)))
      assert.isAtMost(vendor.ledger.polls.length, 5)
      const budget = (yield* RateBudget.RateBudget).account(vendor.adapter, vendor.adapter.budget)
      assert.strictEqual(budget.open(), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("loses no record to a logger that throws", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "Transient" }, { say: "word", word: "odd" }, { say: "done" }],
        policy: steady
      })
      const requests = ["a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted))
      const all = value(yield* Effect.provide(finish(records(requests)), throwing))
      assert.deepStrictEqual(short(all), [
        ["completed", "outcome"],
        ["completed", "outcome"]
      ])
      assert.deepStrictEqual(
        all.map((record) => record.polls),
        [3, 3]
      )
      const one = yield* Effect.provide(finish(Scans.run(vendor.adapter, "c")), throwing)
      assert.isTrue(Exit.isSuccess(one))
    }).pipe(Effect.provide(world))
  )
})

describe("the end of a run", () => {
  it.effect("before a known ticket was asked for leaves it resumable, with its ticket", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      const requests = ["x", "y"].map((scanId) => Scans.fromTicket(vendor.adapter, vendor.ticket(scanId)))
      for (const [end, state] of [
        [{ until: Effect.sleep("5 seconds") }, "interrupted"],
        [{ timeout: "5 seconds" as const }, "still-running"]
      ] as const) {
        const all = value(yield* finish(records(requests, { concurrency: 1, ...end })))
        assert.deepStrictEqual(
          all.map((record) => [record.state, record.ticket?.scanId]),
          [
            [state, "x"],
            [state, "y"]
          ]
        )
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("before an open claim was gone on with leaves it resumable, with its ticket", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* Stream.runDrain(Scans.submitAll(["a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted))))
      const { requests } = yield* Scans.listOpen([vendor.adapter])
      const end = { concurrency: 1, until: Effect.sleep("5 seconds") }
      const all = value(yield* finish(Stream.runCollect(Scans.runAll(requests, end))))
      assert.deepStrictEqual(all.map((record) => `${record.state} ${record.ticket?.scanId}`).sort(), [
        "interrupted scan-1",
        "interrupted scan-2"
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("law 6, comes by its timeout and the grace of a submission, whatever hangs", () =>
    Effect.gen(function* () {
      const hanging = { say: "hang" } as const
      const vendors = [
        Conversation.make({ vendor: "a", submits: [hanging], limits: { floor: 1000, submitTimeout: "10 minutes" } }),
        Conversation.make({ vendor: "b", polls: [hanging] }),
        Conversation.make({ vendor: "c", submits: [{ say: "Throttled", hint: 3_000_000 }] }),
        Conversation.make({ vendor: "d", collect: ["Throttled"] })
      ]
      const budgets = yield* RateBudget.RateBudget
      const paused = Conversation.make({ vendor: "e" })
      budgets.account(paused.adapter, paused.adapter.budget).pause(50 * minute)
      const requests = [...vendors, paused].map(({ adapter }) => Scans.request(adapter, "t"))
      const ended = Effect.flatMap(records(requests, { timeout: "30 seconds" }), (all) =>
        Effect.map(SteadyClock.now, (at) => ({ all, at }))
      )
      const { all, at } = value(yield* finish(ended))
      assert.strictEqual(all.length, requests.length)
      assert.isAtMost(at, 30_000 + 10_000)
    }).pipe(Effect.provide(world))
  )
})

describe("a later batch", () => {
  it.effect("takes what an earlier one has, and says so with its age", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "done" }], policy: steady })
      const batch = (wanted: ReadonlyArray<string>) =>
        within(10 * minute, records(wanted.map((name) => Scans.request(vendor.adapter, name))))
      const first = value(yield* batch(["a"]))
      const second = value(yield* batch(["a", "b", "a"]))
      assert.deepStrictEqual(
        [...first, ...second].map((record) => [record.state, record.reused, record.ageMs]),
        [
          ["completed", false, null],
          ["completed", true, 10 * minute - 1000],
          ["completed", false, null],
          ["completed", true, 10 * minute - 1000]
        ]
      )
      assert.strictEqual(accepted(vendor), 2)
    }).pipe(Effect.provide(world))
  )
})

describe("what a batch leaves behind", () => {
  it.effect("is nothing, at whatever step it is interrupted", () =>
    Effect.gen(function* () {
      for (let step = 1, more = true; more; step += 7) {
        yield* Effect.gen(function* () {
          const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
          const requests = ["a", "a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted))
          more = yield* cutAt(records(requests), step, 14)
          const budget = (yield* RateBudget.RateBudget).account(vendor.adapter, vendor.adapter.budget)
          budget.load(1)
          assert.strictEqual(budget.open(), 1, `step ${step}: counted as open`)
          assert.strictEqual(vendor.ledger.inFlight, 0, `step ${step}`)
          const asked = vendor.ledger.submissions.length + vendor.ledger.polls.length
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual(vendor.ledger.submissions.length + vendor.ledger.polls.length, asked, `step ${step}`)
        }).pipe(Effect.provide(Layer.fresh(world)))
      }
    })
  )
})

describe("a vendor", () => {
  it.effect("that says a scan completed later than it was seen to be over is told of: a clock is wrong (D-12)", () =>
    Effect.gen(function* () {
      const { adapter } = Conversation.make({ polls: [{ say: "done" }], policy: steady })
      const saying = (completedAt: number) => ({
        ...adapter,
        poll: (ticket: ScanTicket) =>
          Effect.succeed(
            Observation.answer(Observation.settled({ ...Conversation.completed(ticket), completedAt }), {
              hint: Option.none()
            })
          )
      })
      const warningsOf = (completedAt: number, wanted: string) =>
        Effect.map(finish(records([Scans.request(saying(completedAt), wanted)])), (exit) =>
          value(exit).flatMap(({ warnings }) => warnings)
        )
      assert.match((yield* warningsOf(8 * 3600_000, "a")).join(), /completed at .*, later than it was observed/)
      // Clocks differ by some seconds.
      assert.deepStrictEqual(yield* warningsOf(1_000, "b"), [])
    }).pipe(Effect.provide(world))
  )
})

describe("a clock that jumps", () => {
  for (const jump of [3600_000, -3600_000]) {
    it.effect(`law 2, equal requests of one batch stay one purchase across ${jump / 3600_000} h`, () =>
      Effect.gen(function* () {
        const { clock: jumpy, jump: by } = yield* jumpyClock
        const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
        const requests = ["a", "a"].map((wanted) => Scans.request(vendor.adapter, wanted))
        const fiber = yield* Effect.forkChild(
          records(requests, { concurrency: 1, reuse: 0 }).pipe(Effect.provideService(Clock.Clock, jumpy))
        )
        yield* TestClock.adjust("5 seconds")
        by(jump)
        yield* TestClock.adjust("1 hour")
        const all = yield* Fiber.join(fiber)
        assert.strictEqual(accepted(vendor), 1)
        assert.deepStrictEqual(
          all.map((record) => [record.state, record.reused, record.ageMs]),
          [
            ["completed", false, null],
            ["completed", false, null]
          ]
        )
      }).pipe(Effect.provide(world))
    )

    it.effect(
      `a wish for a new scan gets one, and an old outcome is called one, after ${jump / 3600_000} h (V-04)`,
      () =>
        Effect.gen(function* () {
          const { clock: jumpy, jump: by } = yield* jumpyClock
          const vendor = Conversation.make({ polls: [{ say: "done" }], policy: steady })
          const wanted = Scans.request(vendor.adapter, "a")
          // No clock shows a time before 1970.
          yield* TestClock.adjust("2 days")
          const run = Effect.gen(function* () {
            const first = yield* records([wanted])
            // A millisecond is the least that a clock is set by, and all that keeps two purchases apart.
            const purchases: Array<number> = []
            for (const set of [jump, Math.sign(jump)]) {
              by(set)
              assert.deepStrictEqual(yield* Scans.foresee([wanted], { reuse: 0 }), ["buy"])
              yield* Scans.run(vendor.adapter, "a", { reuse: 0 })
              purchases.push(accepted(vendor))
              yield* records([wanted], { reuse: 0 })
              purchases.push(accepted(vendor))
              by(0)
            }
            assert.deepStrictEqual(purchases, [2, 3, 4, 5])
            // A millisecond later, so that what was bought then is not taken for what this run buys.
            by(jump + 1)
            const second = yield* records([wanted], { reuse: "1 day" })
            return [...first, ...second].map((record) => record.reused)
          })
          const reused = value(yield* finish(run.pipe(Effect.provideService(Clock.Clock, jumpy))))
          assert.deepStrictEqual(reused, [false, true])
          assert.strictEqual(accepted(vendor), 5)
        }).pipe(Effect.provide(world))
    )

    it.effect(
      `law 6, a fresh scan may be unknown for as long as ever, ${jump / 3600_000} h after the engine began`,
      () =>
        Effect.gen(function* () {
          const { clock: jumpy, jump: by } = yield* jumpyClock
          const vendor = Conversation.make({ polls: [{ say: "Missing" }], policy: steady })
          // As adapters do it: by the clock on the wall.
          const submit = (wanted: string) =>
            Effect.flatMap(vendor.adapter.submit(wanted), (submitted) =>
              Effect.map(Clock.currentTimeMillis, (submittedAt) =>
                submitted._tag === "Submitted"
                  ? { ...submitted, ticket: { ...submitted.ticket, submittedAt } }
                  : submitted
              )
            )
          const run = Effect.gen(function* () {
            yield* SteadyClock.now
            by(jump)
            return yield* records([Scans.request({ ...vendor.adapter, submit }, "a")])
          })
          const all = value(yield* finish(run.pipe(Effect.provideService(Clock.Clock, jumpy))))
          assert.deepStrictEqual(
            all.map((record) => record.state),
            ["not-found"]
          )
          const last = Conversation.pollTimes(vendor).at(-1) ?? 0
          assert.isAtLeast(last, 30_000)
          assert.isBelow(last, 60_000)
        }).pipe(Effect.provide(world))
    )
  }
})
