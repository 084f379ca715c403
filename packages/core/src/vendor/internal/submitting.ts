// The submission of a definition: one request, and what its answer means.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Already, ScanAdapter, Submitted } from "../../engine/ScanAdapter.ts"
import type { TransportFault, VendorClient, VendorResponse } from "../../http/VendorHttp.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import type { KnownScan, Prepared, Submit } from "./calls.ts"
import type { Faults } from "./faults.ts"
import type * as Observing from "./observing.ts"
import { tidy } from "./settling.ts"
import * as Preparing from "./preparing.ts"

interface Parts<T, P, K extends string> {
  readonly fixed: Pick<ScanAdapter<T, unknown>, "check" | "limits">
  readonly client: VendorClient
  readonly faults: Faults<T>
  readonly observer: Observing.Observer<P>
  readonly names: ReadonlyArray<K>
  readonly idOf: (raw: unknown) => string | null
  readonly ticketOf: (scanId: string, submittedAt: number | null) => ScanTicket
}

const refused = (code: string, message: string): SubmitError.SubmitError =>
  SubmitError.make({ kind: "Refused", permanent: true, code, message })

/** The faults of a target that can be known without asking the vendor, as one refusal. */
export const checked = <T>(
  fixed: Pick<ScanAdapter<T, unknown>, "check">,
  target: T
): Effect.Effect<void, SubmitError.SubmitError> => {
  const wrong = fixed.check(target)
  return wrong.length === 0
    ? Effect.void
    : Effect.fail(
        refused("invalid-request", wrong.map((fault) => `${fault.path.join(".")} ${fault.message}`).join("; "))
      )
}

const sender =
  <T, P, K extends string>(submit: Submit<T, P, K>, { client, fixed }: Pick<Parts<T, P, K>, "client" | "fixed">) =>
  (target: T, prepared: Prepared<K>): Effect.Effect<VendorResponse, TransportFault> => {
    const path = typeof submit.path === "function" ? submit.path(target, prepared) : submit.path
    const query = submit.query?.(target, prepared)
    const { answer, as } = submit
    const options = {
      timeout: fixed.limits.submitTimeout,
      ...(query === undefined ? {} : { query }),
      ...(answer === undefined ? {} : { answer })
    }
    const whole = typeof submit.path === "function" ? path : Preparing.fill(path, prepared)
    if (submit.method === "GET") return client.get(whole, { ...options, once: true })
    const body = submit.body === undefined ? target : submit.body(target, prepared)
    return client.post(whole, as === "none" ? undefined : body, {
      ...options,
      ...(submit.method === undefined ? {} : { method: submit.method }),
      ...(as === undefined ? {} : { as })
    })
  }

/** The outcome of a submission whose answer is already the end; null where it is not, or cannot be read as one. */
const alreadyOf =
  <T, P, K extends string>(submit: Submit<T, P, K>, { client, observer }: Parts<T, P, K>) =>
  (target: T, ticket: ScanTicket, response: VendorResponse, word: string | null, now: number) => {
    if (submit.already === undefined || response.body._tag !== "Json") return null
    const { meanings = {}, warnings, words } = submit.already
    if (word === null || !words.includes(word)) return null
    const other = Object.hasOwn(meanings, word) ? meanings[word] : undefined
    const ended = observer.ending(ticket, word, response, now, other)
    // What cannot be read here may still be read by a poll.
    if (ended === null || Result.isFailure(ended)) return null
    const outcome = ended.success
    const more = warnings?.(response.body.value, target, outcome) ?? []
    if (more.length === 0) return outcome
    return { ...outcome, warnings: tidy([...outcome.warnings, ...more], client.scrub) }
  }

/** The scan exists: only its id is looked at. */
export const known =
  <T, P>(
    { known }: KnownScan<T>,
    { fixed, idOf, ticketOf }: Pick<Parts<T, P, string>, "fixed" | "idOf" | "ticketOf">
  ): ScanAdapter<T, P>["submit"] =>
  (target) =>
    Effect.gen(function* () {
      yield* checked(fixed, target)
      const scanId = idOf(known(target))
      if (scanId === null) return yield* refused("invalid-request", "the target names no scan: its id cannot be one")
      const ticket = ticketOf(scanId, null)
      return { _tag: "Submitted", ticket, hint: Option.none(), quota: Option.none() }
    })

export const make = <T, P, K extends string>(
  submit: Submit<T, P, K>,
  parts: Parts<T, P, K>
): ScanAdapter<T, P>["submit"] => {
  const { client, faults, fixed, idOf, names, observer, ticketOf } = parts
  const { scrub } = client
  const send = sender(submit, parts)
  const already = alreadyOf(submit, parts)
  return Effect.fnUntraced(function* (
    target: T,
    stored?: unknown
  ): Effect.fn.Return<Submitted | Already<P>, SubmitError.SubmitError> {
    yield* checked(fixed, target)
    const prepared: unknown = stored ?? {}
    if (!Preparing.isPrepared(names, prepared)) {
      const message = `not submitted: ${names.join(" and ")} must be prepared first`
      return yield* SubmitError.make({ kind: "NotSent", permanent: true, code: "not-prepared", message })
    }
    const response = yield* Effect.mapError(send(target, prepared), (fault) => faults.lost(fault, scrub, target))
    // An id means that the scan exists, whatever the status says.
    const scanId = idOf(Preparing.newId(submit, response, prepared, target))
    if (scanId === null) return yield* faults.submit(response, scrub, target)
    const now = yield* Clock.currentTimeMillis
    const ticket = ticketOf(scanId, now)
    const { body, quota } = response
    const word = body._tag === "Json" ? Result.getOrElse(observer.wordOf(body.value, scanId), () => null) : null
    const outcome = already(target, ticket, response, word, now)
    if (outcome !== null) return { _tag: "Already", outcome, quota }
    const hint = word !== null && submit.pollAtOnce?.includes(word) === true ? Option.none() : response.hint
    return { _tag: "Submitted", ticket, hint, quota }
  })
}
