/** What has to be there before a submission: made first, stored with the claim, and asked when an answer was lost. */
import * as Conversation from "@scanpoll/test-support/conversation"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as PollFault from "../../src/model/PollFault.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import { accepted, failure, finish, value, withJournal, within, world } from "../support/worlds.ts"

const entries = Effect.flatMap(ScanJournal.ScanJournal, (journal) =>
  journal.list(["intent", "submitted", "in-doubt", "settled", "refused", "released"])
)

const states = Effect.map(entries, (all) => all.map(({ state }) => state))

describe("what a submission needs", () => {
  it.effect("law 3, what was prepared is stored with the claim before the first byte of the submission", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const vendor = Conversation.make({ prepares: ["made"] })
      const adapter: typeof vendor.adapter = {
        ...vendor.adapter,
        submit: (wanted, prepared) =>
          Effect.suspend(() => {
            log.push(`submitted with ${JSON.stringify(prepared)}`)
            return vendor.adapter.submit(wanted, prepared)
          })
      }
      const watched = withJournal((journal) => ({
        prepared: (claimId, data) =>
          Effect.andThen(
            journal.prepared(claimId, data),
            Effect.sync(() => log.push(`stored ${JSON.stringify(data)}`))
          )
      }))
      value(yield* finish(watched(Scans.run(adapter, "a"))))
      const [preparing, ...after] = log
      assert.deepStrictEqual(preparing, 'stored {"scanpoll/preparing":true}')
      assert.deepStrictEqual(after, ['stored {"task":"task-1"}', 'submitted with {"task":"task-1"}'])
    }).pipe(Effect.provide(world))
  )

  for (const [kind, state] of [
    ["Refused", "refused"],
    ["Denied", "refused"],
    ["NotSent", "released"],
    ["InDoubt", "released"],
    ["hang", "released"]
  ] as const) {
    it.effect(`where it cannot be prepared (${kind}) nothing is submitted, and nothing is in doubt`, () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ prepares: [kind] })
        failure(yield* finish(Scans.run(vendor.adapter, "a")))
        assert.strictEqual(vendor.ledger.submissions.length, 0)
        const seen = yield* states
        assert.isTrue(
          seen.every((each) => each === state),
          seen.join(" ")
        )
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("a throttled preparation is made again after its pause, and the scan bought once", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ prepares: ["Throttled", "made"] })
      value(yield* finish(Scans.run(vendor.adapter, "a")))
      assert.deepStrictEqual([vendor.ledger.prepares.length, vendor.ledger.submissions.length], [2, 1])
    }).pipe(Effect.provide(world))
  )

  it.effect("as many wishes at once as the account may ask are all bought, each prepared once", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        prepares: ["made"],
        polls: () => [{ say: "done" }],
        budget: { requests: 3, window: Duration.seconds(10), typicalDuration: Duration.hours(1) }
      })
      const wishes = ["a", "b", "c"].map((wish) => Scans.run(vendor.adapter, wish))
      const all = Effect.timeoutOption(Effect.all(wishes, { concurrency: "unbounded" }), "10 minutes")
      assert.strictEqual(value(yield* finish(all))._tag, "Some")
      assert.strictEqual(vendor.ledger.submissions.length, 3)
      assert.deepStrictEqual((yield* states).toSorted(), ["settled", "settled", "settled"])
    }).pipe(Effect.provide(world))
  )

  it.effect("an interrupt while it is prepared leaves nothing: the next run prepares and buys", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ prepares: ["hang", "made"] })
      assert.isUndefined(yield* within(1_000, Scans.run(vendor.adapter, "a")))
      assert.deepStrictEqual(yield* states, ["released"])
      value(yield* finish(Scans.run(vendor.adapter, "a")))
      assert.strictEqual(accepted(vendor), 1)
    }).pipe(Effect.provide(world))
  )

  it.effect(
    "a process that dies while it is prepared leaves no doubt, and buys nothing should it come back (issue 18)",
    () =>
      Effect.gen(function* () {
        const vendor = Conversation.make({ prepares: ["made"] })
        const back = yield* Deferred.make<void>()
        let asked = 0
        const adapter: typeof vendor.adapter = {
          ...vendor.adapter,
          prepare: (wanted) => {
            const made = vendor.adapter.prepare?.(wanted) ?? Effect.die("it prepares nothing")
            return asked++ === 0 ? Effect.andThen(Deferred.await(back), made) : made
          }
        }
        const first = yield* Effect.forkChild(Effect.exit(Scans.run(adapter, "a")))
        yield* TestClock.adjust("1 second")
        const journal = yield* ScanJournal.ScanJournal
        const [left] = yield* entries
        assert.strictEqual(left?.state, "intent")
        // What a journal says of a claim whose process is gone.
        yield* journal.inDoubt(left?.claimId ?? "", ScanJournal.unstoredReason)
        const other = value(yield* finish(Scans.reconcile(adapter, left?.claimId ?? "", () => null)))
        assert.deepStrictEqual(other, { _tag: "None" })
        value(yield* finish(Scans.run(adapter, "a")))
        yield* Deferred.succeed(back, undefined)
        yield* TestClock.adjust("1 hour")
        yield* Fiber.interrupt(first)
        assert.strictEqual(vendor.ledger.submissions.length, 1)
        assert.deepStrictEqual(new Set(yield* states), new Set(["released", "settled"]))
      }).pipe(Effect.provide(world))
  )

  it.effect("where what was prepared cannot be stored nothing is submitted", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ prepares: ["made"] })
      const full = new ScanJournal.JournalError({ reason: "conflict", message: "scripted" })
      const failing = withJournal(() => ({ prepared: () => Effect.fail(full) }))
      failure(yield* finish(failing(Scans.run(vendor.adapter, "a"))))
      assert.strictEqual(vendor.ledger.submissions.length, 0)
      assert.deepStrictEqual(yield* states, ["released"])
    }).pipe(Effect.provide(world))
  )
})

