/**
 * The record of what was bought: claims, tickets and outcomes.
 *
 * A claim is one wish for one scan and is made before anything is bought; the journal is the truth about it. Moves:
 * `intent -> submitted | settled | in-doubt | refused | released`, `in-doubt -> submitted | released`,
 * `submitted -> settled`; any other move is an error and changes nothing. Who submits or polls holds the claim: at most
 * one process does, and what a former holder writes is refused. The layer here keeps it in memory for one process;
 * `@scanpoll/journal` keeps it in a database behind the same service.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import * as Random from "effect/Random"
import * as Account from "../model/Account.ts"
import type { Reason } from "../model/ScanOutcome.ts"
import * as ScanTicket from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"
import * as Waits from "../time/Waits.ts"
import type { Lesson } from "./DurationModel.ts"
import { ClaimBook } from "./internal/claimBook.ts"
import { LessonBook } from "./internal/lessonBook.ts"
import type { AccountKey } from "./RateBudget.ts"

/**
 * What makes two requests the same purchase.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClaimKey {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly environment: string
  readonly fingerprint: string
}

/**
 * How far the purchase of a claim has come; an `intent` whose owner is gone is `in-doubt`.
 *
 * @category models
 * @since 0.1.0
 */
export type ClaimState = "intent" | "submitted" | "settled" | "in-doubt" | "refused" | "released"

/**
 * A claim as the journal knows it. Times are milliseconds since 1970.
 *
 * - `outcome`: the encoded form; whoever reads it decodes it with the adapter's schema.
 * - `reason`: why it is in doubt or refused; of a settled claim, which evidence its outcome lacks.
 * - `request`: what was asked for, as JSON, while that may still be needed to find a submission whose answer was lost;
 *   otherwise null.
 * - `kind`: the scans whose durations it belongs with; null where that is not known.
 * - `heldBy`: names the living process that submits or polls it; null when nobody does.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClaimEntry {
  readonly claimId: string
  readonly key: ClaimKey
  readonly subject: Subject
  readonly state: ClaimState
  readonly ticket: ScanTicket.ScanTicket | null
  readonly notBefore: number
  readonly outcome: unknown
  readonly reason: Reason | null
  readonly request: unknown
  readonly kind: string | null
  readonly heldBy: string | null
  readonly claimedAt: number
  readonly changedAt: number
}

/**
 * The answer to a claim.
 *
 * - `Fresh`: the intent is committed and ours; submit now.
 * - `Busy`: someone is submitting an equal request at this moment; `changed` ends when that is over.
 * - `InFlight`: it was bought before; wait on its ticket, not before `notBefore`.
 * - `InDoubt`: a submission may have been accepted; a person decides.
 * - `Settled`: it was completed within the time an outcome may be reused. A scan that failed or stayed partial is no
 *   answer to a new wish.
 *
 * @category models
 * @since 0.1.0
 */
export type Claim =
  | { readonly _tag: "Fresh"; readonly claimId: string }
  | { readonly _tag: "Busy"; readonly claimId: string; readonly changed: Effect.Effect<void> }
  | {
      readonly _tag: "InFlight"
      readonly claimId: string
      readonly ticket: ScanTicket.ScanTicket
      readonly notBefore: number
    }
  | { readonly _tag: "InDoubt"; readonly claimId: string; readonly since: number }
  | { readonly _tag: "Settled"; readonly claimId: string; readonly outcome: unknown; readonly at: number }

/**
 * Who may poll a claim.
 *
 * - `Ours`: this process holds it until it is settled or left. With a `guard`, each poll waits for `ready` first (it
 *   ends at once while the journal can be written and the claim is still ours), `lost` fails when the claim was taken
 *   over or the journal has been out for too long, and a poll under way when `lapsed` ends is cut: others may take this
 *   process for gone from then on. Without one, none of these can happen. `polledUntil` (milliseconds since 1970) is
 *   there when the last owner went without a word: it may have polled until then, so the vendor's floor counts from there.
 * - `Theirs`: another living process polls it; `changed` ends when that may be over.
 * - `Over`: there is nothing to poll.
 *
 * @category models
 * @since 0.1.0
 */
