// The trouble of an open claim, for people who look at the journal. May touch: the journal's `faulted`. Law: nothing waits for
// it, and no credential is in it.
import type { Seen } from "../../model/PollStopped.ts"
import * as Scrubber from "../../model/Scrubber.ts"
import type { Operations } from "../ScanJournal.ts"

const longest = 500

// `until`: nobody asks again before.
export const tellFault = (
  journal: Pick<Operations, "faulted">,
  claimId: string,
  last: Seen | null,
  at: number,
  until: number
): void => {
  if (last === null || last._tag !== "PollFault") return
  const message = Scrubber.ofProcess.text(last.message).slice(0, longest)
  journal.faulted(claimId, { code: Scrubber.ofProcess.text(last.code).slice(0, 64), message, at, until })
}
