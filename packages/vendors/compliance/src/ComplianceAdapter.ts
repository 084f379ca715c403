/**
 * The compliance API as a scanpoll adapter: rule scans of datasets, with their delta.
 *
 * The scan is done inside the submission, yet the answer to it holds no score, so an accepted submission is polled at
 * once. A submission answered with `failed` is the outcome; one answered with `completed` is not, because nothing is
 * known yet that a report could show. Only the status word of a poll decides; the zeros beside `pending`, `running` and
 * `failed` are never results.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Adapters from "@scanpoll/core/engine/ScanAdapter"
import type { Already, RequestFault, ScanAdapter, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import * as Credentials from "@scanpoll/core/http/Credential"
import { type VendorClient, VendorConfigError, VendorHttp, type VendorResponse } from "@scanpoll/core/http/VendorHttp"
import { type Credential, CredentialError } from "@scanpoll/core/http/Credential"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Severity from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as ComplianceClient from "./ComplianceClient.ts"
import * as ComplianceError from "./ComplianceError.ts"
import * as CompliancePolicy from "./CompliancePolicy.ts"
import {
  CompliancePayload,
  type ComplianceRequest,
  countedBySeverity,
  isMadeFrom,
  isUuid,
  type ListedScan,
  readHead,
  readProgress,
  readResult,
  readScanList,
  readSubmitted,
  readTimes,
  sameId,
  scrubbed
} from "./ComplianceSchema.ts"

const vendor = "compliance"

/**
 * How to reach a compliance server.
 *
 * - `baseUrl`: where the server is, without `/api`; https. The application is self-hosted, so there is no default.
 * - `credential`: a user's access token. Tokens live about an hour, so give an effect that renews it where scans are
 *   watched for longer: it is asked before each request.
 * - `organizationId`: a UUID, sent as `X-Organization-Id`; without it the server takes the user's own organization.
 * - `account`: the label of this credential. Default `default`.
 * - `insecureHosts`: hosts (`host` or `host:port`) that may be reached over plain http. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly baseUrl: string
  readonly credential: Credential | Redacted.Redacted<string>
  readonly organizationId?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
}

/**
 * The adapter of one account.
 *
 * @category models
 * @since 0.1.0
 */
export type ComplianceAdapter = ScanAdapter<ComplianceRequest, CompliancePayload>

const ids = ["policyId", "uploadId", "mappingId", "auditId"] as const

/**
 * Every fault of a request that can be known without asking: ids that have not the form of a UUID, a blank name.
 *
 * @category destructors
 * @since 0.1.0
 */
export const check = (request: ComplianceRequest): ReadonlyArray<RequestFault> => {
  const faults: Array<RequestFault> = []
  for (const name of ids) {
    const value = request[name]
    if (value !== undefined && !isUuid(value)) {
      faults.push({ path: [name], message: "must be a UUID, such as 550e8400-e29b-41d4-a716-446655440000" })
    }
  }
  if (request.auditName !== undefined && request.auditName.trim() === "") {
    faults.push({ path: ["auditName"], message: "is blank; leave it out if the audit has no name" })
  }
  return faults
}

const subjectId = (request: ComplianceRequest): string =>
  [`policy=${request.policyId}`, `upload=${request.uploadId}`, `mapping=${request.mappingId}`].join(",").toLowerCase()

// A new upload of the same data is the next version of it: the vendor's own delta compares scans of one policy.
const seriesOf = (request: ComplianceRequest): string =>
  [`policy=${request.policyId}`, `mapping=${request.mappingId}`].join(",").toLowerCase()

/**
 * The dataset as it is scanned: one upload, read through one mapping, under one policy. `series` leaves the upload out.
 *
 * @category destructors
 * @since 0.1.0
 */
export const subject = (request: ComplianceRequest): Subject => {
  const id = subjectId(request)
  return { kind: "dataset", id, name: request.auditName ?? id, series: seriesOf(request) }
}

