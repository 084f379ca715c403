/** What a page of the journal costs: as many rows as it shows, however many there are. */
import { assert, describe, it } from "@effect/vitest"
import type * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { troubled } from "@scanpoll/test-support/troubledClient"
import { sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf, ticketOf } from "./support/fixtures.ts"

const asked: ReadonlyArray<
  readonly [name: string, ask: (journal: ScanJournal.Operations) => Effect.Effect<unknown, unknown>]
> = [
  ["what settled last", (journal) => journal.history({ limit: 10 })],
  ["what settled or was refused last", (journal) => journal.history({ states: ["settled", "refused"], limit: 10 })],
  ["what lacks evidence", (journal) => journal.history({ lacking: true, limit: 10 })],
  ["what is open", (journal) => journal.list(["intent", "submitted"])],
  ["a page of all claims", (journal) => journal.page({ limit: 10 })],
  ["a page of what is in doubt", (journal) => journal.page({ states: ["in-doubt"], limit: 10 })],
  ["a page of what is open or settled", (journal) => journal.page({ states: ["submitted", "settled"], limit: 10 })],
  ["a later page of what settled", (journal) => journal.page({ states: ["settled"], limit: 10, after: "clm_5" })],
  ["the answers to equal requests", (journal) => journal.history({ key: keyOf("c-1"), limit: 10 })]
]

describe("a page of the journal", () => {
  for (const [name, ask] of asked) {
    it.live(`reads ${name} through an index, among 10 000 claims (D-19)`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { client } = yield* sqlite.make
          const sql = yield* client
          const texts: Array<string> = []
          const watched = yield* troubled(sql, (_, text) => {
            if (/^\s*SELECT \* FROM (?:scanpoll_claims|\()/.test(text)) texts.push(text)
            return null
          })
          const journal = yield* Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, watched)
          const { claimId } = yield* journal.claim(keyOf("c-1"), fresh)
          yield* journal.settled(claimId, outcomeOf("s-1"), ticketOf("s-1"))
          yield* sql`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
            INSERT INTO scanpoll_claims (claim_id, key_hash, vendor, origin, account, environment, fingerprint,
              subject_hash, subject, state, epoch, stamp, not_before, claimed_at, changed_at)
            SELECT 'clm_' || i, 'h' || i, vendor, origin, account, environment, fingerprint, 's' || i, subject, 'settled',
              1, 'x', 0, i, i FROM n, scanpoll_claims`
          texts.length = 0
          yield* ask(journal)
          assert.isAbove(texts.length, 0)
          for (const text of texts) {
            const plan = yield* sql.unsafe<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
            const said = plan.map(({ detail }) => detail).join("; ")
            assert.match(said, /USING (?:COVERING )?INDEX (?:scanpoll_claims_|sqlite_autoindex_scanpoll_claims_)/, said)
            if (name.includes("page")) assert.notMatch(said, /scanpoll_claims USING [^;]*; USE TEMP B-TREE/, said)
          }
        })
      )
    )
  }

  it.live("goes on behind a row that cannot be read, which ends no listing and no page", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { client } = yield* sqlite.make
        const sql = yield* client
        const journal = yield* Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, sql)
        const made = yield* Effect.forEach(["a", "b", "c", "d"], (name) =>
          Effect.map(journal.claim(keyOf(name), fresh), ({ claimId }) => claimId)
        )
        const [d, spoilt, ...left] = made.toSorted().reverse()
        yield* sql`UPDATE scanpoll_claims SET key_hash = 'spoilt' WHERE claim_id = ${spoilt ?? ""}`
        const met: Array<string> = []
        let after: string | null = "clm_z"
        while (after !== null) {
          const { entries, next }: ScanJournal.Page = yield* journal.page({ limit: 1, after })
          met.push(...entries.map(({ claimId }) => claimId))
          after = next
        }
        assert.deepStrictEqual(met, [d, ...left])
      })
    )
  )
})
