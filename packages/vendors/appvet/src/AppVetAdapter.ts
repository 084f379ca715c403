/**
 * AppVet as a scan adapter: what its status words mean, and how its answers become outcomes and findings.
 *
 * The status word decides alone, compared exactly; progress, scores and texts beside it never do. A completed scan has a
 * result or the answer is not understood; a partial one may come without and is still the end. The report is a second
 * request that only findings depend on. The address of the web report is shown, never fetched.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Adapters from "@scanpoll/core/engine/ScanAdapter"
import type { RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Credential from "@scanpoll/core/http/Credential"
import { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { VendorClient, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Severity from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as AppVetClient from "./AppVetClient.ts"
import * as AppVetError from "./AppVetError.ts"
import * as AppVetPolicy from "./AppVetPolicy.ts"
import * as AppVetSchema from "./AppVetSchema.ts"
import type { AppVetPayload, AppVetRequest } from "./AppVetSchema.ts"
import * as findings from "./internal/findings.ts"
import * as targetUrl from "./internal/targetUrl.ts"

const vendor = "appvet"

/**
 * Every fault of a request that can be known without asking AppVet; empty when there is none.
 *
 * **Details**
 *
 * The address must be http or https, without a user name or password, and not name a local or private host: AppVet
 * refuses those as `DOMAIN_BLOCKED`. Whether its host resolves and answers is AppVet's to find out.
 *
 * @category destructors
 * @since 0.1.0
 */
export const check = (request: AppVetRequest): ReadonlyArray<RequestFault> => {
  const faults: Array<RequestFault> = []
  const url = targetUrl.fault(request.url)
  if (url !== null) faults.push({ path: ["url"], message: url })
  if (!AppVetSchema.ScanType.literals.includes(request.type)) {
    faults.push({ path: ["type"], message: `must be one of ${AppVetSchema.ScanType.literals.join(", ")}` })
  }
  const callback = request.callbackUrl === undefined ? null : targetUrl.callbackFault(request.callbackUrl)
  if (callback !== null) faults.push({ path: ["callbackUrl"], message: callback })
  return faults
}

const target = (request: AppVetRequest): string => targetUrl.normalize(request.url) ?? request.url

/**
 * The scanned address in its normal form, without a fragment.
 *
 * @category destructors
 * @since 0.1.0
 */
export const subject = (request: AppVetRequest): Subject => ({
  kind: "url",
  id: target(request),
  name: target(request)
})

/**
 * Equal for two requests for the same kind of scan of the same address. Where AppVet posts its callback does not
 * matter: the scan is the same.
 *
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint = (request: AppVetRequest): string => `${request.type} ${target(request)}`

const letters: Readonly<Record<string, Severity.Severity>> = {
  A: "info",
  B: "low",
  C: "medium",
  D: "high",
  E: "critical",
  F: "critical"
}

/**
 * The severity of a grade: A is `info`, B `low`, C `medium`, D `high`, E and F `critical`, whatever sign follows; any
 * other word is `unknown`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severityOfGrade = (grade: string): Severity.Severity => {
  const letter = /^([A-F])[+-]?$/.exec(grade)?.[1]
  return letter === undefined ? "unknown" : (letters[letter] ?? "unknown")
}

/**
 * The address of a web report for people to follow: on the API's own origin, under its scheme, without a user name or
 * password; null for everything else. A relative address is resolved against the origin.
 *
 * @category destructors
 * @since 0.1.0
 */
export const reportLink = (reportUrl: string, origin: string): string | null => {
  const base = URL.parse(origin)
  const url = base === null ? null : URL.parse(reportUrl, base)
  if (base === null || url === null) return null
  // A blob: address has the origin of the page that made it, so the scheme is compared as well.
  const ours = url.origin === base.origin && url.protocol === base.protocol
  return ours && url.username === "" && url.password === "" && url.href.length <= 2048 ? url.href : null
}

const noAssessment: ScanOutcome.Assessment = {
  severity: "unknown",
  vendorSeverity: null,
  compliance: null,
  score: null
}

/** Null when the result says neither a score nor a grade. */
const assess = (short: AppVetSchema.ShortResult, warnings: Array<string>): ScanOutcome.Assessment | null => {
  const { grade, score } = short
  if (grade === null && score === null) return null
  // The vendor's letter wins over any band of ours.
  const severity = grade !== null ? severityOfGrade(grade) : Severity.fromScore(score ?? 0)
  if (severity === "unknown") warnings.push(`the grade ${JSON.stringify(grade)} is not a documented one`)
  return {
    severity,
    vendorSeverity: grade,
    compliance: null,
    score:
      score === null ? null : { value: score, min: 0, max: 100, direction: "higher-is-better", grade, basis: "vendor" }
  }
}

