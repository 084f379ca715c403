import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@scanpoll/journal/Journal"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { type Database, postgres, sqlite } from "./support/databases.ts"
import { folder } from "./support/folder.ts"
import { fresh, keyOf, ticketOf } from "./support/fixtures.ts"
import { inTime } from "./support/moments.ts"
import { connect } from "@scanpoll/test-support/postgres"

const quick = { lease: "600 millis", watch: "30 millis", patience: "1 second" } as const
// So long that no heartbeat comes within a test.
const patient = { ...quick, lease: "1 hour" } as const

const open = (address: string, options: Journal.FileOptions = quick) =>
  Effect.map(Layer.build(Journal.layer(address, options)), (context) => Context.get(context, ScanJournal.ScanJournal))

const failureOf = <A, R>(effect: Effect.Effect<A, ScanJournal.JournalError, R>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure : null))

const buy = (journal: ScanJournal.Operations, name: string) =>
  Effect.gen(function* () {
    const { claimId } = yield* journal.claim(keyOf(name), fresh)
    yield* journal.submitted(claimId, ticketOf(name), 0)
    const hold = yield* journal.take(claimId)
    if (hold._tag !== "Ours" || hold.guard === null) return yield* Effect.die(new TypeError(hold._tag))
    return { claimId, lost: hold.guard.lost }
  })

/** Runs the effect with every log line it writes. */
const withLog = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
  return Effect.provide(use(lines), Logger.layer([logger]))
}

const move = (from: string, to: string) => Effect.sync(() => Fs.renameSync(from, to))
const remove = (path: string) => Effect.sync(() => Fs.rmSync(path))

const server = postgres()

const disasters: Readonly<Record<string, (path: string) => Effect.Effect<void>>> = {
  "is deleted": remove,
  "is renamed": (path) => move(path, `${path}.old`),
  "is in a folder that is renamed": (path) => move(dirname(path), `${dirname(path)}-old`),
  "is replaced by an empty file": (path) =>
    Effect.sync(() => {
      Fs.writeFileSync(`${path}.new`, "")
      Fs.renameSync(`${path}.new`, path)
    }),
  "loses its -wal": (path) => remove(`${path}-wal`),
  "loses its -shm": (path) => remove(`${path}-shm`)
}

describe("a journal that is not the one that was opened", () => {
  const inFile = (says: string, body: (path: string) => Effect.Effect<void, unknown, Scope.Scope>) =>
    it.live(says, () =>
      Effect.scoped(
        Effect.gen(function* () {
          // A folder of its own, which may be renamed.
          const inner = join(yield* folder, "inner")
          Fs.mkdirSync(inner)
          yield* body(join(inner, "journal.db"))
        })
      )
    )

  for (const [what, strike] of Object.entries(disasters)) {
    inFile(`a file that ${what} is noticed at the next heartbeat, and the log names what was bought (D-06)`, (path) =>
      withLog((lines) =>
        Effect.gen(function* () {
          const journal = yield* open(path)
          const bought = yield* buy(journal, "a")
          yield* strike(path)
          const lost = yield* failureOf(inTime("it is noticed", bought.lost))
          assert.strictEqual(lost?.reason, "replaced")
          assert.include(lost?.message ?? "", path)
          assert.isTrue(
            lines.some((line) => line.includes("acme:a") && line.includes(bought.claimId)),
            lines.join("\n")
          )
          assert.isTrue(
            lines.some((line) => line.includes("scanpoll wait")),
            lines.join("\n")
          )
          assert.strictEqual((yield* failureOf(journal.claim(keyOf("b"), fresh)))?.reason, "replaced")
          assert.strictEqual(lines.filter((line) => line.includes("acme:a")).length, 1)
        })
      )
    )

    inFile(`nothing is claimed in a file that ${what}, also before the next heartbeat (D-06)`, (path) =>
      Effect.gen(function* () {
        const journal = yield* open(path, patient)
        yield* strike(path)
        assert.strictEqual((yield* failureOf(journal.claim(keyOf("b"), fresh)))?.reason, "replaced")
      })
    )
  }
})

