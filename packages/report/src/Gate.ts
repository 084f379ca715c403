/**
 * Whether a run is accepted: a policy of thresholds, held against the rows of a report.
 *
 * A gate is data in and data out, so that it can be asked again offline, with another policy. It reads what scans said,
 * never whether they ended. It never passes for want of data: what is there and breaks a rule breaks it; otherwise a row
 * whose evidence for that rule is unavailable is `unjudged`, and the gate is inconclusive. `fail-on` needs assessment and
 * findings, `fail-on-new` and `max-violations` the findings, `min-score` and `min-grade` the assessment. Three rules fail
 * closed: an `unknown` severity breaks every severity threshold, a rule that names a vendor is broken by a scan of
 * that vendor which lacks the value, and a rule that no assessed scan can answer is broken.
 *
 * @since 0.1.0
 */
import * as Severity from "@scanpoll/core/model/Severity"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Hostile from "./HostileText.ts"
import { HostileText } from "./HostileText.ts"
import type { ReportScan } from "./ReportScan.ts"
import { evidenceOf, isOpen, VendorName } from "./ReportScan.ts"

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
 * The least score that is accepted, of one vendor or (null) of every vendor without a threshold of its own.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MinScore = Schema.Struct({ vendor: Schema.NullOr(VendorName), score: Schema.Finite })

/**
 * @category models
 * @since 0.1.0
 */
export type MinScore = typeof MinScore.Type

/**
 * What a run must hold to be accepted. Null and empty mean "not asked".
 *
 * - `failOn`: broken by a scan of this severity or worse.
 * - `failOnNew`: the same, for what is new since the last comparable scan or the baseline. Where nothing can be compared,
 *   everything is new. Never broken where `failOn` with the same threshold holds.
 * - `minScore`: broken by a lower score (by a higher one where lower is better).
 * - `minGrade`: broken by a worse grade, and by one that is not a letter from A to F.
 * - `maxViolations`: broken by more findings than this in a scan that says whether its subject complies.
 * - `allowPartial`: a partial scan counts as conclusive.
 * - `allowIncomplete`: a run with scans that brought no verdict does not fail for that.
 * - `exitZero`: a broken gate does not change the exit code.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GatePolicy = Schema.Struct({
  failOn: Schema.NullOr(Threshold),
  failOnNew: Schema.NullOr(Threshold),
  minScore: Schema.Array(MinScore),
  minGrade: Schema.NullOr(Grade),
  maxViolations: Schema.NullOr(Schema.Natural),
  allowPartial: Schema.Boolean,
  allowIncomplete: Schema.Boolean,
  exitZero: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type GatePolicy = typeof GatePolicy.Type

/**
 * Nothing is asked: accepts whatever the scans say, as long as they end.
 *
 * @category constructors
 * @since 0.1.0
 */
export const none: GatePolicy = {
  failOn: null,
  failOnNew: null,
  minScore: [],
  minGrade: null,
  maxViolations: null,
  allowPartial: false,
  allowIncomplete: false,
  exitZero: false
}

/**
 * The answer to one rule.
 *
 * - `threshold`: what was asked; `vendor` where it was asked of one vendor alone.
 * - `scans`: the ids of the rows that break it.
 * - `checked`: how many rows could answer it.
 * - `unjudged`: the ids of the rows that break nothing and lack evidence this rule needs. Version 0.1 did not write it.
 * - `message`: what was asked and answered; names the first rows that break it, each with the evidence that does.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GateRule = Schema.Struct({
  rule: Schema.Literals(["fail-on", "fail-on-new", "min-score", "min-grade", "max-violations"]),
  threshold: Schema.Union([HostileText, Schema.Finite]),
  vendor: Schema.NullOr(VendorName),
  scans: Schema.Array(HostileText),
  checked: Schema.Natural,
  passed: Schema.Boolean,
  unjudged: Schema.optionalKey(Schema.Array(HostileText)),
  message: HostileText
})

/**
 * @category models
 * @since 0.1.0
 */
export type GateRule = typeof GateRule.Type

/**
 * The answer of a gate. `passed` when no rule is broken; `conclusive` when every row could be judged by every rule, so
 * that only both together mean "accepted".
 *
 * @category schemas
 * @since 0.1.0
 */
export const GateResult = Schema.Struct({
  passed: Schema.Boolean,
  conclusive: Schema.Boolean,
  policy: GatePolicy,
  rules: Schema.Array(GateRule)
})

