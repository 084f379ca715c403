import { assert, describe, it } from "@effect/vitest"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import type { ScanEvent, ScanEventKind } from "@scanpoll/core/engine/ScanEvent"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as RenderEvents from "@scanpoll/report/RenderEvents"
import * as Text from "../src/internal/formats/text.ts"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import stringWidth from "string-width"
import { assessment, completed, finding, inState, info, score, start, ticket } from "./fixtures.ts"

const everyState = ScanReport.fromRecords(
  [
    completed(20, {
      vendor: "exona",
      name: "Acme AI Ltd",
      cached: true,
      ageMs: 3 * 24 * 3_600_000,
      assessment: assessment("high", { vendorSeverity: "High" })
    }),
    completed(21, {
      assessment: assessment("medium", { vendorSeverity: "C", score: score(72, "C") }),
      findings: {
        coverage: "full",
        total: 7,
        items: Array.from({ length: 7 }, (_, at) =>
          finding({ findingId: `r${at}`, severity: at === 0 ? "critical" : "low", status: "new" })
        )
      },
      delta: {
        source: "vendor",
        new: 5,
        resolved: 12,
        unchanged: 18,
        previousScanId: "p",
        previousTotal: 30,
        consistent: true,
        comparable: true
      },
      links: { report: "https://appvet.example/report/x" }
    }),
    ...ScanRecord.states.map((state, at) => inState(at, state))
  ],
  info({ policy: { ...Gate.none, failOn: "high" } })
)

const text = (report: ScanReport.ScanReport, options = {}) => [...Text.render(report, options)].join("")

