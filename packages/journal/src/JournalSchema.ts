/**
 * The tables of the journal, the same in SQLite and PostgreSQL, and how they come to be.
 *
 * All that is missing is made in one transaction: a process that is killed at any statement of it leaves what was there
 * before. Columns are text and double precision throughout, because every driver reads those alike; times are
 * milliseconds since 1970. At most one claim of a key can be open: the database itself sees to that.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import { errorOf } from "./internal/faults.ts"

/**
 * One step from a version of the schema to the next.
 *
 * @category models
 * @since 0.1.0
 */
export type Migration = ReadonlyArray<string>

/**
 * The steps, in order: the first makes version 1. A step that was published is never changed; the ones after
 * `publishedVersion` still may.
 *
 * @category constructors
 * @since 0.1.0
 */
export const migrations: ReadonlyArray<Migration> = [
  [
    // Every process that may hold claims. `heartbeat_at` is the database's clock; `place` names a table of processes and
    // `started` tells two processes of one number apart, where the system has both.
    `CREATE TABLE scanpoll_owners (
      owner_id TEXT PRIMARY KEY,
      place TEXT NOT NULL,
      pid DOUBLE PRECISION NOT NULL,
      started TEXT NOT NULL,
      label TEXT NOT NULL,
      lease DOUBLE PRECISION NOT NULL,
      heartbeat_at DOUBLE PRECISION NOT NULL
    )`,
    // `stamp` names the last write, so that one whose answer was lost is recognised. `owner` holds the claim; `epoch`
    // counts how often that changed, and fences off the writes of a former one.
    `CREATE TABLE scanpoll_claims (
      claim_id TEXT PRIMARY KEY,
      key_hash TEXT NOT NULL,
      vendor TEXT NOT NULL,
      origin TEXT NOT NULL,
      account TEXT NOT NULL,
      environment TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      subject_hash TEXT NOT NULL,
      subject TEXT NOT NULL,
      state TEXT NOT NULL
        CHECK (state IN ('intent', 'submitted', 'settled', 'in-doubt', 'refused', 'released')),
      owner TEXT,
      epoch DOUBLE PRECISION NOT NULL,
      stamp TEXT NOT NULL,
      scan_id TEXT,
      submitted_at DOUBLE PRECISION,
      not_before DOUBLE PRECISION NOT NULL,
      request TEXT,
      outcome TEXT,
      reason TEXT,
      claimed_at DOUBLE PRECISION NOT NULL,
      changed_at DOUBLE PRECISION NOT NULL
    )`,
    `CREATE UNIQUE INDEX scanpoll_claims_open ON scanpoll_claims (key_hash)
      WHERE state IN ('intent', 'submitted', 'in-doubt')`,
    `CREATE INDEX scanpoll_claims_key ON scanpoll_claims (key_hash, state, changed_at)`,
    `CREATE INDEX scanpoll_claims_scan ON scanpoll_claims (scan_id)`,
    `CREATE INDEX scanpoll_claims_state ON scanpoll_claims (state, changed_at)`,
    `CREATE INDEX scanpoll_claims_subject ON scanpoll_claims (subject_hash, changed_at)`,
    `CREATE INDEX scanpoll_claims_owner ON scanpoll_claims (owner)`,
    `CREATE TABLE scanpoll_pauses (
      vendor TEXT NOT NULL,
      origin TEXT NOT NULL,
      account TEXT NOT NULL,
      paused_until DOUBLE PRECISION NOT NULL,
      PRIMARY KEY (vendor, origin, account)
    )`
  ],
  [
    // Which scans a claim's duration belongs with; claims of before do not say.
    `ALTER TABLE scanpoll_claims ADD COLUMN kind TEXT`,
    // What each scan has taught about durations, in milliseconds.
    `CREATE TABLE scanpoll_lessons (
      vendor TEXT NOT NULL,
      origin TEXT NOT NULL,
      kind TEXT NOT NULL,
      scan TEXT NOT NULL,
      ended TEXT NOT NULL CHECK (ended IN ('settled', 'censored')),
      duration_ms DOUBLE PRECISION NOT NULL,
      at_least_ms DOUBLE PRECISION,
      hint_ms DOUBLE PRECISION,
      learned_at DOUBLE PRECISION NOT NULL,
      PRIMARY KEY (vendor, origin, kind, scan)
    )`,
    `CREATE INDEX scanpoll_lessons_age ON scanpoll_lessons (vendor, origin, kind, learned_at)`
  ],
  [
    // The reason of a settled claim says which evidence its outcome lacks: few do, and `resume` asks for them.
    `CREATE INDEX scanpoll_claims_lacking ON scanpoll_claims (changed_at)
      WHERE state = 'settled' AND reason IS NOT NULL`,
    // Until when an owner that is gone may have polled; null where the last one left in order.
    `ALTER TABLE scanpoll_claims ADD COLUMN polled_until DOUBLE PRECISION`,
    // Names this very journal. A process that opened it compares: another database may take its place.
    `ALTER TABLE scanpoll_journal ADD COLUMN identity TEXT`,
    // What the calls before the submission returned; how the vendor says that an open scan ended, while its result is still
    // to be asked for; and the trouble that the last poll of an open claim met.
    `ALTER TABLE scanpoll_claims ADD COLUMN prepared TEXT`,
    `ALTER TABLE scanpoll_claims ADD COLUMN ended_as TEXT`,
    `ALTER TABLE scanpoll_claims ADD COLUMN last_fault TEXT`,
    // The queue of its account in which its requests stand; null for the one without a name.
    `ALTER TABLE scanpoll_claims ADD COLUMN lane TEXT`,
    // Until when the account gets no submissions, while the polls of bought scans go on; null where it never was so.
    `ALTER TABLE scanpoll_pauses ADD COLUMN submits_until DOUBLE PRECISION`,
    // When those times were written: where that is later than now, the clock was set back since.
    `ALTER TABLE scanpoll_claims ADD COLUMN waited_at DOUBLE PRECISION`,
    `ALTER TABLE scanpoll_pauses ADD COLUMN paused_at DOUBLE PRECISION`,
    `ALTER TABLE scanpoll_pauses ADD COLUMN submits_at DOUBLE PRECISION`,
    // A page of claims of any state, the newest first.
    `CREATE INDEX scanpoll_claims_age ON scanpoll_claims (changed_at, claim_id)`,
    // What was asked for in one go. `owner` is the process that runs it; without one and without an end it was killed.
    `CREATE TABLE scanpoll_runs (
      run_id TEXT PRIMARY KEY,
      command TEXT NOT NULL,
      plan TEXT,
      plan_digest TEXT,
      options TEXT,
      owner TEXT,
      total DOUBLE PRECISION NOT NULL,
      started_at DOUBLE PRECISION NOT NULL,
      ended_at DOUBLE PRECISION,
      exit_code DOUBLE PRECISION
    )`,
    `CREATE INDEX scanpoll_runs_age ON scanpoll_runs (started_at, run_id)`,
    // Its targets in their order. `state` is that of the row, null until it ended; `ended` its record without the outcome,
    // which the claim has.
    `CREATE TABLE scanpoll_run_rows (
      run_id TEXT NOT NULL,
      position DOUBLE PRECISION NOT NULL,
      vendor TEXT NOT NULL,
      account TEXT NOT NULL,
      claim_key TEXT,
      subject TEXT NOT NULL,
      kind TEXT,
      request TEXT,
      forced DOUBLE PRECISION NOT NULL,
      written TEXT,
      claim_id TEXT,
      state TEXT,
      ended TEXT,
      PRIMARY KEY (run_id, position)
    )`,
    `CREATE INDEX scanpoll_run_rows_claim ON scanpoll_run_rows (claim_id)`,
    // Since when nobody waits for an open claim, because a person said so. Few are.
    `ALTER TABLE scanpoll_claims ADD COLUMN parked_at DOUBLE PRECISION`,
    `CREATE INDEX scanpoll_claims_parked ON scanpoll_claims (parked_at) WHERE parked_at IS NOT NULL`,
    // A page of claims of one state, the newest claim first.
    `CREATE INDEX scanpoll_claims_listed ON scanpoll_claims (state, claim_id)`,
    // What the polls of a claim saw, and why the next one is when it is: equal ones in a row are one row, `polls` of them.
    // `same` is what makes them equal.
    `CREATE TABLE scanpoll_polls (
      claim_id TEXT NOT NULL,
      seq DOUBLE PRECISION NOT NULL,
      same TEXT NOT NULL,
      message TEXT,
      polls DOUBLE PRECISION NOT NULL,
      first_at DOUBLE PRECISION NOT NULL,
      last_at DOUBLE PRECISION NOT NULL,
      due_at DOUBLE PRECISION NOT NULL,
      PRIMARY KEY (claim_id, seq)
    )`,
    `CREATE INDEX scanpoll_polls_age ON scanpoll_polls (last_at)`,
    // What is to be told, and to whom: written in the transaction of what it tells of. `body` is the JSON that is sent.
    `CREATE TABLE scanpoll_outbox (
      event_id TEXT NOT NULL,
      receiver TEXT NOT NULL,
      kind TEXT NOT NULL,
      claim_id TEXT,
      body TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
      attempts DOUBLE PRECISION NOT NULL,
      made_at DOUBLE PRECISION NOT NULL,
      due_at DOUBLE PRECISION NOT NULL,
      last_error TEXT,
      PRIMARY KEY (event_id, receiver)
    )`,
    `CREATE INDEX scanpoll_outbox_due ON scanpoll_outbox (state, due_at)`,
    `CREATE INDEX scanpoll_outbox_claim ON scanpoll_outbox (claim_id)`
  ]
]

