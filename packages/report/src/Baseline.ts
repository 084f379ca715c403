/**
 * What is known and what was accepted: the assessments and findings a later run is compared with.
 *
 * A baseline is written from a complete run alone, for what was not scanned must not count as gone. An entry without a
 * reason is merely known: its finding is `unchanged`, and counts. One with a reason is accepted until it expires: its
 * finding is suppressed. When it expires, the finding is back as `new`, and the row says so by name. An accepted
 * assessment is suppressed until it expires or gets worse. Any earlier report can serve as a baseline too; then
 * everything in it is known and nothing accepted. Subjects and findings are matched by their identity
 * (`Identity` of core), never by their order.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"
import * as HostileText from "./HostileText.ts"
import type { Baseline } from "./internal/baselineShape.ts"
import * as Compare from "./internal/compare.ts"
import * as Identities from "./internal/identities.ts"
import * as Times from "./internal/times.ts"
import * as Until from "./internal/until.ts"
import * as ScanReport from "./ScanReport.ts"

export {
  Baseline,
  BaselineAssessment,
  BaselineError,
  BaselineFinding,
  BaselineSubject,
  baselineVersion
} from "./internal/baselineShape.ts"
export { fromReport, make } from "./internal/baselineMaking.ts"
export { parse, toText } from "./internal/baselineFile.ts"
export { review } from "./internal/baselineReview.ts"

/**
 * Reads a date as `--until` and a baseline take it: a day, which lasts until its end in UTC, or a time with an offset.
 * Milliseconds since 1970; none for anything else.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseUntil: (text: string) => Option.Option<number> = Until.parse

/**
 * The forms of a date, in words, for a message.
 *
 * @category constructors
 * @since 0.2.0
 */
export const untilForms: string = Until.forms

const guessed = HostileText.of(
  "the baseline does not say which of the vendor's types of scan it knows: compared by finding ids, then by order"
)

/**
 * The same run held against a baseline at the time `now` (milliseconds since 1970): every finding is new or unchanged,
 * accepted ones are suppressed, and what is gone is listed as resolved where both lists are whole. Severities, summary,
 * gate and exit code are derived anew; what a subject unknown to the baseline has is all new.
 *
 * @category combinators
 * @since 0.1.0
 */
export const apply = (report: ScanReport.ScanReport, baseline: Baseline, now: number): ScanReport.ScanReport => {
  const at = Times.format(now)
  const counterparts = Identities.pair(baseline.subjects, report.scans)
  const scans = report.scans.map((scan, index) => {
    if (scan.assessment === null) return scan
    const found = counterparts[index] ?? null
    const known = found === null ? undefined : baseline.subjects[found.before]
    if (found === null || known === undefined) return Compare.unknown(scan)
    const held = Compare.compare(scan, known, at)
    return found.isGuess ? { ...held, warnings: [...held.warnings, guessed] } : held
  })
  return ScanReport.withScans(report, scans)
}
