/**
 * What each published version of the schema was: its statements, one a line, and a journal file as that version left it.
 * Written once, when a version is published, by `node packages/journal/test/support/versions.ts`; never again.
 */
import { migrate, migrations } from "@scanpoll/journal/JournalSchema"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { createHash } from "node:crypto"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { keyOf, outcomeOf, reason, subject } from "./fixtures.ts"

const folder = join(import.meta.dirname, "..", "versions")

export const statementsFile = (version: number): string => join(folder, `${version}.sql`)
export const journalFile = (version: number): string => join(folder, `${version}.db`)

/** A step as it is compared: white space is nothing to a database. */
export const spell = (step: ReadonlyArray<string>): ReadonlyArray<string> =>
  step.map((statement) => statement.replace(/\s+/g, " ").trim())

/** The statements that a version was published with. */
export const published = (version: number): ReadonlyArray<string> =>
  readFileSync(statementsFile(version), "utf8").trimEnd().split("\n")

export const states = ["submitted", "settled", "in-doubt", "refused", "released"] as const

/** A claim in each state, stored as the first version did. */
export const fill = (sql: SqlClient.SqlClient): Effect.Effect<void, SqlError> =>
  Effect.forEach(
    states,
    (state) => {
      const key = keyOf(state)
      const parts = [key.vendor, key.origin, key.account, key.environment, key.fingerprint]
      const row = {
        claim_id: `clm_${state.replace("-", "")}`,
        key_hash: createHash("sha256").update(JSON.stringify(parts)).digest("hex"),
        ...key,
        fingerprint: JSON.stringify(key.fingerprint),
        subject_hash: createHash("sha256")
          .update(JSON.stringify([subject.kind, subject.id]))
          .digest("hex"),
        subject: JSON.stringify(subject),
        state,
        owner: null,
        epoch: 1,
        stamp: "",
        scan_id: state === "submitted" || state === "settled" ? state : null,
        submitted_at: state === "submitted" || state === "settled" ? 1_700_000_000_000 : null,
        not_before: state === "submitted" ? 1_700_000_060_000 : 0,
        request: state === "in-doubt" ? JSON.stringify({ url: "https://a.test/" }) : null,
        outcome: state === "settled" ? JSON.stringify(outcomeOf(state)) : null,
        reason: state === "in-doubt" || state === "refused" ? JSON.stringify(reason) : null,
        claimed_at: 1_700_000_000_000,
        changed_at: 1_700_000_030_000
      }
      return sql`INSERT INTO scanpoll_claims ${sql.insert(row)}`
    },
    { discard: true }
  )

const write = Effect.gen(function* () {
  const version = migrations.length
  if (existsSync(statementsFile(version)) || existsSync(journalFile(version))) {
    throw new Error(`version ${version} was written already; what was published stays as it was`)
  }
  writeFileSync(statementsFile(version), `${spell(migrations[version - 1] ?? []).join("\n")}\n`)
  const made = mkdtempSync(join(tmpdir(), "scanpoll-version-"))
  const file = join(made, "journal.db")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const sql = yield* SqliteClient.make(file)
      yield* Effect.provideService(migrate(), SqlClient.SqlClient, sql)
      yield* fill(sql)
    })
  )
  copyFileSync(file, journalFile(version))
  rmSync(made, { recursive: true })
})

if (process.argv[1] === import.meta.filename) await Effect.runPromise(write)
