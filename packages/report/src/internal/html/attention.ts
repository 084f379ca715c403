// What to look at: the worst scans, and those without a full result, put together where one reason stands behind many.
import * as HostileText from "../../HostileText.ts"
import type { ReportScan } from "../../ReportScan.ts"
import * as Words from "../words.ts"
import { h, icon, type Node, severityBadge, stateBadge } from "./dom.ts"
import { account, anchor, links, name, type View } from "./view.ts"

// Each of the two lists has its own room, so that neither hides the other.
const shownAtMost = 8
const namedAtMost = 5

const line = (text: string | null, className = "soft"): Node =>
  text === null || text === "" ? null : h("p", { class: className }, text)

const nextOf = (scan: ReportScan): Node => {
  if (scan.next === null) return null
  const command = Words.command(scan)
  return h(
    "p",
    { class: "act" },
    `Next: ${HostileText.toLine(scan.next.advice, 120)}`,
    command === null ? null : [" ", h("code", null, command)]
  )
}

const saidBy = (scan: ReportScan): ReadonlyArray<Node> => {
  if (scan.assessment === null) return []
  const why = whyOf(scan)
  const said = [Words.says(scan), Words.findings(scan)].filter((part) => part !== null && part !== why)
  return [
    line(said.join("; ")),
    ...Words.byWeight(Words.open(scan))
      .slice(0, 2)
      .map((finding) =>
        h(
          "p",
          null,
          icon(finding.severity, `t-${finding.severity}`),
          ` ${finding.severity}: ${HostileText.toLine(finding.title, 160)}`
        )
      )
  ]
}

const whyOf = (scan: ReportScan): string | null => Words.reason(scan) ?? Words.missing(scan)

const one = (scan: ReportScan): Node =>
  h(
    "li",
    null,
    h(
      "div",
      { class: "badges" },
      scan.assessment === null && scan.state !== "completed" ? null : severityBadge(scan.severity),
      scan.state === "completed" ? null : stateBadge(scan.state)
    ),
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
      line(whyOf(scan)),
      saidBy(scan),
      nextOf(scan)
    )
  )

const group = (scans: ReadonlyArray<ReportScan>): Node => {
  const [first] = scans
  if (first === undefined) return null
  if (scans.length === 1) return one(first)
  const commands = new Set(scans.map((scan) => Words.command(scan)))
  return h(
    "li",
    null,
    h("div", null, stateBadge(first.state)),
    h(
      "div",
      null,
      h(
        "p",
        null,
        h("b", null, `${Words.number(scans.length)} scans of ${first.vendor}`),
        ": ",
        links(scans, namedAtMost, { "data-sta": first.state, "data-ven": first.vendor })
      ),
      line(whyOf(first)),
      commands.size === 1 ? nextOf(first) : line("Next: each scan's details have its own command.", "act")
    )
  )
}

// Equal where state, vendor and reason are, addresses, ids and numbers in it aside.
const reasonOf = (scan: ReportScan): string => {
  const why = (whyOf(scan) ?? "").replace(/\S*[\d/]\S*/g, "#")
  // A partial result is worth a line of its own: it says something.
  return JSON.stringify([scan.state, scan.vendor, why, scan.assessment === null ? "" : scan.id])
}

const more = (left: number, marks: Readonly<Record<string, string>>): Node =>
  left <= 0
    ? null
    : h("p", { class: "more" }, h("a", { href: "#all", ...marks }, `${Words.number(left)} more in the list below`), ".")

export const attention = ({ report }: View): Node => {
  const breaking = Words.breaking(report)
  const isWorst = Words.isWorst(report)
  const worst = Words.bySeverity(report.scans.filter((scan) => Words.isFull(scan) && isWorst(scan)))
  const groups = [
    ...Map.groupBy(Words.bySeverity(report.scans.filter((scan) => !Words.isFull(scan))), reasonOf).values()
  ].toSorted((a, b) => b.length - a.length)
  if (worst.length + groups.length === 0) return null
  return h(
    "section",
    { class: "card", "aria-labelledby": "todo" },
    h("h2", { id: "todo" }, "Needs attention"),
    worst.length === 0
      ? null
      : [
          h("h3", { class: "part" }, `The worst: ${Words.plural(worst.length, "scan")}`),
          h("ul", { class: "todo" }, worst.slice(0, shownAtMost).map(one)),
          more(worst.length - shownAtMost, breaking.size > 0 ? {} : { "data-sev": "high" })
        ],
    groups.length === 0
      ? null
      : [
          h(
            "h3",
            { class: "part" },
            `Incomplete: ${Words.plural(
              groups.reduce((sum, scans) => sum + scans.length, 0),
              "scan"
            )}`
          ),
          h("ul", { class: "todo" }, groups.slice(0, shownAtMost).map(group)),
          more(
            groups.slice(shownAtMost).reduce((sum, scans) => sum + scans.length, 0),
            { "data-sta": "open" }
          )
        ]
  )
}
