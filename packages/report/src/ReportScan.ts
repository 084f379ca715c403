/**
 * One row of a report: what became of one requested scan, in plain JSON.
 *
 * A row is made from a `ScanRecord` and holds nothing else. Times are RFC 3339 texts in UTC with milliseconds, or null.
 * What is absent is null, never zero. Every free text is `HostileText`: a vendor may put anything into it, and so may
 * whoever edits the file. `payload` is null unless the caller passes one.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Outcome from "@scanpoll/core/model/ScanOutcome"
import * as Record from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Subject from "@scanpoll/core/model/Subject"
import * as Ticket from "@scanpoll/core/model/ScanTicket"
import * as Hostile from "./HostileText.ts"
import { HostileText } from "./HostileText.ts"

/**
 * A moment: `2026-04-03T09:01:12.000Z`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Time = Schema.String.check(
  Schema.isPattern(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/u, {
    expected: "a time in UTC with milliseconds, such as 2026-04-03T09:01:12.000Z"
  })
)

/**
 * A SHA-256 in hex.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/u, { expected: "64 hex digits" }))

/**
 * A vendor's name: safe in a file name, a command line and a test suite's name.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VendorName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9._-]{0,63}$/u, { expected: "the name of a vendor in lower case, such as appvet" })
)

/**
 * How a scan of the report ended: the states of core's records.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanState = Schema.Literals(Record.states)

/**
 * How many of each severity, worst first; a severity nobody has is left out.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SeverityCounts = Schema.Struct({
  critical: Schema.optionalKey(Schema.Natural),
  unknown: Schema.optionalKey(Schema.Natural),
  high: Schema.optionalKey(Schema.Natural),
  medium: Schema.optionalKey(Schema.Natural),
  low: Schema.optionalKey(Schema.Natural),
  info: Schema.optionalKey(Schema.Natural),
  none: Schema.optionalKey(Schema.Natural)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SeverityCounts = typeof SeverityCounts.Type

/**
 * Counts severities, worst first: the order in which they are shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const countSeverities = (severities: Iterable<Severity.Severity>): SeverityCounts => {
  const counts = new Map<Severity.Severity, number>()
  for (const severity of severities) counts.set(severity, (counts.get(severity) ?? 0) + 1)
  const out: { -readonly [K in keyof SeverityCounts]: SeverityCounts[K] } = {}
  for (const severity of worstFirst) {
    const count = counts.get(severity)
    if (count !== undefined) out[severity] = count
  }
  return out
}

/**
 * Every severity, worst first; `unknown` after `critical`, as a gate reads it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worstFirst: ReadonlyArray<Severity.Severity> = [
  "critical",
  "unknown",
  "high",
  "medium",
  "low",
  "info",
  "none"
]

/**
 * Somebody accepted a finding or an assessment: why, and until when (null: for good). `by` and `at` are the person and the
 * time of the decision, where the baseline says them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Suppression = Schema.Struct({
  reason: HostileText,
  until: Schema.NullOr(Time),
  by: Schema.optionalKey(Schema.NullOr(HostileText)),
  at: Schema.optionalKey(Schema.NullOr(Time))
})

/**
 * @category models
 * @since 0.2.0
 */
export type Suppression = typeof Suppression.Type

