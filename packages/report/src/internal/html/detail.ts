// One scan in full: what its vendor says, where that comes from, what to do, and its findings.
import * as HostileText from "../../HostileText.ts"
import type { ReportFinding, ReportScan } from "../../ReportScan.ts"
import * as Words from "../words.ts"
import * as Charts from "./charts.ts"
import { type Children, h, type Node, severityBadge, stateBadge } from "./dom.ts"
import { account, anchor, link, marks, name, type View } from "./view.ts"

const statusChip = (finding: ReportFinding): Node => {
  if (finding.suppression !== null) {
    const until = finding.suppression.until
    const end = until === null ? "" : ` until ${until.slice(0, 10)}`
    return h("span", { class: "chip wrap" }, `accepted${end}`)
  }
  switch (finding.status) {
    case "new":
      return h("span", { class: "chip new" }, "new")
    case "resolved":
      return h("span", { class: "chip ok" }, "resolved")
    case "unchanged":
      return h("span", { class: "chip" }, "unchanged")
    case "unknown":
      return null
  }
}

const findingItem = (finding: ReportFinding, scan: ReportScan): Node => {
  const word = finding.vendorSeverity === null ? "" : HostileText.toLine(finding.vendorSeverity, 40)
  const told = word === "" || word.toLowerCase() === finding.severity ? "" : `, the vendor says "${word}"`
  const references = finding.references.slice(0, 5)
  return h(
    "li",
    null,
    h("div", null, severityBadge(finding.severity)),
    h(
      "div",
      { class: "body" },
      h("p", { class: "name" }, HostileText.toLine(finding.title, 300) || HostileText.toLine(finding.ruleId, 300)),
      h(
        "p",
        { class: "vend" },
        HostileText.toLine(finding.ruleId, 160),
        finding.resource === null ? null : [" at ", h("bdi", null, HostileText.toLine(finding.resource, 300))],
        told
      ),
      finding.description === null ? null : h("p", null, HostileText.toBlock(finding.description, 2_000)),
      finding.remediation === null
        ? null
        : h("p", null, h("b", null, "What to do: "), HostileText.toBlock(finding.remediation, 2_000)),
      finding.suppression === null
        ? null
        : h("p", { class: "soft" }, `Accepted because: ${HostileText.toLine(finding.suppression.reason, 300)}`),
      references.map((reference) => h("p", null, link(reference, scan)))
    ),
    h("div", { class: "st" }, statusChip(finding))
  )
}

// So many findings of a scan are read at once; the others are folded.
const unfolded = 20

const listOf = (items: ReadonlyArray<ReportFinding>, scan: ReportScan): Node =>
  items.length === 0
    ? null
    : h(
        "ul",
        { class: "finds" },
        items.map((finding) => findingItem(finding, scan))
      )

const findings = (scan: ReportScan, view: View, budget: { left: number }): Node => {
  const rank = (finding: ReportFinding) =>
    (finding.status === "resolved" ? 20 : finding.suppression === null ? 0 : 10) + Words.rank(finding.severity)
  const items = scan.findings.items
    .filter((item) => Words.shown(item.severity, view.least))
    .toSorted((a, b) => rank(a) - rank(b))
  const shown = items.slice(0, Math.min(view.max, budget.left))
  budget.left -= shown.length
  const left = items.length - shown.length
  const hidden = scan.findings.items.length - items.length
  return h(
    "div",
    null,
    h("h3", null, "Findings"),
    h("p", { class: "soft" }, Words.findings(scan)),
    listOf(shown.slice(0, unfolded), scan),
    shown.length <= unfolded
      ? null
      : h(
          "details",
          { class: "fold" },
          h("summary", null, `${Words.plural(shown.length - unfolded, "more finding")}, none of them worse`),
          listOf(shown.slice(unfolded), scan)
        ),
    left > 0 ? h("p", { class: "more" }, `${Words.plural(left, "more finding")} in the canonical report.`) : null,
    hidden > 0 ? h("p", { class: "more" }, `${Words.number(hidden)} below ${view.least} are not listed.`) : null
  )
}

