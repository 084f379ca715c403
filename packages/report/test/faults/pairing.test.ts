/** What pairs with what, whatever else of two runs differs. */
import { assert, describe, it } from "@effect/vitest"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assessment, completed, finding, info, score, start, ticket } from "../fixtures.ts"

// One target of a plan. `moves`: its address is another one in each run, and its name is its identity.
interface Target {
  readonly vendor?: string
  readonly account?: string
  readonly type?: string
  readonly site: string
  readonly moves?: boolean
  readonly rules: ReadonlyArray<string>
}

const targets: ReadonlyArray<Target> = [
  { type: "security", site: "a", rules: ["csp", "hsts", "csp#2"] },
  { type: "seo", site: "a", rules: ["title", "meta"] },
  { type: "security", site: "a", account: "second", rules: ["csp", "hsts"] },
  { type: "seo", site: "b", rules: ["title"] },
  { type: "security", site: "shop", moves: true, rules: ["csp", "hsts"] },
  { type: "seo", site: "shop", moves: true, rules: ["title", "meta", "links"] },
  { type: "security", site: "shop", moves: true, account: "second", rules: ["csp"] },
  { vendor: "exona", site: "acme", rules: ["incident-1", "incident-2"] },
  { vendor: "exona", type: "questionnaire", site: "acme", rules: ["incident-1"] }
]

// All that differs between two runs and is no part of an identity: small numbers, used up one after the other.
type Chance = ReadonlyArray<number>

const Chance = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 }))), {
  minLength: 40,
  maxLength: 40
})

const shuffled = <A>(items: ReadonlyArray<A>, chance: Chance, from: number): ReadonlyArray<A> =>
  [...items.entries()]
    .toSorted(([a], [b]) => (chance[(from + a) % 40] ?? 0) - (chance[(from + b) % 40] ?? 0) || a - b)
    .map(([, item]) => item)

// The first run has the worst of them: what got worse since it was accepted counts again.
const severities: ReadonlyArray<Severity> = ["critical", "high", "medium", "low"]

const recordOf = (run: number, index: number, target: Target, chance: Chance): ScanRecord => {
  const { account = "default", moves = false, rules, site, type = "", vendor = "appvet" } = target
  const number = (at: number) => chance[(index * 3 + at) % 40] ?? 0
  const address = moves ? `https://${site}-${run}.example/` : `https://${site}.example/`
  const told = completed(index, {
    vendor,
    assessment: assessment("low", { score: score(number(0) % 101), vendorSeverity: `word ${number(1)}` }),
    findings: {
      coverage: "full",
      total: rules.length,
      items: shuffled(rules, chance, index).map((rule, at) =>
        finding({
          findingId: `${vendor}:${type}:${address}:${rule}`,
          ruleId: rule.replace(/#.*$/, ""),
          severity: severities[number(at) % 4] ?? "low",
          title: `${rule}, the ${number(at)}th time`,
          description: `seen ${number(at + 1)} times`,
          remediation: number(at) % 2 === 0 ? null : "fix it",
          resource: address
        })
      )
    }
  })
  const scanId = `run_${run}_${index}_${number(2)}`
  const mine = { ...ticket(vendor, scanId), account }
  return {
    ...told,
    claimId: `clm_${run}_${index}`,
    account,
    ticket: mine,
    outcome: told.outcome === null ? null : { ...told.outcome, ticket: mine },
    subject: {
      kind: "url",
      id: address,
      name: moves ? site : address,
      ...(moves ? { series: `name=${site}` } : {})
    }
  }
}

const reportOf = (run: number, plan: ReadonlyArray<Target>, chance: Chance): ScanReport.ScanReport =>
  ScanReport.fromRecords(
    plan.map((target, index) => recordOf(run, index, target, chance)),
    info({ id: `run_${run}`, row: ({ index }) => ({ scanType: plan[index]?.type ?? "" }) })
  )

const still: Chance = Array.from({ length: 40 }, () => 0)

const render = (name: string, report: ScanReport.ScanReport) =>
  Effect.gen(function* () {
    const format = Format.byName(name)
    if (format === undefined) return assert.fail(`no format ${name}`)
    return [...(yield* Format.render(format, report))].join("")
  })

const idsIn: ReadonlyArray<readonly [format: string, form: RegExp]> = [
  ["sarif", /"primaryLocationLineHash":"([^"]*)"/g],
  ["defectdojo", /"unique_id_from_tool": ?"([^"]*)"/g],
  ["ocsf", /"finding_info":\{"uid":"([^"]*)"/g],
  ["csv", /^scan,[^\n]*,([0-9a-f]{32}),[^,\r]*,[^,\r]*\r$/gm],
  ["events", /"identity":"([^"]*)"/g],
  ["junit", /<testcase classname="scanpoll.\w+" name="([^"]*)"/g]
]

