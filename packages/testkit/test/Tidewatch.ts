/**
 * An adapter for a vendor that does not exist, kept right and small, and the facts about the vendor for the suite.
 *
 * Each `Slip` plants one mistake that adapters are made with: the suite has to see it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as ScanAdapter from "@scanpoll/core/engine/ScanAdapter"
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Severity from "@scanpoll/core/model/Severity"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as VendorLimits from "@scanpoll/core/policy/VendorLimits"
import { type Conformance, Script } from "@scanpoll/testkit"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"

export const slips = [
  "speaks through a bare fetch",
  "retries a poll",
  "retries a submission",
  "matches words by prefix",
  "coerces the word",
  "goes by the verdict",
  "fetches the web report",
  "accepts any id",
  "completes without a result",
  "fails only with a reason",
  "takes any 2xx for a scan",
  "calls a 404 a failed scan",
  "calls every open scan queued",
  "reads the hint as any number",
  "drops the wait of a submission",
  "forgets the id of a request",
  "shows the key in an error",
  "keeps the first key",
  "puts the key into the query",
  "trusts the shape of an answer",
  "trusts the note",
  "trusts the remarks",
  "trusts the list",
  "refuses fields it does not know",
  "reads no id from an error",
  "needs the state of a submission",
  "dates the ticket in seconds",
  "forgets when a scan was submitted",
  "polls what is settled",
  "calls a lost answer refused",
  "calls a refusal throttled",
  "calls a timeout not sent",
  "calls a refused connection in doubt",
  "hurries a submission",
  "cannot be interrupted",
  "sends any id",
  "puts an id into the path as it is",
  "draws the fingerprint",
  "lets the dataset's case count",
  "takes an old answer for a new one",
  "names no field",
  "faults what is valid",
  "sends what is invalid",
  "changes its request",
  "names no subject",
  "draws finding ids",
  "finds nothing when asked too early",
  "finds what is known",
  "has no account",
  "waits for ever when throttled",
  "recommends an endless poll",
  "polls faster with many scans",
  "spends half a request",
  "keeps no payload",
  "numbers its answers",
  "shows all the vendor says",
  "breaks on a verdict beside a failure",
  "calls what it left out nothing",
  "takes a day without requests",
  "shows the key in a failed search"
] as const

export type Slip = (typeof slips)[number]

export interface Request {
  readonly dataset: string
  readonly depth?: "quick" | "full"
  readonly again?: boolean
}

const Verdict = Schema.StructWithRest(
  Schema.Struct({ score: Schema.Finite, note: Schema.optionalKey(Schema.NullOr(Schema.String)) }),
  [Schema.Record(Schema.String, Schema.Json)]
)
export type Verdict = typeof Verdict.Type
const isVerdict = Schema.is(Verdict)

const known = new Set(["ref", "state", "verdict", "why", "report_url", "wait"])

const limits = VendorLimits.make({ floor: "2 seconds", submitTimeout: "20 seconds" })
const every = (pace: PollPolicy.PaceInput) => PollPolicy.make({ pace, floor: limits.floor })

/** What people write first. */
const bareFetch = (baseUrl: string, key: string): VendorHttp.VendorClient => {
  const send = (path: string, init: RequestInit): Effect.Effect<VendorHttp.VendorResponse, VendorHttp.TransportFault> =>
    Effect.tryPromise({
      try: async () => {
        const headers = {
          authorization: `Bearer ${key}`,
          traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        }
        const response = await fetch(baseUrl + path, { ...init, headers })
        const text = await response.text()
        const wait = response.headers.get("retry-after")
        const body = ((): VendorHttp.VendorResponse["body"] => {
          try {
            return { _tag: "Json", value: JSON.parse(text) }
          } catch {
            return { _tag: "Unreadable", why: "not-json", detail: text }
          }
        })()
        const hint = wait === null ? Option.none() : Option.some(Duration.millis(Number(wait) * 1000))
        const requestId = response.headers.get("x-request-id")
        return { status: response.status, body, hint, quota: Option.none(), requestId, warnings: [] }
      },
      catch: (error) =>
        new VendorHttp.TransportFault({ sent: true, permanent: false, code: "network", message: String(error) })
    })
  return {
    origin: new URL(baseUrl).origin,
    get: (path) => send(path, {}),
    post: (path, body) => send(path, { method: "POST", body: JSON.stringify(body) }),
    scrub: (text) => text
  }
}

