// The end of a followed scan: collect its findings, compare them, store the outcome. May touch: the vendor's `collect`, the
// account's budget, the journal's outcome. Law: what the vendor settled is the outcome, whatever becomes of its findings.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Account from "../../model/Account.ts"
import * as Comparison from "../../model/Comparison.ts"
import * as Contradiction from "../../model/Contradiction.ts"
import * as PollFault from "../../model/PollFault.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import {
  type ClaimEntry,
  type ClaimKey,
  type HistoryFilter,
  type HoldGuard,
  type JournalError,
  mayHeal
} from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import * as Hold from "./hold.ts"
import type * as Job from "./job.ts"
import { defectCode, undisturbed, whereabouts } from "./log.ts"
import { storeOutcome } from "./storedOutcome.ts"
import * as VendorSays from "./vendorSays.ts"

const collectTries = 3
const keepTries = 3
// How many earlier answers are looked at for one to compare with.
const comparedAtMost = 12

// What of a job this room needs; a worker has no more.
export interface Keeping<Payload> extends Pick<Job.Job<Payload, unknown>, "journal" | "account" | "stored" | "about"> {
  readonly request: Pick<ScanRequest<Payload, unknown>, "adapter" | "policy" | "lane">
  readonly emit: (kind: { readonly _tag: "Collecting" }) => void
}

// - `key`: of equal requests, to compare with; null where none is known.
// - `asked`: what the scan was bought for; null where that is not known.
// - `guard`: of the hold on the claim; null where the claim cannot be lost.
// - `settledAt`: when the claim settled, where it has: what settled later is no earlier scan.
export interface Kept {
  readonly claimId: string
  readonly key: ClaimKey | null
  readonly asked: Contradiction.Asked | null
  readonly guard: HoldGuard | null
  readonly settledAt?: number
}

// For an uninterruptible region: `restore` marks what an interrupt may cut.
export const keep = <Payload>(
  restore: Hold.Restore,
  job: Keeping<Payload>,
  kept: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>, JournalError> =>
  Effect.tap(judged(restore, job, kept, outcome), (whole) => storeWhenReady(restore, job, kept, whole))

// The whole outcome as it answers what was asked for. The findings of something else are not worth a request.
const judged = <Payload>(
  restore: Hold.Restore,
  job: Keeping<Payload>,
  kept: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> => {
  const seen = Contradiction.judge(kept.asked, outcome)
  return seen === outcome ? complete(restore, job, kept, outcome) : Effect.succeed(seen)
}

// The outcome with its findings and what changed. An interrupt or a defect costs the findings alone.
const complete = <Payload>(
  restore: Hold.Restore,
  job: Keeping<Payload>,
  kept: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> => {
  const found = Effect.flatMap(collect(job, kept.guard, outcome), (found) => compare(job, kept, found))
  const without = (why: string): ScanOutcome.ScanOutcome<Payload> =>
    job.request.adapter.collect === undefined ? outcome : withoutFindings(outcome, why)
  return Effect.catchCause(restore(Hold.whileHeld(kept.guard, found, without("lost"))), (cause) => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(without("interrupted"))
    const message = `the findings of ${ScanTicket.accountKey(outcome.ticket)} could not be fetched: ${whereabouts(cause)}`
    return Effect.as(undisturbed(Effect.logError(message)), without(defectCode))
  })
}

// People know `http-500` by its number; of an answer that cannot be used they want to know what is wrong with it.
const withoutFindings = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>,
  code: string,
  fault: PollFault.PollFault | null = null
): ScanOutcome.ScanOutcome<Payload> => {
  const why = fault?.kind === "Broken" && !code.startsWith("http-") ? `${code}: ${fault.message}` : code
  return ScanOutcome.withoutFindings(
    outcome,
    `the vendor's findings could not be fetched (${why.replace(/^http-/, "")})`
  )
}

/**
 * Asks again for the findings that a settled outcome of the journal lacks, and stores the outcome once they came. Nothing
 * is bought, the status is not asked, and the claim stays settled. Without findings the outcome is as it was, with the
 * latest reason.
 */
export const supplement = <Payload>(
  job: Keeping<Payload>,
  claimId: string,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> =>
  // Findings that arrived are stored, though the caller is gone by then; their request itself may be cut.
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const entry = yield* Effect.catch(job.journal.get(claimId), () => Effect.succeed(null))
      const kept: Kept =
        entry === null
          ? { claimId, key: null, asked: null, guard: null }
          : {
              claimId,
              key: entry.key,
              asked: { subject: entry.subject, scanType: entry.kind },
              guard: null,
              settledAt: entry.changedAt
            }
      const whole = yield* complete(restore, job, kept, outcome)
      if (!ScanOutcome.missing(whole).some(({ kind }) => kind === "findings")) {
        // Not stored is not lost: the next wait asks again.
        yield* Effect.ignore(storeOutcome(job.journal, job.stored, claimId, whole, "supplemented"))
      }
      return whole
    })
  )