/**
 * What a row is about. `series` is what new versions of the subject have in common; left out where that is the `id`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReportSubject = Schema.Struct({
  kind: Subject.Kind,
  id: HostileText,
  name: HostileText,
  series: Schema.optionalKey(HostileText)
})

/**
 * One thing a scan found. A suppressed one counts for no gate and not for the severity of its scan.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportFinding = Schema.Struct({
  findingId: HostileText,
  ruleId: HostileText,
  title: HostileText,
  description: Schema.NullOr(HostileText),
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(HostileText),
  status: Schema.Literals(["new", "unchanged", "resolved", "unknown"]),
  resource: Schema.NullOr(HostileText),
  remediation: Schema.NullOr(HostileText),
  references: Schema.Array(HostileText),
  suppression: Schema.NullOr(Suppression)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReportFinding = typeof ReportFinding.Type

/**
 * Why a scan is not completed, in the vendor's words or ours.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportReason = Schema.Struct({
  code: Schema.NullOr(HostileText),
  message: HostileText,
  advice: Schema.NullOr(HostileText),
  requestId: Schema.NullOr(HostileText)
})

/**
 * An earlier scan of the same subject by the same vendor: one point of a trend.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TrendPoint = Schema.Struct({
  at: Time,
  scanId: Schema.NullOr(HostileText),
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  findings: Schema.NullOr(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export type TrendPoint = typeof TrendPoint.Type

const Assessment = Schema.Struct({
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(HostileText),
  compliance: Schema.NullOr(Schema.Literals(["pass", "warning", "fail"])),
  score: Schema.NullOr(
    Schema.Struct({
      value: Schema.Finite,
      min: Schema.Finite,
      max: Schema.Finite,
      direction: Schema.Literals(["higher-is-better", "lower-is-better"]),
      grade: Schema.NullOr(HostileText),
      basis: Schema.Literals(["vendor", "derived"])
    })
  ),
  suppression: Schema.optionalKey(Suppression)
})

/**
 * Whether one kind of evidence of a row can be judged: it is `there`, `not-offered` by the vendor, or `unavailable` for a
 * `reason` in words. The reason is null for the first two.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReportEvidence = Schema.Struct({
  status: Schema.Literals(["there", "not-offered", "unavailable"]),
  reason: Schema.NullOr(HostileText)
})

/**
 * @category models
 * @since 0.2.0
 */
export type ReportEvidence = typeof ReportEvidence.Type

const EvidenceKinds = Schema.Struct({
  assessment: ReportEvidence,
  findings: ReportEvidence,
  delta: ReportEvidence
})

const Delta = Schema.Struct({
  source: Schema.Literals(["vendor", "computed"]),
  new: Schema.Finite,
  resolved: Schema.Finite,
  unchanged: Schema.Finite,
  previousScanId: Schema.NullOr(HostileText),
  previousTotal: Schema.NullOr(Schema.Finite),
  consistent: Schema.Boolean,
  comparable: Schema.Boolean
})

