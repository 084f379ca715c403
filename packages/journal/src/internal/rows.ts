// A claim's row, read back. What stands in a database may be anything by now: each field is checked, and one that cannot
// be right becomes what is harmless.
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Lesson } from "@scanpoll/core/engine/DurationModel"
import {
  type ClaimEntry,
  type ClaimKey,
  type ClaimState,
  claimStates,
  type LastFault,
  type OpenClaim
} from "@scanpoll/core/engine/ScanJournal"
import * as BoundedJson from "@scanpoll/core/unstable/model/BoundedJson"
import * as Account from "@scanpoll/core/unstable/model/Account"
import { stopReasons } from "@scanpoll/core/model/PollStopped"
import { Reason } from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Subject } from "@scanpoll/core/model/Subject"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { createHash } from "node:crypto"

export interface ClaimRow {
  readonly claimId: string
  readonly keyHash: string
  readonly key: ClaimKey
  readonly subject: Subject
  readonly state: ClaimState
  readonly owner: string | null
  readonly epoch: number
  readonly stamp: string
  readonly ticket: ScanTicket.ScanTicket | null
  // As it holds at the time of reading.
  readonly notBefore: number
  // Until when an owner that is gone may have polled; absent where the time of its next poll is known.
  readonly polledUntil?: number
  readonly request: unknown
  readonly kind: string | null
  readonly lane: string | null
  readonly prepared: unknown
  readonly endedAs: string | null
  readonly lastFault: LastFault | null
  readonly parkedAt: number | null
  readonly outcome: unknown
  readonly reason: Reason | null
  readonly claimedAt: number
  readonly changedAt: number
}

const latest = 8_640_000_000_000_000
// A scan that takes longer than a year has not been seen yet.
const longestLesson = 366 * 24 * 60 * 60 * 1000

export const hash = (parts: ReadonlyArray<string>): string => digest(JSON.stringify(parts))

const digest = (text: string): string => createHash("sha256").update(text).digest("hex")

export const keyHash = (key: ClaimKey): string => digest(Account.purchaseKey(key))

// Whether a stored subject is one that is looked for.
export const isAbout = (stored: string, about: (subject: Subject) => boolean): boolean => {
  const subject = Option.getOrNull(readSubject(fromJson(stored)))
  return subject !== null && about(subject)
}

// All versions of a subject have one hash.
export const subjectHash = ({ id, kind, series }: Pick<Subject, "kind" | "id" | "series">): string =>
  hash([kind, series ?? id])

// Escapes what a text column cannot hold, such as NUL and half a character.
export const toJson = (value: unknown): string => JSON.stringify(value) ?? "null"

export const fromJson = (text: unknown): unknown =>
  typeof text === "string" ? Result.getOrElse(BoundedJson.parse(text, BoundedJson.ofRow), () => null) : null

const readSubject = Schema.decodeUnknownOption(Subject)
const readReason = Schema.decodeUnknownOption(Reason)
const readFault = Schema.decodeUnknownOption(
  Schema.Struct({
    code: Schema.String,
    message: Schema.String,
    at: Schema.Finite,
    by: Schema.String,
    until: Schema.Finite,
    stopped: Schema.optionalKey(Schema.Literals(stopReasons))
  })
)

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
const polledUntilOf = (value: unknown): { readonly polledUntil?: number } =>
  typeof value === "number" ? { polledUntil: timeOf(value) } : {}

export const timeOf = (value: unknown): number =>
  typeof value === "number" && value >= 0 && value <= latest ? Math.ceil(value) : 0

const notBeforeOf = (value: unknown, writtenAt: unknown, now: number): number => {
  const until = timeOf(value)
  const at = writtenAtOf(writtenAt)
  return at === null ? until : Waits.storedUntil(until, at, now)
}

// A text that JSON escapes, as all that comes from outside is kept.
const kindOf = (value: unknown): string | null => {
  const kind = fromJson(value)
  return typeof kind === "string" ? kind : null
}

// Null for a row that teaches nothing.
export const readLesson = (row: unknown): Lesson | null => {
  if (typeof row !== "object" || row === null) return null
  const at = (name: string): unknown => (hasProperty(row, name) ? row[name] : undefined)
  const millisOf = (value: unknown): number | null =>
    typeof value === "number" && value >= 0 && value <= longestLesson ? value : null
  const kind = kindOf(at("kind"))
  const scan = kindOf(at("scan"))
  const durationMs = millisOf(at("duration_ms"))
  const ended = at("ended")
  if (kind === null || scan === null || durationMs === null || (ended !== "settled" && ended !== "censored"))
    return null
  const atLeastMs = millisOf(at("at_least_ms"))
  const hintMs = millisOf(at("hint_ms"))
  return {
    vendor: textOf(at("vendor")),
    origin: textOf(at("origin")),
    kind,
    scan,
    ended,
    durationMs,
    ...(atLeastMs === null ? {} : { atLeastMs }),
    ...(hintMs === null ? {} : { hintMs })
  }
}

// When a stored time was written; null in a journal of before.
export const writtenAtOf = (value: unknown): number | null => (typeof value === "number" ? timeOf(value) : null)

