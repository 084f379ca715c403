/**
 * What a client offers: its calls, what they take and what they answer. `createScanpoll` makes one.
 *
 * @since 0.1.0
 */
import type { AppVetPayload, AppVetRequest } from "@scanpoll/appvet/AppVetSchema"
import type { CompliancePayload, ComplianceRequest } from "@scanpoll/compliance/ComplianceSchema"
import type { RequestFault } from "@scanpoll/core/engine/ScanAdapter"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type * as Records from "@scanpoll/core/model/ScanRecord"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import type { SonarQubeGate, SonarQubeRequest } from "@scanpoll/sonarqube/SonarQubeSchema"
import type { UrlscanPayload, UrlscanRequest } from "@scanpoll/urlscan/UrlscanSchema"
import type { VirusTotalPayload, VirusTotalRequest } from "@scanpoll/virustotal/VirusTotalSchema"
import type { Progress, ScanEvent, WatchEvent } from "./Events.ts"
import type { Policy, Time } from "./Policy.ts"

/**
 * A scan somebody wants, for `runAll` and `watch`. Making one sends nothing; one with `faults` is refused before
 * anything is sent. It belongs to the client that made it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanRequest<out Name extends string = string, out Payload = unknown> {
  readonly vendor: Name
  readonly account: string
  readonly subject: Subject
  readonly faults: ReadonlyArray<RequestFault>
  /** Only a type: what the outcome's payload will be. */
  readonly "~types"?: { readonly payload: Payload }
}

/**
 * One row of a batch: an outcome, or why there is none. Of a batch across vendors, `record.vendor` tells what the payload
 * is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanRecord<
  out Name extends string = string,
  out Payload = unknown
> extends Records.ScanRecord<Payload> {
  readonly vendor: Name
}

/**
 * The record of a request: of several kinds of requests, any of theirs.
 *
 * @category models
 * @since 0.1.0
 */
export type RecordOf<Request> =
  Request extends ScanRequest<infer Name, infer Payload> ? ScanRecord<Name, Payload> : never

/**
 * - `policy`: when to poll, what faults cost, when to give up. Default: what the vendor recommends.
 * - `lane`: the named queue of the account this request stands in; lanes take turns. Default `""`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestOptions {
  readonly policy?: Policy | undefined
  readonly lane?: string | undefined
}

/**
 * - `signal`: ends the wait; the promise rejects with an `AbortError` that has the ticket.
 * - `onEvent`: told of everything that happens; what it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitOptions extends RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: ScanEvent) => void) | undefined
}

/**
 * `reuse`: how old a completed outcome in the journal may be to be taken instead of buying anew. Default 1 hour; 0 buys
 * anew, and so does a request that asks for a new scan or whose last scan failed. A scan that is still open is joined in
 * any case.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions extends WaitOptions {
  readonly reuse?: Time | undefined
}

/**
 * - `signal`: ends the batch softly: what is open is recorded as `interrupted`, what was not begun as `not-started`. A
 *   batch never throws because of it, so no ticket is lost.
 * - `concurrency`: how many requests are under way at once, from 1. Default: all; the budget of each account holds back
 *   what does not fit.
 * - `timeout`: ends the batch softly after this long: what is open is recorded as `still-running`. Default: none.
 * - `reuse`: as for a single scan; equal requests inside one batch are one purchase whatever it says.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions {
  readonly signal?: AbortSignal | undefined
  readonly concurrency?: number | undefined
  readonly timeout?: Time | undefined
  readonly reuse?: Time | undefined
  readonly onEvent?: ((event: WatchEvent) => void) | undefined
}

/**
 * The records of a batch, each as it ends. Nothing is sent before the first is asked for; leaving the loop ends the
 * batch, and reading slowly delays no scan. Each iteration is a batch of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch<out Record> extends AsyncIterable<Record> {
  /** Runs the batch to its end: all records, in the order of the requests. */
  readonly collect: () => Promise<ReadonlyArray<Record>>
}

/**
 * A scan that was bought, or had been: `known` when it was before. `outcome` is there when the vendor answered at once
 * or the answer was taken from the journal; otherwise `wait` for the ticket.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission<out Payload> {
  readonly ticket: ScanTicket
  readonly claimId: string | null
  readonly known: boolean
  readonly outcome: ScanOutcome<Payload> | null
}

/**
 * How a scan stands; `Ended` is one whose result is at a second address. `retryAfterMs` is the wait the vendor asks for
 * before the next poll. `messages` are what the vendor says it does, oldest first, at most 20.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanStatus<Payload> =
  | {
      readonly _tag: "Pending"
      readonly phase: "queued" | "running"
      readonly progress: Progress | null
      readonly messages: ReadonlyArray<string>
      readonly retryAfterMs: number | null
    }
  | { readonly _tag: "Ended"; readonly vendorStatus: string; readonly retryAfterMs: number | null }
  | { readonly _tag: "Unrecognised"; readonly word: string; readonly retryAfterMs: number | null }
  | { readonly _tag: "Settled"; readonly outcome: ScanOutcome<Payload> }

/**
 * A scan to resume: its ticket, in any process, or its key (`"exona:scn_01..."`).
 *
 * @category models
 * @since 0.1.0
 */
