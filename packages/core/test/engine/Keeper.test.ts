import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Keeper from "../../src/engine/Keeper.ts"
import { type HoldGuard, JournalError, ScanJournal } from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { withJournal, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0, deadline: "1 day" })
const rest = () => 60_000

const bought = (vendor: Conversation.Vendor, names: ReadonlyArray<string>) =>
  Stream.runDrain(Scans.submitAll(names.map((name) => Scans.request(vendor.adapter, name))))

/** Takes every open claim and keeps it, with the guard given. */
const keepAll = (keeper: Keeper.Keeper, vendor: Conversation.Vendor, guard: HoldGuard | null = null) =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    for (const { claimId } of yield* journal.list(["submitted"])) {
      const hold = yield* journal.take(claimId)
      if (hold._tag !== "Ours") continue
      const { notBefore, ticket, troubled } = hold
      const kept = { claimId, ticket, notBefore, guard, ...(troubled === undefined ? {} : { troubled }) }
      yield* keeper.add(kept, vendor.adapter, vendor.adapter.policy)
    }
  })

const states = Effect.flatMap(ScanJournal, (journal) =>
  Effect.map(journal.list(["submitted", "settled"]), (all) => all.map((entry) => entry.state))
)

describe("Keeper", () => {
  it.effect("asks after each scan at its pace until it is settled, and writes the outcome down", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "done" }], policy: steady })
      yield* bought(vendor, ["a"])
      const ends: Array<string> = []
      const late: Array<number> = []
      const keeper = yield* Keeper.make({
        rest,
        polled: (by) => late.push(by),
        ended: (_, end) => ends.push(end._tag)
      })
      yield* keepAll(keeper, vendor)
      assert.strictEqual(keeper.size(), 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(ends, ["Settled"])
      assert.deepStrictEqual(yield* states, ["settled"])
      assert.deepStrictEqual([keeper.size(), keeper.polling(), late.length], [0, 0, 2])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("tells the journal what each poll saw and why the next one is when it is, equal polls as one", () =>
    Effect.gen(function* () {
      const polls = [{ say: "running" }, { say: "running" }, { say: "running" }, { say: "Denied" }] as const
      const vendor = Conversation.make({ polls, policy: steady })
      yield* bought(vendor, ["a"])
      const keeper = yield* Keeper.make({ rest })
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("5 minutes")
      const journal = yield* ScanJournal
      const [entry] = yield* journal.list(["submitted"])
      const told = yield* journal.polls(entry?.claimId ?? "")
      assert.deepStrictEqual(
        told.map(({ because, count, kind, seen }) => [kind, seen, because, count]),
        [
          ["wait", null, "pause", 1],
          ["poll", "running", "pace", 3],
          ["stop", "fault", "denied", 1]
        ]
      )
      assert.isTrue(told.every(({ at, kind, lastAt, until }) => (kind === "stop" ? until === at : until > lastAt)))
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect(
    "lets a scan rest whose wait ended without an outcome: nobody asks before that time, then anybody may",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "Denied" }, { say: "done" }], policy: steady })
        yield* bought(vendor, ["a"])
        const ends: Array<Keeper.KeptEnd> = []
        const keeper = yield* Keeper.make({ rest, ended: (_, end) => ends.push(end) })
        yield* keepAll(keeper, vendor)
        yield* TestClock.adjust("1 minute")
        const [end] = ends
        assert.strictEqual(end?._tag, "Rests")
        const journal = yield* ScanJournal
        const [entry] = yield* journal.list(["submitted"])
        assert.isTrue(end?._tag === "Rests" && entry?.notBefore === end.until && end.until >= 60_000)
        yield* keepAll(keeper, vendor)
        yield* TestClock.adjust("3 minutes")
        assert.deepStrictEqual(yield* states, ["settled"])
        const times = Conversation.pollTimes(vendor)
        assert.isAtLeast(times.at(-1) ?? 0, end?._tag === "Rests" ? end.until : Number.NaN)
      }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("stores why it gave a scan up, until the first good answer to whoever polls it next (D-02, D-03)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "Denied" }, { say: "running" }], policy: steady })
      yield* bought(vendor, ["a"])
      const keeper = yield* Keeper.make({ rest })
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("1 minute")
      const { list } = yield* ScanJournal
      const fault = Effect.map(list(["submitted"]), ([entry]) => entry?.lastFault ?? null)
      const stored = yield* fault
      assert.deepStrictEqual([stored?.stopped, stored?.code, stored?.by], ["denied", "denied", "this process"])
      assert.isAtLeast((stored?.until ?? 0) - (stored?.at ?? 0), 60_000)
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("2 minutes")
      assert.isAbove(vendor.ledger.polls.length, 2)
      assert.isNull(yield* fault)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("leaves a scan at once to others that may do better, and says of none why it gave it up (D-03)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "Denied" }], policy: steady })
      yield* bought(vendor, ["a"])
      const ends: Array<Keeper.KeptEnd> = []
      const keeper = yield* Keeper.make({
        rest: (_, { ticket }) => (ticket.vendor === "acme" ? 0 : 60_000),
        ended: (_, end) => ends.push(end)
      })
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("11 seconds")
      const { list } = yield* ScanJournal
      const [entry] = yield* list(["submitted"])
      assert.strictEqual(ends[0]?._tag, "Rests")
      assert.isUndefined(entry?.lastFault?.stopped)
      assert.isAtMost(entry?.notBefore ?? Infinity, 20_000)
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("sends nothing more for a claim that was lost, and lets go of the others when it is stopped", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* bought(vendor, ["a"])
      const ends: Array<string> = []
      const keeper = yield* Keeper.make({ rest, ended: (_, end) => ends.push(end._tag) })
      const lost = yield* Deferred.make<never, JournalError>()
      const ready = Effect.suspend(() => (Deferred.isDoneUnsafe(lost) ? Effect.never : Effect.void))
      yield* keepAll(keeper, vendor, { ready, lost: Deferred.await(lost), lapsed: Effect.never })
      yield* TestClock.adjust("15 seconds")
      const before = vendor.ledger.polls.length
      assert.isAtLeast(before, 1)
      yield* Deferred.fail(lost, new JournalError({ reason: "lost", message: "it is another one's" }))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(vendor.ledger.polls.length, before)
      assert.deepStrictEqual([ends, keeper.size()], [["LetGo"], 0])
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("1 second")
      yield* keeper.stop
      assert.deepStrictEqual([ends, keeper.size()], [["LetGo", "LetGo"], 0])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("cuts a request when others may take this process for gone", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "hang" }], policy: steady })
      yield* bought(vendor, ["a"])
      const keeper = yield* Keeper.make({ rest })
      const lapsed = yield* Deferred.make<void>()
      yield* keepAll(keeper, vendor, { ready: Effect.void, lost: Effect.never, lapsed: Deferred.await(lapsed) })
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(keeper.polling(), 1)
      yield* Deferred.succeed(lapsed, undefined)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([keeper.polling(), keeper.size()], [0, 1])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect.each(["the claim is lost", "it is told to stop"] as const)(
    "gives back the turn that waits for the journal when %s",
    (how) =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running" }],
          policy: steady,
          budget: { requests: 2, window: Duration.hours(1) }
        })
        yield* bought(vendor, ["a"])
        const keeper = yield* Keeper.make({ rest })
        const lost = yield* Deferred.make<never, JournalError>()
        yield* keepAll(keeper, vendor, { ready: Effect.never, lost: Deferred.await(lost), lapsed: Effect.never })
        yield* TestClock.adjust("11 seconds")
        assert.strictEqual(vendor.ledger.polls.length, 0)
        if (how === "it is told to stop") yield* keeper.stop
        else yield* Deferred.fail(lost, new JournalError({ reason: "lost", message: "another process has it" }))
        // Of two turns an hour the purchase has used one; the other is there for the poll of another scan.
        const other = Scans.runAll([Scans.fromTicket(vendor.adapter, vendor.ticket("other"))])
        const waiting = yield* Effect.forkChild(Stream.runDrain(other))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(vendor.ledger.polls.length, 1)
        yield* Fiber.interrupt(waiting)
      }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("lets go of everything when its scope closes: the claims stay open and can be taken", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }], policy: steady })
      yield* bought(vendor, ["a", "b"])
      const scope = yield* Scope.make()
      const keeper = yield* Scope.provide(Keeper.make({ rest }), scope)
      yield* keepAll(keeper, vendor)
      assert.strictEqual(keeper.size(), 2)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(keeper.size(), 0)
      const journal = yield* ScanJournal
      assert.deepStrictEqual((yield* journal.list(["submitted"])).length, 2)
    }).pipe(Effect.provide(world))
  )

  it.effect.each([
    ["waits for ever", Effect.never],
    ["fails each time", Effect.fail(new JournalError({ reason: "unavailable", message: "the database is away" }))]
  ] as const)("stops within three seconds while the journal %s (D-18)", ([, settled]) =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "done" }], policy: steady })
      yield* bought(vendor, ["a", "b", "c"])
      // Not closed: nobody moves the clock for it any more.
      const scope = yield* Scope.make()
      const keeper = yield* Scope.provide(Keeper.make({ rest }), scope)
      yield* keepAll(keeper, vendor, { ready: Effect.void, lost: Effect.never, lapsed: Effect.never })
      yield* TestClock.adjust("30 seconds")
      assert.isAtLeast(vendor.ledger.polls.length, 3)
      const stopping = yield* Effect.forkChild(keeper.stop)
      yield* TestClock.adjust("3 seconds")
      assert.isDefined(stopping.pollUnsafe())
    }).pipe(
      withJournal(() => ({ settled: () => settled })),
      Effect.provide(world)
    )
  )

  it.effect("asks the adapter's probe before a scan rests as not-found: a refused key is denied (V-17)", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      for (const says of ["the key is good", "Denied", "Transient"] as const) {
        const vendor = Conversation.make({
          vendor: says.replaceAll(" ", "-").toLowerCase(),
          polls: [{ say: "running" }, { say: "Missing" }],
          policy: steady.pipe(PollPolicy.withDeadline("2 minutes"))
        })
        let probes = 0
        const probe = Effect.suspend(() => {
          probes += 1
          return says === "the key is good"
            ? Effect.void
            : Effect.fail(PollFault.make({ kind: says, code: says, message: says }))
        })
        yield* bought(vendor, ["a"])
        const keeper = yield* Keeper.make({
          rest,
          ended: (_, end) => seen.push(`${says}: ${end._tag === "Rests" ? end.reason : end._tag}`)
        })
        const journal = yield* ScanJournal
        const entry = (yield* journal.list(["submitted"])).find(({ key }) => key.vendor === vendor.adapter.vendor)
        const hold = entry === undefined ? null : yield* journal.take(entry.claimId)
        if (entry === undefined || hold?._tag !== "Ours") return assert.fail("no claim to keep")
        const { notBefore, ticket } = hold
        const adapter = { ...vendor.adapter, probe }
        yield* keeper.add({ claimId: entry.claimId, ticket, notBefore, guard: null }, adapter, adapter.policy)
        yield* TestClock.adjust("3 minutes")
        assert.isAbove(probes, 0, says)
        if (says !== "Transient") assert.strictEqual(probes, 1)
      }
      assert.deepStrictEqual(seen, ["the key is good: not-found", "Denied: denied", "Transient: unreachable"])
      // What rests stays open for the next owner.
      assert.deepStrictEqual(yield* states, ["submitted", "submitted", "submitted"])
    }).pipe(Effect.scoped, Effect.provide(world))
  )

  it.effect("closes its scope within three seconds while the journal waits for ever (D-18)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "done" }], policy: steady })
      yield* bought(vendor, ["a"])
      const scope = yield* Scope.make()
      const keeper = yield* Scope.provide(Keeper.make({ rest }), scope)
      yield* keepAll(keeper, vendor)
      yield* TestClock.adjust("30 seconds")
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("3 seconds")
      assert.isDefined(closing.pollUnsafe())
    }).pipe(
      withJournal(() => ({ settled: () => Effect.never })),
      Effect.provide(world)
    )
  )

  it.effect(
    "never polls a scan at once with a run of its process: a run joins one that it polls, and it leaves alone one that a run polls (issue 13)",
    () =>
      Effect.gen(function* () {
        const slow: Conversation.Step = { say: "running", takes: 4000 }
        const vendor = Conversation.make({ polls: [slow, slow, slow, { say: "done", takes: 4000 }], policy: steady })
        yield* bought(vendor, ["kept", "run"])
        const journal = yield* ScanJournal
        const [first, second] = yield* journal.list(["submitted"])
        const ends: Array<string> = []
        const keeper = yield* Keeper.make({ rest, ended: ({ claimId }, end) => ends.push(`${claimId} ${end._tag}`) })
        const running = yield* Effect.forkChild(Scans.run(vendor.adapter, "run"))
        yield* TestClock.adjust("1 second")
        yield* keepAll(keeper, vendor)
        assert.deepStrictEqual(ends, [`${second?.claimId} LetGo`])
        const joining = yield* Effect.forkChild(Scans.run(vendor.adapter, "kept"))
        yield* TestClock.adjust("2 minutes")
        assert.strictEqual((yield* Fiber.join(running))._tag, "Completed")
        assert.strictEqual((yield* Fiber.join(joining))._tag, "Completed")
        assert.deepStrictEqual(ends.slice(1), [`${first?.claimId} Settled`])
        for (const scanId of [first?.ticket?.scanId, second?.ticket?.scanId]) {
          const polls = vendor.ledger.polls.filter((poll) => poll.scanId === scanId)
          assert.strictEqual(polls.length, 4)
          for (const [index, poll] of polls.entries()) {
            const before = polls[index - 1]
            if (before !== undefined) assert.isAtLeast(poll.at, before.answeredAt ?? Number.NaN)
          }
        }
      }).pipe(Effect.scoped, Effect.provide(world))
  )
})
