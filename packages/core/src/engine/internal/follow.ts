// The second trip: a ticket becomes an outcome. May touch: the vendor's `poll`, the account's turns, the journal's hold and
// outcome. Law: one poll loop per scan, never sooner than the vendor allows, and a settled answer is kept.
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as PollFault from "../../model/PollFault.ts"
import * as Observation from "../../model/Observation.ts"
import { PollStopped, type Seen } from "../../model/PollStopped.ts"
import * as Contradiction from "../../model/Contradiction.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import type { AccountBudget } from "../RateBudget.ts"
import { DurationModel } from "../DurationModel.ts"
import type { PollEvent } from "./pollEvent.ts"
import * as Poller from "../Poller.ts"
import type { PollSpec } from "./pollSpec.ts"
import { type Hold as ClaimHold, JournalError, type LastFault } from "../ScanJournal.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Telemetry from "../Telemetry.ts"
import { confirmMissing } from "./confirmMissing.ts"
import * as Hold from "./hold.ts"
import { Inquiry } from "./inquiry.ts"
import * as Job from "./job.ts"
import { keep } from "./keep.ts"
import * as Pacing from "./pacing.ts"
import * as Recall from "./recall.ts"
import * as Progress from "./progress.ts"
import { tellPoll } from "./trouble.ts"

// Waits shorter than this are not worth a write.
const worthStoring = 1_000

type Following<Payload, R> = Effect.Effect<Progress.Ended<Payload>, Job.FollowError, R>

// - `deadlineAt`: fixed when the wait begins, and kept through every change of owner.
//   One that began with the submission of another process has only the rest of it.
// - `isFirst`: no other request or process has polled it since the wait began: its whole policy is ahead.
interface Wait extends Job.Bought {
  readonly deadlineAt: number
  readonly isFirst: boolean
}

type Ours = Extract<ClaimHold, { readonly _tag: "Ours" }>

export const follow = <Payload, R>(job: Job.Job<Payload, R>, bought: Job.Bought): Following<Payload, R> =>
  Effect.flatMap(SteadyClock.now, (now) => {
    // A wish that joined another's submission and then bought by itself waits for its own scan alone.
    const joinedAt = bought.known ? job.progress.joinedAt : null
    const deadlineAt = (joinedAt ?? now) + Math.ceil(Duration.toMillis(job.request.policy.deadline))
    return join(job, { ...bought, deadlineAt, isFirst: joinedAt === null })
  })

// Another owner had the scan: the rest of the deadline is left, and nothing of what the submission said counts any more.
const later = (wait: Wait): Wait => ({ ...wait, known: true, hint: Option.none(), isFirst: false })

// One poll loop per ticket in this process. When its owner leaves, the next in line takes over.
const join = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait): Following<Payload, R> =>
  Hold.followOrJoin(
    job,
    wait,
    Effect.suspend(() => own(job, wait)),
    (other) => listen(job, later(wait), other)
  )

// One poll loop per claim among processes. Goes on after each change of owner, until the claim is over or the deadline.
const own = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait): Following<Payload, R> =>
  Hold.withClaim(
    job,
    wait.claimId,
    (hold): Effect.Effect<Progress.Ended<Payload> | null, Job.FollowError, R> => {
      switch (hold._tag) {
        case "Over":
          return over(job, wait.claimId, hold.entry)
        case "Theirs":
          return awaitOwner(job, wait, hold)
        case "Ours":
          return settle(job, wait, hold)
      }
    },
    (cause) => notBefore(job, cause),
    !wait.isFirst
  ).pipe(
    Effect.catchIf(isLost, () => Effect.succeed(null)),
    Effect.flatMap((ended) => (ended === null ? own(job, later(wait)) : Effect.succeed(ended)))
  )

const isLost = (error: Job.FollowError): boolean => error._tag === "JournalError" && error.reason === "lost"

