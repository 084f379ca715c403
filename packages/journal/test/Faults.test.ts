import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import { migrate, migrations } from "@scanpoll/journal/JournalSchema"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { DatabaseSync } from "node:sqlite"
import { type Plan, troubled } from "@scanpoll/test-support/troubledClient"
import { type Database, type Databases, postgres, sqlite } from "./support/databases.ts"
import { folder } from "./support/folder.ts"
import { fresh, keyOf, outcomeOf, reason, subject, ticketOf } from "./support/fixtures.ts"
import { inTime } from "./support/moments.ts"

const quick = { lease: "1 second", watch: "30 millis", patience: "1500 millis" } as const

const reasonOf = <A, R>(effect: Effect.Effect<A, ScanJournal.JournalError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : "no error"))

const opening = (address: string) => reasonOf(Layer.build(Journal.layer(address)))

/** Every file of a folder with its bytes, and whether others may look into it. */
const contents = (path: string) =>
  Object.fromEntries(Fs.readdirSync(path).map((name) => [name, Fs.readFileSync(join(path, name)).toString("base64")]))

const live = (says: string, body: Effect.Effect<void, unknown, Scope.Scope>): void =>
  it.live(says, () => Effect.scoped(body))

describe("a journal in a file", () => {
  const file = Effect.map(folder, (path) => join(path, "journal.db"))
  const openFile = (path: string, options: SqlJournal.Options = quick) =>
    Effect.flatMap(SqliteClient.make(path), (sql) =>
      Effect.map(Effect.provideService(SqlJournal.make(options), SqlClient.SqlClient, sql), (journal) => ({
        journal,
        sql
      }))
    )

  live(
    "DU-07 waits out a lock while the event loop goes on, which no statement stops for more than 200 ms",
    Effect.gen(function* () {
      const path = yield* file
      const { journal, sql } = yield* openFile(path, { ...quick, patience: "1 minute" })
      const [told] = yield* sql<{ timeout: number }>`PRAGMA busy_timeout`
      assert.isAtMost(told?.timeout ?? Infinity, 200)
      const other = new DatabaseSync(path)
      other.exec("BEGIN IMMEDIATE")
      // It lasts for so many turns of the loop: a loop that stands still frees nothing.
      const freed = Effect.andThen(
        Effect.forEach(Array.from({ length: 40 }), () => Effect.sleep(50), { discard: true }),
        Effect.sync(() => other.exec("ROLLBACK"))
      )
      const claims = Effect.all(
        Array.from({ length: 20 }, (_, n) => journal.claim(keyOf(`k${n}`), fresh)),
        { concurrency: "unbounded" }
      )
      const [made] = yield* Effect.all([claims, freed], { concurrency: 2 })
      assert.isTrue(made.every((claim) => claim._tag === "Fresh"))
      other.close()
    })
  )

  live(
    "DU-07 gives up on a lock that stays, claims nothing meanwhile, and goes on when it is freed",
    Effect.gen(function* () {
      const path = yield* file
      const { journal } = yield* openFile(path, { ...quick, patience: "600 millis" })
      const other = new DatabaseSync(path)
      other.exec("BEGIN IMMEDIATE")
      const faults = yield* Effect.all(
        Array.from({ length: 5 }, (_, n) => reasonOf(journal.claim(keyOf(`k${n}`), fresh))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(faults)], ["busy"])
      assert.strictEqual((yield* journal.list(["intent"])).length, 0)
      other.exec("ROLLBACK")
      assert.strictEqual((yield* journal.claim(keyOf("k0"), fresh))._tag, "Fresh")
      other.close()
    })
  )

  live(
    "DU-07 opening a journal that is locked waits, and says so when that takes too long",
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.scoped(openFile(path))
      const other = new DatabaseSync(path)
      other.exec("BEGIN IMMEDIATE")
      assert.strictEqual(yield* reasonOf(openFile(path, { patience: "300 millis" })), "busy")
      const freed = Effect.andThen(
        Effect.sleep("500 millis"),
        Effect.sync(() => other.exec("ROLLBACK"))
      )
      yield* Effect.all([openFile(path), freed], { concurrency: 2 })
      other.close()
    })
  )

  live(
    "DU-08 without room it claims nothing and keeps what it has; with room it goes on, unharmed",
    Effect.gen(function* () {
      const path = yield* file
      const { journal, sql } = yield* openFile(path, { ...quick, patience: "400 millis" })
      const open = yield* journal.claim(keyOf("open"), fresh)
      yield* journal.submitted(open.claimId, ticketOf("open"), 0)
      const pages = yield* sql<{ page_count: number }>`PRAGMA page_count`
      const limit = (count: number) => sql.unsafe(`PRAGMA max_page_count = ${count}`)
      yield* limit(pages[0]?.page_count ?? 1)
      const fill = Effect.gen(function* () {
        for (let n = 0; ; n++) {
          const { claimId } = yield* journal.claim(keyOf(`fill${n}${"x".repeat(2000)}`), fresh)
          yield* journal.released(claimId)
        }
      })
      assert.strictEqual(yield* reasonOf(fill), "full")
      assert.strictEqual(
        yield* reasonOf(journal.settled(open.claimId, outcomeOf("x".repeat(99), 1, "y".repeat(99_999)))),
        "full"
      )
      assert.strictEqual((yield* journal.get(open.claimId))?.state, "submitted")
      yield* limit(1_000_000)
      yield* journal.settled(open.claimId, outcomeOf("open"))
      assert.strictEqual((yield* journal.claim(keyOf("after"), fresh))._tag, "Fresh")
      assert.deepStrictEqual(
        (yield* sql`PRAGMA integrity_check`).map((row) => Object.values(row)),
        [["ok"]]
      )
    })
  )

  live(
    "a file that may not be written is told as that, and read all the same",
    Effect.gen(function* () {
      const path = yield* file
      const { journal, sql } = yield* openFile(path, { ...quick, patience: "300 millis" })
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* sql.unsafe("PRAGMA query_only = 1")
      assert.strictEqual(yield* reasonOf(journal.claim(keyOf("b"), fresh)), "read-only")
      assert.strictEqual((yield* journal.get(claimId))?.state, "intent")
      yield* sql.unsafe("PRAGMA query_only = 0")
      assert.strictEqual((yield* journal.claim(keyOf("b"), fresh))._tag, "Fresh")
    })
  )

  live(
    "DU-10 what is no database, another program's, or a newer version's is refused, and not a byte of it changes",
    Effect.gen(function* () {
      const path = yield* folder
      Fs.writeFileSync(join(path, "text.db"), "this is no database\n".repeat(100))
      Fs.writeFileSync(join(path, "short.db"), "SQLite format 3\u0000")
      Fs.writeFileSync(join(path, "random.db"), Buffer.from(Array.from({ length: 9999 }, (_, n) => (n * 7919) % 251)))
      const other = new DatabaseSync(join(path, "other.db"))
      other.exec("PRAGMA journal_mode = WAL; CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')")
      other.close()
      const empty = new DatabaseSync(join(path, "empty.db"))
      empty.exec("VACUUM; PRAGMA user_version = 1")
      empty.close()
      yield* Effect.scoped(Layer.build(Journal.layer(join(path, "newer.db"))))
      const newer = new DatabaseSync(join(path, "newer.db"))
      newer.exec("UPDATE scanpoll_journal SET version = 99; PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)")
      newer.close()
      const before = contents(path)
      for (const [name, expected] of [
        ["text.db", "foreign"],
        ["short.db", "foreign"],
        ["random.db", "foreign"],
        ["other.db", "foreign"],
        ["empty.db", "foreign"],
        ["newer.db", "newer"]
      ] as const) {
        assert.strictEqual(yield* opening(join(path, name)), expected, name)
      }
      assert.deepStrictEqual(contents(path), before)
      assert.strictEqual(yield* opening(path), "unavailable")
      assert.strictEqual(yield* opening(join(path, "no", "folder", "journal.db")), "unavailable")
    })
  )

  live(
    "DU-10 a newer version that only its log knows of is refused, and not a byte of either changes",
    Effect.gen(function* () {
      const path = yield* folder
      const [from, to] = [join(path, "a.db"), join(path, "b.db")]
      yield* Effect.scoped(Layer.build(Journal.layer(from)))
      const newer = new DatabaseSync(from)
      newer.exec("UPDATE scanpoll_journal SET version = 99; PRAGMA user_version = 99")
      // As a process leaves them that was killed.
      for (const tail of ["", "-wal"]) Fs.copyFileSync(`${from}${tail}`, `${to}${tail}`)
      newer.close()
      const bytes = () => ["", "-wal"].map((tail) => Fs.readFileSync(`${to}${tail}`).toString("base64"))
      const before = bytes()
      assert.strictEqual(yield* opening(to), "newer")
      assert.deepStrictEqual(bytes(), before)
    })
  )

  live(
    "SE-08 only its owner can read it and what lies beside it, whatever the umask",
    Effect.gen(function* () {
      const path = yield* folder
      const mask = process.umask(0)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(mask)))
      const address = join(path, "state", "scanpoll", "journal.db")
      yield* Layer.build(Journal.layerSqlite(address, { makeFolder: true }))
      const rights = (name: string) => (Fs.statSync(name).mode & 0o777).toString(8)
      for (const tail of ["", "-wal", "-shm"]) assert.strictEqual(rights(`${address}${tail}`), "600", tail)
      assert.strictEqual(rights(join(path, "state", "scanpoll")), "700")
      const careless = join(path, "careless.db")
      yield* Effect.scoped(Layer.build(Journal.layerSqlite(careless)))
      Fs.chmodSync(careless, 0o644)
      yield* Layer.build(Journal.layerSqlite(careless))
      for (const tail of ["", "-wal", "-shm"]) assert.strictEqual(rights(`${careless}${tail}`), "600", tail)
    })
  )

  const others = (["file", "folder", "log", "rollback log", "link"] as const).map((what) => ({ what }))
  for (const { what } of process.platform === "win32" ? [] : others) {
    live(
      `a journal is not opened, and not read, where others can write its ${what}, unless it is trusted (S-11)`,
      Effect.gen(function* () {
        const path = yield* folder
        const real = join(path, "own", "journal.db")
        yield* Effect.scoped(Layer.build(Journal.layerSqlite(real, { makeFolder: true })))
        const open = join(path, "open")
        Fs.mkdirSync(open)
        const address = what === "link" ? join(open, "journal.db") : real
        if (what === "link") {
          Fs.symlinkSync(real, address)
          Fs.chmodSync(open, 0o777)
        }
        if (what === "file") Fs.chmodSync(real, 0o620)
        if (what === "folder") Fs.chmodSync(join(path, "own"), 0o770)
        const log = what === "log" ? `${real}-wal` : what === "rollback log" ? `${real}-journal` : null
        if (log !== null) {
          Fs.writeFileSync(log, "")
          Fs.chmodSync(log, 0o606)
        }
        const mode = Fs.statSync(real).mode
        for (const layer of [Journal.layer, Journal.layerReadOnly]) {
          const error = yield* Effect.flip(Effect.scoped(Layer.build(layer(address))))
          assert.match(
            error.message,
            /can be written by other users \(mode 0\d{3}\)\. Close it: chmod go-w \/\S+; or trust/
          )
          assert.strictEqual(Fs.statSync(real).mode, mode)
          yield* Effect.scoped(Layer.build(layer(address, { trust: true })))
          if (what === "file") Fs.chmodSync(real, 0o620)
          if (log !== null && Fs.existsSync(log)) Fs.chmodSync(log, 0o606)
          if (log !== null && !Fs.existsSync(log)) break
        }
      })
    )
  }

  live(
    "a journal is not opened in a folder that everybody shares, but in one of our own below it (S-11)",
    Effect.gen(function* () {
      const shared = join(yield* folder, "tmp")
      Fs.mkdirSync(shared)
      Fs.chmodSync(shared, 0o1777)
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Journal.layer(join(shared, "journal.db")))))
      assert.match(
        error.message,
        /mode 1777\)\. Put the journal into a folder of your own below it, made with: mkdir -m 700/
      )
      assert.isFalse(Fs.existsSync(join(shared, "journal.db")))
      yield* Layer.build(Journal.layerSqlite(join(shared, "mine", "journal.db"), { makeFolder: true }))
    })
  )

  live(
    "a journal is not opened on a way that everybody can lead elsewhere, by a folder or a link (S-11)",
    Effect.gen(function* () {
      if (process.platform === "win32") return
      const path = Fs.realpathSync(yield* folder)
      const own = join(path, "shared", "own")
      Fs.mkdirSync(own, { recursive: true, mode: 0o700 })
      const address = join(own, "journal.db")
      yield* Effect.scoped(Layer.build(Journal.layer(address)))
      const outcome = (named: string) =>
        Effect.match(Effect.scoped(Layer.build(Journal.layer(named))), {
          onFailure: ({ message }) => message,
          onSuccess: () => "opened"
        })
      Fs.symlinkSync(own, join(path, "shared", "link"))
      Fs.symlinkSync(join("shared", "link"), join(path, "way"))
      const links = [join(path, "shared", "link", "journal.db"), join(path, "way", "journal.db")]
      for (const named of [address, ...links]) assert.strictEqual(yield* outcome(named), "opened")
      Fs.chmodSync(join(path, "shared"), 0o777)
      for (const named of [address, ...links]) {
        assert.match(yield* outcome(named), /everybody can rename what lies in \S+\/shared \(mode 0777\)/)
      }
      // In a sticky folder nobody can rename what is another's, but anybody can have made a link.
      Fs.chmodSync(join(path, "shared"), 0o1777)
      for (const named of [address, ...links]) assert.strictEqual(yield* outcome(named), "opened")
      if (process.geteuid?.() !== 0) return
      Fs.lchownSync(join(path, "shared", "link"), 4711, 4711)
      assert.match(yield* outcome(links[1] ?? ""), /the link \S+\/link belongs to another user \(uid 4711, not 0\)/)
      assert.strictEqual(yield* outcome(address), "opened")
    })
  )

  live(
    "a journal of another user is not opened, and one of root's is (S-11)",
    Effect.gen(function* () {
      if (process.geteuid?.() !== 0) return
      const path = yield* folder
      const address = join(path, "journal.db")
      yield* Effect.scoped(Layer.build(Journal.layer(address)))
      Fs.chownSync(address, 4711, 4711)
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Journal.layer(address))))
      assert.match(error.message, /belongs to another user \(uid 4711, not 0\)/)
    })
  )

  live(
    "a new file is closed to others from its first moment, also where it cannot be made a journal (SE-08)",
    Effect.gen(function* () {
      const path = yield* file
      const mask = process.umask(0)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(mask)))
      // What SQLite wants to write beside it cannot be written.
      Fs.mkdirSync(`${path}-journal`)
      Fs.chmodSync(`${path}-journal`, 0o755)
      assert.notStrictEqual(yield* opening(path), "no error")
      assert.strictEqual((Fs.statSync(path).mode & 0o777).toString(8), "600")
    })
  )

  live(
    "an empty file is new: a process that was killed before it wrote anything left it",
    Effect.gen(function* () {
      const path = yield* file
      Fs.writeFileSync(path, "")
      assert.strictEqual(yield* opening(path), "no error")
    })
  )
})

