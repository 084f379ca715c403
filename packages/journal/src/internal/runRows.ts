// The rows of stored runs, read back, each field checked; and how they are written as a run goes.
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ClaimKey } from "@scanpoll/core/engine/ScanJournal"
import * as StoredRuns from "@scanpoll/core/unstable/engine/StoredRuns"
import { Subject } from "@scanpoll/core/model/Subject"
import { fromJson, timeOf } from "./rows.ts"

export type Counts = StoredRuns.StoredRun["byState"]

const Key: Schema.Codec<ClaimKey> = Schema.Struct({
  vendor: Schema.String,
  origin: Schema.String,
  account: Schema.String,
  environment: Schema.String,
  fingerprint: Schema.String
})

const readKey = Schema.decodeUnknownOption(Key)
const readSubject = Schema.decodeUnknownOption(Subject)
const readWritten = Schema.decodeUnknownOption(StoredRuns.Written)
const readEnd = Schema.decodeUnknownOption(StoredRuns.RowEnd)

const at = (row: unknown, name: string): unknown => (hasProperty(row, name) ? row[name] : undefined)

const textIn = (row: unknown, name: string): string | null => {
  const text = fromJson(at(row, name))
  return typeof text === "string" ? text : null
}

const numberIn = (row: unknown, name: string): number | null => {
  const value = at(row, name)
  return typeof value === "number" && Number.isFinite(value) ? value : null
}

// Null for a row that says nothing usable about a run.
export const readRun = (
  row: unknown
): (Omit<StoredRuns.StoredRun, "heldBy" | "byState"> & { readonly owner: string | null }) | null => {
  const runId = at(row, "run_id")
  const command = textIn(row, "command")
  if (typeof runId !== "string" || !StoredRuns.isRunId(runId) || command === null) return null
  const owner = at(row, "owner")
  const digest = at(row, "plan_digest")
  const endedAt = numberIn(row, "ended_at")
  return {
    runId,
    command,
    plan: textIn(row, "plan"),
    planDigest: typeof digest === "string" ? digest : null,
    options: fromJson(at(row, "options")),
    startedAt: timeOf(at(row, "started_at")),
    endedAt: endedAt === null ? null : timeOf(endedAt),
    exitCode: numberIn(row, "exit_code"),
    total: numberIn(row, "total") ?? 0,
    owner: typeof owner === "string" ? owner : null
  }
}

// Null for a row that says nothing usable about a target. An end that cannot be read is none: the claim knows.
export const readRow = (row: unknown): StoredRuns.StoredRow | null => {
  const position = numberIn(row, "position")
  const vendor = textIn(row, "vendor")
  const account = textIn(row, "account")
  const subject = Option.getOrNull(readSubject(fromJson(at(row, "subject"))))
  if (position === null || vendor === null || account === null || subject === null) return null
  const claimId = at(row, "claim_id")
  return {
    index: position,
    vendor,
    account,
    key: Option.getOrNull(readKey(fromJson(at(row, "claim_key")))),
    subject,
    kind: textIn(row, "kind"),
    request: fromJson(at(row, "request")),
    forced: numberIn(row, "forced") === 1,
    ...Option.match(readWritten(fromJson(at(row, "written"))), {
      onNone: () => ({}),
      onSome: (written) => ({ written })
    }),
    claimId: typeof claimId === "string" ? claimId : null,
    ended: Option.getOrNull(readEnd(fromJson(at(row, "ended"))))
  }
}
