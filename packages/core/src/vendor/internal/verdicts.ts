// What a definition says of an answer, made of what the vendor told. Passed on by `Vendor`.
import type * as ScanOutcome from "../../model/ScanOutcome.ts"
import * as Severity from "../../model/Severity.ts"
import type { Ending, Said, Unsuccessful, Unusable, When } from "../Definition.ts"
import * as Wire from "../Wire.ts"
import * as Judging from "./judging.ts"

/**
 * An answer that cannot be used after all: the poll fails as `Broken`, with this code of ours in lower case.
 *
 * @category constructors
 * @since 0.2.0
 */
export const unusable = (code: string, message: string): Unusable => ({ _tag: "Unusable", code, message })

/**
 * The end of a scan that failed, by what the answer says and not by its word: one that ended well and tested nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const failed = (reason: Said): Unsuccessful => ({ _tag: "Failed", reason })

/**
 * A meaning whose answer has a schema of its own, other than the definition's `answer`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const when = <A, P = never>(answer: Wire.Codec<A>, ending: Ending<A, P>): When<P> =>
  Judging.when(Wire.reader(answer), ending)

/**
 * An assessment; what is left out is not told by the vendor.
 *
 * @category constructors
 * @since 0.2.0
 */
export const assessment = (given: Partial<ScanOutcome.Assessment>): ScanOutcome.Assessment => ({
  severity: "unknown",
  vendorSeverity: null,
  compliance: null,
  score: null,
  ...given
})

/**
 * An assessment by a score of the vendor's, from 0 to 100 and higher is better unless said; its severity is that of the
 * band unless given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const scored = (
  value: number,
  given: Partial<ScanOutcome.Score> & Partial<Omit<ScanOutcome.Assessment, "score">> = {}
): ScanOutcome.Assessment => {
  const { compliance, severity, vendorSeverity, ...score } = given
  return assessment({
    severity: severity ?? Severity.fromScore(value),
    vendorSeverity: vendorSeverity ?? null,
    compliance: compliance ?? null,
    score: { value, min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor", ...score }
  })
}

/**
 * A finding; what is left out is not told by the vendor.
 *
 * @category constructors
 * @since 0.2.0
 */
export const finding = (
  given: Pick<ScanOutcome.Finding, "findingId" | "ruleId" | "title" | "severity"> & Partial<ScanOutcome.Finding>
): ScanOutcome.Finding => ({
  description: null,
  vendorSeverity: null,
  status: "unknown",
  resource: null,
  remediation: null,
  references: [],
  ...given
})
