/**
 * The adapter of a vendor of your own, whole: Harbourmaster, a vendor that does not exist, scans datasets.
 *
 * `POST /v1/scans` takes `{ dataset }` and answers `{ id, state }`; `GET /v1/scans/{id}` answers
 * `{ id, state, result?: { score }, why? }` with `waiting`, `running`, `done` or `failed`. Errors are
 * `{ code, message }`. The guide `docs/guides/adapters.md` goes through it.
 */
import { type Credential, Observation, PollFault, PollPolicy, ScanAdapter, ScanOutcome } from "@scanpoll/core"
import { ScanTicket, Severity, StatusClass, SubmitError, VendorHttp, VendorLimits, WireFields } from "@scanpoll/core"
import { Clock, Duration, Effect, Option, Schema } from "effect"

export interface Request {
  readonly dataset: string
}

export const Result = Schema.Struct({ score: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 })) })
export type Result = typeof Result.Type
type Adapter = ScanAdapter.ScanAdapter<Request, Result>

export interface Options {
  readonly baseUrl: string
  readonly credential: Credential.Credential
  readonly insecureHosts?: ReadonlyArray<string>
}

// Decoding leaves out what the schema does not name, so that what a journal stores is what it reads back.
const readResult = Schema.decodeUnknownOption(Result)
const limits = VendorLimits.make({ floor: "2 seconds" })
const every = (pace: Duration.Input) => PollPolicy.make({ first: pace, pace, floor: limits.floor })

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Adapter, VendorHttp.VendorConfigError, VendorHttp.VendorHttp> {
  const http = yield* VendorHttp.VendorHttp
  const client = yield* http.make({ vendor: "harbourmaster", ...options })

  /** Vendor text for people: without the key, and short. */
  const clean = (text: string): string => WireFields.cut(client.scrub(text))

  /** The vendor's own error; `ours` tells whether the body is one. */
  const problem = (response: VendorHttp.VendorResponse) => {
    const body = response.body._tag === "Json" && WireFields.isRecord(response.body.value) ? response.body.value : {}
    const code = WireFields.nonEmptyText.read(body["code"])
    const message = WireFields.nonEmptyText.read(body["message"])
    const { hint, quota, requestId, status } = response
    const words = { code: clean(code ?? `http-${status}`), message: clean(message ?? `HTTP ${status}`) }
    return { body, ours: code !== null && message !== null, said: { ...words, hint, quota, requestId } }
  }

  const broken = (response: VendorHttp.VendorResponse, code: string, message: string): PollFault.PollFault =>
    PollFault.make({ ...problem(response).said, kind: "Broken", code, message: clean(message) })

  const check: Adapter["check"] = ({ dataset }) =>
    /^[\w-]{1,64}$/.test(dataset) ? [] : [{ path: ["dataset"], message: "must be 1 to 64 letters, digits, _ and -" }]

  const submit: Adapter["submit"] = Effect.fnUntraced(function* (request) {
    const [fault] = check(request)
    if (fault !== undefined) {
      return yield* SubmitError.make({ kind: "Refused", code: "invalid-request", message: `dataset ${fault.message}` })
    }
    const response = yield* client
      .post("/v1/scans", request, { timeout: limits.submitTimeout })
      .pipe(Effect.mapError((fault) => StatusClass.submitTransport(fault, client.scrub)))
    // The body before the status: an id in any answer means that the scan exists.
    const { body, ours, said } = problem(response)
    const scanId = body["id"]
    if (!ScanTicket.isScanId(scanId)) {
      return yield* SubmitError.make({ ...said, kind: StatusClass.submitFault(response.status, ours) })
    }
    const submittedAt = yield* Clock.currentTimeMillis
    const whose = { vendor: "harbourmaster", origin: client.origin, account: "default" }
    const ticket = ScanTicket.make({ ...whose, scanId, submittedAt })
    return ScanAdapter.submitted(ticket, response)
  })

  const poll: Adapter["poll"] = Effect.fnUntraced(function* (ticket) {
    if (!ScanTicket.isScanId(ticket.scanId)) {
      return yield* PollFault.make({ kind: "Broken", permanent: true, code: "invalid-id", message: "no such id" })
    }
    const response = yield* client
      .get(`/v1/scans/${VendorHttp.segment(ticket.scanId)}`)
      .pipe(Effect.mapError((fault) => StatusClass.pollTransport(fault, client.scrub)))
    // Only a 200 is about a scan.
    if (response.status !== 200) {
      return yield* PollFault.make({ ...problem(response).said, ...StatusClass.pollFault(response.status) })
    }
    if (response.body._tag === "Unreadable") return yield* broken(response, response.body.why, response.body.detail)
    const { body } = problem(response)
    const state = WireFields.nonEmptyText.read(body["state"])
    if (state === null) return yield* broken(response, "invalid-answer", "the answer has no state")
    if (body["id"] !== ticket.scanId) return yield* broken(response, "id-mismatch", "the answer is about another scan")
    const { hint, quota, requestId } = response
    const about = { ticket, vendorStatus: state, requestId }
    switch (state) {
      case "waiting":
        return Observation.answer(Observation.pending("queued"), { hint, quota })
      case "running":
        return Observation.answer(Observation.pending("running"), { hint, quota })
      case "done": {
        const payload = Option.getOrNull(readResult(body["result"]))
        if (payload === null) return yield* broken(response, "done-without-result", "done, but without a result")
        const scale = { min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor" } as const
        const severity = Severity.fromScore(payload.score)
        const score = { value: payload.score, ...scale }
        const assessment = { severity, vendorSeverity: null, compliance: null, score }
        const outcome = ScanOutcome.makeCompleted({ ...about, payload, assessment })
        return Observation.answer(Observation.settled(outcome), { quota })
      }
      case "failed": {
        const message = clean(WireFields.nonEmptyText.read(body["why"]) ?? "none given")
        const outcome = ScanOutcome.makeFailed({ ...about, reason: { code: null, message, advice: null, requestId } })
        return Observation.answer(Observation.settled(outcome), { quota })
      }
      default:
        return Observation.answer(Observation.unrecognised(clean(state)), { hint, quota })
    }
  })

  const policy = every("5 seconds")
  return {
    vendor: "harbourmaster",
    origin: client.origin,
    account: "default",
    environment: "",
    limits,
    policy,
    policies: {
      interactive: every("2 seconds"),
      default: policy,
      background: every("15 seconds"),
      bulk: every("1 minute")
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
