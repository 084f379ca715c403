// Runs transactions. May touch: the database, through what it is given to run. Law: none can hang, a write whose answer
// was lost is run again with the stamp of its first try (by which it recognises itself), and while the database does not answer
// nobody tries but the probe.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { type JournalError, mayHeal } from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import { errorOf, failureIn, faultOf, ofSqlError } from "./faults.ts"
import * as Healths from "./health.ts"

export interface StoreOptions {
  // How long an operation waits for trouble to heal, in milliseconds.
  readonly patience: number
  // How long a transaction may take, in milliseconds.
  readonly limit: number
  // How long trouble may last before the holders of claims are told to give up, in milliseconds.
  readonly outage: number
}

export interface Store {
  readonly read: <A>(effect: Effect.Effect<A, SqlError | JournalError>) => Effect.Effect<A, JournalError>
  readonly write: <A>(
    body: (stamp: string) => Effect.Effect<A, SqlError | JournalError>
  ) => Effect.Effect<A, JournalError>
  // A single statement, once, without patience and within `atMost` milliseconds. No transaction: that takes two more trips to
  // the database.
  readonly statement: <A>(
    effect: Effect.Effect<A, SqlError | JournalError>,
    atMost: number
  ) => Effect.Effect<A, JournalError>
  // As `write`, once and without patience: at the end of the process, with a limit that nobody notices.
  readonly writeLast: <A>(effect: Effect.Effect<A, SqlError | JournalError>) => Effect.Effect<A, JournalError>
  readonly isSick: () => boolean
  // Ends when the store is well.
  readonly well: Effect.Effect<void>
  // A failure outside of `read` and `write`, such as a heartbeat's, is trouble all the same.
  readonly declare: (error: JournalError) => void
}

// The loser must be interruptible, also where the caller is not.
const race = <A, B>(one: Effect.Effect<A>, other: Effect.Effect<B>): Effect.Effect<A | B> =>
  Effect.raceFirst(Effect.interruptible(one), Effect.interruptible(other))

const mostTries = 20
const lastLimit = 2_000

// What may end the journal for good.
export interface Ending {
  // Costs no statement; null where nothing speaks against the journal.
  readonly look: () => JournalError | null
  readonly explain: (error: SqlError | JournalError) => SqlError | JournalError
  // Runs once, before the first operation fails because of it.
  readonly onEnd: (error: JournalError) => Effect.Effect<void>
}

const toJournal = (error: SqlError | JournalError): JournalError => (isSqlError(error) ? ofSqlError(error) : error)

/**
 * Whether a journal's statements have spans of their own. There are many to each poll, so they are off by default.
 *
 * @category constants
 * @since 0.2.0
 */
export const SqlSpans: Context.Reference<boolean> = Context.Reference("@scanpoll/journal/SqlSpans", {
  defaultValue: () => false
})

// Detached, so that neither an interrupt nor a database that does not answer can keep the caller waiting.
const bounded = <A, E>(
  effect: Effect.Effect<A, E | SqlError>,
  limit: number
): Effect.Effect<A, E | SqlError | JournalError> =>
  Effect.gen(function* () {
    const told = (yield* SqlSpans) ? effect : Effect.withTracerEnabled(effect, false)
    const fiber = yield* Effect.forkDetach(Effect.interruptible(told), {
      startImmediately: true,
      uninterruptible: false
    })
    const late = Effect.as(Effect.sleep(Duration.millis(limit)), null)
    const exit = fiber.pollUnsafe() ?? (yield* race(Fiber.await(fiber), late))
    if (exit === null) {
      yield* Effect.forkDetach(Fiber.interrupt(fiber))
      return yield* errorOf("unknown", "it did not answer in time")
    }
    if (Exit.isSuccess(exit)) return exit.value
    const failure = failureIn(exit.cause)
    return failure === null ? yield* Effect.failCause(exit.cause) : yield* Effect.fail(failure)
  })

// Reads without a store: for a journal that is only looked at.
export const readOnce = <A>(
  effect: Effect.Effect<A, SqlError | JournalError>,
  limit: number
): Effect.Effect<A, JournalError> => Effect.mapError(bounded(effect, limit), toJournal)

