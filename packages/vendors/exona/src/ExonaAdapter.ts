/**
 * Exona as a scan adapter: a company is submitted by name and website, and comes back with an AI-risk verdict.
 *
 * `processing` is pending, `completed` and `failed` settle, every other word is unrecognised; words are compared exactly
 * and nothing else in an answer decides. A submission answered from the vendor's cache is already settled: it costs
 * no poll, keeps the id of the original scan and tells its age.
 *
 * @see https://docs.exonalab.com/docs/api-reference/get-scans
 * @since 0.1.0
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Adapters from "@scanpoll/core/engine/ScanAdapter"
import type { Already, ScanAdapter, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import * as Credentials from "@scanpoll/core/http/Credential"
import type { VendorResponse } from "@scanpoll/core/http/VendorHttp"
import type { Credential } from "@scanpoll/core/http/Credential"
import { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import { CredentialError } from "@scanpoll/core/http/Credential"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import type { PollAnswer } from "@scanpoll/core/model/Observation"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import type { Finding, Findings, ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import * as Outcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import * as Ticket from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as ExonaClient from "./ExonaClient.ts"
import * as ExonaError from "./ExonaError.ts"
import * as ExonaPolicy from "./ExonaPolicy.ts"
import type { ExonaRequest, ExonaResult, ExonaScan } from "./ExonaSchema.ts"
import * as ExonaSchema from "./ExonaSchema.ts"

/**
 * How to reach Exona.
 *
 * - `credential`: the API key, or an effect that is asked for it before each request.
 * - `baseUrl`: default `https://platform.exonalab.com/api/v1`.
 * - `account`: the label of this credential in tickets and journals. Default `"default"`.
 * - `insecureHosts`: hosts (`host` or `host:port`) that may be reached by plain http. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly credential: Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
}

type Scrub = (text: string) => string

/**
 * The most warnings one outcome carries; what is beyond is counted.
 */
const maxWarnings = 50

const tidy = (warnings: ReadonlyArray<string>, scrub: Scrub): ReadonlyArray<string> => {
  const kept = warnings.slice(0, maxWarnings).map((warning) => ExonaError.clean(scrub, warning))
  return warnings.length > maxWarnings ? [...kept, `and ${warnings.length - maxWarnings} more warnings`] : kept
}

const severities: ReadonlyMap<string, Severity> = new Map([
  ["Low", "low"],
  ["Medium", "medium"],
  ["High", "high"],
  ["Very High", "critical"]
])

const severityOf = (level: string | null, warnings: Array<string>): Severity => {
  if (level === null) {
    warnings.push("the result has no overall_risk_level: severity unknown")
    return "unknown"
  }
  const severity = severities.get(level)
  if (severity !== undefined) return severity
  warnings.push(`overall_risk_level ${JSON.stringify(level)} is not a documented one: severity unknown`)
  return "unknown"
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64)

// Synchronous, which the platform's digest is not: finding ids and fingerprints are made in pure functions.
const digest = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)))

const isWebAddress = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "https:" || url.protocol === "http:")
}

