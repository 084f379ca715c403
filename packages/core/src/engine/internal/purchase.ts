// One try to buy: claim, submission and ticket are one region that no interrupt can split. May touch: the journal's
// claim, the account's budget, the vendor's `submit`. Law: at most one submission for a claim, and its answer is stored.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as SubmitError from "../../model/SubmitError.ts"
import type { Turn } from "../RateBudget.ts"
import { type Already, type Submitted, submitted } from "../ScanAdapter.ts"
import type { ClaimKey, JournalError } from "../ScanJournal.ts"
import type { Buy } from "./scanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import { SubmissionGrace } from "../SubmissionGrace.ts"
import * as Doubt from "./doubt.ts"
import * as Hold from "./hold.ts"
import * as Job from "./job.ts"
import { accepted, type Answered, type Failed, maybeAccepted, rejected } from "./submissionAnswer.ts"
import { store } from "./storedOutcome.ts"
import * as VendorSays from "./vendorSays.ts"
import * as EqualRequests from "./equalRequests.ts"
import * as Recall from "./recall.ts"

export interface Wish<Payload, R> {
  readonly key: ClaimKey
  readonly request: Buy<Payload, R>
  readonly waiting: EqualRequests.Waiting
}

// `LookAgain`: nothing was sent, and the journal or the run knows more than before.
export type Attempt<Payload> = Answered<Payload> | { readonly _tag: "LookAgain" }

const lookAgain = { _tag: "LookAgain" } as const

export const claimOptions = ({ run }: Job.Job<unknown, unknown>, { request }: Wish<unknown, unknown>) => ({
  subject: request.subject,
  reuseFrom: Recall.reuseFrom(run, request),
  askedAt: run.startedAt,
  request: request.wanted,
  kind: request.kind,
  ...(request.lane === "" ? {} : { lane: request.lane })
})

export const attempt = <Payload, R>(
  job: Job.Job<Payload, R>,
  wish: Wish<Payload, R>
): Effect.Effect<Attempt<Payload>, SubmitError.SubmitError | JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const { account, emit, request, progress } = job
    if (account.isDenied("submit")) return yield* keyWasRefused(account)
    emit({ _tag: "Queued" })
    const due = yield* SteadyClock.now
    // Claim, submission and ticket are one region: an interrupt between them would lose what was bought. `restore` marks the
    // waits before the first byte.
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const turn = yield* account.budget.turn({ kind: "submit", due, lane: request.lane })
        if (account.isDenied("submit")) {
          turn.giveBack()
          return lookAgain
        }
        progress.reachedVendor = false
        const held = { turn }
        const result = yield* Effect.onExit(purchase(restore, job, wish, held), (exit) =>
          Effect.sync(() => closeTurn(job, held.turn, exit))
        )
        // The claim is ours from its first word on: interrupted before the first poll, we hold it no longer.
        if (result._tag === "Ticket") {
          yield* Hold.reserve(job, result.bought)
        }
        return result
      })
    )
  })

// The turn of a submission, which may be another one by the time it is sent.
interface Held {
  turn: Turn
}

const keyWasRefused = ({ budget }: VendorSays.AccountAccess): Effect.Effect<never, SubmitError.SubmitError> => {
  const said = budget.refusal()?.message
  const words = "not submitted: the vendor refused this account's key"
  return Effect.fail(
    SubmitError.make({
      kind: "NotSent",
      permanent: true,
      code: "denied",
      message: said === undefined ? words : `${words}: ${said}`
    })
  )
}

// A turn without a request is given back; a scan that was accepted stays open until its request is over.
const closeTurn = <Payload>(
  { account, slot, journal, progress }: Job.Job<Payload, unknown>,
  turn: Turn,
  exit: Exit.Exit<Attempt<Payload>, JournalError>
): void => {
  if (Exit.isFailure(exit)) {
    const found = Cause.findError(exit.cause)
    if (Result.isSuccess(found)) progress.failed = found.success
    // What became of the submission could not be stored: nobody may wait for it here.
    if (progress.claimId !== null) journal.leave(progress.claimId)
  }
  if (Exit.isSuccess(exit) && exit.value._tag === "Ticket") slot.keep()
  else if (progress.reachedVendor) account.budget.closed()
  else turn.giveBack()
}

