// A definition as the port that the engine asks. It keeps no state of its own and makes one request a call.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { About, Already, ScanAdapter, Submitted } from "../../engine/ScanAdapter.ts"
import {
  segment,
  type Query,
  type TransportFault,
  type VendorClient,
  type VendorResponse
} from "../../http/VendorHttp.ts"
import * as StatusClass from "../../http/StatusClass.ts"
import * as WireFields from "../../http/WireFields.ts"
import * as Observation from "../../model/Observation.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import type { Definition, FindingsCall, IdPath, ListCall, Question, Submit } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import * as Faults from "./faults.ts"
import * as Observing from "./observing.ts"

/** The forms of ids; the default needs no encoding. */
export const idForm = (ids: RegExp | "number" | undefined): RegExp =>
  ids === "number" ? /^\d{1,16}$/ : (ids ?? /^(?!\.{1,2}$)[A-Za-z0-9_.~-]{1,200}$/)

/** What of the port follows from the definition alone. */
export type Fixed<T> = Pick<
  ScanAdapter<T, unknown>,
  "limits" | "policy" | "policies" | "budget" | "durations" | "check" | "subject" | "fingerprint" | "maxAge"
>

const pathOf = (path: IdPath, scanId: string): string =>
  typeof path === "string" ? path.replaceAll("{id}", segment(scanId)) : path(scanId)

/** The questions about scans that exist: a 200 is an answer, everything else a fault by the table. */
interface Asking {
  readonly send: (path: string, query: Query | undefined) => Effect.Effect<VendorResponse, PollFault.PollFault>
  readonly get: (
    question: Question,
    path: string,
    query: Query | undefined
  ) => Effect.Effect<VendorResponse, PollFault.PollFault>
  readonly broken: (
    response: VendorResponse,
    code: string,
    message: string
  ) => Effect.Effect<never, PollFault.PollFault>
  readonly json: (response: VendorResponse) => Effect.Effect<unknown, PollFault.PollFault>
}

const asking = <T>(client: VendorClient, faults: Faults.Faults<T>): Asking => {
  const { scrub } = client
  const unanswered = (fault: TransportFault) => StatusClass.pollTransport(fault, scrub)
  const broken = (response: VendorResponse, code: string, message: string) =>
    Effect.fail(Faults.broken(response, code, message, scrub))
  const send = (path: string, query: Query | undefined) =>
    Effect.mapError(client.get(path, query === undefined ? undefined : { query }), unanswered)
  return {
    send,
    broken,
    get: (question, path, query) =>
      Effect.flatMap(send(path, query), (response) =>
        response.status === 200 ? Effect.succeed(response) : Effect.fail(faults.poll(question, response, scrub))
      ),
    json: (response) =>
      response.body._tag === "Json"
        ? Effect.succeed(response.body.value)
        : broken(response, response.body.why, response.body.detail)
  }
}

/** Reads the findings, page by page. */
const collecting = <F>(call: FindingsCall<F>, { broken, get, json }: Asking) => {
  const read = Wire.reader(call.answer)
  const most = call.pages ?? 20
  const queryOf = (index: number, before: F | null, scanId: string): Query | undefined | null => {
    if (call.page !== undefined) return call.page(index, before, scanId)
    return index === 0 ? undefined : null
  }
  return Effect.fnUntraced(function* (outcome: ScanOutcome.ScanOutcome<unknown>) {
    // What the vendor would answer for a failed scan is not documented, and there is nothing to find in it.
    if (outcome._tag === "Failed") return ScanOutcome.noFindings
    const { scanId } = outcome.ticket
    const pages: Array<F> = []
    let leftOut = 0
    let query = queryOf(0, null, scanId)
    let latest: VendorResponse | null = null
    while (query !== null && pages.length < most) {
      const response: VendorResponse = yield* get("findings", pathOf(call.path, scanId), query)
      const page = read(yield* json(response))
      if (Result.isFailure(page)) return yield* broken(response, "invalid-answer", page.failure)
      if (call.isAbout?.(page.success.value, scanId) === false) {
        return yield* broken(response, "id-mismatch", "the findings are about another scan than the asked one")
      }
      leftOut += page.success.leftOut
      pages.push(page.success.value)
      latest = response
      query = queryOf(pages.length, page.success.value, scanId)
    }
    const found = call.read(pages, { outcome, leftOut, whole: query === null })
    if (!("_tag" in found)) return found
    if (latest !== null) return yield* broken(latest, found.code, found.message)
    return yield* PollFault.make({ kind: "Broken", code: found.code, message: found.message })
  })
}

