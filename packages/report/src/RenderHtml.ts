/**
 * The report as one HTML file: for a browser, a ticket, an archive.
 *
 * It opens from disk, asks no network for anything, and reads without JavaScript; the script in it sorts and filters what
 * is there. Its content security policy allows that script and that style alone. Charts are tables with drawings beside
 * the numbers. Texts of vendors are text nodes, links are addresses that were checked. The canonical JSON, without
 * payloads, is part of the file where it is not too large, so the file can be read back as a report.
 *
 * @since 0.1.0
 */
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Hostile from "./HostileText.ts"
import type { HostileText } from "./HostileText.ts"
import * as Charts from "./internal/html/charts.ts"
import { type Children, type Node, h, icon, severityBadge, sprite, stateBadge, write } from "./internal/html/dom.ts"
import { script } from "./internal/html/script.ts"
import { style } from "./internal/html/style.ts"
import { islandId, islandJson } from "./internal/json.ts"
import { sha256 } from "./internal/sha256.ts"
import * as Words from "./internal/words.ts"
import * as Payload from "./Payload.ts"
import type { RenderOptions, Renderer } from "./RenderOptions.ts"
import type { ReportFinding, ReportScan } from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * How much one page shows at most, the worst first: rows of the table, scans with details, findings in all, and findings
 * of one scan unless the caller says otherwise. What is left out is counted on the page.
 *
 * @category constructors
 * @since 0.1.0
 */
export const limits = { rows: 2_000, details: 1_000, findings: 5_000, findingsOfScan: 200, embedded: 5_000 } as const

const hashOf = (text: string): string => {
  const digest = sha256()
  digest.update(text)
  return `'sha256-${digest.base64()}'`
}

const policy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "base-uri 'none'",
  "form-action 'none'"
].join("; ")

interface View {
  readonly report: ScanReport
  readonly least: Severity
  readonly max: number
}

const anchor = (scan: ReportScan): string => `scan-${scan.index + 1}`

const name = (scan: ReportScan): Node => h("bdi", null, Words.subjectAndType(scan, 300))

const account = (scan: ReportScan): string => {
  const label = Hostile.toLine(scan.account, 80)
  return label === "" || label === "default" ? scan.vendor : `${scan.vendor}, account ${label}`
}

const link = (url: HostileText, scan: ReportScan, label?: string): Node => {
  const href = Hostile.toLink(url, scan.origin)
  if (href === null) return h("span", null, Hostile.toLine(url, 300))
  return h(
    "a",
    { href, rel: "noopener noreferrer nofollow", referrerpolicy: "no-referrer" },
    label ?? Hostile.toLine(url, 300)
  )
}

const header = ({ report }: View, title: string): Node => {
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
        h("span", null, `run ${Hostile.toLine(report.run.id, 120)}`),
        report.run.plan === null ? null : h("span", null, `plan ${Hostile.toLine(report.run.plan, 200)}`),
        h("span", null, `scanpoll ${Hostile.toLine(report.tool.version, 40)}`)
      )
    )
  )
}

const ruleMarks = {
  holds: { word: "holds", tone: "good", icon: "check" },
  broken: { word: "broken", tone: "bad", icon: "cross" },
  unjudged: { word: "open", tone: "warn", icon: "open" }
} as const

const verdict = ({ report }: View): Node => {
  const { gate, summary } = report
  const lost = Words.lacking(report) > 0
  const broken = !gate.passed
  const open = summary.total > 0 && !gate.conclusive
  const tone = broken ? "bad" : open || lost || summary.total === 0 ? "warn" : gate.rules.length > 0 ? "good" : ""
  const words = broken
    ? "The gate is broken"
    : summary.total === 0
      ? "No scans"
      : open
        ? gate.rules.length > 0
          ? "The gate has no verdict: not every scan could be judged"
          : "Not every scan has a full result"
        : gate.rules.length > 0
          ? "The gate holds"
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
      broken && open ? h("p", { class: "soft" }, "Not every scan could be judged.") : null,
      gate.rules.length === 0
        ? null
        : h(
            "ul",
            { class: "rules" },
            gate.rules.map((rule) =>
              h(
                "li",
                null,
                h("span", { class: ruleMarks[Words.ruleMark(rule)].tone }, icon(ruleMarks[Words.ruleMark(rule)].icon)),
                h("b", null, ruleMarks[Words.ruleMark(rule)].word),
                h("span", null, Hostile.toLine(rule.message, 300))
              )
            )
          )
    )
  )
}