const purchase = <Payload, R>(
  restore: Hold.Restore,
  job: Job.Job<Payload, R>,
  wish: Wish<Payload, R>,
  held: Held
): Effect.Effect<Attempt<Payload>, JournalError> =>
  Effect.gen(function* () {
    const claim = yield* job.journal.claim(wish.key, claimOptions(job, wish))
    if (claim._tag !== "Fresh") return lookAgain
    const { claimId } = claim
    job.progress.claimId = claimId
    // While the claim was written: interrupted, denied or paused, or an equal request has its own claim (also when the
    // wall clock was set back since). Then nothing is sent.
    const isInterrupted = Exit.isFailure(yield* Effect.exit(restore(Effect.void)))
    const hasEqual = EqualRequests.equalBefore(job) !== null || wish.waiting.claimId !== null
    if (isInterrupted || job.account.isDenied("submit") || hasEqual || !held.turn.renew()) {
      yield* store(job.journal.released(claimId), "a claim that was released")
      return lookAgain
    }
    const { purchases } = job.run
    if (purchases.left < 1) {
      yield* giveUp(job, claimId)
      return { _tag: "Failed", error: limitReached } as const
    }
    purchases.left -= 1
    EqualRequests.shareClaim(job, claimId)
    EqualRequests.shareWithWaiting(job, wish.waiting, claimId)
    return yield* Effect.onExit(submission(restore, job, wish, held, claimId), (exit) =>
      Effect.sync(() => {
        if (isUnsold(exit)) purchases.left += 1
      })
    )
  })

const limitReached = SubmitError.make({
  kind: "NotSent",
  permanent: true,
  code: "purchase-limit",
  message: "not submitted: this run has bought as many scans as it may"
})

// Whether nothing was bought, beyond doubt.
const isUnsold = (exit: Exit.Exit<Attempt<unknown>, JournalError>): boolean =>
  Exit.isSuccess(exit) &&
  (exit.value._tag === "LookAgain" || (exit.value._tag === "Failed" && exit.value.error.kind !== "InDoubt"))

const submission = <Payload, R>(
  restore: Hold.Restore,
  job: Job.Job<Payload, R>,
  wish: Wish<Payload, R>,
  held: Held,
  claimId: string
): Effect.Effect<Attempt<Payload>, JournalError> =>
  Effect.gen(function* () {
    const ready = yield* prepare(restore, job, claimId, wish.request)
    if (ready._tag !== "Ready") return ready
    if (ready.prepared !== null && !(yield* maySubmit(restore, job, held))) {
      yield* giveUp(job, claimId)
      return lookAgain
    }
    job.emit({ _tag: "Submitting" })
    job.progress.reachedVendor = true
    const submitting = VendorSays.listening(job.account.budget, wish.request.submit(ready.prepared))
    const answer = yield* post(restore, job, submitting)
    const now = yield* SteadyClock.now
    if (Exit.isSuccess(answer)) return yield* accepted(restore, job, { claimId, key: wish.key }, answer.value, now)
    const found = isInDoubt(answer.cause) ? yield* recovered(restore, job, ready.prepared) : null
    if (found === "none") return yield* rejected(job, claimId, Cause.fail(notAccepted), now)
    return found === null
      ? yield* rejected(job, claimId, answer.cause, now)
      : yield* accepted(restore, job, { claimId, key: wish.key }, submitted(found), now)
  })

// What was prepared took a while, and requests of its own, which may have filled the account's window: the submission has
// another turn then. A longer wait, such as the account's pause, is not made with a claim in hand.
const maySubmit = (restore: Hold.Restore, job: Job.Job<unknown, unknown>, held: Held): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const { account, request } = job
    if (Exit.isFailure(yield* Effect.exit(restore(Effect.void))) || account.isDenied("submit")) return false
    if (held.turn.renew()) return true
    const due = yield* SteadyClock.now
    const longest = Duration.sum(Duration.times(request.adapter.budget.window, 2), Duration.seconds(30))
    // A turn that is granted as the wait is called off must not get lost.
    const granted: { turn: Turn | null } = { turn: null }
    const asking = Effect.map(account.budget.turn({ kind: "submit", due, lane: request.lane }), (turn) => {
      granted.turn = turn
    })
    const asked = yield* Effect.exit(restore(Effect.timeoutOption(Effect.uninterruptible(asking), longest)))
    if (granted.turn === null) return false
    held.turn = granted.turn
    if (Exit.isFailure(asked) || Option.isNone(asked.value)) return false
    return !account.isDenied("submit")
  })

// Nothing was sent for it.
const giveUp = ({ journal }: Job.Job<unknown, unknown>, claimId: string): Effect.Effect<void, JournalError> =>
  store(journal.released(claimId), "a claim that was released")

type Prepared = { readonly _tag: "Ready"; readonly prepared: unknown }

