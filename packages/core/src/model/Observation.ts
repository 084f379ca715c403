/**
 * What a good poll showed.
 *
 * Four tags, never a sentinel: the scan is not finished (`Pending`), it is over and its result is elsewhere (`Ended`), the
 * vendor says how it ended (`Settled`), or the vendor used a word that is not in its documentation (`Unrecognised`). An
 * unrecognised word never settles anything.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type * as Duration from "effect/Duration"
import type { ScanTicket } from "./ScanTicket.ts"

/**
 * How far the vendor says it is. Advice for people: it decides nothing.
 *
 * `fraction` is 0 to 1 or null; `done` and `total` are the vendor's own counts or null.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  readonly fraction: number | null
  readonly done: number | null
  readonly total: number | null
}

/**
 * The scan is not finished: it waits its turn at the vendor, or runs.
 *
 * - `messages`: what the vendor says it does, a line each, oldest first; at most 20. Text for people: it decides nothing.
 *   Absent where there is none.
 * - `moved`: it goes on under another ticket of the same account, which is polled from now on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pending {
  readonly _tag: "Pending"
  readonly phase: "queued" | "running"
  readonly progress: Option.Option<Progress>
  readonly messages?: ReadonlyArray<string>
  readonly moved?: ScanTicket
}

/**
 * The scan is over, and what it says is at a second address, which is asked next. `vendorStatus` is the vendor's word.
 *
 * @category models
 * @since 0.2.0
 */
export interface Ended {
  readonly _tag: "Ended"
  readonly vendorStatus: string
}

/**
 * The scan is finished, however it ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settled<out A> {
  readonly _tag: "Settled"
  readonly value: A
}

/**
 * The vendor used a status word that its documentation does not have. It is never guessed at.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unrecognised {
  readonly _tag: "Unrecognised"
  readonly word: string
}

/**
 * What a good poll showed.
 *
 * @category models
 * @since 0.1.0
 */
export type Observation<A> = Pending | Ended | Settled<A> | Unrecognised

/**
 * What the vendor's rate-limit headers said: `limit` and `remaining` requests, and when the window starts anew
 * (`resetAt`, milliseconds since 1970 on our clock). Any of them may be missing. `windowMillis` is how long that window is,
 * where the headers say so.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quota {
  readonly limit: number | null
  readonly remaining: number | null
  readonly resetAt: number | null
  readonly windowMillis?: number
}

/**
 * The answer to one poll: what was seen, the wait the vendor asks for, and what its headers teach the budget.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollAnswer<out A> {
  readonly observation: Observation<A>
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
}

/**
 * The scan waits for a worker or runs; `progress` and `messages` where the vendor tells them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pending = (
  phase: "queued" | "running",
  progress: Option.Option<Progress> = Option.none(),
  messages: ReadonlyArray<string> = []
): Pending => {
  if (messages.length > 0) return { _tag: "Pending", phase, progress, messages }
  return progress._tag === "None" ? silent[phase] : { _tag: "Pending", phase, progress }
}

// Most answers tell no progress, and a sleeping wait keeps its last one: they share these.
const silent: Readonly<Record<Pending["phase"], Pending>> = {
  queued: { _tag: "Pending", phase: "queued", progress: Option.none() },
  running: { _tag: "Pending", phase: "running", progress: Option.none() }
}

/**
 * The scan goes on under another ticket, which is polled from now on.
 *
 * @category constructors
 * @since 0.2.0
 */
export const moved = (phase: "queued" | "running", ticket: ScanTicket): Pending => ({ ...silent[phase], moved: ticket })

/**
 * The scan is over; its result is to be asked for.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ended = (vendorStatus: string): Ended => ({ _tag: "Ended", vendorStatus })

/**
 * The vendor says how it ended.
 *
 * @category constructors
 * @since 0.1.0
 */
export const settled = <A>(value: A): Settled<A> => ({ _tag: "Settled", value })

/**
 * The vendor used an undocumented word.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unrecognised = (word: string): Unrecognised => ({ _tag: "Unrecognised", word })

/**
 * An answer without a hint or a quota, or with those given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const answer = <A>(
  observation: Observation<A>,
  meta: { readonly hint?: Option.Option<Duration.Duration>; readonly quota?: Option.Option<Quota> } = {}
): PollAnswer<A> => ({ observation, hint: meta.hint ?? Option.none(), quota: meta.quota ?? Option.none() })
