// What API and pages ask the journal in the same way. May touch: nothing but what it is given.
import type { ClaimEntry, JournalError, OpenClaim, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Api from "../Api.ts"
import * as Shared from "./shared.ts"

/**
 * What is read as a whole, and once for all who ask at once. `open`: what is open, of each claim the little that tells how it
 * stands. `answers`: the newest answers, which the targets are made from.
 */
export interface Whole {
  readonly open: Effect.Effect<ReadonlyArray<OpenClaim>, JournalError>
  readonly answers: Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
}

/** So many of the newest answers make the targets. */
export const answersOfTargets = 2_000

/** What the journal cannot tell now, another request may bring. */
export const read = <A>(effect: Effect.Effect<A, JournalError>): Effect.Effect<A, Api.Unavailable> =>
  Effect.catch(effect, (error) =>
    Effect.andThen(
      Effect.logWarning(`the journal could not be read: ${error.message}`),
      Effect.fail(new Api.Unavailable({ detail: `the journal cannot be read (${error.reason})` }))
    )
  )

/** The value, or the answer that there is none. `what` names it. */
export const orNotFound = <A>(value: A | null, what: string): Effect.Effect<A, Api.NotFound> =>
  value === null ? Effect.fail(new Api.NotFound({ detail: `the journal has no such ${what}` })) : Effect.succeed(value)

/** What is read as a whole, for as long as the scope. */
export const whole = (journal: Pick<Operations, "open" | "history">): Effect.Effect<Whole, never, Scope.Scope> =>
  Effect.all({
    open: Shared.make(journal.open),
    answers: Shared.make(journal.history({ limit: answersOfTargets, payloads: false }))
  })