/**
 * @category models
 * @since 0.1.0
 */
export type GateResult = typeof GateResult.Type

/**
 * Reads `80` or `appvet=80`, as given to `--min-score`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseMinScore = (text: string): Option.Option<MinScore> => {
  const parts = /^(?:([a-z0-9][a-z0-9._-]{0,63})=)?(-?\d{1,9}(?:\.\d{1,6})?)$/.exec(text.trim())
  if (parts === null) return Option.none()
  return Option.some({ vendor: parts[1] ?? null, score: Number(parts[2]) })
}

// A+ is 0, A is 1, A- is 2, B+ is 3, and so on.
const gradeRank = (grade: string): number | null => {
  const parts = /^([A-F])([+-])?$/i.exec(grade.trim())
  if (parts === null) return null
  const letter = (parts[1] ?? "").toUpperCase().charCodeAt(0) - 65
  return letter * 3 + (parts[2] === "+" ? 0 : parts[2] === "-" ? 2 : 1)
}

/**
 * Whether a row counts as judged under this policy: completed, or partial where that is allowed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConclusive = (row: Pick<ReportScan, "state">, policy: Pick<GatePolicy, "allowPartial">): boolean =>
  row.state === "completed" || (row.state === "partial" && policy.allowPartial)

/**
 * The severity of what is new in a row, or null when nothing is.
 *
 * **Details**
 *
 * A finding is new when its status says so and when nothing tells. A vendor that counts new findings without listing
 * them gives them no severity of their own: they take that of the scan. A scan that is worse as a whole than what it was
 * compared with is new. With neither findings nor anything to compare with, so is the scan itself, unless its assessment
 * is accepted.
 *
 * @category destructors
 * @since 0.1.0
 */
export const newSeverity = (row: ReportScan): Severity.Severity | null => {
  if (row.assessment === null) return null
  let worst: Severity.Severity | null = null
  let listed = 0
  for (const finding of row.findings.items) {
    if (finding.status === "new") listed += 1
    if (!isOpen(finding) || finding.status === "unchanged") continue
    worst = worst === null ? finding.severity : Severity.worse(worst, finding.severity)
  }
  const { previous, severity } = row
  if (previous !== null && Severity.worse(previous.severity, severity) !== previous.severity) {
    worst = worst === null ? severity : Severity.worse(worst, severity)
  }
  const compared = row.delta !== null && row.delta.comparable
  const unlisted = compared ? row.delta.new > listed : row.findings.items.length === 0 && previous === null
  return unlisted ? (worst === null ? severity : Severity.worse(worst, severity)) : worst
}

// What a row answers to a rule; `because` names the evidence that breaks it.
type Verdict =
  | { readonly _tag: "Holds" }
  | { readonly _tag: "NotApplicable" }
  | { readonly _tag: "Breaks"; readonly because: string }

const holds: Verdict = { _tag: "Holds" }
const notApplicable: Verdict = { _tag: "NotApplicable" }
const breaks = (because: string): Verdict => ({ _tag: "Breaks", because })

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

// A rule's message names so many rows.
const namedAtMost = 3

const nameOf = (row: ReportScan): string => {
  const name = Hostile.toLine(row.subject.name, 80)
  return `${row.vendor} ${name === "" ? Hostile.toLine(row.subject.id, 80) : name}`
}

const named = (rows: ReadonlyArray<{ readonly row: ReportScan; readonly why: string }>): string => {
  const first = rows.slice(0, namedAtMost).map(({ row, why }) => `${nameOf(row)} (${why})`)
  const left = rows.length - first.length
  return `${first.join("; ")}${left === 0 ? "" : `; and ${left} more`}`
}

type Evidence = "assessment" | "findings"

const lackOf = (row: ReportScan, needs: ReadonlyArray<Evidence>): string | null => {
  const evidence = evidenceOf(row)
  for (const kind of needs) {
    const { reason, status } = evidence[kind]
    if (status === "unavailable") return reason === null ? `no ${kind}` : Hostile.toLine(reason, 120)
  }
  return null
}

// Whether there is anything to hold against a rule.
const isAssessed = (row: ReportScan): boolean => row.assessment !== null || evidenceOf(row).findings.status === "there"

