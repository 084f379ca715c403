// What every journal decides alike: which moves a claim may make, when a stored outcome answers a wish, what a claim is
// called. Touches the clock and chance; law: two journals give the same answer. Passed on by `ScanJournal`.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import * as Random from "effect/Random"
import * as Account from "../../model/Account.ts"
import type { Reason } from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { ClaimKey, JournalError } from "./journalError.ts"
import type { ClaimEntry, ClaimState, HistoryFilter } from "./journalOperations.ts"

/**
 * Whether the same operation may succeed later: the journal has trouble that can heal.
 *
 * @category guards
 * @since 0.1.0
 */
export const mayHeal = (error: Pick<JournalError, "reason">): boolean => {
  switch (error.reason) {
    case "unavailable":
    case "busy":
    case "full":
    case "read-only":
    case "unknown":
      return true
    case "foreign":
    case "newer":
    case "missing":
    case "replaced":
    case "unreadable":
    case "conflict":
    case "lost":
      return false
  }
}

/**
 * Every state a claim can be in.
 *
 * @category constructors
 * @since 0.2.0
 */
export const claimStates = [
  "intent",
  "submitted",
  "settled",
  "in-doubt",
  "refused",
  "released"
] as const satisfies ReadonlyArray<ClaimState>

/**
 * Whether the state machine has this move.
 *
 * @category guards
 * @since 0.1.0
 */
export const mayMove = (from: ClaimState, to: ClaimState): boolean => {
  switch (from) {
    case "intent":
      return to !== "intent"
    case "in-doubt":
      return to === "submitted" || to === "released"
    case "submitted":
      return to === "settled"
    case "settled":
    case "refused":
    case "released":
      return false
  }
}

/**
 * Whether a stored outcome may answer a later wish for the same scan: only a completed one does.
 *
 * @category guards
 * @since 0.1.0
 */
export const isReusable = (outcome: unknown): boolean => hasProperty(outcome, "_tag") && outcome._tag === "Completed"

/**
 * The clocks of machines that share a journal differ by less than this, in milliseconds: a time that is further ahead comes
 * from a clock that was set back since.
 *
 * @category constructors
 * @since 0.2.0
 */
export const clockSkew = 60_000

/**
 * When a wish was made, and from when on an outcome may be reused for it; milliseconds since 1970.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wish {
  readonly reuseFrom: number
  readonly askedAt?: number
}

/**
 * Whether a settled claim answers an equal wish: it is recent enough and may be reused, or it settled while the wish was
 * waiting, however it ended. A time long after `now` comes from a clock that was set back: such an outcome is as good as
 * new where the wish takes one of any age, because buying it again costs more than being wrong about its age.
 *
 * @category guards
 * @since 0.2.0
 */
export const answers = (
  settled: { readonly changedAt: number; readonly outcome: unknown },
  { askedAt = Number.POSITIVE_INFINITY, reuseFrom }: Wish,
  now: number
): boolean =>
  settled.changedAt > now + clockSkew
    ? isReusable(settled.outcome) && reuseFrom < Math.min(askedAt, now)
    : (settled.changedAt >= reuseFrom && isReusable(settled.outcome)) ||
      (settled.changedAt > askedAt && settled.changedAt <= now)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const spell = (value: number, length: number): string => {
  let rest = value
  let out = ""
  for (let i = 0; i < length; i++) {
    out = alphabet.charAt(rest % 32) + out
    rest = Math.floor(rest / 32)
  }
  return out
}

/**
 * A new claim id: `clm_`, ten characters of time and sixteen of chance, so that ids sort by age.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeClaimId: Effect.Effect<string> = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  let tail = ""
  for (let i = 0; i < 4; i++) tail += spell(yield* Random.nextIntBetween(0, 32 ** 4 - 1), 4)
  return `clm_${spell(now, 10)}${tail}`
})

/**
 * The key of a claim that was made for a ticket, without a submission.
 *
 * @category constructors
 * @since 0.1.0
 */
export const adoptedKey = (ticket: ScanTicket.ScanTicket): ClaimKey => ({
  vendor: ticket.vendor,
  origin: ticket.origin,
  account: ticket.account,
  environment: "",
  fingerprint: `key:${ScanTicket.key(ticket)}`
})

/**
 * Whether a claim is one of those asked for, its age and number aside.
 *
 * @category guards
 * @since 0.1.0
 */
export const matches = (entry: ClaimEntry, filter: HistoryFilter): boolean =>
  (filter.vendor === undefined || entry.key.vendor === filter.vendor) &&
  (filter.account === undefined || entry.key.account === filter.account) &&
  (filter.key === undefined || Account.purchaseKey(entry.key) === Account.purchaseKey(filter.key)) &&
  (filter.subject === undefined ||
    (entry.subject.kind === filter.subject.kind &&
      (entry.subject.series ?? entry.subject.id) === (filter.subject.series ?? filter.subject.id))) &&
  (filter.states ?? ["settled"]).includes(entry.state) &&
  (filter.lacking !== true || (entry.state === "settled" && entry.reason !== null)) &&
  (filter.before === undefined || entry.changedAt < filter.before)

/**
 * The states of a claim that is open or in doubt.
 *
 * @category constructors
 * @since 0.2.0
 */
export const openStates: ReadonlyArray<ClaimState> = ["intent", "submitted", "in-doubt"]

/**
 * A stored outcome without the vendor's own result.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withoutPayload = (outcome: unknown): unknown =>
  hasProperty(outcome, "payload") ? { ...outcome, payload: null } : outcome

/**
 * Why a claim is in doubt whose submission was left without a move.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unstoredReason: Reason = {
  code: "answer-not-stored",
  message: "the answer to the submission could not be stored; the vendor may have accepted it",
  advice: null,
  requestId: null
}

/**
 * How many lessons of each kind of scan a journal keeps: as many as are ever used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lessonsKept = 256