const over = <Payload, R>(
  job: Job.Job<Payload, R>,
  claimId: string,
  entry: Extract<ClaimHold, { readonly _tag: "Over" }>["entry"]
): Effect.Effect<Progress.Ended<Payload>, JournalError> => {
  if (entry.state === "settled") return Recall.fromJournal(job, claimId, entry.outcome, entry.changedAt)
  const message = `claim ${claimId} is ${entry.state} and cannot be waited for`
  return Effect.fail(new JournalError({ reason: "conflict", message }))
}

const kindOf = (reason: LastFault["stopped"]): PollFault.PollFaultKind | null => {
  switch (reason) {
    case "denied":
      return "Denied"
    case "not-found":
      return "Missing"
    case "protocol":
      return "Broken"
    default:
      return null
  }
}

// Why those who poll this scan gave it up for now, where waiting on has no use.
const givenUp = ({ rests }: Extract<ClaimHold, { readonly _tag: "Theirs" }>): PollFault.PollFault | null => {
  const kind = kindOf(rests?.stopped)
  if (rests === undefined || kind === null) return null
  return PollFault.make({ kind, code: rests.code, message: rests.message })
}

// What the other process saw last, as far as the journal says.
const lastOfOwner = (job: Job.Job<unknown, unknown>, claimId: string): Effect.Effect<Seen | null> =>
  Effect.map(
    Effect.catch(job.journal.get(claimId), () => Effect.succeed(null)),
    (entry) => {
      if (entry === null) return null
      const { heldBy, lastFault } = entry
      if (lastFault === null) return heldBy === null ? null : Observation.pending("running")
      const { code, message, stopped } = lastFault
      return PollFault.make({ kind: kindOf(stopped) ?? "Transient", code, message })
    }
  )

// Null when the other process may have left.
const awaitOwner = (
  job: Job.Job<unknown, unknown>,
  wait: Wait,
  hold: Extract<ClaimHold, { readonly _tag: "Theirs" }>
): Effect.Effect<null, PollStopped<ScanTicket>> => {
  // A person said so; the scan goes on, and any later wait may continue it.
  if (hold.parked === true) {
    const { notBefore } = hold
    return Effect.fail(
      new PollStopped({ ticket: wait.ticket, reason: "interrupted", polls: 0, last: job.progress.last, notBefore })
    )
  }
  const last = givenUp(hold)
  if (last !== null) {
    const { notBefore } = hold
    return Effect.fail(
      new PollStopped({ ticket: wait.ticket, reason: Decision.reasonOf(last), polls: 0, last, notBefore })
    )
  }
  return Effect.as(
    Effect.raceFirst(
      hold.changed,
      Effect.gen(function* () {
        yield* Effect.sleep(Math.max(0, wait.deadlineAt - (yield* SteadyClock.now)))
        const seen = yield* lastOfOwner(job, wait.claimId)
        return yield* stopAt(wait, wait.deadlineAt, () => ({ last: seen, nextAt: hold.notBefore }))
      })
    ),
    null
  )
}

// Polls until the scan settles, then keeps its outcome. From the settling answer on, no interrupt can lose the outcome.
const settle = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait, hold: Ours): Following<Payload, R> =>
  Effect.uninterruptibleMask((restore) =>
    restore(poll(job, wait, hold)).pipe(
      Effect.flatMap((outcome) => keep(restore, job, { ...wait, asked: Job.asked(job), guard: hold.guard }, outcome)),
      Effect.map((outcome) => Progress.recordOutcome(job.progress, outcome)),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (error._tag === "JournalError" && !isLost(error)) job.progress.failed = error
        })
      )
    )
  )