/**
 * Equal for requests with the same four ids. The vendor joins nothing by itself: the same body twice makes two scans.
 * The audit's name is a label and makes no other scan.
 *
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint = (request: ComplianceRequest): string =>
  JSON.stringify(ids.map((name) => request[name]?.toLowerCase() ?? null))

type Scrub = (text: string) => string

const warningLimit = 20

const tidy = (warnings: ReadonlyArray<string>, scrub: Scrub): ReadonlyArray<string> => {
  const unique = [...new Set(warnings.map((warning) => WireFields.cut(scrub(warning))))]
  return unique.length <= warningLimit
    ? unique
    : [...unique.slice(0, warningLimit), `${unique.length - warningLimit} more warnings are left out`]
}

type Counted = ReturnType<typeof countedBySeverity>

// All that an answer says of violations, wherever it says it: the largest number counts.
const violationsOf = (payload: CompliancePayload, counted: Counted, warnings: Array<string>): number | null => {
  const { review_summary, violation_count } = payload
  if (violation_count === null) return null
  const elsewhere = Math.max(
    Object.values(counted ?? {}).reduce((sum, count) => sum + count, 0),
    WireFields.count.read(review_summary?.["total"]) ?? 0
  )
  if (elsewhere <= violation_count) return violation_count
  warnings.push(`the answer counts ${violation_count} violations and names ${elsewhere} elsewhere: the larger counts`)
  return elsewhere
}

// The worst of the score's band and of what the answer counts by severity.
const severityOf = (
  score: number,
  violations: number | null,
  counted: Counted,
  allRules: boolean
): Severity.Severity => {
  if (score === 100 && violations === 0 && allRules) return "none"
  const band = Severity.fromScore(score)
  const atLeast = violations === 0 ? band : Severity.worse(band, "low")
  return Severity.all.reduce(
    (worst, each) => ((counted?.[each] ?? 0) > 0 ? Severity.worse(worst, each) : worst),
    atLeast
  )
}

const deltaOf = (payload: CompliancePayload, allRules: boolean, warnings: Array<string>): ScanOutcome.Delta | null => {
  const delta = payload.delta
  if (delta === null) return null
  const sums: Array<readonly [sum: number, total: number, words: string]> = []
  if (payload.violation_count !== null) {
    sums.push([
      delta.new_count + delta.unchanged_count,
      payload.violation_count,
      `${delta.new_count} new and ${delta.unchanged_count} unchanged are not the ${payload.violation_count} violations of this scan`
    ])
  }
  if (delta.previous_violation_count !== null) {
    sums.push([
      delta.resolved_count + delta.unchanged_count,
      delta.previous_violation_count,
      `${delta.resolved_count} resolved and ${delta.unchanged_count} unchanged are not the ${delta.previous_violation_count} violations of the previous scan`
    ])
  }
  const wrong = sums.filter(([sum, total]) => sum !== total)
  if (wrong.length > 0) {
    warnings.push(
      `the delta does not add up: ${wrong.map(([, , words]) => words).join("; ")} (the vendor counts a rule and an account once)`
    )
  }
  const withItself = delta.previous_scan_id !== null && sameId(delta.previous_scan_id, payload.id)
  if (withItself) warnings.push("the delta compares the scan with itself")
  return {
    source: "vendor",
    new: delta.new_count,
    resolved: delta.resolved_count,
    unchanged: delta.unchanged_count,
    previousScanId: delta.previous_scan_id,
    previousTotal: delta.previous_violation_count,
    consistent: sums.length > 0 && wrong.length === 0,
    // What rules that did not run would have found again must not be called resolved.
    comparable: allRules && !withItself
  }
}

const findingsOf = (
  payload: CompliancePayload,
  {
    counted,
    severity,
    total
  }: { readonly counted: Counted; readonly severity: Severity.Severity; readonly total: number | null },
  delta: ScanOutcome.Delta | null
): ScanOutcome.Findings => {
  if (total === null) return ScanOutcome.noFindings
  if (total === 0) return { coverage: "counts-only", total, items: [] }
  const { policy_id, upload_id, mapping_id } = payload
  const status =
    delta === null || !delta.comparable
      ? "unknown"
      : delta.new > 0
        ? "new"
        : delta.unchanged > 0
          ? "unchanged"
          : "unknown"
  return {
    coverage: "counts-only",
    total,
    ...(counted === null ? {} : { bySeverity: counted }),
    items: [
      {
        findingId: [vendor, "violations", policy_id ?? "-", mapping_id ?? "-"].join(":").toLowerCase(),
        ruleId: "compliance/violations",
        title: total === 1 ? "1 violation" : `${total} violations`,
        description: "The vendor's answer counts the violations of the policy's rules and does not list them.",
        severity,
        vendorSeverity: null,
        status,
        resource: upload_id === null ? null : `upload:${upload_id}`,
        remediation: null,
        references: []
      }
    ]
  }
}

const completed = (
  ticket: ScanTicket.ScanTicket,
  payload: CompliancePayload,
  body: WireFields.WireRecord,
  read: ReadonlyArray<string>,
  response: VendorResponse,
  scrub: Scrub
): ScanOutcome.ScanOutcome<CompliancePayload> => {
  const warnings: Array<string> = [...response.warnings, ...read]
  const { rules_processed, rules_total } = payload
  const allRules = rules_processed === null || rules_total === null || rules_processed === rules_total
  if (!allRules) warnings.push(`${rules_processed} of ${rules_total} rules were processed`)
  const times = readTimes(body, warnings)
  const delta = deltaOf(payload, allRules, warnings)
  const counted = countedBySeverity(payload, warnings)
  const total = violationsOf(payload, counted, warnings)
  const severity = severityOf(payload.compliance_score, total, counted, allRules)
  const outcome = ScanOutcome.makeCompleted({
    ticket,
    vendorStatus: payload.status,
    ...times,
    assessment: {
      severity,
      vendorSeverity: null,
      compliance: total === null ? null : total > 0 ? "fail" : "pass",
      score: {
        value: payload.compliance_score,
        min: 0,
        max: 100,
        direction: "higher-is-better",
        grade: null,
        basis: "vendor"
      }
    },
    findings: findingsOf(payload, { counted, severity, total }, delta),
    delta,
    warnings: tidy(warnings, scrub),
    requestId: response.requestId,
    payload
  })
  // The count is the vendor's to give, and what it gave is none: not the same as a vendor that counts nothing.
  const unread = { status: "unavailable", reason: "the vendor's violation_count cannot be read" } as const
  return total === null ? { ...outcome, evidence: { ...ScanOutcome.evidence(outcome), findings: unread } } : outcome
}

const failedAdvice = "the vendor keeps no reason; a new scan may work"

/**
 * What one answer to a poll says about a scan. Pure: the same answer always means the same.
 *
 * @category destructors
 * @since 0.1.0
 */
