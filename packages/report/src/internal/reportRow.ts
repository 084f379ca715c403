// Makes the row of a record: what became of one requested scan, in plain JSON.
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type * as Schema from "effect/Schema"
import * as Evidence from "../Evidence.ts"
import * as HostileText from "../HostileText.ts"
import * as Times from "./times.ts"
import * as NextStep from "../NextStep.ts"
import * as ReportScan from "../ReportScan.ts"
import type { OwnGate } from "./ownGate.ts"

/**
 * What a row needs beside its record.
 *
 * - `declaredAt`: where the plan asks for the scan.
 * - `plan`: the plan that asks for the scan, as `sarif` and `github` name it; left out where that is the run's.
 * - `gate`: what the row asks beside the gate of its run. Default: nothing.
 * - `scanType`: the vendor's type of scan; where it is left out or empty, the type that the vendor's answer names.
 * - `trend`: earlier scans of the same subject, oldest first; the last one is what the row is compared with where there is
 *   no baseline.
 * - `reusedBecause`: in words why an outcome that was known before may answer this row.
 * - `payload`: the vendor's result as JSON, already redacted if it is to be; null (the default) keeps it out.
 * - `payloadSha256`: its digest in hex, where the caller knows it.
 * - `collects`: whether the vendor gives its findings by a call of their own, so that a wait can fetch them later. Default true;
 *   where it is false, only a new answer about the scan can bring them.
 * - `commands`: what the commands of the row are made from.
 * - `redact`: applied to every text of the row; by default nothing is changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface RowOptions {
  readonly declaredAt?: { readonly line: number; readonly column: number } | null
  readonly plan?: string
  readonly gate?: OwnGate
  readonly scanType?: string
  readonly trend?: ReadonlyArray<ReportScan.TrendPoint>
  readonly payload?: Schema.Json
  readonly payloadSha256?: string | null
  readonly reusedBecause?: string
  readonly collects?: boolean
  readonly commands?: NextStep.Commands
  readonly redact?: (text: string) => string
}

const natural = (value: number): number => (Number.isFinite(value) && value > 0 ? Math.round(value) : 0)

const duration = (
  record: ScanRecord.ScanRecord
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

interface Texts {
  readonly text: (value: string) => HostileText.HostileText
  readonly textOrNull: (value: string | null) => HostileText.HostileText | null
}

const textsOf = ({ redact = (text: string) => text }: RowOptions): Texts => {
  const text = (value: string) => HostileText.of(redact(value))
  return { text, textOrNull: (value) => (value === null ? null : text(value)) }
}

/**
 * Makes the row of a record. `id` is the record's claim, or `row-N` (counted from 1) where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRecord = (record: ScanRecord.ScanRecord, options: RowOptions = {}): ReportScan.ReportScan => {
  const texts = textsOf(options)
  const { text, textOrNull } = texts
  const { declaredAt = null, gate, payload = null, payloadSha256 = null, plan, trend = [] } = options
  const { outcome, ticket } = record
  const scanType = options.scanType || (outcome?.scanType ?? "")
  const { severity, ...said } = saidOf(record, texts)
  return {
    id: text(record.claimId ?? `row-${record.index + 1}`),
    key: ticket === null ? null : text(ScanTicket.accountKey(ticket)),
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
    ...(scanType === "" ? {} : { scanType: text(scanType) }),
    declaredAt,
    ...(plan === undefined ? {} : { plan: text(plan) }),
    ...(gate === undefined ? {} : { gate }),
    state: record.state,
    because: record.because,
    vendorStatus: outcome === null ? null : text(outcome.vendorStatus),
    resumable: ScanRecord.isResumable(record),
    notBefore: Times.formatOrNull(record.notBefore),
    next: nextOf(record, options, texts),
    severity,
    reason: reasonOf(record, texts),
    ...said,
    timings: {
      submittedAt: Times.formatOrNull(record.submittedAt),
      createdAt: Times.formatOrNull(outcome === null ? null : outcome.createdAt),
      completedAt: Times.formatOrNull(outcome === null ? null : outcome.completedAt),
      observedAt: Times.format(record.observedAt),
      ...duration(record),
      polls: natural(record.polls)
    },
    // How far the scan was at the last poll says nothing once it has ended.
    progress: outcome === null ? record.progress : null,
    cached: outcome !== null && outcome.cached,
    ...reuseOf(record, options, texts),
    warnings: [...new Set([...record.warnings, ...(outcome === null ? [] : outcome.warnings)])].map(text),
    links: { report: outcome === null ? null : textOrNull(outcome.links.report) },
    requestId: textOrNull(outcome === null ? null : outcome.requestId),
    previous: trend.at(-1) ?? null,
    trend,
    payload,
    payloadSha256
  }
}

const nextOf = (
  record: ScanRecord.ScanRecord,
  { collects = true, commands = {} }: RowOptions,
  { text, textOrNull }: Texts
) => {
  const { because, claimId, outcome, state, ticket } = record
  const key = ticket === null ? null : ScanTicket.accountKey(ticket)
  const missing = outcome === null ? [] : ScanOutcome.missing(outcome).map(({ kind }) => kind)
  const asksAgain = outcome !== null && !(collects && ScanOutcome.lacksFindingsAlone(outcome))
  const next = NextStep.of({ state, because, key, claimId, missing, asksAgain, commands })
  return next === null ? null : { advice: text(next.advice), command: textOrNull(next.command) }
}

const reasonOf = (
  { outcome, reason }: ScanRecord.ScanRecord,
  { text, textOrNull }: Texts
): ReportScan.ReportScan["reason"] => {
  const why = reason ?? (outcome === null || outcome._tag === "Completed" ? null : outcome.reason)
  return why === null
    ? null
    : {
        code: textOrNull(why.code),
        message: text(why.message),
        advice: textOrNull(why.advice),
        requestId: textOrNull(why.requestId)
      }
}

const reuseOf = ({ ageMs, outcome, reused }: ScanRecord.ScanRecord, { reusedBecause }: RowOptions, { text }: Texts) => {
  const age = ageMs ?? (outcome === null ? null : outcome.ageMs)
  return {
    reused,
    ...(reused && reusedBecause !== undefined ? { reusedBecause: text(reusedBecause) } : {}),
    ageMs: age === null ? null : natural(age)
  }
}

// What the scan says. An answer about something else says nothing about this row.
const saidOf = (
  { outcome, state }: ScanRecord.ScanRecord,
  { text, textOrNull }: Texts
): Pick<ReportScan.ReportScan, "severity" | "assessment" | "evidence" | "findings" | "delta"> => {
  if (outcome === null || outcome._tag === "Failed") {
    const findings = ReportScan.findingsOf("none", null, [])
    return { severity: "unknown", assessment: null, evidence: Evidence.ofNothing(state), findings, delta: null }
  }
  const found = ScanOutcome.evidence(outcome)
  const evidence = reportEvidence(found, textOrNull)
  if (found.assessment.status === "unavailable" && found.findings.status === "unavailable") {
    const findings = ReportScan.findingsOf("unavailable", null, [])
    return { severity: "unknown", assessment: null, evidence, findings, delta: null }
  }
  const { bySeverity, coverage, items, total } = outcome.findings
  const assessment = reportAssessment(outcome.assessment, text)
  const findings = ReportScan.findingsOf(
    coverage,
    total,
    items.map((item) => reportFinding(item, text)),
    bySeverity
  )
  const { delta } = outcome
  return {
    severity: ReportScan.severityOf({ assessment, findings }),
    assessment,
    evidence,
    findings,
    delta: delta === null ? null : { ...delta, previousScanId: textOrNull(delta.previousScanId) }
  }
}

const reportEvidence = (
  evidence: ScanOutcome.Evidence,
  textOrNull: (value: string | null) => HostileText.HostileText | null
): NonNullable<ReportScan.ReportScan["evidence"]> => {
  const one = ({ reason, status }: ScanOutcome.EvidenceStatus): ReportScan.ReportEvidence => ({
    status,
    reason: textOrNull(reason)
  })
  return { assessment: one(evidence.assessment), findings: one(evidence.findings), delta: one(evidence.delta) }
}

const reportFinding = (
  item: ScanOutcome.Finding,
  text: (value: string) => HostileText.HostileText
): ReportScan.ReportFinding => ({
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
  assessment: ScanOutcome.Assessment,
  text: (value: string) => HostileText.HostileText
): NonNullable<ReportScan.ReportScan["assessment"]> => ({
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
