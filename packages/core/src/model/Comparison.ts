/**
 * What changed between two scans of one thing, worked out from their findings where the vendor does not say it.
 *
 * Only two complete scans with all their findings are compared: between others a finding that is missing may not have
 * been looked for. Findings are told apart by their ids alone. What the vendor said itself is never replaced.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ScanOutcome from "./ScanOutcome.ts"
import { ScanTicket } from "./ScanTicket.ts"

// What is needed of an earlier outcome, whatever its payload was.
const Earlier = Schema.Struct({
  _tag: Schema.Literal("Completed"),
  ticket: ScanTicket,
  findings: ScanOutcome.Findings
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

const presentIds = (findings: ScanOutcome.Findings): ReadonlySet<string> =>
  new Set(findings.items.filter((item) => item.status !== "resolved").map((item) => item.findingId))

/**
 * The outcome with what is new in it since the latest of `earlier` (encoded outcomes of equal requests, newest first)
 * that is another scan and may be compared. Unchanged when there is none, or when a delta is not wanted.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDelta = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>,
  earlier: ReadonlyArray<unknown>
): ScanOutcome.ScanOutcome<Payload> => {
  if (!isWanted(outcome)) return outcome
  for (const stored of earlier) {
    const read = readEarlier(stored)
    if (Option.isNone(read)) continue
    const { findings, ticket } = read.value
    // A vendor's cache may hand out one scan several times.
    if (findings.coverage !== "full" || ticket.scanId === outcome.ticket.scanId) continue
    const before = presentIds(findings)
    const now = presentIds(outcome.findings)
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
      item.status === "unknown" ? { ...item, status: before.has(item.findingId) ? "unchanged" : "new" } : item
    )
    return ScanOutcome.withDelta({ ...outcome, findings: { ...outcome.findings, items } }, delta)
  }
  return outcome
}
