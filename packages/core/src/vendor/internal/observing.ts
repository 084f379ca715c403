// What an answer shows: its word, what that word means, and the outcome of an ending. Pending answers read no schema.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as Observation from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { About, Definition, Meaning, PendingStatus, Said, Verdict, When } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import { linkOn } from "./addresses.ts"
import * as Faults from "./faults.ts"
import * as Judging from "./judging.ts"
import * as Messages from "./messages.ts"

type Observed<P> = Result.Result<Observation.Observation<ScanOutcome.ScanOutcome<P>>, PollFault>

/** A meaning, ready to be used. */
type Known<P> =
  | "queued"
  | "running"
  | "ended"
  | "missing"
  | "gone"
  | { readonly moved: (body: unknown, scanId: string) => unknown }
  | { readonly running: (body: unknown) => Partial<Observation.Progress> | null }
  | When<P>

const percentAt =
  (place: Wire.Place) =>
  (body: unknown): Partial<Observation.Progress> | null => {
    const percent = WireFields.count.read(Wire.get(body, place))
    return percent === null || percent > 100 ? null : { fraction: percent / 100 }
  }

const isCount = (value: number | null | undefined): boolean => WireFields.count.read(value) !== null

/** Advice for people alone: what is odd about it is left out. */
const progressOf = (told: Partial<Observation.Progress> | null): Option.Option<Observation.Progress> => {
  const { done = null, fraction = null, total = null } = told ?? {}
  const fits = total === null || (isCount(total) && (done ?? 0) <= total)
  const counts = isCount(done) && fits ? { done, total } : { done: null, total: null }
  const share = fraction !== null && fraction >= 0 && fraction <= 1 ? fraction : null
  return share === null && counts.done === null ? Option.none() : Option.some({ fraction: share, ...counts })
}

const reasonOf = (said: Said, otherwise: ScanOutcome.Reason): ScanOutcome.Reason => {
  if (said === null || said === undefined) return otherwise
  if (typeof said === "string") return { ...otherwise, message: said }
  const { advice = null, code = otherwise.code, message, requestId } = said
  return { code, message, advice, requestId: requestId ?? otherwise.requestId }
}

/** The most characters of a word that ends a scan: it may carry what the result is asked by. */
const mostOfWord = 1_000

/** The most warnings that one outcome carries; what is beyond is counted. */
const mostWarnings = 50

/** Warnings as an outcome keeps them: each once, without keys. */
export const tidy = (warnings: ReadonlyArray<string>, scrub: Faults.Scrub): ReadonlyArray<string> => {
  if (warnings.length === 0) return warnings
  const unique = Array.from(new Set(warnings))
  const kept = unique.slice(0, mostWarnings).map((warning) => WireFields.cut(scrub(warning)))
  return unique.length > mostWarnings ? [...kept, `and ${unique.length - mostWarnings} more warnings`] : kept
}

/** The evidence of an outcome that has some of it no answer could be read for. */
const withoutEvidence = <O extends ScanOutcome.Completed<unknown> | ScanOutcome.Partial<unknown>>(
  outcome: O,
  reasons: Verdict<unknown>["unavailable"]
): O => {
  if (reasons === undefined) return outcome
  const missing = Object.entries(reasons).map(([kind, reason]) => [kind, { status: "unavailable", reason }] as const)
  return { ...outcome, evidence: { ...ScanOutcome.evidence(outcome), ...Object.fromEntries(missing) } }
}

export interface Observer<P> {
  /** A 200. */
  readonly poll: (ticket: ScanTicket, response: VendorResponse) => Observed<P>
  /**
   * An ending by its word in the answer to a submission at `submittedAt`; null where the word means none. `other`: what
   * the word means in such an answer, where that is something else.
   */
  readonly ending: (
    ticket: ScanTicket,
    word: string,
    response: VendorResponse,
    submittedAt: number,
    other: When<P> | undefined
  ) => Result.Result<ScanOutcome.ScanOutcome<P>, PollFault> | null
  /** A 200 to the call for the result, after the vendor said that the scan ended as `word`. */
  readonly result: (ticket: ScanTicket, word: string, response: VendorResponse) => Observed<P>
  /** Another answer than 200: the definition may name it. `now` is the time on our clock. */
  readonly unfinished: (
    question: "status" | "result",
    ticket: ScanTicket,
    response: VendorResponse,
    now: number
  ) => Observed<P>
  readonly wordOf: (body: unknown, scanId: string) => Result.Result<string, string>
  /** Why an answer is not about a scan, as a code and words; null where it is, or does not say. */
  readonly notAbout: (body: unknown, scanId: string) => readonly [code: string, message: string] | null
}

