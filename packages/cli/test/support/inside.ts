// Runs the command inside the test's own process, with streams that are texts and surroundings that are given.
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Cli from "scanpoll/Cli"
import { Streams } from "scanpoll/output/Streams"
import * as Shutdown from "scanpoll/process/Shutdown"
import { ProcessContext } from "scanpoll/process/ProcessContext"
import { ProcessExit } from "scanpoll/process/ProcessExit"

export interface Said {
  readonly out: string
  readonly err: string
  readonly failure: unknown
}

/** The same, told as a process tells it: by its exit code and its two streams. */
export const insideAsProcess = (
  ...given: Parameters<typeof inside>
): Effect.Effect<{ readonly code: number; readonly stdout: string; readonly stderr: string }> =>
  Effect.map(inside(...given), ({ err, failure, out }) => ({
    code: failure === null ? 0 : failure instanceof ProcessExit ? failure.code : Number.NaN,
    stdout: out,
    stderr: failure instanceof Error && !(failure instanceof ProcessExit) ? `${err}${failure.message}` : err
  }))

export const inside = (
  args: ReadonlyArray<string>,
  options: {
    readonly columns?: number
    readonly environment?: Readonly<Record<string, string>>
    readonly terminal?: boolean
  } = {}
): Effect.Effect<Said> =>
  Effect.suspend(() => {
    let out = ""
    let err = ""
    const streams = Layer.succeed(Streams, {
      out: (text) => Effect.sync(() => void (out += text)),
      err: (text) => Effect.sync(() => void (err += text)),
      errUnsafe: (text) => void (err += text),
      interpose: () => Effect.void,
      readerGone: Effect.never
    })
    const surroundings = Layer.succeed(ProcessContext, {
      environment: options.environment ?? {},
      directory: "/nowhere",
      home: "/nowhere",
      platform: "linux",
      stdoutIsTerminal: options.terminal ?? false,
      stderrIsTerminal: options.terminal ?? false,
      columns: () => options.columns ?? 80,
      rows: () => 24,
      nodeVersion: "24.0.0"
    })
    return Cli.main(args).pipe(
      Effect.provide(
        Layer.mergeAll(
          NodeServices.layer,
          streams,
          surroundings,
          Layer.succeed(Shutdown.Shutdown, Shutdown.make().operations)
        )
      ),
      Effect.exit,
      Effect.map((exit) => ({ out, err, failure: Exit.isFailure(exit) ? Cause.squash(exit.cause) : null }))
    )
  })
