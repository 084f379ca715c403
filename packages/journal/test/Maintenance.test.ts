/** Checking a journal, and copying it while it is in use. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import * as Maintenance from "@scanpoll/journal/Maintenance"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import * as Fs from "node:fs"
import { join } from "node:path"
import { fresh, keyOf, outcomeOf, ticketOf } from "./support/fixtures.ts"
import { folder as folderOf } from "./support/folder.ts"

const inFolder = <A, E, R>(test: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(folderOf, test))

const check = (file: string) =>
  Effect.provide(Maintenance.check, Journal.clientReadOnly({ _tag: "File", path: file }), { local: true })
const backup = (file: string, to: string) =>
  Effect.provide(Maintenance.backup(to), Journal.clientReadOnly({ _tag: "File", path: file }), { local: true })

/** An open scan and a settled one. */
const fill = Effect.gen(function* () {
  const journal = yield* ScanJournal.ScanJournal
  for (const name of ["open", "over"]) {
    const { claimId } = yield* journal.claim(keyOf(name), fresh)
    yield* journal.submitted(claimId, ticketOf(name), 0)
    if (name === "over") yield* journal.settled(claimId, outcomeOf(name))
  }
})

/** Changes a journal behind its back. */
const tamper = (file: string, statement: string) =>
  Effect.scoped(
    Effect.flatMap(Layer.build(Layer.effect(SqlClient, SqliteClient.make(file))), (context) =>
      Effect.provideContext(
        Effect.flatMap(SqlClient, (sql) => sql.unsafe(statement)),
        context
      )
    )
  )

describe("the check of a journal", () => {
  it.effect("finds nothing wrong with a sound one, and changes nothing (D-06, D-19)", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "journal.db")
        yield* Effect.provide(fill, Journal.layerSqlite(file), { local: true })
        const before = Fs.readFileSync(file)
        assert.deepStrictEqual(yield* check(file), { version: 3, claims: 2, findings: [], more: 0 })
        assert.isTrue(before.equals(Fs.readFileSync(file)))
      })
    )
  )

  it.effect("names each claim that cannot be what it says (D-06)", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "journal.db")
        yield* Effect.provide(fill, Journal.layerSqlite(file), { local: true })
        yield* tamper(file, "UPDATE scanpoll_claims SET scan_id = NULL WHERE state = 'submitted'")
        yield* tamper(file, "UPDATE scanpoll_claims SET account = 'another' WHERE state = 'settled'")
        const { findings } = yield* check(file)
        assert.deepStrictEqual(
          findings.map(({ claimId, message }) => `${claimId?.slice(0, 4)} ${message}`).toSorted(),
          [
            "clm_ it is open, and the vendor's id of its scan is missing",
            "clm_ its row cannot be read: it was changed by something else than scanpoll"
          ]
        )
      })
    )
  )

  it.effect("tells what SQLite finds in a file whose pages were damaged (D-06)", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "journal.db")
        yield* Effect.provide(fill, Journal.layerSqlite(file), { local: true })
        yield* tamper(file, "PRAGMA wal_checkpoint(TRUNCATE)")
        // The number of free pages in the header: harmless for reading, and wrong.
        const bytes = Fs.readFileSync(file)
        bytes.writeUInt32BE(77, 36)
        Fs.writeFileSync(file, bytes)
        const { findings } = yield* check(file)
        assert.isAtLeast(findings.length, 1)
        assert.isTrue(findings.every(({ claimId }) => claimId === null))
      })
    )
  )
})

describe("the backup of a journal", () => {
  it.effect("is the journal at one moment, while another process uses it, and only this user can read it (D-06)", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "journal.db")
        const copy = join(folder, "copy.db")
        yield* Effect.gen(function* () {
          yield* fill
          yield* backup(file, copy)
          // The journal goes on; the copy does not.
          const { claim } = yield* ScanJournal.ScanJournal
          yield* claim(keyOf("later"), fresh)
        }).pipe(Effect.provide(Journal.layerSqlite(file), { local: true }))
        assert.strictEqual((yield* check(copy)).claims, 2)
        assert.strictEqual((yield* check(file)).claims, 3)
        assert.strictEqual(Fs.statSync(copy).mode & 0o777, 0o600)
        const states = yield* Effect.provide(
          Effect.flatMap(ScanJournal.ScanJournal, ({ list }) => list(["submitted", "settled"])),
          Journal.layerSqlite(copy),
          { local: true }
        )
        assert.deepStrictEqual(states.map(({ state }) => state).toSorted(), ["settled", "submitted"])
      })
    )
  )

  it.effect("never overwrites a file (D-09)", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const file = join(folder, "journal.db")
        const other = join(folder, "other")
        Fs.writeFileSync(other, "")
        yield* Effect.provide(fill, Journal.layerSqlite(file), { local: true })
        for (const taken of [other, file]) {
          const error = yield* Effect.flip(backup(file, taken))
          assert.strictEqual(error.reason, "unavailable")
        }
        assert.strictEqual(Fs.readFileSync(other, "utf8"), "")
        assert.strictEqual((yield* check(file)).claims, 2)
      })
    )
  )
})
