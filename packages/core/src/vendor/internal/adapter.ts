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

/** Only ids of the vendor's own form are sent: an id goes into a path or a query. */
type Sendable = <A>(scanId: string, then: () => Asked<A>) => Asked<A>

const sendable =
  (ids: RegExp | "number" | undefined): Sendable =>
  (scanId, then) =>
    Effect.suspend(() =>
      Asking.isId(ids, scanId)
        ? then()
        : Effect.fail(Asking.unaskable("invalid-id", "the ticket's scan id cannot be part of a request"))
    )

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
  readonly sendable: Sendable
}

/** A scan that may be forgotten by now is not asked for, where that would start another one. */
const askable = (until: number | undefined): Asked<void> =>
  until === undefined
    ? Effect.void
    : Effect.flatMap(Clock.currentTimeMillis, (now) => (now < until ? Effect.void : Effect.fail(Faults.tooLate)))

const polling =
  <A, P>({ path, query, until }: Status<A, P>, { ask, observer, sendable }: Parts<P>): ScanAdapter<never, P>["poll"] =>
  (ticket) =>
    sendable(ticket.scanId, () =>
      Effect.andThen(
        askable(until?.(ticket.scanId)),
        Effect.flatMap(ask.send(Asking.pathOf(path, ticket.scanId), query?.(ticket.scanId)), (response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => answered(observer.poll(ticket, response, now), response))
        )
      )
    )

/** What a scan is about; null where it is known by its id alone. */
const subjectOf = (about: About | undefined): Subject | null =>
  about === undefined || about.subject.kind === "unknown" ? null : about.subject

const resulting =
  <A, P>(
    { path, query }: ResultCall<A, P>,
    { ask, observer, sendable }: Parts<P>
  ): NonNullable<ScanAdapter<never, P>["result"]> =>
  (ticket, word, about) =>
    sendable(ticket.scanId, () => {
      const asked = ask.send(Asking.pathOf(path, ticket.scanId), query?.(ticket.scanId, word, subjectOf(about)))
      return Effect.flatMap(asked, (response) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          answered(observer.result(ticket, word, response, now), response)
        )
      )
    })

/** The status answer of one scan that a list names. */
const looking = <A, P>({ path, query, until }: Status<A, P>, { ask, observer }: Parts<P>) =>
  Effect.fnUntraced(function* (scanId: string) {
    yield* askable(until?.(scanId))
    const response = yield* ask.get("status", Asking.pathOf(path, scanId), query?.(scanId))
    const body = yield* ask.json(response)
    const wrong = observer.notAbout(body, scanId)
    return wrong === null ? body : yield* ask.broken(response, ...wrong)
  })

const cancelling =
  (
    { as, body, method = "POST", path, query }: CancelCall,
    { ask, client, sendable }: Pick<Parts<never>, "ask" | "client" | "sendable">
  ): NonNullable<ScanAdapter<never, unknown>["cancel"]> =>
  ({ scanId }) =>
    sendable(scanId, () => {
      const address = Asking.pathOf(path, scanId)
      const asked = query?.(scanId)
      const options = asked === undefined ? {} : { query: asked }
      if (method === "GET") return ask.tell("cancel", client.get(address, options))
      const kind = body === undefined ? "none" : (as ?? "json")
      return ask.tell("cancel", client.post(address, body?.(scanId), { ...options, method, as: kind }))
    })

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
  const parts: Parts<P> = { ask, client, observer, sendable: sendable(definition.ids) }
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
            parts.sendable(outcome.ticket.scanId, () => collect(outcome, subjectOf(about)))
        }),
    ...(cancel === undefined ? {} : { cancel: cancelling(cancel, parts) }),
    ...(keyProbe === undefined ? {} : { probe: probing(keyProbe, ask) }),
    ...(list === undefined
      ? {}
      : { reconcile: Reconciling.make(list, ask, idOf, ticketOf, { answer: looking(status, parts) }) })
  }
}
