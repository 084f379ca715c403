/** The tables of `docs/guides/gates.md`, made by the real gate. `DOCS_UPDATE=1` writes them instead of comparing. */
import * as Outcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import type * as Severity from "@scanpoll/core/model/Severity"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { assessment, completed, finding, inState, info, partial, score } from "../../packages/report/test/fixtures.ts"

const page = fileURLToPath(new URL("../guides/gates.md", import.meta.url))

const low = finding({ findingId: "csp", severity: "low", status: "unchanged" })
const high = finding({ findingId: "hsts", severity: "high", status: "new" })
const fine = assessment("low", { score: score(91, "A"), compliance: "pass" })
const bad = assessment("high", { score: score(41, "D"), compliance: "fail" })
const listed = (...items: ReadonlyArray<Outcome.Finding>): Outcome.Findings => ({
  coverage: "full",
  total: items.length,
  items
})
const compared: Outcome.Delta = {
  source: "vendor",
  new: 0,
  resolved: 0,
  unchanged: 1,
  previousScanId: "scan_before",
  previousTotal: 1,
  consistent: true,
  comparable: true
}

const changed = (
  of: ScanRecord.ScanRecord,
  change: (outcome: Outcome.ScanOutcome<unknown>) => Outcome.ScanOutcome<unknown>
) => (of.outcome === null ? of : { ...of, outcome: change(of.outcome) })

const noFindings = (of: ScanRecord.ScanRecord): ScanRecord.ScanRecord =>
  changed(of, (outcome) => Outcome.withoutFindings(outcome, "the vendor's findings could not be fetched (500)"))

const aboutOther = (of: ScanRecord.ScanRecord): ScanRecord.ScanRecord =>
  changed(of, (outcome) => Outcome.withoutEvidence(outcome, "the answer is about other.example"))

const unreadCount = (of: ScanRecord.ScanRecord): ScanRecord.ScanRecord =>
  changed(of, (outcome) =>
    outcome._tag === "Failed"
      ? outcome
      : {
          ...outcome,
          findings: Outcome.noFindings,
          evidence: {
            ...Outcome.evidence(outcome),
            findings: { status: "unavailable", reason: "the vendor's violation_count cannot be read" }
          }
        }
  )

const lacking = (kind: keyof Outcome.Evidence, of: ScanRecord.ScanRecord): ScanRecord.ScanRecord =>
  changed(of, (outcome) =>
    outcome._tag === "Failed"
      ? outcome
      : {
          ...outcome,
          evidence: {
            ...Outcome.evidence(outcome),
            [kind]: { status: "unavailable", reason: `the ${kind} is missing` }
          }
        }
  )

const counted = (bySeverity: Partial<Record<Severity.Severity, number>>): Outcome.Findings => ({
  coverage: "counts-only",
  total: Object.values(bySeverity).reduce((sum, count) => sum + count, 0),
  bySeverity,
  items: []
})

const ended: ReadonlyArray<readonly [words: string, record: ScanRecord.ScanRecord]> = [
  ["all there, and fine", completed(0, { assessment: fine, findings: listed(), delta: compared })],
  ["all there, and bad", completed(0, { assessment: bad, findings: listed(high), delta: compared })],
  ["fine as a whole, with a new high finding", completed(0, { assessment: fine, findings: listed(high) })],
  [
    "bad as a whole, with nothing new since a comparable scan",
    completed(0, { assessment: bad, findings: listed(low), delta: compared })
  ],
  ["findings `unavailable`, fine as a whole", noFindings(completed(0, { assessment: fine }))],
  ["findings `unavailable`, bad as a whole", noFindings(completed(0, { assessment: bad }))],
  ["findings `not-offered`, fine as a whole", completed(0, { assessment: fine })],
  ["findings `not-offered`, bad as a whole", completed(0, { assessment: bad })],
  ["`violation_count` unreadable, fine as a whole", unreadCount(completed(0, { assessment: fine }))],
  [
    "assessment and findings `unavailable`: the answer is about something else",
    aboutOther(completed(0, { assessment: fine, findings: listed() }))
  ],
  [
    "assessment `unavailable`, findings there and fine",
    lacking("assessment", completed(0, { assessment: fine, findings: listed(low), delta: compared }))
  ],
  ["delta `unavailable`, nothing found", lacking("delta", completed(0, { assessment: fine, findings: listed() }))],
  [
    "violations counted and not listed, low as a whole",
    completed(0, { assessment: { ...fine, compliance: "fail" }, findings: counted({ low: 3 }) })
  ],
  [
    "violations counted and not listed, one of them critical",
    completed(0, {
      assessment: { ...fine, severity: "critical", compliance: "fail" },
      findings: counted({ critical: 1 })
    })
  ],
  [
    "a part of the findings not read, as of 10 000 issues of SonarQube",
    completed(0, {
      assessment: fine,
      findings: {
        coverage: "partial",
        total: 3,
        items: [low, finding({ findingId: "not-listed", severity: "unknown", status: "unknown" })]
      }
    })
  ],
  [
    "engines without an answer, nothing found (VirusTotal)",
    completed(0, { assessment: assessment("none"), findings: { coverage: "partial", total: 0, items: [] } })
  ],
  ["no quality gate was computed (SonarQube)", completed(0, { assessment: assessment("unknown"), findings: listed() })],
  ["nobody has an opinion (urlscan.io)", completed(0, { assessment: assessment("info"), findings: listed() })],
  [
    "no score and no grade, severity low",
    completed(0, { assessment: assessment("low"), findings: listed(), delta: compared })
  ],
  [
    "a word that is not documented: severity `unknown`",
    completed(0, { assessment: assessment("unknown"), findings: listed(), delta: compared })
  ],
  [
    "no delta, and a finding that nothing tells the age of",
    completed(0, { assessment: fine, findings: listed({ ...high, status: "unknown" }) })
  ]
]

