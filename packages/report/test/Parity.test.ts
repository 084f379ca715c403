import { assert, describe, it } from "@effect/vitest"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { Ajv2020 } from "ajv/dist/2020.js"
import { XMLParser } from "fast-xml-parser"
import papaparse from "papaparse"
import { info, start } from "./fixtures.ts"
import { render } from "./formats.ts"
import { hostile, make, makeHostile, many, records } from "./sample.ts"

type Attributes = { readonly [name: string]: unknown }

// What every format has to tell alike.
interface Facts {
  readonly scans: number
  readonly incomplete: number
  readonly findings: { readonly [severity: string]: number }
  readonly brokenRules: number
}

const tally = (words: Iterable<string>): { readonly [severity: string]: number } => {
  const out: { [severity: string]: number } = {}
  for (const word of words) out[word] = (out[word] ?? 0) + 1
  return out
}

const factsOf = (report: ScanReport.ScanReport): Facts => ({
  scans: report.summary.total,
  incomplete: report.summary.incomplete,
  findings: tally(
    report.scans.flatMap((scan) =>
      scan.findings.items.filter((item) => item.status !== "resolved").map((item) => item.severity)
    )
  ),
  brokenRules: report.gate.rules.filter((rule) => !rule.passed).length
})

const verdictOf = (text: string): readonly [scans: number, incomplete: number] => {
  const parts = /\b(\d{1,3}(?: \d{3})*) scans?: (.*?); (?:worst severity \w+|nothing was assessed)/.exec(
    text.replace(/\s+/g, " ")
  )
  const states = Array.from((parts?.[2] ?? "").matchAll(/(\d[\d ]*) ([a-z-]+)/g))
  const number = (digits: string | undefined) => Number((digits ?? "").replaceAll(" ", ""))
  const open = states.filter(([, , state]) => state !== "completed").map(([, count]) => number(count))
  return [number(parts?.[1]), open.reduce((sum, count) => sum + count, 0)]
}

const lines = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.trimEnd().split("\n"))

