// Where the books of all accounts are kept: a row each, written only over the version that was read. No lock is held
// between two statements, so a process that stops anywhere stops nobody else.
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Account } from "@scanpoll/core/unstable/model/Account"
import { Books, empty } from "./budgetBooks.ts"

export interface Read {
  readonly books: Books
  readonly version: number
  // The database's time, in milliseconds, after what was read was committed.
  readonly now: number
}

export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { message: Schema.String }) {}

export interface Store {
  readonly read: (key: Account) => Effect.Effect<Read, SqlError | Unreadable>
  // What there is where somebody else wrote since; null where it is written. Who has to try again needs no trip more to read:
  // on a slow line, those who wrote just now would be there first again and again.
  readonly write: (key: Account, version: number, books: Books) => Effect.Effect<Read | null, SqlError | Unreadable>
}

const Row = Schema.Struct({
  version: Schema.Finite,
  now: Schema.Finite,
  books: Schema.fromJsonString(Books)
})
const readRow = Schema.decodeUnknownEffect(Row)
const writeBooks = Schema.encodeEffect(Schema.fromJsonString(Books))
const unreadable = () => new Unreadable({ message: "the shared budget holds something that cannot be read" })

// One statement, so there is no half of it. Two processes that make the table at once may both be told it is there.
export const makeTable = (sql: SqlClient): Effect.Effect<void, SqlError> =>
  Effect.asVoid(
    sql.unsafe(`CREATE TABLE IF NOT EXISTS scanpoll_budgets (
      vendor TEXT NOT NULL,
      origin TEXT NOT NULL,
      account TEXT NOT NULL,
      version DOUBLE PRECISION NOT NULL,
      books TEXT NOT NULL,
      PRIMARY KEY (vendor, origin, account)
    )`).unprepared
  )

const now = "(extract(epoch from clock_timestamp()) * 1000)::double precision"

export const ofPostgres = (sql: SqlClient): Store => {
  const read: Store["read"] = ({ account, origin, vendor }) =>
    Effect.gen(function* () {
      for (;;) {
        const rows = yield* sql`
          SELECT version, books, ${sql.literal(now)} AS now FROM scanpoll_budgets
          WHERE vendor = ${vendor} AND origin = ${origin} AND account = ${account}`
        if (rows.length > 0) return yield* Effect.mapError(readRow(rows[0]), unreadable)
        const books = yield* Effect.orDie(writeBooks(empty))
        yield* sql`
          INSERT INTO scanpoll_budgets (vendor, origin, account, version, books)
          VALUES (${vendor}, ${origin}, ${account}, ${0}, ${books}) ON CONFLICT DO NOTHING`
      }
    })
  return {
    read,
    write: (key, version, books) =>
      Effect.gen(function* () {
        const { account, origin, vendor } = key
        const text = yield* Effect.mapError(writeBooks(books), unreadable)
        const [row] = yield* sql<{ written: boolean; books: string | null }>`
          WITH written AS (
            UPDATE scanpoll_budgets SET version = ${version + 1}, books = ${text}
            WHERE vendor = ${vendor} AND origin = ${origin} AND account = ${account} AND version = ${version}
            RETURNING version)
          SELECT EXISTS (SELECT 1 FROM written) AS written, version, ${sql.literal(now)} AS now,
            CASE WHEN version = ${version} THEN NULL ELSE books END AS books
          FROM scanpoll_budgets WHERE vendor = ${vendor} AND origin = ${origin} AND account = ${account}`
        if (row?.written === true) return null
        // Where somebody wrote in this very moment, the answer still shows what was there before.
        if (row === undefined || row.books === null) return yield* read(key)
        return yield* Effect.mapError(readRow(row), unreadable)
      })
  }
}
