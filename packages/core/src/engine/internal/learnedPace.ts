// Paces that ask to be planned by what past scans have taught: which they are, their goals, and what they are until then.
import type * as Duration from "effect/Duration"
import type * as PollPlanner from "../../policy/PollPlanner.ts"
import type * as PollPolicy from "../../policy/PollPolicy.ts"
import type { PollTick } from "../../policy/internal/pollTick.ts"

interface Mark {
  readonly pace: (tick: PollTick) => Duration.Duration
  readonly goal: PollPlanner.Goal
}

export const marks = new WeakMap<object, Mark>()

/** The pace that a policy documents; null for a schedule, which cannot be read ahead. */
export const documentedPace = (
  policy: PollPolicy.PollPolicy<unknown>
): ((tick: PollTick) => Duration.Duration) | null => {
  const { pace } = policy
  return marks.get(pace)?.pace ?? (typeof pace === "function" ? pace : null)
}
