/**
 * The port each vendor implements: submit a scan, poll it once, and say what it all means.
 *
 * An adapter answers questions and keeps no state of its own; it never retries, never waits and never decides when to
 * ask. `submit` and `poll` make one request each. The engine does the rest, alike for every vendor.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { PollAnswer, Quota } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { Findings, ScanOutcome } from "../model/ScanOutcome.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"
import type { SubmitError } from "../model/SubmitError.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import type { VendorLimits } from "../policy/VendorLimits.ts"

/**
 * The vendor took the submission. `hint` is the wait it asks for before the first poll.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submitted {
  readonly _tag: "Submitted"
  readonly ticket: ScanTicket
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
}

/**
 * The answer to the submission was already the end: a cache hit, or a scan done inside the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Already<out Payload> {
  readonly _tag: "Already"
  readonly outcome: ScanOutcome<Payload>
  readonly quota: Option.Option<Quota>
}

/**
 * The answer of an adapter whose vendor took the submission. Left out, `hint` and `quota` are none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const submitted = (ticket: ScanTicket, said: Partial<Pick<Submitted, "hint" | "quota">> = {}): Submitted => ({
  _tag: "Submitted",
  ticket,
  hint: said.hint ?? Option.none(),
  quota: said.quota ?? Option.none()
})

/**
 * The answer of an adapter whose vendor answered the submission with the end of the scan. Left out, `quota` is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const already = <Payload>(
  outcome: ScanOutcome<Payload>,
  said: Partial<Pick<Already<Payload>, "quota">> = {}
): Already<Payload> => ({ _tag: "Already", outcome, quota: said.quota ?? Option.none() })

/**
 * One thing wrong with a request, found before anything is sent. `path` leads to the field, such as
 * `["questionnaire", 3, "answer"]`.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestFault {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

/**
 * The requests one account may make, as the vendor documents it. Headers may teach the budget better.
 *
 * - `requests` per `window`: every request counts, polls included. Null when the vendor names no limit.
 * - `windows`: further limits that hold beside it, such as 500 a day beside 4 a minute.
 * - `submitGap`: the least time between two submissions. Default none.
 * - `openScans`: how many scans may be open at once. Null when the vendor names no limit.
 * - `typicalDuration`: how long a scan usually takes, from the vendor's words; used to reserve room for its polls.
 * - `pollsPerScan`: about how many polls one scan costs while `open` scans are open.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountLimits {
  readonly requests: number | null
  readonly window: Duration.Duration
  readonly windows?: ReadonlyArray<{ readonly requests: number; readonly window: Duration.Duration }>
  readonly submitGap?: Duration.Duration
  readonly openScans: number | null
  readonly typicalDuration: Duration.Duration
  readonly pollsPerScan: (open: number) => number
}

/**
 * How many polls to reserve for one scan while `open` scans are open: from 1. An estimate that throws or is no number counts
 * as 1, so that a mistake in one adapter cannot hold up its account.
 *
 * @category destructors
 * @since 0.2.0
 */
export const pollsReserved = (limits: Pick<AccountLimits, "pollsPerScan">, open: number): number => {
  try {
    const polls = limits.pollsPerScan(open)
    return Number.isFinite(polls) ? Math.max(1, polls) : 1
  } catch {
    return 1
  }
}

/**
 * Names under which an adapter publishes the paces its vendor recommends.
 *
 * @category models
 * @since 0.1.0
 */
export type PaceName = "interactive" | "default" | "background" | "bulk"

/**
 * What a scan is about, for calls whose address says it.
 *
 * - `subject`: of kind `unknown` for a scan that is known by its id alone.
 * - `request`: what was asked for, where this process asked for it; null after a restart.
 *
 * @category models
 * @since 0.2.0
 */
export interface About {
  readonly subject: Subject
  readonly request: unknown
}

/**
 * What paces that learn need to know of a vendor.
 *
 * - `prior`: most scans take between `low` and `high`, in the vendor's words. Both are positive.
 * - `kind`: a name for the scans whose durations belong with those of this request, such as the vendor's type of scan;
 *   "" where all belong together.
 *
 * @category models
 * @since 0.1.0
 */
export interface KnownDurations<in Request> {
  readonly prior: { readonly low: Duration.Duration; readonly high: Duration.Duration }
  readonly kind: (request: Request) => string
}

