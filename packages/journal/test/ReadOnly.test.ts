import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import { migrate, migrations } from "@scanpoll/journal/JournalSchema"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Fs from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { type Database, type Databases, postgres, sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf, reason, subject, ticketOf } from "./support/fixtures.ts"
import { runOf } from "./support/runs.ts"

const open = (layer: Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, ScanJournal.ScanJournal))

const look = (database: Database) => open(Journal.layerReadOnly(database.address, { patience: "500 millis" }))

const reasonOf = <A, R>(effect: Effect.Effect<A, ScanJournal.JournalError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : "no error"))

/** One scan that is open, one that settled, one in doubt. */
const fill = (database: Database) =>
  Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(Journal.layer(database.address))
      const opened = yield* journal.claim(keyOf("open"), fresh)
      yield* journal.submitted(opened.claimId, ticketOf("open"), 7)
      const settled = yield* journal.claim(keyOf("settled"), fresh)
      yield* journal.settled(settled.claimId, outcomeOf("settled"), ticketOf("settled"))
      const doubtful = yield* journal.claim(keyOf("doubt"), fresh)
      yield* journal.inDoubt(doubtful.claimId, reason)
      return opened.claimId
    })
  )

const seesAll = (journal: ScanJournal.Operations) =>
  Effect.gen(function* () {
    assert.deepStrictEqual(
      (yield* journal.list(["submitted", "in-doubt"])).map((entry) => entry.state),
      ["submitted", "in-doubt"]
    )
    const [settled] = yield* journal.history({})
    assert.deepStrictEqual(settled?.outcome, outcomeOf("settled"))
    assert.strictEqual((yield* journal.claim(keyOf("open"), { ...fresh, peek: true }))._tag, "InFlight")
    assert.deepStrictEqual(yield* journal.lessons, [])
    assert.deepStrictEqual(yield* journal.pauses, [])
  })

const all: ReadonlyArray<Databases> = [sqlite, postgres()]

describe.for(all)("a journal that is only looked at: $name", (databases) => {
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)))

  promise("shows what is open, settled and in doubt, and registers no process (D-07)", (database) =>
    Effect.gen(function* () {
      yield* fill(database)
      yield* seesAll(yield* look(database))
      const sql = yield* database.client
      assert.deepStrictEqual(yield* sql`SELECT owner_id FROM scanpoll_owners`, [])
    })
  )

  promise("refuses whatever would change it, as read-only (D-07)", (database) =>
    Effect.gen(function* () {
      const claimId = yield* fill(database)
      const journal = yield* look(database)
      journal.leave(claimId)
      journal.waiting(claimId, 5)
      for (const write of [
        journal.claim(keyOf("new"), fresh),
        journal.take(claimId),
        journal.settled(claimId, outcomeOf("open")),
        journal.released(claimId),
        journal.adopt(ticketOf("typed"), subject),
        journal.runs.begin(runOf("run_b", ["a"])),
        journal.runs.end("run_a", { endedAt: 1, exitCode: 0 }),
        journal.runs.reopen("run_a"),
        journal.purge({ before: Number.MAX_SAFE_INTEGER })
      ]) {
        assert.strictEqual(yield* reasonOf(write), "read-only")
      }
      assert.strictEqual((yield* journal.get(claimId))?.notBefore, 7)
    })
  )

  promise("a process that is alive keeps what it submits: nobody's look calls it in doubt (D-07)", (database) =>
    Effect.gen(function* () {
      const owner = yield* open(Journal.layer(database.address))
      const { claimId } = yield* owner.claim(keyOf("a"), fresh)
      const entry = yield* Effect.flatMap(look(database), (journal) => journal.get(claimId))
      assert.strictEqual(entry?.state, "intent")
      assert.match(entry?.heldBy ?? "", /^process \d+ on /)
    })
  )

  promise("a journal of every older version can be looked at, and stays of that version (D-07)", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      for (let version = 1; version <= migrations.length; version++) {
        yield* Effect.provideService(migrate(migrations.slice(0, version)), SqlClient.SqlClient, sql)
        const journal = yield* look(database)
        assert.deepStrictEqual(yield* journal.list(["submitted", "in-doubt", "settled"]), [])
        assert.deepStrictEqual(yield* journal.history({}), [])
        assert.deepStrictEqual(yield* journal.lessons, [])
        assert.deepStrictEqual(yield* journal.runs.list({}), [])
        assert.isNull(yield* journal.runs.get("run_a"))
        const [row] = yield* sql<{ version: number }>`SELECT version FROM scanpoll_journal`
        assert.strictEqual(row?.version, version)
      }
      yield* sql`UPDATE scanpoll_journal SET version = 99`
      assert.strictEqual(yield* reasonOf(look(database)), "newer")
    })
  )
})

describe("looking at a journal in a file", () => {
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(says, () => Effect.scoped(Effect.flatMap(sqlite.make, body)))

  promise("a file that is not there is missing, and none is made (D-08)", (database) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reasonOf(look(database)), "missing")
      assert.isFalse(Fs.existsSync(database.address))
      Fs.writeFileSync(database.address, "")
      assert.strictEqual(yield* reasonOf(look(database)), "missing")
    })
  )

  promise("works while another process has it locked (D-07)", (database) =>
    Effect.gen(function* () {
      yield* fill(database)
      const other = new DatabaseSync(database.address)
      other.exec("BEGIN IMMEDIATE")
      yield* seesAll(yield* look(database))
      other.exec("ROLLBACK")
      other.close()
    })
  )

  promise("works where SQLite can make nothing beside the file, as on a read-only file system (D-07)", (database) =>
    Effect.gen(function* () {
      yield* fill(database)
      // A folder of that name keeps everybody from making the file, the superuser included.
      for (const tail of ["-wal", "-shm"]) assert.isFalse(Fs.existsSync(`${database.address}${tail}`))
      Fs.mkdirSync(`${database.address}-shm`)
      const before = Fs.readFileSync(database.address)
      yield* seesAll(yield* look(database))
      assert.isTrue(Fs.readFileSync(database.address).equals(before))
    })
  )

  promise("works on what a killed process left there, its log included (D-07)", (database) =>
    Effect.gen(function* () {
      const copy = { ...database, address: `${database.address}.left` }
      const other = yield* open(Journal.layer(database.address))
      yield* fill(database)
      for (const tail of ["", "-wal"]) Fs.copyFileSync(`${database.address}${tail}`, `${copy.address}${tail}`)
      Fs.mkdirSync(`${copy.address}-shm`)
      const before = ["", "-wal"].map((tail) => Fs.readFileSync(`${copy.address}${tail}`).toString("base64"))
      yield* seesAll(yield* look(copy))
      assert.deepStrictEqual(
        ["", "-wal"].map((tail) => Fs.readFileSync(`${copy.address}${tail}`).toString("base64")),
        before
      )
      yield* other.pauses
    })
  )
})
