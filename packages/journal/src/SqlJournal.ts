/**
 * The journal over any `SqlClient` that speaks SQLite or PostgreSQL.
 *
 * Every operation is one transaction, committed when its effect returns. A claim names the process that holds it and an
 * epoch that grows whenever that changes; what a former holder writes is refused. A process that is gone holds nothing:
 * its submissions without an answer are in doubt, its open claims are free. Whether it is gone is told by the system
 * where both run on one machine, otherwise by a heartbeat on the database's clock. Small writes that can be lost without
 * harm are gathered and committed together. Whatever is read back is checked again.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { kindKey, type Lesson, lessonKey } from "@scanpoll/core/engine/DurationModel"
import type { AccountKey } from "@scanpoll/core/engine/RateBudget"
import type {
  Claim,
  ClaimEntry,
  ClaimKey,
  ClaimState,
  Hold,
  HoldGuard,
  JournalError,
  Operations,
  Pause
} from "@scanpoll/core/engine/ScanJournal"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/time/SteadyClock"
import * as Account from "@scanpoll/core/model/Account"
import type { Reason } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Waits from "@scanpoll/core/time/Waits"
import { errorOf } from "./internal/faults.ts"
import * as Places from "./internal/place.ts"
import { type ClaimRow, keyHash, readClaim, readLesson, subjectHash, toEntry, toJson } from "./internal/rows.ts"
import * as Stores from "./internal/store.ts"
import { migrate } from "./JournalSchema.ts"

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

/**
 * Which free claims to take, and how many at once.
 *
 * - `slices`: numbers from 1 to `of`; every claim is in one of them (`sliceOf`).
 * - `accounts`: only claims of these.
 * - `dueBefore`: only claims whose next poll may be made before this time, in milliseconds since 1970.
 * - `limit`: how many at most, in no order.
 *
 * @category models
 * @since 0.1.0
 */
export interface FreeFilter {
  readonly slices: ReadonlyArray<number>
  readonly of: number
  readonly accounts: ReadonlyArray<AccountKey>
  readonly dueBefore: number
  readonly limit: number
}

/**
 * A claim that was free and is held now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Taken {
  readonly entry: ClaimEntry
  readonly hold: Extract<Hold, { readonly _tag: "Ours" }>
}

/**
 * What processes that share the open claims of one journal on PostgreSQL need beside the usual operations.
 *
 * - `takeFree`: takes submitted claims that nobody holds, in one statement. Two processes never get the same one.
 * - `isWell`: whether the database could be written when last tried.
 * - `flushed`: ends when all small writes that were gathered until now are made, or cannot be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sharing {
  readonly takeFree: (wanted: FreeFilter) => Effect.Effect<ReadonlyArray<Taken>, JournalError>
  readonly isWell: () => boolean
  readonly flushed: Effect.Effect<void>
}

// The last two characters of a claim's id are chance, each one of 32.
const tails = "0123456789abcdefghjkmnpqrstvwxyz".split("")
const tailsOf = (slices: ReadonlyArray<number>, of: number): ReadonlyArray<string> => {
  const wanted = new Set(slices)
  return tails.flatMap((one, i) =>
    tails.flatMap((other, j) => (wanted.has(((i * tails.length + j) % of) + 1) ? [`${one}${other}`] : []))
  )
}

/**
 * The slice a claim is in, from 1 to `of`; `of` is from 1 to 1 024.
 *
 * @category destructors
 * @since 0.1.0
 */
export const sliceOf = (claimId: string, of: number): number => {
  const [one = "0", other = "0"] = claimId.slice(-2)
  return ((Math.max(0, tails.indexOf(one)) * tails.length + Math.max(0, tails.indexOf(other))) % of) + 1
}

const bounded = (name: string, value: Duration.Input | undefined, fallback: number): number => {
  if (value === undefined) return fallback
  const millis = Option.getOrElse(Waits.toMillis(Duration.fromInputUnsafe(value)), () => 0)
  if (millis < 1 || millis > 3_600_000) throw new RangeError(`${name} must be from 1 ms to 1 hour, not ${millis} ms`)
  return millis
}

// Small writes are gathered for this long.
const gather = 20
// Of each kind of small write in one transaction: it holds up whoever wants these rows for no longer than he notices.
const mostGathered = 2_000
// Rows in one statement: well below what either database takes.
const chunk = 200
const historyLimit = 10_000
// A row from the future is a clock that was wrong or a hand that was in it: its answer is not taken for a fresh one.
const clockSkew = 60 * 60 * 1000

const goneReason: Reason = {
  code: "process-gone",
  message: "the process that was submitting ended before it stored an answer; the vendor may have accepted it",
  advice: null,
  requestId: null
}

// There is one for each claim this process holds, so it stays small: what ends when it is lost is made when it is asked for.
class Held {
  readonly epoch: number
  private ended: JournalError | null = null
  private waiters: Deferred.Deferred<never, JournalError> | null = null

  constructor(epoch: number) {
    this.epoch = epoch
  }

  lose(error: JournalError): void {
    if (this.ended !== null) return
    this.ended = error
    if (this.waiters !== null) Deferred.doneUnsafe(this.waiters, Effect.fail(error))
    this.waiters = null
  }

  get lost(): Effect.Effect<never, JournalError> {
    return Effect.suspend(() => {
      if (this.ended !== null) return Effect.fail(this.ended)
      return Deferred.await((this.waiters ??= Deferred.makeUnsafe<never, JournalError>()))
    })
  }
}

interface OwnerRow {
  readonly owner_id: string
  readonly place: string
  readonly pid: number
  readonly started: string
  readonly label: string
  readonly late: number
}

interface Watched {
  readonly was: string
  readonly changed: Deferred.Deferred<void>
}

const chunksOf = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / chunk) }, (_, i) => items.slice(i * chunk, (i + 1) * chunk))

