/**
 * What Exona's errors mean for a poll and for a submission: one table, and the rules for what is not in it.
 *
 * The HTTP status decides what a fault costs; a documented code at its documented status adds advice. A failed scan is
 * not an error at all: it is a good answer whose status is `failed`.
 *
 * @see https://docs.exonalab.com/docs/data-reference/errors
 * @since 0.1.0
 */
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import type { TransportFault, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import * as PollFault from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import type { ExonaErrorBody } from "./ExonaSchema.ts"
import * as ExonaSchema from "./ExonaSchema.ts"

/**
 * One row of the table: a documented code with its status, or (with `code: null`) a status the vendor leaves open.
 * `permanent` holds for polls: asking again cannot help.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorRow {
  readonly code: string | null
  readonly status: number
  readonly poll: PollFaultKind
  readonly permanent: boolean
  readonly submit: SubmitErrorKind
  readonly advice: string
}

const invalid = (code: string, advice: string): ErrorRow => ({
  code,
  status: 400,
  poll: "Broken",
  permanent: true,
  submit: "Refused",
  advice
})

const denied = (code: string, status: number, advice: string): ErrorRow => ({
  code,
  status,
  poll: "Denied",
  permanent: false,
  submit: "Denied",
  advice
})

/**
 * Every documented error code, and the status that live scans without credits would suggest (the vendor documents none).
 *
 * @see https://docs.exonalab.com/docs/data-reference/errors
 * @category constructors
 * @since 0.1.0
 */
export const table: ReadonlyArray<ErrorRow> = [
  denied("AUTHENTICATION_REQUIRED", 401, "no key reached Exona: set EXONA_API_KEY"),
  denied("INVALID_API_KEY", 401, "the key is malformed, revoked or expired: set EXONA_API_KEY to a valid one"),
  denied("FORBIDDEN_IP", 403, "the key may be used from certain addresses only, and this machine's is not one of them"),
  invalid("MISSING_REQUIRED_FIELD", "a required field is missing from the request"),
  invalid("INVALID_COMPANY_WEBSITE", "the website must be a URL that starts with https://"),
  invalid("INVALID_MAX_AGE_DAYS", "maxAgeDays must be a whole number from 0 to 365"),
  invalid("QUESTIONNAIRE_TOO_LARGE", "at most 50 items, 5000 characters per answer and 20000 in all"),
  {
    code: "SCAN_NOT_FOUND",
    status: 404,
    poll: "Missing",
    permanent: false,
    submit: "Refused",
    advice: "the id is wrong, or the scan belongs to another key: a live key does not see test scans"
  },
  {
    code: "RATE_LIMIT_EXCEEDED",
    status: 429,
    poll: "Throttled",
    permanent: false,
    submit: "Throttled",
    advice: "the requests of this key are used up for now: 100 per hour unless Exona agreed to more"
  },
  {
    code: null,
    status: 402,
    poll: "Broken",
    permanent: true,
    submit: "Refused",
    advice: "live scans spend credits: the account may have none left"
  }
]

/**
 * The row for a status and the code in the body, if any; null for what the table does not know.
 *
 * @category destructors
 * @since 0.1.0
 */
export const lookup = (status: number, code: string | null): ErrorRow | null =>
  table.find((row) => row.status === status && (row.code === null || row.code === code)) ?? null

/**
 * What is known about an answer that brings no scan. `error` is the vendor's own error object, null when the body has
 * none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly error: ExonaErrorBody | null
  readonly row: ErrorRow | null
  readonly code: string
  readonly message: string
  readonly advice: string | null
  readonly requestId: string | null
}

/**
 * Vendor text made fit for a message: without credentials, at most 1000 characters.
 *
 * @category combinators
 * @since 0.1.0
 */
export const clean = (scrub: (text: string) => string, text: string): string => WireFields.cut(scrub(text))

/**
 * Reads an answer that brings no scan.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readRefusal = (response: VendorResponse, scrub: (text: string) => string): Refusal => {
  const { body, requestId, status } = response
  const error = body._tag === "Json" && WireFields.isRecord(body.value) ? ExonaSchema.readError(body.value, []) : null
  // An error object that says nothing is not the vendor's own word.
  const said = error !== null && (error.code !== null || error.message !== null) ? error : null
  const row = lookup(status, said?.code ?? null)
  const what = said?.message ?? (body._tag === "Unreadable" ? body.detail : "no reason given")
  const where = said !== null && said.param !== null ? ` (${said.param})` : ""
  return {
    error: said,
    row,
    code: clean(scrub, said?.code ?? `http-${status}`),
    message: clean(scrub, said === null ? `Exona answered ${status}: ${what}` : `${what}${where}`),
    advice: said?.hint !== undefined && said.hint !== null ? clean(scrub, said.hint) : (row?.advice ?? null),
    requestId: said?.requestId ?? requestId
  }
}

/**
 * A poll that was answered without a scan. An answer of status 200 that brings none is read by the adapter itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollFault = (response: VendorResponse, scrub: (text: string) => string): PollFault.PollFault => {
  const refusal = readRefusal(response, scrub)
  const { kind, permanent } =
    refusal.row === null
      ? StatusClass.pollFault(response.status)
      : { kind: refusal.row.poll, permanent: refusal.row.permanent }
  return PollFault.make({
    kind,
    permanent,
    code: refusal.code,
    // A fault has no field of its own for advice, and people need both.
    message:
      refusal.advice === null
        ? refusal.message
        : WireFields.cut(`${refusal.message.replace(/[.;:\s]+$/, "")}; ${refusal.advice}`),
    requestId: refusal.requestId,
    hint: response.hint,
    quota: response.quota
  })
}

/**
 * A submission that was answered without a usable id.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitError = (response: VendorResponse, scrub: (text: string) => string): SubmitError.SubmitError => {
  const refusal = readRefusal(response, scrub)
  const kind =
    refusal.row !== null && (refusal.row.code !== null || refusal.error !== null)
      ? refusal.row.submit
      : StatusClass.submitFault(response.status, refusal.error !== null)
  return SubmitError.make({
    kind,
    code: refusal.code,
    message: kind === "InDoubt" ? inDoubt(response, refusal, scrub) : refusal.message,
    advice: kind === "InDoubt" ? inDoubtAdvice : refusal.advice,
    requestId: refusal.requestId,
    hint: response.hint,
    quota: response.quota
  })
}

/**
 * What a person can do about a submission that may or may not have been accepted: Exona has no list of scans to look
 * into.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category constructors
 * @since 0.1.0
 */
export const inDoubtAdvice =
  "Exona has no list of scans. Wait two minutes, then ask for the same website with maxAgeDays 1, without forceRefresh " +
  "and without a questionnaire: a hit is the lost scan and costs nothing, a miss buys a new one. A scan with a " +
  "questionnaire can only be found by the vendor's support, by the request id."

const inDoubt = (response: VendorResponse, refusal: Refusal, scrub: (text: string) => string): string => {
  if (refusal.error !== null || response.body._tag !== "Json") return refusal.message
  const kept = scrub(JSON.stringify(response.body.value))
  return WireFields.cut(`Exona answered ${response.status} without a usable scan id: ${kept}`)
}

/**
 * A poll that got no answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollTransport = (fault: TransportFault, scrub: (text: string) => string): PollFault.PollFault =>
  StatusClass.pollTransport(fault, scrub)

/**
 * A submission that got no answer: surely not accepted when no byte left, in doubt otherwise. Without a credential it is
 * denied, as with a refused one: both are mended in the same place.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitTransport = (fault: TransportFault, scrub: (text: string) => string): SubmitError.SubmitError =>
  StatusClass.submitTransport(fault, scrub, inDoubtAdvice)
