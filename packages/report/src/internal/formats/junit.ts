// JUnit XML: a suite for each vendor with a test for each scan, and a suite with a test for each rule of the gate.
// A test is named `subject (type) [account]`, the same in every run; its key is in its output. A clean run has green tests, so the file is never empty. A rule that is broken is a failure, and so is each scan that
// breaks one; a scan without a verdict is an error; one that was never begun or was interrupted is skipped, as is one
// whose missing verdict was allowed.
import library, { type Builder, type TestCase } from "junit-report-builder"
import * as HostileText from "../../HostileText.ts"
import * as Scopes from "../gateScopes.ts"
import * as Identities from "../identities.ts"
import * as Words from "../words.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

// The package's types speak of a default export inside the one it has.
const isBuilder = (value: unknown): value is Builder =>
  typeof value === "object" && value !== null && "newBuilder" in value && typeof value.newBuilder === "function"

const newBuilder = (): Builder => {
  const found: unknown = library
  if (!isBuilder(found)) throw new Error("junit-report-builder has another shape than expected")
  return found.newBuilder()
}

const xml = (text: string, max?: number): string => HostileText.toXml(HostileText.of(text), max)

const told = (scan: ReportScan, options: RenderOptions): string => {
  const lines = [
    `state: ${scan.state}`,
    scan.assessment === null ? null : `severity: ${scan.severity}`,
    Words.says(scan),
    Words.findings(scan),
    Words.delta(scan),
    Words.reason(scan),
    Words.took(scan),
    Words.age(scan),
    ...scan.warnings.map((warning) => `warning: ${HostileText.toLine(warning, 300)}`),
    `key: ${HostileText.toLine(scan.key ?? scan.id)}`,
    Words.next(scan)
  ].filter((line) => line !== null)
  const listed = Words.byWeight(
    scan.findings.items.filter(
      (item) => item.status !== "resolved" && Words.shown(item.severity, options.minSeverity ?? "none")
    )
  )
  const max = options.maxFindings ?? 100
  for (const item of listed.slice(0, max)) {
    const where = item.resource === null ? "" : ` at ${HostileText.toLine(item.resource, 200)}`
    const accepted = Words.acceptance(item.suppression)
    lines.push(
      `- ${item.severity}: ${HostileText.toLine(item.title, 200)}${where}${accepted === "" ? "" : ` (${accepted})`}`
    )
  }
  if (listed.length > max) lines.push(`and ${Words.number(listed.length - max)} more in the canonical report`)
  return lines.join("\n")
}

// Which broken rules each row breaks.
const breaches = (report: ScanReport): ReadonlyMap<HostileText.HostileText, ReadonlyArray<string>> => {
  const found = new Map<HostileText.HostileText, Array<string>>()
  for (const rule of report.gate.rules) {
    if (rule.passed) continue
    for (const id of rule.scans) {
      const list = found.get(id)
      if (list === undefined) found.set(id, [HostileText.toLine(rule.message, 300)])
      else list.push(HostileText.toLine(rule.message, 300))
    }
  }
  return found
}

// The rows that some rule could not judge.
const unjudged = (report: ScanReport): ReadonlySet<HostileText.HostileText> =>
  new Set(report.gate.rules.flatMap((rule) => rule.unjudged ?? []))

const judge = (
  test: TestCase,
  scan: ReportScan,
  report: ScanReport,
  broken: ReadonlyArray<string>,
  isOpen: boolean
): void => {
  const { allowIncomplete, allowPartial } = Scopes.allowances(scan, report.gate.policy)
  const why = xml(Words.reason(scan) ?? scan.state, 400)
  if (broken.length > 0) {
    test.failure(xml(broken.join("; "), 1_000), "gate")
    return
  }
  const lost = isOpen ? Words.missing(scan) : null
  if (lost !== null) {
    if (allowIncomplete) test.skipped()
    else test.error(xml(lost, 400), "unjudged")
    return
  }
  switch (scan.state) {
    case "completed":
      return
    case "interrupted":
    case "not-started":
      if (scan.because === "stop" || scan.because === "not-begun") test.skipped()
      else test.error(why, scan.state)
      return
    case "partial":
      if (allowPartial) return
      if (allowIncomplete) test.skipped()
      else test.error(why, scan.state)
      return
    case "failed":
    case "not-found":
    case "still-running":
    case "unreachable":
    case "protocol":
    case "in-doubt":
      if (allowIncomplete) test.skipped()
      else test.error(why, scan.state)
      return
    case "denied":
      test.error(why, scan.state)
      return
    case "refused":
      if (allowIncomplete && scan.because !== "credential") test.skipped()
      else test.error(why, scan.state)
  }
}

// The same in every run: a test is the same test as yesterday's. Rows that look alike are numbered.
const namesOf = (scans: ReadonlyArray<ReportScan>): ReadonlyArray<string> => {
  const names: Array<string> = scans.map((scan) => Words.label(scan))
  const places = Identities.place(scans)
  for (const group of Map.groupBy(scans.keys(), (index) => names[index] ?? "").values()) {
    const byIdentity = group.toSorted((a, b) => ((places[a] ?? "") < (places[b] ?? "") ? -1 : 1))
    for (const [nth, index] of byIdentity.entries()) if (nth > 0) names[index] = `${names[index] ?? ""} #${nth + 1}`
  }
  return names
}

// The schema Jenkins reads by has no `skipped` on the root.
const rootSkipped = /^(\s*(?:<\?xml[^>]*\?>)?\s*<testsuites(?:\s+(?!skipped=)[\w:.-]+="[^"]*")*)\s+skipped="\d+"/

/**
 * Renders `junit`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const out = newBuilder().name(xml(Words.title(report, options.title ?? null), 255))
  const broken = breaches(report)
  const open = unjudged(report)
  for (const [vendor, scans] of Words.byVendor(report.scans)) {
    const suite = out.testSuite().name(`scanpoll.${vendor}`)
    const names = namesOf(scans)
    for (const [index, scan] of scans.entries()) {
      const test = suite
        .testCase()
        .className(`scanpoll.${vendor}`)
        .name(xml(names[index] ?? Words.label(scan), 500))
        .standardOutput(xml(told(scan, options)))
      if (scan.timings.durationMs !== null) test.time(scan.timings.durationMs / 1_000)
      judge(test, scan, report, broken.get(scan.id) ?? [], open.has(scan.id))
    }
  }
  const gate = out.testSuite().name("scanpoll.gate")
  for (const rule of report.gate.rules) {
    const test = gate
      .testCase()
      .className("scanpoll.gate")
      .name(xml(Words.ruleName(rule), 255))
    const message = xml(HostileText.toLine(rule.message), 1_000)
    test.standardOutput(message)
    if (!rule.passed) test.failure(message, "gate")
  }
  // A file without a test fails many a build for no reason.
  gate
    .testCase()
    .className("scanpoll.gate")
    .name("the run was reported")
    .standardOutput(xml(Words.verdict(report)))
  yield `${HostileText.guardLines(out.build().replace(rootSkipped, "$1"))}\n`
}