// Tries until it succeeds, or fails for good, or the patience is over.
const patiently = <A>(
  health: Healths.Health,
  attempt: Effect.Effect<A, SqlError | JournalError>,
  now: () => number,
  patience: number
): Effect.Effect<A, JournalError> =>
  Effect.gen(function* () {
    const until = now() + patience
    let undone = 0
    for (;;) {
      const trouble = health.trouble()
      if (trouble !== null) {
        const left = until - now()
        if (left <= 0) return yield* trouble
        const isHealed = yield* race(
          Effect.as(health.well, true),
          Effect.as(Effect.sleep(Duration.millis(Math.ceil(left))), false)
        )
        if (!isHealed) return yield* trouble
      }
      const result = yield* Effect.result(attempt)
      if (result._tag === "Success") return result.success
      const { failure } = result
      if (isSqlError(failure) && faultOf(failure) === "again") {
        if (++undone >= mostTries) return yield* errorOf("busy", failure.message, failure)
        yield* Effect.yieldNow
        continue
      }
      const error = toJournal(failure)
      if (!mayHeal(error)) return yield* error
      health.declare(error)
      if (now() >= until) return yield* error
    }
  })

// Once the journal has ended, every operation fails like the first one that noticed.
const untilEnded = ({ explain, onEnd }: Ending) => {
  let end: JournalError | null = null
  const ended = (): JournalError | null => end
  const endWith = (error: JournalError): Effect.Effect<never, JournalError> =>
    Effect.suspend(() => {
      if (end !== null) return Effect.fail(end)
      end = error
      return Effect.andThen(onEnd(error), Effect.fail(error))
    })
  // `look` is asked after the attempt: what it kept may lie in a file that no longer has a name.
  const unlessEnded = <A>(
    attempt: Effect.Effect<A, SqlError | JournalError>,
    look: () => JournalError | null
  ): Effect.Effect<A, SqlError | JournalError> =>
    Effect.suspend(() => {
      if (end !== null) return Effect.fail(end)
      return attempt.pipe(
        Effect.catch((error) => {
          const meant = look() ?? explain(error)
          return !isSqlError(meant) && meant.reason === "replaced" ? endWith(meant) : Effect.fail(meant)
        }),
        Effect.flatMap((value) => {
          const error = look()
          return error === null ? Effect.succeed(value) : endWith(error)
        })
      )
    })
  return { ended, unlessEnded }
}

export const make = (
  sql: SqlClient,
  options: StoreOptions,
  parts: {
    readonly name: string
    // A small write that shows whether the database can be written again.
    readonly probe: Effect.Effect<void, SqlError | JournalError>
    readonly onOutage: (error: JournalError) => void
    readonly ending: Ending
  }
): Effect.Effect<Store, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Effect.service(Clock.Clock)
    const now = (): number => SteadyClock.nowUnsafe(clock)
    const { limit, outage, patience } = options
    let writes = 0
    const { ended, unlessEnded } = untilEnded(parts.ending)
    const transaction = <A>(body: Effect.Effect<A, SqlError | JournalError>, atMost = limit) =>
      unlessEnded(bounded(sql.withTransaction(body), atMost), parts.ending.look)
    const outside = <A>(effect: Effect.Effect<A, SqlError | JournalError>, atMost: number) =>
      unlessEnded(bounded(effect, Math.min(limit, atMost)), parts.ending.look)
    const health = yield* Healths.make({
      now,
      outage,
      onOutage: parts.onOutage,
      probe: Effect.map(Effect.exit(outside(parts.probe, limit)), Exit.isSuccess)
    })
    yield* Effect.forkScoped(health.run)

    return {
      // Much that keeps a database from being written lets it be read.
      read: (effect) =>
        Effect.suspend(() => {
          const attempt = unlessEnded(bounded(effect, limit), ended)
          return Effect.catch(Effect.mapError(attempt, toJournal), (error) =>
            mayHeal(error) ? patiently(health, attempt, now, patience) : Effect.fail(error)
          )
        }),
      write: (body) =>
        Effect.suspend(() => {
          const stamp = `${parts.name}-${++writes}`
          return patiently(health, transaction(body(stamp)), now, patience)
        }),
      statement: (effect, atMost) => Effect.mapError(outside(effect, atMost), toJournal),
      writeLast: (effect) => Effect.mapError(transaction(effect, Math.min(limit, lastLimit)), toJournal),
      isSick: () => health.trouble() !== null,
      well: health.well,
      declare: health.declare
    } satisfies Store
  })
