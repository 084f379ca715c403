import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Keeper from "../../src/engine/Keeper.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { withJournal, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
const minute = 60_000

/** What a later process finds: the same journal, nothing else of this one. */
const nextProcess = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(ScanJournal.ScanJournal, (journal) =>
    effect.pipe(
      Effect.provideService(ScanJournal.ScanJournal, { ...journal }),
      Effect.provide(Layer.fresh(RateBudget.layerMemory))
    )
  )

const after = <A, E, R>(duration: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(duration)
    return yield* Fiber.join(fiber)
  })

const resumed = (vendor: Conversation.Vendor) => Stream.runCollect(Scans.resumeOpen([vendor.adapter]))

describe("Scans.resumeOpen", () => {
  it.effect("goes on with every open claim, not before its stored time; names what is in doubt; buys nothing", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        submits: [{ say: "accept" }, { say: "hang", accepted: true }],
        polls: [{ say: "running", hint: 40_000 }, { say: "done" }],
        policy: steady
      })
      const killed = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(killed)
      yield* after(20_000, Effect.exit(Scans.run(vendor.adapter, "b")))
      const all = yield* nextProcess(after(minute, resumed(vendor)))
      assert.deepStrictEqual(
        all.map((record) => [record.subject.id, record.state]),
        [
          ["b", "in-doubt"],
          ["a", "completed"]
        ]
      )
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [1000, 41_000])
      assert.strictEqual(vendor.ledger.submissions.length, 2)
      assert.deepStrictEqual(yield* nextProcess(resumed(vendor)).pipe(Effect.map((left) => left.length)), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("leaves claims of other accounts, origins and environments alone, and names them", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
      for (const other of [{ account: "b" }, { origin: "https://evil.test" }, { vendor: "else" }]) {
        const adapter = { ...vendor.adapter, ...other }
        const { requests, strangers } = yield* Scans.listOpen([adapter])
        assert.deepStrictEqual([requests.length, strangers.length], [0, 1])
      }
      assert.strictEqual((yield* Scans.listOpen([{ ...vendor.adapter, environment: "test" }])).requests.length, 1)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("DU-04 an interrupted poll counts: the next process keeps the floor from there", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running" }, { say: "running", takes: 5000 }, { say: "done" }],
        policy: steady,
        limits: { floor: "7 seconds" }
      })
      const first = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("20 seconds")
      const at = vendor.ledger.polls.length
      yield* Fiber.interrupt(first)
      const cutAt = 20_000
      yield* nextProcess(after(minute, resumed(vendor)))
      assert.isAtLeast(vendor.ledger.polls[at]?.at ?? 0, cutAt + 7000)
    }).pipe(Effect.provide(world))
  )

  for (const floor of [200, 1_000, 3_000]) {
    it.effect(`the first poll leaves a floor of ${floor} ms to the last one of an owner that is gone (D-13)`, () =>
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        yield* TestClock.adjust("1 hour")
        const kinds = ["wait", "keeper"] as const
        for (const kind of kinds) {
          for (const [ago, stored, due] of [
            [0, 0, floor],
            [100, 0, floor - 100],
            [floor, 0, 0],
            [3_600_000, 0, 0],
            [0, 5_000, 5_000],
            [undefined, 0, 0]
          ] as const) {
            const policy = PollPolicy.make({ pace: "10 seconds", spread: 0, first: 0, floor })
            const vendor = Conversation.make({ limits: { floor }, policy })
            const ticket = vendor.ticket(`${kind}-${floor}-${ago}-${stored}`)
            const { claimId } = yield* journal.adopt(ticket, { kind: "url", id: "s", name: "s" })
            const now = yield* SteadyClock.now
            const left = { notBefore: now + stored, ...(ago === undefined ? {} : { polledUntil: now - ago }) }
            const next: ScanJournal.Operations = {
              ...journal,
              take: (id) => Effect.map(journal.take(id), (hold) => (hold._tag === "Ours" ? { ...hold, ...left } : hold))
            }
            const polling =
              kind === "wait"
                ? Effect.asVoid(Scans.wait(vendor.adapter, ticket))
                : Effect.scoped(
                    Effect.gen(function* () {
                      const keeper = yield* Keeper.make({ rest: () => 60_000 })
                      yield* keeper.add({ claimId, ticket, guard: null, ...left }, vendor.adapter, policy)
                      yield* Effect.sleep("30 seconds")
                    })
                  )
            yield* after(minute, Effect.provideService(polling, ScanJournal.ScanJournal, next))
            assert.deepStrictEqual(Conversation.pollTimes(vendor), [now + due], `${kind} ${ago} ${stored}`)
          }
        }
      }).pipe(Effect.provide(world))
    )
  }

  it.effect(
    "a pause that was stored before the clock was set back holds for what it had left, never past the cap (D-11)",
    () =>
      Effect.gen(function* () {
        const hours8 = 480 * minute
        for (const [until, at, longest] of [
          [hours8 + 10_000, hours8, 10_000],
          [hours8 + 10_000, undefined, 60 * minute],
          [hours8 * 3, hours8, 60 * minute],
          // Stored an hour ago, for longer than a pause may be.
          [hours8, -60 * minute, 0]
        ] as const) {
          const vendor = Conversation.make({ policy: steady, limits: { floor: "1 second", pauseCap: "1 hour" } })
          const start = yield* SteadyClock.now
          const stored = { ...vendor.adapter, until: start + until, ...(at === undefined ? {} : { at: start + at }) }
          const paused = withJournal(() => ({ pauses: Effect.succeed([stored]) }))
          yield* nextProcess(paused(after(70 * minute, Scans.run(vendor.adapter, "a", { reuse: 0 }))))
          assert.deepStrictEqual(
            vendor.ledger.submissions.map((entry) => entry.at - start),
            [longest]
          )
        }
      }).pipe(Effect.provide(world))
  )

  it.effect("a scan that another owner's wait keeps past the deadline says when it may be asked (D-11)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      const { claimId } = yield* journal.adopt(vendor.ticket("far"), { kind: "url", id: "s", name: "s" })
      journal.waiting(claimId, 480 * minute)
      const [record] = yield* after(
        minute,
        Stream.runCollect(Scans.runAll([Scans.fromTicket(vendor.adapter, vendor.ticket("far"))]))
      )
      assert.strictEqual(record?.state, "still-running")
      assert.include(record?.reason?.message, "it is not to be asked before 1970-01-01T08:00:00.000Z")
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("a scan whose outcome is known is asked anew no sooner than a floor after it was (D-13)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady, limits: { floor: "7 seconds" } })
      const outcome = yield* after(minute, Scans.run(vendor.adapter, "a"))
      const fresh = Scans.wait(vendor.adapter, outcome.ticket, { fresh: true })
      const before = Conversation.pollTimes(vendor)
      const start = yield* SteadyClock.now
      for (let again = 0; again < 3; again++) yield* nextProcess(after(8_000, fresh))
      const times = Conversation.pollTimes(vendor)
      assert.isAbove(times.length, before.length)
      assert.strictEqual(times[before.length], start)
      times.slice(1).forEach((at, i) => assert.isAtLeast(at - (times[i] ?? 0), 7000))
    }).pipe(Effect.provide(world))
  )

  it.effect("a typed key has the subject that the journal knows, and the kind unknown where it knows none (V-10)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const { ticket } = yield* Scans.submit(vendor.adapter, "a")
      const second = Conversation.make({ policy: steady, account: "second" })
      const waits = [
        Scans.fromTicket(vendor.adapter, ticket),
        Scans.fromTicket(vendor.adapter, vendor.ticket("typed")),
        Scans.fromTicket(second.adapter, second.ticket("typed"))
      ]
      const records = yield* after(5 * minute, Stream.runCollect(Scans.runAll(waits)))
      assert.deepStrictEqual(
        [...records].toSorted((one, other) => one.index - other.index).map(({ subject }) => subject),
        [
          { kind: "company", id: "a", name: "a" },
          { kind: "unknown", id: "typed", name: "acme:typed" },
          { kind: "unknown", id: "typed", name: "acme@second:typed" }
        ]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("DU-13 a restart with another interval and another key goes on with what is open, by the new ones", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "running" }, { say: "running" }, { say: "done" }],
        policy: steady
      })
      const keys: Array<string> = []
      const keyed = (key: string, policy: PollPolicy.PollPolicy) => ({
        ...vendor.adapter,
        policy,
        poll: (ticket: ScanTicket.ScanTicket) => Effect.suspend(() => (keys.push(key), vendor.adapter.poll(ticket)))
      })
      const first = yield* Effect.forkChild(Scans.run(keyed("old", steady), "a"))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(first)
      const slower = PollPolicy.make({ pace: "25 seconds", spread: 0 })
      const [record] = yield* nextProcess(
        after(2 * minute, Stream.runCollect(Scans.resumeOpen([keyed("new", slower)])))
      )
      assert.strictEqual(record?.state, "completed")
      assert.deepStrictEqual(keys, ["old", "new", "new"])
      assert.deepStrictEqual(Conversation.pollTimes(vendor), [1000, 11_000, 36_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("a pause the vendor asked for holds in the next process, up to the cap", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [{ say: "Throttled", hint: 50_000 }, { say: "done" }],
        policy: steady
      })
      const other = Scans.request(vendor.adapter, "b")
      const first = yield* Effect.forkChild(Scans.run(vendor.adapter, "a"))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(first)
      yield* nextProcess(after(2 * minute, Stream.runDrain(Scans.runAll([other]))))
      assert.deepStrictEqual(
        vendor.ledger.submissions.map((entry) => entry.at),
        [0, 51_000]
      )
      const journal = yield* ScanJournal.ScanJournal
      journal.paused(vendor.adapter, Number.MAX_SAFE_INTEGER)
      const third = Scans.request(vendor.adapter, "c")
      yield* nextProcess(after(62 * minute, Stream.runDrain(Scans.runAll([third]))))
      assert.isAtMost(vendor.ledger.submissions[2]?.at ?? Infinity, 122_000 + 60 * minute)
    }).pipe(Effect.provide(world))
  )

  it.effect("values read back are checked: another host's outcome, ticket or link leads nowhere", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      yield* after(minute, Scans.run(vendor.adapter, "a"))
      const journal = yield* ScanJournal.ScanJournal
      const [entry] = yield* journal.list(["settled"])
      const outcome = entry?.outcome
      if (entry === undefined || typeof outcome !== "object" || outcome === null) return assert.fail("no outcome")
      const tampered = (change: object, ticket: ScanTicket.ScanTicket | null = entry.ticket) => {
        const stored = { ...entry, ticket, state: "settled" as const, outcome: { ...outcome, ...change } }
        const lying = ScanJournal.ScanJournal.of({
          ...journal,
          claim: () => Effect.succeed({ _tag: "Settled", claimId: "c", outcome: stored.outcome, at: 0 }),
          get: () => Effect.succeed({ ...stored, state: ticket === entry.ticket ? "settled" : "submitted" })
        })
        return {
          run: Effect.exit(Scans.run(vendor.adapter, "a")).pipe(Effect.provideService(ScanJournal.ScanJournal, lying)),
          goOn: Stream.runCollect(Scans.runAll([Scans.fromClaim(vendor.adapter, entry)])).pipe(
            Effect.provideService(ScanJournal.ScanJournal, lying)
          )
        }
      }
      const elsewhere = vendor.ticket("s")
      for (const change of [
        { ticket: { ...elsewhere, origin: "https://evil.test" } },
        { ticket: { ...elsewhere, scanId: ".." } },
        { _tag: "Great" },
        { completedAt: "soon" }
      ]) {
        assert.isTrue(Exit.isFailure(yield* tampered(change).run))
      }
      const linked = yield* tampered({ links: { report: "https://evil.test/x" } }).run
      assert.deepStrictEqual(Exit.isSuccess(linked) ? linked.value.links : null, { report: null })
      const [record] = yield* tampered({}, { ...elsewhere, origin: "https://evil.test" }).goOn
      assert.deepStrictEqual([record?.state, record?.because], ["interrupted", "journal"])
      const evil = { ...entry, ticket: { ...elsewhere, origin: "https://evil.test" } }
      assert.isNull(Scans.fromClaim(vendor.adapter, evil).ticket)
      const polled = vendor.ledger.polls.length
      assert.strictEqual(polled, 1)
    }).pipe(Effect.provide(world))
  )
})

