/**
 * The whole surface of the command: every subcommand, its words and its flags.
 *
 * What a subcommand does is loaded when it is called, so that help and version are quick. A usage error ends with exit
 * code 2 and leaves standard output empty.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Argument from "effect/cli/Argument"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Flags from "./config/Flags.ts"
import { UsageError } from "./config/InputFault.ts"
import * as Secrets from "./output/Secrets.ts"
import { ownFlags, variable } from "./config/Setting.ts"
import { ProcessExit } from "./process/ProcessExit.ts"
import { inert, say, Streams, type Writers } from "./output/Streams.ts"
import { mayColor } from "./output/Color.ts"
import type { Shutdown } from "./process/Shutdown.ts"
import { ProcessContext } from "./process/ProcessContext.ts"
import { version } from "./process/Version.ts"

// An address that was typed with a name and a password in it is told without them.
const withoutPasswords = (line: string): string => line.replace(/(:\/\/)[^\s/@"]+@/g, "$1…@")

// Says why a command cannot be done, and turns its exit code into the end of the process.
const end = <R>(
  command: Effect.Effect<number, UsageError | JournalError, R>
): Effect.Effect<void, ProcessExit, R | Streams> =>
  command.pipe(
    Effect.catchTag("UsageError", ({ faults }) =>
      Effect.as(
        say(
          faults.length === 1
            ? "scanpoll: nothing was sent, because of this:"
            : `scanpoll: nothing was sent, because of these ${faults.length} faults:`,
          ...faults.map((fault) => withoutPasswords(`  ${inert(fault.where, 300)}: ${inert(fault.message, 600)}`))
        ),
        2
      )
    ),
    Effect.catchTag("JournalError", (error) =>
      Effect.as(
        say(
          `scanpoll: nothing was sent: ${inert(error.message)}`,
          "  another journal: --journal PATH; none that outlives the run: --journal memory:"
        ),
        74
      )
    ),
    Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ProcessExit({ code }))))
  )

const load = <Module, R>(
  module: () => Promise<Module>,
  use: (module: Module) => Effect.Effect<number, UsageError | JournalError, R>
): Effect.Effect<void, ProcessExit, R | Streams> => end(Effect.flatMap(Effect.promise(module), use))

// Telemetry is loaded only where the environment names a collector.
const observed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Streams> =>
  Effect.flatMap(ProcessContext, ({ environment }) =>
    (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "") === ""
      ? effect
      : Effect.flatMap(
          Effect.promise(() => import("./process/Telemetry.ts")),
          (telemetry) => {
            const endpoint = telemetry.endpointOf(environment)
            return endpoint === null
              ? Effect.andThen(
                  say("warning: OTEL_EXPORTER_OTLP_ENDPOINT is no http address; nothing is exported"),
                  effect
                )
              : Effect.provide(effect, telemetry.layer(endpoint))
          }
        )
  )

const withHttp = <Module, E extends UsageError | JournalError, R>(
  module: () => Promise<Module>,
  use: (module: Module) => Effect.Effect<number, E, R>
) =>
  end(
    Effect.flatMap(
      Effect.promise(() => Promise.all([module(), import("./vendors/Http.ts")])),
      ([loaded, http]) => observed(Effect.provide(use(loaded), http.layer))
    )
  )

const planOrTargets = Argument.String("plan|target").pipe(
  Argument.withDescription("A plan file (default: scans.yaml), or targets such as appvet:https://example.com"),
  Argument.variadic({ min: 0 })
)
const keyWord = Argument.String("key").pipe(
  Argument.withDescription("vendor:scanId, vendor@account:scanId with --plan, or a claim of the journal")
)
const keyWords = keyWord.pipe(Argument.variadic({ min: 1 }))
const planWord = Argument.String("plan").pipe(
  Argument.withDescription("A plan file (default: scans.yaml)"),
  Argument.optional
)
// A flag of one command; like every flag it has a variable.
const own = (name: (typeof ownFlags)[number], metavar: string, words: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(words),
    Flag.withFallbackConfig(Config.String(variable({ flag: name }))),
    Flag.optional
  )

const planFlag = own("plan", "FILE", "A plan file, for its accounts and settings")

const dryRun = Flag.Boolean("dry-run").pipe(
  Flag.withDescription("Say what would be asked, when, and at what cost, and send nothing"),
  Flag.withoutNegation,
  Flag.withFallbackConfig(Config.Boolean(variable({ flag: "dry-run" }))),
  Flag.withDefault(false)
)

const run = Command.make("run", { words: planOrTargets, dryRun, ...Flags.of.run }, ({ dryRun, words, ...flags }) =>
  withHttp(
    () => import("./commands/Run.ts"),
    (module) => module.run({ words, dryRun, flags })
  )
).pipe(
  Command.withDescription("Submit scans, wait until they end, report and gate"),
  Command.withExamples([
    { command: "scanpoll run appvet:https://example.com", description: "One site, the report on screen" },
    { command: 'scanpoll run "exona:Acme AI Ltd=https://acme.ai" appvet:https://acme.ai', description: "Two vendors" },
    { command: "scanpoll run scans.yaml --dry-run", description: "What a plan would cost; sends nothing" },
    {
      command: "scanpoll run scans.yaml --fail-on high -o text -o sarif=scans.sarif",
      description: "A step of a pipeline: exit 1 at high or worse, and a file for code scanning"
    },
    {
      command: "scanpoll run --baseline known.json --fail-on-new medium",
      description: "Only what is new since a baseline counts"
    }
  ])
)

const submit = Command.make("submit", { words: planOrTargets, ...Flags.of.submit }, ({ words, ...flags }) =>
  withHttp(
    () => import("./commands/Submit.ts"),
    (module) => module.submit({ words, flags })
  )
).pipe(
  Command.withDescription("Submit scans and print their keys, without waiting"),
  Command.withExamples([
    { command: "scanpoll submit scans.yaml > keys.txt", description: "Submit now" },
    { command: "scanpoll wait $(cat keys.txt)", description: "Wait later, perhaps elsewhere" }
  ])
)

const wait = Command.make("wait", { words: keyWords, plan: planFlag, ...Flags.of.wait }, ({ plan, words, ...flags }) =>
  withHttp(
    () => import("./commands/Wait.ts"),
    (module) => module.wait({ words, plan: Option.getOrNull(plan), flags })
  )
).pipe(
  Command.withDescription("Wait for scans that exist already, report and gate; buys nothing"),
  Command.withShortDescription("Wait for scans that exist already; buys nothing"),
  Command.withExamples([
    { command: "scanpoll wait appvet:scan_abc123 exona:scn_01hxyz" },
    { command: "scanpoll wait appvet:scan_abc123 --deadline 15m -o json=scan.json" }
  ])
)

const status = Command.make(
  "status",
  { words: keyWord.pipe(Argument.variadic({ min: 0 })), plan: planFlag, ...Flags.of.status },
  ({ plan, words, ...flags }) =>
    words.length === 0
      ? load(
          () => import("./commands/JournalCommands.ts"),
          (module) => module.overview({ flags })
        )
      : withHttp(
          () => import("./commands/Status.ts"),
          (module) => module.status({ words, plan: Option.getOrNull(plan), flags })
        )
).pipe(
  Command.withDescription("Ask once how scans stand, or show what the journal has open"),
  Command.withExamples([
    { command: "scanpoll status", description: "What is open and in doubt, as the journal has it" },
    { command: "scanpoll status appvet:scan_abc123 -o json", description: "One request to the vendor" }
  ])
)

const resume = Command.make("resume", { plan: planFlag, ...Flags.of.resume }, ({ plan, ...flags }) =>
  withHttp(
    () => import("./commands/Resume.ts"),
    (module) => module.resume({ plan: Option.getOrNull(plan), flags })
  )
).pipe(
  Command.withDescription("Go on with every open scan of the journal, report and gate; buys nothing"),
  Command.withShortDescription("Go on with every open scan of the journal; buys nothing"),
  Command.withExamples([{ command: "scanpoll resume --fail-on high -o text -o json=scans.json" }])
)

const release = Flag.Boolean("release").pipe(
  Flag.withDescription("There is no such scan: it may be bought again"),
  Flag.withoutNegation,
  Flag.withFallbackConfig(Config.Boolean(variable({ flag: "release" }))),
  Flag.withDefault(false)
)

const reconcile = Command.make(
  "reconcile",
  {
    claim: Argument.String("claim").pipe(Argument.withDescription("A claim in doubt, as `scanpoll status` names it")),
    plan: planFlag,
    release,
    as: own("as", "SCANID", "The scan is there, under this id"),
    ...Flags.of.reconcile
  },
  ({ as, claim, plan, release, ...flags }) =>
    withHttp(
      () => import("./commands/JournalCommands.ts"),
      (module) => module.reconcile({ claim, plan: Option.getOrNull(plan), release, as: Option.getOrNull(as), flags })
    )
).pipe(
  Command.withDescription("Find out what became of a submission whose answer was lost, or say it; buys nothing"),
  Command.withShortDescription("Settle a submission whose answer was lost; buys nothing"),
  Command.withExamples([
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j", description: "Ask the vendor" },
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j --as scan_abc123", description: "It is there" },
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j --release", description: "It is not" }
  ])
)

const history = Command.make(
  "history",
  {
    words: Argument.String("word").pipe(
      Argument.withDescription("Part of a vendor's or a subject's name"),
      Argument.variadic({ min: 0 })
    ),
    limit: own("limit", "N", "How many answers to look back at (default: 1000)"),
    ...Flags.of.history
  },
  ({ limit, words, ...flags }) =>
    load(
      () => import("./commands/JournalCommands.ts"),
      (module) => module.history({ words, limit: Option.getOrNull(limit), flags })
    )
).pipe(
  Command.withDescription("Show earlier answers to equal requests, what changed, and where it goes"),
  Command.withShortDescription("Show earlier answers to equal requests"),
  Command.withExamples([{ command: "scanpoll history appvet example.com" }])
)

const purge = Command.make(
  "purge",
  { olderThan: own("older-than", "DURATION", "How old what is forgotten must be, such as 90d"), ...Flags.of.purge },
  ({ olderThan, ...flags }) =>
    load(
      () => import("./commands/JournalCommands.ts"),
      (module) => module.purge({ olderThan: Option.getOrNull(olderThan), flags })
    )
).pipe(
  Command.withDescription("Forget what ended long ago; what is open or in doubt stays"),
  Command.withExamples([{ command: "scanpoll purge --older-than 90d" }])
)

const report = Command.make(
  "report",
  {
    words: Argument.String("file").pipe(
      Argument.withDescription("A report that was saved as json"),
      Argument.variadic({ min: 1 })
    ),
    ...Flags.of.report
  },
  ({ words, ...flags }) =>
    load(
      () => import("./commands/ReportFiles.ts"),
      (module) => module.report({ words, flags })
    )
).pipe(
  Command.withDescription(
    "Render saved reports in other formats, together and offline, under the same gate or another"
  ),
  Command.withShortDescription("Render saved reports in other formats, offline"),
  Command.withExamples([
    { command: "scanpoll report scans.json --fail-on critical -o markdown" },
    { command: "scanpoll report shard-*.json -o html=all.html", description: "Several runs as one report" }
  ])
)

const diff = Command.make(
  "diff",
  {
    base: Argument.String("base").pipe(Argument.withDescription("The earlier report, saved as json")),
    head: Argument.String("head").pipe(Argument.withDescription("The later report, saved as json")),
    ...Flags.of.diff
  },
  ({ base, head, ...flags }) =>
    load(
      () => import("./commands/ReportFiles.ts"),
      (module) => module.diff({ base, head, flags })
    )
).pipe(
  Command.withDescription("Show what changed between two reports, and what cannot be compared"),
  Command.withShortDescription("Show what changed between two reports"),
  Command.withExamples([{ command: "scanpoll diff last-week.json today.json --fail-on-new high" }])
)

const assessments = Flag.Boolean("assessments").pipe(
  Flag.withDescription("Accept the assessments of its scans as well, as long as they get no worse"),
  Flag.withoutNegation,
  Flag.withFallbackConfig(Config.Boolean(variable({ flag: "assessments" }))),
  Flag.withDefault(false)
)

const baselineWrite = Command.make(
  "write",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The baseline to write")),
    from: own("from", "RUN.json", "The report of a complete run, saved as json"),
    reason: own("reason", "TEXT", "Accept its findings, for this reason; without one they are merely known"),
    until: own("until", "DATE", "Accepted up to this day, such as 2027-01-31, or time, such as 2027-01-31T18:00:00Z"),
    by: own("by", "NAME", "Who accepts it; the user of this machine by default"),
    assessments
  },
  ({ assessments, by, file, from, reason, until }) =>
    load(
      () => import("./commands/WriteBaseline.ts"),
      (module) =>
        module.writeBaseline({
          file,
          from: Option.getOrNull(from),
          reason: Option.getOrNull(reason),
          until: Option.getOrNull(until),
          by: Option.getOrNull(by),
          assessments
        })
    )
).pipe(
  Command.withDescription("Write what a complete run found as known, or as accepted"),
  Command.withExamples([
    { command: "scanpoll baseline write known.json --from scans.json" },
    {
      command:
        'scanpoll baseline write accepted.json --from scans.json --reason "until the new login" --until 2027-01-31'
    }
  ])
)

const baseline = Command.make("baseline").pipe(
  Command.withDescription("Keep what is known, so that a gate can ask for what is new"),
  Command.withSubcommands([baselineWrite])
)

const vendors = Command.make("vendors", Flags.of.show, (flags) =>
  load(
    () => import("./commands/VendorList.ts"),
    (module) => module.vendors({ flags })
  )
).pipe(
  Command.withDescription("Show the vendors: targets, paces, limits, variables"),
  Command.withExamples([{ command: "scanpoll vendors" }, { command: "scanpoll vendors -o json" }])
)

const doctor = Command.make("doctor", { plan: planWord, ...Flags.of.doctor }, ({ plan, ...flags }) =>
  load(
    () => import("./commands/Doctor.ts"),
    (module) => module.doctor({ words: Option.toArray(plan), flags })
  )
).pipe(
  Command.withDescription("Check keys, configuration, clock and reachability without buying anything"),
  Command.withShortDescription("Check keys, configuration, clock and reachability; buys nothing"),
  Command.withExamples([{ command: "scanpoll doctor scans.yaml" }])
)

const configInit = Command.make(
  "init",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("Where to write it (default: scans.yaml)"),
      Argument.optional
    )
  },
  ({ file }) =>
    load(
      () => import("./commands/Config.ts"),
      (module) => module.init({ file: Option.getOrNull(file) })
    )
).pipe(
  Command.withDescription("Write a plan to start from; overwrites nothing"),
  Command.withExamples([{ command: "scanpoll config init && scanpoll config validate" }])
)

const configShow = Command.make("show", { plan: planWord, ...Flags.of.config }, ({ plan, ...flags }) =>
  load(
    () => import("./commands/Config.ts"),
    (module) => module.show({ plan: Option.getOrNull(plan), flags })
  )
).pipe(
  Command.withDescription("Show every setting, its value and where it came from"),
  Command.withExamples([{ command: "scanpoll config show scans.yaml --deadline 2m" }])
)

const configValidate = Command.make("validate", { plan: planWord, ...Flags.of.config }, ({ plan, ...flags }) =>
  load(
    () => import("./commands/Config.ts"),
    (module) => module.validate({ plan: Option.getOrNull(plan), flags })
  )
).pipe(
  Command.withDescription("Name every fault of a plan, offline"),
  Command.withExamples([{ command: "scanpoll config validate scans.yaml" }])
)

const config = Command.make("config").pipe(
  Command.withDescription("Write, show and check the configuration"),
  Command.withSubcommands([configInit, configShow, configValidate])
)

const schemaReport = Command.make("report", {}, () =>
  load(
    () => import("./commands/SchemaOf.ts"),
    (module) => module.report
  )
).pipe(
  Command.withDescription("Print the JSON Schema of the json report"),
  Command.withExamples([{ command: "scanpoll schema report > report.schema.json" }])
)

const schemaPlan = Command.make("plan", {}, () =>
  load(
    () => import("./commands/SchemaOf.ts"),
    (module) => module.plan
  )
).pipe(
  Command.withDescription("Print the JSON Schema of a plan"),
  Command.withExamples([{ command: "scanpoll schema plan > plan.schema.json" }])
)

const schema = Command.make("schema").pipe(
  Command.withDescription("Print the JSON Schemas of what scanpoll writes and reads"),
  Command.withSubcommands([schemaReport, schemaPlan])
)

const demo = Command.make(
  "demo",
  {
    dir: own("dir", "FOLDER", "Where the files go (default: a new temporary folder)"),
    ...Flags.of.demo
  },
  ({ dir, ...flags }) =>
    load(
      () => import("./commands/Demo.ts"),
      (module) => module.demo({ dir: Option.getOrNull(dir), flags })
    )
).pipe(
  Command.withDescription("See the whole job in seconds, against simulated vendors; needs no key"),
  Command.withShortDescription("See the whole job in seconds; needs no key"),
  Command.withExamples([{ command: "scanpoll demo" }, { command: "scanpoll demo --dir demo-report" }])
)

const simulate = Command.make(
  "simulate",
  {
    port: own("port", "N", "The first of three ports (default: any that are free)"),
    speed: own("speed", "N", "How many times faster the vendors work (default: 1)"),
    seed: own("seed", "TEXT", "Equal seeds give equal vendors (default: 1)")
  },
  ({ port, seed, speed }) =>
    load(
      () => import("./commands/Simulate.ts"),
      (module) =>
        module.simulate({
          port: Option.getOrNull(port),
          speed: Option.getOrNull(speed),
          seed: Option.getOrNull(seed)
        })
    )
).pipe(
  Command.withDescription("Run the simulated vendors as servers on this machine, until Ctrl-C"),
  Command.withShortDescription("Run the simulated vendors as servers, until Ctrl-C"),
  Command.withExamples([
    { command: "scanpoll simulate > vendors.env", description: "In one terminal" },
    { command: ". ./vendors.env && scanpoll run appvet:https://shop.example", description: "In another" }
  ])
)

const worker = Command.make(
  "worker",
  {
    plan: planFlag,
    listen: own("listen", "HOST:PORT", "Where health and metrics are answered, or off (default: 127.0.0.1:9464)"),
    name: own("name", "TEXT", "What this worker is called; no other one may be (default: made of the machine's name)"),
    slices: own("slices", "N", "Into how many parts the open scans are cut; the same for all workers (default: 60)"),
    lease: own("lease", "DURATION", "How long a worker that says nothing keeps its scans (default: 12s)"),
    ...Flags.of.worker
  },
  ({ lease, listen, name, plan, slices, ...flags }) =>
    withHttp(
      () => import("./commands/Worker.ts"),
      (module) =>
        module.worker({
          plan: Option.getOrNull(plan),
          listen: Option.getOrNull(listen),
          name: Option.getOrNull(name),
          slices: Option.getOrNull(slices),
          lease: Option.getOrNull(lease),
          flags
        })
    )
).pipe(
  Command.withDescription("Poll the open scans of a PostgreSQL journal, together with other workers, until Ctrl-C"),
  Command.withShortDescription("Poll the open scans of a PostgreSQL journal, with other workers"),
  Command.withExamples([
    { command: "scanpoll worker", description: "With SCANPOLL_JOURNAL and the vendors' keys in the environment" },
    { command: "scanpoll worker --listen :9464", description: "In a container, where probes come from outside" }
  ])
)

const clusterStatus = Command.make("status", { ...Flags.of.clusterStatus }, (flags) =>
  load(
    () => import("./commands/ClusterStatus.ts"),
    (module) => module.status({ flags })
  )
).pipe(
  Command.withDescription("Show the workers of a PostgreSQL journal, what they keep, and what is late"),
  Command.withShortDescription("Show the workers, what they keep, and what is late"),
  Command.withExamples([
    { command: "scanpoll cluster status", description: "With SCANPOLL_JOURNAL in the environment" },
    { command: "scanpoll cluster status -o json", description: "For other programs" }
  ])
)

const cluster = Command.make("cluster").pipe(
  Command.withDescription("Look after the workers of a journal"),
  Command.withSubcommands([clusterStatus])
)

/**
 * The program with all its commands.
 *
 * @category constructors
 * @since 0.1.0
 */