/** The address that the answer names, as `subject` writes it. */
const answered = (fields: WireFields.WireRecord, scrub: AppVetSchema.Scrub): { readonly subject?: Subject } => {
  const url = WireFields.nonEmptyText.read(fields["url"])
  if (url === null) return {}
  const text = WireFields.cut(scrub(targetUrl.normalize(url) ?? url), 2048)
  return { subject: { kind: "url", id: text, name: text } }
}

/** What is needed of a client to read an answer. */
interface Reading {
  readonly origin: string
  readonly scrub: AppVetSchema.Scrub
}

const settle = (
  ticket: ScanTicket.ScanTicket,
  status: "completed" | "partial" | "failed",
  fields: WireFields.WireRecord,
  response: VendorResponse,
  { origin, scrub }: Reading
): Result.Result<ScanOutcome.ScanOutcome<AppVetPayload>, AppVetSchema.Unusable> => {
  const warnings = [...response.warnings]
  const { completedAt, createdAt, error } = AppVetSchema.readStatusTail(fields, scrub, warnings)
  const common = {
    ticket,
    ...answered(fields, scrub),
    vendorStatus: status,
    createdAt,
    completedAt,
    requestId: response.requestId
  }
  if (status === "failed") {
    if (fields["result"] !== undefined && fields["result"] !== null) {
      warnings.push("the scan failed and the answer still has a result: not used")
    }
    const reason = { code: null, message: error ?? "none given", advice: null, requestId: response.requestId }
    return Result.succeed(ScanOutcome.makeFailed({ ...common, reason, warnings }))
  }
  const read = AppVetSchema.readShortResult(fields, scrub, warnings)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const short = read.success
  const assessment = short === null ? null : assess(short, warnings)
  const payload = AppVetSchema.readPayload(fields, status, ticket.scanId, short, scrub, warnings)
  const reportUrl = short?.reportUrl ?? null
  const report = reportUrl === null ? null : reportLink(reportUrl, origin)
  if (reportUrl !== null && report === null)
    warnings.push("report_url does not lead to the vendor's own site: left out")
  const finished = { ...common, payload, links: { report }, warnings }
  if (status === "completed") {
    if (assessment === null) {
      return Result.fail({ code: "completed-without-result", message: "completed without a score or a grade" })
    }
    if (error !== null) warnings.push("the scan completed and the answer still has an error text")
    return Result.succeed(ScanOutcome.makeCompleted({ ...finished, assessment }))
  }
  const reason =
    assessment === null
      ? { code: "no-result", message: error ?? "no result in the status answer" }
      : { code: "partial", message: error ?? "some checks did not finish" }
  return Result.succeed(
    ScanOutcome.makePartial({
      ...finished,
      assessment: assessment ?? noAssessment,
      reason: { ...reason, advice: null, requestId: response.requestId }
    })
  )
}

const json = (response: VendorResponse): Result.Result<unknown, AppVetSchema.Unusable> =>
  response.body._tag === "Json"
    ? Result.succeed(response.body.value)
    : Result.fail({ code: response.body.why, message: response.body.detail })

const observe = (
  ticket: ScanTicket.ScanTicket,
  response: VendorResponse,
  reading: Reading
): Result.Result<Observation.Observation<ScanOutcome.ScanOutcome<AppVetPayload>>, AppVetSchema.Unusable> => {
  const head = Result.flatMap(json(response), (body) => AppVetSchema.readStatusHead(body, ticket.scanId))
  if (Result.isFailure(head)) return Result.fail(head.failure)
  const { fields, status } = head.success
  switch (status) {
    case "queued":
      return Result.succeed(Observation.pending("queued"))
    case "scanning": {
      const percent = AppVetSchema.readProgress(fields)
      const progress = Option.map(Option.fromNullOr(percent), (percent) => ({
        fraction: percent / 100,
        done: null,
        total: null
      }))
      return Result.succeed(Observation.pending("running", progress))
    }
    case "completed":
    case "partial":
    case "failed":
      return Result.map(settle(ticket, status, fields, response, reading), Observation.settled)
    default:
      return Result.succeed(Observation.unrecognised(WireFields.cut(reading.scrub(status), 100)))
  }
}

/** How much earlier than our own clock the vendor's may date a submission of ours. */
const clockSkew = 60_000

/** Pages of the list that a search reads at most: 500 scans. */
const maxPages = 5

