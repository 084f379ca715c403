/** The order of a vendor's lists decides nothing: neither which findings there are nor how bad they are. */
import { assert, describe, it } from "@effect/vitest"
import type { ScanOutcome, Vendor } from "@scanpoll/core"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import type { Script } from "@scanpoll/testkit"
import { UrlscanVendor } from "@scanpoll/urlscan"
import { VirusTotalVendor } from "@scanpoll/virustotal"
import { Effect } from "effect"
import github from "../examples/vendors/github-sarif.ts"
import sqlmap from "../examples/vendors/sqlmap.ts"
import ssllabs from "../examples/vendors/ssllabs.ts"
import zap from "../examples/vendors/zap.ts"
import { ok, outcomeOf, world } from "./support/traps.ts"

// What a finding is in a diff or a baseline, and what a gate sees of it.
const told = (items: ReadonlyArray<ScanOutcome.Finding>) =>
  items.map(({ findingId, severity }) => `${severity} ${findingId}`).toSorted()

const inOutcome = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, ...steps: ReadonlyArray<Script.Step>) =>
  Effect.map(outcomeOf(vendor, scanId, ...steps), ({ outcome }) =>
    outcome._tag === "Failed" ? assert.fail() : told(outcome.findings.items)
  )

const ended = { processing_status: "complete", analyses_url: "https://api.github.com/x" }

// By the call for the findings, about an outcome that needs nothing but its id.
const inCall = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, step: Script.Step) =>
  Effect.gen(function* () {
    const { outcome } = yield* outcomeOf(github, "acme/shop/u1", ok(ended))
    const { about, adapter, ticket } = yield* world(vendor, step)
    const found = yield* adapter.collect?.({ ...outcome, ticket: ticket(scanId) }, about) ?? assert.fail()
    return told(found.items)
  })

const test = (
  title: string,
  answer: (inOrder: <A>(list: ReadonlyArray<A>) => ReadonlyArray<A>) => ReturnType<typeof inCall>
) =>
  it.live(title, () =>
    Effect.gen(function* () {
      const there = yield* answer((list) => list)
      const back = yield* answer((list) => list.toReversed())
      assert.isAbove(there.length, 1)
      assert.deepStrictEqual(back, there)
    }).pipe(Effect.scoped)
  )

describe("the findings of a vendor are the same in any order of its lists", () => {
  test("engines of VirusTotal (V-05)", (inOrder) => {
    const id = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
    const stats = { malicious: 1, suspicious: 1, harmless: 60, undetected: 20, timeout: 0 }
    const engines = inOrder(["malicious", "suspicious", "Odd"]).map((category) => [`Says ${category}`, { category }])
    const attributes = { status: "completed", stats, results: Object.fromEntries(engines) }
    return inOutcome(VirusTotalVendor.vendor, id, ok({ data: { id, type: "analysis", attributes } }))
  })

  test("categories and brands of urlscan.io (V-05)", (inOrder) => {
    const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
    const lists = { categories: inOrder(["phishing", "malware"]), brands: inOrder(["acme", { key: "bank" }]) }
    const overall = { score: 60, malicious: false, hasVerdicts: true, ...lists }
    const page = { ip: "203.0.113.9", status: "200" }
    return inOutcome(
      UrlscanVendor.vendor,
      uuid,
      ok({ task: { uuid, url: "https://shop.example/" }, page, verdicts: { overall } })
    )
  })

  test("issues and conditions of SonarQube (V-05)", (inOrder) =>
    Effect.gen(function* () {
      const id = "AZq1vT0eTASK00000001"
      const task = { id, status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", componentKey: "acme_shop" }
      const conditions = inOrder(["new_coverage", "new_bugs"]).map((metricKey) => ({ status: "ERROR", metricKey }))
      const gate = ok({ projectStatus: { status: "ERROR", conditions } })
      const { outcome } = yield* outcomeOf(SonarQubeVendor.vendor, id, ok({ task }), gate)
      const issue = (key: string, severity: string) => ({ key, severity, rule: "r", message: "m", component: "a:b.ts" })
      const issues = inOrder([issue("k1", "BLOCKER"), issue("k2", "MINOR"), issue("k3", "Grave")])
      const { about, adapter } = yield* world(SonarQubeVendor.vendor, ok({ paging: { total: 3 }, issues }))
      const found = yield* adapter.collect?.(outcome, about) ?? assert.fail()
      return told(found.items)
    }))

  test("addresses, protocols and certificates of SSL Labs (V-05)", (inOrder) => {
    const startTime = Date.now() - 60_000
    const protocols = inOrder([
      { id: 768, name: "SSL" },
      { id: 769, name: "TLS" }
    ])
    const endpoints = inOrder(["A", "F"]).map((grade) => ({
      ipAddress: `203.0.113.${grade === "A" ? 1 : 2}`,
      statusMessage: "Ready",
      grade,
      details: { heartbleed: grade === "F", protocols }
    }))
    const certs = inOrder([{ issues: 8 }, { issues: 4 }])
    const answer = ok({ host: "shop.example", status: "READY", startTime, endpoints, certs })
    return inOutcome(ssllabs, `shop.example~${startTime}`, answer)
  })

  test("alerts of ZAP, the worse of two equal ones (V-05, V-02)", (inOrder) => {
    const alert = (id: string, risk: string, url = "https://shop.example/") => ({
      id,
      risk,
      url,
      alertRef: "10038-1",
      name: "CSP",
      method: "GET",
      param: ""
    })
    const alerts = inOrder([alert("1", "High"), alert("2", "Low"), alert("3", "Low", "https://shop.example/b")])
    return Effect.map(inCall(zap, "1", ok({ alerts })), (found) => {
      assert.strictEqual(found.filter((one) => one.startsWith("high")).length, 1)
      return found
    })
  })

  test("alerts of GitHub (V-05)", (inOrder) => {
    const alert = (number: number, level: string) => ({
      number,
      rule: { id: "js/xss", security_severity_level: level }
    })
    return inCall(github, "acme/shop/u1", ok(inOrder([alert(1, "low"), alert(2, "critical"), alert(3, "high")])))
  })

  test("injections of sqlmap (V-05)", (inOrder) => {
    const technique = (name: string) => ({ title: name, technique: name })
    const point = (parameter: string) => ({
      place: "GET",
      parameter,
      data: inOrder([technique("boolean"), technique("union")])
    })
    const value = inOrder([point("id"), point("q")])
    return inCall(sqlmap, "fba0ba89756b3ac5", ok({ success: true, data: [{ status: 1, type: 1, value }], error: [] }))
  })
})
