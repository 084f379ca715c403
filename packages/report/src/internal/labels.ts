// How a row is named, and where its severity stands.
import type * as Severity from "@scanpoll/core/model/Severity"
import * as HostileText from "../HostileText.ts"
import { type ReportScan, worstFirst } from "../ReportScan.ts"

export const subject = (scan: ReportScan, max = 200): string => {
  const name = HostileText.toLine(scan.subject.name, max)
  return name === "" ? HostileText.toLine(scan.subject.id, max) : name
}

// A vendor may scan one subject in several ways, and rows that look alike help nobody.
export const subjectAndType = (scan: ReportScan, max = 200): string => {
  const type = scan.scanType === undefined ? "" : HostileText.toLine(scan.scanType, 40)
  return type === "" ? subject(scan, max) : `${subject(scan, max)} (${type})`
}

// A row as people tell it from others: its subject, the vendor's type of scan, and its account where that is not the
// usual one.
export const label = (scan: ReportScan, max = 200): string => {
  const account = HostileText.toLine(scan.account, 80)
  return account === "default" ? subjectAndType(scan, max) : `${subjectAndType(scan, max)} [${account}]`
}

const severityRank = new Map(worstFirst.map((severity, index) => [severity, index]))

export const rank = (severity: Severity.Severity): number => severityRank.get(severity) ?? 0
