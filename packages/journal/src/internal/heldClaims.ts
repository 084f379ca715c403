// What this process holds, in memory. May touch: its own two maps. Law: losing or releasing a claim ends every wait on it
// in this process.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"

// One for each claim held, so it stays small: its Deferred is made on demand.
export class HeldClaim {
  readonly epoch: number
  // Null while it is being submitted.
  ticket: ScanTicket | null
  private ended: JournalError | null = null
  private waiters: Deferred.Deferred<never, JournalError> | null = null

  constructor(epoch: number, ticket: ScanTicket | null) {
    this.epoch = epoch
    this.ticket = ticket
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

export class HeldClaims {
  private readonly claims = new Map<string, HeldClaim>()
  private readonly submissions = new Map<string, Deferred.Deferred<void>>()

  get(claimId: string): HeldClaim | undefined {
    return this.claims.get(claimId)
  }

  has(claimId: string): boolean {
    return this.claims.has(claimId)
  }

  ids(): ReadonlyArray<string> {
    return [...this.claims.keys()]
  }

  // The one that was held last.
  newest(): string | undefined {
    let last: string | undefined
    for (const claimId of this.claims.keys()) last = claimId
    return last
  }

  // Every claim with its ticket.
  entries(): ReadonlyArray<readonly [string, ScanTicket | null]> {
    return Array.from(this.claims, ([claimId, { ticket }]) => [claimId, ticket] as const)
  }

  hold(claimId: string, epoch: number, ticket: ScanTicket | null): HeldClaim {
    const made = new HeldClaim(epoch, ticket)
    this.claims.set(claimId, made)
    return made
  }

  // A claim that is being submitted here.
  holdSubmission(claimId: string): void {
    this.hold(claimId, 1, null)
    this.submissions.set(claimId, Deferred.makeUnsafe<void>())
  }

  isSubmitting(claimId: string): boolean {
    return this.submissions.has(claimId)
  }

  // Ends when the submission is over; undefined where none is under way here.
  submissionOf(claimId: string): Effect.Effect<void> | undefined {
    const waiting = this.submissions.get(claimId)
    return waiting === undefined ? undefined : Deferred.await(waiting)
  }

  // True when a submission was under way.
  endSubmission(claimId: string): boolean {
    const waiting = this.submissions.get(claimId)
    if (waiting === undefined) return false
    this.submissions.delete(claimId)
    Deferred.doneUnsafe(waiting, Effect.void)
    return true
  }

  release(claimId: string): void {
    this.claims.delete(claimId)
    this.endSubmission(claimId)
  }

  // Ends the waits, and keeps the claims: an outage is no loss.
  endWaits(error: JournalError): void {
    for (const each of this.claims.values()) each.lose(error)
  }

  // Ends the wait for one claim, which stays held until it is left.
  endWait(claimId: string, error: JournalError): void {
    this.claims.get(claimId)?.lose(error)
  }

  loseAll(error: JournalError): void {
    const all = [...this.claims.values()]
    this.claims.clear()
    for (const each of all) each.lose(error)
  }
}
