// Records of different subjects under scan that got one id from the vendor: the answer is the verdict of one of them at
// most, and each of them says so.
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import * as Identity from "@scanpoll/core/unstable/model/Identity"

interface Row {
  readonly record: ScanRecord
  readonly scanType: string | null
}

const scannedOf = ({ record: { account, subject, vendor }, scanType }: Row): string =>
  JSON.stringify([Identity.ofScanned({ vendor, account, scanType, subject }), subject.id])

const withWarning = (record: ScanRecord, warning: string): ScanRecord => ({
  ...record,
  warnings: [...record.warnings, warning]
})

const nameOf = ({ record: { subject }, scanType }: Row): string =>
  scanType === null || scanType === "" ? subject.name : `${subject.name} (${scanType})`

const told = (row: Row, others: ReadonlyArray<Row>): ScanRecord => {
  const { record, scanType } = row
  const [first, ...more] = [...new Set(others.map(nameOf))]
  const also = more.length === 0 ? "" : ` and ${more.length} more`
  const id = record.ticket === null ? "one id" : `the id ${record.ticket.scanId}`
  const warning = `the vendor gave ${id} to another scan of this run too: ${first ?? ""}${also}`
  const { outcome } = record
  if (outcome === null || Contradiction.confirms({ subject: record.subject, scanType }, outcome)) {
    return withWarning(record, warning)
  }
  const lost = ScanOutcome.missing(outcome).some(({ kind }) => kind === "assessment")
  const judged = lost
    ? outcome
    : ScanOutcome.withoutEvidence(outcome, `${warning}; the answer does not say whose it is`)
  return withWarning({ ...record, outcome: judged }, warning)
}

export const tell = (
  records: ReadonlyArray<ScanRecord>,
  scanTypeOf: (at: number) => string | undefined
): ReadonlyArray<ScanRecord> => {
  const rows = records.map((record, at): Row => ({ record, scanType: scanTypeOf(at) ?? null }))
  const groups = Map.groupBy(
    rows.filter(({ record: { subject, ticket } }) => ticket !== null && subject.kind !== "unknown"),
    ({ record: { ticket } }) => (ticket === null ? "" : JSON.stringify([ticket.origin, ScanTicket.accountKey(ticket)]))
  )
  const changed = new Map<ScanRecord, ScanRecord>()
  for (const group of groups.values()) {
    if (group.length < 2 || new Set(group.map(scannedOf)).size < 2) continue
    for (const row of group) {
      const others = group.filter((other) => scannedOf(other) !== scannedOf(row))
      changed.set(row.record, told(row, others))
    }
  }
  return changed.size === 0 ? records : records.map((record) => changed.get(record) ?? record)
}
