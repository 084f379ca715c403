/**
 * What `scanpoll serve --demo` shows: a journal of its own in a temporary folder, with runs of two days, and a run of simulated
 * vendors that begins every half minute. Touches no key, no vendor and no journal of the user.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import * as LiveScenario from "../demo/LiveScenario.ts"
import { say, Streams, type Writers } from "../output/Streams.ts"
import { ProcessContext, type ProcessFacts } from "../process/ProcessContext.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as Http from "../vendors/Http.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as Run from "./Run.ts"

const day = 86_400_000
const every = "30 seconds"
// A run of the past takes some seconds. Faster, and a busy machine could not answer a submission in its time.
const speed = 15

// Its runs are seen on the page.
const silent: Writers = {
  out: () => Effect.void,
  err: () => Effect.void,
  errUnsafe: () => {},
  interpose: () => Effect.void,
  readerGone: Effect.never
}

// The same clock some time ago.
const ago = (real: Clock.Clock, millis: number): Clock.Clock => {
  const currentTimeNanosUnsafe = (): bigint => real.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n
  const currentTimeMillisUnsafe = (): number => real.currentTimeMillisUnsafe() - millis
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: Effect.sync(() => real.monotonicTimeNanosUnsafe()),
    sleep: (duration) => real.sleep(duration)
  }
}

/**
 * What the demonstration is served from: its journal, and the facts of the process with the simulated vendors' keys and
 * addresses in place of the user's. Runs begin while the scope lasts.
 *
 * @category models
 * @since 0.2.0
 */
export interface Shown {
  readonly journal: string
  readonly facts: ProcessFacts
}

/**
 * Starts the vendors, makes the past, and begins to run.
 *
 * @category constructors
 * @since 0.2.0
 */
export const start: Effect.Effect<
  Shown,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | Vendors | Scope.Scope
> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const given = yield* ProcessContext
  const real = yield* Clock.Clock
  const folder = yield* Effect.mapError(fs.makeTempDirectoryScoped({ prefix: "scanpoll-serve-" }), () =>
    usage("--demo", "the temporary folder cannot be made")
  )
  const files = LiveScenario.plans.map(([name, text]) => ({ file: paths.join(folder, name), text }))
  for (const { file, text } of files) {
    yield* Effect.mapError(fs.writeFileString(file, text), () => usage(quote(file), "cannot be written"))
  }
  let now = (): number => real.currentTimeMillisUnsafe()
  let round = 0
  const simulators = yield* Effect.orDie(
    Simulators.make(
      LiveScenario.simulators(
        () => now(),
        () => round
      )
    )
  )
  const facts = {
    ...given,
    home: folder,
    environment: {
      ...Simulators.environment(simulators),
      XDG_STATE_HOME: folder,
      LOCALAPPDATA: folder,
      ...Object.fromEntries(["TERM", "CI", "NO_COLOR", "FORCE_COLOR"].map((name) => [name, given.environment[name]]))
    }
  }
  const journal = paths.join(folder, "demo.db")
  const flags = {
    journal: [journal],
    reuse: ["0"],
    deadline: ["3m"],
    output: [`json=${paths.join(folder, "last.json")}`],
    logLevel: ["none"],
    progress: ["none"]
  }
  const run = (file: string, time: FastTime.FastTime | null) =>
    Run.execute({ words: [file], flags }, { realClock: real }).pipe(
      Effect.provide(
        (time === null ? Http.layer : FastTime.http(time).pipe(Layer.provide(Http.layer))).pipe(
          Layer.merge(RateBudget.layerMemory)
        )
      ),
      Effect.provideService(ProcessContext, facts),
      Effect.provideService(Streams, silent),
      Effect.provideService(Clock.Clock, time === null ? real : time.clock)
    )

  yield* say(
    "Three simulated vendors are listening on this machine; nothing leaves it, and no key or journal of yours is used.",
    "Making the runs of two days; it takes a few seconds."
  )
  for (const days of LiveScenario.rounds) {
    const past = FastTime.make(ago(real, days * day), speed)
    now = past.now
    yield* Effect.forEach(files, ({ file }) => run(file, past), { concurrency: "unbounded" })
    round += 1
  }
  now = () => real.currentTimeMillisUnsafe()
  const rounds = Effect.forever(
    Effect.gen(function* () {
      const next = files[round % files.length]
      round += 1
      if (next !== undefined) yield* Effect.forkScoped(Effect.ignore(run(next.file, null)))
      yield* Effect.sleep(every)
    })
  )
  yield* Effect.forkScoped(rounds)
  return { journal, facts }
})