describe("addresses", () => {
  it("are a path, memory: or postgres://; anything else is refused without repeating it", () => {
    const tag = (text: string) => {
      const read = JournalAddress.parse(text)
      return Result.isSuccess(read) ? read.success._tag : read.failure
    }
    assert.deepStrictEqual(
      ["memory:", ":memory:", "journal.db", "/var/lib/j.db", "file:///tmp/j.db", "postgres://u:p@h/d", "C:\\j.db"].map(
        tag
      ),
      ["Memory", "Memory", "File", "File", "File", "Postgres", "File"]
    )
    for (const wrong of [
      "",
      " ",
      "mysql://u:secret@h/d",
      "http://secret/",
      "postgres:",
      "postgres://u:secret@",
      "file://secret"
    ]) {
      assert.isTrue(Result.isFailure(JournalAddress.parse(wrong)), wrong)
      assert.notInclude(tag(wrong), "secret")
    }
  })

  it("are shown without user, password and parameters", () => {
    const read = JournalAddress.parse("postgres://user:secret@db.test:5433/scans?options=secret")
    assert.strictEqual(Result.isSuccess(read) ? JournalAddress.show(read.success) : "", "postgres://db.test:5433/scans")
    assert.notInclude(JSON.stringify(read), "secret")
  })

  it("by default lie in the user's state folder, by each system's rule", () => {
    const at = (platform: string, environment: Record<string, string> = {}, home = "/home/u") =>
      JournalAddress.defaultPath({ platform, environment, home })
    assert.strictEqual(at("linux"), "/home/u/.local/state/scanpoll/journal.db")
    assert.strictEqual(at("linux", { XDG_STATE_HOME: "/s" }), "/s/scanpoll/journal.db")
    assert.strictEqual(at("linux", { XDG_STATE_HOME: "relative" }), "/home/u/.local/state/scanpoll/journal.db")
    assert.strictEqual(at("darwin"), "/home/u/Library/Application Support/scanpoll/journal.db")
    assert.strictEqual(
      at("win32", { LOCALAPPDATA: "C:\\Users\\u\\AppData\\Local" }),
      "C:\\Users\\u\\AppData\\Local\\scanpoll\\journal.db"
    )
    assert.strictEqual(at("win32", {}, "C:\\Users\\u"), "C:\\Users\\u\\AppData\\Local\\scanpoll\\journal.db")
  })
})

