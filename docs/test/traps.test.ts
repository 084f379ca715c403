/** What the shipped vendors answer that could look clean, or done, and is not: each trap of their fact sheets. */
import { assert, describe, it } from "@effect/vitest"
import { ScanOutcome } from "@scanpoll/core"
import { Script } from "@scanpoll/testkit"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import { SonarQubeVendor } from "@scanpoll/sonarqube"
import { UrlscanVendor, UrlscanSamples } from "@scanpoll/urlscan"
import { VirusTotalSamples, VirusTotalVendor } from "@scanpoll/virustotal"
import { Duration, Effect, Option } from "effect"
import urlscanShort from "../examples/vendors/urlscan-short.ts"
import { collected, ok, outcomeOf, seen, severityOf, world } from "./support/traps.ts"

const sonarqube = SonarQubeVendor.vendor
const virustotal = VirusTotalVendor.vendor
const urlscan = UrlscanVendor.vendor

describe("urlscan.io", () => {
  const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
  const told = (status: number, message: string, more: object = {}) => ({ status, body: { message, status, ...more } })
  const page = { ip: "203.0.113.9", status: "200" }
  const clean = { score: 0, malicious: false, hasVerdicts: true }
  const result = (fields: object = {}) =>
    ok({ task: { uuid, visibility: "unlisted" }, page, verdicts: { overall: clean }, lists: { ips: [] }, ...fields })

  it.live("two 404s are a visit that goes on and a scan that is unknown (issue 18)", () =>
    Effect.gen(function* () {
      for (const words of ["Scan is not finished yet", "Scan has not finished yet"]) {
        const description = "The scan is still running"
        assert.strictEqual((yield* seen(urlscan, uuid, told(404, words, { description }))).is, "running")
        assert.strictEqual((yield* seen(urlscan, uuid, told(404, words))).is, "running")
      }
      assert.strictEqual((yield* seen(urlscan, uuid, told(404, "No such scan submission"))).is, "Missing")
      assert.strictEqual((yield* seen(urlscan, uuid, Script.html(404))).is, "Missing")
      assert.strictEqual((yield* seen(urlscan, uuid, told(410, "Scan has been deleted"))).is, "Missing for good")
    }).pipe(Effect.scoped)
  )

  it.live("an empty shell failed, whatever its verdict says: the page was never loaded (issue 18)", () =>
    Effect.gen(function* () {
      const shell = UrlscanSamples.samples.poll.scans.find(({ means }) => means === "Failed")?.answer ?? assert.fail()
      const shells = [
        shell,
        result({ page: { domain: "down.example" } }),
        result({ page: { ip: "", status: " " } }),
        result({ page: { ip: null, status: null }, lists: { ips: null } }),
        result({ page: {}, lists: {}, verdicts: { overall: { ...clean, score: -100 } } })
      ]
      for (const answer of shells) {
        const { outcome } = yield* outcomeOf(urlscan, uuid, answer)
        assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : outcome._tag, "not-loaded")
        assert.strictEqual((yield* outcomeOf(urlscanShort, uuid, answer)).outcome._tag, "Failed", "in short")
      }
    }).pipe(Effect.scoped)
  )

  it.live("a visit without an opinion is not rated legitimate, and says that nobody has one (issue 18)", () =>
    Effect.gen(function* () {
      for (const overall of [{ score: 0 }, { score: 0, malicious: false, hasVerdicts: false }]) {
        const { outcome } = yield* outcomeOf(urlscan, uuid, result({ verdicts: { overall } }))
        assert.strictEqual(severityOf(outcome), "info")
        assert.match(outcome.warnings.join(), /no verdict/)
      }
      const { outcome } = yield* outcomeOf(urlscan, uuid, result({ verdicts: { overall: { ...clean, score: -40 } } }))
      assert.strictEqual(severityOf(outcome), "none")
    }).pipe(Effect.scoped)
  )

  it.live(
    "a result whose verdict is not in it yet, is out of range or is about another visit is no outcome (issue 18)",
    () =>
      Effect.gen(function* () {
        const odd = [
          { verdicts: undefined },
          { verdicts: {} },
          { verdicts: { overall: { ...clean, score: 400 } } },
          { verdicts: { overall: { ...clean, score: "0" } } },
          { verdicts: { overall: { ...clean, malicious: "yes" } } },
          { task: { uuid: "01990c1e-7d35-7bb1-9c0e-000000000000" } },
          { task: undefined }
        ]
        for (const fields of odd) {
          assert.strictEqual((yield* seen(urlscan, uuid, result(fields))).is, "Broken", JSON.stringify(fields))
          assert.strictEqual((yield* seen(urlscanShort, uuid, result(fields))).is, "Broken", "in short")
        }
      }).pipe(Effect.scoped)
  )

  it.live("an error page that answered in the site's place, and a result that is public, are told (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(
        urlscan,
        uuid,
        result({ page: { ...page, status: "503" }, task: { uuid, visibility: "public" } })
      )
      assert.match(outcome.warnings.join(), /result is public.*answered with an error/)
    }).pipe(Effect.scoped)
  )

  it.live("a key of another form is refused with 400, and a plan that cannot search stops no account (issue 18)", () =>
    Effect.gen(function* () {
      for (const answer of [
        told(400, "Invalid API key format"),
        { status: 403, body: { warning: "You're not logged in!" } }
      ]) {
        assert.strictEqual((yield* seen(urlscan, uuid, answer)).is, "Denied")
        const { adapter } = yield* world(urlscan, answer)
        assert.strictEqual((yield* Effect.flip(adapter.submit(urlscan.sample))).kind, "Denied")
        const searched = yield* Effect.flip(adapter.reconcile?.(urlscan.sample, 0, new Set()) ?? Effect.die(0))
        assert.strictEqual(searched.kind, "Denied")
      }
      const plan = told(403, "Your plan does not allow you to search field task.tags")
      const { adapter } = yield* world(urlscan, plan)
      if (adapter.reconcile === undefined) return assert.fail("no list")
      assert.strictEqual((yield* Effect.flip(adapter.reconcile(urlscan.sample, 0, new Set()))).kind, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("a target that is turned down says why, where only the description does (issue 18)", () =>
    Effect.gen(function* () {
      const { adapter } = yield* world(
        urlscan,
        told(400, "Scan prevented ...", { description: "the host is on a list" })
      )
      const error = yield* Effect.flip(adapter.submit(urlscan.sample))
      assert.strictEqual(error.kind, "Refused")
      assert.include(error.message, "the host is on a list")
    }).pipe(Effect.scoped)
  )
})

describe("urlscan.io's limits", () => {
  const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
  const body = { message: "Rate limit exceeded", status: 429 }
  const limits = (fields: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [`X-Rate-Limit-${name}`, value]))

  it.live("the quota of a day is waited for to its end, and a limit that cannot be read is none (issue 18)", () =>
    Effect.gen(function* () {
      const spent = { Action: "private", Window: "day", Limit: "50", Remaining: "0", "Reset-After": "11400" }
      const { adapter } = yield* world(urlscan, { status: 429, body, headers: limits(spent) })
      const { hint, kind } = yield* Effect.flip(adapter.submit(urlscan.sample))
      assert.deepStrictEqual([kind, hint], ["Throttled", Option.some(Duration.seconds(11_400))])
      const page = { ip: "203.0.113.9", status: "200" }
      const verdicts = { overall: { score: 0, malicious: false, hasVerdicts: true } }
      for (const odd of [{}, { Remaining: "" }, { Limit: "many", Remaining: "-1", Reset: "tomorrow" }]) {
        const throttled = { status: 429, body, headers: limits(odd) }
        assert.strictEqual((yield* seen(urlscan, uuid, throttled)).is, "Throttled")
        // Without its lists, too: they say what the page loaded.
        const done = { ...ok({ task: { uuid, visibility: "unlisted" }, page, verdicts }), headers: limits(odd) }
        assert.strictEqual((yield* seen(urlscan, uuid, done)).is, "Completed")
      }
    }).pipe(Effect.scoped)
  )
})

describe("VirusTotal", () => {
  const analysis = "u-3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01-1764449407"
  const none = { malicious: 0, suspicious: 0, harmless: 0, undetected: 0, timeout: 0 }
  const told = (stats: object, fields: object = {}, status = "completed") =>
    ok({ data: { id: analysis, type: "analysis", attributes: { status, stats: { ...none, ...stats }, ...fields } } })

  it.live("completed without an engine is unknown, and never clean (issue 18)", () =>
    Effect.gen(function* () {
      const sample = VirusTotalSamples.samples.poll.scans.at(-1)?.answer ?? assert.fail()
      for (const answer of [
        sample,
        told({}),
        told({}, { results: {} }),
        told({}, { results: null }),
        told({ timeout: 70 })
      ]) {
        const { outcome } = yield* outcomeOf(virustotal, analysis, answer)
        assert.strictEqual(severityOf(outcome), "unknown")
        assert.match(outcome.warnings.join(), /no engine has an opinion/)
      }
    }).pipe(Effect.scoped)
  )

  it.live("undetected is no opinion: without a harmless one an address is not clean (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(virustotal, analysis, told({ undetected: 90 }))
      assert.strictEqual(severityOf(outcome), "info")
      assert.match(outcome.warnings.join(), /no engine has an opinion/)
      assert.strictEqual(severityOf((yield* outcomeOf(virustotal, analysis, told({ harmless: 1 }))).outcome), "none")
    }).pipe(Effect.scoped)
  )

  it.live("the counts of an analysis that runs grow and shrink, and are never read (issue 18)", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seen(virustotal, analysis, told({ malicious: 9 }, {}, "in-progress"))).is, "running")
      assert.strictEqual((yield* seen(virustotal, analysis, told({ harmless: 90 }, {}, "queued"))).is, "queued")
    }).pipe(Effect.scoped)
  )

  it.live("engines that did not answer in time leave the findings partial, and are told (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(virustotal, analysis, told({ harmless: 60, timeout: 4 }))
      assert.strictEqual(outcome._tag === "Failed" ? null : outcome.findings.coverage, "partial")
      assert.match(outcome.warnings.join(), /did not answer in time/)
    }).pipe(Effect.scoped)
  )

  it.live("one engine alone is seen and fails no gate at high, listed or counted; two do (issue 18, V-02)", () =>
    Effect.gen(function* () {
      const engines = (count: number) => ({
        results: Object.fromEntries(
          Array.from({ length: count }, (_, at) => [`Engine${at}`, { category: "malicious" }])
        )
      })
      for (const [count, worst] of [
        [1, "medium"],
        [2, "high"],
        [5, "critical"]
      ] as const) {
        for (const fields of [{}, engines(count)]) {
          const { outcome } = yield* outcomeOf(virustotal, analysis, told({ malicious: count, harmless: 60 }, fields))
          assert.strictEqual(severityOf(outcome), worst)
          if (outcome._tag === "Failed") return assert.fail()
          const counted = outcome.findings.bySeverity ?? { [outcome.findings.items[0]?.severity ?? "none"]: count }
          assert.deepStrictEqual(
            Object.entries(counted).filter(([, many]) => many !== 0),
            [[count === 1 ? "medium" : "high", count]]
          )
        }
      }
    }).pipe(Effect.scoped)
  )

  it.live("counts that are missing, negative or no numbers are no verdict (issue 18)", () =>
    Effect.gen(function* () {
      for (const stats of [{ malicious: null }, { malicious: -1 }, { harmless: "70" }, { undetected: 0.5 }]) {
        assert.strictEqual((yield* seen(virustotal, analysis, told(stats))).is, "Broken", JSON.stringify(stats))
      }
      const bare = ok({ data: { id: analysis, attributes: { status: "completed" } } })
      assert.strictEqual((yield* seen(virustotal, analysis, bare)).is, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("bad opinions that are counted and not listed are findings all the same (V-02)", () =>
    Effect.gen(function* () {
      const counted = { malicious: 3, suspicious: 1, harmless: 60, undetected: 20 }
      const { outcome: bare } = yield* outcomeOf(virustotal, analysis, told(counted))
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
      const { outcome: short } = yield* outcomeOf(virustotal, analysis, told(counted, one))
      if (short._tag === "Failed") return assert.fail()
      assert.deepStrictEqual(
        [short.findings.coverage, short.findings.total, short.findings.items.length],
        ["partial", 4, 1]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a 400 and a 424 that mean later are asked again, and a quota without JSON is waited for (issue 18)", () =>
    Effect.gen(function* () {
      const error = (status: number, code: string) => ({ status, body: { error: { code, message: "later" } } })
      assert.strictEqual((yield* seen(virustotal, analysis, error(400, "NotAvailableYet"))).is, "Transient")
      assert.strictEqual((yield* seen(virustotal, analysis, error(424, "FailedDependencyError"))).is, "Transient")
      assert.strictEqual((yield* seen(virustotal, analysis, error(503, "TransientError"))).is, "Transient")
      assert.strictEqual((yield* seen(virustotal, analysis, Script.html(429))).is, "Throttled")
      assert.strictEqual((yield* seen(virustotal, analysis, error(404, "NotFoundError"))).is, "Missing")
    }).pipe(Effect.scoped)
  )

  it.live("a quota that is marked as gzip and is not, and one of one scan a day, are waited for (issue 18)", () =>
    Effect.gen(function* () {
      const body = { error: { code: "QuotaExceededError", message: "Quota exceeded" } }
      const odd = { status: 429, body, headers: { "content-encoding": "gzip" } }
      assert.strictEqual((yield* seen(virustotal, analysis, odd)).is, "Throttled")
      const { adapter, ticket } = yield* world(virustotal, ok({ data: { id: analysis, type: "analysis" } }), odd)
      const submitted = yield* adapter.submit(virustotal.sample)
      assert.strictEqual(submitted._tag === "Submitted" ? submitted.ticket.scanId : null, analysis)
      // Every poll is turned down until midnight: the scan is known, and stays open.
      assert.strictEqual((yield* Effect.flip(adapter.poll(ticket(analysis)))).kind, "Throttled")
    }).pipe(Effect.scoped)
  )

  it.live("an address that it cannot read is refused, and a 404 is no scan, also without a code (issue 18)", () =>
    Effect.gen(function* () {
      const error = (status: number, error: object) => ({ status, body: { error } })
      const unread = error(400, { code: "InvalidArgumentError", message: "Unable to canonicalize url" })
      const { adapter } = yield* world(virustotal, unread)
      assert.strictEqual((yield* Effect.flip(adapter.submit(virustotal.sample))).kind, "Refused")
      for (const gone of [error(404, { code: "NotFoundError", message: "not found" }), Script.html(404)]) {
        assert.strictEqual((yield* seen(virustotal, analysis, gone)).is, "Missing")
        // An address that was never submitted has no report: that proves nothing of a submission whose answer was lost.
        const { adapter } = yield* world(virustotal, gone)
        const searched = yield* Effect.flip(adapter.reconcile?.(virustotal.sample, 0, new Set()) ?? Effect.die(0))
        assert.strictEqual(searched.kind, "Missing")
      }
    }).pipe(Effect.scoped)
  )

  it.live("a report of the address that was submitted before the claim is not taken for the lost scan (issue 18)", () =>
    Effect.gen(function* () {
      const hash = "3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01"
      const report = ok({ data: { id: hash, type: "url", attributes: { last_submission_date: 1_764_449_407 } } })
      const { adapter } = yield* world(virustotal, report, told({}, {}, "queued"))
      if (adapter.reconcile === undefined) return assert.fail("no list")
      const found = yield* adapter.reconcile(virustotal.sample, 1_764_449_400_000, new Set())
      assert.deepStrictEqual(
        found.map(({ scanId }) => scanId),
        [analysis]
      )
      const { adapter: later } = yield* world(virustotal, report)
      assert.deepStrictEqual(
        yield* later.reconcile?.(virustotal.sample, 1_764_460_000_000, new Set()) ?? Effect.die(0),
        []
      )
    }).pipe(Effect.scoped)
  )
})

describe("SonarQube", () => {
  const id = "AZq1vT0eTASK00000001"
  const task = (fields: object) => ok({ task: { id, ...fields } })
  const done = { status: "SUCCESS", analysisId: "AZq1vUANALYSIS000001" }
  const named = { ...done, componentKey: "acme_shop" }
  const gate = (status: string) => ok({ projectStatus: { status, conditions: [] } })
  const error = (status: number, msg: string) => ({ status, body: { errors: [{ msg }] } })
  const issues = (total: number, ...found: ReadonlyArray<object>) => ok({ paging: { total }, issues: found })
  const issue = (key: number | string, fields: object = {}) => ({
    key: `issue-${key}`,
    rule: "ts:S1",
    message: "x",
    component: "acme_shop:src/a.ts",
    severity: "MINOR",
    ...fields
  })

  it.live("a task that failed, or has no analysis, is never asked for a gate (issue 18)", () =>
    Effect.gen(function* () {
      for (const status of ["FAILED", "SUCCESS", "CANCELED"]) {
        const { outcome, paths } = yield* outcomeOf(sonarqube, id, task({ status }))
        assert.strictEqual(outcome._tag, "Failed")
        assert.lengthOf(paths, 1)
      }
    }).pipe(Effect.scoped)
  )

  it.live("the gate is that of the task's own analysis, and one that was never computed is not clean (issue 18)", () =>
    Effect.gen(function* () {
      for (const word of ["NONE", "LATER", "ok"]) {
        const none = yield* outcomeOf(sonarqube, id, task(done), gate(word))
        assert.strictEqual(severityOf(none.outcome), "unknown")
        assert.strictEqual(none.paths[1], "/api/qualitygates/project_status?analysisId=AZq1vUANALYSIS000001")
      }
      assert.strictEqual(severityOf((yield* outcomeOf(sonarqube, id, task(done), gate("ERROR"))).outcome), "high")
      assert.strictEqual(severityOf((yield* outcomeOf(sonarqube, id, task(done), gate("OK"))).outcome), "none")
    }).pipe(Effect.scoped)
  )

  it.live("an ended task without a gate that can be read is no outcome (issue 18)", () =>
    Effect.gen(function* () {
      for (const answer of [error(404, "no analysis"), ok({}), ok({ projectStatus: {} }), Script.html(200)]) {
        const { about, adapter, ticket } = yield* world(sonarqube, task(done), answer)
        const polled = (yield* adapter.poll(ticket(id), about)).observation
        if (polled._tag !== "Ended" || adapter.result === undefined) return assert.fail(polled._tag)
        const fault = yield* Effect.flip(adapter.result(ticket(id), polled.vendorStatus, about))
        assert.strictEqual(fault.kind, "Broken")
      }
    }).pipe(Effect.scoped)
  )

  it.live("a 403 is denied, and says that the project may have been deleted (issue 18)", () =>
    Effect.gen(function* () {
      const { is, says } = yield* seen(sonarqube, id, error(403, "Insufficient privileges"))
      assert.strictEqual(is, "Denied")
      assert.include(says, "deleted")
    }).pipe(Effect.scoped)
  )

  it.live("a task that waits again after it ran is pending, and a redirect is not followed (issue 18)", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seen(sonarqube, id, task({ status: "PENDING" }))).is, "queued")
      assert.strictEqual((yield* seen(sonarqube, id, task({ status: "IN_PROGRESS" }))).is, "running")
      assert.strictEqual((yield* seen(sonarqube, id, { status: 401, body: "" })).is, "Denied")
      assert.strictEqual((yield* seen(sonarqube, id, Script.redirect("https://other.example/"))).is, "Broken for good")
      assert.strictEqual((yield* seen(sonarqube, id, Script.html(503))).is, "Transient")
      assert.strictEqual((yield* seen(sonarqube, id, error(404, "No activity found for task"))).is, "Missing")
    }).pipe(Effect.scoped)
  )

  it.live("issues that may not be read leave the gate and are no empty list (V-01)", () =>
    Effect.gen(function* () {
      const { findings, outcome } = yield* collected(
        sonarqube,
        id,
        task(named),
        gate("OK"),
        error(403, "Insufficient privileges")
      )
      assert.strictEqual(severityOf(outcome), "none")
      assert.strictEqual(findings._tag === "Failure" ? findings.failure.kind : findings._tag, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("more issues than the server shows are partial, also where Cloud counts no further (issue 18)", () =>
    Effect.gen(function* () {
      const page = (at: number) => Array.from({ length: 500 }, (_, nth) => issue(at * 500 + nth))
      for (const total of [157_051, 10_000]) {
        const pages = Array.from({ length: 20 }, (_, at) => issues(total, ...page(at)))
        const { findings, paths } = yield* collected(sonarqube, id, task(named), gate("ERROR"), ...pages)
        if (findings._tag === "Failure") return assert.fail(findings.failure.message)
        assert.deepInclude(findings.success, { coverage: "partial", total })
        assert.lengthOf(findings.success.items, 10_001)
        assert.lengthOf(paths, 22)
      }
    }).pipe(Effect.scoped)
  )

  it.live("an issue with a word that nobody knows is of an unknown severity, whatever else it says (issue 18)", () =>
    Effect.gen(function* () {
      const odd = issue("odd", { impacts: [{ severity: "LOW" }, { severity: "CATASTROPHIC" }] })
      const { findings } = yield* collected(sonarqube, id, task(named), gate("OK"), issues(1, odd))
      if (findings._tag === "Failure") return assert.fail(findings.failure.message)
      assert.deepStrictEqual(
        findings.success.items.map(({ severity }) => severity),
        ["unknown"]
      )
    }).pipe(Effect.scoped)
  )

  it.live("a task of another project or branch than the target names gives that target no verdict (V-11)", () =>
    Effect.gen(function* () {
      const of = { ...named, branch: "main" }
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
})
