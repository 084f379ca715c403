// The ways into a crew: that of a fleet, or the one that all waits without a fleet share. Touches nothing else. Law: a crew
// that nobody waits in has no timer.
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import type { PollStopped } from "../../model/PollStopped.ts"
import type { PollSpec } from "./pollSpec.ts"
import { mistake } from "./course.ts"
import { Crew, leaving } from "./crew.ts"

/** Waits among the waits of `crewOf`. */
export const waitIn = <A, T, R>(
  crewOf: (context: Context.Context<never>) => Crew,
  spec: PollSpec<A, T, R>
): Effect.Effect<A, PollStopped<T>, R> =>
  Effect.contextWith((context: Context.Context<R>): Effect.Effect<A, PollStopped<T>, R> => {
    const wrong = mistake(spec)
    if (wrong !== null) return Effect.die(wrong)
    return Effect.callback<A, PollStopped<T>>((resume) => leaving(crewOf(context).begin(spec, context, resume)))
  })

// Waits that belong to no fleet, by their clock and their scheduler: a timer that runs on another scheduler than the waits
// it serves never rings for them. One that is empty has no timer.
const shared = new WeakMap<Clock.Clock, WeakMap<Scheduler.Scheduler, Crew>>()

const sharedCrew = (context: Context.Context<never>): Crew => {
  const clock = Context.get(context, Clock.Clock)
  const scheduler = Context.get(context, Scheduler.Scheduler)
  let known = shared.get(clock)
  if (known === undefined) shared.set(clock, (known = new WeakMap()))
  let crew = known.get(scheduler)
  if (crew === undefined) {
    const home = Context.add(Context.make(Clock.Clock, clock), Scheduler.Scheduler, scheduler)
    known.set(scheduler, (crew = new Crew(clock, home)))
  }
  return crew
}

/** Waits on the timer that all waits without a fleet share. */
export const waitAlone = <A, T, R>(spec: PollSpec<A, T, R>): Effect.Effect<A, PollStopped<T>, R> =>
  waitIn(sharedCrew, spec)