/**
 * A vendor, ready to be asked on behalf of one account.
 *
 * - `vendor`, `origin`, `account`: where requests go and whose they are. `account` is a label, not a credential.
 * - `environment`: part of the claim where one vendor has several worlds, such as test and live; otherwise "".
 * - `limits`, `policy`, `policies`, `budget`: what the vendor allows, its recommended policy, the named ones, and its
 *   rate limit.
 * - `durations`: what is known of how long its scans take; left out where nothing is learned from them.
 * - `payload`: the schema of the vendor's own result, to store it and read it back.
 * - `check`: every fault of a request that can be known without asking the vendor; empty when there is none.
 * - `subject`: what the request is about. `fingerprint`: equal for two requests exactly when the vendor's own rule
 *   makes them the same purchase.
 * - `maxAge`: how old an outcome may be to answer this request, in the request's own words; null where it says nothing.
 *   Zero asks for a new scan: no settled outcome is taken for it, whatever `reuse` says, while a scan that is still open
 *   is joined, and equal requests of one run stay one purchase. Left out: no request of this vendor says so.
 * - `prepare`: what has to be there before a submission, such as an upload or a task's id, made by calls that buy nothing and
 *   may be repeated. What it returns, as JSON, is stored with the claim before `submit` is called with it. Its failure never
 *   leaves a doubt. `prepareTimeout`: how long it may take, where it waits for something. Default `limits.submitTimeout`.
 * - `recover`: what became of a submission whose answer was lost, by what was prepared for it: its ticket, or null where it
 *   surely was not accepted. Given by a vendor whose prepared data name the scan.
 * - `submit`: one request. `poll`: one request. The engine says what the scan is `about`; an adapter that polls by an id alone need
 *   not.
 * - `result`: one request, for an adapter whose `poll` answers `Ended`: what the scan says, after the vendor has said that it
 *   ended as `vendorStatus`. It is paced and retried as a poll is, also by a later process, which asks for nothing else.
 * - `cancel`: one request that asks the vendor to cancel a scan. Given only where the vendor documents one. It says that the
 *   vendor took the wish; how the scan ended is what its next answer to a poll says.
 * - `probe`: one request that no scan is needed for and that fails with `Denied` where the key is refused. Given by a vendor
 *   whose `poll` cannot tell: it answers an unknown scan and a refused key alike. It is asked before a wait ends as
 *   `not-found`.
 * - `collect`: a second call for the findings of an outcome, tried three times. Its failure never changes the state: it
 *   makes the findings `unavailable`, and a later wait asks again.
 * - `reconcile`: scans in the vendor's list that a submission with a lost answer may have created: submitted at or
 *   after `since` (milliseconds since 1970), their ids not in `known`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanAdapter<in Request, out Payload> {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly environment: string
  readonly limits: VendorLimits
  readonly policy: PollPolicy
  readonly policies: Readonly<Record<PaceName, PollPolicy>>
  readonly budget: AccountLimits
  readonly durations?: KnownDurations<Request>
  readonly payload: Schema.Codec<Payload, unknown>
  readonly check: (request: Request) => ReadonlyArray<RequestFault>
  readonly subject: (request: Request) => Subject
  readonly fingerprint: (request: Request) => string
  readonly maxAge?: (request: Request) => Duration.Duration | null
  readonly prepare?: (request: Request) => Effect.Effect<unknown, SubmitError>
  readonly prepareTimeout?: Duration.Duration
  readonly recover?: (prepared: unknown) => Effect.Effect<ScanTicket | null, PollFault>
  readonly submit: (request: Request, prepared?: unknown) => Effect.Effect<Submitted | Already<Payload>, SubmitError>
  readonly poll: (ticket: ScanTicket, about?: About) => Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault>
  readonly result?: (
    ticket: ScanTicket,
    vendorStatus: string,
    about?: About
  ) => Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault>
  readonly cancel?: (ticket: ScanTicket, about?: About) => Effect.Effect<void, PollFault>
  readonly probe?: Effect.Effect<void, PollFault>
  readonly collect?: (outcome: ScanOutcome<unknown>, about?: About) => Effect.Effect<Findings, PollFault>
  readonly reconcile?: (
    request: Request,
    since: number,
    known: ReadonlySet<string>
  ) => Effect.Effect<ReadonlyArray<ScanTicket>, PollFault>
}