export type Known = ScanTicket | string

/**
 * One vendor of a client.
 *
 * - `run`: buys a scan, unless an equal one is open or was answered within `reuse`, and waits for its outcome. Rejects
 *   with a `ScanError`.
 * - `wait`: waits for a scan that was bought before. Nothing is ever bought.
 * - `submit`: buys a scan and does not wait. Rejects with `SubmitError`, `JournalError` or `AbortError`.
 * - `status`: one poll, in the turn of the account's budget. Rejects with a `StatusError`. Findings that take a second
 *   request come with `wait` only.
 * - `cancel`: asks the vendor to cancel a scan: one request, in the turn of the account's budget. That it resolves says that
 *   the vendor took the wish. The vendor's next answer says how the scan ended, as a rule as `Failed` with the code
 *   `cancelled`, and until then it stays open here. Rejects with a `StatusError`: a `PollFault` with the code `no-cancel` where
 *   the vendor has no such call.
 * - `account`: the same calls for another account of the vendor, by its label in the options. Throws a `TypeError` where it has
 *   no such account. `wait`, `status`, `cancel` and `ticket` of the vendor itself find the account that the ticket or key names.
 * - `request` and `ticket`: what `runAll` and `watch` take. Throw `InvalidPolicy`, or `TypeError` for what no request or
 *   ticket can be.
 *
 * An option that does not exist, a signal that is none, and an id that the vendor cannot have, is a `TypeError` before
 * anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendor<out Name extends string, in Request, out Payload> {
  readonly run: (request: Request, options?: RunOptions) => Promise<ScanOutcome<Payload>>
  readonly wait: (known: Known, options?: WaitOptions) => Promise<ScanOutcome<Payload>>
  readonly submit: (request: Request, options?: Omit<RunOptions, "policy">) => Promise<Submission<Payload>>
  readonly status: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<ScanStatus<Payload>>
  readonly cancel: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<void>
  readonly request: (request: Request, options?: RequestOptions) => ScanRequest<Name, Payload>
  readonly ticket: (known: Known, options?: RequestOptions) => ScanRequest<Name, Payload>
  readonly account: (label: string) => Vendor<Name, Request, Payload>
}

/**
 * What a client offers for each vendor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendors {
  readonly exona: Vendor<"exona", ExonaRequest, ExonaResult>
  readonly compliance: Vendor<"compliance", ComplianceRequest, CompliancePayload>
  readonly appvet: Vendor<"appvet", AppVetRequest, AppVetPayload>
  readonly urlscan: Vendor<"urlscan", UrlscanRequest, UrlscanPayload>
  readonly virustotal: Vendor<"virustotal", VirusTotalRequest, VirusTotalPayload>
  readonly sonarqube: Vendor<"sonarqube", SonarQubeRequest, SonarQubeGate>
}

/**
 * The payload of any vendor.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyPayload =
  | ExonaResult
  | CompliancePayload
  | AppVetPayload
  | UrlscanPayload
  | VirusTotalPayload
  | SonarQubeGate

/**
 * What a client does across its vendors.
 *
 * - `runAll`: runs a batch; one record per request, whatever happens to it.
 * - `watch`: the same batch as its events, the end of each request with its record among them. A reader that is more than
 *   1000 events behind misses `Scheduled` and `Polled` ones.
 * - `wait`, `status` and `cancel`: of whichever vendor the ticket or key names.
 * - `dispose`: ends everything that is under way, as its signals would, waits for submissions in flight and closes the
 *   journal. `await using` calls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Across<out Payload = AnyPayload> extends AsyncDisposable {
  readonly runAll: <Request extends ScanRequest>(
    requests: ReadonlyArray<Request>,
    options?: BatchOptions
  ) => Batch<RecordOf<Request>>
  readonly watch: <Request extends ScanRequest>(
    requests: Request | ReadonlyArray<Request>,
    options?: Omit<BatchOptions, "onEvent">
  ) => AsyncIterable<WatchEvent<RecordOf<Request>>>
  readonly wait: (known: Known, options?: WaitOptions) => Promise<ScanOutcome<Payload>>
  readonly status: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<ScanStatus<Payload>>
  readonly cancel: (known: Known, options?: Pick<WaitOptions, "signal">) => Promise<void>
  readonly dispose: () => Promise<void>
}
