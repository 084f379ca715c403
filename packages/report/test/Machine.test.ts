import { assert, describe, it } from "@effect/vitest"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Gate from "@scanpoll/report/Gate"
import * as Csv from "../src/internal/formats/csv.ts"
import * as RenderGithub from "@scanpoll/report/RenderGithub"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { XMLParser } from "fast-xml-parser"
import { marked } from "marked"
import papaparse from "papaparse"
import { SaxesParser } from "saxes"
import { assessment, completed, finding, inState, info } from "./fixtures.ts"
import { render } from "./formats.ts"
import { hostile, make, makeHostile, many } from "./sample.ts"

type Attributes = { readonly [name: string]: unknown }

const isAttributes = (value: unknown): value is Attributes => typeof value === "object" && value !== null

const list = (value: unknown): ReadonlyArray<Attributes> =>
  (Array.isArray(value) ? value : [value]).filter(isAttributes)

const everyState = () =>
  ScanReport.fromRecords(
    ScanRecord.states.map((state, at) => inState(at, state)),
    info({ policy: { ...Gate.none, failOn: "medium" } })
  )

describe("junit", () => {
  const read = async (report: ScanReport.ScanReport) => {
    const text = await render("junit", report)
    // A strict parser: the lenient one takes what a section's early end lets in for more elements.
    const elements = new Set<string>()
    const strict = new SaxesParser()
    strict.on("error", (error) => {
      throw error
    })
    strict.on("opentag", (tag) => elements.add(tag.name))
    strict.write(text).close()
    for (const name of elements) {
      assert.include(["testsuites", "testsuite", "testcase", "system-out", "failure", "error", "skipped"], name)
    }
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", parseAttributeValue: false })
    const root: { readonly testsuites: Attributes } = parser.parse(text)
    const suites = list(root.testsuites["testsuite"])
    return { root: root.testsuites, suites, tests: suites.flatMap((suite) => list(suite["testcase"])) }
  }

  it.each([
    ["a usual run", make],
    ["hostile texts", makeHostile],
    ["no scans", () => ScanReport.fromRecords([], info())],
    ["every state", everyState]
  ] as const)("of %s is well-formed XML whose counts add up (RP-03)", async (_, report) => {
    const { root, suites, tests } = await read(report())
    assert.isAbove(tests.length, 0)
    for (const [attribute, element] of [
      ["tests", null],
      ["failures", "failure"],
      ["errors", "error"],
      ["skipped", "skipped"]
    ] as const) {
      const counted = tests.filter((test) => element === null || element in test).length
      // The schema Jenkins reads by has no `skipped` on the root.
      if (attribute === "skipped") assert.notProperty(root, attribute)
      else assert.strictEqual(Number(root[attribute]), counted, attribute)
      assert.strictEqual(
        suites.reduce((sum, suite) => sum + Number(suite[attribute]), 0),
        counted
      )
    }
  })

  it("tells broken gates, missing verdicts and skipped scans apart", async () => {
    const { suites } = await read(everyState())
    const kinds = list(suites[0]?.["testcase"]).map((test) =>
      "failure" in test ? "failure" : "error" in test ? "error" : "skipped" in test ? "skipped" : "passed"
    )
    assert.deepStrictEqual(kinds, [
      "passed", // completed, low
      "failure", // partial, medium
      "error", // failed
      "error", // not-found
      "error", // still-running
      "error", // unreachable
      "error", // protocol
      "skipped", // interrupted
      "error", // denied
      "error", // in-doubt
      "error", // refused
      "skipped" // not-started
    ])
  })

  it("skips what was allowed to have no verdict, but not a refused credential", async () => {
    const report = ScanReport.regate(everyState(), { ...Gate.none, allowIncomplete: true })
    const { tests } = await read(report)
    const errors = tests.filter((test) => "error" in test).map((test) => test["name"])
    assert.deepStrictEqual(errors, ["https://site-8.example/"])
  })

  it("of a partial scan is an error, is skipped under --allow-incomplete, and passes under --allow-partial (RP-03)", async () => {
    const partial = ScanReport.fromRecords([inState(0, "partial")], info({ policy: Gate.none }))
    for (const [policy, shown] of [
      [{}, "error"],
      [{ allowIncomplete: true }, "skipped"],
      [{ allowPartial: true }, null],
      [{ allowIncomplete: true, allowPartial: true }, null]
    ] as const) {
      const { suites } = await read(ScanReport.regate(partial, { ...Gate.none, ...policy }))
      const [scan] = list(suites[0]?.["testcase"])
      const found = ["failure", "error", "skipped"].filter((element) => scan !== undefined && element in scan)
      assert.deepStrictEqual(found, shown === null ? [] : [shown], JSON.stringify(policy))
    }
  })
})

