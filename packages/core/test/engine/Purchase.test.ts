import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { often } from "@scanpoll/test-support/length"
import { cutAt } from "../support/cuts.ts"
import { accepted, failure, finish, records, value, withJournal, within, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const minute = 60_000
// One mistake is seldom as short as one step: `npm test` cuts at every third one, the nightly run at all of them.
const stride = often(3, 1)

/** The journal, and the claims that this process holds in it: whoever else waits for one of them waits for us. */
const heldIn = (held: Set<string>) =>
  withJournal((journal) => {
    const over = <A>(claimId: string, effect: Effect.Effect<A, ScanJournal.JournalError>) =>
      Effect.tap(effect, () => Effect.sync(() => held.delete(claimId)))
    return {
      claim: (key, options) =>
        Effect.tap(journal.claim(key, options), (claim) =>
          Effect.sync(() => {
            if (claim._tag === "Fresh" && options.peek !== true) held.add(claim.claimId)
          })
        ),
      take: (claimId) =>
        Effect.tap(journal.take(claimId), (hold) =>
          Effect.sync(() => {
            if (hold._tag === "Ours") held.add(claimId)
          })
        ),
      leave: (claimId) => {
        held.delete(claimId)
        journal.leave(claimId)
      },
      settled: (claimId, ...rest) => over(claimId, journal.settled(claimId, ...rest)),
      refused: (claimId, ...rest) => over(claimId, journal.refused(claimId, ...rest)),
      released: (claimId) => over(claimId, journal.released(claimId)),
      inDoubt: (claimId, ...rest) => over(claimId, journal.inDoubt(claimId, ...rest))
    }
  })

const open = Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.list(["intent"]))

describe("an interrupt at any step of a purchase", () => {
  for (const [name, options] of [
    ["a scan that is polled", { polls: [{ say: "running" }, { say: "done" }] }],
    ["an answer at once", { submits: [{ say: "already", takes: 500 }], collect: ["found"] }],
    ["a slow submission", { submits: [{ say: "accept", takes: 2000 }], polls: [{ say: "done" }] }],
    ["a refusal", { submits: [{ say: "Refused", takes: 500 }] }],
    ["a 429", { submits: [{ say: "Throttled", hint: 1000 }, { say: "accept" }] }],
    ["no byte sent", { submits: [{ say: "NotSent" }, { say: "accept" }] }]
  ] as const) {
    it.effect(`${name}: bought once at the most, and nothing of it stays behind`, () =>
      Effect.gen(function* () {
        for (let step = 1, more = true; more; step += stride) {
          yield* Effect.gen(function* () {
            const vendor = Conversation.make({ ...options, policy: steady, budget: { openScans: 1 } })
            const held = new Set<string>()
            more = yield* cutAt(heldIn(held)(Scans.run(vendor.adapter, "a")), step, 14)
            assert.strictEqual(vendor.ledger.inFlight, 0, `step ${step}: a request goes on`)
            assert.strictEqual(held.size, 0, `step ${step}: the claim is held on to`)
            assert.strictEqual((yield* open).length, 0, `step ${step}: the claim is left in the middle`)
            const asked = vendor.ledger.submissions.length + vendor.ledger.polls.length
            yield* TestClock.adjust("1 minute")
            assert.strictEqual(vendor.ledger.submissions.length + vendor.ledger.polls.length, asked)
            // Only one scan may be open: one that stays counted would hold the next for ever.
            const again = yield* within(5 * minute, Effect.exit(Scans.run(vendor.adapter, "a")))
            assert.isDefined(again, `step ${step}: the same request hangs`)
            const other = yield* within(5 * minute, Effect.exit(Scans.run(vendor.adapter, "b")))
            assert.isDefined(other, `step ${step}: another request hangs`)
            const bought = vendor.ledger.submissions.filter((entry) => entry.request === "a" && entry.accepted)
            assert.isAtMost(bought.length, 1, `step ${step}: bought twice`)
          }).pipe(Effect.provide(Layer.fresh(world)))
        }
      })
    )
  }

  it.effect("of the one who polls: the one who waits for the same scan goes on", () =>
    Effect.gen(function* () {
      for (let step = 1, more = true; more; step += stride) {
        yield* Effect.gen(function* () {
          const vendor = Conversation.make({
            polls: [{ say: "running" }, { say: "running" }, { say: "done" }],
            policy: steady,
            collect: ["found"]
          })
          const joining = yield* Effect.forkChild(Effect.delay(Scans.run(vendor.adapter, "a"), "2 seconds"))
          more = yield* cutAt(Scans.run(vendor.adapter, "a"), step, 40)
          yield* TestClock.adjust("10 minutes")
          const exit = joining.pollUnsafe()
          assert.isTrue(exit !== undefined && Exit.isSuccess(exit), `step ${step}`)
          assert.strictEqual(accepted(vendor), 1, `step ${step}`)
          assert.isAtMost(vendor.ledger.mostInFlight, 1, `step ${step}`)
          const times = Conversation.pollTimes(vendor)
          times.slice(1).forEach((at, i) => assert.isAtLeast(at - (times[i] ?? 0), 1000, `step ${step}`))
        }).pipe(Effect.provide(Layer.fresh(world)))
      }
    })
  )
})

