// One scan for one promise: what an abort leaves behind is known at every moment of it.
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type * as Scans from "@scanpoll/core/engine/Scans"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { WaitOptions } from "../Client.ts"
import type { Aborted } from "../Errors.ts"
import { plainEvent } from "./plain.ts"
import type { Origin } from "./raised.ts"
import type { Runs } from "./runs.ts"

type RunError = Effect.Error<ReturnType<typeof Scans.run>>

/** Told of every event of a scan, with its part in a batch. */
export type Observer = NonNullable<Scans.BatchOptions["observer"]>

/** Runs one scan by `use`, which is handed the observer of its events. `known`: its ticket, when there is one before. */
export const single = <A>(
  runs: Runs<ScanJournal.ScanJournal>,
  options: Pick<WaitOptions, "signal" | "onEvent">,
  known: ScanTicket | null,
  origin: Origin,
  use: (observer: Observer) => Effect.Effect<A, RunError, ScanJournal.ScanJournal>
): Promise<A> => {
  let left: Aborted = { state: known === null ? "not-started" : "interrupted", ticket: known, claimId: null }
  const observer: Observer = (event) => {
    const ticket = event.ticket ?? left.ticket
    const sent = event._tag === "Submitting" ? "in-doubt" : "not-started"
    left = { state: ticket === null ? sent : "interrupted", ticket, claimId: event.claimId ?? left.claimId }
    const plain = plainEvent(event)
    if (plain._tag !== "Ended") options.onEvent?.(plain)
  }
  // What became of a submission that was awaited after the abort is told by no event, but the journal has it.
  const lookUp = Effect.gen(function* () {
    const { claimId } = left
    if (claimId === null || left.ticket !== null) return
    const found = Effect.interruptible((yield* ScanJournal.ScanJournal).get(claimId))
    const entry = Option.getOrNull(yield* Effect.timeoutOption(found, "1 second"))
    if (entry === null) return
    const over = entry.state === "refused" || entry.state === "released"
    const state = entry.ticket !== null ? "interrupted" : over ? "not-started" : "in-doubt"
    left = { state, ticket: entry.ticket, claimId }
  })
  const effect = Effect.suspend(() => use(observer)).pipe(Effect.onInterrupt(() => Effect.ignore(lookUp)))
  return runs.promise(effect, options.signal, () => left, origin)
}
