/**
 * The requests of one account, shared by all processes that have the same PostgreSQL: workers, clients, single runs.
 *
 * It keeps every promise of `RateBudget`, for all of them together: over any window of the vendor's length no more turns
 * are used than its limit, whichever process dies, stops or loses the database. Every turn that was granted is in the
 * books of its account with a time that its request cannot pass, and counts for a window beyond that. A process uses a
 * turn only within `lease` of its latest check-in, tells afterwards when it did, and returns what it does not need; one
 * that says nothing more is taken to use what it has at the last moment at which it could. All times are the database's;
 * machines measure nothing but how long ago something was.
 *
 * Turns go to the more urgent kind first, no matter who asks, and among processes in equal parts, the longest waiting first. A
 * pause, a limit or a count told to one is told to all: the others heed it within `lease`. While the database cannot be
 * reached nothing is sent beyond the turns of that lease; waits go on, and so does the work once it can be. Where an answer of
 * the database takes long, the lease is twice as long as a check-in, at most 15 seconds: slow is not the same as away.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { type Budgets, RateBudget } from "@scanpoll/core/engine/RateBudget"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import { boundedClose } from "./internal/boundedClose.ts"
import * as Stores from "./internal/budgetStore.ts"
import { SharedAccount } from "./internal/sharedAccount.ts"

/**
 * How a budget is shared.
 *
 * - `lease`: for how long after a check-in a process may use what it was granted, and so how late it heeds what others
 *   were told, from 100 milliseconds to 1 minute. Default 2 seconds; longer while the database is slow to answer.
 * - `silence`: how much later than its lease the request of a process that was stopped may still leave, from 0 to 1 hour.
 *   So much longer do the turns count that a dead process took with it. Default 1 minute.
 * - `travel`: how long a request may take from its turn to the vendor's count, from 2 milliseconds to 10 seconds. Windows
 *   are this much longer than the vendor's. Default a twentieth of the window, at most 1 second.
 * - `polls`: whether this process polls what it buys. Default true; false for a client of workers, whose scans would
 *   otherwise count twice.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly lease?: Duration.Input
  readonly silence?: Duration.Input
  readonly travel?: Duration.Input
  readonly polls?: boolean
}

const within = (name: string, value: Duration.Input, least: number, most: number): number => {
  const millis = Option.getOrElse(Waits.toMillis(Duration.fromInputUnsafe(value)), () => Number.NaN)
  if (!(millis >= least && millis <= most)) throw new RangeError(`${name} must be from ${least} to ${most} ms`)
  return millis
}

/**
 * The shared budgets, for as long as the scope: when it closes, what this process was granted is returned. Makes its
 * table where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Budgets, SqlError, SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient
    // Two processes that make the table at once: one of them is told that it is there.
    yield* Effect.retry(Stores.makeTable(sql), Schedule.max([Schedule.spaced("50 millis"), Schedule.recurs(3)]))
    return yield* makeOver(Stores.ofPostgres(sql), options)
  })

/**
 * The shared budgets over books kept anywhere that can refuse a late writer.
 *
 * @internal
 */
export const makeOver = (store: Stores.Store, options: Options = {}): Effect.Effect<Budgets, never, Scope.Scope> =>
  Effect.gen(function* () {
    const settings = {
      lease: within("lease", options.lease ?? 2_000, 100, 60_000),
      silence: within("silence", options.silence ?? 60_000, 0, 3_600_000),
      travel: options.travel === undefined ? null : within("travel", options.travel, 2, 10_000),
      polls: options.polls ?? true
    }
    const context = yield* Effect.context<never>()
    const holder = (yield* ScanJournal.makeClaimId).replace(/^clm/, "bud")
    const accounts = new Map<string, SharedAccount>()
    yield* Effect.addFinalizer(() =>
      Effect.forEach(accounts.values(), (account) => account.close, { concurrency: "unbounded", discard: true })
    )
    return {
      account: (key, limits) => {
        const name = Account.key(key)
        const known = accounts.get(name)
        if (known !== undefined) return known
        const made = new SharedAccount({
          key: Account.of(key),
          limits,
          holder,
          settings,
          store,
          context
        })
        accounts.set(name, made)
        return made
      }
    }
  })

/**
 * Shared budgets for whatever this layer is provided to, in the database of the client.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never, SqlError, SqlClient> =>
  Layer.effect(RateBudget, make(options))

/**
 * Shared budgets in the database at a `postgres://` address, over a connection of their own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPostgres = (
  url: string | Redacted.Redacted,
  options: Options = {}
): Layer.Layer<never, ScanJournal.JournalError> =>
  Layer.effect(
    RateBudget,
    Effect.mapError(
      make(options),
      (error) =>
        new ScanJournal.JournalError({
          reason: "unavailable",
          message: `the shared budget: ${error.message}`,
          cause: error
        })
    )
  ).pipe(
    Layer.provide(ClusterDatabase.layer(url, { maxConnections: 2, connectTimeout: "15 seconds" })),
    boundedClose("2 seconds", "the shared budget")
  )
