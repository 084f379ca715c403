/**
 * The journal over any `SqlClient` that speaks SQLite or PostgreSQL.
 *
 * Every operation is one transaction, committed when its effect returns. A claim names the process that holds it and an
 * epoch that grows whenever that changes; writes of a former holder are refused. A process that is gone holds nothing:
 * its submissions without an answer are in doubt, its open claims are free. Where both run on one machine, the system
 * says whether a process is gone; otherwise a heartbeat on the database's clock does. Small writes that can be lost
 * without harm are gathered and committed together. Whatever is read back is checked again.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import * as Asides from "./internal/aside.ts"
import * as Claims from "./internal/claims.ts"
import * as ClaimTables from "./internal/claimTable.ts"
import * as Deliveries from "./internal/deliveries.ts"
import { errorOf } from "./internal/faults.ts"
import * as Foundation from "./internal/foundation.ts"
import * as Holds from "./internal/holds.ts"
import * as Moves from "./internal/moves.ts"
import * as Notices from "./internal/notices.ts"
import * as Outboxes from "./internal/outbox.ts"
import * as Readings from "./internal/readings.ts"
import * as ReadOnly from "./internal/readOnly.ts"
import * as StoredRuns from "./internal/runs.ts"
import * as TakeFree from "./internal/takeFree.ts"
import * as Watches from "./internal/watch.ts"
import * as Notifications from "./Notifications.ts"
import type { Sharing } from "./SharedClaims.ts"

/**
 * How a journal behaves. Every duration is from 1 millisecond to 1 hour.
 *
 * - `lease`: how long after its last heartbeat a process that the system says nothing about counts as alive. A heartbeat
 *   is sent every third of it. Default 15 seconds.
 * - `patience`: how long an operation waits for trouble of the database to heal before it fails. Default 5 seconds.
 * - `limit`: how long one transaction may take. Default 10 seconds.
 * - `outage`: how long trouble may last before waits for open scans are ended, resumable. Default 30 seconds.
 * - `watch`: how often a process that waits for another one's claim looks at it. Default 500 milliseconds.
 * - `presence`: how others tell that this process is gone: `system` asks the machine where both run on one, `lease`
 *   goes by the heartbeat alone, so that a process that is frozen is taken for gone too. Default `system`.
 * - `polls`: false for a process that submits and listens but leaves every poll to others: what it bought is free for
 *   them at once, and it never holds an open claim. Default true.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly lease?: Duration.Input
  readonly patience?: Duration.Input
  readonly limit?: Duration.Input
  readonly outage?: Duration.Input
  readonly watch?: Duration.Input
  readonly presence?: "system" | "lease"
  readonly polls?: boolean
}

export {
  /**
   * Whether a journal's statements have spans of their own. There are many to each poll, so they are off by default:
   * `Effect.provideService(program, SqlJournal.SqlSpans, true)` shows them.
   *
   * @category constants
   * @since 0.2.0
   */
  SqlSpans
} from "./internal/store.ts"

const bounded = (name: string, value: Duration.Input | undefined, fallback: number): number => {
  if (value === undefined) return fallback
  const millis = Option.getOrElse(Waits.toMillis(Duration.fromInputUnsafe(value)), () => 0)
  if (millis < 1 || millis > 3_600_000) throw new RangeError(`${name} must be from 1 ms to 1 hour, not ${millis} ms`)
  return millis
}

const boundsOf = (options: Options) => ({
  lease: bounded("lease", options.lease, 15_000),
  patience: bounded("patience", options.patience, 5_000),
  limit: bounded("limit", options.limit, 10_000),
  outage: bounded("outage", options.outage, 30_000)
})

// Who notifies nobody loads nothing for it.
const noticesOf = (sql: SqlClient.SqlClient, wanted: Notifications.Wanted | null): Effect.Effect<Notices.Notices> =>
  wanted === null || wanted.receivers.length === 0
    ? Effect.succeed(Notices.none)
    : Effect.map(
        Effect.promise(() => import("./internal/noticeWriter.ts")),
        ({ make }) => make(sql, wanted.receivers)
      )

