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
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Sharding from "effect/cluster/Sharding"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Keeper } from "@scanpoll/core/unstable/engine/Keeper"
import { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type * as Scans from "@scanpoll/core/engine/Scans"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import { ClusterError } from "./ClusterError.ts"
import * as ClusterSettings from "./ClusterSettings.ts"
import { boundedClose } from "./internal/boundedClose.ts"
import * as Membership from "./internal/membership.ts"
import { Slices } from "./internal/slices.ts"
import { Standing } from "./internal/standing.ts"
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
 * The worker of this process. A worker whose `state` can be read is alive; whether it is ready is said there.
 *
 * @category services
 * @since 0.1.0
 */
export class ClusterWorker extends Context.Service<ClusterWorker, { readonly state: Effect.Effect<WorkerState> }>()(
  "@scanpoll/cluster/Worker/ClusterWorker"
) {}

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

const make = (
  options: WorkerOptions
): Effect.Effect<ClusterWorker["Service"], JournalError | ClusterError, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const read = ClusterSettings.make(options.settings)
    if (Result.isFailure(read)) return yield* new ClusterError({ reason: "settings", message: read.failure })
    const settings = read.success
    const { lease, lookEvery, shards } = settings
    const name = yield* Membership.nameOf(options.name)
    const policies = yield* policiesOf(options)
    // Judged by its heartbeat alone, also on the same machine: a process that is frozen must not keep its scans.
    const journal = yield* SqlJournal.makeShared({ lease: settings.lease, presence: "lease", outage: "1 hour" })
    yield* Effect.mapError(ClusterDatabase.prepare, trouble)
    yield* Effect.catchTag(Membership.agree(name, settings), "SqlError", (error) => Effect.fail(trouble(error)))

    const keepers = new Map<number, Keeper>()
    const standing = new Standing(
      {
        name,
        shards,
        lease: Duration.toMillis(lease),
        since: yield* Clock.currentTimeMillis,
        isWell: journal.isWell,
        slices: keepers
      },
      yield* Effect.service(Clock.Clock),
      yield* Effect.context<never>()
    )
    yield* Effect.mapError(standing.begin, trouble)

    const tell = telling(options.observer)
    const slices = new Slices({ journal, policies, shards, lookEvery, standing, tell }, keepers)
    const sharding = Context.get(
      yield* Effect.mapError(Layer.build(Membership.shardingLayer(name, settings)), trouble),
      Sharding.Sharding
    )
    yield* Effect.provideService(
      Effect.forEach(
        Array.from({ length: shards }, (_, i) => i + 1),
        (number) => sharding.registerSingleton(Membership.singletonOf(sharding, number), slices.have(number)),
        { discard: true }
      ),
      ScanJournal,
      journal
    )
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
    return { state: standing.state }
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
