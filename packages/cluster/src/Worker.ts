/**
 * A machine's part in polling the open scans of a journal on PostgreSQL.
 *
 * The open scans are cut into slices, and the workers agree through the database who has which: a worker that is added,
 * leaves, dies or freezes moves slices and nothing else. For each slice it has, a worker takes the scans that nobody
 * holds and keeps asking until they are settled. The journal is the truth about every scan: a poller holds its claim
 * there, at most one does, and what a former holder writes is refused. No worker ever submits anything, so none can buy
 * a scan a second time. Workers speak to the database alone, never to one another.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sharding from "effect/cluster/Sharding"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Keeper } from "@scanpoll/core/unstable/engine/Keeper"
import { JournalError, makeClaimId, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type * as Scans from "@scanpoll/core/engine/Scans"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Decision from "@scanpoll/core/unstable/policy/Decision"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import { ClusterError } from "./ClusterError.ts"
import * as ClusterSettings from "./ClusterSettings.ts"
import * as Aside from "./internal/aside.ts"
import { boundedClose } from "./internal/boundedClose.ts"
import { Line } from "./internal/line.ts"
import * as Membership from "./internal/membership.ts"
import { Slices } from "./internal/slices.ts"
import { Standing } from "./internal/standing.ts"
import { Wire } from "./internal/wire.ts"
import type { WorkerEvent, WorkerState } from "./internal/workerModel.ts"

export { metrics, type WorkerEvent, type WorkerState } from "./internal/workerModel.ts"

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
 * The worker of this process.
 *
 * - `state`: how it stands. Who can read it is alive; whether it is ready is said there.
 * - `outdated`: ends when a newer version of scanpoll has changed the journal. The worker has handed over its scans by then,
 *   and takes no others: end it, and start the newer version.
 *
 * @category services
 * @since 0.1.0
 */
export class ClusterWorker extends Context.Service<
  ClusterWorker,
  { readonly state: Effect.Effect<WorkerState>; readonly outdated: Effect.Effect<void> }
>()("@scanpoll/cluster/Worker/ClusterWorker") {}

const defaultPolicy = (adapter: Scans.AnyAdapter): PollPolicy.PollPolicy =>
  PollPolicy.withDeadline(adapter.policy, Duration.days(1))

const trouble = (error: SqlError): JournalError =>
  new JournalError({ reason: "unavailable", message: `the cluster's tables: ${error.message}`, cause: error })

const policiesOf = ({ adapters, policy = defaultPolicy }: WorkerOptions) =>
  Effect.gen(function* () {
    const policies = new Map<Scans.AnyAdapter, PollPolicy.PollPolicy>()
    for (const adapter of adapters) {
      const wanted = policy(adapter)
      const checked = PollPolicy.check(wanted, adapter.limits)
      if (Result.isFailure(checked)) return yield* Effect.die(checked.failure)
      policies.set(adapter, wanted)
    }
    return policies
  })

// What listens cannot disturb the worker.
const telling =
  (observer: WorkerOptions["observer"]) =>
  (event: WorkerEvent): void => {
    try {
      observer?.(event)
    } catch {
      // It is dropped.
    }
  }

// A connection of one's own for as long as the scope.
const wireOf = (sql: SqlClient.SqlClient): Effect.Effect<Wire, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new Wire(sql)),
    (wire) => wire.drop
  )

interface Made {
  readonly name: string
  readonly session: string
  readonly settings: ClusterSettings.ClusterSettings
  readonly policies: ReadonlyMap<Scans.AnyAdapter, PollPolicy.PollPolicy>
  readonly journal: Effect.Success<ReturnType<typeof SqlJournal.makeShared>>
  readonly standing: Standing
  readonly line: Line
  readonly steady: () => number
  readonly tell: (event: WorkerEvent) => void
  readonly keepers: Map<number, Keeper>
}