/**
 * How to reach AppVet for one account.
 *
 * - `credential`: the API key, or an effect that is asked for it before each request.
 * - `baseUrl`: default `https://appvet.dev`. https, unless its host is in `insecureHosts` (`host` or `host:port`).
 * - `account`: a label for the credential; default `default`. It goes into tickets, the key never does.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly credential: Credential.Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
}

/** The id goes into a path: only ids that cannot change it are sent. */
const sendable = (ticket: ScanTicket.ScanTicket): Effect.Effect<void, PollFault.PollFault> =>
  ScanTicket.isScanId(ticket.scanId)
    ? Effect.void
    : Effect.fail(
        PollFault.make({
          kind: "Broken",
          permanent: true,
          code: "invalid-id",
          message: "the ticket's scan id cannot be part of a request"
        })
      )

const fromClient = (http: VendorClient, account: string): ScanAdapter<AppVetRequest, AppVetPayload> => {
  const client = AppVetClient.make(http)
  const { origin, scrub } = http
  const ticketOf = (scanId: string, submittedAt: number): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor, origin, account, scanId, submittedAt })

  /** Only a 200 carries an answer; everything else is a fault by the table. */
  const ask = (
    question: AppVetError.Question,
    request: ReturnType<AppVetClient.AppVetClient["status"]>
  ): Effect.Effect<VendorResponse, PollFault.PollFault> =>
    Effect.mapError(request, (fault) => AppVetError.pollTransportFault(fault, scrub)).pipe(
      Effect.flatMap((response) =>
        response.status === 200
          ? Effect.succeed(response)
          : Effect.fail(AppVetError.pollFault(question, response, scrub))
      )
    )

  const orBroken = <A>(
    read: Result.Result<A, AppVetSchema.Unusable>,
    response: VendorResponse
  ): Effect.Effect<A, PollFault.PollFault> =>
    Result.isSuccess(read)
      ? Effect.succeed(read.success)
      : Effect.fail(AppVetError.broken(read.failure.code, read.failure.message, response, scrub))

  return {
    vendor,
    origin,
    account,
    environment: "",
    limits: AppVetPolicy.limits,
    policy: AppVetPolicy.policies.default,
    policies: AppVetPolicy.policies,
    budget: AppVetPolicy.budget,
    durations: AppVetPolicy.durations,
    payload: AppVetSchema.AppVetPayload,
    check,
    subject,
    fingerprint,

    submit: Effect.fnUntraced(function* (request) {
      const faults = check(request)
      if (faults.length > 0) {
        return yield* SubmitError.make({
          kind: "Refused",
          permanent: true,
          code: "invalid-request",
          message: faults.map((fault) => `${fault.path.join(".")} ${fault.message}`).join("; ")
        })
      }
      const response = yield* Effect.mapError(
        client.submit(
          {
            url: request.url,
            type: request.type,
            ...(request.callbackUrl === undefined ? {} : { callback_url: request.callbackUrl })
          },
          { timeout: AppVetPolicy.limits.submitTimeout }
        ),
        (fault) => AppVetError.submitTransportError(fault, scrub)
      )
      // An id means that the scan exists, whatever the status says.
      const scanId = response.body._tag === "Json" ? AppVetSchema.readScanId(response.body.value) : null
      if (scanId === null) return yield* AppVetError.submitError(response, scrub)
      const now = yield* Clock.currentTimeMillis
      return Adapters.submitted(ticketOf(scanId, now), response)
    }),

    poll: Effect.fnUntraced(function* (ticket) {
      yield* sendable(ticket)
      const response = yield* ask("status", client.status(ticket.scanId))
      const observation = yield* orBroken(observe(ticket, response, { origin, scrub }), response)
      return Observation.answer(observation, { hint: response.hint, quota: response.quota })
    }),

    collect: Effect.fnUntraced(function* (outcome) {
      // What the vendor would answer for a failed scan is not documented, and there is nothing to find in it.
      if (outcome._tag === "Failed") return ScanOutcome.noFindings
      yield* sendable(outcome.ticket)
      const response = yield* ask("report", client.report(outcome.ticket.scanId))
      const read = Result.flatMap(json(response), (body) => AppVetSchema.readReport(body, outcome.ticket.scanId, scrub))
      const report = yield* orBroken(read, response)
      const payload = WireFields.isRecord(outcome.payload) ? outcome.payload : {}
      const url = report.url ?? WireFields.text.read(payload["url"])
      return findings.fromReport(report, {
        partial: outcome._tag === "Partial",
        type: report.type ?? WireFields.text.read(payload["type"]),
        url: url === null ? null : (targetUrl.normalize(url) ?? url)
      })
    }),

    reconcile: Effect.fnUntraced(function* (request, since, known) {
      const wanted = target(request)
      const from = since - clockSkew
      const found = new Map<string, number>()
      for (let page = 0; page < maxPages; page++) {
        const limit = AppVetClient.maxPageSize
        const offset = page * limit
        const response = yield* ask("list", client.list({ type: request.type, limit, offset }))
        const { rows, scans } = yield* orBroken(Result.flatMap(json(response), AppVetSchema.readListPage), response)
        for (const scan of scans) {
          if (scan.type !== request.type || scan.createdAt < from || known.has(scan.id)) continue
          if (targetUrl.normalize(scan.url) === wanted) found.set(scan.id, scan.createdAt)
        }
        // Newest first: behind an older scan there is none of ours.
        if (rows < limit || scans.some((scan) => scan.createdAt < from)) break
        if (page === maxPages - 1 && found.size === 0) {
          return yield* AppVetError.broken(
            "list-too-long",
            `the newest ${maxPages * limit} scans do not reach back to the submission`,
            response,
            scrub
          )
        }
      }
      return Array.from(found, ([scanId, createdAt]) => ticketOf(scanId, createdAt))
    })
  }
}

