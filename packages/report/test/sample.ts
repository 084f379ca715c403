import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Gate from "@scanpoll/report/Gate"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { assessment, completed, finding, inState, info, partial, score, start, ticket } from "./fixtures.ts"

const day = 24 * 3_600_000

const checks: ReadonlyArray<readonly [rule: string, title: string, severity: Severity, fix: string]> = [
  ["headers/csp", "Content-Security-Policy is missing", "high", "Send a Content-Security-Policy header."],
  ["tls/hsts", "Strict-Transport-Security is too short", "medium", "Set max-age to a year."],
  ["cookies/flags", "A session cookie lacks Secure", "high", "Add Secure and HttpOnly."],
  ["tls/versions", "TLS 1.0 is offered", "critical", "Offer TLS 1.2 and later only."],
  ["headers/referrer", "Referrer-Policy is missing", "low", "Send strict-origin-when-cross-origin."],
  ["dns/caa", "No CAA record", "info", "Add a CAA record."]
]

export const webFindings = (
  site: string,
  picks: ReadonlyArray<number>,
  status: ScanOutcome.Finding["status"] = "unknown"
) =>
  picks.map((at) => {
    const [rule, title, severity, fix] = checks[at % checks.length] ?? ["other", "Other", "info" as const, ""]
    return finding({
      findingId: `appvet:security:${site}:${rule}`,
      ruleId: rule,
      title,
      description: `${title}. Seen in the answer of ${site}.`,
      severity,
      vendorSeverity: severity,
      resource: site,
      remediation: fix,
      status
    })
  })

const url = (index: number, name: string, rest: Parameters<typeof completed>[1] = {}): ScanRecord =>
  completed(index, { name, links: { report: `https://appvet.example/report/scan_${index}` }, ...rest })

const company = (index: number, name: string, rest: Parameters<typeof completed>[1] = {}): ScanRecord => ({
  ...completed(index, { vendor: "exona", ...rest }),
  subject: { kind: "company", id: `https://${name.toLowerCase().replaceAll(" ", "-")}.example`, name }
})

const dataset = (index: number, name: string, rest: Parameters<typeof completed>[1] = {}): ScanRecord => ({
  ...completed(index, { vendor: "compliance", ...rest }),
  subject: { kind: "dataset", id: `policy:p${index},upload:u${index},mapping:m${index}`, name }
})

// A run as a person meets it: three vendors, and one scan of nearly every fate.
export const records: ReadonlyArray<ScanRecord> = [
  company(0, "Acme AI Ltd", {
    assessment: assessment("critical", { vendorSeverity: "Very High" }),
    findings: {
      coverage: "full",
      total: 2,
      items: [
        finding({
          findingId: "exona:acme:incident-1",
          ruleId: "incident/privacy",
          title: "A chatbot disclosed other customers' orders",
          severity: "high",
          description: "Similar to the product of this company (0.81).",
          references: ["https://incidents.example/2024/17"]
        }),
        finding({
          findingId: "exona:acme:incident-2",
          ruleId: "incident/ip",
          title: "Training data under licence",
          severity: "medium"
        })
      ]
    }
  }),
  url(1, "https://shop.example.com/", {
    assessment: assessment("medium", { vendorSeverity: "C", score: score(72, "C") }),
    findings: { coverage: "full", total: 5, items: webFindings("https://shop.example.com/", [0, 1, 2, 4, 5], "new") }
  }),
  dataset(2, "Transactions Q1 against AML", {
    assessment: assessment("medium", { compliance: "fail", score: score(77.5) }),
    findings: {
      coverage: "counts-only",
      total: 23,
      items: [
        finding({
          findingId: "compliance:violations:p2:u2:m2",
          ruleId: "compliance/violations",
          title: "23 violations",
          severity: "medium",
          status: "new",
          resource: "upload:u2"
        })
      ]
    },
    delta: {
      source: "vendor",
      new: 5,
      resolved: 12,
      unchanged: 18,
      previousScanId: "scan_prev",
      previousTotal: 30,
      consistent: true,
      comparable: true
    }
  }),
  inState(3, "still-running", {
    subject: { kind: "url", id: "https://slow.example.com/", name: "https://slow.example.com/" },
    progress: { fraction: 0.45, done: null, total: null }
  }),
  {
    ...partial(4, {
      assessment: assessment("low", { vendorSeverity: "B", score: score(84, "B") }),
      findings: { coverage: "partial", total: 1, items: webFindings("https://blog.example.com/", [4]) }
    }),
    subject: { kind: "url", id: "https://blog.example.com/", name: "https://blog.example.com/" }
  },
  inState(5, "failed", {
    vendor: "exona",
    ticket: ticket("exona", "scan_5"),
    subject: { kind: "company", id: "https://closed.example", name: "Closed Website GmbH" }
  }),
  company(6, "Quiet Machines Inc", {
    assessment: assessment("low", { vendorSeverity: "Low" }),
    cached: true,
    ageMs: 3 * day
  }),
  dataset(7, "Customers EU against GDPR", {
    assessment: assessment("info", { compliance: "pass", score: score(100) }),
    findings: { coverage: "counts-only", total: 0, items: [] }
  }),
  url(8, "https://docs.example.com/", {
    assessment: assessment("info", { vendorSeverity: "A", score: score(97, "A") }),
    findings: { coverage: "full", total: 0, items: [] },
    createdAt: start + 2_000,
    completedAt: start + 20_000
  }),
  inState(9, "in-doubt", {
    vendor: "exona",
    subject: { kind: "company", id: "https://maybe.example", name: "Maybe Bought SA" },
    reason: { code: "timeout", message: "the answer to the submission was lost", advice: null, requestId: null }
  })
]