// In the ring, from here to the end of the scope.
const join = (made: Made, slices: Slices) =>
  Effect.gen(function* () {
    const { journal, line, name, policies, session, settings, standing, steady } = made
    const sql = yield* SqlClient.SqlClient
    const ring = yield* Effect.mapError(Membership.storage(name, settings), trouble)
    const parts = {
      name,
      session,
      lease: Duration.toMillis(settings.lease),
      floor: Math.max(0, ...[...policies].map(([adapter, policy]) => Decision.floorOf(policy, adapter.limits))),
      line,
      spare: yield* wireOf(sql),
      sql,
      journal,
      storage: ring,
      steady
    }
    yield* Effect.forkScoped(Aside.watch(parts), { startImmediately: true })
    const sharding = Context.get(
      yield* Effect.mapError(Layer.build(Membership.shardingLayer(name, settings, ring, line)), trouble),
      Sharding.Sharding
    )
    yield* Effect.provideService(
      Effect.forEach(
        Array.from({ length: settings.shards }, (_, i) => i + 1),
        (number) => sharding.registerSingleton(Membership.singletonOf(sharding, number), slices.have(number)),
        { discard: true }
      ),
      ScanJournal,
      journal
    )
    const handedOver = Deferred.makeUnsafe<void>()
    yield* Effect.forkScoped(
      Effect.gen(function* () {
        yield* Deferred.await(standing.outdated)
        standing.leaving()
        yield* Effect.logError("a newer version of scanpoll has changed the journal: this worker hands over its scans")
        yield* Aside.leaveForGood(parts)
        yield* Deferred.succeed(handedOver, undefined)
      })
    )
    return handedOver
  })

const make = (
  options: WorkerOptions,
  session: string
): Effect.Effect<ClusterWorker["Service"], JournalError | ClusterError, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const read = ClusterSettings.make(options.settings)
    if (Result.isFailure(read)) return yield* new ClusterError({ reason: "settings", message: read.failure })
    const settings = read.success
    const { lease, lookEvery, shards } = settings
    const name = yield* Membership.nameOf(options.name)
    const policies = yield* policiesOf(options)
    // Judged by its heartbeat alone, also on the same machine: a process that is frozen must not keep its scans.
    const journal = yield* SqlJournal.makeShared({
      lease: settings.lease,
      presence: "lease",
      outage: "1 hour",
      // A transaction of six trips over a line of two seconds each is slow, and no trouble.
      limit: Duration.max(Duration.seconds(10), Duration.times(settings.lease, 2))
    })
    yield* Effect.mapError(ClusterDatabase.prepare, trouble)
    yield* Effect.catchTag(Membership.agree(name, settings), "SqlError", (error) => Effect.fail(trouble(error)))

    const clock = yield* Effect.service(Clock.Clock)
    const steady = SteadyClock.reader(clock)
    const keepers = new Map<number, Keeper>()
    const line = new Line(Duration.toMillis(lease), steady())
    const facts = {
      name,
      shards,
      lease: Duration.toMillis(lease),
      since: yield* Clock.currentTimeMillis,
      isWell: journal.isWell,
      slices: keepers,
      guests: () => slices.guest,
      accounts: [...policies.keys()].map(Account.of),
      line,
      wire: yield* wireOf(yield* SqlClient.SqlClient)
    }
    const standing = new Standing(facts, clock, yield* Effect.context<never>())
    const tell = telling(options.observer)
    const slices = new Slices({ journal, policies, shards, lookEvery, standing, tell }, keepers)
    yield* Effect.mapError(standing.begin, trouble)
    yield* Effect.provideService(slices.beGuest, ScanJournal, journal)
    const made = { name, session, settings, policies, journal, standing, line, steady, tell, keepers }
    const outdated = yield* join(made, slices)
    yield* Effect.forkScoped(slices.look)
    yield* Effect.forkScoped(standing.keepSaying)
    // With more workers than slices, one may have none and be well.
    yield* Effect.forkScoped(
      Effect.andThen(
        Effect.sleep(lease),
        Effect.sync(() => standing.joined())
      )
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => standing.leaving()))
    return { state: standing.state, outdated: Deferred.await(outdated) }
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
  Layer.unwrap(
    Effect.map(makeClaimId, (id) => {
      // Names the database sessions of this worker, and of no other.
      const session = `scanpoll worker ${id.slice(-26)}`
      return Layer.effect(ClusterWorker, make(options, session)).pipe(
        // One connection holds the locks of the slices, one is for its word, and one is spare. A slow line is no dead one.
        Layer.provide(
          ClusterDatabase.layer(options.journal, {
            maxConnections: 8,
            applicationName: session,
            connectTimeout: "15 seconds"
          })
        ),
        boundedClose("7 seconds", "the worker")
      )
    })
  )
