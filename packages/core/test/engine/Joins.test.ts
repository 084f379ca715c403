import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Job from "../../src/engine/internal/job.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type * as PollStopped from "../../src/model/PollStopped.ts"
import * as SubmitError from "../../src/model/SubmitError.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { failure, finish, records, value, withJournal, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const running = { say: "running" } as const

const reasonOf = (error: PollStopped.PollStopped<unknown> | { readonly _tag: string }) =>
  "reason" in error ? error.reason : error._tag

/** How it ended, and when. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.exit(effect), (exit) => Effect.map(SteadyClock.now, (at) => ({ exit, at })))

const scanOf = (vendor: Conversation.Vendor, deadline: `${number} minutes`) =>
  Scans.wait(vendor.adapter, vendor.ticket("x"), { policy: PollPolicy.withDeadline(deadline) })

describe("waits for one scan, in one process", () => {
  it.effect("when the one who polls leaves, the next one keeps the wait that the vendor asked for", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running", hint: 60_000 }, { say: "done" }], policy: steady })
      const first = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("500 millis")
      const second = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(second)
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [1000, 61_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("law 1, a poll that was cut with its owner counts: the next one keeps the floor", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "hang" }, { say: "done" }],
        policy: steady,
        limits: { floor: "7 seconds" }
      })
      const first = yield* Effect.forkChild(scanOf(vendor, "5 minutes"))
      const second = yield* Effect.forkChild(scanOf(vendor, "5 minutes"))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(second)
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [0, 9000])
      assert.strictEqual(vendor.ledger.mostInFlight, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("law 6, each has its own deadline: a shorter one ends in time, as what was last seen", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [running, { say: "word", word: "odd" }], policy: steady })
      const patient = yield* Effect.forkChild(timed(scanOf(vendor, "60 minutes")))
      yield* TestClock.adjust("5 seconds")
      const brief = yield* Effect.forkChild(timed(scanOf(vendor, "1 minutes")))
      yield* TestClock.adjust("2 hours")
      const { exit, at } = yield* Fiber.join(brief)
      assert.deepStrictEqual([reasonOf(failure(exit)), at], ["protocol", 65_000])
      const stop = failure(exit)
      assert.isTrue(stop._tag === "PollStopped" && stop.notBefore >= at && stop.ticket.scanId === "x")
      assert.strictEqual((yield* Fiber.join(patient)).at, 3_600_000)
    }).pipe(Effect.provide(world))
  )

  for (const deadline of [10_000, 20_000, 300_000]) {
    it.effect(
      `law 6, a deadline of ${deadline} ms holds while another process submits the same and is frozen (D-05)`,
      () =>
        Effect.gen(function* () {
          const vendor = Conversation.make({ policy: steady })
          const busy = withJournal(() => ({
            claim: () => Effect.succeed({ _tag: "Busy", claimId: "clm_x", changed: Effect.never } as const)
          }))
          const policy = PollPolicy.withDeadline(deadline)
          const wait = yield* Effect.forkChild(timed(busy(Scans.run(vendor.adapter, "a", { policy }))))
          const batch = yield* Effect.forkChild(timed(busy(records([Scans.request(vendor.adapter, "a", { policy })]))))
          yield* TestClock.adjust("2 hours")
          const { exit, at } = yield* Fiber.join(wait)
          const error = failure(exit)
          assert.deepStrictEqual(error._tag === "SubmitError" ? error.code : error._tag, "being-submitted")
          const [record] = value((yield* Fiber.join(batch)).exit)
          assert.deepStrictEqual([record?.state, record?.reason?.code], ["not-started", "being-submitted"])
          // A submission that is not over in its own time is not waited for until a long deadline.
          const longest = Duration.toMillis(vendor.adapter.limits.submitTimeout) + 60_000
          assert.strictEqual(at, Math.min(deadline, longest))
          assert.strictEqual(vendor.ledger.submissions.length, 0)
        }).pipe(Effect.provide(world))
    )
  }

  it.effect(
    "law 6, who waited for the submission of another process has the rest of its deadline for the scan (D-05)",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [running], policy: steady })
        const journal = yield* ScanJournal.ScanJournal
        const { claimId } = yield* journal.claim(Job.claimKey(Scans.request(vendor.adapter, "a")), {
          subject: { kind: "company", id: "a", name: "a" },
          reuseFrom: 0
        })
        const joined = yield* Effect.forkChild(
          timed(Scans.run(vendor.adapter, "a", { policy: PollPolicy.withDeadline("1 minute") }))
        )
        yield* TestClock.adjust("40 seconds")
        yield* journal.submitted(claimId, vendor.ticket("x"), 0)
        yield* TestClock.adjust("1 hour")
        const { exit, at } = yield* Fiber.join(joined)
        assert.deepStrictEqual([reasonOf(failure(exit)), at], ["deadline", 60_000])
        assert.isAtLeast(vendor.ledger.polls.length, 1)
      }).pipe(Effect.provide(world))
  )

  it.effect("law 6, each has its own deadline: a longer one goes on where a shorter one ended", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [...Array.from({ length: 20 }, () => running), { say: "done" }],
        policy: steady
      })
      const brief = yield* Effect.forkChild(timed(scanOf(vendor, "1 minutes")))
      const patient = yield* Effect.forkChild(timed(scanOf(vendor, "60 minutes")))
      yield* TestClock.adjust("2 hours")
      assert.strictEqual((yield* Fiber.join(brief)).at, 60_000)
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(patient)).exit))
      const times = Conversation.pollTimes(vendor)
      assert.strictEqual(times.length, 21)
      times.slice(1).forEach((at, i) => assert.isAtLeast(at - (times[i] ?? 0), 1000))
    }).pipe(Effect.provide(world))
  )

  it.effect("one that goes on has only the rest of its time", () =>
    Effect.gen(function* () {
      for (const left of ["6 minutes", "400 millis"] as const) {
        const start = yield* SteadyClock.now
        const vendor = Conversation.make({ vendor: left.charAt(0), polls: [running], policy: steady })
        const first = yield* Effect.forkChild(scanOf(vendor, "60 minutes"))
        const second = yield* Effect.forkChild(timed(scanOf(vendor, "10 minutes")))
        yield* TestClock.adjust(600_000 - Duration.toMillis(left))
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust("2 hours")
        const { exit, at } = yield* Fiber.join(second)
        assert.strictEqual(reasonOf(failure(exit)), "deadline")
        assert.isAtMost(at - start, 600_000 + 1000)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("one that could not ask again in its own time hears why the other one ended", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "Transient", hint: 3_000_000, takes: 1000 }],
        policy: steady
      })
      const waits = Effect.all(
        (["5 minutes", "9 minutes"] as const).map((deadline) => Effect.exit(scanOf(vendor, deadline))),
        { concurrency: "unbounded" }
      )
      const exits = value(yield* finish(waits))
      assert.deepStrictEqual(
        exits.map((exit) => reasonOf(failure(exit))),
        ["unreachable", "unreachable"]
      )
      assert.strictEqual(vendor.ledger.polls.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("what ends a scan for good ends it for all of them, with one loop of polls", () =>
    Effect.gen(function* () {
      for (const [say, reason, polls] of [
        ["Denied", "denied", 1],
        ["Missing", "not-found", 1],
        ["Broken", "protocol", 3],
        ["Transient", "unreachable", 1]
      ] as const) {
        const permanent = say === "Transient"
        const vendor = Conversation.make({
          vendor: say.toLowerCase(),
          polls: [{ say, takes: 1000, permanent }],
          policy: steady
        })
        const waits = Effect.all(
          (["5 minutes", "9 minutes", "30 minutes"] as const).map((deadline) => Effect.exit(scanOf(vendor, deadline))),
          { concurrency: "unbounded" }
        )
        const exits = value(yield* finish(waits))
        assert.deepStrictEqual(
          exits.map((exit) => reasonOf(failure(exit))),
          [reason, reason, reason]
        )
        assert.strictEqual(vendor.ledger.polls.length, polls)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("one that dies takes nobody with it", () =>
    Effect.gen(function* () {
      const slowly = { say: "running", takes: 1000 } as const
      const vendor = Conversation.make({ polls: [slowly, { say: "done" }], policy: steady })
      const dying = PollPolicy.withPace(() => {
        throw new Error("bug")
      })
      const first = yield* Effect.forkChild(
        Effect.exit(Scans.wait(vendor.adapter, vendor.ticket("x"), { policy: dying }))
      )
      const second = yield* Effect.forkChild(scanOf(vendor, "5 minutes"))
      yield* TestClock.adjust("10 minutes")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
      assert.strictEqual((yield* Fiber.join(second))._tag, "Completed")
    }).pipe(Effect.provide(world))
  )

  it.effect("an outcome that cannot be kept fails for all of them, and keeps nobody waiting", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [running, { say: "done" }], policy: steady })
      const full = withJournal(() => ({
        settled: () => Effect.fail(new ScanJournal.JournalError({ reason: "full", message: "no" }))
      }))
      const requests = Array.from({ length: 3 }, () => Scans.fromTicket(vendor.adapter, vendor.ticket("x")))
      const all = value(yield* finish(full(records(requests))))
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.because]),
        Array.from({ length: 3 }, () => ["interrupted", "journal"])
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("they count as one open scan of the account, for as long as one of them waits", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: (scanId) =>
          scanId === "x" ? [...Array.from({ length: 5 }, () => running), { say: "done" }] : [{ say: "done" }],
        policy: steady,
        budget: { openScans: 2 }
      })
      const waits = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 4 }, () => scanOf(vendor, "5 minutes")),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust("2 seconds")
      const bought = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(waits)
      yield* Fiber.join(bought)
    }).pipe(Effect.provide(world))
  )

  it.effect("a known scan that is waited for counts as an open one", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: (scanId) =>
          scanId === "x" ? [...Array.from({ length: 5 }, () => running), { say: "done" }] : [{ say: "done" }],
        policy: steady,
        budget: { openScans: 1 }
      })
      const known = yield* Effect.forkChild(scanOf(vendor, "5 minutes"))
      yield* TestClock.adjust("2 seconds")
      const bought = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(known)
      yield* Fiber.join(bought)
      assert.strictEqual(vendor.ledger.submissions[0]?.at, 50_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("one purchase for equal requests counts as one open scan, whoever of them polls it", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept", takes: 1000 }],
        polls: [...Array.from({ length: 5 }, () => running), { say: "done" }],
        policy: steady,
        budget: { openScans: 2 }
      })
      const requests = ["a", "a", "a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted))
      yield* finish(records(requests))
      assert.deepStrictEqual(
        vendor.ledger.submissions.map((entry) => [entry.request, entry.at]),
        [
          ["a", 0],
          ["b", 0]
        ]
      )
      yield* Effect.gen(function* () {
        const first = yield* Effect.forkChild(records([requests[0], requests[1]].flatMap((each) => each ?? [])))
        yield* TestClock.adjust("5 seconds")
        const at = (yield* SteadyClock.now) + 0
        const second = yield* Effect.forkChild(Scans.run(vendor.adapter, "c"))
        yield* TestClock.adjust("10 minutes")
        yield* Fiber.join(first)
        yield* Fiber.join(second)
        assert.strictEqual(vendor.ledger.submissions.at(-1)?.at, at)
      }).pipe(Effect.provide(Layer.fresh(world)))
    }).pipe(Effect.provide(world))
  )

  it.effect("one that only submits does not let go of a scan that another one polls", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [running, running, { say: "done" }], policy: steady })
      const left: Array<string> = []
      const spied = withJournal((journal) => ({
        leave: (claimId) => {
          left.push(claimId)
          journal.leave(claimId)
        }
      }))
      yield* spied(
        Effect.gen(function* () {
          const polling = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
          yield* TestClock.adjust("5 seconds")
          yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
          assert.deepStrictEqual(left, [])
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(polling)
          yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "b")]))
          assert.strictEqual(left.length, 1)
        })
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("the record of one that did not poll shows what was last seen", () =>
    Effect.gen(function* () {
      const progress = { fraction: 0.4, done: 4, total: 10 }
      const vendor = Conversation.make({ polls: [{ say: "running", progress }], policy: steady })
      const requests = Array.from({ length: 2 }, () => Scans.fromTicket(vendor.adapter, vendor.ticket("x")))
      const all = value(yield* finish(records(requests, { until: Effect.sleep("15 seconds") })))
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.progress, record.notBefore]),
        [
          ["interrupted", progress, 20_000],
          ["interrupted", progress, 20_000]
        ]
      )
      assert.deepStrictEqual(
        all.map((record) => record.polls).sort((a, b) => a - b),
        [0, 2]
      )
    }).pipe(Effect.provide(world))
  )
})

describe("a scan that another process polls", () => {
  const theirs = (notBefore: number) =>
    withJournal(() => ({
      // It says every second that something may have changed.
      take: () => Effect.succeed({ _tag: "Theirs", notBefore, changed: Effect.sleep("1 second") } as const)
    }))

  it.effect("law 6, is waited for until our deadline, however often it changes", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const fiber = yield* Effect.forkChild(timed(theirs(4_000_000)(scanOf(vendor, "5 minutes"))))
      yield* TestClock.adjust("2 hours")
      const { exit, at } = yield* Fiber.join(fiber)
      const stop = failure(exit)
      assert.strictEqual(reasonOf(stop), "deadline")
      assert.isTrue(stop._tag === "PollStopped" && stop.notBefore === 4_000_000)
      assert.isAtMost(at, 300_000 + 1000)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("a refused credential", () => {
  it.effect("stops the rest of a batch once a second call was refused (V-17)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "Denied" }], policy: steady })
      const requests = Array.from({ length: 4 }, (_, i) => Scans.fromTicket(vendor.adapter, vendor.ticket(`s${i}`)))
      const all = value(yield* finish(records(requests, { concurrency: 1 })))
      assert.strictEqual(vendor.ledger.polls.length, 2)
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.because]),
        Array.from({ length: 4 }, () => ["denied", "credential"])
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("leaves a submission on its way alone, and asks about it once (V-17)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept" }, { say: "accept", takes: 5000 }],
        polls: [{ say: "Denied" }],
        policy: steady
      })
      const all = value(yield* finish(records(["a", "b"].map((wanted) => Scans.request(vendor.adapter, wanted)))))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["denied", "denied"]
      )
      assert.isTrue(all.every((record) => record.ticket !== null))
      assert.strictEqual(vendor.ledger.polls.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("fetches no findings any more; a later run may try again", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: (scanId) =>
          scanId.startsWith("s0") ? [{ say: "Denied", takes: 1000 }] : [{ say: "done", takes: 2000 }],
        policy: steady,
        collect: ["found"]
      })
      const requests = ["s0", "s0b", "s1"].map((scanId) => Scans.fromTicket(vendor.adapter, vendor.ticket(scanId)))
      const all = value(yield* finish(records(requests)))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["denied", "denied", "completed"]
      )
      assert.strictEqual(vendor.ledger.collects.length, 0)
      assert.deepStrictEqual(all[2]?.warnings, ["the vendor's findings could not be fetched (denied)"])
      const again = value(yield* finish(records([Scans.fromTicket(vendor.adapter, vendor.ticket("s2"))])))
      assert.deepStrictEqual([again[0]?.state, vendor.ledger.collects.length], ["completed", 1])
    }).pipe(Effect.provide(world))
  )
})

describe("the findings of a scan", () => {
  const collecting = (vendor: Conversation.Vendor, answers: ReadonlyArray<PollFault.PollFault | "hang" | "found">) => {
    const times: Array<number> = []
    const collect = () =>
      Effect.flatMap(SteadyClock.now, (now) => {
        const answer = answers[Math.min(times.push(now), answers.length) - 1] ?? "found"
        if (answer === "hang") return Effect.never
        return answer === "found"
          ? Effect.succeed({ coverage: "full" as const, total: 0, items: [] })
          : Effect.fail(answer)
      })
    return { times, adapter: { ...vendor.adapter, collect } }
  }
  const faultOf = (kind: PollFault.PollFaultKind, hint: number | null = null) =>
    PollFault.make({
      kind,
      code: kind,
      message: kind,
      hint: hint === null ? Option.none() : Option.some(Duration.millis(hint))
    })

  it.effect("are asked for again no sooner than the vendor wants, under the caps, and within a time limit", () =>
    Effect.gen(function* () {
      const make = (vendor: string) =>
        Conversation.make({ vendor, policy: steady, limits: { floor: "3 seconds", hintCap: "1 minute" } })
      for (const [name, answers, expected] of [
        ["floor", [faultOf("Transient"), faultOf("Broken"), "found"], [0, 3000, 7000]],
        ["hint", [faultOf("Transient", 20_000), "found"], [0, 20_000]],
        ["cap", [faultOf("Transient", 9_000_000), "found"], [0, 60_000]],
        ["throttled", [faultOf("Throttled", 90_000), "found"], [0, 90_000]],
        ["hang", ["hang", "found"], [0, 15_000 + 3000]]
      ] as const) {
        const { adapter, times } = collecting(make(name), answers)
        const [record] = value(yield* finish(records([Scans.request(adapter, "a")])))
        assert.deepStrictEqual(
          times.map((time) => time - (times[0] ?? 0)),
          [...expected],
          name
        )
        assert.strictEqual(record?.outcome?._tag === "Completed" ? record.outcome.findings.coverage : "", "full", name)
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("refused to our credential stop the account, and change no outcome", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const { adapter, times } = collecting(vendor, [faultOf("Denied")])
      const requests = ["a", "b"].map((wanted) => Scans.request(adapter, wanted))
      const all = value(yield* finish(records(requests, { concurrency: 1 })))
      assert.deepStrictEqual(
        all.map((record) => [record.state, record.because]),
        [
          ["completed", "outcome"],
          ["not-started", "credential"]
        ]
      )
      assert.strictEqual(times.length, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("a vendor that puts submissions off", () => {
  it.effect("finds every request of a batch patient, the late ones too", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept" }, { say: "accept" }, { say: "Throttled", hint: 5000 }, { say: "accept" }],
        polls: [...Array.from({ length: 25 }, () => running), { say: "done" }],
        policy: steady
      })
      const requests = ["a", "b", "c"].map((wanted) => Scans.request(vendor.adapter, wanted))
      const all = value(yield* finish(records(requests, { concurrency: 1 })))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["completed", "completed", "completed"]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("is given up when it does so for longer than the deadline", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "Throttled", hint: 50_000 }], policy: steady })
      const fiber = yield* Effect.forkChild(timed(Scans.run(vendor.adapter, "a")))
      yield* TestClock.adjust("1 hour")
      assert.isAtMost((yield* Fiber.join(fiber)).at, 300_000)
    }).pipe(Effect.provide(Layer.fresh(world)))
  )
})

describe("the budget of an account", () => {
  it.effect("learns from the answers to submissions, good ones and others", () =>
    Effect.gen(function* () {
      const minute = Duration.minutes(1)
      for (const say of ["accept", "already", "Refused"] as const) {
        const start = yield* SteadyClock.now
        const quota = Option.some({ limit: null, remaining: 0, resetAt: start + Duration.toMillis(minute) })
        const vendor = Conversation.make({ vendor: say.toLowerCase(), submits: [{ say }, { say: "already" }] })
        let asked = 0
        const submit = (wanted: string) =>
          Effect.suspend(() => {
            const given = vendor.adapter.submit(wanted)
            if (++asked > 1) return given
            return Effect.mapBoth(given, {
              onSuccess: (answer) => ({ ...answer, quota }),
              onFailure: ({ code, hint, kind, message, permanent }) =>
                SubmitError.make({ code, hint, kind, message, permanent, quota })
            })
          })
        const requests = ["a", "b"].map((wanted) => Scans.request({ ...vendor.adapter, submit }, wanted))
        yield* finish(records(requests, { concurrency: 1 }))
        assert.deepStrictEqual(
          vendor.ledger.submissions.map((entry) => entry.at - start),
          [0, 60_000]
        )
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("is left as it was found, however its scans ended", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [
          { say: "accept" },
          { say: "already" },
          { say: "Refused" },
          { say: "NotSent", permanent: true },
          { say: "InDoubt" },
          { say: "Throttled", hint: 400_000 },
          { say: "accept" }
        ],
        polls: (scanId) => (scanId === "scan-1" ? [{ say: "done" }] : [{ say: "Broken" }]),
        policy: steady,
        budget: { openScans: 1 }
      })
      const requests = Array.from({ length: 7 }, (_, i) => Scans.request(vendor.adapter, `t${i}`))
      const all = value(yield* finish(records(requests, { concurrency: 1 })))
      assert.deepStrictEqual(
        all.map((record) => record.state),
        ["completed", "completed", "refused", "not-started", "in-doubt", "not-started", "protocol"]
      )
      const budget = (yield* RateBudget.RateBudget).account(vendor.adapter, vendor.adapter.budget)
      yield* finish(Scans.run(vendor.adapter, "t7"))
      budget.load(1)
      assert.strictEqual(budget.open(), 1)
      const turn = yield* budget.turn({ kind: "submit", due: yield* SteadyClock.now, lane: "" })
      assert.strictEqual(turn.waited, 0)
    }).pipe(Effect.provide(world))
  )
})
