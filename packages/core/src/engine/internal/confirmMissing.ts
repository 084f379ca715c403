// A poll whose vendor answers an unknown scan and a refused key alike: before the wait would end as not-found, the adapter's
// probe is asked. Touches the account's budget (a turn for the probe). Law: a key that expired never loses a scan.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { PollFault } from "../../model/PollFault.ts"
import * as Decision from "../../policy/Decision.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import type { AccountBudget } from "../RateBudget.ts"
import type { ScanAdapter } from "../ScanAdapter.ts"
import * as VendorSays from "./vendorSays.ts"

interface Wait {
  readonly probe: ScanAdapter<never, unknown>["probe"]
  readonly budget: AccountBudget
  readonly limits: VendorLimits
  readonly policy: Pick<PollPolicy<unknown>, "missingGrace">
  readonly submittedAt: number | null
  readonly lane: string
}

// `poll` is one poll of one wait, made again and again.
export const confirmMissing = <A, R>(
  poll: Effect.Effect<A, PollFault, R>,
  { budget, lane, limits, policy, probe, submittedAt }: Wait
): Effect.Effect<A, PollFault, R> => {
  if (probe === undefined) return poll
  let everSeen = false
  let missingInARow = 0
  return poll.pipe(
    Effect.tap(() => {
      everSeen = true
      missingInARow = 0
      return Effect.void
    }),
    Effect.tapError((fault) =>
      Effect.gen(function* () {
        if (fault.kind !== "Missing") return
        missingInARow += 1
        const now = yield* SteadyClock.now
        if (!fault.permanent && !Decision.isMissingFinal(policy, { everSeen, missingInARow, submittedAt }, now)) return
        yield* budget.turn({ kind: "poll", due: now, lane })
        // A refused key, and a vendor in trouble, explain the missing scan; anything else does not.
        const asked = yield* Effect.result(VendorSays.listening(budget, probe))
        const isPassed = Result.isSuccess(asked)
        if (!isPassed && asked.failure.kind !== "Missing" && asked.failure.kind !== "Broken") {
          return yield* Effect.fail(asked.failure)
        }
        // The wait tells what it ends with instead.
        const said = isPassed ? { quota: Option.none() } : asked.failure
        VendorSays.apply(budget, limits, said, yield* SteadyClock.now, { by: probe, kind: "poll" })
      })
    )
  )
}
