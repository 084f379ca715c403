import { createScanpoll } from "@scanpoll/promise"
import { SonarQubeVendor, type SonarQubeSchema } from "@scanpoll/sonarqube"
import * as SonarQubeSamples from "@scanpoll/sonarqube/SonarQubeSamples"
import * as UrlscanSamples from "@scanpoll/urlscan/UrlscanSamples"
import * as UrlscanVendor from "@scanpoll/urlscan/UrlscanVendor"
import * as VirusTotalSamples from "@scanpoll/virustotal/VirusTotalSamples"
import * as VirusTotalVendor from "@scanpoll/virustotal/VirusTotalVendor"
import { SimulatedVendor, type Simulator } from "@scanpoll/testkit"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { TestContext } from "vitest"
import { company, dataset, hasty, placesOf, simulators, site } from "./world.ts"

const started = async (test: TestContext) => {
  const scope = Scope.makeUnsafe()
  test.onTestFinished(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  const fate = () => ({ settleAfterPolls: 0 })
  const [urlscan, virustotal, sonarqube] = await Effect.runPromise(
    Effect.provideService(
      Effect.all([
        SimulatedVendor.make(UrlscanVendor.vendor, UrlscanSamples.samples, { fate }),
        SimulatedVendor.make(VirusTotalVendor.vendor, VirusTotalSamples.samples, { fate }),
        SimulatedVendor.make(SonarQubeVendor.vendor, SonarQubeSamples.samples, { fate })
      ]),
      Scope.Scope,
      scope
    )
  )
  return { urlscan, virustotal, sonarqube }
}

const place = ({ baseUrl, port }: Simulator.Simulator) => ({ baseUrl, insecureHosts: [`127.0.0.1:${port}`] })

describe("the vendors that a definition describes in full", () => {
  it("are keys of a client beside the others, typed, in one batch with them, and no score is averaged (issue 18)", async (test) => {
    const others = await simulators(test)
    const { sonarqube, urlscan, virustotal } = await started(test)
    await using scanpoll = createScanpoll({
      ...placesOf(others),
      urlscan: { apiKey: urlscan.key, ...place(urlscan), severity: () => "low" },
      virustotal: { apiKey: virustotal.key, ...place(virustotal), requestsPerMinute: 60 },
      sonarqube: { token: sonarqube.key, ...place(sonarqube), issues: "all" }
    })
    expectTypeOf<Awaited<ReturnType<typeof scanpoll.sonarqube.run>>>().toEqualTypeOf<
      ScanOutcome<SonarQubeSchema.SonarQubeGate>
    >()
    const url = "https://shop.example/"
    const options = { policy: hasty }
    const records = await scanpoll
      .runAll([
        scanpoll.exona.request(company("acme"), options),
        scanpoll.compliance.request(dataset, options),
        scanpoll.appvet.request(site("shop"), options),
        scanpoll.urlscan.request({ url }, options),
        scanpoll.virustotal.request({ url }, options),
        scanpoll.sonarqube.request({ task: "AZq1vT0eTASK00000001" }, options)
      ])
      .collect()
    assert.deepStrictEqual(
      records.map(({ state, vendor }) => `${vendor} ${state}`),
      ["exona", "compliance", "appvet", "urlscan", "virustotal", "sonarqube"].map((vendor) => `${vendor} completed`)
    )
    const visit = records.find((record) => record.vendor === "urlscan")
    if (visit?.outcome?._tag !== "Completed") return assert.fail("urlscan is not completed")
    expectTypeOf(visit.outcome.payload.verdict.score).toEqualTypeOf<number>()
    assert.strictEqual(visit.outcome.assessment.severity, "low")
    // Its issues are at an address that names no scan.
    const gate = records.find((record) => record.vendor === "sonarqube")?.outcome
    assert.strictEqual(gate?._tag === "Completed" ? gate.findings.total : null, 3)
    // Each score has its vendor's own range; three of the six have none.
    const scores = records.flatMap(({ outcome, vendor }) =>
      outcome?._tag === "Completed" && outcome.assessment.score !== null ? [[vendor, outcome.assessment.score.min]] : []
    )
    assert.deepStrictEqual(scores, [
      ["compliance", 0],
      ["appvet", 0],
      ["urlscan", -100]
    ])
  })

  it("refuse rules that cannot be used, all at once (issue 18)", () => {
    const odd = {
      urlscan: { apiKey: "k", severity: "high", apikey: "x" },
      virustotal: { apiKey: "k", requestsPerMinute: 0, requestsPerDay: "500" },
      sonarqube: { token: undefined, baseUrl: undefined, gate: 1, issues: "some", auth: "digest" }
    }
    try {
      Reflect.apply(createScanpoll, undefined, [odd])
      assert.fail("was taken")
    } catch (error) {
      const message = String(error)
      for (const fault of [
        "urlscan: there is no option apikey",
        "urlscan: severity is not a function",
        "virustotal: requestsPerMinute is not a whole number above 0",
        "virustotal: requestsPerDay is not",
        "sonarqube: token is missing",
        "sonarqube: gate is not a function",
        'sonarqube: issues is neither "new" nor "all"',
        'sonarqube: auth is neither "bearer" nor "basic"',
        "SONARQUBE_BASE_URL"
      ]) {
        assert.include(message, fault)
      }
    }
  })
})
