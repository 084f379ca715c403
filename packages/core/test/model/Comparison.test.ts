import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Comparison from "../../src/model/Comparison.ts"
import * as ScanOutcome from "../../src/model/ScanOutcome.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"

const ticket = (scanId: string) =>
  ScanTicket.make({ vendor: "acme", origin: "https://acme.test", account: "default", scanId, submittedAt: 0 })

const finding = (findingId: string, status: ScanOutcome.Finding["status"] = "unknown"): ScanOutcome.Finding => ({
  findingId,
  ruleId: "r",
  title: "t",
  description: null,
  severity: "low",
  vendorSeverity: null,
  status,
  resource: null,
  remediation: null,
  references: []
})

const complete = (
  scanId: string,
  items: ReadonlyArray<ScanOutcome.Finding>,
  coverage: ScanOutcome.Findings["coverage"] = "full"
) =>
  ScanOutcome.makeCompleted({
    ticket: ticket(scanId),
    vendorStatus: "done",
    assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
    payload: { any: scanId },
    findings: { coverage, total: items.length, items }
  })

const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Struct({ any: Schema.String })))
const encodeOutcome = Schema.encodeSync(codec)
const subject = { id: "https://a.example/" }
const encode = (outcome: Parameters<typeof encodeOutcome>[0]) => ({ outcome: encodeOutcome(outcome), subject })

describe("Comparison", () => {
  it("counts what is new, gone and still there, by ids alone, and marks the findings", () => {
    const before = encode(complete("s1", [finding("a"), finding("b"), finding("gone")]))
    const now = Comparison.withDelta(
      complete("s2", [finding("a"), finding("b"), finding("c"), finding("c")]),
      subject,
      [before]
    )
    assert.deepStrictEqual(now._tag === "Completed" ? now.delta : null, {
      source: "computed",
      new: 1,
      resolved: 1,
      unchanged: 2,
      previousScanId: "s1",
      previousTotal: 3,
      consistent: true,
      comparable: true
    })
    assert.deepStrictEqual(now._tag === "Completed" ? now.findings.items.map((item) => item.status) : [], [
      "unchanged",
      "unchanged",
      "new",
      "new"
    ])
  })

  it("compares with the latest that is complete and another scan, and with nothing else", () => {
    const partial = encode(
      ScanOutcome.makePartial({
        ticket: ticket("p"),
        vendorStatus: "partial",
        assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
        reason: { code: null, message: "m", advice: null, requestId: null },
        payload: { any: "p" },
        findings: { coverage: "full", total: 0, items: [] }
      })
    )
    const counted = encode(complete("counted", [], "counts-only"))
    const same = encode(complete("s2", []))
    const older = encode(complete("s0", [finding("a")]))
    const now = Comparison.withDelta(complete("s2", [finding("a")]), subject, [
      same,
      partial,
      counted,
      { outcome: "junk", subject },
      { outcome: null, subject },
      older
    ])
    assert.strictEqual(now._tag === "Completed" ? now.delta?.previousScanId : null, "s0")
    const alone = complete("s2", [finding("a")])
    assert.strictEqual(Comparison.withDelta(alone, subject, [same, partial, counted]), alone)
  })

  it("does not compare with an answer about something else, whose findings are kept to be read (V-11, V-05)", () => {
    const other = encode(ScanOutcome.withoutEvidence(complete("other", [finding("a")]), "it is about another site"))
    const older = encode(complete("s0", [finding("b")]))
    const now = Comparison.withDelta(complete("s2", [finding("a"), finding("b")]), subject, [other, older])
    assert.deepStrictEqual(now._tag === "Completed" ? now.findings.items.map(({ status }) => status) : [], [
      "new",
      "unchanged"
    ])
    const alone = complete("s2", [finding("a")])
    assert.strictEqual(Comparison.withDelta(alone, subject, [other]), alone)
  })

  it("never replaces what the vendor said, and gives an incomplete scan none", () => {
    const before = [encode(complete("s1", []))]
    const vendors = {
      ...complete("s2", [finding("a", "unchanged")]),
      delta: {
        source: "vendor" as const,
        new: 9,
        resolved: 9,
        unchanged: 9,
        previousScanId: null,
        previousTotal: null,
        consistent: false,
        comparable: true
      }
    }
    assert.strictEqual(Comparison.withDelta(vendors, subject, before), vendors)
    const some = complete("s2", [finding("a")], "partial")
    assert.strictEqual(Comparison.withDelta(some, subject, before), some)
  })

  it("knows a finding of a named target again after the target has moved (V-05)", () => {
    const at = (host: string) => ({ id: `https://${host}/`, series: "name=shop" })
    const found = (host: string) => [
      finding(`acme:seo:https://${host}/:title`),
      finding(`acme:seo:https://${host}/:meta`)
    ]
    const before = { outcome: encodeOutcome(complete("s1", found("pr-1.example"))), subject: at("pr-1.example") }
    const now = Comparison.withDelta(complete("s2", found("pr-2.example")), at("pr-2.example"), [before])
    assert.deepStrictEqual(now._tag === "Completed" ? [now.delta?.new, now.delta?.unchanged] : [], [0, 2])
  })
})
