// What API and pages ask the journal in the same way. May touch: nothing but what it is given.
import type { ClaimEntry, JournalError, OpenClaim, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import * as Api from "../Api.ts"

/** What is open, of each claim the little that tells how it stands: very many may be, and each asks for all of them. */
export type Open = Effect.Effect<ReadonlyArray<OpenClaim>, JournalError>

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

/** The answers that the targets are made from. */
export const answers = (
  journal: Pick<Operations, "history">
): Effect.Effect<ReadonlyArray<ClaimEntry>, Api.Unavailable> =>
  read(journal.history({ limit: answersOfTargets, payloads: false }))
