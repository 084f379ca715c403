/** A claim in doubt, and decisions that are carried out by the journal alone: what a vendor would say is told here. */
import type { JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type * as Actions from "@scanpoll/server/Actions"
import * as Handlers from "@scanpoll/server/Handlers"
import * as Effect from "effect/Effect"
import { serving } from "./serving.ts"

const key = { vendor: "acme", origin: "https://acme.test", account: "default", environment: "" }

/** A claim whose submission was not answered. */
export const doubtful = (journal: Operations, name: string, shown = `https://${name}.test/`) =>
  Effect.gen(function* () {
    const claim = yield* journal.claim(
      { ...key, fingerprint: name },
      { subject: { kind: "url", id: `https://${name}.test/`, name: shown }, reuseFrom: 0 }
    )
    yield* journal.inDoubt(claim.claimId, { code: "lost", message: "no answer", advice: null, requestId: null })
    return claim.claimId
  })

/** A server that may decide, the lines of audit, and what was asked of the vendor. */
export const deciding = (looked: Actions.Decided["result"] = "none", more: Partial<Handlers.Sources> = {}) =>
  Effect.gen(function* () {
    const lines: Array<Actions.Audited> = []
    const asked: Array<string> = []
    let journal: Operations | null = null
    const within = <A, E>(use: (open: Operations) => Effect.Effect<A, E>) =>
      Effect.suspend(() => (journal === null ? Effect.die("no journal yet") : use(journal)))
    const answered = { scanId: null, detail: "as the vendor says", candidates: [], more: 0 }
    const actions: Actions.Actions = {
      look: ({ claimId }) =>
        Effect.sync(() => {
          asked.push(`look ${claimId}`)
          return {
            ...answered,
            result: looked,
            candidates: looked === "several" ? [{ scanId: "s_1", madeAt: null, stands: "queued", about: "x" }] : []
          }
        }),
      adopt: (entry, scanId) =>
        within((open): Effect.Effect<Actions.Decided, JournalError> => {
          asked.push(`adopt ${scanId}`)
          if (scanId === "s_unknown") return Effect.succeed({ ...answered, result: "not-it" })
          const ticket = ScanTicket.make({ ...key, scanId, submittedAt: 0 })
          return Effect.as(open.submitted(entry.claimId, ticket, 0), { ...answered, result: "found", scanId })
        }),
      release: ({ claimId }) => within((open) => open.released(claimId)),
      park: ({ claimId }, isParked) => within((open) => open.park(claimId, isParked)),
      audit: (line) => Effect.sync(() => void lines.push(line))
    }
    const server = yield* serving({ sources: { ...Handlers.none, ...more, actions } })
    journal = server.journal
    return { ...server, lines, asked }
  })
