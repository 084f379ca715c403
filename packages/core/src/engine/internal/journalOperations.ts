// What a journal is asked for and what it answers, whatever keeps it. Touches nothing. Passed on by `ScanJournal`.
import type * as Effect from "effect/Effect"
import type { Account } from "../../model/Account.ts"
import type { StopReason } from "../../model/PollStopped.ts"
import type { Reason } from "../../model/ScanOutcome.ts"
import type * as ScanTicket from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { Lesson } from "./lesson.ts"
import type { DeliveryFilter, StoredDelivery } from "../StoredDeliveries.ts"
import type { PollNote, StoredPoll } from "../StoredPolls.ts"
import type { Runs } from "../StoredRuns.ts"
import type { ClaimKey, JournalError } from "./journalError.ts"

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
 * - `outcome`: the encoded form; its reader decodes it with the adapter's schema.
 * - `reason`: why it is in doubt or refused; of a settled claim, which evidence its outcome lacks.
 * - `request`: what was asked for, as JSON, while that may still be needed to find a submission whose answer was lost;
 *   otherwise null.
 * - `kind`: the scans whose durations it belongs with; null where that is not known.
 * - `lane`: the named queue of the account in which its requests stand, in each process that polls it; absent for the one without a name.
 * - `prepared`: what the calls before the submission returned, as JSON, until its scan settled; null where there were none.
 * - `endedAs`: the vendor's word for how an open scan ended, where its result is still to be asked for; otherwise null.
 * - `lastFault`: the trouble that the last poll of an open claim met; null where it was answered.
 * - `heldBy`: names the living process that submits or polls it; null when nobody does.
 * - `parkedAt`: since when nobody waits for an open claim because a person said so; absent or null where that is not so.
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
  readonly lane?: string
  readonly prepared: unknown
  readonly endedAs: string | null
  readonly lastFault: LastFault | null
  readonly heldBy: string | null
  readonly parkedAt?: number | null
  readonly claimedAt: number
  readonly changedAt: number
}

/**
 * The trouble that a poll of an open claim met. Times are milliseconds since 1970.
 *
 * - `code`, `message`: of the fault; no credential is in them.
 * - `at`: when it was met. `by`: names the process that polled. `until`: nobody asks again before.
 * - `stopped`: that process gave up the wait for this reason, and leaves the scan alone until then; absent where it polls on.
 *
 * @category models
 * @since 0.2.0
 */
export interface LastFault {
  readonly code: string
  readonly message: string
  readonly at: number
  readonly by: string
  readonly until: number
  readonly stopped?: StopReason
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
 *   `endedAs` is there when the vendor has said how the scan ended: its result is asked for, its status never again.
 *   `troubled` is there when its last poll is known to have failed.
 * - `Theirs`: another process polls it; `changed` ends when that may be over. `rests` is there when nobody does for now, and
 *   says why: the last wait for it ended for a reason that may last. `parked` is there when a person said that nobody shall.
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
      readonly endedAs?: string
      readonly troubled?: true
      readonly guard: HoldGuard | null
    }
  | {
      readonly _tag: "Theirs"
      readonly notBefore: number
      readonly changed: Effect.Effect<void>
      readonly rests?: LastFault
      readonly parked?: true
    }
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
 * Nobody asks this account before `until` (milliseconds since 1970): the vendor said so. With the kind `submit` nobody
 * submits before; the polls of bought scans go on. `at`: when that was stored, where it is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pause extends Account {
  readonly until: number
  readonly kind?: "submit"
  readonly at?: number
}

/**
 * Which claims to read back: those that meet every given field, newest change first.
 *
 * - `key`: equal requests only. `subject`: about the same thing, however it was asked: of one series where it has one.
 * - `states`: default `settled`.
 * - `lacking`: true for those alone whose outcome lacks evidence that a later request may bring.
 * - `before`: changed before this time, in milliseconds since 1970.
 * - `limit`: from 1 to 10 000, default 100.
 * - `payloads`: false for outcomes whose `payload`, the vendor's own result, is null: a few are in memory at a time, so that very
 *   large ones can be listed. Default true.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryFilter {
  readonly vendor?: string
  readonly account?: string
  readonly key?: ClaimKey
  readonly subject?: Pick<Subject, "kind" | "id" | "series">
  readonly states?: ReadonlyArray<ClaimState>
  readonly lacking?: boolean
  readonly before?: number
  readonly limit?: number
  readonly payloads?: boolean
}

/**
 * A claim that is open or in doubt, in short: enough to sort and count very many of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface OpenClaim extends Pick<
  ClaimEntry,
  "claimId" | "state" | "notBefore" | "lastFault" | "heldBy" | "parkedAt" | "claimedAt"
> {
  readonly key: Pick<ClaimKey, "vendor" | "origin" | "account">
}

/**
 * Which claims a page has: those that meet every given field, the newest claim first.
 *
 * - `states`: default all. `subject`: about the same thing, however it was asked: of one series where it has one. `run`:
 *   those that a row of that run names.
 * - `after`: only claims older than this one: `next` of the page before.
 * - `limit`: from 1 to 1 000, default 50.
 *
 * @category models
 * @since 0.2.0
 */