/**
 * What a person can do about a row: words, and the command line that does it where there is one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Next = Schema.Struct({ advice: HostileText, command: Schema.NullOr(HostileText) })

/**
 * One row of a report.
 *
 * - `id`: names the row in this report; the claim's id, or `row-N` where none was made. Unique.
 * - `key`, `scanId`, `origin`: null until the vendor gave an id.
 * - `scanType`: which of the vendor's types of scan it is, such as AppVet's `seo`; left out where that is not known or the
 *   vendor has one alone.
 * - `declaredAt`: the line of the plan that asks for this scan, counted from 1.
 * - `because`: what ended it when that was not the vendor's verdict. It decides the exit code. `defect` is a mistake in a
 *   program: the log has it.
 * - `evidence`: what a verdict on the row rests on. Version 0.1 did not write it: `evidenceOf` reads both.
 * - `resumable`: a later command can bring more: an outcome, or evidence that is unavailable now.
 * - `severity`: the worst of the assessment and the unsuppressed findings; what a gate reads. `unknown` where there is
 *   no outcome.
 * - `timings.durationMs`: how long the scan took, by the vendor's clock or, without that, by ours; null when unknown.
 * - `previous`: what this row was compared with, by a baseline; null where it was not.
 * - `trend`: earlier scans of the subject, oldest first, this one left out.
 * - `payload`: the vendor's own result where the caller asked for it. `payloadSha256` names it, kept or not.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportScan = Schema.Struct({
  id: HostileText,
  key: Schema.NullOr(HostileText),
  index: Schema.Natural,
  claimId: Schema.NullOr(HostileText),
  vendor: VendorName,
  account: HostileText,
  origin: Schema.NullOr(HostileText),
  scanId: Schema.NullOr(HostileText),
  subject: ReportSubject,
  scanType: Schema.optionalKey(HostileText),
  declaredAt: Schema.NullOr(Schema.Struct({ line: Schema.Natural, column: Schema.Natural })),
  state: ScanState,
  because: Schema.Literals(["outcome", "stop", "vendor-refusal", "credential", "journal", "not-begun", "defect"]),
  vendorStatus: Schema.NullOr(HostileText),
  resumable: Schema.Boolean,
  notBefore: Schema.NullOr(Time),
  next: Schema.NullOr(Next),
  severity: Severity.Severity,
  reason: Schema.NullOr(ReportReason),
  assessment: Schema.NullOr(Assessment),
  evidence: Schema.optionalKey(EvidenceKinds),
  findings: Schema.Struct({
    coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
    total: Schema.NullOr(Schema.Finite),
    bySeverity: SeverityCounts,
    items: Schema.Array(ReportFinding)
  }),
  delta: Schema.NullOr(Delta),
  timings: Schema.Struct({
    submittedAt: Schema.NullOr(Time),
    createdAt: Schema.NullOr(Time),
    completedAt: Schema.NullOr(Time),
    observedAt: Time,
    durationMs: Schema.NullOr(Schema.Natural),
    durationBasis: Schema.NullOr(Schema.Literals(["vendor", "client"])),
    polls: Schema.Natural
  }),
  progress: Schema.NullOr(
    Schema.Struct({
      fraction: Schema.NullOr(Schema.Finite),
      done: Schema.NullOr(Schema.Finite),
      total: Schema.NullOr(Schema.Finite)
    })
  ),
  cached: Schema.Boolean,
  reused: Schema.Boolean,
  ageMs: Schema.NullOr(Schema.Natural),
  warnings: Schema.Array(HostileText),
  links: Schema.Struct({ report: Schema.NullOr(HostileText) }),
  requestId: Schema.NullOr(HostileText),
  previous: Schema.NullOr(TrendPoint),
  trend: Schema.Array(TrendPoint),
  payload: Schema.Json,
  payloadSha256: Schema.NullOr(Sha256)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReportScan = typeof ReportScan.Type

/**
 * What a row needs beside its record.
 *
 * - `declaredAt`: where the plan asks for the scan.
 * - `scanType`: the vendor's type of scan; left out or empty where there is none to name.
 * - `trend`: earlier scans of the same subject.
 * - `payload`: the vendor's result as JSON, already redacted if it is to be; null (the default) keeps it out.
 * - `payloadSha256`: its digest in hex, where the caller knows it.
 * - `forgetful`: whether the run's journal forgets at its end: its claims lead nowhere then, and only keys do. Default
 *   false.
 * - `redact`: applied to every text of the row; by default nothing is changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface RowOptions {
  readonly declaredAt?: { readonly line: number; readonly column: number } | null
  readonly scanType?: string
  readonly trend?: ReadonlyArray<TrendPoint>
  readonly payload?: Schema.Json
  readonly payloadSha256?: string | null
  readonly forgetful?: boolean
  readonly redact?: (text: string) => string
}

const maxTime = 8_640_000_000_000_000

const time = (at: number): string => new Date(Math.min(Math.max(Math.round(at), 0), maxTime)).toISOString()

/**
 * A moment in milliseconds since 1970 as the report writes it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const formatTime = (at: number): string => {
  const text = time(Number.isFinite(at) ? at : 0)
  // Years past 9999 have a sign and six digits, which no reader of RFC 3339 takes.
  return text.length === 24 ? text : "9999-12-31T23:59:59.999Z"
}

const timeOrNull = (at: number | null): string | null => (at === null ? null : formatTime(at))

// A key on the command line names its account, unless it is the usual one.
const ofAccount = (key: string, account: string): string =>
  account === "default" || key.slice(0, key.indexOf(":")).includes("@") || !/^[A-Za-z0-9_.-]+$/.test(account)
    ? key
    : key.replace(":", `@${account}:`)

/**
 * What a person does next about a row in this state, and the command for it; null where nothing is left to do. Where the
 * journal is `forgetful` (default false), no command names it or a claim of it. `missing` are the kinds of evidence of its
 * outcome that are unavailable (default none).
 *
 * @category destructors
 * @since 0.1.0
 */
