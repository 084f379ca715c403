// One claim that a keeper follows: the description of its wait and its budget in one object, because thousands sleep at
// once. Touches the claim's hold; law: no request is made, and none goes on, that the hold does not allow.
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { PollAnswer } from "../../model/Observation.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { Seen } from "../../model/PollStopped.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import * as Decision from "../../policy/Decision.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { PollSpec } from "./pollSpec.ts"
import type { AccountBudget, Turn } from "../RateBudget.ts"
import type { Refusal } from "../Refusals.ts"
import type { About, ScanAdapter } from "../ScanAdapter.ts"
import type { HoldGuard, Operations } from "../ScanJournal.ts"
import * as Telemetry from "../Telemetry.ts"
import { confirmMissing } from "./confirmMissing.ts"
import { fenced, firstPollAt, type Followed, type Follower, moved } from "./hold.ts"
import { Inquiry } from "./inquiry.ts"
import type { Keeping } from "./keep.ts"
import type * as StoredOutcome from "./storedOutcome.ts"
import { tellPoll } from "./trouble.ts"
import * as VendorSays from "./vendorSays.ts"

/**
 * A claim to keep: held by this process, with the ticket of its scan and what that is about. Nothing is asked before
 * `notBefore` (milliseconds since 1970); with `endedAs`, its result alone is. `troubled`: its last poll is known to have
 * failed. `lane`: the queue of its account in which its requests stand; absent for the one without a name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept {
  readonly claimId: string
  readonly ticket: ScanTicket.ScanTicket
  readonly notBefore: number
  readonly polledUntil?: number
  readonly endedAs?: string
  readonly troubled?: true
  readonly subject?: Subject
  readonly lane?: string
  readonly guard: HoldGuard | null
}

// What the kept claims of one account share.
export interface AccountOfWaits {
  readonly adapter: ScanAdapter<never, unknown>
  readonly policy: PollPolicy
  readonly base: AccountBudget
  // With every pause stored.
  readonly budget: AccountBudget
  readonly stored: StoredOutcome.Codec<unknown>
}

// What all kept claims share. `polled` is told of each request, `polling` counts those under way.
export interface Home {
  readonly context: Context.Context<never>
  readonly journal: Operations
  readonly polled: (late: number) => void
  polling: number
}

// Waits shorter than this are not worth a write.
const worthStoring = 1_000
// One sleeping scan: the description of its wait and its budget are the same object, so that it stays small.
export class KeptWait implements PollSpec<ScanOutcome<unknown>, ScanTicket.ScanTicket>, AccountBudget, Follower {
  readonly kept: Kept
  readonly observer: (event: PollEvent<ScanOutcome<unknown>>) => void
  polls = 0
  isLost = false
  // The time before which nobody asks, as the journal has it.
  stored: number
  last: Seen | null = null
  // The journal has a fault of its last poll.
  private isTroubled: boolean
  private nextAt = 0
  private followed: Deferred.Deferred<Followed> | null = null
  private why = "first"
  // One poll of this wait; made at the first one, because most kept scans sleep.
  private asking: Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFault> | null = null
  readonly notBefore: number
  private readonly account: AccountOfWaits
  private readonly home: Home

  constructor(kept: Kept, account: AccountOfWaits, home: Home, now: number) {
    const { journal } = home
    this.kept = kept
    const { adapter, policy } = account
    this.notBefore = firstPollAt(kept, now, Decision.floorOf(policy, adapter.limits))
    this.stored = kept.notBefore
    this.isTroubled = kept.troubled === true
    this.account = account
    this.home = home
    const listen = Telemetry.listen(home.context, kept.ticket)
    this.observer = (event) => {
      this.polls = event.polls
      if (event._tag === "Scheduled") {
        this.why = event.because
        this.nextAt = event.until
        if (event.until - event.at >= worthStoring) {
          journal.waiting(kept.claimId, event.until)
          this.stored = event.until
        }
      }
      if (event._tag === "Scheduled" || event._tag === "Stopped") tellPoll(journal, kept.claimId, this.last, event)
      if (event._tag === "Polled") {
        if (event.seen._tag !== "PollFault" && this.isTroubled) journal.faulted(kept.claimId, null)
        this.isTroubled = event.seen._tag === "PollFault"
        this.last = event.seen
      }
      listen(event)
    }
  }

  get progress(): Follower["progress"] {
    return { last: this.last, nextAt: this.nextAt === 0 ? null : this.nextAt }
  }

  get deadlineAt(): number {
    return Number.POSITIVE_INFINITY
  }

  // Made for the first who asks: few kept scans are also waited for in this process.
  get done(): Deferred.Deferred<Followed> {
    return (this.followed ??= Deferred.makeUnsafe())
  }

  get claimId(): string {
    return this.kept.claimId
  }

  // The first one: waiters of this scan know it by that.
  get ticket(): ScanTicket.ScanTicket {
    return this.kept.ticket
  }

  private get about(): About {
    const { subject, ticket } = this.kept
    const name = ScanTicket.accountKey(ticket)
    return { subject: subject ?? { kind: "unknown", id: ticket.scanId, name }, request: null }
  }

  private inquire(): Inquiry<unknown> {
    const { journal } = this.home
    const { claimId, endedAs, ticket } = this.kept
    return new Inquiry(this.account.adapter, journal, {
      claimId,
      ticket,
      endedAs: endedAs ?? null,
      about: this.about,
      budget: this,
      moved: (from, to) => moved(journal, from, to)
    })
  }

  get policy(): PollPolicy {
    return this.account.policy
  }

  get limits(): VendorLimits {
    return this.account.adapter.limits
  }

  get submittedAt(): number | null {
    return this.kept.ticket.submittedAt
  }

  get budget(): AccountBudget {
    return this
  }

  get lane(): string {
    return this.kept.lane ?? ""
  }

  // What keeping the outcome needs: the account as it is from here on.
  keeping(): Keeping<unknown> {
    const { adapter, base, policy, stored } = this.account
    const account = VendorSays.access(adapter, base, this.home.journal, base.denials())
    return {
      request: { adapter, policy, lane: this.lane },
      journal: this.home.journal,
      account,
      stored,
      about: this.about,
      emit: () => undefined
    }
  }

  // When the next poll may be made, for the owner that takes the claim at `now`; a poll that is cut reached the vendor all the
  // same.
  restsUntil(now: number): number {
    return this.nextAt > now ? this.nextAt : now + Decision.floorOf(this.policy, this.limits)
  }

  get poll(): Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFault> {
    const { home } = this
    const { guard, ticket } = this.kept
    const { adapter, policy } = this.account
    this.asking ??= confirmMissing(this.inquire().ask, {
      probe: adapter.probe,
      budget: this,
      limits: adapter.limits,
      policy,
      submittedAt: ticket.submittedAt,
      lane: this.lane
    })
    const { asking } = this
    return Telemetry.tracePoll(
      ticket,
      () => this.why
    )(
      Effect.suspend(() => {
        home.polling += 1
        return Effect.ensuring(
          fenced(guard)(asking),
          Effect.sync(() => {
            home.polling -= 1
          })
        )
      })
    )
  }

  turn(options: Parameters<AccountBudget["turn"]>[0]): Effect.Effect<Turn> {
    const { guard } = this.kept
    return Effect.flatMap(this.account.budget.turn(options), (granted) =>
      Effect.flatMap(guard === null ? Effect.void : this.ready(guard, granted), () => {
        // Many may have waited for the journal to heal: they go on at the account's rate.
        if (!granted.renew()) return this.turn(options)
        return Effect.map(SteadyClock.now, (now) => {
          this.home.polled(Math.max(0, now - options.due))
          return granted
        })
      })
    )
  }

  private ready(guard: HoldGuard, granted: Turn): Effect.Effect<void> {
    return Effect.raceFirst(guard.ready, guard.lost).pipe(
      Effect.catch(() => {
        this.isLost = true
        return Effect.interrupt
      }),
      Effect.onInterrupt(() => Effect.sync(granted.giveBack))
    )
  }

  open(): number {
    return this.account.budget.open()
  }

  load(change: number): void {
    this.account.budget.load(change)
  }

  bought(scanId?: string): void {
    this.account.budget.bought(scanId)
  }

  closed(): void {
    this.account.budget.closed()
  }

  unfollowed(scanId: string, until: number): void {
    this.account.budget.unfollowed(scanId, until)
  }

  pause(...told: Parameters<AccountBudget["pause"]>): void {
    this.account.budget.pause(...told)
  }

  pausedUntil(): number {
    return this.account.budget.pausedUntil()
  }

  learn(...said: Parameters<AccountBudget["learn"]>): void {
    this.account.budget.learn(...said)
  }

  deny(refusal: Refusal): void {
    this.account.budget.deny(refusal)
  }

  proven(): void {
    this.account.budget.proven()
  }

  denials(): number {
    return this.account.budget.denials()
  }

  isDenied(...asked: Parameters<AccountBudget["isDenied"]>): boolean {
    return this.account.budget.isDenied(...asked)
  }

  refusal(): Refusal | null {
    return this.account.budget.refusal()
  }
}
