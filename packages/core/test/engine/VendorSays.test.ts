import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TestClock } from "effect/testing"
import * as VendorSays from "../../src/engine/internal/vendorSays.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import { ScanJournal } from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import type { Quota } from "../../src/model/Observation.ts"
import { QuotaHeard } from "../../src/model/internal/quotaHeard.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type { ScanTicket } from "../../src/model/ScanTicket.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { accepted, failure, finish, records, value, within, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const read = (stored: unknown) => (typeof stored === "string" ? stored : null)

const throttled = (seconds: number, quota: Option.Option<Quota> = Option.none()) =>
  PollFault.make({
    kind: "Throttled",
    code: "throttled",
    message: "scripted 429",
    hint: Option.some(Duration.seconds(seconds)),
    quota
  })

const budgetOf = (adapter: Pick<ScanAdapter<never, unknown>, "vendor" | "origin" | "account" | "budget">) =>
  Effect.map(RateBudget.RateBudget, (budgets) => budgets.account(adapter, adapter.budget))

const storedPause = Effect.flatMap(ScanJournal, (journal) =>
  Effect.map(journal.pauses, (pauses) => pauses.map(({ until }) => until))
)

/** An adapter that notes when its vendor's list is read, with one claim in doubt. */
const inDoubt = (reconcile: () => Effect.Effect<ReadonlyArray<ScanTicket>, PollFault.PollFault>) =>
  Effect.gen(function* () {
    const vendor = Conversation.make({ submits: [{ say: "InDoubt" }], policy: steady })
    const asked: Array<number> = []
    const adapter = {
      ...vendor.adapter,
      reconcile: () =>
        Effect.flatMap(SteadyClock.now, (now) => {
          asked.push(now)
          return reconcile()
        })
    }
    yield* Effect.exit(Scans.run(adapter, "a"))
    const journal = yield* ScanJournal
    const [entry] = yield* journal.list(["in-doubt"])
    return { adapter, asked, claimId: entry?.claimId ?? "", journal }
  })

describe("a key that was refused", () => {
  it("ends the waits of others when a second wait is refused too, unless the vendor took it in between (V-17)", () => {
    const { adapter } = Conversation.make({ policy: steady })
    const denied = PollFault.make({ kind: "Denied", code: "http-401", message: "scripted 401" })
    const good = { quota: Option.none() }
    const endsOthers = (answers: ReadonlyArray<VendorSays.Answer>): boolean => {
      const budget = RateBudget.makeMemory().account(adapter, adapter.budget)
      for (const answer of answers) VendorSays.apply(budget, adapter.limits, answer, 0, { by: {}, kind: "poll" })
      return budget.isDenied(0, "poll")
    }
    assert.isFalse(endsOthers([denied]))
    assert.isTrue(endsOthers([denied, denied]))
    assert.isFalse(endsOthers([denied, good, denied]))
    assert.isTrue(endsOthers([denied, good, denied, denied]))
  })
})

describe("a call outside of a wait", () => {
  const fault = PollFault.make({ kind: "Denied", code: "http-401", message: "scripted 401" })
  const accountOf = () => {
    const { adapter } = Conversation.make({ policy: steady, budget: { requests: 100 } })
    return { budget: RateBudget.makeMemory().account(adapter, adapter.budget), limits: adapter.limits }
  }
  const called = (account: ReturnType<typeof accountOf>, answer: Effect.Effect<string, PollFault.PollFault>) =>
    Effect.exit(VendorSays.call(account, answer, { by: {}, kind: "collect" }))

  it.effect("that was answered well shows that the key is good, and one that was refused that it is not (V-17)", () =>
    Effect.gen(function* () {
      const account = accountOf()
      yield* called(account, Effect.fail(fault))
      yield* called(account, Effect.succeed("findings"))
      yield* called(account, Effect.fail(fault))
      assert.isFalse(account.budget.isDenied(0, "poll"))
      yield* called(account, Effect.fail(fault))
      assert.isTrue(account.budget.isDenied(0, "poll"))
    })
  )

  it.effect("teaches the account the quota of each of its answers, also of those that are no end (V-24)", () =>
    Effect.gen(function* () {
      const account = accountOf()
      const page = Effect.map(QuotaHeard, (tell) => {
        tell({ limit: 2, remaining: null, resetAt: null }, false)
        return "page"
      })
      yield* called(account, Effect.andThen(page, Effect.fail(throttled(0))))
      const due = yield* SteadyClock.now
      const turn = account.budget.turn({ kind: "poll", due, lane: "" })
      yield* turn
      yield* turn
      const third = yield* Effect.forkChild(turn, { startImmediately: true })
      assert.isUndefined(third.pollUnsafe())
    })
  )

  it.effect("asks nothing, and says until when, where a pause lasts longer than somebody waits (V-24)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "Missing" }] })
      ;(yield* ScanJournal).paused(vendor.adapter, 30_000)
      const nobodys = vendor.ticket("x")
      const options = { patience: "10 seconds" } as const
      for (const asked of [
        Scans.pollOnce(vendor.adapter, nobodys, options),
        Scans.probe(vendor.adapter, nobodys, options)
      ]) {
        const { code, hint, kind } = yield* Effect.flip(asked)
        assert.deepStrictEqual([kind, code, hint], ["Throttled", "paused", Option.some(Duration.seconds(30))])
      }
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [])
      yield* TestClock.adjust("25 seconds")
      value(yield* finish(Scans.pollOnce(vendor.adapter, nobodys, options)))
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [30_000])
      // That nobody knows the scan shows that the key was taken.
      value(yield* finish(Scans.probe(vendor.adapter, nobodys, options)))
    }).pipe(Effect.provide(world))
  )
})

