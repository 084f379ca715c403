// The first trip: a request becomes a settled outcome or a ticket. May touch: the journal's claims, the account's budget,
// the vendor's `submit` (in purchase.ts). Law: an equal request is bought at most once, and never while in doubt.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Account from "../../model/Account.ts"
import * as Scrubber from "../../model/Scrubber.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import * as Decision from "../../policy/Decision.ts"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import { adoptedKey, type ClaimEntry, type ClaimKey, JournalError } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Doubt from "./doubt.ts"
import * as Hold from "./hold.ts"
import * as Job from "./job.ts"
import * as Purchase from "./purchase.ts"
import * as Recall from "./recall.ts"
import { unreadable } from "./storedOutcome.ts"
import { pauseMillis } from "./vendorSays.ts"
import * as Progress from "./progress.ts"
import * as EqualRequests from "./equalRequests.ts"

// A submission of which no byte left us is tried this often.
const submitTries = 3
// Beyond its own timeout, another request's submission is awaited this long: its grace, and ten tries to store it.
const busyAtMost = Duration.minutes(1)
// A journal that says again and again that something changed is asked this often.
const busyStep = Duration.millis(200)
// A shorter key may be a common word, and would refuse requests that only hold the word.
const shortestKey = 16

type Acquiring<Payload> = Effect.Effect<Job.Acquired<Payload>, SubmitError.SubmitError | JournalError, Scope.Scope>

// The claim of a ticket is held until the scope closes, unless it is followed here by then.
export const acquire = <Payload, R>(job: Job.Job<Payload, R>): Acquiring<Payload> =>
  Effect.gen(function* () {
    yield* validate(job.request)
    const acquired = yield* fromAnything(job)
    if (acquired._tag === "Ticket") {
      const { claimId, known, ticket } = acquired.bought
      Progress.recordTicket(job.progress, claimId, ticket)
      job.progress.known = known
      job.emit({ _tag: "Submitted", known })
    }
    return acquired
  })

const fromAnything = <Payload, R>(job: Job.Job<Payload, R>): Acquiring<Payload> => {
  const { request } = job
  switch (request._tag) {
    case "Buy":
      return buy(job, { key: Job.claimKey(request), request })
    case "Ticket":
      return fromTicket(job, request.ticket)
    case "Claim":
      return fromClaim(job, request.claimId)
  }
}

const validate = (request: ScanRequest<unknown, unknown>): Effect.Effect<void, SubmitError.SubmitError> => {
  const checked = PollPolicy.check(request.policy, request.adapter.limits)
  if (Result.isFailure(checked)) return Effect.die(checked.failure)
  const misplaced = Object.entries(texts(request)).filter(([, text]) => Scrubber.ofProcess.finds(text, shortestKey))
  if (misplaced.length > 0) {
    const where = misplaced.map(([name]) => name).join(" and ")
    return refuse("holds-key", `the ${where} of this request holds a key of this process; nothing was stored or sent`)
  }
  if (request._tag !== "Buy" || request.faults.length === 0) return Effect.void
  const message = request.faults.map((fault) => `${fault.path.join(".")}: ${fault.message}`).join("; ")
  return refuse("invalid-request", message)
}

const refuse = (code: string, message: string): Effect.Effect<never, SubmitError.SubmitError> =>
  Effect.fail(SubmitError.make({ kind: "Refused", code, message }))

// What of a request reaches the journal or the vendor.
const texts = (request: ScanRequest<unknown, unknown>): Readonly<Record<string, string>> => {
  const subject = `${request.subject.id}\n${request.subject.name}`
  switch (request._tag) {
    case "Buy":
      return { subject, content: `${request.fingerprint}\n${JSON.stringify(request.wanted) ?? ""}`, lane: request.lane }
    case "Ticket":
      return { subject, "scan id": request.ticket.scanId, lane: request.lane }
    case "Claim":
      return { "claim id": request.claimId, lane: request.lane }
  }
}

const settled = <Payload>(ended: Progress.Ended<Payload>): Job.Acquired<Payload> => ({ _tag: "Settled", ended })

const fromTicket = <Payload, R>(job: Job.Job<Payload, R>, ticket: ScanTicket): Acquiring<Payload> =>
  Effect.gen(function* () {
    const standing = yield* job.journal.adopt(ticket, job.request.subject)
    // A typed key says nothing about what is scanned; the claim that bought the scan does.
    if (job.request.subject.kind === "unknown") {
      const entry = yield* job.journal.get(standing.claimId)
      // A claim that is named after its scan was made for a typed key: it knows no more.
      if (entry !== null && entry.subject.id !== ticket.scanId) job.progress.subject = entry.subject
    }
    if (standing._tag === "Settled" && job.request._tag === "Ticket" && job.request.fresh) {
      return yield* observed(job, ticket, null, standing.at)
    }
    return standing._tag === "Settled"
      ? settled(yield* Recall.fromJournal(job, standing.claimId, standing.outcome, standing.at))
      : yield* known(job, standing, null)
  })

