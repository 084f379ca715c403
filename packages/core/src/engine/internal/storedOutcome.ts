// Outcomes on their way into the journal and back. May touch: the journal's outcomes. Law: what a store returns is as foreign
// as what a vendor sends, and is used only after the adapter's schema has read it.
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Account from "../../model/Account.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import type { ScanAdapter } from "../ScanAdapter.ts"
import { JournalError, mayHeal, type Operations } from "../ScanJournal.ts"
import { undisturbed } from "./log.ts"

const storeTries = 3

export interface Codec<Payload> {
  readonly adapter: object
  readonly encode: (outcome: ScanOutcome.ScanOutcome<unknown>) => Effect.Effect<unknown>
  readonly decode: (stored: unknown) => Effect.Effect<ScanOutcome.ScanOutcome<Payload>, JournalError>
}

export const unreadable = (message: string): JournalError => new JournalError({ reason: "unreadable", message })

// One for each adapter: a schema is slow to compile, and large.
const codecs = new WeakMap<object, Codec<unknown>>()

export const codec = <Payload>(adapter: ScanAdapter<never, Payload>): Codec<Payload> => {
  const known = codecs.get(adapter)
  if (known !== undefined && isOf(known, adapter)) return known
  const made = compile(adapter)
  codecs.set(adapter, made)
  return made
}

const isOf = <Payload>(made: Codec<unknown>, adapter: ScanAdapter<never, Payload>): made is Codec<Payload> =>
  made.adapter === adapter

const compile = <Payload>(adapter: ScanAdapter<never, Payload>): Codec<Payload> => {
  const json = Schema.toCodecJson(ScanOutcome.schema(adapter.payload))
  const encode = Schema.encodeUnknownEffect(json)
  const decode = Schema.decodeUnknownEffect(json)
  return {
    adapter,
    encode: (outcome) => Effect.orDie(encode(outcome)),
    decode: (stored) =>
      Effect.flatMap(
        Effect.mapError(decode(stored), () => unreadable("a stored outcome is not of the adapter's shape")),
        (outcome) =>
          Account.equals(outcome.ticket, adapter)
            ? Effect.succeed(withoutForeignLink(outcome, adapter.origin))
            : Effect.fail(unreadable("a stored outcome is about another account's scan"))
      )
  }
}

const withoutForeignLink = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>,
  origin: string
): ScanOutcome.ScanOutcome<Payload> => {
  const link = outcome.links.report
  if (link === null || URL.parse(link)?.origin === URL.parse(origin)?.origin) return outcome
  return {
    ...outcome,
    links: { report: null },
    warnings: [...outcome.warnings, "the stored link does not lead to the vendor's own site: left out"]
  }
}

// What the vendor said is bought: retried before it is given up, and named in the log first.
export const store = (
  write: Effect.Effect<void, JournalError>,
  what: string,
  tries = storeTries
): Effect.Effect<void, JournalError> => {
  const attempt = (tried: number): Effect.Effect<void, JournalError> =>
    Effect.catch(write, (error) => {
      if (error.reason === "lost") return Effect.fail(error)
      const again = tried < tries && mayHeal(error)
      const said =
        tried > 1 && again
          ? Effect.void
          : undisturbed(Effect.logError(`the journal could not keep ${what}${again ? " yet" : ""}: ${error.message}`))
      return Effect.andThen(
        said,
        again ? Effect.andThen(Effect.sleep("1 second"), attempt(tried + 1)) : Effect.fail(error)
      )
    })
  return attempt(1)
}

// `supplemented`: of a claim that settled before, once evidence that its outcome lacked has come.
export const storeOutcome = <Payload>(
  journal: Operations,
  stored: Codec<Payload>,
  claimId: string,
  outcome: ScanOutcome.ScanOutcome<Payload>,
  move: "settled" | "supplemented" = "settled"
): Effect.Effect<void, JournalError> =>
  Effect.flatMap(stored.encode(outcome), (encoded) => {
    const name = ScanTicket.accountKey(outcome.ticket)
    return move === "settled"
      ? store(journal.settled(claimId, encoded, outcome.ticket, lacking(outcome)), `the outcome of ${name}`)
      : store(journal.supplemented(claimId, encoded, lacking(outcome)), `the findings of ${name}`)
  })

const lacking = (outcome: ScanOutcome.ScanOutcome<unknown>): ScanOutcome.Reason | undefined => {
  // `resume` asks for what is named here: only for what a request may bring.
  const [first, ...others] = ScanOutcome.lacksFindingsAlone(outcome) ? ScanOutcome.missing(outcome) : []
  if (first === undefined) return undefined
  const message = [first, ...others].map(({ reason }) => reason).join("; ")
  return { code: `${first.kind}-unavailable`, message, advice: null, requestId: null }
}
