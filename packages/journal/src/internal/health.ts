// Whether the database can be written. May touch: nothing but the probe it is given. Law: the first trouble that may heal
// makes it sick; from then on one probe tries, at growing intervals, and everybody else waits for it.
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"

export interface Health {
  // What is the matter; null while it is well.
  readonly trouble: () => JournalError | null
  readonly declare: (error: JournalError) => void
  // Ends when it is well.
  readonly well: Effect.Effect<void>
  // Probes for ever while the database does not answer.
  readonly run: Effect.Effect<never>
}

const firstProbe = 20
const slowestProbe = 250
const silentFor = 1000

export const make = (parts: {
  readonly now: () => number
  // How long trouble may last before `onOutage`, in milliseconds.
  readonly outage: number
  // A small write, bounded in time; true when it was kept.
  readonly probe: Effect.Effect<boolean>
  readonly onOutage: (error: JournalError) => void
}): Effect.Effect<Health> =>
  Effect.gen(function* () {
    const { now, onOutage, outage, probe } = parts
    let sickness: { readonly error: JournalError; readonly healed: Deferred.Deferred<void> } | null = null
    const wake = yield* Latch.make(false)

    const untilHealed = Effect.gen(function* () {
      const since = now()
      let said = false
      let isOut = false
      for (let delay = firstProbe; sickness !== null; delay = Math.min(delay * 2, slowestProbe)) {
        yield* Effect.sleep(Duration.millis(delay))
        const { error, healed } = sickness
        if (yield* probe) {
          sickness = null
          wake.closeUnsafe()
          Deferred.doneUnsafe(healed, Effect.void)
          if (said) yield* Effect.logInfo("the journal can be written again")
          return
        }
        if (!said && now() - since >= silentFor) {
          said = true
          yield* Effect.logWarning(`nothing is submitted or polled for now: ${error.message}`)
        }
        if (!isOut && now() - since >= outage) {
          isOut = true
          onOutage(error)
        }
      }
    })

    return {
      trouble: () => sickness?.error ?? null,
      declare: (error) => {
        if (sickness !== null) return
        sickness = { error, healed: Deferred.makeUnsafe<void>() }
        wake.openUnsafe()
      },
      well: Effect.suspend(() => (sickness === null ? Effect.void : Deferred.await(sickness.healed))),
      run: Effect.forever(Effect.andThen(wake.await, untilHealed))
    }
  })