// The same in short, for listings of very many: no key is held against its hash, which costs more than all else.
export const readOpenClaim = (
  row: unknown,
  now: number
): (Omit<OpenClaim, "heldBy"> & Pick<ClaimRow, "owner">) | null => {
  if (typeof row !== "object" || row === null) return null
  const at = (name: string): unknown => (hasProperty(row, name) ? row[name] : undefined)
  const claimId = textOf(at("claim_id"))
  const state = claimStates.find((each) => each === at("state"))
  if (!isClaimId(claimId) || state === undefined) return null
  const fault = at("last_fault")
  return {
    claimId,
    key: { vendor: textOf(at("vendor")), origin: textOf(at("origin")), account: textOf(at("account")) },
    state,
    owner: typeof at("owner") === "string" ? textOf(at("owner")) : null,
    notBefore: notBeforeOf(at("not_before"), at("waited_at"), now),
    lastFault: fault === null ? null : Option.getOrNull(readFault(fromJson(fault))),
    ...parkedOf(at("parked_at")),
    claimedAt: timeOf(at("claimed_at"))
  }
}

const parkedOf = (value: unknown): { readonly parkedAt?: number } =>
  typeof value === "number" ? { parkedAt: timeOf(value) } : {}

const isClaimId = (text: string): boolean => /^clm_[0-9a-z]{1,60}$/.test(text)

// Null for a row that says nothing usable about any claim. `now`: on the steady clock.
export const readClaim = (row: unknown, now: number): ClaimRow | null => {
  if (typeof row !== "object" || row === null) return null
  const at = (name: string): unknown => (hasProperty(row, name) ? row[name] : undefined)
  const claimId = textOf(at("claim_id"))
  const state = claimStates.find((each) => each === at("state"))
  const fingerprint = fromJson(at("fingerprint"))
  const epoch = at("epoch")
  if (!isClaimId(claimId) || state === undefined) return null
  if (typeof fingerprint !== "string" || typeof epoch !== "number" || !Number.isSafeInteger(epoch)) return null
  const key: ClaimKey = {
    vendor: textOf(at("vendor")),
    origin: textOf(at("origin")),
    account: textOf(at("account")),
    environment: textOf(at("environment")),
    fingerprint
  }
  // A row that was moved to another key belongs to no claim.
  if (keyHash(key) !== at("key_hash")) return null
  const scanId = at("scan_id")
  const submittedAt = at("submitted_at")
  const { account, origin, vendor } = key
  return {
    claimId,
    keyHash: keyHash(key),
    key,
    subject: Option.getOrElse(readSubject(fromJson(at("subject"))), () => ({
      kind: "unknown",
      id: claimId,
      name: claimId
    })),
    state,
    owner: typeof at("owner") === "string" ? textOf(at("owner")) : null,
    epoch,
    stamp: textOf(at("stamp")),
    ticket: ScanTicket.isScanId(scanId)
      ? ScanTicket.make({
          vendor,
          origin,
          account,
          scanId,
          submittedAt: typeof submittedAt === "number" ? timeOf(submittedAt) : null
        })
      : null,
    notBefore: notBeforeOf(at("not_before"), at("waited_at"), now),
    ...polledUntilOf(at("polled_until")),
    request: fromJson(at("request")),
    kind: kindOf(at("kind")),
    lane: kindOf(at("lane")),
    prepared: fromJson(at("prepared")),
    endedAs: kindOf(at("ended_as")),
    lastFault: Option.getOrNull(readFault(fromJson(at("last_fault")))),
    parkedAt: parkedOf(at("parked_at")).parkedAt ?? null,
    outcome: fromJson(at("outcome")),
    reason: Option.getOrNull(readReason(fromJson(at("reason")))),
    claimedAt: timeOf(at("claimed_at")),
    changedAt: timeOf(at("changed_at"))
  }
}

export const toEntry = (row: ClaimRow, heldBy: string | null): ClaimEntry => ({
  claimId: row.claimId,
  key: row.key,
  subject: row.subject,
  state: row.state,
  ticket: row.ticket,
  notBefore: row.notBefore,
  outcome: row.outcome,
  reason: row.reason,
  request: row.request,
  kind: row.kind,
  ...(row.lane === null ? {} : { lane: row.lane }),
  prepared: row.prepared,
  endedAs: row.endedAs,
  lastFault: row.lastFault,
  heldBy,
  ...(row.parkedAt === null ? {} : { parkedAt: row.parkedAt }),
  claimedAt: row.claimedAt,
  changedAt: row.changedAt
})

// What who takes a claim must know of its polls.
export const pollsOf = (
  row: ClaimRow
): { notBefore: number; polledUntil?: number; endedAs?: string; troubled?: true } => ({
  notBefore: row.notBefore,
  ...(row.polledUntil === undefined ? {} : { polledUntil: row.polledUntil }),
  ...endOf(row)
})

// Why nobody polls it for now; `now` is the time on the steady clock. A worker may hold it meanwhile.
export const restOf = ({ lastFault, notBefore }: ClaimRow, now: number): { rests?: LastFault } =>
  notBefore > now && lastFault?.stopped !== undefined ? { rests: lastFault } : {}

export const endOf = ({
  endedAs,
  lastFault
}: Pick<ClaimRow, "endedAs" | "lastFault">): { endedAs?: string; troubled?: true } => ({
  ...(endedAs === null ? {} : { endedAs }),
  ...(lastFault === null ? {} : { troubled: true })
})
