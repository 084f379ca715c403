// The identities of rows and findings, from core's `Identity` and the fields of a report. Touches nothing. Law: no order,
// score, count or title of a report is part of one.
import * as Identity from "@scanpoll/core/unstable/model/Identity"
import * as HostileText from "../HostileText.ts"
import type { ReportFinding, ReportScan } from "../ReportScan.ts"
import { hash } from "./hash.ts"

// The fields of a row, or of a baseline's subject, that its identity is made from.
type Named = Pick<ReportScan, "vendor" | "account" | "subject" | "scanType">

type Finding = Pick<ReportFinding, "findingId">

// A finding within its subject under scan.
export const findingKey = ({ subject }: Pick<Named, "subject">, { findingId }: Finding): string =>
  Identity.findingKey(
    {
      id: HostileText.toKey(subject.id),
      ...(subject.series === undefined ? {} : { series: HostileText.toKey(subject.series) })
    },
    HostileText.toKey(findingId)
  )

type Listed = Named & {
  readonly findings: ReadonlyArray<{ readonly findingId: HostileText.HostileText }> | ReportScan["findings"]
}

export const scannedOf = ({ account, scanType, subject, vendor }: Named): Identity.Scanned => ({
  vendor,
  account: HostileText.toKey(account),
  scanType: scanType === undefined ? null : HostileText.toKey(scanType),
  subject: {
    kind: subject.kind,
    id: HostileText.toKey(subject.id),
    ...(subject.series === undefined ? {} : { series: HostileText.toKey(subject.series) })
  }
})

// The identity of each row, in the order of the rows.
export const place = (scans: ReadonlyArray<Named>): ReadonlyArray<string> => Identity.place(scans.map(scannedOf))

const withIds = (scan: Listed) => {
  const items = "items" in scan.findings ? scan.findings.items : scan.findings
  return { ...scannedOf(scan), findingIds: new Set(items.map((item) => findingKey(scan, item))) }
}

export const pair = (
  before: ReadonlyArray<Listed>,
  after: ReadonlyArray<Listed>
): ReadonlyArray<Identity.Counterpart | null> => Identity.pair(before.map(withIds), after.map(withIds))

// Short forms, for formats that want an id.
export const uidOf = (scan: Named): string => hash(Identity.ofScanned(scannedOf(scan)))

export const findingUid = (scanned: string, scan: Pick<Named, "subject">, finding: Finding): string =>
  hash(Identity.ofFinding(scanned, findingKey(scan, finding)))

export const assessmentUid = (scanned: string): string => hash(Identity.ofAssessment(scanned))

export const scanOf = ({ account, scanId, vendor }: Pick<ReportScan, "vendor" | "account" | "scanId">): string | null =>
  scanId === null
    ? null
    : Identity.ofScan({ vendor, account: HostileText.toKey(account), scanId: HostileText.toKey(scanId) })

export const countBy = <A>(items: Iterable<A>, key: (item: A) => string): Map<string, number> => {
  const out = new Map<string, number>()
  for (const item of items) out.set(key(item), (out.get(key(item)) ?? 0) + 1)
  return out
}
