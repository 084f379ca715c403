/**
 * Buys scans and waits for them: claim, submit once, poll until terminal, one outcome.
 *
 * The journal is asked before anything is bought, so equal requests become one purchase and one poll loop, and a scan
 * that was bought before is joined. A vendor's "failed" is an outcome; the error channel says why there is none, with a
 * ticket wherever one exists. Interrupting sends nothing more, and never cuts a submission before its grace of ten
 * seconds. Every request of a batch brings exactly one record.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { PollAnswer, Progress } from "../model/Observation.ts"
import * as PollFaults from "../model/PollFault.ts"
import { PollFault } from "../model/PollFault.ts"
import { PollStopped } from "../model/PollStopped.ts"
import type { Reason, ScanOutcome } from "../model/ScanOutcome.ts"
import * as Records from "../model/ScanRecord.ts"
import type { ScanRecord, ScanState } from "../model/ScanRecord.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"
import type { SubmitError } from "../model/SubmitError.ts"
import * as PollPolicies from "../policy/PollPolicy.ts"
import * as Waits from "../policy/Waits.ts"
import * as Fleets from "./Fleet.ts"
import type { Fleet } from "./Fleet.ts"
import { budgetOf, type Ended, type Env, equalityOf, execute, makeTrack, type Track } from "./internal/scanRun.ts"
import { defectCode, undisturbed, whereabouts } from "./internal/scanEnd.ts"
import type * as RateBudgets from "./RateBudget.ts"
import { type AccountBudget, type Budgets, RateBudget } from "./RateBudget.ts"
import type { ScanAdapter } from "./ScanAdapter.ts"
import type { ScanEvent, ScanEventKind } from "./ScanEvent.ts"
import { type ClaimEntry, JournalError, type Pause, ScanJournal } from "./ScanJournal.ts"
import * as Requests from "./ScanRequest.ts"
import type { ScanRequest } from "./ScanRequest.ts"
import * as SteadyClock from "./SteadyClock.ts"
import * as Telemetry from "./Telemetry.ts"

/**
 * A scan to be bought, for `runAll` and `submitAll`. Sends nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const request = Requests.fromRequest

/**
 * A scan that exists already, for `runAll`. Sends nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ticket = Requests.fromTicket

/**
 * A claim of the journal to go on with, for `runAll`. Sends nothing and never buys.
 *
 * @category constructors
 * @since 0.1.0
 */
export const claim = Requests.fromClaim

/**
 * The options of a single scan.
 *
 * - `reuse`: how old an outcome in the journal may be to be taken instead of buying anew. Default 1 hour; 0 buys anew.
 *   A scan that is still open is joined in any case.
 * - `observer`: told of every event; what it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface RunOptions<R = never> extends Requests.Options<R> {
  readonly reuse?: Duration.Input
  readonly observer?: (event: ScanEvent) => void
}

/**
 * The options of a batch.
 *
 * - `concurrency`: how many requests are under way at once, from 1. Default: all of them; the budget of each account
 *   holds back what does not fit.
 * - `until`: ends the batch softly when it succeeds: what is open is recorded as `interrupted`, what was not begun as
 *   `not-started`.
 * - `timeout`: ends the batch softly after this long: what is open is recorded as `still-running`. Default: none.
 * - `reuse`: as for a single scan; equal requests inside one batch are one purchase whatever it says.
 *
 * @category models
 * @since 0.1.0
 */
export interface BatchOptions {
  readonly concurrency?: number
  readonly until?: Effect.Effect<unknown>
  readonly timeout?: Duration.Input
  readonly reuse?: Duration.Input
  readonly observer?: (event: ScanEvent) => void
}

