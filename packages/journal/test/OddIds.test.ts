/** Ids that look like something else are stored, found and read back as the vendor wrote them. */
import { assert, describe, it } from "@effect/vitest"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { sqlite } from "./support/databases.ts"
import { fresh, keyOf, outcomeOf, ticketOf } from "./support/fixtures.ts"

const ids = [
  "a'b",
  'a"b',
  "$(id)",
  "`id`",
  "a%2fb",
  "%",
  "_",
  "../..",
  "-rf",
  "a\\b",
  "a;b",
  "{}",
  "null",
  "x".repeat(200)
]

describe("a journal with odd ids", () => {
  it.live("lists, remembers and finds each of them again, also after it was opened anew (issue 14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { client } = yield* sqlite.make
        const sql = yield* client
        const open = Effect.provideService(SqlJournal.make(), SqlClient.SqlClient, sql)
        const journal = yield* open
        for (const id of ids) {
          const running = yield* journal.claim(keyOf(`open ${id}`), fresh)
          yield* journal.submitted(running.claimId, ticketOf(`${id.slice(0, 199)}!`), 0)
          const { claimId } = yield* journal.claim(keyOf(`done ${id}`), fresh)
          yield* journal.settled(claimId, outcomeOf(id), ticketOf(id))
        }
        for (const one of [journal, yield* open]) {
          const running = yield* one.list(["submitted"])
          assert.sameMembers(
            running.map(({ ticket }) => ticket?.scanId ?? ""),
            ids.map((id) => `${id.slice(0, 199)}!`)
          )
          const over = yield* one.history({ limit: 100 })
          assert.sameMembers(
            over.map(({ ticket }) => ticket?.scanId ?? ""),
            ids
          )
          const known = yield* one.scanIds(ticketOf("x"))
          assert.isTrue(ids.every((id) => known.has(id)))
        }
      })
    )
  )
})