// Reads the facts out of each format the way its own readers would; null where a format does not carry a fact.
const readers: { readonly [name: string]: (text: string) => { readonly [K in keyof Facts]: Facts[K] | null } } = {
  text: (text) => {
    const [scans, incomplete] = verdictOf(text.slice(text.lastIndexOf("\n\n")))
    const found = Array.from(
      text.matchAll(/^ {6}(critical|unknown|high|medium|low|info|none) +\S/gm),
      ([, word]) => word ?? ""
    )
    return {
      scans,
      incomplete,
      findings: tally(found),
      brokenRules: (text.match(/^ {2}FAILED {2}(?:fail|min|max)-/gm) ?? []).length
    }
  },
  json: (text) => factsOf(JSON.parse(text)),
  events: (text) => {
    const all: ReadonlyArray<Attributes & { readonly scan: Attributes; readonly gate: Gate.GateResult }> = lines(
      text
    ).map((line) => JSON.parse(line))
    const ended = all.filter((line) => line["event"] === "ended").map((line) => line.scan)
    const last = all.at(-1)
    const items = (scan: Attributes): ReadonlyArray<Attributes> => {
      const findings: unknown = scan["findings"]
      return typeof findings === "object" && findings !== null && "items" in findings && Array.isArray(findings.items)
        ? findings.items
        : []
    }
    return {
      scans: ended.length,
      incomplete: ended.filter((scan) => scan["state"] !== "completed").length,
      findings: tally(
        ended.flatMap((scan) =>
          items(scan)
            .filter((item) => item["status"] !== "resolved")
            .map((item) => String(item["severity"]))
        )
      ),
      brokenRules: last?.gate.rules.filter((rule) => !rule.passed).length ?? -1
    }
  },
  sarif: (text) => {
    const log: {
      readonly runs: ReadonlyArray<{
        readonly properties: { readonly scans: number }
        readonly invocations: ReadonlyArray<{ readonly toolExecutionNotifications: ReadonlyArray<unknown> }>
        readonly results: ReadonlyArray<{ readonly properties: { readonly kind: string; readonly severity: string } }>
      }>
    } = JSON.parse(text)
    const results = log.runs.flatMap((run) => run.results).filter((result) => result.properties.kind === "finding")
    return {
      scans: log.runs.reduce((sum, run) => sum + run.properties.scans, 0),
      incomplete: log.runs.reduce((sum, run) => sum + (run.invocations[0]?.toolExecutionNotifications.length ?? 0), 0),
      findings: tally(results.map((result) => result.properties.severity)),
      brokenRules: null
    }
  },
  junit: (text) => {
    const root: {
      readonly testsuites: {
        readonly testsuite: ReadonlyArray<{ readonly name: string; readonly tests: string; readonly failures: string }>
      }
    } = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "",
      isArray: (name) => name === "testsuite"
    }).parse(text)
    const gate = root.testsuites.testsuite.filter((suite) => suite.name === "scanpoll.gate")
    const vendors = root.testsuites.testsuite.filter((suite) => suite.name !== "scanpoll.gate")
    const found = Array.from(
      text.matchAll(/^- (critical|unknown|high|medium|low|info|none): /gm),
      ([, word]) => word ?? ""
    )
    const open = Array.from(text.matchAll(/state: ([a-z-]+)$/gm), ([, state]) => state ?? "")
    return {
      scans: vendors.reduce((sum, suite) => sum + Number(suite.tests), 0),
      incomplete: open.filter((state) => state !== "completed").length,
      findings: tally(found),
      brokenRules: gate.reduce((sum, suite) => sum + Number(suite.failures), 0)
    }
  },
  csv: (text) => {
    const { data } = papaparse.parse<{ readonly [name: string]: string }>(text, { header: true, skipEmptyLines: true })
    const scans = data.filter((row) => row["row"] === "scan")
    const found = data.filter((row) => row["row"] === "finding" && row["status"] !== "resolved")
    return {
      scans: scans.length,
      incomplete: scans.filter((row) => row["state"] !== "completed").length,
      findings: tally(found.map((row) => row["severity"] ?? "")),
      brokenRules: null
    }
  },
  markdown: (text) => {
    const [scans, incomplete] = verdictOf(text)
    const [, ...tables] = text.split(/^### /m)
    const found = tables.flatMap((table) =>
      Array.from(table.matchAll(/^\| \*\*(\w+)\*\* \|/gm), ([, word]) => word ?? "")
    )
    return { scans, incomplete, findings: tally(found), brokenRules: (text.match(/^- \*\*failed\*\*/gm) ?? []).length }
  },
  html: (text) => {
    const body = text.replace(/<script[\s\S]*/, "")
    const list = /<table class="list"[\s\S]*?<\/table>/.exec(body)?.[0] ?? ""
    const states = Array.from(
      list.matchAll(/<tr data-sev(?:="\w*")? data-ven="[\w.-]+" data-sta="([a-z-]+)"/g),
      ([, state]) => state ?? ""
    )
    const found = Array.from(body.matchAll(/<ul class="finds">([\s\S]*?)<\/ul>/g), ([, part]) => part ?? "").flatMap(
      (part) =>
        Array.from(part.matchAll(/<li><div><span class="badge (\w+)">[\s\S]*?<\/li>/g), ([item, word]) =>
          item.includes("chip ok") ? "" : (word ?? "")
        )
    )
    return {
      scans: states.length,
      incomplete: states.filter((state) => state !== "completed").length,
      findings: tally(found.filter((word) => word !== "")),
      brokenRules: (body.match(/<b>failed<\/b>/g) ?? []).length
    }
  },
  github: (text) => {
    const named = lines(text).filter(
      (line) =>
        /title=[a-z]+%3A [a-z-]+::/.test(line) && !/title=(?:critical|unknown|high|medium|low|info|none)%3A/.test(line)
    )
    return {
      scans: null,
      incomplete: named.length,
      findings: null,
      brokenRules: lines(text).filter((line) => line.includes("title=Gate failed")).length
    }
  },
  defectdojo: (text) => {
    const file: {
      readonly description: string
      readonly findings: ReadonlyArray<{ readonly severity: string; readonly vuln_id_from_tool: string }>
    } = JSON.parse(text)
    const [scans, incomplete] = verdictOf(file.description)
    const found = file.findings.filter((one) => !one.vuln_id_from_tool.endsWith("/assessment"))
    return { scans, incomplete, findings: tally(found.map((one) => one.severity.toLowerCase())), brokenRules: null }
  },
  ocsf: (text) => {
    const all: ReadonlyArray<
      Attributes & { readonly compliance: { readonly control: string }; readonly status: string }
    > = lines(text).map((line) => JSON.parse(line))
    const scans = all.filter((event) => event["class_uid"] === 6007)
    const names: { readonly [name: string]: string } = {
      Critical: "critical",
      High: "high",
      Medium: "medium",
      Low: "low",
      Informational: "info",
      Unknown: "unknown"
    }
    return {
      scans: scans.length,
      incomplete: scans.filter((event) => event["status_code"] !== "completed").length,
      findings: tally(
        all
          .filter(
            (event) =>
              event["class_uid"] === 2003 &&
              event.status !== "Resolved" &&
              !event.compliance.control.endsWith("/assessment")
          )
          .map((event) => names[String(event["severity"])] ?? "")
      ),
      brokenRules: null
    }
  }
}