const states: ReadonlyArray<readonly [words: string, record: ScanRecord.ScanRecord]> = [
  ["`partial`, fine so far", partial(0, { assessment: fine, findings: { ...listed(), coverage: "partial" } })],
  ["`partial`, bad already", partial(0, { assessment: bad, findings: { ...listed(high), coverage: "partial" } })],
  ["`partial`, findings `unavailable`", noFindings(partial(0, { assessment: fine }))],
  ["`partial`, without a result", partial(0, { assessment: assessment("unknown") })],
  ...ScanRecord.states
    .filter((state) => state !== "completed" && state !== "partial")
    .map((state) => [`\`${state}\``, inState(0, state)] as const),
  ["`refused` with 401 or 403", inState(0, "refused", { because: "credential" })],
  ["`not-started` for a refused key", inState(0, "not-started", { because: "credential" })],
  ["`not-started` for a fault of the journal", inState(0, "not-started", { because: "journal" })]
]

const rules: ReadonlyArray<readonly [words: string, policy: Partial<Gate.GatePolicy>]> = [
  ["no rule", {}],
  ["`--fail-on high`", { failOn: "high" }],
  ["`--fail-on-new high`", { failOnNew: "high" }],
  ["`--min-score 80`", { minScore: [{ vendor: null, score: 80 }] }],
  ["`--min-grade B`", { minGrade: "B" }],
  ["`--max-violations 0`", { maxViolations: 0 }]
]

const reportOf = (record: ScanRecord.ScanRecord, policy: Partial<Gate.GatePolicy>) =>
  ScanReport.fromRecords([record], info({ policy: { ...Gate.none, ...policy } }))

const answer = (record: ScanRecord.ScanRecord, policy: Partial<Gate.GatePolicy>): string => {
  const { exit, gate } = reportOf(record, policy)
  const [rule] = gate.rules
  if (rule === undefined) return String(exit.code)
  const word = !rule.passed ? "failed" : (rule.unjudged ?? []).length > 0 ? "no verdict" : "passed"
  return `${word}, ${exit.code}`
}

const table = (first: string, columns: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [
    `| ${[first, ...columns].join(" | ")} |`,
    `|${"---|".repeat(columns.length + 1)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`)
  ].join("\n")

const byRule = (
  first: string,
  records: ReadonlyArray<readonly [words: string, record: ScanRecord.ScanRecord]>
): string =>
  table(
    first,
    rules.map(([words]) => words),
    records.map(([words, record]) => [words, ...rules.map(([, policy]) => answer(record, policy))])
  )

const allowances = [
  ["nothing", {}],
  ["`--allow-partial`", { allowPartial: true }],
  ["`--allow-incomplete`", { allowIncomplete: true }],
  ["`--exit-zero`", { exitZero: true }]
] as const

const before = (severity: Severity.Severity) => ({
  at: "2026-04-01T09:00:00.000Z",
  scanId: HostileText.of("scan_before"),
  severity,
  score: null,
  findings: 1
})