/**
 * What became of a submission that is not waited for.
 *
 * `state` is `submitted` when there is a ticket to wait on (`known` when it was bought before), otherwise the state its
 * record would have.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanSubmission<out Payload = unknown> {
  readonly index: number
  readonly vendor: string
  readonly account: string
  readonly subject: Subject
  readonly claimId: string | null
  readonly ticket: ScanTicket | null
  readonly outcome: ScanOutcome<Payload> | null
  readonly known: boolean
  readonly state: "submitted" | ScanState
  readonly because: ScanRecord["because"]
  readonly reason: Reason | null
}

/**
 * A scan that was bought: the `ticket` to wait on, and the `outcome` where the vendor answered at once. `known` says that
 * it was bought before; `claimId` names it in the journal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission<out Payload = unknown> {
  readonly ticket: ScanTicket
  readonly claimId: string | null
  readonly known: boolean
  readonly outcome: ScanOutcome<Payload> | null
}

/**
 * The payload of a request's outcome: of several kinds of requests, any of theirs.
 *
 * @category models
 * @since 0.1.0
 */
export type PayloadOf<Q> = Q extends ScanRequest<infer Payload, infer _> ? Payload : never

/**
 * What the policies of requests need to run.
 *
 * @category models
 * @since 0.1.0
 */
export type ServicesOf<Q> = Q extends ScanRequest<unknown, infer R> ? R : never