const rule = (
  name: GateRule["rule"],
  threshold: string | number,
  vendor: string | null,
  rows: ReadonlyArray<ReportScan>,
  needs: ReadonlyArray<Evidence>,
  verdict: (row: ReportScan) => Verdict,
  words: { readonly asked: string; readonly broken: string; readonly missing: string }
): GateRule => {
  const assessed = rows.filter(isAssessed)
  const broken: Array<{ readonly row: ReportScan; readonly why: string }> = []
  const unjudged: Array<{ readonly row: ReportScan; readonly why: string }> = []
  let checked = 0
  for (const row of rows) {
    const answer = isAssessed(row) ? verdict(row) : notApplicable
    const lack = lackOf(row, needs)
    if (answer._tag === "Breaks") {
      checked += 1
      broken.push({ row, why: answer.because })
    } else if (lack !== null) unjudged.push({ row, why: lack })
    else if (answer._tag === "Holds") checked += 1
  }
  // A threshold that nothing was held against has not been met, unless what is unavailable may still meet it.
  const unanswered = checked === 0 && assessed.length > 0 && !unjudged.some(({ row }) => isAssessed(row))
  const open =
    unjudged.length === 0 ? "" : `; ${plural(unjudged.length, "scan", "scans")} could not be judged: ${named(unjudged)}`
  const message =
    broken.length > 0
      ? `${words.asked}: ${plural(broken.length, "scan", "scans")} ${words.broken}: ${named(broken)}${open}`
      : unanswered
        ? `${words.asked}: ${words.missing}`
        : `${words.asked}: ${checked === 0 && open !== "" ? "no verdict" : `holds for ${plural(checked, "scan", "scans")}`}${open}`
  return {
    rule: name,
    threshold: typeof threshold === "number" ? threshold : Hostile.of(threshold),
    vendor,
    scans: (unanswered ? assessed : broken.map(({ row }) => row)).map((row) => row.id),
    checked,
    passed: broken.length === 0 && !unanswered,
    unjudged: unjudged.map(({ row }) => row.id),
    message: Hostile.of(message)
  }
}

// The assessment where it can be judged.
const assessmentOf = (row: ReportScan): ReportScan["assessment"] =>
  evidenceOf(row).assessment.status === "unavailable" ? null : row.assessment

// An accepted assessment breaks nothing, and answers for its row.
const isAccepted = (row: ReportScan): boolean => row.assessment?.suppression !== undefined

// What the scan says as a whole, in its vendor's terms where it has any.
const wholeOf = (row: ReportScan): string => {
  const score = row.assessment?.score ?? null
  const word = row.assessment?.vendorSeverity ?? null
  const parts = [
    score === null ? null : `score ${score.value}`,
    score?.grade === null || score?.grade === undefined ? null : `grade ${Hostile.toLine(score.grade, 20)}`,
    word === null || word === score?.grade ? null : `"${Hostile.toLine(word, 40)}"`
  ].filter((part) => part !== null)
  const severity = row.assessment?.severity ?? "unknown"
  return `assessment ${severity}${parts.length === 0 ? "" : `, ${parts.join(", ")}`}`
}

const countedOf = (row: ReportScan, counts: (finding: ReportScan["findings"]["items"][number]) => boolean) => {
  const found = row.findings.items.filter((item) => isOpen(item) && counts(item))
  const [first] = found
  if (first === undefined) return null
  const worst = Severity.worst(found.map((item) => item.severity))
  const title = Hostile.toLine(found.find((item) => item.severity === worst)?.title ?? first.title, 60)
  return `${plural(found.length, "finding", "findings")}, worst ${worst}: ${title}`
}

// The assessment alone is not proof of more than it says: findings that are unavailable may be worse.
const severityThere = (row: ReportScan): Severity.Severity | null => {
  const assessment = assessmentOf(row)
  const found = row.findings.items.filter(isOpen).map((item) => item.severity)
  const all = assessment === null || isAccepted(row) ? found : [assessment.severity, ...found]
  return all.length === 0 ? null : Severity.worst(all)
}

const failOnVerdict = (row: ReportScan, threshold: Threshold): Verdict => {
  const severity = severityThere(row)
  if (severity === null || !Severity.atLeast(severity, threshold)) return holds
  const assessment = assessmentOf(row)
  const whole =
    assessment !== null && !isAccepted(row) && Severity.atLeast(assessment.severity, threshold) ? wholeOf(row) : null
  const found = countedOf(row, (item) => Severity.atLeast(item.severity, threshold))
  return breaks([whole, found].filter((part) => part !== null).join("; "))
}

