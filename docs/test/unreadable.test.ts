/**
 * Every field of every vendor that may say something bad: where it is there and cannot be read, no gate on severities passes.
 * Each answer here is bad by one field alone, which then takes shapes that its vendor does not document.
 */
import { assert, describe, it } from "@effect/vitest"
import { AppVetVendor } from "@scanpoll/appvet"
import { ComplianceVendor } from "@scanpoll/compliance"
import { ScanOutcome, ScanTicket, type Vendor, VendorHttp } from "@scanpoll/core"
import { ExonaVendor } from "@scanpoll/exona"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import { UrlscanVendor } from "@scanpoll/urlscan"
import { VirusTotalVendor } from "@scanpoll/virustotal"
import { Effect, Layer, Redacted, Result } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import github from "../examples/vendors/github-sarif.ts"
import harbourmaster from "../examples/vendors/harbourmaster.ts"
import probely from "../examples/vendors/probely.ts"
import sqlmap from "../examples/vendors/sqlmap.ts"
import ssllabs from "../examples/vendors/ssllabs.ts"
import zap from "../examples/vendors/zap.ts"

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [name: string]: Json }

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)

const put = (value: Json, [step, ...rest]: ReadonlyArray<string>, to: Json): Json => {
  if (step === undefined) return to
  if (isList(value)) return value.map((one, at) => (at === Number(step) ? put(one, rest, to) : one))
  if (typeof value !== "object" || value === null) return assert.fail(`nothing at ${step}`)
  return { ...value, [step]: put(value[step] ?? null, rest, to) }
}

// Shapes that are wrong for what a field holds.
const odd = {
  number: ["3", "n/a", "", true, [3], {}, 1e21],
  count: ["3", "n/a", "", true, [3], {}, -1, 1.5, 1e21],
  integer: ["3", "n/a", "", true, [3], {}, 1.5],
  flag: ["true", "yes", 1, [true], {}],
  text: [3, true, ["x"], {}, { value: "x" }],
  word: ["zzz", "HIGH ", 3, true, ["x"], {}],
  list: ["x", 3, true, { 0: "x" }, ["x"], [3]],
  object: ["x", 3, true, ["x"]]
} as const satisfies Readonly<Record<string, ReadonlyArray<Json>>>

type Field = readonly [answer: string, path: string, kind: keyof typeof odd]

/** Whether a gate on severities has nothing against it. */
const passes = (outcome: ScanOutcome.ScanOutcome<unknown>): boolean => {
  if (outcome._tag === "Failed") return false
  const { assessment, findings } = ScanOutcome.evidence(outcome)
  const isJudged = assessment.status !== "unavailable" && findings.status !== "unavailable"
  return isJudged && !["high", "critical", "unknown"].includes(ScanOutcome.severity(outcome))
}

const base = "https://vendor.example"

