import { assert, describe, it } from "@effect/vitest"
import type { Findings } from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Effect from "effect/Effect"
import { marked } from "marked"
import stringWidth from "string-width"
import { assessment, completed, finding, inState, info, partial } from "./fixtures.ts"
import { makeHostile } from "./sample.ts"

const full = (...ids: ReadonlyArray<string>): Findings => ({
  coverage: "full",
  total: ids.length,
  items: ids.map((findingId) => finding({ findingId, severity: "high" }))
})

const subject = { kind: "url" as const, id: "https://a.example/", name: "https://a.example/" }

const site = (findings: Findings): ScanRecord => ({
  ...completed(0, { findings, assessment: assessment("low") }),
  subject
})

const run = (id: string, ...records: ReadonlyArray<ScanRecord>) => ScanReport.fromRecords(records, info({ id }))

const one = (base: ScanRecord | null, head: ScanRecord | null) => {
  const diff = Diff.compute(
    run("run_1", ...(base === null ? [] : [base])),
    run("run_2", ...(head === null ? [] : [head]))
  )
  const [first] = diff.subjects
  if (first === undefined) throw new Error("no subject")
  return {
    diff,
    comparable: first.comparable,
    why: first.why === null ? null : HostileText.toLine(first.why),
    new: first.new.map((item) => HostileText.toLine(item.findingId)),
    resolved: first.resolved.map((item) => HostileText.toLine(item.findingId)),
    unchanged: first.unchanged
  }
}

const render = (name: string, diff: Diff.ReportDiff, options = {}): Promise<string> => {
  const format = DiffFormat.byName(name)
  if (format === undefined) throw new Error(`no format ${name}`)
  return Effect.runPromise(Effect.map(DiffFormat.render(format, diff, options), (pieces) => [...pieces].join("")))
}

