// Single questions to a vendor, outside of any wait: how a scan stands, what became of a submission, to cancel a scan. May
// touch: the account's budget, the vendor's calls, the journal's pauses and claims in doubt. Law: each is one turn, and buys
// nothing.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Account from "../../model/Account.ts"
import type { PollAnswer, Quota } from "../../model/Observation.ts"
import * as PollFault from "../../model/PollFault.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import * as RateBudget from "../RateBudget.ts"
import type { About, ScanAdapter } from "../ScanAdapter.ts"
import { type ClaimEntry, JournalError, type Operations, ScanJournal } from "../ScanJournal.ts"
import * as Doubt from "./doubt.ts"
import * as VendorSays from "./vendorSays.ts"

type Asked = Pick<ScanAdapter<never, unknown>, "vendor" | "origin" | "account" | "limits" | "budget" | "policy">

/** `patience`: how long a pause of the account may hold the request back. Default: as long as it lasts. */
export interface Options {
  readonly patience?: Duration.Input
}

interface OptionsAbout extends Options {
  readonly subject?: Subject
}

// Fails as soon as the account is paused for longer than somebody is ready to wait.
const pausedTooLong = (
  { vendor }: Asked,
  budget: Pick<RateBudget.AccountBudget, "pausedUntil">,
  patience: Duration.Duration
): Effect.Effect<never, PollFault.PollFault> =>
  Effect.gen(function* () {
    for (;;) {
      const left = budget.pausedUntil() - (yield* SteadyClock.now)
      if (left > Duration.toMillis(patience)) {
        const until = new Date(budget.pausedUntil()).toISOString()
        const message = `${vendor} asked for no requests before ${until}, so nothing was asked`
        const hint = Option.some(Duration.millis(left))
        return yield* Effect.fail(PollFault.make({ kind: "Throttled", code: "paused", message, hint }))
      }
      yield* Effect.sleep("1 second")
    }
  })

/**
 * Makes one request in the turn of its account, for as long as a poll may take. Where there is a journal its pauses count,
 * and those that the vendor asks for are stored.
 */
const inTurn = <A>(
  adapter: Asked,
  journal: Option.Option<Operations>,
  call: {
    readonly kind: "poll" | "collect"
    readonly by: object
    readonly request: Effect.Effect<A, PollFault.PollFault>
    readonly late: string
    readonly quotaOf?: (answer: A) => Option.Option<Quota>
    readonly timeout?: Duration.Duration
  },
  { patience }: Options = {}
): Effect.Effect<A, PollFault.PollFault> =>
  Effect.gen(function* () {
    const budgets = yield* RateBudget.here
    const base = budgets.account(adapter, adapter.budget)
    if (Option.isSome(journal)) yield* VendorSays.restorePauses([adapter], budgets, journal.value)
    const budget = Option.isSome(journal) ? VendorSays.storingPauses(base, adapter, journal.value) : base
    const due = yield* SteadyClock.now
    const turn = budget.turn({ kind: call.kind, due, lane: "" })
    yield* patience === undefined
      ? turn
      : Effect.raceFirst(turn, pausedTooLong(adapter, budget, Duration.fromInputUnsafe(patience)))
    const late = PollFault.make({ kind: "Transient", code: "timeout", message: call.late })
    const asking = VendorSays.call({ budget, limits: adapter.limits }, call.request, call)
    return yield* Effect.flatMap(
      Timeouts.option(asking, call.timeout ?? adapter.policy.pollTimeout),
      Option.match({ onSome: Effect.succeed, onNone: () => Effect.fail(late) })
    )
  })

const aboutOf = ({ scanId }: ScanTicket, subject: Subject | undefined): About => ({
  subject: subject ?? { kind: "unknown", id: scanId, name: scanId },
  request: null
})

export const pollOnce = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  { subject, ...options }: OptionsAbout = {}
): Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault.PollFault> =>
  Effect.flatMap(Effect.serviceOption(ScanJournal), (journal) =>
    inTurn(
      adapter,
      journal,
      {
        kind: "poll",
        by: known,
        request: adapter.poll(known, aboutOf(known, subject)),
        late: "the poll was not answered in time",
        quotaOf: (answer) => answer.quota
      },
      options
    )
  )

