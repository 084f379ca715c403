import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { ScanEvent } from "../../src/engine/ScanEvent.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import { SubmissionGrace } from "../../src/engine/SubmissionGrace.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type { ScanTicket } from "../../src/model/ScanTicket.ts"
import { states } from "../../src/model/ScanRecord.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const later = PollPolicy.make({ first: "10 seconds", pace: "10 seconds", spread: 0 })

/** Runs to the end, however far away that is on the virtual clock. */
const finish = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust("2 days")
    return yield* Fiber.join(fiber)
  })

const value = <A, E>(exit: Exit.Exit<A, E>): A => {
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

const failure = <A, E>(exit: Exit.Exit<A, E>): E => {
  const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail") : undefined
  if (error === undefined) throw new Error("a failure was expected")
  return error.error
}

const accepted = (vendor: Conversation.Vendor): number =>
  vendor.ledger.submissions.filter((entry) => entry.accepted).length

const records = <P>(requests: ReadonlyArray<Scans.ScanRequest<P>>, options?: Scans.BatchOptions) =>
  Effect.map(Stream.runCollect(Scans.runAll(requests, options)), (all) => [...all].sort((a, b) => a.index - b.index))

describe("Scans.run", () => {
  it.effect("buys once, polls until terminal and returns the typed outcome", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "queued" }, { say: "running" }, { say: "done" }],
        policy: steady
      })
      const outcome = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      assert.strictEqual(outcome._tag === "Completed" ? outcome.payload.said : "", "done")
      assert.strictEqual(accepted(vendor), 1)
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [1000, 11_000, 21_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("a vendor's failed is an outcome, not an error", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "failed" }] })
      assert.strictEqual(value(yield* finish(Scans.run(vendor.adapter, "acme")))._tag, "Failed")
    }).pipe(Effect.provide(world))
  )

  it.effect("an answer that is terminal at submit is never polled, and shows its age", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "already" }] })
      const outcome = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      assert.isTrue(outcome.cached)
      assert.strictEqual(outcome.ageMs, 86_400_000)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("a request with faults is refused before anything is sent, every fault named", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make()
      const error = failure(yield* finish(Scans.run(vendor.adapter, "")))
      assert.strictEqual(
        error._tag === "SubmitError" ? `${error.kind} ${error.message}` : "",
        "Refused name: must not be empty"
      )
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("an impossible policy dies before anything is bought", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make()
      const exit = yield* finish(Scans.run(vendor.adapter, "acme", { policy: PollPolicy.withSpread(7) }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("reuses an outcome inside the time given, and buys anew with 0", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make()
      yield* finish(Scans.run(vendor.adapter, "acme"))
      yield* finish(Scans.run(vendor.adapter, "acme", { reuse: "3 days" }))
      assert.strictEqual(accepted(vendor), 1)
      yield* finish(Scans.run(vendor.adapter, "acme", { reuse: 0 }))
      assert.strictEqual(accepted(vendor), 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("reuses nothing with 0, not even what settled at this moment", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "already" }] })
      const fiber = yield* Effect.forkChild(
        Effect.forEach([1, 2], () => Scans.run(vendor.adapter, "acme", { reuse: 0 }))
      )
      yield* TestClock.adjust(0)
      yield* Fiber.join(fiber)
      assert.strictEqual(accepted(vendor), 2)
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "findings are fetched in a second call; its failure makes them unavailable, never another state (V-01)",
    () =>
      Effect.gen(function* () {
        const good = Conversation.make({ vendor: "good", collect: ["Transient", "found"] })
        const found = value(yield* finish(Scans.run(good.adapter, "acme")))
        assert.strictEqual(found._tag === "Completed" ? found.findings.coverage : "", "full")
        const bad = Conversation.make({ vendor: "bad", collect: ["Transient"] })
        const lost = value(yield* finish(Scans.run(bad.adapter, "acme")))
        assert.strictEqual(lost._tag, "Completed")
        assert.deepStrictEqual(lost.warnings, ["the vendor's findings could not be fetched (transient)"])
        assert.strictEqual(bad.ledger.collects.length, 3)
      }).pipe(Effect.provide(world))
  )
})

