// The vendor's errors by its table, and by the common rule where the table is silent.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as StatusClass from "../../http/StatusClass.ts"
import { TransportFault, type VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import type { ErrorRow, Errors, Firm, Question } from "../Definition.ts"
import * as Wire from "../Wire.ts"

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

export const make = <T>(errors: Errors<T>): Faults<T> => {
  const rows: ReadonlyMap<string, ReadonlyArray<ErrorRow>> = new Map(
    Object.entries(errors.rows).map(([key, row]) => [key, "length" in row ? row : [row]])
  )

  const text = (response: VendorResponse, place: Wire.Place | undefined): string | null =>
    place === undefined || response.body._tag !== "Json"
      ? null
      : WireFields.nonEmptyText.read(Wire.get(response.body.value, place))

  const read = (response: VendorResponse) => {
    const { body, status } = response
    const code = text(response, errors.code)
    const message = text(response, errors.message)
    // Where the vendor's errors have codes, a text beside no code is not one of them.
    const known = errors.code === undefined || errors.either === true || code !== null
    const said = known ? message : null
    const details = known && body._tag === "Json" ? (errors.details?.(body.value) ?? []) : []
    return {
      code,
      message: said,
      said: said ?? (body._tag === "Unreadable" ? body.detail : `HTTP ${status}`),
      details,
      advice: known ? text(response, errors.advice) : null,
      requestId: (known ? text(response, errors.requestId) : null) ?? response.requestId,
      isOwn: known && (message !== null || (errors.either === true && code !== null))
    }
  }

  type Heard = ReturnType<typeof read>

  const rowOf = (
    status: number,
    { code, message }: Pick<Heard, "code" | "message">,
    wanted: (row: ErrorRow, isBare: boolean) => boolean
  ): ErrorRow | undefined => {
    const says = ({ says }: ErrorRow): boolean => says === undefined || (message !== null && says.test(message))
    return (
      (code === null ? undefined : rows.get(`${status} ${code}`)?.find((row) => says(row) && wanted(row, false))) ??
      rows.get(String(status))?.find((row) => says(row) && wanted(row, true))
    )
  }

  const codeOf = (scrub: Scrub, code: string | null, status: number): string =>
    code === null ? `http-${status}` : WireFields.cut(scrub(code), 64)

  const doubt = (target: T): string | null =>
    (typeof errors.doubt === "function" ? errors.doubt(target) : errors.doubt) ?? null

  /** Nothing was bought, a row says: without the vendor's own error, the status alone does not prove it. */
  const isNo = ({ submit }: ErrorRow): boolean => submit?.startsWith("Refused") === true || submit === "NotSent"

  const meantBySubmit = (response: VendorResponse, heard: Heard, target: T) => {
    const odd = errors.odd?.(response, heard.code, target) ?? null
    // What a 200 or a server's own trouble says may have been bought all the same.
    const row =
      (odd !== null && isNo(odd) && !StatusClass.isRefusal(response.status) ? null : odd) ??
      rowOf(response.status, heard, (row, isBare) => row.submit !== undefined && (heard.isOwn || !isBare || !isNo(row)))
    const [kind, permanent] =
      row?.submit === undefined
        ? [StatusClass.submitFault(response.status, heard.isOwn), false]
        : submitKinds[row.submit]
    return { kind, permanent, row, advice: kind === "InDoubt" ? doubt(target) : (heard.advice ?? row?.advice ?? null) }
  }

  /** Where a request left and nothing came back, what may be behind that. */
  const silent = (fault: TransportFault): TransportFault =>
    fault.sent && errors.unanswered !== undefined
      ? new TransportFault({
          sent: fault.sent,
          permanent: fault.permanent,
          code: fault.code,
          message: `${fault.message.replace(/[.;:\s]+$/, "")}; ${errors.unanswered}`
        })
      : fault

  return {
    poll: (question, response, scrub) => {
      const heard = read(response)
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
        requestId: requestId === null ? null : sentence(scrub, [requestId]),
        hint: waitOf(hint, row),
        quota
      })
    },
    submit: (response, scrub, target) => {
      const heard = read(response)
      const { code, details, requestId, said } = heard
      const { body, hint, quota, status } = response
      const { advice, kind, permanent, row } = meantBySubmit(response, heard, target)
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
        advice: advice === null ? null : sentence(scrub, [advice]),
        requestId: requestId === null ? null : sentence(scrub, [requestId]),
        hint: kind === "Throttled" ? waitOf(hint, row) : Option.none(),
        quota
      })
    },
    lost: (fault, scrub, target) => StatusClass.submitTransport(silent(fault), scrub, doubt(target)),
    unanswered: (fault, scrub) => StatusClass.pollTransport(silent(fault), scrub),
    said: (response) => {
      const { isOwn, message } = read(response)
      return isOwn ? message : null
    }
  }
}
