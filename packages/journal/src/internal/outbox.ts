// Small writes that can be lost without harm, gathered and committed together: next poll times, what polls saw, claims left,
// pauses, lessons, rows of runs. What is gathered is `gathered.ts`, how it is written `smallWrites.ts`. Touches nothing else. Law:
// nothing waits for them.
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { lessonKey } from "@scanpoll/core/engine/DurationModel"
import type * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Dialect } from "./dialect.ts"
import { type Batch, Gathered, pauseKey, type Row } from "./gathered.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { Notices } from "./notices.ts"
import type { Owners } from "./owners.ts"
import { writerOf } from "./smallWrites.ts"
import type { Store } from "./store.ts"

export interface Outbox extends Pick<
  ScanJournal.Operations,
  "leave" | "waiting" | "faulted" | "polled" | "paused" | "denied" | "learned"
> {
  // The next poll time that is not stored yet.
  readonly waitOf: (claimId: string) => number | undefined
  // The claim is held again: it is not left after all.
  readonly keep: (claimId: string) => void
  // The claim is over for this process.
  readonly release: (claimId: string) => void
  readonly row: (runId: string, index: number, change: Partial<Pick<Row, "claimId" | "end">>) => void
  // Writes the rows of a run in the current transaction, forgetting nothing; and forgets them, once that is committed.
  readonly writeRows: (runId: string) => Effect.Effect<unknown, SqlError>
  readonly rowsWritten: (runId: string) => void
  // Writes all of it in the current transaction, forgetting nothing.
  readonly writeRest: (stamp: string) => Effect.Effect<unknown, SqlError>
  // This process holds nothing any more: what was gathered about the claims it held has no use.
  readonly forget: () => void
  // Ends when everything gathered until now is written, or cannot be.
  readonly flushed: Effect.Effect<void>
  // Writes what comes, for ever.
  readonly run: Effect.Effect<never>
}

// Small writes are gathered for this long, in milliseconds; what others may wait for, shorter.
const gatherFor = 250
const gatherUrgentFor = 20

// `wake`: something was gathered. `hurry`: somebody waits until it is written.
interface Latches {
  readonly wake: Latch.Latch
  readonly hurry: Latch.Latch
}

// How the gathered is written: all of it in one transaction after the other, for as long as there is some.
const writing = (
  gathered: Gathered,
  store: Store,
  { hurry, wake }: Latches,
  writeBatch: (stamp: string) => Effect.Effect<Batch, SqlError>
): Pick<Outbox, "flushed" | "run"> => {
  const flush: Effect.Effect<void, ScanJournal.JournalError> = Effect.suspend(() =>
    gathered.isEmpty()
      ? Effect.void
      : Effect.map(store.write(writeBatch), (batch) => {
          gathered.remove(batch)
          if (!gathered.isEmpty()) wake.openUnsafe()
          // More than one transaction takes.
          if (gathered.leaves.size > 0) hurry.openUnsafe()
        })
  )

  const flushed: Effect.Effect<void> = Effect.suspend(() => {
    if (gathered.isEmpty() || store.isSick()) return Effect.void
    hurry.openUnsafe()
    return Effect.andThen(
      Effect.sleep(Duration.millis(gatherUrgentFor)),
      Effect.suspend(() => flushed)
    )
  })

  const run = Effect.forever(
    Effect.gen(function* () {
      yield* wake.await
      yield* Effect.sleep(Duration.millis(gatherUrgentFor))
      yield* Effect.raceFirst(Effect.sleep(Duration.millis(gatherFor - gatherUrgentFor)), hurry.await)
      wake.closeUnsafe()
      hurry.closeUnsafe()
      yield* Effect.catch(flush, () => Effect.sync(() => wake.openUnsafe()))
    })
  )
  return { flushed, run }
}

export const make = (parts: {
  readonly sql: SqlClient
  readonly dialect: Dialect
  readonly store: Store
  readonly owners: Pick<Owners, "me">
  readonly held: HeldClaims
  readonly notices: Notices
  readonly clock: Clock.Clock
  // Names this process, for people.
  readonly label: string
}): Effect.Effect<Outbox> =>
  Effect.gen(function* () {
    const { clock, held, notices, store } = parts
    const gathered = new Gathered()
    const now = (): number => Math.floor(SteadyClock.nowUnsafe(clock))
    const wake = yield* Latch.make(false)
    const hurry = yield* Latch.make(false)
    const wakeAtOnce = (): void => {
      wake.openUnsafe()
      hurry.openUnsafe()
    }
    const { write, writeRows } = writerOf(parts.sql, parts.dialect, parts.owners.me, notices)

    const writeBatch = (stamp: string): Effect.Effect<Batch, SqlError> =>
      Effect.suspend(() => {
        const batch = gathered.nextBatch()
        return Effect.as(write(batch, stamp), batch)
      })

    return {
      leave: (claimId) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        const wasSubmitting = held.isSubmitting(claimId)
        ;(wasSubmitting ? gathered.doubts : gathered.leaves).set(claimId, mine.epoch)
        held.release(claimId)
        wakeAtOnce()
      },
      waiting: (claimId, notBefore) => {
        const mine = held.get(claimId)
        if (mine === undefined || !Number.isFinite(notBefore)) return
        gathered.waits.set(claimId, { epoch: mine.epoch, until: Math.ceil(notBefore), at: now() })
        wake.openUnsafe()
      },
      faulted: (claimId, fault) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        gathered.faults.set(claimId, {
          epoch: mine.epoch,
          fault: fault === null ? null : { ...fault, by: parts.label }
        })
        wake.openUnsafe()
      },
      polled: (claimId, note) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        gathered.polled(claimId, mine.epoch, note)
        wake.openUnsafe()
      },
      paused: (account, until, kind) => {
        const key = pauseKey(account, kind)
        if (!(until > (gathered.pauses.get(key)?.until ?? 0))) return
        gathered.pauses.set(key, { ...Account.of(account), until, at: now(), ...(kind === undefined ? {} : { kind }) })
        wakeAtOnce()
      },
      denied: (account, { code, message }) => {
        if (!notices.isOn) return
        const at = clock.currentTimeMillisUnsafe()
        gathered.denials.set(Account.key(account), { account: Account.of(account), code, message, at })
        wake.openUnsafe()
      },
      learned: (lesson) => {
        gathered.lessons.set(lessonKey(lesson), { lesson, at: clock.currentTimeMillisUnsafe() })
        wake.openUnsafe()
      },
      waitOf: (claimId) => gathered.waits.get(claimId)?.until,
      keep: (claimId) => {
        gathered.leaves.delete(claimId)
      },
      release: (claimId) => {
        gathered.waits.delete(claimId)
        gathered.faults.delete(claimId)
        gathered.settlePolls(claimId)
        held.release(claimId)
      },
      forget: () => {
        for (const each of [gathered.waits, gathered.leaves, gathered.faults]) each.clear()
      },
      row: (runId, index, change) => {
        gathered.row(runId, index, change)
        wakeAtOnce()
      },
      writeRows: (runId) => Effect.suspend(() => writeRows(gathered.rowsOf(runId))),
      rowsWritten: (runId) => {
        for (const [name] of gathered.rowsOf(runId)) gathered.rows.delete(name)
      },
      writeRest: writeBatch,
      ...writing(gathered, store, { wake, hurry }, writeBatch)
    } satisfies Outbox
  })
