// What an answer shows: its word, what that word means, and the outcome of an ending. Pending answers read no schema.
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { VendorResponse } from "../../http/VendorHttp.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as Observation from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Definition, PendingStatus, When } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import * as Faults from "./faults.ts"
import * as Identifying from "./identifying.ts"
import * as Judging from "./judging.ts"
import * as Messages from "./messages.ts"
import * as Settling from "./settling.ts"
import * as WordMeanings from "./wordMeanings.ts"

type Observed<P> = Result.Result<Observation.Observation<ScanOutcome.ScanOutcome<P>>, PollFault>

/** The most characters of a word that ends a scan: it may carry what the result is asked by. */
const mostOfWord = 1_000

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
  definition: Definition<T, A, P, F, L, K>,
  options: {
    readonly origin: string
    readonly scrub: Faults.Scrub
    readonly idOf: (raw: unknown) => string | null
  }
): Observer<P> => {
  const { answer, errors, result, status } = definition
  const { idOf, scrub } = options
  const faults = Faults.make(errors)
  const answers = Wire.reader(answer)
  const pendings = { status: pendingsOf(status.pending), result: pendingsOf(result?.pending) }
  const messagesOf = Messages.reader(status.messages)
  const meaningOf = WordMeanings.make(status.words, answers)
  const settle = Settling.make<P>(status, options)

  const broken = (response: VendorResponse, code: string, message: string) =>
    Result.fail(Faults.broken(response, code, message, scrub))

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

  const observed = (word: string, ticket: ScanTicket, response: VendorResponse, body: unknown): Observed<P> => {
    const meaning = meaningOf(word)
    if (meaning === null) return Result.succeed(Observation.unrecognised(WireFields.cut(scrub(word), 100)))
    if (meaning === "missing" || meaning === "gone") {
      return Result.fail(Faults.missing(response, word, meaning === "gone", scrub))
    }
    if (meaning === "ended") return Result.succeed(Observation.ended(WireFields.cut(scrub(word), mostOfWord)))
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
      const progress = WordMeanings.progressOf(meaning.running(body))
      return Result.succeed(Observation.pending("running", progress, messagesOf(body)))
    }
    return Result.map(settle(meaning, { ticket, word, response, submittedAt: null }), Observation.settled)
  }

  return {
    wordOf: (body, scanId) => Identifying.wordOf(status, body, scanId),
    notAbout: (body, scanId) => Identifying.notAbout(definition, status.id, body, scanId),
    unfinished,
    ending: (ticket, word, response, submittedAt, other) => {
      const meaning = other ?? meaningOf(word)
      return meaning === null || typeof meaning === "string" || !("_tag" in meaning)
        ? null
        : settle(meaning, { ticket, word, response, submittedAt })
    },
    result: (ticket, word, response) => {
      if (result === undefined) return broken(response, "no-result", "no result is defined")
      if (response.body._tag === "Unreadable") return broken(response, response.body.why, response.body.detail)
      const wrong = Identifying.notAbout(definition, result.id, response.body.value, ticket.scanId)
      if (wrong !== null) return broken(response, ...wrong)
      const means = typeof result.means === "function" ? result.means(word) : result.means
      const when = "_tag" in means ? means : Judging.when(answers, means)
      return Result.map(settle(when, { ticket, word, response, submittedAt: null }), Observation.settled)
    },
    poll: (ticket, response) => {
      if (response.body._tag === "Unreadable") return broken(response, response.body.why, response.body.detail)
      const body = response.body.value
      const wrong = Identifying.notAbout(definition, status.id, body, ticket.scanId)
      if (wrong !== null) return broken(response, ...wrong)
      const word = Identifying.wordOf(status, body, ticket.scanId)
      return Result.isFailure(word)
        ? broken(response, "invalid-answer", word.failure)
        : observed(word.success, ticket, response, body)
    }
  }
}
