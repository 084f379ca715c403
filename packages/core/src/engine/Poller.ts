/**
 * Polls one thing until it is terminal.
 *
 * A wait ends with the settled value or with a `PollStopped` that carries the ticket; it cannot return a pending value,
 * by type. Interrupting it wakes a sleep and cuts a poll in flight, and sends nothing more. A policy that contradicts
 * itself dies with `InvalidPolicy` before the first poll.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { PollStopped } from "../model/PollStopped.ts"
import { waitAlone } from "./internal/waiting.ts"
import type { PollEvent } from "./internal/pollEvent.ts"
import type { PollSpec } from "./internal/pollSpec.ts"

export type { PollEvent, Polled, Scheduled, Settled, Stopped, WaitCause } from "./internal/pollEvent.ts"
export type { PollSpec } from "./internal/pollSpec.ts"

/**
 * Waits until the thing is terminal and returns how it settled. Fails with `PollStopped` when the wait ends first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const untilTerminal = <A, T, R = never>(spec: PollSpec<A, T, R>): Effect.Effect<A, PollStopped<T>, R> =>
  waitAlone(spec)

/**
 * The same wait as a stream of its events, the settling one last.
 *
 * The wait runs in a fiber of its own behind a buffer of the latest `buffer` events (default 16): a reader that is slow
 * misses events and delays no poll. Ending the stream ends the wait.
 *
 * @category constructors
 * @since 0.1.0
 */
export const events = <A, T, R = never>(
  spec: PollSpec<A, T, R>,
  options: { readonly buffer?: number } = {}
): Stream.Stream<PollEvent<A>, PollStopped<T>, R> =>
  Stream.callback<PollEvent<A>, PollStopped<T>, R>(
    (queue) =>
      Effect.gen(function* () {
        const observer = (event: PollEvent<A>): void => {
          Queue.offerUnsafe(queue, event)
          spec.observer?.(event)
        }
        const exit = yield* Effect.exit(waitAlone({ ...spec, observer }))
        if (Exit.isSuccess(exit)) yield* Queue.end(queue)
        else yield* Queue.failCause(queue, exit.cause)
      }),
    { bufferSize: options.buffer ?? 16, strategy: "sliding" }
  )
