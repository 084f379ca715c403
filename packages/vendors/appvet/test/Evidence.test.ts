/** What a report counts beside what it lists takes part in the findings. */
import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as AppVetSchema from "../src/AppVetSchema.ts"
import * as Wire from "@scanpoll/core/vendor/Wire"
import { fromReport } from "../src/internal/findings.ts"

const check = (name: string, status: string, severity: string | null = null) => ({
  name,
  status,
  severity,
  message: ""
})

const found = (checks: ReadonlyArray<unknown>, summary?: Readonly<Record<string, unknown>>) => {
  const body = { id: "scan_1", categories: [{ name: "TLS", checks }], ...(summary === undefined ? {} : { summary }) }
  const report = Wire.reader(AppVetSchema.Report)(body)
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

  it("are unknown for a check that cannot be read, unless the summary accounts for all of them (V-02)", () => {
    const odd = check("HSTS", "broken", "critical")
    assert.deepStrictEqual(short(found([odd])), [["not-listed/unknown", "unknown"]])
    assert.deepStrictEqual(short(found([odd], { failed: 0, warnings: 0, critical: 0, high: 0, medium: 0, low: 0 })), [])
  })

  it("are those of the list alone where the summary agrees (V-02)", () => {
    const checks = [check("CSP", "fail", "high"), check("HSTS", "warn"), check("TLS", "pass")]
    const findings = found(checks, { failed: 1, warnings: 1, critical: 0, high: 1, medium: 0, low: 0 })
    assert.deepStrictEqual([findings.items.length, findings.coverage], [2, "full"])
  })
})