/**
 * Why there is no outcome: the wait ended first, there is no ticket, or the journal cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export type RunError = PollStopped<ScanTicket> | SubmitError | JournalError

const reuseFrom = (now: number, reuse: Duration.Input | undefined): number =>
  now - Option.getOrElse(Waits.toMillis(Duration.fromInputUnsafe(reuse ?? "1 hour")), () => 0)

// Pauses that vendors asked for hold after a restart. A journal that cannot be read says so at the first claim.
const recallPauses = (
  requests: ReadonlyArray<Pick<ScanRequest<unknown>, "adapter">>,
  budgets: Budgets
): Effect.Effect<void, never, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const none: ReadonlyArray<Pause> = []
    const pauses = yield* Effect.catch(journal.pauses, () => Effect.succeed(none))
    if (pauses.length === 0) return
    const now = yield* SteadyClock.now
    const text = (key: RateBudgets.AccountKey) => JSON.stringify([key.vendor, key.origin, key.account])
    const adapters = new Map(requests.map(({ adapter }) => [text(adapter), adapter]))
    for (const pause of pauses) {
      const adapter = adapters.get(text(pause))
      if (adapter === undefined || !(pause.until > now)) continue
      const longest = now + Duration.toMillis(adapter.limits.pauseCap)
      budgets.account(adapter, adapter.budget).pause(Math.min(Math.ceil(pause.until), longest))
    }
  })

// One request alone, with the budgets of its account and what vendors asked for before.
const alone = <Payload, R, A, E>(
  wanted: ScanRequest<Payload, R>,
  options: RunOptions<R>,
  use: (track: Track<Payload>, env: Env) => Effect.Effect<A, E, ScanJournal | R>,
  release: (track: Track<Payload>, exit: Exit.Exit<A, E>) => Effect.Effect<void>
): Effect.Effect<A, E, ScanJournal | R> =>
  Effect.gen(function* () {
    const budgets = yield* RateBudget
    yield* recallPauses([wanted], budgets)
    const startedAt = yield* SteadyClock.now
    const budget = budgetOf(wanted, budgets)
    const denials = budget.denials()
    const track = makeTrack<Payload>(wanted)
    const env: Env = {
      budgets,
      fleet: null,
      startedAt,
      reuseFrom: reuseFrom(startedAt, options.reuse) + 1,
      denials: () => denials,
      equal: new Map(),
      tell: teller(wanted, track, 0, yield* nowReader, options.observer)
    }
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => budget.load(1)),
      () => use(track, env),
      (_, exit) => {
        budget.load(-1)
        return release(track, exit)
      }
    )
  })

const single = <Payload, R>(
  wanted: ScanRequest<Payload, R>,
  options: RunOptions<R>
): Effect.Effect<ScanOutcome<Payload>, RunError, ScanJournal | R> =>
  Effect.flatMap(
    alone(
      wanted,
      options,
      (track, env) => traced(wanted)(execute(wanted, track, env, "outcome")),
      (track, exit) => told(wanted, track, exit)
    ),
    (ended) =>
      ended === null
        ? Effect.die(new TypeError("a scan that is waited for ends with an outcome"))
        : Effect.succeed(ended.outcome)
  )

const traced = (wanted: Pick<ScanRequest<unknown>, "adapter" | "subject">) =>
  Telemetry.traceScan({
    vendor: wanted.adapter.vendor,
    account: wanted.adapter.account,
    kind: wanted.subject.kind
  })

const telling = (
  wanted: Pick<ScanRequest<unknown>, "adapter">,
  track: Track<unknown>,
  state: ScanState
): Effect.Effect<void> =>
  Effect.flatMap(SteadyClock.now, (observedAt) =>
    undisturbed(
      Telemetry.ended({
        vendor: wanted.adapter.vendor,
        state,
        polls: track.polls,
        observedAt,
        outcome: track.ended === null ? null : track.ended.outcome,
        ticket: track.ticket
      })
    )
  )

// How a single scan ended: the state its record would have.
const told = (
  wanted: Pick<ScanRequest<unknown>, "adapter">,
  track: Track<unknown>,
  exit: Exit.Exit<unknown, RunError>
): Effect.Effect<void> => {
  const error = Exit.isFailure(exit) ? Cause.findError(exit.cause) : null
  const verdict =
    track.ended !== null
      ? settledVerdict(track.ended.outcome)
      : error !== null && Result.isSuccess(error)
        ? verdictOfError(error.success, track)
        : verdictOfEnd("interrupted", track)
  return telling(wanted, track, verdict.state)
}

const nowReader: Effect.Effect<() => number> = Effect.withFiber((fiber) => {
  const clock = SteadyClock.ofFiber(fiber)
  return Effect.succeed(() => Math.ceil(SteadyClock.nowUnsafe(clock)))
})

const teller =
  (
    wanted: Pick<ScanRequest<unknown>, "adapter" | "subject">,
    track: Track<unknown>,
    index: number,
    now: () => number,
    observer: ((event: ScanEvent) => void) | undefined
  ) =>
  (kind: ScanEventKind): void => {
    if (observer === undefined) return
    try {
      observer({
        ...kind,
        index,
        at: now(),
        vendor: wanted.adapter.vendor,
        account: wanted.adapter.account,
        subject: wanted.subject,
        claimId: track.claimId,
        ticket: track.ticket
      })
    } catch {
      // Whoever listens cannot disturb the run.
    }
  }

/**
 * Buys one scan and waits for its outcome. An equal scan that is open is joined; one that settled within `reuse` is
 * taken from the journal.
 *
 * Fails with `PollStopped` when the wait ended first (its ticket goes on), with `SubmitError` when there is no ticket,
 * with `JournalError` when the journal cannot be used: then nothing was bought, or what was bought is in the log. A
 * policy that contradicts itself dies with `InvalidPolicy` before anything is bought.
 *
 * **Example** (Buying one scan with any adapter)
 *
 * ```ts
 * import { PollPolicy, type ScanAdapter, Scans } from "@scanpoll/core"
 *
 * export const patiently = <Request, Payload>(adapter: ScanAdapter.ScanAdapter<Request, Payload>, request: Request) =>
 *   Scans.run(adapter, request, { policy: PollPolicy.withDeadline("10 minutes") })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  wanted: Request,
  options: RunOptions<R> = {}
): Effect.Effect<ScanOutcome<Payload>, RunError, ScanJournal | R> =>
  Effect.suspend(() => single(request(adapter, wanted, options), options))

/**
 * Buys one scan and does not wait for its outcome: succeeds as soon as there is a ticket, which `wait` goes on with. What
 * was bought before is named, not bought again, and a vendor that answers at once brings its outcome with the ticket.
 *
 * Fails with `SubmitError` when there is no ticket, with `JournalError` when the journal cannot be used: then nothing was
 * bought, or what was bought is in the log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  wanted: Request,
  options: RunOptions<R> = {}
): Effect.Effect<Submission<Payload>, SubmitError | JournalError, ScanJournal | R> =>
  Effect.suspend(() => {
    const asked = request(adapter, wanted, options)
    return alone(
      asked,
      options,
      (track, env) => {
        let known = false
        const heard: Env = {
          ...env,
          tell: (kind) => {
            if (kind._tag === "Submitted") known = kind.known
            env.tell(kind)
          }
        }
        const bought = (): Effect.Effect<Submission<Payload>> => {
          const outcome = track.ended === null ? null : track.ended.outcome
          const ticket = outcome?.ticket ?? track.ticket
          return ticket === null
            ? Effect.die(new TypeError("a scan that was bought has a ticket"))
            : Effect.succeed({ ticket, claimId: track.claimId, known, outcome })
        }
        return traced(asked)(execute(asked, track, heard, "ticket")).pipe(
          Effect.flatMap(bought),
          // Its ticket is known and goes on, whatever ended the look at it.
          Effect.catchTag("PollStopped", bought)
        )
      },
      () => Effect.void
    )
  })

/**
 * Waits for the outcome of a scan that exists already. Fails as `run` does; nothing is ever bought.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = <Request, Payload, R = never>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket,
  options: RunOptions<R> & { readonly subject?: Subject } = {}
): Effect.Effect<ScanOutcome<Payload>, RunError, ScanJournal | R> =>
  Effect.suspend(() => single(ticket(adapter, known, options), options))

// What a fault says about the account it was met by.
const heed = (budget: AccountBudget, adapter: Pick<AnyAdapter, "limits">, fault: PollFault, now: number): void => {
  if (Option.isSome(fault.quota)) budget.learn(fault.quota.value, now, fault.kind === "Throttled")
  if (fault.kind === "Denied") budget.deny()
  if (fault.kind !== "Throttled") return
  const asked = Duration.toMillis(Option.getOrElse(fault.hint, () => adapter.limits.throttledWait))
  budget.pause(now + Waits.clamp(Math.ceil(asked), 0, Duration.toMillis(adapter.limits.pauseCap)))
}

/**
 * Asks once how a scan stands, in the turn of its account's budget. Waits for nothing and stores nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pollOnce = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  known: ScanTicket
): Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault> =>
  Effect.gen(function* () {
    const budget = (yield* RateBudget).account(adapter, adapter.budget)
    const due = yield* SteadyClock.now
    yield* budget.turn({ kind: "poll", due, lane: "" })
    const answer = yield* adapter.poll(known).pipe(
      Effect.timeoutOption(adapter.policy.pollTimeout),
      Effect.flatMap(
        Option.match({
          onSome: Effect.succeed,
          onNone: () =>
            Effect.fail(
              PollFaults.make({ kind: "Transient", code: "timeout", message: "the poll was not answered in time" })
            )
        })
      ),
      Effect.tapError((fault) => Effect.map(SteadyClock.now, (now) => heed(budget, adapter, fault, now)))
    )
    if (Option.isSome(answer.quota)) budget.learn(answer.quota.value, yield* SteadyClock.now)
    return answer
  })

type Why = "interrupted" | "timeout"

interface Batch {
  readonly env: Omit<Env, "tell">
  readonly now: () => number
  readonly over: Deferred.Deferred<Why>
  readonly observer: ((event: ScanEvent) => void) | undefined
}

const progressOf = (track: Track<unknown>): Progress | null =>
  track.last !== null && track.last._tag === "Pending" ? Option.getOrNull(track.last.progress) : null

const reasonOf = (code: string, message: string): Reason => ({ code, message, advice: null, requestId: null })

interface Verdict {
  readonly state: ScanState
  readonly because: ScanRecord["because"]
  readonly reason: Reason | null
  readonly notBefore: number | null
}

// The state of a request that failed with `error`.
const verdictOfError = (error: RunError, track: Track<unknown>): Verdict => {
  switch (error._tag) {
    case "PollStopped":
      return {
        state: Records.stateOfStop(error.reason),
        because: error.reason === "denied" ? "credential" : "stop",
        reason: Records.reasonOfStop(error.reason, error.last),
        notBefore: error.notBefore
      }
    case "JournalError":
      return {
        state: track.ticket !== null ? "interrupted" : track.inDoubt !== null ? "in-doubt" : "not-started",
        because: "journal",
        reason: reasonOf(`journal-${error.reason}`, error.message),
        notBefore: track.nextAt
      }
    case "SubmitError": {
      const reason: Reason = {
        code: error.code,
        message: error.message,
        advice: error.advice,
        requestId: error.requestId
      }
      switch (error.kind) {
        case "Refused":
          return { state: "refused", because: "vendor-refusal", reason, notBefore: null }
        case "Denied":
          return { state: "refused", because: "credential", reason, notBefore: null }
        case "InDoubt":
          return { state: "in-doubt", because: error.code === defectCode ? "defect" : "stop", reason, notBefore: null }
        case "NotSent":
          return {
            state: "not-started",
            because: error.code === "denied" ? "credential" : "stop",
            reason,
            notBefore: null
          }
        case "Throttled":
          return { state: "not-started", because: "stop", reason, notBefore: null }
      }
    }
  }
}

// The state of a request that the end of its batch cut off.
const verdictOfEnd = (why: Why, track: Track<unknown>): Verdict => {
  if (track.failed !== null) return verdictOfError(track.failed, track)
  if (track.inDoubt !== null) return { state: "in-doubt", because: "stop", reason: track.inDoubt, notBefore: null }
  if (track.ticket === null) {
    const message =
      why === "timeout" ? "the run ended before this scan was begun" : "interrupted before this scan was begun"
    return { state: "not-started", because: "not-begun", reason: reasonOf(why, message), notBefore: null }
  }
  return {
    state: why === "timeout" ? "still-running" : "interrupted",
    because: "stop",
    reason: Records.reasonOfStop(why === "timeout" ? "deadline" : "interrupted", track.last),
    notBefore: track.nextAt
  }
}

// A defect says nothing about the vendor; what it says itself is for the log, not for a report.
const verdictOfDefect = (track: Track<unknown>): Verdict => ({
  state: track.inDoubt !== null ? "in-doubt" : track.ticket !== null ? "interrupted" : "not-started",
  because: "defect",
  reason: track.inDoubt ?? reasonOf(defectCode, "a mistake in a program ended this request: the log has it"),
  notBefore: track.nextAt
})

const settledVerdict = (outcome: ScanOutcome<unknown>): Verdict => ({
  state: Records.stateOfOutcome(outcome),
  because: "outcome",
  reason: outcome._tag === "Completed" ? null : outcome.reason,
  notBefore: null
})

type Result_<Payload> =
  | { readonly _tag: "Over"; readonly why: Why }
  | { readonly _tag: "Exit"; readonly exit: Exit.Exit<Ended<Payload> | null, RunError> }

const followOne = <Payload, R>(
  wanted: ScanRequest<Payload, R>,
  index: number,
  batch: Batch,
  until: "ticket" | "outcome"
): Effect.Effect<
  { readonly track: Track<Payload>; readonly known: boolean; readonly verdict: Verdict },
  never,
  ScanJournal | R
> =>
  Effect.gen(function* () {
    const track = makeTrack<Payload>(wanted)
    let known = false
    const tell = teller(wanted, track, index, batch.now, batch.observer)
    const env: Env = {
      ...batch.env,
      tell: (kind) => {
        if (kind._tag === "Submitted") known = kind.known
        tell(kind)
      }
    }
    const begun = Deferred.isDoneUnsafe(batch.over)
      ? Effect.map(Deferred.await(batch.over), (why): Result_<Payload> => ({ _tag: "Over", why }))
      : Effect.raceFirst(
          Effect.map(Effect.exit(traced(wanted)(execute(wanted, track, env, until))), (exit): Result_<Payload> => ({
            _tag: "Exit",
            exit
          })),
          Effect.map(Deferred.await(batch.over), (why): Result_<Payload> => ({ _tag: "Over", why }))
        )
    const result = yield* begun
    // An answer that came within the grace of the end is the outcome all the same.
    if (track.ended !== null) return { track, known, verdict: settledVerdict(track.ended.outcome) }
    if (result._tag === "Over") return { track, known, verdict: verdictOfEnd(result.why, track) }
    const { exit } = result
    if (Exit.isSuccess(exit)) return { track, known, verdict: verdictOfEnd("interrupted", track) }
    const error = Cause.findError(exit.cause)
    if (Result.isSuccess(error)) return { track, known, verdict: verdictOfError(error.success, track) }
    yield* undisturbed(
      Effect.annotateLogs(Effect.logError(`a request was ended by a defect: ${whereabouts(exit.cause)}`), {
        vendor: wanted.adapter.vendor,
        subject: wanted.subject.id,
        claimId: track.claimId
      })
    )
    return { track, known, verdict: verdictOfDefect(track) }
  })

const recordOf = <Payload>(
  wanted: Pick<ScanRequest<Payload>, "adapter" | "subject">,
  index: number,
  track: Track<Payload>,
  verdict: Verdict,
  observedAt: number
): ScanRecord<Payload> => ({
  index,
  claimId: track.claimId,
  vendor: wanted.adapter.vendor,
  account: wanted.adapter.account,
  subject: wanted.subject,
  ticket: track.ticket,
  state: verdict.state,
  outcome: track.ended === null ? null : track.ended.outcome,
  reason: verdict.reason,
  because: verdict.because,
  submittedAt: track.submittedAt,
  observedAt,
  polls: track.polls,
  progress: progressOf(track),
  notBefore: Records.isResumable(verdict) ? verdict.notBefore : null,
  reused: track.ended?.reused ?? false,
  ageMs: track.ended?.ageMs ?? null,
  warnings: [...track.warnings, ...(track.ended?.outcome.warnings ?? [])]
})

// A number that cannot be one counts as the nearest that can.
const concurrencyOf = (wanted: number | undefined): number | "unbounded" =>
  wanted === undefined || wanted === Number.POSITIVE_INFINITY ? "unbounded" : Math.max(1, Math.floor(wanted) || 1)

// Policies are the program's own: one that cannot be followed ends a batch before anything is bought.
const firstMistake = (requests: ReadonlyArray<Pick<ScanRequest<unknown, unknown>, "adapter" | "policy">>) => {
  for (const { adapter, policy } of requests) {
    const checked = PollPolicies.check(policy, adapter.limits)
    if (Result.isFailure(checked)) return checked.failure
  }
  return null
}

// The keys of requests that are there more than once; nothing has come of them yet.
const repeatedIn = (
  requests: ReadonlyArray<Pick<ScanRequest<unknown, unknown>, "adapter" | "fingerprint">>
): Env["equal"] => {
  const once = new Set<string>()
  const repeated: Env["equal"] = new Map()
  for (const wanted of requests) {
    const name = equalityOf(wanted)
    if (name === null) continue
    if (once.has(name)) repeated.set(name, null)
    once.add(name)
  }
  return repeated
}

const batched = <P, R, A>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: BatchOptions,
  each: (wanted: ScanRequest<P, R>, index: number, batch: Batch) => Effect.Effect<A, never, ScanJournal | R>
): Stream.Stream<A, never, ScanJournal | R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const wrong = firstMistake(requests)
      if (wrong !== null) return yield* Effect.die(wrong)
      const budgets: Budgets = yield* RateBudget
      yield* recallPauses(requests, budgets)
      const fleet: Fleet = yield* Fleets.make
      const now = yield* nowReader
      const startedAt = now()
      const over = yield* Deferred.make<Why>()
      const accounts = requests.map((wanted) => budgetOf(wanted, budgets))
      const denialsAtStart = new Map<AccountBudget, number>(accounts.map((budget) => [budget, budget.denials()]))
      // The whole batch is announced at once: a pace that looks at the number of open scans sees all of them.
      const left = yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const budget of accounts) budget.load(1)
          return new Set(accounts.keys())
        }),
        (left) => Effect.sync(() => left.forEach((index) => accounts[index]?.load(-1)))
      )
      if (options.until !== undefined) {
        yield* Effect.forkScoped(Effect.andThen(options.until, Deferred.succeed(over, "interrupted")))
      }
      if (options.timeout !== undefined) {
        yield* Effect.forkScoped(Effect.andThen(Effect.sleep(options.timeout), Deferred.succeed(over, "timeout")))
      }
      const batch: Batch = {
        now,
        over,
        observer: options.observer,
        env: {
          budgets,
          fleet,
          startedAt,
          // What settles from here on belongs to this batch: equal requests in it are one purchase.
          reuseFrom: reuseFrom(startedAt, options.reuse),
          denials: (budget) => denialsAtStart.get(budget) ?? 0,
          equal: repeatedIn(requests)
        }
      }
      const done = (index: number) =>
        Effect.sync(() => {
          if (left.delete(index)) accounts[index]?.load(-1)
        })
      // Whoever reads slowly holds nothing up.
      const ended = yield* Queue.unbounded<A, Cause.Done>()
      // Interrupted as one: while some end in their grace, no other one begins anything.
      yield* Effect.forEach(
        requests.entries(),
        ([index, wanted]) =>
          Effect.flatMap(Effect.ensuring(each(wanted, index, batch), done(index)), (one) => Queue.offer(ended, one)),
        { concurrency: concurrencyOf(options.concurrency), discard: true }
      ).pipe(
        Effect.onExit((exit) => (Exit.isSuccess(exit) ? Queue.end(ended) : Queue.failCause(ended, exit.cause))),
        Effect.forkScoped
      )
      return Stream.fromQueue(ended)
    })
  )

/**
 * Runs a batch across vendors and brings one record per request, each as it ends; `record.index` says whose it is.
 *
 * The stream does not fail: every way a request can end is a state of its record, and a defect of an adapter is one too.
 * Interrupting the stream sends nothing more; `until` and `timeout` end it softly, with a record for each request that is
 * left. A reader that is slow holds no request up. A policy that contradicts itself dies with `InvalidPolicy` before
 * anything is bought.
 *
 * @category constructors
 * @since 0.1.0
 */
