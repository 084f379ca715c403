/**
 * How the vendor says a scan ended: `Completed`, `Partial` or `Failed`.
 *
 * A vendor's "failed" is an outcome, not an error. What the scan said (`assessment`, `findings`, `delta`) is kept apart
 * from whether it finished. What a vendor does not tell is absent, never zero: a missing score is null. Times are
 * milliseconds since 1970, UTC, or null when the vendor gave none that can be read.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Severity from "./Severity.ts"
import { ScanTicket } from "./ScanTicket.ts"
import { Subject } from "./Subject.ts"

/**
 * A vendor's score. `direction` says which end is good; `basis` whether the vendor gave it or we derived it.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Score = Schema.Struct({
  value: Schema.Finite,
  min: Schema.Finite,
  max: Schema.Finite,
  direction: Schema.Literals(["higher-is-better", "lower-is-better"]),
  grade: Schema.NullOr(Schema.String),
  basis: Schema.Literals(["vendor", "derived"])
})

/**
 * @category models
 * @since 0.1.0
 */
export type Score = typeof Score.Type

/**
 * What a scan said as a whole. `vendorSeverity` is the vendor's own word for it, `compliance` its yes or no.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Assessment = Schema.Struct({
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(Schema.String),
  compliance: Schema.NullOr(Schema.Literals(["pass", "warning", "fail"])),
  score: Schema.NullOr(Score)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Assessment = typeof Assessment.Type

/**
 * One thing a scan found. `findingId` is stable across scans of one subject: made from the rule and the resource, never
 * from a text, a score or a time.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Finding = Schema.Struct({
  findingId: Schema.String,
  ruleId: Schema.String,
  title: Schema.String,
  description: Schema.NullOr(Schema.String),
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(Schema.String),
  status: Schema.Literals(["new", "unchanged", "resolved", "unknown"]),
  resource: Schema.NullOr(Schema.String),
  remediation: Schema.NullOr(Schema.String),
  references: Schema.Array(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Finding = typeof Finding.Type

/**
 * The findings of a scan and how much of them we have: every one (`full`), those of the checks that ran (`partial`),
 * numbers without items (`counts-only`), nothing because the vendor gives none (`none`), or nothing because they could
 * not be fetched (`unavailable`). `total` is the vendor's count, or null. `bySeverity` is the vendor's count of each severity
 * where it counts more than it lists.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Findings = Schema.Struct({
  coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
  total: Schema.NullOr(Schema.Finite),
  bySeverity: Schema.optionalKey(Schema.Record(Severity.Severity, Schema.optionalKey(Schema.Natural))),
  items: Schema.Array(Finding)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Findings = typeof Findings.Type

/**
 * No findings are known: not the same as "nothing was found".
 *
 * @category constructors
 * @since 0.1.0
 */
export const noFindings: Findings = { coverage: "none", total: null, items: [] }

/**
 * The vendor has findings, and they could not be fetched: a gate on them has no verdict.
 *
 * @category constructors
 * @since 0.2.0
 */
export const unavailableFindings: Findings = { coverage: "unavailable", total: null, items: [] }

/**
 * Whether one kind of evidence can be judged.
 *
 * - `there`: the outcome has it. `not-offered`: this vendor does not give it, or gave none for this scan.
 * - `unavailable`: the vendor has it and we do not; `reason` says why, in words. Null otherwise.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EvidenceStatus = Schema.Struct({
  status: Schema.Literals(["there", "not-offered", "unavailable"]),
  reason: Schema.NullOr(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type EvidenceStatus = typeof EvidenceStatus.Type

/**
 * What a verdict on an outcome rests on, kind by kind.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Evidence = Schema.Struct({
  assessment: EvidenceStatus,
  findings: EvidenceStatus,
  delta: EvidenceStatus
})

/**
 * @category models
 * @since 0.2.0
 */
export type Evidence = typeof Evidence.Type