/**
 * The operations of a journal, for as long as the scope, and those of processes that share its open claims. The schema is
 * brought up to date first; when the scope closes, everything this process holds is released.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeShared = (
  options: Options = {}
): Effect.Effect<ScanJournal.Operations & Sharing, ScanJournal.JournalError, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const watchEvery = bounded("watch", options.watch, 500)
    const wanted = yield* Notifications.Notified
    const notices = yield* noticesOf(sql, wanted)
    const base = yield* Foundation.make(sql, boundsOf(options), options.presence ?? "system", notices)
    const { beat, held, lease, owners, store } = base
    const removeGone = owners.removeGone(store)
    const outbox = yield* Outboxes.make(base)
    const watch = yield* Watches.make({ sql, store, removeGone })

    const oneAtATime = yield* Semaphore.make(1)
    const renewLease = oneAtATime.withPermit(Effect.suspend(() => (lease.isFresh() ? Effect.void : beat)))
    const guardOf = Holds.guards({ store, held, lease, renewLease })
    const rooms = {
      ...base,
      table: ClaimTables.make(sql, base.dialect),
      outbox,
      watch,
      removeGone,
      guardOf,
      polls: options.polls ?? true
    }

    yield* base.open
    yield* removeGone
    // Ends this process's part in one transaction, as well as that can be done at the end.
    yield* Effect.addFinalizer(() => {
      const stamp = `${owners.me()}-end`
      return Effect.ignore(store.writeLast(Effect.andThen(outbox.writeRest(stamp), owners.resign(stamp))))
    })
    const every = <E>(millis: number, effect: Effect.Effect<unknown, E>): Effect.Effect<never> =>
      Effect.forever(Effect.andThen(Effect.sleep(Duration.millis(millis)), Effect.ignore(effect)))
    // What a person said about claims held here: their waits end, and who waits lets go.
    const endParked = Effect.suspend(() =>
      Effect.map(
        store.read(sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims
        WHERE parked_at IS NOT NULL AND owner = ${owners.me()} AND state = 'submitted'`),
        (rows) => {
          for (const { claim_id: claimId } of rows) held.endWait(claimId, errorOf("lost", `claim ${claimId} is parked`))
        }
      )
    )
    // At a steady pace: the time that a heartbeat takes is not added to the time until the next one.
    const beats = Effect.repeat(beat, Schedule.fixed(Duration.millis(lease.heartbeatEvery)))
    yield* Effect.forkScoped(Effect.andThen(Effect.sleep(Duration.millis(lease.heartbeatEvery)), beats))
    yield* Effect.forkScoped(every(lease.heartbeatEvery, Effect.andThen(removeGone, endParked)))
    yield* Effect.forkScoped(lease.watch)
    yield* Effect.forkScoped(every(watchEvery, Effect.andThen(watch.needed, watch.look)))
    yield* Effect.forkScoped(outbox.run)
    if (wanted !== null) yield* wanted.opened(Deliveries.make(sql, store))

    const { denied, faulted, flushed, learned, leave, paused, polled, waiting } = outbox
    return {
      ...Claims.make(rooms),
      ...Moves.make(rooms),
      ...Holds.make(rooms),
      ...TakeFree.make(rooms),
      ...Asides.make(rooms),
      ...Readings.make(rooms),
      redeliver: Deliveries.redeliver(sql, store),
      runs: StoredRuns.make(rooms),
      leave,
      waiting,
      faulted,
      polled,
      paused,
      denied,
      learned,
      flushed,
      isWell: () => !store.isSick()
    } satisfies ScanJournal.Operations & Sharing
  })

/**
 * The operations of a journal, for as long as the scope. The schema is brought up to date first; when the scope closes,
 * everything this process holds is released.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (
  options?: Options
) => Effect.Effect<ScanJournal.Operations, ScanJournal.JournalError, SqlClient.SqlClient | Scope.Scope> = makeShared

/**
 * The journal as a layer over a `SqlClient`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError, SqlClient.SqlClient> =>
  Layer.effect(ScanJournal.ScanJournal, make(options))

/**
 * The operations of a journal that is only looked at: a journal of an older version stays of that version, and no process
 * is registered. What was bought, by whom and how it ended can be read; every operation that writes fails as `read-only`,
 * and the small ones that nobody waits for do nothing.
 *
 * Fails with `missing` where the database has no journal, `newer` and `foreign`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeReadOnly = (
  options: Pick<Options, "patience" | "limit"> = {}
): Effect.Effect<ScanJournal.Operations, ScanJournal.JournalError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => ReadOnly.make(sql, boundsOf(options)))

/**
 * The journal as a layer over a `SqlClient`, only to be looked at.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerReadOnly = (
  options: Pick<Options, "patience" | "limit"> = {}
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError, SqlClient.SqlClient> =>
  Layer.effect(ScanJournal.ScanJournal, makeReadOnly(options))
