/**
 * What changed between two scans of one thing, worked out from their findings where the vendor does not say it.
 *
 * Only two complete scans with all their findings are compared: between others a finding that is missing may not have
 * been looked for. Findings are told apart by their identity alone. What the vendor said itself is never replaced.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Identity from "./Identity.ts"
import * as ScanOutcome from "./ScanOutcome.ts"
import { ScanTicket } from "./ScanTicket.ts"
import type { Subject } from "./Subject.ts"

// What is needed of an earlier outcome, whatever its payload was.
const Earlier = Schema.Struct({
  _tag: Schema.Literal("Completed"),
  ticket: ScanTicket,
  findings: ScanOutcome.Findings,
  evidence: Schema.optionalKey(Schema.Struct({ findings: ScanOutcome.EvidenceStatus }))
})
const readEarlier = Schema.decodeUnknownOption(Schema.toCodecJson(Earlier))

/**
 * Whether an outcome has no delta and can be given one: it is complete, and so are its findings.
 *
 * @category guards
 * @since 0.1.0
 */
export const isWanted = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>
): outcome is ScanOutcome.Completed<Payload> =>
  outcome._tag === "Completed" && outcome.delta === null && outcome.findings.coverage === "full"

const presentIds = (findings: ScanOutcome.Findings, keyOf: (findingId: string) => string): ReadonlySet<string> =>
  new Set(findings.items.filter((item) => item.status !== "resolved").map((item) => keyOf(item.findingId)))

/**
 * An earlier answer, as the journal keeps it: its encoded outcome, and what it is about.
 *
 * @category models
 * @since 0.2.0
 */
export interface Before {
  readonly outcome: unknown
  readonly subject: Pick<Subject, "id" | "series">
}

/**
 * The outcome of a scan of `subject` with what is new in it since the latest of `earlier` (of one subject under scan,
 * newest first) that is another scan and may be compared. Unchanged when there is none, or when a delta is not wanted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDelta = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>,
  subject: Before["subject"],
  earlier: ReadonlyArray<Before>
): ScanOutcome.ScanOutcome<Payload> => {
  if (!isWanted(outcome)) return outcome
  const keyOf = (findingId: string): string => Identity.findingKey(subject, findingId)
  for (const stored of earlier) {
    const read = readEarlier(stored.outcome)
    if (Option.isNone(read)) continue
    const { evidence, findings, ticket } = read.value
    // The findings of an answer about something else are there to be read, and tell nothing about this subject.
    if (evidence?.findings.status === "unavailable") continue
    // A vendor's cache may hand out one scan several times.
    if (findings.coverage !== "full" || ticket.scanId === outcome.ticket.scanId) continue
    const before = presentIds(findings, (findingId) => Identity.findingKey(stored.subject, findingId))
    const now = presentIds(outcome.findings, keyOf)
    const unchanged = [...now].filter((id) => before.has(id)).length
    const delta: ScanOutcome.Delta = {
      source: "computed",
      new: now.size - unchanged,
      resolved: before.size - unchanged,
      unchanged,
      previousScanId: ticket.scanId,
      previousTotal: before.size,
      consistent: true,
      comparable: true
    }
    const items = outcome.findings.items.map((item): ScanOutcome.Finding =>
      item.status === "unknown" ? { ...item, status: before.has(keyOf(item.findingId)) ? "unchanged" : "new" } : item
    )
    return ScanOutcome.withDelta({ ...outcome, findings: { ...outcome.findings, items } }, delta)
  }
  return outcome
}