/**
 * What changed since an earlier scan of the same subject. `consistent` tells whether the vendor's sums add up;
 * `comparable` whether the two scans may be compared at all.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Delta = Schema.Struct({
  source: Schema.Literals(["vendor", "computed"]),
  new: Schema.Finite,
  resolved: Schema.Finite,
  unchanged: Schema.Finite,
  previousScanId: Schema.NullOr(Schema.String),
  previousTotal: Schema.NullOr(Schema.Finite),
  consistent: Schema.Boolean,
  comparable: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type Delta = typeof Delta.Type

/**
 * Why something did not go well, in the vendor's words where it has any.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Struct({
  code: Schema.NullOr(Schema.String),
  message: Schema.String,
  advice: Schema.NullOr(Schema.String),
  requestId: Schema.NullOr(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Reason = typeof Reason.Type

/**
 * What every outcome has. `cached` is true when the vendor answered from an earlier scan; `ageMs` is then how old it
 * was when we asked. `links.report` is an address for people, checked against the vendor's origin and never fetched.
 * `subject` is what the answer itself says was scanned: it names a scan whose key was typed. `scanType` is the vendor's
 * type of scan, where the answer says it.
 */
const common = {
  ticket: ScanTicket,
  subject: Schema.optionalKey(Subject),
  scanType: Schema.optionalKey(Schema.String),
  vendorStatus: Schema.String,
  createdAt: Schema.NullOr(Schema.Finite),
  completedAt: Schema.NullOr(Schema.Finite),
  cached: Schema.Boolean,
  ageMs: Schema.NullOr(Schema.Finite),
  warnings: Schema.Array(Schema.String),
  links: Schema.Struct({ report: Schema.NullOr(Schema.String) }),
  requestId: Schema.NullOr(Schema.String)
}

const completed = <Payload extends Schema.Top>(payload: Payload) =>
  Schema.TaggedStruct("Completed", {
    ...common,
    assessment: Assessment,
    findings: Findings,
    delta: Schema.NullOr(Delta),
    evidence: Schema.optionalKey(Evidence),
    payload
  })

const partial = <Payload extends Schema.Top>(payload: Payload) =>
  Schema.TaggedStruct("Partial", {
    ...common,
    assessment: Assessment,
    findings: Findings,
    delta: Schema.NullOr(Delta),
    evidence: Schema.optionalKey(Evidence),
    reason: Reason,
    payload
  })

const failed = Schema.TaggedStruct("Failed", { ...common, reason: Reason, payload: Schema.Null })

/**
 * The schema of an outcome whose payload has the given schema: what a journal stores and reads back. `evidence` is
 * missing from what version 0.1 stored; `evidence` (the function) reads both.
 *
 * @category schemas
 * @since 0.1.0
 */
export const schema = <Payload extends Schema.Top>(payload: Payload) =>
  Schema.Union([completed(payload), partial(payload), failed])

