/**
 * What may be done by the server, where its operator allows it: decide what became of a submission whose answer was lost, and that
 * nobody waits for a scan any more, or may again.
 *
 * Nothing here can buy, send a submission again, change an outcome, or ask a vendor sooner than it allows. How a decision is
 * carried out is the command's; who may, when, and on which version of a claim is checked here, and each decision that was asked
 * for leaves a line of audit.
 *
 * @since 0.2.0
 */
import type { ClaimEntry, JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Hostile from "@scanpoll/report/HostileText"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Api from "./Api.ts"
import * as FromJournal from "./internal/fromJournal.ts"
import * as Principal from "./Principal.ts"

/**
 * A decision that was asked for. `who`: the session, or a token by its name. `result`: what came of it, or why it was refused.
 *
 * @category models
 * @since 0.2.0
 */
export interface Audited {
  readonly at: number
  readonly who: string
  readonly action: string
  readonly claimId: string
  readonly scanId: string | null
  readonly result: string
}

/**
 * How decisions are carried out. What each came to is written to the journal before its effect ends.
 *
 * - `look`: looks for the scan at the vendor. `adopt`: takes a person's word for its id, once the vendor knows it.
 *   `release`: there is no such scan.
 * - `park`: nobody waits for an open scan any more, or may again.
 * - `audit`: keeps a line about a decision; never fails.
 *
 * @category models
 * @since 0.2.0
 */
export interface Actions {
  readonly look: (entry: ClaimEntry) => Effect.Effect<Decided, JournalError>
  readonly adopt: (entry: ClaimEntry, scanId: string) => Effect.Effect<Decided, JournalError>
  readonly release: (entry: ClaimEntry) => Effect.Effect<void, JournalError>
  readonly park: (entry: ClaimEntry, isParked: boolean) => Effect.Effect<void, JournalError>
  readonly audit: (line: Audited) => Effect.Effect<void>
}

/**
 * What a look or a person's word came to.
 *
 * @category models
 * @since 0.2.0
 */
export type Decided = Omit<typeof Api.Decision.Type, "claim">

/**
 * The version of a claim, as `ETag` has it and `If-Match` wants it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const versionOf = ({ changedAt, state }: Pick<ClaimEntry, "state" | "changedAt">): string =>
  `"${state}.${changedAt}"`

/**
 * That nobody waits for an open scan any more, or may again.
 *
 * @category models
 * @since 0.2.0
 */
export interface Parking {
  readonly action: "park" | "unpark"
}

/**
 * Whether the fields of a form say that, and nothing else.
 *
 * @category guards
 * @since 0.2.0
 */
export const isParking = (
  said: Readonly<Record<string, unknown>>
): said is Readonly<Record<string, unknown>> & Parking =>
  (said["action"] === "park" || said["action"] === "unpark") && Object.keys(said).length === 1

/**
 * A decision as it is asked for. `version`: what `If-Match` said; undefined where nothing was.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wish {
  readonly claimId: string
  readonly version: string | undefined
  readonly decision: typeof Api.Decide.Type | Parking
}

/**
 * Why a decision is refused.
 *
 * @category models
 * @since 0.2.0
 */
export type Refused =
  | Api.BadRequest
  | Api.Forbidden
  | Api.NotFound
  | Api.Conflict
  | Api.Changed
  | Api.Unconfirmed
  | Api.Unversioned
  | Api.Unavailable

/**
 * Whether somebody may decide here.
 *
 * @category guards
 * @since 0.2.0
 */
export const mayDecide = (actions: Actions | null, who: Principal.Principal): actions is Actions =>
  actions !== null && Principal.may(who, "reconcile")

const shown = (text: string): string => Hostile.toLine(Hostile.of(text)).trim()

// As a person reads it on the page: the name of the subject, or its id.
const isConfirmed = ({ subject }: ClaimEntry, typed: string): boolean =>
  shown(typed) !== "" && [subject.name, subject.id].some((text) => shown(text) === shown(typed))

// One decision of a claim at a time: the second one finds what the first one left.
const oneAtATime = () => {
  const locks = new Map<string, { readonly semaphore: Semaphore.Semaphore; waiting: number }>()
  return <A, E, R>(claimId: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const lock = locks.get(claimId) ?? { semaphore: Semaphore.makeUnsafe(1), waiting: 0 }
      locks.set(claimId, lock)
      lock.waiting += 1
      return Effect.ensuring(
        lock.semaphore.withPermit(effect),
        Effect.sync(() => {
          lock.waiting -= 1
          if (lock.waiting === 0) locks.delete(claimId)
        })
      )
    })
}

