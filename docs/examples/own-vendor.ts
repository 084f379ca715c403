/**
 * The adapter of a vendor of your own, whole: Harbourmaster, a vendor that does not exist, scans datasets.
 *
 * `POST /v1/scans` takes `{ dataset }` and answers `{ id, state }`; `GET /v1/scans/{id}` answers
 * `{ id, state, result?: { score }, why? }` with `waiting`, `running`, `done` or `failed`. Errors are
 * `{ code, message }`. The guide `docs/guides/adapters.md` goes through it.
 */
import {
  type Credential,
  Observation,
  PollFault,
  PollPolicy,
  type ScanAdapter,
  ScanOutcome,
  ScanTicket,
  Severity,
  StatusClass,
  SubmitError,
  VendorHttp,
  VendorLimits,
  WireFields
} from "@scanpoll/core"
import { Clock, Context, Duration, Effect, Layer, Option, Schema } from "effect"

export interface Request {
  readonly dataset: string
}

export const Result = Schema.Struct({ score: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })) })
export type Result = typeof Result.Type

// Decoding leaves out what the schema does not name, so that what a journal stores is what it reads back.
const readResult = Schema.decodeUnknownOption(Result)

export const limits = VendorLimits.make({ floor: "2 seconds" })

const every = (pace: Duration.Input) => PollPolicy.make({ first: pace, pace, floor: limits.floor })

