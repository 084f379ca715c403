/**
 * `scanpoll demo`: the whole job in seconds, against simulated vendors on loopback. Touches no key, no vendor, no journal.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import * as Format from "@scanpoll/report/Format"
import * as FastTime from "@scanpoll/testkit/FastTime"
import * as SimulatedVendor from "@scanpoll/testkit/SimulatedVendor"
import * as Simulators from "@scanpoll/testkit/Simulators"
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import { type UsageError, quote, usage } from "../config/InputFault.ts"
import * as BroughtScenario from "../demo/BroughtScenario.ts"
import * as Scenario from "../demo/Scenario.ts"
import { type Streams, inert, say } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import type { Ran } from "../run/ScanAndReport.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Http from "../vendors/Http.ts"
import * as Simulated from "../vendors/Simulated.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as Run from "./Run.ts"

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

/** What is shown: the plan, the vendors that are played, and what must come out. */
interface Show {
  readonly plan: string
  readonly expected: ReadonlyArray<ScanState>
  readonly speed: number
  readonly start: (now: () => number) => Effect.Effect<Started, UsageError, Scope.Scope>
  readonly listening: string
  /** What a run that went otherwise is: ours, or the module's. */
  readonly wrong: { readonly code: number; readonly advice: ReadonlyArray<string> }
  readonly more: (code: number) => ReadonlyArray<string>
}

interface Started {
  readonly environment: Readonly<Record<string, string>>
  readonly sights: () => ReadonlyArray<Scenario.Sight>
}

const shipped: Show = {
  plan: Scenario.plan,
  expected: Scenario.expected,
  speed: 10,
  start: (now) =>
    Effect.gen(function* () {
      const simulators = yield* Effect.orDie(Simulators.make(Scenario.simulators(now)))
      const own = Simulators.environment(simulators)
      const played = yield* Effect.forEach(yield* Simulated.shipped, ({ samples, vendor }) =>
        Effect.map(
          Effect.orDie(
            SimulatedVendor.make(vendor, samples, {
              clock: now,
              seed: "demo",
              fate: () => Scenario.fates[vendor.name]
            })
          ),
          (simulated) => ({ simulated, vendor, floor: Duration.toMillis(vendor.limits.floor) })
        )
      )
      const hosts = played.map(({ simulated }) => `127.0.0.1:${simulated.port}`)
      return {
        environment: {
          ...own,
          ...Object.fromEntries(played.flatMap(({ simulated, vendor }) => Simulated.variables(vendor, simulated))),
          [Simulated.hosts]: [own[Simulated.hosts], ...hosts].join(",")
        },
        sights: () => Scenario.sights(simulators, played)
      }
    }),
  listening: "Six simulated vendors are listening on this machine",
  wrong: { code: defect, advice: [] },
  more: (code) => [
    "  - one address that three vendors judge, each by its own score: a score is never averaged with another vendor's",
    "  - a partial scan that never counts as clean, and a scan that its vendor calls failed: two different things",
    "  - a scan that was still running at its deadline: no failure, and `scanpoll wait` resumes it",
    `  - a gate at \`high\` that fails: as a step of a pipeline this run would have ended with exit code ${code}`
  ]
}

// A scan of the slowest of them takes about five seconds.
const speedOf = (playables: ReadonlyArray<Simulated.Playable>): number =>
  Math.round(
    Math.min(1000, Math.max(10, ...playables.map((one) => Duration.toSeconds(BroughtScenario.durationOf(one)) / 4)))
  )

