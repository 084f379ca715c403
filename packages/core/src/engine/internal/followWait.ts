// One wait for a scan, through every change of who polls it: its deadline, and how it ends without an outcome.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { PollStopped } from "../../model/PollStopped.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Decision from "../../policy/Decision.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import type * as Hold from "./hold.ts"
import type * as Job from "./job.ts"

// - `deadlineAt`: fixed when the wait begins, and kept through every change of owner.
//   One that began with the submission of another process has only the rest of it.
// - `isFirst`: no other request or process has polled it since the wait began: its whole policy is ahead.
export interface Wait extends Job.Bought {
  readonly deadlineAt: number
  readonly isFirst: boolean
}

// Another owner had the scan: the rest of the deadline is left, and nothing of what the submission said counts any more.
export const later = (wait: Wait): Wait => ({ ...wait, known: true, hint: Option.none(), isFirst: false })

// Ends the wait of a request that does not poll itself.
export const stopAt = (
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
