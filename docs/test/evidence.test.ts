/** What of a vendor's answer could be worse than it looks: the rows of the tables in docs/vendors that no other test holds. */
import { assert, describe, it } from "@effect/vitest"
import { ScanOutcome, type Vendor } from "@scanpoll/core"
import type { Script } from "@scanpoll/testkit"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import { ExonaVendor } from "@scanpoll/exona"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import { UrlscanSamples, UrlscanVendor } from "@scanpoll/urlscan"
import { VirusTotalSamples, VirusTotalVendor } from "@scanpoll/virustotal"
import { Effect } from "effect"
import github from "../examples/vendors/github-sarif.ts"
import harbourmaster from "../examples/vendors/harbourmaster.ts"
import probely from "../examples/vendors/probely.ts"
import urlscanShort from "../examples/vendors/urlscan-short.ts"
import zap from "../examples/vendors/zap.ts"
import { collected, ok, outcomeOf, severityOf, world } from "./support/traps.ts"

const findingsOf = (outcome: ScanOutcome.ScanOutcome<unknown>) =>
  outcome._tag === "Failed" ? assert.fail("failed") : outcome.findings

const sonarTask = "AZq1vT0eTASK00000001"
const task = (fields: object) => ok({ task: { id: sonarTask, ...fields } })

