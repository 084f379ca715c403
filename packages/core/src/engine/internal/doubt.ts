// What became of a submission whose answer was lost, where what was prepared for it tells, or that nothing was. May touch: the vendor's `recover`,
// the journal's claims in doubt. Law: nothing is submitted here, and what cannot be told stays in doubt.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { hasProperty } from "effect/Predicate"
import * as Account from "../../model/Account.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Timeouts from "../../time/internal/timeouts.ts"
import type { JournalError } from "../ScanJournal.ts"
import type * as Job from "./job.ts"
import { undisturbed, whereabouts } from "./log.ts"
import * as VendorSays from "./vendorSays.ts"

// Stored with a claim while what its submission needs is made: a process that dies meanwhile has submitted nothing.
export const preparing = { "scanpoll/preparing": true } as const

export const isPreparing = (prepared: unknown): boolean => hasProperty(prepared, "scanpoll/preparing")

type Asking = Pick<Job.Job<unknown, unknown>, "account" | "journal" | "request">

// The scan's ticket, `"none"` where there is surely no scan, and null where that cannot be told now.
export const recover = (job: Asking, prepared: unknown): Effect.Effect<ScanTicket | "none" | null> =>
  Effect.gen(function* () {
    const { account, request } = job
    const { adapter } = request
    if (isPreparing(prepared)) return "none"
    if (adapter.recover === undefined || prepared === null || prepared === undefined) return null
    const due = yield* SteadyClock.now
    const turn = yield* account.budget.turn({ kind: "poll", due, lane: request.lane })
    if (account.isDenied("poll")) {
      turn.giveBack()
      return null
    }
    const asking = VendorSays.call(account, adapter.recover(prepared), { by: job, kind: "poll" })
    const exit = yield* Effect.exit(Timeouts.option(asking, request.policy.pollTimeout))
    if (Exit.isFailure(exit)) {
      if (Cause.hasDies(exit.cause)) {
        yield* undisturbed(Effect.logError(`a doubt could not be resolved: ${whereabouts(exit.cause)}`))
      }
      return Cause.hasInterruptsOnly(exit.cause) ? yield* Effect.interrupt : null
    }
    if (exit.value._tag === "None") return null
    const ticket = exit.value.value
    if (ticket === null) return "none"
    return Account.equals(ticket, adapter) ? ticket : null
  })

// Whether a claim in doubt is in doubt no more.
export const resolve = (job: Asking, claimId: string): Effect.Effect<boolean, JournalError> =>
  Effect.gen(function* () {
    const { prepare, recover: asks } = job.request.adapter
    if (prepare === undefined && asks === undefined) return false
    const entry = yield* job.journal.get(claimId)
    if (entry === null || entry.state !== "in-doubt") return false
    const found = yield* recover(job, entry.prepared)
    if (found === null) return false
    // Another claim may have that scan, or another process may have decided: then it is as it was.
    const decided = found === "none" ? job.journal.released(claimId) : job.journal.submitted(claimId, found, 0)
    return yield* Effect.catch(Effect.as(decided, true), (error) =>
      error.reason === "conflict" || error.reason === "lost" ? Effect.succeed(false) : Effect.fail(error)
    )
  })