describe("law 2, at most one accepted submission per claim", () => {
  it.effect("never sends again what may have been accepted, on no later run", () =>
    Effect.gen(function* () {
      for (const say of ["hang", "InDoubt"] as const) {
        const vendor = Conversation.make({ vendor: `v-${say.toLowerCase()}`, submits: [{ say, accepted: true }] })
        for (let again = 0; again < 3; again++) {
          const error = failure(yield* finish(Scans.run(vendor.adapter, "acme")))
          assert.strictEqual(error._tag === "SubmitError" ? error.kind : "", "InDoubt")
        }
        assert.strictEqual(vendor.ledger.submissions.length, 1)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("sends again after a 429, not before the wait asked for", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "Throttled", hint: 5000 }, { say: "accept" }] })
      value(yield* finish(Scans.run(vendor.adapter, "acme")))
      assert.deepStrictEqual(
        vendor.ledger.submissions.map((entry) => entry.at),
        [0, 5000]
      )
      assert.strictEqual(accepted(vendor), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("sends again, three times at the most, when no byte was sent", () =>
    Effect.gen(function* () {
      const flaky = Conversation.make({ vendor: "flaky", submits: [{ say: "NotSent" }, { say: "accept" }] })
      value(yield* finish(Scans.run(flaky.adapter, "acme")))
      assert.strictEqual(accepted(flaky), 1)
      const down = Conversation.make({ vendor: "down", submits: [{ say: "NotSent" }] })
      assert.strictEqual(failure(yield* finish(Scans.run(down.adapter, "acme")))._tag, "SubmitError")
      assert.strictEqual(down.ledger.submissions.length, 3)
      const tls = Conversation.make({ vendor: "tls", submits: [{ say: "NotSent", permanent: true }] })
      failure(yield* finish(Scans.run(tls.adapter, "acme")))
      assert.strictEqual(tls.ledger.submissions.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("a refusal is kept and not repeated by itself", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "Refused" }] })
      failure(yield* finish(Scans.run(vendor.adapter, "acme")))
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      const journal = yield* ScanJournal.ScanJournal
      assert.deepStrictEqual(
        (yield* journal.list(["refused"])).map((entry) => entry.reason?.code),
        ["refused"]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("equal requests at the same time are one purchase and one poll loop, with an outcome each", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept", takes: 3000 }],
        polls: [{ say: "running" }, { say: "done" }],
        policy: steady
      })
      const all = Effect.all(
        Array.from({ length: 5 }, () => Scans.run(vendor.adapter, "acme")),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        value(yield* finish(all)).map((outcome) => outcome._tag),
        Array.from({ length: 5 }, () => "Completed")
      )
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.strictEqual(vendor.ledger.polls.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("when the one who polls leaves, the next in line goes on; nothing is bought again", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [...Array.from({ length: 5 }, () => ({ say: "running" as const })), { say: "done" }],
        policy: steady
      })
      const first = yield* Effect.forkChild(Scans.run(vendor.adapter, "acme"))
      yield* TestClock.adjust("5 seconds")
      const second = yield* Effect.forkChild(Scans.run(vendor.adapter, "acme"))
      yield* TestClock.adjust("7 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(second))._tag, "Completed")
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.strictEqual(vendor.ledger.mostInFlight, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("law 3, claim before the first byte, ticket before the first poll", () => {
  it.effect("in this order, whatever the journal takes its time for", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const inner = yield* ScanJournal.ScanJournal
      const slow = <A, E>(name: string, effect: Effect.Effect<A, E>) =>
        Effect.andThen(
          Effect.sleep("2 seconds"),
          Effect.tap(effect, () => Effect.sync(() => void log.push(name)))
        )
      const spied = ScanJournal.ScanJournal.of({
        ...inner,
        claim: (key, options) =>
          options.peek === true ? inner.claim(key, options) : slow("claimed", inner.claim(key, options)),
        submitted: (claimId, ticket, notBefore) => slow("ticket stored", inner.submitted(claimId, ticket, notBefore))
      })
      const vendor = Conversation.make()
      const adapter = {
        ...vendor.adapter,
        submit: (wanted: string) => Effect.suspend(() => (log.push("posted"), vendor.adapter.submit(wanted))),
        poll: (ticket: Parameters<typeof vendor.adapter.poll>[0]) =>
          Effect.suspend(() => (log.push("polled"), vendor.adapter.poll(ticket)))
      }
      value(yield* finish(Scans.run(adapter, "acme").pipe(Effect.provideService(ScanJournal.ScanJournal, spied))))
      assert.deepStrictEqual(log, ["claimed", "posted", "ticket stored", "polled"])
    }).pipe(Effect.provide(world))
  )

  it.effect("a journal that cannot keep the claim means no submission", () =>
    Effect.gen(function* () {
      const inner = yield* ScanJournal.ScanJournal
      const broken = ScanJournal.ScanJournal.of({
        ...inner,
        claim: (key, options) =>
          options.peek === true
            ? inner.claim(key, options)
            : Effect.fail(new ScanJournal.JournalError({ reason: "full", message: "disk full" }))
      })
      const vendor = Conversation.make()
      const exit = yield* finish(
        records([Scans.request(vendor.adapter, "acme")]).pipe(Effect.provideService(ScanJournal.ScanJournal, broken))
      )
      assert.deepStrictEqual(
        value(exit).map((record) => [record.state, record.because]),
        [["not-started", "journal"]]
      )
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("law 4, terminal is sticky", () => {
  it.effect("the first terminal answer is the outcome; a later one changes nothing", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make()
      value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const journal = yield* ScanJournal.ScanJournal
      const [entry] = yield* journal.list(["settled"])
      yield* journal.settled(entry?.claimId ?? "", { other: true })
      const again = yield* journal.get(entry?.claimId ?? "")
      assert.deepStrictEqual(again?.outcome, entry?.outcome)
    }).pipe(Effect.provide(world))
  )
})

describe("law 7, a submission in flight has its grace", () => {
  it.effect("an interrupted submission that is answered within 10 s leaves its ticket in the journal", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "accept", takes: 8000 }] })
      const fiber = yield* Effect.forkChild(Scans.run(vendor.adapter, "acme"))
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(interrupting)
      const journal = yield* ScanJournal.ScanJournal
      assert.deepStrictEqual(
        (yield* journal.list(["submitted"])).map((entry) => entry.ticket?.scanId),
        ["scan-1"]
      )
      assert.isFalse(vendor.ledger.submissions[0]?.cut)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("one that is not is cut after 10 s and is in doubt", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "hang", accepted: true }] })
      const fiber = yield* Effect.forkChild(Scans.run(vendor.adapter, "acme"))
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("9 seconds")
      assert.isFalse(vendor.ledger.submissions[0]?.cut)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(interrupting)
      assert.isTrue(vendor.ledger.submissions[0]?.cut)
      const journal = yield* ScanJournal.ScanJournal
      assert.strictEqual((yield* journal.list(["in-doubt"])).length, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("a submission that is not waited for", () => {
  it.effect("succeeds with its ticket before any poll, is known the second time, and its wait goes on", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }] })
      const first = yield* Scans.submit(vendor.adapter, "acme")
      const second = yield* Scans.submit(vendor.adapter, "acme")
      assert.deepStrictEqual([first.ticket.scanId, first.known, first.outcome], ["scan-1", false, null])
      assert.deepStrictEqual([second.ticket.scanId, second.known, second.claimId], ["scan-1", true, first.claimId])
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.strictEqual(vendor.ledger.polls.length, 0)
      const outcome = value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
      assert.strictEqual(outcome._tag, "Completed")
    }).pipe(Effect.provide(world))
  )

  it.effect("brings the outcome of a vendor that answers at once", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "already" }] })
      const { outcome, ticket } = yield* Scans.submit(vendor.adapter, "acme")
      assert.strictEqual(outcome?._tag, "Completed")
      assert.deepStrictEqual(outcome?.ticket, ticket)
    }).pipe(Effect.provide(world))
  )

  it.effect("fails with what the vendor said where there is no ticket", () =>
    Effect.gen(function* () {
      for (const say of ["Refused", "Denied", "InDoubt"] as const) {
        const vendor = Conversation.make({ vendor: `says-${say}`, submits: [{ say }] })
        const error = yield* Effect.flip(Scans.submit(vendor.adapter, "acme"))
        assert.strictEqual(error._tag === "SubmitError" && error.kind, say)
      }
    }).pipe(Effect.provide(world))
  )
})

