/**
 * What each error of the compliance API means: one table for polls and the audit's list, one for submissions.
 *
 * A row speaks for one operation, one HTTP status and one code; what no row names falls back to the meaning of the HTTP
 * status alone. Bodies are read before any status is judged. A submission the tables do not surely call refused is in
 * doubt: it is never sent again by itself.
 *
 * @since 0.1.0
 */
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import type { TransportFault, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as SubmitError from "@scanpoll/core/model/SubmitError"

/**
 * The questions that are asked about scans: the status of one, or the list of an audit.
 *
 * @category models
 * @since 0.1.0
 */
export type Question = "status" | "list"

/**
 * One documented or observed error of a question. `advice` is added to the vendor's words.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollRow {
  readonly on: ReadonlyArray<Question>
  readonly status: number
  readonly code: string
  readonly kind: PollFault.PollFaultKind
  readonly permanent: boolean
  readonly advice: string | null
}

/**
 * Errors of polls and of the audit's list. The documentation names the first row; the others were seen at the server.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollRows: ReadonlyArray<PollRow> = [
  {
    on: ["status"],
    status: 404,
    code: "NOT_FOUND",
    kind: "Missing",
    permanent: false,
    advice: "the vendor also says so when the token has expired or its database is down"
  },
  {
    on: ["list"],
    status: 404,
    code: "NOT_FOUND",
    kind: "Missing",
    permanent: false,
    advice: "no audit with that auditId for this token"
  },
  {
    on: ["status", "list"],
    status: 400,
    code: "VALIDATION_ERROR",
    kind: "Broken",
    permanent: true,
    advice: null
  },
  {
    on: ["status", "list"],
    status: 401,
    code: "UNAUTHORIZED",
    kind: "Denied",
    permanent: false,
    advice: "the token may have expired, its user may have no organization, or the vendor's database may be down"
  },
  // Without a token the status answers 500 as well, but no request of ours leaves without one.
  {
    on: ["status", "list"],
    status: 500,
    code: "INTERNAL_ERROR",
    kind: "Transient",
    permanent: false,
    advice: null
  },
  {
    on: ["status", "list"],
    status: 501,
    code: "NOT_AVAILABLE",
    kind: "Broken",
    permanent: true,
    advice: "the server's database lacks a migration"
  }
]

/**
 * One documented or observed error of a submission.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubmitRow {
  readonly status: number
  readonly code: string
  readonly kind: SubmitError.SubmitErrorKind
  readonly advice: string | null
}

/**
 * Errors of a submission. `PARTIAL_INSERT` names a scan when it comes as the server sends it, and is then an outcome;
 * its row is for an answer without a usable id.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitRows: ReadonlyArray<SubmitRow> = [
  { status: 400, code: "VALIDATION_ERROR", kind: "Refused", advice: "mend the fields the vendor names" },
  {
    status: 400,
    code: "MAPPING_INCOMPLETE",
    kind: "Refused",
    advice: "confirm a mapping that covers the named fields with columns of this upload, and use its mappingId"
  },
  {
    status: 404,
    code: "NOT_FOUND",
    kind: "Refused",
    advice: "the mapping, the upload or the policy's executable rules do not exist for this token"
  },
  {
    status: 401,
    code: "UNAUTHORIZED",
    kind: "Denied",
    advice: "renew the token; the vendor also says so for a user without an organization and when its database is down"
  },
  {
    status: 500,
    code: "INTERNAL_ERROR",
    kind: "InDoubt",
    advice: "the scan may exist: look for it in the audit before a new one is bought"
  },
  {
    status: 500,
    code: "PARTIAL_INSERT",
    kind: "InDoubt",
    advice: "a scan was begun and failed, and the answer does not name it: look for it in the audit"
  }
]

/**
 * The vendor's error as read from a body: `{ error, message, details? }`, where `error` is the code.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorError {
  readonly code: string
  readonly message: string | null
  /** Fields the vendor complains about, as `path: what`. */
  readonly details: ReadonlyArray<string>
}

const ignored = (): Array<string> => []

const detailLimit = 8

