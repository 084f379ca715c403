/**
 * Reports of very many scans, in every format.
 */
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"

const start = Date.UTC(2026, 3, 3, 9, 0, 0)

const severities = ["critical", "high", "medium", "low", "info"] as const

const findingsOf = (site: string, count: number): ReadonlyArray<ScanOutcome.Finding> =>
  Array.from({ length: count }, (_, at) => ({
    findingId: `appvet:security:${site}:check-${at}`,
    ruleId: `appvet/check-${at}`,
    title: `Check ${at} found something`,
    description: `Check ${at} found something in the answer of ${site}.`,
    severity: severities[at % severities.length] ?? "info",
    vendorSeverity: null,
    status: at % 7 === 0 ? "new" : "unknown",
    resource: site,
    remediation: "Set the header on every answer.",
    references: []
  }))

const recordOf = (index: number, findings: number): ScanRecord => {
  const site = `https://site-${index}.example/`
  const ticket = ScanTicket.make({
    vendor: "appvet",
    origin: "https://appvet.example",
    account: "default",
    scanId: `scan_${index}`,
    submittedAt: start + 1_000
  })
  return {
    index,
    claimId: `clm_${index}`,
    vendor: "appvet",
    account: "default",
    subject: { kind: "url", id: site, name: site },
    ticket,
    state: "completed",
    outcome: ScanOutcome.makeCompleted<unknown>({
      ticket,
      vendorStatus: "completed",
      assessment: { severity: "critical", vendorSeverity: null, compliance: null, score: null },
      createdAt: start + 1_000,
      completedAt: start + 76_000,
      payload: null,
      findings: { coverage: "full", total: findings, items: findingsOf(site, findings) }
    }),
    reason: null,
    because: "outcome",
    submittedAt: start + 1_000,
    observedAt: start + 80_000,
    polls: 3,
    progress: null,
    notBefore: null,
    reused: false,
    ageMs: null,
    warnings: []
  }
}

/** What one report is rendered from, and how long that took. */
export interface Rendered {
  readonly makeMicros: number
  readonly renderMicros: number
  readonly characters: number
}

/** Makes a report of so many scans and renders it, piece by piece, as the command writes it. `clock` is in microseconds. */
export const render = async (name: string, scans: number, findings: number, clock: () => number): Promise<Rendered> => {
  const format = Format.byName(name)
  if (format === undefined) throw new Error(`no such format: ${name}`)
  const records = Array.from({ length: scans }, (_, index) => recordOf(index, findings))
  const began = clock()
  const report = ScanReport.fromRecords(records, {
    version: "0.0.0",
    id: "run_bench",
    startedAt: start,
    finishedAt: start + 90_000,
    plan: null,
    policy: { ...Gate.none, failOn: "high" }
  })
  const made = clock()
  let characters = 0
  for (const piece of await Effect.runPromise(Format.render(format, report))) characters += piece.length
  return { makeMicros: made - began, renderMicros: clock() - made, characters }
}
