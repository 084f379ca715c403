/**
 * Shows how a run goes, on standard error, in the style that was asked for.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type * as Board from "./Board.ts"
import * as Lines from "./Lines.ts"
import * as Rows from "./Rows.ts"
import type * as TimeLeft from "./TimeLeft.ts"
import type * as View from "./View.ts"

/**
 * The style that was asked for, or the one that fits standard error.
 *
 * @category constructors
 * @since 0.1.0
 */
export const styleOf = (
  asked: "auto" | View.Style,
  facts: {
    readonly stderrIsTerminal: boolean
    readonly environment: Readonly<Record<string, string | undefined>>
    readonly quiet: boolean
  }
): View.Style => {
  if (facts.quiet) return "none"
  if (asked !== "auto") return asked
  const { environment } = facts
  const dumb = environment["TERM"] === "dumb" || (environment["CI"] ?? "") !== ""
  return facts.stderrIsTerminal && !dumb ? "tty" : "plain"
}

const silent: View.View = { observer: () => {} }

/**
 * Begins to show a run of so many scans. `realClock` times the redrawing where the run's own clock is another one;
 * `typeOf` gives the type of the scan at an index, `scanAt` what is known of its duration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const begin = (
  style: View.Style,
  total: number,
  options: {
    readonly color: boolean
    readonly realClock: Clock.Clock
    readonly typeOf: Board.TypeOf
    readonly scanAt: TimeLeft.ScanAt
  }
): Effect.Effect<View.View, never, Streams | Scope.Scope> => {
  switch (style) {
    case "none":
      return Effect.succeed(silent)
    case "plain":
      return Lines.begin(total, options.realClock, options)
    case "tty":
      return Effect.gen(function* () {
        const facts = yield* ProcessContext
        return yield* Rows.begin(total, { ...options, facts })
      })
  }
}