const findingsOf = (result: ExonaResult, website: string | null, warnings: Array<string>, scrub: Scrub): Findings => {
  const incidents = ExonaSchema.incidents(result, warnings)
  if (incidents === null) {
    warnings.push("the result has no matched_incidents: findings unknown")
    return Outcome.noFindings
  }
  const total = incidents.items.length + incidents.dropped
  if (incidents.dropped > 0) {
    warnings.push(`${incidents.dropped} of ${total} matched_incidents cannot be read: left out`)
  }
  const subject = website === null ? "" : ExonaSchema.canonicalWebsite(website)
  const ruleOf = ({ riskDomain }: ExonaSchema.Incident): string => {
    const domain = riskDomain === null ? "" : slug(scrub(riskDomain))
    return domain === "" ? "matched-incident" : `matched-incident/${domain}`
  }
  // An incident has no id of its own: its sources and its year are what stays the same from scan to scan.
  const identityOf = (incident: ExonaSchema.Incident): string =>
    JSON.stringify([subject, ruleOf(incident), incident.year, [...incident.referenceUrls].sort()])
  const twins = new Map(
    [...Map.groupBy(incidents.items, identityOf).values()].flatMap((alike) =>
      (alike.length === 1 ? alike : alike.toSorted(byDescription)).map((incident, at) => [incident, at + 1] as const)
    )
  )
  const items = incidents.items.map((incident): Finding => {
    const ruleId = ruleOf(incident)
    const identity = identityOf(incident)
    // Numbered by what they say, not by the order of the vendor's list.
    const twin = twins.get(incident) ?? 1
    const description = incident.description === null ? null : ExonaError.clean(scrub, incident.description)
    return {
      findingId: `exona-${digest(identity).slice(0, 32)}${twin === 1 ? "" : `-${twin}`}`,
      ruleId,
      title: description === null || description.trim() === "" ? "Similar past incident" : shortened(description),
      description,
      // Similarity says how alike a past case is, not how bad: it must not outvote the vendor's own verdict.
      severity: "info",
      vendorSeverity: null,
      status: "unknown",
      resource: website === null ? null : ExonaError.clean(scrub, website),
      remediation: null,
      references: incident.referenceUrls.filter(isWebAddress).map((url) => ExonaError.clean(scrub, url))
    }
  })
  return { coverage: incidents.dropped === 0 ? "full" : "partial", total, items }
}

const byDescription = (a: ExonaSchema.Incident, b: ExonaSchema.Incident): number => {
  const [one, other] = [a.description ?? "", b.description ?? ""]
  return one < other ? -1 : one > other ? 1 : 0
}

const shortened = (description: string): string => WireFields.cut(description.trim().replace(/\s+/g, " "), 120)

/**
 * The company that the answer names: by its website, as `subject` writes it, or by its name where it has none.
 */
const answered = ({ company: { name, website } }: ExonaScan, scrub: Scrub): { readonly subject?: Subject } => {
  const id = website === null ? name : ExonaSchema.canonicalWebsite(website)
  if (id === null || id.trim() === "") return {}
  const shown = name === null || name.trim() === "" ? id : name
  return { subject: { kind: "company", id: ExonaError.clean(scrub, id), name: ExonaError.clean(scrub, shown) } }
}

const contradictions = ({ body, status }: ExonaScan): ReadonlyArray<string> => {
  const has = (name: string) => body[name] !== undefined && body[name] !== null
  if (status === "completed" && has("error")) return ["the scan is completed and has an error as well"]
  if (status === "failed" && has("result")) return ["the scan failed and has a result as well, which does not count"]
  return []
}

/**
 * What a scan at its end is: an outcome, or nothing when it is `completed` without a result.
 */
const settle = (
  scan: ExonaScan,
  ticket: ScanTicket,
  response: VendorResponse,
  scrub: Scrub,
  given: { readonly cached: boolean; readonly ageMs: number | null; readonly warnings: ReadonlyArray<string> }
): ScanOutcome<ExonaResult> | null => {
  const warnings = [...response.warnings, ...scan.warnings, ...given.warnings, ...contradictions(scan)]
  const common = {
    ticket,
    ...answered(scan, scrub),
    vendorStatus: scan.status,
    createdAt: scan.createdAt,
    completedAt: scan.completedAt,
    cached: given.cached,
    ageMs: given.ageMs
  }
  if (scan.status === "failed") {
    const error = ExonaSchema.readError(scan.body, warnings)
    return Outcome.makeFailed({
      ...common,
      reason: {
        code: error === null || error.code === null ? null : ExonaError.clean(scrub, error.code),
        message: error === null || error.message === null ? "none given" : ExonaError.clean(scrub, error.message),
        advice: error === null || error.hint === null ? null : ExonaError.clean(scrub, error.hint),
        requestId: error?.requestId ?? response.requestId
      },
      requestId: error?.requestId ?? response.requestId,
      warnings: tidy(warnings, scrub)
    })
  }
  const payload = ExonaSchema.readResult(scan.body["result"], warnings)
  if (payload === null) return null
  const level = payload.risk_assessment?.overall_risk_level ?? null
  const severity = severityOf(level, warnings)
  const findings = findingsOf(payload, scan.company.website, warnings, scrub)
  return Outcome.makeCompleted<ExonaResult>({
    ...common,
    assessment: {
      severity,
      vendorSeverity: level === null ? null : ExonaError.clean(scrub, level),
      compliance: null,
      score: null
    },
    findings,
    payload,
    requestId: response.requestId,
    warnings: tidy(warnings, scrub)
  })
}