const make = (place: Conformance.Place, planted: ReadonlyArray<Slip>) =>
  Effect.gen(function* () {
    const has = (one: Slip): boolean => planted.includes(one)
    const http = yield* VendorHttp.VendorHttp
    const first = Redacted.value(yield* place.credential)
    const client = has("speaks through a bare fetch")
      ? bareFetch(place.baseUrl, first)
      : yield* http.make({
          vendor: "tidewatch",
          baseUrl: place.baseUrl,
          credential: has("keeps the first key") ? Effect.succeed(Redacted.make(first)) : place.credential,
          insecureHosts: place.insecureHosts
        })
    const account = has("has no account") ? "" : "default"
    let drawn = 0
    const { origin } = client
    const clean = (text: string): string =>
      has("shows all the vendor says") ? client.scrub(text) : WireFields.cut(client.scrub(text))

    const shown = has("shows the key in an error") ? ` (sent with ${first})` : ""

    const problem = (response: VendorHttp.VendorResponse) => {
      const body = response.body._tag === "Json" ? response.body.value : null
      const inner = WireFields.isRecord(body) && WireFields.isRecord(body["problem"]) ? body["problem"] : {}
      const type = WireFields.optional(inner, "type", WireFields.nonEmptyText, [])
      const detail = WireFields.optional(inner, "detail", WireFields.nonEmptyText, [])
      const told = detail ?? (response.body._tag === "Unreadable" ? response.body.detail : `HTTP ${response.status}`)
      return {
        ours: type !== null && detail !== null,
        code: clean(type ?? `http-${response.status}`),
        message: (shown === "" ? clean(told) : clean(told).slice(0, 900)) + shown
      }
    }

    const faultOf = (response: VendorHttp.VendorResponse): PollFault.PollFault => {
      const { code, message } = problem(response)
      const { hint, quota } = response
      const requestId = has("forgets the id of a request") ? null : response.requestId
      return PollFault.make({ ...StatusClass.pollFault(response.status), code, message, hint, quota, requestId })
    }

    const broken = (response: VendorHttp.VendorResponse, code: string, message: string): PollFault.PollFault => {
      const { hint, quota, requestId } = response
      return PollFault.make({ kind: "Broken", code, message: clean(message), hint, quota, requestId })
    }

    const transport = (fault: VendorHttp.TransportFault): PollFault.PollFault =>
      PollFault.make({
        kind: fault.code === "no-credential" ? "Denied" : "Transient",
        permanent: fault.permanent,
        code: fault.code,
        message: clean(fault.message)
      })

    const unsendable = PollFault.make({
      kind: "Broken",
      permanent: true,
      code: "invalid-id",
      message: "the id cannot be part of a request"
    })

    /** One GET; only a 200 with a JSON object is an answer. */
    const ask = (path: string) =>
      client.get(path).pipe(
        Effect.mapError(transport),
        Effect.flatMap((response) => {
          const good = has("takes any 2xx for a scan")
            ? Math.floor(response.status / 100) === 2
            : response.status === 200
          if (!good) return Effect.fail(faultOf(response))
          if (response.body._tag === "Unreadable") {
            return Effect.fail(broken(response, response.body.why, response.body.detail))
          }
          return WireFields.isRecord(response.body.value)
            ? Effect.succeed({ response, body: response.body.value })
            : Effect.fail(broken(response, "invalid-answer", "the answer is no object"))
        }),
        has("retries a poll")
          ? Effect.retry({ times: 2, while: (fault) => fault.kind === "Transient" })
          : (self) => self
      )

    const assessmentOf = (verdict: Verdict): ScanOutcome.Assessment => ({
      severity: Severity.fromScore(verdict.score),
      vendorSeverity: null,
      compliance: null,
      score: { value: verdict.score, min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor" }
    })

    const settle = (
      ticket: ScanTicket.ScanTicket,
      state: "done" | "cut-short" | "lost",
      check: WireFields.WireRecord,
      requestId: string | null
    ): ScanOutcome.ScanOutcome<Verdict> | null => {
      const warnings: Array<string> = []
      const why = WireFields.optional(check, "why", WireFields.nonEmptyText, warnings)
      const reason = { code: null, message: clean(why ?? "none given"), advice: null, requestId }
      const asked = has("forgets when a scan was submitted") ? { ...ticket, submittedAt: null } : ticket
      const numbered = has("numbers its answers") ? [`answer ${drawn++}`] : []
      const common = { ticket: asked, vendorStatus: state, requestId, warnings: numbered }
      if (state === "lost" && why === null && has("fails only with a reason")) return null
      const given = check["verdict"]
      const unreadable = given !== undefined && !isVerdict(given)
      if (state === "lost" && unreadable && has("breaks on a verdict beside a failure")) return null
      if (state === "lost") return ScanOutcome.makeFailed({ ...common, reason })
      const verdict = isVerdict(given) ? given : null
      if (verdict === null && !has("completes without a result")) return null
      const payload = verdict ?? { score: 100 }
      if (has("trusts the note") && payload.note?.trim === undefined) throw new TypeError("no text to trim")
      const assessment = assessmentOf(payload)
      const kept: Verdict = has("keeps no payload") ? { ...payload, ratio: Number.NaN } : payload
      return state === "done"
        ? ScanOutcome.makeCompleted({ ...common, assessment, payload: kept })
        : ScanOutcome.makePartial({ ...common, assessment, payload: kept, reason })
    }

    const ticketOf = (scanId: string, submittedAt: number | null): ScanTicket.ScanTicket =>
      ScanTicket.make({ vendor: "tidewatch", origin, account, scanId, submittedAt })

    const hintOf = (response: VendorHttp.VendorResponse): Option.Option<Duration.Duration> => {
      if (!has("reads the hint as any number")) return response.hint
      const body = response.body._tag === "Json" && WireFields.isRecord(response.body.value) ? response.body.value : {}
      return Option.some(Duration.seconds(Number(body["wait"] ?? 0)))
    }

    const word = (state: string): string =>
      has("matches words by prefix")
        ? (["waiting", "measuring", "done", "cut-short", "lost"].find((known) =>
            state.trim().toLowerCase().startsWith(known)
          ) ?? state)
        : state

    const pollOnce = Effect.fnUntraced(function* (
      ticket: ScanTicket.ScanTicket
    ): Effect.fn.Return<Observation.PollAnswer<ScanOutcome.ScanOutcome<Verdict>>, PollFault.PollFault> {
      if (!ScanTicket.isScanId(ticket.scanId) && !has("sends any id")) return yield* unsendable
      const { body, response } = yield* ask(
        `/v2/checks/${has("puts an id into the path as it is") ? ticket.scanId : VendorHttp.segment(ticket.scanId)}`
      )
      const { quota, requestId } = response
      const hint = hintOf(response)
      const check = body["check"]
      if (has("trusts the shape of an answer") && !WireFields.isRecord(check)) throw new TypeError("check of undefined")
      if (!WireFields.isRecord(check)) return yield* broken(response, "invalid-answer", "no check")
      const ref = WireFields.text.read(check["ref"])
      const state = WireFields.nonEmptyText.read(has("coerces the word") ? String(check["state"]) : check["state"])
      if (has("refuses fields it does not know") && Object.keys(check).some((name) => !known.has(name))) {
        return yield* broken(response, "unknown-field", "a field that is not documented")
      }
      if (ref === null || state === null) return yield* broken(response, "invalid-answer", "no ref or no state")
      if (ref !== ticket.scanId && !has("accepts any id")) {
        return yield* broken(response, "id-mismatch", `asked for ${ticket.scanId}, the answer is about ${ref}`)
      }
      const meant = has("goes by the verdict") && check["verdict"] !== undefined ? "done" : word(state)
      switch (meant) {
        case "waiting":
          return Observation.answer(Observation.pending("queued"), { hint, quota })
        case "measuring": {
          const phase = has("calls every open scan queued") ? "queued" : "running"
          return Observation.answer(Observation.pending(phase), { hint, quota })
        }
        case "done":
        case "cut-short":
        case "lost": {
          const outcome = settle(ticket, meant, check, requestId)
          if (outcome === null) return yield* broken(response, "no-verdict", "ended without a verdict")
          const report = WireFields.text.read(check["report_url"])
          if (has("fetches the web report") && report !== null) {
            yield* Effect.promise(() =>
              fetch(report, { headers: { authorization: `Bearer ${first}` } }).catch(() => null)
            )
          }
          return Observation.answer(Observation.settled(outcome), { quota })
        }
        default:
          return Observation.answer(Observation.unrecognised(clean(state)), { hint, quota })
      }
    })

    const outcomeOf = (ticket: ScanTicket.ScanTicket): ScanOutcome.ScanOutcome<Verdict> =>
      ScanOutcome.makeFailed({
        ticket,
        vendorStatus: "lost",
        reason: { code: null, message: "gone", advice: null, requestId: null }
      })

    const poll = (
      ticket: ScanTicket.ScanTicket
    ): Effect.Effect<Observation.PollAnswer<ScanOutcome.ScanOutcome<Verdict>>, PollFault.PollFault> => {
      const once = pollOnce(ticket)
      if (has("cannot be interrupted")) return Effect.uninterruptible(once)
      if (!has("calls a 404 a failed scan")) return once
      return Effect.catch(once, (fault) =>
        fault.kind === "Missing"
          ? Effect.succeed(Observation.answer(Observation.settled(outcomeOf(ticket))))
          : Effect.fail(fault)
      )
    }

    const check = (request: Request) => {
      const faults: Array<{ readonly path: ReadonlyArray<string | number>; readonly message: string }> = []
      const path = has("names no field") ? [] : ["dataset"]
      if (!/^[a-z0-9-]{1,64}$/i.test(request.dataset))
        faults.push({ path, message: "must be letters, digits and dashes" })
      if (has("faults what is valid") && request.depth === "full") faults.push({ path: ["depth"], message: "too deep" })
      return faults
    }

    const submitTransport = (fault: VendorHttp.TransportFault): SubmitError.SubmitError =>
      SubmitError.make({
        kind:
          fault.sent && !(has("calls a timeout not sent") && fault.code === "timeout")
            ? "InDoubt"
            : fault.code === "no-credential"
              ? "Denied"
              : has("calls a refused connection in doubt")
                ? "InDoubt"
                : "NotSent",
        code: fault.code,
        message: clean(fault.message)
      })

    const submit = Effect.fnUntraced(function* (request: Request) {
      const faults = check(request)
      if (faults.length > 0 && !has("sends what is invalid")) {
        return yield* SubmitError.make({ kind: "Refused", code: "invalid-request", message: "the dataset is no name" })
      }
      const body = { dataset: request.dataset, depth: request.depth ?? "quick" }
      const timeout = has("hurries a submission") ? Duration.seconds(5) : limits.submitTimeout
      const response = yield* client.post("/v2/checks", body, { timeout }).pipe(
        Effect.flatMap((answer) =>
          has("retries a submission") && answer.status >= 500
            ? client.post("/v2/checks", body, { timeout })
            : Effect.succeed(answer)
        ),
        Effect.mapError(submitTransport)
      )
      const value = response.body._tag === "Json" ? response.body.value : null
      const told = WireFields.isRecord(value) && WireFields.isRecord(value["check"]) ? value["check"] : {}
      const ref = told["ref"]
      const { quota, requestId } = response
      const hint = has("drops the wait of a submission") ? Option.none() : response.hint
      const stateless = has("needs the state of a submission") && WireFields.text.read(told["state"]) === null
      if (!ScanTicket.isScanId(ref) || stateless || (response.status >= 300 && has("reads no id from an error"))) {
        const { code, message, ours } = problem(response)
        const lost = has("calls a lost answer refused") ? "Refused" : "InDoubt"
        const byStatus = StatusClass.submitFault(response.status, ours)
        const kind = byStatus === "Refused" && has("calls a refusal throttled") ? "Throttled" : byStatus
        return yield* SubmitError.make({
          kind: kind === "InDoubt" ? lost : kind,
          code,
          message,
          hint,
          quota,
          requestId
        })
      }
      const now = yield* Clock.currentTimeMillis
      const ticket = ticketOf(ref, has("dates the ticket in seconds") ? now / 1000 : now)
      const outcome =
        told["state"] === "done" && !has("polls what is settled") ? settle(ticket, "done", told, requestId) : null
      return outcome === null ? ScanAdapter.submitted(ticket, { hint, quota }) : ScanAdapter.already(outcome, { quota })
    })

    const collect = Effect.fnUntraced(function* (outcome: ScanOutcome.ScanOutcome<unknown>) {
      if (!ScanTicket.isScanId(outcome.ticket.scanId)) return yield* unsendable
      const { body, response } = yield* ask(`/v2/checks/${VendorHttp.segment(outcome.ticket.scanId)}/remarks`)
      if (body["ref"] !== outcome.ticket.scanId) return yield* broken(response, "id-mismatch", "about another scan")
      const remarks = WireFields.list.read(body["remarks"])
      if (remarks === null) return yield* broken(response, "invalid-answer", "no list of remarks")
      const items = remarks.flatMap((remark, at): ReadonlyArray<ScanOutcome.Finding> => {
        if (!WireFields.isRecord(remark)) return []
        const rule = WireFields.nonEmptyText.read(remark["rule"]) ?? "remark"
        const where = WireFields.nonEmptyText.read(remark["where"])
        if (has("trusts the remarks") && where?.trim === undefined) throw new TypeError("nowhere")
        const id = `tidewatch:${where ?? "anywhere"}:${rule}`
        return [
          {
            findingId: has("draws finding ids") ? `${id}:${drawn++}` : `${id}:${at}`,
            ruleId: rule,
            title: rule,
            description: WireFields.text.read(remark["text"]),
            severity: "unknown",
            vendorSeverity: null,
            status: "unknown",
            resource: where,
            remediation: null,
            references: []
          }
        ]
      })
      const isWhole = items.length === remarks.length || has("calls what it left out nothing")
      return { coverage: isWhole ? "full" : "partial", total: remarks.length, items } as const
    })

    const reconcile = Effect.fnUntraced(function* (request: Request, since: number, known: ReadonlySet<string>) {
      const { body, response } = yield* ask("/v2/checks")
      const list = WireFields.list.read(body["checks"])
      if (list === null) return yield* broken(response, "invalid-answer", "no list of checks")
      return list.flatMap((entry): ReadonlyArray<ScanTicket.ScanTicket> => {
        if (!WireFields.isRecord(entry) || !ScanTicket.isScanId(entry["ref"])) return []
        const madeAt = WireFields.timestamp(entry["made_at"])
        if (has("trusts the list") && madeAt === null) throw new TypeError("never made")
        const ours = entry["dataset"] === request.dataset.toLowerCase() && madeAt !== null && madeAt >= since
        const seen = known.has(entry["ref"]) && !has("finds what is known")
        return ours && !seen ? [ticketOf(entry["ref"], madeAt)] : []
      })
    })

    const adapter: ScanAdapter.ScanAdapter<Request, Verdict> = {
      vendor: "tidewatch",
      origin,
      account,
      environment: "",
      limits: has("waits for ever when throttled") ? { ...limits, throttledWait: Duration.infinity } : limits,
      policy: every("5 seconds"),
      policies: {
        interactive: every("2 seconds"),
        default: has("polls faster with many scans")
          ? every(({ open }) => Duration.seconds(open > 50 ? 2 : 5))
          : every("5 seconds"),
        background: has("recommends an endless poll")
          ? PollPolicy.withPollTimeout(every("15 seconds"), Duration.infinity)
          : every("15 seconds"),
        bulk: every("30 seconds")
      },
      budget: {
        requests: has("spends half a request") ? 0.5 : 30,
        window: Duration.minutes(1),
        ...(has("takes a day without requests") ? { windows: [{ requests: 0, window: Duration.days(1) }] } : {}),
        openScans: null,
        typicalDuration: Duration.seconds(40),
        pollsPerScan: () => 8
      },
      payload: Verdict,
      check,
      subject: ({ dataset }) => ({
        kind: "dataset",
        id: dataset.toLowerCase(),
        name: has("names no subject") ? "" : dataset
      }),
      fingerprint: (request) => {
        if (has("changes its request")) Object.assign(request, { seen: true })
        const { dataset, depth } = request
        const name = has("lets the dataset's case count") ? dataset : dataset.toLowerCase()
        return JSON.stringify([name, depth ?? "quick", ...(has("draws the fingerprint") ? [drawn++] : [])])
      },
      maxAge: ({ again }) => (again === true && !has("takes an old answer for a new one") ? Duration.zero : null),
      submit,
      poll,
      collect,
      reconcile: has("shows the key in a failed search")
        ? (request, since, known) =>
            Effect.mapError(reconcile(request, since, known), (fault) =>
              PollFault.make({ ...fault, message: `${fault.message} (sent with ${first})` })
            )
        : has("finds nothing when asked too early")
          ? (request, since, known) => Effect.catch(reconcile(request, since, known), () => Effect.succeed([]))
          : reconcile
    }
    return adapter
  })

const check = (fields: Readonly<Record<string, unknown>>) => ({ check: { ref: "tw-1001", ...fields } })
const problem = (status: number, type: string, detail: string) => Script.respond(status, { problem: { type, detail } })

const done = {
  state: "done",
  verdict: { score: 81, note: "two buoys are silent", basins: [{ name: "north", ph: 8.1 }] },
  report_url: "/reports/tw-1001",
  wait: "soon"
}

// The HTTP module sends a key in its header alone, in no disguise anywhere else: only the client below it can add one.
const keyed = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.mapRequest((request) => {
      const key = request.headers["authorization"]?.replace("Bearer ", "") ?? ""
      return request.method === "GET" ? HttpClientRequest.setUrlParam(request, "key", btoa(key)) : request
    })
  )
).pipe(Layer.provide(NodeHttpClient.layerUndici))

