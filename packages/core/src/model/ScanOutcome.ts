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
 * numbers without items (`counts-only`), or nothing (`none`). `total` is the vendor's count, or null.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Findings = Schema.Struct({
  coverage: Schema.Literals(["full", "partial", "counts-only", "none"]),
  total: Schema.NullOr(Schema.Finite),
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
 */
const common = {
  ticket: ScanTicket,
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
    payload
  })

const partial = <Payload extends Schema.Top>(payload: Payload) =>
  Schema.TaggedStruct("Partial", {
    ...common,
    assessment: Assessment,
    findings: Findings,
    delta: Schema.NullOr(Delta),
    reason: Reason,
    payload
  })

const failed = Schema.TaggedStruct("Failed", { ...common, reason: Reason, payload: Schema.Null })

/**
 * The schema of an outcome whose payload has the given schema: what a journal stores and reads back.
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
  findings: noFindings,
  delta: null,
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
  findings: noFindings,
  delta: null,
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
 * The severity a gate reads: the worst of the assessment and of every finding that is not resolved. A failed scan said
 * nothing, so it is `unknown`.
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
      let worst = outcome.assessment.severity
      for (const finding of outcome.findings.items) {
        if (finding.status !== "resolved") worst = Severity.worse(worst, finding.severity)
      }
      return worst
    }
  }
}