type Fact = readonly [label: string, value: Children]

const facts = (title: string, all: ReadonlyArray<Fact>): Node => {
  const told = all.filter(([, value]) => value !== null && value !== "")
  if (told.length === 0) return null
  return h(
    "div",
    null,
    h("h3", null, title),
    h(
      "dl",
      { class: "facts" },
      told.map(([label, value]) => [h("dt", null, label), h("dd", null, value)])
    )
  )
}

const code = (text: HostileText.HostileText | null, max = 240): Node =>
  text === null ? null : h("code", null, HostileText.toLine(text, max))

const when = (time: string | null): string | null => (time === null ? null : Words.moment(time))

const says = (scan: ReportScan): Node => {
  const word = Words.vendorWord(scan)
  const compliance = scan.assessment?.compliance ?? null
  return facts("What the vendor says", [
    ["Status", scan.vendorStatus === null ? null : HostileText.toLine(scan.vendorStatus, 120)],
    ["Severity", word === null ? null : word],
    ["Score", Words.score(scan)],
    ["Compliance", compliance],
    ["Change", Words.delta(scan)],
    ["Reason", Words.reason(scan)],
    [
      "Advice",
      scan.reason === null || scan.reason.advice === null ? null : HostileText.toBlock(scan.reason.advice, 1_000)
    ],
    ["Progress", Words.progress(scan)],
    ["Report", scan.links.report === null ? null : link(scan.links.report, scan)]
  ])
}

const provenance = (scan: ReportScan): Node => {
  const { timings } = scan
  return facts("Where this comes from", [
    ["Scan", code(scan.key)],
    ["Claim", code(scan.claimId)],
    ["Account", HostileText.toLine(scan.account, 120)],
    ["Asked at", scan.origin === null ? null : HostileText.toLine(scan.origin, 200)],
    ["Submitted", when(timings.submittedAt)],
    ["Started", when(timings.createdAt)],
    ["Completed", when(timings.completedAt)],
    ["Observed", when(timings.observedAt)],
    ["Time", Words.took(scan)],
    ["Age", Words.age(scan)],
    ["Request", code(scan.requestId)],
    ["Plan", scan.plan === undefined ? null : HostileText.toLine(scan.plan, 200)],
    ["Plan line", scan.declaredAt === null ? null : String(scan.declaredAt.line)],
    ["Payload", scan.payloadSha256 === null ? null : h("code", null, `sha256 ${scan.payloadSha256}`)]
  ])
}

export const detail = (scan: ReportScan, view: View, budget: { left: number }, open = false): Node => {
  const trend = Charts.trendOf(scan)
  const score = scan.assessment?.score ?? null
  const command = Words.command(scan)
  return h(
    "details",
    { class: "scan", id: anchor(scan), ...marks(scan, view), ...(open ? { open } : {}) },
    h(
      "summary",
      null,
      scan.assessment === null ? stateBadge(scan.state) : severityBadge(scan.severity),
      h("span", { class: "name" }, name(scan)),
      scan.assessment !== null && scan.state !== "completed" ? stateBadge(scan.state) : null,
      score === null ? null : h("span", { class: "soft" }, Words.score(scan)),
      h("span", { class: "vend" }, account(scan))
    ),
    h(
      "div",
      { class: "in" },
      h("div", { class: "two" }, says(scan), provenance(scan)),
      scan.next === null
        ? null
        : h(
            "p",
            null,
            h("b", null, "Next: "),
            HostileText.toLine(scan.next.advice, 120),
            command === null ? null : [" ", h("code", null, command)]
          ),
      scan.warnings.length === 0
        ? null
        : h(
            "div",
            { class: "warns" },
            h("h3", null, "Warnings"),
            h(
              "ul",
              null,
              scan.warnings.slice(0, 50).map((warning) => h("li", null, HostileText.toLine(warning, 400)))
            )
          ),
      trend === null ? null : h("div", null, h("h3", null, "Trend"), trend),
      scan.assessment === null ? null : findings(scan, view, budget)
    )
  )
}
