/**
 * Buys scans and waits for them: claim, submit once, poll until terminal, one outcome.
 *
 * The journal is asked before anything is bought, so equal requests become one purchase and one poll loop, and a scan
 * that was bought before is joined. A vendor's "failed" is an outcome; the error channel says why there is none, with a
 * ticket wherever one exists. Interrupting sends nothing more, and never cuts a submission before its grace of ten
 * seconds. Every request of a batch brings exactly one record.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as Account from "../model/Account.ts"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped } from "../model/PollStopped.ts"
import type { Reason, ScanOutcome } from "../model/ScanOutcome.ts"
import type { ScanRecord, ScanState } from "../model/ScanRecord.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"
import type { SubmitError } from "../model/SubmitError.ts"
import * as Batches from "./internal/batch.ts"
import * as Foresight from "./internal/foresight.ts"
import type * as Job from "./internal/job.ts"
import * as OneCall from "./internal/oneCall.ts"
import * as Record from "./internal/record.ts"
import { fromClaim, fromTicket, request, type RequestOptions, type ScanRequest } from "./internal/scanRequest.ts"
import * as Trips from "./internal/trips.ts"
import type { ScanAdapter } from "./ScanAdapter.ts"
import type { ScanEvent } from "./ScanEvent.ts"
import { type ClaimEntry, type JournalError, openStates, ScanJournal } from "./ScanJournal.ts"

export {
  type Buy,
  type Claim,
  fromClaim,
  fromTicket,
  request,
  type RequestOptions,
  type ScanRequest,
  type Ticket
} from "./internal/scanRequest.ts"

/**
 * The options of a single scan.
 *
 * - `reuse`: how old a completed outcome in the journal may be to be taken instead of buying anew: any duration, endless
 *   ones included. Default 1 hour; 0 buys anew. What failed or stayed partial is bought again, and so is a request that
 *   asks for a new scan (`maxAge` of its adapter). A scan that is still open is joined in any case.
 * - `observer`: told of every event; what it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions<R = never> extends RequestOptions<R> {
  readonly reuse?: Duration.Input
  readonly observer?: (event: ScanEvent) => void
}

/**
 * The options of a batch.
 *
 * - `concurrency`: how many requests are under way at once, from 1. Default: all of them; the budget of each account
 *   holds back what does not fit.
 * - `until`: ends the batch softly when it succeeds: what is open is recorded as `interrupted`, what was not begun as
 *   `not-started`.
 * - `timeout`: ends the batch softly after this long: what is open is recorded as `still-running`. Default: none.
 * - `reuse`: as for a single scan; equal requests inside one batch are one purchase whatever it says.
 * - `maxPurchases`: the most scans that this batch buys, from 0. What is joined or reused does not count, nor does what a
 *   vendor refused. A request beyond it is recorded as `not-started`, with the code `purchase-limit`, and nothing is sent for
 *   it. Default: no limit. `foresee` tells beforehand what would be bought.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions {
  readonly concurrency?: number
  readonly until?: Effect.Effect<unknown>
  readonly timeout?: Duration.Input
  readonly reuse?: Duration.Input
  readonly maxPurchases?: number
  readonly observer?: (event: ScanEvent) => void
}

/**
 * One row of `submitAll`: what became of a submission that is not waited for.
 *
 * `state` is `submitted` when there is a ticket to wait on (`known` when it was bought before), otherwise the state its
 * record would have.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubmitRecord<out Payload = unknown> {
  readonly index: number
  readonly vendor: string
  readonly account: string
  readonly subject: Subject
  readonly claimId: string | null
  readonly ticket: ScanTicket | null
  readonly outcome: ScanOutcome<Payload> | null
  readonly known: boolean
  readonly state: "submitted" | ScanState
  readonly because: ScanRecord["because"]
  readonly reason: Reason | null
}

/**
 * A scan that was bought: the `ticket` to wait on, and the `outcome` where the vendor answered at once. `known` says that
 * it was bought before; `claimId` names it in the journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission<out Payload = unknown> {
  readonly ticket: ScanTicket
  readonly claimId: string | null
  readonly known: boolean
  readonly outcome: ScanOutcome<Payload> | null
}

/**
 * The payload of a request's outcome: of several kinds of requests, any of theirs.
 *
 * @category models
 * @since 0.1.0
 */
export type PayloadOf<Q> = Q extends ScanRequest<infer Payload, infer _> ? Payload : never