describe("compute", () => {
  it("tells what is new, resolved and unchanged where both scans are whole", () => {
    const { diff: _, ...rest } = one(site(full("x", "y")), site(full("y", "z")))
    assert.deepStrictEqual(rest, { comparable: true, why: null, new: ["z"], resolved: ["x"], unchanged: 1 })
  })

  it("calls nothing new that a base without a full result lists", () => {
    const part = { ...partial(0, { findings: { ...full("x", "y"), coverage: "partial" } }), subject }
    const more = { ...partial(0, { findings: { ...full("x", "y", "z"), coverage: "partial" } }), subject }
    const { diff: _, ...rest } = one(part, more)
    assert.deepStrictEqual(rest, {
      comparable: false,
      why: "the head is partial",
      new: ["z"],
      resolved: [],
      unchanged: 2
    })
  })

  const counted: Findings = { coverage: "counts-only", total: 3, items: [] }
  const none: Findings = { coverage: "none", total: null, items: [] }

  it.each([
    ["a timeout", site(full("x")), inState(0, "still-running", { subject }), "the head is still-running"],
    ["a failed scan", site(full("x")), inState(0, "failed", { subject }), "the head is failed"],
    ["a partial scan", site(full("x")), { ...partial(0), subject }, "the head is partial"],
    ["a base that did not complete", { ...partial(0), subject }, site(full("x")), "the base is partial"],
    ["counts", site(full("x")), site(counted), "the head counts its findings and does not list them"],
    ["counts before", site(counted), site(full("x")), "the base counts its findings and does not list them"],
    ["no findings told", site(full("x")), site(none), "the head has no findings told by the vendor"],
    ["a subject that is gone", site(full("x")), null, "not in the head"],
    ["a subject that is new", null, site(full("x")), "not in the base"]
  ] as const)("says why %s cannot be compared, and calls nothing resolved", (_, base, head, why) => {
    const found = one(base, head)
    assert.isFalse(found.comparable)
    assert.strictEqual(found.why, why)
    assert.deepStrictEqual(found.resolved, [])
  })

  it("counts the subjects that got worse and better", () => {
    const at = (index: number, severity: "low" | "high") => completed(index, { assessment: assessment(severity) })
    const { summary } = Diff.compute(
      run("run_1", at(0, "low"), at(1, "high"), at(2, "low")),
      run("run_2", at(0, "high"), at(1, "low"), inState(2, "failed"))
    )
    assert.strictEqual(summary.worse, 1)
    assert.strictEqual(summary.better, 1)
  })

  it("calls a subject neither better nor worse whose findings were only accepted, or no longer are (V-07, V-14)", async () => {
    const critical = site({ coverage: "full", total: 1, items: [finding({ findingId: "x", severity: "critical" })] })
    const plain = run("run_1", critical)
    const made = await Effect.runPromise(Baseline.make(plain, { reason: "known", assessments: true }))
    const accepted = Baseline.apply(run("run_2", critical), made, Date.parse(plain.run.finishedAt))
    assert.strictEqual(accepted.scans[0]?.severity, "none")
    for (const [base, head] of [
      [plain, accepted],
      [accepted, plain],
      [accepted, accepted]
    ] as const) {
      const diff = Diff.compute(base, head)
      assert.deepInclude(diff.summary, { worse: 0, better: 0, new: 0, resolved: 0, unchanged: 1 })
    }
    const diff = Diff.compute(plain, accepted)
    assert.deepInclude(diff.subjects[0]?.head, { severity: "none", found: "critical" })
    for (const format of ["text", "markdown"]) {
      assert.include((await render(format, diff)).replaceAll("\\", ""), "none (critical accepted)")
    }
    // A scan without findings is better, whatever was accepted before.
    const clean = run("run_3", { ...critical, outcome: site(full()).outcome })
    assert.strictEqual(Diff.compute(accepted, clean).summary.better, 1)
  })

  it("does not compare when a subject is scanned more often in one of the runs", () => {
    const two = run("run_2", site(full("x")), { ...site(full("y")), index: 1 })
    const diff = Diff.compute(run("run_1", site(full("w"))), two)
    assert.isFalse(diff.subjects[0]?.comparable)
    assert.deepStrictEqual(diff.subjects[0]?.resolved, [])
  })

  it("holds the head's new findings against a gate, and misses no verdict", () => {
    const policy = { ...Gate.none, failOnNew: "high" } as const
    const exit = (head: ScanRecord) => Diff.compute(run("run_1", site(full("x"))), run("run_2", head), policy).exit.code
    assert.strictEqual(exit(site(full("x"))), 0)
    assert.strictEqual(exit(site(full("x", "y"))), 1)
    assert.strictEqual(exit(inState(0, "still-running", { subject })), 3)
  })
})

describe("the formats", () => {
  const diff = Diff.compute(
    run("run_1", site(full("x", "y")), completed(1)),
    run("run_2", site(full("y", "z")), inState(1, "still-running")),
    { ...Gate.none, failOnNew: "high" }
  )

  it("json holds its own schema", async () => {
    const validate = new Ajv2020({ strict: false }).compile(Diff.jsonSchema())
    for (const value of [diff, Diff.compute(makeHostile(), makeHostile())]) {
      validate(JSON.parse(await render("json", value)))
      assert.deepStrictEqual(validate.errors ?? [], [])
    }
  })

  it("text shows changes with their signs, keeps the width and says why", async () => {
    const text = await render("text", diff, { width: 60 })
    assert.match(text, /\+ high +Finding z/)
    assert.match(text, /- high +Finding x/)
    assert.include(text, "not comparable: the head is still-running")
    for (const line of text.split("\n")) assert.isAtMost(stringWidth(line), 60)
  })

  it("markdown is text alone, whatever the vendors say", async () => {
    const html = await marked.parse(await render("markdown", Diff.compute(run("run_1"), makeHostile())), { gfm: true })
    const made = new Set(Array.from(html.matchAll(/<([a-z][a-z0-9]*)/gi), (found) => found[1]))
    for (const name of ["a", "img", "script", "svg", "details", "div"]) assert.isFalse(made.has(name), name)
    assert.include(await render("markdown", diff), "no: the head is still-running")
  })
})
