import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import type { ScanEvent } from "../../src/engine/ScanEvent.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { records, world } from "../support/worlds.ts"
import * as Stream from "effect/Stream"
import * as Keeper from "../../src/engine/Keeper.ts"
import { ScanJournal } from "../../src/engine/ScanJournal.ts"

const running = { say: "running" } as const
const steady = PollPolicy.make({ first: "10 seconds", pace: "10 seconds", spread: 0, deadline: "1 hour" })

describe("a batch of 500 on one account", () => {
  for (const [name, pollsPerScan] of [
    ["whose requests fit the account", 7],
    // Half as many polls are reserved as there will be: they queue.
    ["whose polls queue for the account", 3]
  ] as const) {
    it.effect(`delays one scan in a lane of its own by one turn at the most, at each step: ${name} (D-22)`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          polls: [running, running, running, running, running, running, { say: "done" }],
          policy: steady,
          budget: {
            requests: 60,
            window: Duration.minutes(1),
            typicalDuration: Duration.minutes(1),
            pollsPerScan: () => pollsPerScan
          }
        })
        const { adapter, ledger } = vendor
        const batch = Array.from({ length: 500 }, (_, i) => Scans.request(adapter, `batch ${i}`, { lane: "batch" }))
        const all = yield* Effect.forkChild(records(batch, { concurrency: 500 }))
        yield* TestClock.adjust("10 minutes")

        const events: Array<ScanEvent> = []
        const before = ledger.submissions.length
        const observer = (event: ScanEvent) => void events.push(event)
        const person = yield* Effect.forkChild(
          records([Scans.request(adapter, "person", { lane: "interactive" })], { observer })
        )
        yield* TestClock.adjust("4 hours")
        assert.strictEqual((yield* Fiber.join(person))[0]?.state, "completed")
        assert.strictEqual((yield* Fiber.join(all)).filter(({ state }) => state === "completed").length, 500)

        const place = ledger.submissions.findIndex(({ request }) => request === "person")
        assert.isAtMost(place - before, 1)

        const mine = `scan-${place + 1}`
        const dues = events.flatMap((event) =>
          event._tag === "Scheduled" && event.because !== "turn" ? [event.until] : []
        )
        const polls = ledger.polls.flatMap((poll, at) => (poll.scanId === mine ? [at] : []))
        assert.strictEqual(polls.length, 7)
        assert.strictEqual(dues.length, 7)
        let waited = 0
        for (const [nth, at] of polls.entries()) {
          const due = dues[nth] ?? 0
          // Who went at the very time it was due, went before it asked.
          const others = ledger.polls.slice(0, at).filter((poll) => poll.at > due)
          assert.isAtMost(others.length, 1, `poll ${nth + 1}`)
          waited += (ledger.polls[at]?.at ?? 0) - due
        }
        // Otherwise nothing was put to the test.
        assert.strictEqual(waited > 0, pollsPerScan === 3)
      }).pipe(Effect.provide(world))
    )
  }
})

describe("a process that polls what others bought", () => {
  it.effect("lets the lanes of an account take turns, as the claims have them (D-22)", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        polls: [running],
        policy: steady,
        budget: {
          requests: 1,
          window: Duration.seconds(1),
          typicalDuration: Duration.hours(1),
          pollsPerScan: () => 1
        }
      })
      const wishes = [
        ...Array.from({ length: 200 }, (_, i) => Scans.request(vendor.adapter, `batch ${i}`, { lane: "batch" })),
        Scans.request(vendor.adapter, "person", { lane: "interactive" })
      ]
      yield* Effect.forkChild(Stream.runDrain(Scans.submitAll(wishes)))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(vendor.ledger.submissions.length, 201)
      const journal = yield* ScanJournal
      const keeper = yield* Keeper.make({ rest: () => 60_000 })
      for (const { claimId, lane } of yield* journal.list(["submitted"])) {
        const hold = yield* journal.take(claimId)
        if (hold._tag !== "Ours") continue
        const { guard, notBefore, ticket } = hold
        const kept = { claimId, ticket, notBefore, guard, ...(lane === undefined ? {} : { lane }) }
        yield* keeper.add(kept, vendor.adapter, vendor.adapter.policy)
      }
      yield* TestClock.adjust("10 minutes")
      const mine = `scan-${vendor.ledger.submissions.findIndex(({ request }) => request === "person") + 1}`
      const polls = vendor.ledger.polls.filter(({ scanId }) => scanId === mine)
      // All of them want 20 turns for each there is.
      assert.isAtMost(vendor.ledger.polls.length, 601)
      const gaps = polls.map(({ at }, nth) => at - (polls[nth - 1]?.at ?? at))
      assert.isAtLeast(polls.length, 45)
      assert.isAtMost(Math.max(...gaps), 13_000)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