/**
 * What the policies of requests need to run.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<Q> = Q extends ScanRequest<unknown, infer R> ? R : never

/**
 * Why there is no outcome: the wait ended first, there is no ticket, or the journal cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunError = PollStopped<ScanTicket> | SubmitError | JournalError

/**
 * Buys one scan and waits for its outcome. An equal scan that is open is joined; one that settled within `reuse` is
 * taken from the journal.
 *
 * Fails with `PollStopped` when the wait ended first (its ticket goes on), with `SubmitError` when there is no ticket,
 * with `JournalError` when the journal cannot be used: then nothing was bought, or what was bought is in the log. A
 * policy that contradicts itself dies with `InvalidPolicy` before anything is bought.
 *
 * **Example** (Buying one scan with any adapter)
 *
 * ```ts
 * import { PollPolicy, type ScanAdapter, Scans } from "@scanpoll/core"
 *
 * export const patiently = <Request, Payload>(adapter: ScanAdapter.ScanAdapter<Request, Payload>, request: Request) =>
 *   Scans.run(adapter, request, { policy: PollPolicy.withDeadline("10 minutes") })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  wanted: Request,
  options: RunOptions<R> = {}
): Effect.Effect<ScanOutcome<Payload>, RunError, ScanJournal | R> =>
  Effect.suspend(() => Trips.single(request(adapter, wanted, options), options))

/**
 * Buys one scan and does not wait for its outcome: succeeds as soon as there is a ticket, which `wait` resumes. What
 * was bought before is named, not bought again, and a vendor that answers at once brings its outcome with the ticket.
 *
 * Fails with `SubmitError` when there is no ticket, with `JournalError` when the journal cannot be used: then nothing was
 * bought, or what was bought is in the log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  wanted: Request,
  options: RunOptions<R> = {}
): Effect.Effect<Submission<Payload>, SubmitError | JournalError, ScanJournal | R> =>
  Effect.suspend(() => {
    const submission = (job: Job.Job<Payload, R>) =>
      Effect.map(Trips.acquireOnly(job), (acquired): Submission<Payload> => {
        const { claimId } = job.progress
        return acquired._tag === "Settled"
          ? { ticket: acquired.ended.outcome.ticket, claimId, known: false, outcome: acquired.ended.outcome }
          : { ticket: acquired.bought.ticket, claimId, known: acquired.bought.known, outcome: null }
      })
    return Trips.alone(request(adapter, wanted, options), options, submission, () => Effect.void)
  })

/**
 * Waits for the outcome of a scan that exists already. Fails as `run` does; nothing is ever bought. With `fresh` the vendor
 * is asked once more where the outcome is known; the new answer is stored beside the first, which stays the outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  options: RunOptions<R> & { readonly subject?: Subject; readonly fresh?: boolean } = {}
): Effect.Effect<ScanOutcome<Payload>, RunError, ScanJournal | R> =>
  Effect.suspend(() => Trips.single(fromTicket(adapter, known, options), options))

/**
 * How a single question to a vendor is asked.
 *
 * - `patience`: how long a pause that the vendor asked for may hold the question back. A longer one fails it at once, as
 *   `Throttled` with the code `paused`; the fault's `hint` is what is left of the pause. Default: as long as it lasts, which
 *   is up to the adapter's `pauseCap`.
 *
 * @category models
 * @since 0.2.0
 */
export interface AskOptions {
  readonly patience?: Duration.Input
}

/**
 * Asks once how a scan stands, in the turn of its account's budget. Waits for nothing else; with a journal in the context,
 * pauses that vendors asked for are kept and stored there. `subject` is for vendors whose calls need it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollOnce = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  options?: AskOptions & { readonly subject?: Subject }
): Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault> => OneCall.pollOnce(adapter, known, options)

/**
 * Whether the vendor takes the account's key, in the turn of its account's budget: the adapter's `probe` or, where it has
 * none, the status of a scan that nobody has. Buys nothing, and pauses are kept and stored as `pollOnce` does. Fails as
 * `Denied` where the key was refused; that the vendor knows no such scan is a success.
 *
 * @category constructors
 * @since 0.2.0
 */
export const probe = (
  adapter: ScanAdapter<never, unknown>,
  unknownScan: ScanTicket,
  options?: AskOptions
): Effect.Effect<void, PollFault> => OneCall.probe(adapter, unknownScan, options)