describe("a program that must end sooner", () => {
  it.effect("gives a submission in flight the grace it says, and no more", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "hang", accepted: true }] })
      const fiber = yield* Effect.forkChild(
        Effect.provideService(Scans.run(vendor.adapter, "acme"), SubmissionGrace, Duration.seconds(3))
      )
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("2 seconds")
      assert.isFalse(vendor.ledger.submissions[0]?.cut)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupting)
      assert.isTrue(vendor.ledger.submissions[0]?.cut)
      const journal = yield* ScanJournal.ScanJournal
      assert.strictEqual((yield* journal.list(["in-doubt"])).length, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("law 9, trouble stays in its account", () => {
  it.effect(
    "a vendor that hangs, throttles or denies delays no other account's poll and changes no other outcome (TM-10, RL-06)",
    () =>
      Effect.gen(function* () {
        const script: ReadonlyArray<Conversation.Step> = [{ say: "running" }, { say: "running" }, { say: "done" }]
        const alone = Conversation.make({ vendor: "calm", polls: script, policy: steady })
        value(yield* finish(records([Scans.request(alone.adapter, "a")])))
        const expected = Conversation.pollTimes(alone)
        for (const say of ["hang", "Throttled", "Denied", "Broken"] as const) {
          const start = (yield* TestClock.testClockWith((clock) => Effect.succeed(clock))).currentTimeMillisUnsafe()
          const calm = Conversation.make({ vendor: `calm-${say}`, polls: script, policy: steady })
          const wild = Conversation.make({ vendor: `wild-${say}`, polls: [{ say }], policy: steady })
          const all = value(
            yield* finish(
              records([
                ...Array.from({ length: 20 }, (_, i) => Scans.request(wild.adapter, `w${i}`)),
                Scans.request(calm.adapter, "a")
              ])
            )
          )
          assert.strictEqual(all[20]?.state, "completed")
          assert.deepStrictEqual(
            Conversation.pollTimes(calm).map((time) => time - start),
            expected
          )
        }
      }).pipe(Effect.provide(world))
  )

  it.effect("a refused credential stops the rest of its account's batch before the next submission (ST-03)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "Denied" }] })
      const all = value(
        yield* finish(
          records(
            Array.from({ length: 4 }, (_, i) => Scans.request(vendor.adapter, `t${i}`)),
            { concurrency: 1 }
          )
        )
      )
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["refused", "not-started", "not-started", "not-started"]
      )
      assert.deepStrictEqual(
        all.map((record) => record.because),
        Array.from({ length: 4 }, () => "credential")
      )
    }).pipe(Effect.provide(world))
  )
})

