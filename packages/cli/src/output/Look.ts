/**
 * How the settings want things shown to people: the level of log lines, the style of progress, colours.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import type { Settings } from "../config/Settings.ts"
import { ProcessContext, type ProcessFacts } from "../process/ProcessContext.ts"
import * as Progress from "../progress/Progress.ts"
import type * as View from "../progress/View.ts"
import * as Color from "./Color.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  all: "All",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  fatal: "Fatal",
  none: "None"
}

/**
 * Runs an effect at the log level of the settings.
 *
 * @category combinators
 * @since 0.1.0
 */
export const atLogLevel =
  (settings: Settings) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const facts = yield* ProcessContext
      // The rows on a terminal say what a warning would; a flag asks for both.
      const rows = styleOf(settings, facts) === "tty" && settings.logLevel.source === "default"
      const level = rows ? "Error" : (levels[settings.logLevel.value] ?? "Warn")
      return yield* Effect.provideService(effect, References.MinimumLogLevel, level)
    })

/**
 * The style of progress, under the settings.
 *
 * @category guards
 * @since 0.2.0
 */
export const styleOf = (settings: Settings, facts: ProcessFacts): View.Style =>
  Progress.styleOf(settings.progress.value, {
    stderrIsTerminal: facts.stderrIsTerminal,
    environment: facts.environment,
    quiet: settings.quiet.value
  })

/**
 * Whether texts for people may have colours, under the settings.
 *
 * @category guards
 * @since 0.1.0
 */
export const mayColor = (
  settings: Settings,
  facts: { readonly environment: Readonly<Record<string, string | undefined>> },
  isTerminal: boolean
): boolean => !settings.noColor.value && Color.mayColor(facts.environment, isTerminal)
