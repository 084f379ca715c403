// The outcome of a scan that ended, from the answer that says so.
import * as Result from "effect/Result"
import type { VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import type { PollFault } from "../../model/PollFault.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { About, Said, Verdict, When } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import { linkOn } from "./addresses.ts"
import type { Status } from "./calls.ts"
import * as Faults from "./faults.ts"
import type { Judgement } from "./meanings.ts"

/** Where an ending was seen. `submittedAt`: as in `About`. */
export interface Seen {
  readonly ticket: ScanTicket
  readonly word: string
  readonly response: VendorResponse
  readonly submittedAt: number | null
}

/** The outcome of an ending that was seen, or why its answer is no use. */
export type Settling<P> = (when: When<P>, seen: Seen) => Result.Result<ScanOutcome.ScanOutcome<P>, PollFault>

/** The most warnings that one outcome carries; what is beyond is counted. */
const mostWarnings = 50

/** Warnings as an outcome keeps them: each once, without keys. */
export const tidy = (warnings: ReadonlyArray<string>, scrub: Faults.Scrub): ReadonlyArray<string> => {
  if (warnings.length === 0) return warnings
  const unique = Array.from(new Set(warnings))
  const kept = unique.slice(0, mostWarnings).map((warning) => WireFields.cut(scrub(warning)))
  return unique.length > mostWarnings ? [...kept, `and ${unique.length - mostWarnings} more warnings`] : kept
}

const reasonOf = (said: Said, otherwise: ScanOutcome.Reason): ScanOutcome.Reason => {
  if (said === null || said === undefined) return otherwise
  if (typeof said === "string") return { ...otherwise, message: said }
  const { advice = null, code = otherwise.code, message, requestId } = said
  return { code, message, advice, requestId: requestId ?? otherwise.requestId }
}

/** The outcome, where the definition says why some of its evidence is unavailable. */
const withoutEvidence = <O extends ScanOutcome.Completed<unknown> | ScanOutcome.Partial<unknown>>(
  outcome: O,
  reasons: Verdict<unknown>["unavailable"]
): O => {
  if (reasons === undefined) return outcome
  const missing = Object.entries(reasons).map(([kind, reason]) => [kind, { status: "unavailable", reason }] as const)
  return { ...outcome, evidence: { ...ScanOutcome.evidence(outcome), ...Object.fromEntries(missing) } }
}

/** The times of an answer; what is odd about them is left out. */
const timesOf = (
  { completed, created }: Pick<Status<never, unknown>, "completed" | "created">,
  value: unknown,
  warn: (message: string) => void
) => {
  const timeAt = (place: Wire.Place | undefined): number | null => {
    const text = place === undefined ? null : Wire.get(value, place)
    const time = WireFields.timestamp(text)
    if (text !== null && time === null) warn(`${place?.join(".")} is not ${WireFields.time.expected}: left out`)
    return time
  }
  const createdAt = timeAt(created)
  const completedAt = timeAt(completed)
  if (createdAt === null || completedAt === null || completedAt >= createdAt) return { createdAt, completedAt }
  warn(`${completed?.join(".")} is before ${created?.join(".")}: left out`)
  return { createdAt, completedAt: null }
}

type Common = Pick<
  ScanOutcome.Failed,
  "ticket" | "vendorStatus" | "createdAt" | "completedAt" | "requestId" | "warnings"
> &
  Partial<Pick<ScanOutcome.Failed, "subject" | "scanType">>

/** A judgement as an outcome. `common`: what an outcome says however the scan ended. */
const outcomeOf = <P>(
  judgement: Exclude<Judgement<P>, { readonly _tag: "Unusable" }>,
  common: Common
): ScanOutcome.ScanOutcome<P> => {
  const noReason = { advice: null, requestId: common.requestId }
  if (judgement._tag === "Failed") {
    const reason = reasonOf(judgement.reason, { code: null, message: "none given", ...noReason })
    return ScanOutcome.makeFailed({ ...common, requestId: reason.requestId, reason })
  }
  const { report = null, ...verdict }: Verdict<P> = judgement.verdict
  const { assessment, payload, unavailable } = verdict
  const told = {
    ...(verdict.findings === undefined ? {} : { findings: verdict.findings }),
    ...(verdict.delta === undefined ? {} : { delta: verdict.delta }),
    ...(verdict.cached === undefined ? {} : { cached: verdict.cached }),
    ...(verdict.ageMs === undefined ? {} : { ageMs: verdict.ageMs })
  }
  const finished = { ...common, ...told, assessment, payload, links: { report } }
  if (judgement._tag === "Completed") {
    return withoutEvidence(ScanOutcome.makeCompleted<P>(finished), unavailable)
  }
  const reason = reasonOf(judgement.reason, { code: "partial", message: "some checks did not finish", ...noReason })
  return withoutEvidence(ScanOutcome.makePartial<P>({ ...finished, reason }), unavailable)
}

/** What the definition's functions are told about the answer. */
const aboutOf = (origin: string, { submittedAt, ticket, word }: Seen, warn: (message: string) => void): About => ({
  scanId: ticket.scanId,
  word,
  origin,
  submittedAt,
  warn,
  link: (address, field) => {
    const link = address === undefined ? null : linkOn(origin, address)
    if (address !== undefined && link === null) warn(`${field} does not lead to the vendor's own site: left out`)
    return link
  }
})

export const make =
  <P>(
    status: Pick<Status<never, unknown>, "completed" | "created" | "subject" | "type">,
    { origin, scrub }: { readonly origin: string; readonly scrub: Faults.Scrub }
  ): Settling<P> =>
  (when, seen) => {
    const { response, ticket, word } = seen
    const { body, requestId } = response
    const unusable = (code: string, message: string) => Result.fail(Faults.broken(response, code, message, scrub))
    if (body._tag === "Unreadable") return unusable(body.why, body.detail)
    const read = when.read(body.value)
    if (Result.isFailure(read)) return unusable("invalid-answer", read.failure)
    const warnings = [...response.warnings, ...read.success.warnings]
    const warn = (message: string): void => void warnings.push(message)
    const times = timesOf(status, read.success.value, warn)
    const judgement = read.success.judge(aboutOf(origin, seen, warn))
    if (judgement._tag === "Unusable") return unusable(judgement.code, judgement.message)
    const subject = status.subject?.(body.value, word) ?? null
    const scanType = status.type === undefined ? null : WireFields.nonEmptyText.read(Wire.get(body.value, status.type))
    return Result.succeed(
      outcomeOf(judgement, {
        ticket,
        ...(subject === null ? {} : { subject }),
        ...(scanType === null ? {} : { scanType: WireFields.cut(scrub(scanType), 64) }),
        vendorStatus: word,
        ...times,
        requestId,
        warnings: tidy(warnings, scrub)
      })
    )
  }
