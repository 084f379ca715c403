// How each rule of a gate judges a row, and the words of its answer.
import * as Severity from "@scanpoll/core/model/Severity"
import * as Evidence from "../Evidence.ts"
import type { GateRule, MinScore, Threshold } from "./gatePolicy.ts"
import * as HostileText from "../HostileText.ts"
import { gradeRank } from "./ownGate.ts"
import { type ReportScan, isOpen } from "../ReportScan.ts"
import * as Labels from "./labels.ts"

// An unknown severity may have been anything, so the one after it may be worse.
const isWorseThanBefore = ({ previous, severity }: ReportScan): boolean =>
  previous !== null &&
  severity !== previous.severity &&
  (previous.severity === "unknown" || Severity.worse(previous.severity, severity) === severity)

// Findings that are counted and not listed, more of them than there were: nothing tells which are new.
const hasMore = ({ findings: { items, total }, previous }: ReportScan): boolean =>
  total !== null &&
  total > items.filter((finding) => finding.status !== "resolved").length &&
  total > (previous?.findings ?? 0)

export const newSeverity = (row: ReportScan): Severity.Severity | null => {
  if (row.assessment === null) return null
  let worst: Severity.Severity | null = null
  let listed = 0
  for (const finding of row.findings.items) {
    if (finding.status === "new") listed += 1
    if (!isOpen(finding) || finding.status === "unchanged") continue
    worst = worst === null ? finding.severity : Severity.worse(worst, finding.severity)
  }
  if (isWorseThanBefore(row)) {
    const { severity } = row
    worst = worst === null ? severity : Severity.worse(worst, severity)
  }
  const { delta, previous, severity } = row
  const more = (found: Severity.Severity) => (worst === null ? found : Severity.worse(worst, found))
  if (delta !== null && delta.comparable) return delta.new > listed ? more(severity) : worst
  if (previous !== null) return hasMore(row) ? more(severity) : worst
  // Nothing is known of before: the scan as a whole is as new as what it lists.
  const assessment = assessmentOf(row)
  return assessment === null || isAccepted(row) ? worst : more(assessment.severity)
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

const named = (rows: ReadonlyArray<{ readonly row: ReportScan; readonly why: string }>): string => {
  const worstFirst = rows.toSorted((a, b) => Labels.rank(a.row.severity) - Labels.rank(b.row.severity))
  const first = worstFirst
    .slice(0, namedAtMost)
    .map(({ row, why }) => `${row.vendor} ${Labels.label(row, 80)} (${why})`)
  const left = rows.length - first.length
  return `${first.join("; ")}${left === 0 ? "" : `; and ${left} more`}`
}

type Needed = "assessment" | "findings"

const lackOf = (row: ReportScan, needs: ReadonlyArray<Needed>): string | null => {
  const evidence = Evidence.of(row)
  for (const kind of needs) {
    const { reason, status } = evidence[kind]
    if (status === "unavailable") return reason === null ? `no ${kind}` : HostileText.toLine(reason, 120)
  }
  return null
}

// Whether there is anything to hold against a rule.
const isAssessed = (row: ReportScan): boolean => row.assessment !== null || Evidence.of(row).findings.status === "there"

interface RuleOf {
  readonly name: GateRule["rule"]
  readonly threshold: string | number
  readonly vendor: string | null
  readonly own: Own | null
}

// `broken` and `several` end the sentence "1 scan ..." and "2 scans ...".
interface Words {
  readonly asked: string
  readonly broken: string
  readonly several: string
  readonly missing: string
}

/** A rule that rows ask for themselves. Unless `allowMissing`, a row without the value it is about breaks it. */
export interface Own {
  readonly allowMissing: boolean
}

const rule = (
  { name, own, threshold, vendor }: RuleOf,
  rows: ReadonlyArray<ReportScan>,
  needs: ReadonlyArray<Needed>,
  verdict: (row: ReportScan) => Verdict,
  said: Words
): GateRule => {
  const words = own === null ? said : { ...said, asked: `${said.asked} (own gate)` }
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
      ? `${words.asked}: ${plural(broken.length, "scan", "scans")} ${broken.length === 1 ? words.broken : words.several}: ${named(broken)}${open}`
      : unanswered
        ? `${words.asked}: ${words.missing}`
        : `${words.asked}: ${checked > 0 ? `${plural(checked, "scan", "scans")} passed` : open === "" ? "no scan to judge" : "no verdict"}${open}`
  return {
    rule: name,
    threshold: typeof threshold === "number" ? threshold : HostileText.of(threshold),
    vendor,
    scans: (unanswered ? assessed : broken.map(({ row }) => row)).map((row) => row.id),
    checked,
    passed: broken.length === 0 && !unanswered,
    unjudged: unjudged.map(({ row }) => row.id),
    ...(own === null ? {} : { own: true }),
    message: HostileText.of(message)
  }
}

// The assessment where it can be judged.
const assessmentOf = (row: ReportScan): ReportScan["assessment"] =>
  Evidence.of(row).assessment.status === "unavailable" ? null : row.assessment

// An accepted assessment breaks nothing, and answers for its row.
const isAccepted = (row: ReportScan): boolean => row.assessment?.suppression !== undefined

// What the scan says as a whole, in its vendor's terms where it has any.
const wholeOf = (row: ReportScan): string => {
  const score = row.assessment?.score ?? null
  const word = row.assessment?.vendorSeverity ?? null
  const parts = [
    score === null ? null : `score ${score.value}`,
    score?.grade === null || score?.grade === undefined ? null : `grade ${HostileText.toLine(score.grade, 20)}`,
    word === null || word === score?.grade ? null : `"${HostileText.toLine(word, 40)}"`
  ].filter((part) => part !== null)
  const severity = row.assessment?.severity ?? "unknown"
  return `assessment ${severity}${parts.length === 0 ? "" : `, ${parts.join(", ")}`}`
}

const countedOf = (row: ReportScan, counts: (finding: ReportScan["findings"]["items"][number]) => boolean) => {
  const found = row.findings.items.filter((item) => isOpen(item) && counts(item))
  const [first] = found
  if (first === undefined) return null
  const worst = Severity.worst(found.map((item) => item.severity))
  const title = HostileText.toLine(found.find((item) => item.severity === worst)?.title ?? first.title, 60)
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

const orWorse = (threshold: Threshold): string => (threshold === "critical" ? "critical" : `${threshold} or worse`)

// A rule that names a vendor or a row is broken where the value is missing.
const isNamed = (own: Own | null): boolean => own !== null && !own.allowMissing

export const scoreRule = (asked: MinScore, mine: ReadonlyArray<ReportScan>, own: Own | null = null): GateRule => {
  return rule(
    { name: "min-score", threshold: asked.score, vendor: asked.vendor, own },
    mine,
    ["assessment"],
    (row) => {
      const score = assessmentOf(row)?.score ?? null
      if (score === null) {
        const mayMiss = asked.vendor === null && !isNamed(own)
        return mayMiss || assessmentOf(row) === null ? notApplicable : breaks("no score")
      }
      if (isAccepted(row)) return holds
      const worse = score.direction === "higher-is-better" ? score.value < asked.score : score.value > asked.score
      return worse ? breaks(`score ${score.value}`) : holds
    },
    {
      asked: `min-score ${asked.vendor === null ? "" : `${asked.vendor}=`}${asked.score}`,
      broken: "is below it or has no score",
      several: "are below it or have no score",
      missing: "no scan has a score"
    }
  )
}

export const failOnRule = (threshold: Threshold, rows: ReadonlyArray<ReportScan>, own: Own | null = null): GateRule =>
  rule(
    { name: "fail-on", threshold, vendor: null, own },
    rows,
    ["assessment", "findings"],
    (row) => failOnVerdict(row, threshold),
    {
      asked: `fail-on ${threshold}`,
      broken: `is ${orWorse(threshold)}`,
      several: `are ${orWorse(threshold)}`,
      missing: "no scan has a severity"
    }
  )

export const failOnNewRule = (
  threshold: Threshold,
  rows: ReadonlyArray<ReportScan>,
  own: Own | null = null
): GateRule =>
  rule(
    { name: "fail-on-new", threshold, vendor: null, own },
    rows,
    ["findings"],
    (row) => failOnNewVerdict(row, threshold),
    {
      asked: `fail-on-new ${threshold}`,
      broken: `has something new that is ${orWorse(threshold)}`,
      several: `have something new that is ${orWorse(threshold)}`,
      missing: "no scan can tell"
    }
  )

const gradeVerdict = (row: ReportScan, least: number, own: Own | null): Verdict => {
  const grade = assessmentOf(row)?.score?.grade ?? null
  if (grade === null) return isNamed(own) && assessmentOf(row) !== null ? breaks("no grade") : notApplicable
  if (isAccepted(row)) return holds
  const rank = gradeRank(HostileText.toKey(grade))
  return rank === null || rank > least ? breaks(`grade ${HostileText.toLine(grade, 20)}`) : holds
}

export const gradeRule = (minGrade: string, rows: ReadonlyArray<ReportScan>, own: Own | null = null): GateRule => {
  const asked = minGrade.toUpperCase()
  const least = gradeRank(minGrade) ?? 0
  const about = { name: "min-grade", threshold: asked, vendor: null, own } as const
  return rule(about, rows, ["assessment"], (row) => gradeVerdict(row, least, own), {
    asked: `min-grade ${asked}`,
    broken: "has a worse grade or none",
    several: "have a worse grade or none",
    missing: "no scan has a grade"
  })
}

const violationsVerdict = (row: ReportScan, most: number, own: Own | null): Verdict => {
  const { total } = row.findings
  if (row.assessment === null) return notApplicable
  if (row.assessment.compliance === null) {
    return isNamed(own) && lackOf(row, ["findings"]) === null ? breaks("no number of violations") : notApplicable
  }
  if (total === null) return lackOf(row, ["findings"]) === null ? breaks("number unknown") : notApplicable
  return total > most ? breaks(plural(total, "violation", "violations")) : holds
}

export const violationsRule = (most: number, rows: ReadonlyArray<ReportScan>, own: Own | null = null): GateRule =>
  rule(
    { name: "max-violations", threshold: most, vendor: null, own },
    rows,
    ["findings"],
    (row) => violationsVerdict(row, most, own),
    {
      asked: `max-violations ${most}`,
      broken: "has more, or an unknown number",
      several: "have more, or an unknown number",
      missing: "no scan counts violations"
    }
  )
