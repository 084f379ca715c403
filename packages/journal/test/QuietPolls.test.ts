/** What a process that holds very many claims writes of their polls: at once what somebody must know, the rest a little later. */
import { assert, describe, it } from "@effect/vitest"
import type { Operations } from "@scanpoll/core/engine/ScanJournal"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Standing from "@scanpoll/journal/Standing"
import { troubled } from "@scanpoll/test-support/troubledClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { TestClock } from "effect/testing"
import { sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf, ticketOf } from "./support/fixtures.ts"

const running = { kind: "poll", because: "pace", seen: "running", code: null, percent: null, message: null } as const
const pace = 10_000

describe("a process that holds more claims than it writes at once", () => {
  /** Forty claims of which each is polled every ten seconds; more than five are very many here. */
  const busy = Effect.gen(function* () {
    const database = yield* sqlite.make
    const statements: Array<string> = []
    const sql = yield* troubled(yield* database.client, (_, text) => {
      statements.push(text)
      return null
    })
    const journal = yield* Effect.provideService(SqlJournal.make({ livelyUpTo: 5 }), SqlClient.SqlClient, sql)
    const other = yield* Effect.flatMap(database.client, (client) =>
      Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, client)
    )
    const claimIds = yield* Effect.forEach(
      Array.from({ length: 40 }, (_, n) => `s${n}`),
      (name) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf(name), fresh)
          yield* journal.submitted(claimId, ticketOf(name), 0)
          yield* journal.take(claimId)
          return claimId
        })
    )
    yield* TestClock.adjust("1 second")
    const poll = (claimId: string, change: Partial<Parameters<Operations["polled"]>[1]> = {}) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        const until = at + pace
        journal.waiting(claimId, until)
        journal.polled(claimId, { ...running, at, until, ...change })
        return until
      })
    const round = Effect.gen(function* () {
      for (const claimId of claimIds) yield* poll(claimId)
      yield* TestClock.adjust("500 millis")
    })
    const rest = TestClock.adjust(pace - 500)
    const counted = (claimId: string) =>
      Effect.map(other.polls(claimId), (polls) => polls.reduce((sum, { count }) => sum + count, 0))
    const all = Effect.map(Effect.forEach(claimIds, counted), (counts) => counts.reduce((sum, count) => sum + count, 0))
    return { journal, other, claimIds, statements, poll, round, rest, counted, all }
  })
  const first = (claimIds: ReadonlyArray<string>): string => claimIds[0] ?? ""

  it.effect("writes the polls that saw nothing new a few at a time, and loses none of them (D-20)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { all, claimIds, rest, round } = yield* busy
        for (let n = 1; n <= 5; n++) {
          yield* round
          const written = yield* all
          // The first of each is news.
          if (n > 1) assert.isBelow(written, (n - 1) * claimIds.length + 30)
          yield* rest
          assert.strictEqual(yield* all, n * claimIds.length)
        }
      })
    )
  )

  it.effect("writes at once what a poll saw for the first time, and the wait that the vendor asked for (D-20)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { claimIds, counted, other, poll, rest, round } = yield* busy
        yield* round
        yield* rest
        const claimId = first(claimIds)
        for (const change of [{ seen: "queued" }, { because: "hint" }] as const) {
          const until = yield* poll(claimId, change)
          yield* TestClock.adjust("500 millis")
          assert.strictEqual((yield* other.get(claimId))?.notBefore, until)
        }
        assert.strictEqual(yield* counted(claimId), 3)
      })
    )
  )

  it.effect("counts as late only when a claim has had no word for as long as the journal was told (D-20)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { claimIds, other, rest, round } = yield* busy
        const standings = Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          return (yield* other.open).map((entry) => Standing.of(entry, now, 0))
        })
        yield* round
        yield* rest
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual([...new Set(yield* standings)], ["waiting"])
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          yield* standings,
          claimIds.map(() => "late")
        )
      })
    )
  )

  it.effect("writes at once what waits when its claim is let go of or settles (D-20)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { claimIds, counted, journal, other, poll, rest, round } = yield* busy
        yield* round
        yield* rest
        for (const claimId of claimIds.slice(2)) yield* poll(claimId)
        const [left = "", settled = ""] = claimIds
        yield* poll(settled)
        const until = yield* poll(left)
        journal.leave(left)
        yield* journal.settled(settled, outcomeOf("s1"))
        yield* TestClock.adjust("300 millis")
        const entry = yield* other.get(left)
        assert.strictEqual(entry?.heldBy, null)
        assert.strictEqual(entry?.notBefore, until)
        assert.strictEqual(yield* counted(left), 2)
        assert.strictEqual(yield* counted(settled), 2)
      })
    )
  )
})