describe("csv", () => {
  it("begins with a byte order mark where that is asked for, for Excel, and is the same after it (U-04)", async () => {
    const plain = await render("csv", make())
    assert.strictEqual(await render("csv", make(), { csvBom: true }), `\u{feff}${plain}`)
    assert.isFalse(plain.startsWith("\u{feff}"))
  })

  const read = async (report: ScanReport.ScanReport) => {
    const text = await render("csv", report)
    const parsed = papaparse.parse<{ readonly [name: string]: string }>(text, { header: true, skipEmptyLines: true })
    assert.deepStrictEqual(parsed.errors, [])
    return { text, rows: parsed.data, fields: parsed.meta.fields }
  }

  it("has a line for each scan and each finding under one head", async () => {
    const report = make()
    const { fields, rows } = await read(report)
    assert.deepStrictEqual(fields, [...Csv.columns])
    assert.strictEqual(rows.filter((row) => row["row"] === "scan").length, report.summary.total)
    assert.strictEqual(
      rows.filter((row) => row["row"] === "finding").length,
      report.scans.reduce((sum, scan) => sum + scan.findings.items.length, 0)
    )
  })

  it("tells a scan as the report does", async () => {
    const { rows } = await read(make())
    const line = rows.find((row) => row["row"] === "scan" && row["key"] === "compliance:scan_2") ?? {}
    assert.deepStrictEqual(Object.fromEntries(Object.entries(line).filter(([, value]) => value !== "")), {
      row: "scan",
      vendor: "compliance",
      account: "default",
      subject_kind: "dataset",
      subject: "Transactions Q1 against AML",
      subject_id: "policy:p2,upload:u2,mapping:m2",
      id: "clm_2",
      key: "compliance:scan_2",
      state: "completed",
      severity: "medium",
      compliance: "fail",
      score: "77.5",
      score_min: "0",
      score_max: "100",
      findings: "23",
      coverage: "counts-only",
      new: "5",
      resolved: "12",
      unchanged: "18",
      submitted_at: "2026-04-03T09:00:01.000Z",
      completed_at: "2026-04-03T09:01:16.000Z",
      observed_at: "2026-04-03T09:01:20.000Z",
      duration_ms: "75000",
      duration_basis: "vendor",
      polls: "6",
      cached: "false",
      reused: "false",
      identity: line["identity"] ?? ""
    })
    assert.match(line["identity"] ?? "", /^[0-9a-f]{32}$/)
  })

  it("starts no cell with what a spreadsheet takes for a formula (RP-01)", async () => {
    const { rows } = await read(makeHostile())
    assert.isAbove(rows.length, hostile.length)
    for (const row of rows) {
      for (const value of Object.values(row)) assert.notMatch(value, /^\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/)
    }
  })

  it.each([
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+1", "'+1"],
    [" -2", "'-2"],
    ["\t=1", "'=1"],
    ["＝1", "'＝1"],
    ["a=1", "a=1"]
  ])("writes the title %j as %j", async (title, expected) => {
    const { rows } = await read(
      ScanReport.fromRecords(
        [completed(0, { findings: { coverage: "full", total: 1, items: [finding({ findingId: "f", title })] } })],
        info()
      )
    )
    assert.strictEqual(rows[1]?.["title"], expected)
  })

  it("leaves numbers numbers, negative ones too (RP-01)", async () => {
    const { rows } = await read(
      ScanReport.fromRecords(
        [
          completed(0, {
            assessment: {
              severity: "low",
              vendorSeverity: null,
              compliance: null,
              score: { value: -3.5, min: -10, max: 10, direction: "higher-is-better", grade: null, basis: "vendor" }
            }
          })
        ],
        info()
      )
    )
    assert.strictEqual(rows[0]?.["score"], "-3.5")
    assert.strictEqual(rows[0]?.["score_min"], "-10")
  })
})