describe("an interrupt around a submission", () => {
  it.effect("law 7, while the claim is being written: nothing is sent, and the request can be made again", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make()
      const slow = withJournal((journal) => ({
        claim: (key, options) =>
          options.peek === true ? journal.claim(key, options) : Effect.delay(journal.claim(key, options), "5 seconds")
      }))
      const fiber = yield* Effect.forkChild(slow(Scans.run(vendor.adapter, "a")))
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(interrupting)
      assert.strictEqual(vendor.ledger.submissions.length, 0)
      assert.strictEqual((yield* open).length, 0)
      value(yield* finish(Scans.run(vendor.adapter, "a")))
    }).pipe(Effect.provide(world))
  )

  for (const [what, happens] of [
    ["a pause of the account", (budget: RateBudget.AccountBudget) => budget.pause(30_000)],
    [
      "a refused credential",
      (budget: RateBudget.AccountBudget) => {
        for (const by of [{}, {}]) budget.deny({ by, kind: "submit", code: "401", message: "no" })
      }
    ]
  ] as const) {
    it.effect(`${what} while the claim is being written is kept to`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make()
        const slow = withJournal((journal) => ({
          claim: (key, options) =>
            options.peek === true ? journal.claim(key, options) : Effect.delay(journal.claim(key, options), "5 seconds")
        }))
        const fiber = yield* Effect.forkChild(slow(Effect.exit(Scans.run(vendor.adapter, "a"))))
        yield* TestClock.adjust("1 second")
        happens((yield* RateBudget.RateBudget).account(vendor.adapter, vendor.adapter.budget))
        yield* TestClock.adjust("10 minutes")
        const exit = yield* Fiber.join(fiber)
        if (Exit.isSuccess(exit)) assert.isAtLeast(vendor.ledger.submissions[0]?.at ?? 0, 30_000)
        else assert.strictEqual(vendor.ledger.submissions.length, 0)
        assert.strictEqual(Exit.isSuccess(exit), what === "a pause of the account")
        assert.strictEqual((yield* open).length, 0)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("a submission that was sent has used its turn, whatever the answer", () =>
    Effect.gen(function* () {
      for (const say of ["Refused", "InDoubt", "already"] as const) {
        const start = yield* SteadyClock.now
        const vendor = Conversation.make({
          vendor: `v-${say.toLowerCase()}`,
          submits: [{ say }, { say: "already" }],
          budget: { requests: 1, window: Duration.seconds(30) }
        })
        yield* finish(records(["a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted))))
        assert.deepStrictEqual(
          vendor.ledger.submissions.map((entry) => entry.at - start),
          [0, 30_000]
        )
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("what the vendor says within the grace is what the record says", () =>
    Effect.gen(function* () {
      for (const [say, state, because] of [
        ["Refused", "refused", "vendor-refusal"],
        ["Denied", "refused", "credential"],
        ["InDoubt", "in-doubt", "stop"],
        ["NotSent", "not-started", "not-begun"],
        ["already", "completed", "outcome"],
        ["accept", "interrupted", "stop"]
      ] as const) {
        const vendor = Conversation.make({ vendor: `v-${say.toLowerCase()}`, submits: [{ say, takes: 5000 }] })
        const all = value(
          yield* finish(records([Scans.request(vendor.adapter, "a")], { until: Effect.sleep("1 second") }))
        )
        assert.deepStrictEqual(
          all.map((record) => [record.state, record.because]),
          [[state, because]],
          say
        )
      }
    }).pipe(Effect.provide(world))
  )
})

describe("the end of a run while the findings are fetched", () => {
  for (const why of ["until", "timeout"] as const) {
    for (const submit of ["accept", "already"] as const) {
      it.effect(`law 4, what the vendor said is the outcome, in the record and the journal (${submit}, ${why})`, () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({ submits: [{ say: submit }], policy: steady })
          const adapter = { ...vendor.adapter, collect: () => Effect.never }
          const end = why === "until" ? { until: Effect.sleep("5 seconds") } : { timeout: "5 seconds" as const }
          const [record] = value(yield* finish(records([Scans.request(adapter, "a")], end)))
          assert.strictEqual(record?.state, "completed")
          assert.deepStrictEqual(record?.warnings, ["the vendor's findings could not be fetched (interrupted)"])
          const journal = yield* ScanJournal.ScanJournal
          assert.strictEqual((yield* journal.list(["settled"])).length, 1)
          assert.strictEqual((yield* journal.list(["submitted", "intent"])).length, 0)
        }).pipe(Effect.provide(world))
      )
    }
  }

  it.effect("while the outcome is written: it is written, and recorded", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const slow = withJournal((journal) => ({
        settled: (...args) => Effect.delay(journal.settled(...args), "5 seconds")
      }))
      const [record] = value(
        yield* finish(slow(records([Scans.request(vendor.adapter, "a")], { until: Effect.sleep("3 seconds") })))
      )
      assert.strictEqual(record?.state, "completed")
    }).pipe(Effect.provide(world))
  )
})

const failing = (reason: ScanJournal.JournalFault) =>
  Effect.fail(new ScanJournal.JournalError({ reason, message: "no" }))

describe("a journal that fails", () => {
  for (const [name, options] of [
    ["a scan that is polled", { polls: [{ say: "running" }, { say: "done" }] }],
    ["an answer at once", { submits: [{ say: "already" }] }],
    ["a refusal", { submits: [{ say: "Refused" }] }],
    ["a 429", { submits: [{ say: "Throttled", hint: 1000 }, { say: "accept" }] }],
    ["no byte sent", { submits: [{ say: "NotSent" }, { say: "accept" }] }],
    ["a lost answer", { submits: [{ say: "InDoubt", accepted: true }] }]
  ] as const) {
    for (const mode of ["fails", "is written and says that it failed", "fails from there on"] as const) {
      it.effect(
        `law 2, ${name}, where the n-th call ${mode}: one record each, nothing bought twice, nobody hangs`,
        () =>
          Effect.gen(function* () {
            for (let nth = 1, more = true; more; nth++) {
              yield* Effect.gen(function* () {
                const vendor = Conversation.make({ ...options, policy: steady, budget: { openScans: 2 } })
                let calls = 0
                let healthy = false
                const faulty = withJournal((journal) => {
                  const spoil = <A>(write: Effect.Effect<A, ScanJournal.JournalError>) =>
                    Effect.suspend(() => {
                      calls++
                      if (healthy || (mode === "fails from there on" ? calls < nth : calls !== nth)) return write
                      return mode === "is written and says that it failed"
                        ? Effect.andThen(write, failing("unknown"))
                        : failing("full")
                    })
                  return {
                    claim: (...args) => spoil(journal.claim(...args)),
                    take: (...args) => spoil(journal.take(...args)),
                    submitted: (...args) => spoil(journal.submitted(...args)),
                    settled: (...args) => spoil(journal.settled(...args)),
                    inDoubt: (...args) => spoil(journal.inDoubt(...args)),
                    refused: (...args) => spoil(journal.refused(...args)),
                    released: (...args) => spoil(journal.released(...args))
                  }
                })
                yield* faulty(
                  Effect.gen(function* () {
                    const twice = ["a", "a"].map((wanted) => Scans.request(vendor.adapter, wanted))
                    const first = value(yield* within(30 * minute, records(twice)))
                    assert.strictEqual(first.length, 2, `call ${nth}`)
                    if (calls < nth) more = false
                    healthy = true
                    const second = value(yield* within(30 * minute, records(twice)))
                    assert.strictEqual(second.length, 2, `call ${nth}`)
                    const other = value(yield* within(30 * minute, records([Scans.request(vendor.adapter, "b")])))
                    assert.strictEqual(other.length, 1, `call ${nth}`)
                  })
                )
                const bought = vendor.ledger.submissions.filter((entry) => entry.request === "a" && entry.accepted)
                assert.isAtMost(bought.length, 1, `call ${nth}: bought twice`)
              }).pipe(Effect.provide(Layer.fresh(world)))
            }
          })
      )
    }
  }

  it.effect("is asked again only where that can help", () =>
    Effect.gen(function* () {
      for (const [reason, times] of [
        ["full", 3],
        ["conflict", 1]
      ] as const) {
        const vendor = Conversation.make({ vendor: reason, policy: steady })
        let calls = 0
        const failed = withJournal(() => ({ settled: () => Effect.suspend(() => (calls++, failing(reason))) }))
        yield* finish(failed(records([Scans.request(vendor.adapter, "a")])))
        assert.strictEqual(calls, times)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("knows when each open scan may be asked again, for whoever comes after a crash", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept", hint: 7000 }],
        polls: [{ say: "running", hint: 60_000 }],
        policy: steady.pipe(PollPolicy.withFirst("3 seconds"), PollPolicy.withDeadline("1 hour"))
      })
      const journal = yield* ScanJournal.ScanJournal
      const notBefore = Effect.map(journal.list(["submitted"]), ([entry]) => entry?.notBefore)
      yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* notBefore, 7000)
      yield* TestClock.adjust("7 seconds")
      assert.strictEqual(yield* notBefore, 67_000)
      const start = yield* SteadyClock.now
      for (const hint of [0, 9000]) {
        const name = `v${hint}`
        const own = Conversation.make({
          vendor: name,
          submits: [{ say: "accept", hint }],
          policy: vendor.adapter.policy
        })
        yield* Stream.runDrain(Scans.submitAll([Scans.request(own.adapter, "a")]))
        const entries = yield* journal.list(["submitted"])
        const stored = entries.find((entry) => entry.key.vendor === name)
        assert.strictEqual(stored?.notBefore, start + Math.max(3000, hint))
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("is not believed when it has a time that nobody can have stored", () =>
    Effect.gen(function* () {
      for (const notBefore of [Number.MAX_SAFE_INTEGER, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
        const vendor = Conversation.make({ vendor: `v${notBefore}`, policy: steady })
        const odd = withJournal((journal) => ({
          take: (claimId) =>
            Effect.map(journal.take(claimId), (hold) => (hold._tag === "Ours" ? { ...hold, notBefore } : hold))
        }))
        const start = yield* SteadyClock.now
        yield* finish(odd(Scans.wait(vendor.adapter, vendor.ticket("x"))))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), [start])
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("an outcome that could not be kept is no success", () =>
    Effect.gen(function* () {
      for (const submit of ["accept", "already"] as const) {
        const vendor = Conversation.make({ vendor: submit, submits: [{ say: submit }], policy: steady })
        const full = withJournal(() => ({ settled: () => failing("full") }))
        const [record] = value(yield* finish(full(records([Scans.request(vendor.adapter, "a")]))))
        assert.deepStrictEqual([record?.state, record?.because], ["interrupted", "journal"], submit)
        assert.isNotNull(record?.ticket)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("a ticket that could not be kept is in the record, and the end of the run does not hide it", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "accept", takes: 3000 }], policy: steady })
      const full = withJournal(() => ({ submitted: () => failing("full") }))
      for (const until of [Effect.never, Effect.sleep("1 second")]) {
        yield* Effect.gen(function* () {
          const [record] = value(yield* finish(full(records([Scans.request(vendor.adapter, "a")], { until }))))
          assert.deepStrictEqual([record?.state, record?.because], ["interrupted", "journal"])
          assert.isNotNull(record?.ticket)
        }).pipe(Effect.provide(Layer.fresh(world)))
      }
    })
  )

  it.effect("that says again and again that something changed is not asked without end", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      let looks = 0
      const restless = withJournal(() => ({
        claim: () => Effect.sync(() => (looks++, { _tag: "Busy", claimId: "clm_x", changed: Effect.void } as const))
      }))
      const fiber = yield* Effect.forkChild(restless(Effect.exit(Scans.run(vendor.adapter, "a"))))
      for (let turn = 0; turn < 1000; turn++) yield* Effect.yieldNow
      yield* TestClock.adjust("1 second")
      assert.isBelow(looks, 20)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "a submission of another process that never ends is waited for, not for ever, and nothing is in doubt",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ policy: steady })
        for (const changed of [Effect.never, Effect.sleep("1 second"), Effect.void]) {
          const busy = withJournal(() => ({
            claim: () => Effect.succeed({ _tag: "Busy", claimId: "clm_x", changed } as const)
          }))
          const error = failure(
            yield* within(5 * minute, Effect.exit(busy(Scans.run(vendor.adapter, "a")))).pipe(
              Effect.map((exit) => (exit === undefined ? undefined : Exit.isSuccess(exit) ? exit.value : undefined))
            )
          )
          const said = error._tag === "SubmitError" ? [error.kind, error.code] : error._tag
          assert.deepStrictEqual(said, ["NotSent", "being-submitted"])
        }
        assert.strictEqual(vendor.ledger.submissions.length, 0)
      }).pipe(Effect.provide(world))
  )
})
