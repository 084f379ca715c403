import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Gate from "@scanpoll/report/Gate"
import * as Sarif from "../src/internal/formats/sarif.ts"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { Ajv } from "ajv"
import addFormats from "ajv-formats"
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import type { Log, ReportingDescriptor, Result, Run } from "sarif"
import { missing } from "@scanpoll/test-support/tools"
import { assessment, completed, finding, inState, info } from "./fixtures.ts"
import { render } from "./formats.ts"
import { hostile, make, makeHostile, many } from "./sample.ts"

const require = createRequire(import.meta.url)

// The validator carries the schema of OASIS; without it (it is a Linux program) the rest is still checked.
const validator = (): string | null => {
  try {
    const tool = createRequire(require.resolve("@microsoft/sarif-multitool/package.json"))
    const folder = dirname(tool.resolve("@microsoft/sarif-multitool-linux/package.json"))
    return existsSync(join(folder, "Sarif.Multitool")) ? folder : null
  } catch {
    return null
  }
}

const tool = process.platform === "linux" ? validator() : null
if (tool === null) missing("Sarif.Multitool")

const parse = async (report: ScanReport.ScanReport): Promise<Log> => {
  const log: Log = JSON.parse(await render("sarif", report))
  return log
}

const runs = (log: Log): ReadonlyArray<Run> => log.runs

const results = (run: Run): ReadonlyArray<Result> => run.results ?? []

const reports: ReadonlyArray<readonly [name: string, report: () => ScanReport.ScanReport]> = [
  ["a usual run", make],
  ["hostile texts", makeHostile],
  ["no scans", () => ScanReport.fromRecords([], info())],
  [
    "every state",
    () =>
      ScanReport.fromRecords(
        ScanRecord.states.map((state, at) => inState(at, state)),
        info({ plan: null })
      )
  ],
  ["many findings", () => ScanReport.fromRecords(many(50, 20), info())]
]

const schema = (folder: string) => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const text = readFileSync(join(folder, "sarif-2.1.0.json"), "utf8").replace(/^\ufeff/, "")
  const { $schema: _dialect, ...rest }: Record<string, unknown> = JSON.parse(text)
  return ajv.compile(rest)
}
const validate = tool === null ? null : schema(tool)

describe.each(reports)("of %s", (_, report) => {
  it.skipIf(validate === null)("holds the official schema", async () => {
    assert.isTrue(validate?.(await parse(report())), JSON.stringify(validate?.errors))
  })

  it("is what code scanning takes: places, fingerprints, texts and severities", async () => {
    const log = await parse(report())
    assert.strictEqual(log.version, "2.1.0")
    assert.isAtMost(log.runs.length, 20)
    const categories = runs(log).map(
      (run) => `${run.tool.driver.name} ${(run.automationDetails?.id ?? "").replace(/[^/]*$/, "")}`
    )
    assert.strictEqual(new Set(categories).size, categories.length, "one category for each run")
    for (const run of runs(log)) {
      const rules: ReadonlyArray<ReportingDescriptor> = run.tool.driver.rules ?? []
      assert.strictEqual(new Set(rules.map((rule) => rule.id)).size, rules.length)
      for (const rule of rules) {
        assert.match(rule.id, /^.{1,255}$/s)
        for (const text of [rule.shortDescription?.text, rule.fullDescription?.text, rule.help?.text]) {
          assert.isString(text)
          assert.isAbove((text ?? "").length, 0)
          assert.isAtMost((text ?? "").length, 1_024)
        }
        assert.include(["error", "warning", "note"], rule.defaultConfiguration?.level)
        const severity: unknown = rule.properties?.["security-severity"]
        assert.match(String(severity), /^\d\.\d$/)
        assert.isAtMost((rule.properties?.tags ?? []).length, 10)
      }
      assert.isAtMost(results(run).length, 25_000)
      for (const result of results(run)) {
        const rule = rules[result.ruleIndex ?? -1]
        assert.strictEqual(rule?.id, result.ruleId)
        assert.strictEqual(result.level, rule?.defaultConfiguration?.level)
        const places = result.locations ?? []
        assert.strictEqual(places.length, 1)
        const place = places[0]?.physicalLocation
        const uri = place?.artifactLocation?.uri ?? ""
        assert.match(uri, /^[A-Za-z0-9%._~!'()*-][A-Za-z0-9%._~!'()*/-]*$/)
        assert.notInclude(decodeURIComponent(uri).split("/"), "..")
        assert.isAtLeast(place?.region?.startLine ?? 0, 1)
        assert.isAtLeast(place?.region?.endLine ?? 0, place?.region?.startLine ?? 1)
        assert.isAbove(place?.region?.endColumn ?? 0, place?.region?.startColumn ?? 1)
        assert.match(result.partialFingerprints?.["primaryLocationLineHash"] ?? "", /^[0-9a-f]{32}:1$/)
        assert.notStrictEqual(result.baselineState, "absent")
        assert.isAbove((result.message.text ?? "").length, 0)
      }
    }
  })
})