describe("text", () => {
  it.each([40, 80, 200])("keeps every line within %i columns", (width) => {
    for (const line of text(everyState, { width, color: true }).split("\n")) {
      assert.isAtMost(stringWidth(line), width, line)
    }
  })

  it("says everything that matters about a scan", () => {
    const page = text(everyState, { width: 200 })
    for (const part of [
      "score 72 of 100, grade C",
      'the vendor says "High"',
      "5 new, 12 resolved, 18 unchanged",
      "7 findings: 1 critical, 6 low",
      "answered from the vendor's cache, 3 d old",
      "took 1 min 15 s, 6 polls",
      "https://appvet.example/report/x",
      "and 2 more",
      "scanpoll wait appvet:scan_4",
      "scanpoll wait appvet:scan_5",
      "scanpoll wait appvet:scan_6",
      "scanpoll resume",
      "scanpoll reconcile clm_9",
      "14 scans:",
      "The gate failed"
    ]) {
      assert.include(page, part)
    }
  })

  it("shows what did not complete before what did, and then the worst first", () => {
    const page = text(everyState)
    const at = (part: string) => page.indexOf(part)
    assert.isBelow(at("STILL-RUNNING"), at("CRITICAL"))
    assert.isBelow(at("CRITICAL"), at("HIGH"))
    assert.isBelow(at("HIGH"), at("LOW"))
    assert.isBelow(at("LOW"), at("14 scans:"))
  })

  it("says the same with colour as without", () => {
    // oxlint-disable-next-line no-control-regex
    const bare = text(everyState, { color: true, width: 80 }).replace(/\u001b\[\d+m/g, "")
    assert.strictEqual(bare, text(everyState, { width: 80 }))
  })

  it("never says that nothing was found where findings are not told", () => {
    const page = text(ScanReport.fromRecords([completed(0)], info()))
    assert.include(page, "the vendor does not list findings")
    assert.notInclude(page, "no findings")
    assert.notInclude(page, "could not be fetched")
  })

  it("calls a gate over nothing, or over a part, what it is (V-01, V-08)", () => {
    const policy = { ...Gate.none, failOn: "high" } as const
    const nothing = ScanReport.fromRecords([], info({ policy }))
    assert.deepStrictEqual([nothing.gate.conclusive, nothing.exit.code], [false, 3])
    assert.include(text(nothing), "The gate has no verdict: no scan to judge.")
    assert.notInclude(text(nothing), "passed")
    const part = text(
      ScanReport.fromRecords([completed(0)], info({ policy, leftOut: ["left out: 3 targets of the plan"] }))
    )
    assert.include(part, "The gate passed for these scans, and has no verdict on what was left out.")
  })

  it("folds nothing off a terminal: addresses, commands and names stay whole (U-12)", () => {
    const name = `https://${"long-".repeat(30)}.example/`
    const page = text(ScanReport.fromRecords([completed(0, { name })], info()))
    assert.include(page, name)
  })

  it("takes one line for a scan that nobody has to look at, and a block for the others (U-12)", () => {
    const quiet = Array.from({ length: 5 }, (_, at) => completed(at, { name: `https://quiet-${at}.example/` }))
    const loud = completed(5, { name: "https://loud.example/", assessment: assessment("critical") })
    const warned = { ...completed(6, { name: "https://warned.example/" }), warnings: ["mind this"] }
    const page = text(ScanReport.fromRecords([...quiet, loud, warned], info()))
    assert.strictEqual(page.match(/^ {2}LOW {7}appvet {2}https:\/\/quiet-\d\.example\/: /gm)?.length, 5)
    assert.strictEqual(page.match(/^ {4}key /gm)?.length, 2)
    assert.isBelow(page.indexOf("loud.example"), page.indexOf("quiet-0.example"))
    // A scan that breaks a rule is looked at, however mild it is.
    const broken = text(ScanReport.fromRecords(quiet, info({ policy: { ...Gate.none, failOn: "low" } })))
    assert.strictEqual(broken.match(/^ {4}key /gm)?.length, 5)
  })

  it("ends with the verdict, and the scans that break it by name, type and account, the worst first (U-12, U-17, V-07)", () => {
    const rows = [
      completed(0, { name: "https://a.example/", assessment: assessment("high") }),
      { ...completed(1, { name: "https://a.example/", assessment: assessment("critical") }), account: "team-b" }
    ]
    const policy = { ...Gate.none, failOn: "high" } as const
    const report = ScanReport.fromRecords(rows, info({ policy, row: () => ({ scanType: "seo" }) }))
    const [gate = "", ...failing] = text(report).trimEnd().split("\n").slice(-3)
    assert.strictEqual(gate, "  FAILED  fail-on high: 2 scans are high or worse")
    assert.match(failing[0] ?? "", /^ {4}CRITICAL {2}appvet {2}https:\/\/a\.example\/ \(seo\) \[team-b\]: /)
    assert.match(failing[1] ?? "", /^ {4}HIGH {6}appvet {2}https:\/\/a\.example\/ \(seo\): /)
    const crowd = Array.from({ length: 12 }, (_, at) =>
      completed(at, { name: `https://${at}.example/`, assessment: assessment("critical") })
    )
    const end = text(ScanReport.fromRecords(crowd, info({ policy })))
      .trimEnd()
      .split("\n")
    assert.strictEqual(end.at(-1), "    and 2 more, all of them above")
    assert.include(end.at(-2), "https://9.example/")
  })

  it("hides milder findings when asked to, and still counts them", () => {
    const page = text(everyState, { minSeverity: "critical", width: 200 })
    assert.include(page, "7 findings: 1 critical, 6 low")
    assert.notInclude(page, "Finding r1")
    assert.include(page, "Finding r0")
  })
})

describe("events", () => {
  const event = (kind: ScanEventKind): ScanEvent => ({
    ...kind,
    index: 3,
    at: start,
    vendor: "appvet",
    account: "default",
    subject: { kind: "url", id: "https://a.example/", name: "https://a.example/" },
    claimId: "clm_3",
    ticket: ticket("appvet", "scan_3")
  })
  const head = {
    schemaVersion: 1,
    at: "2026-04-03T09:00:00.000Z",
    index: 3,
    id: "clm_3",
    vendor: "appvet",
    account: "default",
    subject: { kind: "url", id: "https://a.example/", name: "https://a.example/" },
    scanType: null,
    key: "appvet:scan_3"
  }
  const withoutIdentity = Schema.decodeUnknownSync(
    Schema.Struct({ identity: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)) })
  )
  const read = (kind: ScanEventKind): unknown => {
    const line = RenderEvents.fromEvent(event(kind))
    if (line === null) return null
    assert.match(line, /^[^\n]*\n$/)
    const { identity: _identity, ...rest } = JSON.parse(line)
    assert.doesNotThrow(() => withoutIdentity(JSON.parse(line)))
    return rest
  }

  it("makes one line for each change of state", () => {
    assert.deepStrictEqual(read({ _tag: "Queued" }), { ...head, event: "queued" })
    assert.deepStrictEqual(read({ _tag: "Submitting" }), { ...head, event: "submitting" })
    assert.deepStrictEqual(read({ _tag: "Submitted", known: true }), { ...head, event: "submitted", known: true })
    assert.deepStrictEqual(read({ _tag: "Collecting" }), { ...head, event: "collecting" })
    const progress = { fraction: 0.5, done: null, total: null }
    assert.deepStrictEqual(
      read({ _tag: "Polled", seen: Observation.pending("running", Option.some(progress)), polls: 2, first: true }),
      { ...head, event: "pending", polls: 2, phase: "running", progress }
    )
    assert.deepStrictEqual(read({ _tag: "Polled", seen: Observation.unrecognised("odd"), polls: 2, first: true }), {
      ...head,
      event: "unrecognised",
      polls: 2,
      word: "odd"
    })
    const seen = PollFault.make({ kind: "Transient", code: "503", message: "busy" })
    assert.deepStrictEqual(read({ _tag: "Polled", seen, polls: 2, first: true }), {
      ...head,
      event: "fault",
      polls: 2,
      kind: "Transient",
      code: "503",
      message: "busy",
      requestId: null
    })
  })

  it("makes no line where nothing changed", () => {
    assert.isNull(read({ _tag: "Scheduled", until: start, because: "pace", polls: 1 }))
    assert.isNull(read({ _tag: "Polled", seen: Observation.pending("running"), polls: 2, first: false }))
    const messages = ["12:00:05 Starting HSTS check"]
    assert.deepStrictEqual(
      read({ _tag: "Polled", seen: Observation.pending("running"), polls: 3, first: false, messages }),
      { ...head, event: "pending", polls: 3, phase: "running", progress: null, messages }
    )
  })

  it("ends a scan with the row of the report", () => {
    const record = inState(3, "still-running")
    const line: unknown = read({ _tag: "Ended", record })
    const [scan] = ScanReport.fromRecords([record], info()).scans
    assert.deepStrictEqual(line, { ...head, event: "ended", scan: JSON.parse(JSON.stringify(scan)) })
  })

  it("renders a finished run as a line for each scan and one for the run", () => {
    const lines = [...RenderEvents.render(everyState)].join("").trimEnd().split("\n")
    assert.strictEqual(lines.length, everyState.scans.length + 1)
    const last: unknown = JSON.parse(lines.at(-1) ?? "")
    assert.deepStrictEqual(last, {
      schemaVersion: 1,
      event: "finished",
      at: everyState.run.finishedAt,
      tool: everyState.tool,
      run: everyState.run,
      summary: everyState.summary,
      gate: JSON.parse(JSON.stringify(everyState.gate)),
      exit: JSON.parse(JSON.stringify(everyState.exit))
    })
  })

  it("replaces secrets in what an event says", () => {
    const seen = PollFault.make({ kind: "Broken", code: "k3y", message: "k3y", requestId: "k3y" })
    const line = RenderEvents.fromEvent(event({ _tag: "Polled", seen, polls: 1, first: true }), {
      redact: (text) => text.replaceAll("k3y", "***")
    })
    assert.notInclude(line ?? "k3y", "k3y")
  })
})

