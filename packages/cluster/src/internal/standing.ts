// How a worker stands: what it counts, and the row in which it says so to the others; and what they say in theirs. It touches
// its own row in the database. Law: a row is never older than a third of the lease while the worker lives and its line is
// good, and goes when it ends.
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Keeper } from "@scanpoll/core/unstable/engine/Keeper"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as JournalSchema from "@scanpoll/journal/JournalSchema"
import * as Os from "node:os"
import process from "node:process"
import * as ClusterDatabase from "../ClusterDatabase.ts"
import { LatenessMeter } from "../Lateness.ts"
import type { Line } from "./line.ts"
import * as Sayings from "./saying.ts"
import type { Wire } from "./wire.ts"
import { metrics, type WorkerState } from "./workerModel.ts"

const day = 24 * 60 * 60_000
const latestSaying = 2_000
// A connection without an answer for this long is replaced, or for the lease where that is longer.
const answerWithin = 10_000
// An account whose vendor refused this worker's credential is left to others for this long, or until one of its scans settles.
const deniedFor = 15 * 60_000

const readOthers = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Array(Schema.Struct({ said: Schema.Unknown, age: Schema.Finite })))
)

// `lease` and `since` in milliseconds. `isWell`: whether the journal can be reached. `guests`: scans of slices that others
// have. `wire`: the connection on which it says how it stands.
export interface Facts {
  readonly name: string
  readonly shards: number
  readonly lease: number
  readonly since: number
  readonly isWell: () => boolean
  readonly slices: ReadonlyMap<number, Keeper>
  readonly guests: () => Keeper | null
  readonly accounts: ReadonlyArray<Account.Account>
  readonly line: Line
  readonly wire: Wire
}

// Scans that another worker has and cannot poll, because the vendor refuses its credential.
export interface Refused {
  readonly account: Account.Account
  readonly slices: ReadonlyArray<number>
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
  private others: ReadonlyArray<Sayings.Saying> = []
  private readonly deniedAt = new Map<string, number>()
  // Done when a newer version has changed the journal.
  readonly outdated = Deferred.makeUnsafe<void>()

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

  settled(account: Account.Account): void {
    this.settledScans += 1
    this.deniedAt.delete(Account.key(account))
  }

  // The vendor refuses the credential that this worker has for the account.
  deny(account: Account.Account): void {
    this.deniedAt.set(Account.key(account), this.steady())
  }

  isDenied(account: Account.Account): boolean {
    const at = this.deniedAt.get(Account.key(account))
    return at !== undefined && this.steady() - at < deniedFor
  }

  // Another worker polls this account, and its credential is not known to be refused.
  isPolledElsewhere(account: Account.Account): boolean {
    const key = Account.key(account)
    return this.others.some(
      (other) =>
        Sayings.isBetterOff(other) && other.accounts?.includes(key) === true && other.denied?.includes(key) !== true
    )
  }

  // What this worker can poll for others whose credential is refused.
  refusedElsewhere(): ReadonlyArray<Refused> {
    const able = this.facts.accounts.filter((account) => !this.isDenied(account))
    return this.others.flatMap(({ denied = [], slices }) =>
      able.flatMap((account) => (denied.includes(Account.key(account)) ? [{ account, slices }] : []))
    )
  }

  joined(): void {
    this.hasJoined = true
  }

  leaving(): void {
    this.isLeaving = true
  }

