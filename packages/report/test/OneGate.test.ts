/** Every text of a vendor or a plan on its way into every format: keys in any disguise that is promised, and what a place forgot. */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as Diff from "@scanpoll/report/Diff"
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as SafeText from "@scanpoll/report/SafeText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Gate from "@scanpoll/report/Gate"
import * as Disguises from "@scanpoll/test-support/disguises"
import { bare, readings } from "@scanpoll/test-support/readings"
import { seeded } from "@scanpoll/test-support/seeded"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { info } from "./fixtures.ts"
import { render } from "./formats.ts"
import * as Sample from "./sample.ts"

const diffs = (report: ScanReport.ScanReport) =>
  Effect.forEach(DiffFormat.all, (format) =>
    Effect.map(DiffFormat.render(format, Diff.compute(report, report, Gate.none), {}), (pieces) => ({
      name: `diff ${format.name}`,
      output: [...pieces].join("")
    }))
  )

const everywhere = async (text: string) => {
  const report = ScanReport.fromRecords(
    Sample.saying(text, 0),
    info({ plan: text, policy: { ...Gate.none, failOn: "high" }, faults: [{ code: 74, message: text }] })
  )
  const reports = await Promise.all(
    Format.names.map(async (name) => ({ name, output: await render(name, report, { title: text }) }))
  )
  const line = { name: "line", output: SafeText.lines(text) }
  return [...reports, ...(await Effect.runPromise(diffs(report))), line]
}

const cases = Number(process.env["GATE_CASES"] ?? 60)

describe("the gate for text", () => {
  it(`lets no key through in any of the promised disguises, into any format: ${cases} random cases (S-02, S-03, S-04)`, async () => {
    const hits: Array<string> = []
    for (let seed = 1; seed <= cases; seed++) {
      const random = seeded(seed)
      const key = Disguises.credential(random)
      Scrubber.ofProcess.learn(key)
      const { names, text } = Disguises.disguise(key, random, 3)
      for (const { name, output } of await everywhere(`before ${text} after`)) {
        const found = readings(output).some((reading) => reading.includes(bare(key)) || reading.includes(bare(text)))
        if (found) hits.push(`${seed} in ${name}: ${names.join(", ")}`)
      }
    }
    assert.deepStrictEqual(hits, [])
  })

  const key = "sk-LIVE/0123+ABCD&<9>\"'x"

  it.each(["text", "markdown", "table", "commands", "markup", "json"] as const)(
    "takes a key that a place forgot out of finished %s, however the format writes it (S-02)",
    (syntax) => {
      Scrubber.ofProcess.learn(key)
      const escaped = key.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
      for (const form of [key, JSON.stringify(key).slice(1, -1), escaped, encodeURIComponent(key)]) {
        assert.strictEqual(SafeText.seal(syntax, `a ${form} b`), "a [redacted] b")
      }
    }
  )

  it("leaves a document as it is where nothing is wrong with it, colours and escapes included (S-02)", () => {
    assert.strictEqual(SafeText.seal("text", "\u001b[31;1mred\u001b[22m\tand\n"), "\u001b[31;1mred\u001b[22m\tand\n")
    assert.strictEqual(SafeText.seal("commands", "::error file=a::b\n"), "::error file=a::b\n")
    assert.strictEqual(SafeText.seal("table", "a,b\r\n"), "a,b\r\n")
    assert.deepStrictEqual(JSON.parse(SafeText.document({ a: "\u202e##vso[x]" })), { a: "\u202e##vso[x]" })
  })

  it("lets nothing active through that a place forgot (S-08)", () => {
    const forgotten = "a\u001b]0;x\u0007\u001b[2J\u009b\u202eb\n##vso[task.complete]\n::add-mask::x\n"
    assert.strictEqual(SafeText.seal("text", forgotten), "a]0;x[2Jb\n#\u2060#vso[task.complete]\n:\u2060:add-mask::x\n")
    assert.notMatch(SafeText.seal("markup", forgotten), /[\p{Cc}\u202e](?<!\n)/u)
    assert.include(SafeText.seal("json", '"##vso[x]"'), "\\u0023#vso[x]")
  })
})
