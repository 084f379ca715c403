// The poll loop of a claim that this process holds, until the scan settles. May touch: the vendor's `poll` and `probe`, the
// account's turns, the journal's poll times. Law: never sooner than the vendor allows, and never after the hold is lost.
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import { DurationModel } from "../DurationModel.ts"
import * as Poller from "../Poller.ts"
import type { AccountBudget } from "../RateBudget.ts"
import type { Hold as ClaimHold } from "../ScanJournal.ts"
import * as Telemetry from "../Telemetry.ts"
import { confirmMissing } from "./confirmMissing.ts"
import { stopAt, type Wait } from "./followWait.ts"
import * as Hold from "./hold.ts"
import { Inquiry } from "./inquiry.ts"
import type * as Job from "./job.ts"
import * as Pacing from "./pacing.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { PollSpec } from "./pollSpec.ts"
import * as Progress from "./progress.ts"
import { tellPoll } from "./trouble.ts"

// Waits shorter than this are not worth a write.
const worthStoring = 1_000

export type Ours = Extract<ClaimHold, { readonly _tag: "Ours" }>

export const pollUntilSettled = <Payload, R>(
  job: Job.Job<Payload, R>,
  wait: Wait,
  hold: Ours
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>, Job.FollowError, R> =>
  // No generators from here on: a scan that sleeps would keep their frames.
  Effect.flatMap(SteadyClock.now, (now) => {
    const floor = Decision.floorOf(job.request.policy, job.account.limits)
    const notBefore = wait.known ? Hold.firstPollAt(hold, now, floor) : wait.notBefore
    const isTooLate = now + floor > wait.deadlineAt
    if (!wait.isFirst && isTooLate) {
      return stopAt(wait, now, () => ({ last: job.progress.last, nextAt: notBefore }))
    }
    // Another owner may have gone on to another ticket.
    const { ticket } = hold
    if (ticket.scanId !== wait.ticket.scanId) moveOn(job, wait.claimId, wait.ticket, ticket)
    return pollFrom(job, { ...wait, ticket, notBefore }, hold, now)
  })

// A wait that another owner began has only the rest of its deadline.
const withRest = <R>(policy: PollPolicy.PollPolicy<R>, wait: Wait, now: number): PollPolicy.PollPolicy<R> =>
  wait.isFirst
    ? policy
    : policy.pipe(PollPolicy.withFirst(0), PollPolicy.withDeadline(Math.max(1, wait.deadlineAt - now)))

type Described<Payload, R> = PollSpec<ScanOutcome.ScanOutcome<Payload>, ScanTicket, R>

// A wait whose ticket may change. A class, because an object with a getter of its own takes a kilobyte more.
class Spec<Payload, R> implements Described<Payload, R> {
  readonly poll: Described<Payload, R>["poll"]
  readonly policy: PollPolicy.PollPolicy<R>
  readonly limits: VendorLimits
  readonly submittedAt: number | null
  readonly hint: Option.Option<Duration.Duration>
  readonly notBefore: number
  readonly budget: AccountBudget
  readonly lane: string
  readonly denialsBefore: number
  readonly observer: (event: PollEvent<ScanOutcome.ScanOutcome<Payload>>) => void
  private readonly inquiry: Inquiry<Payload>

  constructor(inquiry: Inquiry<Payload>, wait: Omit<Required<Described<Payload, R>>, "ticket">) {
    this.inquiry = inquiry
    this.poll = wait.poll
    this.policy = wait.policy
    this.limits = wait.limits
    this.submittedAt = wait.submittedAt
    this.hint = wait.hint
    this.notBefore = wait.notBefore
    this.budget = wait.budget
    this.lane = wait.lane
    this.denialsBefore = wait.denialsBefore
    this.observer = wait.observer
  }

  get ticket(): ScanTicket {
    return this.inquiry.ticket
  }
}

const pollFrom = <Payload, R>(
  job: Job.Job<Payload, R>,
  wait: Wait,
  { endedAs, guard, troubled }: Pick<Ours, "endedAs" | "guard" | "troubled">,
  now: number
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>, Job.FollowError, R> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const { account, request, run } = job
    const { claimId, ticket } = wait
    const inquiry = new Inquiry(request.adapter, job.journal, {
      claimId,
      ticket,
      endedAs: endedAs ?? null,
      about: job.about,
      budget: account.budget,
      moved: (from, to) => moveOn(job, claimId, from, to)
    })
    const listen = Telemetry.listen(context, ticket, account.isFirstDenial)
    const pacing = Pacing.begin(Context.get(context, DurationModel), request, ticket, {
      fresh: !wait.known,
      batch: run.fleet !== null,
      open: account.budget.open()
    })
    const budget = Hold.guarded(guard, account.budget)
    let why = "first"
    let isTroubled = troubled === true
    const asking = Hold.fenced(guard)(
      confirmMissing(inquiry.ask, {
        probe: request.adapter.probe,
        budget,
        limits: account.limits,
        policy: request.policy,
        submittedAt: ticket.submittedAt,
        lane: request.lane
      })
    )
    const spec = new Spec<Payload, R>(inquiry, {
      poll: pacing.poll(Telemetry.tracePoll(ticket, () => why)(asking)),
      policy: withRest(pacing.policy, wait, now),
      limits: account.limits,
      submittedAt: ticket.submittedAt,
      hint: wait.hint,
      notBefore: wait.notBefore,
      budget,
      lane: request.lane,
      denialsBefore: account.denialsBefore,
      observer: (event) => {
        if (event._tag === "Scheduled") why = event.because
        // First, so that the record does not depend on other listeners.
        observe(job, wait.claimId, event)
        if (event._tag === "Polled") {
          // A fault is told with the time of the next poll; an answer takes it back.
          if (event.seen._tag !== "PollFault" && isTroubled) job.journal.faulted(claimId, null)
          isTroubled = event.seen._tag === "PollFault"
        }
        pacing.saw(event)
        listen(event)
      }
    })
    const waiting = run.fleet === null ? Poller.untilTerminal(spec) : run.fleet.wait(spec)
    return Effect.onExit(guard === null ? waiting : Effect.raceFirst(waiting, guard.lost), (exit) =>
      Effect.sync(() => pacing.over(exit))
    )
  })