// What the steps leave to PostgreSQL alone, from this version on. Each poll changes a row of claims and one of polls. PostgreSQL
// changes a row in place only where its page has room for another one and no column of an index changes; otherwise every index
// of the table gets a new entry.
const inPlaceFrom = 3
const inPlace: Migration = [
  `ALTER TABLE scanpoll_claims SET (fillfactor = 70)`,
  `ALTER TABLE scanpoll_polls SET (fillfactor = 70)`,
  `DROP INDEX IF EXISTS scanpoll_polls_age`,
  `CREATE INDEX IF NOT EXISTS scanpoll_polls_begun ON scanpoll_polls (first_at)`
]

/**
 * The version that this program makes and understands.
 *
 * @category constructors
 * @since 0.1.0
 */
export const schemaVersion = migrations.length

/**
 * The newest version that a release has made. To be raised by the release that publishes the next one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const publishedVersion = 2

const program = "scanpoll journal"

// PostgreSQL takes one program at a time through here; the number means nothing but this.
const lockNumber = 7363706

const isKnown = (version: unknown): version is number =>
  typeof version === "number" && Number.isInteger(version) && version >= 0

/**
 * The version of the journal in a database; null where there is none. Changes nothing. Fails with `newer` where it is past
 * `newest`, and with `foreign` where tables of these names are another program's.
 *
 * @category constructors
 * @since 0.2.0
 */