export const kit = (...planted: ReadonlyArray<Slip>): Conformance.Kit<Request, Verdict> => ({
  vendor: "tidewatch",
  http: Layer.provide(
    VendorHttp.layer,
    planted.includes("puts the key into the query") ? keyed : NodeHttpClient.layerUndici
  ),
  make: (place) => make(place, planted),
  basePath: "/api",
  requests: {
    valid: [{ dataset: "harbour-7" }, { dataset: "harbour-7", depth: "full" }],
    equal: [
      [{ dataset: "harbour-7" }, { dataset: "HARBOUR-7" }],
      [{ dataset: "harbour-7" }, { dataset: "harbour-7", depth: "quick" }]
    ],
    different: [
      [{ dataset: "harbour-7" }, { dataset: "harbour-8" }],
      [{ dataset: "harbour-7" }, { dataset: "harbour-7", depth: "full" }]
    ],
    anew: [{ dataset: "harbour-7", again: true }],
    invalid: [
      { request: { dataset: "" }, path: ["dataset"] },
      { request: { dataset: "../x" }, path: ["dataset"] }
    ]
  },
  submit: {
    id: ["check", "ref"],
    accepted: [Script.respond(202, check({ state: "waiting" }))],
    settled: [{ answer: Script.respond(200, check(done)), outcome: "Completed" }]
  },
  poll: {
    id: ["check", "ref"],
    status: ["check", "state"],
    otherId: "tw-2002",
    pending: [
      { answer: Script.respond(200, check({ state: "waiting" })), phase: "queued" },
      { answer: Script.respond(200, check({ state: "measuring" })), phase: "running" }
    ],
    settled: [
      { answer: Script.respond(200, check(done)), outcome: "Completed", result: [["check", "verdict"]] },
      {
        answer: Script.respond(200, check({ ...done, state: "cut-short", why: "the tide went out" })),
        outcome: "Partial",
        result: [["check", "verdict"]]
      },
      {
        answer: Script.respond(200, check({ state: "lost", why: "the buoy sank" })),
        outcome: "Failed",
        reason: [["check", "why"]]
      }
    ]
  },
  errors: [
    { answer: problem(422, "bad-dataset", "there is no such dataset"), submit: "Refused" },
    { answer: problem(401, "bad-key", "the key is not known"), submit: "Denied", poll: "Denied" },
    { answer: problem(404, "no-check", "there is no such check"), poll: "Missing" },
    { answer: problem(429, "slow-down", "too many requests"), submit: "Throttled", poll: "Throttled" },
    { answer: problem(410, "drained", "the check was removed"), poll: "Broken", permanent: true }
  ],
  collect: {
    answer: Script.respond(200, {
      ref: "tw-1001",
      remarks: [
        { rule: "salinity", where: "buoy-7", text: "the water has been too salty since the last spring tide" },
        { rule: "salinity", where: "buoy-9", text: "the water has been too salty for a week" }
      ]
    }),
    id: ["ref"],
    findings: 2
  },
  reconcile: {
    request: { dataset: "harbour-7" },
    since: Date.parse("2026-05-01T12:00:00Z"),
    scripts: [
      {
        steps: [
          Script.respond(200, {
            checks: [
              { ref: "tw-1003", dataset: "harbour-7", made_at: "2026-05-01T12:00:05Z" },
              { ref: "tw-1002", dataset: "harbour-8", made_at: "2026-05-01T12:00:04Z" },
              { ref: "tw-0999", dataset: "harbour-7", made_at: "2026-05-01T11:00:00Z" }
            ]
          })
        ]
      }
    ],
    finds: ["tw-1003"]
  }
})