describe("formats", () => {
  it("have unique names and are found by them", () => {
    assert.strictEqual(new Set(Format.names).size, Format.names.length)
    for (const name of Format.names) assert.strictEqual(Format.byName(name)?.name, name)
    assert.isUndefined(Format.byName("pdf"))
  })
})

describe("hostile text", () => {
  it.each([
    ["\u001b[2J\u001b[31mred\u001b[0m", "red"],
    ["\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007", "click"],
    ["\u001b]0;title\u001b\\rest", "rest"],
    ["\u001b]0;never ended", "]0;never ended"],
    ["\u001b[\u001b[2J", "["],
    ["\u009b2Jx\u0090q\u009cy", "xy"],
    ["a\u202eb\u2066c\u200fd\ufeff", "abcd"],
    ["a\r\nb\rc\u2028d\u0085e\tf", "a b c d e f"],
    ["\ud800x\udc00", "\ufffdx\ufffd"],
    ["a\u0000b\u0007c\u007fd", "abcd"],
    ["x\u{e0041}y", "xy"]
  ])("%j becomes the line %j (RP-06)", (input, expected) => {
    assert.strictEqual(HostileText.toLine(HostileText.of(input)), expected)
  })

  it("is cut at the limit, with a mark and no broken character", () => {
    assert.strictEqual(HostileText.toLine(HostileText.of("abcdef"), 4), "abc…")
    assert.strictEqual(HostileText.toLine(HostileText.of("ab😀😀"), 4), "ab…")
    assert.strictEqual(HostileText.toLine(HostileText.of("x".repeat(1e7)), 10).length, 10)
  })

  it.each([
    ["https://a.example/x?y=1#z", "https://a.example/x?y=1#z"],
    ["HTTPS://A.example", "https://a.example/"],
    ["http://a.example/", null],
    ["javascript:alert(1)", null],
    ["java\tscript:alert(1)", null],
    ["\u0001javascript:alert(1)", null],
    [" https://a.example/", null],
    ["data:text/html,x", null],
    ["//evil.example", null],
    ["/\\evil.example", null],
    ["https:/\\evil.example", null],
    ["https:evil.example", null],
    ["https://user@evil.example/", null],
    ["https://appvet.dev@evil.example/", null],
    ["https://a.example/\u202egnp.exe", null],
    [`https://a.example/${"x".repeat(3_000)}`, null],
    ["", null]
  ])("the address %j may be linked as %j", (input, expected) => {
    assert.strictEqual(HostileText.toLink(HostileText.of(input)), expected)
  })

  it("links plain http only at the origin that was asked over plain http", () => {
    const link = (url: string, origin: string) => HostileText.toLink(HostileText.of(url), HostileText.of(origin))
    assert.strictEqual(link("http://127.0.0.1:8080/r", "http://127.0.0.1:8080"), "http://127.0.0.1:8080/r")
    assert.isNull(link("http://127.0.0.1:9090/r", "http://127.0.0.1:8080"))
    assert.isNull(link("http://a.example/r", "https://a.example"))
  })
})
