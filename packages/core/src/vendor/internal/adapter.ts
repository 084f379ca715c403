// A definition as the port that the engine asks. It keeps no state of its own and makes one request a call.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { About, ScanAdapter } from "../../engine/ScanAdapter.ts"
import type { VendorClient, VendorResponse } from "../../http/VendorHttp.ts"
import * as Observation from "../../model/Observation.ts"
import type * as PollFault from "../../model/PollFault.ts"
import type * as ScanOutcome from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { Definition } from "../Definition.ts"
import * as Asking from "./asking.ts"
import type { CancelCall, KeyProbe, ResultCall, Status } from "./calls.ts"
import * as Collecting from "./collecting.ts"
import * as Faults from "./faults.ts"
import * as Observing from "./observing.ts"
import * as Preparing from "./preparing.ts"
import * as Reconciling from "./reconciling.ts"
import * as Submitting from "./submitting.ts"

/** What of the port follows from the definition alone. */
export type Fixed<T> = Pick<
  ScanAdapter<T, unknown>,
  "limits" | "policy" | "policies" | "budget" | "durations" | "check" | "subject" | "fingerprint" | "maxAge"
>

type Asked<A> = Effect.Effect<A, PollFault.PollFault>

/** Asks about one scan. Only ids of the vendor's own form are sent: an id goes into a path or a query. */
type AboutScan = <A>(
  { scanId }: Pick<ScanTicket.ScanTicket, "scanId">,
  about: About | undefined,
  address: (scanId: string, subject: Subject | null) => Asking.Address | PollFault.PollFault,
  then: (address: Asking.Address, subject: Subject | null) => Asked<A>
) => Asked<A>

const unsendable = Asking.unaskable("invalid-id", "the ticket's scan id cannot be part of a request")

/** What a scan is about; null where it is known by its id alone. */
const subjectOf = (about: About | undefined): Subject | null =>
  about === undefined || about.subject.kind === "unknown" ? null : about.subject

const aboutScan =
  (ids: RegExp | "number" | undefined): AboutScan =>
  ({ scanId }, about, address, then) =>
    Effect.suspend(() => {
      if (!Asking.isId(ids, scanId)) return Effect.fail(unsendable)
      const subject = subjectOf(about)
      const at = address(scanId, subject)
      return at._tag === "PollFault" ? Effect.fail(at) : then(at, subject)
    })

type Seen<P> = Observation.Observation<ScanOutcome.ScanOutcome<P>>

const answered = <P>(
  seen: Result.Result<Seen<P>, PollFault.PollFault>,
  { hint, quota }: VendorResponse
): Asked<Observation.PollAnswer<ScanOutcome.ScanOutcome<P>>> => {
  if (Result.isFailure(seen)) return Effect.fail(seen.failure)
  // A finished scan has nothing to wait for.
  const wait = seen.success._tag === "Settled" ? Option.none() : hint
  return Effect.succeed(Observation.answer(seen.success, { hint: wait, quota }))
}

interface Parts<P> {
  readonly ask: Asking.Asking
  readonly client: VendorClient
  readonly observer: Observing.Observer<P>
  readonly aboutScan: AboutScan
}

/** One request for how a scan stands, or what came of it. How old the scan is counts where the answer is not a 200. */
const observing = <P>(
  question: "status" | "result",
  ticket: ScanTicket.ScanTicket,
  address: Asking.Address,
  { ask, observer }: Pick<Parts<P>, "ask" | "observer">,
  read: (response: VendorResponse) => Result.Result<Seen<P>, PollFault.PollFault>
): Asked<Observation.PollAnswer<ScanOutcome.ScanOutcome<P>>> =>
  ask.sendThen(address, (response) =>
    response.status === 200
      ? answered(read(response), response)
      : Effect.flatMap(Clock.currentTimeMillis, (now) =>
          answered(observer.unfinished(question, ticket, response, now), response)
        )
  )

/** A scan that may be forgotten by now is not asked for, where that would start another one. */
const inTime = <A>(until: number, then: Asked<A>): Asked<A> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => (now < until ? then : Effect.fail(Faults.tooLate)))

const polling = <A, P>({ path, query, until }: Status<A, P>, parts: Parts<P>): ScanAdapter<never, P>["poll"] => {
  const { aboutScan, observer } = parts
  const address = (scanId: string, subject: Subject | null) =>
    Asking.addressOf(path, query?.(scanId, subject), scanId, subject)
  return (ticket, about) =>
    aboutScan(ticket, about, address, (at) => {
      const asked = observing("status", ticket, at, parts, (response) => observer.poll(ticket, response))
      return until === undefined ? asked : inTime(until(ticket.scanId), asked)
    })
}

const resulting =
  <A, P>({ path, query }: ResultCall<A, P>, parts: Parts<P>): NonNullable<ScanAdapter<never, P>["result"]> =>
  (ticket, word, about) =>
    parts.aboutScan(
      ticket,
      about,
      (scanId, subject) => Asking.addressOf(path, query?.(scanId, word, subject), scanId, subject),
      (at) => observing("result", ticket, at, parts, (response) => parts.observer.result(ticket, word, response))
    )