/** How much earlier than our own clock the vendor's may date a submission of ours. */
const clockSkew = 60_000

/** A fault of ours about something that must not be asked. */
const unaskable = (code: string, message: string): PollFault.PollFault =>
  PollFault.make({ kind: "Broken", permanent: true, code, message })

/** What is asked of the status of one scan. */
interface Look {
  readonly answer: (scanId: string) => Effect.Effect<unknown, PollFault.PollFault>
}

/** Looks through the vendor's list for scans that a submission with a lost answer may have made. */
const reconciling = <T, L>(
  call: ListCall<T, L>,
  { broken, get, json }: Asking,
  idOf: (raw: unknown) => string | null,
  ticketOf: (scanId: string, submittedAt: number | null) => ScanTicket.ScanTicket,
  { answer }: Look
) => {
  const read = Wire.reader(call.row)
  const { isAbout, look, pages = 1, same } = call
  const most = look?.most ?? 50

  /** The scans that rows may be of the target, by their own status answers. */
  const looked = Effect.fnUntraced(function* (target: T, found: ReadonlyMap<string, number | null>) {
    if (look === undefined) return Array.from(found)
    if (found.size > most) {
      return yield* unaskable(
        "too-many-scans",
        `the list has ${found.size} scans that may be the one; at most ${most} are looked at`
      )
    }
    return yield* Effect.filter(Array.from(found), ([scanId]) =>
      answer(scanId).pipe(
        Effect.map((body) => look.same(body, target)),
        Effect.catch((fault) => (fault.kind === "Missing" ? Effect.succeed(false) : Effect.fail(fault)))
      )
    )
  })

  return Effect.fnUntraced(function* (target: T, since: number, known: ReadonlySet<string>) {
    const from = since - clockSkew
    const found = new Map<string, number | null>()
    const path = typeof call.path === "string" ? call.path : call.path(target)
    // An empty list would read as "nothing was bought", which nobody knows here.
    if (typeof path !== "string") return yield* unaskable(path.code, path.message)
    let received = 0
    for (let page = 0; page < pages; page++) {
      const response = yield* get("list", path, call.query?.(target, { page, received }))
      const body = yield* json(response)
      const rows = Wire.get(body, call.rows)
      if (isAbout?.(body, target) === false) {
        return yield* broken(response, "id-mismatch", "the answer is another list than the one asked for")
      }
      if (!Array.isArray(rows)) {
        const what = rows === null ? "missing" : "not a list"
        return yield* broken(response, "invalid-answer", `${call.rows.join(".")} is ${what}`)
      }
      let reachesBack = false
      for (const raw of rows) {
        const row = read(raw)
        if (Result.isFailure(row)) continue
        const { createdAt, id: rawId } = call.scan(row.success.value)
        const id = idOf(rawId)
        if (id === null || (createdAt === null && look === undefined)) continue
        if (createdAt !== null && createdAt < from) reachesBack = true
        else if (!known.has(id) && same?.(row.success.value, target) !== false) found.set(id, createdAt)
      }
      received += rows.length
      const total = call.total === undefined ? null : WireFields.count.read(Wire.get(body, call.total))
      // Newest first: behind an older scan there is none of ours. A page may be shorter than was asked for.
      const isWhole = call.query === undefined || (total === null ? rows.length === 0 : received >= total)
      if (isWhole || reachesBack) break
      if ((rows.length === 0 || page === pages - 1) && found.size === 0) {
        const words = `the newest ${received} scans do not reach back to the submission`
        return yield* broken(response, "list-too-long", words)
      }
      if (rows.length === 0) break
    }
    return (yield* looked(target, found)).map(([scanId, createdAt]) => ticketOf(scanId, createdAt))
  })
}

