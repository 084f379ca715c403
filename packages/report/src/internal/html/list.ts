// The table of all scans, with the controls that the script brings to life.
import * as HostileText from "../../HostileText.ts"
import type { ReportScan } from "../../ReportScan.ts"
import * as Words from "../words.ts"
import { h, type Node, severityBadge, stateBadge } from "./dom.ts"
import { account, anchor, limits, marks, name, type View } from "./view.ts"

const options = (values: Iterable<string>, all: string): ReadonlyArray<Node> => [
  h("option", { value: "" }, all),
  ...[...values].map((value) => h("option", { value }, value))
]

// Shown by the script, for without it there is nothing to press.
const tools = ({ report }: View): Node =>
  h(
    "div",
    { class: "tools", id: "tools", hidden: true, role: "group", "aria-label": "Filter the scans" },
    h("label", null, "Search", h("input", { id: "q", type: "search", autocomplete: "off" })),
    h(
      "label",
      null,
      "Severity",
      h(
        "select",
        { id: "sev" },
        h("option", { value: "" }, "all"),
        (["critical", "high", "medium", "low", "info"] as const).map((severity) =>
          h("option", { value: severity }, `${severity} and worse`)
        )
      )
    ),
    h("label", null, "Vendor", h("select", { id: "ven" }, options(Words.byVendor(report.scans).keys(), "all"))),
    h(
      "label",
      null,
      "State",
      h(
        "select",
        { id: "sta" },
        h("option", { value: "" }, "all"),
        h("option", { value: "open" }, "not completed"),
        Object.keys(report.summary.byState).map((state) => h("option", { value: state }, state))
      )
    ),
    report.gate.rules.length === 0
      ? null
      : h(
          "label",
          null,
          "Gate",
          h(
            "select",
            { id: "rul" },
            h("option", { value: "" }, "all"),
            report.gate.rules.map((rule, at) => h("option", { value: String(at) }, Words.ruleName(rule)))
          )
        ),
    h("button", { type: "button", id: "clear" }, "Clear"),
    h("button", { type: "button", id: "open" }, "Open or close details"),
    h("output", { id: "shown" }, "")
  )

const meter = (scan: ReportScan): Node => {
  const score = scan.assessment?.score ?? null
  if (score === null || score.max <= score.min) return null
  const share = Math.min(1, Math.max(0, (score.value - score.min) / (score.max - score.min)))
  return h(
    "svg",
    { class: "meter", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    h("rect", { class: "track", width: 100, height: 6 }),
    h("rect", { class: `f-${scan.severity}`, width: Math.round(share * 1_000) / 10, height: 6 })
  )
}

const row = (scan: ReportScan, view: View, linked: boolean): Node => {
  const score = scan.assessment?.score ?? null
  const word = Words.vendorWord(scan)
  const delta = scan.delta
  const age = Words.age(scan)
  return h(
    "tr",
    { ...marks(scan, view), "data-n": anchor(scan) },
    h(
      "td",
      { "data-v": scan.assessment === null ? -1 : Words.rank(scan.severity) },
      scan.assessment === null ? h("span", { class: "soft" }, "no result") : severityBadge(scan.severity)
    ),
    h(
      "th",
      { scope: "row" },
      linked
        ? h("a", { class: "name", href: `#${anchor(scan)}` }, name(scan))
        : h("span", { class: "name" }, name(scan)),
      h("span", { class: "sub" }, account(scan))
    ),
    h("td", null, stateBadge(scan.state)),
    score === null
      ? h("td", { "data-v": "" }, word === null ? null : h("span", { class: "sub" }, `vendor: ${word}`))
      : h(
          "td",
          { class: "num", "data-l": "Score", "data-v": score.value },
          Words.number(score.value),
          score.grade === null ? null : ` · ${HostileText.toLine(score.grade, 12)}`,
          meter(scan)
        ),
    h("td", { "data-l": "Findings", "data-v": scan.findings.total ?? "" }, Words.findings(scan)),
    h("td", { "data-l": "Change", "data-v": delta === null || !delta.comparable ? "" : delta.new }, Words.delta(scan)),
    h(
      "td",
      { "data-l": "Time", "data-v": scan.timings.durationMs ?? "" },
      scan.timings.durationMs === null ? null : h("span", { class: "num" }, Words.duration(scan.timings.durationMs)),
      scan.timings.polls === 0 ? null : h("span", { class: "sub" }, Words.plural(scan.timings.polls, "poll")),
      age === null ? null : h("span", { class: "sub" }, age)
    )
  )
}

// A longer table scrolls in a window of its own.
const foldedFrom = 40

export const list = (view: View, ordered: ReadonlyArray<ReportScan>): Node => {
  if (ordered.length === 0) return null
  const shown = ordered.slice(0, limits.rows)
  const left = ordered.length - shown.length
  return h(
    "section",
    { class: "card long", "aria-labelledby": "all" },
    h("h2", { id: "all" }, "All scans"),
    tools(view),
    h(
      "div",
      {
        class: shown.length > foldedFrom ? "scroll tall" : "scroll",
        role: "group",
        "aria-label": "Table of all scans",
        tabindex: 0
      },
      h(
        "table",
        { class: "list", id: "list" },
        h("caption", null, "Scans without a full result first, then the worst severity."),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            ["Severity", "Subject", "State", "Score", "Findings", "Change", "Time"].map((label) =>
              h("th", { scope: "col" }, label)
            )
          )
        ),
        h(
          "tbody",
          null,
          shown.map((scan, at) => row(scan, view, at < limits.details))
        )
      )
    ),
    left > 0 ? h("p", { class: "more" }, `${Words.plural(left, "more scan")} in the canonical report.`) : null
  )
}
