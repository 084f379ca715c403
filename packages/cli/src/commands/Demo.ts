/**
 * `scanpoll demo`: the whole job in seconds, against simulated vendors on loopback. Touches no key, no vendor, no journal.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as Format from "@scanpoll/report/Format"
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import { type UsageError, quote, usage } from "../config/InputFault.ts"
import * as Scenario from "../demo/Scenario.ts"
import { type Streams, inert, say } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import type { Ran } from "../run/Running.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Http from "../vendors/Http.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as Run from "./Run.ts"

const speed = 10

// What else the report is written as, where the format is there.
const files: ReadonlyArray<readonly [format: string, name: string]> = [
  ["html", "report.html"],
  ["json", "report.json"],
  ["sarif", "report.sarif"]
]

const defect = 70

// Its troubles are staged and told by the rows; a log line for each would only look like one of ours.
const quietLog = (flags: FlagTexts): FlagTexts =>
  flags.logLevel === undefined || flags.logLevel.length > 0 ? flags : { ...flags, logLevel: ["error"] }

const strange = (ran: Ran, seen: ReadonlyArray<Scenario.Sight>): ReadonlyArray<string> => [
  ...Scenario.expected.flatMap((state, index) => {
    const got = ran.records.find((record) => record.index === index)?.state ?? "missing"
    return got === state ? [] : [`target ${index + 1} is ${got}, and should be ${state}`]
  }),
  ...seen.flatMap((sight) => (sight.seen ? [] : [`not seen: ${sight.words}`]))
]

/**
 * `scanpoll demo [--dir DIR]`. Exit code 0 when it ran as meant, whatever the scans said.
 *
 * @category constructors
 * @since 0.1.0
 */
export const demo = Effect.fnUntraced(function* (input: {
  readonly dir: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<
  number,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | Vendors
> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const shutdown = yield* Shutdown
  const facts = yield* ProcessContext
  const real = yield* Clock.Clock
  const refused = (folder: string) => () => usage(quote(folder), "cannot be made or written to")
  const folder =
    input.dir === null
      ? yield* Effect.mapError(fs.makeTempDirectory({ prefix: "scanpoll-demo-" }), refused("the temporary folder"))
      : input.dir
  yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true }), refused(folder))
  const plan = paths.join(folder, "scans.yaml")
  yield* Effect.mapError(fs.writeFileString(plan, Scenario.plan), refused(folder))

  const fast = FastTime.make(real, speed)
  const written = files.filter(([format]) => Format.byName(format) !== undefined)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const simulators = yield* Effect.orDie(Simulators.make(Scenario.simulators(fast.now)))
      yield* say(
        "Three simulated vendors are listening on this machine; nothing leaves it, and no key or journal of yours is used.",
        `Time is sped up: one second here is ${speed} seconds for the scans, so that two minutes of waiting take twelve seconds.`,
        `The plan: ${inert(plan)}`,
        ""
      )
      const flags: FlagTexts = {
        ...quietLog(input.flags),
        journal: ["memory:"],
        output: ["text", ...written.map(([format, name]) => `${format}=${paths.join(folder, name)}`)]
      }
      const surroundings = {
        ...facts,
        environment: {
          ...Simulators.environment(simulators),
          ...Object.fromEntries(
            ["TERM", "CI", "NO_COLOR", "FORCE_COLOR"].map((name) => [name, facts.environment[name]] as const)
          )
        }
      }
      const ran = yield* Run.execute({ words: [plan], flags }, { realClock: real }).pipe(
        Effect.provide(FastTime.http(fast).pipe(Layer.provide(Http.layer), Layer.merge(RateBudget.layerMemory))),
        Effect.provideService(ProcessContext, surroundings),
        Effect.provideService(Clock.Clock, fast.clock)
      )
      if (shutdown.isRequested()) return 130
      const seen = Scenario.sights(simulators)
      const wrong = strange(ran, seen)
      if (wrong.length > 0) {
        yield* say("", "The demonstration did not run as meant:", ...wrong.map((line) => `  - ${line}`))
        return defect
      }
      yield* say(
        "",
        "What you have seen, beside three vendors in one report:",
        ...seen.map((sight) => `  - ${sight.words}`),
        "  - a partial scan that never counts as clean, and a scan that its vendor calls failed: two different things",
        "  - a scan that was still running at its deadline: no failure, and `scanpoll wait` goes on with it",
        `  - a gate at \`high\` that is broken: as a step of a pipeline this run would have ended with exit code ${ran.code}`,
        "",
        "What to type next:",
        "  scanpoll config init            write a plan of your own, then: scanpoll run",
        "  scanpoll vendors                what each vendor scans, and the variable its key goes into",
        "  scanpoll doctor                 would a run work from here?",
        "  scanpoll simulate               these vendors as servers, to try all of it without a key",
        "  scanpoll --help                 everything else",
        // Only a clone runs the sources, and has no `scanpoll` on its PATH.
        ...(import.meta.url.endsWith(".ts") ? ["(in a clone, `scanpoll` is `node packages/cli/bin/scanpoll.js`)"] : [])
      )
      return 0
    })
  )
})
