// Where the books of all accounts are kept: a row each, written only over the version that was read. No lock is held
// between two statements, so a process that stops anywhere stops nobody else. A writer on a slow line that came too late may
// reserve the books for the length of its next trip: quicker ones would be there first again and again.
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
  // For how many more milliseconds another process has reserved the books.
  readonly reservedFor: number
}

// Who writes, and for how many milliseconds it reserves the books where it comes too late; 0 for not at all.
export interface Writer {
  readonly holder: string
  readonly reserveFor: number
}

export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", { message: Schema.String }) {}

export interface Store {
  readonly read: (key: Account) => Effect.Effect<Read, SqlError | Unreadable>
  // What there is where somebody else wrote since or has reserved the books; null where it is written. Who has to try again
  // needs no trip more to read.
  readonly write: (
    key: Account,
    version: number,
    books: Books,
    writer: Writer
  ) => Effect.Effect<Read | null, SqlError | Unreadable>
}

const Row = Schema.Struct({
  version: Schema.Finite,
  now: Schema.Finite,
  reservedFor: Schema.Finite,
  books: Schema.fromJsonString(Books)
})
const readRow = Schema.decodeUnknownEffect(Row)
const writeBooks = Schema.encodeEffect(Schema.fromJsonString(Books))
const unreadable = () => new Unreadable({ message: "the shared budget holds something that cannot be read" })

// `reserved_by` came too late, and nobody else writes before `reserved_until`. Two processes that make the table at once may
// both be told it is there. One of an earlier version has no such columns, and its processes do not heed them.
export const makeTable = (sql: SqlClient): Effect.Effect<void, SqlError> =>
  Effect.asVoid(
    sql.unsafe(`DO $$ BEGIN
      CREATE TABLE IF NOT EXISTS scanpoll_budgets (
        vendor TEXT NOT NULL,
        origin TEXT NOT NULL,
        account TEXT NOT NULL,
        version DOUBLE PRECISION NOT NULL,
        books TEXT NOT NULL,
        reserved_by TEXT,
        reserved_until DOUBLE PRECISION,
        PRIMARY KEY (vendor, origin, account)
      );
      IF NOT EXISTS (SELECT FROM pg_attribute
          WHERE attrelid = 'scanpoll_budgets'::regclass AND attname = 'reserved_until') THEN
        ALTER TABLE scanpoll_budgets ADD COLUMN reserved_by TEXT, ADD COLUMN reserved_until DOUBLE PRECISION;
      END IF;
    END $$`).unprepared
  )

// One beyond that, in milliseconds, was made before the database's clock was set back.
const longestReservation = 10_000

const now = "(extract(epoch from clock_timestamp()) * 1000)::double precision"

export const ofPostgres = (sql: SqlClient): Store => {
  const time = sql.literal(now)
  const read: Store["read"] = ({ account, origin, vendor }) =>
    Effect.gen(function* () {
      for (;;) {
        const rows = yield* sql`
          SELECT version, books, ${time} AS now, 0 AS "reservedFor" FROM scanpoll_budgets
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
    write: (key, version, books, { holder, reserveFor }) =>
      Effect.gen(function* () {
        const { account, origin, vendor } = key
        const text = yield* Effect.mapError(writeBooks(books), unreadable)
        const isLate = sql.literal(reserveFor > 0 ? "TRUE" : "FALSE")
        const [row] = yield* sql<{ written: boolean; books: string | null }>`
          WITH changed AS (
            UPDATE scanpoll_budgets SET
              version = CASE WHEN version = ${version} THEN ${version + 1} ELSE version END,
              books = CASE WHEN version = ${version} THEN ${text} ELSE books END,
              reserved_by = CASE WHEN version = ${version} THEN NULL ELSE ${holder} END,
              reserved_until = CASE WHEN version = ${version} THEN NULL ELSE ${time} + ${Math.ceil(reserveFor)} END
            WHERE vendor = ${vendor} AND origin = ${origin} AND account = ${account} AND (version = ${version} OR ${isLate})
              AND (reserved_until IS NULL OR reserved_by = ${holder} OR reserved_until <= ${time}
                OR reserved_until > ${time} + ${longestReservation})
            RETURNING version, books, reserved_until IS NULL AS written)
          SELECT COALESCE(changed.written, FALSE) AS written, COALESCE(changed.version, was.version) AS version, ${time} AS now,
            CASE WHEN changed.version IS NULL THEN GREATEST(0, COALESCE(was.reserved_until, 0) - ${time}) ELSE 0
              END AS "reservedFor",
            CASE WHEN changed.written OR (changed.version IS NULL AND was.version = ${version}) THEN NULL
              ELSE COALESCE(changed.books, was.books) END AS books
          FROM scanpoll_budgets AS was LEFT JOIN changed ON TRUE
          WHERE was.vendor = ${vendor} AND was.origin = ${origin} AND was.account = ${account}`
        if (row?.written === true) return null
        // Where somebody wrote in this very moment, the answer still shows what was there before.
        if (row === undefined || row.books === null) return yield* read(key)
        return yield* Effect.mapError(readRow(row), unreadable)
      })
  }
}
