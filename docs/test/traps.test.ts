/** What the vendors of `docs/examples/vendors` do that could look clean, or done, and is not: each trap of their sheets. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { ScanOutcome, ScanTicket, type Vendor, VendorHttp } from "@scanpoll/core"
import { type Conformance, Script, Stage } from "@scanpoll/testkit"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import { UrlscanVendor, UrlscanSamples } from "@scanpoll/urlscan"
import { VirusTotalSamples, VirusTotalVendor } from "@scanpoll/virustotal"
import { Effect, Layer, Redacted } from "effect"
import github from "../examples/vendors/github-sarif.ts"
import probely from "../examples/vendors/probely.ts"
import zap from "../examples/vendors/zap.ts"

const sonarqube = SonarQubeVendor.vendor
const virustotal = VirusTotalVendor.vendor
const virustotalSays = VirusTotalSamples.samples
const urlscan = UrlscanVendor.vendor
const urlscanSays = UrlscanSamples.samples
const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)
const key = "a1".repeat(32)

/** A vendor that gives these answers in their order, the last one for ever. */
const world = <T, P>(vendor: Vendor.Vendor<T, P>, ...answers: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const stage = yield* Stage.make({ vendor: vendor.name, credentials: [key], auth: vendor.auth ?? "bearer" })
    const steps = answers.map((step, at) => ({ ...step, times: at === answers.length - 1 ? Infinity : 1 }))
    yield* stage.script({ steps })
    const insecureHosts = [`127.0.0.1:${stage.port}`]
    const services = yield* Layer.build(http)
    const making = vendor.make({ baseUrl: stage.baseUrl, credential: Redacted.make(key), insecureHosts })
    const adapter = yield* Effect.provideContext(making, services)
    const about = { subject: adapter.subject(vendor.sample), request: vendor.sample }
    const ticket = (scanId: string) =>
      ScanTicket.make({ vendor: vendor.name, origin: adapter.origin, account: "default", scanId, submittedAt: null })
    return { adapter, about, ticket, paths: () => stage.ledger.requests().map(({ path }) => path) }
  })

/** The outcome of a scan, as the engine comes by it: by its status, and by its result where that is elsewhere. */
const outcomeOf = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, ...answers: ReadonlyArray<Script.Step>) =>
  Effect.gen(function* () {
    const { about, adapter, paths, ticket } = yield* world(vendor, ...answers)
    const polled = (yield* adapter.poll(ticket(scanId), about)).observation
    const seen =
      polled._tag === "Ended" && adapter.result !== undefined
        ? (yield* adapter.result(ticket(scanId), polled.vendorStatus, about)).observation
        : polled
    return { outcome: seen._tag === "Settled" ? seen.value : assert.fail(seen._tag), paths: paths() }
  })

const ok = (body: unknown): Conformance.Answer => ({ status: 200, body })
const severityOf = (outcome: ScanOutcome.ScanOutcome<unknown>) =>
  outcome._tag === "Failed" ? null : outcome.assessment.severity

