// Runs transactions, and knows whether the database can be written.
//
// The first trouble that may heal makes the store sick: from then on nobody tries on his own, one probe does, and all
// others wait for it, each for as long as his own patience lasts. A transaction whose fate is unknown is run again with
// the stamp of the first try, by which its own write is recognised. None can hang: past its limit it is left behind.
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import { type JournalError, mayHeal } from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/time/SteadyClock"
import { errorOf, failureIn, faultOf } from "./faults.ts"

export interface StoreOptions {
  // How long an operation waits for trouble to heal, in milliseconds.
  readonly patience: number
  // How long a transaction may take, in milliseconds.
  readonly limit: number
  // How long trouble may last before whoever holds a claim is told to give up, in milliseconds.
  readonly outage: number
}

export interface Store {
  readonly read: <A>(effect: Effect.Effect<A, SqlError | JournalError>) => Effect.Effect<A, JournalError>
  readonly write: <A>(
    body: (stamp: string) => Effect.Effect<A, SqlError | JournalError>
  ) => Effect.Effect<A, JournalError>
  // As `write`, once and without patience; at the end of the process, with a limit that nobody notices.
  readonly writeOnce: <A>(effect: Effect.Effect<A, SqlError | JournalError>) => Effect.Effect<A, JournalError>
  readonly writeLast: <A>(effect: Effect.Effect<A, SqlError | JournalError>) => Effect.Effect<A, JournalError>
  readonly isSick: () => boolean
  // Ends when the store is well.
  readonly well: Effect.Effect<void>
  // Whatever failed outside, such as a batch of small writes, is trouble all the same.
  readonly declare: (error: JournalError) => void
}

// The loser must be interruptible, also where the caller is not.
const race = <A, B>(one: Effect.Effect<A>, other: Effect.Effect<B>): Effect.Effect<A | B> =>
  Effect.raceFirst(Effect.interruptible(one), Effect.interruptible(other))

const mostTries = 20
const lastLimit = 2_000
const firstProbe = 20
const slowestProbe = 250

export const make = (
  sql: SqlClient,
  options: StoreOptions,
  parts: {
    readonly name: string
    // A small write that shows whether the database can be written again.
    readonly probe: Effect.Effect<void, SqlError | JournalError>
    readonly onOutage: (error: JournalError) => void
  }
): Effect.Effect<Store, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Effect.service(Clock.Clock)
    const now = (): number => SteadyClock.nowUnsafe(clock)
    let sickness: { readonly error: JournalError; readonly healed: Deferred.Deferred<void> } | null = null
    const wake = yield* Latch.make(false)
    let writes = 0

    const declare = (error: JournalError): void => {
      if (sickness !== null) return
      sickness = { error, healed: Deferred.makeUnsafe<void>() }
      wake.openUnsafe()
    }

    const toJournal = (error: SqlError | JournalError): JournalError => {
      if (!isSqlError(error)) return error
      const fault = faultOf(error)
      return errorOf(fault === "again" ? "conflict" : fault, error.message, error)
    }

    // Detached, so that neither an interrupt nor a database that says nothing can keep the caller waiting.
    const bounded = <A, E>(
      effect: Effect.Effect<A, E | SqlError>,
      limit: number = options.limit
    ): Effect.Effect<A, E | SqlError | JournalError> =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkDetach(Effect.interruptible(effect), {
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

    const patiently = <A>(
      effect: Effect.Effect<A, SqlError | JournalError>,
      patience: number
    ): Effect.Effect<A, JournalError> =>
      Effect.gen(function* () {
        const until = now() + patience
        let undone = 0
        for (;;) {
          if (sickness !== null) {
            const { error, healed } = sickness
            const left = until - now()
            if (left <= 0) return yield* error
            const isHealed = yield* race(
              Effect.as(Deferred.await(healed), true),
              Effect.as(Effect.sleep(Duration.millis(Math.ceil(left))), false)
            )
            if (!isHealed) return yield* error
          }
          const result = yield* Effect.result(bounded(effect))
          if (result._tag === "Success") return result.success
          const { failure } = result
          if (isSqlError(failure) && faultOf(failure) === "again") {
            if (++undone >= mostTries) return yield* errorOf("busy", failure.message, failure)
            yield* Effect.yieldNow
            continue
          }
          const error = toJournal(failure)
          if (!mayHeal(error)) return yield* error
          declare(error)
          if (now() >= until) return yield* error
        }
      })

    const probing = Effect.gen(function* () {
      for (;;) {
        yield* wake.await
        const since = now()
        let said = false
        let isOut = false
        for (let delay = firstProbe; sickness !== null; delay = Math.min(delay * 2, slowestProbe)) {
          yield* Effect.sleep(Duration.millis(delay))
          const { error, healed } = sickness
          if ((yield* Effect.exit(bounded(sql.withTransaction(parts.probe))))._tag === "Success") {
            sickness = null
            wake.closeUnsafe()
            Deferred.doneUnsafe(healed, Effect.void)
            if (said) yield* Effect.logInfo("the journal can be written again")
            break
          }
          if (!said && now() - since >= 1000) {
            said = true
            yield* Effect.logWarning(`nothing is submitted or polled for now: ${error.message}`)
          }
          if (!isOut && now() - since >= options.outage) {
            isOut = true
            parts.onOutage(error)
          }
        }
      }
    })
    yield* Effect.forkScoped(probing)

    return {
      // Much that keeps a database from being written lets it be read.
      read: (effect) =>
        Effect.catch(Effect.mapError(bounded(effect), toJournal), (error) =>
          mayHeal(error) ? patiently(effect, options.patience) : Effect.fail(error)
        ),
      write: (body) =>
        Effect.suspend(() => {
          const stamp = `${parts.name}-${++writes}`
          return patiently(sql.withTransaction(body(stamp)), options.patience)
        }),
      writeOnce: (effect) => Effect.mapError(bounded(sql.withTransaction(effect)), toJournal),
      writeLast: (effect) =>
        Effect.mapError(bounded(sql.withTransaction(effect), Math.min(options.limit, lastLimit)), toJournal),
      isSick: () => sickness !== null,
      well: Effect.suspend(() => (sickness === null ? Effect.void : Deferred.await(sickness.healed))),
      declare
    } satisfies Store
  })
