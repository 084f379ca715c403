// How a worker becomes one of the cluster: its name, the number of slices that all agree on, and Effect's sharding over the
// locks in the database. It touches the cluster's own tables and no scan. Law: no two living workers have one name.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as MessageStorage from "effect/cluster/MessageStorage"
import { RunnerAddress } from "effect/cluster/RunnerAddress"
import { PersistenceError } from "effect/cluster/ClusterError"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import { RunnerStorage } from "effect/cluster/RunnerStorage"
import * as Runners from "effect/cluster/Runners"
import * as EntityId from "effect/cluster/EntityId"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Os from "node:os"
import process from "node:process"
import * as ClusterDatabase from "../ClusterDatabase.ts"
import { ClusterError } from "../ClusterError.ts"
import type * as ClusterSettings from "../ClusterSettings.ts"
import type { Line } from "./line.ts"
import * as SliceLocks from "./sliceLocks.ts"

export const nameOf = (wanted: string | undefined): Effect.Effect<string, ClusterError> => {
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
export const singletonOf = (sharding: Sharding.Sharding["Service"], slice: number): string => {
  for (let i = 0; ; i++) {
    const name = `slice-${slice}-${i}`
    if (sharding.getShardId(EntityId.make(name), "default").id === slice) return name
  }
}

// Nobody calls a worker: its address is no more than its name.
export const addressOf = (name: string): RunnerAddress => RunnerAddress.make({ host: name, port: 0 })

const configLayer = (name: string, settings: ClusterSettings.ClusterSettings) =>
  ShardingConfig.layer({
    runnerAddress: Option.some(addressOf(name)),
    shardsPerGroup: settings.shards,
    shardLockExpiration: settings.lease,
    shardLockRefreshInterval: Duration.divideUnsafe(settings.lease, 3),
    refreshAssignmentsInterval: settings.assignEvery,
    entityMessagePollInterval: settings.assignEvery
  })

const prefix = "scanpoll_cluster"

// Where the ring is kept: who is in it, and who has which slice. Effect's storage makes the tables and keeps the rows; its own
// session for locks is closed at once.
export const storage = (name: string, settings: ClusterSettings.ClusterSettings) =>
  Effect.gen(function* () {
    const layer = Layer.provide(SqlRunnerStorage.layerWith({ prefix }), configLayer(name, settings))
    const rows = Context.get(yield* Effect.scoped(Layer.build(layer)), RunnerStorage)
    return { ...rows, ...(yield* SliceLocks.make(yield* SqlClient.SqlClient, prefix, settings.lease)) }
  })

const standsAside = Effect.fail(new PersistenceError({ cause: new Error("this worker stands aside") }))

// Effect judges a worker by its heartbeat alone, which passes however slow the line is. One that stands aside is neither
// registered nor confirmed, and takes no slice.
const unlessAside = (ring: RunnerStorage["Service"], line: Line): RunnerStorage["Service"] => ({
  ...ring,
  register: (runner, healthy) =>
    Effect.suspend(() => (line.isAside || !line.isProven ? standsAside : ring.register(runner, healthy))),
  acquire: (address, shards) => Effect.suspend(() => (line.isAside ? standsAside : ring.acquire(address, shards))),
  refresh: (address, shards) =>
    Effect.suspend(() => (line.isAside ? standsAside : ring.refresh(address, shards))).pipe(
      Effect.tap(() =>
        Effect.sync(() => {
          line.isProven = !line.isAside
        })
      )
    )
})

export const shardingLayer = (
  name: string,
  settings: ClusterSettings.ClusterSettings,
  ring: RunnerStorage["Service"],
  line: Line
) =>
  Sharding.layer.pipe(
    Layer.provide([
      Layer.provide(Runners.layerNoop, MessageStorage.layerNoop),
      MessageStorage.layerNoop,
      RunnerHealth.layerNoop,
      Layer.succeed(RunnerStorage, unlessAside(ring, line))
    ]),
    Layer.provide(configLayer(name, settings))
  )

// All processes of a cluster must cut the open scans alike; the first worker of a cluster that is at rest says how.
export const agree = (
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