/**
 * The operations of a journal, for as long as the scope, and those of processes that share its open claims. The schema is
 * brought up to date first; when the scope closes, everything this process holds is let go.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeShared = (
  options: Options = {}
): Effect.Effect<Operations & Sharing, JournalError, SqlClient.SqlClient | Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const clock = yield* Effect.service(Clock.Clock)
    const lease = bounded("lease", options.lease, 15_000)
    const watchEvery = bounded("watch", options.watch, 500)
    const heartbeat = Math.max(1, Math.floor(lease / 3))
    const here = Places.here()
    const place = options.presence === "lease" ? { ...here, place: "", started: "" } : here
    const polls = options.polls ?? true

    const dbNow = sql.onDialectOrElse({
      pg: () => sql.literal("(extract(epoch from clock_timestamp()) * 1000)::double precision"),
      orElse: () => sql.literal("(unixepoch('subsec') * 1000.0)")
    })
    const forUpdate = sql.onDialectOrElse({ pg: () => sql.literal("FOR UPDATE"), orElse: () => sql.literal("") })
    const forKeyShare = sql.onDialectOrElse({ pg: () => sql.literal("FOR KEY SHARE"), orElse: () => sql.literal("") })

    // ---- who we are

    const newOwnerId = Effect.map(ScanJournal.makeClaimId, (id) => id.replace(/^clm/, "own"))
    let me = yield* newOwnerId
    const held = new Map<string, Held>()
    // Claims of this process whose submission is under way; each ends its waiters in this process.
    const submitting = new Map<string, Deferred.Deferred<void>>()
    let beatAt = { steady: 0, wall: 0 }

    const reading = () => ({ steady: SteadyClock.nowUnsafe(clock), wall: clock.currentTimeMillisUnsafe() })

    // A machine that slept has moved the one clock, a process that was stopped both.
    const isFresh = (): boolean => {
      const now = reading()
      const most = heartbeat * 2
      return now.steady - beatAt.steady < most && Math.abs(now.wall - beatAt.wall) < most
    }

    // Ends when the lease has run out without a word from the database: others may hold by then what was ours. A little
    // earlier, so that what is cut then is off the wire before they begin.
    let lapse = Deferred.makeUnsafe<void>()
    const leftOfLease = (): number => {
      const now = reading()
      return lease - Math.ceil(lease / 16) - Math.max(now.steady - beatAt.steady, Math.abs(now.wall - beatAt.wall))
    }
    const lapsing = Effect.gen(function* () {
      for (;;) {
        const left = leftOfLease()
        if (left > 0) {
          yield* Effect.sleep(Duration.millis(Math.ceil(left)))
          continue
        }
        Deferred.doneUnsafe(lapse, Effect.void)
        lapse = Deferred.makeUnsafe<void>()
        const lapsed = beatAt
        while (beatAt === lapsed) yield* Effect.sleep(Duration.millis(Math.min(heartbeat, 100)))
      }
    })

    const register = Effect.gen(function* () {
      const at = reading()
      yield* sql`
        INSERT INTO scanpoll_owners (owner_id, place, pid, started, label, lease, heartbeat_at)
        VALUES (${me}, ${place.place}, ${place.pid}, ${place.started}, ${place.label}, ${lease}, ${dbNow})
        ON CONFLICT (owner_id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`
      beatAt = at
    })

    const loseAll = (error: JournalError): void => {
      const all = [...held.values()]
      held.clear()
      for (const each of all) each.lose(error)
    }

    const beat: Effect.Effect<void, SqlError> = Effect.gen(function* () {
      const at = reading()
      const rows = yield* sql`
        UPDATE scanpoll_owners SET heartbeat_at = ${dbNow} WHERE owner_id = ${me} RETURNING owner_id`
      if (rows.length > 0) {
        beatAt = at
        return
      }
      // Others took this process for gone. What it held may be theirs by now; it goes on as somebody new.
      me = yield* newOwnerId
      yield* register
      loseAll(errorOf("lost", "this process was away for too long"))
    })

    // In a transaction that makes this process the owner of something: nobody can take it for gone before that commits.
    const stay = Effect.gen(function* () {
      const rows = yield* sql`SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${me} ${forKeyShare}`
      if (rows.length === 0) yield* beat
    })

    let isOpen = false
    const store = yield* Stores.make(
      sql,
      {
        patience: bounded("patience", options.patience, 5_000),
        limit: bounded("limit", options.limit, 10_000),
        outage: bounded("outage", options.outage, 30_000)
      },
      {
        name: me,
        probe: Effect.suspend(() => (isOpen ? beat : Effect.provideService(migrate(), SqlClient.SqlClient, sql))),
        onOutage: (error) => {
          for (const each of held.values()) each.lose(error)
        }
      }
    )

    // ---- who else there is

    const owners: Effect.Effect<ReadonlyArray<OwnerRow>, SqlError> = sql<OwnerRow>`
      SELECT owner_id, place, pid, started, label, heartbeat_at + lease - ${dbNow} AS late FROM scanpoll_owners`

    const isGone = (owner: OwnerRow): boolean => {
      if (owner.owner_id === me) return false
      const alive = Places.isAlive(place, { place: owner.place, pid: owner.pid, started: owner.started })
      return alive === null ? !(owner.late > 0) : !alive
    }

    // In a transaction. The heartbeat is looked at again: it may have come in the meantime.
    const bury = (owner: OwnerRow, stamp: string): Effect.Effect<void, SqlError> =>
      Effect.gen(function* () {
        const told = Places.isAlive(place, { place: owner.place, pid: owner.pid, started: owner.started }) === false
        const rows = told
          ? yield* sql`DELETE FROM scanpoll_owners WHERE owner_id = ${owner.owner_id} RETURNING owner_id`
          : yield* sql`
              DELETE FROM scanpoll_owners
              WHERE owner_id = ${owner.owner_id} AND heartbeat_at + lease <= ${dbNow} RETURNING owner_id`
        if (rows.length > 0) yield* free(owner.owner_id, stamp)
      })

    const free = (owner: string, stamp: string): Effect.Effect<void, SqlError> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        yield* sql`
          UPDATE scanpoll_claims SET state = 'in-doubt', reason = ${toJson(goneReason)}, owner = NULL,
            epoch = epoch + 1, stamp = ${stamp}, changed_at = ${now}
          WHERE owner = ${owner} AND state = 'intent'`
        yield* sql`
          UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp} WHERE owner = ${owner}`
      })

    const buryGone = Effect.gen(function* () {
      const gone = (yield* store.read(owners)).filter(isGone)
      for (const owner of gone) yield* store.write((stamp) => bury(owner, stamp))
      return gone.length
    })

    // ---- rows

    const unreadable = (claimId: unknown): JournalError =>
      errorOf("unreadable", typeof claimId === "string" ? `claim ${claimId.slice(0, 40)}` : "a claim")

    const one = (rows: ReadonlyArray<unknown>): Effect.Effect<ClaimRow | null, JournalError> =>
      Effect.suspend(() => {
        const [row] = rows
        if (row === undefined) return Effect.succeed(null)
        const read = readClaim(row)
        return read === null ? Effect.fail(unreadable(Object(row).claim_id)) : Effect.succeed(read)
      })

    const byId = (claimId: string) =>
      Effect.flatMap(sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId} ${forUpdate}`, one)

    const peekById = (claimId: string) =>
      Effect.flatMap(sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`, one)

    const openOf = (hash: string) =>
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE key_hash = ${hash} AND state IN ('intent', 'submitted', 'in-doubt')`,
        one
      )

    const settledOf = (hash: string, from: number, to: number) =>
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE key_hash = ${hash} AND state = 'settled'
          AND changed_at >= ${from} AND changed_at <= ${to} ORDER BY changed_at DESC, claim_id DESC LIMIT 1`,
        one
      )

    const insert = (
      fields: {
        readonly claimId: string
        readonly key: ClaimKey
        readonly subject: Subject
        readonly owner: string | null
        readonly stamp: string
        readonly now: number
      } & (
        | { readonly state: "intent"; readonly request: unknown; readonly kind: string | null }
        | { readonly state: "submitted"; readonly ticket: ScanTicket }
      )
    ): Effect.Effect<void, SqlError> => {
      const { key, subject } = fields
      return Effect.asVoid(
        sql`INSERT INTO scanpoll_claims ${sql.insert({
          claim_id: fields.claimId,
          key_hash: keyHash(key),
          vendor: key.vendor,
          origin: key.origin,
          account: key.account,
          environment: key.environment,
          fingerprint: toJson(key.fingerprint),
          subject_hash: subjectHash(subject),
          subject: toJson({ kind: subject.kind, id: subject.id, name: subject.name }),
          state: fields.state,
          owner: fields.owner,
          epoch: 1,
          stamp: fields.stamp,
          scan_id: fields.state === "submitted" ? fields.ticket.scanId : null,
          submitted_at: fields.state === "submitted" ? fields.ticket.submittedAt : null,
          not_before: 0,
          request: fields.state === "intent" && fields.request !== null ? toJson(fields.request) : null,
          kind: fields.state === "intent" && fields.kind !== null ? toJson(fields.kind) : null,
          outcome: null,
          reason: null,
          claimed_at: fields.now,
          changed_at: fields.now
        })}`
      )
    }

    // ---- watching claims of others

    const watched = new Map<string, Set<Watched>>()
    const watching = yield* Latch.make(false)
    const markOf = (row: Pick<ClaimRow, "state" | "owner" | "epoch">): string =>
      `${row.state} ${row.owner} ${row.epoch}`

    const watch = (row: ClaimRow): Effect.Effect<void> =>
      Effect.suspend(() => {
        const entry: Watched = { was: markOf(row), changed: Deferred.makeUnsafe<void>() }
        const others = watched.get(row.claimId) ?? new Set()
        others.add(entry)
        watched.set(row.claimId, others)
        watching.openUnsafe()
        return Effect.ensuring(
          Deferred.await(entry.changed),
          Effect.sync(() => {
            others.delete(entry)
            if (others.size === 0 && watched.get(row.claimId) === others) watched.delete(row.claimId)
            if (watched.size === 0) watching.closeUnsafe()
          })
        )
      })

    const lookAtWatched = Effect.gen(function* () {
      yield* buryGone
      for (const ids of chunksOf([...watched.keys()])) {
        const rows = yield* store.read(
          sql<{ claim_id: string; state: ClaimState; owner: string | null; epoch: number }>`
            SELECT claim_id, state, owner, epoch FROM scanpoll_claims WHERE claim_id IN ${sql.in(ids)}`
        )
        const now = new Map(rows.map((row) => [row.claim_id, markOf(row)]))
        for (const id of ids) {
          for (const { changed, was } of watched.get(id) ?? []) {
            if (now.get(id) !== was) Deferred.doneUnsafe(changed, Effect.void)
          }
        }
      }
    })

    // ---- small writes, gathered

    const waits = new Map<string, { readonly epoch: number; readonly until: number }>()
    const leaves = new Map<string, number>()
    // Submissions whose answer could not be stored.
    const doubts = new Map<string, number>()
    const pausing = new Map<string, Pause>()
    const taught = new Map<string, { readonly lesson: Lesson; readonly at: number }>()
    const gathered = yield* Latch.make(false)

    // Said so that no index on either can serve: a planner with old figures reads all that this process holds for it.
    const isHeldHere = () => sql`(owner = ${me}) IS TRUE AND (state = 'submitted') IS TRUE`
    // A few rows by their keys, however many there are and whatever the planner believes.
    const byKeys: Effect.Effect<unknown, SqlError> = sql.onDialectOrElse({
      pg: () => sql`SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
        set_config('enable_seqscan', 'off', true)`,
      orElse: () => Effect.void
    })
    const gatheredWrites = (stamp: string) =>
      Effect.gen(function* () {
        yield* byKeys
        const batch = {
          waits: firstOf(waits),
          // A claim that is free is no longer ours to write to: its wait goes before.
          leaves: waits.size > mostGathered ? [] : firstOf(leaves),
          doubts: [...doubts],
          pauses: [...pausing.values()],
          lessons: [...taught]
        }
        const now = yield* Clock.currentTimeMillis
        for (const part of chunksOf(batch.waits)) {
          const values = part.map(
            ([claimId, { epoch, until }]) =>
              sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION), CAST(${until} AS DOUBLE PRECISION))`
          )
          yield* sql`UPDATE scanpoll_claims SET not_before = v.column3 FROM (VALUES ${sql.csv(values)}) AS v
            WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
        }
        for (const part of chunksOf(batch.leaves)) {
          yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
            FROM (VALUES ${sql.csv(part.map(epochOf))}) AS v
            WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
        }
        for (const part of chunksOf(batch.doubts)) {
          yield* sql`UPDATE scanpoll_claims SET state = 'in-doubt', reason = ${toJson(ScanJournal.unstoredReason)}, owner = NULL,
            epoch = epoch + 1, stamp = ${stamp}, changed_at = ${now}
            FROM (VALUES ${sql.csv(part.map(epochOf))}) AS v
            WHERE claim_id = v.column1 AND epoch = v.column2 AND owner = ${me} AND state = 'intent'`
        }
        for (const pause of batch.pauses) {
          yield* sql`INSERT INTO scanpoll_pauses AS p (vendor, origin, account, paused_until)
            VALUES (${pause.vendor}, ${pause.origin}, ${pause.account}, ${pause.until})
            ON CONFLICT (vendor, origin, account) DO UPDATE SET paused_until = excluded.paused_until
            WHERE p.paused_until < excluded.paused_until`
        }
        for (const part of chunksOf(batch.lessons)) {
          const rows = part.map(([, { at, lesson }]) => lessonRow(lesson, at))
          if (!Arr.isReadonlyArrayNonEmpty(rows)) continue
          yield* sql`INSERT INTO scanpoll_lessons ${sql.insert(rows)}
            ON CONFLICT (vendor, origin, kind, scan) DO UPDATE SET ended = excluded.ended,
            duration_ms = excluded.duration_ms, at_least_ms = excluded.at_least_ms, hint_ms = excluded.hint_ms,
            learned_at = excluded.learned_at`
        }
        for (const { kind, origin, vendor } of kindsOf(batch.lessons)) {
          yield* sql`DELETE FROM scanpoll_lessons WHERE vendor = ${vendor} AND origin = ${origin} AND kind = ${kind}
            AND learned_at < (SELECT learned_at FROM scanpoll_lessons WHERE vendor = ${vendor} AND origin = ${origin}
            AND kind = ${kind} ORDER BY learned_at DESC LIMIT 1 OFFSET ${ScanJournal.lessonsKept - 1})`
        }
        return batch
      })

    const epochOf = ([claimId, epoch]: readonly [string, number]) =>
      sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION))`

    const isNothingGathered = (): boolean => waits.size + leaves.size + doubts.size + pausing.size + taught.size === 0

    const firstOf = <A>(all: ReadonlyMap<string, A>): ReadonlyArray<[string, A]> => {
      const some: Array<[string, A]> = []
      for (const each of all) if (some.push(each) >= mostGathered) break
      return some
    }

    const flush = Effect.suspend(() =>
      isNothingGathered()
        ? Effect.void
        : Effect.map(store.write(gatheredWrites), (batch) => {
            // What was gathered in the meantime stays.
            for (const [claimId, wait] of batch.waits) if (waits.get(claimId) === wait) waits.delete(claimId)
            for (const [claimId, epoch] of batch.leaves) if (leaves.get(claimId) === epoch) leaves.delete(claimId)
            for (const [claimId] of batch.doubts) doubts.delete(claimId)
            for (const pause of batch.pauses) {
              const text = Account.key(pause)
              if (pausing.get(text) === pause) pausing.delete(text)
            }
            for (const [scan, lesson] of batch.lessons) if (taught.get(scan) === lesson) taught.delete(scan)
            if (!isNothingGathered()) gathered.openUnsafe()
          })
    )

    const flushed: Effect.Effect<void> = Effect.suspend(() =>
      isNothingGathered() || store.isSick()
        ? Effect.void
        : Effect.andThen(
            Effect.sleep(Duration.millis(gather)),
            Effect.suspend(() => flushed)
          )
    )

    const lessonRow = (lesson: Lesson, at: number): Record<string, string | number | null> => ({
      vendor: lesson.vendor,
      origin: lesson.origin,
      kind: toJson(lesson.kind),
      scan: toJson(lesson.scan),
      ended: lesson.ended,
      duration_ms: lesson.durationMs,
      at_least_ms: lesson.atLeastMs ?? null,
      hint_ms: lesson.hintMs ?? null,
      learned_at: at
    })

    // The kinds of scan among lessons, as their rows have them.
    const kindsOf = (lessons: ReadonlyArray<readonly [string, { readonly lesson: Lesson }]>) =>
      new Map(
        lessons.map(([, { lesson }]) => {
          const { kind, origin, vendor } = lesson
          return [kindKey(lesson), { vendor, origin, kind: toJson(kind) }]
        })
      ).values()

    // ---- the moves

    const release = (claimId: string): void => {
      held.delete(claimId)
      waits.delete(claimId)
      const waiting = submitting.get(claimId)
      submitting.delete(claimId)
      if (waiting !== undefined) Deferred.doneUnsafe(waiting, Effect.void)
    }

    const hold = (claimId: string, epoch: number): Held => {
      const made = new Held(epoch)
      held.set(claimId, made)
      return made
    }

    const mustBeThere = (row: ClaimRow | null, claimId: string): Effect.Effect<ClaimRow, JournalError> =>
      row === null ? Effect.fail(errorOf("conflict", `there is no claim ${claimId}`)) : Effect.succeed(row)

    interface Change {
      readonly ticket?: ScanTicket | undefined
      readonly notBefore?: number
      readonly outcome?: unknown
      readonly reason?: Reason
    }

    const isTicketOf = (key: ClaimKey, ticket: ScanTicket): boolean => Account.equals(ticket, key)

    const change = (
      row: ClaimRow,
      to: ClaimState,
      fields: Change,
      owner: string | null,
      stamp: string
    ): Effect.Effect<number, SqlError> =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const epoch = row.owner === owner ? row.epoch : row.epoch + 1
        const ticket = row.ticket ?? fields.ticket ?? null
        const outcome: unknown = fields.outcome ?? null
        yield* sql`UPDATE scanpoll_claims SET state = ${to}, owner = ${owner}, epoch = ${epoch}, stamp = ${stamp},
          scan_id = ${ticket === null ? null : ticket.scanId},
          submitted_at = ${ticket === null ? null : ticket.submittedAt},
          not_before = ${fields.notBefore ?? row.notBefore},
          request = ${to === "in-doubt" && row.request !== null ? toJson(row.request) : null},
          outcome = ${to === "settled" ? toJson(outcome) : null},
          reason = ${fields.reason === undefined ? null : toJson(fields.reason)}, changed_at = ${now}
          WHERE claim_id = ${row.claimId}`
        return epoch
      })

    const move = (claimId: string, to: ClaimState, fields: Change): Effect.Effect<void, JournalError> =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          const epoch = yield* store.write((stamp) =>
            Effect.gen(function* () {
              const row = yield* mustBeThere(yield* byId(claimId), claimId)
              // This very write, whose answer was lost.
              if (row.stamp === stamp) return row.epoch
              if (row.state === "settled" && to === "settled") return row.epoch
              const mine = row.owner === me && row.epoch === held.get(claimId)?.epoch
              // Others took this process for gone while its submission was under way; what the vendor answered is known
              // first-hand all the same.
              const late = row.state !== "intent" && submitting.has(claimId) && !mine
              if (late) return yield* moveLate(row, to, fields, stamp)
              if (!ScanJournal.mayMove(row.state, to)) {
                return yield* errorOf("conflict", `claim ${claimId} is ${row.state} and cannot become ${to}`)
              }
              if (row.state !== "in-doubt" && !mine) return yield* errorOf("lost", claimId)
              if (fields.ticket !== undefined && !isTicketOf(row.key, fields.ticket)) {
                return yield* errorOf("conflict", `the ticket is not of the account of claim ${claimId}`)
              }
              if (row.state === "in-doubt" && fields.ticket !== undefined) {
                yield* mustBeNobodys(fields.ticket, claimId)
              }
              return yield* change(row, to, fields, to === "submitted" && mine ? me : null, stamp)
            })
          )
          const known = held.get(claimId)
          if (to !== "submitted" || known === undefined || known.epoch !== epoch) release(claimId)
          const waiting = submitting.get(claimId)
          submitting.delete(claimId)
          if (waiting !== undefined) yield* Deferred.succeed(waiting, undefined)
        })
      )

    const moveLate = (
      row: ClaimRow,
      to: ClaimState,
      fields: Change,
      stamp: string
    ): Effect.Effect<number, SqlError | JournalError> => {
      const { claimId } = row
      if (row.state === "in-doubt") {
        switch (to) {
          case "submitted":
            return change(row, "submitted", fields, null, stamp)
          case "settled":
            return fields.ticket === undefined
              ? Effect.fail(errorOf("lost", claimId))
              : change(row, "settled", fields, null, stamp)
          case "refused":
          case "released":
            return change(row, "released", fields, null, stamp)
          case "intent":
          case "in-doubt":
            return Effect.succeed(row.epoch)
        }
      }
      const isSame = to === "submitted" && row.ticket?.scanId === fields.ticket?.scanId
      return isSame ? Effect.succeed(row.epoch) : Effect.fail(errorOf("lost", claimId))
    }

    const mustBeNobodys = (ticket: ScanTicket, claimId: string): Effect.Effect<void, SqlError | JournalError> =>
      Effect.flatMap(
        sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims WHERE scan_id = ${ticket.scanId}
          AND vendor = ${ticket.vendor} AND origin = ${ticket.origin} AND account = ${ticket.account}
          AND claim_id <> ${claimId} LIMIT 1`,
        ([other]) =>
          other === undefined
            ? Effect.void
            : Effect.fail(errorOf("conflict", `that scan belongs to claim ${other.claim_id}`))
      )

    // ---- claims

    // What an open row means for whoever wants the same. Null when its submitter is gone and has to be buried first.
    const standing = (row: ClaimRow, all: ReadonlyArray<OwnerRow>): Effect.Effect<Claim | null, JournalError> => {
      const { claimId } = row
      switch (row.state) {
        case "intent": {
          const ours = submitting.get(claimId)
          if (ours !== undefined && row.owner === me) {
            return Effect.succeed({ _tag: "Busy", claimId, changed: Deferred.await(ours) })
          }
          const owner = all.find((each) => each.owner_id === row.owner)
          // A claim of ours that nobody here submits: its answer could not be stored.
          const gone = owner === undefined || row.owner === me || isGone(owner)
          return Effect.succeed(gone ? null : { _tag: "Busy", claimId, changed: watch(row) })
        }
        case "submitted":
          return row.ticket === null
            ? Effect.fail(unreadable(claimId))
            : Effect.succeed({ _tag: "InFlight", claimId, ticket: row.ticket, notBefore: row.notBefore })
        case "in-doubt":
          return Effect.succeed({ _tag: "InDoubt", claimId, since: row.changedAt })
        case "settled":
        case "refused":
        case "released":
          return Effect.succeed(null)
      }
    }

    const find = (hash: string, reuseFrom: number): Effect.Effect<Claim | null, SqlError | JournalError> =>
      Effect.gen(function* () {
        const row = yield* openOf(hash)
        if (row !== null) {
          const found = yield* standing(row, row.state === "intent" ? yield* owners : [])
          return found ?? ({ _tag: "InDoubt", claimId: row.claimId, since: row.claimedAt } as const)
        }
        const now = yield* Clock.currentTimeMillis
        const settled = yield* settledOf(hash, reuseFrom, now + clockSkew)
        // The newest settled one decides: an older answer is out of date, whatever came of the newer scan.
        if (settled === null || !ScanJournal.isReusable(settled.outcome)) return null
        return { _tag: "Settled", claimId: settled.claimId, outcome: settled.outcome, at: settled.changedAt } as const
      })

    const claim: Operations["claim"] = (key, wanted) =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          const hash = keyHash(key)
          const claimId = yield* ScanJournal.makeClaimId
          if (wanted.peek === true) {
            return (yield* store.read(find(hash, wanted.reuseFrom))) ?? ({ _tag: "Fresh", claimId } as const)
          }
          yield* buryGone
          const now = yield* Clock.currentTimeMillis
          const found = yield* store.write((stamp) =>
            Effect.gen(function* () {
              yield* stay
              const known = yield* find(hash, wanted.reuseFrom)
              if (known !== null) {
                // The claim just made, whose answer was lost.
                return known.claimId === claimId ? null : known
              }
              const request: unknown = wanted.request ?? null
              const { kind = null, subject } = wanted
              yield* insert({ claimId, key, subject, owner: me, stamp, now, state: "intent", request, kind })
              return null
            })
          )
          if (found !== null) return found
          hold(claimId, 1)
          submitting.set(claimId, Deferred.makeUnsafe<void>())
          return { _tag: "Fresh", claimId } as const
        })
      )

    const adopt: Operations["adopt"] = (ticket, subject) =>
      Effect.gen(function* () {
        const claimId = yield* ScanJournal.makeClaimId
        const now = yield* Clock.currentTimeMillis
        return yield* store.write((stamp) =>
          Effect.gen(function* () {
            const rows = yield* sql`SELECT * FROM scanpoll_claims WHERE scan_id = ${ticket.scanId}
              AND vendor = ${ticket.vendor} AND origin = ${ticket.origin} AND account = ${ticket.account}
              AND state IN ('submitted', 'settled')
              ORDER BY CASE WHEN state = 'submitted' THEN 0 ELSE 1 END, changed_at DESC, claim_id DESC LIMIT 1`
            const known = yield* one(rows)
            if (known !== null && known.ticket !== null) {
              return known.state === "settled"
                ? ({ _tag: "Settled", claimId: known.claimId, outcome: known.outcome, at: known.changedAt } as const)
                : ({
                    _tag: "InFlight",
                    claimId: known.claimId,
                    ticket: known.ticket,
                    notBefore: known.notBefore
                  } as const)
            }
            const key = ScanJournal.adoptedKey(ticket)
            yield* insert({ claimId, key, subject, owner: null, stamp, now, state: "submitted", ticket })
            return { _tag: "InFlight", claimId, ticket, notBefore: 0 } as const
          })
        )
      })

    // ---- holding

    const troubled = (error: JournalError): void => {
      if (ScanJournal.mayHeal(error)) store.declare(error)
      else loseAll(error)
    }

    const beatLock = yield* Semaphore.make(1)
    const beatNow: Effect.Effect<void> = beatLock.withPermit(
      Effect.suspend(() =>
        isFresh() ? Effect.void : Effect.catch(store.writeOnce(beat), (error) => Effect.sync(() => troubled(error)))
      )
    )

    const readyFor = (claimId: string, mine: Held): Effect.Effect<void> =>
      Effect.suspend(() => {
        // Whoever lost the claim is told so elsewhere, and polls no more.
        if (held.get(claimId) !== mine) return Effect.never
        if (store.isSick()) return Effect.andThen(store.well, readyFor(claimId, mine))
        return isFresh() ? Effect.void : Effect.andThen(beatNow, readyFor(claimId, mine))
      })

    const lapsed = Effect.suspend(() => (leftOfLease() > 0 ? Deferred.await(lapse) : Effect.void))
    class Guard implements HoldGuard {
      private readonly claimId: string
      private readonly mine: Held

      constructor(claimId: string, mine: Held) {
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
        return lapsed
      }
    }
    const guardOf = (claimId: string, mine: Held): HoldGuard => new Guard(claimId, mine)

    const take: Operations["take"] = (claimId) =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          const before = yield* mustBeThere(yield* store.read(peekById(claimId)), claimId)
          if (before.owner !== null && before.owner !== me) yield* buryGone
          const taken = yield* store.write((stamp) =>
            Effect.gen(function* () {
              yield* stay
              const row = yield* mustBeThere(yield* byId(claimId), claimId)
              if (row.state !== "submitted") return { row, epoch: null }
              if (!polls) {
                if (row.owner !== me) return { row, epoch: null }
                yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
                  WHERE claim_id = ${claimId}`
                return { row: { ...row, owner: null, epoch: row.epoch + 1 }, epoch: null }
              }
              if (row.stamp === stamp && row.owner === me) return { row, epoch: row.epoch }
              if (row.owner !== null && row.owner !== me) {
                const others = yield* owners
                if (others.some((each) => each.owner_id === row.owner)) return { row, epoch: null }
              }
              const known = held.get(claimId)
              if (row.owner === me && known !== undefined && known.epoch === row.epoch) {
                return { row, epoch: row.epoch }
              }
              const rows = yield* sql<{ epoch: number }>`UPDATE scanpoll_claims SET owner = ${me}, epoch = epoch + 1,
                stamp = ${stamp} WHERE claim_id = ${claimId} RETURNING epoch`
              return { row, epoch: rows[0]?.epoch ?? row.epoch + 1 }
            })
          )
          const { epoch, row } = taken
          if (row.state !== "submitted") return { _tag: "Over", entry: toEntry(row, null) } satisfies Hold
          if (epoch === null) {
            if (!polls) release(claimId)
            return { _tag: "Theirs", notBefore: row.notBefore, changed: watch(row) } satisfies Hold
          }
          if (row.ticket === null) return yield* unreadable(claimId)
          leaves.delete(claimId)
          const known = held.get(claimId)
          const mine = known !== undefined && known.epoch === epoch ? known : hold(claimId, epoch)
          const until = waits.get(claimId)?.until ?? row.notBefore
          return { _tag: "Ours", ticket: row.ticket, notBefore: until, guard: guardOf(claimId, mine) } satisfies Hold
        })
      )

    // Whether claims may have been taken without this process knowing of it: the answer never came.
    let isUnsure = false
    const freeStrays = store.write((stamp) =>
      Effect.gen(function* () {
        const mine = yield* sql<{ claim_id: string }>`SELECT claim_id FROM scanpoll_claims
          WHERE owner = ${me} AND state = 'submitted'`
        const strays = mine.flatMap(({ claim_id }) => (held.has(claim_id) ? [] : [claim_id]))
        for (const ids of chunksOf(strays)) {
          yield* sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
            WHERE claim_id IN ${sql.in(ids)} AND owner = ${me} AND state = 'submitted'`
        }
      })
    )

    const takeFree: Sharing["takeFree"] = (wanted) =>
      Effect.uninterruptible(
        Effect.gen(function* () {
          if (isUnsure) yield* freeStrays
          isUnsure = false
          if (wanted.slices.length === 0 || wanted.accounts.length === 0 || wanted.limit < 1) return []
          const some = wanted.slices.length < wanted.of
          const inSlices = some ? sql`right(claim_id, 2) IN ${sql.in(tailsOf(wanted.slices, wanted.of))}` : sql`TRUE`
          const ofAccounts = sql.or(
            wanted.accounts.map(
              ({ account, origin, vendor }) => sql`(vendor = ${vendor} AND origin = ${origin} AND account = ${account})`
            )
          )
          let tries = 0
          const rows = yield* store.write((stamp) =>
            Effect.gen(function* () {
              yield* stay
              // The claims just taken, where the answer to that was lost. All that this process holds is gone through.
              if (++tries > 1) {
                const before = yield* sql`SELECT * FROM scanpoll_claims WHERE owner = ${me} AND stamp = ${stamp}`
                if (before.length > 0) return before
              }
              // Where many were free a moment ago, the planner hopes to meet some soon by reading all there are.
              yield* sql`SET LOCAL enable_seqscan = off`
              yield* sql`SET LOCAL enable_bitmapscan = off`
              return yield* sql`UPDATE scanpoll_claims SET owner = ${me}, epoch = epoch + 1, stamp = ${stamp}
                WHERE claim_id IN (
                  SELECT claim_id FROM scanpoll_claims
                  WHERE state = 'submitted' AND owner IS NULL AND not_before < ${wanted.dueBefore}
                    AND ${inSlices} AND ${ofAccounts}
                  LIMIT ${Math.floor(wanted.limit)} FOR UPDATE SKIP LOCKED)
                RETURNING *`
            })
          )
          const taken: Array<Taken> = []
          for (const row of rows) {
            const read = readClaim(row)
            if (read === null || read.ticket === null) {
              yield* Effect.logWarning(
                `a claim cannot be read and is polled by nobody: ${String(Object(row).claim_id)}`
              )
              continue
            }
            const { claimId, epoch, notBefore, ticket } = read
            leaves.delete(claimId)
            const mine = hold(claimId, epoch)
            taken.push({
              entry: toEntry(read, here.label),
              hold: { _tag: "Ours", ticket, notBefore, guard: guardOf(claimId, mine) }
            })
          }
          return taken
        }).pipe(
          Effect.tapError(() =>
            Effect.sync(() => {
              isUnsure = true
            })
          )
        )
      )

    // ---- reading

    const entriesOf = (rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<ClaimEntry>, SqlError> =>
      Effect.gen(function* () {
        const all = yield* owners
        const entries: Array<ClaimEntry> = []
        for (const row of rows) {
          const read = readClaim(row)
          if (read === null) {
            yield* Effect.logWarning(
              `a row of the journal cannot be read and is left out: ${String(Object(row).claim_id)}`
            )
            continue
          }
          const owner = all.find((each) => each.owner_id === read.owner)
          const living = owner !== undefined && !isGone(owner)
          const doubtful = read.state === "intent" && !living
          entries.push(
            toEntry(
              doubtful ? { ...read, state: "in-doubt", reason: goneReason } : read,
              living && (read.state === "intent" || read.state === "submitted") ? owner.label : null
            )
          )
        }
        return entries
      })

    const get: Operations["get"] = (claimId) =>
      store.read(
        Effect.gen(function* () {
          const rows = yield* sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`
          const [entry] = yield* entriesOf(rows)
          return entry ?? (rows.length === 0 ? null : yield* unreadable(claimId))
        })
      )

    const list: Operations["list"] = (states) =>
      Effect.gen(function* () {
        if (states.length === 0) return []
        const wanted: ReadonlyArray<ClaimState> = states.includes("in-doubt") ? [...states, "intent"] : states
        const entries = yield* store.read(
          Effect.flatMap(
            sql`SELECT * FROM scanpoll_claims WHERE state IN ${sql.in([...new Set(wanted)])}
              ORDER BY claimed_at, claim_id`,
            entriesOf
          )
        )
        return entries.filter((entry) => states.includes(entry.state))
      })

    const history: Operations["history"] = (filter) => {
      if (filter.states?.length === 0) return Effect.succeed([])
      const parts = [
        sql`state IN ${sql.in([...(filter.states ?? ["settled"])])}`,
        ...(filter.vendor === undefined ? [] : [sql`vendor = ${filter.vendor}`]),
        ...(filter.account === undefined ? [] : [sql`account = ${filter.account}`]),
        ...(filter.key === undefined ? [] : [sql`key_hash = ${keyHash(filter.key)}`]),
        ...(filter.subject === undefined ? [] : [sql`subject_hash = ${subjectHash(filter.subject)}`]),
        ...(filter.before === undefined ? [] : [sql`changed_at < ${filter.before}`])
      ]
      const limit = Waits.clamp(Math.floor(filter.limit ?? 100), 1, historyLimit)
      return store.read(
        Effect.flatMap(
          sql`SELECT * FROM scanpoll_claims WHERE ${sql.and(parts)}
            ORDER BY changed_at DESC, claim_id DESC LIMIT ${limit}`,
          entriesOf
        )
      )
    }

    const scanIds: Operations["scanIds"] = (account) =>
      store.read(
        Effect.map(
          sql<{ scan_id: string }>`SELECT scan_id FROM scanpoll_claims WHERE vendor = ${account.vendor}
            AND origin = ${account.origin} AND account = ${account.account} AND scan_id IS NOT NULL`,
          (rows) => new Set(rows.map((row) => row.scan_id))
        )
      )

    const pauses: Operations["pauses"] = store.read(
      Effect.map(
        sql<{ vendor: string; origin: string; account: string; paused_until: number }>`
          SELECT vendor, origin, account, paused_until FROM scanpoll_pauses`,
        (rows) =>
          rows
            .filter(({ paused_until }) => Number.isFinite(paused_until))
            .map(({ account, origin, paused_until, vendor }): Pause => ({
              vendor,
              origin,
              account,
              until: paused_until
            }))
      )
    )

    const lessons: Operations["lessons"] = store.read(
      Effect.map(sql`SELECT * FROM scanpoll_lessons ORDER BY learned_at`, (rows) =>
        rows.map(readLesson).filter((lesson) => lesson !== null)
      )
    )

    const purge: Operations["purge"] = ({ before }) =>
      store.write(() =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          yield* sql`DELETE FROM scanpoll_pauses WHERE paused_until < ${now}`
          yield* sql`DELETE FROM scanpoll_lessons WHERE learned_at < ${before}`
          const rows = yield* sql`DELETE FROM scanpoll_claims WHERE state IN ('settled', 'refused', 'released')
            AND changed_at < ${before} RETURNING claim_id`
          return rows.length
        })
      )

    // ---- life

    yield* store.read(Effect.provideService(migrate(), SqlClient.SqlClient, sql))
    isOpen = true
    yield* store.write((stamp) =>
      Effect.gen(function* () {
        yield* register
        // What is held by nobody that is known is held by nobody.
        const rows = yield* sql<{ owner: string }>`SELECT DISTINCT owner FROM scanpoll_claims
          WHERE owner IS NOT NULL AND owner NOT IN (SELECT owner_id FROM scanpoll_owners)`
        for (const { owner } of rows) yield* free(owner, stamp)
      })
    )
    yield* buryGone

    // Ends this process's part in one go, as well as it can be done at the end.
    yield* Effect.addFinalizer(() =>
      Effect.ignore(
        store.writeLast(
          Effect.gen(function* () {
            const stamp = `${me}-end`
            yield* gatheredWrites(stamp)
            yield* free(me, stamp)
            yield* sql`DELETE FROM scanpoll_owners WHERE owner_id = ${me}`
          })
        )
      )
    )

    const rounds = <E>(every: number, effect: Effect.Effect<unknown, E>): Effect.Effect<never> =>
      Effect.forever(Effect.andThen(Effect.sleep(Duration.millis(every)), Effect.ignore(effect)))

    const beating = Effect.andThen(
      Effect.catch(store.writeOnce(beat), (error) => Effect.sync(() => troubled(error))),
      buryGone
    )
    yield* Effect.forkScoped(rounds(heartbeat, beating))
    yield* Effect.forkScoped(lapsing)
    yield* Effect.forkScoped(rounds(watchEvery, Effect.andThen(watching.await, lookAtWatched)))
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.gen(function* () {
          yield* gathered.await
          yield* Effect.sleep(Duration.millis(gather))
          gathered.closeUnsafe()
          yield* Effect.catch(flush, () => Effect.sync(() => gathered.openUnsafe()))
        })
      )
    )

    return {
      claim,
      adopt,
      take,
      submitted: (claimId, ticket, notBefore) => move(claimId, "submitted", { ticket, notBefore }),
      settled: (claimId, outcome, ticket) => move(claimId, "settled", { outcome, ticket }),
      inDoubt: (claimId, reason) => move(claimId, "in-doubt", { reason }),
      refused: (claimId, reason) => move(claimId, "refused", { reason }),
      released: (claimId) => move(claimId, "released", {}),
      leave: (claimId) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        held.delete(claimId)
        const waiting = submitting.get(claimId)
        submitting.delete(claimId)
        ;(waiting === undefined ? leaves : doubts).set(claimId, mine.epoch)
        if (waiting !== undefined) Deferred.doneUnsafe(waiting, Effect.void)
        gathered.openUnsafe()
      },
      waiting: (claimId, notBefore) => {
        const mine = held.get(claimId)
        if (mine === undefined || !Number.isFinite(notBefore)) return
        waits.set(claimId, { epoch: mine.epoch, until: notBefore })
        gathered.openUnsafe()
      },
      paused: (account, until) => {
        const text = Account.key(account)
        if (!(until > (pausing.get(text)?.until ?? 0))) return
        pausing.set(text, { ...Account.of(account), until })
        gathered.openUnsafe()
      },
      pauses,
      learned: (lesson) => {
        taught.set(lessonKey(lesson), { lesson, at: clock.currentTimeMillisUnsafe() })
        gathered.openUnsafe()
      },
      lessons,
      get,
      list,
      history,
      scanIds,
      purge,
      takeFree,
      isWell: () => !store.isSick(),
      flushed
    } satisfies Operations & Sharing
  })

/**
 * The operations of a journal, for as long as the scope. The schema is brought up to date first; when the scope closes,
 * everything this process holds is let go.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (options?: Options) => Effect.Effect<Operations, JournalError, SqlClient.SqlClient | Scope.Scope> =
  makeShared

/**
 * The journal as a layer over a `SqlClient`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ScanJournal.ScanJournal, JournalError, SqlClient.SqlClient> =>
  Layer.effect(ScanJournal.ScanJournal, make(options))