// The scan goes on under another ticket, which is stored.
const moveOn = (job: Job.Job<unknown, unknown>, claimId: string, from: ScanTicket, to: ScanTicket): void => {
  Hold.moved(job.journal, from, to)
  Progress.recordTicket(job.progress, claimId, to)
}

// What each event of the wait changes in the record and the journal.
const observe = <Payload>(
  { emit, journal, progress }: Job.Job<Payload, unknown>,
  claimId: string,
  event: PollEvent<ScanOutcome.ScanOutcome<Payload>>
): void => {
  progress.polls = event.polls
  switch (event._tag) {
    case "Scheduled":
      progress.nextAt = event.until
      if (event.because !== "turn" && event.until - event.at >= worthStoring) journal.waiting(claimId, event.until)
      tellPoll(journal, claimId, progress.last, event)
      return emit({ _tag: "Scheduled", until: event.until, because: event.because, polls: event.polls })
    case "Polled":
      progress.last = event.seen
      if (event.first && event.seen._tag === "Unrecognised") {
        progress.warnings.push(`the vendor used an unknown status ${JSON.stringify(event.seen.word.slice(0, 64))}`)
      }
      return emit({
        _tag: "Polled",
        seen: event.seen,
        polls: event.polls,
        first: event.first,
        ...(event.messages === undefined ? {} : { messages: event.messages })
      })
    case "Settled":
      return
    case "Stopped":
      return tellPoll(journal, claimId, progress.last, event)
  }
}
