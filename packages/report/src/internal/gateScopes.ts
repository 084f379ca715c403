// Which rows each rule of a gate is held against: those under the rule of the run, and those whose own gate is stricter. Each
// row is judged once by each kind of rule, by the stricter of the two thresholds.
import type { GatePolicy, GateRule, MinScore } from "./gatePolicy.ts"
import * as Rules from "./gateRules.ts"
import { type OwnGate, stricter } from "./ownGate.ts"
import type { ReportScan } from "../ReportScan.ts"

interface Group<A> {
  readonly value: A
  readonly own: Rules.Own
  readonly rows: Array<ReportScan>
}

interface Split<A> {
  readonly run: ReadonlyArray<ReportScan>
  readonly own: ReadonlyArray<Group<A>>
}

interface Asked<A> {
  readonly ofRun: (row: ReportScan) => A | null
  readonly ofRow: (gate: OwnGate) => A | undefined
  readonly stricter: (a: A | null, b: A | null, row: ReportScan) => A | null
  /** Whether a row without the value can break the rule. */
  readonly needsValue: boolean
  /** Whether a row without the value breaks the rule of the run, which its own gate cannot take back. */
  readonly isNamed?: (row: ReportScan) => boolean
}

const split = <A extends string | number>(
  rows: ReadonlyArray<ReportScan>,
  { isNamed = () => false, needsValue, ofRow, ofRun, stricter }: Asked<A>
): Split<A> => {
  const run: Array<ReportScan> = []
  const groups = new Map<string, Group<A>>()
  for (const row of rows) {
    const asked = row.gate === undefined ? undefined : ofRow(row.gate)
    const general = ofRun(row)
    const value = asked === undefined ? null : stricter(general, asked, row)
    const allowMissing = !needsValue || (row.gate?.allowMissing === true && !isNamed(row))
    if (value === null || (value === general && (allowMissing || isNamed(row)))) {
      run.push(row)
      continue
    }
    const name = `${value} ${allowMissing}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { value, own: { allowMissing }, rows: [row] })
    else group.rows.push(row)
  }
  return { run, own: [...groups.values()] }
}

// The rule of the run, unless every row has a stricter one, then those of the rows.
const judged = <A extends string | number>(
  rows: ReadonlyArray<ReportScan>,
  general: A | null,
  asked: Omit<Asked<A>, "ofRun">,
  judge: (value: A, rows: ReadonlyArray<ReportScan>, own: Rules.Own | null) => GateRule
): ReadonlyArray<GateRule> => {
  const { own, run } = split(rows, { ...asked, ofRun: () => general })
  return [
    ...(general === null || (rows.length > 0 && run.length === 0) ? [] : [judge(general, run, null)]),
    ...own.map((group) => judge(group.value, group.rows, group.own))
  ]
}

const scores = (rows: ReadonlyArray<ReportScan>, minScore: ReadonlyArray<MinScore>): ReadonlyArray<GateRule> => {
  // The last word counts when one vendor is named twice, as with any repeated flag.
  const asked = new Map(minScore.map((one) => [one.vendor, one]))
  const over = ({ vendor }: ReportScan): MinScore | null => asked.get(vendor) ?? asked.get(null) ?? null
  const { own, run } = split<number>(rows, {
    needsValue: true,
    ofRun: (row) => over(row)?.score ?? null,
    isNamed: (row) => typeof over(row)?.vendor === "string",
    ofRow: (gate) => gate.minScore,
    stricter: (a, b, row) => stricter.score(a, b, row.assessment?.score?.direction === "lower-is-better")
  })
  const general = [...asked.values()].flatMap((one) => {
    const mine = run.filter((row) => over(row) === one)
    const isLeft = mine.length > 0 || !rows.some((row) => over(row) === one)
    return isLeft ? [Rules.scoreRule(one, mine)] : []
  })
  return [
    ...general,
    ...own.map((group) => Rules.scoreRule({ vendor: null, score: group.value }, group.rows, group.own))
  ]
}

/** The answer to every rule that the run or one of its rows asks. */
export const rules = (rows: ReadonlyArray<ReportScan>, policy: GatePolicy): ReadonlyArray<GateRule> => [
  ...judged(
    rows,
    policy.failOn,
    { ofRow: (gate) => gate.failOn, stricter: stricter.threshold, needsValue: false },
    Rules.failOnRule
  ),
  ...judged(
    rows,
    policy.failOnNew,
    { ofRow: (gate) => gate.failOnNew, stricter: stricter.threshold, needsValue: false },
    Rules.failOnNewRule
  ),
  ...scores(rows, policy.minScore),
  ...judged(
    rows,
    policy.minGrade,
    { ofRow: (gate) => gate.minGrade, stricter: stricter.grade, needsValue: true },
    Rules.gradeRule
  ),
  ...judged(
    rows,
    policy.maxViolations,
    { ofRow: (gate) => gate.maxViolations, stricter: stricter.number, needsValue: true },
    Rules.violationsRule
  )
]

/**
 * The rules of a row's gate that ask less than its run does, so that they change nothing: with what the run asks.
 *
 * @category guards
 * @since 0.2.0
 */
export const idle = (
  gate: OwnGate,
  vendor: string,
  policy: GatePolicy
): ReadonlyArray<{ readonly rule: keyof OwnGate; readonly asked: string; readonly inForce: string }> => {
  const score =
    policy.minScore.findLast((one) => one.vendor === vendor) ?? policy.minScore.findLast((one) => one.vendor === null)
  const pairs: ReadonlyArray<
    readonly [keyof OwnGate, string | number | null, string | number | null, string | number | null]
  > = [
    ["failOn", gate.failOn ?? null, policy.failOn, stricter.threshold(gate.failOn ?? null, policy.failOn)],
    [
      "failOnNew",
      gate.failOnNew ?? null,
      policy.failOnNew,
      stricter.threshold(gate.failOnNew ?? null, policy.failOnNew)
    ],
    [
      "minScore",
      gate.minScore ?? null,
      score?.score ?? null,
      stricter.score(gate.minScore ?? null, score?.score ?? null)
    ],
    ["minGrade", gate.minGrade ?? null, policy.minGrade, stricter.grade(gate.minGrade ?? null, policy.minGrade)],
    [
      "maxViolations",
      gate.maxViolations ?? null,
      policy.maxViolations,
      stricter.number(gate.maxViolations ?? null, policy.maxViolations)
    ]
  ]
  return pairs.flatMap(([rule, own, run, wins]) =>
    own === null || run === null || own === wins ? [] : [{ rule, asked: String(own), inForce: String(run) }]
  )
}

/** What the run allows a row: no more than the row's own gate does. */
export const allowances = (
  { gate }: Pick<ReportScan, "gate">,
  policy: Pick<GatePolicy, "allowPartial" | "allowIncomplete">
): Pick<GatePolicy, "allowPartial" | "allowIncomplete"> => ({
  allowPartial: policy.allowPartial && gate?.allowPartial !== false,
  allowIncomplete: policy.allowIncomplete && gate?.allowIncomplete !== false
})