export const readPoll = (
  ticket: ScanTicket.ScanTicket,
  response: VendorResponse,
  scrub: Scrub
): Result.Result<Observation.PollAnswer<ScanOutcome.ScanOutcome<CompliancePayload>>, PollFault.PollFault> => {
  if (response.status !== 200) return Result.fail(ComplianceError.pollFault("status", response, scrub))
  const broken = (code: string, message: string) => Result.fail(ComplianceError.broken(code, message, response, scrub))
  if (response.body._tag === "Unreadable") return broken(response.body.why, response.body.detail)
  const body = response.body.value
  const head = readHead(body)
  if (Result.isFailure(head)) return broken(head.failure.code, head.failure.message)
  if (!WireFields.isRecord(body)) return broken("unreadable-answer", "the answer is not an object")
  const { id, status } = head.success
  if (!sameId(id, ticket.scanId)) {
    return broken("id-mismatch", `asked for ${ticket.scanId}, the answer is about ${WireFields.cut(id, 64)}`)
  }
  const open = (observation: Observation.Observation<never>) =>
    Result.succeed(Observation.answer(observation, { hint: response.hint, quota: response.quota }))
  const settled = (outcome: ScanOutcome.ScanOutcome<CompliancePayload>) =>
    Result.succeed(Observation.answer(Observation.settled(outcome), { quota: response.quota }))
  switch (status) {
    case "pending":
      return open(Observation.pending("queued"))
    case "running":
      return open(Observation.pending("running", readProgress(body)))
    case "completed": {
      const warnings: Array<string> = []
      const payload = readResult(scrubbed(body, scrub), head.success, warnings)
      return Result.isFailure(payload)
        ? broken(payload.failure.code, payload.failure.message)
        : settled(completed(ticket, payload.success, body, warnings, response, scrub))
    }
    case "failed": {
      const warnings: Array<string> = [...response.warnings]
      const times = readTimes(body, warnings)
      return settled(
        ScanOutcome.makeFailed({
          ticket,
          vendorStatus: status,
          ...times,
          reason: { code: null, message: "none given", advice: failedAdvice, requestId: response.requestId },
          warnings: tidy(warnings, scrub),
          requestId: response.requestId
        })
      )
    }
    default:
      return open(Observation.unrecognised(WireFields.cut(scrub(status), 200)))
  }
}

