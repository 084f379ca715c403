// Log lines that cannot fail a request, and what of a defect they may show. May touch: the logger. Law: a line shows where a
// defect was made and never what it said.
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

// The code of what a mistake in a program ended.
export const defectCode = "defect"

// A logger that throws costs its line and nothing else.
export const undisturbed = (log: Effect.Effect<void>): Effect.Effect<void> => Effect.catchCause(log, () => Effect.void)

// Where a defect was made, for the log. What it says stays out: it may hold anything, a credential too.
export const whereabouts = (cause: Cause.Cause<unknown>): string =>
  cause.reasons
    .map((reason) => {
      if (reason._tag !== "Die") return reason._tag
      const { defect } = reason
      if (!(defect instanceof Error)) return typeof defect
      const { message, stack = "" } = defect
      const said = stack.indexOf(message)
      const frames = said < 0 ? "" : stack.slice(said + message.length)
      return `${defect.constructor.name} ${frames.slice(frames.indexOf("\n") + 1, 2000).trim()}`
    })
    .join("; ")
