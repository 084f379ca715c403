/** The most that a batch may buy: known beforehand, and a hard stop while it runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { accepted, finish, records, value, world } from "../support/worlds.ts"

const steady = PollPolicy.make({ pace: "10 seconds", spread: 0 })
// `finish` lets two days pass.
const month = "30 days"
const words = ["a", "b", "c", "d"]

const make = (options: Parameters<typeof Conversation.make>[0] = {}) => {
  const vendor = Conversation.make({ policy: steady, polls: [{ say: "done" }], ...options })
  return { vendor, wanted: (names: ReadonlyArray<string>) => names.map((name) => Scans.request(vendor.adapter, name)) }
}

describe("the most that a batch may buy", () => {
  it.effect("stops purchases at the limit, and says so in the rows beyond it (S-07)", () =>
    Effect.gen(function* () {
      const { vendor, wanted } = make()
      const all = value(yield* finish(records(wanted(words), { maxPurchases: 2 })))
      assert.strictEqual(accepted(vendor), 2)
      assert.strictEqual(vendor.ledger.submissions.length, 2)
      const rest = all.filter(({ state }) => state === "not-started")
      assert.deepStrictEqual(
        rest.map(({ because, reason }) => [because, reason?.code]),
        [
          ["stop", "purchase-limit"],
          ["stop", "purchase-limit"]
        ]
      )
      const journal = yield* ScanJournal.ScanJournal
      assert.deepStrictEqual(yield* journal.list(["intent", "in-doubt"]), [])
      // A later batch may buy what this one left.
      assert.strictEqual(accepted(vendor), 2)
      value(yield* finish(records(wanted(words), { reuse: month })))
      assert.strictEqual(accepted(vendor), 4)
    }).pipe(Effect.provide(world))
  )

  it.effect("does not count what is reused, repeated or was not accepted (S-07)", () =>
    Effect.gen(function* () {
      const { vendor, wanted } = make({ submits: [{ say: "accept" }, { say: "NotSent" }, { say: "accept" }] })
      value(yield* finish(records(wanted(["a"]))))
      const all = value(yield* finish(records(wanted(["a", "b", "b"]), { maxPurchases: 1, reuse: month })))
      assert.deepStrictEqual(
        all.map(({ state }) => state),
        ["completed", "completed", "completed"]
      )
      assert.strictEqual(accepted(vendor), 2)
    }).pipe(Effect.provide(world))
  )

  it.effect("counts a submission in doubt as bought (S-07)", () =>
    Effect.gen(function* () {
      const { vendor, wanted } = make({ submits: [{ say: "InDoubt" }, { say: "accept" }] })
      const all = value(yield* finish(records(wanted(["a", "b"]), { concurrency: 1, maxPurchases: 1 })))
      assert.deepStrictEqual(
        all.map(({ reason }) => reason?.code),
        ["indoubt", "purchase-limit"]
      )
      assert.strictEqual(vendor.ledger.submissions.length, 1)
    }).pipe(Effect.provide(world))
  )

  it.effect("is nothing where the number cannot be one (S-07)", () =>
    Effect.gen(function* () {
      const { vendor, wanted } = make()
      for (const maxPurchases of [0, -1, Number.NaN]) {
        value(yield* finish(records(wanted(["a"]), { maxPurchases })))
      }
      assert.strictEqual(vendor.ledger.submissions.length, 0)
    }).pipe(Effect.provide(world))
  )

  it.effect("foresees what a batch would buy, join and reuse, and writes nothing (S-07)", () =>
    Effect.gen(function* () {
      const { vendor, wanted } = make()
      value(yield* finish(records(wanted(["a"]))))
      yield* Scans.submit(vendor.adapter, "b")
      const [known] = wanted(["a"])
      const ticket = (yield* (yield* ScanJournal.ScanJournal).list(["submitted"]))[0]?.ticket
      assert.isDefined(known)
      assert.isTrue(ticket !== undefined && ticket !== null)
      if (ticket === undefined || ticket === null) return
      const asked = [...wanted(["a", "b", "c", "c"]), Scans.fromTicket(vendor.adapter, ticket)]
      const expected: ReadonlyArray<Scans.Prospect> = ["reuse", "join", "buy", "repeat", "wait"]
      assert.deepStrictEqual(yield* Scans.foresee(asked, { reuse: month }), expected)
      assert.deepStrictEqual(yield* Scans.foresee(asked, { reuse: month }), expected)
      const anew: ReadonlyArray<Scans.Prospect> = ["buy", "join", "buy", "repeat", "wait"]
      assert.deepStrictEqual(yield* Scans.foresee(asked, { reuse: 0 }), anew)
      assert.strictEqual(vendor.ledger.submissions.length, 2)
    }).pipe(Effect.provide(world))
  )
})