// One more look at a scan whose outcome is known: a claim of its own, without a submission, so that the first stays as it
// is and both are history. The poll that settled it `at` keeps the floor to this one.
const observed = <Payload, R>(
  job: Job.Job<Payload, R>,
  ticket: ScanTicket,
  kind: string | null,
  at: number
): Acquiring<Payload> =>
  Effect.gen(function* () {
    const now = yield* SteadyClock.now
    const notBefore = Math.min(at, now) + Decision.floorOf(job.request.policy, job.request.adapter.limits)
    const subject = job.progress.subject ?? job.request.subject
    const adopted = adoptedKey(ticket)
    const key = { ...adopted, fingerprint: `observed ${now} ${adopted.fingerprint}` }
    const claim = yield* job.journal.claim(key, { subject, reuseFrom: Number.MAX_SAFE_INTEGER, kind })
    if (claim._tag === "Fresh") yield* job.journal.submitted(claim.claimId, ticket, notBefore)
    return yield* known(job, { claimId: claim.claimId, ticket, notBefore }, null)
  })

// A scan that was bought before.
const known = <Payload, R>(
  job: Job.Job<Payload, R>,
  standing: Pick<Job.Bought, "claimId" | "ticket" | "notBefore">,
  key: ClaimKey | null
): Acquiring<Payload> => {
  const { claimId, notBefore, ticket } = standing
  EqualRequests.shareClaim(job, claimId)
  if (!Account.equals(ticket, job.request.adapter)) {
    return Effect.fail(unreadable("a stored ticket is of another account"))
  }
  const bought: Job.Bought = { claimId, ticket, key, known: true, hint: Option.none(), notBefore }
  return Effect.as(Hold.reserve(job, bought), { _tag: "Ticket", bought })
}

// A claim of the journal, wherever it stands.
const fromClaim = <Payload, R>(job: Job.Job<Payload, R>, claimId: string): Acquiring<Payload> =>
  Effect.gen(function* () {
    const awaitSubmission = submissionOfAnother(job)
    for (;;) {
      const entry: ClaimEntry | null = yield* job.journal.get(claimId)
      if (entry === null) {
        return yield* new JournalError({ reason: "conflict", message: `there is no claim ${claimId}` })
      }
      job.progress.claimId = claimId
      switch (entry.state) {
        case "settled":
          if (job.request._tag === "Claim" && job.request.fresh && entry.ticket !== null) {
            return yield* observed(job, entry.ticket, entry.kind, entry.changedAt)
          }
          return settled(yield* Recall.fromJournal(job, claimId, entry.outcome, entry.changedAt))
        case "submitted":
          if (entry.ticket === null) return yield* unreadable(`claim ${claimId} has lost its ticket`)
          return yield* known(job, { claimId, ticket: entry.ticket, notBefore: entry.notBefore }, entry.key)
        case "in-doubt":
          if (yield* Doubt.resolve(job, claimId)) continue
          return yield* Recall.inDoubt(job, claimId)
        case "intent": {
          const options = { subject: entry.subject, reuseFrom: Number.MAX_SAFE_INTEGER, peek: true }
          const standing = yield* job.journal.claim(entry.key, options)
          if (standing._tag === "InDoubt") return yield* Recall.inDoubt(job, standing.claimId)
          yield* awaitSubmission(claimId, standing._tag === "Busy" ? standing.changed : Effect.void)
          continue
        }
        case "refused":
        case "released":
          return yield* SubmitError.make({
            kind: "Refused",
            code: entry.state,
            message: `claim ${claimId} is ${entry.state}${entry.reason === null ? "" : `: ${entry.reason.message}`}`
          })
      }
    }
  })

// Waits for another request's submission of the same purchase, but not for ever: its process may be frozen. The wait for
// the scan has begun with it, so its deadline counts.
const submissionOfAnother = (job: Job.Job<unknown, unknown>) => {
  let since: { readonly claimId: string; readonly at: number } | null = null
  return (claimId: string, changed: Effect.Effect<void>): Effect.Effect<void, SubmitError.SubmitError> =>
    Effect.gen(function* () {
      const now = yield* SteadyClock.now
      job.progress.joinedAt ??= now
      const isNew = since === null || since.claimId !== claimId
      if (since === null || isNew) since = { claimId, at: now }
      const { limits, prepareTimeout = Duration.zero } = job.request.adapter
      const longest = Duration.sum(Duration.sum(limits.submitTimeout, prepareTimeout), busyAtMost)
      const deadlineAt = job.progress.joinedAt + Duration.toMillis(job.request.policy.deadline)
      const left = Math.min(since.at + Duration.toMillis(longest), deadlineAt) - now
      if (left <= 0) return yield* stillSubmitting(claimId)
      const awaited = isNew ? changed : Effect.andThen(Effect.sleep(busyStep), changed)
      yield* Effect.timeoutOption(awaited, Math.ceil(left))
    })
}

