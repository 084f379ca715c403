// The vendor's errors as faults: by its table, and by the common rule where the table is silent.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as StatusClass from "../../http/StatusClass.ts"
import { TransportFault, type VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import type { ErrorRow, Errors, Firm, Question } from "../Definition.ts"
import * as ErrorReading from "./errorReading.ts"

export type Scrub = (text: string) => string

export interface Faults<in T> {
  readonly poll: (question: Question, response: VendorResponse, scrub: Scrub) => PollFault.PollFault
  readonly submit: (response: VendorResponse, scrub: Scrub, target: T) => SubmitError.SubmitError
  /** A submission that got no answer. */
  readonly lost: (fault: TransportFault, scrub: Scrub, target: T) => SubmitError.SubmitError
  /** A question that got no answer. */
  readonly unanswered: (fault: TransportFault, scrub: Scrub) => PollFault.PollFault
  /** The vendor's own words, when the body is its error; null when it is not. */
  readonly said: (response: VendorResponse) => string | null
}

/** Parts of a message as one sentence: a vendor's message may end with a full stop, and goes on here. */
export const sentence = (scrub: Scrub, parts: ReadonlyArray<string | null | undefined>): string => {
  const said = parts.filter((part) => part !== null && part !== undefined)
  return WireFields.cut(
    scrub(said.map((part, index) => (index < said.length - 1 ? part.replace(/[.;:\s]+$/, "") : part)).join("; "))
  )
}

/** One body may come with many statuses, and only the status tells what to do about it. */
const withStatus = (said: string, status: number): string =>
  said.includes(String(status)) ? said : `${said.replace(/[.;:\s]+$/, "")} (HTTP ${status})`

const pollKinds: Readonly<Record<Firm<PollFault.PollFaultKind>, readonly [PollFault.PollFaultKind, boolean]>> = {
  Transient: ["Transient", false],
  "Transient!": ["Transient", true],
  Throttled: ["Throttled", false],
  "Throttled!": ["Throttled", true],
  Missing: ["Missing", false],
  "Missing!": ["Missing", true],
  Denied: ["Denied", false],
  "Denied!": ["Denied", true],
  Broken: ["Broken", false],
  "Broken!": ["Broken", true]
}

const submitKinds: Readonly<
  Record<Firm<SubmitError.SubmitErrorKind>, readonly [SubmitError.SubmitErrorKind, boolean]>
> = {
  Refused: ["Refused", false],
  "Refused!": ["Refused", true],
  Denied: ["Denied", false],
  "Denied!": ["Denied", true],
  Throttled: ["Throttled", false],
  "Throttled!": ["Throttled", true],
  NotSent: ["NotSent", false],
  "NotSent!": ["NotSent", true],
  InDoubt: ["InDoubt", false],
  "InDoubt!": ["InDoubt", true]
}

/** An answer that is no use, with a code of ours. */
export const broken = (response: VendorResponse, code: string, message: string, scrub: Scrub): PollFault.PollFault => {
  const { hint, quota, requestId } = response
  return PollFault.make({ kind: "Broken", code, message: sentence(scrub, [message]), requestId, hint, quota })
}

/** A scan that must not be asked for any more. */
export const tooLate: PollFault.PollFault = PollFault.make({
  kind: "Missing",
  permanent: true,
  code: "too-late",
  message: "it is too long ago to ask for the scan: its vendor may have forgotten it, and would start another one"
})

/** An answer of 200 which says that there is no such scan. */
export const missing = (
  response: VendorResponse,
  word: string,
  permanent: boolean,
  scrub: Scrub
): PollFault.PollFault => {
  const { hint, quota, requestId } = response
  const message = sentence(scrub, [`the vendor does not know the scan: ${word}`])
  return PollFault.make({ kind: "Missing", permanent, code: "unknown-scan", message, requestId, hint, quota })
}

/** The wait that an answer asks for; where it names none, the one that the vendor's documentation does. */
const waitOf = (hint: VendorResponse["hint"], row: ErrorRow | undefined): VendorResponse["hint"] =>
  Option.orElse(hint, () => (row?.wait === undefined ? Option.none() : Duration.fromInput(row.wait)))

const codeOf = (scrub: Scrub, code: string | null, status: number): string =>
  code === null ? `http-${status}` : WireFields.cut(scrub(code), 64)

const cleaned = (scrub: Scrub, text: string | null): string | null => (text === null ? null : sentence(scrub, [text]))

/** Nothing was bought, a row says: without the vendor's own error, the status alone does not prove it. */
const isNo = ({ submit }: ErrorRow): boolean => submit?.startsWith("Refused") === true || submit === "NotSent"

const doubtOf = <T>({ doubt }: Errors<T>, target: T): string | null =>
  (typeof doubt === "function" ? doubt(target) : doubt) ?? null

/** What an answer to a submission means, in the vendor's words where it has some. */
const meantBySubmit = <T>(
  errors: Errors<T>,
  rowOf: ErrorReading.RowOf,
  response: VendorResponse,
  heard: ErrorReading.Heard,
  target: T
) => {
  const odd = errors.odd?.(response, heard.code, target) ?? null
  // What a 200 or a server's own trouble says may have been bought all the same.
  const row =
    (odd !== null && isNo(odd) && !StatusClass.isRefusal(response.status) ? null : odd) ??
    rowOf(response.status, heard, (row, isBare) => row.submit !== undefined && (heard.isOwn || !isBare || !isNo(row)))
  const [kind, permanent] =
    row?.submit === undefined ? [StatusClass.submitFault(response.status, heard.isOwn), false] : submitKinds[row.submit]
  const advice = kind === "InDoubt" ? doubtOf(errors, target) : (heard.advice ?? row?.advice ?? null)
  return { kind, permanent, row, advice }
}

/** A request that left and got no answer, with what may be behind that. */
const silent = (fault: TransportFault, unanswered: string | undefined): TransportFault =>
  fault.sent && unanswered !== undefined
    ? new TransportFault({
        sent: fault.sent,
        permanent: fault.permanent,
        code: fault.code,
        message: `${fault.message.replace(/[.;:\s]+$/, "")}; ${unanswered}`
      })
    : fault

export const make = <T>(errors: Errors<T>): Faults<T> => {
  const rowOf = ErrorReading.table(errors)
  return {
    poll: (question, response, scrub) => {
      const heard = ErrorReading.read(errors, response)
      const { code, details, requestId, said } = heard
      const { hint, quota, status } = response
      const asks = ({ on, poll }: ErrorRow): boolean => poll !== undefined && on?.includes(question) !== false
      const row = rowOf(status, heard, asks)
      const common = StatusClass.pollFault(status)
      const [kind, permanent] = row?.poll === undefined ? [common.kind, common.permanent] : pollKinds[row.poll]
      return PollFault.make({
        kind,
        permanent,
        code: codeOf(scrub, code, status),
        message: sentence(scrub, [withStatus(said, status), ...details, heard.advice ?? row?.advice]),
        requestId: cleaned(scrub, requestId),
        hint: waitOf(hint, row),
        quota
      })
    },
    submit: (response, scrub, target) => {
      const heard = ErrorReading.read(errors, response)
      const { code, details, requestId, said } = heard
      const { body, hint, quota, status } = response
      const { advice, kind, permanent, row } = meantBySubmit(errors, rowOf, response, heard, target)
      const accepted = status >= 200 && status < 300
      // It may have been paid for: what the vendor said is kept for the person who has to find it.
      const kept = kind === "InDoubt" && !heard.isOwn && body._tag === "Json" ? JSON.stringify(body.value) : null
      return SubmitError.make({
        kind,
        permanent,
        code: accepted && code === null ? "no-scan-id" : codeOf(scrub, code, status),
        message: sentence(
          scrub,
          kept !== null
            ? [`HTTP ${status} without a usable scan id: ${kept}`]
            : [accepted ? `HTTP ${status} without a usable scan id` : null, said, ...details]
        ),
        advice: cleaned(scrub, advice),
        requestId: cleaned(scrub, requestId),
        hint: kind === "Throttled" ? waitOf(hint, row) : Option.none(),
        quota
      })
    },
    lost: (fault, scrub, target) =>
      StatusClass.submitTransport(silent(fault, errors.unanswered), scrub, doubtOf(errors, target)),
    unanswered: (fault, scrub) => StatusClass.pollTransport(silent(fault, errors.unanswered), scrub),
    said: (response) => {
      const { isOwn, message } = ErrorReading.read(errors, response)
      return isOwn ? message : null
    }
  }
}
