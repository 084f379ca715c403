/**
 * The canonical report of a run: one value from which every format is rendered.
 *
 * A report is plain JSON and built from records alone: no clock, no file, no network. Rows come in the order of the
 * requests; every request has exactly one; the counts of the summary add up to them. Gate and exit code are derived from
 * the rows, so they can be derived again, later and with another policy. Names are a contract: a version adds fields and
 * renames none.
 *
 * @since 0.1.0
 */
import * as Record from "@scanpoll/core/model/ScanRecord"
import * as BoundedJson from "@scanpoll/core/unstable/model/BoundedJson"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ExitCode from "./ExitCode.ts"
import * as Gate from "./Gate.ts"
import * as Hostile from "./HostileText.ts"
import { HostileText } from "./HostileText.ts"
import * as Scan from "./ReportScan.ts"
import * as SharedScans from "./internal/sharedScans.ts"
import * as Times from "./internal/times.ts"
import * as Row from "./ReportRow.ts"
import { islandId } from "./internal/json.ts"
import { sealKey, sha256 } from "./internal/sha256.ts"

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
  bySeverity: Scan.SeverityCounts,
  worstSeverity: Severity.Severity
})

/**
 * @category models
 * @since 0.1.0
 */
export type Summary = typeof Summary.Type

/**
 * The run a report is about. `plan` is the plan's path as it was given, or null for a run without one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Run = Schema.Struct({
  id: HostileText,
  startedAt: Scan.Time,
  finishedAt: Scan.Time,
  plan: Schema.NullOr(HostileText)
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
  scans: Schema.Array(Scan.ReportScan),
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
 * What is known about a run beside its records. Times are milliseconds since 1970.
 *
 * - `version`: what the report names as `tool.version`. `id`: any text that tells this run from others.
 * - `plan`: the path of the plan, or null. `policy`: the gate; nothing is asked by default.
 * - `interrupted`, `faults`: what else decides the exit code.
 * - `row`: what a row needs beside its record, such as the payload or the line of the plan.
 * - `redact`: applied to every free text of the report.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunInfo extends ExitCode.RunTrouble {
  readonly version: string
  readonly id: string
  readonly startedAt: number
  readonly finishedAt: number
  readonly plan: string | null
  readonly policy?: Gate.GatePolicy
  readonly row?: (record: Record.ScanRecord) => Omit<Row.RowOptions, "redact">
  readonly redact?: (text: string) => string
}

const summarise = (rows: ReadonlyArray<Scan.ReportScan>): Summary => {
  const counts = new Map<Record.ScanState, number>()
  for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1)
  const byState: { -readonly [K in Record.ScanState]?: number } = {}
  for (const state of Record.states) {
    const count = counts.get(state)
    if (count !== undefined) byState[state] = count
  }
  const severities = rows.filter((row) => row.assessment !== null).map((row) => row.severity)
  return {
    total: rows.length,
    incomplete: rows.length - (counts.get("completed") ?? 0),
    byState,
    bySeverity: Scan.countSeverities(severities),
    worstSeverity: severities.length === 0 ? "unknown" : Severity.worst(severities)
  }
}

// Equal targets are joined on one claim, so two rows may bring the same id.
const withUniqueIds = (rows: ReadonlyArray<Scan.ReportScan>): ReadonlyArray<Scan.ReportScan> => {
  const taken = new Set<string>()
  return rows.map((row) => {
    const id = Hostile.toKey(row.id)
    let unique = id
    for (let n = 2; taken.has(unique); n += 1) unique = `${id}#${n}`
    taken.add(unique)
    return unique === id ? row : { ...row, id: Hostile.of(unique) }
  })
}

/**
 * Puts a report together from rows: summary, gate and exit code are derived here and nowhere else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (fields: {
  readonly version: HostileText
  readonly run: Run
  readonly scans: ReadonlyArray<Scan.ReportScan>
  readonly policy: Gate.GatePolicy
  readonly trouble?: ExitCode.RunTrouble
}): ScanReport => {
  const scans = withUniqueIds(fields.scans)
  const gate = Gate.evaluate(scans, fields.policy)
  return {
    schemaVersion,
    tool: { name: "scanpoll", version: fields.version },
    run: fields.run,
    summary: summarise(scans),
    scans,
    gate,
    exit: ExitCode.decide(scans, gate, fields.trouble)
  }
}

/**
 * The report of a run. Records may come in any order; rows come in the order of the requests.
 *
 * **Example** (A report of nothing)
 *
 * ```ts
 * import { Gate, ScanReport } from "@scanpoll/report"
 *
 * const run = { version: "0.1.0", id: "run_1", startedAt: 0, finishedAt: 1000, plan: null }
 * const report = ScanReport.fromRecords([], { ...run, policy: { ...Gate.none, failOn: "high" } })
 * report.summary.worstSeverity // => "unknown"
 * report.exit.code // => 3
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRecords = (records: ReadonlyArray<Record.ScanRecord>, info: RunInfo): ScanReport => {
  const redact = info.redact ?? ((text: string) => text)
  const ordered = records.toSorted((a, b) => a.index - b.index)
  const rows = ordered.map((record) => info.row?.(record) ?? {})
  const scans = SharedScans.tell(ordered, (at) => rows[at]?.scanType).map((record, at) =>
    Row.fromRecord(record, { ...rows[at], redact })
  )
  return make({
    version: Hostile.of(info.version),
    run: {
      id: Hostile.of(redact(info.id)),
      startedAt: Times.format(info.startedAt),
      finishedAt: Times.format(info.finishedAt),
      plan: info.plan === null ? null : Hostile.of(redact(info.plan))
    },
    scans,
    policy: info.policy ?? Gate.none,
    trouble: {
      interrupted: info.interrupted ?? false,
      faults: (info.faults ?? []).map((fault) => ({ code: fault.code, message: redact(fault.message) })),
      leftOut: (info.leftOut ?? []).map(redact)
    }
  })
}

/**
 * What decides the exit code of a report and is no property of a row or a rule: that the person ended the run, and
 * faults of ours.
 *
 * @category destructors
 * @since 0.1.0
 */