export type Hold =
  | {
      readonly _tag: "Ours"
      readonly ticket: ScanTicket.ScanTicket
      readonly notBefore: number
      readonly polledUntil?: number
      readonly guard: HoldGuard | null
    }
  | { readonly _tag: "Theirs"; readonly notBefore: number; readonly changed: Effect.Effect<void> }
  | { readonly _tag: "Over"; readonly entry: ClaimEntry }

/**
 * What keeps two processes from polling one claim; `Hold` says what its three effects promise.
 *
 * @category models
 * @since 0.1.0
 */
export interface HoldGuard {
  readonly ready: Effect.Effect<void>
  readonly lost: Effect.Effect<never, JournalError>
  readonly lapsed: Effect.Effect<void>
}

/**
 * Nobody asks this account before `until` (milliseconds since 1970): the vendor said so.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pause extends AccountKey {
  readonly until: number
}

/**
 * Which claims to read back: those that meet every given field, newest change first.
 *
 * - `key`: equal requests only. `subject`: about the same thing, however it was asked.
 * - `states`: default `settled`.
 * - `lacking`: true for those alone whose outcome lacks evidence that a later request may bring.
 * - `before`: changed before this time, in milliseconds since 1970.
 * - `limit`: from 1 to 10 000, default 100.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryFilter {
  readonly vendor?: string
  readonly account?: string
  readonly key?: ClaimKey
  readonly subject?: Pick<Subject, "kind" | "id">
  readonly states?: ReadonlyArray<ClaimState>
  readonly lacking?: boolean
  readonly before?: number
  readonly limit?: number
}

/**
 * Why a journal cannot do what it was asked for.
 *
 * - `unavailable`: it cannot be reached or opened, or the connection was lost.
 * - `busy`: somebody else keeps it locked. `full`: no room. `read-only`: it may not be written.
 * - `unknown`: it cannot be told whether the last write was kept.
 * - `foreign`: it belongs to another program. `newer`: a later version of this program made it.
 * - `missing`: there is no journal to look at.
 * - `replaced`: its file or its database was deleted, renamed, recreated or restored since it was opened; what this process
 *   had bought is in the log.
 * - `unreadable`: what is stored is not what was written.
 * - `conflict`: the state machine has no such move, or another claim has that scan.
 * - `lost`: another process holds the claim now.
 *
 * @category models
 * @since 0.1.0
 */
export type JournalFault =
  | "unavailable"
  | "busy"
  | "full"
  | "read-only"
  | "unknown"
  | "foreign"
  | "newer"
  | "missing"
  | "replaced"
  | "unreadable"
  | "conflict"
  | "lost"

/**
 * The journal could not be read or written, or was asked for a move that its state machine does not have.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalError extends Data.TaggedError("JournalError")<{
  readonly reason: JournalFault
  readonly message: string
  readonly cause?: unknown
}> {}

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
 * The operations of a journal. Each effect is durable when it returns.
 *
 * - `claim`: makes a claim unless an equal one is open or in doubt, or the newest settled one answers it (`answers`):
 *   its outcome may be reused (`isReusable`) and settled at or after `reuseFrom`, or it settled after `askedAt`, when the
 *   wish was made (both milliseconds since 1970). With `peek`, nothing is written and a `Fresh` answer holds no claim.
 *   `request` is kept, as JSON, until it is known what became of the submission, and `kind` for whoever goes on with the
 *   claim.
 * - `submitted`, `settled`, `inDoubt`, `refused`, `released`: the moves. `settled` of a settled claim keeps the first
 *   outcome; its `lacking` says which evidence that outcome lacks. A claim in doubt may become `submitted` (its scan was
 *   found; no other claim may have it) or `released` by anybody; every other move is for the process that holds the claim.
 * - `supplemented`: the outcome of a settled claim with evidence that it lacked. The claim stays settled, as of when it
 *   did; any other claim is left as it is. Anybody may write it.
 * - `adopt`: a ticket that a person typed becomes a claim without a submission, or joins the one that has it.
 * - `take`: holds an open claim, to poll it. `leave`: lets go of it; a submission that is left without a move is in doubt.
 * - `waiting`: the next poll of an open claim is not due before `notBefore`. `paused`: the account is not asked before
 *   `until`. `leave` and these two are kept as soon as convenient: losing one costs a poll, not a purchase, so a journal
 *   may write many at once, and no wait is delayed for it.
 * - `pauses`: the pauses that are kept; those in the past may be among them.
 * - `learned`: what a scan has taught about durations, kept as soon as convenient; a later lesson about the same scan
 *   takes the place of the earlier. `lessons`: the last 256 of each kind of scan, oldest first.
 * - `get` and `list`: what is there, oldest first. A claim whose submitter is gone is in doubt. `history`: what was.
 * - `scanIds`: the ids of the account's scans that are known here.
 * - `purge`: forgets settled, refused and released claims last changed before that time, and lessons of before it; says
 *   how many claims.
 *
 * @category models
 * @since 0.1.0
 */
