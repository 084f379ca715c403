// Taking claims that no process holds, many in one statement. May touch: owner and epoch of free claims, on PostgreSQL.
// Law: two processes never get the same claim, and none stays held by a process that does not know it has it.
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import type { FreeFilter, Sharing, Taken } from "../SharedClaims.ts"
import { chunksOf } from "./dialect.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { GuardOf } from "./holds.ts"
import type { Outbox } from "./outbox.ts"
import type { Owners } from "./owners.ts"
import { pollsOf, readClaim, toEntry } from "./rows.ts"
import { tailsOf } from "./slices.ts"
import type { Store } from "./store.ts"

interface Parts {
  readonly sql: SqlClient
  readonly store: Store
  readonly owners: Owners
  readonly held: HeldClaims
  readonly outbox: Pick<Outbox, "keep">
  readonly guardOf: GuardOf
  // Names this process, for people.
  readonly label: string
}

// Of all claims this process owns in the database, those it does not know of.
const freeStrays = ({ held, owners, sql }: Parts, stamp: string): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const mine = yield* sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims
      WHERE owner = ${owners.me()} AND state = 'submitted'`
    const strays = mine.flatMap(({ claim_id }) => (held.has(claim_id) ? [] : [claim_id]))
    for (const ids of chunksOf(strays)) {
      yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
        WHERE claim_id IN ${sql.in(ids)} AND owner = ${owners.me()} AND state = 'submitted'`
    }
  })

const takeRows = ({ owners, sql }: Parts, wanted: FreeFilter, stamp: string, isRepeated: boolean) =>
  Effect.gen(function* () {
    // Where many were free a moment ago, the planner expects to find some soon by reading the whole table. One statement for
    // both: this is asked again and again, also over a slow line.
    const [own] = yield* sql<{ owner: string | null }>`SELECT set_config('enable_seqscan', 'off', true),
      set_config('enable_bitmapscan', 'off', true),
      (SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${owners.me()} FOR KEY SHARE) AS owner`
    if (own?.owner !== owners.me()) yield* owners.ensureRegistered
    const now = yield* SteadyClock.now
    // The claims just taken, where the answer to that was lost.
    if (isRepeated) {
      const before = yield* sql`SELECT * FROM scanpoll_claims WHERE owner = ${owners.me()} AND stamp = ${stamp}`
      if (before.length > 0) return before
    }
    const some = wanted.slices.length < wanted.of
    const inSlices = some ? sql`right(claim_id, 2) IN ${sql.in(tailsOf(wanted.slices, wanted.of))}` : sql`TRUE`
    const ofAccounts = sql.or(
      wanted.accounts.map(
        ({ account, origin, vendor }) => sql`(vendor = ${vendor} AND origin = ${origin} AND account = ${account})`
      )
    )
    return yield* sql`UPDATE scanpoll_claims SET owner = ${owners.me()}, epoch = epoch + 1, stamp = ${stamp}
      WHERE claim_id IN (
        SELECT claim_id FROM scanpoll_claims
        WHERE state = 'submitted' AND owner IS NULL AND parked_at IS NULL
          AND (not_before < ${wanted.dueBefore}
            OR (waited_at > ${now + Waits.setBackBeyond} AND not_before - waited_at < ${wanted.dueBefore - now}))
          AND ${inSlices} AND ${ofAccounts}
        LIMIT ${Math.floor(wanted.limit)} FOR UPDATE SKIP LOCKED)
      RETURNING *`
  })

const holdRow = (parts: Parts, row: unknown): Effect.Effect<Taken | null> =>
  Effect.flatMap(SteadyClock.now, (now) => {
    const read = readClaim(row, now)
    if (read === null || read.ticket === null) {
      const id = String(Object(row).claim_id)
      return Effect.as(Effect.logWarning(`a claim cannot be read and is not polled: ${id}`), null)
    }
    const { claimId, epoch, ticket } = read
    parts.outbox.keep(claimId)
    const guard = parts.guardOf(claimId, parts.held.hold(claimId, epoch, ticket))
    return Effect.succeed({
      entry: toEntry(read, parts.label),
      hold: { _tag: "Ours", ticket, ...pollsOf(read), guard }
    })
  })

export const make = (parts: Parts): Pick<Sharing, "takeFree"> => {
  // Whether claims may have been taken without this process knowing: the answer never came.
  let isUnsure = false

  // Claims that were taken and not handed over would be polled by nobody.
  const takeFree: Sharing["takeFree"] = (wanted) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        if (isUnsure) yield* parts.store.write((stamp) => freeStrays(parts, stamp))
        isUnsure = false
        if (wanted.slices.length === 0 || wanted.accounts.length === 0 || wanted.limit < 1) return []
        let tries = 0
        const rows = yield* parts.store.write((stamp) =>
          Effect.suspend(() => takeRows(parts, wanted, stamp, ++tries > 1))
        )
        const taken = yield* Effect.forEach(rows, (row) => holdRow(parts, row))
        return taken.filter((each) => each !== null)
      }).pipe(
        Effect.tapError(() =>
          Effect.sync(() => {
            isUnsure = true
          })
        )
      )
    )

  return { takeFree }
}
