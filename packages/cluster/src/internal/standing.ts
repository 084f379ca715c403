// How a worker stands: what it counts, and the row in which it says so to the others. It touches its own row in the
// database. Law: a row is never older than a third of the lease while the worker lives, and goes when it ends.
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Keeper } from "@scanpoll/core/unstable/engine/Keeper"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Os from "node:os"
import process from "node:process"
import * as ClusterDatabase from "../ClusterDatabase.ts"
import { LatenessMeter } from "../Lateness.ts"
import * as Sayings from "./saying.ts"
import { metrics, type WorkerState } from "./workerModel.ts"

const day = 24 * 60 * 60_000
const latestSaying = 2_000

// `lease` and `since` in milliseconds. `isWell`: whether the journal can be reached.
export interface Facts {
  readonly name: string
  readonly shards: number
  readonly lease: number
  readonly since: number
  readonly isWell: () => boolean
  readonly slices: ReadonlyMap<number, Keeper>
}

export class Standing {
  private readonly facts: Facts
  private readonly steady: () => number
  private readonly context: Context.Context<never>
  private readonly meter = new LatenessMeter()
  private polls = 0
  private settledScans = 0
  private hasJoined = false
  private isLeaving = false

  constructor(facts: Facts, clock: Clock.Clock, context: Context.Context<never>) {
    this.facts = facts
    this.steady = SteadyClock.reader(clock)
    this.context = context
  }

  polled(late: number): void {
    this.polls += 1
    this.meter.add(late, this.steady())
    metrics.lateness.updateUnsafe(late / 1000, this.context)
  }

  settled(): void {
    this.settledScans += 1
  }

  joined(): void {
    this.hasJoined = true
  }

  leaving(): void {
    this.isLeaving = true
  }

  get state(): Effect.Effect<WorkerState> {
    return Effect.sync(() => {
      const { isWell, name, shards, since, slices } = this.facts
      const { phase, ...said } = this.saying()
      return {
        ...said,
        name,
        since,
        phase,
        ready: phase === "working",
        journal: isWell() ? "well" : "trouble",
        slices: slices.size,
        shards,
        polling: [...slices.values()].reduce((sum, keeper) => sum + keeper.polling(), 0)
      }
    })
  }

  // The first time, so that a database that does not take it is known; the row goes when the scope closes.
  get begin(): Effect.Effect<void, SqlError, SqlClient.SqlClient | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const sql = yield* SqlClient.SqlClient
      const { name } = this.facts
      const now = sql.literal(ClusterDatabase.nowText)
      yield* this.write
      // Gone for long: nobody asks who that was.
      yield* Effect.ignore(sql`DELETE FROM scanpoll_workers WHERE seen_at < ${now} - ${day}`)
      yield* Effect.addFinalizer(() =>
        Effect.ignore(Effect.timeoutOption(sql`DELETE FROM scanpoll_workers WHERE name = ${name}`, "2 seconds"))
      )
    })
  }

  get keepSaying(): Effect.Effect<never, never, SqlClient.SqlClient> {
    const pause = Effect.sleep(Duration.millis(Math.min(this.facts.lease / 3, latestSaying)))
    return Effect.forever(Effect.andThen(Effect.ignore(this.write), pause))
  }

  private get write(): Effect.Effect<void, SqlError, SqlClient.SqlClient> {
    return Effect.gen({ self: this }, function* () {
      const sql = yield* SqlClient.SqlClient
      const { lease, name, since, slices } = this.facts
      const saying = this.saying()
      metrics.slices.updateUnsafe(slices.size, this.context)
      metrics.open.updateUnsafe(saying.open, this.context)
      const said = Sayings.write(saying)
      const label = `process ${process.pid} on ${Os.hostname()}`
      yield* sql`INSERT INTO scanpoll_workers (name, label, lease, since, seen_at, said)
        VALUES (${name}, ${label}, ${lease}, ${since}, ${sql.literal(ClusterDatabase.nowText)}, ${said})
        ON CONFLICT (name) DO UPDATE SET label = excluded.label, lease = excluded.lease, since = excluded.since,
          seen_at = excluded.seen_at, said = excluded.said`
    })
  }

  private saying(): Sayings.Saying {
    const { slices } = this.facts
    return {
      phase: this.phase(),
      slices: [...slices.keys()].sort((a, b) => a - b),
      open: [...slices.values()].reduce((sum, keeper) => sum + keeper.size(), 0),
      polls: this.polls,
      settled: this.settledScans,
      lateness: this.meter.read(this.steady())
    }
  }

  private phase(): Sayings.Saying["phase"] {
    if (this.isLeaving) return "leaving"
    if (!this.hasJoined) return "joining"
    return this.facts.isWell() ? "working" : "cut-off"
  }
}
