import { assert, describe, it } from "@effect/vitest"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Format from "@scanpoll/report/Format"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Payload from "@scanpoll/report/Payload"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { completed, info } from "./fixtures.ts"
import { render } from "./formats.ts"

const none = { scrub: (text: string) => text }

describe("prepare", () => {
  it("keeps nothing, all, or all but what is named like a secret", () => {
    const value = { score: 3, apiKey: "k", nested: [{ client_secret: "s", name: "n" }], "Set-Cookie": "c", tokens: 5 }
    assert.isNull(Payload.prepare(value, "none", none))
    assert.deepStrictEqual(Payload.prepare(value, "full", none), value)
    assert.deepStrictEqual(Payload.prepare(value, "redacted", none), {
      score: 3,
      apiKey: Payload.mark,
      nested: [{ client_secret: Payload.mark, name: "n" }],
      "Set-Cookie": Payload.mark,
      tokens: 5
    })
  })

  it("cuts out the paths it is told, in a redacted payload alone", () => {
    const value = { a: { b: [{ c: 1, d: 2 }], e: 3 } }
    const redaction = { ...none, drop: ["a.b.*.c", "a.e"] }
    assert.deepStrictEqual(Payload.prepare(value, "redacted", redaction), {
      a: { b: [{ c: Payload.mark, d: 2 }], e: Payload.mark }
    })
    assert.deepStrictEqual(Payload.prepare(value, "full", redaction), value)
  })

  it.each(["redacted", "full"] as const)("replaces known credentials in every text and key of a %s payload", (mode) => {
    const scrubber = Scrubber.make()
    scrubber.learn("CANARY-0123456789")
    const payload = Payload.prepare(
      { text: "x CANARY-0123456789 y", "CANARY-0123456789": [encodeURIComponent("CANARY-0123456789")] },
      mode,
      { scrub: scrubber.data }
    )
    assert.notInclude(JSON.stringify(payload), "CANARY")
  })

  it("survives what is deep, odd or named like a prototype", () => {
    let deep: unknown = "end"
    for (let at = 0; at < 5_000; at += 1) deep = { deep }
    assert.include(JSON.stringify(Payload.prepare(deep, "full", none)), "nested too deep")
    const odd = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')
    assert.strictEqual(
      JSON.stringify(Payload.prepare(odd, "full", none)),
      '{"__proto__":{"polluted":true},"constructor":1}'
    )
    assert.notProperty({}, "polluted")
    assert.deepStrictEqual(Payload.prepare({ a: Number.NaN, b: undefined, c: () => 1 }, "full", none), {
      a: null,
      b: null,
      c: null
    })
  })
})

describe("a report with payloads", () => {
  const payload = Payload.prepare({ canary: "PAYLOAD-CANARY", "PAYLOAD-KEY": 1 }, "full", none)
  const report = ScanReport.fromRecords(
    [completed(0), completed(1)],
    info({ row: (record) => (record.index === 0 ? { payload, payloadSha256: Payload.digest(payload) } : {}) })
  )

  it.each(Format.names.filter((name) => name !== "json"))("shows nothing of them in %s", async (name) => {
    assert.notInclude(await render(name, report), "PAYLOAD-")
  })

  it("has them in its JSON and its side file, with a digest that stays when they go", async () => {
    assert.include(await render("json", report), "PAYLOAD-CANARY")
    const lines = [...Payload.sideFile(report)]
    assert.strictEqual(lines.length, 1)
    const line: { readonly sha256: string; readonly key: string } = JSON.parse(lines[0] ?? "")
    assert.strictEqual(line.sha256, Payload.digest(payload))
    assert.strictEqual(line.key, "appvet:scan_0")
    assert.isTrue(Payload.isIn(report))
    const bare = Payload.strip(report)
    assert.isFalse(Payload.isIn(bare))
    assert.notInclude(JSON.stringify(bare), "PAYLOAD-")
    assert.strictEqual(bare.scans[0]?.payloadSha256, line.sha256)
  })
})

describe("names of files", () => {
  it.each([
    ["out/report.html", "out/report.payloads.ndjson"],
    ["report", "report.payloads.ndjson"],
    ["out.d/report", "out.d/report.payloads.ndjson"],
    [".hidden", ".hidden.payloads.ndjson"]
  ])("the side file of %s is %s", (file, side) => {
    assert.strictEqual(Payload.sideFileName(file), side)
  })

  it.each([
    "../../x",
    "CON",
    "a\u0000b",
    "/etc/passwd",
    "..\\..\\x",
    "x".repeat(300),
    "",
    "%2e%2e%2f",
    "\u202egpj.exe"
  ])("an id like %j makes a name without a path", (id) => {
    const name = Payload.slug({ vendor: "appvet", id: HostileText.of(id) })
    assert.match(name, /^scan-[a-z0-9_-]{1,110}$/)
  })

  it("different ids make different names", () => {
    const ids = ["a/b", "a-b", "a b", "A-B", "a:b"].map((id) => Payload.slug({ vendor: "v", id: HostileText.of(id) }))
    assert.strictEqual(new Set(ids).size, ids.length)
  })
})

describe("the seal of a JSON report", () => {
  it("holds for what was written and not for what was edited", async () => {
    const text = await render("json", ScanReport.fromRecords([completed(0)], info()))
    assert.strictEqual(ScanReport.sealOf(text), "intact")
    assert.strictEqual(ScanReport.sealOf(text.replace('"severity": "low"', '"severity": "none"')), "edited")
    assert.strictEqual(ScanReport.sealOf(JSON.stringify(JSON.parse(text), null, 2)), "intact")
    assert.strictEqual(ScanReport.sealOf(`${text.trimEnd().slice(0, -1)}, "more": 1}`), "edited")
    assert.strictEqual(ScanReport.sealOf('{"schemaVersion":1}'), "unsealed")
  })

  it("cannot be forged by a text inside the report", async () => {
    const name = ',\n  "digest": "sha256:' + "0".repeat(64) + '"\n}'
    const text = await render("json", ScanReport.fromRecords([completed(0, { name })], info()))
    assert.strictEqual(ScanReport.sealOf(text), "intact")
  })
})