export const root = Command.make("scanpoll").pipe(
  Command.withDescription("Submit scans to any vendor, poll until they end, one report for all of them"),
  Command.withSubcommands([
    { group: "scan", commands: [run, submit, wait, status] },
    { group: "go on", commands: [resume, reconcile] },
    { group: "read results", commands: [report, diff, baseline, history, purge] },
    { group: "set up", commands: [config, vendors, doctor, schema] },
    { group: "many machines", commands: [worker, cluster] },
    { group: "try it", commands: [demo, simulate] },
    // Where other programs have it; help lists it once, under config.
    Command.unlisted(configInit)
  ]),
  Command.withExamples([
    { command: "scanpoll demo", description: "See it work, without a key" },
    { command: "scanpoll run appvet:https://example.com", description: "One scan, the report on screen" },
    { command: "scanpoll config init && scanpoll run", description: "Write a plan, and scan what it names" }
  ])
)

// Help that was asked for goes to standard output; a slip leaves it empty.
const presenterOf = (streams: Writers, color: boolean, width: number): CliOutput.Presenter => ({
  present: (event) => {
    switch (event._tag) {
      case "Version":
        return CliOutput.defaultPresenter.present(event)
      case "Help":
        return Effect.flatMap(
          Effect.promise(() => import("./help/Manual.ts")),
          ({ render }) => Effect.ignore(streams.out(render(event.helpDoc, { width, color })))
        )
      case "InvalidInvocation":
        return Effect.flatMap(
          Effect.promise(() => import("./help/Slips.ts")),
          ({ words }) =>
            streams.err(
              [
                ...event.errors.map(
                  (error) => `scanpoll: ${inert(words(error, event.commandPath, event.helpDoc), 600)}\n`
                ),
                `Run \`${event.commandPath.join(" ")} --help\` for what it understands.\n`
              ].join("")
            )
        )
    }
  }
})

