import { assert, describe, it } from "@effect/vitest"
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Key from "scanpoll/config/Key"
import { didYouMean, nearest } from "scanpoll/config/Nearest"
import * as Pace from "scanpoll/config/Pace"
import * as Shipped from "scanpoll/vendors/Shipped"
import * as Vendors from "scanpoll/vendors/Vendors"

const vendors = Vendors.make(Shipped.all)

describe("the nearest name", () => {
  it.each([
    ["deadlne", "deadline"],
    ["fail_on", "failOn"],
    ["FailOn", "failOn"],
    ["targtes", "targets"],
    ["maxAge", null],
    ["zzz", null],
    ["", null]
  ])("to %j is %j", (name, expected) => {
    assert.strictEqual(nearest(name, ["deadline", "failOn", "targets", "maxAgeDays"]), expected)
  })

  it("is asked for in words, or not at all", () => {
    assert.strictEqual(didYouMean("urll", ["url"]), '; did you mean "url"?')
    assert.strictEqual(didYouMean("x".repeat(5000), ["url"]), "")
  })
})

describe("a duration", () => {
  it.prop(
    "is read back from how it is shown",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Durations.oldest }))],
    ([millis]) => {
      const shown = Durations.format(Duration.millis(millis))
      assert.deepStrictEqual(
        Result.map(Durations.parse(shown, 0, Durations.oldest), Duration.toMillis),
        Result.succeed(millis)
      )
    }
  )

  it.prop("is never read from a text outside the range, and no text is a defect", [Schema.String], ([text]) => {
    const read = Durations.parse(text)
    if (Result.isFailure(read)) return
    const millis = Duration.toMillis(read.success)
    assert.isTrue(millis >= 1 && millis <= Durations.longest)
  })
})

describe("a key", () => {
  it.each([
    "appvet:scan_abc123",
    "exona:scn_01hxyz",
    "appvet@team-b:scan_1",
    "compliance:550e8400-e29b-41d4-a716-446655440000",
    "appvet:../keys",
    "appvet:a/b",
    "appvet:a?x=1",
    "appvet:a#b"
  ])("%s is read and written the same", (text) => {
    assert.deepStrictEqual(Result.map(Key.parse(text, vendors.names), Key.format), Result.succeed(text))
  })

  it.each([
    "appvet:..",
    "appvet:.",
    "appvet:%2e%2e",
    "appvet:",
    `appvet:${"x".repeat(5000)}`,
    "appvet:a\r\nX-Evil: 1",
    "appvet",
    ":scan_1",
    "@b:scan_1",
    "clm_01hxyz",
    "apvet:scan_1"
  ])("%j is refused, with the text escaped and cut (CL-01)", (text) => {
    const read = Key.parse(text, vendors.names)
    assert.isTrue(Result.isFailure(read))
    if (Result.isSuccess(read)) return
    assert.isBelow(read.failure.length, 300)
    // oxlint-disable-next-line no-control-regex
    assert.notMatch(read.failure, /[\u0000-\u001f]/)
  })
})

describe("a pace", () => {
  const { limits, policies } = Shipped.exona

  it("under the vendor's floor is raised to it, and says so", () => {
    const asked = { _tag: "Every", interval: Duration.seconds(1) } as const
    const { policy, raised } = Pace.toPolicy({ limits, policies }, { pace: asked, deadline: null })
    assert.deepStrictEqual(raised, Duration.seconds(5))
    assert.deepStrictEqual(policy.first, Duration.seconds(5))
  })

  it("by name is the vendor's own of that name; learned asks for what past scans have taught", () => {
    const of = (name: (typeof Pace.paceNames)[number]) =>
      Pace.toPolicy({ limits, policies }, { pace: { _tag: "Named", name }, deadline: null }).policy
    assert.strictEqual(of("bulk"), policies.bulk)
    assert.isTrue(DurationModel.isLearned(of("learned")))
    assert.isFalse(DurationModel.isLearned(of("default")))
  })
})

describe("a target on the command line", () => {
  it.each([
    ["exona", "Acme AI Ltd=https://acme.ai", { company: { name: "Acme AI Ltd", website: "https://acme.ai" } }],
    ["exona", "A=B=https://acme.ai/?q=1", { company: { name: "A=B", website: "https://acme.ai/?q=1" } }],
    ["appvet", "https://example.com/a,b?x=1", { url: "https://example.com/a,b?x=1", type: "security" }],
    ["appvet", "url=https://example.com/a,b,type=seo", { url: "https://example.com/a,b", type: "seo" }],
    ["compliance", "policy=P,upload=U,mapping=M", { policyId: "P", uploadId: "U", mappingId: "M" }],
    [
      "compliance",
      "policyId=P,uploadId=U,mappingId=M,audit=A,name=Q1, 2026",
      { policyId: "P", uploadId: "U", mappingId: "M", auditId: "A", auditName: "Q1, 2026" }
    ]
  ] as const)("%s:%s", (vendor, text, expected) => {
    assert.deepStrictEqual(vendors.byName(vendor)?.parse(text), Result.succeed(expected))
  })

  it.each([
    ["exona", "Acme"],
    ["exona", "=https://acme.ai"],
    ["compliance", "P,U,M"],
    ["compliance", "polcy=P,upload=U,mapping=M"],
    ["compliance", "policy=P,policy=Q"],
    ["compliance", "__proto__=P"]
  ])("%s:%s is refused with the form it has", (vendor, text) => {
    const read = vendors.byName(vendor)?.parse(text)
    assert.isTrue(read !== undefined && Result.isFailure(read))
  })

  it("has its faults found together: an unknown key hides no wrong value", () => {
    const faults = Shipped.appvet.faults({ url: "ftp://x", type: "security", urll: "x" })
    assert.deepStrictEqual(
      faults.map((fault) => fault.path),
      [["urll"], ["url"]]
    )
  })
})