export interface PageFilter {
  readonly vendor?: string
  readonly account?: string
  readonly subject?: Pick<Subject, "kind" | "id" | "series">
  readonly states?: ReadonlyArray<ClaimState>
  readonly run?: string
  readonly after?: string
  readonly limit?: number
}

/**
 * A page of claims. `next` leads to the page after it, and is null where this is the last one. A page may have fewer claims
 * than its limit, even none, and not be the last: a row that cannot be read is left out.
 *
 * @category models
 * @since 0.2.0
 */
export interface Page {
  readonly entries: ReadonlyArray<ClaimEntry>
  readonly next: string | null
}

/**
 * Something changed: the state of a claim, what a poll of it saw, or a run began or ended. `id` is the claim's or the run's,
 * `at` is in milliseconds since 1970 on the clock of the process that wrote it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Change {
  readonly kind: "claim" | "poll" | "run"
  readonly id: string
  readonly at: number
}

/**
 * What to forget; see `Operations`. `before`: milliseconds since 1970.
 *
 * @category models
 * @since 0.2.0
 */
export interface PurgeOptions {
  readonly before: number
  readonly about?: (subject: Subject) => boolean
  readonly dryRun?: boolean
}

/**
 * The operations of a journal. Each effect is durable when it returns.
 *
 * - `claim`: makes a claim unless an equal one is open or in doubt, or the newest settled one answers it (`answers`):
 *   its outcome may be reused (`isReusable`) and settled at or after `reuseFrom`, or it settled after `askedAt`, when the
 *   wish was made (both milliseconds since 1970). With `peek`, nothing is written and a `Fresh` answer holds no claim.
 *   `request` is kept, as JSON, until it is known what became of the submission, and `kind` for the process that continues the
 *   claim.
 * - `submitted`, `settled`, `inDoubt`, `refused`, `released`: the moves. `settled` of a settled claim keeps the first
 *   outcome; its `lacking` says which evidence that outcome lacks. A claim in doubt may become `submitted` (its scan was
 *   found; no other claim may have it) or `released` by anybody; every other move is for the process that holds the claim.
 * - `supplemented`: the outcome of a settled claim with evidence that it lacked. The claim stays settled, as of when it
 *   did; any other claim is left as it is. Anybody may write it.
 * - `prepared`: what was made for a submission that follows, kept as JSON with the intent. `ended`: how the vendor says that an open
 *   scan ended, before its result is asked for; the first word stays, and is what the effect returns. `moved`: from now on an open claim is polled by
 *   another ticket. The three are for the process that holds the claim.
 * - `adopt`: a ticket that a person typed becomes a claim without a submission, or joins the one that has it.
 * - `take`: holds an open claim, to poll it. Who begins to wait for a parked one ends that; who goes on to wait, with `resumes`, is
 *   told that it is parked. `park`: nobody waits for an open claim any more, or may again: its holder lets go of it within seconds, and
 *   workers leave it alone; the scan goes on at the vendor, and stays paid. Anybody may park. `leave`: lets go of it; a submission that is left without a move is in doubt.
 * - `waiting`: the next poll of an open claim is not due before `notBefore`. `faulted`: the trouble its last poll met, null
 *   once one was answered. `paused`: the account is not asked before `until`; of the kind `submit`, it gets no submission before. `leave` and these three are kept as soon as convenient: losing one costs a poll, not a purchase, so a journal
 *   may write many at once, and no wait is delayed for it.
 * - `polled`: what a poll of an open claim saw, and why the next one is when it is; kept as soon as convenient, equal ones in a
 *   row as one entry. `polls`: the newest entries of a claim (`pollsKept`), oldest first; forgotten with the claim.
 * - `page`: claims a page at a time. A walk from page to page meets each claim once, whatever changes meanwhile.
 * - `changes`: what changed at or after `since` (milliseconds since 1970), oldest first, at most `limit` (default 1 000, most
 *   10 000). Machines differ in their clocks and commit when they can: look back a little, and expect to see some twice.
 * - `pauses`: the pauses that are kept, at most one of each kind for an account; those in the past may be among them.
 * - `denied`: a vendor refused the account's key; kept only where somebody is to be notified. `deliveries`: the notifications.
 *   `redeliver`: those that were given up are tried again from now on, all of them or those of one event or receiver; says how many.
 * - `learned`: what a scan has taught about durations, kept as soon as convenient; a later lesson about the same scan
 *   takes the place of the earlier. `lessons`: the last 256 of each kind of scan, oldest first.
 * - `get` and `list`: what is there, oldest first. A claim whose submitter is gone is in doubt. `history`: what was.
 * - `open`: every claim that is open or in doubt, oldest first, in short. `entries`: the claims of these ids in their order, without
 *   those that are not there.
 * - `scanIds`: the ids of the account's scans that are known here.
 * - `runs`: what was asked for in one go, and what came of each target.
 * - `purge`: forgets settled, refused and released claims last changed before that time, lessons of before it, and runs that
 *   began before it and have no open claim; says how many claims. With `about`, it forgets those alone whose subject it
 *   accepts, what their scans taught, and every run that names one and is not under way. With `dryRun` it only counts.
 * - `forgetPolls`: forgets what polls saw for the last time before that time, in milliseconds since 1970; says how many entries.
 *   The claims stay.
 * - `compact`: gives back the room of what was forgotten, so that nothing of it is left where this process can see to that;
 *   false where another process prevents it.
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
      readonly lane?: string
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
  readonly prepared: (claimId: string, data: unknown) => Effect.Effect<void, JournalError>
  readonly ended: (claimId: string, vendorStatus: string) => Effect.Effect<string, JournalError>
  readonly moved: (claimId: string, ticket: ScanTicket.ScanTicket) => Effect.Effect<void, JournalError>
  readonly adopt: (
    ticket: ScanTicket.ScanTicket,
    subject: Subject
  ) => Effect.Effect<Extract<Claim, { readonly _tag: "InFlight" | "Settled" }>, JournalError>
  readonly take: (claimId: string, options?: { readonly resumes?: boolean }) => Effect.Effect<Hold, JournalError>
  readonly park: (claimId: string, isParked: boolean) => Effect.Effect<void, JournalError>
  readonly leave: (claimId: string) => void
  readonly waiting: (claimId: string, notBefore: number) => void
  readonly faulted: (claimId: string, fault: Omit<LastFault, "by"> | null) => void
  readonly polled: (claimId: string, note: PollNote) => void
  readonly polls: (claimId: string) => Effect.Effect<ReadonlyArray<StoredPoll>, JournalError>
  readonly paused: (account: Account, until: number, kind?: "submit") => void
  readonly pauses: Effect.Effect<ReadonlyArray<Pause>, JournalError>
  readonly denied: (account: Account, refusal: { readonly code: string; readonly message: string }) => void
  readonly deliveries: (filter: DeliveryFilter) => Effect.Effect<ReadonlyArray<StoredDelivery>, JournalError>
  readonly redeliver: (which: {
    readonly id?: string
    readonly receiver?: string
  }) => Effect.Effect<number, JournalError>
  readonly learned: (lesson: Lesson) => void
  readonly lessons: Effect.Effect<ReadonlyArray<Lesson>, JournalError>
  readonly get: (claimId: string) => Effect.Effect<ClaimEntry | null, JournalError>
  readonly list: (states: ReadonlyArray<ClaimState>) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
  readonly open: Effect.Effect<ReadonlyArray<OpenClaim>, JournalError>
  readonly entries: (claimIds: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
  readonly history: (filter: HistoryFilter) => Effect.Effect<ReadonlyArray<ClaimEntry>, JournalError>
  readonly page: (filter: PageFilter) => Effect.Effect<Page, JournalError>
  readonly changes: (options: {
    readonly since: number
    readonly limit?: number
  }) => Effect.Effect<ReadonlyArray<Change>, JournalError>
  readonly scanIds: (account: Account) => Effect.Effect<ReadonlySet<string>, JournalError>
  readonly runs: Runs
  readonly purge: (options: PurgeOptions) => Effect.Effect<number, JournalError>
  readonly forgetPolls: (before: number) => Effect.Effect<number, JournalError>
  readonly compact: Effect.Effect<boolean, JournalError>
}