const idsOf = (report: ScanReport.ScanReport) =>
  Effect.forEach(idsIn, ([format, form]) =>
    Effect.map(render(format, report), (text) => Array.from(text.matchAll(form), ([, id]) => id ?? "").toSorted())
  )

// Which target of the plan a scan id of run 1 is of.
const siteOf = (report: ScanReport.ScanReport, scanId: HostileText.HostileText | null | undefined) => {
  const row = report.scans.find((scan) => scan.scanId === scanId && scanId !== undefined)
  return row === undefined ? null : `${row.vendor} ${HostileText.toKey(row.account)} ${nameOf(row)}`
}

const nameOf = ({ scanType, subject }: ScanReport.ScanReport["scans"][number]): string =>
  `${HostileText.toKey(subject.series ?? subject.id)} ${scanType === undefined ? "" : HostileText.toKey(scanType)}`

describe("two runs of one plan", () => {
  const before = reportOf(1, targets, still)

  it.effect.prop(
    "pair whatever the order of plan and lists, the scores, severities, texts, ids and addresses of named targets are (V-05, V-06)",
    [Chance],
    ([chance]) =>
      Effect.gen(function* () {
        const after = reportOf(2, shuffled(targets, chance, 7), chance)

        const { subjects, summary } = Diff.compute(before, after)
        assert.deepStrictEqual(
          [summary.subjects, summary.comparable, summary.new, summary.resolved],
          [targets.length, targets.length, 0, 0]
        )
        assert.deepStrictEqual(new Set(subjects.flatMap(({ warnings }) => warnings)).size, 0)

        const known = yield* Baseline.make(before, { reason: "known" })
        const held = Baseline.apply(after, known, start)
        for (const scan of held.scans) {
          assert.strictEqual(siteOf(before, scan.previous?.scanId), siteOf(after, scan.scanId))
          for (const item of scan.findings.items) assert.isNotNull(item.suppression)
        }
        assert.deepStrictEqual(Baseline.review(after, known, start), [])
        assert.isTrue(ScanReport.regate(held, { ...Gate.none, failOnNew: "info" }).gate.passed)
        const again = yield* Baseline.make(after, { previous: known })
        const kept = again.subjects.flatMap(({ findings }) => findings.map(({ reason }) => reason !== null))
        assert.deepStrictEqual(new Set(kept), new Set([true]))

        for (const scan of Merge.withTrend(after, [before]).scans) {
          assert.deepStrictEqual(
            scan.trend.map(({ scanId }) => siteOf(before, scanId)),
            [siteOf(after, scan.scanId)]
          )
        }
        assert.strictEqual(Merge.merge(before, [after]).scans.length, 2 * targets.length)
        const turned = ScanReport.withScans(after, after.scans.toReversed())
        assert.strictEqual(Merge.merge(after, [turned]).scans.length, targets.length)
      })
  )

  it.effect.prop(
    "have the same ids in SARIF, DefectDojo, OCSF, CSV, the events and JUnit, each once (V-05, V-06, U-01)",
    [Chance],
    ([chance]) =>
      Effect.gen(function* () {
        const mine = yield* idsOf(before)
        for (const ids of mine) assert.isAtLeast(ids.length, targets.length)
        for (const ids of mine) assert.strictEqual(new Set(ids).size, ids.length)
        assert.deepStrictEqual(yield* idsOf(reportOf(2, shuffled(targets, chance, 7), chance)), mine)
      })
  )

  it("do not pair across a type, an account, a vendor or a name (V-05)", () => {
    const [one] = targets
    if (one === undefined) return
    const others: ReadonlyArray<Target> = [
      { ...one, type: "seo" },
      { ...one, account: "second" },
      { ...one, vendor: "exona" },
      { ...one, site: "c" },
      { ...one, moves: true }
    ]
    for (const other of others) {
      const { subjects, summary } = Diff.compute(reportOf(1, [one], still), reportOf(2, [other], still))
      assert.deepStrictEqual([subjects.length, summary.comparable, summary.resolved], [2, 0, 0])
    }
  })
})