describe("holding a claim", () => {
  it.effect("while another process polls, its answer is waited for; when it is gone, the wait goes on here", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
      const journal = yield* ScanJournal.ScanJournal
      const gone = yield* Deferred.make<void>()
      let takes = 0
      const shared = ScanJournal.ScanJournal.of({
        ...journal,
        take: (claimId) =>
          takes++ === 0
            ? Effect.succeed({ _tag: "Theirs", notBefore: 0, changed: Deferred.await(gone) })
            : journal.take(claimId)
      })
      const waiting = yield* Effect.forkChild(
        Scans.run(vendor.adapter, "a").pipe(Effect.provideService(ScanJournal.ScanJournal, shared))
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(vendor.ledger.polls.length, 0)
      yield* Deferred.succeed(gone, undefined)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "Completed")
      assert.strictEqual(vendor.ledger.polls.length, 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("a wait on another process ends by its own deadline, with the ticket", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
      const journal = yield* ScanJournal.ScanJournal
      const held = ScanJournal.ScanJournal.of({
        ...journal,
        take: () => Effect.succeed({ _tag: "Theirs", notBefore: 7, changed: Effect.never })
      })
      const [record] = yield* after(
        6 * minute,
        Stream.runCollect(Scans.runAll([Scans.request(vendor.adapter, "a")])).pipe(
          Effect.provideService(ScanJournal.ScanJournal, held)
        )
      )
      assert.strictEqual(record?.state, "still-running")
      assert.strictEqual(record?.ticket?.scanId, "scan-1")
    }).pipe(Effect.provide(world))
  )

  for (const stopped of ["denied", "not-found", "protocol"] as const) {
    it.effect(`a wait on another process that gave the scan up as ${stopped} ends at once, with its words (D-03)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
        yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
        const journal = yield* ScanJournal.ScanJournal
        const rests = { code: "E7", message: "said to the worker", at: 1, by: "worker 1", until: 90_000, stopped }
        const held = ScanJournal.ScanJournal.of({
          ...journal,
          take: () => Effect.succeed({ _tag: "Theirs", notBefore: 90_000, changed: Effect.never, rests })
        })
        const [record] = yield* after(
          1_000,
          Stream.runCollect(Scans.runAll([Scans.request(vendor.adapter, "a")])).pipe(
            Effect.provideService(ScanJournal.ScanJournal, held)
          )
        )
        assert.deepStrictEqual(
          [record?.state, record?.reason?.code, record?.reason?.message, record?.notBefore, record?.ticket?.scanId],
          [stopped, "E7", "said to the worker", stopped === "not-found" ? null : 90_000, "scan-1"]
        )
        assert.strictEqual(vendor.ledger.polls.length, 0)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("a wait on another process names at its deadline the fault that one met last (D-03)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* Stream.runDrain(Scans.submitAll([Scans.request(vendor.adapter, "a")]))
      const journal = yield* ScanJournal.ScanJournal
      const lastFault = { code: "503", message: "busy", at: 1, by: "worker 1", until: 9 }
      const held = (fault: ScanJournal.LastFault | null) =>
        ScanJournal.ScanJournal.of({
          ...journal,
          take: () => Effect.succeed({ _tag: "Theirs", notBefore: 7, changed: Effect.never }),
          get: (claimId) =>
            Effect.map(journal.get(claimId), (entry) => entry && { ...entry, heldBy: "worker 1", lastFault: fault })
        })
      const run = (fault: ScanJournal.LastFault | null) =>
        after(
          6 * minute,
          Stream.runCollect(Scans.runAll([Scans.request(vendor.adapter, "a")])).pipe(
            Effect.provideService(ScanJournal.ScanJournal, held(fault))
          )
        )
      const [failing] = yield* run(lastFault)
      assert.deepStrictEqual([failing?.state, failing?.reason?.message], ["unreachable", "busy"])
      const [running] = yield* run(null)
      assert.strictEqual(running?.state, "still-running")
      assert.match(running?.reason?.message ?? "", /while the scan was running/)
    }).pipe(Effect.provide(world))
  )

  it.effect("a process that lost its claim stops polling at once and waits for whoever has it now", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      const lost = yield* Deferred.make<never, ScanJournal.JournalError>()
      let takes = 0
      const frozen = ScanJournal.ScanJournal.of({
        ...journal,
        take: (claimId) =>
          Effect.map(journal.take(claimId), (hold): ScanJournal.Hold => {
            const guard = { ready: Effect.void, lost: Deferred.await(lost), lapsed: Effect.never }
            if (takes++ === 0) return hold._tag === "Ours" ? { ...hold, guard } : hold
            return hold._tag === "Over" ? hold : { _tag: "Theirs", notBefore: 0, changed: Effect.sleep("5 seconds") }
          })
      })
      const waiting = yield* Effect.forkChild(
        Scans.run(vendor.adapter, "a").pipe(Effect.provideService(ScanJournal.ScanJournal, frozen))
      )
      yield* TestClock.adjust("15 seconds")
      const polled = vendor.ledger.polls.length
      yield* Deferred.fail(lost, new ScanJournal.JournalError({ reason: "lost", message: "taken over" }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(vendor.ledger.polls.length, polled)
      const [entry] = yield* journal.list(["submitted"])
      const ticket = entry?.ticket ?? vendor.ticket("none")
      yield* journal.settled(entry?.claimId ?? "", {
        _tag: "Failed",
        ticket,
        vendorStatus: "failed",
        createdAt: null,
        completedAt: null,
        cached: false,
        ageMs: null,
        warnings: [],
        links: { report: null },
        requestId: null,
        reason: { code: null, message: "told by the other process", advice: null, requestId: null },
        payload: null
      })
      yield* TestClock.adjust("1 minute")
      const outcome = yield* Fiber.join(waiting)
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.message : "", "told by the other process")
    }).pipe(Effect.provide(world))
  )

  it.effect("polls pause while the journal has trouble, and go on when it heals", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      let healed = yield* Deferred.make<void>()
      yield* Deferred.succeed(healed, undefined)
      const troubled = ScanJournal.ScanJournal.of({
        ...journal,
        take: (claimId) =>
          Effect.map(journal.take(claimId), (hold): ScanJournal.Hold => {
            const ready = Effect.suspend(() => Deferred.await(healed))
            return hold._tag === "Ours" ? { ...hold, guard: { ready, lost: Effect.never, lapsed: Effect.never } } : hold
          })
      })
      const waiting = yield* Effect.forkChild(
        Scans.run(vendor.adapter, "a").pipe(Effect.provideService(ScanJournal.ScanJournal, troubled))
      )
      yield* TestClock.adjust("5 seconds")
      healed = yield* Deferred.make<void>()
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(vendor.ledger.polls.length, 1)
      yield* Deferred.succeed(healed, undefined)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "Completed")
    }).pipe(Effect.provide(world))
  )
})

describe("EX-17 what was bought and cannot be stored", () => {
  it.effect("the ticket is written again until it is kept; it is never sent again", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      let failures = 5
      const flaky = ScanJournal.ScanJournal.of({
        ...journal,
        submitted: (claimId, ticket, notBefore) =>
          Effect.suspend(() =>
            failures-- > 0
              ? Effect.fail(new ScanJournal.JournalError({ reason: "full", message: "disk full" }))
              : journal.submitted(claimId, ticket, notBefore)
          )
      })
      const outcome = yield* after(
        minute,
        Scans.run(vendor.adapter, "a").pipe(Effect.provideService(ScanJournal.ScanJournal, flaky))
      )
      assert.strictEqual(outcome._tag, "Completed")
      assert.strictEqual(vendor.ledger.submissions.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("an equal request of the same batch is not left waiting: it is in doubt", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      const broken = ScanJournal.ScanJournal.of({
        ...journal,
        submitted: () => Effect.fail(new ScanJournal.JournalError({ reason: "full", message: "disk full" }))
      })
      const requests = [Scans.request(vendor.adapter, "a"), Scans.request(vendor.adapter, "a")]
      const records = yield* after(
        minute,
        Stream.runCollect(Scans.runAll(requests)).pipe(Effect.provideService(ScanJournal.ScanJournal, broken))
      )
      assert.deepStrictEqual(records.map((record) => record.state).sort(), ["in-doubt", "interrupted"])
      assert.strictEqual(vendor.ledger.submissions.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("when it never is, the record carries the ticket and says that the journal failed", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady })
      const journal = yield* ScanJournal.ScanJournal
      const broken = ScanJournal.ScanJournal.of({
        ...journal,
        submitted: () => Effect.fail(new ScanJournal.JournalError({ reason: "full", message: "disk full" }))
      })
      const [record] = yield* after(
        minute,
        Stream.runCollect(Scans.runAll([Scans.request(vendor.adapter, "a")])).pipe(
          Effect.provideService(ScanJournal.ScanJournal, broken)
        )
      )
      assert.deepStrictEqual([record?.because, record?.ticket?.scanId], ["journal", "scan-1"])
      assert.deepStrictEqual(
        (yield* journal.list(["in-doubt"])).map((entry) => entry.reason?.code),
        ["answer-not-stored"]
      )
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.strictEqual(vendor.ledger.polls.length, 0)
    }).pipe(Effect.provide(world))
  )
})

describe("Scans.reconcile", () => {
  const read = (stored: unknown) => (typeof stored === "string" ? stored : null)
  const inDoubt = (found: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ submits: [{ say: "InDoubt", accepted: true }], policy: steady })
      const asked: Array<readonly [string, number, ReadonlyArray<string>]> = []
      const adapter = {
        ...vendor.adapter,
        reconcile: (request: string, since: number, known: ReadonlySet<string>) =>
          Effect.sync(() => {
            asked.push([request, since, [...known]])
            return found.map((id) => vendor.ticket(id, since))
          })
      }
      yield* TestClock.adjust("3 seconds")
      yield* Effect.exit(Scans.run(adapter, "a"))
      const journal = yield* ScanJournal.ScanJournal
      const [entry] = yield* journal.list(["in-doubt"])
      return { adapter, asked, claimId: entry?.claimId ?? "", journal, vendor }
    })

  it.effect("the one scan that it can be is found: the claim is open again and is waited for", () =>
    Effect.gen(function* () {
      const { adapter, asked, claimId, vendor } = yield* inDoubt(["s1"])
      const answer = yield* Scans.reconcile(adapter, claimId, read)
      assert.strictEqual(answer._tag === "Found" ? answer.ticket.scanId : "", "s1")
      assert.deepStrictEqual(asked, [["a", 3000, []]])
      assert.strictEqual((yield* after(minute, Scans.run(adapter, "a")))._tag, "Completed")
      assert.strictEqual(vendor.ledger.submissions.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("none or several change nothing; a claim that is not in doubt is a conflict", () =>
    Effect.gen(function* () {
      const none = yield* inDoubt([])
      assert.strictEqual((yield* Scans.reconcile(none.adapter, none.claimId, read))._tag, "None")
      assert.strictEqual((yield* none.journal.get(none.claimId))?.state, "in-doubt")
      assert.strictEqual((yield* Scans.reconcile(none.adapter, none.claimId, () => null))._tag, "Unlisted")
      const { reconcile: _, ...unlisted } = none.adapter
      assert.strictEqual((yield* Scans.reconcile(unlisted, none.claimId, read))._tag, "Unlisted")
      yield* none.journal.released(none.claimId)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Scans.reconcile(none.adapter, none.claimId, read))))
      const failing = {
        ...none.adapter,
        reconcile: () => Effect.fail(PollFault.make({ kind: "Broken", code: "x", message: "x" }))
      }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Scans.reconcile(failing, "clm_none", read))))
    }).pipe(Effect.provide(world))
  )

  it.effect("what the vendor's list says of the account is heard: a refusal, a 429, what is left", () =>
    Effect.gen(function* () {
      const { adapter, claimId } = yield* inDoubt([])
      const budget = (yield* RateBudget.RateBudget).account(adapter, adapter.budget)
      const now = yield* SteadyClock.now
      const saying = (kind: PollFault.PollFaultKind) =>
        Effect.exit(
          Scans.reconcile(
            {
              ...adapter,
              reconcile: () =>
                Effect.fail(
                  PollFault.make({ kind, code: kind, message: kind, hint: Option.some(Duration.seconds(20)) })
                )
            },
            claimId,
            read
          )
        )
      assert.isTrue(Exit.isFailure(yield* saying("Denied")))
      assert.strictEqual(budget.denials(), 1)
      assert.isTrue(Exit.isFailure(yield* saying("Throttled")))
      assert.strictEqual(budget.pausedUntil(), now + 20_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("what was asked for is kept only as long as it may be needed", () =>
    Effect.gen(function* () {
      const { claimId, journal, vendor } = yield* inDoubt(["s1"])
      assert.strictEqual((yield* journal.get(claimId))?.request, "a")
      yield* journal.submitted(claimId, vendor.ticket("s1"), 0)
      assert.isNull((yield* journal.get(claimId))?.request)
    }).pipe(Effect.provide(world))
  )
})

describe("computed delta", () => {
  it.effect("a second complete scan of an equal request tells what is new since the first, marked as computed", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ policy: steady, collect: ["found"] })
      const first = yield* after(minute, Scans.run(vendor.adapter, "a"))
      const second = yield* after(minute, Scans.run(vendor.adapter, "a", { reuse: 0 }))
      const other = yield* after(minute, Scans.run(vendor.adapter, "b"))
      const delta = (outcome: Conversation.Outcome) => (outcome._tag === "Completed" ? outcome.delta : "none")
      assert.isNull(delta(first))
      assert.isNull(delta(other))
      assert.deepStrictEqual(delta(second), {
        source: "computed",
        new: 0,
        resolved: 0,
        unchanged: 0,
        previousScanId: "scan-1",
        previousTotal: 0,
        consistent: true,
        comparable: true
      })
    }).pipe(Effect.provide(world))
  )
})
