/**
 * The program: every subcommand, its help, and how a command line that is none is answered.
 *
 * A subcommand is declared in `commands/NameCommand.ts`, beside its code in `commands`.
 *
 * @since 0.1.0
 */
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { baseline } from "./commands/BaselineCommand.ts"
import { cancel } from "./commands/CancelCommand.ts"
import { cluster } from "./commands/ClusterCommand.ts"
import { config, configInit } from "./commands/ConfigCommand.ts"
import { demo } from "./commands/DemoCommand.ts"
import { diff } from "./commands/DiffCommand.ts"
import { doctor } from "./commands/DoctorCommand.ts"
import { history } from "./commands/HistoryCommand.ts"
import { journal } from "./commands/JournalCommand.ts"
import { purge } from "./commands/PurgeCommand.ts"
import { reconcile } from "./commands/ReconcileCommand.ts"
import { report } from "./commands/ReportCommand.ts"
import { resume } from "./commands/ResumeCommand.ts"
import { run } from "./commands/RunCommand.ts"
import { schema } from "./commands/SchemaCommand.ts"
import { serve } from "./commands/ServeCommand.ts"
import { simulate } from "./commands/SimulateCommand.ts"
import { status } from "./commands/StatusCommand.ts"
import { submit } from "./commands/SubmitCommand.ts"
import { vendors } from "./commands/VendorsCommand.ts"
import { wait } from "./commands/WaitCommand.ts"
import { worker } from "./commands/WorkerCommand.ts"
import { end } from "./commands/Subcommand.ts"
import { UsageError } from "./config/InputFault.ts"
import { mayColor } from "./output/Color.ts"
import * as Login from "./config/Login.ts"
import * as Secrets from "./output/Secrets.ts"
import { inert, Streams, type Writers } from "./output/Streams.ts"
import { ProcessContext } from "./process/ProcessContext.ts"
import type { ProcessExit } from "./process/ProcessExit.ts"
import type { Shutdown } from "./process/Shutdown.ts"
import { version } from "./process/Version.ts"

/**
 * The program with all its commands.
 *
 * @category constructors
 * @since 0.1.0
 */
export const root = Command.make("scanpoll").pipe(
  Command.withDescription("Submit scans to any vendor, poll until they end, one report for all of them"),
  Command.withSubcommands([
    { group: "scan", commands: [run, submit, wait, status, cancel] },
    { group: "go on", commands: [resume, reconcile] },
    { group: "read results", commands: [report, diff, baseline, history, serve, purge, journal] },
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

// Help that was asked for goes to standard output; a wrong command line leaves it empty.
const presenterOf = (streams: Writers, color: boolean, width: number): CliOutput.Presenter => ({
  present: (event) => {
    switch (event._tag) {
      case "Version":
        return CliOutput.defaultPresenter.present(event)
      case "Help":
        return Effect.flatMap(
          Effect.promise(() => Promise.all([import("./help/Manual.ts"), import("./vendors/Shipped.ts")])),
          ([{ render }, { all }]) =>
            Effect.ignore(streams.out(SafeText.seal("text", render(event.helpDoc, { width, color }, all))))
        )
      case "InvalidInvocation":
        return Effect.flatMap(
          Effect.promise(() => import("./help/CommandLineFaults.ts")),
          ({ words }) =>
            streams.err(
              SafeText.lines(
                ...event.errors.map(
                  (error) => `scanpoll: ${inert(words(error, event.commandPath, event.helpDoc), 600)}`
                ),
                `Run \`${event.commandPath.join(" ")} --help\` for what it understands.`
              )
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
            ({ script }) => Effect.ignore(streams.out(SafeText.seal("commands", script(command, shell.value))))
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
      // The password of a database may stand there, and is warned of.
      const isJournal = args[at - 1] === "--journal" || text.startsWith("--journal=")
      const message = Secrets.misplaced(isJournal ? Login.hideAll(text.replace(/^--journal=/, "")) : text)
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