const compared = () => {
  // With resolved, unchanged and accepted findings beside new ones.
  const older: ReadonlyArray<ScanRecord> = records.map((record) =>
    record.outcome === null || record.outcome._tag === "Failed"
      ? record
      : {
          ...record,
          outcome: {
            ...record.outcome,
            findings: {
              ...record.outcome.findings,
              items: [
                ...record.outcome.findings.items.slice(1),
                ...record.outcome.findings.items
                  .slice(0, 1)
                  .map((item) => ({ ...item, findingId: `${item.findingId}:old` }))
              ]
            }
          }
        }
  )
  const baseline = Baseline.fromReport(ScanReport.fromRecords(older, info()))
  const accepted = {
    ...baseline,
    subjects: baseline.subjects.map((subject, at) =>
      at === 1 ? { ...subject, findings: subject.findings.map((one) => ({ ...one, reason: one.title })) } : subject
    )
  }
  return Baseline.apply(make(), accepted, start)
}

describe.each([
  ["a usual run", make],
  ["a run held against a baseline", compared],
  ["many scans", () => ScanReport.fromRecords(many(40, 5), info({ policy: { ...Gate.none, failOn: "critical" } }))],
  ["no scans", () => ScanReport.fromRecords([], info())]
] as const)("%s", (name, report) => {
  const value = report()
  const facts = factsOf(value)

  it("holds the published schema", async () => {
    const validate = new Ajv2020({ strict: false }).compile(ScanReport.jsonSchema())
    validate(JSON.parse(await render("json", value)))
    assert.deepStrictEqual(validate.errors ?? [], [])
  })

  it.each(Format.names)("%s tells the same counts as the report", async (format) => {
    const read = readers[format]
    assert.isDefined(read, "a format without a reader here")
    const told = read?.(await render(format, value, { maxFindings: 1_000, width: 240 }))
    for (const key of ["scans", "incomplete", "findings", "brokenRules"] as const) {
      if (told?.[key] === null) continue
      if (key === "scans" && name === "no scans" && Number.isNaN(told?.scans)) continue
      assert.deepStrictEqual(told?.[key], facts[key], key)
    }
  })
})

describe("every format", () => {
  it.each(Format.names)("%s gives the same bytes for the same report", async (format) => {
    assert.strictEqual(await render(format, make()), await render(format, make()))
    const hours = process.env["TZ"]
    process.env["TZ"] = "Pacific/Chatham"
    try {
      assert.strictEqual(
        await render(format, make()),
        await render(format, ScanReport.regate(make(), make().gate.policy))
      )
    } finally {
      if (hours === undefined) delete process.env["TZ"]
      else process.env["TZ"] = hours
    }
  })

  it.each(Format.names)("%s has no escape, control or direction character of a vendor (RP-06)", async (format) => {
    const text = await render(format, makeHostile(), { maxFindings: 1_000 })
    const active = (code: number) =>
      (code < 32 && code !== 9 && code !== 10 && code !== 13) ||
      (code >= 127 && code <= 159) ||
      [0x200e, 0x200f, 0xfeff].includes(code) ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069)
    const found = Array.from(text, (char) => char.codePointAt(0) ?? 0).filter(active)
    assert.deepStrictEqual(found, [])
    assert.isTrue(text.isWellFormed())
  })

  it.each(Format.names.filter((name) => name !== "json"))(
    "%s does not carry a text of 20 000 characters whole",
    async (format) => {
      const text = await render(format, makeHostile())
      if (format === "csv" || format === "html" || format === "events") {
        // Cells may be that long; the page and the events carry the canonical row.
        assert.isBelow(text.length, hostile.length * 400_000)
      } else {
        assert.notInclude(text, "x".repeat(8_001))
      }
    }
  )

  it.each(Format.names)("%s shows no credential that was to be replaced", async (format) => {
    const canary = "CANARY-4f1e-secret"
    const secret = ScanReport.fromRecords(
      records.map((record) => ({
        ...record,
        warnings: [canary],
        subject: { ...record.subject, name: canary },
        reason: { code: canary, message: canary, advice: canary, requestId: canary }
      })),
      info({ id: canary, plan: `${canary}.yaml`, redact: (text) => text.replaceAll(canary, "<redacted>") })
    )
    assert.notInclude(await render(format, secret), canary)
  })

  it("knows every severity", async () => {
    const report = ScanReport.fromRecords(
      many(7, 1).map((record, at) =>
        record.outcome === null || record.outcome._tag === "Failed"
          ? record
          : {
              ...record,
              outcome: {
                ...record.outcome,
                assessment: { ...record.outcome.assessment, severity: Severity.all[at] ?? "none" }
              }
            }
      ),
      info()
    )
    for (const name of Format.names) assert.isAbove((await render(name, report)).length, 0)
  })
})
