/**
 * A scan whose outcome takes two requests, and one that goes on under another ticket. Both drivers are held to the same: one
 * request of a run alone waits without a fleet, many in a fleet.
 */
import * as Conversation from "@scanpoll/test-support/conversation"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import type { ScanRecord } from "../../src/model/ScanRecord.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import { finish, records, value, withJournal, world } from "./../support/worlds.ts"

type Adapter = ScanAdapter<string, Conversation.Payload>

// Ways to run a scan. A wait that stops brings no outcome; what is told of it is its state.
const drivers = [
  {
    name: "a scan alone",
    run: (adapter: Adapter, wanted: string) =>
      Effect.match(Scans.run(adapter, wanted), {
        onSuccess: ({ _tag, ticket }): readonly [string, string | null] => [_tag, ticket.scanId],
        onFailure: (error): readonly [string, string | null] => [
          error._tag === "PollStopped" ? error.reason : error._tag,
          error._tag === "PollStopped" ? error.ticket.scanId : null
        ]
      })
  },
  {
    name: "a batch",
    run: (adapter: Adapter, wanted: string) =>
      Effect.map(records([Scans.request(adapter, wanted)]), ([record]): readonly [string, string | null] => [
        record?.outcome?._tag ?? stopOf(record),
        record?.ticket?.scanId ?? null
      ])
  }
]

const stopOf = (record: ScanRecord | undefined): string =>
  record?.state === "still-running" ? "deadline" : (record?.state ?? "nothing")

const open = Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.list(["submitted"]))

const resumed = (adapter: Adapter) =>
  Effect.map(Stream.runCollect(Scans.resumeOpen([adapter])), (all) => all.map(({ state }) => state))

