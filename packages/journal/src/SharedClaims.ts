/**
 * Open claims that several processes share, on PostgreSQL: which of them are free, and how to take them.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment, Statement } from "effect/sql/Statement"
import type { ClaimEntry, Hold, JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { Account } from "@scanpoll/core/unstable/model/Account"
import * as Slices from "./internal/slices.ts"

/**
 * Which free claims to take, and how many at once.
 *
 * - `slices`: numbers from 1 to `of`; every claim is in one of them (`sliceOf`).
 * - `accounts`: only claims of these.
 * - `dueBefore`: only claims whose next poll may be made before this time, in milliseconds since 1970.
 * - `limit`: how many at most, in no order.
 *
 * @category models
 * @since 0.2.0
 */
export interface FreeFilter {
  readonly slices: ReadonlyArray<number>
  readonly of: number
  readonly accounts: ReadonlyArray<Account>
  readonly dueBefore: number
  readonly limit: number
}

/**
 * A claim that was free and is held now.
 *
 * @category models
 * @since 0.2.0
 */
export interface Taken {
  readonly entry: ClaimEntry
  readonly hold: Extract<Hold, { readonly _tag: "Ours" }>
}

/**
 * How a process stands aside: in one statement, because a slow line carries no more in time.
 *
 * - `notBefore`: nobody polls the claims before, in milliseconds since 1970: a request that was cut reached its vendor.
 * - `first`: a query that is run before the claims are freed. `also`: statements that change something, run with it.
 * - `send`: sends the statement. It is called again, at most three times, where it fails.
 *
 * @category models
 * @since 0.2.0
 */
export interface StandAside {
  readonly notBefore: number
  readonly first: Fragment
  readonly also: ReadonlyArray<Fragment>
  readonly send: (statement: Statement<object>) => Effect.Effect<void, SqlError>
}

/**
 * What processes that share the open claims of one journal on PostgreSQL need beside the usual operations.
 *
 * - `takeFree`: takes submitted claims that no process holds, in one statement. Two processes never get the same one.
 * - `isWell`: whether the database could be written when last tried.
 * - `flushed`: ends when all small writes that were gathered until now are made, or cannot be.
 * - `standAside`: gives up at once all open claims of this process, so that others may take them. Until `comeBack` it sends
 *   no heartbeat, holds nothing and is not well.
 *
 * @category models
 * @since 0.2.0
 */
export interface Sharing {
  readonly takeFree: (wanted: FreeFilter) => Effect.Effect<ReadonlyArray<Taken>, JournalError>
  readonly isWell: () => boolean
  readonly flushed: Effect.Effect<void>
  readonly standAside: (how: StandAside) => Effect.Effect<void, SqlError>
  readonly comeBack: () => void
}

/**
 * The slice a claim is in, from 1 to `of`; `of` is from 1 to 1 024.
 *
 * @category destructors
 * @since 0.2.0
 */
export const sliceOf: (claimId: string, of: number) => number = Slices.sliceOf