/**
 * Asks the vendor to cancel a scan, in the turn of its account's budget. It says that the vendor took the wish, and nothing of
 * how the scan ended: the vendor's next answer to a poll does, as a rule `Failed` with the code `cancelled`. Nothing is
 * stored; with a journal in the context, pauses that vendors asked for are kept.
 *
 * `subject` is for vendors whose calls need it. Fails with a `PollFault`: `Broken` with the code `no-cancel` where the vendor
 * has no such call.
 *
 * @category constructors
 * @since 0.2.0
 */
export const cancel = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  options: AskOptions & { readonly subject?: Subject } = {}
): Effect.Effect<void, PollFault> => OneCall.cancel(adapter, known, options)

/**
 * Runs a batch across vendors and brings one record per request, each as it ends; `record.index` says whose it is.
 *
 * The stream does not fail: every way a request can end is a state of its record, and a defect of an adapter is one too.
 * Interrupting the stream sends nothing more; `until` and `timeout` end it softly, with a record for each request that is
 * left. A reader that is slow holds no request up. A policy that contradicts itself dies with `InvalidPolicy` before
 * anything is bought.
 *
 * @category constructors
 * @since 0.1.0
 */
export function runAll<Q extends ScanRequest<unknown, unknown>>(
  requests: ReadonlyArray<Q>,
  options?: BatchOptions
): Stream.Stream<ScanRecord<PayloadOf<Q>>, never, ScanJournal | ServicesOf<Q>>
export function runAll<P, R>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: BatchOptions = {}
): Stream.Stream<ScanRecord<P>, never, ScanJournal | R> {
  return Batches.batched(requests, options, (wanted, index, batch) =>
    Effect.flatMap(Batches.inBatch(wanted, index, batch, Trips.acquireAndFollow), ({ progress, verdict }) => {
      const record = Record.make(wanted, index, progress, verdict, batch.now())
      Trips.emitter(wanted, progress, index, batch.now, batch.observer)({ _tag: "Ended", record })
      return Effect.as(Record.count(wanted, progress, verdict.state), record)
    })
  )
}

/**
 * The same batch as its events, in their order: each request ends with an `Ended` event that has its record. The stream ends
 * with the batch and does not fail. Interrupting it sends nothing more.
 *
 * A reader that is slow holds no request up: what it has not read yet is kept.
 *
 * @category constructors
 * @since 0.2.0
 */
export function events<R = never>(
  requests: ReadonlyArray<ScanRequest<unknown, R>>,
  options: BatchOptions = {}
): Stream.Stream<ScanEvent, never, ScanJournal | R> {
  return Stream.callback<ScanEvent, never, ScanJournal | R>(
    (queue) =>
      runAll(requests, {
        ...options,
        observer: (event) => {
          Queue.offerUnsafe(queue, event)
          options.observer?.(event)
        }
      }).pipe(Stream.runDrain, Effect.andThen(Queue.end(queue))),
    { bufferSize: Number.POSITIVE_INFINITY }
  )
}

/**
 * Submits a batch without waiting for outcomes. Requests that were bought before are named, not bought again.
 *
 * @category constructors
 * @since 0.1.0
 */
export function submitAll<Q extends ScanRequest<unknown, unknown>>(
  requests: ReadonlyArray<Q>,
  options?: BatchOptions
): Stream.Stream<SubmitRecord<PayloadOf<Q>>, never, ScanJournal | ServicesOf<Q>>
export function submitAll<P, R>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: BatchOptions = {}
): Stream.Stream<SubmitRecord<P>, never, ScanJournal | R> {
  return Batches.batched(requests, options, (wanted, index, batch) =>
    Effect.map(Batches.inBatch(wanted, index, batch, Trips.acquireOnly), ({ progress, verdict }): SubmitRecord<P> => {
      const failed = verdict.because === "journal" || verdict.because === "defect"
      const submitted = progress.ended === null && progress.ticket !== null && !failed
      return {
        index,
        vendor: wanted.adapter.vendor,
        account: wanted.adapter.account,
        subject: wanted.subject,
        claimId: progress.claimId,
        ticket: progress.ticket,
        outcome: progress.ended === null ? null : progress.ended.outcome,
        known: progress.known,
        state: submitted ? "submitted" : verdict.state,
        because: verdict.because,
        reason: submitted ? null : verdict.reason
      }
    })
  )
}

/**
 * What would become of a request if it ran now.
 *
 * - `buy`: a scan would be bought. `repeat`: an equal request of the same list is answered with it.
 * - `join`: it was bought before and is open. `reuse`: an outcome in the journal answers it.
 * - `in-doubt`: an earlier submission may have been accepted; it is not sent again.
 * - `wait`: it is about a scan that exists, and never buys.
 *
 * @category models
 * @since 0.2.0
 */
