/**
 * What each error of AppVet means: one table of every documented code, and what follows where no row speaks.
 *
 * A row speaks for one code on one HTTP status; what no row names falls back to the meaning of the status alone. The
 * status 429 has two meanings that only the code tells apart: a passing rate limit, and a used-up month that no wait
 * within a run will mend.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import type { TransportFault, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import type { Scrub } from "./AppVetSchema.ts"

/**
 * The questions that are asked about scans that exist.
 *
 * @category models
 * @since 0.1.0
 */
export type Question = "status" | "report" | "list"

/**
 * What one documented code means on one HTTP status.
 *
 * - `poll`: what it means for the questions it is documented for; null when there is none.
 * - `submit`: what it means for a submission; null when it is not documented there.
 * - `advice`: what a person can do.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly code: string
  readonly status: number
  readonly poll: {
    readonly on: ReadonlyArray<Question>
    readonly kind: PollFault.PollFaultKind
    readonly permanent: boolean
  } | null
  readonly submit: { readonly kind: SubmitError.SubmitErrorKind; readonly permanent: boolean } | null
  readonly advice: string | null
}

const quotaAdvice = "the scans of this billing period are used up: buy credits or wait for the next period"

const everywhere: ReadonlyArray<Question> = ["status", "report", "list"]

/**
 * Every documented code.
 *
 * **Details**
 *
 * `DOMAIN_BLOCKED` is a 403 that speaks of the target and not of the key, so it refuses one scan and not the account.
 * `URL_NOT_REACHABLE` is not permanent: the target may be up again, but that is the caller's to decide.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const rows: ReadonlyArray<Row> = [
  {
    code: "INVALID_URL",
    status: 400,
    poll: null,
    submit: { kind: "Refused", permanent: true },
    advice: "give an http or https address whose host name resolves"
  },
  {
    code: "INVALID_TYPE",
    status: 400,
    poll: null,
    submit: { kind: "Refused", permanent: true },
    advice: "the types are security, performance, accessibility and seo"
  },
  {
    code: "URL_NOT_REACHABLE",
    status: 400,
    poll: null,
    submit: { kind: "Refused", permanent: false },
    advice: "AppVet could not reach the target when the scan was submitted: see that it is up, then run again"
  },
  {
    code: "INVALID_PARAMS",
    status: 400,
    poll: { on: ["list"], kind: "Broken", permanent: true },
    submit: null,
    advice: null
  },
  {
    code: "UNAUTHORIZED",
    status: 401,
    poll: { on: everywhere, kind: "Denied", permanent: false },
    submit: { kind: "Denied", permanent: false },
    advice: "check the API key (APPVET_API_KEY)"
  },
  {
    code: "KEY_REVOKED",
    status: 401,
    poll: { on: everywhere, kind: "Denied", permanent: false },
    submit: { kind: "Denied", permanent: false },
    advice: "this API key was revoked: make a new one at AppVet"
  },
  {
    code: "DOMAIN_BLOCKED",
    status: 403,
    poll: null,
    submit: { kind: "Refused", permanent: true },
    advice: "AppVet does not scan local, private or blocked hosts"
  },
  {
    code: "SCAN_NOT_FOUND",
    status: 404,
    poll: { on: ["status", "report"], kind: "Missing", permanent: false },
    submit: null,
    advice: "the id may be wrong, or the scan may belong to another organization than the API key"
  },
  {
    code: "SCAN_NOT_COMPLETE",
    status: 409,
    poll: { on: ["report"], kind: "Transient", permanent: false },
    submit: null,
    advice: null
  },
  {
    code: "RATE_LIMITED",
    status: 429,
    poll: { on: everywhere, kind: "Throttled", permanent: false },
    submit: { kind: "Throttled", permanent: false },
    advice: null
  },
  {
    code: "QUOTA_EXCEEDED",
    status: 429,
    poll: null,
    submit: { kind: "Refused", permanent: true },
    advice: quotaAdvice
  }
]

/**
 * An error as the vendor writes it: `{ code, error }`, where `error` is the text.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorError {
  readonly code: string
  readonly message: string | null
}

/**
 * Reads the vendor's error; null when the body is not of its shape. A body without a text is still read for its code.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readError = (body: VendorResponse["body"]): VendorError | null => {
  if (body._tag !== "Json" || !WireFields.isRecord(body.value)) return null
  const code = WireFields.optional(body.value, "code", WireFields.nonEmptyText, [])
  return code === null ? null : { code, message: WireFields.optional(body.value, "error", WireFields.nonEmptyText, []) }
}

// A vendor's message may be a sentence with its full stop; what is added to it goes on.
const words = (scrub: Scrub, parts: ReadonlyArray<string | null>): string => {
  const said = parts.filter((part) => part !== null)
  const last = said.length - 1
  return WireFields.cut(
    scrub(said.map((part, index) => (index < last ? part.replace(/[.;:\s]+$/, "") : part)).join("; "))
  )
}

const codeOf = (scrub: Scrub, error: VendorError | null, status: number): string =>
  error === null ? `http-${status}` : WireFields.cut(scrub(error.code), 64)

const said = (error: VendorError | null, response: VendorResponse): string =>
  error?.message ?? (response.body._tag === "Unreadable" ? response.body.detail : `HTTP ${response.status}`)

/**
 * What an answer other than 200 means for the question that was asked.
 *
 * **Details**
 *
 * Every 429 to a question is throttling, whatever its code: a question buys nothing, so no quota can refuse it for good.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollFault = (question: Question, response: VendorResponse, scrub: Scrub): PollFault.PollFault => {
  const error = readError(response.body)
  const row = rows.find(
    (row) => row.code === error?.code && row.status === response.status && row.poll?.on.includes(question) === true
  )
  const { kind, permanent } = row?.poll ?? StatusClass.pollFault(response.status)
  return PollFault.make({
    kind,
    permanent,
    code: codeOf(scrub, error, response.status),
    message: words(scrub, [said(error, response), row?.advice ?? null]),
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })
}

/**
 * An answer with status 200 that does not hold what it should.
 *
 * @category constructors
 * @since 0.1.0
 */