/**
 * All checks ran. Only this outcome can ever mean "clean".
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed<out Payload> extends Omit<ReturnType<typeof completed<Schema.Null>>["Type"], "payload"> {
  readonly payload: Payload
}

/**
 * The vendor ended the scan with some checks missing. Terminal, and never counts as clean.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partial<out Payload> extends Omit<ReturnType<typeof partial<Schema.Null>>["Type"], "payload"> {
  readonly payload: Payload
}

/**
 * The vendor says the scan failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed extends Schema.Schema.Type<typeof failed> {}

/**
 * How the vendor says a scan ended.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanOutcome<Payload> = Completed<Payload> | Partial<Payload> | Failed

type Common = Omit<Failed, "_tag" | "reason" | "payload">

const blank = (ticket: ScanTicket, vendorStatus: string): Common => ({
  ticket,
  vendorStatus,
  createdAt: null,
  completedAt: null,
  cached: false,
  ageMs: null,
  warnings: [],
  links: { report: null },
  requestId: null
})

const there: EvidenceStatus = { status: "there", reason: null }
const notOffered: EvidenceStatus = { status: "not-offered", reason: null }
const unavailable = (reason: string): EvidenceStatus => ({ status: "unavailable", reason })

const evidenceOfFindings = ({ coverage }: Findings): EvidenceStatus => {
  switch (coverage) {
    case "full":
    case "partial":
    case "counts-only":
      return there
    case "none":
      return notOffered
    case "unavailable":
      return unavailable("the vendor's findings could not be fetched")
  }
}

// How version 0.1 said in a warning what the evidence says today.
const oldWarning = /^the findings could not be fetched \(/

const evidenceOfFields = (fields: { readonly findings: Findings; readonly delta: Delta | null }): Evidence => ({
  assessment: there,
  findings: evidenceOfFindings(fields.findings),
  delta: fields.delta === null ? notOffered : there
})

// What is left out is absent, and the evidence follows from what is not.
const judged = (fields: { readonly findings?: Findings; readonly delta?: Delta | null }) => {
  const { delta = null, findings = noFindings } = fields
  return { findings, delta, evidence: evidenceOfFields({ findings, delta }) }
}

type Given<A> = globalThis.Partial<Omit<A, "_tag" | "ticket" | "vendorStatus">>

/**
 * A completed scan; what is left out is absent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeCompleted = <Payload>(
  fields: Pick<Completed<Payload>, "ticket" | "vendorStatus" | "assessment" | "payload"> & Given<Completed<Payload>>
): Completed<Payload> => ({
  ...judged(fields),
  ...blank(fields.ticket, fields.vendorStatus),
  ...fields,
  _tag: "Completed"
})

/**
 * A partial scan; what is left out is absent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makePartial = <Payload>(
  fields: Pick<Partial<Payload>, "ticket" | "vendorStatus" | "assessment" | "payload" | "reason"> &
    Given<Partial<Payload>>
): Partial<Payload> => ({
  ...judged(fields),
  ...blank(fields.ticket, fields.vendorStatus),
  ...fields,
  _tag: "Partial"
})

/**
 * A failed scan; what is left out is absent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeFailed = (
  fields: Pick<Failed, "ticket" | "vendorStatus" | "reason"> & Given<Omit<Failed, "payload">>
): Failed => ({ ...blank(fields.ticket, fields.vendorStatus), ...fields, _tag: "Failed", payload: null })

/**
 * What of an outcome is there, what the vendor does not offer, and what is unavailable. A failed scan has nothing to
 * judge.
 *
 * @category destructors
 * @since 0.2.0
 */
export const evidence = (outcome: ScanOutcome<unknown>): Evidence => {
  switch (outcome._tag) {
    case "Failed": {
      const nothing = unavailable("the scan failed at the vendor")
      return { assessment: nothing, findings: nothing, delta: nothing }
    }
    case "Completed":
    case "Partial":
      return outcome.evidence ?? evidenceOfOld(outcome)
  }
}

const evidenceOfOld = (outcome: Completed<unknown> | Partial<unknown>): Evidence => {
  const said = evidenceOfFields(outcome)
  const why = outcome.findings.coverage === "none" ? outcome.warnings.find((text) => oldWarning.test(text)) : undefined
  return why === undefined ? said : { ...said, findings: unavailable(why) }
}

// The warnings without the one that said why there were no findings.
const otherWarnings = (outcome: Completed<unknown> | Partial<unknown>): ReadonlyArray<string> => {
  const { reason } = evidence(outcome).findings
  return reason === null ? outcome.warnings : outcome.warnings.filter((text) => text !== reason)
}

/**
 * The kinds of evidence that are unavailable in an outcome that has ended, with the reason of each. Asking the vendor
 * again may still bring them. Empty for a failed scan.
 *
 * @category destructors
 * @since 0.2.0
 */
export const missing = (
  outcome: ScanOutcome<unknown>
): ReadonlyArray<{ readonly kind: keyof Evidence; readonly reason: string }> => {
  if (outcome._tag === "Failed") return []
  const found = evidence(outcome)
  const kinds = ["assessment", "findings", "delta"] as const
  return kinds.flatMap((kind) => {
    const { reason, status } = found[kind]
    return status === "unavailable" ? [{ kind, reason: reason ?? `the ${kind} is unavailable` }] : []
  })
}

