/**
 * The record of what was bought: claims, tickets and outcomes.
 *
 * A claim is one wish for one scan and is made before anything is bought; the journal is the truth about it. Moves:
 * `intent -> submitted | settled | in-doubt | refused | released`, `in-doubt -> submitted | released`,
 * `submitted -> settled`; any other move is an error and changes nothing. The layer here keeps it in memory for one
 * process; `@scanpoll/journal` keeps it in a database behind the same service.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type { Reason } from "../model/ScanOutcome.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import * as Tickets from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"

/**
 * What makes two requests the same purchase.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClaimKey {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly environment: string
  readonly fingerprint: string
}

/**
 * @category models
 * @since 0.1.0
 */
export type ClaimState = "intent" | "submitted" | "settled" | "in-doubt" | "refused" | "released"

/**
 * A claim as the journal knows it. `outcome` is the encoded form: whoever reads it decodes it with the adapter's
 * schema. Times are milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClaimEntry {
  readonly claimId: string
  readonly key: ClaimKey
  readonly subject: Subject
  readonly state: ClaimState
  readonly ticket: ScanTicket | null
  readonly notBefore: number
  readonly outcome: unknown
  readonly reason: Reason | null
  readonly claimedAt: number
  readonly changedAt: number
}

/**
 * The answer to a claim.
 *
 * - `Fresh`: the intent is committed and ours; submit now.
 * - `Busy`: someone is submitting an equal request at this moment; `changed` ends when that is over.
 * - `InFlight`: it was bought before; wait on its ticket, not before `notBefore`.
 * - `InDoubt`: a submission may have been accepted; a person decides.
 * - `Settled`: it was answered within the time an answer may be reused.
 *
 * @category models
 * @since 0.1.0
 */
export type Claim =
  | { readonly _tag: "Fresh"; readonly claimId: string }
  | { readonly _tag: "Busy"; readonly claimId: string; readonly changed: Effect.Effect<void> }
  | { readonly _tag: "InFlight"; readonly claimId: string; readonly ticket: ScanTicket; readonly notBefore: number }
  | { readonly _tag: "InDoubt"; readonly claimId: string; readonly since: number }
  | { readonly _tag: "Settled"; readonly claimId: string; readonly outcome: unknown; readonly at: number }

/**
 * The journal could not be read or written, or was asked for a move that its state machine does not have.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalError extends Data.TaggedError("JournalError")<{
  readonly reason: "unavailable" | "busy" | "full" | "read-only" | "foreign" | "unreadable" | "conflict"
  readonly message: string
  readonly cause?: unknown
}> {}

/**
 * The operations of a journal. Each effect is durable when it returns.
 *
 * - `claim`: makes a claim unless an equal one is open, in doubt, or settled at or after `reuseFrom` (milliseconds since
 *   1970). With `peek`, nothing is written and a `Fresh` answer holds no claim.
 * - `submitted`, `settled`, `inDoubt`, `refused`, `released`: the moves. `settled` of a settled claim keeps the first
 *   outcome.
 * - `waiting`: the next poll of an open claim is not due before `notBefore`. Kept as soon as convenient: losing it costs
 *   a poll, not a purchase, so a journal may write many at once, and no wait is delayed for it.
 * - `adopt`: a ticket that a person typed becomes a claim without a submission, or joins the one that has it.
 * - `get` and `list`: what is there, oldest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operations {
  readonly claim: (
    key: ClaimKey,
    options: { readonly subject: Subject; readonly reuseFrom: number; readonly peek?: boolean }
  ) => Effect.Effect<Claim, JournalError>
  readonly submitted: (claimId: string, ticket: ScanTicket, notBefore: number) => Effect.Effect<void, JournalError>
  readonly settled: (claimId: string, outcome: unknown) => Effect.Effect<void, JournalError>
  readonly inDoubt: (claimId: string, reason: Reason) => Effect.Effect<void, JournalError>
  readonly refused: (claimId: string, reason: Reason) => Effect.Effect<void, JournalError>
  readonly released: (claimId: string) => Effect.Effect<void, JournalError>
  readonly waiting: (claimId: string, notBefore: number) => void
  readonly adopt: (
    ticket: ScanTicket,
    subject: Subject
  ) => Effect.Effect<Extract<Claim, { readonly _tag: "InFlight" | "Settled" }>, JournalError>
  readonly get: (claimId: string) => Effect.Effect<ClaimEntry | null, JournalError>
  readonly list: (states: ReadonlyArray<ClaimState>) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
}

/**
 * The journal as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class ScanJournal extends Context.Service<ScanJournal, Operations>()("@scanpoll/core/engine/ScanJournal") {}

/**
 * Whether the state machine has this move.
 *
 * @category guards
 * @since 0.1.0
 */
