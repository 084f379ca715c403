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
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as ExitCode from "./ExitCode.ts"
import * as Gate from "./Gate.ts"
import * as HostileText from "./HostileText.ts"
import * as ReportScan from "./ReportScan.ts"
import * as SharedScans from "./internal/sharedScans.ts"
import * as Times from "./internal/times.ts"
import * as ReportRow from "./internal/reportRow.ts"
import { type Run, type ScanReport, type Summary, schemaVersion } from "./internal/reportShape.ts"

export { Run, ScanReport, Summary, jsonSchema, schemaVersion } from "./internal/reportShape.ts"
export type { RowOptions } from "./internal/reportRow.ts"
export { ReportError, fromJson, parse, sealOf } from "./internal/reportReading.ts"

/**
 * What is known about a run beside its records. Times are milliseconds since 1970.
 *
 * - `version`: what the report names as `tool.version`. `id`: any text that tells this run from others.
 * - `plan`: the path of the plan, or null. `part`: what of it was wanted and how many targets it has, where the run has not
 *   all of them; null by default. `policy`: the gate; nothing is asked by default.
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
  readonly part?: { readonly only: ReadonlyArray<string>; readonly of: number } | null
  readonly policy?: Gate.GatePolicy
  readonly row?: (record: ScanRecord.ScanRecord) => Omit<ReportRow.RowOptions, "redact">
  readonly redact?: (text: string) => string
}

const summarise = (rows: ReadonlyArray<ReportScan.ReportScan>): Summary => {
  const counts = new Map<ScanRecord.ScanState, number>()
  for (const row of rows) counts.set(row.state, (counts.get(row.state) ?? 0) + 1)
  const byState: { -readonly [K in ScanRecord.ScanState]?: number } = {}
  for (const state of ScanRecord.states) {
    const count = counts.get(state)
    if (count !== undefined) byState[state] = count
  }
  const severities = rows.filter((row) => row.assessment !== null).map((row) => row.severity)
  return {
    total: rows.length,
    incomplete: rows.length - (counts.get("completed") ?? 0),
    byState,
    bySeverity: ReportScan.countSeverities(severities),
    worstSeverity: severities.length === 0 ? "unknown" : Severity.worst(severities)
  }
}

// Equal targets are joined on one claim, so two rows may bring the same id.
const withUniqueIds = (rows: ReadonlyArray<ReportScan.ReportScan>): ReadonlyArray<ReportScan.ReportScan> => {
  const taken = new Set<string>()
  return rows.map((row) => {
    const id = HostileText.toKey(row.id)
    let unique = id
    for (let n = 2; taken.has(unique); n += 1) unique = `${id}#${n}`
    taken.add(unique)
    return unique === id ? row : { ...row, id: HostileText.of(unique) }
  })
}

/**
 * Puts a report together from rows: summary, gate and exit code are derived here and nowhere else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (fields: {
  readonly version: HostileText.HostileText
  readonly run: Run
  readonly scans: ReadonlyArray<ReportScan.ReportScan>
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
export const fromRecords = (records: ReadonlyArray<ScanRecord.ScanRecord>, info: RunInfo): ScanReport => {
  const redact = info.redact ?? ((text: string) => text)
  const ordered = records.toSorted((a, b) => a.index - b.index)
  const rows = ordered.map((record) => info.row?.(record) ?? {})
  const scans = SharedScans.tell(ordered, (at) => rows[at]?.scanType).map((record, at) =>
    ReportRow.fromRecord(record, { ...rows[at], redact })
  )
  return make({
    version: HostileText.of(info.version),
    run: {
      id: HostileText.of(redact(info.id)),
      startedAt: Times.format(info.startedAt),
      finishedAt: Times.format(info.finishedAt),
      plan: info.plan === null ? null : HostileText.of(redact(info.plan)),
      ...partOf(info.part ?? null, redact)
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

const partOf = (part: NonNullable<RunInfo["part"]> | null, redact: (text: string) => string): Pick<Run, "part"> =>
  part === null ? {} : { part: { only: part.only.map((word) => HostileText.of(redact(word))), of: part.of } }

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
      faults.push({ code, message: HostileText.toLine(message) })
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
  scans: ReadonlyArray<ReportScan.ReportScan>,
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