const poll = <Payload, R>(
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

// The time of the next poll, for the claim's next owner; null when none is known.
const notBefore = (job: Job.Job<unknown, unknown>, cause: Cause.Cause<Job.FollowError>): Effect.Effect<number | null> =>
  Effect.map(SteadyClock.now, (now) => {
    const found = Cause.findError(cause)
    if (Result.isSuccess(found) && found.success._tag === "PollStopped") return found.success.notBefore
    const { nextAt } = job.progress
    if (nextAt === null || nextAt > now) return nextAt
    // A poll that was cut reached the vendor all the same.
    return now + Decision.floorOf(job.request.policy, job.account.limits)
  })

// Ends the wait of a request that does not poll itself.
const stopAt = (
  { ticket }: Wait,
  at: number,
  progress: () => Hold.Follower["progress"]
): Effect.Effect<never, PollStopped<ScanTicket>> =>
  Effect.gen(function* () {
    yield* Effect.sleep(Math.max(0, at - (yield* SteadyClock.now)))
    const now = yield* SteadyClock.now
    const { last, nextAt } = progress()
    const notBefore = Math.max(now, nextAt ?? now)
    return yield* new PollStopped({ ticket, reason: Decision.reasonOf(last), polls: 0, last, notBefore })
  })

// Waits for what the request that polls finds; takes over when it leaves without an outcome.
const listen = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait, other: Hold.Follower): Following<Payload, R> => {
  const said = Deferred.await(other.done)
  // The budget may move the owner's deadline, and ours with it: ours counts only where it is the earlier one.
  const inTime =
    other.deadlineAt <= wait.deadlineAt
      ? said
      : Effect.raceFirst(
          said,
          stopAt(wait, wait.deadlineAt, () => other.progress)
        )
  const answered = Effect.ensuring(
    inTime,
    Effect.sync(() => {
      job.progress.last = other.progress.last
      job.progress.nextAt = other.progress.nextAt
    })
  )
  return Effect.flatMap(answered, (exit) => {
    if (exit === null) return join(job, wait)
    if (Exit.isSuccess(exit)) {
      return Effect.flatMap(Recall.fromOther(job, exit.value), (outcome) =>
        other.claimId === wait.claimId
          ? Effect.succeed(Progress.recordOutcome(job.progress, outcome))
          : settleOwn(job, wait, ScanOutcome.withOwnEvidence(outcome))
      )
    }
    return endedForAll(exit.cause, wait.deadlineAt) ? Effect.failCause(exit.cause) : join(job, wait)
  })
}

// The vendor gave one id to two purchases: each claim settles, by what it asked for.
const settleOwn = <Payload, R>(
  job: Job.Job<Payload, R>,
  wait: Wait,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Following<Payload, R> => {
  const asked = Job.asked(job)
  return Hold.withClaim(
    job,
    wait.claimId,
    (hold): Effect.Effect<Progress.Ended<Payload>, JournalError> => {
      switch (hold._tag) {
        case "Over":
          return over(job, wait.claimId, hold.entry)
        case "Theirs":
          return Effect.sync(() => Progress.recordOutcome(job.progress, Contradiction.judge(asked, outcome)))
        case "Ours":
          // As in `settle`: the outcome is here, and no interrupt may lose it.
          return Effect.uninterruptibleMask((restore) =>
            Effect.map(keep(restore, job, { ...wait, asked, guard: hold.guard }, outcome), (whole) =>
              Progress.recordOutcome(job.progress, whole)
            )
          )
      }
    },
    () => Effect.succeed(null)
  )
}

const endedForAll = (cause: Cause.Cause<Job.FollowError>, deadlineAt: number): boolean => {
  const found = Cause.findError(cause)
  if (Result.isFailure(found) || found.success._tag !== "PollStopped") return true
  return !isOfItsOwn(found.success) || found.success.notBefore > deadlineAt
}

// A wait that used up its own time or patience says nothing about another one's.
const isOfItsOwn = (stop: PollStopped<ScanTicket>): boolean => {
  switch (stop.reason) {
    case "deadline":
    case "pace-ended":
    case "interrupted":
      return true
    case "unreachable":
      return stop.last === null || stop.last._tag !== "PollFault" || !stop.last.permanent
    case "protocol":
      return stop.last !== null && stop.last._tag === "Unrecognised"
    case "denied":
    case "not-found":
      return false
  }
}
