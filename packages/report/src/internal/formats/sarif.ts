// SARIF 2.1.0, as code scanning of GitHub accepts it: one run for each vendor.
// Subjects are not code, so every result points at the line of the plan that declares its target; the subject itself is
// a logical location. A scan without a full result makes its run's invocation unsuccessful and is named there. What a
// vendor calls resolved is left out; what was accepted is a suppressed result. Nothing of the payload is in it.
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import * as Issues from "../issues.ts"
import { safeJson } from "../json.ts"
import * as Words from "../words.ts"
import type { Renderer } from "../../RenderOptions.ts"
import type { ReportScan, Suppression } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

/**
 * The most results of one run: what code scanning takes at all. The worst are kept, and what is left out is named.
 *
 * @category constructors
 * @since 0.1.0
 * @see https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
 */
export const maxResults = 25_000

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  critical: "error",
  unknown: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "note",
  none: "note"
}

// Readers turn `[text](target)` into a link and `{0}` into an argument, in plain text too.
const inert = (text: string, max = 1_024): string =>
  HostileText.toBlock(HostileText.of(text), max)
    .replaceAll("](", "]\u2060(")
    .replace(/\{(?=\d+\})/g, "{\u2060")

// Code scanning refuses a whole file for one location that is not a path below the repository.
const planUri = (named: HostileText.HostileText | null): string => {
  const plan = named === null ? "" : HostileText.toLine(named, 300).replaceAll("\\", "/")
  const outside = plan.startsWith("/") || /^[a-z][a-z0-9+.-]*:/i.test(plan) || plan.split("/").includes("..")
  const path = (outside ? (plan.split("/").at(-1) ?? "") : plan).replace(/^(\.\/)+/, "")
  const usable = path === "" || path === "." || path === ".." ? "scans.yaml" : path
  return usable.split("/").map(encodeURIComponent).join("/")
}

const location = (scan: ReportScan, uri: string) => {
  const { line, column } = scan.declaredAt ?? { line: 1, column: 1 }
  const plan = scan.plan === undefined ? uri : planUri(scan.plan)
  const startLine = Math.max(1, line)
  const startColumn = Math.max(1, column)
  return {
    physicalLocation: {
      artifactLocation: { uri: plan },
      region: { startLine, startColumn, endLine: startLine, endColumn: startColumn + 1 }
    },
    logicalLocations: [
      {
        name: inert(Words.label(scan), 255) || scan.vendor,
        fullyQualifiedName: inert(`${scan.vendor}/${HostileText.toKey(scan.subject.id)}`, 500),
        kind: "resource"
      }
    ]
  }
}

const baselineState = (status: string): { readonly baselineState?: "new" | "unchanged" } =>
  status === "new" || status === "unchanged" ? { baselineState: status } : {}

const take = function* <A>(items: Iterable<A>, max: number): Generator<A, void> {
  let left = max
  for (const item of items) {
    if (left === 0) return
    left -= 1
    yield item
  }
}

// One line of a run's invocation. A run that lacks results must not close the alerts of an earlier one unseen.
const notice = (
  level: "error" | "warning",
  id: string,
  text: string,
  scan: ReportScan | null,
  uri: string
): object => ({
  level,
  descriptor: { id },
  message: { text },
  ...(scan === null ? {} : { locations: [location(scan, uri)], timeUtc: scan.timings.observedAt })
})

const notices = (scans: ReadonlyArray<ReportScan>, uri: string): ReadonlyArray<object> => [
  ...scans
    .filter((scan) => scan.state !== "completed")
    .map((scan) =>
      notice(
        "error",
        scan.state,
        inert(`${Words.label(scan)}: ${scan.state}. ${Words.reason(scan) ?? ""}`.trim()),
        scan,
        uri
      )
    ),
  ...scans.flatMap((scan) => {
    const missing = Words.missing(scan)
    return missing === null
      ? []
      : [notice("error", "evidence-unavailable", inert(`${Words.label(scan)}: ${missing}`), scan, uri)]
  })
]

// The number of a severity stands at the rule, so a rule with two severities is two rules.
const ruleIdOf = (issue: Issues.Issue): string => `${inert(issue.rule, 230)}@${issue.severity}`