/**
 * How much earlier than our own clock says a lost scan may have been created, by the vendor's clock.
 */
const skewMillis = 60_000

/**
 * How many scans of one audit are looked at after a lost submission. More cannot be told apart with good manners.
 */
const candidateLimit = 50

/**
 * The id of an audit that nobody has.
 */
const nobodysAudit = "00000000-0000-4000-8000-000000000000"

const adapter = (http: VendorClient, account: string): ComplianceAdapter => {
  const client = ComplianceClient.make(http)
  const scrub = http.scrub

  const ticketOf = (scanId: string, submittedAt: number | null): ScanTicket.ScanTicket =>
    ScanTicket.make({ vendor, origin: http.origin, account, scanId, submittedAt })

  const submit = Effect.fnUntraced(function* (
    request: ComplianceRequest
  ): Effect.fn.Return<Submitted | Already<CompliancePayload>, SubmitError.SubmitError> {
    const faults = check(request)
    if (faults.length > 0) {
      return yield* SubmitError.make({
        kind: "Refused",
        code: "invalid-request",
        message: faults.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ")
      })
    }
    const auditId = request.auditId ?? null
    const response = yield* Effect.mapError(client.run(request), (fault) =>
      ComplianceError.submitTransportError(fault, auditId, scrub)
    )
    const { scanId, status } = readSubmitted(response.body._tag === "Json" ? response.body.value : null)
    if (scanId === null) return yield* ComplianceError.submitError(response, auditId, scrub)
    // Taken when the answer is here: the submission is the scan and may take minutes, but the id is fresh now.
    const ticket = ticketOf(scanId, yield* Clock.currentTimeMillis)
    if (status === "failed") {
      const outcome = ScanOutcome.makeFailed({
        ticket,
        vendorStatus: status,
        reason: {
          ...ComplianceError.failureOf(response, scrub),
          advice: "this scan is over; a new scan may work",
          requestId: response.requestId
        },
        warnings: tidy(response.warnings, scrub),
        requestId: response.requestId
      })
      return Adapters.already<CompliancePayload>(outcome, response)
    }
    const hint = status === "completed" ? Option.none() : response.hint
    return Adapters.submitted(ticket, { hint, quota: response.quota })
  })

  const poll: ComplianceAdapter["poll"] = (ticket) =>
    ScanTicket.isScanId(ticket.scanId)
      ? client.status(ticket.scanId).pipe(
          Effect.mapError((fault) => ComplianceError.pollTransportFault(fault, scrub)),
          Effect.flatMap((response) => Effect.fromResult(readPoll(ticket, response, scrub)))
        )
      : Effect.fail(
          PollFault.make({ kind: "Broken", permanent: true, code: "invalid-id", message: "the scan id cannot be sent" })
        )

  // The status call answers 404 to an expired token and to an unknown scan; the list of an audit answers 401 to the first.
  const probe: Effect.Effect<void, PollFault.PollFault> = client.auditScans(nobodysAudit).pipe(
    Effect.mapError((fault) => ComplianceError.pollTransportFault(fault, scrub)),
    Effect.flatMap((response) =>
      response.status === 200 || response.status === 404
        ? Effect.void
        : Effect.fail(ComplianceError.pollFault("list", response, scrub))
    )
  )

  // The list does not say what a scan was made from; the scan itself does.
  const isOurs = Effect.fnUntraced(function* (
    request: ComplianceRequest,
    scan: ListedScan
  ): Effect.fn.Return<boolean, PollFault.PollFault> {
    const response = yield* Effect.mapError(client.status(scan.id), (fault) =>
      ComplianceError.pollTransportFault(fault, scrub)
    )
    if (response.status !== 200) {
      const fault = ComplianceError.pollFault("status", response, scrub)
      return fault.kind === "Missing" ? false : yield* fault
    }
    const body = response.body._tag === "Json" ? response.body.value : null
    const head = readHead(body)
    if (Result.isFailure(head) || !WireFields.isRecord(body) || !sameId(head.success.id, scan.id)) {
      return yield* ComplianceError.broken(
        "unreadable-answer",
        `the answer about ${scan.id} cannot be read`,
        response,
        scrub
      )
    }
    return isMadeFrom(body, request)
  })

  const reconcile = Effect.fnUntraced(function* (
    request: ComplianceRequest,
    since: number,
    known: ReadonlySet<string>
  ): Effect.fn.Return<ReadonlyArray<ScanTicket.ScanTicket>, PollFault.PollFault> {
    const auditId = request.auditId
    if (auditId === undefined || !isUuid(auditId)) {
      // An empty list would read as "nothing was bought", which nobody knows here.
      return yield* PollFault.make({
        kind: "Broken",
        permanent: true,
        code: "no-audit",
        message:
          "the vendor lists scans by audit only and this request names none: whether a scan was made can be seen in the vendor's own history"
      })
    }
    const response = yield* Effect.mapError(client.auditScans(auditId), (fault) =>
      ComplianceError.pollTransportFault(fault, scrub)
    )
    if (response.status !== 200) return yield* ComplianceError.pollFault("list", response, scrub)
    if (response.body._tag === "Unreadable") {
      return yield* ComplianceError.broken(response.body.why, response.body.detail, response, scrub)
    }
    const list = readScanList(response.body.value, auditId)
    if (Result.isFailure(list)) {
      return yield* ComplianceError.broken(list.failure.code, list.failure.message, response, scrub)
    }
    const candidates = list.success.filter(
      ({ id, createdAt }) => !known.has(id) && (createdAt === null || createdAt >= since - skewMillis)
    )
    if (candidates.length > candidateLimit) {
      return yield* PollFault.make({
        kind: "Broken",
        permanent: true,
        code: "too-many-scans",
        message: `the audit has ${candidates.length} scans that may be the one; at most ${candidateLimit} are looked at`
      })
    }
    const ours = yield* Effect.filter(candidates, (scan) => isOurs(request, scan))
    return ours.map(({ id, createdAt }) => ticketOf(id, createdAt))
  })

  return {
    vendor,
    origin: http.origin,
    account,
    environment: "",
    limits: CompliancePolicy.limits,
    policy: CompliancePolicy.policies.default,
    policies: CompliancePolicy.policies,
    budget: CompliancePolicy.budget,
    durations: CompliancePolicy.durations,
    payload: CompliancePayload,
    check,
    subject,
    fingerprint,
    submit,
    poll,
    probe,
    reconcile
  }
}