const pendingsOf = (pending: ReadonlyArray<PendingStatus> = []) =>
  pending.map(({ within, ...rest }) => ({
    ...rest,
    within: Option.match(within === undefined ? Option.none() : Duration.fromInput(within), {
      onNone: () => Infinity,
      onSome: Duration.toMillis
    })
  }))

export const make = <T, A, P, F, L, K extends string>(
  { answer, errors, ids, result, sameId, status }: Definition<T, A, P, F, L, K>,
  {
    idOf,
    origin,
    scrub
  }: {
    readonly origin: string
    readonly scrub: Faults.Scrub
    readonly idOf: (raw: unknown) => string | null
  }
): Observer<P> => {
  const faults = Faults.make(errors)
  const answers = Wire.reader(answer)
  const pendings = { status: pendingsOf(status.pending), result: pendingsOf(result?.pending) }
  const messagesOf = Messages.reader(status.messages)

  const unfinished: Observer<P>["unfinished"] = (question, ticket, response, now) => {
    const said = faults.said(response)
    const since = ticket.submittedAt === null ? 0 : now - ticket.submittedAt
    const pending = pendings[question].find(
      ({ says, status, within }) =>
        status === response.status && said !== null && since < within && says?.test(said) !== false
    )
    return pending === undefined
      ? Result.fail(faults.poll(question, response, scrub))
      : Result.succeed(Observation.pending(pending.phase))
  }

  const known = (meaning: Meaning<A, P>): Known<P> => {
    if (meaning === "cancelled") return Judging.cancelled
    if (typeof meaning === "string" || "_tag" in meaning) return meaning
    if ("moved" in meaning) {
      const { moved } = meaning
      return { moved: typeof moved === "function" ? moved : (body) => Wire.get(body, moved) }
    }
    if (!("running" in meaning)) return Judging.when(answers, meaning)
    const { running } = meaning
    return { running: typeof running === "function" ? running : percentAt(running) }
  }
  const { words } = status
  const byWord = new Map(
    typeof words === "function" ? [] : Object.entries(words).map(([word, meaning]) => [word, known(meaning)])
  )
  const meaningOf = (word: string): Known<P> | null => {
    if (typeof words !== "function") return byWord.get(word) ?? null
    const meaning = words(word)
    return meaning === null ? null : known(meaning)
  }

  const broken = (response: VendorResponse, code: string, message: string) =>
    Result.fail(Faults.broken(response, code, message, scrub))

  /** The times of an answer; what is odd about them is left out. */
  const timesOf = (value: unknown, warn: (message: string) => void) => {
    const timeAt = (place: Wire.Place | undefined): number | null => {
      const text = place === undefined ? null : Wire.get(value, place)
      const time = WireFields.timestamp(text)
      if (text !== null && time === null) warn(`${place?.join(".")} is not ${WireFields.time.expected}: left out`)
      return time
    }
    const createdAt = timeAt(status.created)
    const completedAt = timeAt(status.completed)
    if (createdAt === null || completedAt === null || completedAt >= createdAt) return { createdAt, completedAt }
    warn(`${status.completed?.join(".")} is before ${status.created?.join(".")}: left out`)
    return { createdAt, completedAt: null }
  }

  const settle = (
    when: When<P>,
    ticket: ScanTicket,
    word: string,
    response: VendorResponse,
    submittedAt: number | null
  ): Result.Result<ScanOutcome.ScanOutcome<P>, PollFault> => {
    if (response.body._tag === "Unreadable") return broken(response, response.body.why, response.body.detail)
    const read = when.read(response.body.value)
    if (Result.isFailure(read)) return broken(response, "invalid-answer", read.failure)
    const warnings = [...response.warnings, ...read.success.warnings]
    const warn = (message: string): void => void warnings.push(message)
    const times = timesOf(read.success.value, warn)
    const about: About = {
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
    }
    const judgement = read.success.judge(about)
    if (judgement._tag === "Unusable") return broken(response, judgement.code, judgement.message)
    const { requestId } = response
    const subject = status.subject?.(response.body.value, word) ?? null
    const scanType =
      status.type === undefined ? null : WireFields.nonEmptyText.read(Wire.get(response.body.value, status.type))
    const common = {
      ticket,
      ...(subject === null ? {} : { subject }),
      ...(scanType === null ? {} : { scanType: WireFields.cut(scrub(scanType), 64) }),
      vendorStatus: word,
      ...times,
      requestId,
      warnings: tidy(warnings, scrub)
    }
    const noReason = { advice: null, requestId }
    if (judgement._tag === "Failed") {
      const reason = reasonOf(judgement.reason, { code: null, message: "none given", ...noReason })
      return Result.succeed(ScanOutcome.makeFailed({ ...common, requestId: reason.requestId, reason }))
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
      return Result.succeed(withoutEvidence(ScanOutcome.makeCompleted<P>(finished), unavailable))
    }
    const reason = reasonOf(judgement.reason, {
      code: "partial",
      message: "some checks did not finish",
      ...noReason
    })
    return Result.succeed(withoutEvidence(ScanOutcome.makePartial<P>({ ...finished, reason }), unavailable))
  }

  const wordOf = (body: unknown, scanId: string): Result.Result<string, string> => {
    const { numeric, word: place } = status
    if (typeof place === "function") {
      const word = place(body, scanId)
      return word === null ? Result.fail("the answer holds no status") : Result.succeed(word)
    }
    const word = Wire.get(body, place)
    if (word === null) return Result.fail(`${place.join(".")} is missing`)
    if (numeric === true) {
      const number = WireFields.integer.read(word)
      return number === null ? Result.fail(`${place.join(".")} is not a whole number`) : Result.succeed(String(number))
    }
    if (typeof word !== "string") return Result.fail(`${place.join(".")} is not a text`)
    return word.trim() === "" ? Result.fail(`${place.join(".")} is empty`) : Result.succeed(word)
  }

  const notAbout = (body: unknown, scanId: string) => aboutAnother(status.id, body, scanId)

  const aboutAnother = (
    place: Wire.Place | null,
    body: unknown,
    scanId: string
  ): readonly [code: string, message: string] | null => {
    if (!WireFields.isRecord(body)) return ["invalid-answer", "the answer is not an object"]
    if (place === null) return null
    const id = Wire.get(body, place)
    if (typeof id !== (ids === "number" ? "number" : "string")) {
      const what = id === null ? "is missing" : `is not ${ids === "number" ? "a number" : "a text"}`
      return ["invalid-answer", `${place.join(".")} ${what}`]
    }
    const found = String(id)
    return found === scanId || sameId?.(scanId, found) === true
      ? null
      : ["id-mismatch", "the answer is about another scan than the asked one"]
  }

  return {
    wordOf,
    notAbout,
    unfinished,
    ending: (ticket, word, response, submittedAt, other) => {
      const meaning = other ?? meaningOf(word)
      return meaning === null || typeof meaning === "string" || !("_tag" in meaning)
        ? null
        : settle(meaning, ticket, word, response, submittedAt)
    },
    result: (ticket, word, response) => {
      if (result === undefined) return broken(response, "no-result", "no result is defined")
      if (response.body._tag === "Unreadable") return broken(response, response.body.why, response.body.detail)
      const wrong = aboutAnother(result.id, response.body.value, ticket.scanId)
      if (wrong !== null) return broken(response, ...wrong)
      const means = typeof result.means === "function" ? result.means(word) : result.means
      const when = "_tag" in means ? means : Judging.when(answers, means)
      return Result.map(settle(when, ticket, word, response, null), Observation.settled)
    },
    poll: (ticket, response) => {
      if (response.body._tag === "Unreadable") return broken(response, response.body.why, response.body.detail)
      const body = response.body.value
      const wrong = notAbout(body, ticket.scanId)
      if (wrong !== null) return broken(response, ...wrong)
      const word = wordOf(body, ticket.scanId)
      if (Result.isFailure(word)) return broken(response, "invalid-answer", word.failure)
      const meaning = meaningOf(word.success)
      if (meaning === null) {
        return Result.succeed(Observation.unrecognised(WireFields.cut(scrub(word.success), 100)))
      }
      if (meaning === "missing" || meaning === "gone") {
        return Result.fail(Faults.missing(response, word.success, meaning === "gone", scrub))
      }
      if (meaning === "ended") return Result.succeed(Observation.ended(WireFields.cut(scrub(word.success), mostOfWord)))
      if (typeof meaning === "string") {
        return Result.succeed(Observation.pending(meaning, Option.none(), messagesOf(body)))
      }
      if ("moved" in meaning) {
        const scanId = idOf(meaning.moved(body, ticket.scanId))
        return scanId === null
          ? broken(response, "invalid-answer", "the id that the scan goes on under is missing or cannot be one")
          : Result.succeed(Observation.moved("running", { ...ticket, scanId }))
      }
      if ("running" in meaning) {
        return Result.succeed(Observation.pending("running", progressOf(meaning.running(body)), messagesOf(body)))
      }
      return Result.map(settle(meaning, ticket, word.success, response, null), Observation.settled)
    }
  }
}
