/**
 * Clocks that jump alone: a machine that slept moves the wall clock, a person or a time server sets it back while the
 * process was stopped, the database's clock is its own. None of them makes a process poll what others may have taken.
 */
import { assert, describe, it } from "@effect/vitest"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { troubled } from "@scanpoll/test-support/troubledClient"
import { type Database, type Databases, postgres, sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf, subject, ticketOf, vendor } from "./support/fixtures.ts"
import { inTime, type Jumping, jumping } from "./support/moments.ts"

const minute = 60_000
const all: ReadonlyArray<Databases> = [sqlite, postgres()]

describe.for(all)("a clock that jumps: $name", (databases) => {
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)))

  /** A process with clocks of its own that holds one claim, and a database that can be taken away from it. */
  const holding = (database: Database, options: SqlJournal.Options) =>
    Effect.gen(function* () {
      const time = yield* jumping
      const line = { isDown: false }
      const sql = yield* troubled(yield* database.client, () => (line.isDown ? "fails" : null))
      const journal = yield* SqlJournal.make(options).pipe(
        Effect.provideService(SqlClient.SqlClient, sql),
        Effect.provideService(Clock.Clock, time.clock)
      )
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      const hold = yield* journal.take(claimId)
      if (hold._tag !== "Ours" || hold.guard === null) return assert.fail(hold._tag)
      const { guard } = hold
      const on = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Clock.Clock, time.clock)
      return { time, line, ready: on(guard.ready), lapsed: on(guard.lapsed) }
    })

  const jumps: ReadonlyArray<readonly [string, (time: Jumping, millis: number) => void]> = [
    ["the wall clock alone went on, as where the machine slept", (time, millis) => void (time.wall += millis)],
    ["the wall clock alone was set back", (time, millis) => void (time.wall -= millis)],
    [
      "the steady clock alone went on, as where the wall clock was set back meanwhile",
      (time, millis) => void (time.steady += millis)
    ]
  ]
  for (const [how, jump] of jumps) {
    promise(`where ${how}, nothing is polled before the database has answered a heartbeat (DU-16)`, (database) =>
      Effect.gen(function* () {
        const { line, ready, time } = yield* holding(database, { lease: "1 hour", patience: "100 millis" })
        yield* inTime("it may poll at first", ready)
        line.isDown = true
        // Nothing has changed: no heartbeat is needed, so none is missed.
        yield* inTime("it may poll within its lease", ready)
        jump(time, 50 * minute)
        const waiting = yield* Effect.forkChild(ready)
        yield* Effect.sleep(200)
        assert.isUndefined(waiting.pollUnsafe(), "it polls without a heartbeat")
        line.isDown = false
        yield* inTime("it may poll after a heartbeat", ready)
      })
    )

    promise(`where ${how} by more than the lease, a request under way is cut at once (DU-16)`, (database) =>
      Effect.gen(function* () {
        const { lapsed, line, time } = yield* holding(database, { lease: "1 hour", patience: "100 millis" })
        const early = yield* Effect.forkChild(lapsed)
        yield* Effect.sleep(50)
        assert.isUndefined(early.pollUnsafe())
        line.isDown = true
        jump(time, 61 * minute)
        yield* inTime("the lease is over", lapsed)
      })
    )
  }

  promise("a request under way is cut when the lease runs out without a word from the database (DU-16)", (database) =>
    Effect.gen(function* () {
      const { lapsed, line } = yield* holding(database, { lease: "900 millis", patience: "100 millis" })
      line.isDown = true
      yield* inTime("the lease is over", lapsed)
    })
  )

  promise("a request under way is not cut while heartbeats are answered, for longer than a lease (DU-16)", (database) =>
    Effect.gen(function* () {
      const { lapsed, ready, time } = yield* holding(database, { lease: "1 hour", patience: "100 millis" })
      const cut = yield* Effect.forkChild(lapsed)
      for (let i = 0; i < 3; i++) {
        time.wall += 50 * minute
        time.steady += 50 * minute
        yield* inTime("a heartbeat is answered", ready)
        assert.isUndefined(cut.pollUnsafe())
      }
    })
  )

  const hours8 = 8 * 60 * minute
  // Ten seconds, and what rounding adds.
  const rest = 10_002

  /** A process whose wall clock is set to that much more than real time. */
  const journalAt = (database: Database, wall: number) =>
    Effect.gen(function* () {
      const time = yield* jumping
      time.wall = wall
      const on = Effect.provideService(Clock.Clock, time.clock)
      const sql = yield* database.client
      const journal = yield* on(Effect.provideService(SqlJournal.makeShared(), SqlClient.SqlClient, sql))
      return { journal, on, sql, now: on(SteadyClock.now) }
    })

  promise("a wait that was stored before the clock was set back holds for what it had left (D-11)", (database) =>
    Effect.gen(function* () {
      const claimId = yield* Effect.scoped(
        Effect.gen(function* () {
          const { journal, now, on } = yield* journalAt(database, hours8)
          const { claimId } = yield* on(journal.claim(keyOf("a"), fresh))
          yield* on(journal.submitted(claimId, ticketOf("a"), (yield* now) + 5_000))
          yield* on(journal.take(claimId))
          journal.waiting(claimId, (yield* now) + 10_000)
          journal.leave(claimId)
          yield* journal.flushed
          return claimId
        })
      )
      const { journal, now, on, sql } = yield* journalAt(database, 0)
      const entry = yield* on(journal.get(claimId))
      const left = (entry?.notBefore ?? 0) - (yield* now)
      assert.isTrue(left > 0 && left <= rest, `${left}`)
      yield* sql.onDialectOrElse({
        pg: () =>
          Effect.gen(function* () {
            const wanted = { slices: [1], of: 1, accounts: [vendor], limit: 10 }
            const none = yield* on(journal.takeFree({ ...wanted, dueBefore: (yield* now) + 1_000 }))
            assert.deepStrictEqual(none, [])
            const [taken] = yield* on(journal.takeFree({ ...wanted, dueBefore: (yield* now) + 11_000 }))
            assert.strictEqual(taken?.entry.claimId, claimId)
            assert.isAtMost((taken?.hold.notBefore ?? hours8) - (yield* now), rest)
          }),
        orElse: () => Effect.void
      })
      const hold = yield* on(journal.take(claimId))
      if (hold._tag !== "Ours") return assert.fail(hold._tag)
      assert.isAtMost(hold.notBefore - (yield* now), rest)
      // It moves on with what is left.
      yield* on(journal.ended(claimId, "done"))
      assert.isAtMost(((yield* on(journal.get(claimId)))?.notBefore ?? hours8) - (yield* now), rest)
    })
  )

  promise("pauses that were stored before the clock was set back hold for what they had left (D-11)", (database) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { journal, now } = yield* journalAt(database, hours8)
          journal.paused(vendor, (yield* now) + 60_000)
          journal.paused(vendor, (yield* now) + 30_000, "submit")
          yield* journal.flushed
        })
      )
      const { journal, now, on } = yield* journalAt(database, 0)
      const left = Effect.map(on(journal.pauses), (pauses) =>
        Object.fromEntries(
          pauses.map(({ at = 0, kind = "all", until }) => [kind, Math.round((until - at) / 10_000) * 10_000])
        )
      )
      assert.deepStrictEqual(yield* left, { all: 60_000, submit: 30_000 })
      // The longer one stays, by what is left of each.
      journal.paused(vendor, (yield* now) + 20_000)
      journal.paused(vendor, (yield* now) + 50_000, "submit")
      yield* journal.flushed
      assert.deepStrictEqual(yield* left, { all: 60_000, submit: 50_000 })
    })
  )

  promise(
    "an outcome that was stored before the clock was set back is reused: it is never bought again for that (D-12)",
    (database) =>
      Effect.gen(function* () {
        const store = (wall: number, name: string) =>
          Effect.scoped(
            Effect.gen(function* () {
              const { journal, on } = yield* journalAt(database, wall)
              const { claimId } = yield* on(journal.claim(keyOf("a"), { subject, reuseFrom: Number.MAX_SAFE_INTEGER }))
              yield* on(journal.settled(claimId, outcomeOf(name), ticketOf(name)))
            })
          )
        yield* store(hours8, "future")
        const { journal, now, on } = yield* journalAt(database, 0)
        const wish = { subject, reuseFrom: (yield* now) - 60 * minute, askedAt: yield* now, peek: true }
        const found = yield* on(journal.claim(keyOf("a"), wish))
        assert.deepStrictEqual(found._tag === "Settled" ? found.outcome : found._tag, outcomeOf("future"))
        // One whose age is known is the better answer.
        yield* store(0, "now")
        const known = yield* on(journal.claim(keyOf("a"), wish))
        assert.deepStrictEqual(known._tag === "Settled" ? known.outcome : known._tag, outcomeOf("now"))
      })
  )

  promise("a process whose own clock is wrong by years is not taken for gone, nor takes others for it", (database) =>
    Effect.gen(function* () {
      const year = 365 * 24 * 60 * minute
      const open = (wall: number) =>
        Effect.gen(function* () {
          const time = yield* jumping
          time.wall = wall
          return yield* SqlJournal.make({ lease: "1 hour", presence: "lease" }).pipe(
            Effect.provideService(SqlClient.SqlClient, yield* database.client),
            Effect.provideService(Clock.Clock, time.clock)
          )
        })
      const journals = [yield* open(0), yield* open(-5 * year), yield* open(5 * year)]
      const ids = yield* Effect.forEach(journals, (journal, n) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf(`w${n}`), fresh)
          yield* journal.submitted(claimId, ticketOf(`w${n}`), 0)
          yield* journal.take(claimId)
          return claimId
        })
      )
      const [first] = journals
      const { claimId: submitting } = yield* (first ?? assert.fail("none")).claim(keyOf("submitting"), fresh)
      for (const [mine, journal] of journals.entries()) {
        // Nor does it say so of one that lives.
        assert.strictEqual((yield* journal.get(submitting))?.state, "intent")
        for (const [n, claimId] of ids.entries()) {
          assert.strictEqual((yield* journal.take(claimId))._tag, mine === n ? "Ours" : "Theirs")
          assert.isNotNull((yield* journal.get(claimId))?.heldBy)
        }
      }
    })
  )
})