for (const databases of [sqlite, server]) {
  describe(`a database that is not the one that was opened: ${databases.name}`, () => {
    const promise = (says: string, body: (database: Database) => Effect.Effect<void, unknown, Scope.Scope>) =>
      it.live(says, () => Effect.scoped(Effect.flatMap(databases.make, body)))

    const noticed = (database: Database, strike: (claimId: string) => Effect.Effect<unknown, unknown, Scope.Scope>) =>
      withLog((lines) =>
        Effect.gen(function* () {
          const journal = yield* open(database.address)
          yield* buy(journal, "first")
          const bought = yield* buy(journal, "last")
          yield* strike(bought.claimId)
          assert.strictEqual((yield* failureOf(bought.lost))?.reason, "replaced")
          for (const name of ["first", "last"]) {
            assert.strictEqual(lines.filter((line) => line.includes(`acme:${name},`)).length, 1, lines.join("\n"))
          }
          assert.strictEqual((yield* failureOf(journal.claim(keyOf("b"), fresh)))?.reason, "replaced")
        })
      )

    promise("an older copy that lacks the last purchase is noticed at the next heartbeat (D-06)", (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        yield* noticed(database, (claimId) => sql`DELETE FROM scanpoll_claims WHERE claim_id = ${claimId}`)
      })
    )

    promise("an older copy from before this process began is noticed at the next heartbeat (D-06)", (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        yield* noticed(database, () =>
          sql.withTransaction(Effect.andThen(sql`DELETE FROM scanpoll_claims`, sql`DELETE FROM scanpoll_owners`))
        )
      })
    )

    promise("another journal in the same place is noticed, though it has every table (D-06)", (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        yield* noticed(database, () =>
          sql.withTransaction(
            Effect.andThen(sql`UPDATE scanpoll_journal SET identity = 'another'`, sql`DELETE FROM scanpoll_owners`)
          )
        )
      })
    )

    promise("a process that was only taken for gone continues under a new name (D-06)", (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        const journal = yield* open(database.address)
        const bought = yield* buy(journal, "a")
        yield* sql`DELETE FROM scanpoll_owners`
        assert.strictEqual((yield* failureOf(bought.lost))?.reason, "lost")
        assert.strictEqual((yield* journal.claim(keyOf("b"), fresh))._tag, "Fresh")
      })
    )

    promise("tables that are dropped are noticed at the next claim (D-06)", (database) =>
      Effect.gen(function* () {
        const sql = yield* database.client
        const journal = yield* open(database.address, patient)
        for (const table of ["claims", "owners", "journal"]) yield* sql.unsafe(`DROP TABLE scanpoll_${table}`)
        assert.strictEqual((yield* failureOf(journal.claim(keyOf("a"), fresh)))?.reason, "replaced")
      })
    )
  })
}

describe("a PostgreSQL database that is dropped", () => {
  for (const again of [false, true]) {
    it.live(`is noticed ${again ? "when another takes its name" : "at the next heartbeat"} (D-06)`, () =>
      Effect.scoped(
        withLog((lines) =>
          Effect.gen(function* () {
            const base = (yield* server.make).address.replace(/\?.*$/, "")
            const name = `dropped_${process.pid}_${again ? 2 : 1}`
            const admin = yield* connect(base)
            yield* admin.unsafe(`CREATE DATABASE ${name}`)
            const address = base.replace(/\/[^/]*$/, `/${name}`)
            const journal = yield* open(address)
            const bought = yield* buy(journal, "a")
            yield* admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
            if (again) yield* admin.unsafe(`CREATE DATABASE ${name}`)
            assert.strictEqual((yield* failureOf(bought.lost))?.reason, "replaced")
            assert.isTrue(lines.some((line) => line.includes("acme:a,") && line.includes(bought.claimId)))
            assert.strictEqual((yield* failureOf(journal.claim(keyOf("b"), fresh)))?.reason, "replaced")
          })
        )
      )
    )
  }
})