// What has to be there before the submission, stored with the claim. Nothing is bought by it: it leaves no doubt, whatever
// becomes of it, and whatever becomes of this process meanwhile.
const prepare = (
  restore: Hold.Restore,
  job: Job.Job<unknown, unknown>,
  claimId: string,
  { prepare: making }: Buy<unknown, unknown>
): Effect.Effect<Prepared | typeof lookAgain | Failed, JournalError> =>
  Effect.gen(function* () {
    if (making === null) return { _tag: "Ready", prepared: null } as const
    const { account, journal, request } = job
    const { limits, prepareTimeout = limits.submitTimeout } = request.adapter
    const timeout = Duration.sum(prepareTimeout, Duration.seconds(1))
    const keep = (prepared: unknown) =>
      Effect.tapError(store(journal.prepared(claimId, prepared), "what was prepared for a submission"), () =>
        Effect.ignore(giveUp(job, claimId))
      )
    yield* keep(Doubt.preparing)
    const made = yield* Effect.exit(
      restore(
        Effect.gen(function* () {
          const due = yield* SteadyClock.now
          yield* account.budget.turn({ kind: "poll", due, lane: request.lane })
          // Its end is told by `rejected`, or by the submission that follows.
          return yield* Timeouts.option(VendorSays.listening(account.budget, making), timeout)
        })
      )
    )
    if (Exit.isSuccess(made) && made.value._tag === "Some") {
      const prepared: unknown = made.value.value ?? null
      yield* keep(prepared)
      return { _tag: "Ready", prepared } as const
    }
    const cause = Exit.isFailure(made) ? made.cause : Cause.fail(notPrepared("timeout", "it was not done in time"))
    const error = Cause.findError(cause)
    if (Result.isSuccess(error)) return yield* unprepared(job, claimId, error.success)
    yield* giveUp(job, claimId)
    return Cause.hasInterruptsOnly(cause) ? lookAgain : yield* Effect.orDie(Effect.failCause(cause))
  })

const notPrepared = (code: string, what: string): SubmitError.SubmitError =>
  SubmitError.make({ kind: "NotSent", code, message: `what the submission needs could not be prepared: ${what}` })

const unprepared = (
  job: Job.Job<unknown, unknown>,
  claimId: string,
  error: SubmitError.SubmitError
): Effect.Effect<Failed, JournalError> =>
  Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const failed = error.kind === "InDoubt" ? notPrepared(error.code, error.message) : error
    return yield* rejected(job, claimId, Cause.fail(failed), now)
  })

const isInDoubt = (cause: Cause.Cause<SubmitError.SubmitError>): boolean => {
  const found = Cause.findError(cause)
  return Result.isSuccess(found) && found.success.kind === "InDoubt" && found.success.code !== "interrupted"
}

const notAccepted = SubmitError.make({
  kind: "NotSent",
  code: "not-accepted",
  message: "the vendor has no such scan: the submission was not accepted"
})

// An interrupt leaves the doubt to the next process.
const recovered = (restore: Hold.Restore, job: Job.Job<unknown, unknown>, prepared: unknown) =>
  Effect.map(Effect.exit(restore(Doubt.recover(job, prepared))), (exit) => (Exit.isSuccess(exit) ? exit.value : null))

// Sends the submission. An interrupt leaves it its grace before it is cut.
const post = <Payload>(
  restore: Hold.Restore,
  job: Job.Job<Payload, unknown>,
  submit: ReturnType<Buy<Payload>["submit"]>
): Effect.Effect<Exit.Exit<Submitted | Already<Payload>, SubmitError.SubmitError>> =>
  Effect.gen(function* () {
    const timeout = Duration.sum(job.request.adapter.limits.submitTimeout, Duration.seconds(1))
    const answered = Effect.flatMap(
      Timeouts.option(submit, timeout),
      Option.match({
        onSome: Effect.succeed,
        onNone: () => Effect.fail(maybeAccepted("timeout", "the submission was not answered in time"))
      })
    )
    const posting = yield* Effect.forkDetach(answered, { startImmediately: true, uninterruptible: false })
    const awaited = yield* Effect.exit(restore(Fiber.await(posting)))
    const answer = Exit.isSuccess(awaited) ? awaited.value : yield* withinGrace(posting)
    if (posting.pollUnsafe() === undefined) yield* Fiber.interrupt(posting)
    return answer
  })

const withinGrace = <A>(
  posting: Fiber.Fiber<A, SubmitError.SubmitError>
): Effect.Effect<Exit.Exit<A, SubmitError.SubmitError>> => {
  const interrupted = maybeAccepted("interrupted", "interrupted before the submission was answered")
  return Effect.raceFirst(
    Effect.interruptible(Fiber.await(posting)),
    Effect.interruptible(Effect.as(Effect.flatMap(SubmissionGrace, Effect.sleep), Exit.fail(interrupted)))
  )
}
