/** Keys, tickets and outcomes to fill journals with. */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Schema from "effect/Schema"

export const vendor = { vendor: "acme", origin: "https://acme.test", account: "default" } as const

export const keyOf = (fingerprint: string, other: Partial<ScanJournal.ClaimKey> = {}): ScanJournal.ClaimKey => ({
  ...vendor,
  environment: "",
  fingerprint,
  ...other
})

export const subject = { kind: "url", id: "https://a.test/", name: "a" } as const

export const ticketOf = (scanId: string, submittedAt: number | null = 0): ScanTicket.ScanTicket =>
  ScanTicket.make({ ...vendor, scanId, submittedAt })

export const reason = { code: "x", message: "why", advice: null, requestId: null } as const

const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Struct({ said: Schema.String })))

const completed = (scanId: string, score: number, said: string) =>
  ScanOutcome.makeCompleted({
    ticket: ticketOf(scanId),
    vendorStatus: "done",
    assessment: {
      severity: "low",
      vendorSeverity: null,
      compliance: null,
      score: { value: score, min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor" }
    },
    findings: { coverage: "full", total: 0, items: [] },
    payload: { said }
  })

/** A complete outcome as a journal keeps it. */
export const outcomeOf = (scanId: string, score = 90, said = "done"): unknown =>
  Schema.encodeSync(codec)(completed(scanId, score, said))

/** A complete outcome that nothing can be judged by, for the reason `why`. */
export const lackingOutcomeOf = (scanId: string, why: string, score = 90): unknown =>
  Schema.encodeSync(codec)(ScanOutcome.withoutEvidence(completed(scanId, score, "done"), why))

export const fresh = { subject, reuseFrom: 0 } as const
