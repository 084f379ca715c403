/** What a published version promised to the journals that it left behind. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"
import { migrate, migrations, publishedVersion, readVersion } from "@scanpoll/journal/JournalSchema"
import { troubled } from "@scanpoll/test-support/troubledClient"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SqlClient from "effect/sql/SqlClient"
import { chmodSync, copyFileSync, existsSync } from "node:fs"
import { join } from "node:path"
import { type Databases, postgres, sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf } from "./support/fixtures.ts"
import { folder } from "./support/folder.ts"
import { fill, journalFile, published, spell, states, statementsFile } from "./support/versions.ts"

const versions = Array.from({ length: publishedVersion }, (_, i) => i + 1)

const withoutEvidence = (outcome: unknown): unknown => {
  const { evidence: _, ...rest } = Object(outcome)
  return rest
}

/** What every journal of an earlier version holds is there, and goes on. */
const goesOn = (address: string) =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal.ScanJournal
    const found = yield* Effect.forEach(states, (state) => journal.list([state]))
    assert.deepStrictEqual(
      found.map((entries) => entries.map((entry) => [entry.state, entry.key, entry.claimedAt])),
      states.map((state) => [[state, keyOf(state), 1_700_000_000_000]])
    )
    const settled = yield* journal.claim(keyOf("settled"), fresh)
    // What version 0.1 stored says nothing of its evidence.
    assert.deepStrictEqual(
      settled._tag === "Settled" ? withoutEvidence(settled.outcome) : null,
      withoutEvidence(outcomeOf("settled"))
    )
    assert.strictEqual((yield* journal.claim(keyOf("in-doubt"), fresh))._tag, "InDoubt")
    const open = yield* journal.take("clm_submitted")
    assert.deepStrictEqual(open._tag === "Ours" ? [open.ticket.scanId, open.notBefore] : [], [
      "submitted",
      1_700_000_060_000
    ])
    yield* journal.settled("clm_submitted", outcomeOf("submitted"))
    assert.strictEqual((yield* journal.get("clm_submitted"))?.state, "settled")
  }).pipe(Effect.provide(Journal.layer(address), { local: true }))

describe("a published version of the journal", () => {
  it.each(versions)(
    "version %i is made by the statements it was published with, to the letter: a change is a new step (DU-10)",
    (version) => {
      assert.isTrue(
        existsSync(statementsFile(version)) && existsSync(journalFile(version)),
        `keep version ${version}: node packages/journal/test/support/versions.ts`
      )
      assert.deepStrictEqual(spell(migrations[version - 1] ?? []), published(version))
    }
  )

  for (const version of versions) {
    it.live(`a file that version ${version} left is opened with all it holds, and goes on`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = join(yield* folder, "journal.db")
          copyFileSync(journalFile(version), file)
          chmodSync(file, 0o600)
          yield* goesOn(file)
        })
      )
    )
  }
})

const all: ReadonlyArray<Databases> = [sqlite, postgres()]

const latest = Array.from({ length: publishedVersion }, (_, i) => published(i + 1))

describe.for(all)("a database of a published version: $name", (databases) => {
  for (const version of versions) {
    it.live(`what version ${version} left is opened with all it holds, and goes on`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { address, client } = yield* databases.make
          const sql = yield* client
          const steps = Array.from({ length: version }, (_, i) => published(i + 1))
          yield* Effect.provideService(migrate(steps), SqlClient.SqlClient, sql)
          yield* fill(sql)
          yield* goesOn(address)
        })
      )
    )
  }

  it.live(
    "cut at any statement of the step to the newest version, it is of the old one with all it holds, and goes on",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { address, client } = yield* databases.make
          const sql = yield* client
          const on = (base: SqlClient.SqlClient) => Effect.provideService(SqlClient.SqlClient, base)
          yield* on(sql)(migrate(latest))
          yield* fill(sql)
          let cuts = 0
          for (let nth = 1; ; nth++) {
            let seen = 0
            const cut = yield* troubled(sql, () => (++seen === nth ? "fails" : null))
            const ended = yield* Effect.result(on(cut)(migrate()))
            if (Result.isSuccess(ended)) break
            cuts += 1
            assert.strictEqual(yield* on(sql)(readVersion()), publishedVersion, `cut at statement ${nth}`)
            const rows = yield* sql`SELECT claim_id FROM scanpoll_claims`
            assert.strictEqual(rows.length, states.length)
          }
          const made = migrations.slice(publishedVersion).flat().length
          assert.isAtLeast(cuts, made)
          yield* goesOn(address)
        })
      )
  )
})
