// The top of the page: what run this is, its verdict with the scans behind it, and its numbers.
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import { type SeverityCounts, worstFirst } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"
import * as Words from "../words.ts"
import { type Children, h, icon, type Node } from "./dom.ts"
import { links, rowsOf, type View } from "./view.ts"

export const header = ({ report }: View, title: string): Node => {
  const span = Math.max(0, Date.parse(report.run.finishedAt) - Date.parse(report.run.startedAt))
  return h(
    "header",
    { class: "top" },
    h(
      "div",
      null,
      h("h1", null, title),
      h(
        "p",
        { class: "meta" },
        h("span", null, Words.moment(report.run.startedAt)),
        h("span", null, `took ${Words.duration(span)}`),
        h("span", null, `run ${HostileText.toLine(report.run.id, 120)}`),
        report.run.plan === null ? null : h("span", null, `plan ${HostileText.toLine(report.run.plan, 200)}`),
        h("span", null, `scanpoll ${HostileText.toLine(report.tool.version, 40)}`)
      )
    )
  )
}

const ruleMarks = {
  passed: { word: "passed", tone: "good", icon: "check" },
  failed: { word: "failed", tone: "bad", icon: "cross" },
  unjudged: { word: "open", tone: "warn", icon: "open" }
} as const

// The rule's own words name the first scans, each with what breaks it; where there are more, the links below name them.
const namedBy = 3

const saidBy = (rule: ScanReport["gate"]["rules"][number]): string =>
  rule.scans.length + (rule.unjudged ?? []).length <= namedBy
    ? HostileText.toLine(rule.message, 500)
    : `${Words.ruleSays(rule)}.`

const linksOf = (report: ScanReport, rule: ScanReport["gate"]["rules"][number], at: number): Node => {
  const ids = rowsOf(rule)
  if (ids.size === 0) return null
  const scans = Words.bySeverity(report.scans.filter((scan) => ids.has(scan.id)))
  return [
    h("br", null),
    links(scans, 5, { "data-rul": String(at) }),
    ". ",
    h("a", { href: "#all", "data-rul": String(at) }, `Show ${scans.length === 1 ? "it" : "them"} in the list`)
  ]
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

export const verdict = ({ report }: View): Node => {
  const { gate, summary } = report
  const lost = Words.lacking(report) > 0
  const broken = !gate.passed
  const open = summary.total > 0 && !gate.conclusive
  const tone = broken ? "bad" : open || lost || summary.total === 0 ? "warn" : gate.rules.length > 0 ? "good" : ""
  const words = broken
    ? "The gate failed"
    : summary.total === 0
      ? "No scans"
      : open
        ? gate.rules.length > 0
          ? `The gate has no verdict: ${Words.unjudged(report)}`
          : "Not every scan has a full result"
        : gate.rules.length > 0
          ? report.run.part === undefined
            ? "The gate passed"
            : "The gate passed for this part of the plan"
          : lost
            ? "Some evidence is unavailable; no gate was set"
            : "All scans completed; no gate was set"
  return h(
    "section",
    { class: `card verdict ${tone}`, "aria-labelledby": "verdict" },
    icon(
      broken ? "critical" : open || lost || summary.total === 0 ? "open" : gate.rules.length > 0 ? "none" : "info",
      "big"
    ),
    h(
      "div",
      null,
      h("h2", { id: "verdict" }, words),
      h("p", null, Words.verdict(report)),
      broken && open ? h("p", { class: "soft" }, `${capital(Words.unjudged(report))}.`) : null,
      gate.rules.length === 0
        ? null
        : h(
            "ul",
            { class: "rules" },
            gate.rules.map((rule, at) =>
              h(
                "li",
                null,
                h("span", { class: ruleMarks[Words.ruleMark(rule)].tone }, icon(ruleMarks[Words.ruleMark(rule)].icon)),
                h("b", null, ruleMarks[Words.ruleMark(rule)].word),
                h("span", null, saidBy(rule), linksOf(report, rule, at))
              )
            )
          )
    )
  )
}

/**
 * A number under its label in a list of definitions, with a note below it unless that is null. `tone`: a class of the number, by default none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const tile = (label: string, value: Children, note: string | null = null, tone = ""): Node =>
  h(
    "div",
    { class: "tile" },
    h("dt", null, label),
    h("dd", { class: tone }, value),
    note === null ? null : h("dd", { class: "note" }, note)
  )

const sumOf = (all: ReadonlyArray<SeverityCounts>): SeverityCounts => {
  const sum = new Map<Severity, number>()
  for (const counts of all) {
    for (const severity of worstFirst) sum.set(severity, (sum.get(severity) ?? 0) + (counts[severity] ?? 0))
  }
  return Object.fromEntries(sum)
}

export const tiles = ({ report }: View): Node => {
  const { scans, summary } = report
  const assessed = scans.filter((scan) => scan.assessment !== null)
  const open = assessed.reduce((sum, scan) => sum + (scan.findings.total ?? Words.open(scan).length), 0)
  const rated = sumOf(assessed.map(({ findings }) => findings.bySeverity))
  // Vendors that only count have given no severity of each.
  const unlisted = open - worstFirst.reduce((sum, severity) => sum + (rated[severity] ?? 0), 0)
  const silent = assessed.filter((scan) => scan.findings.total === null && scan.findings.items.length === 0).length
  const deltas = scans.flatMap((scan) => (scan.delta === null ? [] : [scan.delta]))
  const fresh = deltas.reduce((sum, delta) => sum + delta.new, 0)
  const gone = deltas.reduce((sum, delta) => sum + (delta.comparable ? delta.resolved : 0), 0)
  const polls = scans.reduce((sum, scan) => sum + scan.timings.polls, 0)
  const stored = scans.filter((scan) => scan.cached || scan.reused).length
  const worst = summary.worstSeverity
  const none = assessed.length === 0
  const glance = h(
    "dl",
    { class: "tiles" },
    tile(
      "Worst severity",
      none ? "nothing assessed" : [icon(worst), worst],
      none ? null : `scans: ${Words.counts(summary.bySeverity)}`,
      none ? "" : `t-${worst}`
    ),
    tile(
      "Without a full result",
      `${Words.number(summary.incomplete)} of ${Words.number(summary.total)}`,
      summary.incomplete === 0 ? "every scan completed" : Words.states(report)
    ),
    tile(
      "Findings",
      Words.number(open),
      [
        Words.counts(rated),
        unlisted > 0 ? `${Words.number(unlisted)} not listed one by one` : "",
        silent === 0 ? "" : `not given by ${Words.plural(silent, "scan")}`
      ]
        .filter((part) => part !== "")
        .join("; ") || "in all scans"
    ),
    deltas.length === 0
      ? null
      : tile("Since the scan before", `+${Words.number(fresh)} / −${Words.number(gone)}`, "new / resolved"),
    tile(
      "Polls",
      Words.number(polls),
      stored === 0 ? null : `${Words.plural(stored, "answer")} from a cache or the journal`
    )
  )
  return h("section", { "aria-label": "At a glance" }, glance)
}
