// What the polls of an open claim meet, for people who look at the journal. May touch: the journal's `faulted` and `polled`. Law:
// nothing waits for it, and no credential is in it.
import type { Seen, StopReason } from "../../model/PollStopped.ts"
import * as Scrubber from "../../model/Scrubber.ts"
import type { PollEvent } from "./pollEvent.ts"
import type { Operations } from "../ScanJournal.ts"
import { seenOf } from "../StoredPolls.ts"

const longest = 500

type Listens = Pick<Operations, "faulted" | "polled">

const wordsOf = (last: Seen | null): { readonly code: string; readonly message: string } | null => {
  if (last?._tag === "PollFault") return last
  if (last?._tag !== "Unrecognised") return null
  return { code: "unknown-status", message: `the vendor used an unknown status ${JSON.stringify(last.word)}` }
}

// The last fault. `until`: nobody asks again before. `stopped`: the wait ended for that reason; then an unknown status is
// trouble as well.
export const tellFault = (
  journal: Pick<Operations, "faulted">,
  claimId: string,
  last: Seen | null,
  at: number,
  until: number,
  stopped?: StopReason
): void => {
  if (stopped === undefined && last?._tag !== "PollFault") return
  const words = wordsOf(last)
  if (words === null) return
  journal.faulted(claimId, {
    code: Scrubber.ofProcess.text(words.code).slice(0, 64),
    message: Scrubber.ofProcess.text(words.message).slice(0, longest),
    at,
    until,
    ...(stopped === undefined ? {} : { stopped })
  })
}

// What the last poll saw and what follows from it; `last` is null where this wait has not polled yet. A poll that only waits
// for its turn was told before.
export const tellPoll = (
  journal: Listens,
  claimId: string,
  last: Seen | null,
  event: Extract<PollEvent<unknown>, { readonly _tag: "Scheduled" | "Stopped" }>
): void => {
  const { at } = event
  if (event._tag === "Stopped") {
    tellFault(journal, claimId, last, at, at)
    return journal.polled(claimId, { at, kind: "stop", because: event.reason, until: at, ...seenOf(last) })
  }
  const { because, until } = event
  if (because === "turn") return
  tellFault(journal, claimId, last, at, until)
  journal.polled(claimId, { at, kind: last === null ? "wait" : "poll", because, until, ...seenOf(last) })
}