const keyVariable = "APPVET_API_KEY"

const makeWith = Effect.fnUntraced(function* (options: Options, variable: string | null) {
  const http = yield* VendorHttp
  const credential = Redacted.isRedacted(options.credential)
    ? Effect.succeed(yield* Effect.fromResult(Credential.check(options.credential, { vendor, variable })))
    : options.credential
  const client = yield* http.make({
    vendor,
    baseUrl: options.baseUrl ?? AppVetClient.defaultBaseUrl,
    credential,
    ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts })
  })
  return fromClient(client, options.account ?? "default")
})

const setting = (name: string) =>
  Config.option(Config.String(name)).pipe(
    Config.map(Option.map((text) => text.trim())),
    Config.map(Option.filter((text) => text !== ""))
  )

const fromConfig = Effect.gen(function* () {
  const settings = yield* Config.all({
    key: Config.option(Config.Redacted(keyVariable)),
    baseUrl: setting("APPVET_BASE_URL"),
    insecure: setting("SCANPOLL_ALLOW_INSECURE_HOSTS")
  }).pipe(Effect.mapError((error) => new VendorConfigError({ vendor, faults: [error.message] })))
  if (Option.isNone(settings.key)) {
    return yield* new Credential.CredentialError({
      vendor,
      variable: keyVariable,
      message: `${keyVariable} is not set`
    })
  }
  const hosts = Option.getOrElse(settings.insecure, () => "")
    .split(",")
    .map((host) => host.trim())
  return yield* makeWith(
    {
      credential: settings.key.value,
      ...(Option.isSome(settings.baseUrl) ? { baseUrl: settings.baseUrl.value } : {}),
      insecureHosts: hosts.filter((host) => host !== "")
    },
    keyVariable
  )
})

/**
 * AppVet for one account: scans of web sites, with partial results.
 *
 * @category services
 * @since 0.1.0
 */
export class AppVet extends Context.Service<AppVet, ScanAdapter<AppVetRequest, AppVetPayload>>()(
  "@scanpoll/appvet/AppVetAdapter/AppVet"
) {
  /**
   * Makes the adapter. Nothing is sent; a configuration or a fixed key that cannot be used is refused here.
   *
   * @since 0.1.0
   */
  static readonly make = (
    options: Options
  ): Effect.Effect<
    ScanAdapter<AppVetRequest, AppVetPayload>,
    VendorConfigError | Credential.CredentialError,
    VendorHttp
  > => makeWith(options, null)

  /**
   * The adapter as a layer, from options.
   *
   * @since 0.1.0
   */
  static readonly layer = (
    options: Options
  ): Layer.Layer<AppVet, VendorConfigError | Credential.CredentialError, VendorHttp> =>
    Layer.effect(AppVet, makeWith(options, null))

  /**
   * The adapter as a layer, from `APPVET_API_KEY`, `APPVET_BASE_URL` and `SCANPOLL_ALLOW_INSECURE_HOSTS`.
   *
   * @since 0.1.0
   */
  static readonly layerConfig: Layer.Layer<AppVet, VendorConfigError | Credential.CredentialError, VendorHttp> =
    Layer.effect(AppVet, fromConfig)
}