export const nextOf = (row: {
  readonly state: Record.ScanState
  readonly because: ReportScan["because"]
  readonly account: string
  readonly key: string | null
  readonly claimId: string | null
  readonly forgetful?: boolean
  readonly missing?: ReadonlyArray<keyof Outcome.Evidence>
}): { readonly advice: string; readonly command: string | null } | null => {
  const wait = row.key === null ? null : `scanpoll wait ${ofAccount(row.key, row.account)}`
  const resume = row.forgetful === true ? wait : "scanpoll resume"
  switch (row.state) {
    case "completed":
    case "partial": {
      const missing = row.missing ?? []
      return missing.length === 0 ? null : { advice: `fetch the ${missing.join(" and the ")}`, command: wait }
    }
    case "failed":
    case "not-found":
      return null
    case "still-running":
    case "unreachable":
    case "protocol":
      return { advice: "wait on", command: wait }
    case "interrupted":
      return {
        advice:
          row.because === "journal"
            ? "mend the journal, then"
            : row.because === "defect"
              ? "see the log, then"
              : "go on",
        command: resume
      }
    case "denied":
      return { advice: "mend the credential, then", command: resume }
    case "in-doubt":
      return {
        advice: "find out whether it was bought",
        command: row.claimId === null || row.forgetful === true ? null : `scanpoll reconcile ${row.claimId}`
      }
    case "refused":
      return row.because === "credential"
        ? { advice: "mend the credential and run again", command: null }
        : { advice: "mend the request and run again", command: null }
    case "not-started":
      switch (row.because) {
        case "journal":
          return { advice: "mend the journal and run again", command: null }
        case "credential":
          return { advice: "mend the credential and run again", command: null }
        case "defect":
          return { advice: "see the log and run again", command: null }
        case "outcome":
        case "stop":
        case "vendor-refusal":
        case "not-begun":
          return { advice: "run again", command: null }
      }
  }
}

const natural = (value: number): number => (Number.isFinite(value) && value > 0 ? Math.round(value) : 0)

const duration = (
  record: Record.ScanRecord
): { readonly durationMs: number | null; readonly durationBasis: "vendor" | "client" | null } => {
  const { outcome } = record
  if (outcome === null) return { durationMs: null, durationBasis: null }
  if (outcome.createdAt !== null && outcome.completedAt !== null && outcome.completedAt >= outcome.createdAt) {
    return { durationMs: natural(outcome.completedAt - outcome.createdAt), durationBasis: "vendor" }
  }
  // When it was answered from a store, our own clock measured the look-up and not the scan.
  if (record.reused || outcome.cached || record.submittedAt === null || record.observedAt < record.submittedAt) {
    return { durationMs: null, durationBasis: null }
  }
  return { durationMs: natural(record.observedAt - record.submittedAt), durationBasis: "client" }
}