describe("what could be worse in an answer", () => {
  it.live("a gate that is OK is no better than its own conditions, and says what did not count (V-02)", () =>
    Effect.gen(function* () {
      const done = task({ status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", warningCount: 3 })
      const told = (fields: object) => ok({ projectStatus: { status: "OK", ...fields } })
      const condition = (status: string) => ({ status, metricKey: "new_coverage", actualValue: "61.4" })
      const { outcome } = yield* outcomeOf(
        SonarQubeVendor.vendor,
        sonarTask,
        done,
        told({ conditions: [condition("ERROR")] })
      )
      if (outcome._tag === "Failed") return assert.fail()
      assert.deepInclude(outcome.assessment, { severity: "high", compliance: "fail" })
      assert.deepStrictEqual(outcome.warnings, [
        "SonarQube has warnings about this analysis: 3",
        "the gate is OK, and conditions of it failed"
      ])
      const { outcome: small } = yield* outcomeOf(
        SonarQubeVendor.vendor,
        sonarTask,
        done,
        told({ ignoredConditions: true })
      )
      assert.match(small.warnings.join(), /some conditions of the gate did not count/)
      const { about, adapter } = yield* world(SonarQubeVendor.vendor, ok({ paging: { total: 0 }, issues: [] }))
      const { outcome: strange } = yield* outcomeOf(
        SonarQubeVendor.vendor,
        sonarTask,
        task({ status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", componentKey: "acme_shop" }),
        told({ conditions: [condition("WARN"), { ...condition("BAD"), metricKey: "new_bugs" }] })
      )
      const found = yield* adapter.collect?.(strange, about) ?? assert.fail()
      assert.deepStrictEqual(
        found.items.map(({ findingId, severity }) => [findingId, severity]),
        [
          ["gate/new_coverage", "low"],
          ["gate/new_bugs", "unknown"]
        ]
      )
    }).pipe(Effect.scoped)
  )

  it("an issue is as bad as the worse of its severity and its impacts, and a strange word is unknown (V-02)", () => {
    const issue = { key: "k", rule: "r", message: "m", component: "c" }
    const worth = (severity: string | undefined, ...impacts: ReadonlyArray<string>) =>
      SonarQubeVendor.severityOf({
        ...issue,
        ...(severity === undefined ? {} : { severity }),
        impacts: impacts.map((word) => ({ severity: word }))
      })
    assert.strictEqual(worth("BLOCKER", "LOW"), "critical")
    assert.strictEqual(worth("MINOR", "HIGH", "LOW"), "high")
    assert.strictEqual(worth(undefined, "MEDIUM"), "medium")
    assert.strictEqual(worth("MINOR", "Grave"), "unknown")
    assert.strictEqual(worth("BLOCKER", "Grave"), "critical")
    assert.strictEqual(worth(undefined), "unknown")
  })

  it.live("engines that VirusTotal lists and does not count make an analysis as bad as they are (V-02)", () =>
    Effect.gen(function* () {
      const analysis = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
      const stats = { malicious: 0, suspicious: 0, harmless: 60, undetected: 20, timeout: 0 }
      const told = (...categories: ReadonlyArray<string>) => {
        const results = Object.fromEntries(categories.map((category, at) => [`Engine${at}`, { category }]))
        return ok({ data: { id: analysis, type: "analysis", attributes: { status: "completed", stats, results } } })
      }
      const { outcome: worse } = yield* outcomeOf(
        VirusTotalVendor.vendor,
        analysis,
        told("malicious", "malicious", "harmless")
      )
      assert.strictEqual(severityOf(worse), "high")
      assert.match(worse.warnings.join(), /worse than the counts: 2 malicious, 0 suspicious/)
      const { outcome: strange } = yield* outcomeOf(
        VirusTotalVendor.vendor,
        analysis,
        told("Malicious", "failure", "undetected")
      )
      if (strange._tag === "Failed") return assert.fail()
      assert.deepStrictEqual(
        strange.findings.items.map(({ ruleId, severity }) => [ruleId, severity]),
        [["virustotal/Engine0", "unknown"]]
      )
      assert.match(strange.warnings.join(), /words that are not documented, which count as unknown: Engine0/)
    }).pipe(Effect.scoped)
  )

  it.live("a part of urlscan's verdict that is worse than the whole is a finding, and so is Safe Browsing (V-02)", () =>
    Effect.gen(function* () {
      const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
      const told = (verdicts: object, more: object = {}) =>
        ok({
          task: { uuid, url: "https://shop.example/" },
          page: { ip: "203.0.113.9", status: "200" },
          verdicts: { overall: { score: 0, malicious: false, hasVerdicts: true }, ...verdicts },
          ...more
        })
      const found = (step: Script.Step) =>
        Effect.map(outcomeOf(UrlscanVendor.vendor, uuid, step), ({ outcome }) =>
          outcome._tag === "Failed"
            ? assert.fail()
            : outcome.findings.items.map(({ findingId, severity }) => [findingId, severity])
        )
      const parts = {
        urlscan: { score: 0, malicious: false },
        community: { score: 60, malicious: false },
        engines: { score: 0, malicious: ["x"], maliciousTotal: 1 }
      }
      assert.deepStrictEqual(yield* found(told(parts)), [
        ["urlscan/verdict/community", "high"],
        ["urlscan/verdict/engines", "critical"]
      ])
      const gsb = { meta: { processors: { gsb: { state: "done", data: { matches: [{ threatType: "MALWARE" }] } } } } }
      assert.deepStrictEqual(yield* found(told({}, gsb)), [["urlscan/safe-browsing", "high"]])
      const quiet = { meta: { processors: { gsb: { state: "done", data: {} }, download: { data: [] } } } }
      assert.deepStrictEqual(yield* found(told({ urlscan: { score: -5 }, community: {} }, quiet)), [])
    }).pipe(Effect.scoped)
  )

  it.live("an answer of urlscan or VirusTotal about another site is no verdict about ours (V-11)", () =>
    Effect.gen(function* () {
      const statusFor = <T, P>(vendor: Vendor.Vendor<T, P>, scanId: string, url: string, step: Script.Step) =>
        Effect.map(outcomeOf(vendor, scanId, step), ({ outcome }) => {
          const asked = { subject: { kind: "url", id: url, name: url }, scanType: null } as const
          const judged = Contradiction.judge(asked, outcome)
          return judged._tag === "Failed" ? null : ScanOutcome.evidence(judged).assessment.status
        })
      const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
      const visit =
        UrlscanSamples.samples.poll.scans.find(({ means }) => means === "Completed")?.answer ?? assert.fail()
      const hash = "3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01"
      const analysis =
        VirusTotalSamples.samples.poll.scans.find(({ means }) => means === "Completed")?.answer ?? assert.fail()
      for (const [mine, status] of [
        ["https://shop.example/", "there"],
        ["https://WWW.shop.example:8443/cart?x=1", "there"],
        ["https://shop.example.evil/", "unavailable"],
        ["https://blog.shop.example/", "unavailable"]
      ] as const) {
        assert.strictEqual(yield* statusFor(UrlscanVendor.vendor, uuid, mine, visit), status, mine)
        assert.strictEqual(yield* statusFor(urlscanShort, uuid, mine, visit), status, mine)
        assert.strictEqual(
          yield* statusFor(VirusTotalVendor.vendor, `u-${hash}-1764449407`, mine, analysis),
          status,
          mine
        )
      }
    }).pipe(Effect.scoped)
  )

  it.live("urlscan without a verdict is not called legitimate, and an error page is told (V-02)", () =>
    Effect.gen(function* () {
      const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
      const { outcome } = yield* outcomeOf(
        UrlscanVendor.vendor,
        uuid,
        ok({
          task: { uuid, url: "https://shop.example/", tags: ["phishing"] },
          page: { ip: "203.0.113.9", status: "503" },
          verdicts: { overall: { score: 0, hasVerdicts: false } },
          stats: { malicious: 2 },
          lists: { ips: ["203.0.113.9"], urls: ["https://evil.example/"] }
        })
      )
      assert.strictEqual(severityOf(outcome), "info")
      assert.match(outcome.warnings.join(), /no verdict about this page.*answered with an error/)
      assert.deepStrictEqual(
        findingsOf(outcome).items.map(({ findingId, severity }) => [findingId, severity]),
        [["urlscan/requests", "high"]]
      )
    }).pipe(Effect.scoped)
  )

  it.live("VirusTotal engines that did not answer leave the list partial, and no opinion is not clean (V-02)", () =>
    Effect.gen(function* () {
      const id = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
      const told = (status: string, stats: object) => {
        const results = { EngineA: { category: "undetected", result: "malware", method: "blacklist" } }
        return ok({ data: { id, type: "analysis", attributes: { status, stats, results } } })
      }
      const none = { malicious: 0, suspicious: 0, harmless: 0, undetected: 40, timeout: 3 }
      const { outcome } = yield* outcomeOf(VirusTotalVendor.vendor, id, told("completed", none))
      assert.strictEqual(severityOf(outcome), "info")
      assert.deepInclude(findingsOf(outcome), { coverage: "partial", total: 0, items: [] })
      assert.match(outcome.warnings.join(), /did not answer in time.*no engine has an opinion/)
      const { adapter, ticket } = yield* world(VirusTotalVendor.vendor, told("in-progress", { ...none, malicious: 9 }))
      assert.strictEqual((yield* adapter.poll(ticket(id))).observation._tag, "Pending")
    }).pipe(Effect.scoped)
  )

  it.live("SonarQube's issues that are not all listed are partial (V-02)", () =>
    Effect.gen(function* () {
      const id = "AZq1vT0eTASK00000001"
      const done = { id, status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", componentKey: "acme_shop" }
      const gate = ok({ projectStatus: { status: "OK", conditions: [] } })
      const { outcome } = yield* outcomeOf(SonarQubeVendor.vendor, id, ok({ task: done }), gate)
      const issue = { key: "k1", rule: "r", message: "m", component: "acme_shop:a.ts", severity: "MINOR" }
      const listed = (total: number, issues: ReadonlyArray<object>) => ok({ paging: { total }, issues })
      for (const [answer, coverage] of [
        [listed(1, [issue]), "full"],
        [listed(2, [issue, { ...issue, key: 7 }]), "partial"],
        [listed(10_000, [issue]), "partial"]
      ] as const) {
        const { about, adapter } = yield* world(SonarQubeVendor.vendor, answer)
        const found = yield* adapter.collect?.(outcome, about) ?? assert.fail()
        assert.strictEqual(found.coverage, coverage)
        // What was not read may be anything, and breaks a severity gate.
        assert.strictEqual(
          found.items.some(({ severity }) => severity === "unknown"),
          coverage === "partial"
        )
      }
      const forbidden = { status: 403, body: { errors: [{ msg: "Insufficient privileges" }] } }
      const { about, adapter } = yield* world(SonarQubeVendor.vendor, forbidden)
      const fault = yield* Effect.flip(adapter.collect?.(outcome, about) ?? assert.fail())
      assert.strictEqual(fault.kind, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live(
    "what urlscan or SonarQube says of how and when it looked changes no verdict, however bad it sounds (V-02)",
    () =>
      Effect.gen(function* () {
        const verdictOf = (outcome: ScanOutcome.ScanOutcome<unknown>) =>
          outcome._tag === "Failed"
            ? assert.fail("failed")
            : { assessment: outcome.assessment, findings: outcome.findings, warnings: outcome.warnings }
        const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
        const visit = (task: object, page: object, more: object) =>
          ok({
            task: { uuid, url: "https://shop.example/", ...task },
            page: { ip: "203.0.113.9", status: "200", url: "https://shop.example/", ...page },
            verdicts: { overall: { score: 0, hasVerdicts: true, malicious: false } },
            stats: { malicious: 0 },
            ...more
          })
        const plain = yield* outcomeOf(UrlscanVendor.vendor, uuid, visit({}, {}, {}))
        const loud = yield* outcomeOf(
          UrlscanVendor.vendor,
          uuid,
          visit(
            {
              tags: ["phishing", "malware"],
              screenshotURL: "https://evil.example/shot.png",
              reportURL: "https://evil.example/"
            },
            { title: "You have been hacked" },
            {
              lists: { ips: ["203.0.113.66"], urls: ["https://evil.example/"], hashes: ["deadbeef"] },
              data: {
                requests: [{ response: { failed: { errorText: "malicious" } } }],
                console: [{ message: "trojan" }]
              },
              meta: { processors: { wappa: { data: [{ app: "coinminer", confidence: [] }] } } }
            }
          )
        )
        assert.deepStrictEqual(verdictOf(loud.outcome), verdictOf(plain.outcome))

        const done = (more: object) =>
          task({ status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001", componentKey: "acme_shop", ...more })
        const gate = (more: object) => ok({ projectStatus: { status: "OK", conditions: [], ...more } })
        const listed = ok({ paging: { total: 0 }, issues: [] })
        const quiet = yield* collected(SonarQubeVendor.vendor, sonarTask, done({}), gate({}), listed)
        const noisy = yield* collected(
          SonarQubeVendor.vendor,
          sonarTask,
          done({
            executionTimeMs: 999_999_999,
            infoMessages: ["critical vulnerability"],
            hasScannerContext: false,
            submitterLogin: "root"
          }),
          gate({ period: { mode: "PREVIOUS_VERSION", date: "1999-01-01T00:00:00+0000" }, caycStatus: "non-compliant" }),
          listed
        )
        assert.deepStrictEqual(verdictOf(noisy.outcome), verdictOf(quiet.outcome))
        assert.deepStrictEqual(noisy.findings, quiet.findings)
      }).pipe(Effect.scoped)
  )

  it.live("Exona's dimensions and the age of its sources stay in the payload and change no verdict (V-02)", () =>
    Effect.gen(function* () {
      const id = "scn_01hx7m2d3e4f5g6h7j8k9l0mn"
      const result = {
        enrichment: { ai_in_product: "yes" },
        risk_assessment: { overall_risk_level: "Low", autonomy: { score: 3, label: "very high", rationale: "x" } },
        matched_incidents: [],
        data_freshness: { sources_last_checked: "2019-01-01T00:00:00Z" }
      }
      const { outcome } = yield* outcomeOf(ExonaVendor.vendor, id, ok({ id, status: "completed", result }))
      assert.strictEqual(severityOf(outcome), "low")
      assert.deepStrictEqual(outcome._tag === "Failed" ? null : outcome.payload, result)
    }).pipe(Effect.scoped)
  )

  it.live("the examples take no answer for better than it is (V-02)", () =>
    Effect.gen(function* () {
      const stored = { processing_status: "complete", analyses_url: "https://api.github.com/x" }
      const upload = yield* outcomeOf(github, "acme/shop/u1", ok({ ...stored, errors: ["run 2 was rejected"] }))
      assert.match(upload.outcome.warnings.join(), /may be missing: run 2 was rejected/)
      const bare = yield* world(github, ok({ processing_status: "complete" }))
      assert.strictEqual((yield* Effect.flip(bare.adapter.poll(bare.ticket("acme/shop/u1")))).kind, "Broken")
      const alert = (number: number, rule: object) => ({ number, rule: { id: "js/xss", ...rule } })
      const alerts = yield* world(
        github,
        ok([
          alert(1, { security_severity_level: "low", severity: "error" }),
          alert(2, { severity: "grave" }),
          { number: "x" }
        ])
      )
      const found = yield* alerts.adapter.collect?.(upload.outcome, alerts.about) ?? assert.fail()
      assert.deepStrictEqual(
        [found.coverage, found.items.map(({ severity }) => severity)],
        ["partial", ["low", "unknown", "unknown"]]
      )

      const counts = { id: "s1", target: { id: "t1" }, status: "completed", lows: 0, mediums: 0, highs: -1 }
      const negative = yield* world(probely, ok(counts))
      assert.strictEqual((yield* Effect.flip(negative.adapter.poll(negative.ticket("t1/s1")))).kind, "Broken")

      const one = { id: "1", alertRef: "10038-1", name: "x", risk: "Fatal", url: "https://shop.example/" }
      const site = yield* world(zap, ok({ alerts: [one] }))
      const risks = yield* (
        site.adapter.collect?.({ ...upload.outcome, ticket: site.ticket("1") }, site.about) ?? assert.fail()
      )
      assert.deepStrictEqual(
        risks.items.map(({ severity }) => severity),
        ["unknown"]
      )

      for (const result of [undefined, { score: 101 }]) {
        const answer = ok({ id: "s1", state: "done", ...(result === undefined ? {} : { result }) })
        const { adapter, ticket } = yield* world(harbourmaster, answer)
        assert.strictEqual((yield* Effect.flip(adapter.poll(ticket("s1")))).kind, "Broken")
      }
    }).pipe(Effect.scoped)
  )
})
