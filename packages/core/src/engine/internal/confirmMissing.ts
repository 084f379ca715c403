// A poll whose vendor answers an unknown scan and a refused key alike: before the wait would end as not-found, the adapter's
// probe is asked. Touches the account's budget (a turn for the probe). Law: a key that expired never loses a scan.
import * as Effect from "effect/Effect"
import type { PollFault } from "../../model/PollFault.ts"
import * as Decision from "../../policy/Decision.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import type { AccountBudget } from "../RateBudget.ts"
import type { ScanAdapter } from "../ScanAdapter.ts"

interface Wait {
  readonly probe: ScanAdapter<never, unknown>["probe"]
  readonly budget: Pick<AccountBudget, "turn">
  readonly policy: Pick<PollPolicy<unknown>, "missingGrace">
  readonly submittedAt: number | null
  readonly lane: string
}

// `poll` is one poll of one wait, made again and again.
export const confirmMissing = <A, R>(
  poll: Effect.Effect<A, PollFault, R>,
  { budget, lane, policy, probe, submittedAt }: Wait
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
        yield* Effect.catchIf(
          probe,
          (found) => found.kind === "Missing" || found.kind === "Broken",
          () => Effect.void
        )
      })
    )
  )
}
