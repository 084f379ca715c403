/**
 * A machine's part in polling the open scans of a journal on PostgreSQL.
 *
 * The open scans are cut into slices, and the workers agree through the database who has which: a worker that is added,
 * leaves, dies or freezes moves slices and nothing else. For each slice it has, a worker takes the scans that nobody
 * holds and keeps asking until they are settled. The journal is the truth about every scan: whoever asks holds its claim
 * there, at most one does, and what a former holder writes is refused. No worker ever submits anything, so none can buy
 * a scan a second time. Workers speak to the database alone, never to one another.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as MessageStorage from "effect/cluster/MessageStorage"
import { RunnerAddress } from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import * as EntityId from "effect/cluster/EntityId"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Keeper from "@scanpoll/core/unstable/engine/Keeper"
import { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Account from "@scanpoll/core/model/Account"
import type { StopReason } from "@scanpoll/core/model/PollStopped"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as SharedClaims from "@scanpoll/journal/SharedClaims"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Os from "node:os"
import process from "node:process"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import { ClusterError } from "./ClusterError.ts"
import * as ClusterSettings from "./ClusterSettings.ts"
import { boundedClose } from "./internal/boundedClose.ts"
import * as Sayings from "./internal/saying.ts"
import { type Lateness, LatenessMeter } from "./Lateness.ts"

/**
 * What happens to the scans of a worker. Times are milliseconds since 1970.
 *
 * - `Gained` and `Lost`: a slice, from 1 to the number of slices.
 * - `Kept`: it asks after this scan from now on. `Settled`: the outcome is in the journal.
 * - `Rests`: the wait ended without an outcome; nobody asks before `until`, then whoever has the slice does.
 *
 * @category models
 * @since 0.1.0
 */
export type WorkerEvent =
  | { readonly _tag: "Gained"; readonly slice: number }
  | { readonly _tag: "Lost"; readonly slice: number }
  | { readonly _tag: "Kept"; readonly claimId: string; readonly ticket: ScanTicket }
  | {
      readonly _tag: "Settled"
      readonly claimId: string
      readonly ticket: ScanTicket
      readonly outcome: ScanOutcome<unknown>
    }
  | {
      readonly _tag: "Rests"
      readonly claimId: string
      readonly ticket: ScanTicket
      readonly reason: StopReason | "journal" | "defect"
      readonly until: number
    }

/**
 * - `journal`: the journal of the cluster, as `postgres://user:password@host:port/database`.
 * - `name`: for people, and for no other living worker. 1 to 200 characters. Default: made of the machine's name.
 * - `adapters`: one for each account whose scans are asked after, with the credential of this process. Claims of other
 *   accounts stay free, so every worker should have the same accounts.
 * - `policy`: how the scans of an adapter are paced. Default: the adapter's own, with a deadline of one day; after the
 *   deadline a scan rests for a quarter of an hour and is asked after again.
 * - `observer`: told of everything; what it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerOptions {
  readonly journal: string | Redacted.Redacted
  readonly name?: string
  readonly adapters: ReadonlyArray<Scans.AnyAdapter>
  readonly policy?: (adapter: Scans.AnyAdapter) => PollPolicy.PollPolicy
  readonly settings?: ClusterSettings.Options
  readonly observer?: (event: WorkerEvent) => void
}

/**
 * How a worker stands.
 *
 * - `phase`: `joining` until it knows its slices, `cut-off` while the database cannot be reached, `leaving` at the end.
 * - `ready`: it does what it is there for; not while joining, cut off or leaving.
 * - `slices` of `shards`; `open`: the scans it keeps; `polling`: requests under way at this moment.
 * - `polls` and `settled`: since it began, at `since` (milliseconds since 1970).
 * - `lateness`: of the requests of the last minute; null when there was none.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerState {
  readonly name: string
  readonly since: number
  readonly phase: Sayings.Saying["phase"]
  readonly ready: boolean
  readonly journal: "well" | "trouble"
  readonly slices: number
  readonly shards: number
  readonly open: number
  readonly polling: number
  readonly polls: number
  readonly settled: number
  readonly lateness: Lateness | null
}

/**
 * The worker of this process. Whoever can read `state` is alive; whether it is ready is said there.
 *
 * @category services
 * @since 0.1.0
 */
export class ClusterWorker extends Context.Service<ClusterWorker, { readonly state: Effect.Effect<WorkerState> }>()(
  "@scanpoll/cluster/Worker/ClusterWorker"
) {}

