// What would become of requests, known before anything is sent. May touch: the journal, reading. Law: what it calls bought is
// what a run of the same moment would submit.
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Claim, type JournalError, ScanJournal } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as EqualRequests from "./equalRequests.ts"
import * as Job from "./job.ts"
import * as Recall from "./recall.ts"
import * as Trips from "./trips.ts"

export type Prospect = "buy" | "repeat" | "join" | "reuse" | "in-doubt" | "wait"

// A database across a network is asked about so many at once.
const askedAtOnce = 16

const prospectOf = (standing: Claim): Prospect => {
  switch (standing._tag) {
    case "Fresh":
      return "buy"
    case "Busy":
    case "InFlight":
      return "join"
    case "InDoubt":
      return "in-doubt"
    case "Settled":
      return "reuse"
  }
}

export const foresee = (
  requests: ReadonlyArray<ScanRequest<unknown, unknown>>,
  options: { readonly reuse?: Duration.Input } = {}
): Effect.Effect<ReadonlyArray<Prospect>, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const startedAt = yield* Clock.currentTimeMillis
    const reuseFrom = Trips.reuseFrom(startedAt, options.reuse)
    const seen = new Set<string>()
    const first = requests.map((request) => {
      const equality = EqualRequests.equalityOf(request)
      return equality === null || (!seen.has(equality) && seen.add(equality) !== undefined)
    })
    return yield* Effect.forEach(
      requests,
      (request, at): Effect.Effect<Prospect, JournalError> => {
        if (request._tag !== "Buy") return Effect.succeed("wait")
        if (first[at] !== true) return Effect.succeed("repeat")
        const wish = {
          subject: request.subject,
          reuseFrom: Recall.reuseFrom({ reuseFrom, startedAt }, request),
          askedAt: startedAt,
          peek: true
        }
        return Effect.map(journal.claim(Job.claimKey(request), wish), prospectOf)
      },
      { concurrency: askedAtOnce }
    )
  })