// The journal says the same of it: nothing is in doubt while the process that submits is there.
const stillSubmitting = (claimId: string): Effect.Effect<never, SubmitError.SubmitError> =>
  Effect.fail(
    SubmitError.make({
      kind: "NotSent",
      permanent: true,
      code: "being-submitted",
      message: `not submitted: another process is submitting the same request (${claimId}) and has not finished`,
      advice: "Run again when that process has finished or ended; this run bought nothing for it."
    })
  )

const buy = <Payload, R>(
  job: Job.Job<Payload, R>,
  wanted: Omit<Purchase.Wish<Payload, R>, "waiting">
): Acquiring<Payload> =>
  Effect.suspend(() => {
    const waiting = EqualRequests.enter(job)
    return Effect.ensuring(
      buyInTurn(job, { ...wanted, waiting }),
      Effect.sync(() => EqualRequests.exit(job, waiting))
    )
  })

const buyInTurn = <Payload, R>(job: Job.Job<Payload, R>, wish: Purchase.Wish<Payload, R>): Acquiring<Payload> =>
  Effect.gen(function* () {
    const awaitSubmission = submissionOfAnother(job)
    const beforeNextTry = retry(job)
    // The submission that was awaited: what came of it is the answer to this wish too.
    let awaited: string | null = null
    let lookedInVain = false
    for (;;) {
      const earlier = yield* joined(job, wish, awaited)
      if (earlier !== null) return earlier
      const standing = yield* job.journal.claim(wish.key, { ...Purchase.claimOptions(job, wish), peek: true })
      switch (standing._tag) {
        case "Settled":
          return settled(yield* Recall.fromJournal(job, standing.claimId, standing.outcome, standing.at))
        case "InFlight":
          return yield* known(job, standing, wish.key)
        case "InDoubt":
          if (yield* Doubt.resolve(job, standing.claimId)) continue
          return yield* Recall.inDoubt(job, standing.claimId)
        case "Busy":
          awaited = standing.claimId
          yield* awaitSubmission(standing.claimId, standing.changed)
          continue
        case "Fresh":
          break
      }
      const result = yield* Purchase.attempt(job, wish)
      switch (result._tag) {
        case "Settled":
          EqualRequests.shareAnswer(job, result.ended)
          return result
        case "Ticket":
          return result
        case "Failed":
          yield* beforeNextTry(result.error)
          continue
        case "LookAgain":
          // Whatever it was that kept us from buying, it may be there for a while.
          if (lookedInVain) yield* Effect.sleep(busyStep)
          lookedInVain = true
          continue
      }
    }
  })

// What came of an equal purchase that this wish has joined: one of the same run, or one whose submission it awaited.
// It is the answer however old the journal's may be and however it ended. Null when there is none, or it came to nothing.
const joined = <Payload, R>(
  job: Job.Job<Payload, R>,
  { key, waiting }: Pick<Purchase.Wish<Payload, R>, "key" | "waiting">,
  awaited: string | null
): Effect.Effect<Job.Acquired<Payload> | null, SubmitError.SubmitError | JournalError, Scope.Scope> =>
  Effect.gen(function* () {
    const equal = EqualRequests.equalBefore(job)
    if (equal !== null && equal.ended !== null) {
      return settled(yield* Recall.fromEqual(job, equal.claimId, equal.ended))
    }
    for (const claimId of new Set([equal?.claimId, awaited, waiting.claimId])) {
      if (claimId === null || claimId === undefined) continue
      const entry = yield* job.journal.get(claimId)
      if (entry !== null && entry.state === "settled") {
        return settled(yield* Recall.fromJournal(job, claimId, entry.outcome, entry.changedAt))
      }
      if (entry !== null && entry.state === "submitted" && entry.ticket !== null) {
        return yield* known(job, { claimId, ticket: entry.ticket, notBefore: entry.notBefore }, key)
      }
      if (entry !== null && entry.state === "in-doubt") {
        if (yield* Doubt.resolve(job, claimId)) return yield* joined(job, { key, waiting }, awaited)
        return yield* Recall.inDoubt(job, claimId)
      }
      if (entry === null || entry.state === "refused" || entry.state === "released") {
        EqualRequests.forgetClaim(job, claimId)
        if (waiting.claimId === claimId) waiting.claimId = null
      }
    }
    return null
  })

// Fails with the error when another try cannot help; otherwise waits until it may be made.
const retry = (job: Job.Job<unknown, unknown>) => {
  const { limits } = job.request.adapter
  // The deadline for throttled tries counts from the first 429.
  let throttledUntil: number | null = null
  let notSent = 0
  return (error: SubmitError.SubmitError): Effect.Effect<void, SubmitError.SubmitError> =>
    Effect.flatMap(SteadyClock.now, (now) => {
      if (error.kind === "Throttled") {
        throttledUntil ??= now + Math.ceil(Duration.toMillis(job.request.policy.deadline))
        return now + pauseMillis(limits, error.hint) > throttledUntil ? Effect.fail(error) : Effect.void
      }
      return error.kind === "NotSent" && !error.permanent && ++notSent < submitTries
        ? Effect.sleep(Duration.seconds(2 ** notSent))
        : Effect.fail(error)
    })
}
