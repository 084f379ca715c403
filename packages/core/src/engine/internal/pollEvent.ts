// What happens during a wait, told to every listener. Types alone; times are milliseconds since 1970 on the engine's
// clock. Passed on by `Poller`.
import type { Seen, StopReason } from "../../model/PollStopped.ts"
import type { Because } from "../../policy/Decision.ts"

/**
 * What made a wait as long as it is: what was decided, or `turn`, that the poll was due and had to wait for a turn of the
 * account's budget.
 *
 * @category models
 * @since 0.1.0
 */
export type WaitCause = Because | "turn"

/**
 * The next poll is due at `until`; `because` says what made the wait as long as it is. A poll that had to wait for its
 * turn is told of once more when it has it: then `at` is when it was due and `until` is now. `asked` is the wait the vendor
 * asked for in milliseconds, null when it asked for none; it is longer than the wait where a cap cut it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scheduled {
  readonly _tag: "Scheduled"
  readonly at: number
  readonly until: number
  readonly because: WaitCause
  readonly asked: number | null
  readonly polls: number
}

/**
 * A poll was answered without settling the scan. `first` is true when this status word has not been seen before in this
 * wait, so that a listener can warn once per word. `messages` are what the vendor says it does, as far as an earlier poll of
 * this wait did not tell it already, oldest first; absent where nothing is new.
 *
 * @category models
 * @since 0.1.0
 */
export interface Polled {
  readonly _tag: "Polled"
  readonly at: number
  readonly seen: Seen
  readonly polls: number
  readonly first: boolean
  readonly messages?: ReadonlyArray<string>
}

/**
 * A poll settled the scan.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settled<out A> {
  readonly _tag: "Settled"
  readonly at: number
  readonly value: A
  readonly polls: number
}

/**
 * The wait ended without an outcome.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stopped {
  readonly _tag: "Stopped"
  readonly at: number
  readonly reason: StopReason
  readonly polls: number
}

/**
 * Everything that is told of one wait: a poll was planned, a poll was made, and how the wait ended.
 *
 * @category models
 * @since 0.1.0
 */
export type PollEvent<A> = Scheduled | Polled | Settled<A> | Stopped
