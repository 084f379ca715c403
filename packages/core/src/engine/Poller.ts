/**
 * Polls one thing until it is terminal, in one fiber.
 *
 * A wait ends with the settled value or with a `PollStopped` that carries the ticket; it cannot return a pending value,
 * by type. Interrupting it wakes a sleep and cuts a poll in flight, and sends nothing more. A policy that contradicts
 * itself dies with `InvalidPolicy` before the first poll.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped } from "../model/PollStopped.ts"
import type { Proposal } from "../policy/Stepper.ts"
import * as Waits from "../time/Waits.ts"
import { Course, mistake, timedOut } from "./internal/course.ts"
import * as Timeouts from "../time/internal/timeouts.ts"
import type { PollEvent } from "./internal/pollEvent.ts"
import type { PollSpec } from "./internal/pollSpec.ts"
import * as SteadyClock from "../time/SteadyClock.ts"

export type { PollEvent, Polled, Scheduled, Settled, Stopped, WaitCause } from "./internal/pollEvent.ts"
export type { PollSpec } from "./internal/pollSpec.ts"

const sleepUntil = (until: number): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const left = until - SteadyClock.nowUnsafe(SteadyClock.ofFiber(fiber))
    // A timer may fire a little early; a poll may not.
    return left <= 0 ? Effect.void : Effect.andThen(Effect.sleep(Duration.millis(Math.ceil(left))), sleepUntil(until))
  })

const late = Effect.succeed(timedOut)
const noProposal = Effect.succeed<Proposal>(null)

const pollOnce = <A, T, R>(course: Course<A, T, R>): Effect.Effect<PollAnswer<A> | PollFault, never, R> =>
  Effect.catch(
    Timeouts.within<PollAnswer<A> | PollFault, PollFault, R>(
      course.spec.poll,
      Waits.millis(course.spec.policy.pollTimeout),
      late
    ),
    (fault) => Effect.succeed(fault)
  )

const drive = <A, T, R>(spec: PollSpec<A, T, R>): Effect.Effect<A, PollStopped<T>, R> =>
  Effect.withFiber((fiber) =>
    Effect.gen(function* () {
      const wrong = mistake(spec)
      if (wrong !== null) return yield* Effect.die(wrong)
      const clock = SteadyClock.ofFiber(fiber)
      const read = SteadyClock.reader(clock)
      const now = () => Math.ceil(read())
      const began = now()
      const course = new Course(spec, began, { began })
      const { budget } = spec
      let decision = course.first(now())
      while (decision._tag === "Wait") {
        yield* sleepUntil(decision.until)
        if (budget !== undefined) {
          if (course.isDenied()) return yield* Effect.fail(course.denied(now()))
          const asked = now()
          const turn = yield* budget.turn({ kind: "poll", due: decision.until, lane: spec.lane ?? "" })
          course.waited(turn.waited)
          if (course.isDenied()) {
            turn.giveBack()
            return yield* Effect.fail(course.denied(now()))
          }
          course.gotTurn(turn, asked, now())
        }
        const answer = yield* pollOnce(course)
        const proposed = course.seen(now(), answer)
        const proposal = Effect.isEffect(proposed)
          ? yield* Timeouts.within<Proposal, never, R>(proposed, course.patience(now()), noProposal)
          : proposed
        decision = course.decide(now(), answer, proposal, fiber.context)
      }
      return decision._tag === "Settle"
        ? decision.value
        : yield* Effect.fail(course.stopped(now(), decision.reason, decision.notBefore))
    })
  )

/**
 * Waits until the thing is terminal and returns how it settled. Fails with `PollStopped` when the wait ends first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const untilTerminal = <A, T, R = never>(spec: PollSpec<A, T, R>): Effect.Effect<A, PollStopped<T>, R> =>
  drive(spec)

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
        const exit = yield* Effect.exit(drive({ ...spec, observer }))
        if (Exit.isSuccess(exit)) yield* Queue.end(queue)
        else yield* Queue.failCause(queue, exit.cause)
      }),
    { bufferSize: options.buffer ?? 16, strategy: "sliding" }
  )