/** A scan whose answers, by the starts of their paths, are bad by `fields` alone. Which of them passes in an odd shape. */
const tried = <T, P>(
  vendor: Vendor.Vendor<T, P>,
  scanId: string,
  answers: Readonly<Record<string, Json>>,
  fields: ReadonlyArray<Field>
) =>
  Effect.gen(function* () {
    let told = answers
    const client = HttpClient.make((request, url) =>
      Effect.sync(() => {
        const found = Object.entries(told).find(([start]) => url.pathname.startsWith(start))
        const body = found === undefined ? "{}" : JSON.stringify(found[1])
        return HttpClientResponse.fromWeb(request, new Response(body, { status: found === undefined ? 404 : 200 }))
      })
    )
    const http = Layer.provide(VendorHttp.layer, Layer.succeed(HttpClient.HttpClient, client))
    const credential = Redacted.make(vendor.auth === "basic" ? "user:a1a1a1a1" : "a1".repeat(32))
    const adapter = yield* Effect.provide(vendor.make({ baseUrl: base, credential }), http)
    const about = { subject: adapter.subject(vendor.sample), request: vendor.sample }
    const ticket = ScanTicket.make({
      vendor: vendor.name,
      origin: adapter.origin,
      account: "default",
      scanId,
      submittedAt: null
    })
    const look = Effect.gen(function* () {
      const polled = (yield* adapter.poll(ticket, about)).observation
      const shown =
        polled._tag === "Ended" && adapter.result !== undefined
          ? (yield* adapter.result(ticket, polled.vendorStatus, about)).observation
          : polled
      if (shown._tag !== "Settled" || shown.value._tag === "Failed" || adapter.collect === undefined) return shown
      const found = yield* Effect.result(adapter.collect(shown.value, about))
      const value = Result.match(found, {
        onFailure: () => ScanOutcome.withoutFindings(shown.value, "unreadable"),
        onSuccess: (findings) => ScanOutcome.withFindings(shown.value, findings)
      })
      return { ...shown, value }
    })
    const isPassed = Effect.match(look, {
      onFailure: () => false,
      onSuccess: (shown) => shown._tag === "Settled" && passes(shown.value)
    })
    // As it is, the answer is read, and bad.
    const plain = yield* look
    assert.strictEqual(plain._tag, "Settled", vendor.name)
    assert.isFalse(yield* isPassed, `${vendor.name} as it is`)
    const passed: Array<string> = []
    for (const [answer, path, kind] of fields) {
      for (const shape of odd[kind]) {
        told = { ...answers, [answer]: put(answers[answer] ?? null, path.split("."), shape) }
        if (yield* isPassed) passed.push(`${path} = ${JSON.stringify(shape)}`)
      }
    }
    assert.deepStrictEqual(passed, [], vendor.name)
  })

const each = (...all: ReadonlyArray<ReturnType<typeof tried>>) => Effect.all(all, { discard: true })

const start = 1_764_449_407_000

