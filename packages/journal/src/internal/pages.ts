// Claims a page at a time, and what changed lately. May touch: every table, reading. Law: a page ends where its rows end, not
// where the last readable one was, and a walk from page to page meets each claim once, whatever changes meanwhile.
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Change, ClaimEntry, ClaimState, Operations, PageFilter } from "@scanpoll/core/engine/ScanJournal"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { subjectHash } from "./rows.ts"
import type { Store } from "./store.ts"

interface Parts {
  readonly sql: SqlClient
  readonly store: Pick<Store, "read">
  readonly entriesOf: (rows: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<ClaimEntry>, SqlError>
}

const mostOfPage = 1_000
const mostChanges = 10_000

// A claim whose submitter is gone is stored as an intent and shown in doubt.
const storedAs = (states: ReadonlyArray<ClaimState>): ReadonlyArray<ClaimState> => [
  ...new Set(states.includes("in-doubt") ? [...states, "intent" as const] : states)
]

const pageOf = ({ entriesOf, sql, store }: Parts): Operations["page"] => {
  const conditionsOf = ({ account, after, run, subject, vendor }: PageFilter) => [
    ...(vendor === undefined ? [] : [sql`vendor = ${vendor}`]),
    ...(account === undefined ? [] : [sql`account = ${account}`]),
    ...(subject === undefined ? [] : [sql`subject_hash = ${subjectHash(subject)}`]),
    ...(run === undefined ? [] : [sql`claim_id IN (SELECT claim_id FROM scanpoll_run_rows WHERE run_id = ${run})`]),
    ...(after === undefined ? [] : [sql`claim_id < ${after}`])
  ]
  const newest = (conditions: ReturnType<typeof conditionsOf>, limit: number) =>
    sql`SELECT * FROM scanpoll_claims ${conditions.length === 0 ? sql.literal("") : sql`WHERE ${sql.and(conditions)}`}
      ORDER BY claim_id DESC LIMIT ${limit}`

  return (filter) => {
    const limit = Waits.clamp(Math.floor(filter.limit ?? 50), 1, mostOfPage)
    const { states } = filter
    if (states?.length === 0) return Effect.succeed({ entries: [], next: null })
    const conditions = conditionsOf(filter)
    // A page of each state, through its index, and the newest of them all: no state has to be looked for among the others.
    const rows =
      states === undefined
        ? newest(conditions, limit + 1)
        : sql`SELECT * FROM (${sql.join(
            " UNION ALL ",
            false
          )(
            storedAs(states).map(
              (state) => sql`SELECT * FROM (${newest([sql`state = ${state}`, ...conditions], limit + 1)}) AS s`
            )
          )}) AS p ORDER BY claim_id DESC LIMIT ${limit + 1}`
    return store.read(
      Effect.gen(function* () {
        const found = yield* rows
        const shown = found.slice(0, limit)
        const entries = yield* entriesOf(shown)
        const last = found.length > limit ? shown.at(-1) : undefined
        return {
          entries: states === undefined ? entries : entries.filter(({ state }) => states.includes(state)),
          next: last === undefined ? null : String(Object(last).claim_id)
        }
      })
    )
  }
}

interface ChangeRow {
  readonly id: string
  readonly at: number
}

// PostgreSQL has no index on the time of the last poll, so that it is changed in place. An entry that began before `since` and
// was polled later belongs to an open claim.
const polledSince = (sql: SqlClient, since: number, most: number) =>
  sql.onDialectOrElse({
    pg: () => sql<ChangeRow>`SELECT claim_id AS id, last_at AS at FROM scanpoll_polls WHERE first_at >= ${since}
      UNION SELECT claim_id, last_at FROM scanpoll_claims JOIN scanpoll_polls USING (claim_id)
        WHERE state IN ('intent', 'submitted', 'in-doubt') AND last_at >= ${since}
      ORDER BY 2 LIMIT ${most}`,
    orElse: () => sql<ChangeRow>`SELECT claim_id AS id, last_at AS at FROM scanpoll_polls
      WHERE last_at >= ${since} ORDER BY last_at LIMIT ${most}`
  })

const changesOf =
  ({ sql, store }: Parts): Operations["changes"] =>
  ({ since, limit }) => {
    const most = Waits.clamp(Math.floor(limit ?? 1_000), 1, mostChanges)
    const tell = (kind: Change["kind"]) => (rows: ReadonlyArray<ChangeRow>) =>
      rows.map(({ at, id }): Change => ({ kind, id, at }))
    return store.read(
      Effect.gen(function* () {
        const claims = yield* sql<ChangeRow>`SELECT claim_id AS id, changed_at AS at FROM scanpoll_claims
          WHERE changed_at >= ${since} ORDER BY changed_at LIMIT ${most}`
        const polls = yield* polledSince(sql, since, most)
        const runs = yield* sql<ChangeRow>`SELECT run_id AS id, COALESCE(ended_at, started_at) AS at FROM scanpoll_runs
          WHERE COALESCE(ended_at, started_at) >= ${since} ORDER BY 2 LIMIT ${most}`
        return [...tell("claim")(claims), ...tell("poll")(polls), ...tell("run")(runs)]
          .sort((a, b) => a.at - b.at)
          .slice(0, most)
      })
    )
  }

export const make = (parts: Parts): Pick<Operations, "page" | "changes"> => ({
  page: pageOf(parts),
  changes: changesOf(parts)
})
