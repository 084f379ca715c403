/** What becomes of a scan whose findings could not be fetched: its state stands, its evidence does not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Keeper from "../../src/engine/Keeper.ts"
import { JournalError, ScanJournal } from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import * as ScanOutcome from "../../src/model/ScanOutcome.ts"
import * as ScanRecord from "../../src/model/ScanRecord.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { accepted, finish, records, value, withJournal, world } from "../support/worlds.ts"

const lostThen = (...then: ReadonlyArray<"Transient" | "found">) =>
  Conversation.make({ collect: ["Transient", "Transient", "Transient", ...then] })

const findingsOf = (outcome: ScanOutcome.ScanOutcome<unknown> | null | undefined) =>
  outcome === null || outcome === undefined ? null : ScanOutcome.evidence(outcome).findings

const asked = (vendor: Conversation.Vendor): ReadonlyArray<number> => [
  accepted(vendor),
  vendor.ledger.polls.length,
  vendor.ledger.collects.length
]

const why = "the vendor's findings could not be fetched (transient)"

const lacking = Effect.flatMap(ScanJournal, (journal) => journal.history({ lacking: true }))

const resumed = (vendor: Conversation.Vendor) =>
  Effect.map(Stream.runCollect(Scans.resumeOpen([vendor.adapter])), (all): ReadonlyArray<ScanRecord.ScanRecord> => all)

describe("findings that could not be fetched", () => {
  it.effect("leave the scan completed and are unavailable, with the reason in words (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen()
      const [record] = value(yield* finish(records([Scans.request(vendor.adapter, "acme")])))
      assert.strictEqual(record?.state, "completed")
      assert.deepStrictEqual(findingsOf(record?.outcome), { status: "unavailable", reason: why })
      assert.deepStrictEqual(record?.warnings, [why])
      assert.isTrue(record !== undefined && ScanRecord.isResumable(record))
      const outcome = record?.outcome
      if (outcome?._tag !== "Completed") return assert.fail("it is not completed")
      assert.deepStrictEqual(outcome.findings, ScanOutcome.unavailableFindings)
      assert.strictEqual(ScanOutcome.evidence(outcome).assessment.status, "there")
      const [claim] = yield* lacking
      assert.deepStrictEqual([claim?.state, claim?.reason?.message], ["settled", why])
    }).pipe(Effect.provide(world))
  )

  it.effect("name what is wrong with an answer that cannot be used (V-21)", () =>
    Effect.gen(function* () {
      const { adapter } = Conversation.make()
      const message = "categories is missing"
      const collect = () =>
        Effect.fail(PollFault.make({ kind: "Broken", code: "invalid-answer", message, permanent: true }))
      const outcome = value(yield* finish(Scans.run({ ...adapter, collect }, "acme")))
      assert.strictEqual(
        findingsOf(outcome)?.reason,
        "the vendor's findings could not be fetched (invalid-answer: categories is missing)"
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("are fetched by a later wait, which buys nothing and does not ask for the status again (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen("found")
      const first = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const before = asked(vendor)
      const settledAt = (yield* lacking)[0]?.changedAt
      const later = value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
      assert.deepStrictEqual(asked(vendor), [before[0] ?? NaN, before[1] ?? NaN, 4])
      assert.strictEqual(findingsOf(later)?.status, "there")
      assert.deepStrictEqual(later.warnings, [])
      assert.deepStrictEqual(yield* lacking, [])
      const journal = yield* ScanJournal
      const [claim] = yield* journal.list(["settled"])
      assert.strictEqual(claim?.changedAt, settledAt)
      value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
      assert.strictEqual(vendor.ledger.collects.length, 4)
    }).pipe(Effect.provide(world))
  )

  it.effect("are fetched by a run that takes the outcome from the journal (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen("found")
      value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const again = value(yield* finish(records([Scans.request(vendor.adapter, "acme")], { reuse: "3 days" })))
      assert.deepStrictEqual([again[0]?.reused, findingsOf(again[0]?.outcome)?.status], [true, "there"])
      assert.strictEqual(accepted(vendor), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("are fetched by a resume of what is open, each claim once (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen("found")
      value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const rows = value(yield* finish(resumed(vendor)))
      assert.deepStrictEqual(
        rows.map((row) => [row.state, findingsOf(row.outcome)?.status]),
        [["completed", "there"]]
      )
      assert.deepStrictEqual(value(yield* finish(resumed(vendor))), [])
    }).pipe(Effect.provide(world))
  )

  it.effect("stay unavailable and asked for while they cannot be fetched (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen()
      const first = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      for (let again = 1; again <= 2; again++) {
        const later = value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
        assert.deepStrictEqual([later._tag, findingsOf(later)], ["Completed", { status: "unavailable", reason: why }])
        assert.deepStrictEqual(later.warnings, [why])
        assert.strictEqual(vendor.ledger.collects.length, 3 * (again + 1))
      }
      assert.strictEqual((yield* lacking).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("are shown by the wait that fetched them also where the journal cannot keep them (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen("found")
      const first = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const full = new JournalError({ reason: "full", message: "no room" })
      const later = value(
        yield* finish(
          withJournal(() => ({ supplemented: () => Effect.fail(full) }))(Scans.wait(vendor.adapter, first.ticket))
        )
      )
      assert.strictEqual(findingsOf(later)?.status, "there")
      assert.strictEqual((yield* lacking).length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("are unavailable too where a worker kept the scan, and a wait fetches them (V-01)", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.make({ pace: "10 seconds", spread: 0, deadline: "1 day" })
      const vendor = Conversation.make({
        policy,
        polls: [{ say: "done" }],
        collect: ["Transient", "Transient", "Transient", "found"]
      })
      const journal = yield* ScanJournal
      const { ticket } = value(yield* finish(Scans.submit(vendor.adapter, "acme")))
      const ends: Array<Keeper.KeptEnd> = []
      const keeper = yield* Keeper.make({ rest: () => 60_000, ended: (_, end) => ends.push(end) })
      for (const { claimId } of yield* journal.list(["submitted"])) {
        const hold = yield* journal.take(claimId)
        if (hold._tag !== "Ours") continue
        yield* keeper.add({ claimId, ticket, notBefore: 0, guard: null }, vendor.adapter, policy)
      }
      yield* TestClock.adjust("10 minutes")
      const [end] = ends
      assert.strictEqual(end?._tag === "Settled" ? findingsOf(end.outcome)?.status : "", "unavailable")
      const later = value(yield* finish(Scans.wait(vendor.adapter, ticket)))
      assert.strictEqual(findingsOf(later)?.status, "there")
      assert.deepStrictEqual(yield* lacking, [])
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})

describe("an outcome that version 0.1 stored", () => {
  const withoutEvidence = (outcome: unknown): unknown =>
    typeof outcome === "object" && outcome !== null && "evidence" in outcome
      ? Object.fromEntries(Object.entries(outcome).filter(([name]) => name !== "evidence"))
      : outcome

  it.effect("is read without its evidence, which follows from the rest of it (V-01)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ collect: ["found"] })
      const first = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const journal = yield* ScanJournal
      const [claim] = yield* journal.list(["settled"])
      yield* journal.supplemented(claim?.claimId ?? "", withoutEvidence(claim?.outcome))
      const later = value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
      assert.isFalse(later._tag !== "Failed" && "evidence" in later)
      assert.deepStrictEqual(ScanOutcome.evidence(later), ScanOutcome.evidence(first))
    }).pipe(Effect.provide(world))
  )

  it.effect("is asked for the findings again that its warning says could not be fetched (V-01)", () =>
    Effect.gen(function* () {
      const vendor = lostThen("found")
      const first = value(yield* finish(Scans.run(vendor.adapter, "acme")))
      const journal = yield* ScanJournal
      const [claim] = yield* journal.list(["settled"])
      const old = Object.entries({ ...Object(withoutEvidence(claim?.outcome)) }).map(([name, value]) =>
        name === "findings"
          ? [name, { coverage: "none", total: null, items: [] }]
          : [name, name === "warnings" ? ["the findings could not be fetched (http-500)"] : value]
      )
      yield* journal.supplemented(claim?.claimId ?? "", Object.fromEntries(old))
      const later = value(yield* finish(Scans.wait(vendor.adapter, first.ticket)))
      assert.deepStrictEqual([findingsOf(later)?.status, later.warnings], ["there", []])
      assert.strictEqual(accepted(vendor), 1)
    }).pipe(Effect.provide(world))
  )

  it("says that its findings are unavailable where its warning does, and not offered otherwise (V-01)", () => {
    const ticket = Conversation.make().ticket("s1")
    const assessment = { severity: "low", vendorSeverity: null, compliance: null, score: null } as const
    const { evidence, ...old } = ScanOutcome.makeCompleted({ ticket, vendorStatus: "done", assessment, payload: null })
    assert.strictEqual(evidence?.findings.status, "not-offered")
    assert.strictEqual(findingsOf(old)?.status, "not-offered")
    const lost = { ...old, warnings: ["the findings could not be fetched (timeout)"] }
    assert.strictEqual(findingsOf(lost)?.status, "unavailable")
    assert.strictEqual(findingsOf(lost)?.reason, "the findings could not be fetched (timeout)")
  })
})