describe("what an answer says and cannot be read never passes for fine:", () => {
  it.effect("of Exona, its risk level (V-02)", () => {
    const id = "scn_1"
    const result = { risk_assessment: { overall_risk_level: "High" }, matched_incidents: [] }
    return tried(ExonaVendor.vendor, id, { "/": { id, status: "completed", result } }, [
      ["/", "result.risk_assessment.overall_risk_level", "word"],
      ["/", "result.risk_assessment", "object"],
      ["/", "result", "object"]
    ])
  })

  it.effect("of the compliance API, its score and what it counts by severity (V-02)", () => {
    const id = "43aa3662-f555-453a-94da-7f86e996c464"
    const scan = { id, status: "completed", violation_count: 3, rules_processed: 11, rules_total: 11, record_count: 35 }
    const scored = { ...scan, compliance_score: 99.31 }
    const summed = { ...scored, review_summary: { by_severity: { CRITICAL: 2 } } }
    const compliance = ComplianceVendor.vendor
    return each(
      tried(compliance, id, { "/": { ...scan, compliance_score: 12 } }, [["/", "compliance_score", "number"]]),
      tried(compliance, id, { "/": summed }, [
        ["/", "review_summary", "object"],
        ["/", "review_summary.by_severity", "object"],
        ["/", "review_summary.by_severity.CRITICAL", "count"]
      ]),
      tried(compliance, id, { "/": { ...scored, by_severity: { CRITICAL: 2 } } }, [
        ["/", "by_severity", "object"],
        ["/", "by_severity.CRITICAL", "count"]
      ])
    )
  })

  it.effect("of AppVet, its grade, and in the report the checks, the counts and the grade (V-02)", () => {
    const id = "scan_1"
    const url = "https://example.com/"
    const scan = { id, status: "completed", type: "security", url, result: { score: 95, grade: "A" } }
    const fine = { name: "HSTS", status: "pass", severity: null }
    const bad = { name: "CSP", status: "fail", severity: "critical" }
    const report = (checks: ReadonlyArray<Json>, more: Readonly<Record<string, Json>> = {}) => ({
      "/v1/scan/": scan,
      "/v1/report/": { id, type: "security", url, categories: [{ name: "Headers", checks }], ...more }
    })
    const nothing = { total_checks: 2, passed: 2, failed: 0, warnings: 0, critical: 0, high: 0, medium: 0, low: 0 }
    const check = "categories.0.checks.1"
    const appvet = AppVetVendor.vendor
    const checks: ReadonlyArray<Field> = [
      ["/v1/report/", `${check}.status`, "word"],
      ["/v1/report/", `${check}.severity`, "word"],
      ["/v1/report/", `${check}.name`, "text"],
      ["/v1/report/", check, "object"],
      ["/v1/report/", "categories.0.checks", "list"],
      ["/v1/report/", "categories.0", "object"]
    ]
    return each(
      tried(appvet, id, { ...report([fine]), "/v1/scan/": { ...scan, result: { score: 20, grade: "F" } } }, [
        ["/v1/scan/", "result", "object"],
        ["/v1/scan/", "result.grade", "word"],
        ["/v1/scan/", "result.score", "number"]
      ]),
      tried(appvet, id, report([fine, bad]), checks),
      // The counts say that nothing failed.
      tried(appvet, id, report([fine, bad], { summary: nothing }), checks),
      tried(appvet, id, report([fine], { summary: { ...nothing, critical: 1 } }), [
        ["/v1/report/", "summary", "object"],
        ["/v1/report/", "summary.critical", "count"]
      ]),
      tried(appvet, id, report([fine], { grade: "F", score: 10 }), [["/v1/report/", "grade", "word"]]),
      tried(appvet, id, report([fine], { score: 10 }), [["/v1/report/", "score", "number"]])
    )
  })

  it.effect("of AppVet, a report without a check, and a grade far better than its score (V-11)", () => {
    const id = "scan_1"
    const url = "https://example.com/"
    const scan = { id, status: "completed", type: "security", url, result: { score: 95, grade: "A" } }
    const report = (checks: ReadonlyArray<Json>, more: Readonly<Record<string, Json>> = {}) => ({
      "/v1/scan/": scan,
      "/v1/report/": { id, type: "security", url, categories: [{ name: "Headers", checks }], ...more }
    })
    const fine = { name: "HSTS", status: "pass" }
    const appvet = AppVetVendor.vendor
    return each(
      tried(appvet, id, report([]), []),
      tried(appvet, id, report([], { summary: { total_checks: 0, passed: 0, failed: 0, warnings: 0 } }), []),
      tried(appvet, id, report([fine], { grade: "A", score: 12 }), []),
      tried(appvet, id, { ...report([fine]), "/v1/scan/": { ...scan, result: { score: 12, grade: "A" } } }, [])
    )
  })

  it.effect("of urlscan.io, the verdicts beside the overall one, the flagged requests and Safe Browsing (V-02)", () => {
    const id = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
    const visit = (verdicts: Readonly<Record<string, Json>>, more: Readonly<Record<string, Json>> = {}) => ({
      "/": {
        task: { uuid: id, url: "https://shop.example/" },
        page: { ip: "203.0.113.9", status: "200" },
        verdicts: { overall: { score: 0, malicious: false, hasVerdicts: true }, ...verdicts },
        ...more
      }
    })
    const urlscan = UrlscanVendor.vendor
    const matched = { processors: { gsb: { data: { matches: [{ threatType: "MALWARE" }] } } } }
    return each(
      ...["urlscan", "community"].flatMap((name) => [
        tried(urlscan, id, visit({ [name]: { malicious: true } }), [
          ["/", `verdicts.${name}`, "object"],
          ["/", `verdicts.${name}.malicious`, "flag"]
        ]),
        tried(urlscan, id, visit({ [name]: { score: 80 } }), [["/", `verdicts.${name}.score`, "number"]])
      ]),
      tried(urlscan, id, visit({ engines: { maliciousTotal: 3 } }), [
        ["/", "verdicts.engines", "object"],
        ["/", "verdicts.engines.maliciousTotal", "count"]
      ]),
      tried(urlscan, id, visit({ engines: { malicious: ["A"] } }), [["/", "verdicts.engines.malicious", "text"]]),
      tried(urlscan, id, visit({ engines: { score: 90 } }), [["/", "verdicts.engines.score", "number"]]),
      tried(urlscan, id, visit({}, { stats: { malicious: 2 } }), [
        ["/", "stats", "object"],
        ["/", "stats.malicious", "count"]
      ]),
      tried(urlscan, id, visit({}, { meta: matched }), [
        ["/", "meta", "object"],
        ["/", "meta.processors", "object"],
        ["/", "meta.processors.gsb", "object"],
        ["/", "meta.processors.gsb.data", "object"],
        ["/", "meta.processors.gsb.data.matches", "object"]
      ])
    )
  })

  it.effect("of VirusTotal, its counts and each engine, also where the counts are fine (V-02)", () => {
    const id = "u-0a-1764449407"
    const analysis = (stats: Readonly<Record<string, Json>>, results: Json) => ({
      "/": {
        data: {
          id,
          attributes: {
            status: "completed",
            stats: { harmless: 60, malicious: 0, suspicious: 0, undetected: 20, ...stats },
            results
          }
        }
      }
    })
    const engine = (category: string) => ({ category, result: null })
    const attributes = "data.attributes"
    return each(
      tried(VirusTotalVendor.vendor, id, analysis({ malicious: 3 }, null), [
        ["/", `${attributes}.stats.malicious`, "count"]
      ]),
      tried(VirusTotalVendor.vendor, id, analysis({}, { A: engine("malicious"), B: engine("malicious") }), [
        ["/", `${attributes}.results`, "object"],
        ["/", `${attributes}.results.A.category`, "word"]
      ])
    )
  })

  it.effect("of SonarQube, the conditions of a gate that is OK and the impacts of an issue (V-02)", () => {
    const id = "AZq1vT0eTASK00000001"
    const task = { id, status: "SUCCESS", analysisId: "AN1", componentKey: "acme", branch: "main" }
    const issue = { key: "a", rule: "ts:S1", severity: "MINOR", component: "acme:a.ts", message: "m" }
    const answers = (conditions: Json, issues: ReadonlyArray<Json>) => ({
      "/api/ce/task": { task },
      "/api/qualitygates/": { projectStatus: { status: "OK", conditions } },
      "/api/issues/": { paging: { total: issues.length }, issues }
    })
    const condition = "projectStatus.conditions.0"
    const impacts = [{ severity: "HIGH" }]
    return each(
      tried(SonarQubeVendor.vendor, id, answers([{ status: "ERROR", metricKey: "bugs" }], []), [
        ["/api/qualitygates/", "projectStatus.conditions", "list"],
        ["/api/qualitygates/", condition, "object"],
        ["/api/qualitygates/", `${condition}.status`, "word"],
        ["/api/qualitygates/", `${condition}.metricKey`, "text"]
      ]),
      tried(SonarQubeVendor.vendor, id, answers([], [{ ...issue, impacts }]), [
        ["/api/issues/", "issues.0.impacts", "list"],
        ["/api/issues/", "issues.0.impacts.0", "object"],
        ["/api/issues/", "issues.0.impacts.0.severity", "word"],
        ["/api/issues/", "issues.0", "object"]
      ])
    )
  })

  it.effect("of SSL Labs, each address, its protocols and codes, and the certificates (V-02)", () => {
    const host = (details: Readonly<Record<string, Json>>, issues = 0) => ({
      "/": {
        host: "shop.example",
        status: "READY",
        startTime: start,
        endpoints: [{ ipAddress: "203.0.113.9", statusMessage: "Ready", grade: "A", details }],
        certs: [{ issues }]
      }
    })
    const id = `shop.example~${start}`
    const details = "endpoints.0.details"
    return each(
      tried(ssllabs, id, host({ heartbleed: true }), [
        ["/", "endpoints", "list"],
        ["/", "endpoints.0.ipAddress", "text"],
        ["/", details, "object"],
        ["/", `${details}.heartbleed`, "flag"]
      ]),
      tried(ssllabs, id, host({ bleichenbacher: 3 }), [["/", `${details}.bleichenbacher`, "integer"]]),
      tried(ssllabs, id, host({ protocols: [{ id: 512, name: "SSL" }] }), [
        ["/", `${details}.protocols`, "list"],
        ["/", `${details}.protocols.0`, "object"],
        ["/", `${details}.protocols.0.id`, "integer"]
      ]),
      tried(ssllabs, id, host({}, 4), [
        ["/", "certs", "list"],
        ["/", "certs.0", "object"],
        ["/", "certs.0.issues", "integer"]
      ])
    )
  })

  it.effect("of sqlmap, its results, also where the log says that nothing was found (V-02)", () => {
    const id = "0000000000000001"
    const message = "all tested parameters do not appear to be injectable. Try to increase '--level'"
    const point = { place: "GET", parameter: "id", data: { 1: { title: "AND boolean-based blind" } } }
    const answers = {
      [`/scan/${id}/status`]: { success: true, status: "terminated", returncode: 0 },
      [`/scan/${id}/log`]: { success: true, log: [{ level: "CRITICAL", message }] },
      "/": { success: true, data: [{ status: 1, type: 1, value: [point] }], error: [] }
    }
    const failed = { ...answers, "/": { success: true, data: [], error: ["unhandled exception"] } }
    return each(
      tried(sqlmap, id, failed, [["/", "error", "object"]]),
      tried(sqlmap, id, answers, [
        ["/", "data", "list"],
        ["/", "data.0", "object"],
        ["/", "data.0.type", "integer"],
        ["/", "data.0.value", "list"],
        ["/", "data.0.value.0", "object"],
        ["/", "data.0.value.0.place", "text"],
        ["/", "data.0.value.0.parameter", "text"],
        ["/", "data.0.value.0.data", "list"],
        ["/", "data.0.value.0.data.1", "object"],
        ["/", "data.0.value.0.data.1.title", "text"]
      ])
    )
  })

  it.effect("of ZAP, Probely, GitHub and Harbourmaster, their counts, words and scores (V-02)", () => {
    const alert = { id: "1", alertRef: "1", name: "XSS", risk: "High", url: "https://shop.example/" }
    const counts = { High: 0, Medium: 0, Low: 1, Informational: 0 }
    const scans = { scans: [{ id: "1", progress: "100", state: "FINISHED", reqCount: "17" }] }
    const zapped = (summary: Json, alerts: ReadonlyArray<Json>) => ({
      "/JSON/ascan/": scans,
      "/JSON/alert/view/alertsSummary/": { alertsSummary: summary },
      "/JSON/alert/view/alerts/": { alerts }
    })
    const rule = { id: "r", security_severity_level: "high", severity: "note" }
    return each(
      tried(zap, "1", zapped({ ...counts, High: 2 }, []), [
        ["/JSON/alert/view/alertsSummary/", "alertsSummary.High", "count"]
      ]),
      tried(zap, "1", zapped(counts, [alert]), [
        ["/JSON/alert/view/alerts/", "alerts", "list"],
        ["/JSON/alert/view/alerts/", "alerts.0", "object"],
        ["/JSON/alert/view/alerts/", "alerts.0.risk", "word"],
        ["/JSON/alert/view/alerts/", "alerts.0.name", "text"]
      ]),
      tried(
        probely,
        "RzXFSNHH3qUY/S1",
        { "/": { id: "S1", target: { id: "RzXFSNHH3qUY" }, status: "completed", highs: 2, mediums: 0, lows: 0 } },
        [["/", "highs", "count"]]
      ),
      tried(
        github,
        "acme/shop/47177e22-5596-11eb-80a1-c1e54ef945c6",
        {
          "/repos/acme/shop/code-scanning/sarifs/": {
            processing_status: "complete",
            analyses_url: "https://a.example/"
          },
          "/repos/acme/shop/code-scanning/alerts": [{ number: 3, rule }]
        },
        [["/repos/acme/shop/code-scanning/alerts", "0.rule.security_severity_level", "word"]]
      ),
      tried(harbourmaster, "id1", { "/": { id: "id1", state: "done", result: { score: 12 } } }, [
        ["/", "result", "object"],
        ["/", "result.score", "number"]
      ])
    )
  })
})
