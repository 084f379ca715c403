// What the engine asks of the budget of one account, kept in memory or shared by machines. Types alone, passed on by `RateBudget`.
import type * as Effect from "effect/Effect"
import type { Quota } from "../../model/Observation.ts"
import type { Refusal } from "../Refusals.ts"

/**
 * What a turn is for, most urgent first: a poll of a bought scan, the findings of a settled one, a new submission.
 *
 * @category models
 * @since 0.1.0
 */
export type TurnKind = "poll" | "collect" | "submit"

/**
 * A turn that was granted. `waited` is how long it took in milliseconds, counted from `due`, and `queued` whether the account could
 * not be asked at once: a process that is late because its machine is busy did not queue. `giveBack` returns a turn that made no request. `renew` is for a caller that could not ask at once: it makes the turn one of this moment, or gives it
 * back and says false when the account may not be asked at this moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Turn {
  readonly waited: number
  readonly queued: boolean
  readonly giveBack: () => void
  readonly renew: () => boolean
}

/**
 * The budget of one account. Times are milliseconds on the engine's steady clock.
 *
 * - `turn`: waits for the right to make one request. The wait can be interrupted wherever it is made; asked for in an
 *   uninterruptible region, a turn that was granted cannot be lost on the way.
 * - `open`: scans of this account that run or wait to be submitted: what a pace sees as `open`.
 * - `load`: adds to that number. `bought` and `closed`: a scan is open at the vendor, and no longer. A granted
 *   submission counts as bought until `closed` or given back.
 * - `unfollowed`, in place of `closed`: nobody here waits for this scan, and the vendor may still run it. It counts as open
 *   until then, or until `bought` names it because somebody waits for it after all.
 * - `pause` and `pausedUntil`: nobody polls or submits before that time. A pause of `submit` is for submissions alone: the
 *   polls of bought scans go on, and `pausedUntil` does not show it.
 * - `learn`: what the vendor's headers say, at `now`. A limit of another window than the account's is left out. Of the answer that throttles us only the limit counts: how long to
 *   wait is then said by its hint, which is what `pause` is for.
 * - `deny`: the vendor refused the account's key on one call. `proven`: it took the key. What follows is in `Refusals`.
 * - `denials`: how many refusals were heard: a mark for `isDenied`.
 * - `isDenied`: whether calls of this kind that began before that mark have to end. A new one may try.
 * - `refusal`: the last refusal, for reasons; null where none was heard.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountBudget {
  readonly turn: (options: {
    readonly kind: TurnKind
    readonly due: number
    readonly lane: string
  }) => Effect.Effect<Turn>
  readonly open: () => number
  readonly load: (change: number) => void
  readonly bought: (scanId?: string) => void
  readonly closed: () => void
  readonly unfollowed: (scanId: string, until: number) => void
  readonly pause: (until: number, kind?: "submit") => void
  readonly pausedUntil: () => number
  readonly learn: (quota: Quota, now: number, throttled?: boolean) => void
  readonly deny: (refusal: Refusal) => void
  readonly proven: () => void
  readonly denials: () => number
  readonly isDenied: (since: number, kind: TurnKind) => boolean
  readonly refusal: () => Refusal | null
}
