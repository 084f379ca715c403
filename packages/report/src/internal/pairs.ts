import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Hostile from "../HostileText.ts"
import type { ReportScan } from "../ReportScan.ts"

// One subject at one vendor for one account. A plan may name it several times (two kinds of scan of one address), so
// the how-manieth it is belongs to its name.
export const subjectKey = (scan: Pick<ReportScan, "vendor" | "account" | "subject">): string =>
  Account.subjectKey(
    { vendor: scan.vendor, account: Hostile.toKey(scan.account) },
    { kind: scan.subject.kind, id: Hostile.toKey(scan.subject.id) }
  )

export interface Placed {
  readonly scan: ReportScan
  readonly subject: string
  readonly occurrence: number
  readonly name: string
}

export const place = (scans: ReadonlyArray<ReportScan>): ReadonlyArray<Placed> => {
  const seen = new Map<string, number>()
  return scans.map((scan) => {
    const subject = subjectKey(scan)
    const occurrence = seen.get(subject) ?? 0
    seen.set(subject, occurrence + 1)
    return { scan, subject, occurrence, name: `${subject}#${occurrence}` }
  })
}

export const countBy = <A>(items: Iterable<A>, key: (item: A) => string): Map<string, number> => {
  const out = new Map<string, number>()
  for (const item of items) out.set(key(item), (out.get(key(item)) ?? 0) + 1)
  return out
}