describe("an adapter whose estimate of polls is wrong", () => {
  for (const [what, pollsPerScan] of [
    [
      "throws",
      () => {
        throw new RangeError("no such plan")
      }
    ],
    ["is not a number", () => Number.NaN],
    ["is endless", () => Number.POSITIVE_INFINITY],
    ["is negative", () => -3]
  ] as const) {
    it.effect(`still has its scans bought and polled when the estimate ${what} (V-24)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady, budget: { requests: 5, pollsPerScan } })
        const names = ["a", "b", "c", "d", "e", "f", "g"]
        const rows = value(yield* finish(records(names.map((name) => Scans.request(vendor.adapter, name)))))
        assert.deepStrictEqual(
          rows.map(({ state }) => state),
          names.map(() => "completed")
        )
        // The account goes on afterwards.
        value(yield* finish(Scans.run(vendor.adapter, "another")))
        assert.strictEqual(accepted(vendor), 8)
      }).pipe(Effect.provide(world))
    )
  }
})

describe("what a vendor says while findings are fetched", () => {
  it.effect("teaches the account its quota, pauses it, and the pause is stored (V-24)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady, budget: { requests: 100 } })
      let asked = 0
      const collect = () =>
        Effect.suspend(() =>
          asked++ === 0
            ? Effect.fail(throttled(40, Option.some({ limit: 7, remaining: null, resetAt: null })))
            : Effect.succeed({ coverage: "full" as const, total: 0, items: [] })
        )
      value(yield* finish(Scans.run({ ...vendor.adapter, collect }, "a")))
      assert.strictEqual(asked, 2)
      const [until] = yield* storedPause
      assert.isAtLeast(until ?? 0, 40_000)
      // The limit was learned: seven requests fit into a window, the eighth has to wait.
      const budget = yield* budgetOf(vendor.adapter)
      const due = yield* SteadyClock.now
      const waited = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () =>
        Effect.map(budget.turn({ kind: "poll", due, lane: "" }), (turn) => turn.waited)
      )
      assert.deepStrictEqual(waited, [0, 0, 0, 0, 0, 0, 0])
      const eighth = yield* Effect.forkChild(budget.turn({ kind: "poll", due, lane: "" }), { startImmediately: true })
      assert.isUndefined(eighth.pollUnsafe())
    }).pipe(Effect.provide(world))
  )
})

describe("a look in the vendor's list", () => {
  it.effect("waits for the end of a pause that an earlier process stored (V-24)", () =>
    Effect.gen(function* () {
      const { adapter, asked, claimId, journal } = yield* inDoubt(() => Effect.succeed([]))
      journal.paused(adapter, (yield* SteadyClock.now) + 30_000)
      const started = yield* SteadyClock.now
      value(yield* finish(Scans.reconcile(adapter, claimId, read)))
      assert.deepStrictEqual(asked, [started + 30_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("that is throttled stores the pause and learns the quota (V-24)", () =>
    Effect.gen(function* () {
      const { adapter, claimId } = yield* inDoubt(() => Effect.fail(throttled(50)))
      const started = yield* SteadyClock.now
      failure(yield* finish(Scans.reconcile(adapter, claimId, read)))
      assert.deepStrictEqual(yield* storedPause, [started + 50_000])
      assert.strictEqual((yield* budgetOf(adapter)).pausedUntil(), started + 50_000)
    }).pipe(Effect.provide(world))
  )
})

describe("one poll on its own", () => {
  it.effect("waits for the end of a pause that an earlier process stored (V-24)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }] })
      ;(yield* ScanJournal).paused(vendor.adapter, 30_000)
      value(yield* finish(Scans.pollOnce(vendor.adapter, vendor.ticket("x"))))
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [30_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("that is throttled stores the pause, so that the next process keeps it (V-24)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "Throttled", hint: 20_000 }] })
      yield* TestClock.adjust("1 second")
      failure(yield* finish(Scans.pollOnce(vendor.adapter, vendor.ticket("x"))))
      assert.deepStrictEqual(yield* storedPause, [21_000])
    }).pipe(Effect.provide(world))
  )
})

describe("a submission that is throttled", () => {
  it.effect("pauses submissions of a later process too, and not its polls (law)", () =>
    Effect.gen(function* () {
      const first = Conversation.make({ submits: [{ say: "Throttled", hint: 45_000 }], policy: steady })
      assert.isUndefined(yield* within(1_000, Scans.run(first.adapter, "a")))
      const journal = yield* ScanJournal
      const began = yield* SteadyClock.now
      assert.deepStrictEqual(
        (yield* journal.pauses).map(({ kind }) => kind),
        ["submit"]
      )
      const later = Conversation.make({ policy: steady, polls: [{ say: "done" }, { say: "done" }] })
      const bought = Scans.fromTicket(later.adapter, later.ticket("x"))
      const wanted = Scans.request(later.adapter, "a")
      const rows = value(yield* finish(records([bought, wanted]).pipe(Effect.provide(RateBudget.layerMemory))))
      assert.deepStrictEqual(
        rows.map(({ state }) => state),
        ["completed", "completed"]
      )
      const [poll] = later.ledger.polls
      const [submission] = later.ledger.submissions
      assert.isBelow((poll?.at ?? 0) - began, 15_000)
      assert.strictEqual(submission?.at, 45_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("leaves the polls of bought scans alone, and is tried again when its own wait is over (law)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        policy: steady,
        polls: [{ say: "running" }, { say: "running" }, { say: "running" }, { say: "running" }, { say: "done" }],
        submits: [{ say: "accept" }, { say: "Throttled", hint: 45_000 }, { say: "accept" }]
      })
      const started = yield* SteadyClock.now
      const both = [Scans.request(vendor.adapter, "a"), Scans.request(vendor.adapter, "b")]
      const rows = value(yield* finish(records(both)))
      assert.deepStrictEqual(
        rows.map(({ state }) => state),
        ["completed", "completed"]
      )
      const first = vendor.ledger.polls.filter(({ scanId }) => scanId === vendor.ledger.polls[0]?.scanId)
      assert.deepStrictEqual(
        first.map(({ at }) => at - started),
        [1000, 11_000, 21_000, 31_000, 41_000]
      )
      assert.deepStrictEqual(
        vendor.ledger.submissions.map(({ at }) => at - started),
        [0, 0, 45_000]
      )
    }).pipe(Effect.provide(world))
  )
})
