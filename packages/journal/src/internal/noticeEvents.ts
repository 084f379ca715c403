// The events that people are notified of, made of what was written. Pure. Law: one event has one id, in every process and every
// try.
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import type { EventType } from "@scanpoll/core/unstable/engine/StoredDeliveries"
import type { StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import * as JournalView from "../JournalView.ts"
import type { Denial } from "./notices.ts"
import { hash } from "./rows.ts"

export interface Event {
  // What makes it the same event.
  readonly same: ReadonlyArray<string>
  readonly type: EventType
  readonly claimId: string | null
  readonly at: number
  readonly data: unknown
}

// An account that is refused again and again is reported once an hour.
const denialEvery = 3_600_000
// Thin: what it is about and what came of it. The rest is asked for.
const dataOf = (entry: ClaimEntry): unknown => {
  const { answer, changedAt, claimId, key, reason, state } = JournalView.claim(entry)
  const { account, origin, vendor } = entry.key
  const { id, kind, name } = entry.subject
  return {
    claimId,
    state,
    key,
    vendor,
    account,
    origin,
    subject: { kind, id, name },
    scanType: entry.kind,
    at: changedAt,
    reason,
    answer:
      answer === null
        ? null
        : { state: answer.state, severity: answer.severity, score: answer.score, findings: answer.findings }
  }
}

export const idOf = ({ same, type }: Event): string => `evt_${hash([type, ...same]).slice(0, 32)}`

export const bodyOf = ({ at, data, type }: Event): string =>
  JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })

export const doubted = (entry: ClaimEntry): Event => ({
  same: [entry.claimId],
  type: "scan.in-doubt",
  claimId: entry.claimId,
  at: entry.changedAt,
  data: dataOf(entry)
})

// `worse`: the answer is worse than the one before.
export const ended = (entry: ClaimEntry, worse: boolean): ReadonlyArray<Event> => {
  const { changedAt: at, claimId } = entry
  const about = { same: [claimId], claimId, at, data: dataOf(entry) }
  return [{ ...about, type: "scan.ended" }, ...(worse ? [{ ...about, type: "target.worse" as const }] : [])]
}

export const denied = ({ account, at, code, message }: Denial): Event => {
  const { account: label, origin, vendor } = account
  return {
    same: [vendor, origin, label, String(Math.floor(at / denialEvery))],
    type: "account.denied",
    claimId: null,
    at,
    data: { vendor, account: label, origin, code, message: message.slice(0, 500) }
  }
}

export const runEnded = (
  { byState, command, exitCode, plan, runId, startedAt, total }: StoredRun,
  at: number
): Event => ({
  same: [runId, String(at)],
  type: "run.finished",
  claimId: null,
  at,
  data: {
    runId,
    command,
    plan,
    exitCode,
    total,
    byState,
    startedAt: JournalView.time(startedAt),
    finishedAt: JournalView.time(at)
  }
})
