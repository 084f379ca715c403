/** What a report counts beside what it lists takes part in the findings. */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"
import { fromReport, Report } from "../src/internal/findings.ts"

const check = (name: string, status: string, severity: string | null = null) => ({
  name,
  status,
  severity,
  message: ""
})

const found = (checks: ReadonlyArray<unknown>, summary?: Readonly<Record<string, unknown>>) => {
  const body = { id: "scan_1", categories: [{ name: "TLS", checks }], ...(summary === undefined ? {} : { summary }) }
  const report = Wire.reader(Report)(body)
  if (Result.isFailure(report)) return assert.fail(report.failure)
  return fromReport(report.success.value, {
    unreadable: report.success.leftOut,
    partial: false,
    type: "security",
    url: "https://a.example/"
  })
}

const short = (findings: ReturnType<typeof found>) => findings.items.map(({ ruleId, severity }) => [ruleId, severity])

describe("the findings of a report", () => {
  it("have the severities that its summary counts, also where no check is listed for them (V-02)", () => {
    const findings = found([check("CSP", "fail", "low")], {
      failed: 3,
      warnings: 0,
      critical: 1,
      high: 1,
      medium: 0,
      low: 1
    })
    assert.deepStrictEqual(short(findings), [
      ["tls/csp", "low"],
      ["not-listed/critical", "critical"],
      ["not-listed/high", "high"]
    ])
    assert.deepStrictEqual([findings.coverage, findings.total], ["partial", 3])
  })

  it("are unknown as far as the summary counts more than anything explains (V-02)", () => {
    assert.deepStrictEqual(short(found([check("CSP", "pass")], { failed: 2, warnings: 1 })), [
      ["not-listed/unknown", "unknown"]
    ])
  })

  it("are unknown for a check that cannot be read, also where the summary counts nothing bad (V-02)", () => {
    const odd = check("HSTS", "broken", "critical")
    assert.deepStrictEqual(short(found([odd])), [["not-listed/unknown", "unknown"]])
    const nothing = { failed: 0, warnings: 0, critical: 0, high: 0, medium: 0, low: 0 }
    assert.deepStrictEqual(short(found([odd], nothing)), [["not-listed/unknown", "unknown"]])
  })

  it("are not all of them where the report lists no check and counts none: nothing is called resolved by it (V-01)", () => {
    assert.strictEqual(found([]).coverage, "partial")
    assert.strictEqual(found([], { failed: 0, warnings: 0 }).coverage, "full")
    assert.strictEqual(found([check("CSP", "pass")]).coverage, "full")
  })

  it("are as many as the larger of the numbers that a summary names, and not all of them (V-02)", () => {
    const findings = found([check("CSP", "pass")], { failed: 0, warnings: 0, critical: 1 })
    assert.deepStrictEqual(short(findings), [["not-listed/critical", "critical"]])
    assert.deepStrictEqual([findings.coverage, findings.total], ["partial", 1])
  })

  it("are not all of them where the summary counts checks that neither passed nor failed (V-01)", () => {
    const counts = { total_checks: 27, passed: 20, failed: 1, warnings: 0 }
    const checks = [check("CSP", "fail", "high")]
    assert.strictEqual(found(checks, counts).coverage, "partial")
    assert.strictEqual(found(checks, { ...counts, passed: 26 }).coverage, "full")
    assert.strictEqual(found(checks, { ...counts, passed: null }).coverage, "full")
  })

  it("are those of the list alone where the summary agrees (V-02)", () => {
    const checks = [check("CSP", "fail", "high"), check("HSTS", "warn"), check("TLS", "pass")]
    const findings = found(checks, { failed: 1, warnings: 1, critical: 0, high: 1, medium: 0, low: 0 })
    assert.deepStrictEqual([findings.items.length, findings.coverage], [2, "full"])
  })
})

describe("the identity of a check", () => {
  const names = ["CSP", "csp", "HSTS", "Cookie flags", "CSP"]
  const statuses = ["fail", "warn"]
  const severities = ["low", "high", "critical", null]
  const Chance = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))), {
    minLength: names.length,
    maxLength: names.length
  })

  it.prop(
    "is its category and its name, whatever the order of the list, its severity and its texts are (V-05)",
    [Chance, Chance],
    ([order, words]) => {
      const usual = found(names.map((name) => check(name, "fail")))
      const other = found(
        [...names.entries()]
          .toSorted(([a], [b]) => (order[a] ?? 0) - (order[b] ?? 0))
          .map(([, name], at) => ({
            ...check(name, statuses[(words[at] ?? 0) % 2] ?? "fail", severities[(words[at] ?? 0) % 4]),
            message: `seen ${words[at] ?? 0} times`,
            fix: `fix ${words[at] ?? 0}`
          }))
      )
      const ids = (findings: ReturnType<typeof found>) => findings.items.map(({ findingId }) => findingId).toSorted()
      assert.deepStrictEqual(ids(other), ids(usual))
    }
  )
})