const broken = (response: VendorResponse, code: string, message: string, scrub: Scrub): PollFault.PollFault =>
  PollFault.make({
    kind: "Broken",
    code,
    message: ExonaError.clean(scrub, message),
    requestId: response.requestId,
    hint: response.hint,
    quota: response.quota
  })

/**
 * Reads the answer to a poll of `ticket`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readPoll = (
  response: VendorResponse,
  ticket: ScanTicket,
  scrub: Scrub
): Result.Result<PollAnswer<ScanOutcome<ExonaResult>>, PollFault.PollFault> => {
  if (response.status !== 200) return Result.fail(ExonaError.pollFault(response, scrub))
  const { body, hint, quota } = response
  if (body._tag === "Unreadable") return Result.fail(broken(response, body.why, body.detail, scrub))
  const read = ExonaSchema.readScan(body.value)
  if (Result.isFailure(read)) return Result.fail(broken(response, "invalid-answer", read.failure, scrub))
  const scan = read.success
  if (scan.id !== ticket.scanId) {
    const message = `asked for ${ticket.scanId}, the answer is about ${scan.id}`
    return Result.fail(broken(response, "id-mismatch", message, scrub))
  }
  switch (scan.status) {
    case "processing":
      return Result.succeed(Observation.answer(Observation.pending("running"), { hint, quota }))
    case "completed":
    case "failed": {
      const outcome = settle(scan, ticket, response, scrub, { cached: false, ageMs: null, warnings: [] })
      return outcome === null
        ? Result.fail(broken(response, "completed-without-result", "the scan is completed but has no result", scrub))
        : Result.succeed(Observation.answer(Observation.settled(outcome), { quota }))
    }
    default:
      return Result.succeed(
        Observation.answer(Observation.unrecognised(ExonaError.clean(scrub, scan.status)), { hint, quota })
      )
  }
}

const nameWarning = (scan: ExonaScan, request: ExonaRequest): ReadonlyArray<string> => {
  const name = scan.company.name
  return scan.cached && name !== null && name.trim() !== request.company.name.trim()
    ? [`the cached scan was run for ${JSON.stringify(name)}, not for ${JSON.stringify(request.company.name)}`]
    : []
}

// What a cached answer does not keep of what was asked for.
const cacheWarnings = (scan: ExonaScan, request: ExonaRequest, ageMs: number | null): ReadonlyArray<string> => {
  if (!scan.cached) return []
  const warnings: Array<string> = []
  if (ExonaSchema.hasQuestionnaire(request)) {
    warnings.push("a questionnaire was sent, and the answer is from Exona's cache: it may not know the questionnaire")
  }
  const limit = maxAge(request)
  if (limit === null) return warnings
  const allowed = Duration.toMillis(limit)
  const days = (millis: number) => Math.floor(millis / 86_400_000)
  if (request.forceRefresh === true || request.maxAgeDays === 0) {
    warnings.push("a new scan was asked for, and the answer is from Exona's cache")
  } else if (request.maxAgeDays !== undefined && ageMs !== null && ageMs > allowed) {
    warnings.push(`the cached answer is ${days(ageMs)} days old, and at most ${days(allowed)} were asked for`)
  }
  return warnings
}

/**
 * Reads the answer to a submission. An id in any answer means that it was accepted. `now` is in milliseconds since 1970.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readSubmit = (
  response: VendorResponse,
  request: ExonaRequest,
  place: { readonly origin: string; readonly account: string },
  now: number,
  scrub: Scrub
): Result.Result<Submitted | Already<ExonaResult>, SubmitError.SubmitError> => {
  const { body, hint, quota } = response
  const scanId = body._tag === "Json" ? ExonaSchema.readId(body.value) : null
  if (body._tag === "Unreadable" || scanId === null) return Result.fail(ExonaError.submitError(response, scrub))
  const ticket = Ticket.make({ vendor: "exona", ...place, scanId, submittedAt: now })
  const submitted = Adapters.submitted(ticket, { hint, quota })
  const read = ExonaSchema.readScan(body.value)
  if (Result.isFailure(read)) return Result.succeed(submitted)
  const scan = read.success
  if (scan.status !== "completed" && scan.status !== "failed") return Result.succeed(submitted)
  const ageMs = scan.cached && scan.completedAt !== null ? Math.max(0, now - scan.completedAt) : null
  const outcome = settle(scan, ticket, response, scrub, {
    cached: scan.cached,
    ageMs,
    warnings: [...nameWarning(scan, request), ...cacheWarnings(scan, request, ageMs)]
  })
  // A completed scan whose result cannot be read here may still show it to a poll.
  return Result.succeed(outcome === null ? submitted : Adapters.already(outcome, { quota }))
}

/**
 * Equal for two requests exactly when they are one purchase by Exona's own rule: the website in lower case without
 * trailing slashes, and everything that changes what is bought or answered.
 *
 * **Details**
 *
 * The name counts only beside a questionnaire, because without one Exona goes by the website alone. `maxAgeDays` counts
 * only where Exona heeds it. A questionnaire goes in as a digest: answers do not belong into keys.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint = (request: ExonaRequest): string => {
  const asked = ExonaSchema.hasQuestionnaire(request)
  const forced = request.forceRefresh === true
  const questions = (request.questionnaire ?? []).map(({ answer, question }) => [question, answer])
  return JSON.stringify({
    website: ExonaSchema.canonicalWebsite(request.company.website),
    ...(asked || forced || (request.maxAgeDays ?? 0) === 0 ? {} : { maxAgeDays: request.maxAgeDays }),
    ...(forced ? { forceRefresh: true } : {}),
    ...(request.includeFieldCitations === true ? { includeFieldCitations: true } : {}),
    ...(asked ? { questionnaire: digest(JSON.stringify([request.company.name.trim(), questions])) } : {})
  })
}

/**
 * How old an answer may be for this request: what Exona's own cache would allow. Zero, where the request asks for a new
 * scan: `forceRefresh`, `maxAgeDays` 0, or a questionnaire without `maxAgeDays`, which Exona never answers from its
 * cache. Null where the request leaves it open.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category destructors
 * @since 0.1.1
 */