/**
 * The severity of a row: the worst of what the scan says as a whole and of every finding that is neither resolved nor
 * suppressed; an accepted assessment counts as `none`. `unknown` where nothing was assessed.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severityOf = (row: Pick<ReportScan, "assessment" | "findings">): Severity.Severity => {
  if (row.assessment === null) return "unknown"
  let worst = row.assessment.suppression === undefined ? row.assessment.severity : "none"
  for (const finding of row.findings.items) {
    if (isOpen(finding)) worst = Severity.worse(worst, finding.severity)
  }
  return worst
}

/**
 * Whether a finding counts: neither resolved nor suppressed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = (finding: Pick<ReportFinding, "status" | "suppression">): boolean =>
  finding.status !== "resolved" && finding.suppression === null

/**
 * The findings of a row with their counts: severities count what is not resolved, or are what the vendor `counted`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const findingsOf = (
  coverage: Outcome.Findings["coverage"],
  total: number | null,
  items: ReadonlyArray<ReportFinding>,
  counted?: SeverityCounts
): ReportScan["findings"] => ({
  coverage,
  total,
  bySeverity:
    counted ?? countSeverities(items.filter((item) => item.status !== "resolved").map((item) => item.severity)),
  items
})

const kinds = ["assessment", "findings", "delta"] as const

// How version 0.1 said in a warning that findings are unavailable.
const oldWarning = /^the findings could not be fetched \(/

/**
 * What of a row is there, not offered or unavailable; worked out from the rest of the row where version 0.1 wrote it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const evidenceOf = (
  row: Pick<ReportScan, "state" | "assessment" | "findings" | "delta" | "warnings" | "evidence">
): NonNullable<ReportScan["evidence"]> => {
  if (row.evidence !== undefined) return row.evidence
  if (row.assessment === null) return noEvidence(row.state)
  const there: ReportEvidence = { status: "there", reason: null }
  const notOffered: ReportEvidence = { status: "not-offered", reason: null }
  const warning = row.warnings.find((text) => oldWarning.test(Hostile.toKey(text)))
  const unavailable: ReportEvidence = {
    status: "unavailable",
    reason: warning ?? Hostile.of("the vendor's findings could not be fetched")
  }
  const { coverage } = row.findings
  const isLost = coverage === "unavailable" || (coverage === "none" && warning !== undefined)
  return {
    assessment: there,
    findings: isLost ? unavailable : coverage === "none" ? notOffered : there,
    delta: row.delta === null ? notOffered : there
  }
}

const noEvidence = (state: Record.ScanState): NonNullable<ReportScan["evidence"]> => {
  const nothing: ReportEvidence = { status: "unavailable", reason: Hostile.of(`the scan has no result (${state})`) }
  return { assessment: nothing, findings: nothing, delta: nothing }
}

/**
 * The kinds of evidence that are unavailable in a row that has an outcome, each with its reason. Empty where there is no
 * outcome: its state says why.
 *
 * @category destructors
 * @since 0.2.0
 */
export const missingOf = (
  row: Parameters<typeof evidenceOf>[0]
): ReadonlyArray<{ readonly kind: keyof Outcome.Evidence; readonly reason: HostileText }> => {
  if (row.state !== "completed" && row.state !== "partial") return []
  const evidence = evidenceOf(row)
  return kinds.flatMap((kind) => {
    const { reason, status } = evidence[kind]
    return status === "unavailable" ? [{ kind, reason: reason ?? Hostile.of(`the ${kind} is unavailable`) }] : []
  })
}

const same = (text: string): string => text