export const readVersion = (
  newest: number = schemaVersion
): Effect.Effect<number | null, JournalError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const tables = yield* sql.onDialectOrElse({
      pg: () => sql<{ name: string }>`
        SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name LIKE ${"scanpoll\\_%"}`,
      orElse: () => sql<{ name: string }>`SELECT name FROM sqlite_schema WHERE type = 'table'`
    })
    const names = new Set(tables.map((row) => row.name))
    if (!names.has("scanpoll_journal")) {
      return names.has("scanpoll_claims") ? yield* errorOf("foreign", "it has tables of the same names") : null
    }
    const [row] = yield* sql<{ program: unknown; version: unknown }>`SELECT program, version FROM scanpoll_journal`
    if (row === undefined || row.program !== program || !isKnown(row.version)) {
      return yield* errorOf("foreign", "its version cannot be read")
    }
    return row.version > newest ? yield* errorOf("newer", `version ${row.version}`) : row.version
  })

/**
 * Brings the database to a version, the newest unless told. Fails with `newer` where it is past that already, and with
 * `foreign` where tables of these names are another program's. Changes nothing then.
 *
 * @category constructors
 * @since 0.1.0
 */
export const migrate = (
  steps: ReadonlyArray<Migration> = migrations
): Effect.Effect<void, JournalError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const standing = Effect.provideService(readVersion(steps.length), SqlClient.SqlClient, sql)
    if ((yield* standing) === steps.length) return
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql.onDialectOrElse({
          pg: () => sql`SELECT pg_advisory_xact_lock(${lockNumber})`,
          orElse: () => Effect.void
        })
        // Another process may have done it while this one waited.
        const version = yield* standing
        if (version === steps.length) return
        if (version === null) {
          yield* sql`CREATE TABLE scanpoll_journal (program TEXT PRIMARY KEY, version DOUBLE PRECISION NOT NULL)`
          yield* sql`INSERT INTO scanpoll_journal (program, version) VALUES (${program}, ${0})`
        }
        for (const step of steps.slice(version ?? 0)) {
          for (const statement of step) yield* sql.unsafe(statement).unprepared
        }
        for (const statement of steps.length < inPlaceFrom ? [] : inPlace) {
          yield* sql.onDialectOrElse({ pg: () => sql.unsafe(statement).unprepared, orElse: () => Effect.void })
        }
        yield* sql`UPDATE scanpoll_journal SET version = ${steps.length}`
        // Where the file itself tells its version, it can be refused without being opened.
        yield* sql.onDialectOrElse({
          sqlite: () => sql.unsafe(`PRAGMA user_version = ${steps.length}`).unprepared,
          orElse: () => Effect.void
        })
      })
    )
  })