const readIssues = (details: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  details.flatMap((issue) => {
    if (!WireFields.isRecord(issue)) return []
    const path = WireFields.optional(issue, "path", WireFields.list, ignored()) ?? []
    const message = WireFields.optional(issue, "message", WireFields.nonEmptyText, ignored()) ?? "not accepted"
    const at = path.filter((part) => typeof part === "string" || typeof part === "number").join(".")
    return [at === "" ? message : `${at}: ${message}`]
  })

const readMapping = (details: WireFields.WireRecord): ReadonlyArray<string> => {
  const texts = (name: string): string =>
    (WireFields.optional(details, name, WireFields.list, ignored()) ?? [])
      .filter((part) => typeof part === "string")
      .join(", ")
  const missing = texts("missing_required")
  const invalid = texts("invalid_columns")
  return [...(missing === "" ? [] : [`missing: ${missing}`]), ...(invalid === "" ? [] : [`invalid: ${invalid}`])]
}

/**
 * Reads the vendor's error out of an answer's body; null when it is not of the vendor's shape. A code is enough: the
 * audit's list sends it without a message.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readError = (response: VendorResponse): VendorError | null => {
  if (response.body._tag !== "Json" || !WireFields.isRecord(response.body.value)) return null
  const body = response.body.value
  const code = WireFields.optional(body, "error", WireFields.nonEmptyText, ignored())
  if (code === null) return null
  const details = Object.hasOwn(body, "details") ? body["details"] : null
  return {
    code,
    message: WireFields.optional(body, "message", WireFields.nonEmptyText, ignored()),
    details: (Array.isArray(details)
      ? readIssues(details)
      : WireFields.isRecord(details)
        ? readMapping(details)
        : []
    ).slice(0, detailLimit)
  }
}

// A vendor's message may be a sentence with its full stop; what is added to it goes on.
const words = (scrub: (text: string) => string, parts: ReadonlyArray<string | null>): string => {
  const said = parts.filter((part) => part !== null).filter((part) => part !== "")
  const last = said.length - 1
  return WireFields.cut(
    scrub(said.map((part, index) => (index < last ? part.replace(/[.;:\s]+$/, "") : part)).join("; "))
  )
}

const codeOf = (scrub: (text: string) => string, error: VendorError | null, status: number): string =>
  error === null ? `http-${status}` : WireFields.cut(scrub(error.code), 64)

const said = (error: VendorError | null, response: VendorResponse): ReadonlyArray<string | null> =>
  error === null
    ? [response.body._tag === "Unreadable" ? response.body.detail : `HTTP ${response.status}`]
    : [error.message ?? `HTTP ${response.status}`, ...error.details]

/**
 * What an answer other than 200 means for a poll or for the audit's list.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollFault = (
  on: Question,
  response: VendorResponse,
  scrub: (text: string) => string
): PollFault.PollFault => {
  const error = readError(response)
  const row = pollRows.find((row) => row.on.includes(on) && row.status === response.status && row.code === error?.code)
  const { kind, permanent } = row ?? StatusClass.pollFault(response.status)
  return PollFault.make({
    kind,
    permanent,
    code: codeOf(scrub, error, response.status),
    message: words(scrub, [...said(error, response), row?.advice ?? null]),
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })
}

/**
 * An answer with status 200 that does not hold what it should: borne a few times, then final.
 *
 * @category constructors
 * @since 0.1.0
 */
export const broken = (
  code: string,
  message: string,
  response: VendorResponse,
  scrub: (text: string) => string
): PollFault.PollFault =>
  PollFault.make({
    kind: "Broken",
    code,
    message: words(scrub, [message]),
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })

/**
 * No answer to a poll or to the audit's list. A missing credential is the account's trouble, everything else the
 * network's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollTransportFault = (fault: TransportFault, scrub: (text: string) => string): PollFault.PollFault =>
  StatusClass.pollTransport(fault, scrub)

// It may have been paid for: whatever the vendor said is kept for the person who has to find it.
const kept = (response: VendorResponse): string =>
  response.body._tag === "Json" ? JSON.stringify(response.body.value) : response.body.detail

const lostAdvice = (auditId: string | null): string =>
  auditId === null
    ? "the vendor lists scans by audit only and this request names none: look for the scan in the vendor's own history"
    : "look for the scan in the audit before a new one is bought"

const needsAudit = (error: VendorError | null, auditId: string | null): boolean =>
  error?.code === "VALIDATION_ERROR" &&
  auditId === null &&
  (error.details.length === 0 || error.details.some((detail) => detail.startsWith("audit_id")))

/**
 * What an answer to a submission means when it names no scan. `auditId` is the request's, or null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitError = (
  response: VendorResponse,
  auditId: string | null,
  scrub: (text: string) => string
): SubmitError.SubmitError => {
  const error = readError(response)
  const row = submitRows.find((row) => row.status === response.status && row.code === error?.code)
  // A gateway that writes a bare code is not the vendor saying no.
  const vendorShaped = error !== null && error.message !== null
  const kind = row?.kind ?? StatusClass.submitFault(response.status, vendorShaped)
  const accepted = response.status >= 200 && response.status < 300
  const message =
    accepted || (error === null && response.body._tag === "Json")
      ? [`HTTP ${response.status} without a usable scan_id: ${kept(response)}`]
      : said(error, response)
  const advice = needsAudit(error, auditId)
    ? "this server runs scans inside an audit only: create one (POST /api/audits) and give its id as auditId"
    : kind === "InDoubt" && (auditId === null || row === undefined)
      ? lostAdvice(auditId)
      : (row?.advice ?? null)
  return SubmitError.make({
    kind,
    code: accepted && error === null ? "no-scan-id" : codeOf(scrub, error, response.status),
    message: words(scrub, message),
    advice,
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })
}

/**
 * No answer to a submission: surely not sent, or in doubt. The vendor goes on with a scan nobody waits for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitTransportError = (
  fault: TransportFault,
  auditId: string | null,
  scrub: (text: string) => string
): SubmitError.SubmitError => StatusClass.submitTransport(fault, scrub, lostAdvice(auditId))

/**
 * The code of a failed submission's outcome, where the answer names the scan and calls it failed.
 *
 * @category destructors
 * @since 0.1.0
 */
export const failureOf = (
  response: VendorResponse,
  scrub: (text: string) => string
): { readonly code: string | null; readonly message: string } => {
  const error = readError(response)
  return error === null
    ? { code: null, message: "none given" }
    : {
        code: codeOf(scrub, error, response.status),
        message: error.message === null ? "none given" : words(scrub, [error.message, ...error.details])
      }
}
