// One request under way: the parts of it that the rooms (acquire, purchase, follow, keep) use. May touch: nothing. Law: what is
// known so far is in `progress` alone, what is held in `slot` alone.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Asked } from "../../model/Contradiction.ts"
import * as Account from "../../model/Account.ts"
import type { PollStopped } from "../../model/PollStopped.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Fleet } from "../Fleet.ts"
import type { AccountBudget, Budgets } from "../RateBudget.ts"
import type { ScanEventKind } from "../ScanEvent.ts"
import { type ClaimKey, type JournalError, type Operations, ScanJournal } from "../ScanJournal.ts"
import type { About } from "../ScanAdapter.ts"
import type { Buy, ScanRequest } from "./scanRequest.ts"
import * as StoredOutcome from "./storedOutcome.ts"
import * as VendorSays from "./vendorSays.ts"
import type * as Progress from "./progress.ts"
import { Slot } from "./slot.ts"

// What the requests of one run share.
//
// - `startedAt`: when it began, on the clock by which the journal says when a claim settled: the steady one is another after a
//   clock was set, and would take what settled before the run for what settled in it. `reuseFrom`: on the same clock.
// - `denials`: how often the account's key had been refused when the run began.
// - `repeated`: the claims and answers of requests that occur more than once in the run: one purchase, whatever a clock
//   says, however it ends and whether or not it asks for a new scan.
// - `purchases`: what is left of the most that the run may buy.
export interface Run {
  readonly budgets: Budgets
  readonly fleet: Fleet | null
  readonly reuseFrom: number
  readonly startedAt: number
  readonly denials: (budget: AccountBudget) => number
  readonly repeated: Map<string, Answered | null>
  readonly purchases: Purchases
  // How this run sees the account of an adapter.
  readonly accesses: Map<object, VendorSays.AccountAccess>
}

// How many submissions the run may still send; endless where nobody said.
export interface Purchases {
  left: number
}

// A number that cannot be one allows nothing, rather than everything.
export const purchases = (most: number | undefined): Purchases => ({
  left: most === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Math.floor(most) || 0)
})

// What an equal request of the same run came to: its claim, and the answer once there is one.
export interface Answered {
  readonly claimId: string | null
  readonly ended: Progress.Ended<unknown> | null
}

// A scan to follow. `known`: bought before this run.
export interface Bought {
  readonly claimId: string
  readonly ticket: ScanTicket
  readonly key: ClaimKey | null
  readonly known: boolean
  readonly hint: Option.Option<Duration.Duration>
  readonly notBefore: number
}

export type Acquired<Payload> =
  | { readonly _tag: "Settled"; readonly ended: Progress.Ended<Payload> }
  | { readonly _tag: "Ticket"; readonly bought: Bought }

export type FollowError = PollStopped<ScanTicket> | JournalError

export const budgetOf = (request: Pick<ScanRequest<unknown>, "adapter">, budgets: Budgets): AccountBudget =>
  budgets.account(request.adapter, request.adapter.budget)

export const claimKey = ({ adapter, fingerprint }: Pick<Buy<unknown>, "adapter" | "fingerprint">): ClaimKey => ({
  ...Account.of(adapter),
  environment: adapter.environment,
  fingerprint
})

// What the scan of this request was bought for, by the best source there is; null where a key was typed of a scan that
// nobody here knows.
export const asked = ({ progress, request }: Pick<Job<unknown, unknown>, "progress" | "request">): Asked | null => {
  const subject = progress.subject ?? request.subject
  return subject.kind === "unknown" ? null : { subject, scanType: request.kind }
}

// One for all requests of a run with the same adapter: each open scan keeps it.
const accessOf = (
  adapter: ScanRequest<unknown>["adapter"],
  budget: AccountBudget,
  journal: Operations,
  run: Run
): VendorSays.AccountAccess => {
  const known = run.accesses.get(adapter)
  if (known !== undefined) return known
  const made = VendorSays.access(adapter, budget, journal, run.denials(budget))
  run.accesses.set(adapter, made)
  return made
}

// A class, because an object with a getter of its own takes half a kilobyte more.
export class Job<Payload, R> {
  readonly request: ScanRequest<Payload, R>
  readonly run: Run
  readonly progress: Progress.Progress<Payload>
  readonly emit: (kind: ScanEventKind) => void
  readonly journal: Operations
  readonly account: VendorSays.AccountAccess
  readonly stored: StoredOutcome.Codec<Payload>
  readonly slot: Slot

  constructor(
    request: ScanRequest<Payload, R>,
    run: Run,
    progress: Progress.Progress<Payload>,
    emit: (kind: ScanEventKind) => void,
    journal: Operations
  ) {
    const budget = budgetOf(request, run.budgets)
    this.request = request
    this.run = run
    this.progress = progress
    this.emit = emit
    this.journal = journal
    this.account = accessOf(request.adapter, budget, journal, run)
    this.stored = StoredOutcome.codec(request.adapter)
    this.slot = new Slot(budget)
  }

  // What an adapter is told of the scan it is asked about.
  get about(): About {
    const { progress, request } = this
    return {
      subject: progress.subject ?? request.subject,
      request: request._tag === "Buy" ? request.request : null
    }
  }
}

export const make = <Payload, R>(
  request: ScanRequest<Payload, R>,
  progress: Progress.Progress<Payload>,
  run: Run,
  emit: (kind: ScanEventKind) => void
): Effect.Effect<Job<Payload, R>, never, ScanJournal> =>
  Effect.map(ScanJournal, (journal) => new Job(request, run, progress, emit, journal))