/**
 * Makes the row of a record. `id` is the record's claim, or `row-N` (counted from 1) where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRecord = (record: Record.ScanRecord, options: RowOptions = {}): ReportScan => {
  const redact = options.redact ?? same
  const text = (value: string) => Hostile.of(redact(value))
  const textOrNull = (value: string | null) => (value === null ? null : text(value))
  const { outcome, ticket } = record
  const ended = outcome === null || outcome._tag === "Failed" ? null : outcome
  const evidence = ended === null ? null : Outcome.evidence(ended)
  // An answer about something else says nothing about this row.
  const isAbout = evidence?.assessment.status !== "unavailable" || evidence.findings.status !== "unavailable"
  const said = isAbout ? ended : null
  const items = said === null ? [] : said.findings.items.map((item) => reportFinding(item, text))
  const reason = record.reason ?? (outcome === null || outcome._tag === "Completed" ? null : outcome.reason)
  const key = ticket === null ? null : Ticket.accountKey(ticket)
  const next = nextOf({
    state: record.state,
    because: record.because,
    account: record.account,
    key,
    claimId: record.claimId,
    ...(options.forgetful === undefined ? {} : { forgetful: options.forgetful }),
    missing: outcome === null ? [] : Outcome.missing(outcome).map(({ kind }) => kind)
  })
  const warnings = outcome === null ? record.warnings : [...new Set([...record.warnings, ...outcome.warnings])]
  const assessment = said === null ? null : reportAssessment(said.assessment, text)
  const findings =
    said === null
      ? findingsOf(isAbout ? "none" : "unavailable", null, [])
      : findingsOf(said.findings.coverage, said.findings.total, items, said.findings.bySeverity)
  const ageMs = record.ageMs ?? (outcome === null ? null : outcome.ageMs)
  return {
    id: text(record.claimId ?? `row-${record.index + 1}`),
    key: textOrNull(key),
    index: record.index,
    claimId: textOrNull(record.claimId),
    vendor: record.vendor,
    account: text(record.account),
    origin: ticket === null ? null : text(ticket.origin),
    scanId: ticket === null ? null : text(ticket.scanId),
    subject: {
      kind: record.subject.kind,
      id: text(record.subject.id),
      name: text(record.subject.name),
      ...(record.subject.series === undefined ? {} : { series: text(record.subject.series) })
    },
    ...(options.scanType === undefined || options.scanType === "" ? {} : { scanType: text(options.scanType) }),
    declaredAt: options.declaredAt ?? null,
    state: record.state,
    because: record.because,
    vendorStatus: outcome === null ? null : text(outcome.vendorStatus),
    resumable: Record.isResumable(record),
    notBefore: timeOrNull(record.notBefore),
    next: next === null ? null : { advice: text(next.advice), command: textOrNull(next.command) },
    severity: severityOf({ assessment, findings }),
    reason:
      reason === null
        ? null
        : {
            code: textOrNull(reason.code),
            message: text(reason.message),
            advice: textOrNull(reason.advice),
            requestId: textOrNull(reason.requestId)
          },
    assessment,
    evidence: evidence === null ? noEvidence(record.state) : reportEvidence(evidence, textOrNull),
    findings,
    delta:
      said === null || said.delta === null
        ? null
        : { ...said.delta, previousScanId: textOrNull(said.delta.previousScanId) },
    timings: {
      submittedAt: timeOrNull(record.submittedAt),
      createdAt: timeOrNull(outcome === null ? null : outcome.createdAt),
      completedAt: timeOrNull(outcome === null ? null : outcome.completedAt),
      observedAt: formatTime(record.observedAt),
      ...duration(record),
      polls: natural(record.polls)
    },
    // How far the scan was at the last poll says nothing once it has ended.
    progress: outcome === null ? record.progress : null,
    cached: outcome !== null && outcome.cached,
    reused: record.reused,
    ageMs: ageMs === null ? null : natural(ageMs),
    warnings: warnings.map(text),
    links: { report: outcome === null ? null : textOrNull(outcome.links.report) },
    requestId: textOrNull(outcome === null ? null : outcome.requestId),
    previous: null,
    trend: options.trend ?? [],
    payload: options.payload ?? null,
    payloadSha256: options.payloadSha256 ?? null
  }
}

const reportEvidence = (
  evidence: Outcome.Evidence,
  textOrNull: (value: string | null) => HostileText | null
): NonNullable<ReportScan["evidence"]> => {
  const one = ({ reason, status }: Outcome.EvidenceStatus): ReportEvidence => ({ status, reason: textOrNull(reason) })
  return { assessment: one(evidence.assessment), findings: one(evidence.findings), delta: one(evidence.delta) }
}

const reportFinding = (item: Outcome.Finding, text: (value: string) => HostileText): ReportFinding => ({
  findingId: text(item.findingId),
  ruleId: text(item.ruleId),
  title: text(item.title),
  description: item.description === null ? null : text(item.description),
  severity: item.severity,
  vendorSeverity: item.vendorSeverity === null ? null : text(item.vendorSeverity),
  status: item.status,
  resource: item.resource === null ? null : text(item.resource),
  remediation: item.remediation === null ? null : text(item.remediation),
  references: item.references.map(text),
  suppression: null
})

const reportAssessment = (
  assessment: Outcome.Assessment,
  text: (value: string) => HostileText
): NonNullable<ReportScan["assessment"]> => ({
  severity: assessment.severity,
  vendorSeverity: assessment.vendorSeverity === null ? null : text(assessment.vendorSeverity),
  compliance: assessment.compliance,
  score:
    assessment.score === null
      ? null
      : {
          ...assessment.score,
          grade: assessment.score.grade === null ? null : text(assessment.score.grade)
        }
})