const all: ReadonlyArray<Databases> = [sqlite, postgres()]

describe.for(all)("a database in trouble: $name", (databases) => {
  const promise = (
    says: string,
    body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>,
    timeout?: number
  ): void => it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)), timeout)

  const openWith = (database: Database, plan: Plan, options: SqlJournal.Options) =>
    Effect.gen(function* () {
      const sql = yield* troubled(yield* database.client, plan)
      return yield* Effect.provideService(SqlJournal.make(options), SqlClient.SqlClient, sql)
    })

  /** A purchase from beginning to end, and one that comes to nothing. */
  const story = (journal: ScanJournal.Operations) =>
    Effect.gen(function* () {
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      yield* journal.take(claimId)
      yield* journal.settled(claimId, outcomeOf("a"))
      const other = yield* journal.claim(keyOf("b"), fresh)
      yield* journal.refused(other.claimId, reason)
      const doubtful = yield* journal.claim(keyOf("c"), fresh)
      yield* journal.inDoubt(doubtful.claimId, reason)
    })

  for (const fault of ["fails", "lost", "hangs"] as const) {
    promise(
      `when any one statement ${fault === "lost" ? "is carried out and its answer lost" : fault}, all is stored once`,
      (database) =>
        Effect.gen(function* () {
          const sql = yield* database.client
          let statements = 0
          yield* Effect.scoped(
            Effect.flatMap(
              openWith(
                database,
                () => {
                  statements++
                  return null
                },
                quick
              ),
              story
            )
          )
          // The client lets nobody interrupt the two ends of a transaction: see below for a server that stands still.
          const mayHang = (text: string) => !/^(COMMIT|ROLLBACK|BEGIN)/.test(text)
          const step = fault === "hangs" ? 4 : 1
          const reader = yield* openWith(database, () => null, quick)
          for (let at = 1; at <= statements; at += step) {
            yield* sql`DELETE FROM scanpoll_claims`
            yield* Effect.scoped(
              Effect.flatMap(
                openWith(database, (n, text) => (n === at && (fault !== "hangs" || mayHang(text)) ? fault : null), {
                  ...quick,
                  patience: "3 seconds",
                  limit: "80 millis"
                }),
                story
              )
            ).pipe(Effect.tapError(() => Effect.logError(`statement ${at} of ${statements}`)))
            const stored = yield* reader.list(["intent", "submitted", "settled", "refused", "in-doubt"])
            assert.deepStrictEqual(
              stored.map(({ state, ticket }) => `${state} ${ticket?.scanId ?? "without a scan"}`).toSorted(),
              ["in-doubt without a scan", "refused without a scan", "settled a"],
              `statement ${at} of ${statements}`
            )
          }
        })
    )
  }

  promise(
    "while nothing can be written, a claim fails and is not made; reading goes on; then all goes on",
    (database) =>
      Effect.gen(function* () {
        let down = false
        const journal = yield* openWith(database, (_, text) => (down && !/^\s*SELECT/.test(text) ? "fails" : null), {
          ...quick,
          patience: "200 millis"
        })
        const { claimId } = yield* journal.claim(keyOf("a"), fresh)
        yield* journal.submitted(claimId, ticketOf("a"), 0)
        const hold = yield* journal.take(claimId)
        if (hold._tag !== "Ours" || hold.guard === null) return assert.fail(hold._tag)
        down = true
        assert.strictEqual(yield* reasonOf(journal.claim(keyOf("b"), fresh)), "unavailable")
        assert.strictEqual((yield* journal.get(claimId))?.state, "submitted")
        const ready = yield* Effect.forkChild(hold.guard.ready)
        yield* Effect.sleep(100)
        assert.isUndefined(ready.pollUnsafe())
        down = false
        yield* inTime("polls go on", hold.guard.ready)
        assert.strictEqual((yield* journal.claim(keyOf("b"), fresh))._tag, "Fresh")
        assert.strictEqual((yield* journal.list(["intent"])).length, 1)
      })
  )

  promise("trouble that lasts ends the waits for open scans, which stay open", (database) =>
    Effect.gen(function* () {
      let down = false
      const journal = yield* openWith(database, () => (down ? "fails" : null), {
        ...quick,
        patience: "1 second",
        outage: "300 millis"
      })
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      const hold = yield* journal.take(claimId)
      if (hold._tag !== "Ours" || hold.guard === null) return assert.fail(hold._tag)
      down = true
      const told = yield* Effect.result(hold.guard.lost)
      assert.strictEqual(Result.isFailure(told) ? told.failure.reason : "", "unavailable")
      down = false
      yield* journal.settled(claimId, outcomeOf("a"))
    })
  )

  promise("small writes that fail are written later", (database) =>
    Effect.gen(function* () {
      let down = false
      const journal = yield* openWith(database, () => (down ? "fails" : null), { ...quick, patience: "50 millis" })
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      down = true
      journal.waiting(claimId, 12_000)
      journal.paused({ vendor: "acme", origin: "https://acme.test", account: "default" }, 34_000)
      yield* Effect.sleep(300)
      down = false
      const untilStored: Effect.Effect<number, ScanJournal.JournalError> = Effect.flatMap(
        journal.get(claimId),
        (entry) =>
          entry?.notBefore === 12_000 ? Effect.succeed(12_000) : Effect.andThen(Effect.sleep(20), untilStored)
      )
      yield* untilStored
      assert.strictEqual((yield* journal.pauses)[0]?.until, 34_000)
    })
  )

  promise("what was tampered with leads nowhere", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      const journal = yield* openWith(database, () => null, quick)
      const make = (name: string) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf(name), fresh)
          yield* journal.submitted(claimId, ticketOf(name), 5)
          return claimId
        })
      const id = yield* make("id")
      yield* sql`UPDATE scanpoll_claims SET scan_id = '..' WHERE claim_id = ${id}`
      assert.isNull((yield* journal.get(id))?.ticket)
      assert.strictEqual(yield* reasonOf(journal.claim(keyOf("id"), fresh)), "unreadable")
      assert.strictEqual(yield* reasonOf(journal.take(id)), "unreadable")

      const host = yield* make("host")
      yield* sql`UPDATE scanpoll_claims SET origin = 'https://evil.test' WHERE claim_id = ${host}`
      assert.strictEqual(yield* reasonOf(journal.claim(keyOf("host"), fresh)), "unreadable")
      assert.strictEqual(yield* reasonOf(journal.get(host)), "unreadable")
      assert.strictEqual(yield* reasonOf(journal.take(host)), "unreadable")

      const time = yield* make("time")
      for (const value of [-5, 1e300, Number.MAX_VALUE]) {
        yield* sql`UPDATE scanpoll_claims SET not_before = ${value}, submitted_at = ${value} WHERE claim_id = ${time}`
        const hold = yield* journal.take(time)
        assert.deepStrictEqual(hold._tag === "Ours" ? [hold.notBefore, hold.ticket.submittedAt] : [], [0, 0])
      }

      const answer = yield* make("answer")
      yield* journal.settled(answer, outcomeOf("answer"))
      yield* sql`UPDATE scanpoll_claims SET outcome = '{"_tag": ', reason = 'x', subject = '7' WHERE claim_id = ${answer}`
      const entry = yield* journal.get(answer)
      assert.deepStrictEqual([entry?.outcome, entry?.reason, entry?.subject.name], [null, null, answer])
      yield* sql`UPDATE scanpoll_claims SET changed_at = 8000000000000000 WHERE claim_id = ${answer}`
      assert.strictEqual((yield* journal.claim(keyOf("answer"), fresh))._tag, "Fresh")

      // One row that is spoilt hides no other.
      assert.strictEqual((yield* journal.list(["submitted"])).length, 2)
      yield* sql`INSERT INTO scanpoll_pauses (vendor, origin, account, paused_until) VALUES ('a', 'b', 'c', 1e308)`
      assert.strictEqual((yield* journal.pauses).length, 1)
    })
  )

  promise("a row that cannot be read hides no other one, however few are asked for", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      const journal = yield* openWith(database, () => null, quick)
      const ids = yield* Effect.forEach(["a", "b", "c", "d"], (name) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.claim(keyOf(name), fresh)
          yield* journal.settled(claimId, outcomeOf(name), ticketOf(name))
          yield* Effect.sleep(3)
          return claimId
        })
      )
      const [oldest, second, third, newest] = ids
      for (const spoilt of [newest, second]) {
        yield* sql`UPDATE scanpoll_claims SET key_hash = 'x' WHERE claim_id = ${spoilt ?? ""}`
      }
      const told = (limit: number) =>
        Effect.map(journal.history({ limit }), (entries) => entries.map((entry) => entry.claimId))
      assert.deepStrictEqual(yield* told(4), [third, oldest])
      assert.deepStrictEqual(
        (yield* journal.list(["settled"])).map((entry) => entry.claimId),
        [oldest, third]
      )
      // A full page with one that cannot be read is no end: what is older is still there.
      assert.include(yield* told(2), third)
    })
  )

  promise("several programs that open a new journal at once make it once", (database) =>
    Effect.gen(function* () {
      const journals = yield* Effect.all(
        Array.from({ length: 6 }, () => openWith(database, () => null, quick)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* journals[5]?.claim(keyOf("a"), fresh) ?? Effect.die("none"))._tag, "Fresh")
    })
  )

  promise("a step of the schema that fails half-way leaves what was there before, and can be tried again", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      const at = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
        Effect.provideService(effect, SqlClient.SqlClient, sql)
      const one = ["CREATE TABLE scanpoll_a (x TEXT)"]
      const broken = [
        "CREATE TABLE scanpoll_b (x TEXT)",
        "INSERT INTO scanpoll_a (x) VALUES ('half')",
        "SELECT nonsense FROM nowhere"
      ]
      yield* at(migrate([one]))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(at(migrate([one, broken])))))
      assert.strictEqual((yield* sql`SELECT x FROM scanpoll_a`).length, 0)
      yield* at(migrate([one, broken.slice(0, 2)]))
      assert.strictEqual((yield* sql`SELECT x FROM scanpoll_a`).length, 1)
      const newer = yield* Effect.result(at(migrate([one])))
      assert.strictEqual(
        Result.isFailure(newer) && newer.failure._tag === "JournalError" ? newer.failure.reason : "",
        "newer"
      )
    })
  )

  promise("a database of an earlier version goes on, wherever making it a newer one was cut off", (database) =>
    Effect.gen(function* () {
      const base = yield* database.client
      const at = <A, E>(sql: SqlClient.SqlClient, effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
        Effect.provideService(effect, SqlClient.SqlClient, sql)
      yield* at(base, migrate(migrations.slice(0, 1)))
      const key = keyOf("old")
      const parts = [key.vendor, key.origin, key.account, key.environment, key.fingerprint]
      const now = Date.now()
      yield* base`INSERT INTO scanpoll_claims ${base.insert({
        claim_id: "clm_old",
        key_hash: createHash("sha256").update(JSON.stringify(parts)).digest("hex"),
        ...key,
        fingerprint: JSON.stringify(key.fingerprint),
        subject_hash: "",
        subject: JSON.stringify(subject),
        state: "submitted",
        owner: null,
        epoch: 1,
        stamp: "",
        scan_id: "old",
        submitted_at: now,
        not_before: 0,
        request: null,
        outcome: null,
        reason: null,
        claimed_at: now,
        changed_at: now
      })}`
      let cuts = 0
      for (let n = 1; ; n++) {
        const cut = yield* troubled(base, (at) => (at === n ? "fails" : null))
        if (Exit.isSuccess(yield* Effect.exit(at(cut, migrate())))) break
        cuts++
      }
      assert.isAtLeast(cuts, 6)
      const journal = yield* openWith(database, () => null, quick)
      const standing = yield* journal.claim(key, fresh)
      assert.strictEqual(standing._tag, "InFlight")
      assert.isNull((yield* journal.get("clm_old"))?.kind)
      yield* journal.take("clm_old")
      yield* journal.settled("clm_old", outcomeOf("old"))
      assert.strictEqual((yield* journal.get("clm_old"))?.state, "settled")
      assert.deepStrictEqual(yield* journal.lessons, [])
    })
  )
})

