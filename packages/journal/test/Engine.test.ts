import { assert, describe, it } from "@effect/vitest"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as Conversation from "@scanpoll/test-support/conversation"
import { troubled } from "@scanpoll/test-support/troubledClient"
import { fast } from "./support/clock.ts"
import { folder } from "./support/folder.ts"

const speed = 50
// A machine that is busy for a moment has not lost an answer: requests have real seconds, not milliseconds.
const policy = PollPolicy.make({ pace: "10 seconds", spread: 0, deadline: "1 hour", pollTimeout: "10 minutes" })
const limits = { floor: "1 second", submitTimeout: "10 minutes" } as const

/** A vendor whose scans run for six polls, the engine on a fast clock, and a journal that can be taken ill. */
const scene = (options: SqlJournal.Options, pace = policy) =>
  Effect.gen(function* () {
    const trouble = { is: false }
    const base = yield* SqliteClient.make(join(yield* folder, "journal.db"))
    const sql = yield* troubled(base, (_, text) => (trouble.is && !/^\s*SELECT/.test(text) ? "full" : null))
    const journal = yield* Effect.provideService(SqlJournal.make(options), SqlClient.SqlClient, sql)
    const clock = fast(yield* Clock.Clock, speed)
    const vendor = Conversation.make({
      polls: [...Array.from({ length: 5 }, () => ({ say: "running" }) as const), { say: "done" }],
      policy: pace,
      limits
    })
    const run = (names: ReadonlyArray<string>, batch: Scans.BatchOptions = {}) => {
      const requests = names.map((name) => Scans.request(vendor.adapter, name))
      return Stream.runCollect(Scans.runAll(requests, batch)).pipe(
        Effect.provide(RateBudget.layerMemory),
        Effect.provideService(ScanJournal.ScanJournal, journal),
        Effect.provideService(Clock.Clock, clock),
        Effect.provideService(References.MinimumLogLevel, "None")
      )
    }
    return { base, journal, run, trouble, vendor }
  })

const states = (records: ReadonlyArray<ScanRecord<unknown>>) =>
  [...new Set(records.map((record) => `${record.state} ${record.because}`))].toSorted()

const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.andThen(Effect.sleep(5), until(isSo))))

const names = Array.from({ length: 10 }, (_, n) => `t${n}`)

describe("the engine on a journal in trouble", () => {
  it.live(
    "DU-08 without room in the middle of a batch nothing is submitted or polled; with room it goes on, once each",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { base, run, trouble, vendor } = yield* scene({ patience: "50 minutes" })
          const running = yield* Effect.forkChild(run(names, { concurrency: 5 }))
          yield* until(() => vendor.ledger.polls.length > 0)
          trouble.is = true
          const sent = () => [vendor.ledger.submissions.length, vendor.ledger.polls.length]
          // What was on its way when the trouble began goes its way. One scan after the other would be polled and bought else.
          for (
            let before: ReadonlyArray<number> = [];
            before.join() !== sent().join();
            yield* Effect.sleep("700 millis")
          ) {
            before = sent()
          }
          assert.isBelow(vendor.ledger.submissions.length, 10)
          trouble.is = false
          assert.deepStrictEqual(states(yield* Fiber.join(running)), ["completed outcome"])
          assert.strictEqual(vendor.ledger.submissions.length, 10)
          assert.deepStrictEqual(
            (yield* base`PRAGMA integrity_check`).map((row) => Object.values(row)),
            [["ok"]]
          )
        })
      )
  )

  it.live(
    "DU-07 DU-08 trouble that does not heal: nothing is bought, what is open stays open, and the next run ends it",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { journal, run, trouble, vendor } = yield* scene({ patience: "20 seconds", outage: "600 millis" })
          const running = yield* Effect.forkChild(run(names.slice(0, 4)))
          yield* until(() => vendor.ledger.submissions.length === 4 && vendor.ledger.polls.length > 3)
          trouble.is = true
          const records = yield* Fiber.join(running)
          assert.deepStrictEqual(states(records), ["interrupted journal"])
          assert.isTrue(records.every((record) => record.ticket !== null && record.reason?.code === "journal-full"))
          assert.deepStrictEqual(states(yield* run(["new"])), ["not-started journal"])
          assert.strictEqual(vendor.ledger.submissions.length, 4)
          trouble.is = false
          assert.deepStrictEqual(states(yield* run(names.slice(0, 4))), ["completed outcome"])
          assert.strictEqual(vendor.ledger.submissions.length, 4)
          assert.deepStrictEqual(yield* journal.list(["intent", "submitted", "in-doubt"]), [])
        })
      )
  )
})

describe("a scan that a person says nobody shall wait for", () => {
  it.live("ends its wait, stays open and paid, and is taken again by whoever begins to wait: one purchase in all", () =>
    Effect.scoped(
      Effect.gen(function* () {
        // Its polls are twelve seconds apart: however busy the machine is, it has not ended by itself.
        const slow = policy.pipe(PollPolicy.withPace("10 minutes"), PollPolicy.withDeadline("5 hours"))
        const { base, journal, run, vendor } = yield* scene({ lease: "300 millis" }, slow)
        // Whoever says so is another process.
        const other = yield* Effect.provideService(SqlJournal.make({}), SqlClient.SqlClient, base)
        const running = yield* Effect.forkChild(run(["parked"]))
        yield* until(() => vendor.ledger.polls.length > 0)
        const [open] = yield* other.list(["submitted"])
        const claimId = open?.claimId ?? ""
        yield* other.park(claimId, true)
        const records = yield* Fiber.join(running)
        assert.deepStrictEqual(
          records.map(({ state, ticket }) => [state, ticket !== null]),
          [["interrupted", true]]
        )
        const polls = vendor.ledger.polls.length
        assert.isBelow(polls, 6)
        const parked = yield* journal.get(claimId)
        assert.strictEqual(parked?.state, "submitted")
        assert.isNumber(parked?.parkedAt)
        // Who goes on to wait is told; who begins ends it.
        assert.deepInclude(yield* other.take(claimId, { resumes: true }), { _tag: "Theirs", parked: true })
        assert.deepInclude(yield* other.take(claimId), { _tag: "Ours" })
        assert.strictEqual((yield* journal.get(claimId))?.parkedAt ?? null, null)
        assert.strictEqual(vendor.ledger.submissions.length, 1)
        yield* other.settled(claimId, { any: "answer" })
        assert.strictEqual((yield* Effect.flip(other.park(claimId, true))).reason, "conflict")
      })
    )
  )

  it.live("may be waited for again without having been left alone", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { journal, run, vendor } = yield* scene({ lease: "1 hour" })
        const running = yield* Effect.forkChild(run(["undone"]))
        yield* until(() => vendor.ledger.polls.length > 0)
        const [open] = yield* journal.list(["submitted"])
        yield* journal.park(open?.claimId ?? "", true)
        yield* journal.park(open?.claimId ?? "", false)
        assert.deepStrictEqual(states(yield* Fiber.join(running)), ["completed outcome"])
        assert.strictEqual(vendor.ledger.submissions.length, 1)
      })
    )
  )
})