export function runAll<Q extends ScanRequest<unknown, unknown>>(
  requests: ReadonlyArray<Q>,
  options?: BatchOptions
): Stream.Stream<ScanRecord<PayloadOf<Q>>, never, ScanJournal | ServicesOf<Q>>
export function runAll<P, R>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: BatchOptions = {}
): Stream.Stream<ScanRecord<P>, never, ScanJournal | R> {
  return batched(requests, options, (wanted, index, batch) =>
    Effect.flatMap(followOne(wanted, index, batch, "outcome"), ({ track, verdict }) => {
      const record = recordOf(wanted, index, track, verdict, batch.now())
      teller(wanted, track, index, batch.now, batch.observer)({ _tag: "Ended", record })
      return Effect.as(telling(wanted, track, verdict.state), record)
    })
  )
}

/**
 * Submits a batch without waiting for outcomes. Requests that were bought before are named, not bought again.
 *
 * @category constructors
 * @since 0.1.0
 */
export function submitAll<Q extends ScanRequest<unknown, unknown>>(
  requests: ReadonlyArray<Q>,
  options?: BatchOptions
): Stream.Stream<ScanSubmission<PayloadOf<Q>>, never, ScanJournal | ServicesOf<Q>>
export function submitAll<P, R>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: BatchOptions = {}
): Stream.Stream<ScanSubmission<P>, never, ScanJournal | R> {
  return batched(requests, options, (wanted, index, batch) =>
    Effect.map(followOne(wanted, index, batch, "ticket"), ({ track, known, verdict }): ScanSubmission<P> => {
      const failed = verdict.because === "journal" || verdict.because === "defect"
      const submitted = track.ended === null && track.ticket !== null && !failed
      return {
        index,
        vendor: wanted.adapter.vendor,
        account: wanted.adapter.account,
        subject: wanted.subject,
        claimId: track.claimId,
        ticket: track.ticket,
        outcome: track.ended === null ? null : track.ended.outcome,
        known,
        state: submitted ? "submitted" : verdict.state,
        because: verdict.because,
        reason: submitted ? null : verdict.reason
      }
    })
  )
}

