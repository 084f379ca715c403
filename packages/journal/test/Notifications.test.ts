/** Notifications: written with what they tell of, delivered by one process at a time, and nothing at all where nobody is notified. */
import { assert, describe, it } from "@effect/vitest"
import type { JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import { type EventType, eventTypes, type StoredDelivery } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import * as Notifications from "@scanpoll/journal/Notifications"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import { type Plan, troubled } from "@scanpoll/test-support/troubledClient"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { type Database, type Databases, postgres, sqlite } from "./support/databases.ts"
import { fresh, keyOf, lackingOutcomeOf, outcomeOf, reason, subject, ticketOf, vendor } from "./support/fixtures.ts"
import { inTime } from "./support/moments.ts"

const calm = { lease: "1 hour", watch: "30 millis", patience: "2 seconds" } as const
const all: ReadonlyArray<Databases> = [sqlite, postgres()]
const run = { runId: "run_1", command: "run", plan: "p.yaml", planDigest: null, options: null, startedAt: 5, rows: [] }

describe.for(all)("notifications: $name", (databases) => {
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)))

  // A journal that notifies these receivers, and its outbox.
  const open = (
    database: Database,
    receivers: Readonly<Record<string, ReadonlyArray<EventType>>> | null,
    plan: Plan = () => null
  ) =>
    Effect.gen(function* () {
      const opened: Array<Notifications.Outbox> = []
      const wanted: Notifications.Wanted | null =
        receivers === null
          ? null
          : {
              receivers: Object.entries(receivers).map(([name, events]) => ({ name, events: new Set(events) })),
              opened: (outbox) => Effect.sync(() => void opened.push(outbox))
            }
      const sql = yield* troubled(yield* database.client, plan)
      const journal = yield* SqlJournal.make(calm).pipe(
        Effect.provideService(Notifications.Notified, wanted),
        Effect.provideService(SqlClient.SqlClient, sql)
      )
      const [outbox] = opened
      return { journal, outbox, sql }
    })

  const told = (journal: Operations) =>
    Effect.map(journal.deliveries({}), (deliveries) =>
      deliveries.map(({ receiver, type }) => `${receiver} ${type}`).toSorted()
    )

  const until = (what: string, isSo: Effect.Effect<boolean, JournalError>) => {
    const ask: Effect.Effect<void, JournalError> = Effect.flatMap(isSo, (so) =>
      so ? Effect.void : Effect.andThen(Effect.sleep(10), ask)
    )
    return inTime(what, ask)
  }

  // A scan with an answer of this score.
  const scanned = (journal: Operations, name: string, score: number) => answered(journal, name, outcomeOf(name, score))

  const answered = (journal: Operations, name: string, outcome: unknown) =>
    Effect.gen(function* () {
      const { claimId } = yield* journal.claim(keyOf(name), fresh)
      yield* journal.submitted(claimId, ticketOf(name), 0)
      yield* journal.settled(claimId, outcome)
      return claimId
    })

  const everything = (journal: Operations) =>
    Effect.gen(function* () {
      yield* scanned(journal, "good", 90)
      const lost = yield* journal.claim(keyOf("lost"), fresh)
      yield* journal.inDoubt(lost.claimId, reason)
      const no = yield* journal.claim(keyOf("no"), fresh)
      yield* journal.refused(no.claimId, reason)
      yield* journal.runs.begin(run)
      journal.denied(vendor, { code: "http-401", message: "no" })
      journal.denied(vendor, { code: "http-401", message: "no" })
      yield* scanned(journal, "bad", 40)
      yield* journal.runs.end("run_1", { endedAt: 9, exitCode: 1 })
    })

  promise(
    "each event is told once to each receiver that wants it, in the transaction of what it tells of",
    (database) =>
      Effect.gen(function* () {
        const { journal } = yield* open(database, { all: eventTypes, doubts: ["scan.in-doubt"] })
        yield* everything(journal)
        yield* until(
          "the refused key is told",
          Effect.map(told(journal), (lines) => lines.includes("all account.denied"))
        )
        assert.deepStrictEqual(yield* told(journal), [
          "all account.denied",
          "all run.finished",
          "all scan.ended",
          "all scan.ended",
          "all scan.ended",
          "all scan.in-doubt",
          "all target.worse",
          "doubts scan.in-doubt"
        ])
      })
  )

  promise(
    "a target is worse once, and neither an answer about something else nor the same scan again says it",
    (database) =>
      Effect.gen(function* () {
        const { journal } = yield* open(database, { all: ["target.worse"] })
        yield* scanned(journal, "good", 90)
        yield* answered(journal, "other", lackingOutcomeOf("other", "it is about another site", 10))
        assert.deepStrictEqual(yield* told(journal), [])
        yield* scanned(journal, "bad", 40)
        assert.deepStrictEqual(yield* told(journal), ["all target.worse"])
        yield* answered(journal, "another", lackingOutcomeOf("another", "it is about another site", 10))
        yield* answered(journal, "again", outcomeOf("bad", 40))
        assert.deepStrictEqual(yield* told(journal), ["all target.worse"])
      })
  )

  promise("who looks for what is due only reads where nothing is", (database) =>
    Effect.gen(function* () {
      const texts: Array<string> = []
      const { journal, outbox } = yield* open(database, { all: ["scan.in-doubt"] }, (_, text) => {
        texts.push(text)
        return null
      })
      const { claimId } = yield* journal.claim(keyOf("x"), fresh)
      const writes = () => texts.filter((text) => /^\s*(UPDATE|DELETE FROM) scanpoll_outbox/.test(text)).length
      assert.deepStrictEqual(yield* outbox?.take(["all"], { limit: 10, lease: 60_000 }) ?? Effect.succeed(null), [])
      yield* outbox?.forget(1) ?? Effect.void
      assert.strictEqual(writes(), 0)
      yield* journal.inDoubt(claimId, reason)
      assert.strictEqual((yield* outbox?.take(["all"], { limit: 10, lease: 60_000 }) ?? Effect.succeed([])).length, 1)
      assert.strictEqual(writes(), 1)
    })
  )

  promise("what was given up is tried again on demand, alone or with all of its receiver", (database) =>
    Effect.gen(function* () {
      const { journal, outbox } = yield* open(database, { one: ["scan.in-doubt"], two: ["scan.in-doubt"] })
      if (outbox === undefined) return assert.fail("no outbox")
      const { claimId } = yield* journal.claim(keyOf("x"), fresh)
      yield* journal.inDoubt(claimId, reason)
      const take = outbox.take(["one", "two"], { limit: 10, lease: 60_000 })
      for (const due of yield* take) yield* outbox.failed(due, "no", null)
      assert.deepStrictEqual(yield* take, [])
      assert.strictEqual(yield* journal.redeliver({ id: "evt_other" }), 0)
      assert.strictEqual(yield* journal.redeliver({ receiver: "one" }), 1)
      const again = yield* take
      assert.deepStrictEqual(
        again.map(({ attempts, receiver }) => [receiver, attempts]),
        [["one", 1]]
      )
      for (const due of again) yield* outbox.delivered(due)
      assert.strictEqual(yield* journal.redeliver({}), 1)
      assert.deepStrictEqual(
        (yield* take).map(({ receiver }) => receiver),
        ["two"]
      )
    })
  )

  promise("a move that is undone tells nothing, and one whose answer was lost tells once", (database) =>
    Effect.gen(function* () {
      let next: "lost" | "fails" | null = null
      const { journal } = yield* open(database, { all: ["scan.in-doubt"] }, (_, text) => {
        const how = text.startsWith("COMMIT") ? next : null
        if (how !== null) next = null
        return how
      })
      const { claimId } = yield* journal.claim(keyOf("x"), fresh)
      next = "lost"
      yield* journal.inDoubt(claimId, reason)
      assert.deepStrictEqual(yield* told(journal), ["all scan.in-doubt"])
      yield* Effect.flip(journal.settled(claimId, outcomeOf("x")))
      const other = yield* journal.claim(keyOf("y"), fresh)
      next = "fails"
      yield* journal.inDoubt(other.claimId, reason)
      assert.deepStrictEqual(yield* told(journal), ["all scan.in-doubt", "all scan.in-doubt"])
    })
  )

  promise("a submission whose process went away is told as in doubt, by who finds out", (database) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { journal } = yield* open(database, null)
          yield* journal.claim(keyOf("gone"), fresh)
        })
      )
      // Its end was in order, so its row is doubtful already; one of an owner without a row is found when a journal opens.
      const { journal: quiet, sql } = yield* open(database, null)
      const { claimId } = yield* quiet.claim(keyOf("orphan"), fresh)
      yield* sql`UPDATE scanpoll_claims SET owner = 'own_nobody' WHERE claim_id = ${claimId}`
      const { journal } = yield* open(database, { all: ["scan.in-doubt"] })
      assert.deepStrictEqual(
        (yield* journal.deliveries({})).map((delivery: StoredDelivery) => delivery.claimId),
        [claimId]
      )
    })
  )

  promise("without receivers no statement speaks of notifications, and nothing is kept", (database) =>
    Effect.gen(function* () {
      let spoken = 0
      const { journal } = yield* open(database, null, (_, text) => {
        if (/outbox|RETURNING \*/.test(text) && !/CREATE/.test(text)) spoken += 1
        return null
      })
      yield* everything(journal)
      assert.strictEqual(spoken, 0)
      assert.deepStrictEqual(yield* told(journal), [])
    })
  )

  promise(
    "one of two processes takes what is due, and what it does not speak of again is due after its time",
    (database) =>
      Effect.gen(function* () {
        const one = yield* open(database, { all: ["scan.ended"] })
        const two = yield* open(database, { all: ["scan.ended"] })
        yield* Effect.forEach(["a", "b", "c", "d"], (name) => scanned(one.journal, name, 50))
        const take = (outbox: Notifications.Outbox | undefined, lease = 60_000) =>
          outbox === undefined ? Effect.succeed([]) : outbox.take(["all", "other"], { limit: 3, lease })
        const taken = yield* Effect.all([take(one.outbox), take(two.outbox)], { concurrency: 2 })
        const ids = taken.flat().map(({ id }) => id)
        assert.strictEqual(new Set(ids).size, ids.length)
        const rest = [...(yield* take(one.outbox)), ...(yield* take(two.outbox))]
        assert.strictEqual(ids.length + rest.length, 4)
        const [first, second, third] = [...taken.flat(), ...rest]
        if (first === undefined || second === undefined || third === undefined) return assert.fail("nothing was due")
        assert.deepInclude(JSON.parse(first.body), { type: "scan.ended" })
        assert.strictEqual(JSON.parse(first.body).data.subject.id, subject.id)
        yield* one.outbox?.delivered(first) ?? Effect.void
        yield* one.outbox?.failed(second, "503", 1) ?? Effect.void
        yield* one.outbox?.failed(third, "still 503", null) ?? Effect.void
        const again = yield* take(two.outbox)
        assert.deepStrictEqual(
          again.map(({ attempts, body, id }) => [id, attempts, body]),
          [[second.id, 2, second.body]]
        )
        assert.deepStrictEqual(
          (yield* two.journal.deliveries({ states: ["dead"] })).map(({ id, lastError }) => [id, lastError]),
          [[third.id, "still 503"]]
        )
        yield* two.outbox?.gone("all", "410") ?? Effect.void
        assert.deepStrictEqual(yield* two.journal.deliveries({ states: ["pending"] }), [])
      })
  )

  promise("what is forgotten with its claim is not told any more", (database) =>
    Effect.gen(function* () {
      const { journal } = yield* open(database, { all: eventTypes })
      yield* scanned(journal, "a", 50)
      yield* journal.purge({ before: Date.now() + 60_000, about: ({ id }) => id === subject.id })
      assert.deepStrictEqual(yield* told(journal), [])
    })
  )
})