const completionsOf = (streams: Writers): typeof GlobalFlag.Completions =>
  GlobalFlag.Action({
    flag: GlobalFlag.Completions.flag.pipe(
      Flag.withMetavar("SHELL"),
      Flag.withDescription("Print the script by which a shell completes scanpoll")
    ),
    run: (shell, { command }) =>
      Option.isNone(shell)
        ? Effect.void
        : Effect.flatMap(
            Effect.promise(() => import("./help/Shells.ts")),
            ({ script }) => Effect.ignore(streams.out(script(command, shell.value)))
          )
  })

/**
 * Runs the command with these arguments. Fails with `ProcessExit` where the exit code is not 0, and with a `CliError` where
 * the arguments are no invocation, which has then been said.
 *
 * @category running
 * @since 0.1.0
 */
export const main = (
  args: ReadonlyArray<string>
): Effect.Effect<void, ProcessExit | CliError.CliError, Command.Environment | Streams | Shutdown> =>
  Effect.gen(function* () {
    const streams = yield* Streams
    const facts = yield* ProcessContext
    // A key on the command line would be stored, sent or shown by whatever command takes it.
    Secrets.learn(facts.environment)
    const faults = args.flatMap((text, at) => {
      const message = Secrets.misplaced(text)
      return message === null ? [] : [{ where: `argument ${at + 1}`, message }]
    })
    if (faults.length > 0) return yield* end(Effect.fail(new UsageError({ faults })))
    const color = !args.includes("--no-color") && mayColor(facts.environment, facts.stdoutIsTerminal)
    yield* Command.runWith(root, { version })(args).pipe(
      Effect.provide(
        Layer.mergeAll(
          CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, completionsOf(streams)] }),
          CliOutput.layerPresenter(presenterOf(streams, color, facts.columns()))
        )
      )
    )
  })
