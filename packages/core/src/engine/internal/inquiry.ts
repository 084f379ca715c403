// What is asked about one scan that exists: its status, until the vendor says that it ended, then its result. May touch: the
// vendor's `poll` and `result`, what the journal keeps of their answers. Law: the word for an end, and a ticket that takes
// another one's place, are stored before the next request; once the word is, the status is never asked again.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Account from "../../model/Account.ts"
import type { PollAnswer } from "../../model/Observation.ts"
import * as PollFault from "../../model/PollFault.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { AccountBudget } from "../RateBudget.ts"
import type { About, ScanAdapter } from "../ScanAdapter.ts"
import { type JournalError, mayHeal, type Operations } from "../ScanJournal.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as VendorSays from "./vendorSays.ts"

type Answered<Payload> = Effect.Effect<PollAnswer<ScanOutcome<Payload>>, PollFault.PollFault>

// - `endedAs`: the vendor's word, where it has said how the scan ended.
// - `moved`: told of a new ticket, once it is stored.
// - `budget`: told what the vendor said before anything is stored: the account's next request may come meanwhile.
interface Start {
  readonly claimId: string
  readonly ticket: ScanTicket
  readonly endedAs: string | null
  readonly about: About
  readonly budget: AccountBudget
  readonly moved?: (from: ScanTicket, to: ScanTicket) => void
}

const broken = (code: string, message: string): Effect.Effect<never, PollFault.PollFault> =>
  Effect.fail(PollFault.make({ kind: "Broken", permanent: true, code, message }))

// Nothing follows from an answer that could not be stored but the wait that the vendor asked for: the same is asked again.
const notStored =
  ({ hint, quota }: Pick<PollAnswer<unknown>, "hint" | "quota">, hintCap: Duration.Duration) =>
  (error: JournalError): PollFault.PollFault =>
    PollFault.make({
      kind: mayHeal(error) ? "Transient" : "Broken",
      permanent: !mayHeal(error),
      code: "not-stored",
      message: `the vendor's answer could not be stored: ${error.message}`,
      hint: Option.map(hint, (wait) => Duration.min(wait, hintCap)),
      quota
    })

// The scan is there: what is missing, or is not where it was, is its result. The wait ends so that it can be resumed.
const ofResult = (fault: PollFault.PollFault): PollFault.PollFault => {
  if (fault.kind !== "Missing") return fault
  const { code, hint, message, permanent, quota, requestId } = fault
  return PollFault.make({ kind: permanent ? "Broken" : "Transient", permanent, code, message, requestId, hint, quota })
}

export class Inquiry<Payload> {
  ticket: ScanTicket
  private endedAs: string | null
  private readonly adapter: Pick<ScanAdapter<never, Payload>, "limits" | "poll" | "result">
  private readonly journal: Pick<Operations, "ended" | "moved">
  private readonly start: Start

  constructor(
    adapter: Pick<ScanAdapter<never, Payload>, "limits" | "poll" | "result">,
    journal: Pick<Operations, "ended" | "moved">,
    start: Start
  ) {
    this.adapter = adapter
    this.journal = journal
    this.start = start
    this.ticket = start.ticket
    this.endedAs = start.endedAs
  }

  // One request, whichever is next.
  readonly ask: Answered<Payload> = Effect.suspend(() => {
    const { about } = this.start
    const { adapter, endedAs, ticket } = this
    if (endedAs === null) return Effect.flatMap(adapter.poll(ticket, about), (answer) => this.heard(answer))
    if (adapter.result === undefined) return this.withoutResult(endedAs)
    return Effect.flatMap(Effect.mapError(adapter.result(ticket, endedAs, about), ofResult), (answer) =>
      this.heard(answer)
    )
  })

  private heard(answer: PollAnswer<ScanOutcome<Payload>>): Answered<Payload> {
    const { observation } = answer
    if (observation._tag === "Ended" && this.endedAs === null) {
      if (this.adapter.result === undefined) return this.withoutResult(observation.vendorStatus)
      return Effect.andThen(this.apply(answer), Effect.as(this.ended(observation.vendorStatus, answer), answer))
    }
    if (observation._tag === "Pending" && observation.moved !== undefined) {
      return Effect.andThen(this.apply(answer), Effect.as(this.move(observation.moved, answer), answer))
    }
    return Effect.succeed(answer)
  }

  private apply({ quota }: PollAnswer<unknown>): Effect.Effect<void> {
    const { budget } = this.start
    const call = { by: this, kind: "poll" } as const
    return Effect.map(SteadyClock.now, (now) => VendorSays.apply(budget, this.adapter.limits, { quota }, now, call))
  }

  // An interrupt between the two would forget here what the journal knows.
  private ended(vendorStatus: string, answer: PollAnswer<unknown>): Effect.Effect<void, PollFault.PollFault> {
    return Effect.uninterruptible(
      // An earlier word may have been stored although nobody heard of it.
      Effect.map(
        Effect.mapError(this.journal.ended(this.start.claimId, vendorStatus), this.notStored(answer)),
        (word) => {
          this.endedAs = word
        }
      )
    )
  }

  private move(to: ScanTicket, answer: PollAnswer<unknown>): Effect.Effect<void, PollFault.PollFault> {
    const from = this.ticket
    if (to.scanId === from.scanId) return Effect.void
    if (!Account.equals(from, to)) return broken("foreign-ticket", "the scan goes on at another account")
    // As in `ended`: the journal and this wait know the new ticket together.
    return Effect.uninterruptible(
      Effect.map(Effect.mapError(this.journal.moved(this.start.claimId, to), this.notStored(answer)), () => {
        this.ticket = to
        this.start.moved?.(from, to)
      })
    )
  }

  private notStored(answer: PollAnswer<unknown>): (error: JournalError) => PollFault.PollFault {
    return notStored(answer, this.adapter.limits.hintCap)
  }

  private withoutResult(vendorStatus: string): Effect.Effect<never, PollFault.PollFault> {
    const word = JSON.stringify(vendorStatus.slice(0, 64))
    return broken("no-result", `the scan ended as ${word}, and its adapter cannot ask for the result`)
  }
}