// What a row is told of the scan before, and what it says now.
const news: ReadonlyArray<readonly [words: string, record: ScanRecord.ScanRecord, previous: Severity.Severity | null]> =
  [
    [
      "a first scan, with a high finding",
      completed(0, { assessment: fine, findings: listed({ ...high, status: "unknown" }) }),
      null
    ],
    ["a first scan, with nothing of high or worse", completed(0, { assessment: fine, findings: listed(low) }), null],
    ["a first scan of a vendor without findings, high as a whole", completed(0, { assessment: bad }), null],
    [
      "a first scan, with milder findings and high as a whole",
      completed(0, { assessment: bad, findings: listed({ ...low, status: "unknown" }) }),
      null
    ],
    [
      "a high finding that the scan before had",
      completed(0, { assessment: bad, findings: listed({ ...high, status: "unchanged" }), delta: compared }),
      "high"
    ],
    [
      "a high finding that the scan before did not have",
      completed(0, { assessment: bad, findings: listed(high), delta: { ...compared, new: 1, unchanged: 0 } }),
      "high"
    ],
    [
      "a high finding, and the scan before listed a part of its own",
      completed(0, { assessment: bad, findings: listed({ ...high, status: "unknown" }) }),
      null
    ],
    [
      "no new finding, and high as a whole where the scan before was low",
      completed(0, { assessment: bad, findings: listed(low), delta: compared }),
      "low"
    ],
    [
      "no new finding, and high as a whole where the scan before was `unknown`",
      completed(0, { assessment: bad, findings: listed(low), delta: compared }),
      "unknown"
    ],
    [
      "more violations than before, counted and not listed, high as a whole",
      completed(0, {
        assessment: bad,
        findings: { coverage: "counts-only", total: 3, items: [] },
        delta: { ...compared, new: 2 }
      }),
      "high"
    ],
    [
      "more findings than before, counted and not listed, and nothing compares them (VirusTotal)",
      completed(0, { assessment: bad, findings: { coverage: "counts-only", total: 3, items: [] } }),
      "high"
    ],
    [
      "findings `unavailable`, and no worse as a whole than the scan before",
      noFindings(completed(0, { assessment: bad })),
      "high"
    ]
  ]

const newsOf = (record: ScanRecord.ScanRecord, previous: Severity.Severity | null): string => {
  const trend = previous === null ? [] : [before(previous)]
  const policy = { ...Gate.none, failOnNew: "high" } as const
  const { exit, gate } = ScanReport.fromRecords([record], info({ policy, row: () => ({ trend }) }))
  const [rule = { passed: false, unjudged: [] }] = gate.rules
  const word = !rule.passed ? "failed" : (rule.unjudged ?? []).length > 0 ? "no verdict" : "passed"
  return `${word}, ${exit.code}`
}

const tables: Readonly<Record<string, string>> = {
  evidence: byRule("the scan is `completed`", ended),
  states: byRule("state", states),
  news: table(
    "the scan is `completed`",
    ["`--fail-on-new high`"],
    news.map(([words, record, previous]) => [words, newsOf(record, previous)])
  ),
  allowances: table(
    "under `--fail-on high`",
    allowances.map(([words]) => words),
    [...ended.slice(0, 2), ended[4] ?? ended[0], ended[9] ?? ended[0], ...states]
      .filter((row) => row !== undefined)
      .map(([words, record]) => [
        words,
        ...allowances.map(([, policy]) => String(reportOf(record, { failOn: "high", ...policy }).exit.code))
      ])
  )
}

const withTables = (text: string): string =>
  text.replace(
    /<!-- table: (?<name>\w+) -->\n[^]*?<!-- end -->/g,
    (_, name: string) => `<!-- table: ${name} -->\n\n${tables[name] ?? "no such table"}\n\n<!-- end -->`
  )

describe("the page of gates", () => {
  it("says what the real gate says, for each flag, each state and each kind of missing evidence (V-01, V-11)", () => {
    const text = readFileSync(page, "utf8")
    const made = withTables(text)
    if (process.env["DOCS_UPDATE"] === "1") writeFileSync(page, made)
    else assert.strictEqual(text, made, "run: DOCS_UPDATE=1 npm test -- docs/test/gates.test.ts")
    for (const name of Object.keys(tables)) assert.include(text, `<!-- table: ${name} -->`)
  })

  it("has no cell in which a rule that lacks what it needs holds (V-01)", () => {
    const wrong = [...ended, ...states].flatMap(([words, record]) =>
      rules.slice(1).flatMap(([flag, policy]) => {
        const { exit, gate, scans } = reportOf(record, policy)
        const isLacking = gate.rules.some(({ passed, unjudged = [] }) => passed && unjudged.length > 0)
        const isCleared = exit.code === 0 && (isLacking || scans.some(({ state }) => state !== "completed"))
        return isCleared ? [`${words} under ${flag}`] : []
      })
    )
    assert.deepStrictEqual(wrong, [])
  })
})