export interface Operations {
  readonly claim: (
    key: ClaimKey,
    options: {
      readonly subject: Subject
      readonly reuseFrom: number
      readonly askedAt?: number
      readonly peek?: boolean
      readonly request?: unknown
      readonly kind?: string | null
    }
  ) => Effect.Effect<Claim, JournalError>
  readonly submitted: (
    claimId: string,
    ticket: ScanTicket.ScanTicket,
    notBefore: number
  ) => Effect.Effect<void, JournalError>
  readonly settled: (
    claimId: string,
    outcome: unknown,
    ticket?: ScanTicket.ScanTicket,
    lacking?: Reason
  ) => Effect.Effect<void, JournalError>
  readonly supplemented: (claimId: string, outcome: unknown, lacking?: Reason) => Effect.Effect<void, JournalError>
  readonly inDoubt: (claimId: string, reason: Reason) => Effect.Effect<void, JournalError>
  readonly refused: (claimId: string, reason: Reason) => Effect.Effect<void, JournalError>
  readonly released: (claimId: string) => Effect.Effect<void, JournalError>
  readonly adopt: (
    ticket: ScanTicket.ScanTicket,
    subject: Subject
  ) => Effect.Effect<Extract<Claim, { readonly _tag: "InFlight" | "Settled" }>, JournalError>
  readonly take: (claimId: string) => Effect.Effect<Hold, JournalError>
  readonly leave: (claimId: string) => void
  readonly waiting: (claimId: string, notBefore: number) => void
  readonly paused: (account: AccountKey, until: number) => void
  readonly pauses: Effect.Effect<ReadonlyArray<Pause>, JournalError>
  readonly learned: (lesson: Lesson) => void
  readonly lessons: Effect.Effect<ReadonlyArray<Lesson>, JournalError>
  readonly get: (claimId: string) => Effect.Effect<ClaimEntry | null, JournalError>
  readonly list: (states: ReadonlyArray<ClaimState>) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
  readonly history: (filter: HistoryFilter) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
  readonly scanIds: (account: AccountKey) => Effect.Effect<ReadonlySet<string>, JournalError>
  readonly purge: (options: { readonly before: number }) => Effect.Effect<number, JournalError>
}

/**
 * The journal as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class ScanJournal extends Context.Service<ScanJournal, Operations>()("@scanpoll/core/engine/ScanJournal") {}

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
 * waiting, however it ended. A time after `now` comes from a clock that was set back, and is nobody's answer then.
 *
 * @category guards
 * @since 0.2.0
 */
export const answers = (
  settled: { readonly changedAt: number; readonly outcome: unknown },
  { askedAt = Number.POSITIVE_INFINITY, reuseFrom }: Wish,
  now: number
): boolean =>
  (settled.changedAt >= reuseFrom && isReusable(settled.outcome)) ||
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
    (entry.subject.kind === filter.subject.kind && entry.subject.id === filter.subject.id)) &&
  (filter.states ?? ["settled"]).includes(entry.state) &&
  (filter.lacking !== true || (entry.state === "settled" && entry.reason !== null)) &&
  (filter.before === undefined || entry.changedAt < filter.before)

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

const conflict = (message: string): JournalError => new JournalError({ reason: "conflict", message })

type Change = Partial<Pick<ClaimEntry, "ticket" | "notBefore" | "outcome" | "reason">>

// Nothing may yield between looking a claim up and writing it: that is what makes each operation atomic.
class MemoryJournal implements Operations {
  private readonly claims = new ClaimBook<ClaimEntry>()
  private readonly lessonBook = new LessonBook(lessonsKept)
  private readonly submitting = new Map<string, Deferred.Deferred<void>>()
  private readonly pausing = new Map<string, Pause>()
  private readonly clock: Clock.Clock

  constructor(clock: Clock.Clock) {
    this.clock = clock
  }