/**
 * Whether the adapter has a second call that may bring the findings an outcome lacks.
 */
export const canSupplement = (
  adapter: Pick<ScanRequest<unknown, unknown>["adapter"], "collect">,
  outcome: ScanOutcome.ScanOutcome<unknown>
): boolean => adapter.collect !== undefined && ScanOutcome.lacksFindingsAlone(outcome)

const collect = <Payload>(
  job: Keeping<Payload>,
  guard: HoldGuard | null,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> =>
  Effect.gen(function* () {
    const { account, request } = job
    const { adapter } = request
    if (adapter.collect === undefined || outcome._tag === "Failed") return outcome
    job.emit({ _tag: "Collecting" })
    const call = VendorSays.call(account, adapter.collect(outcome, job.about), { by: job, kind: "collect" })
    const asking = Hold.fenced(guard)(call)
    const budget = Hold.guarded(guard, account.budget)
    for (let tried = 1; ; tried++) {
      const due = yield* SteadyClock.now
      const turn = yield* budget.turn({ kind: "collect", due, lane: request.lane })
      if (account.isDenied("collect")) {
        turn.giveBack()
        return withoutFindings(outcome, "denied")
      }
      const answer = yield* collectOnce(asking, request.policy.pollTimeout)
      if (!(answer instanceof PollFault.PollFault)) return ScanOutcome.withFindings(outcome, answer)
      if (answer.kind === "Denied") yield* account.logDenied(answer.code, answer.message)
      if (answer.permanent || answer.kind === "Denied" || tried >= collectTries) {
        return withoutFindings(outcome, answer.code, answer)
      }
      yield* Effect.sleep(Duration.millis(backoff(adapter.limits, answer, tried)))
    }
  })

const backoff = (limits: VendorLimits, fault: PollFault.PollFault, tried: number): number =>
  Math.max(
    Duration.toMillis(limits.floor),
    VendorSays.hintMillis(fault.hint, Duration.seconds(2 ** tried), limits.hintCap)
  )

const timedOut = PollFault.make({ kind: "Transient", code: "timeout", message: "the findings were not sent in time" })

const collectOnce = (
  asking: Effect.Effect<ScanOutcome.Findings, PollFault.PollFault>,
  timeout: Duration.Duration
): Effect.Effect<ScanOutcome.Findings | PollFault.PollFault> =>
  Timeouts.option(asking, timeout).pipe(
    Effect.map(Option.getOrElse((): ScanOutcome.Findings | PollFault.PollFault => timedOut)),
    Effect.catch((fault) => Effect.succeed(fault))
  )

// Where the vendor does not say what changed, the findings of the last complete scan of the same subject under scan do. Where
// other types of scan stand before it, or the subject is not known, that of the last equal request.
const compare = <Payload>(
  job: Keeping<Payload>,
  kept: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> => {
  const { asked, key } = kept
  if (key === null || !Comparison.isWanted(outcome)) return Effect.succeed(outcome)
  const { account, vendor } = key
  const equal = compareWithin(job, kept, outcome, { key })
  if (asked === null) return equal
  const ofSubject = compareWithin(job, kept, outcome, { vendor, account, subject: asked.subject })
  return Effect.flatMap(ofSubject, (compared) => (compared === outcome ? equal : Effect.succeed(compared)))
}

const compareWithin = <Payload>(
  { journal }: Keeping<Payload>,
  { asked, key, settledAt }: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>,
  scope: HistoryFilter
): Effect.Effect<ScanOutcome.ScanOutcome<Payload>> => {
  const filter = {
    ...scope,
    payloads: false,
    limit: comparedAtMost,
    ...(settledAt === undefined ? {} : { before: settledAt })
  }
  return Effect.map(
    Effect.catch(journal.history(filter), () => Effect.succeed([])),
    (earlier) =>
      Comparison.withDelta(
        outcome,
        asked?.subject ?? { id: "" },
        earlier.filter((entry) => scope.key !== undefined || isOf(entry, asked, key))
      )
  )
}

const isOf = (entry: ClaimEntry, asked: Contradiction.Asked | null, key: ClaimKey | null): boolean =>
  key !== null &&
  Account.equals(entry.key, key) &&
  entry.key.environment === key.environment &&
  (entry.kind ?? "") === (asked?.scanType ?? "")

// An outcome outlasts trouble of the journal for as long as the journal itself thinks that it may heal.
const storeWhenReady = <Payload>(
  restore: Hold.Restore,
  job: Keeping<Payload>,
  kept: Kept,
  outcome: ScanOutcome.ScanOutcome<Payload>,
  round = 1
): Effect.Effect<void, JournalError> =>
  Effect.catch(storeOutcome(job.journal, job.stored, kept.claimId, outcome), (error) =>
    kept.guard !== null && round < keepTries && mayHeal(error)
      ? Effect.andThen(
          restore(Effect.raceFirst(kept.guard.ready, kept.guard.lost)),
          storeWhenReady(restore, job, kept, outcome, round + 1)
        )
      : Effect.fail(error)
  )