const tile = (label: string, value: Children, note: string | null = null, tone = ""): Node =>
  h(
    "div",
    { class: "tile" },
    h("dt", null, label),
    h("dd", { class: tone }, value),
    note === null ? null : h("dd", { class: "note" }, note)
  )

const tiles = ({ report }: View): Node => {
  const { scans, summary } = report
  const assessed = scans.filter((scan) => scan.assessment !== null)
  const open = assessed.reduce((sum, scan) => sum + (scan.findings.total ?? Words.open(scan).length), 0)
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
      Words.counts(summary.bySeverity) || null,
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
      silent === 0 ? "open, in all scans" : `not told by ${Words.plural(silent, "scan")}`
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

const attention = ({ report }: View): Node => {
  const breaking = new Set(report.gate.rules.flatMap((rule) => (rule.passed ? [] : rule.scans)))
  const bad = new Set<Severity>(["critical", "unknown", "high"])
  const found = Words.attention(report.scans).filter(
    (scan) => !Words.isFull(scan) || breaking.has(scan.id) || bad.has(scan.severity)
  )
  if (found.length === 0) return null
  const max = 8
  return h(
    "section",
    { class: "card", "aria-labelledby": "todo" },
    h("h2", { id: "todo" }, "Needs attention"),
    h("p", { class: "lead" }, "Scans without a full result first, then what is worst."),
    h(
      "ul",
      { class: "todo" },
      found.slice(0, max).map((scan) => {
        const said = [Words.says(scan), Words.findings(scan)]
        const why = scan.state === "completed" ? said.filter((part) => part !== null).join("; ") : Words.reason(scan)
        const top = Words.byWeight(Words.open(scan)).slice(0, 2)
        const command = Words.command(scan)
        return h(
          "li",
          null,
          h("div", null, scan.state === "completed" ? severityBadge(scan.severity) : stateBadge(scan.state)),
          h(
            "div",
            null,
            h(
              "p",
              null,
              h("a", { class: "name", href: `#${anchor(scan)}` }, name(scan)),
              " ",
              h("span", { class: "vend" }, account(scan))
            ),
            why === null ? null : h("p", { class: "soft" }, why),
            scan.state !== "completed"
              ? null
              : top.map((finding) =>
                  h(
                    "p",
                    null,
                    icon(finding.severity, `t-${finding.severity}`),
                    ` ${finding.severity}: ${Hostile.toLine(finding.title, 160)}`
                  )
                ),
            scan.next === null
              ? null
              : h(
                  "p",
                  { class: "act" },
                  `Next: ${Hostile.toLine(scan.next.advice, 120)}`,
                  command === null ? null : [" ", h("code", null, command)]
                )
          )
        )
      })
    ),
    found.length > max ? h("p", { class: "more" }, `${Words.number(found.length - max)} more in the list below.`) : null
  )
}

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

// What the script filters by.
const marks = (scan: ReportScan) => ({
  "data-sev": scan.assessment === null ? "" : scan.severity,
  "data-ven": scan.vendor,
  "data-sta": scan.state
})

const row = (scan: ReportScan, linked: boolean): Node => {
  const score = scan.assessment?.score ?? null
  const word = Words.vendorWord(scan)
  const delta = scan.delta
  const age = Words.age(scan)
  return h(
    "tr",
    marks(scan),
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
          score.grade === null ? null : ` · ${Hostile.toLine(score.grade, 12)}`,
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

const list = (view: View, ordered: ReadonlyArray<ReportScan>): Node => {
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
      { class: "scroll", role: "group", "aria-label": "Table of all scans", tabindex: 0 },
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
          shown.map((scan, at) => row(scan, at < limits.details))
        )
      )
    ),
    left > 0 ? h("p", { class: "more" }, `${Words.plural(left, "more scan")} in the canonical report.`) : null
  )
}

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
  const word = finding.vendorSeverity === null ? "" : Hostile.toLine(finding.vendorSeverity, 40)
  const told = word === "" || word.toLowerCase() === finding.severity ? "" : `, the vendor says "${word}"`
  const references = finding.references.slice(0, 5)
  return h(
    "li",
    null,
    h("div", null, severityBadge(finding.severity)),
    h(
      "div",
      { class: "body" },
      h("p", { class: "name" }, Hostile.toLine(finding.title, 300) || Hostile.toLine(finding.ruleId, 300)),
      h(
        "p",
        { class: "vend" },
        Hostile.toLine(finding.ruleId, 160),
        finding.resource === null ? null : [" at ", h("bdi", null, Hostile.toLine(finding.resource, 300))],
        told
      ),
      finding.description === null ? null : h("p", null, Hostile.toBlock(finding.description, 2_000)),
      finding.remediation === null
        ? null
        : h("p", null, h("b", null, "What to do: "), Hostile.toBlock(finding.remediation, 2_000)),
      finding.suppression === null
        ? null
        : h("p", { class: "soft" }, `Accepted because: ${Hostile.toLine(finding.suppression.reason, 300)}`),
      references.map((reference) => h("p", null, link(reference, scan)))
    ),
    h("div", { class: "st" }, statusChip(finding))
  )
}

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
    shown.length === 0
      ? null
      : h(
          "ul",
          { class: "finds" },
          shown.map((finding) => findingItem(finding, scan))
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

const code = (text: HostileText | null, max = 240): Node =>
  text === null ? null : h("code", null, Hostile.toLine(text, max))

const when = (time: string | null): string | null => (time === null ? null : Words.moment(time))

const says = (scan: ReportScan): Node => {
  const word = Words.vendorWord(scan)
  const compliance = scan.assessment?.compliance ?? null
  return facts("What the vendor says", [
    ["Status", scan.vendorStatus === null ? null : Hostile.toLine(scan.vendorStatus, 120)],
    ["Severity", word === null ? null : word],
    ["Score", Words.score(scan)],
    ["Compliance", compliance],
    ["Change", Words.delta(scan)],
    ["Reason", Words.reason(scan)],
    ["Advice", scan.reason === null || scan.reason.advice === null ? null : Hostile.toBlock(scan.reason.advice, 1_000)],
    ["Progress", Words.progress(scan)],
    ["Report", scan.links.report === null ? null : link(scan.links.report, scan)]
  ])
}

const provenance = (scan: ReportScan): Node => {
  const { timings } = scan
  return facts("Where this comes from", [
    ["Scan", code(scan.key)],
    ["Claim", code(scan.claimId)],
    ["Account", Hostile.toLine(scan.account, 120)],
    ["Asked at", scan.origin === null ? null : Hostile.toLine(scan.origin, 200)],
    ["Submitted", when(timings.submittedAt)],
    ["Started", when(timings.createdAt)],
    ["Completed", when(timings.completedAt)],
    ["Observed", when(timings.observedAt)],
    ["Time", Words.took(scan)],
    ["Age", Words.age(scan)],
    ["Request", code(scan.requestId)],
    ["Plan line", scan.declaredAt === null ? null : String(scan.declaredAt.line)],
    ["Payload", scan.payloadSha256 === null ? null : h("code", null, `sha256 ${scan.payloadSha256}`)]
  ])
}

const detail = (scan: ReportScan, view: View, budget: { left: number }): Node => {
  const trend = Charts.trendOf(scan)
  const score = scan.assessment?.score ?? null
  const command = Words.command(scan)
  return h(
    "details",
    { class: "scan", id: anchor(scan), ...marks(scan) },
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
            Hostile.toLine(scan.next.advice, 120),
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
              scan.warnings.slice(0, 50).map((warning) => h("li", null, Hostile.toLine(warning, 400)))
            )
          ),
      trend === null ? null : h("div", null, h("h3", null, "Trend"), trend),
      scan.assessment === null ? null : findings(scan, view, budget)
    )
  )
}