/**
 * An adapter of any vendor, as far as open claims need it.
 *
 * @category models
 * @since 0.1.0
 */
export type AnyAdapter = ScanAdapter<never, unknown>

/**
 * What the journal holds that is not over: `requests` for `runAll`, one per claim, oldest first, those in doubt
 * included; and `strangers`, the claims of accounts that none of the adapters is for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Open<R = never> {
  readonly requests: ReadonlyArray<ScanRequest<unknown, R>>
  readonly strangers: ReadonlyArray<ClaimEntry>
}

/**
 * Whether an adapter is for the account of a claim. A claim of a typed ticket says nothing about the environment.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFor = (adapter: Pick<AnyAdapter, "vendor" | "origin" | "account" | "environment">, claim: ClaimEntry) =>
  adapter.vendor === claim.key.vendor &&
  adapter.origin === claim.key.origin &&
  adapter.account === claim.key.account &&
  (claim.key.environment === "" || adapter.environment === claim.key.environment)

/**
 * The open claims of the journal as requests.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = <R = never>(
  adapters: ReadonlyArray<AnyAdapter>,
  options: Requests.Options<R> = {}
): Effect.Effect<Open<R>, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const requests: Array<ScanRequest<unknown, R>> = []
    const strangers: Array<ClaimEntry> = []
    for (const entry of yield* journal.list(["intent", "submitted", "in-doubt"])) {
      const adapter = adapters.find((each) => isFor(each, entry))
      if (adapter === undefined) strangers.push(entry)
      else requests.push(Requests.fromClaim(adapter, entry, options))
    }
    return { requests, strangers }
  })

/**
 * Goes on with everything the journal has open for these adapters: one record per claim, as for `runAll`. Nothing is
 * bought; what is in doubt is recorded as that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeOpen = <R = never>(
  adapters: ReadonlyArray<AnyAdapter>,
  options: BatchOptions & Requests.Options<R> = {}
): Stream.Stream<ScanRecord, JournalError, ScanJournal | R> =>
  Stream.unwrap(
    Effect.map(open(adapters, options), ({ requests }): Stream.Stream<ScanRecord, never, ScanJournal | R> =>
      runAll(requests, options)
    )
  )

/**
 * What a look for a lost submission came to.
 *
 * - `Found`: the vendor has exactly one scan that it can be; the claim is open again, on that ticket.
 * - `Several`: more than one may be it; a person chooses, and `journal.submitted` tells the journal.
 * - `None`: the vendor has none; `journal.released` lets the request be bought again.
 * - `Unlisted`: this vendor cannot be asked, or what was asked for is not known here.
 *
 * @category models
 * @since 0.1.0
 */
