// What stands in the journal, read back. May touch: every table, reading; what is deleted of it is `purging.ts`. Law: a claim
// whose submitter is gone is shown in doubt, and a row that cannot be read is left out with a warning.
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import {
  type ClaimEntry,
  type ClaimState,
  type OpenClaim,
  type Operations,
  openStates,
  type Pause,
  withoutPayload
} from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { unreadable } from "./claimTable.ts"
import * as Deliveries from "./deliveries.ts"
import { chunksOf } from "./dialect.ts"
import { goneReason, type Owners } from "./owners.ts"
import * as Pages from "./pages.ts"
import * as Polls from "./polls.ts"
import * as Purging from "./purging.ts"
import {
  type ClaimRow,
  keyHash,
  readClaim,
  readLesson,
  readOpenClaim,
  subjectHash,
  toEntry,
  writtenAtOf
} from "./rows.ts"
import type { Store } from "./store.ts"

interface Parts {
  readonly sql: SqlClient
  readonly store: Pick<Store, "read" | "write">
  readonly owners: Pick<Owners, "all" | "isGone">
}

const historyLimit = 10_000

// The names of the living owners. Whether one lives is looked up once for all of its claims.
type Living = ReadonlyMap<string, string>

const livingOwners = ({ owners }: Parts): Effect.Effect<Living, SqlError> =>
  Effect.map(
    owners.all,
    (all) => new Map(all.filter((owner) => !owners.isGone(owner)).map((owner) => [owner.owner_id, owner.label]))
  )

// Who submits or polls a claim. The claim is in doubt where who was to submit it is gone.
const holderOf = (
  { owner, state }: Pick<ClaimRow, "owner" | "state">,
  living: Living
): { readonly heldBy: string | null; readonly isDoubtful: boolean } => {
  const label = owner === null ? undefined : living.get(owner)
  const isHeld = label !== undefined && (state === "intent" || state === "submitted")
  return { heldBy: isHeld ? label : null, isDoubtful: state === "intent" && label === undefined }
}

const entryOf = (row: unknown, living: Living, now: number): ClaimEntry | null => {
  const read = readClaim(row, now)
  if (read === null) return null
  const { heldBy, isDoubtful } = holderOf(read, living)
  return toEntry(isDoubtful ? { ...read, state: "in-doubt", reason: goneReason } : read, heldBy)
}

