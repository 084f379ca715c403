/**
 * What can be done about a submission whose answer was lost: look for its scan at the vendor, take a person's word for it, or
 * release it. `scanpoll reconcile` and the server do it here.
 *
 * Nothing is inferred from silence, and nothing is bought: a person decides, and the vendor is asked about what a person says.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Account } from "../vendors/Vendor.ts"

/**
 * A scan of the vendor that may be the lost one. `madeAt` is milliseconds since 1970, null where the vendor does not say;
 * `stands` is the vendor's word for how it stands; `about` what it is about, null where the vendor does not say.
 *
 * @category models
 * @since 0.2.0
 */
export interface Candidate {
  readonly scanId: string
  readonly madeAt: number | null
  readonly stands: string
  readonly about: string | null
}

/**
 * What looking at the vendor came to. `Found` is written down already; `more`: so many candidates are left out; `Unlisted`: the
 * vendor has no list to look in; `Unasked`: it gave no answer.
 *
 * @category models
 * @since 0.2.0
 */
export type Looked =
  | { readonly _tag: "Found"; readonly scanId: string }
  | { readonly _tag: "Several"; readonly candidates: ReadonlyArray<Candidate>; readonly more: number }
  | { readonly _tag: "None" }
  | { readonly _tag: "Unlisted" }
  | { readonly _tag: "Unasked"; readonly fault: PollFault }

/**
 * Whether a person's word for an id held. `NotIt`: the claim stays in doubt; `fault` is there where the vendor's answer is why.
 *
 * @category models
 * @since 0.2.0
 */
export type Adopted =
  | { readonly _tag: "Found"; readonly scanId: string }
  | { readonly _tag: "NotIt"; readonly why: string; readonly fault: PollFault | null }

const candidatesAtMost = 10

type Asks = Pick<Account, "pollOnce">

// What a person needs to choose: when it was made, how it stands, and what it is about where the vendor says so.
const candidate = (
  account: Asks,
  { scanId, submittedAt: madeAt }: ScanTicket.ScanTicket,
  subject: Subject
): Effect.Effect<Candidate> =>
  Effect.map(Effect.result(account.pollOnce(scanId, subject)), (answer): Candidate => {
    if (Result.isFailure(answer)) return { scanId, madeAt, stands: "could not be asked about", about: null }
    const { observation } = answer.success
    switch (observation._tag) {
      case "Settled": {
        const { subject: said, vendorStatus } = observation.value
        return { scanId, madeAt, stands: vendorStatus, about: said?.name ?? null }
      }
      case "Ended":
        return { scanId, madeAt, stands: observation.vendorStatus, about: null }
      case "Pending":
        return { scanId, madeAt, stands: observation.phase, about: null }
      case "Unrecognised":
        return { scanId, madeAt, stands: observation.word, about: null }
    }
  })

/**
 * Looks for the scan at the vendor, and takes it where there is one that it must be.
 *
 * @category combinators
 * @since 0.2.0
 */
export const look = (
  entry: Pick<ClaimEntry, "claimId" | "subject">,
  account: Pick<Account, "pollOnce" | "reconcile">
): Effect.Effect<Looked, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const answer = yield* Effect.result(account.reconcile(entry.claimId))
    if (Result.isFailure(answer)) {
      const { failure } = answer
      return failure instanceof JournalError ? yield* failure : { _tag: "Unasked", fault: failure }
    }
    const found = answer.success
    switch (found._tag) {
      case "Found":
        return { _tag: "Found", scanId: found.ticket.scanId }
      case "Several": {
        const { tickets } = found
        const candidates = yield* Effect.forEach(tickets.slice(0, candidatesAtMost), (ticket) =>
          candidate(account, ticket, entry.subject)
        )
        return { _tag: "Several", candidates, more: tickets.length - candidates.length }
      }
      case "None":
      case "Unlisted":
        return found
    }
  })

/**
 * Takes a person's word for the id of the scan, once the vendor knows such a scan and it is about what was asked for.
 *
 * @category combinators
 * @since 0.2.0
 */
export const adopt = (
  entry: ClaimEntry,
  account: Asks,
  scanId: string
): Effect.Effect<Adopted, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const answer = yield* Effect.result(account.pollOnce(scanId, entry.subject))
    if (Result.isFailure(answer)) {
      const fault = answer.failure
      const what = fault.kind === "Missing" ? "the vendor knows no such scan" : "the vendor could not be asked about it"
      return { _tag: "NotIt", why: `${what}: ${fault.message}`, fault }
    }
    const { observation } = answer.success
    const asked = { subject: entry.subject, scanType: entry.kind }
    const why = observation._tag === "Settled" ? Contradiction.between(asked, observation.value) : null
    if (why !== null) return { _tag: "NotIt", why, fault: null }
    const { account: label, origin, vendor } = entry.key
    const ticket = ScanTicket.make({ vendor, origin, account: label, scanId, submittedAt: entry.claimedAt })
    yield* (yield* ScanJournal).submitted(entry.claimId, ticket, 0)
    return { _tag: "Found", scanId }
  })

/**
 * Says that there is no such scan: a later run may buy it again.
 *
 * @category combinators
 * @since 0.2.0
 */
export const release = ({ claimId }: Pick<ClaimEntry, "claimId">): Effect.Effect<void, JournalError, ScanJournal> =>
  Effect.flatMap(ScanJournal, (journal) => journal.released(claimId))