  claim: Operations["claim"] = (key, options) =>
    Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const claimId = yield* this.newClaimId()
      const found = this.find(key, options, now)
      if (found !== null) return found
      if (options.peek === true) return { _tag: "Fresh", claimId } as const
      this.submitting.set(claimId, Deferred.makeUnsafe<void>())
      const request: unknown = options.request ?? null
      const kind = options.kind ?? null
      this.begin({ claimId, key, subject: options.subject, state: "intent", ticket: null, request, kind }, now)
      return { _tag: "Fresh", claimId } as const
    })

  adopt: Operations["adopt"] = (ticket, subject) =>
    Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const claimId = yield* this.newClaimId()
      const known = this.claims.ofScan(ticket)
      if (known !== undefined && known.ticket !== null) {
        return known.state === "settled"
          ? ({ _tag: "Settled", claimId: known.claimId, outcome: known.outcome, at: known.changedAt } as const)
          : ({ _tag: "InFlight", claimId: known.claimId, ticket: known.ticket, notBefore: known.notBefore } as const)
      }
      const key = adoptedKey(ticket)
      this.begin({ claimId, key, subject, state: "submitted", ticket, request: null, kind: null }, now)
      return { _tag: "InFlight", claimId, ticket, notBefore: 0 } as const
    })

  take: Operations["take"] = (claimId) =>
    Effect.suspend((): Effect.Effect<Hold, JournalError> => {
      const entry = this.claims.get(claimId)
      if (entry === undefined) return Effect.fail(conflict(`there is no claim ${claimId}`))
      return Effect.succeed(
        entry.state === "submitted" && entry.ticket !== null
          ? { _tag: "Ours", ticket: entry.ticket, notBefore: entry.notBefore, guard: null }
          : { _tag: "Over", entry }
      )
    })

  leave: Operations["leave"] = (claimId) => {
    const entry = this.claims.get(claimId)
    if (entry === undefined || !this.submitting.has(claimId)) return
    this.claims.write({ ...entry, state: "in-doubt", reason: unstoredReason })
    this.submissionEnded(claimId)
  }

  submitted: Operations["submitted"] = (claimId, ticket, notBefore) =>
    this.move(claimId, "submitted", { ticket, notBefore })
  settled: Operations["settled"] = (claimId, outcome, ticket, lacking) =>
    this.move(claimId, "settled", { outcome, reason: lacking ?? null, ...(ticket === undefined ? {} : { ticket }) })
  supplemented: Operations["supplemented"] = (claimId, outcome, lacking) =>
    Effect.sync(() => {
      const entry = this.claims.get(claimId)
      if (entry?.state === "settled") this.claims.write({ ...entry, outcome, reason: lacking ?? null })
    })
  inDoubt: Operations["inDoubt"] = (claimId, reason) => this.move(claimId, "in-doubt", { reason })
  refused: Operations["refused"] = (claimId, reason) => this.move(claimId, "refused", { reason })
  released: Operations["released"] = (claimId) => this.move(claimId, "released", {})

  waiting: Operations["waiting"] = (claimId, notBefore) => {
    const entry = this.claims.get(claimId)
    if (entry !== undefined && entry.state === "submitted") this.claims.write({ ...entry, notBefore })
  }

  paused: Operations["paused"] = (account, until) => {
    const name = Account.key(account)
    if (until > (this.pausing.get(name)?.until ?? 0)) this.pausing.set(name, { ...Account.of(account), until })
  }
  pauses: Operations["pauses"] = Effect.sync(() => [...this.pausing.values()])

  learned: Operations["learned"] = (lesson) => this.lessonBook.add(lesson, this.clock.currentTimeMillisUnsafe())
  lessons: Operations["lessons"] = Effect.sync(() => this.lessonBook.all)

  get: Operations["get"] = (claimId) => Effect.sync(() => this.claims.get(claimId) ?? null)
  list: Operations["list"] = (states) =>
    Effect.sync(() => this.claims.all.filter((entry) => states.includes(entry.state)))

  history: Operations["history"] = (filter) =>
    Effect.sync(() =>
      this.claims.all
        .filter((entry) => matches(entry, filter))
        .sort((a, b) => b.changedAt - a.changedAt || (a.claimId < b.claimId ? 1 : -1))
        .slice(0, Waits.clamp(filter.limit ?? 100, 1, 10_000))
    )

  scanIds: Operations["scanIds"] = (account) =>
    Effect.sync(() => {
      const ids = new Set<string>()
      for (const { key, ticket } of this.claims.all) {
        if (ticket !== null && Account.equals(key, account)) ids.add(ticket.scanId)
      }
      return ids
    })

  purge: Operations["purge"] = ({ before }) =>
    Effect.sync(() => {
      const old = this.claims.all.filter(
        ({ changedAt, state }) =>
          changedAt < before && (state === "settled" || state === "refused" || state === "released")
      )
      for (const entry of old) this.claims.remove(entry)
      this.lessonBook.forget(before)
      return old.length
    })

  // Tests script chance, and with it ids; one id for two claims would lose the first.
  private newClaimId(): Effect.Effect<string> {
    return Effect.flatMap(makeClaimId, (claimId) =>
      this.claims.get(claimId) === undefined ? Effect.succeed(claimId) : this.newClaimId()
    )
  }

  private begin(
    entry: Pick<ClaimEntry, "claimId" | "key" | "subject" | "state" | "ticket" | "request" | "kind">,
    now: number
  ): void {
    const blank = { notBefore: 0, outcome: null, reason: null, heldBy: null, claimedAt: now, changedAt: now }
    this.claims.begin({ ...entry, ...blank })
  }

  private move(claimId: string, to: ClaimState, change: Change): Effect.Effect<void, JournalError> {
    return Effect.gen({ self: this }, function* () {
      const changedAt = yield* Clock.currentTimeMillis
      const entry = this.claims.get(claimId)
      if (entry === undefined) return yield* conflict(`there is no claim ${claimId}`)
      // The first terminal answer is the outcome; a later one is not an error of the caller.
      if (entry.state === "settled" && to === "settled") return
      if (!mayMove(entry.state, to)) {
        return yield* conflict(`claim ${claimId} is ${entry.state} and cannot become ${to}`)
      }
      if (change.ticket !== undefined && change.ticket !== null && !Account.equals(entry.key, change.ticket)) {
        return yield* conflict(`the ticket is not of the account of claim ${claimId}`)
      }
      if (entry.state === "in-doubt" && change.ticket !== undefined && change.ticket !== null) {
        const other = this.claims.ofScan(change.ticket)
        if (other !== undefined) return yield* conflict(`that scan belongs to claim ${other.claimId}`)
      }
      const ticket = entry.ticket ?? change.ticket ?? null
      const request = to === "in-doubt" ? entry.request : null
      this.claims.write({ ...entry, ...change, ticket, request, state: to, changedAt })
      this.submissionEnded(claimId)
    })
  }

  private submissionEnded(claimId: string): void {
    const waiting = this.submitting.get(claimId)
    if (waiting === undefined) return
    this.submitting.delete(claimId)
    Deferred.doneUnsafe(waiting, Effect.void)
  }

  // What the newest claim of a key means for an equal request. The newest settled one decides: an older answer is out of
  // date, whatever came of the newer scan.
  private find(key: ClaimKey, wish: Wish, now: number): Claim | null {
    for (const entry of this.claims.ofKey(key)) {
      const found = this.standing(entry, wish, now)
      if (found !== null || entry.state === "settled") return found
    }
    return null
  }

  private standing(entry: ClaimEntry, wish: Wish, now: number): Claim | null {
    const { changedAt, claimId, notBefore, outcome, ticket } = entry
    switch (entry.state) {
      case "intent": {
        const waiting = this.submitting.get(claimId)
        return waiting === undefined
          ? { _tag: "InDoubt", claimId, since: entry.claimedAt }
          : { _tag: "Busy", claimId, changed: Deferred.await(waiting) }
      }
      case "submitted":
        return ticket === null ? null : { _tag: "InFlight", claimId, ticket, notBefore }
      case "settled":
        return answers({ changedAt, outcome }, wish, now) ? { _tag: "Settled", claimId, outcome, at: changedAt } : null
      case "in-doubt":
        return { _tag: "InDoubt", claimId, since: changedAt }
      case "refused":
      case "released":
        return null
    }
  }
}

/**
 * A journal in the memory of this process: nothing outlives it, everything else holds.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<ScanJournal> = Layer.effect(
  ScanJournal,
  Effect.map(Effect.service(Clock.Clock), (clock) => new MemoryJournal(clock))
)