export const maxAge = (request: ExonaRequest): Duration.Duration | null => {
  if (request.forceRefresh === true) return Duration.zero
  if (request.maxAgeDays !== undefined) return Duration.days(request.maxAgeDays)
  return ExonaSchema.hasQuestionnaire(request) ? Duration.zero : null
}

const environmentOf = (key: Redacted.Redacted<string>): string => {
  const text = Redacted.value(key).trimStart()
  return text.startsWith("exo_test_") ? "test" : text.startsWith("exo_live_") ? "live" : ""
}

const vendor = "exona"
const keyVariable = "EXONA_API_KEY"

const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ScanAdapter<ExonaRequest, ExonaResult>, VendorConfigError | CredentialError, VendorHttp> {
  const credential = Redacted.isRedacted(options.credential)
    ? Credentials.constant(options.credential, { vendor })
    : options.credential
  const http = yield* VendorHttp
  const client = ExonaClient.make(
    yield* http.make({
      vendor,
      baseUrl: options.baseUrl ?? ExonaClient.defaultBaseUrl,
      credential,
      ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts })
    })
  )
  const environment = environmentOf(yield* credential)
  const place = { origin: client.origin, account: options.account ?? "default" }
  const { scrub } = client

  const submit = Effect.fnUntraced(function* (request: ExonaRequest) {
    const faults = ExonaSchema.requestFaults(request)
    if (faults.length > 0) {
      const message = faults.map((fault) => `${fault.path.join(".")} ${fault.message}`).join("; ")
      return yield* SubmitError.make({ kind: "Refused", code: "invalid-request", message: WireFields.cut(message) })
    }
    const response = yield* Effect.mapError(client.create(request), (fault) => ExonaError.submitTransport(fault, scrub))
    const now = yield* Clock.currentTimeMillis
    return yield* Effect.fromResult(readSubmit(response, request, place, now, scrub))
  })

  const poll = Effect.fnUntraced(function* (ticket: ScanTicket) {
    if (!Ticket.isScanId(ticket.scanId)) {
      const message = "the scan id is not one that can be asked for"
      return yield* PollFault.make({ kind: "Broken", permanent: true, code: "invalid-id", message })
    }
    const response = yield* Effect.mapError(client.retrieve(ticket.scanId), (fault) =>
      ExonaError.pollTransport(fault, scrub)
    )
    return yield* Effect.fromResult(readPoll(response, ticket, scrub))
  })

  return {
    vendor,
    ...place,
    environment,
    limits: ExonaPolicy.limits,
    policy: ExonaPolicy.policies.default,
    policies: ExonaPolicy.policies,
    budget: ExonaPolicy.budget,
    durations: ExonaPolicy.durations,
    payload: ExonaSchema.ExonaResult,
    check: ExonaSchema.requestFaults,
    subject: ({ company }) => ({
      kind: "company",
      id: ExonaSchema.canonicalWebsite(company.website),
      name: company.name
    }),
    fingerprint,
    maxAge,
    submit,
    poll
  }
})