/** The status answer of one scan that a list names. */
const looking = <A, P>({ path, query, until }: Status<A, P>, { ask, observer }: Parts<P>) =>
  Effect.fnUntraced(function* (scanId: string, subject: Subject) {
    const at = Asking.addressOf(path, query?.(scanId, subject), scanId, subject)
    if (at._tag === "PollFault") return yield* at
    if (until !== undefined) yield* inTime(until(scanId), Effect.void)
    const response = yield* ask.get("status", at.path, at.query)
    const body = yield* ask.json(response)
    const wrong = observer.notAbout(body, scanId)
    return wrong === null ? body : yield* ask.broken(response, ...wrong)
  })

const cancelling =
  (
    { as, body, method = "POST", path, query }: CancelCall,
    { aboutScan, ask, client }: Pick<Parts<never>, "aboutScan" | "ask" | "client">
  ): NonNullable<ScanAdapter<never, unknown>["cancel"]> =>
  (ticket, about) =>
    aboutScan(
      ticket,
      about,
      (scanId, subject) => Asking.addressOf(path, query?.(scanId, subject), scanId, subject),
      (at, subject) => {
        const options = at.query === undefined ? {} : { query: at.query }
        if (method === "GET") return ask.tell("cancel", client.get(at.path, options))
        const kind = body === undefined ? "none" : (as ?? "json")
        return ask.tell(
          "cancel",
          client.post(at.path, body?.(ticket.scanId, subject), { ...options, method, as: kind })
        )
      }
    )

const probing = ({ passes = [200], path, query }: KeyProbe, ask: Asking.Asking): Asked<void> =>
  Effect.flatMap(ask.send(path, query), (response) =>
    passes.includes(response.status) ? Effect.void : ask.fault("list", response)
  )

export const make = <T, A, P, F, L, K extends string>(
  definition: Definition<T, A, P, F, L, K>,
  fixed: Fixed<T>,
  client: VendorClient,
  place: { readonly account: string; readonly environment: string }
): ScanAdapter<T, P> => {
  const { cancel, findings, keyProbe, list, name: vendor, prepare, recover, result, status, submit } = definition
  const { origin, scrub } = client
  const faults = Faults.make(definition.errors)
  const ask = Asking.make(client, faults)
  const idOf = Asking.idReader(definition.ids)
  const names = Preparing.namesOf(prepare)
  const ticketOf = (scanId: string, submittedAt: number | null): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor, origin, account: place.account, scanId, submittedAt })
  const observer = Observing.make(definition, { origin, scrub, idOf })
  const parts: Parts<P> = { ask, client, observer, aboutScan: aboutScan(definition.ids) }
  const isOwnError = (response: VendorResponse): boolean => faults.said(response) !== null
  const recovered = (rawId: unknown): ScanTicket.ScanTicket | null => {
    const scanId = idOf(rawId)
    return scanId === null ? null : ticketOf(scanId, null)
  }
  const collect = findings === undefined ? null : Collecting.make(findings, ask)
  const { submitTimeout } = fixed.limits
  const made = prepare === undefined ? null : Preparing.preparing(prepare, client, faults, submitTimeout)
  const prepareTimeout = prepare === undefined ? null : Preparing.longestOf(prepare, submitTimeout)

  return {
    ...fixed,
    ...place,
    vendor,
    origin,
    payload: definition.payload,
    submit:
      "known" in submit
        ? Submitting.known(submit, { fixed, idOf, ticketOf })
        : Submitting.make(submit, { client, faults, fixed, idOf, names, observer, ticketOf }),
    poll: polling(status, parts),
    ...(made === null
      ? {}
      : {
          prepare: (target: T) =>
            Effect.andThen(
              Submitting.checked(fixed, target),
              Effect.suspend(() => made(target))
            ),
          ...(prepareTimeout === null ? {} : { prepareTimeout })
        }),
    ...(recover === undefined ? {} : { recover: Preparing.recovering(recover, names, ask, isOwnError, recovered) }),
    ...(result === undefined ? {} : { result: resulting(result, parts) }),
    ...(collect === null
      ? {}
      : {
          collect: (outcome: ScanOutcome.ScanOutcome<unknown>, about?: About) =>
            parts.aboutScan(outcome.ticket, about, collect.address, (at, subject) =>
              collect.read(outcome, at.path, subject)
            )
        }),
    ...(cancel === undefined ? {} : { cancel: cancelling(cancel, parts) }),
    ...(keyProbe === undefined ? {} : { probe: probing(keyProbe, ask) }),
    ...(list === undefined
      ? {}
      : {
          reconcile: Reconciling.make(list, ask, idOf, ticketOf, {
            answer: looking(status, parts),
            subject: definition.subject
          })
        })
  }
}