describe("markdown", () => {
  // What a reader's renderer makes of it, HTML left on: nothing of the corpus may become an element.
  const html = async (report: ScanReport.ScanReport, options = {}): Promise<string> =>
    marked.parse(await render("markdown", report, options), { gfm: true, async: true })

  const elements = (text: string): ReadonlyArray<string> => [
    ...new Set(Array.from(text.matchAll(/<([a-z][a-z0-9-]*)/gi), (found) => found[1] ?? ""))
  ]

  it("makes nothing but headings, paragraphs, lists, tables, emphasis and code of hostile texts (RP-05)", async () => {
    const made = elements(await html(makeHostile(), { maxFindings: 100 }))
    const allowed = ["h1", "h2", "h3", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"]
    assert.deepStrictEqual(
      made.filter((name) => !allowed.includes(name)),
      []
    )
  })

  it("mentions nobody and links no issue", async () => {
    const text = await render("markdown", makeHostile())
    assert.notMatch(text, /@octocat/)
    assert.notMatch(text, /#\d/)
    assert.notMatch(text, /GH-\d/)
  })

  it("links a report only where the address was checked", async () => {
    const link = async (url: string) => html(ScanReport.fromRecords([completed(0, { links: { report: url } })], info()))
    assert.include(await link("https://appvet.example/report/1"), '<a href="https://appvet.example/report/1">')
    assert.notInclude(await link("javascript:alert(1)"), "<a ")
    assert.notInclude(await link("https://u@evil.example/"), "<a ")
  })

  it("shows the worst scans first, then those without a full result, then the others, and cuts no reason short (U-12)", async () => {
    const rows = [
      completed(0, { name: "https://quiet.example/" }),
      inState(1, "still-running", {
        subject: { kind: "url", id: "https://open.example/", name: "https://open.example/" }
      }),
      ...Array.from({ length: 3 }, (_, at) =>
        completed(at + 2, {
          name: `https://bad-${at}.example/${"path/".repeat(12)}`,
          assessment: assessment("critical")
        })
      )
    ]
    const text = await render(
      "markdown",
      ScanReport.fromRecords(rows, info({ policy: { ...Gate.none, failOn: "high" } }))
    )
    const places = [
      "## The worst",
      "bad-0.example",
      "## Without a full result",
      "open.example",
      "## The others",
      "quiet"
    ]
    const after = text.slice(text.indexOf("## "))
    assert.deepStrictEqual(
      places.map((place) => after.indexOf(place)),
      places.map((place) => after.indexOf(place)).toSorted((a, b) => a - b)
    )
    assert.match(text, /^- \*\*failed\*\*: fail-on high: 3 scans are high or worse: .*bad-2\.example.*\)$/m)
  })

  it("keeps one row for one scan, whatever stands in its texts (RP-05)", async () => {
    const report = makeHostile()
    const text = await render("markdown", report)
    const [, table = ""] = text.split("## Without a full result\n\n")
    const rows = (table.split("\n\n")[0] ?? "").split("\n")
    assert.strictEqual(rows.length, 2 + hostile.length)
  })
})

describe("github", () => {
  // As the runner reads a line: spaces are trimmed, `::name props::message`, and `##[name]` anywhere.
  const commands = (text: string) =>
    text.split(/\r\n|\n|\r/).flatMap((line) => {
      const second = /^\s*::([a-z-]+)(?: (.*?))?::(.*)$/i.exec(line)
      if (second !== null) return [{ name: second[1] ?? "", message: second[3] ?? "", line }]
      return /##\[[^\]]+\]/.test(line) ? [{ name: "##", message: "", line }] : []
    })

  it("writes commands for annotations alone, one a line", async () => {
    for (const report of [make(), makeHostile(), everyState()]) {
      const text = await render("github", report)
      const lines = text.trimEnd().split("\n")
      const found = commands(text)
      assert.strictEqual(found.length, lines.length)
      for (const { name } of found) assert.include(["error", "warning", "notice"], name)
    }
  })

  it.each(["text", "markdown", "junit", "csv", "json", "events", "sarif", "defectdojo", "ocsf"])(
    "no text of a vendor becomes a command in %s",
    async (name) => {
      assert.deepStrictEqual(commands(await render(name, makeHostile())), [])
    }
  )

  it("writes no more of a level than a step shows, the worst first, and says how many are left", async () => {
    const text = await render("github", ScanReport.fromRecords(many(30, 10), info()))
    for (const level of ["error", "warning", "notice"]) {
      const mine = text.split("\n").filter((line) => line.startsWith(`::${level} `))
      assert.strictEqual(mine.length, RenderGithub.maxAnnotations)
      assert.match(mine.at(-1) ?? "", /title=\d+ more::\d+ more of this level/)
    }
    assert.match(text.split("\n")[0] ?? "", /critical/)
  })

  it("keeps the job summary within its limit, cut between rows, and says what is missing", () => {
    const report = ScanReport.fromRecords(many(9_000, 2), info())
    const text = RenderGithub.summary(report)
    assert.isAtMost(Buffer.byteLength(text), RenderGithub.maxSummaryBytes)
    assert.isAbove(Buffer.byteLength(text), RenderGithub.maxSummaryBytes * 0.9)
    assert.match(text, /\d more scans? in the canonical report|The rest did not fit/)
    for (const line of text.split("\n").filter((line) => line.startsWith("|"))) assert.match(line, /\|$/)
  })

  it("annotates no finding that was accepted, and those beside it (V-07)", async () => {
    const items = ["accepted", "open"].map((title) => finding({ findingId: title, title, severity: "high" }))
    const of = (shown: typeof items) =>
      ScanReport.fromRecords(
        [completed(0, { findings: { coverage: "full", total: shown.length, items: shown } })],
        info()
      )
    const baseline = await Effect.runPromise(Baseline.make(of(items.slice(0, 1)), { reason: "ticket 7" }))
    const before = await render("github", of(items))
    assert.include(before, "high%3A accepted")
    const text = await render("github", Baseline.apply(of(items), baseline, 0))
    assert.notInclude(text, "high%3A accepted")
    assert.include(text, "high%3A open")
  })

  it("escapes as the runner decodes", async () => {
    const report = ScanReport.fromRecords(
      [
        completed(0, {
          findings: {
            coverage: "full",
            total: 1,
            items: [finding({ findingId: "f", title: "50% of a:b,c\r\nnext", severity: "high" })]
          }
        })
      ],
      info()
    )
    const text = await render("github", report)
    assert.include(text, "title=high%3A 50%25 of a%3Ab%2Cc next::")
    assert.include(text, ": 50%25 of a:b,c next\n")
  })
})

describe("defectdojo", () => {
  // The importer refuses a whole file for one key it does not know.
  const allowed = new Set([
    "title",
    "severity",
    "description",
    "date",
    "mitigation",
    "references",
    "active",
    "verified",
    "risk_accepted",
    "dynamic_finding",
    "static_finding",
    "unique_id_from_tool",
    "vuln_id_from_tool",
    "service",
    "endpoints",
    "tags"
  ])

  it.each([
    ["a usual run", make],
    ["hostile texts", makeHostile],
    ["no scans", () => ScanReport.fromRecords([], info())]
  ] as const)("of %s has what the importer wants and nothing it refuses", async (_, report) => {
    const file: { readonly findings: ReadonlyArray<Attributes> } = JSON.parse(await render("defectdojo", report()))
    for (const one of file.findings) {
      for (const key of Object.keys(one)) assert.isTrue(allowed.has(key), key)
      for (const key of ["title", "description", "unique_id_from_tool", "service"]) {
        assert.isString(one[key])
        assert.isAbove(String(one[key]).length, 0, key)
      }
      assert.include(["Critical", "High", "Medium", "Low", "Info"], one["severity"])
      assert.match(String(one["date"]), /^\d{4}-\d\d-\d\d$/)
    }
    const ids = file.findings.map((one) => `${String(one["service"])} ${String(one["unique_id_from_tool"])}`)
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("warns where an import could close what was not scanned", async () => {
    const file: { readonly description: string } = JSON.parse(await render("defectdojo", make()))
    assert.include(file.description, "Not complete")
  })
})

describe("ocsf", () => {
  const read = async (report: ScanReport.ScanReport): Promise<ReadonlyArray<Attributes>> =>
    (await render("ocsf", report))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))

  it.each([
    ["a usual run", make],
    ["hostile texts", makeHostile],
    ["every state", everyState]
  ] as const)("of %s has the required attributes of its classes", async (_, report) => {
    for (const event of await read(report())) {
      const number = (name: string): number => {
        const value = event[name]
        assert.isNumber(value, name)
        return Number(value)
      }
      assert.include([6007, 2003], number("class_uid"))
      assert.strictEqual(number("category_uid"), Math.floor(number("class_uid") / 1_000))
      assert.strictEqual(number("type_uid"), number("class_uid") * 100 + number("activity_id"))
      assert.isAbove(number("time"), Date.UTC(2020, 0))
      assert.include([0, 1, 2, 3, 4, 5], number("severity_id"))
      const required =
        number("class_uid") === 6007 ? ["metadata", "scan"] : ["metadata", "finding_info", "compliance", "resources"]
      for (const name of required) assert.isTrue(typeof event[name] === "object" && event[name] !== null, name)
      for (const value of Object.values(event)) assert.notStrictEqual(value, null)
    }
  })

  it("keeps a scan that ran out of time, one that was ended and one that failed apart", async () => {
    const events = await read(everyState())
    const states = new Map(
      events
        .filter((event) => event["class_uid"] === 6007)
        .map((event) => [event["status_code"], event["activity_name"]])
    )
    assert.strictEqual(states.get("completed"), "Completed")
    assert.strictEqual(states.get("still-running"), "Duration Violation")
    assert.strictEqual(states.get("interrupted"), "Cancelled")
    assert.strictEqual(states.get("failed"), "Error")
  })

  it("leaves counts out where they are not known", async () => {
    const [event] = await read(ScanReport.fromRecords([completed(0)], info()))
    assert.notProperty(event, "num_detections")
  })
})
