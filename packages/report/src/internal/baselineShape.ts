// The shape of a baseline's file, and why there may be none. Passed on by `Baseline`.
import * as Severity from "@scanpoll/core/model/Severity"
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import { HostileText } from "../HostileText.ts"
import * as ReportScan from "../ReportScan.ts"
import { Run } from "./reportShape.ts"

/**
 * The version of the file's shape that is written. Version 1 is read as well; a reader refuses any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baselineVersion = 2

const decision = {
  reason: Schema.NullOr(HostileText),
  until: Schema.NullOr(ReportScan.Time),
  by: Schema.optionalKey(Schema.NullOr(HostileText)),
  at: Schema.optionalKey(Schema.NullOr(ReportScan.Time))
}

/**
 * One known finding. `count` is how often the scan listed it; for a vendor that counts without listing, the count.
 * `reason` makes it accepted, until `until` or, where that is null, for good; `by` and `at` say who decided it and when.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BaselineFinding = Schema.Struct({
  findingId: HostileText,
  ruleId: HostileText,
  title: HostileText,
  severity: Severity.Severity,
  count: Schema.Natural,
  ...decision
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineFinding = typeof BaselineFinding.Type

/**
 * The assessment of a scan. With a reason it is accepted, as long as severity and score are no worse than these.
 *
 * @category schemas
 * @since 0.2.0
 */
export const BaselineAssessment = Schema.Struct({
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  ...decision
})

/**
 * @category models
 * @since 0.2.0
 */
export type BaselineAssessment = typeof BaselineAssessment.Type

/**
 * What one scan of a subject said. `scanType` is the vendor's type of scan, left out where there is none or, in version 1,
 * where it is not known; `assessment` is null there too.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BaselineSubject = Schema.Struct({
  vendor: ReportScan.VendorName,
  account: HostileText,
  scanType: Schema.optionalKey(HostileText),
  subject: ReportScan.ReportSubject,
  scanId: Schema.NullOr(HostileText),
  observedAt: ReportScan.Time,
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
  total: Schema.NullOr(Schema.Finite),
  assessment: Schema.NullOr(BaselineAssessment),
  findings: Schema.Array(BaselineFinding)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineSubject = typeof BaselineSubject.Type

/**
 * The findings of a run that later runs are compared with. `readFrom` is 1 where `parse` read a file of version 1; it is
 * never written.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Baseline = Schema.Struct({
  baselineVersion: Schema.Literal(baselineVersion),
  tool: Schema.Struct({ name: Schema.Literal("scanpoll"), version: HostileText }),
  run: Run,
  readFrom: Schema.optionalKey(Schema.Literal(1)),
  subjects: Schema.Array(BaselineSubject)
}).annotate({ identifier: "Baseline", title: "scanpoll baseline" })

/**
 * @category models
 * @since 0.1.0
 */
export type Baseline = typeof Baseline.Type

/**
 * Why there is no baseline.
 *
 * - `incomplete`: the run has scans that did not complete or whose findings could not be fetched, or none at all; `scans` are their ids.
 * - `not-json`, `wrong-version`, `wrong-shape`: the text is neither a baseline nor a report we can read.
 *
 * @category errors
 * @since 0.1.0
 */
export class BaselineError extends Data.TaggedError("BaselineError")<{
  readonly reason: "incomplete" | "not-json" | "wrong-version" | "wrong-shape"
  readonly message: string
  readonly scans: ReadonlyArray<HostileText>
}> {}