export type Reconciled =
  | { readonly _tag: "Found"; readonly ticket: ScanTicket }
  | { readonly _tag: "Several"; readonly tickets: ReadonlyArray<ScanTicket> }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unlisted" }

/**
 * Looks in the vendor's list for the scan of a claim in doubt. Buys nothing and releases nothing by itself.
 *
 * `readRequest` checks what the journal kept of the request; null makes the answer `Unlisted`. Fails with a `conflict`
 * when the claim is not in doubt or another account's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  claimId: string,
  readRequest: (stored: unknown) => Request | null
): Effect.Effect<Reconciled, PollFault | JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const entry = yield* journal.get(claimId)
    if (entry === null || entry.state !== "in-doubt" || !isFor(adapter, entry)) {
      const why = entry === null ? "not there" : entry.state === "in-doubt" ? "of another account" : entry.state
      return yield* new JournalError({ reason: "conflict", message: `claim ${claimId} is ${why}, not in doubt here` })
    }
    const request = readRequest(entry.request)
    if (adapter.reconcile === undefined || request === null) return { _tag: "Unlisted" } as const
    const known = yield* journal.scanIds(adapter)
    const due = yield* SteadyClock.now
    const budget = budgetOf({ adapter }, yield* RateBudget)
    yield* budget.turn({ kind: "collect", due, lane: "" })
    const tickets = yield* Effect.tapError(adapter.reconcile(request, entry.claimedAt, known), (fault) =>
      Effect.map(SteadyClock.now, (now) => heed(budget, adapter, fault, now))
    )
    const [first, ...others] = tickets
    if (first === undefined) return { _tag: "None" } as const
    if (others.length > 0) return { _tag: "Several", tickets } as const
    yield* journal.submitted(claimId, first, 0)
    return { _tag: "Found", ticket: first } as const
  })
