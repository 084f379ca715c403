// Holding open claims, to poll them. May touch: owner and epoch of claims. Law: at most one process holds a claim, and it
// polls only while it knows that the others know it.
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Hold, HoldGuard, JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import { type ClaimTable, mustExist, unreadable } from "./claimTable.ts"
import type { HeldClaim, HeldClaims } from "./heldClaims.ts"
import type { Lease } from "./lease.ts"
import type { Outbox } from "./outbox.ts"
import type { Owners } from "./owners.ts"
import { type ClaimRow, endOf, pollsOf, restOf, toEntry } from "./rows.ts"
import type { Store } from "./store.ts"
import type { Watch } from "./watch.ts"

export type GuardOf = (claimId: string, mine: HeldClaim) => HoldGuard

// One for each claim held, so it keeps two references and makes its effects on demand.
export const guards = (parts: {
  readonly store: Store
  readonly held: HeldClaims
  readonly lease: Lease
  // Sends a heartbeat where the last one is too old; one at a time.
  readonly renewLease: Effect.Effect<void>
}): GuardOf => {
  const { held, lease, renewLease, store } = parts
  const readyFor = (claimId: string, mine: HeldClaim): Effect.Effect<void> =>
    Effect.suspend(() => {
      // `lost` tells the holder; it must not poll again.
      if (held.get(claimId) !== mine) return Effect.never
      if (store.isSick()) return Effect.andThen(store.well, readyFor(claimId, mine))
      return lease.isFresh() ? Effect.void : Effect.andThen(renewLease, readyFor(claimId, mine))
    })

  class Guard implements HoldGuard {
    private readonly claimId: string
    private readonly mine: HeldClaim

    constructor(claimId: string, mine: HeldClaim) {
      this.claimId = claimId
      this.mine = mine
    }

    get ready(): Effect.Effect<void> {
      return readyFor(this.claimId, this.mine)
    }

    get lost(): Effect.Effect<never, JournalError> {
      return this.mine.lost
    }

    get lapsed(): Effect.Effect<void> {
      return lease.lapsed
    }
  }
  return (claimId, mine) => new Guard(claimId, mine)
}

interface Parts {
  readonly sql: SqlClient
  readonly store: Store
  readonly owners: Owners
  readonly table: ClaimTable
  readonly held: HeldClaims
  readonly outbox: Outbox
  readonly watch: Watch
  readonly guardOf: GuardOf
  readonly removeGone: Effect.Effect<unknown, JournalError>
  // False for a process that leaves every poll to others.
  readonly polls: boolean
}

// A null epoch means the claim is not ours.
interface Taken {
  readonly row: ClaimRow
  readonly epoch: number | null
}

// Who goes on to wait leaves a parked claim alone; who begins to wait ends that.
const parkedRow = (
  { owners, sql }: Parts,
  row: ClaimRow,
  stamp: string,
  resumes: boolean
): Effect.Effect<ClaimRow, SqlError> =>
  Effect.gen(function* () {
    if (row.parkedAt === null) return row
    if (!resumes) {
      yield* sql`UPDATE scanpoll_claims SET parked_at = NULL, stamp = ${stamp} WHERE claim_id = ${row.claimId}`
      return { ...row, parkedAt: null }
    }
    if (row.owner !== owners.me()) return row
    yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
      WHERE claim_id = ${row.claimId}`
    return { ...row, owner: null, epoch: row.epoch + 1 }
  })

const takeRow = (
  parts: Parts,
  claimId: string,
  stamp: string,
  resumes: boolean
): Effect.Effect<Taken, SqlError | JournalError> =>
  Effect.gen(function* () {
    const { held, owners, polls, sql, table } = parts
    yield* owners.ensureRegistered
    const found = yield* mustExist(yield* table.byId(claimId), claimId)
    const me = owners.me()
    if (found.state !== "submitted") return { row: found, epoch: null }
    const row = yield* parkedRow(parts, found, stamp, resumes)
    if (row.parkedAt !== null) return { row, epoch: null }
    if (!polls) {
      if (row.owner !== me) return { row, epoch: null }
      yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
        WHERE claim_id = ${claimId}`
      return { row: { ...row, owner: null, epoch: row.epoch + 1 }, epoch: null }
    }
    if (row.stamp === stamp && row.owner === me) return { row, epoch: row.epoch }
    if (row.owner !== null && row.owner !== me) {
      const others = yield* owners.all
      if (others.some((each) => each.owner_id === row.owner)) return { row, epoch: null }
    }
    if (row.owner === me && held.get(claimId)?.epoch === row.epoch) return { row, epoch: row.epoch }
    const rows = yield* sql<{ epoch: number }>`UPDATE scanpoll_claims SET owner = ${me}, epoch = epoch + 1,
      stamp = ${stamp} WHERE claim_id = ${claimId} RETURNING epoch`
    return { row, epoch: rows[0]?.epoch ?? row.epoch + 1 }
  })

export const make = (parts: Parts): Pick<Operations, "take"> => {
  const { guardOf, held, outbox, owners, polls, removeGone, store, table, watch } = parts

  // A hold that is in the database and not in `held` would keep the scan from everybody, and be polled by nobody.
  const take: Operations["take"] = (claimId, { resumes = false } = {}) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const before = yield* mustExist(yield* store.read(table.peekById(claimId)), claimId)
        if (before.owner !== null && before.owner !== owners.me()) yield* removeGone
        const { epoch, row } = yield* store.write((stamp) => takeRow(parts, claimId, stamp, resumes))
        if (row.state !== "submitted") return { _tag: "Over", entry: toEntry(row, null) } satisfies Hold
        if (epoch === null) {
          if (!polls || row.parkedAt !== null) outbox.release(claimId)
          return {
            _tag: "Theirs",
            notBefore: row.notBefore,
            changed: watch.until(row),
            ...restOf(row, yield* SteadyClock.now),
            ...(row.parkedAt === null ? {} : { parked: true as const })
          } satisfies Hold
        }
        if (row.ticket === null) return yield* unreadable(claimId)
        outbox.keep(claimId)
        const known = held.get(claimId)
        const mine = known !== undefined && known.epoch === epoch ? known : held.hold(claimId, epoch, row.ticket)
        const waiting = outbox.waitOf(claimId)
        const times = waiting === undefined ? pollsOf(row) : { notBefore: waiting, ...endOf(row) }
        return { _tag: "Ours", ticket: row.ticket, ...times, guard: guardOf(claimId, mine) } satisfies Hold
      })
    )

  return { take }
}