const text = (name: string): Config.Config<string> =>
  Config.withDefault(Config.String(name), "").pipe(Config.map((value) => value.trim()))

const settings = Config.all({
  baseUrl: text("EXONA_BASE_URL"),
  insecureHosts: text("SCANPOLL_ALLOW_INSECURE_HOSTS")
})

const key = Config.withDefault(Config.Redacted(keyVariable), null)

const noKey = (message: string): CredentialError =>
  new CredentialError({ vendor, variable: keyVariable, message: `${keyVariable} ${message}` })

const makeFromConfig = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const { baseUrl, insecureHosts } = yield* Effect.mapError(
    settings,
    (error) => new VendorConfigError({ vendor, faults: [error.message] })
  )
  // Read anew before each request: a provider that follows a file sees a rotated key.
  const credential: Credential = key.parse(provider).pipe(
    Effect.mapError(() => noKey("cannot be read")),
    Effect.flatMap((value) =>
      value === null
        ? Effect.fail(noKey("is not set"))
        : Effect.fromResult(Credentials.check(value, { vendor, variable: keyVariable }))
    )
  )
  return yield* make({
    credential,
    ...(baseUrl === "" ? {} : { baseUrl }),
    insecureHosts: insecureHosts.split(",").flatMap((host) => (host.trim() === "" ? [] : [host.trim()]))
  })
})

/**
 * Exona, ready to be asked on behalf of one account.
 *
 * **Details**
 *
 * The environment of the claims (`test` or `live`) is read from the prefix of the key when the layer is made: a key of
 * the other kind needs a layer of its own. There is no `reconcile`: Exona has no list of scans to look into.
 *
 * @category services
 * @since 0.1.0
 */
export class Exona extends Context.Service<Exona, ScanAdapter<ExonaRequest, ExonaResult>>()(
  "@scanpoll/exona/ExonaAdapter/Exona"
) {
  /**
   * An adapter with the given options. Fails with every fault of the configuration, or when there is no credential.
   */
  static readonly make: (
    options: Options
  ) => Effect.Effect<ScanAdapter<ExonaRequest, ExonaResult>, VendorConfigError | CredentialError, VendorHttp> = make

  /**
   * The layer of an adapter with the given options.
   */
  static readonly layer = (options: Options): Layer.Layer<Exona, VendorConfigError | CredentialError, VendorHttp> =>
    Layer.effect(Exona, make(options))

  /**
   * The layer configured by `EXONA_API_KEY`, `EXONA_BASE_URL` (default `https://platform.exonalab.com/api/v1`) and
   * `SCANPOLL_ALLOW_INSECURE_HOSTS` (comma-separated, default none).
   */
  static readonly layerConfig: Layer.Layer<Exona, VendorConfigError | CredentialError, VendorHttp> = Layer.effect(
    Exona,
    makeFromConfig
  )
}