for (const driver of drivers) {
  describe(`an outcome behind a second address (${driver.name})`, () => {
    it.effect("law 4, the first terminal answer is the outcome also where it takes two requests", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "running" }, { say: "ended", word: "finished" }, { say: "failed" }],
          results: [{ say: "Transient" }, { say: "running" }, { say: "done" }]
        })
        assert.deepStrictEqual(value(yield* finish(driver.run(vendor.adapter, "a"))), ["Completed", "scan-1"])
        assert.strictEqual(vendor.ledger.polls.length, 2)
        assert.deepStrictEqual(
          vendor.ledger.results.map(({ vendorStatus }) => vendorStatus),
          ["finished", "finished", "finished"]
        )
        const entries = yield* Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.list(["settled"]))
        assert.deepStrictEqual(
          entries.map(({ endedAs }) => endedAs),
          [null]
        )
      }).pipe(Effect.provide(world))
    )

    it.effect("the result is asked for as soon as the vendor's floor allows, and never sooner", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [{ say: "ended" }],
          results: [{ say: "done" }],
          limits: { floor: "3 seconds" },
          policy: PollPolicy.make({ pace: "1 minute", spread: 0, first: 0 })
        })
        value(yield* finish(driver.run(vendor.adapter, "a")))
        const [ended] = Conversation.pollTimes(vendor)
        assert.strictEqual(vendor.ledger.results[0]?.at, (ended ?? 0) + 3_000)
      }).pipe(Effect.provide(world))
    )

    for (const [fault, reason] of [
      ["Transient", "unreachable"],
      ["Missing", "unreachable"],
      ["Broken", "protocol"],
      ["Denied", "denied"],
      ["running", "deadline"]
    ] as const) {
      it.effect(`a result that cannot be had (${fault}) is a stop that is gone on from, never an outcome`, () =>
        Effect.gen(function* () {
          const ill = Conversation.make({ polls: [{ say: "ended", word: "over" }], results: [{ say: fault }] })
          assert.deepStrictEqual(value(yield* finish(driver.run(ill.adapter, "a"))), [reason, "scan-1"])
          const [left] = yield* open
          assert.deepStrictEqual([left?.state, left?.endedAs], ["submitted", "over"])
          // After a restart the result is asked for, the status never again.
          const well = Conversation.make({ polls: [{ say: "failed" }], results: [{ say: "done" }] })
          assert.deepStrictEqual(value(yield* finish(resumed(well.adapter))), ["completed"])
          assert.strictEqual(well.ledger.polls.length, 0)
          assert.deepStrictEqual(
            well.ledger.results.map(({ vendorStatus }) => vendorStatus),
            ["over"]
          )
        }).pipe(Effect.provide(world))
      )
    }

    it.effect("an end that could not be stored is asked for again, and its result not before", () =>
      Effect.gen(function* () {
        let tries = 0
        const vendor = Conversation.make({ polls: [{ say: "ended" }], results: [{ say: "done" }] })
        const failing = withJournal((journal) => ({
          ended: (claimId, word) =>
            ++tries < 3
              ? Effect.fail(new ScanJournal.JournalError({ reason: "busy", message: "scripted" }))
              : journal.ended(claimId, word)
        }))
        assert.strictEqual(value(yield* finish(failing(driver.run(vendor.adapter, "a"))))[0], "Completed")
        assert.deepStrictEqual([vendor.ledger.polls.length, vendor.ledger.results.length], [3, 1])
      }).pipe(Effect.provide(world))
    )

    it.effect("an adapter that ends a scan and has no second address is told of, and brings no outcome", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "ended" }] })
        assert.strictEqual(value(yield* finish(driver.run(vendor.adapter, "a")))[0], "protocol")
        assert.isNull((yield* open)[0]?.endedAs)
      }).pipe(Effect.provide(world))
    )
  })

  describe(`a scan that goes on under another ticket (${driver.name})`, () => {
    it.effect("law 3, a chained ticket is stored before its first poll, and the outcome is of it", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const vendor = Conversation.make({
          polls: (scanId) => {
            log.push(`polled ${scanId}`)
            return scanId === "scan-1" ? [{ say: "running" }, { say: "moved", to: "active-1" }] : [{ say: "done" }]
          }
        })
        const watched = withJournal((journal) => ({
          moved: (claimId, ticket) =>
            Effect.andThen(
              journal.moved(claimId, ticket),
              Effect.sync(() => log.push(`stored ${ticket.scanId}`))
            )
        }))
        assert.deepStrictEqual(value(yield* finish(watched(driver.run(vendor.adapter, "a")))), [
          "Completed",
          "active-1"
        ])
        assert.deepStrictEqual(log, ["polled scan-1", "polled scan-1", "stored active-1", "polled active-1"])
      }).pipe(Effect.provide(world))
    )

    it.effect("a wait that ends then carries the new ticket, and a later one polls that alone", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: (scanId) => (scanId === "scan-1" ? [{ say: "moved", to: "active-1" }] : [{ say: "running" }])
        })
        assert.deepStrictEqual(value(yield* finish(driver.run(vendor.adapter, "a"))), ["deadline", "active-1"])
        const well = Conversation.make({ polls: [{ say: "done" }] })
        assert.deepStrictEqual(value(yield* finish(resumed(well.adapter))), ["completed"])
        assert.deepStrictEqual(
          well.ledger.polls.map(({ scanId }) => scanId),
          ["active-1"]
        )
      }).pipe(Effect.provide(world))
    )

    it.effect("a ticket that could not be stored is not polled: the first one is asked again", () =>
      Effect.gen(function* () {
        let tries = 0
        const vendor = Conversation.make({
          polls: (scanId) => (scanId === "scan-1" ? [{ say: "moved", to: "active-1" }] : [{ say: "done" }])
        })
        const failing = withJournal((journal) => ({
          moved: (claimId, ticket) =>
            ++tries < 3
              ? Effect.fail(new ScanJournal.JournalError({ reason: "busy", message: "scripted" }))
              : journal.moved(claimId, ticket)
        }))
        assert.strictEqual(value(yield* finish(failing(driver.run(vendor.adapter, "a"))))[0], "Completed")
        assert.deepStrictEqual(
          vendor.ledger.polls.map(({ scanId }) => scanId),
          ["scan-1", "scan-1", "scan-1", "active-1"]
        )
      }).pipe(Effect.provide(world))
    )

    it.effect("what an answer says is left of the account's window counts while the answer is still being stored", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: (scanId) => (scanId === "scan-1" ? [{ say: "moved", to: "active-1" }] : [{ say: "done" }])
        })
        const resetAt = 60_000
        const poll: Adapter["poll"] = (ticket, about) =>
          Effect.map(vendor.adapter.poll(ticket, about), (answer) =>
            ticket.scanId === "scan-1"
              ? { ...answer, quota: Option.some({ limit: null, remaining: 0, resetAt }) }
              : answer
          )
        const slow = withJournal((journal) => ({
          moved: (...told) => Effect.delay(journal.moved(...told), "20 seconds")
        }))
        const later = Effect.delay(driver.run({ ...vendor.adapter, poll }, "b"), "3 seconds")
        const both = Effect.all([driver.run({ ...vendor.adapter, poll }, "a"), later], { concurrency: 2 })
        value(yield* finish(slow(both)))
        const [first, ...rest] = vendor.ledger.polls
        assert.strictEqual(first?.scanId, "scan-1")
        for (const { at } of rest) assert.isAtLeast(at, resetAt)
      }).pipe(Effect.provide(world))
    )

    it.effect("the wait that a vendor asks for holds also where its answer could not be stored", () =>
      Effect.gen(function* () {
        let tries = 0
        const vendor = Conversation.make({
          polls: (scanId) =>
            scanId === "scan-1" ? [{ say: "moved", to: "active-1", hint: 45_000 }] : [{ say: "done" }]
        })
        const failing = withJournal((journal) => ({
          moved: (claimId, ticket) =>
            ++tries < 3
              ? Effect.fail(new ScanJournal.JournalError({ reason: "busy", message: "scripted" }))
              : journal.moved(claimId, ticket)
        }))
        assert.strictEqual(value(yield* finish(failing(driver.run(vendor.adapter, "a"))))[0], "Completed")
        const { polls } = vendor.ledger
        assert.strictEqual(polls.length, 4)
        for (const [index, { at }] of polls.slice(1).entries()) assert.isAtLeast(at - (polls[index]?.at ?? at), 45_000)
      }).pipe(Effect.provide(world))
    )
  })

  describe(`what an adapter is told (${driver.name})`, () => {
    it.effect("a poll knows what the scan is about: its subject always, its request in the process that asked", () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ polls: [{ say: "ended" }], results: [{ say: "Denied" }] })
        yield* finish(driver.run(vendor.adapter, "acme"))
        const subject = { kind: "company", id: "acme", name: "acme" }
        assert.deepStrictEqual(vendor.ledger.about.slice(0, 2), [
          { subject, request: "acme" },
          { subject, request: "acme" }
        ])
        const later = Conversation.make({ results: [{ say: "done" }] })
        value(yield* finish(resumed(later.adapter)))
        assert.deepStrictEqual(later.ledger.about, [{ subject, request: null }])
      }).pipe(Effect.provide(world))
    )
  })
}

describe("two requests for one scan", () => {
  it.effect("law 1, one that joins after it went on under another ticket shares the one poll loop", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: (scanId) =>
          scanId === "scan-1"
            ? [{ say: "moved", to: "active-1" }]
            : [{ say: "running" }, { say: "running" }, { say: "running" }, { say: "done" }]
      })
      const late = Effect.andThen(Effect.sleep("25 seconds"), Scans.run(vendor.adapter, "a"))
      const both = Effect.all([Scans.run(vendor.adapter, "a"), late], { concurrency: 2 })
      const outcomes = value(yield* finish(both))
      assert.deepStrictEqual(
        outcomes.map(({ ticket }) => ticket.scanId),
        ["active-1", "active-1"]
      )
      assert.deepStrictEqual([vendor.ledger.submissions.length, vendor.ledger.polls.length], [1, 5])
      assert.strictEqual(vendor.ledger.mostInFlight, 1)
    }).pipe(Effect.provide(world))
  )
})