/** The id of a new scan in an answer, before it is known to be one. */
const newId = <T, P>({ id }: Submit<T, P>, { body, location }: VendorResponse): unknown => {
  const value = body._tag === "Json" ? body.value : null
  if (typeof id === "function") return value === null ? null : id(value)
  if (!("location" in id)) return Wire.get(value, id)
  const found = location === undefined ? null : id.location.exec(location)?.[1]
  if (found === null || found === undefined) return null
  try {
    return decodeURIComponent(found)
  } catch {
    return null
  }
}

export const make = <T, A, P, F, L>(
  definition: Definition<T, A, P, F, L>,
  fixed: Fixed<T>,
  client: VendorClient,
  place: { readonly account: string; readonly environment: string }
): ScanAdapter<T, P> => {
  const { errors, findings, keyProbe, list, name: vendor, result, status, submit } = definition
  const { origin, scrub } = client
  const faults = Faults.make(errors)
  const ask = asking(client, faults)
  const form = idForm(definition.ids)

  const ticketOf = (scanId: string, submittedAt: number | null): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor, origin, account: place.account, scanId, submittedAt })

  const idOf = (raw: unknown): string | null => {
    const text = definition.ids === "number" && typeof raw === "number" && Number.isSafeInteger(raw) ? String(raw) : raw
    return typeof text === "string" && form.test(text) ? text : null
  }

  const observer = Observing.make(definition, { origin, scrub, idOf })

  // The id goes into a path or a query: only ids that the vendor gives are sent.
  const unsendable = Effect.suspend(() =>
    Effect.fail(unaskable("invalid-id", "the ticket's scan id cannot be part of a request"))
  )
  const sendable = <B, E>(scanId: string, then: Effect.Effect<B, E>): Effect.Effect<B, E | PollFault.PollFault> =>
    form.test(scanId) ? then : unsendable

  const send = (target: T): Effect.Effect<VendorResponse, TransportFault> => {
    const path = typeof submit.path === "function" ? submit.path(target) : submit.path
    const query = submit.query?.(target)
    const { answer, as } = submit
    const options = {
      timeout: fixed.limits.submitTimeout,
      ...(query === undefined ? {} : { query }),
      ...(answer === undefined ? {} : { answer })
    }
    if (submit.method === "GET") return client.get(path, { ...options, once: true })
    return client.post(path, as === "none" ? undefined : submit.body === undefined ? target : submit.body(target), {
      ...options,
      ...(submit.method === undefined ? {} : { method: submit.method }),
      ...(as === undefined ? {} : { as })
    })
  }

  /** The outcome of a submission whose answer is already the end; null where it is not, or cannot be read as one. */
  const already = (
    target: T,
    ticket: ScanTicket.ScanTicket,
    response: VendorResponse,
    word: string | null,
    now: number
  ) => {
    if (submit.already === undefined || response.body._tag !== "Json") return null
    const { meanings = {}, warnings, words } = submit.already
    if (word === null || !words.includes(word)) return null
    const other = Object.hasOwn(meanings, word) ? meanings[word] : undefined
    const ended = observer.ending(ticket, word, response, now, other)
    // What cannot be read here may still be read by a poll.
    if (ended === null || Result.isFailure(ended)) return null
    const outcome = ended.success
    const more = warnings?.(response.body.value, target, outcome) ?? []
    return more.length === 0 ? outcome : { ...outcome, warnings: Observing.tidy([...outcome.warnings, ...more], scrub) }
  }

  /** The status answer of one scan that a list names. */
  const look = Effect.fnUntraced(function* (scanId: string) {
    const response = yield* ask.get("status", pathOf(status.path, scanId), status.query?.(scanId))
    const body = yield* ask.json(response)
    const wrong = observer.notAbout(body, scanId)
    return wrong === null ? body : yield* ask.broken(response, ...wrong)
  })

  const answered = (
    seen: Result.Result<Observation.Observation<ScanOutcome.ScanOutcome<P>>, PollFault.PollFault>,
    { hint, quota }: VendorResponse
  ): Effect.Effect<Observation.PollAnswer<ScanOutcome.ScanOutcome<P>>, PollFault.PollFault> => {
    if (Result.isFailure(seen)) return Effect.fail(seen.failure)
    // A finished scan has nothing to wait for.
    const wait = seen.success._tag === "Settled" ? Option.none() : hint
    return Effect.succeed(Observation.answer(seen.success, { hint: wait, quota }))
  }

  return {
    ...fixed,
    ...place,
    vendor,
    origin,
    payload: definition.payload,

    submit: Effect.fnUntraced(function* (target: T): Effect.fn.Return<Submitted | Already<P>, SubmitError.SubmitError> {
      const wrong = fixed.check(target)
      if (wrong.length > 0) {
        const message = wrong.map((fault) => `${fault.path.join(".")} ${fault.message}`).join("; ")
        return yield* SubmitError.make({ kind: "Refused", permanent: true, code: "invalid-request", message })
      }
      const response = yield* Effect.mapError(send(target), (fault) => faults.lost(fault, scrub, target))
      // An id means that the scan exists, whatever the status says.
      const scanId = idOf(newId(submit, response))
      if (scanId === null) return yield* faults.submit(response, scrub, target)
      const now = yield* Clock.currentTimeMillis
      const ticket = ticketOf(scanId, now)
      const { body, quota } = response
      const word = body._tag === "Json" ? Result.getOrElse(observer.wordOf(body.value), () => null) : null
      const outcome = already(target, ticket, response, word, now)
      if (outcome !== null) return { _tag: "Already", outcome, quota }
      const hint = word !== null && submit.pollAtOnce?.includes(word) === true ? Option.none() : response.hint
      return { _tag: "Submitted", ticket, hint, quota }
    }),

    ...(result === undefined
      ? {}
      : {
          result: (ticket: ScanTicket.ScanTicket, word: string, about?: About) =>
            sendable(
              ticket.scanId,
              Effect.suspend(() => {
                const subject = about === undefined || about.subject.kind === "unknown" ? null : about.subject
                const query = result.query?.(ticket.scanId, word, subject)
                return Effect.flatMap(ask.send(pathOf(result.path, ticket.scanId), query), (response) =>
                  Effect.flatMap(Clock.currentTimeMillis, (now) =>
                    answered(observer.result(ticket, word, response, now), response)
                  )
                )
              })
            )
        }),

    poll: (ticket) =>
      sendable(
        ticket.scanId,
        Effect.flatMap(ask.send(pathOf(status.path, ticket.scanId), status.query?.(ticket.scanId)), (response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => answered(observer.poll(ticket, response, now), response))
        )
      ),

    ...(findings === undefined
      ? {}
      : {
          collect: (
            (collect) => (outcome: ScanOutcome.ScanOutcome<unknown>) =>
              sendable(outcome.ticket.scanId, collect(outcome))
          )(collecting(findings, ask))
        }),
    ...(keyProbe === undefined
      ? {}
      : {
          probe: Effect.flatMap(ask.send(keyProbe.path, keyProbe.query), (response) =>
            (keyProbe.passes ?? [200]).includes(response.status)
              ? Effect.void
              : Effect.fail(faults.poll("list", response, scrub))
          )
        }),
    ...(list === undefined ? {} : { reconcile: reconciling(list, ask, idOf, ticketOf, { answer: look }) })
  }
}