describe("a journal on a server", () => {
  const server = all[1]
  if (server === undefined) throw new Error("no server")
  const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>): void =>
    it.live(says, () => Effect.scoped(Effect.flatMap(server.make, body)))

  const cut = (database: Database) =>
    Effect.flatMap(
      database.client,
      (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'scanpoll' AND datname = current_database() AND pid <> pg_backend_pid()`
    )

  const open = (database: Database, options: SqlJournal.Options = quick) =>
    Effect.map(Layer.build(Journal.layerPostgres(database.address, options)), (context) =>
      Context.get(context, ScanJournal.ScanJournal)
    )

  promise("DU-09 outlives the end of its connections, idle and at work; what it stores is stored once", (database) =>
    Effect.gen(function* () {
      const journal = yield* open(database, { ...quick, patience: "20 seconds" })
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      yield* cut(database)
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      for (let n = 0; n < 40; n++) {
        // Now and then, at whatever the journal does at that moment. A machine that is slow to connect again is not cut off
        // for good.
        const cutting = yield* Effect.forkChild(n % 4 === 0 ? cut(database) : Effect.void)
        const made = yield* journal.claim(keyOf(`k${n}`), fresh)
        assert.strictEqual(made._tag, "Fresh")
        yield* journal.settled(made.claimId, outcomeOf(`k${n}`), ticketOf(`k${n}`))
        yield* Fiber.join(cutting)
      }
      yield* journal.settled(claimId, outcomeOf("a"))
      const stored = yield* (yield* open(database)).list(["intent", "submitted", "settled", "refused", "in-doubt"])
      assert.deepStrictEqual([stored.length, new Set(stored.map(({ state }) => state))], [41, new Set(["settled"])])
    })
  )

  promise("DU-09 a connection that ends inside any statement of a transaction costs nothing", (database) =>
    Effect.gen(function* () {
      const killer = yield* database.client
      for (let at = 8; at < 26; at += 2) {
        const base = yield* database.client
        const sql = yield* troubled(base, (n) =>
          n === at
            ? {
                before: Effect.orDie(
                  Effect.asVoid(killer`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE pid <> pg_backend_pid() AND state LIKE 'idle%' AND datname = current_database()`)
                )
              }
            : null
        )
        const journal = yield* Effect.provideService(
          SqlJournal.make({ ...quick, patience: "3 seconds" }),
          SqlClient.SqlClient,
          sql
        )
        const { claimId } = yield* journal.claim(keyOf(`a${at}`), fresh)
        yield* journal.submitted(claimId, ticketOf(`a${at}`), 0)
        yield* journal.settled(claimId, outcomeOf(`a${at}`))
        assert.strictEqual((yield* journal.get(claimId))?.state, "settled")
      }
    })
  )

  promise("a server that stands still in the middle of its work costs a connection, not the run", (database) =>
    Effect.gen(function* () {
      const journal = yield* open(database, { ...quick, limit: "600 millis", patience: "20 seconds" })
      const { claimId } = yield* journal.claim(keyOf("a"), fresh)
      const sql = yield* database.client
      const backends = yield* sql<{ pid: number }>`SELECT pid FROM pg_stat_activity
        WHERE application_name = 'scanpoll' AND datname = current_database()`
      for (const { pid } of backends) process.kill(pid, "SIGSTOP")
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const { pid } of backends) process.kill(pid, "SIGCONT")
        })
      )
      yield* journal.submitted(claimId, ticketOf("a"), 0)
      yield* journal.settled(claimId, outcomeOf("a"))
      assert.strictEqual((yield* journal.get(claimId))?.state, "settled")
    })
  )

  promise("DU-10 tables of another program and a newer version are refused and left as they are", (database) =>
    Effect.gen(function* () {
      const sql = yield* database.client
      yield* sql`CREATE TABLE scanpoll_claims (mine TEXT)`
      assert.strictEqual(yield* opening(database.address), "foreign")
      yield* sql`DROP TABLE scanpoll_claims`
      yield* sql`CREATE TABLE scanpoll_journal (something TEXT)`
      assert.strictEqual(yield* opening(database.address), "foreign")
      yield* sql`DROP TABLE scanpoll_journal`
      yield* Effect.scoped(open(database))
      yield* sql`UPDATE scanpoll_journal SET version = 99`
      assert.strictEqual(yield* opening(database.address), "newer")
    })
  )

  promise("a server that lets nobody write is told as that, and nothing of it changes", (database) =>
    Effect.gen(function* () {
      yield* Effect.scoped(open(database))
      const readOnly = `${database.address}${encodeURIComponent(" -c default_transaction_read_only=on")}`
      assert.strictEqual(yield* opening(readOnly), "read-only")
      yield* Effect.scoped(open(database))
    })
  )

  promise(
    "a server that is not there or does not let us in is told as that, and why, without the password",
    (database) =>
      Effect.gen(function* () {
        const wrong = [
          [database.address.replace("scanpoll:secret", "scanpoll:canary"), "password authentication failed"],
          ["postgres://scanpoll:canary@127.0.0.1:1/journal", "ECONNREFUSED"],
          [database.address.replace(/\/[^/?]*(?=\?)/, "/canary-nowhere"), 'database "canary-nowhere" does not exist']
        ] as const
        for (const [address, why] of wrong) {
          const result = yield* Effect.result(Layer.build(Journal.layer(address, { patience: "200 millis" })))
          if (Result.isSuccess(result)) return assert.fail("opened")
          assert.strictEqual(result.failure.reason, "unavailable")
          assert.include(result.failure.message, why)
          if (!address.includes("canary-nowhere")) assert.notInclude(result.failure.message, "canary")
        }
      })
  )
})
