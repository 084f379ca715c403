/**
 * The whole command between its arguments and its exit code, whatever process it runs in: `main.ts` adds the signals and the
 * end of the process.
 *
 * @since 0.2.0
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Cli from "./Cli.ts"
import * as Log from "./output/Log.ts"
import * as Secrets from "./output/Secrets.ts"
import * as Streams from "./output/Streams.ts"
import * as MissingPackage from "./process/MissingPackage.ts"
import { ProcessContext } from "./process/ProcessContext.ts"
import { ProcessExit } from "./process/ProcessExit.ts"
import type { Shutdown } from "./process/Shutdown.ts"

/**
 * The exit code of a command that was interrupted.
 *
 * @category constructors
 * @since 0.2.0
 */
export const interrupted = 130

/**
 * The exit code of a defect of scanpoll itself, or of a vendor's module.
 *
 * @category constructors
 * @since 0.2.0
 */
export const defect = 70

/**
 * The exit code that an end means.
 *
 * @category combinators
 * @since 0.2.0
 */
export const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return interrupted
  const error = Cause.squash(exit.cause)
  if (error instanceof ProcessExit) return error.code
  if (MissingPackage.wordsOf(error) !== null) return 2
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  return defect
}

const isDefect = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && !(Cause.squash(exit.cause) instanceof ProcessExit) && codeOf(exit) === defect

/**
 * Runs the command with these arguments; a defect has then been told. What goes to standard error through these streams has
 * no key of the environment in it.
 *
 * @category running
 * @since 0.2.0
 */
export const run = (
  args: ReadonlyArray<string>
): Effect.Effect<void, ProcessExit | CliError.CliError, Streams.Streams | Shutdown> =>
  Effect.gen(function* () {
    const { environment } = yield* ProcessContext
    const streams = Streams.gated(yield* Streams.Streams, Secrets.scrubberOf(environment))
    const gated = Layer.succeed(Streams.Streams, streams)
    return yield* Cli.main(args).pipe(
      Effect.tapCause((cause) => {
        const error = Cause.squash(cause)
        const missing = MissingPackage.wordsOf(error)
        if (missing !== null) return streams.err(SafeText.lines(Streams.inert(`scanpoll: ${missing}`)))
        if (!isDefect(Exit.failCause(cause))) return Effect.void
        const words = error instanceof Error ? error.message : String(error)
        const stack = Streams.inertLines(Cause.pretty(cause))
        return streams.err(SafeText.lines(`scanpoll: a defect of scanpoll itself: ${Streams.inert(words)}`, stack))
      }),
      Effect.provide(Layer.mergeAll(NodeServices.layer, gated, Layer.provide(Log.layer, gated)))
    )
  })