describe("a submission in doubt whose preparation tells", () => {
  it.effect("is found where the vendor had accepted it: bought once, and polled", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        prepares: ["made"],
        recovers: true,
        submits: [{ say: "InDoubt", accepted: true }]
      })
      const outcome = value(yield* finish(Scans.run(vendor.adapter, "a")))
      assert.strictEqual(outcome._tag, "Completed")
      assert.deepStrictEqual([accepted(vendor), vendor.ledger.submissions.length], [1, 1])
    }).pipe(Effect.provide(world))
  )

  it.effect("is sent again where the vendor surely had not, and bought once", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        prepares: ["made"],
        recovers: true,
        submits: [{ say: "InDoubt" }, { say: "accept" }]
      })
      value(yield* finish(Scans.run(vendor.adapter, "a")))
      assert.deepStrictEqual([accepted(vendor), vendor.ledger.submissions.length], [1, 2])
      assert.deepStrictEqual(yield* states, ["released", "settled"])
    }).pipe(Effect.provide(world))
  )

  it.effect("is resolved by a later run where the first one was killed before it could ask", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({
        prepares: ["made"],
        submits: [{ say: "InDoubt", accepted: true }]
      })
      failure(yield* finish(Scans.run(vendor.adapter, "a")))
      assert.deepStrictEqual(yield* states, ["in-doubt"])
      const [left] = yield* entries
      assert.deepStrictEqual(left?.prepared, { task: "task-1" })
      const known: typeof vendor.adapter = {
        ...vendor.adapter,
        recover: (prepared) => Effect.succeed(prepared === null ? null : vendor.ticket("scan-9", 0))
      }
      const outcome = value(yield* finish(Scans.run(known, "a")))
      assert.strictEqual(outcome.ticket.scanId, "scan-9")
      assert.strictEqual(vendor.ledger.submissions.length, 1)
      assert.deepStrictEqual(yield* states, ["settled"])
    }).pipe(Effect.provide(world))
  )

  it.effect("is resolved by a person's look too: found, surely not there, or a fault that says why", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ prepares: ["made"], submits: [{ say: "InDoubt", accepted: true }] })
      failure(yield* finish(Scans.run(vendor.adapter, "a")))
      const claimId = (yield* entries)[0]?.claimId ?? ""
      const look = (recover: NonNullable<(typeof vendor.adapter)["recover"]>) =>
        finish(Scans.reconcile({ ...vendor.adapter, recover }, claimId, () => null))
      const away = PollFault.make({ kind: "Transient", code: "http-503", message: "scripted" })
      assert.strictEqual(failure(yield* look(() => Effect.fail(away))), away)
      assert.deepStrictEqual(value(yield* look(() => Effect.succeed(null))), { _tag: "None" })
      assert.deepStrictEqual(yield* states, ["in-doubt"])
      const seen: Array<unknown> = []
      const found = value(
        yield* look((prepared) => {
          seen.push(prepared)
          return Effect.succeed(vendor.ticket("scan-9", 0))
        })
      )
      assert.deepStrictEqual([found._tag, seen, yield* states], ["Found", [{ task: "task-1" }], ["submitted"]])
    }).pipe(Effect.provide(world))
  )

  it.effect("stays in doubt where the vendor cannot be asked, and is not sent again", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ prepares: ["made"], submits: [{ say: "InDoubt" }] })
      const away: typeof vendor.adapter = { ...vendor.adapter, recover: () => Effect.never }
      for (const _ of [1, 2]) {
        const error = failure(yield* finish(Scans.run(away, "a")))
        assert.strictEqual(error._tag === "SubmitError" ? error.kind : error._tag, "InDoubt")
      }
      assert.deepStrictEqual([vendor.ledger.submissions.length, yield* states], [1, ["in-doubt"]])
    }).pipe(Effect.provide(world))
  )
})
