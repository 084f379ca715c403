import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { RunInfo } from "@scanpoll/report/ScanReport"

export const start = Date.UTC(2026, 3, 3, 9, 0, 0)

export const ticket = (vendor: string, scanId: string) =>
  ScanTicket.make({
    vendor,
    origin: `https://${vendor}.example`,
    account: "default",
    scanId,
    submittedAt: start + 1_000
  })

export const finding = (
  fields: Partial<ScanOutcome.Finding> & { readonly findingId: string }
): ScanOutcome.Finding => ({
  ruleId: fields.findingId.split(":")[0] ?? "rule",
  title: `Finding ${fields.findingId}`,
  description: null,
  severity: "medium",
  vendorSeverity: null,
  status: "unknown",
  resource: null,
  remediation: null,
  references: [],
  ...fields
})

export const score = (value: number, grade: string | null = null): ScanOutcome.Score => ({
  value,
  min: 0,
  max: 100,
  direction: "higher-is-better",
  grade,
  basis: "vendor"
})

export const assessment = (
  severity: Severity,
  fields: Partial<Omit<ScanOutcome.Assessment, "severity">> = {}
): ScanOutcome.Assessment => ({ severity, vendorSeverity: null, compliance: null, score: null, ...fields })

export const completed = (
  index: number,
  fields: Partial<Omit<ScanOutcome.Completed<unknown>, "_tag" | "ticket">> & {
    readonly vendor?: string
    readonly name?: string
  } = {}
): ScanRecord.ScanRecord => {
  const { vendor = "appvet", name, ...rest } = fields
  const mine = ticket(vendor, `scan_${index}`)
  return record(index, {
    vendor,
    ticket: mine,
    ...(name === undefined ? {} : { subject: { kind: "url", id: name, name } }),
    outcome: ScanOutcome.makeCompleted<unknown>({
      ticket: mine,
      vendorStatus: "completed",
      assessment: assessment("low"),
      createdAt: start + 1_000,
      completedAt: start + 76_000,
      payload: { secret: "payload" },
      ...rest
    })
  })
}

export const partial = (
  index: number,
  fields: Partial<Omit<ScanOutcome.Partial<unknown>, "_tag" | "ticket">> = {}
): ScanRecord.ScanRecord => {
  const mine = ticket("appvet", `scan_${index}`)
  return record(index, {
    state: "partial",
    ticket: mine,
    outcome: ScanOutcome.makePartial<unknown>({
      ticket: mine,
      vendorStatus: "partial",
      assessment: assessment("medium"),
      reason: { code: null, message: "some checks are missing", advice: null, requestId: null },
      payload: null,
      ...fields
    })
  })
}

const because: { readonly [K in ScanRecord.ScanState]: ScanRecord.ScanRecord["because"] } = {
  completed: "outcome",
  partial: "outcome",
  failed: "outcome",
  "not-found": "stop",
  "still-running": "stop",
  unreachable: "stop",
  protocol: "stop",
  interrupted: "stop",
  denied: "stop",
  "in-doubt": "stop",
  refused: "vendor-refusal",
  "not-started": "not-begun"
}

export const record = (index: number, fields: Partial<ScanRecord.ScanRecord> = {}): ScanRecord.ScanRecord => {
  const state = fields.state ?? "completed"
  return {
    index,
    claimId: `clm_${index}`,
    vendor: "appvet",
    account: "default",
    subject: { kind: "url", id: `https://site-${index}.example/`, name: `https://site-${index}.example/` },
    ticket: null,
    state,
    outcome: null,
    reason: null,
    because: because[state],
    submittedAt: start + 1_000,
    observedAt: start + 80_000,
    polls: 6,
    progress: null,
    notBefore: null,
    reused: false,
    ageMs: null,
    warnings: [],
    ...fields
  }
}

// A record of each state, made the way the engine makes them.
export const inState = (
  index: number,
  state: ScanRecord.ScanState,
  fields: Partial<ScanRecord.ScanRecord> = {}
): ScanRecord.ScanRecord => {
  switch (state) {
    case "completed":
      return { ...completed(index), ...fields }
    case "partial":
      return { ...partial(index), ...fields }
    case "failed": {
      const mine = ticket("appvet", `scan_${index}`)
      return record(index, {
        state,
        ticket: mine,
        outcome: ScanOutcome.makeFailed({
          ticket: mine,
          vendorStatus: "failed",
          reason: { code: "E1", message: "the site did not answer", advice: "try later", requestId: "req-1" }
        }),
        ...fields
      })
    }
    case "not-found":
    case "still-running":
    case "unreachable":
    case "protocol":
    case "interrupted":
    case "denied":
      return record(index, {
        state,
        ticket: ticket("appvet", `scan_${index}`),
        reason: ScanRecord.reasonOfStop("deadline", null),
        ...fields
      })
    case "in-doubt":
    case "refused":
    case "not-started":
      return record(index, {
        state,
        submittedAt: null,
        polls: 0,
        reason: { code: state, message: `it is ${state}`, advice: null, requestId: null },
        ...fields
      })
  }
}

export const info = (fields: Partial<RunInfo> = {}): RunInfo => ({
  version: "0.1.0",
  id: "run_1",
  startedAt: start,
  finishedAt: start + 90_000,
  plan: "scans.yaml",
  ...fields
})