// The validator takes longer to start than to read: it reads all of them at once, and one that is wrong, so that a silence of
// its own is seen.
describe.skipIf(tool === null)("the official validator with its rules for code scanning", () => {
  const found = new Map<string, Array<string>>()

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "sarif-"))
    try {
      const answer = join(folder, "answer.sarif")
      const files: Array<string> = []
      const put = (name: string, text: string) => {
        const file = join(folder, `${name.replaceAll(" ", "-")}.sarif`)
        writeFileSync(file, text)
        files.push(file)
        found.set(basename(file), [])
      }
      for (const [name, report] of reports) put(name, await render("sarif", report()))
      put("wrong", (await render("sarif", make())).replaceAll('"startLine":9', '"startLine":-9'))
      const { stderr, stdout } = spawnSync(
        join(tool ?? "", "Sarif.Multitool"),
        [
          "validate",
          ...files,
          "--rule-kind",
          "Sarif;Ghas",
          "--output",
          answer,
          "--level",
          "Error;Warning",
          "--kind",
          "Fail"
        ],
        { encoding: "utf8", env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" } }
      )
      assert.isTrue(existsSync(answer), `${stdout}${stderr}`)
      const log: Log = JSON.parse(readFileSync(answer, "utf8").replace(/^\ufeff/, ""))
      for (const run of runs(log)) {
        for (const error of results(run).filter((result) => result.level === "error")) {
          const place = error.locations?.[0]?.physicalLocation?.artifactLocation
          const uri = place?.uri ?? run.artifacts?.[place?.index ?? -1]?.location?.uri ?? ""
          found.get(basename(uri))?.push(`${error.ruleId ?? ""} ${JSON.stringify(error.message)}`)
        }
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.each(reports)("brings no error of %s", (name) => {
    assert.deepStrictEqual(found.get(`${name.replaceAll(" ", "-")}.sarif`), [])
  })

  it("brings an error of a file that is wrong", () => {
    assert.isAbove(found.get("wrong.sarif")?.length ?? 0, 0)
  })
})

describe("a run", () => {
  it("is unsuccessful and says why when a scan has no full result", async () => {
    const [run] = runs(await parse(ScanReport.fromRecords([completed(0), inState(1, "still-running")], info())))
    const [invocation] = run?.invocations ?? []
    assert.isFalse(invocation?.executionSuccessful)
    assert.strictEqual(invocation?.toolExecutionNotifications?.[0]?.descriptor?.id, "still-running")
    const [clean] = runs(await parse(ScanReport.fromRecords([completed(0)], info())))
    assert.isTrue(clean?.invocations?.[0]?.executionSuccessful)
  })

  it("points at the line of the plan that declares the target", async () => {
    const log = await parse(make())
    const place = results(log.runs[1] ?? { tool: { driver: { name: "" } } })[0]?.locations?.[0]?.physicalLocation
    assert.strictEqual(place?.artifactLocation?.uri, "scans.yaml")
    assert.strictEqual(place?.region?.startLine, 9)
  })

  it.each([
    [null, "scans.yaml"],
    ["./plans/weekly.yaml", "plans/weekly.yaml"],
    ["/home/me/plan.yaml", "plan.yaml"],
    ["../../etc/plan.yaml", "plan.yaml"],
    ["C:\\plans\\plan.yaml", "plan.yaml"],
    ["https://evil.example/plan.yaml", "plan.yaml"],
    ["my plan#1.yaml", "my%20plan%231.yaml"],
    ["..", "scans.yaml"]
  ])("takes the plan %j for %s", async (plan, uri) => {
    const [run] = runs(
      await parse(ScanReport.fromRecords([completed(0, { assessment: assessment("high") })], info({ plan })))
    )
    assert.strictEqual(
      results(run ?? { tool: { driver: { name: "" } } })[0]?.locations?.[0]?.physicalLocation?.artifactLocation?.uri,
      uri
    )
  })

  it("points, as annotations do, at the plan's path in its repository where that is known (U-03)", async () => {
    const report = ScanReport.fromRecords(
      [completed(0, { assessment: assessment("high") })],
      info({ plan: "scans.yaml" })
    )
    const log: Log = JSON.parse(await render("sarif", report, { planPath: "sub/scans.yaml" }))
    const [run] = runs(log)
    assert.strictEqual(run?.tool.driver.informationUri, "https://github.com/scanpoll/scanpoll")
    assert.include(JSON.stringify(run?.results), '"uri":"sub/scans.yaml"')
    const made = make()
    assert.include(await render("github", made, { planPath: "sub/scans.yaml" }), "file=sub/scans.yaml,line=")
    assert.notInclude(await render("github", made), "sub/scans.yaml")
  })

  it("has two rules where one rule was broken with two severities", async () => {
    const items = (["low", "high"] as const).map((severity, at) =>
      finding({ findingId: `tls:${at}`, ruleId: "tls", severity })
    )
    const report = ScanReport.fromRecords([completed(0, { findings: { coverage: "full", total: 2, items } })], info())
    const [run] = runs(await parse(report))
    assert.deepStrictEqual(
      (run?.tool.driver.rules ?? []).map((rule) => [rule.id, rule.properties?.["security-severity"]]),
      [
        ["appvet/tls@high", "8.0"],
        ["appvet/tls@low", "2.5"]
      ]
    )
  })

  it("names a finding the same in every run, whatever its text says", async () => {
    const one = (title: string, id: string) =>
      ScanReport.fromRecords(
        [completed(0, { findings: { coverage: "full", total: 1, items: [finding({ findingId: "tls:1", title })] } })],
        info({ id })
      )
    const print = async (report: ScanReport.ScanReport) =>
      results((await parse(report)).runs[0] ?? { tool: { driver: { name: "" } } })[0]?.partialFingerprints
    assert.deepStrictEqual(await print(one("a", "run_1")), await print(one("b", "run_2")))
  })

  it("leaves out what is resolved and keeps the worst when there are too many", async () => {
    const items = Array.from({ length: Sarif.maxResults + 3 }, (_, at) =>
      finding({ findingId: `f${at}`, severity: at < 5 ? "low" : "high", status: at === 6 ? "resolved" : "new" })
    )
    const report = ScanReport.fromRecords(
      [completed(0, { findings: { coverage: "full", total: null, items } })],
      info()
    )
    const [run] = runs(await parse(report))
    const kept = results(run ?? { tool: { driver: { name: "" } } })
    assert.strictEqual(kept.length, Sarif.maxResults)
    assert.strictEqual(kept.filter((result) => result.level === "note").length, 3)
    assert.include(JSON.stringify(run?.invocations), "2 more results")
  })

  it("has no links or arguments of a vendor in its messages, and no payload", async () => {
    const report = ScanReport.fromRecords(
      [
        completed(0, {
          findings: {
            coverage: "full",
            total: 1,
            items: [finding({ findingId: "a", title: "[click](https://evil.example) {0}" })]
          }
        })
      ],
      info({ policy: Gate.none, row: () => ({ payload: { canary: "PAYLOAD" } }) })
    )
    const text = await render("sarif", report)
    assert.notInclude(text, "](https")
    assert.notInclude(text, "{0}")
    assert.notInclude(text, "PAYLOAD")
    assert.isAbove(hostile.length, 20)
  })
})
