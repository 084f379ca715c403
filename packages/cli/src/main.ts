/**
 * The entry of the process: runs the command, listens to signals, and decides how the process ends.
 *
 * @since 0.1.0
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { SubmissionGrace } from "@scanpoll/core/unstable/engine/SubmissionGrace"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import process from "node:process"
import * as Cli from "./Cli.ts"
import { ProcessExit } from "./process/ProcessExit.ts"
import * as Log from "./output/Log.ts"
import * as Secrets from "./output/Secrets.ts"
import * as Streams from "./output/Streams.ts"
import * as Shutdown from "./process/Shutdown.ts"

const interrupted = 130
const defect = 70

// A run of the whole group and a launcher that passes a signal on deliver it twice; no person is that quick.
const sameSignal = 100
// Who stops a program kills it after ten seconds: a submission in flight has most of them, the report the rest.
const submissionGrace = Duration.seconds(8)
const bound = "9500 millis"

const shutdown = Shutdown.make()

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  let first: number | null = null
  const onSignal = (): void => {
    const now = performance.now()
    if (first !== null) {
      if (now - first > sameSignal) process.exit(interrupted)
      return
    }
    first = now
    Effect.runFork(
      Effect.andThen(
        Effect.sleep(bound),
        Effect.sync(() => process.exit(interrupted))
      )
    )
    if (!shutdown.request()) fiber.interruptUnsafe(fiber.id)
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal)
  fiber.addObserver((exit) => teardown(exit, (code) => process.exit(code)))
})

const isDefect = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && !(Cause.squash(exit.cause) instanceof ProcessExit) && codeOf(exit) === defect

const codeOf = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit)) return 0
  if (Cause.hasInterruptsOnly(exit.cause)) return interrupted
  const error = Cause.squash(exit.cause)
  if (error instanceof ProcessExit) return error.code
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : 2
  return defect
}

const scrub = Secrets.scrubberOf(process.env)

const streams = Layer.effect(
  Streams.Streams,
  Effect.map(Streams.Streams, (inner) => Streams.gated(inner, scrub))
).pipe(Layer.provide(Streams.layer))

const program = Effect.gen(function* () {
  const streams = yield* Streams.Streams
  yield* Cli.main(process.argv.slice(2)).pipe(
    Effect.tapCause((cause) => {
      if (!isDefect(Exit.failCause(cause))) return Effect.void
      const error = Cause.squash(cause)
      const words = error instanceof Error ? error.message : String(error)
      return streams.err(`scanpoll: a defect of scanpoll itself: ${Streams.inert(words)}\n${Cause.pretty(cause)}\n`)
    })
  )
}).pipe(
  Effect.provide(
    Layer.mergeAll(
      NodeServices.layer,
      streams,
      Layer.succeed(Shutdown.Shutdown, shutdown.operations),
      Layer.succeed(SubmissionGrace, submissionGrace),
      Layer.provide(Log.layer, streams)
    )
  )
)

runMain(program, { disableErrorReporting: true, teardown: (exit, end) => end(codeOf(exit)) })