export const mayMove = (from: ClaimState, to: ClaimState): boolean => {
  switch (from) {
    case "intent":
      return to !== "intent"
    case "in-doubt":
      return to === "submitted" || to === "released"
    case "submitted":
      return to === "settled"
    case "settled":
    case "refused":
    case "released":
      return false
  }
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const spell = (value: number, length: number): string => {
  let rest = value
  let out = ""
  for (let i = 0; i < length; i++) {
    out = alphabet.charAt(rest % 32) + out
    rest = Math.floor(rest / 32)
  }
  return out
}

/**
 * A new claim id: `clm_`, ten characters of time and sixteen of chance, so that ids sort by age.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeClaimId: Effect.Effect<string> = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  let tail = ""
  for (let i = 0; i < 4; i++) tail += spell(yield* Random.nextIntBetween(0, 32 ** 4 - 1), 4)
  return `clm_${spell(now, 10)}${tail}`
})

const keyText = (key: ClaimKey): string =>
  JSON.stringify([key.vendor, key.origin, key.account, key.environment, key.fingerprint])

const ticketText = (ticket: ScanTicket): string =>
  JSON.stringify([ticket.vendor, ticket.origin, ticket.account, ticket.scanId])

const makeMemory = Effect.sync(() => {
  const entries = new Map<string, ClaimEntry>()
  const latest = new Map<string, string>()
  const byTicket = new Map<string, string>()
  const submitting = new Map<string, Deferred.Deferred<void>>()

  const write = (entry: ClaimEntry): void => {
    entries.set(entry.claimId, entry)
    if (entry.ticket !== null) byTicket.set(ticketText(entry.ticket), entry.claimId)
  }

  const move = (
    claimId: string,
    to: ClaimState,
    change: Partial<Pick<ClaimEntry, "ticket" | "notBefore" | "outcome" | "reason">>
  ): Effect.Effect<void, JournalError> =>
    Effect.gen(function* () {
      const changedAt = yield* Clock.currentTimeMillis
      const entry = entries.get(claimId)
      if (entry === undefined) {
        return yield* new JournalError({ reason: "conflict", message: `there is no claim ${claimId}` })
      }
      // The first terminal answer is the outcome; a later one is not an error of the caller.
      if (entry.state === "settled" && to === "settled") return
      if (!mayMove(entry.state, to)) {
        return yield* new JournalError({
          reason: "conflict",
          message: `claim ${claimId} is ${entry.state} and cannot become ${to}`
        })
      }
      write({ ...entry, ...change, state: to, changedAt })
      const waiting = submitting.get(claimId)
      if (waiting !== undefined) {
        submitting.delete(claimId)
        yield* Deferred.succeed(waiting, undefined)
      }
    })

  const standing = (entry: ClaimEntry, reuseFrom: number): Claim | null => {
    switch (entry.state) {
      case "intent": {
        const waiting = submitting.get(entry.claimId)
        return waiting === undefined
          ? { _tag: "InDoubt", claimId: entry.claimId, since: entry.claimedAt }
          : { _tag: "Busy", claimId: entry.claimId, changed: Deferred.await(waiting) }
      }
      case "submitted":
        return entry.ticket === null
          ? null
          : { _tag: "InFlight", claimId: entry.claimId, ticket: entry.ticket, notBefore: entry.notBefore }
      case "settled":
        return entry.changedAt >= reuseFrom
          ? { _tag: "Settled", claimId: entry.claimId, outcome: entry.outcome, at: entry.changedAt }
          : null
      case "in-doubt":
        return { _tag: "InDoubt", claimId: entry.claimId, since: entry.changedAt }
      case "refused":
      case "released":
        return null
    }
  }

  // Nothing may yield between looking a claim up and writing it: that is what makes it atomic.
  const claim: Operations["claim"] = (key, options) =>
    Effect.gen(function* () {
      const text = keyText(key)
      const claimId = yield* makeClaimId
      const now = yield* Clock.currentTimeMillis
      const known = entries.get(latest.get(text) ?? "")
      const found = known === undefined ? null : standing(known, options.reuseFrom)
      if (found !== null) return found
      if (options.peek === true) return { _tag: "Fresh", claimId } as const
      submitting.set(claimId, Deferred.makeUnsafe<void>())
      latest.set(text, claimId)
      write({
        claimId,
        key,
        subject: options.subject,
        state: "intent",
        ticket: null,
        notBefore: 0,
        outcome: null,
        reason: null,
        claimedAt: now,
        changedAt: now
      })
      return { _tag: "Fresh", claimId } as const
    })

  const adopt: Operations["adopt"] = (ticket, subject) =>
    Effect.gen(function* () {
      const claimId = yield* makeClaimId
      const now = yield* Clock.currentTimeMillis
      const known = entries.get(byTicket.get(ticketText(ticket)) ?? "")
      if (known !== undefined && known.ticket !== null) {
        return known.state === "settled"
          ? ({ _tag: "Settled", claimId: known.claimId, outcome: known.outcome, at: known.changedAt } as const)
          : ({ _tag: "InFlight", claimId: known.claimId, ticket: known.ticket, notBefore: known.notBefore } as const)
      }
      write({
        claimId,
        key: {
          vendor: ticket.vendor,
          origin: ticket.origin,
          account: ticket.account,
          environment: "",
          fingerprint: `key:${Tickets.key(ticket)}`
        },
        subject,
        state: "submitted",
        ticket,
        notBefore: 0,
        outcome: null,
        reason: null,
        claimedAt: now,
        changedAt: now
      })
      return { _tag: "InFlight", claimId, ticket, notBefore: 0 } as const
    })

  return ScanJournal.of({
    claim,
    adopt,
    submitted: (claimId, ticket, notBefore) => move(claimId, "submitted", { ticket, notBefore }),
    settled: (claimId, outcome) => move(claimId, "settled", { outcome }),
    inDoubt: (claimId, reason) => move(claimId, "in-doubt", { reason }),
    refused: (claimId, reason) => move(claimId, "refused", { reason }),
    released: (claimId) => move(claimId, "released", {}),
    waiting: (claimId, notBefore) => {
      const entry = entries.get(claimId)
      if (entry !== undefined && entry.state === "submitted") entries.set(claimId, { ...entry, notBefore })
    },
    get: (claimId) => Effect.sync(() => entries.get(claimId) ?? null),
    list: (states) => Effect.sync(() => [...entries.values()].filter((entry) => states.includes(entry.state)))
  })
})

/**
 * A journal in the memory of this process: nothing outlives it, everything else holds.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<ScanJournal> = Layer.effect(ScanJournal, makeMemory)