export const policy: Gate.GatePolicy = { ...Gate.none, failOn: "high", minScore: [{ vendor: "appvet", score: 80 }] }

export const make = (fields: Partial<ScanReport.RunInfo> = {}): ScanReport.ScanReport =>
  ScanReport.fromRecords(
    records,
    info({
      policy,
      row: (record) => ({ declaredAt: { line: 5 + record.index * 4, column: 5 } }),
      ...fields
    })
  )

// Many scans with many findings, of three vendors.
export const many = (scans: number, findings: number): ReadonlyArray<ScanRecord> =>
  Array.from({ length: scans }, (_, index) => {
    const site = `https://site-${index}.example.com/`
    const items = Array.from({ length: findings }, (_, at) => {
      const [one] = webFindings(site, [(index + at) % checks.length], at % 3 === 0 ? "new" : "unchanged")
      return {
        ...(one ?? finding({ findingId: "x" })),
        findingId: `appvet:security:${site}:${at}`,
        title: `${one?.title ?? ""} (${at})`
      }
    })
    const value = (index * 37) % 101
    const grade = value >= 90 ? "A" : value >= 80 ? "B" : value >= 70 ? "C" : value >= 60 ? "D" : "F"
    return url(index, site, {
      assessment: assessment(value >= 90 ? "info" : value >= 70 ? "medium" : "high", {
        vendorSeverity: grade,
        score: score(value, grade)
      }),
      findings: { coverage: "full", total: items.length, items }
    })
  })

export const hostile: ReadonlyArray<string> = [
  "</script><img src=x onerror=alert(1)>",
  '"><svg onload=alert(1)>',
  "<!--<script>alert(1)</script>-->",
  "]]><script>alert(1)</script>",
  "javascript:alert(1)",
  '=HYPERLINK("https://evil.example")',
  "+1+cmd|' /C calc'!A0",
  " -2+3",
  "\t=1",
  "＝1+1",
  "@SUM(1)",
  "| a | b |\n|---|---|",
  "`code` **bold** [link](https://evil.example) ![beacon](https://evil.example/x.png)",
  "</details><details open>",
  "<https://evil.example> www.evil.example https://evil.example a@evil.example",
  "@octocat #12 GH-12 owner/repo#3",
  "\n::error::owned\n::add-mask::x\n  ::stop-commands::y",
  "##[stop-commands]x ##[add-mask]y",
  "\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007\u001b[2J\u009b31m",
  "\u202egnp.exe \u2066x\u2069 \u200b\ufeff",
  "nul\u0000 bell\u0007 del\u007f vt\u000b lone\ud800 ffff\uffff \u2028 \u2029 \u0085",
  "{0} {{1}} %s %0A %25 ${x} {{constructor.constructor('alert(1)')()}}",
  "'; DROP TABLE scans; --",
  "x".repeat(20_000)
]

// A text in every place a vendor or a plan can reach.
export const saying = (text: string, at: number): ReadonlyArray<ScanRecord> => {
  const said = completed(2 * at, {
    vendorStatus: text,
    assessment: assessment("high", { vendorSeverity: text, score: score(50, text) }),
    findings: {
      coverage: "full",
      total: 1,
      items: [
        finding({
          findingId: text,
          ruleId: text,
          title: text,
          description: text,
          severity: "high",
          vendorSeverity: text,
          resource: text,
          remediation: text,
          references: [text]
        })
      ]
    },
    warnings: [text],
    links: { report: text },
    requestId: text
  })
  const subject = { kind: "url" as const, id: text, name: text }
  const none = inState(2 * at + 1, "refused", {
    subject,
    account: text,
    claimId: `${text}${at}`,
    reason: { code: text, message: text, advice: text, requestId: text },
    warnings: [text]
  })
  return [{ ...said, subject, account: text, claimId: `${at}${text}` }, none]
}

export const hostileRecords: ReadonlyArray<ScanRecord> = hostile.flatMap(saying)

export const makeHostile = (): ScanReport.ScanReport =>
  ScanReport.fromRecords(
    hostileRecords,
    info({
      plan: hostile.join(" "),
      id: hostile.join(" "),
      version: "0.1.0 <b>",
      policy: { ...Gate.none, failOn: "high" },
      faults: hostile.map((message) => ({ code: 74, message }))
    })
  )
