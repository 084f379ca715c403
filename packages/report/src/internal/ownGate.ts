// What a single row asks beside the gate of its run, and the thresholds it can name. Passed on by `Gate`.
import * as Schema from "effect/Schema"

/**
 * The severities a threshold can have.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Threshold = Schema.Literals(["info", "low", "medium", "high", "critical"])

/**
 * @category models
 * @since 0.1.0
 */
export type Threshold = typeof Threshold.Type

/**
 * A grade as a threshold: a letter from A to F, with an optional sign.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Grade = Schema.String.check(Schema.isPattern(/^[A-Fa-f][+-]?$/u))

/**
 * What one row asks beside the gate of its run: the gate of its target, of its vendor in the plan, or of its plan where a run
 * has several. For each rule the stricter one wins, so a gate of its own never makes a run pass that would fail without it.
 *
 * - `failOn`, `failOnNew`, `minScore`, `minGrade`, `maxViolations`: as in the policy of the run.
 * - `minScore`, `minGrade`, `maxViolations`: a scan without the value breaks them, unless `allowMissing`.
 * - `allowPartial`, `allowIncomplete`: false takes the allowance of the run back for this row.
 *
 * @category schemas
 * @since 0.2.0
 */
export const OwnGate = Schema.Struct({
  failOn: Schema.optionalKey(Threshold),
  failOnNew: Schema.optionalKey(Threshold),
  minScore: Schema.optionalKey(Schema.Finite),
  minGrade: Schema.optionalKey(Grade),
  maxViolations: Schema.optionalKey(Schema.Natural),
  allowMissing: Schema.optionalKey(Schema.Literal(true)),
  allowPartial: Schema.optionalKey(Schema.Literal(false)),
  allowIncomplete: Schema.optionalKey(Schema.Literal(false))
})

/**
 * @category models
 * @since 0.2.0
 */
export type OwnGate = typeof OwnGate.Type

/** A to F as a rank: A+ is 0, A is 1, A- is 2, B+ is 3, and so on; null for any other text. */
export const gradeRank = (grade: string): number | null => {
  const parts = /^([A-F])([+-])?$/i.exec(grade.trim())
  if (parts === null) return null
  const letter = (parts[1] ?? "").toUpperCase().charCodeAt(0) - 65
  return letter * 3 + (parts[2] === "+" ? 0 : parts[2] === "-" ? 2 : 1)
}

/**
 * The stricter of two thresholds of each kind; `null` asks nothing. A score is stricter the higher it is, unless lower is
 * better.
 *
 * @category combinators
 * @since 0.2.0
 */
export const stricter = {
  threshold: (a: Threshold | null, b: Threshold | null): Threshold | null =>
    a === null ? b : b === null || order.indexOf(a) <= order.indexOf(b) ? a : b,
  score: (a: number | null, b: number | null, lowerIsBetter = false): number | null =>
    a === null ? b : b === null ? a : lowerIsBetter ? Math.min(a, b) : Math.max(a, b),
  grade: (a: string | null, b: string | null): string | null =>
    a === null ? b : b === null || (gradeRank(a) ?? 0) <= (gradeRank(b) ?? 0) ? a : b,
  number: (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.min(a, b))
}

const order: ReadonlyArray<Threshold> = Threshold.literals

/**
 * Two gates of one row as one: the stricter threshold of each rule.
 *
 * @category combinators
 * @since 0.2.0
 */
export const both = (a: OwnGate, b: OwnGate): OwnGate => {
  const failOn = stricter.threshold(a.failOn ?? null, b.failOn ?? null)
  const failOnNew = stricter.threshold(a.failOnNew ?? null, b.failOnNew ?? null)
  const minScore = stricter.score(a.minScore ?? null, b.minScore ?? null)
  const minGrade = stricter.grade(a.minGrade ?? null, b.minGrade ?? null)
  const maxViolations = stricter.number(a.maxViolations ?? null, b.maxViolations ?? null)
  const may = (gate: OwnGate): boolean => gate.allowMissing === true || !asksForValues(gate)
  return {
    ...(failOn === null ? {} : { failOn }),
    ...(failOnNew === null ? {} : { failOnNew }),
    ...(minScore === null ? {} : { minScore }),
    ...(minGrade === null ? {} : { minGrade }),
    ...(maxViolations === null ? {} : { maxViolations }),
    ...(asksForValues(a) || asksForValues(b) ? (may(a) && may(b) ? { allowMissing: true } : {}) : {}),
    ...(a.allowPartial === false || b.allowPartial === false ? { allowPartial: false } : {}),
    ...(a.allowIncomplete === false || b.allowIncomplete === false ? { allowIncomplete: false } : {})
  }
}

const asksForValues = ({ maxViolations, minGrade, minScore }: OwnGate): boolean =>
  minScore !== undefined || minGrade !== undefined || maxViolations !== undefined
