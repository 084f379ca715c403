/**
 * SARIF 2.1.0, as code scanning of GitHub accepts it: one run for each vendor.
 *
 * Subjects are not code, so every result points at the line of the plan that declares its target; the subject itself is
 * a logical location. A scan without a full result makes its run's invocation unsuccessful and is named there. What a
 * vendor calls resolved is left out; what was accepted is a suppressed result. Nothing of the payload is in it.
 *
 * @since 0.1.0
 */
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Hostile from "./HostileText.ts"
import * as Issues from "./internal/issues.ts"
import { safeJson } from "./internal/json.ts"
import * as Words from "./internal/words.ts"
import type { Renderer } from "./RenderOptions.ts"
import type { ReportScan } from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"

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
  Hostile.toBlock(Hostile.of(text), max)
    .replaceAll("](", "]\u2060(")
    .replace(/\{(?=\d+\})/g, "{\u2060")

// Code scanning refuses a whole file for one location that is not a path below the repository.
const planUri = (named: Hostile.HostileText | null): string => {
  const plan = named === null ? "" : Hostile.toLine(named, 300).replaceAll("\\", "/")
  const outside = plan.startsWith("/") || /^[a-z][a-z0-9+.-]*:/i.test(plan) || plan.split("/").includes("..")
  const path = (outside ? (plan.split("/").at(-1) ?? "") : plan).replace(/^(\.\/)+/, "")
  const usable = path === "" || path === "." || path === ".." ? "scans.yaml" : path
  return usable.split("/").map(encodeURIComponent).join("/")
}

const location = (scan: ReportScan, uri: string) => {
  const { line, column } = scan.declaredAt ?? { line: 1, column: 1 }
  const startLine = Math.max(1, line)
  const startColumn = Math.max(1, column)
  return {
    physicalLocation: {
      artifactLocation: { uri },
      region: { startLine, startColumn, endLine: startLine, endColumn: startColumn + 1 }
    },
    logicalLocations: [
      {
        name: inert(Words.label(scan), 255) || scan.vendor,
        fullyQualifiedName: inert(`${scan.vendor}/${Hostile.toKey(scan.subject.id)}`, 500),
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

interface Rule {
  readonly index: number
  readonly text: object
}

const vendorRun = (
  report: ScanReport,
  vendor: string,
  { placed, uri }: { readonly placed: ReadonlyArray<Issues.Placed>; readonly uri: string }
): object => {
  const scans = placed.map(({ scan }) => scan)
  const rules = new Map<string, Rule>()
  const total = scans.reduce((sum, scan) => sum + Issues.count(scan), 0)
  const kept = [...take(Issues.worstFirst(placed), maxResults)]

  const results = kept.map(({ scan, issue }) => {
    // The number of a severity stands at the rule, so a rule with two severities is two rules.
    const ruleId = `${inert(issue.rule, 230)}@${issue.severity}`
    const remediation = issue.finding?.remediation ?? null
    const rule = rules.get(ruleId) ?? {
      index: rules.size,
      text: {
        id: ruleId,
        shortDescription: { text: inert(issue.kind === "finding" ? issue.title : `Assessment by ${vendor}`, 255) },
        fullDescription: {
          text: inert(issue.kind === "finding" ? issue.description : `What ${vendor} says about a subject as a whole.`)
        },
        help: {
          text:
            (remediation === null ? "" : inert(Hostile.toBlock(remediation))) ||
            `Reported by ${vendor}. See the vendor's own report for what to do.`
        },
        defaultConfiguration: { level: levels[issue.severity] },
        properties: {
          "security-severity": Issues.weight[issue.severity].toFixed(1),
          tags: ["security", "scanpoll", vendor]
        }
      }
    }
    rules.set(ruleId, rule)
    const suppression = issue.finding?.suppression ?? null
    const link = scan.links.report === null ? null : Hostile.toLink(scan.links.report, scan.origin)
    return {
      ruleId,
      ruleIndex: rule.index,
      level: levels[issue.severity],
      kind: "fail",
      message: { text: inert(`${Words.label(scan)}: ${issue.title}`) },
      locations: [location(scan, uri)],
      partialFingerprints: {
        primaryLocationLineHash: `${issue.uid}:1`
      },
      ...baselineState(issue.finding?.status ?? "unknown"),
      ...(suppression === null
        ? {}
        : {
            suppressions: [
              {
                kind: "external",
                status: "accepted",
                justification: inert(Hostile.toBlock(suppression.reason)) || "accepted"
              }
            ]
          }),
      ...(link === null ? {} : { hostedViewerUri: link }),
      properties: {
        severity: issue.severity,
        kind: issue.kind,
        scan: Hostile.toLine(scan.key ?? scan.id, 255),
        status: issue.finding?.status ?? "unknown"
      }
    }
  })

  const notifications = scans
    .filter((scan) => scan.state !== "completed")
    .map((scan) => ({
      level: "error",
      descriptor: { id: scan.state },
      message: { text: inert(`${Words.label(scan)}: ${scan.state}. ${Words.reason(scan) ?? ""}`.trim()) },
      locations: [location(scan, uri)],
      timeUtc: scan.timings.observedAt
    }))
  // A run without these results must not close the alerts of an earlier one unseen.
  const lost = scans.flatMap((scan) => {
    const missing = Words.missing(scan)
    return missing === null
      ? []
      : [
          {
            level: "error",
            descriptor: { id: "evidence-unavailable" },
            message: { text: inert(`${Words.label(scan)}: ${missing}`) },
            locations: [location(scan, uri)],
            timeUtc: scan.timings.observedAt
          }
        ]
  })
  const cut =
    total === kept.length
      ? []
      : [
          {
            level: "warning",
            descriptor: { id: "cut" },
            message: { text: `${total - kept.length} more results are in the canonical report.` }
          }
        ]

  return {
    tool: {
      driver: {
        name: `scanpoll ${vendor}`,
        informationUri: "https://github.com/scanpoll/scanpoll",
        semanticVersion: inert(Hostile.toLine(report.tool.version), 40),
        rules: [...rules.values()].map((rule) => rule.text)
      }
    },
    automationDetails: { id: `scanpoll/${vendor}/${inert(Hostile.toLine(report.run.id), 120)}` },
    columnKind: "utf16CodeUnits",
    invocations: [
      {
        executionSuccessful: notifications.length + lost.length === 0,
        startTimeUtc: report.run.startedAt,
        endTimeUtc: report.run.finishedAt,
        toolExecutionNotifications: [...notifications, ...lost, ...cut]
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