const entriesOf = (parts: Parts, rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<ClaimEntry>, SqlError> =>
  Effect.gen(function* () {
    const living = yield* livingOwners(parts)
    const now = yield* SteadyClock.now
    const entries: Array<ClaimEntry> = []
    for (const row of rows) {
      const entry = entryOf(row, living, now)
      if (entry !== null) entries.push(entry)
      else {
        const id = String(Object(row).claim_id)
        yield* Effect.logWarning(`a row of the journal cannot be read and is left out: ${id}`)
      }
    }
    return entries
  })

// What is read in one go where payloads are left out.
const mostCharacters = 8 * 1024 * 1024
const mostRows = 200

interface Sized {
  readonly claim_id: string
  readonly size: number | string | null
}

// Rows whose outcomes are of that size together, in their order.
const inParts = (rows: ReadonlyArray<Sized>): ReadonlyArray<ReadonlyArray<string>> => {
  const parts: Array<Array<string>> = []
  let left = 0
  for (const { claim_id: claimId, size } of rows) {
    const last = parts.at(-1)
    const is = Number(size ?? 0)
    if (last === undefined || is > left || last.length >= mostRows) {
      parts.push([claimId])
      left = mostCharacters - is
    } else {
      last.push(claimId)
      left -= is
    }
  }
  return parts
}

const inOrder = (ids: ReadonlyArray<string>, entries: ReadonlyArray<ClaimEntry>): ReadonlyArray<ClaimEntry> => {
  const byId = new Map(entries.map((entry) => [entry.claimId, entry]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

// What is open: the rows without what people and vendors wrote, and without the requests.
const openOf = (parts: Parts): Operations["open"] =>
  parts.store.read(
    Effect.gen(function* () {
      const { sql } = parts
      const rows =
        yield* sql`SELECT claim_id, vendor, origin, account, state, owner, not_before, waited_at, last_fault, parked_at, claimed_at
        FROM scanpoll_claims WHERE state IN ${sql.in([...openStates])} ORDER BY claimed_at, claim_id`
      const living = yield* livingOwners(parts)
      const now = yield* SteadyClock.now
      return rows.flatMap((row): ReadonlyArray<OpenClaim> => {
        const read = readOpenClaim(row, now)
        if (read === null) return []
        const { owner: _owner, ...claim } = read
        const { heldBy, isDoubtful } = holderOf(read, living)
        return [{ ...claim, heldBy, ...(isDoubtful ? { state: "in-doubt" } : {}) }]
      })
    })
  )

const claimsOf = (parts: Parts): Pick<Operations, "get" | "list" | "open" | "entries" | "history"> => {
  const { sql, store } = parts
  const get: Operations["get"] = (claimId) =>
    store.read(
      Effect.gen(function* () {
        const rows = yield* sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`
        const [entry] = yield* entriesOf(parts, rows)
        return entry ?? (rows.length === 0 ? null : yield* unreadable(claimId))
      })
    )

  const list: Operations["list"] = (states) =>
    Effect.gen(function* () {
      if (states.length === 0) return []
      const wanted: ReadonlyArray<ClaimState> = states.includes("in-doubt") ? [...states, "intent"] : states
      const entries = yield* store.read(
        Effect.flatMap(
          sql`SELECT * FROM scanpoll_claims WHERE state IN ${sql.in([...new Set(wanted)])}
            ORDER BY claimed_at, claim_id`,
          (rows) => entriesOf(parts, rows)
        )
      )
      return entries.filter((entry) => states.includes(entry.state))
    })

  const history: Operations["history"] = (filter) => {
    if (filter.states?.length === 0) return Effect.succeed([])
    const conditions = [
      sql`state IN ${sql.in([...(filter.states ?? ["settled"])])}`,
      ...(filter.lacking === true ? [sql`state = 'settled' AND reason IS NOT NULL`] : []),
      ...(filter.vendor === undefined ? [] : [sql`vendor = ${filter.vendor}`]),
      ...(filter.account === undefined ? [] : [sql`account = ${filter.account}`]),
      ...(filter.key === undefined ? [] : [sql`key_hash = ${keyHash(filter.key)}`]),
      ...(filter.subject === undefined ? [] : [sql`subject_hash = ${subjectHash(filter.subject)}`]),
      ...(filter.before === undefined ? [] : [sql`changed_at < ${filter.before}`])
    ]
    const limit = Waits.clamp(Math.floor(filter.limit ?? 100), 1, historyLimit)
    if (filter.payloads === false) {
      const sizes = sql<Sized>`SELECT claim_id, octet_length(outcome) AS size FROM scanpoll_claims
        WHERE ${sql.and(conditions)} ORDER BY changed_at DESC, claim_id DESC LIMIT ${limit}`
      return Effect.gen(function* () {
        const found: Array<ClaimEntry> = []
        for (const ids of inParts(yield* store.read(sizes))) {
          const some = yield* store.read(rowsOf(ids))
          found.push(...some.map((entry) => ({ ...entry, outcome: withoutPayload(entry.outcome) })))
        }
        return found
      })
    }
    return store.read(
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE ${sql.and(conditions)}
          ORDER BY changed_at DESC, claim_id DESC LIMIT ${limit}`,
        (rows) => entriesOf(parts, rows)
      )
    )
  }
  const rowsOf = (ids: ReadonlyArray<string>) =>
    Effect.map(
      Effect.flatMap(sql`SELECT * FROM scanpoll_claims WHERE claim_id IN ${sql.in(ids)}`, (rows) =>
        entriesOf(parts, rows)
      ),
      (entries) => inOrder(ids, entries)
    )
  const entries: Operations["entries"] = (claimIds) =>
    Effect.map(
      Effect.forEach(chunksOf(claimIds), (ids) => store.read(rowsOf(ids))),
      (chunks) => chunks.flat()
    )
  return { get, list, open: openOf(parts), entries, history }
}

interface PauseRow {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly paused_until: unknown
  // A journal of before has none of these.
  readonly submits_until?: unknown
  readonly paused_at?: unknown
  readonly submits_at?: unknown
}

const isTime = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value > 0

const writtenAt = (value: unknown): { readonly at?: number } => {
  const at = writtenAtOf(value)
  return at === null ? {} : { at }
}

// An account may be paused as a whole, and for submissions alone.
const pausesOf = (row: PauseRow): ReadonlyArray<Pause> => {
  const { account, origin, paused_until: until, submits_until: submits, vendor } = row
  const of = { vendor, origin, account }
  return [
    ...(isTime(until) ? [{ ...of, until, ...writtenAt(row.paused_at) }] : []),
    ...(isTime(submits) ? [{ ...of, until: submits, kind: "submit" as const, ...writtenAt(row.submits_at) }] : [])
  ]
}

export const make = (
  parts: Parts
): Pick<
  Operations,
  | "get"
  | "list"
  | "open"
  | "entries"
  | "history"
  | "page"
  | "changes"
  | "polls"
  | "deliveries"
  | "scanIds"
  | "pauses"
  | "lessons"
> &
  Purging.Purging => {
  const { sql, store } = parts
  return {
    ...claimsOf(parts),
    ...Pages.make({ sql, store, entriesOf: (rows) => entriesOf(parts, rows) }),
    polls: (claimId) => store.read(Polls.read(sql, claimId)),
    deliveries: Deliveries.list(sql, store),
    scanIds: ({ account, origin, vendor }) =>
      store.read(
        Effect.map(
          sql<{ scan_id: string }>`SELECT scan_id FROM scanpoll_claims WHERE vendor = ${vendor}
            AND origin = ${origin} AND account = ${account} AND scan_id IS NOT NULL`,
          (rows) => new Set(rows.map((row) => row.scan_id))
        )
      ),
    pauses: store.read(
      Effect.map(sql<PauseRow>`SELECT * FROM scanpoll_pauses`, (rows) => rows.flatMap((row) => pausesOf(row)))
    ),
    lessons: store.read(
      Effect.map(sql`SELECT * FROM scanpoll_lessons ORDER BY learned_at`, (rows) =>
        rows.map(readLesson).filter((lesson) => lesson !== null)
      )
    ),
    ...Purging.make(sql, store)
  }
}