export const broken = (code: string, message: string, response: VendorResponse, scrub: Scrub): PollFault.PollFault =>
  PollFault.make({
    kind: "Broken",
    code,
    message: words(scrub, [message]),
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })

/**
 * No answer to a question. A missing credential is the account's trouble, everything else the network's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollTransportFault = (fault: TransportFault, scrub: Scrub): PollFault.PollFault =>
  StatusClass.pollTransport(fault, scrub)

const inDoubtAdvice = "the scan may have been bought: look for it in AppVet's list before it is submitted again"

// The vendor's own header says that requests are left, so this 429 is not the limit per minute.
const hasRequestsLeft = (response: VendorResponse): boolean =>
  Option.isSome(response.quota) && (response.quota.value.remaining ?? 0) > 0

/**
 * What an answer to a submission means when it names no scan.
 *
 * **Details**
 *
 * A 429 whose code cannot be read is throttling, unless its headers say that requests are left in this minute: then it
 * can only be the month's quota, and the submission counts as refused. It was not accepted either way.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitError = (response: VendorResponse, scrub: Scrub): SubmitError.SubmitError => {
  const error = readError(response.body)
  const row = rows.find((row) => row.code === error?.code && row.status === response.status && row.submit !== null)
  const quota = response.status === 429 && error === null && hasRequestsLeft(response)
  // A gateway that writes a bare code is not the vendor saying no.
  const vendorShaped = error !== null && error.message !== null
  const kind = quota ? "Refused" : (row?.submit?.kind ?? StatusClass.submitFault(response.status, vendorShaped))
  const accepted = response.status >= 200 && response.status < 300
  return SubmitError.make({
    kind,
    permanent: row?.submit?.permanent ?? false,
    code: accepted && error === null ? "no-scan-id" : codeOf(scrub, error, response.status),
    message: words(scrub, [
      accepted ? `HTTP ${response.status} without a usable scan id` : null,
      accepted && error === null && response.body._tag === "Json" ? null : said(error, response)
    ]),
    advice: kind === "InDoubt" ? inDoubtAdvice : quota ? quotaAdvice : (row?.advice ?? null),
    requestId: response.requestId,
    hint: kind === "Throttled" ? response.hint : Option.none(),
    quota: response.quota
  })
}

/**
 * No answer to a submission: surely not sent, or in doubt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitTransportError = (fault: TransportFault, scrub: Scrub): SubmitError.SubmitError =>
  StatusClass.submitTransport(fault, scrub, inDoubtAdvice)
