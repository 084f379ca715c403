// Waits for the process that polls the scan. May touch: the journal, reading. Law: a wait ends at its deadline, and at once where
// the owner said why it gave the scan up.
import * as Effect from "effect/Effect"
import * as Observation from "../../model/Observation.ts"
import * as PollFault from "../../model/PollFault.ts"
import { PollStopped, type Seen } from "../../model/PollStopped.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Decision from "../../policy/Decision.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import type { Hold as ClaimHold, LastFault } from "../ScanJournal.ts"
import { stopAt, type Wait } from "./followWait.ts"
import type * as Job from "./job.ts"

type Theirs = Extract<ClaimHold, { readonly _tag: "Theirs" }>

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
const givenUp = ({ rests }: Theirs): PollFault.PollFault | null => {
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
export const awaitOwner = (
  job: Job.Job<unknown, unknown>,
  wait: Wait,
  hold: Theirs
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
