/**
 * What of a row is there to be judged, and what is missing.
 *
 * @since 0.2.0
 */
import type * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as HostileText from "./HostileText.ts"
import type { ReportEvidence, ReportScan } from "./ReportScan.ts"

const kinds = ["assessment", "findings", "delta"] as const

// How version 0.1 said in a warning that findings are unavailable.
const oldWarning = /^the findings could not be fetched \(/

/**
 * What of a row is there, not offered or unavailable; worked out from the rest of the row where version 0.1 wrote it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const of = (
  row: Pick<ReportScan, "state" | "assessment" | "findings" | "delta" | "warnings" | "evidence">
): NonNullable<ReportScan["evidence"]> => {
  if (row.evidence !== undefined) return row.evidence
  if (row.assessment === null) return ofNothing(row.state)
  const there: ReportEvidence = { status: "there", reason: null }
  const notOffered: ReportEvidence = { status: "not-offered", reason: null }
  const warning = row.warnings.find((text) => oldWarning.test(HostileText.toKey(text)))
  const unavailable: ReportEvidence = {
    status: "unavailable",
    reason: warning ?? HostileText.of("the vendor's findings could not be fetched")
  }
  const { coverage } = row.findings
  const isLost = coverage === "unavailable" || (coverage === "none" && warning !== undefined)
  return {
    assessment: there,
    findings: isLost ? unavailable : coverage === "none" ? notOffered : there,
    delta: row.delta === null ? notOffered : there
  }
}

/**
 * The evidence of a row without an outcome: none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofNothing = (state: ScanRecord.ScanState): NonNullable<ReportScan["evidence"]> => {
  const nothing: ReportEvidence = { status: "unavailable", reason: HostileText.of(`the scan has no result (${state})`) }
  return { assessment: nothing, findings: nothing, delta: nothing }
}

/**
 * The kinds of evidence that are unavailable in a row that has an outcome, each with its reason. Empty where there is no
 * outcome: its state says why.
 *
 * @category destructors
 * @since 0.2.0
 */
export const missing = (
  row: Parameters<typeof of>[0]
): ReadonlyArray<{ readonly kind: keyof ScanOutcome.Evidence; readonly reason: HostileText.HostileText }> => {
  if (row.state !== "completed" && row.state !== "partial") return []
  const evidence = of(row)
  return kinds.flatMap((kind) => {
    const { reason, status } = evidence[kind]
    return status === "unavailable" ? [{ kind, reason: reason ?? HostileText.of(`the ${kind} is unavailable`) }] : []
  })
}
