// The gates of several reports as one: each row keeps what the reports that have it ask, whatever their order. What all rows are
// asked alike is the gate of the whole; the rest stands in the rows.
import type { GatePolicy, MinScore } from "./gatePolicy.ts"
import { both, type OwnGate } from "./ownGate.ts"
import type { ReportScan } from "../ReportScan.ts"

/** A row, and the policies of the reports that have it. */
export interface Held {
  readonly row: ReportScan
  readonly policies: ReadonlyArray<GatePolicy>
}

const asksNothing = ({
  allowIncomplete,
  allowPartial,
  failOn,
  failOnNew,
  maxViolations,
  minGrade,
  minScore
}: GatePolicy) =>
  [failOn, failOnNew, maxViolations, minGrade, ...minScore].every((asked) => asked === null) &&
  !allowPartial &&
  !allowIncomplete

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

// What a policy asks of one row, beside what all rows are asked.
const ownOf = (policy: GatePolicy, common: GatePolicy, { vendor }: ReportScan): OwnGate => {
  const { failOn, failOnNew, maxViolations, minGrade } = policy
  const score = isSame(policy.minScore, common.minScore) ? undefined : scoreOf(policy.minScore, vendor)
  const asks = {
    ...(failOn === null || failOn === common.failOn ? {} : { failOn }),
    ...(failOnNew === null || failOnNew === common.failOnNew ? {} : { failOnNew }),
    ...(score === undefined ? {} : { minScore: score.score }),
    ...(minGrade === null || minGrade === common.minGrade ? {} : { minGrade }),
    ...(maxViolations === null || maxViolations === common.maxViolations ? {} : { maxViolations }),
    ...(common.allowPartial && !policy.allowPartial ? { allowPartial: false as const } : {}),
    ...(common.allowIncomplete && !policy.allowIncomplete ? { allowIncomplete: false as const } : {})
  }
  // A scan without the value breaks a rule of the whole only where that names its vendor.
  const isForAll = score === undefined || score.vendor === null
  const needsValue = asks.minScore !== undefined || asks.minGrade !== undefined || asks.maxViolations !== undefined
  return needsValue && isForAll ? { ...asks, allowMissing: true } : asks
}

const scoreOf = (asked: ReadonlyArray<MinScore>, vendor: string): MinScore | undefined =>
  asked.findLast((one) => one.vendor === vendor) ?? asked.findLast((one) => one.vendor === null)

/**
 * The policy of the whole, and the rows with what is asked of them alone. `all`: the policies of all reports; `strict`: those of
 * reports that left something out, which only an allowance of their own covers.
 */
export const together = (
  all: ReadonlyArray<GatePolicy>,
  held: ReadonlyArray<Held>,
  strict: ReadonlyArray<GatePolicy>
): { readonly policy: GatePolicy; readonly rows: ReadonlyArray<ReportScan> } => {
  const asking = all.filter((policy) => !asksNothing(policy))
  const [first] = asking
  const exitZero = (first === undefined ? all : asking).every((policy) => policy.exitZero)
  const silent: GatePolicy = {
    failOn: null,
    failOnNew: null,
    minScore: [],
    minGrade: null,
    maxViolations: null,
    allowPartial: false,
    allowIncomplete: false,
    exitZero
  }
  if (first === undefined) return { policy: silent, rows: held.map(({ row }) => row) }
  // A report that asks nothing, such as one of a later wait, takes nothing back of what another asks of the same row.
  const asked = held.map(({ policies, row }) => {
    const mine = policies.filter((policy) => !asksNothing(policy))
    return { row, policies: mine.length === 0 ? [silent] : mine }
  })
  const inForce = [...new Set(asked.flatMap(({ policies }) => policies))]
  const same = <K extends keyof GatePolicy>(key: K): GatePolicy[K] =>
    inForce.every((policy) => isSame(policy[key], first[key])) ? first[key] : silent[key]
  const policy: GatePolicy = {
    failOn: same("failOn"),
    failOnNew: same("failOnNew"),
    minScore: same("minScore"),
    minGrade: same("minGrade"),
    maxViolations: same("maxViolations"),
    allowPartial: inForce.some((one) => one.allowPartial),
    allowIncomplete: inForce.some((one) => one.allowIncomplete) && strict.every((one) => one.allowIncomplete),
    exitZero
  }
  const rows = asked.map(({ policies, row }) => {
    const own = policies.map((one) => ownOf(one, policy, row)).filter((gate) => Object.keys(gate).length > 0)
    return own.length === 0 ? row : { ...row, gate: own.reduce(both, row.gate ?? {}) }
  })
  return { policy, rows }
}
