// The questions of a definition about scans that exist, over its client: one request each, and what an answer that is none
// means.
import * as Effect from "effect/Effect"
import {
  segment,
  type Query,
  type TransportFault,
  type VendorClient,
  type VendorResponse
} from "../../http/VendorHttp.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { IdPath } from "./calls.ts"
import type { Question } from "./errorTable.ts"
import * as Faults from "./faults.ts"
import type { Unusable } from "./meanings.ts"

/** Whether a text is an id of the vendor: of its form, and one that can be sent. */
export const isId = (ids: RegExp | "number" | undefined, text: string): boolean =>
  ScanTicket.isScanId(text) && (ids === "number" ? /^\d{1,16}$/ : ids)?.test(text) !== false

/** Reads ids of the vendor; null for what cannot be one. */
export const idReader =
  (ids: RegExp | "number" | undefined) =>
  (raw: unknown): string | null => {
    const text = ids === "number" && typeof raw === "number" && Number.isSafeInteger(raw) ? String(raw) : raw
    return typeof text === "string" && isId(ids, text) ? text : null
  }

/** Where a question about a scan goes. */
export interface Address {
  readonly _tag: "Address"
  readonly path: string
  readonly query: Query | undefined
}

const isUnusable = (part: string | Query | Unusable | undefined): part is Unusable =>
  typeof part === "object" && part["_tag"] === "Unusable"

/** The address of a question about a scan; a fault where what the scan is about is needed for it and not known. */
export const addressOf = (
  path: IdPath,
  query: Query | Unusable | undefined,
  scanId: string,
  subject: Subject | null
): Address | PollFault.PollFault => {
  const id = segment(scanId)
  const at = typeof path === "string" ? path.replaceAll("{id}", id) : path(id, subject)
  if (isUnusable(at)) return unaskable(at.code, at.message)
  return isUnusable(query) ? unaskable(query.code, query.message) : { _tag: "Address", path: at, query }
}

/** The questions about scans that exist: a 200 is an answer, everything else a fault by the table. */
export interface Asking {
  readonly send: (path: string, query: Query | undefined) => Effect.Effect<VendorResponse, PollFault.PollFault>
  /** Sends, and reads the answer, whatever its status is: what every poll does. */
  readonly sendThen: <A>(
    { path, query }: Address,
    then: (response: VendorResponse) => Effect.Effect<A, PollFault.PollFault>
  ) => Effect.Effect<A, PollFault.PollFault>
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
  /** What an answer means by the table of errors. */
  readonly fault: (question: Question, response: VendorResponse) => Effect.Effect<never, PollFault.PollFault>
  /** Asks by another method than `GET`: any 2xx is an answer. */
  readonly tell: (
    question: Question,
    answered: Effect.Effect<VendorResponse, TransportFault>
  ) => Effect.Effect<void, PollFault.PollFault>
}

export const make = <T>(client: VendorClient, faults: Faults.Faults<T>): Asking => {
  const { scrub } = client
  const unanswered = (fault: TransportFault) => faults.unanswered(fault, scrub)
  const broken = (response: VendorResponse, code: string, message: string) =>
    Effect.fail(Faults.broken(response, code, message, scrub))
  const asked = (path: string, query: Query | undefined) =>
    client.get(path, query === undefined ? undefined : { query })
  const send = (path: string, query: Query | undefined) => Effect.mapError(asked(path, query), unanswered)
  const fault = (question: Question, response: VendorResponse) => Effect.fail(faults.poll(question, response, scrub))
  const failed = (fault: TransportFault) => Effect.fail(unanswered(fault))
  return {
    send,
    sendThen: ({ path, query }, onSuccess) => Effect.matchEffect(asked(path, query), { onFailure: failed, onSuccess }),
    broken,
    fault,
    get: (question, path, query) =>
      Effect.flatMap(send(path, query), (response) =>
        response.status === 200 ? Effect.succeed(response) : fault(question, response)
      ),
    tell: (question, answered) =>
      Effect.flatMap(Effect.mapError(answered, unanswered), (response) =>
        response.status >= 200 && response.status < 300 ? Effect.void : fault(question, response)
      ),
    json: (response) =>
      response.body._tag === "Json"
        ? Effect.succeed(response.body.value)
        : broken(response, response.body.why, response.body.detail)
  }
}

/** A fault of ours about something that must not be asked. */
export const unaskable = (code: string, message: string): PollFault.PollFault =>
  PollFault.make({ kind: "Broken", permanent: true, code, message })
