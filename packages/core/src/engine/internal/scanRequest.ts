// One scan somebody wants: a request to a vendor, or a ticket or a claim to resume. Touches nothing: making one sends
// nothing. Its types are those of the adapter's payload and of the policy's environment, so requests to different vendors
// fit into one list. Passed on by `Scans`.
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Account from "../../model/Account.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import type { Already, RequestFault, ScanAdapter, Submitted } from "../ScanAdapter.ts"
import type { ClaimEntry } from "../ScanJournal.ts"

// What every request says, whatever it is made from.
interface Common<out Payload, R> {
  readonly adapter: ScanAdapter<never, Payload>
  readonly subject: Subject
  readonly kind: string | null
  readonly policy: PollPolicy<R>
  readonly recommended: boolean
  readonly lane: string
}

/**
 * A scan to be bought.
 *
 * - `faults`: what is wrong with the request; one with faults is refused before anything is sent.
 * - `fingerprint`: equal for equal purchases.
 * - `maxAge`: how old an outcome may be to answer it, by its own words; zero asks for a new scan, null says nothing.
 * - `prepare`: what is made before the submission, which is given it; null where there is nothing to prepare.
 * - `request`: what was asked for. `wanted`: the same, for adapters that can look for a lost submission; otherwise null.
 *
 * @category models
 * @since 0.2.0
 */
export interface Buy<out Payload, R = never> extends Common<Payload, R> {
  readonly _tag: "Buy"
  readonly faults: ReadonlyArray<RequestFault>
  readonly fingerprint: string
  readonly maxAge: Duration.Duration | null
  readonly prepare: Effect.Effect<unknown, SubmitError> | null
  readonly submit: (prepared: unknown) => Effect.Effect<Submitted | Already<Payload>, SubmitError>
  readonly request: unknown
  readonly wanted: unknown
}

/**
 * A scan that exists already. `fresh`: the vendor is asked once more, also where its outcome is known.
 *
 * @category models
 * @since 0.2.0
 */
export interface Ticket<out Payload, R = never> extends Common<Payload, R> {
  readonly _tag: "Ticket"
  readonly ticket: ScanTicket.ScanTicket
  readonly fresh: boolean
}

/**
 * A claim of the journal. `ticket`: the scan it has, if it has one and it is of the adapter's account. `fresh`: the vendor
 * is asked once more, also where its outcome is known.
 *
 * @category models
 * @since 0.2.0
 */
export interface Claim<out Payload, R = never> extends Common<Payload, R> {
  readonly _tag: "Claim"
  readonly claimId: string
  readonly ticket: ScanTicket.ScanTicket | null
  readonly fresh: boolean
}

/**
 * A wish for one scan. Made by `request`, `fromTicket` and `fromClaim`; a program hands it on and looks at what all three have:
 *
 * - `adapter`, `subject`, `policy`: whom it asks, about what, and how often.
 * - `kind`: the scans whose durations it belongs with, where its vendor's are learned and it is known; otherwise null.
 * - `recommended`: whether `policy` is the adapter's own: nobody has chosen another.
 * - `lane`: the named queue of the account this request stands in.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanRequest<Payload, R = never> = Buy<Payload, R> | Ticket<Payload, R> | Claim<Payload, R>

/**
 * - `policy`: makes the policy of this request from the one the adapter recommends. Default: the recommended one.
 * - `lane`: 1 to 64 characters. Lanes of an account take turns, whichever process polls: a claim keeps its lane. Default: that
 *   of the claim, else "", the one without a name.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions<R = never> {
  readonly policy?: (recommended: PollPolicy) => PollPolicy<R>
  readonly lane?: string
}

/**
 * A scan to be bought, or joined when an equal one is known to the journal: for `runAll` and `submitAll`. Making it sends
 * nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const request = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  wanted: Request,
  options: RequestOptions<R> = {}
): Buy<Payload, R> => ({
  _tag: "Buy",
  adapter,
  subject: adapter.subject(wanted),
  faults: adapter.check(wanted),
  fingerprint: adapter.fingerprint(wanted),
  maxAge: adapter.maxAge === undefined ? null : adapter.maxAge(wanted),
  prepare: adapter.prepare === undefined ? null : adapter.prepare(wanted),
  submit: (prepared) => adapter.submit(wanted, prepared),
  request: wanted,
  wanted: adapter.reconcile === undefined ? null : wanted,
  kind: adapter.durations === undefined ? null : adapter.durations.kind(wanted),
  policy: options.policy === undefined ? adapter.policy : options.policy(adapter.policy),
  recommended: options.policy === undefined,
  lane: options.lane ?? ""
})

/**
 * A scan that exists already: only waited for, by `runAll`. `subject` is for people; left out, it is the one
 * that the journal knows of the scan, else one of kind `unknown` that is named after the ticket. `fresh` (default false)
 * asks the vendor once more where the outcome is known: the new answer is stored beside the first, which stays.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTicket = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  ticket: ScanTicket.ScanTicket,
  options: RequestOptions<R> & { readonly subject?: Subject; readonly fresh?: boolean } = {}
): Ticket<Payload, R> => ({
  _tag: "Ticket",
  fresh: options.fresh ?? false,
  adapter,
  subject: options.subject ?? { kind: "unknown", id: ticket.scanId, name: ScanTicket.accountKey(ticket) },
  ticket,
  kind: null,
  policy: options.policy === undefined ? adapter.policy : options.policy(adapter.policy),
  recommended: options.policy === undefined,
  lane: options.lane ?? ""
})

/**
 * A claim of the journal to resume, for `runAll`: waited for when it was bought, told when it is over or in doubt. Never submitted.
 * `fresh`: as for a ticket.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromClaim = <Payload, R = never>(
  adapter: ScanAdapter<never, Payload>,
  claim: Pick<ClaimEntry, "claimId" | "subject"> & Partial<Pick<ClaimEntry, "ticket" | "kind" | "lane">>,
  options: RequestOptions<R> & { readonly fresh?: boolean } = {}
): Claim<Payload, R> => ({
  _tag: "Claim",
  fresh: options.fresh ?? false,
  adapter,
  subject: claim.subject,
  ticket:
    claim.ticket !== undefined && claim.ticket !== null && Account.equals(adapter, claim.ticket) ? claim.ticket : null,
  claimId: claim.claimId,
  kind: claim.kind ?? null,
  policy: options.policy === undefined ? adapter.policy : options.policy(adapter.policy),
  recommended: options.policy === undefined,
  lane: options.lane ?? claim.lane ?? ""
})