const footer = ({ report }: View, embedded: boolean): Node =>
  h(
    "footer",
    { class: "foot" },
    h(
      "p",
      null,
      h("b", null, "How to read this. "),
      "A scan's severity is the worst of what the vendor says as a whole and of its findings that are neither resolved nor accepted. Where a vendor gives only a score, 90 and up is info, 80 low, 70 medium, 60 high, and less critical. Unknown means that the vendor used a word we cannot place; it may hide anything. Scores of different vendors are never averaged. A finding is called resolved only where two complete lists were compared."
    ),
    h(
      "p",
      null,
      `Exit code ${report.exit.code}. `,
      embedded
        ? "The canonical JSON of this report is part of this file."
        : "This report is too large to carry its canonical JSON; see the JSON file of the run."
    )
  )

const page = (node: Node): string => (node === null ? "" : `${write(node)}\n`)

/**
 * Renders `html`, a section at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const view: View = {
    report,
    least: options.minSeverity ?? "none",
    max: options.maxFindings ?? limits.findingsOfScan
  }
  const title = Words.title(report, options.title ?? null)
  const ordered = Words.attention(report.scans)
  const found = report.scans.reduce((sum, scan) => sum + scan.findings.items.length, 0)
  const embedded = found + report.scans.length <= limits.embedded

  yield `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`
  yield page(h("meta", { "http-equiv": "Content-Security-Policy", content: policy }))
  yield page(h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }))
  yield page(h("meta", { name: "referrer", content: "no-referrer" }))
  yield page(h("meta", { name: "robots", content: "noindex" }))
  yield page(h("title", null, title))
  yield `<style>${style}</style>\n</head>\n<body>\n`
  yield page(h("a", { class: "skip", href: "#verdict" }, "Skip to the verdict"))
  yield page(sprite())
  yield `<div class="page">\n`
  yield page(header(view, title))
  yield `<main class="page-in">\n`
  yield page(verdict(view))
  yield page(tiles(view))
  yield page(attention(view))
  if (report.scans.length > 0) {
    yield `<div class="cols">\n`
    yield page(Charts.severities(report))
    yield page(Charts.scores(report))
    for (const part of Charts.durations(report)) yield page(part)
    yield page(Charts.changes(report))
    yield `</div>\n`
    yield page(Charts.trends(report, 12))
  }
  yield page(list(view, ordered))
  if (ordered.length > 0) {
    yield `<section class="card long" aria-labelledby="details">\n<h2 id="details">Every scan in detail</h2>\n<div class="scans">\n`
    const budget = { left: limits.findings }
    for (const scan of ordered.slice(0, limits.details)) yield page(detail(scan, view, budget))
    yield `</div>\n`
    const left = ordered.length - limits.details
    if (left > 0) yield page(h("p", { class: "more" }, `${Words.plural(left, "more scan")} in the canonical report.`))
    yield `</section>\n`
  }
  yield `</main>\n`
  yield page(footer(view, embedded))
  yield `</div>\n`
  if (embedded) {
    yield `<script type="application/json" id="${islandId}">${islandJson(Payload.strip(report))}</script>\n`
  }
  yield `<script>${script}</script>\n</body>\n</html>\n`
}