export type Prospect = Foresight.Prospect

/**
 * What would become of each request, in their order, by what the journal holds now. Writes nothing and sends nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const foresee: (
  requests: ReadonlyArray<ScanRequest<unknown, unknown>>,
  options?: Pick<BatchOptions, "reuse">
) => Effect.Effect<ReadonlyArray<Prospect>, JournalError, ScanJournal> = Foresight.foresee

/**
 * An adapter of any vendor, as far as open claims need it.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyAdapter = ScanAdapter<never, unknown>

/**
 * What the journal holds that is not over: `requests` for `runAll`, one per claim, oldest first, those in doubt
 * included, and last those whose outcome lacks evidence that the vendor may give now; and `strangers`, the claims of accounts that none of the adapters is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Open<R = never> {
  readonly requests: ReadonlyArray<ScanRequest<unknown, R>>
  readonly strangers: ReadonlyArray<ClaimEntry>
}

/**
 * Whether an adapter is for the account of a claim. A claim of a typed ticket says nothing about the environment.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFor = (adapter: Pick<AnyAdapter, "vendor" | "origin" | "account" | "environment">, claim: ClaimEntry) =>
  Account.equals(adapter, claim.key) && (claim.key.environment === "" || adapter.environment === claim.key.environment)

/**
 * The open claims of the journal as requests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const listOpen = <R = never>(
  adapters: ReadonlyArray<AnyAdapter>,
  options: RequestOptions<R> = {}
): Effect.Effect<Open<R>, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const requests: Array<ScanRequest<unknown, R>> = []
    const strangers: Array<ClaimEntry> = []
    for (const entry of yield* openClaims) {
      const adapter = adapters.find((each) => isFor(each, entry))
      if (adapter !== undefined) requests.push(fromClaim(adapter, entry, options))
      else if (entry.state !== "settled") strangers.push(entry)
    }
    return { requests, strangers }
  })

/**
 * The claims that a later process can resume: those that are open or in doubt, oldest first, then those that settled
 * without evidence that a later request may bring, whose outcomes are without their `payload`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const openClaims: Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError, ScanJournal> = Effect.gen(function* () {
  const journal = yield* ScanJournal
  const open = yield* journal.list(openStates)
  const lacking = yield* journal.history({ lacking: true, limit: 10_000, payloads: false })
  return [...open, ...lacking.toReversed()]
})

/**
 * Resumes everything the journal has open for these adapters: one record per claim, as for `runAll`. Nothing is
 * bought; what is in doubt is recorded as that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeOpen = <R = never>(
  adapters: ReadonlyArray<AnyAdapter>,
  options: BatchOptions & RequestOptions<R> = {}
): Stream.Stream<ScanRecord, JournalError, ScanJournal | R> =>
  Stream.unwrap(
    Effect.map(listOpen(adapters, options), ({ requests }): Stream.Stream<ScanRecord, never, ScanJournal | R> =>
      runAll(requests, options)
    )
  )

/**
 * What a look for a lost submission came to.
 *
 * - `Found`: the vendor has exactly one scan that it can be; the claim is open again, on that ticket.
 * - `Several`: more than one may be it; a person chooses, and `journal.submitted` tells the journal.
 * - `None`: the vendor has none; `journal.released` lets the request be bought again.
 * - `Unlisted`: this vendor cannot be asked, or what was asked for is not known here.
 *
 * @category models
 * @since 0.1.0
 */
export type Reconciled =
  | { readonly _tag: "Found"; readonly ticket: ScanTicket }
  | { readonly _tag: "Several"; readonly tickets: ReadonlyArray<ScanTicket> }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unlisted" }

/**
 * Finds out what became of a claim in doubt: by what was prepared for its submission, where the adapter can `recover` by that,
 * and otherwise in the vendor's list. Buys nothing and releases nothing by itself.
 *
 * `readRequest` checks what the journal kept of the request; null makes the answer of a list `Unlisted`. Fails with a `conflict`
 * when the claim is not in doubt or another account's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  claimId: string,
  readRequest: (stored: unknown) => Request | null,
  options?: AskOptions
): Effect.Effect<Reconciled, PollFault | JournalError, ScanJournal> =>
  OneCall.reconcile(adapter, claimId, readRequest, (entry) => isFor(adapter, entry), options)
