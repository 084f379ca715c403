import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ScanOutcome from "../../src/model/ScanOutcome.ts"
import * as ScanRecord from "../../src/model/ScanRecord.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"
import * as Severity from "../../src/model/Severity.ts"
import * as Subject from "../../src/model/Subject.ts"

describe("ScanTicket", () => {
  it("takes an id of any visible ASCII characters, and none that no path could carry", () => {
    for (const id of ["..", ".", "%2e%2e", ".%2E", "%2e", "", "x".repeat(201), "a\r\nX: y", "a b", "ä", "\u007f"]) {
      assert.isFalse(ScanTicket.isScanId(id), JSON.stringify(id).slice(0, 40))
    }
    for (const id of [
      "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
      "scan_abc123",
      "abc12345-def6-7890-ghij-klmnopqrstuv",
      "...",
      "a.b~c",
      "../keys",
      "projects/p/locations/eu/operations/7",
      "a?x=1#y:z@w%2f\\'\"$`",
      "-rf"
    ]) {
      assert.isTrue(ScanTicket.isScanId(id), id)
    }
  })

  it("reads a key back, whatever the vendor's name, and nothing that is not one", () => {
    assert.deepStrictEqual(ScanTicket.parseKey("acme:s1"), Option.some({ vendor: "acme", account: null, scanId: "s1" }))
    for (const account of ["second", "team b:2", "a@b", "50%"]) {
      for (const scanId of ["s1", "a:b@c", "../x", "%3A"]) {
        const key = ScanTicket.accountKey({ vendor: "acme", account, scanId })
        assert.deepStrictEqual(ScanTicket.parseKey(key), Option.some({ vendor: "acme", account, scanId }), key)
      }
    }
    for (const text of ["acme", ":s1", "acme:", "acme:..", "acme:a b"])
      assert.isTrue(Option.isNone(ScanTicket.parseKey(text)), text)
  })
})

describe("Severity", () => {
  const any = Schema.Literals(Severity.all)

  it.prop(
    "the worst of many is one of them, and in no order better than any",
    { severities: Schema.Array(any) },
    ({ severities }) => {
      const worst = Severity.worst(severities)
      assert.isTrue(severities.length === 0 ? worst === "none" : severities.includes(worst))
      assert.isTrue(severities.every((severity) => Severity.worse(worst, severity) === worst))
      assert.strictEqual(Severity.worst([...severities].reverse()), worst)
    }
  )

  it.prop(
    "a gate that one severity breaks is broken by the worst of any list with it",
    { severities: Schema.Array(any), threshold: any },
    ({ severities, threshold }) => {
      if (severities.some((severity) => Severity.atLeast(severity, threshold))) {
        assert.isTrue(Severity.atLeast(Severity.worst(severities), threshold))
      }
    }
  )

  it("unknown breaks every gate", () => {
    for (const threshold of Severity.all) assert.isTrue(Severity.atLeast("unknown", threshold))
  })
})

describe("ScanOutcome", () => {
  const ticket = ScanTicket.make({
    vendor: "acme",
    origin: "https://acme.test",
    account: "default",
    scanId: "s1",
    submittedAt: 0
  })

  it("survives a journal: encoded and decoded it is the same", () => {
    const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Struct({ x: Schema.Finite })))
    const outcome = ScanOutcome.makeCompleted({
      ticket,
      vendorStatus: "done",
      assessment: {
        severity: "high",
        vendorSeverity: "C",
        compliance: "fail",
        score: { value: 72, min: 0, max: 100, direction: "higher-is-better", grade: "C", basis: "vendor" }
      },
      payload: { x: 1 }
    })
    const text = JSON.stringify(Schema.encodeSync(codec)(outcome))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(JSON.parse(text)), outcome)
  })

  it("the gate reads the worst of assessment and open findings; a failed scan is unknown", () => {
    const finding = (severity: Severity.Severity, status: ScanOutcome.Finding["status"]): ScanOutcome.Finding => ({
      findingId: `${severity}-${status}`,
      ruleId: "r",
      title: "t",
      description: null,
      severity,
      vendorSeverity: null,
      status,
      resource: null,
      remediation: null,
      references: []
    })
    const outcome = ScanOutcome.makePartial({
      ticket,
      vendorStatus: "partial",
      assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
      reason: { code: null, message: "m", advice: null, requestId: null },
      findings: { coverage: "partial", total: 2, items: [finding("critical", "resolved"), finding("medium", "new")] },
      payload: null
    })
    assert.strictEqual(ScanOutcome.severity(outcome), "medium")
    const failed = ScanOutcome.makeFailed({ ticket, vendorStatus: "failed", reason: outcome.reason })
    assert.strictEqual(ScanOutcome.severity(failed), "unknown")
  })
})

describe("ScanRecord", () => {
  it("is resumable exactly where waiting, resuming or a mended credential helps", () => {
    assert.deepStrictEqual(
      ScanRecord.states.filter((state) => ScanRecord.isResumable({ state })),
      ["still-running", "unreachable", "protocol", "interrupted", "denied"]
    )
  })
})

describe("Subject", () => {
  it("takes any vendor's kind of thing, as one word in lower case", () => {
    const is = Schema.is(Subject.Subject)
    const all = (kinds: ReadonlyArray<string>) => kinds.filter((kind) => is({ kind, id: "1", name: "one" }))
    const words = ["company", "url", "dataset", "file", "repository", "x", "oci-image2", "unknown", "a".repeat(32)]
    assert.deepStrictEqual(all(words), words)
    assert.deepStrictEqual(all(["", "Company", "a b", "2x", "-a", "é", "a_b", "a".repeat(33), "a\n"]), [])
  })
})