/**
 * The outcome with these findings in place of its own, which are then evidence.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withFindings = <Payload>(outcome: ScanOutcome<Payload>, findings: Findings): ScanOutcome<Payload> =>
  outcome._tag === "Failed"
    ? outcome
    : {
        ...outcome,
        findings,
        evidence: { ...evidence(outcome), findings: evidenceOfFindings(findings) },
        warnings: otherWarnings(outcome)
      }

/**
 * The outcome without findings, for a `reason` in words: `the vendor's findings could not be fetched (500)`. The reason is
 * one of its warnings as well. A failed scan has no findings and is left as it is.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withoutFindings = <Payload>(outcome: ScanOutcome<Payload>, reason: string): ScanOutcome<Payload> => {
  if (outcome._tag === "Failed") return outcome
  return {
    ...outcome,
    findings: unavailableFindings,
    evidence: { ...evidence(outcome), findings: unavailable(reason) },
    warnings: [...otherWarnings(outcome), reason]
  }
}

/**
 * The outcome with neither assessment nor findings to judge, for a `reason` in words that is one of its warnings as well.
 * What it says is kept to be read. A failed scan is left as it is, with the warning.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withoutEvidence = <Payload>(outcome: ScanOutcome<Payload>, reason: string): ScanOutcome<Payload> => {
  const warnings = outcome.warnings.includes(reason) ? outcome.warnings : [...outcome.warnings, reason]
  if (outcome._tag === "Failed") return { ...outcome, warnings }
  const none = unavailable(reason)
  const found = evidence(outcome)
  // What the vendor did not give stays its own reason: `withOwnEvidence` must not take it for evidence.
  const findings = found.findings.status === "unavailable" ? found.findings : none
  return { ...outcome, evidence: { ...found, assessment: none, findings }, warnings }
}

/**
 * The outcome before `withoutEvidence`: what it says counts again.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withOwnEvidence = <Payload>(outcome: ScanOutcome<Payload>): ScanOutcome<Payload> => {
  const found = evidence(outcome)
  const { reason, status } = found.assessment
  if (outcome._tag === "Failed" || status !== "unavailable") return outcome
  const warnings = outcome.warnings.filter((text) => text !== reason)
  const own = evidenceOfFields(outcome)
  const findings = found.findings.reason === reason ? own.findings : found.findings
  return { ...outcome, evidence: { ...own, findings }, warnings }
}

/**
 * Whether a later request for the findings alone may bring all that an outcome lacks. Other evidence comes with a new
 * answer about the scan, or not at all.
 *
 * @category guards
 * @since 0.2.0
 */
export const lacksFindingsAlone = (outcome: ScanOutcome<unknown>): boolean => {
  const lacks = missing(outcome)
  if (outcome._tag === "Failed" || lacks.length === 0) return false
  // Version 0.1 had no such coverage.
  const wasFetched = outcome.findings.coverage !== "unavailable" && outcome.evidence !== undefined
  return !wasFetched && lacks.every(({ kind }) => kind === "findings")
}

/**
 * The outcome with this delta.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withDelta = <Payload>(outcome: Completed<Payload>, delta: Delta): Completed<Payload> => ({
  ...outcome,
  delta,
  evidence: { ...evidence(outcome), delta: there }
})

/**
 * The severity a gate reads: the worst of the assessment and of every finding that is not resolved. A failed scan said
 * nothing, and an answer about something else nothing about this scan, so both are `unknown`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severity = (outcome: ScanOutcome<unknown>): Severity.Severity => {
  switch (outcome._tag) {
    case "Failed":
      return "unknown"
    case "Completed":
    case "Partial": {
      const { assessment, findings } = evidence(outcome)
      if (assessment.status === "unavailable" && findings.status === "unavailable") return "unknown"
      let worst = outcome.assessment.severity
      for (const finding of outcome.findings.items) {
        if (finding.status !== "resolved") worst = Severity.worse(worst, finding.severity)
      }
      return worst
    }
  }
}
