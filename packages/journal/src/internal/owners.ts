// Which processes there are, and which of them are gone. May touch: the table of owners, and the owner of claims. Law: a
// process that is gone holds nothing: its submissions without an answer are in doubt, its open claims are free.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { Reason } from "@scanpoll/core/model/ScanOutcome"
import type { Dialect } from "./dialect.ts"
import { errorOf } from "./faults.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { Lease } from "./lease.ts"
import * as Processes from "./processes.ts"
import type { Notices } from "./notices.ts"
import { toJson } from "./rows.ts"
import type { Store } from "./store.ts"

// `remaining` is how long its lease still lasts by the database's clock, in milliseconds; negative when it is over.
export interface OwnerRow {
  readonly owner_id: string
  readonly place: string
  readonly pid: number
  readonly started: string
  readonly label: string
  readonly remaining: number
}

export const goneReason: Reason = {
  code: "process-gone",
  message: "the process that was submitting ended before it stored an answer; the vendor may have accepted it",
  advice: null,
  requestId: null
}

export interface Owners {
  // The id of this process; another one after others took it for gone.
  readonly me: () => string
  readonly register: Effect.Effect<void, SqlError>
  readonly heartbeat: Effect.Effect<void, SqlError | ScanJournal.JournalError>
  // In a transaction that makes this process an owner: nobody can take it for gone before that commits.
  readonly ensureRegistered: Effect.Effect<void, SqlError | ScanJournal.JournalError>
  readonly all: Effect.Effect<ReadonlyArray<OwnerRow>, SqlError>
  readonly isGone: (owner: OwnerRow) => boolean
  // Frees what is held by owners that have no row.
  readonly freeOrphans: (stamp: string) => Effect.Effect<void, SqlError>
  // From now on this process is another owner, which has no row yet. Returns the id it had.
  readonly renounce: Effect.Effect<string>
  // Ends this process's part.
  readonly resign: (stamp: string) => Effect.Effect<void, SqlError>
  // Frees what is held by processes that are gone.
  readonly removeGone: (store: Store) => Effect.Effect<void, ScanJournal.JournalError>
}

const makeOwnerId = Effect.map(ScanJournal.makeClaimId, (id) => id.replace(/^clm/, "own"))

interface Parts {
  readonly sql: SqlClient
  readonly dialect: Dialect
  readonly lease: Lease
  readonly held: HeldClaims
  readonly notices: Doubted
  // Without a place and a start, others go by the heartbeat alone.
  readonly place: Processes.ProcessIdentity
  // Fails where the database is another one: then nobody took this process for gone.
  readonly verify: Effect.Effect<void, SqlError | ScanJournal.JournalError>
}

type Doubted = Pick<Notices, "isOn" | "doubted">

// `polledUntil`: until when the owner may have polled without a word in the journal; null where it left in order.
const free = (
  { notices, sql }: { readonly sql: SqlClient; readonly notices: Doubted },
  owner: string,
  stamp: string,
  polledUntil: number | null
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const doubted = yield* sql`
      UPDATE scanpoll_claims SET state = 'in-doubt', reason = ${toJson(goneReason)}, owner = NULL,
        epoch = epoch + 1, stamp = ${stamp}, changed_at = ${now}
      WHERE owner = ${owner} AND state = 'intent' ${sql.literal(notices.isOn ? "RETURNING *" : "")}`
    yield* notices.doubted(doubted)
    const until = polledUntil ?? -1
    // A later time of the next poll is proof: the owner was still waiting for it.
    yield* sql`
      UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp},
        polled_until = CASE WHEN not_before < ${until} THEN ${until} ELSE polled_until END,
        not_before = CASE WHEN not_before < ${until} THEN ${until} ELSE not_before END,
        waited_at = CASE WHEN not_before < ${until} THEN ${now} ELSE waited_at END
      WHERE owner = ${owner}`
  })

// The heartbeat is read again in this transaction: one may have come in the meantime.
const remove = (
  { dialect, notices, place, sql }: Parts,
  owner: OwnerRow,
  stamp: string
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const rows =
      Processes.isAlive(place, owner) === false
        ? yield* sql`DELETE FROM scanpoll_owners WHERE owner_id = ${owner.owner_id} RETURNING owner_id`
        : yield* sql`
            DELETE FROM scanpoll_owners
            WHERE owner_id = ${owner.owner_id} AND heartbeat_at + lease <= ${dialect.now} RETURNING owner_id`
    // It polls no longer than its lease, and its last wait may not be stored.
    const now = yield* Clock.currentTimeMillis
    if (rows.length > 0) yield* free({ sql, notices }, owner.owner_id, stamp, now + Math.min(0, owner.remaining))
  })

export const make = (parts: Parts): Effect.Effect<Owners> =>
  Effect.gen(function* () {
    const { dialect, held, lease, place, sql } = parts
    const freeing = { sql, notices: parts.notices }
    let me = yield* makeOwnerId

    const register = Effect.gen(function* () {
      const at = lease.reading()
      yield* sql`
        INSERT INTO scanpoll_owners (owner_id, place, pid, started, label, lease, heartbeat_at)
        VALUES (${me}, ${place.place}, ${place.pid}, ${place.started}, ${place.label}, ${lease.length}, ${dialect.now})
        ON CONFLICT (owner_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`
      lease.renew(at)
    })

    const heartbeat: Owners["heartbeat"] = Effect.gen(function* () {
      const at = lease.reading()
      const rows = yield* sql`
        UPDATE scanpoll_owners SET heartbeat_at = ${dialect.now} WHERE owner_id = ${me} RETURNING owner_id`
      if (rows.length > 0) return lease.renew(at)
      yield* parts.verify
      // Others took this process for gone, and may hold what it held. It continues under a new id.
      me = yield* makeOwnerId
      yield* register
      held.loseAll(errorOf("lost", "this process was suspended for too long"))
    })

    const ensureRegistered = Effect.gen(function* () {
      const rows = yield* sql`SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${me} ${dialect.forKeyShare}`
      if (rows.length === 0) yield* heartbeat
    })

    const all = sql<OwnerRow>`
      SELECT owner_id, place, pid, started, label, heartbeat_at + lease - ${dialect.now} AS remaining FROM scanpoll_owners`

    const isGone = (owner: OwnerRow): boolean => {
      if (owner.owner_id === me) return false
      const alive = Processes.isAlive(place, owner)
      return alive === null ? !(owner.remaining > 0) : !alive
    }

    return {
      me: () => me,
      register,
      heartbeat,
      ensureRegistered,
      all,
      isGone,
      freeOrphans: (stamp) =>
        Effect.gen(function* () {
          const rows = yield* sql<{ owner: string }>`SELECT DISTINCT owner FROM scanpoll_claims
            WHERE owner IS NOT NULL AND owner NOT IN (SELECT owner_id FROM scanpoll_owners)`
          const now = yield* Clock.currentTimeMillis
          for (const { owner } of rows) yield* free(freeing, owner, stamp, now)
        }),
      renounce: Effect.map(makeOwnerId, (id) => {
        const was = me
        me = id
        return was
      }),
      resign: (stamp) =>
        Effect.andThen(
          Effect.suspend(() => free(freeing, me, stamp, null)),
          Effect.suspend(() => sql`DELETE FROM scanpoll_owners WHERE owner_id = ${me}`)
        ),
      removeGone: (store) =>
        Effect.gen(function* () {
          const gone = (yield* store.read(all)).filter(isGone)
          for (const owner of gone) yield* store.write((stamp) => remove(parts, owner, stamp))
        })
    } satisfies Owners
  })