/**
 * Decides, for those who may. Fails with why it is refused; a refused decision has changed nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  actions: Actions | null,
  journal: Pick<Operations, "get">
): ((who: Principal.Principal, wish: Wish) => Effect.Effect<{ readonly entry: ClaimEntry } & Decided, Refused>) => {
  const locked = oneAtATime()

  const entryOf = (claimId: string) =>
    Effect.flatMap(FromJournal.read(journal.get(claimId)), (entry) => FromJournal.orNotFound(entry, "claim"))

  const changed = new Api.Changed({ detail: "the claim has changed since; look at it again" })

  // The journal has the last word on who came first.
  const carriedOut = <A>(wish: Wish, doing: Effect.Effect<A, JournalError>): Effect.Effect<A, Refused> =>
    Effect.catch(doing, (error): Effect.Effect<never, Refused> => {
      if (error.reason !== "conflict" && error.reason !== "lost") return FromJournal.read(Effect.fail(error))
      return Effect.flatMap(entryOf(wish.claimId), (now) =>
        Effect.fail(versionOf(now) === wish.version ? new Api.Conflict({ detail: shown(error.message) }) : changed)
      )
    })

  const decided = (allowed: Actions, wish: Wish): Effect.Effect<Decided, Refused> =>
    Effect.gen(function* () {
      const { claimId, decision, version } = wish
      if (version === undefined) {
        return yield* new Api.Unversioned({ detail: "If-Match is needed: the ETag of the claim, as it was looked at" })
      }
      const entry = yield* entryOf(claimId)
      if (versionOf(entry) !== version) return yield* changed
      const wanted = decision.action === "park" || decision.action === "unpark" ? "submitted" : "in-doubt"
      if (entry.state !== wanted) {
        return yield* new Api.Conflict({ detail: `the claim is ${entry.state}, not ${wanted}` })
      }
      const bare = { scanId: null, candidates: [], more: 0 }
      switch (decision.action) {
        case "park":
          yield* carriedOut(wish, allowed.park(entry, true))
          return { ...bare, result: "parked", detail: "it goes on at the vendor, and stays paid" }
        case "unpark":
          yield* carriedOut(wish, allowed.park(entry, false))
          return { ...bare, result: "unparked", detail: "workers take it; without workers, `scanpoll wait` does" }
        case "look":
          return yield* carriedOut(wish, allowed.look(entry))
        case "adopt":
          return ScanTicket.isScanId(decision.scanId)
            ? yield* carriedOut(wish, allowed.adopt(entry, decision.scanId))
            : yield* new Api.BadRequest({ detail: "scanId cannot be a scan id" })
        case "release": {
          if (!isConfirmed(entry, decision.confirmSubject)) {
            return yield* new Api.Unconfirmed({ detail: "confirmSubject is not the subject of the claim" })
          }
          yield* carriedOut(wish, allowed.release(entry))
          return { ...bare, result: "released", detail: "a later run buys it again" }
        }
      }
    })

  const resultOf = (exit: Exit.Exit<Decided, Refused>): string => {
    if (Exit.isSuccess(exit)) return exit.value.result
    const failure = Cause.findError(exit.cause)
    if (Result.isSuccess(failure)) return `refused: ${failure.success.status} ${failure.success.detail ?? ""}`.trim()
    return Cause.hasInterruptsOnly(exit.cause) ? "cut off; the journal says whether it was done" : "a defect"
  }

  return (who, wish) =>
    Effect.gen(function* () {
      if (actions === null) {
        return yield* new Api.Forbidden({ detail: "this server was started without --allow reconcile" })
      }
      if (!mayDecide(actions, who)) return yield* new Api.Forbidden({ detail: "the token lacks the scope reconcile" })
      const { claimId, decision } = wish
      const made = yield* Effect.onExit(locked(claimId, decided(actions, wish)), (exit) =>
        Effect.flatMap(Clock.currentTimeMillis, (at) =>
          actions.audit({
            at,
            who: who.name ?? "",
            action: decision.action,
            claimId,
            scanId: decision.action === "adopt" ? decision.scanId : Exit.isSuccess(exit) ? exit.value.scanId : null,
            result: resultOf(exit)
          })
        )
      )
      return { ...made, entry: yield* entryOf(claimId) }
    })
}

/**
 * Reads the body of a decision; a key that it does not have is refused, so that nobody believes that it counted.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = Schema.decodeUnknownEffect(Api.Decide, { onExcessProperty: "error" })