describe("ZAP", () => {
  const scans = (fields: object) =>
    ok({ scans: [{ id: "1", progress: "100", state: "FINISHED", reqCount: "4122", ...fields }] })
  const summary = (counts: object) => ok({ alertsSummary: { High: 0, Medium: 0, Low: 0, Informational: 0, ...counts } })

  it.live("a scan that was stopped at 88 % is partial, though the status call says 100 (issue 14)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({ progress: "88" }), summary({ Low: 1 }))
      assert.deepInclude(outcome, { _tag: "Partial", vendorStatus: "FINISHED early" })
    }).pipe(Effect.scoped)
  )

  it.live("a scan that sent no request failed, and is not clean (issue 14)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({ reqCount: "0" }))
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : outcome._tag, "nothing-sent")
    }).pipe(Effect.scoped)
  )

  it.live("a site without any alert is not clean: ids begin anew, and the scan may be another one (issue 14)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({}), summary({}))
      assert.strictEqual(severityOf(outcome), "unknown")
      assert.lengthOf(outcome.warnings, 1)
    }).pipe(Effect.scoped)
  )

  it.live("an id that a fresh ZAP does not know is no end of a scan (issue 14)", () =>
    Effect.gen(function* () {
      const { adapter, ticket } = yield* world(zap, ok({ scans: [] }))
      assert.strictEqual((yield* Effect.flip(adapter.poll(ticket("1")))).kind, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("alerts are those of the site alone, from number 1 on, and each once (issue 14)", () =>
    Effect.gen(function* () {
      const alert = (id: number) => ({
        id: `${id}`,
        alertRef: "10038-1",
        name: "x",
        risk: "Low",
        url: `https://shop.example/${id}`
      })
      const page = (from: number, count: number) =>
        ok({ alerts: Array.from({ length: count }, (_, at) => alert(from + at)) })
      const { about, adapter, paths, ticket } = yield* world(
        zap,
        scans({}),
        summary({ Low: 2 }),
        page(1, 5000),
        page(5000, 3)
      )
      yield* adapter.poll(ticket("1"), about)
      const seen = adapter.result === undefined ? null : yield* adapter.result(ticket("1"), "FINISHED", about)
      if (seen?.observation._tag !== "Settled" || adapter.collect === undefined) return assert.fail("no outcome")
      const findings = yield* adapter.collect(seen.observation.value, about)
      assert.deepInclude(findings, { coverage: "full", total: 5002 })
      const site = "baseurl=https%3A%2F%2Fshop.example%2F"
      assert.deepStrictEqual(paths().slice(1), [
        `/JSON/alert/view/alertsSummary/?${site}`,
        `/JSON/alert/view/alerts/?${site}&start=1&count=5000`,
        `/JSON/alert/view/alerts/?${site}&start=5001&count=5000`
      ])
      assert.strictEqual((yield* Effect.flip(adapter.collect(seen.observation.value))).code, "unknown-site")
    }).pipe(Effect.scoped)
  )

  it.live("a connection that ZAP drops may be a wrong key, and the words say so (issue 14)", () =>
    Effect.gen(function* () {
      const { adapter } = yield* world(zap, Script.close("read"))
      const error = yield* Effect.flip(adapter.submit(zap.sample, { seed: "seeded" }))
      assert.strictEqual(error.kind, "InDoubt")
      assert.include(error.advice, "key is wrong")
      const target = { url: "https://shop.example/" }
      assert.strictEqual((yield* Effect.flip(adapter.submit(target, { seed: "seeded" }))).kind, "Refused")
    }).pipe(Effect.scoped)
  )
})

describe("SonarQube", () => {
  const id = "AZq1vT0eTASK00000001"
  const task = (fields: object) => ok({ task: { id, ...fields } })
  const gate = (status: string) => ok({ projectStatus: { status, conditions: [] } })

  it.live("the gate is that of the task's own analysis, and one that was never computed is not clean (issue 14)", () =>
    Effect.gen(function* () {
      const done = task({ status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001" })
      const none = yield* outcomeOf(sonarqube, id, done, gate("NONE"))
      assert.strictEqual(severityOf(none.outcome), "unknown")
      assert.strictEqual(none.paths[1], "/api/qualitygates/project_status?analysisId=AZq1vUANALYSIS000001")
      assert.strictEqual(severityOf((yield* outcomeOf(sonarqube, id, done, gate("ERROR"))).outcome), "high")
    }).pipe(Effect.scoped)
  )

  it.live("a task that failed, or has no analysis, is never asked for a gate (issue 14)", () =>
    Effect.gen(function* () {
      for (const status of ["FAILED", "SUCCESS"]) {
        const { outcome, paths } = yield* outcomeOf(sonarqube, id, task({ status }))
        assert.strictEqual(outcome._tag, "Failed")
        assert.lengthOf(paths, 1)
      }
    }).pipe(Effect.scoped)
  )

  it.live("a task of another project or branch than the target names gives that target no verdict (V-11)", () =>
    Effect.gen(function* () {
      const of = { status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", componentKey: "acme_shop", branch: "main" }
      const { outcome } = yield* outcomeOf(sonarqube, id, task(of), gate("OK"))
      const verdict = (target: { readonly project?: string; readonly branch?: string }) => {
        const subject = sonarqube.subject({ task: id, ...target })
        const judged = Contradiction.judge({ subject, scanType: null }, outcome)
        return judged._tag === "Failed" ? null : ScanOutcome.evidence(judged).assessment.status
      }
      assert.strictEqual(verdict({}), "there")
      assert.strictEqual(verdict({ project: "acme_shop" }), "there")
      assert.strictEqual(verdict({ project: "acme_shop", branch: "main" }), "there")
      assert.strictEqual(verdict({ project: "acme_blog" }), "unavailable")
      assert.strictEqual(verdict({ project: "acme_shop", branch: "dev,project=acme_shop" }), "unavailable")
    }).pipe(Effect.scoped)
  )

  it.live("a 403 is denied, and says that the project may have been deleted (issue 14)", () =>
    Effect.gen(function* () {
      const forbidden = { status: 403, body: { errors: [{ msg: "Insufficient privileges" }] } }
      const { adapter, ticket } = yield* world(sonarqube, forbidden)
      const fault = yield* Effect.flip(adapter.poll(ticket(id)))
      assert.strictEqual(fault.kind, "Denied")
      assert.include(fault.message, "deleted")
    }).pipe(Effect.scoped)
  )
})

describe("what was not tested", () => {
  it.live(
    "is not clean where Probely completed with errors, urlscan saw no page or no engine answered (issue 14)",
    () =>
      Effect.gen(function* () {
        const counts = { lows: 0, mediums: 0, highs: 0 }
        const scan = { id: "s1", target: { id: "t1" }, status: "completed_with_errors", ...counts }
        assert.strictEqual((yield* outcomeOf(probely, "t1/s1", ok(scan))).outcome._tag, "Partial")
        const shell = urlscanSays.poll.scans.find(({ means }) => means === "Failed")?.answer ?? assert.fail()
        const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
        assert.strictEqual((yield* outcomeOf(urlscan, uuid, shell)).outcome._tag, "Failed")
        const empty = virustotalSays.poll.scans.at(-1)?.answer ?? assert.fail()
        const analysis = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
        assert.strictEqual(severityOf((yield* outcomeOf(virustotal, analysis, empty)).outcome), "unknown")
        const stored = ok({ processing_status: "complete", analyses_url: "https://api.github.com/x" })
        assert.strictEqual(severityOf((yield* outcomeOf(github, "acme/shop/u1", stored)).outcome), "unknown")
      }).pipe(Effect.scoped)
  )

  it.live("bad opinions that VirusTotal counts and does not list are findings all the same (V-02)", () =>
    Effect.gen(function* () {
      const analysis = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
      const counted = { malicious: 3, suspicious: 1, harmless: 60, undetected: 20, timeout: 0 }
      const told = (results: object) =>
        ok({
          data: { id: analysis, type: "analysis", attributes: { status: "completed", stats: counted, ...results } }
        })
      const { outcome: bare } = yield* outcomeOf(virustotal, analysis, told({}))
      assert.strictEqual(severityOf(bare), "high")
      if (bare._tag === "Failed") return assert.fail()
      assert.deepStrictEqual(bare.findings, {
        coverage: "counts-only",
        total: 4,
        bySeverity: { high: 3, low: 1 },
        items: []
      })
      assert.match(bare.warnings.join(), /4 of 4 bad opinions are counted and not listed/)
      const one = { results: { EngineA: { category: "malicious", result: "phishing" } } }
      const { outcome: short } = yield* outcomeOf(virustotal, analysis, told(one))
      if (short._tag === "Failed") return assert.fail()
      assert.deepStrictEqual(
        [short.findings.coverage, short.findings.total, short.findings.items.length],
        ["partial", 4, 1]
      )
    }).pipe(Effect.scoped)
  )

  it.live("an answer about the scan of another target is not taken for Probely's (issue 14)", () =>
    Effect.gen(function* () {
      const scan = { id: "s1", target: { id: "t2" }, status: "completed", lows: 0, mediums: 0, highs: 0 }
      const { adapter, ticket } = yield* world(probely, ok(scan))
      assert.strictEqual((yield* Effect.flip(adapter.poll(ticket("t1/s1")))).kind, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("urlscan's two 404s are a visit that goes on and a scan that nobody knows (issue 14)", () =>
    Effect.gen(function* () {
      const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
      const told = (message: string) => ({ status: 404, body: { message, status: 404 } })
      const visit = yield* world(urlscan, told("Scan is not finished yet"))
      assert.strictEqual((yield* visit.adapter.poll(visit.ticket(uuid))).observation._tag, "Pending")
      const nobody = yield* world(urlscan, told("No such scan submission"))
      assert.strictEqual((yield* Effect.flip(nobody.adapter.poll(nobody.ticket(uuid)))).kind, "Missing")
    }).pipe(Effect.scoped)
  )
})