const ofBrought = (playables: ReadonlyArray<Simulated.Playable>): Show => {
  const scenarios = playables.map((playable) => ({ ...playable, scenario: BroughtScenario.make(playable) }))
  const titles = playables.map(({ vendor }) => inert(vendor.title, 100)).join(", ")
  return {
    plan: BroughtScenario.plan(scenarios.map(({ scenario }) => scenario)),
    expected: scenarios.flatMap(({ scenario }) => scenario.expected),
    speed: speedOf(playables),
    start: (now) =>
      Effect.map(
        Effect.forEach(scenarios, ({ samples, scenario, vendor }) =>
          SimulatedVendor.make(vendor, samples, { clock: now, seed: "demo", fate: scenario.fate }).pipe(
            Effect.mapError((error) => usage(`--vendor ${vendor.name}`, error.message)),
            Effect.map((simulated) => ({ scenario, simulated, vendor }))
          )
        ),
        (all) => ({
          environment: Object.fromEntries([
            ...all.flatMap(({ simulated, vendor }) => Simulated.variables(vendor, simulated)),
            [Simulated.hosts, all.map(({ simulated }) => `127.0.0.1:${simulated.port}`).join(",")]
          ]),
          sights: () => all.flatMap(({ scenario, simulated }) => scenario.sights(simulated))
        })
      ),
    listening: `${titles}, simulated from ${playables.length === 1 ? "its" : "their"} samples, ${playables.length === 1 ? "is" : "are"} listening on this machine`,
    wrong: {
      code: 1,
      advice: ["`scanpoll vendors --check FILE` says whether the definition or its samples are wrong."]
    },
    more: () => []
  }
}

/**
 * What the demonstration ends with: the commands to type next.
 *
 * @category constructors
 * @since 0.2.0
 */
export const closing: ReadonlyArray<string> = [
  "What to type next:",
  "  scanpoll config init    # write a plan of your own, then: scanpoll run",
  "  scanpoll vendors        # what each vendor scans, and the variable its key goes into",
  "  scanpoll doctor         # would a run work from here?",
  "  scanpoll simulate       # these vendors as servers, to try all of it without a key",
  "  scanpoll serve --demo   # see it live in a browser, with runs coming in",
  "  scanpoll --help         # everything else"
]

const strange = ({ expected }: Show, ran: Ran, seen: ReadonlyArray<Scenario.Sight>): ReadonlyArray<string> => [
  ...expected.flatMap((state, index) => {
    const got = ran.records.find((record) => record.index === index)?.state ?? "missing"
    return got === state ? [] : [`target ${index + 1} is ${got}, and should be ${state}`]
  }),
  ...seen.flatMap((sight) => (sight.seen ? [] : [`not seen: ${sight.words}`]))
]

/**
 * `scanpoll demo [--dir DIR] [--vendor FILE]`. Exit code 0 when it ran as meant, whatever the scans said; 1 when a vendor of
 * the user's own did not.
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
  const playables = yield* Simulated.brought(input.flags.vendor ?? [])
  const show = playables.length === 0 ? shipped : ofBrought(playables)
  const { speed } = show
  const real = yield* Clock.Clock
  const refused = (folder: string) => () => usage(quote(folder), "cannot be made or written to")
  const folder =
    input.dir === null
      ? yield* Effect.mapError(fs.makeTempDirectory({ prefix: "scanpoll-demo-" }), refused("the temporary folder"))
      : input.dir
  yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true }), refused(folder))
  const plan = paths.join(folder, "scans.yaml")
  yield* Effect.mapError(fs.writeFileString(plan, show.plan), refused(folder))

  const fast = FastTime.make(real, speed)
  const written = files.filter(([format]) => Format.byName(format) !== undefined)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const started = yield* show.start(fast.now)
      yield* say(
        `${show.listening}; nothing leaves it, and no key or journal of yours is used.`,
        `Time is sped up: one second here is ${speed} seconds for the scans, so that two minutes of waiting take ${Math.ceil(120 / speed) === 12 ? "twelve" : Math.ceil(120 / speed)} seconds.`,
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
          ...started.environment,
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
      const seen = started.sights()
      const wrong = strange(show, ran, seen)
      if (wrong.length > 0) {
        const lines = wrong.map((line) => `  - ${inert(line, 300)}`)
        yield* say("", "The demonstration failed:", ...lines, ...show.wrong.advice)
        return show.wrong.code
      }
      yield* say(
        "",
        playables.length === 0 ? "What you have seen, beside six vendors in one report:" : "What you have seen:",
        ...seen.map((sight) => `  - ${inert(sight.words, 300)}`),
        ...show.more(ran.code),
        "",
        ...closing,
        // Only a clone runs the sources, and has no `scanpoll` on its PATH.
        ...(import.meta.url.endsWith(".ts") ? ["(in a clone, `scanpoll` is `node packages/cli/bin/scanpoll.js`)"] : [])
      )
      return 0
    })
  )
})