  get state(): Effect.Effect<WorkerState> {
    return Effect.sync(() => {
      const { accounts, isWell, line, name, shards, since, slices } = this.facts
      const { lateness, open, phase, polls, settled } = this.saying()
      return {
        lateness,
        open,
        polls,
        settled,
        name,
        since,
        phase,
        ready: phase === "working",
        journal: isWell() ? "well" : "trouble",
        slices: slices.size,
        shards,
        polling: this.keepers().reduce((sum, keeper) => sum + keeper.polling(), 0),
        aside: line.isAside,
        tripMs: Math.round(line.trip),
        denied: accounts.filter((account) => this.isDenied(account)).map(({ account, vendor }) => ({ vendor, account }))
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
    const { lease, line } = this.facts
    const every = Math.min(lease / 3, latestSaying)
    // That a line is slow is said at once: where all are, all must know before one leaves.
    const pause = Effect.suspend(() => Effect.sleep(Duration.millis(line.isPrompt ? every : every / 8)))
    return Effect.forever(Effect.andThen(Effect.ignore(this.write), pause))
  }

  private get write(): Effect.Effect<void, SqlError, SqlClient.SqlClient> {
    return Effect.gen({ self: this }, function* () {
      const sql = yield* SqlClient.SqlClient
      const { lease, line, name, since, slices, wire } = this.facts
      const saying = this.saying()
      metrics.slices.updateUnsafe(slices.size, this.context)
      metrics.open.updateUnsafe(saying.open, this.context)
      metrics.trip.updateUnsafe(line.trip / 1000, this.context)
      metrics.aside.updateUnsafe(line.isAside ? 1 : 0, this.context)
      const said = Sayings.write(saying)
      const label = `process ${process.pid} on ${Os.hostname()}`
      const now = sql.literal(ClusterDatabase.nowText)
      const word = sql<{ others: unknown; version: unknown }>`
        INSERT INTO scanpoll_workers (name, label, lease, since, seen_at, said)
        VALUES (${name}, ${label}, ${lease}, ${since}, ${now}, ${said})
        ON CONFLICT (name) DO UPDATE SET label = excluded.label, lease = excluded.lease, since = excluded.since,
          seen_at = excluded.seen_at, said = excluded.said
        RETURNING (SELECT json_agg(json_build_object('said', other.said, 'age', ${now} - other.seen_at))::text
            FROM scanpoll_workers AS other
            WHERE other.name <> ${name} AND other.seen_at + other.lease > ${now}) AS others,
          (SELECT version FROM scanpoll_journal) AS version`
      line.sent(this.steady())
      const rows = yield* Effect.tapError(wire.send(word, Math.max(lease, answerWithin)), () =>
        Effect.sync(() => line.heard(this.steady(), null))
      )
      if (rows === null) return line.heard(this.steady(), null)
      const [answer] = rows
      const heard = Option.getOrElse(readOthers(answer?.others ?? "[]"), () => []).flatMap(({ age, said }) => {
        const other = Sayings.read(said)
        return other === null ? [] : [{ age, other }]
      })
      this.others = heard.map(({ other }) => other)
      const betterOff = heard.filter(({ other }) => Sayings.isBetterOff(other))
      line.heard(
        this.steady(),
        betterOff.map(({ age }) => age)
      )
      if (Number(answer?.version ?? 0) > JournalSchema.schemaVersion) Deferred.doneUnsafe(this.outdated, Effect.void)
    })
  }

  private keepers(): ReadonlyArray<Keeper> {
    const { guests, slices } = this.facts
    const other = guests()
    return other === null ? [...slices.values()] : [...slices.values(), other]
  }

  private saying(): Sayings.Saying {
    const { accounts, line, slices } = this.facts
    return {
      phase: this.phase(),
      slices: [...slices.keys()].sort((a, b) => a - b),
      open: this.keepers().reduce((sum, keeper) => sum + keeper.size(), 0),
      polls: this.polls,
      settled: this.settledScans,
      lateness: this.meter.read(this.steady()),
      prompt: line.isPrompt && !line.isAside,
      trip: Math.round(line.trip),
      accounts: accounts.map(Account.key),
      denied: accounts.filter((account) => this.isDenied(account)).map(Account.key)
    }
  }

  private phase(): Sayings.Saying["phase"] {
    if (this.isLeaving) return "leaving"
    if (!this.hasJoined) return "joining"
    return this.facts.isWell() && this.facts.line.isGood ? "working" : "cut-off"
  }
}