const source: Credentials.Source = { vendor, variable: "COMPLIANCE_TOKEN" }

/**
 * Makes the adapter of one account. Nothing is sent; the configuration is checked and every fault of it listed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<ComplianceAdapter, VendorConfigError | CredentialError, VendorHttp> {
  const vendorHttp = yield* VendorHttp
  const { organizationId } = options
  const faults = organizationId === undefined || isUuid(organizationId) ? [] : ["the organization id is not a UUID"]
  if (options.baseUrl.trim() === "") {
    const noBase = "there is no base URL (COMPLIANCE_BASE_URL) and no default: the vendor is self-hosted"
    return yield* new VendorConfigError({ vendor, faults: [noBase, ...faults] })
  }
  const credential = Redacted.isRedacted(options.credential)
    ? Effect.succeed(yield* Effect.fromResult(Credentials.check(options.credential, source)))
    : options.credential
  const made = yield* Effect.result(
    vendorHttp.make({
      vendor,
      baseUrl: options.baseUrl,
      credential,
      ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts }),
      ...(organizationId === undefined || faults.length > 0 ? {} : { headers: { "X-Organization-Id": organizationId } })
    })
  )
  if (Result.isFailure(made)) {
    return yield* new VendorConfigError({ vendor, faults: [...made.failure.faults, ...faults] })
  }
  if (faults.length > 0) return yield* new VendorConfigError({ vendor, faults })
  return adapter(made.success, options.account ?? "default")
})

const text = (name: string): Config.Config<string> => Config.withDefault(Config.String(name), "")

const settings = Config.all({
  baseUrl: text("COMPLIANCE_BASE_URL"),
  organizationId: text("COMPLIANCE_ORGANIZATION_ID"),
  insecureHosts: text("SCANPOLL_ALLOW_INSECURE_HOSTS")
})

const token = Config.withDefault(Config.Redacted("COMPLIANCE_TOKEN"), null)

const noToken = (message: string): CredentialError =>
  new CredentialError({ vendor, variable: "COMPLIANCE_TOKEN", message: `COMPLIANCE_TOKEN ${message}` })

const makeFromConfig = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const { baseUrl, insecureHosts, organizationId } = yield* Effect.mapError(
    settings,
    (error) => new VendorConfigError({ vendor, faults: [error.message] })
  )
  // Read anew before each request: a provider that follows a file or a secret store renews the token.
  const credential: Credential = token.parse(provider).pipe(
    Effect.mapError(() => noToken("cannot be read")),
    Effect.flatMap((value) =>
      value === null ? Effect.fail(noToken("is not set")) : Effect.fromResult(Credentials.check(value, source))
    )
  )
  yield* credential
  return yield* make({
    baseUrl,
    credential,
    ...(organizationId.trim() === "" ? {} : { organizationId: organizationId.trim() }),
    insecureHosts: insecureHosts.split(",").flatMap((host) => (host.trim() === "" ? [] : [host.trim()]))
  })
})

/**
 * Compliance scans of datasets.
 *
 * @category services
 * @since 0.1.0
 */
export class Compliance extends Context.Service<Compliance, ComplianceAdapter>()(
  "@scanpoll/compliance/ComplianceAdapter/Compliance"
) {
  /**
   * Makes the adapter of one account; see the module's `make`.
   */
  static readonly make = make

  /**
   * The adapter of one account as a layer.
   */
  static readonly layer = (
    options: Options
  ): Layer.Layer<Compliance, VendorConfigError | CredentialError, VendorHttp> => Layer.effect(Compliance, make(options))

  /**
   * The adapter from the environment: `COMPLIANCE_TOKEN` and `COMPLIANCE_BASE_URL` are needed,
   * `COMPLIANCE_ORGANIZATION_ID` and `SCANPOLL_ALLOW_INSECURE_HOSTS` are not.
   */
  static readonly layerConfig: Layer.Layer<Compliance, VendorConfigError | CredentialError, VendorHttp> = Layer.effect(
    Compliance,
    makeFromConfig
  )
}
