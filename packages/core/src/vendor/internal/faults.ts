// The vendor's errors by its table, and by the common rule where the table is silent.
import * as Option from "effect/Option"
import * as StatusClass from "../../http/StatusClass.ts"
import type { VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import type { ErrorRow, Errors, Firm, Question } from "../Definition.ts"
import * as Wire from "../Wire.ts"

export type Scrub = (text: string) => string

export interface Faults {
  readonly poll: (question: Question, response: VendorResponse, scrub: Scrub) => PollFault.PollFault
  readonly submit: (response: VendorResponse, scrub: Scrub) => SubmitError.SubmitError
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

export const make = (errors: Errors): Faults => {
  const text = (response: VendorResponse, place: Wire.Place | undefined): string | null =>
    place === undefined || response.body._tag !== "Json"
      ? null
      : WireFields.nonEmptyText.read(Wire.get(response.body.value, place))

  const read = (response: VendorResponse) => {
    const { body, status } = response
    const code = text(response, errors.code)
    const message = text(response, errors.message)
    // Where the vendor's errors have codes, a text beside no code is not one of them.
    const known = errors.code === undefined || code !== null
    const said = known ? message : null
    return {
      code,
      said: said ?? (body._tag === "Unreadable" ? body.detail : `HTTP ${status}`),
      isOwn: known && message !== null
    }
  }

  const rowOf = (status: number, code: string | null, wanted: (row: ErrorRow) => boolean): ErrorRow | undefined =>
    (code === null ? [String(status)] : [`${status} ${code}`, String(status)])
      .map((key) => (Object.hasOwn(errors.rows, key) ? errors.rows[key] : undefined))
      .find((row) => row !== undefined && wanted(row))

  const codeOf = (scrub: Scrub, code: string | null, status: number): string =>
    code === null ? `http-${status}` : WireFields.cut(scrub(code), 64)

  const meantBySubmit = (response: VendorResponse, code: string | null, isOwn: boolean) => {
    const odd = errors.odd?.(response, code) ?? null
    const row = odd ?? rowOf(response.status, code, (row) => row.submit !== undefined)
    const [kind, permanent] =
      row?.submit === undefined ? [StatusClass.submitFault(response.status, isOwn), false] : submitKinds[row.submit]
    return { kind, permanent, advice: (kind === "InDoubt" ? errors.doubt : row?.advice) ?? null }
  }

  return {
    poll: (question, response, scrub) => {
      const { code, said } = read(response)
      const { hint, quota, requestId, status } = response
      const asks = ({ on, poll }: ErrorRow): boolean => poll !== undefined && on?.includes(question) !== false
      const row = rowOf(status, code, asks)
      const common = StatusClass.pollFault(status)
      const [kind, permanent] = row?.poll === undefined ? [common.kind, common.permanent] : pollKinds[row.poll]
      return PollFault.make({
        kind,
        permanent,
        code: codeOf(scrub, code, status),
        message: sentence(scrub, [withStatus(said, status), row?.advice]),
        requestId,
        hint,
        quota
      })
    },
    submit: (response, scrub) => {
      const { code, isOwn, said } = read(response)
      const { body, hint, quota, requestId, status } = response
      const { advice, kind, permanent } = meantBySubmit(response, code, isOwn)
      const accepted = status >= 200 && status < 300
      return SubmitError.make({
        kind,
        permanent,
        code: accepted && code === null ? "no-scan-id" : codeOf(scrub, code, status),
        message: sentence(scrub, [
          accepted ? `HTTP ${status} without a usable scan id` : null,
          accepted && code === null && body._tag === "Json" ? null : said
        ]),
        advice,
        requestId,
        hint: kind === "Throttled" ? hint : Option.none(),
        quota
      })
    },
    said: (response) => {
      const { isOwn, said } = read(response)
      return isOwn ? said : null
    }
  }
}
