// One request from its claim to its end: what `Scans` is made of. Everything that must hold between the journal, the
// vendor and an interrupt is in this file.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { PollStopped, type Seen } from "../../model/PollStopped.ts"
import * as Outcomes from "../../model/ScanOutcome.ts"
import type { Reason, ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Tickets from "../../model/ScanTicket.ts"
import * as SubmitErrors from "../../model/SubmitError.ts"
import { SubmitError } from "../../model/SubmitError.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicies from "../../policy/PollPolicy.ts"
import * as Waits from "../../policy/Waits.ts"
import { DurationModel } from "../DurationModel.ts"
import type { Fleet } from "../Fleet.ts"
import * as Poller from "../Poller.ts"
import type { PollEvent } from "../PollEvent.ts"
import type { PollSpec } from "../PollSpec.ts"
import type { AccountBudget, Budgets, Turn } from "../RateBudget.ts"
import type { ScanEventKind } from "../ScanEvent.ts"
import { type ClaimEntry, type ClaimKey, type HoldGuard, JournalError, ScanJournal } from "../ScanJournal.ts"
import type { ScanRequest } from "../ScanRequest.ts"
import * as SteadyClock from "../SteadyClock.ts"
import { SubmissionGrace } from "../SubmissionGrace.ts"
import * as Telemetry from "../Telemetry.ts"
import * as Pacing from "./pacing.ts"
import { budgetWith, defectCode, ending, fenced, guardedBy, hintMillis, type Restore, undisturbed } from "./scanEnd.ts"

// A submission of which no byte left us is tried this often.
const submitTries = 3
// Without a stored ticket a purchase can be found again by its log line alone.
const ticketTries = 10
// Beyond its own time limit, somebody else's submission is waited for this long: its grace, and ten tries to store it.
const busyAtMost = Duration.minutes(1)
// A journal that says again and again that something changed is asked this often.
const busyStep = Duration.millis(200)
// Waits shorter than this are not worth a write.
const worthStoring = 1_000
// What is known of a request at any moment: read when it ends, however it ends.
export interface Track<Payload> {
  claimId: string | null
  ticket: ScanTicket | null
  submittedAt: number | null
  polls: number
  last: Seen | null
  inDoubt: Reason | null
  // Why there will be no ticket or no outcome, where an interrupt may come before it can be said.
  failed: SubmitError | JournalError | null
  reachedVendor: boolean
  nextAt: number | null
  ended: Ended<Payload> | null
  readonly warnings: Array<string>
}

export const makeTrack = <Payload>(request: Pick<ScanRequest<unknown>, "ticket" | "claimId">): Track<Payload> => ({
  claimId: request.claimId,
  ticket: request.ticket,
  submittedAt: request.ticket === null ? null : request.ticket.submittedAt,
  polls: 0,
  last: null,
  inDoubt: null,
  failed: null,
  reachedVendor: false,
  nextAt: null,
  ended: null,
  warnings: []
})

export interface Ended<Payload> {
  readonly outcome: ScanOutcome<Payload>
  readonly reused: boolean
  readonly ageMs: number | null
}

// How a wait begins: on a purchase of this run or a known one, with which wait the vendor asked for, and until when.
interface Start {
  readonly key: ClaimKey | null
  readonly known: boolean
  readonly hint: Option.Option<Duration.Duration>
  readonly notBefore: number
  // Null for a wait that has its whole deadline before it.
  readonly deadlineAt: number | null
}

// What requests of one run share.
//
// - `denials`: how often the account's credential had been refused when the run began.
// - `equal`: keys that more than one request of the run has, with what came of it: one purchase, whatever a clock says.
export interface Env {
  readonly budgets: Budgets
  readonly fleet: Fleet | null
  readonly reuseFrom: number
  readonly startedAt: number
  readonly denials: (budget: AccountBudget) => number
  readonly equal: Map<string, Answered | null>
  readonly tell: (kind: ScanEventKind) => void
}

// What came of an equal request of the same run.
export interface Answered {
  readonly claimId: string | null
  readonly ended: Ended<unknown>
}

// Who polls a ticket in this process. Kept per journal: two journals are two worlds. `done` says null when whoever
// polled has left.
interface Joint {
  readonly owner: Pick<Track<unknown>, "last" | "nextAt">
  readonly deadlineAt: number
  readonly done: Deferred.Deferred<Exit.Exit<ScanOutcome<unknown>, PollStopped<ScanTicket> | JournalError> | null>
}
const joints = new WeakMap<object, Map<string, Joint>>()

const jointName = (ticket: ScanTicket): string =>
  JSON.stringify([ticket.vendor, ticket.origin, ticket.account, ticket.scanId])

// A wait that ended because its own time was up says nothing about the time of another one.
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

const jointsOf = (journal: object): Map<string, Joint> => {
  const known = joints.get(journal)
  if (known !== undefined) return known
  const made = new Map<string, Joint>()
  joints.set(journal, made)
  return made
}

type AnyRequest = Pick<ScanRequest<unknown>, "adapter">

export const budgetOf = (request: AnyRequest, budgets: Budgets): AccountBudget =>
  budgets.account(request.adapter, request.adapter.budget)

// A text that equal requests share; null for what is never submitted.
export const equalityOf = (request: Pick<ScanRequest<unknown>, "adapter" | "fingerprint">): string | null => {
  if (request.fingerprint === null) return null
  const { account, environment, fingerprint, origin, vendor } = claimKey(request, request.fingerprint)
  return JSON.stringify([vendor, origin, account, environment, fingerprint])
}

const claimKey = (request: AnyRequest, fingerprint: string): ClaimKey => ({
  vendor: request.adapter.vendor,
  origin: request.adapter.origin,
  account: request.adapter.account,
  environment: request.adapter.environment,
  fingerprint
})

// A vendor's message may be a sentence with its full stop.
const wordsOf = ({ advice, message }: SubmitError): string =>
  advice === null ? message : `${message.replace(/[.;:\s]+$/, "")}; ${advice}`

const reasonOfError = (error: SubmitError): Reason => ({
  code: error.code,
  message: error.message,
  advice: error.advice,
  requestId: error.requestId
})

// Whether the scan of one request counts as open at the vendor: by the one who polls it, and once.
class Counted {
  private yes = false
  private readonly budget: AccountBudget

  constructor(budget: AccountBudget) {
    this.budget = budget
  }

  // A submission that was let in counts already.
  take(): void {
    this.yes = true
  }

  begin(): void {
    if (!this.yes) this.budget.bought()
    this.yes = true
  }

  end(): void {
    if (this.yes) this.budget.closed()
    this.yes = false
  }
}

export const execute = <Payload, R>(
  request: ScanRequest<Payload, R>,
  track: Track<Payload>,
  env: Env,
  until: "ticket" | "outcome"
): Effect.Effect<Ended<Payload> | null, PollStopped<ScanTicket> | SubmitError | JournalError, ScanJournal | R> =>
  Effect.suspend(() => {
    const counted = new Counted(budgetOf(request, env.budgets))
    return Effect.ensuring(
      executing(request, track, env, until, counted),
      Effect.sync(() => counted.end())
    )
  })

const executing = <Payload, R>(
  request: ScanRequest<Payload, R>,
  track: Track<Payload>,
  env: Env,
  until: "ticket" | "outcome",
  counted: Counted
): Effect.Effect<Ended<Payload> | null, PollStopped<ScanTicket> | SubmitError | JournalError, ScanJournal | R> =>
  Effect.gen(function* () {
    const { adapter } = request
    const journal = yield* ScanJournal
    const durations = yield* DurationModel
    const context = yield* Effect.context<never>()
    const shared = budgetOf(request, env.budgets)
    // A pause outlives the process that was told of it.
    const budget = budgetWith(shared, {
      pause: (until) => {
        shared.pause(until)
        journal.paused({ vendor: adapter.vendor, origin: adapter.origin, account: adapter.account }, until)
      }
    })
    const codec = Schema.toCodecJson(Outcomes.schema(adapter.payload))
    const decode = Schema.decodeUnknownEffect(codec)

    const checked = PollPolicies.check(request.policy, adapter.limits)
    if (Result.isFailure(checked)) return yield* Effect.die(checked.failure)
    if (request.faults.length > 0) {
      return yield* SubmitErrors.make({
        kind: "Refused",
        code: "invalid-request",
        message: request.faults.map((fault) => `${fault.path.join(".")}: ${fault.message}`).join("; ")
      })
    }

    const finish = (ended: Ended<Payload>): Ended<Payload> => {
      track.ended = ended
      return ended
    }

    const isDenied = (): boolean => budget.denials() > env.denials(shared)
    const isFirstDenial = (): boolean => budget.denials() === env.denials(shared) + 1
    const sayRefused = (code: string, message: string): Effect.Effect<void> =>
      undisturbed(Telemetry.refused({ vendor: adapter.vendor, account: adapter.account, code, message }))

    const unreadable = (message: string) => new JournalError({ reason: "unreadable", message })

    const isOurs = (key: Pick<ScanTicket, "vendor" | "origin" | "account">): boolean =>
      key.vendor === adapter.vendor && key.origin === adapter.origin && key.account === adapter.account

    // What comes out of a store is as foreign as what comes from a vendor.
    const readBack = (stored: unknown): Effect.Effect<ScanOutcome<Payload>, JournalError> =>
      Effect.flatMap(
        Effect.mapError(decode(stored), () => unreadable("a stored outcome is not of the adapter's shape")),
        (outcome) => {
          if (!isOurs(outcome.ticket))
            return Effect.fail(unreadable("a stored outcome is about another account's scan"))
          const link = outcome.links.report
          if (link === null || URL.parse(link)?.origin === URL.parse(adapter.origin)?.origin) {
            return Effect.succeed(outcome)
          }
          return Effect.succeed({
            ...outcome,
            links: { report: null },
            warnings: [...outcome.warnings, "the stored link does not lead to the vendor's own site: left out"]
          })
        }
      )

    const { completed, keep, settle, store } = ending({
      request,
      journal,
      budget,
      isDenied,
      refused: (fault) => (isFirstDenial() ? sayRefused(fault.code, fault.message) : Effect.void),
      collecting: () => env.tell({ _tag: "Collecting" })
    })

    const observer =
      (claimId: string) =>
      (event: PollEvent<ScanOutcome<Payload>>): void => {
        switch (event._tag) {
          case "Scheduled":
            track.polls = event.polls
            track.nextAt = event.until
            if (event.because !== "turn" && event.until - event.at >= worthStoring)
              journal.waiting(claimId, event.until)
            return env.tell({ _tag: "Scheduled", until: event.until, because: event.because, polls: event.polls })
          case "Polled":
            track.polls = event.polls
            track.last = event.seen
            if (event.first && event.seen._tag === "Unrecognised") {
              track.warnings.push(`the vendor used an unknown status ${JSON.stringify(event.seen.word.slice(0, 64))}`)
            }
            return env.tell({ _tag: "Polled", seen: event.seen, polls: event.polls, first: event.first })
          case "Settled":
          case "Stopped":
            track.polls = event.polls
            return
        }
      }

    const poll = (
      claimId: string,
      ticket: ScanTicket,
      start: Start,
      guard: HoldGuard | null,
      now: number
    ): Effect.Effect<ScanOutcome<Payload>, PollStopped<ScanTicket> | JournalError, R> => {
      let why = "first"
      const listen = Telemetry.listen(context, ticket, isFirstDenial)
      const observe = observer(claimId)
      const pacing = Pacing.begin(durations, request, ticket, {
        fresh: !start.known,
        batch: env.fleet !== null,
        open: budget.open()
      })
      const spec: PollSpec<ScanOutcome<Payload>, ScanTicket, R> = {
        ticket,
        poll: pacing.poll(Telemetry.tracePoll(ticket, () => why)(fenced(guard)(adapter.poll(ticket)))),
        policy: shortened(pacing.policy, start, now),
        limits: adapter.limits,
        submittedAt: ticket.submittedAt,
        hint: start.hint,
        notBefore: start.notBefore,
        budget: guardedBy(guard, budget),
        lane: request.lane,
        denialsBefore: env.denials(shared),
        observer: (event) => {
          if (event._tag === "Scheduled") why = event.because
          // What the record says does not hang on whoever else listens.
          observe(event)
          pacing.saw(event)
          listen(event)
        }
      }
      const wait = env.fleet === null ? Poller.untilTerminal(spec) : env.fleet.wait(spec)
      return Effect.onExit(guard === null ? wait : Effect.raceFirst(wait, guard.lost), (exit) =>
        Effect.sync(() => pacing.over(exit))
      )
    }

    // Whoever waited for somebody else's polls has only the rest of the deadline.
    const shortened = (policy: PollPolicies.PollPolicy<R>, start: Start, now: number): PollPolicies.PollPolicy<R> =>
      start.deadlineAt === null
        ? policy
        : policy.pipe(PollPolicies.withFirst(0), PollPolicies.withDeadline(Math.max(1, start.deadlineAt - now)))

    const leave = (claimId: string, cause: Cause.Cause<PollStopped<ScanTicket> | JournalError>, now: number): void => {
      const found = Cause.findError(cause)
      if (Result.isSuccess(found) && found.success._tag === "PollStopped") {
        journal.waiting(claimId, found.success.notBefore)
      } else if (track.nextAt !== null) {
        // A poll that was cut reached the vendor all the same.
        const cut = now + Decision.floorOf(request.policy, adapter.limits)
        journal.waiting(claimId, track.nextAt > now ? track.nextAt : cut)
      }
      journal.leave(claimId)
    }

    // Ends the wait of one who does not poll himself.
    const stopAt = (deadlineAt: number, ticket: ScanTicket, seen: () => Joint["owner"]) =>
      Effect.flatMap(SteadyClock.now, (began) =>
        Effect.andThen(
          Effect.sleep(Math.max(0, deadlineAt - began)),
          Effect.flatMap(SteadyClock.now, (now) => {
            const { last, nextAt } = seen()
            const notBefore = Math.max(now, nextAt ?? now)
            return Effect.fail(new PollStopped({ ticket, reason: Decision.reasonOf(last), polls: 0, last, notBefore }))
          })
        )
      )

    // One process polls a claim. The others wait for what it finds, and take over when it is gone. Between taking a claim
    // and letting go of it no interrupt can slip in.
    const own = (
      claimId: string,
      ticket: ScanTicket,
      start: Start
    ): Effect.Effect<Ended<Payload>, PollStopped<ScanTicket> | JournalError, R> => {
      const again = (deadlineAt: number) =>
        Effect.suspend(() => own(claimId, ticket, { ...start, known: true, hint: Option.none(), deadlineAt }))
      return Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const hold = yield* journal.take(claimId)
          const now = yield* SteadyClock.now
          const deadlineAt = start.deadlineAt ?? now + Math.ceil(Duration.toMillis(request.policy.deadline))
          switch (hold._tag) {
            case "Over":
              return hold.entry.state === "settled"
                ? yield* restore(recall(claimId, hold.entry.outcome, hold.entry.changedAt))
                : yield* new JournalError({
                    reason: "conflict",
                    message: `claim ${claimId} is ${hold.entry.state} and cannot be waited for`
                  })
            case "Theirs":
              return yield* restore(
                Effect.andThen(
                  Effect.raceFirst(
                    hold.changed,
                    stopAt(deadlineAt, ticket, () => ({ last: null, nextAt: hold.notBefore }))
                  ),
                  again(deadlineAt)
                )
              )
            case "Ours": {
              // A time that nobody can have stored is no time.
              const sane = hold.notBefore >= 0 && hold.notBefore <= now + Waits.longest
              const notBefore = start.known ? (sane ? hold.notBefore : 0) : start.notBefore
              // Too little is left of the deadline for another poll.
              const isLate =
                start.deadlineAt !== null && now + Decision.floorOf(request.policy, adapter.limits) > start.deadlineAt
              const polling = isLate
                ? stopAt(now, ticket, () => ({ last: track.last, nextAt: notBefore }))
                : poll(claimId, ticket, { ...start, notBefore }, hold.guard, now)
              const polled = yield* restore(polling).pipe(
                Effect.flatMap((outcome) => completed(restore, outcome, start.key, hold.guard)),
                Effect.tap((outcome) => keep(restore, claimId, outcome, hold.guard)),
                Effect.onExit((exit) =>
                  Exit.isSuccess(exit)
                    ? Effect.void
                    : Effect.map(SteadyClock.now, (now) => leave(claimId, exit.cause, now))
                ),
                Effect.result
              )
              if (Result.isSuccess(polled)) {
                const outcome = polled.success
                return finish({ outcome, reused: false, ageMs: outcome.ageMs })
              }
              const error = polled.failure
              if (error._tag === "JournalError" && error.reason !== "lost") track.failed = error
              return error._tag === "JournalError" && error.reason === "lost"
                ? yield* restore(again(deadlineAt))
                : yield* Effect.fail(error)
            }
          }
        })
      )
    }

    // One poll loop per ticket in this process. When its owner leaves, the next in line takes over. Between entering the
    // table and leaving it no interrupt can slip in: those who wait would wait for ever.
    const join = (
      claimId: string,
      ticket: ScanTicket,
      start: Start
    ): Effect.Effect<Ended<Payload>, PollStopped<ScanTicket> | JournalError, R> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(SteadyClock.now, (now) => {
          const table = jointsOf(journal)
          const name = jointName(ticket)
          const deadlineAt = start.deadlineAt ?? now + Math.ceil(Duration.toMillis(request.policy.deadline))
          const known = table.get(name)
          if (known !== undefined) {
            counted.end()
            return restore(listenTo(known, claimId, ticket, { ...start, known: true, hint: Option.none(), deadlineAt }))
          }
          const joint: Joint = { owner: track, deadlineAt, done: Deferred.makeUnsafe() }
          table.set(name, joint)
          counted.begin()
          return Effect.onExit(restore(own(claimId, ticket, start)), (exit) =>
            Effect.sync(() => {
              table.delete(name)
              const said = Exit.isSuccess(exit)
                ? Exit.succeed(exit.value.outcome)
                : Cause.hasInterrupts(exit.cause) || Cause.hasDies(exit.cause)
                  ? null
                  : Exit.failCause(exit.cause)
              Deferred.doneUnsafe(joint.done, Effect.succeed(said))
            })
          )
        })
      )

    const listenTo = (
      joint: Joint,
      claimId: string,
      ticket: ScanTicket,
      start: Start & { readonly deadlineAt: number }
    ): Effect.Effect<Ended<Payload>, PollStopped<ScanTicket> | JournalError, R> => {
      const said = Deferred.await(joint.done)
      const { deadlineAt } = start
      // The owner's deadline may be moved by the budget, and then ours is too: it is only kept where it is the earlier one.
      const heard =
        joint.deadlineAt <= deadlineAt
          ? said
          : Effect.raceFirst(
              said,
              stopAt(deadlineAt, ticket, () => joint.owner)
            )
      const inTime = Effect.ensuring(
        heard,
        Effect.sync(() => {
          track.last = joint.owner.last
          track.nextAt = joint.owner.nextAt
        })
      )
      return Effect.flatMap(inTime, (exit) => {
        if (exit === null) return join(claimId, ticket, start)
        if (Exit.isFailure(exit)) {
          const found = Cause.findError(exit.cause)
          const error = Result.isSuccess(found) ? found.success : null
          const goesOn =
            error !== null && error._tag === "PollStopped" && isOfItsOwn(error) && error.notBefore <= deadlineAt
          return goesOn ? join(claimId, ticket, start) : Effect.failCause(exit.cause)
        }
        return Effect.map(passedOn(exit.value), (outcome) => finish({ outcome, reused: false, ageMs: outcome.ageMs }))
      })
    }

    // Somebody else's outcome speaks for an equal adapter; its payload is checked all the same.
    const passedOn = (outcome: ScanOutcome<unknown>): Effect.Effect<ScanOutcome<Payload>, JournalError> =>
      Effect.flatMap(Effect.orDie(Schema.encodeUnknownEffect(codec)(outcome)), readBack)

    const follow = (claimId: string, ticket: ScanTicket, start: Start) =>
      Effect.suspend(() => {
        track.claimId = claimId
        track.ticket = ticket
        track.submittedAt = ticket.submittedAt
        env.tell({ _tag: "Submitted", known: start.known })
        if (until === "outcome") return join(claimId, ticket, start)
        letGo(claimId, ticket)
        return Effect.succeed(null)
      })

    // Leaves a claim that is not polled, unless somebody else in this process polls it.
    const letGo = (claimId: string, ticket: ScanTicket): void => {
      if (!jointsOf(journal).has(jointName(ticket))) journal.leave(claimId)
    }

    // Goes on with a scan that was bought before.
    const rejoin = (
      standing: { readonly claimId: string; readonly ticket: ScanTicket; readonly notBefore: number },
      key: ClaimKey | null
    ) =>
      Effect.suspend(() => {
        if (!isOurs(standing.ticket)) return Effect.fail(unreadable("a stored ticket is of another account"))
        return follow(standing.claimId, standing.ticket, {
          key,
          known: true,
          hint: Option.none(),
          notBefore: standing.notBefore,
          deadlineAt: null
        })
      })

    // Waits for somebody else's submission of an equal request, but not for ever: whoever makes it may be gone.
    let busySince: { readonly claimId: string; readonly at: number } | null = null
    const awaitSubmission = (claimId: string, changed: Effect.Effect<void>) =>
      Effect.gen(function* () {
        const now = yield* SteadyClock.now
        if (busySince === null || busySince.claimId !== claimId) busySince = { claimId, at: now }
        else yield* Effect.sleep(busyStep)
        const longest = Duration.sum(adapter.limits.submitTimeout, busyAtMost)
        const left = busySince.at + Duration.toMillis(longest) - now
        if (left <= 0) return yield* doubtful(claimId)
        yield* Effect.timeoutOption(changed, Math.ceil(left))
      })

    const doubtful = (claimId: string) =>
      Effect.suspend(() => {
        const reason: Reason = {
          code: "in-doubt",
          message: `an earlier submission of this request (${claimId}) may have been accepted; it is not sent again`,
          advice: null,
          requestId: null
        }
        track.claimId = claimId
        track.inDoubt = reason
        return Effect.fail(SubmitErrors.make({ kind: "InDoubt", code: "in-doubt", message: reason.message }))
      })

    const recall = (claimId: string, stored: unknown, at: number) =>
      Effect.gen(function* () {
        const outcome = yield* readBack(stored)
        const now = yield* Clock.currentTimeMillis
        track.claimId = claimId
        track.ticket = outcome.ticket
        track.submittedAt = outcome.ticket.submittedAt
        const reused = at < env.startedAt
        return finish({ outcome, reused, ageMs: reused ? Math.max(0, now - at) + (outcome.ageMs ?? 0) : outcome.ageMs })
      })

    // Goes on with a claim of the journal, wherever it stands.
    const goOn = (claimId: string) =>
      Effect.gen(function* () {
        for (;;) {
          const entry: ClaimEntry | null = yield* journal.get(claimId)
          if (entry === null) {
            return yield* new JournalError({ reason: "conflict", message: `there is no claim ${claimId}` })
          }
          track.claimId = claimId
          switch (entry.state) {
            case "settled":
              return yield* recall(claimId, entry.outcome, entry.changedAt)
            case "submitted":
              if (entry.ticket === null) return yield* unreadable(`claim ${claimId} has lost its ticket`)
              return yield* rejoin({ claimId, ticket: entry.ticket, notBefore: entry.notBefore }, entry.key)
            case "in-doubt":
              return yield* doubtful(claimId)
            case "intent": {
              const options = { subject: entry.subject, reuseFrom: Number.MAX_SAFE_INTEGER, peek: true }
              const standing = yield* journal.claim(entry.key, options)
              if (standing._tag === "InDoubt") return yield* doubtful(standing.claimId)
              yield* awaitSubmission(claimId, standing._tag === "Busy" ? standing.changed : Effect.void)
              continue
            }
            case "refused":
            case "released":
              return yield* SubmitErrors.make({
                kind: "Refused",
                code: entry.state,
                message: `claim ${claimId} is ${entry.state}${entry.reason === null ? "" : `: ${entry.reason.message}`}`
              })
          }
        }
      })

    const { fingerprint, submit } = request
    if (request.claimId !== null) return yield* goOn(request.claimId)
    if (request.ticket !== null || fingerprint === null || submit === null) {
      if (request.ticket === null)
        return yield* Effect.die(new TypeError("a scan request needs a submission or a ticket"))
      const standing = yield* journal.adopt(request.ticket, request.subject)
      if (standing._tag === "Settled") return yield* recall(standing.claimId, standing.outcome, standing.at)
      return yield* rejoin(standing, null)
    }

    const key = claimKey(request, fingerprint)
    const claimOptions = {
      subject: request.subject,
      reuseFrom: env.reuseFrom,
      request: request.wanted,
      kind: request.kind
    }

    type Bought =
      | { readonly _tag: "Again" }
      | { readonly _tag: "Ended"; readonly ended: Ended<Payload> }
      | {
          readonly _tag: "Wait"
          readonly claimId: string
          readonly ticket: ScanTicket
          readonly hint: Option.Option<Duration.Duration>
        }
      | { readonly _tag: "Failed"; readonly error: SubmitError }

    const equality = equalityOf(request)
    const repeated = equality !== null && env.equal.has(equality)
    // What an equal request of this run was answered; null when there is none, or no answer yet.
    const answered = () => (repeated ? (env.equal.get(equality) ?? null) : null)

    // Claim, submission and ticket are one region that no interrupt can split; a submission in flight has its grace.
    const purchase = (restore: Restore, turn: Turn): Effect.Effect<Bought, JournalError> =>
      Effect.gen(function* () {
        const claim = yield* journal.claim(key, claimOptions)
        if (claim._tag !== "Fresh") return { _tag: "Again" } as const
        const { claimId } = claim
        track.claimId = claimId
        // What happened while the claim was written: interrupted, nothing is sent any more; put off, not yet. And whoever
        // queued while an equal request was answered takes that answer, also when the wall clock was set back since.
        const called = Exit.isFailure(yield* Effect.exit(restore(Effect.void)))
        if (called || isDenied() || answered() !== null || !turn.renew()) {
          yield* store(journal.released(claimId), "a claim that was given up")
          return { _tag: "Again" } as const
        }
        env.tell({ _tag: "Submitting" })
        track.reachedVendor = true
        const backstop = Duration.sum(adapter.limits.submitTimeout, Duration.seconds(1))
        const posting = yield* Effect.forkDetach(
          Effect.interruptible(submit).pipe(
            Effect.timeoutOption(backstop),
            Effect.flatMap(
              Option.match({
                onSome: Effect.succeed,
                onNone: () =>
                  Effect.fail(
                    SubmitErrors.make({
                      kind: "InDoubt",
                      code: "timeout",
                      message: "the submission was not answered in time; it may have been accepted"
                    })
                  )
              })
            )
          ),
          { startImmediately: true, uninterruptible: false }
        )
        const awaited = yield* Effect.exit(restore(Fiber.await(posting)))
        const answer = Exit.isSuccess(awaited)
          ? awaited.value
          : yield* Effect.raceFirst(
              Effect.interruptible(Fiber.await(posting)),
              Effect.interruptible(
                Effect.as(
                  Effect.flatMap(SubmissionGrace, Effect.sleep),
                  Exit.fail(
                    SubmitErrors.make({
                      kind: "InDoubt",
                      code: "interrupted",
                      message: "interrupted before the submission was answered; it may have been accepted"
                    })
                  )
                )
              )
            )
        if (posting.pollUnsafe() === undefined) yield* Fiber.interrupt(posting)
        const now = yield* SteadyClock.now

        if (Exit.isSuccess(answer)) {
          const submitted = answer.value
          if (Option.isSome(submitted.quota)) budget.learn(submitted.quota.value, now)
          if (submitted._tag === "Already") {
            track.ticket = submitted.outcome.ticket
            track.submittedAt = submitted.outcome.ticket.submittedAt
            const outcome = yield* completed(restore, submitted.outcome, key, null)
            yield* settle(claimId, outcome)
            return { _tag: "Ended", ended: finish({ outcome, reused: false, ageMs: outcome.ageMs }) } as const
          }
          // The wall clock may have been set since the engine began to count.
          const ticket =
            submitted.ticket.submittedAt === null ? submitted.ticket : { ...submitted.ticket, submittedAt: now }
          track.ticket = ticket
          track.submittedAt = ticket.submittedAt
          // Whoever takes the polls over before the first one waits for it as we would.
          const { policy } = request
          const own = policy.first === null ? Decision.floorOf(policy, adapter.limits) : Duration.toMillis(policy.first)
          const asked = hintMillis(submitted.hint, Duration.zero, adapter.limits.hintCap)
          const first = now + Math.max(Math.ceil(own), asked)
          yield* store(
            journal.submitted(claimId, ticket, first),
            `the ticket ${Tickets.key(ticket)} of claim ${claimId}`,
            ticketTries
          )
          return { _tag: "Wait", claimId, ticket, hint: submitted.hint } as const
        }

        const found = Cause.findError(answer.cause)
        // A defect of an adapter says nothing about what the vendor did.
        const error = Result.isSuccess(found)
          ? found.success
          : SubmitErrors.make({
              kind: "InDoubt",
              code: defectCode,
              message: "the adapter failed during the submission; it may have been accepted"
            })
        if (Option.isSome(error.quota)) budget.learn(error.quota.value, now, error.kind === "Throttled")
        switch (error.kind) {
          case "Refused":
            track.failed = error
            yield* store(journal.refused(claimId, reasonOfError(error)), "a refusal")
            break
          case "Denied":
            track.failed = error
            budget.deny()
            if (isFirstDenial()) yield* sayRefused(error.code, wordsOf(error))
            yield* store(journal.refused(claimId, reasonOfError(error)), "a refusal")
            break
          case "Throttled":
            budget.pause(now + hintMillis(error.hint, adapter.limits.throttledWait, adapter.limits.pauseCap))
            yield* store(journal.released(claimId), "a submission that was not taken")
            break
          case "NotSent":
            yield* store(journal.released(claimId), "a submission that was not sent")
            break
          case "InDoubt":
            track.inDoubt = reasonOfError(error)
            yield* store(journal.inDoubt(claimId, reasonOfError(error)), "a submission in doubt")
            break
        }
        if (error.kind === "NotSent") track.reachedVendor = false
        if (Result.isFailure(found) && Cause.hasDies(answer.cause))
          return yield* Effect.failCause(answer.cause).pipe(Effect.orDie)
        return { _tag: "Failed", error } as const
      })

    // How long a vendor may put us off counts from the first time it does.
    let putOffUntil: number | null = null
    let notSent = 0
    const forOthers = (ended: Ended<Payload> | null): Ended<Payload> | null => {
      if (repeated && ended !== null) env.equal.set(equality, { claimId: track.claimId, ended })
      return ended
    }
    for (;;) {
      const answer = answered()
      if (answer !== null) {
        const outcome = yield* passedOn(answer.ended.outcome)
        track.claimId = answer.claimId
        track.ticket = outcome.ticket
        track.submittedAt = outcome.ticket.submittedAt
        return finish({ ...answer.ended, outcome })
      }
      const standing = yield* journal.claim(key, { ...claimOptions, peek: true })
      switch (standing._tag) {
        case "Settled":
          return yield* recall(standing.claimId, standing.outcome, standing.at)
        case "InFlight":
          return forOthers(yield* rejoin(standing, key))
        case "InDoubt":
          return yield* doubtful(standing.claimId)
        case "Busy":
          yield* awaitSubmission(standing.claimId, standing.changed)
          continue
        case "Fresh":
          break
      }
      if (isDenied()) {
        return yield* SubmitErrors.make({
          kind: "NotSent",
          permanent: true,
          code: "denied",
          message: "not submitted: the vendor refused this account's credential"
        })
      }
      env.tell({ _tag: "Queued" })
      const due = yield* SteadyClock.now
      const bought = yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const turn = yield* budget.turn({ kind: "submit", due, lane: request.lane })
          if (isDenied()) {
            turn.giveBack()
            return { _tag: "Again" } as const
          }
          track.reachedVendor = false
          // A turn without a request is given back; a scan that was asked for counts as open until this request is over.
          const result = yield* Effect.onExit(purchase(restore, turn), (exit) =>
            Effect.sync(() => {
              if (Exit.isFailure(exit)) {
                const found = Cause.findError(exit.cause)
                if (Result.isSuccess(found)) track.failed = found.success
                // What became of the submission could not be stored: nobody may wait for it here.
                if (track.claimId !== null) journal.leave(track.claimId)
              }
              if (Exit.isSuccess(exit) && exit.value._tag === "Wait") counted.take()
              else if (track.reachedVendor) budget.closed()
              else turn.giveBack()
            })
          )
          if (result._tag !== "Wait") return result
          const { claimId, hint, ticket } = result
          const start: Start = { key, known: false, hint, notBefore: 0, deadlineAt: null }
          // The claim is ours from its first word on: interrupted before the first poll, we hold it no longer.
          const ended = yield* Effect.onInterrupt(restore(follow(claimId, ticket, start)), () =>
            Effect.sync(() => letGo(claimId, ticket))
          )
          return { _tag: "Followed", ended } as const
        })
      )
      switch (bought._tag) {
        case "Followed":
          return forOthers(bought.ended)
        case "Ended":
          return forOthers(bought.ended)
        case "Again":
          continue
        case "Failed": {
          const { error } = bought
          const now = yield* SteadyClock.now
          if (error.kind === "Throttled") {
            putOffUntil ??= now + Math.ceil(Duration.toMillis(request.policy.deadline))
            const again = now + hintMillis(error.hint, adapter.limits.throttledWait, adapter.limits.pauseCap)
            if (again > putOffUntil) return yield* Effect.fail(error)
            continue
          }
          if (error.kind === "NotSent" && !error.permanent && ++notSent < submitTries) {
            yield* Effect.sleep(Duration.seconds(2 ** notSent))
            continue
          }
          return yield* Effect.fail(error)
        }
      }
    }
  })