const ruleOf = (issue: Issues.Issue, vendor: string): object => {
  const remediation = issue.finding?.remediation ?? null
  return {
    id: ruleIdOf(issue),
    shortDescription: { text: inert(issue.kind === "finding" ? issue.title : `Assessment by ${vendor}`, 255) },
    fullDescription: {
      text: inert(issue.kind === "finding" ? issue.description : `What ${vendor} says about a subject as a whole.`)
    },
    help: {
      text:
        (remediation === null ? "" : inert(HostileText.toBlock(remediation))) ||
        `Reported by ${vendor}. See the vendor's own report for what to do.`
    },
    defaultConfiguration: { level: levels[issue.severity] },
    properties: {
      "security-severity": Issues.weight[issue.severity].toFixed(1),
      tags: ["security", "scanpoll", vendor]
    }
  }
}

const accepted = (suppression: Suppression | null): object =>
  suppression === null
    ? {}
    : {
        suppressions: [
          {
            kind: "external",
            status: "accepted",
            justification: inert(HostileText.toBlock(suppression.reason)) || "accepted"
          }
        ]
      }

interface Found {
  readonly scan: ReportScan
  readonly issue: Issues.Issue
}

const resultOf = ({ issue, scan }: Found, ruleIndex: number, uri: string): object => {
  const link = scan.links.report === null ? null : HostileText.toLink(scan.links.report, scan.origin)
  const status = issue.finding?.status ?? "unknown"
  return {
    ruleId: ruleIdOf(issue),
    ruleIndex,
    level: levels[issue.severity],
    kind: "fail",
    message: { text: inert(`${Words.label(scan)}: ${issue.title}`) },
    locations: [location(scan, uri)],
    partialFingerprints: {
      primaryLocationLineHash: `${issue.uid}:1`
    },
    ...baselineState(status),
    ...accepted(issue.finding?.suppression ?? null),
    ...(link === null ? {} : { hostedViewerUri: link }),
    properties: {
      severity: issue.severity,
      kind: issue.kind,
      scan: HostileText.toLine(scan.key ?? scan.id, 255),
      status
    }
  }
}

// The results of a run, and the rules that they refer to by number.
const resultsOf = (kept: Iterable<Found>, vendor: string, uri: string) => {
  const indices = new Map<string, number>()
  const rules: Array<object> = []
  const results: Array<object> = []
  for (const found of kept) {
    const id = ruleIdOf(found.issue)
    const index = indices.get(id) ?? rules.push(ruleOf(found.issue, vendor)) - 1
    indices.set(id, index)
    results.push(resultOf(found, index, uri))
  }
  return { results, rules }
}

const vendorRun = (
  report: ScanReport,
  vendor: string,
  { placed, uri }: { readonly placed: ReadonlyArray<Issues.Placed>; readonly uri: string }
): object => {
  const scans = placed.map(({ scan }) => scan)
  const total = scans.reduce((sum, scan) => sum + Issues.count(scan), 0)
  const { results, rules } = resultsOf(take(Issues.worstFirst(placed), maxResults), vendor, uri)
  const incomplete = notices(scans, uri)
  const of = Words.part(report)
  const part = of === null ? [] : [notice("warning", "part", inert(of), null, uri)]
  const left = total - results.length
  const cut =
    left === 0 ? [] : [notice("warning", "cut", `${left} more results are in the canonical report.`, null, uri)]
  return {
    tool: {
      driver: {
        name: `scanpoll ${vendor}`,
        informationUri: "https://github.com/scanpoll/scanpoll",
        semanticVersion: inert(HostileText.toLine(report.tool.version), 40),
        rules
      }
    },
    automationDetails: { id: `scanpoll/${vendor}/${inert(HostileText.toLine(report.run.id), 120)}` },
    columnKind: "utf16CodeUnits",
    invocations: [
      {
        executionSuccessful: incomplete.length === 0,
        startTimeUtc: report.run.startedAt,
        endTimeUtc: report.run.finishedAt,
        toolExecutionNotifications: [...incomplete, ...part, ...cut]
      }
    ],
    results,
    properties: { scans: scans.length, results: total }
  }
}

/**
 * Renders `sarif`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options = {}) {
  const uri = planUri(Words.planOf(report, options))
  yield '{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":['
  let first = true
  for (const [vendor, placed] of Map.groupBy(Issues.placed(report.scans), ({ scan }) => scan.vendor)) {
    yield `${first ? "" : ","}\n${safeJson(vendorRun(report, vendor, { placed, uri }))}`
    first = false
  }
  yield "\n]}\n"
}
