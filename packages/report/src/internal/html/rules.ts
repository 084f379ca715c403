// The findings of all scans by their rule: one fix often helps many subjects.
import * as Severity from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import type { ReportFinding, ReportScan } from "../../ReportScan.ts"
import * as Issues from "../issues.ts"
import * as Words from "../words.ts"
import { h, type Node, severityBadge } from "./dom.ts"
import { links, type View } from "./view.ts"

const rulesAtMost = 100

interface Rule {
  readonly first: ReportFinding
  severity: Severity.Severity
  findings: number
  readonly scans: Set<ReportScan>
}

const rulesOf = ({ least, report }: View): ReadonlyMap<string, Rule> => {
  const rules = new Map<string, Rule>()
  for (const scan of report.scans) {
    for (const finding of Words.open(scan)) {
      if (!Words.shown(finding.severity, least)) continue
      const name = Issues.ruleOf(scan, finding)
      const known = rules.get(name)
      if (known === undefined) {
        rules.set(name, { first: finding, severity: finding.severity, findings: 1, scans: new Set([scan]) })
        continue
      }
      known.severity = Severity.worse(known.severity, finding.severity)
      known.findings += 1
      known.scans.add(scan)
    }
  }
  return rules
}

export const byRule = (view: View): Node => {
  const rules = [...rulesOf(view)].toSorted(
    ([a, one], [b, other]) =>
      Words.rank(one.severity) - Words.rank(other.severity) ||
      other.scans.size - one.scans.size ||
      (a < b ? -1 : a > b ? 1 : 0)
  )
  if (rules.length < 2) return null
  const left = rules.length - rulesAtMost
  return h(
    "details",
    { class: "card long byrule" },
    h(
      "summary",
      null,
      h("h2", null, "Findings by rule"),
      h("span", { class: "soft" }, `${Words.plural(rules.length, "rule")}, the worst and most frequent first`)
    ),
    h(
      "ul",
      { class: "todo" },
      rules
        .slice(0, rulesAtMost)
        .map(([name, rule]) =>
          h(
            "li",
            null,
            h("div", null, severityBadge(rule.severity)),
            h(
              "div",
              null,
              h(
                "p",
                null,
                h("b", null, HostileText.toLine(rule.first.title, 160)),
                " ",
                h("span", { class: "vend" }, name)
              ),
              h(
                "p",
                { class: "soft" },
                `${Words.plural(rule.findings, "finding")} in ${Words.plural(rule.scans.size, "scan")}: `,
                links([...rule.scans], 5, {})
              )
            )
          )
        )
    ),
    left > 0 ? h("p", { class: "more" }, `${Words.plural(left, "more rule")} in the canonical report.`) : null
  )
}