describe("law 10, one record per request", () => {
  it.effect("every ending has its state, and the counts add up", () =>
    Effect.gen(function* () {
      const one = (name: string, options: Parameters<typeof Conversation.make>[0]) =>
        Conversation.make({ vendor: name, policy: steady, ...options })
      const vendors = [
        one("completed", {}),
        one("partial", { polls: [{ say: "partial" }] }),
        one("failed", { polls: [{ say: "failed" }] }),
        one("not-found", { polls: [{ say: "Missing" }] }),
        one("still-running", { polls: [{ say: "running" }] }),
        one("unreachable", { polls: [{ say: "Transient" }] }),
        one("protocol", { polls: [{ say: "Broken" }] }),
        one("denied", { polls: [{ say: "Denied" }] }),
        one("in-doubt", { submits: [{ say: "InDoubt" }] }),
        one("refused", { submits: [{ say: "Refused" }] }),
        one("not-started", { submits: [{ say: "NotSent" }] })
      ]
      const all = value(yield* finish(records(vendors.map((vendor) => Scans.request(vendor.adapter, "t")))))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        vendors.map((vendor) => vendor.adapter.vendor)
      )
      assert.deepStrictEqual([...new Set(all.map((record) => record.state)), "interrupted"].sort(), [...states].sort())
      for (const record of all) {
        assert.strictEqual(record.outcome !== null, record.because === "outcome")
        assert.strictEqual(record.reason === null, record.state === "completed")
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("a soft end records what is open as interrupted and what was not begun as not-started, at once", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running", progress: { fraction: 0.4, done: 4, total: 10 } }],
        policy: steady
      })
      const end = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(
        records(
          Array.from({ length: 5 }, (_, i) => Scans.request(vendor.adapter, `t${i}`)),
          { concurrency: 2, until: Deferred.await(end) }
        )
      )
      yield* TestClock.adjust("15 seconds")
      yield* Deferred.succeed(end, undefined)
      yield* TestClock.adjust("1 millis")
      const all = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["interrupted", "interrupted", "not-started", "not-started", "not-started"]
      )
      assert.deepStrictEqual(all[0]?.progress, { fraction: 0.4, done: 4, total: 10 })
      assert.isNotNull(all[0]?.ticket)
      const polled = vendor.ledger.polls.length
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(vendor.ledger.polls.length, polled)
      assert.strictEqual(vendor.ledger.submissions.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("the timeout of a run records what is open as still running", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running" }],
        policy: steady.pipe(PollPolicy.withDeadline("1 day"))
      })
      const all = value(yield* finish(records([Scans.request(vendor.adapter, "t")], { timeout: "30 minutes" })))
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.observedAt]),
        [["still-running", 30 * 60_000]]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("an observer that throws changes no record; events carry who they are about", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const seen: Array<ScanEvent> = []
      const observer = (event: ScanEvent) => {
        seen.push(event)
        throw new Error("listener")
      }
      const all = value(yield* finish(records([Scans.request(vendor.adapter, "t")], { observer })))
      assert.strictEqual(all[0]?.state, "completed")
      assert.deepStrictEqual(
        seen.map((event) => event._tag),
        ["Queued", "Submitting", "Submitted", "Scheduled", "Polled", "Scheduled", "Ended"]
      )
      assert.isTrue(seen.every((event) => event.subject.id === "t" && event.index === 0))
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "a batch can be read as the stream of its events, which ends with it and takes part in nothing (U-14)",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: later })
        const requests = ["a", "b"].map((name) => Scans.request(vendor.adapter, name))
        const seen = value(yield* finish(Stream.runCollect(Scans.events(requests))))
        for (const index of [0, 1]) {
          assert.deepStrictEqual(
            seen.filter((event) => event.index === index).map((event) => event._tag),
            ["Queued", "Submitting", "Submitted", "Scheduled", "Polled", "Scheduled", "Ended"]
          )
        }
        // A reader that leaves ends the batch: nothing more is asked.
        const polls = vendor.ledger.polls.length
        const c = [Scans.request(vendor.adapter, "c")]
        const leaving = yield* Effect.forkChild(Stream.runCollect(Stream.take(Scans.events(c), 3)))
        yield* TestClock.adjust("1 second")
        const first = yield* Fiber.join(leaving)
        yield* TestClock.adjust("2 days")
        assert.deepStrictEqual(
          first.map((event) => event._tag),
          ["Queued", "Submitting", "Submitted"]
        )
        assert.strictEqual(vendor.ledger.polls.length, polls)
      }).pipe(Effect.provide(world))
  )

  it.effect("equal targets given twice: as many records, one submission, one poll loop", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const requests = ["a", "b", "a", "a"].map((name) => Scans.request(vendor.adapter, name))
      const all = value(yield* finish(records(requests, { reuse: 0 })))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["completed", "completed", "completed", "completed"]
      )
      assert.deepStrictEqual(
        all.map((record) => record.ticket?.scanId === all[0]?.ticket?.scanId),
        [true, false, true, true]
      )
      assert.strictEqual(vendor.ledger.submissions.length, 2)
      assert.strictEqual(vendor.ledger.polls.length, 4)
    }).pipe(Effect.provide(world))
  )

  it.effect("a pace sees the whole batch as open", () =>
    Effect.gen(function* () {
      const opens = new Set<number>()
      const pace = (tick: PollPolicy.PollTick) => {
        opens.add(tick.open)
        return Duration.seconds(10)
      }
      const vendor = Conversation.make({
        polls: [{ say: "running" }, { say: "done" }],
        policy: steady.pipe(PollPolicy.withPace(pace))
      })
      yield* finish(
        records(
          Array.from({ length: 7 }, (_, i) => Scans.request(vendor.adapter, `t${i}`)),
          { concurrency: 1 }
        )
      )
      assert.strictEqual(Math.max(...opens), 7)
      assert.strictEqual(Math.min(...opens), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect.prop(
    "N in, N out for any mix of endings and any moment of the soft end",
    {
      mix: Schema.Array(
        Schema.Literals(["accept", "already", "Refused", "Denied", "Throttled", "NotSent", "InDoubt", "hang"])
      ),
      end: Schema.Literals([0, 1, 500, 1_000, 12_000, 70_000, 400_000]),
      concurrency: Schema.Literals([1, 3, 100])
    },
    ({ mix, end, concurrency }) =>
      Effect.gen(function* () {
        const requests = mix.map((say, i) => {
          const vendor = Conversation.make({
            vendor: `v${i}`,
            submits: [{ say }],
            polls: [{ say: "running" }, { say: "done" }],
            policy: steady
          })
          return { vendor, request: Scans.request(vendor.adapter, "t") }
        })
        const all = value(
          yield* finish(
            records(
              requests.map((each) => each.request),
              { concurrency, until: Effect.sleep(end) }
            )
          )
        )
        return (
          all.length === mix.length &&
          all.every((record, i) => record.index === i) &&
          requests.every(({ vendor }) => accepted(vendor) <= 1)
        )
      }).pipe(Effect.provide(Layer.fresh(world))),
    { arbitrary: { runs: 60 } }
  )
})

describe("Scans.submitAll", () => {
  it.effect("submits without waiting, and names what was bought before", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }] })
      const submit = Effect.map(
        Stream.runCollect(Scans.submitAll([Scans.request(vendor.adapter, "a")])),
        (all) => all[0]
      )
      const first = value(yield* finish(submit))
      const second = value(yield* finish(submit))
      assert.deepStrictEqual(
        [first?.state, first?.known, second?.state, second?.known],
        ["submitted", false, "submitted", true]
      )
      assert.strictEqual(first?.ticket?.scanId, second?.ticket?.scanId)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("Scans.wait and pollOnce", () => {
  it.effect("waits for a typed ticket without buying; equal tickets share one loop", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const both = Effect.all(
        [Scans.wait(vendor.adapter, vendor.ticket("x")), Scans.wait(vendor.adapter, vendor.ticket("x"))],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        value(yield* finish(both)).map((outcome) => outcome._tag),
        ["Completed", "Completed"]
      )
      assert.strictEqual(vendor.ledger.polls.length, 2)
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("a scan that would end as not-found asks the adapter's probe first: a refused key is denied (V-17)", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      for (const says of ["the key is good", "Denied", "Transient"] as const) {
        const vendor = Conversation.make({
          vendor: says.replaceAll(" ", "-").toLowerCase(),
          polls: (scanId) => [...(scanId === "typed" ? [] : [{ say: "running" } as const]), { say: "Missing" }],
          policy: steady.pipe(PollPolicy.withDeadline("1 minute"))
        })
        let probes = 0
        const probe = Effect.suspend(() => {
          probes += 1
          return says === "the key is good"
            ? Effect.void
            : Effect.fail(PollFault.make({ kind: says, code: says, message: says }))
        })
        for (const scanId of ["seen", "typed"]) {
          probes = 0
          const exit = yield* finish(Scans.wait({ ...vendor.adapter, probe }, vendor.ticket(scanId)))
          const stop = failure(exit)
          seen.push(`${scanId}, ${says}: ${stop._tag === "PollStopped" ? stop.reason : stop._tag}`)
          assert.isAbove(probes, 0)
          if (says !== "Transient") assert.strictEqual(probes, 1)
        }
      }
      assert.deepStrictEqual(seen, [
        "seen, the key is good: not-found",
        "typed, the key is good: not-found",
        "seen, Denied: denied",
        "typed, Denied: denied",
        "seen, Transient: unreachable",
        "typed, Transient: unreachable"
      ])
    }).pipe(Effect.provide(world))
  )

  it.effect("refused submissions end no wait that was bought before (V-17)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running" }, { say: "running" }, { say: "done" }],
        submits: [{ say: "accept" }, { say: "Denied" }, { say: "Denied" }, { say: "Denied" }],
        policy: steady
      })
      const all = yield* finish(records(["a", "b", "c", "d"].map((wanted) => Scans.request(vendor.adapter, wanted))))
      const states = value(all).map((record) => record.state)
      assert.strictEqual(states.filter((state) => state === "completed").length, 1)
      assert.strictEqual(states.filter((state) => state === "refused" || state === "not-started").length, 3)
    }).pipe(Effect.provide(world))
  )

  it.effect("pollOnce waits for its turn, ends in time, and tells the account what it learned", () =>
    Effect.gen(function* () {
      const accountOf = (vendor: Conversation.Vendor) =>
        Effect.map(RateBudget.RateBudget, (budgets) => budgets.account(vendor.adapter, vendor.adapter.budget))
      const paused = Conversation.make({ vendor: "paused", polls: [{ say: "running" }] })
      ;(yield* accountOf(paused)).pause(30_000)
      value(yield* finish(Scans.pollOnce(paused.adapter, paused.ticket("x"))))
      assert.deepStrictEqual(Conversation.pollTimes(paused), [30_000])

      const hanging = Conversation.make({ vendor: "hanging", polls: [{ say: "hang" }] })
      assert.strictEqual(failure(yield* finish(Scans.pollOnce(hanging.adapter, hanging.ticket("x")))).code, "timeout")
      assert.isTrue(hanging.ledger.polls[0]?.cut)

      const denied = Conversation.make({ vendor: "denied", polls: [{ say: "Denied" }] })
      failure(yield* finish(Scans.pollOnce(denied.adapter, denied.ticket("x"))))
      assert.strictEqual((yield* accountOf(denied)).denials(), 1)

      for (const say of ["running", "Transient"] as const) {
        const vendor = Conversation.make({ vendor: say.toLowerCase(), polls: [{ say }] })
        const start = yield* SteadyClock.now
        const quota = Option.some({ limit: null, remaining: 0, resetAt: start + 60_000 })
        const poll = (ticket: ScanTicket) =>
          Effect.mapBoth(vendor.adapter.poll(ticket), {
            onSuccess: (answer) => ({ ...answer, quota }),
            onFailure: ({ code, hint, kind, message, permanent }) =>
              PollFault.make({ code, hint, kind, message, permanent, quota })
          })
        const adapter = { ...vendor.adapter, poll }
        const twice = Effect.forEach([1, 2], () => Effect.exit(Scans.pollOnce(adapter, vendor.ticket("x"))))
        value(yield* finish(twice))
        assert.deepStrictEqual(Conversation.pollTimes(vendor), [start, start + 60_000])
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("pollOnce asks exactly once and pauses the account when throttled", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "Throttled", hint: 30_000 }, { say: "running" }] })
      failure(yield* finish(Scans.pollOnce(vendor.adapter, vendor.ticket("x"))))
      assert.strictEqual(vendor.ledger.polls.length, 1)
      const budgets = yield* RateBudget.RateBudget
      assert.strictEqual(budgets.account(vendor.adapter, vendor.adapter.budget).pausedUntil(), 30_000)
    }).pipe(Effect.provide(world))
  )
})