export interface Options {
  readonly baseUrl: string
  readonly credential: Credential.Credential
  readonly insecureHosts?: ReadonlyArray<string>
}

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ScanAdapter.ScanAdapter<Request, Result>, VendorHttp.VendorConfigError, VendorHttp.VendorHttp> {
  const http = yield* VendorHttp.VendorHttp
  const client = yield* http.make({ vendor: "harbourmaster", ...options })

  /** Vendor text for people: without the key, and short. */
  const clean = (text: string): string => WireFields.cut(client.scrub(text))

  /** The vendor's own error; `ours` tells whether the body is one. */
  const problem = (response: VendorHttp.VendorResponse) => {
    const body = response.body._tag === "Json" && WireFields.isRecord(response.body.value) ? response.body.value : {}
    const code = WireFields.optional(body, "code", WireFields.nonEmptyText, [])
    const message = WireFields.optional(body, "message", WireFields.nonEmptyText, [])
    const { hint, quota, requestId, status } = response
    return {
      ours: code !== null && message !== null,
      said: {
        code: clean(code ?? `http-${status}`),
        message: clean(message ?? `HTTP ${status}`),
        hint,
        quota,
        requestId
      }
    }
  }

  const broken = (response: VendorHttp.VendorResponse, code: string, message: string): PollFault.PollFault =>
    PollFault.make({ ...problem(response).said, kind: "Broken", code, message: clean(message) })

  const ticketOf = (scanId: string, submittedAt: number): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor: "harbourmaster", origin: client.origin, account: "default", scanId, submittedAt })

  const check: ScanAdapter.ScanAdapter<Request, Result>["check"] = ({ dataset }) =>
    /^[\w-]{1,64}$/.test(dataset) ? [] : [{ path: ["dataset"], message: "must be 1 to 64 letters, digits, _ and -" }]

  const submit: ScanAdapter.ScanAdapter<Request, Result>["submit"] = Effect.fnUntraced(function* (request) {
    const [fault] = check(request)
    if (fault !== undefined) {
      return yield* SubmitError.make({ kind: "Refused", code: "invalid-request", message: `dataset ${fault.message}` })
    }
    const response = yield* client.post("/v1/scans", request, { timeout: limits.submitTimeout }).pipe(
      Effect.mapError((fault) =>
        SubmitError.make({
          // Only where no byte left it is sure that nothing was bought.
          kind: fault.sent ? "InDoubt" : fault.code === "no-credential" ? "Denied" : "NotSent",
          permanent: fault.permanent,
          code: fault.code,
          message: clean(fault.message)
        })
      )
    )
    // The body before the status: an id in any answer means that the scan exists.
    const body = response.body._tag === "Json" && WireFields.isRecord(response.body.value) ? response.body.value : {}
    const id = body["id"]
    if (ScanTicket.isScanId(id)) {
      const ticket = ticketOf(id, yield* Clock.currentTimeMillis)
      return { _tag: "Submitted" as const, ticket, hint: response.hint, quota: response.quota }
    }
    const { ours, said } = problem(response)
    return yield* SubmitError.make({ ...said, kind: StatusClass.submitFault(response.status, ours) })
  })

  const settle = (
    ticket: ScanTicket.ScanTicket,
    body: WireFields.WireRecord,
    requestId: string | null
  ): ScanOutcome.Completed<Result> | null => {
    const result = Option.getOrNull(readResult(body["result"]))
    if (result === null) return null
    const score = {
      value: result.score,
      min: 0,
      max: 100,
      direction: "higher-is-better",
      grade: null,
      basis: "vendor"
    } as const
    return ScanOutcome.makeCompleted({
      ticket,
      vendorStatus: "done",
      requestId,
      payload: result,
      assessment: { severity: Severity.fromScore(result.score), vendorSeverity: null, compliance: null, score }
    })
  }

  const poll: ScanAdapter.ScanAdapter<Request, Result>["poll"] = Effect.fnUntraced(function* (ticket) {
    if (!ScanTicket.isScanId(ticket.scanId)) {
      return yield* PollFault.make({ kind: "Broken", permanent: true, code: "invalid-id", message: "no such id" })
    }
    const response = yield* client.get(`/v1/scans/${VendorHttp.segment(ticket.scanId)}`).pipe(
      Effect.mapError((fault) =>
        PollFault.make({
          kind: fault.code === "no-credential" ? "Denied" : "Transient",
          permanent: fault.permanent,
          code: fault.code,
          message: clean(fault.message)
        })
      )
    )
    // Only a 200 is about a scan.
    if (response.status !== 200) {
      return yield* PollFault.make({ ...problem(response).said, ...StatusClass.pollFault(response.status) })
    }
    if (response.body._tag === "Unreadable") return yield* broken(response, response.body.why, response.body.detail)
    const body = response.body.value
    if (!WireFields.isRecord(body)) return yield* broken(response, "invalid-answer", "the answer is no object")
    const state = WireFields.nonEmptyText.read(body["state"])
    if (state === null) return yield* broken(response, "invalid-answer", "the answer has no state")
    if (body["id"] !== ticket.scanId) return yield* broken(response, "id-mismatch", "the answer is about another scan")
    const { hint, quota, requestId } = response
    switch (state) {
      case "waiting":
        return Observation.answer(Observation.pending("queued"), { hint, quota })
      case "running":
        return Observation.answer(Observation.pending("running"), { hint, quota })
      case "done": {
        const outcome = settle(ticket, body, requestId)
        if (outcome === null) return yield* broken(response, "done-without-result", "done, but without a result")
        return Observation.answer(Observation.settled(outcome), { quota })
      }
      case "failed": {
        const message = clean(WireFields.optional(body, "why", WireFields.nonEmptyText, []) ?? "none given")
        const reason = { code: null, message, advice: null, requestId }
        const outcome = ScanOutcome.makeFailed({ ticket, vendorStatus: state, requestId, reason })
        return Observation.answer(Observation.settled(outcome), { quota })
      }
      default:
        return Observation.answer(Observation.unrecognised(clean(state)), { hint, quota })
    }
  })

  return {
    vendor: "harbourmaster",
    origin: client.origin,
    account: "default",
    environment: "",
    limits,
    policy: every("5 seconds"),
    policies: {
      interactive: every("2 seconds"),
      default: every("5 seconds"),
      background: every("15 seconds"),
      bulk: every("30 seconds")
    },
    budget: {
      requests: 60,
      window: Duration.minutes(1),
      openScans: null,
      typicalDuration: Duration.seconds(40),
      pollsPerScan: () => 8
    },
    payload: Result,
    check,
    subject: ({ dataset }) => ({ kind: "dataset", id: dataset, name: dataset }),
    fingerprint: ({ dataset }) => dataset,
    submit,
    poll
  }
})

/** The adapter as a service, as the shipped ones are. */
export class Harbourmaster extends Context.Service<Harbourmaster, ScanAdapter.ScanAdapter<Request, Result>>()(
  "@scanpoll/docs/examples/own-vendor/Harbourmaster"
) {
  static readonly layer = (options: Options) => Layer.effect(Harbourmaster, make(options))
}
