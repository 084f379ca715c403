// Runs the command inside the test's own process, with streams that are texts and surroundings that are given.
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as Hurry from "@scanpoll/test-support/hurry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import process from "node:process"
import * as Program from "scanpoll/Program"
import { Streams } from "scanpoll/output/Streams"

import * as Shutdown from "scanpoll/process/Shutdown"
import { ProcessContext, type ProcessFacts } from "scanpoll/process/ProcessContext"
import { type Ended, type Options, scanpoll } from "./command.ts"

export interface Said {
  readonly out: string
  readonly err: string
  readonly failure: unknown
}

/** What a command without a terminal is started in. */
export const facts = (environment: Readonly<Record<string, string>>, directory: string): ProcessFacts => ({
  environment,
  directory,
  home: environment["HOME"] ?? "/nowhere",
  platform: "linux",
  stdinIsTerminal: false,
  stdoutIsTerminal: false,
  stderrIsTerminal: false,
  columns: () => 80,
  rows: () => 24,
  nodeVersion: "24.0.0"
})

const running = (args: ReadonlyArray<string>, surroundings: ProcessFacts) =>
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
    return Program.run(args).pipe(
      Effect.provide(
        Layer.mergeAll(
          streams,
          Layer.succeed(ProcessContext, surroundings),
          Layer.succeed(Shutdown.Shutdown, Shutdown.make().operations)
        )
      ),
      Effect.exit,
      Effect.map((exit) => ({ out, err, exit }))
    )
  })

export const inside = (
  args: ReadonlyArray<string>,
  options: {
    readonly columns?: number
    readonly environment?: Readonly<Record<string, string>>
    readonly terminal?: boolean
  } = {}
): Effect.Effect<Said> =>
  Effect.map(
    running(args, {
      ...facts(options.environment ?? {}, "/nowhere"),
      home: "/nowhere",
      stdinIsTerminal: options.terminal ?? false,
      stdoutIsTerminal: options.terminal ?? false,
      stderrIsTerminal: options.terminal ?? false,
      columns: () => options.columns ?? 80
    }),
    ({ err, exit, out }) => ({ out, err, failure: Exit.isFailure(exit) ? Cause.squash(exit.cause) : null })
  )

// Paths are read from where the process is, so one command runs at a time.
const at = <A, E, R>(directory: string | undefined, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  directory === undefined
    ? effect
    : Effect.acquireUseRelease(
        Effect.sync(() => {
          const before = process.cwd()
          process.chdir(directory)
          return before
        }),
        () => effect,
        (before) => Effect.sync(() => process.chdir(before))
      )

// A machine whose wall clock is ahead of everybody's.
const aheadBy = (clock: Clock.Clock, millis: number): Clock.Clock => {
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + millis
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + BigInt(millis) * 1_000_000n
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

// What only a process has: signals, streams of its own, the wall's time.
const needsProcess = ({ environment, stdout, time, watch }: Options): boolean =>
  watch !== undefined || stdout !== undefined || time === "real" || environment?.["NODE_OPTIONS"] !== undefined

/**
 * What `scanpoll` of `command.ts` does, without a process wherever the options ask for nothing that only one has: in a
 * twentieth of the time. Its time is hurried as that one's. Keys that it has read stay known to the test's process, so what
 * looks for keys in what is told starts one. `ahead` is by how many milliseconds its wall clock is wrong.
 */
export const scanpollInside = (
  args: ReadonlyArray<string>,
  options: Options & { readonly ahead?: number } = {}
): Effect.Effect<Ended> =>
  Effect.gen(function* () {
    if (needsProcess(options)) return yield* scanpoll(args, options)
    const { clock } = FastTime.make(yield* Clock.Clock, Hurry.speed, Hurry.began)
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? "",
      TZ: "UTC",
      SCANPOLL_JOURNAL: "memory:",
      ...options.environment
    }
    const { err, exit, out } = yield* at(
      options.directory,
      Effect.provideService(
        Effect.suspend(() => running(args, facts(environment, process.cwd()))),
        Clock.Clock,
        aheadBy(clock, options.ahead ?? 0)
      )
    )
    return { code: Program.codeOf(exit), stdout: out, stderr: err }
  })
