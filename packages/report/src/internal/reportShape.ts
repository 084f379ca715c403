// The shape of the canonical report: what is written as JSON and read back. Passed on by `ScanReport`.
import * as Severity from "@scanpoll/core/model/Severity"
import type * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import * as ExitCode from "../ExitCode.ts"
import * as Gate from "../Gate.ts"
import { HostileText } from "../HostileText.ts"
import * as ReportScan from "../ReportScan.ts"

/**
 * The version of the JSON shape. A reader refuses any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const schemaVersion = 1

const StateCounts = Schema.Struct({
  completed: Schema.optionalKey(Schema.Natural),
  partial: Schema.optionalKey(Schema.Natural),
  failed: Schema.optionalKey(Schema.Natural),
  "not-found": Schema.optionalKey(Schema.Natural),
  "still-running": Schema.optionalKey(Schema.Natural),
  unreachable: Schema.optionalKey(Schema.Natural),
  protocol: Schema.optionalKey(Schema.Natural),
  interrupted: Schema.optionalKey(Schema.Natural),
  denied: Schema.optionalKey(Schema.Natural),
  "in-doubt": Schema.optionalKey(Schema.Natural),
  refused: Schema.optionalKey(Schema.Natural),
  "not-started": Schema.optionalKey(Schema.Natural)
})

/**
 * A run in numbers.
 *
 * - `byState`: every row once; a state nobody is in is left out.
 * - `bySeverity`: the rows that were assessed, by their severity.
 * - `worstSeverity`: the worst of those; `unknown` when nothing was assessed, for that is not "nothing bad".
 * - `incomplete`: the rows that are not `completed`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Summary = Schema.Struct({
  total: Schema.Natural,
  incomplete: Schema.Natural,
  byState: StateCounts,
  bySeverity: ReportScan.SeverityCounts,
  worstSeverity: Severity.Severity
})

/**
 * @category models
 * @since 0.1.0
 */
export type Summary = typeof Summary.Type

/**
 * The run a report is about. `plan` is the plan's path as it was given, or null for a run without one. `part`, where the run
 * has a part of its plan: `only` names what was wanted, `of` is how many targets the plan has.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Run = Schema.Struct({
  id: HostileText,
  startedAt: ReportScan.Time,
  finishedAt: ReportScan.Time,
  plan: Schema.NullOr(HostileText),
  part: Schema.optionalKey(Schema.Struct({ only: Schema.Array(HostileText), of: Schema.Natural }))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Run = typeof Run.Type

/**
 * The canonical report. `digest` stands in files alone, as their last field: see `sealOf`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanReport = Schema.Struct({
  schemaVersion: Schema.Literal(schemaVersion),
  tool: Schema.Struct({ name: Schema.Literal("scanpoll"), version: HostileText }),
  run: Run,
  summary: Summary,
  scans: Schema.Array(ReportScan.ReportScan),
  gate: Gate.GateResult,
  exit: ExitCode.Exit,
  digest: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^sha256:[0-9a-f]{64}$/u)))
}).annotate({ identifier: "ScanReport", title: "scanpoll report" })

/**
 * @category models
 * @since 0.1.0
 */
export type ScanReport = typeof ScanReport.Type

/**
 * The JSON Schema (draft 2020-12) of the canonical JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const jsonSchema = (): JsonSchema.JsonSchema => {
  const document = Schema.toJsonSchemaDocument(ScanReport)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...document.schema,
    $defs: document.definitions
  }
}