/**
 * The metrics of a worker, by the names under which they are exported, beside those of the engine.
 *
 * - `scanpoll_cluster_slices`: the slices it has. `scanpoll_cluster_open_scans`: the scans it keeps.
 * - `scanpoll_cluster_poll_lateness_seconds`: how long after it was due a poll goes out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const metrics = {
  slices: Metric.gauge("scanpoll_cluster_slices", { description: "slices of the open scans that this worker has" }),
  open: Metric.gauge("scanpoll_cluster_open_scans", { description: "open scans that this worker keeps" }),
  lateness: Metric.histogram("scanpoll_cluster_poll_lateness_seconds", {
    description: "how long after it was due a poll goes out",
    boundaries: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300]
  })
} as const

// Claims that are due later than this can wait to be taken. Free ones are gone through at each look, so these are few.
const horizon = 60 * 60_000
// Claims taken in one statement.
const atOnce = 500

const minute = 60_000

// A wait that ended is begun again, but not at once: what ended it may last.
const restAfter = (reason: StopReason | "journal" | "defect"): number => {
  switch (reason) {
    case "interrupted":
      return 0
    case "unreachable":
    case "denied":
    case "journal":
      return minute
    case "deadline":
    case "pace-ended":
    case "not-found":
    case "protocol":
    case "defect":
      return 15 * minute
  }
}

const defaultPolicy = (adapter: Scans.AnyAdapter): PollPolicy.PollPolicy =>
  PollPolicy.withDeadline(adapter.policy, Duration.days(1))

const trouble = (error: SqlError): JournalError =>
  new JournalError({ reason: "unavailable", message: `the cluster's tables: ${error.message}`, cause: error })

const nameOf = (wanted: string | undefined): Effect.Effect<string, ClusterError> => {
  if (wanted === undefined) {
    return Effect.map(
      Random.nextIntBetween(0, 36 ** 4 - 1),
      (chance) => `${Os.hostname()}-${process.pid}-${chance.toString(36).padStart(4, "0")}`
    )
  }
  const isFine = wanted.length >= 1 && wanted.length <= 200 && !/\p{Cc}/u.test(wanted)
  return isFine
    ? Effect.succeed(wanted)
    : Effect.fail(new ClusterError({ reason: "name", message: "a worker's name has 1 to 200 printable characters" }))
}

// Effect's sharding hashes the names of what runs on a shard; this one falls on the shard of that number.
const singletonOf = (sharding: Sharding.Sharding["Service"], slice: number): string => {
  for (let i = 0; ; i++) {
    const name = `slice-${slice}-${i}`
    if (sharding.getShardId(EntityId.make(name), "default").id === slice) return name
  }
}

const shardingLayer = (name: string, settings: ClusterSettings.ClusterSettings) =>
  Sharding.layer.pipe(
    Layer.provide([
      Layer.provide(Runners.layerNoop, MessageStorage.layerNoop),
      MessageStorage.layerNoop,
      RunnerHealth.layerNoop,
      SqlRunnerStorage.layerWith({ prefix: "scanpoll_cluster" })
    ]),
    Layer.provide(
      ShardingConfig.layer({
        // Nobody calls a worker: its address is no more than its name.
        runnerAddress: Option.some(RunnerAddress.make({ host: name, port: 0 })),
        shardsPerGroup: settings.shards,
        shardLockExpiration: settings.lease,
        shardLockRefreshInterval: Duration.divideUnsafe(settings.lease, 3),
        refreshAssignmentsInterval: settings.assignEvery,
        entityMessagePollInterval: settings.assignEvery
      })
    )
  )

// All processes of a cluster must cut the open scans alike; the first worker of a cluster that is at rest says how.
const agree = (
  name: string,
  settings: ClusterSettings.ClusterSettings
): Effect.Effect<void, ClusterError | SqlError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const now = sql.literal(ClusterDatabase.nowText)
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`INSERT INTO scanpoll_cluster (one, shards) VALUES ('one', ${settings.shards}) ON CONFLICT DO NOTHING`
        const [known] = yield* sql<{ shards: number }>`SELECT shards FROM scanpoll_cluster FOR UPDATE`
        const alive = yield* sql<{ name: string }>`SELECT name FROM scanpoll_workers WHERE seen_at + lease > ${now}`
        if (alive.some((worker) => worker.name === name)) {
          return yield* new ClusterError({ reason: "name", message: `a worker called ${name} is running` })
        }
        if (known === undefined || known.shards === settings.shards) return
        if (alive.length > 0) {
          return yield* new ClusterError({
            reason: "mismatch",
            message: `the workers that run have ${known.shards} slices, not ${settings.shards}: stop them first`
          })
        }
        yield* sql`UPDATE scanpoll_cluster SET shards = ${settings.shards}`
      })
    )
  })

const make = (
  options: WorkerOptions
): Effect.Effect<ClusterWorker["Service"], JournalError | ClusterError, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const read = ClusterSettings.make(options.settings)
    if (Result.isFailure(read)) return yield* new ClusterError({ reason: "settings", message: read.failure })
    const settings = read.success
    const name = yield* nameOf(options.name)
    const sql = yield* SqlClient.SqlClient
    const clock = yield* Effect.service(Clock.Clock)
    const context = yield* Effect.context<never>()
    const steady = SteadyClock.reader(clock)
    const since = yield* Clock.currentTimeMillis
    const lease = Duration.toMillis(settings.lease)

    const policies = new Map<Scans.AnyAdapter, PollPolicy.PollPolicy>()
    for (const adapter of options.adapters) {
      const policy = (options.policy ?? defaultPolicy)(adapter)
      const checked = PollPolicy.check(policy, adapter.limits)
      if (Result.isFailure(checked)) return yield* Effect.die(checked.failure)
      policies.set(adapter, policy)
    }

    const tell = (event: WorkerEvent): void => {
      try {
        options.observer?.(event)
      } catch {
        // Whoever listens cannot disturb the worker.
      }
    }

    // Judged by its heartbeat alone, also on the same machine: a process that is frozen must not keep its scans.
    const journal = yield* Effect.provideService(
      SqlJournal.makeShared({ lease: settings.lease, presence: "lease", outage: "1 hour" }),
      SqlClient.SqlClient,
      sql
    )
    yield* Effect.mapError(ClusterDatabase.prepare, trouble)
    yield* Effect.catchTag(agree(name, settings), "SqlError", (error) => Effect.fail(trouble(error)))

    // ---- what it says of itself

    const meter = new LatenessMeter()
    const slices = new Map<number, Keeper.Keeper>()
    const gained = yield* Latch.make(false)
    let polls = 0
    let settled = 0
    let hasJoined = false
    let isLeaving = false

    const phaseNow = (): Sayings.Saying["phase"] => {
      if (isLeaving) return "leaving"
      if (!hasJoined) return "joining"
      return journal.isWell() ? "working" : "cut-off"
    }
    const openNow = (): number => [...slices.values()].reduce((sum, keeper) => sum + keeper.size(), 0)

    const state = Effect.sync((): WorkerState => {
      const phase = phaseNow()
      return {
        name,
        since,
        phase,
        ready: phase === "working",
        journal: journal.isWell() ? "well" : "trouble",
        slices: slices.size,
        shards: settings.shards,
        open: openNow(),
        polling: [...slices.values()].reduce((sum, keeper) => sum + keeper.polling(), 0),
        polls,
        settled,
        lateness: meter.read(steady())
      }
    })

    const now = sql.literal(ClusterDatabase.nowText)
    const say = Effect.suspend(() => {
      const open = openNow()
      metrics.slices.updateUnsafe(slices.size, context)
      metrics.open.updateUnsafe(open, context)
      const said = Sayings.write({
        phase: phaseNow(),
        slices: [...slices.keys()].sort((a, b) => a - b),
        open,
        polls,
        settled,
        lateness: meter.read(steady())
      })
      const label = `process ${process.pid} on ${Os.hostname()}`
      return sql`INSERT INTO scanpoll_workers (name, label, lease, since, seen_at, said)
        VALUES (${name}, ${label}, ${lease}, ${since}, ${now}, ${said})
        ON CONFLICT (name) DO UPDATE SET label = excluded.label, lease = excluded.lease, since = excluded.since,
          seen_at = excluded.seen_at, said = excluded.said`
    })
    yield* Effect.mapError(say, trouble)
    // Gone for long: nobody asks who that was.
    yield* Effect.ignore(sql`DELETE FROM scanpoll_workers WHERE seen_at < ${now} - ${24 * 60 * minute}`)
    yield* Effect.addFinalizer(() =>
      Effect.ignore(Effect.timeoutOption(sql`DELETE FROM scanpoll_workers WHERE name = ${name}`, "2 seconds"))
    )

    // ---- slices

    const slice = (number: number) =>
      Effect.gen(function* () {
        const keeper = yield* Keeper.make({
          rest: restAfter,
          polled: (late) => {
            polls += 1
            meter.add(late, steady())
            metrics.lateness.updateUnsafe(late / 1000, context)
          },
          ended: ({ claimId, ticket }, end) => {
            switch (end._tag) {
              case "Settled":
                settled += 1
                return tell({ _tag: "Settled", claimId, ticket, outcome: end.outcome })
              case "Rests":
                return tell({ _tag: "Rests", claimId, ticket, reason: end.reason, until: end.until })
              case "LetGo":
                return
            }
          }
        })
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            slices.set(number, keeper)
            hasJoined = true
            tell({ _tag: "Gained", slice: number })
            gained.openUnsafe()
          }),
          () =>
            Effect.suspend(() => {
              slices.delete(number)
              tell({ _tag: "Lost", slice: number })
              // The slice is given up when its scans are free: whoever has it next finds them all.
              return Effect.andThen(keeper.stop, Effect.timeoutOption(journal.flushed, "3 seconds"))
            })
        )
        return yield* Effect.never
      })

    const accounts = options.adapters.map(Account.of)
    const takeSome = Effect.gen(function* () {
      const taken = yield* journal.takeFree({
        slices: [...slices.keys()],
        of: settings.shards,
        accounts,
        dueBefore: (yield* SteadyClock.now) + horizon,
        limit: atOnce
      })
      for (const { entry, hold } of taken) {
        const { claimId } = entry
        const keeper = slices.get(SharedClaims.sliceOf(claimId, settings.shards))
        const adapter = options.adapters.find((each) => Scans.isFor(each, entry))
        const policy = adapter === undefined ? undefined : policies.get(adapter)
        if (keeper === undefined || adapter === undefined || policy === undefined) {
          // Of an account's other environment: not to be looked at again at once.
          if (adapter === undefined) journal.waiting(claimId, (yield* SteadyClock.now) + 15 * minute)
          journal.leave(claimId)
          continue
        }
        // All scans of an account share its words: each row has brought its own.
        const ticket: ScanTicket = { ...hold.ticket, ...Account.of(adapter) }
        const { endedAs, guard, notBefore, polledUntil } = hold
        const kept = {
          claimId,
          ticket,
          notBefore,
          guard,
          subject: entry.subject,
          ...(polledUntil === undefined ? {} : { polledUntil }),
          ...(endedAs === undefined ? {} : { endedAs })
        }
        yield* keeper.add(kept, adapter, policy)
        tell({ _tag: "Kept", claimId, ticket })
      }
      return taken.length
    })
    const looking = Effect.gen(function* () {
      for (;;) {
        gained.closeUnsafe()
        const found = slices.size === 0 ? 0 : yield* takeSome
        if (found < atOnce) yield* Effect.raceFirst(Effect.sleep(settings.lookEvery), gained.await)
      }
    }).pipe(
      // Whatever goes wrong here, a worker that no longer looks would be of no use and not seem so.
      Effect.catchCause((cause) => {
        if (Cause.hasInterrupts(cause)) return Effect.failCause(cause)
        const error = Cause.findError(cause)
        const why = Result.isSuccess(error) ? error.success.message : "a defect"
        return Effect.andThen(
          Effect.logWarning(`the journal does not say which scans are open: ${why}`),
          Effect.sleep(settings.lookEvery)
        )
      }),
      Effect.forever
    )

    const sharding = Context.get(
      yield* Effect.mapError(Layer.build(shardingLayer(name, settings)), trouble),
      Sharding.Sharding
    )
    yield* Effect.provideService(
      Effect.forEach(
        Array.from({ length: settings.shards }, (_, i) => i + 1),
        (number) => sharding.registerSingleton(singletonOf(sharding, number), slice(number)),
        { discard: true }
      ),
      ScanJournal,
      journal
    )
    yield* Effect.forkScoped(looking)
    yield* Effect.forkScoped(
      Effect.forever(Effect.andThen(Effect.ignore(say), Effect.sleep(Duration.millis(Math.min(lease / 3, 2_000)))))
    )
    // With more workers than slices, one may have none and be well.
    yield* Effect.forkScoped(
      Effect.andThen(
        Effect.sleep(settings.lease),
        Effect.sync(() => {
          hasJoined = true
        })
      )
    )
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isLeaving = true
      })
    )
    return { state }
  })

/**
 * A worker, from the time its layer is built until its scope closes. Fails when the database cannot be reached or does
 * not agree. A shared budget in its context holds here too. Learned durations do not: scans are polled at the pace of
 * their policy, and teach nothing.
 *
 * Closing the scope hands over: requests under way are cut, claims are let go of, slices are free for the others. It takes 7
 * seconds at the most, whatever the database does; what could not be handed over then is free when the lease is over.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: WorkerOptions): Layer.Layer<ClusterWorker, JournalError | ClusterError> =>
  Layer.effect(ClusterWorker, make(options)).pipe(
    // One connection holds the locks of the slices.
    Layer.provide(ClusterDatabase.layer(options.journal, { maxConnections: 6 })),
    boundedClose("7 seconds", "the worker")
  )