export const troubleOf = (report: ScanReport): ExitCode.RunTrouble => {
  const faults: Array<{ readonly code: 2 | 70 | 74; readonly message: string }> = []
  for (const { code, scans, message } of report.exit.reasons) {
    if (scans.length === 0 && (code === 2 || code === 70 || code === 74)) {
      faults.push({ code, message: Hostile.toLine(message) })
    }
  }
  const interrupted = report.exit.reasons.some((reason) => reason.code === 130 && reason.scans.length === 0)
  return { interrupted, faults, leftOut: ExitCode.leftOutOf(report.exit) }
}

/**
 * The same run under another gate: what is measured stays, summary, gate and exit code are derived anew.
 *
 * @category combinators
 * @since 0.1.0
 */
export const regate = (report: ScanReport, policy: Gate.GatePolicy): ScanReport =>
  withScans(report, report.scans, policy)

/**
 * The same run with other rows: summary, gate and exit code are derived anew.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withScans = (
  report: ScanReport,
  scans: ReadonlyArray<Scan.ReportScan>,
  policy: Gate.GatePolicy = report.gate.policy
): ScanReport => make({ version: report.tool.version, run: report.run, scans, policy, trouble: troubleOf(report) })

/**
 * The same report with a fault of ours added to what decides the exit code: an output that could not be written, say.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFault = (
  report: ScanReport,
  fault: { readonly code: 2 | 70 | 74; readonly message: string }
): ScanReport => {
  const trouble = troubleOf(report)
  return make({
    version: report.tool.version,
    run: report.run,
    scans: report.scans,
    policy: report.gate.policy,
    trouble: { ...trouble, faults: [...(trouble.faults ?? []), fault] }
  })
}

/**
 * A text that is no report of ours, or of a version this program cannot read.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReportError extends Data.TaggedError("ReportError")<{
  readonly reason: "not-json" | "wrong-version" | "wrong-shape"
  readonly message: string
}> {}

const decodeShape = Schema.decodeUnknownEffect(ScanReport)

const versionOf = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "schemaVersion" in value ? value.schemaVersion : undefined

/**
 * Takes a JSON value as a report. Fields this version does not know are dropped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromJson: (value: unknown) => Effect.Effect<ScanReport, ReportError> = Effect.fnUntraced(
  function* (value) {
    const version = versionOf(value)
    if (version !== schemaVersion) {
      return yield* new ReportError({
        reason: version === undefined ? "wrong-shape" : "wrong-version",
        message:
          version === undefined
            ? "no report: it has no schemaVersion"
            : `schemaVersion ${Hostile.toLine(Hostile.of(JSON.stringify(version)), 20)} cannot be read; this program reads ${schemaVersion}`
      })
    }
    const { digest: _seal, ...report } = yield* decodeShape(value).pipe(
      Effect.mapError(
        (error) =>
          new ReportError({
            reason: "wrong-shape",
            message: Hostile.toLine(Hostile.of(`not a report: ${error.message}`), 500)
          })
      )
    )
    return report
  }
)

const parseJson = (text: string): Effect.Effect<unknown, ReportError> => {
  const parsed = BoundedJson.parse(text, BoundedJson.ofReport)
  if (Result.isSuccess(parsed)) return Effect.succeed(parsed.success)
  const { message, why } = parsed.failure
  return Effect.fail(
    why === "not-json"
      ? new ReportError({ reason: "not-json", message })
      : new ReportError({ reason: "wrong-shape", message: `not a report: ${message}` })
  )
}

const islandStart = `<script type="application/json" id="${islandId}">`

// The page writes `<` inside its JSON as an escape, so the first end tag is the end.
const inPage = (text: string): string | null => {
  const from = text.lastIndexOf(islandStart)
  if (from < 0) return null
  const to = text.indexOf("</script>", from)
  return to < 0 ? null : text.slice(from + islandStart.length, to)
}

/**
 * Reads a report from the text of a JSON file, or of an HTML report that carries its JSON.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse: (text: string) => Effect.Effect<ScanReport, ReportError> = Effect.fnUntraced(function* (text) {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (!/^\s*<!doctype html/i.test(bare)) return yield* fromJson(yield* parseJson(bare))
  const json = inPage(bare)
  if (json === null) {
    return yield* new ReportError({
      reason: "wrong-shape",
      message: "a page that carries no report; take the JSON file of the run"
    })
  }
  return yield* fromJson(yield* parseJson(json))
})

/**
 * Whether the text of a report is what was once written.
 *
 * - `intact`: its digest is that of the text before it.
 * - `edited`: it is not: somebody changed or reformatted the file.
 * - `unsealed`: there is none.
 *
 * A digest shows an edit made by accident; whoever edits on purpose can write a new one.
 *
 * @category guards
 * @since 0.1.0
 */
export const sealOf = (text: string): "intact" | "edited" | "unsealed" => {
  const at = text.lastIndexOf(sealKey)
  if (at < 0) return "unsealed"
  const told = text.slice(at + sealKey.length).match(/^ ?"sha256:([0-9a-f]{64})"\s*\}\s*$/)
  if (told === null) return "edited"
  const digest = sha256()
  digest.update(text.slice(0, at))
  return digest.hex() === told[1] ? "intact" : "edited"
}

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