export const probe = (
  adapter: ScanAdapter<never, unknown>,
  nobodys: ScanTicket,
  options?: Options
): Effect.Effect<void, PollFault.PollFault> =>
  Effect.flatMap(Effect.serviceOption(ScanJournal), (journal) => {
    const request = Effect.asVoid(adapter.probe ?? adapter.poll(nobodys))
    const call = { kind: "poll", by: nobodys, request, late: "the vendor did not answer in time" } as const
    // The vendor took the key and looked.
    return Effect.catchIf(
      inTurn(adapter, journal, call, options),
      (found) => found.kind === "Missing",
      () => Effect.void
    )
  })

const noCancel = ({ vendor }: Pick<ScanAdapter<never, unknown>, "vendor">): PollFault.PollFault =>
  PollFault.make({
    kind: "Broken",
    permanent: true,
    code: "no-cancel",
    message: `${vendor} has no call that cancels a scan`
  })

export const cancel = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  { subject, ...options }: OptionsAbout
): Effect.Effect<void, PollFault.PollFault> =>
  Effect.flatMap(Effect.serviceOption(ScanJournal), (journal) =>
    adapter.cancel === undefined
      ? Effect.fail(noCancel(adapter))
      : inTurn(
          adapter,
          journal,
          {
            kind: "poll",
            by: known,
            request: adapter.cancel(known, aboutOf(known, subject)),
            late: "the vendor did not answer in time; it may have cancelled the scan"
          },
          options
        )
  )

type Resolved =
  | { readonly _tag: "Found"; readonly ticket: ScanTicket }
  | { readonly _tag: "Several"; readonly tickets: ReadonlyArray<ScanTicket> }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unlisted" }

/** What was prepared for a submission may tell alone; null where it does not. */
const recovered = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  journal: Operations,
  entry: ClaimEntry,
  options: Options
): Effect.Effect<Resolved | null, PollFault.PollFault> => {
  if (Doubt.isPreparing(entry.prepared)) return Effect.succeed({ _tag: "None" })
  if (adapter.recover === undefined || entry.prepared === null || entry.prepared === undefined) {
    return Effect.succeed(null)
  }
  return inTurn(
    adapter,
    Option.some(journal),
    {
      kind: "collect",
      by: entry,
      request: adapter.recover(entry.prepared),
      late: "the vendor did not answer in time"
    },
    options
  ).pipe(
    Effect.map((ticket): Resolved | null => {
      if (ticket === null) return { _tag: "None" }
      return Account.equals(ticket, adapter) ? { _tag: "Found", ticket } : null
    }),
    // The vendor's list may still tell.
    Effect.catchIf(
      () => adapter.reconcile !== undefined,
      () => Effect.succeed(null)
    )
  )
}

const listed = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  journal: Operations,
  entry: ClaimEntry,
  request: Request | null,
  options: Options
): Effect.Effect<Resolved, PollFault.PollFault | JournalError> =>
  Effect.gen(function* () {
    if (adapter.reconcile === undefined || request === null) return { _tag: "Unlisted" } as const
    const known = yield* journal.scanIds(adapter)
    const [first, ...others] = yield* inTurn(
      adapter,
      Option.some(journal),
      {
        kind: "collect",
        by: entry,
        request: adapter.reconcile(request, entry.claimedAt, known),
        late: "the vendor's list was not answered in time",
        // Many pages are one look.
        timeout: adapter.limits.pauseCap
      },
      options
    )
    if (first === undefined) return { _tag: "None" } as const
    return others.length > 0
      ? ({ _tag: "Several", tickets: [first, ...others] } as const)
      : ({ _tag: "Found", ticket: first } as const)
  })

export const reconcile = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  claimId: string,
  readRequest: (stored: unknown) => Request | null,
  isFor: (entry: ClaimEntry) => boolean,
  options: Options = {}
): Effect.Effect<Resolved, PollFault.PollFault | JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const entry = yield* journal.get(claimId)
    if (entry === null || entry.state !== "in-doubt" || !isFor(entry)) {
      const why = entry === null ? "not there" : entry.state === "in-doubt" ? "of another account" : entry.state
      return yield* new JournalError({ reason: "conflict", message: `claim ${claimId} is ${why}, not in doubt here` })
    }
    const resolved =
      (yield* recovered(adapter, journal, entry, options)) ??
      (yield* listed(adapter, journal, entry, readRequest(entry.request), options))
    if (resolved._tag === "Found") yield* journal.submitted(claimId, resolved.ticket, 0)
    return resolved
  })