const failOnNewVerdict = (row: ReportScan, threshold: Threshold): Verdict => {
  const severity = newSeverity(row)
  if (severity === null || !Severity.atLeast(severity, threshold)) return holds
  const found = countedOf(row, (item) => item.status !== "unchanged" && Severity.atLeast(item.severity, threshold))
  return breaks(found ?? wholeOf(row))
}

const scoreRule = (asked: MinScore, rows: ReadonlyArray<ReportScan>, vendors: ReadonlySet<string>): GateRule => {
  const mine = rows.filter((row) => (asked.vendor === null ? !vendors.has(row.vendor) : row.vendor === asked.vendor))
  const who = asked.vendor === null ? "" : ` of ${asked.vendor}`
  return rule(
    "min-score",
    asked.score,
    asked.vendor,
    mine,
    ["assessment"],
    (row) => {
      const score = assessmentOf(row)?.score ?? null
      if (score === null) {
        return asked.vendor === null || assessmentOf(row) === null ? notApplicable : breaks("no score")
      }
      if (isAccepted(row)) return holds
      const worse = score.direction === "higher-is-better" ? score.value < asked.score : score.value > asked.score
      return worse ? breaks(`score ${score.value}`) : holds
    },
    {
      asked: `score${who} at least ${asked.score}`,
      broken: "below it or without a score",
      missing: "no scan has a score"
    }
  )
}

/**
 * Holds the rows of a run against a policy: one answer for each rule that is asked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const evaluate = (rows: ReadonlyArray<ReportScan>, policy: GatePolicy): GateResult => {
  const rules: Array<GateRule> = []
  const { failOn, failOnNew, minGrade, maxViolations } = policy
  if (failOn !== null) {
    rules.push(
      rule("fail-on", failOn, null, rows, ["assessment", "findings"], (row) => failOnVerdict(row, failOn), {
        asked: `no severity of ${failOn} or worse`,
        broken: "at or above it",
        missing: "no scan has a severity"
      })
    )
  }
  if (failOnNew !== null) {
    rules.push(
      rule("fail-on-new", failOnNew, null, rows, ["findings"], (row) => failOnNewVerdict(row, failOnNew), {
        asked: `nothing new of ${failOnNew} or worse`,
        broken: "with new findings at or above it",
        missing: "no scan can tell"
      })
    )
  }
  // The last word counts when one vendor is named twice, as with any repeated flag.
  const scores = new Map(policy.minScore.map((asked) => [asked.vendor, asked]))
  const vendors = new Set([...scores.keys()].filter((vendor) => vendor !== null))
  for (const asked of scores.values()) rules.push(scoreRule(asked, rows, vendors))
  if (minGrade !== null) {
    const least = gradeRank(minGrade) ?? 0
    rules.push(
      rule(
        "min-grade",
        minGrade.toUpperCase(),
        null,
        rows,
        ["assessment"],
        (row) => {
          const grade = assessmentOf(row)?.score?.grade ?? null
          if (grade === null) return notApplicable
          if (isAccepted(row)) return holds
          const rank = gradeRank(Hostile.toKey(grade))
          return rank === null || rank > least ? breaks(`grade ${Hostile.toLine(grade, 20)}`) : holds
        },
        {
          asked: `grade at least ${minGrade.toUpperCase()}`,
          broken: "with a worse or unknown grade",
          missing: "no scan has a grade"
        }
      )
    )
  }
  if (maxViolations !== null) {
    rules.push(
      rule(
        "max-violations",
        maxViolations,
        null,
        rows,
        ["findings"],
        (row) => {
          const { total } = row.findings
          if (row.assessment === null || row.assessment.compliance === null) return notApplicable
          if (total === null) return lackOf(row, ["findings"]) === null ? breaks("number unknown") : notApplicable
          return total > maxViolations ? breaks(plural(total, "violation", "violations")) : holds
        },
        {
          asked: `at most ${plural(maxViolations, "violation", "violations")} a scan`,
          broken: "with more or an unknown number",
          missing: "no scan counts violations"
        }
      )
    )
  }
  return {
    passed: rules.every((answer) => answer.passed),
    conclusive:
      rows.every((row) => isConclusive(row, policy)) && rules.every(({ unjudged = [] }) => unjudged.length === 0),
    policy,
    rules
  }
}
