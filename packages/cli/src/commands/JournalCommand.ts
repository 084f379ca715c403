/**
 * Declares `scanpoll journal` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

const check = Command.make("check", { ...Flags.of.journalCheck }, (flags) =>
  offline(
    () => import("./JournalCare.ts"),
    (module) => module.check({ flags })
  )
).pipe(
  Command.withDescription("Check the journal: the database itself, and each claim against its scan and result"),
  Command.withShortDescription("Check the database and each claim"),
  Command.withExamples([
    { command: "scanpoll journal check", description: "Exit code 74 where something is wrong" },
    { command: "scanpoll journal check -o json", description: "For other programs" }
  ])
)

const backup = Command.make(
  "backup",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The new file; its folder must exist")),
    ...Flags.of.journalCare
  },
  ({ file, ...flags }) =>
    offline(
      () => import("./JournalCare.ts"),
      (module) => module.backup({ file, flags })
    )
).pipe(
  Command.withDescription("Copy the journal to a new file as it is at one moment, also while other processes use it"),
  Command.withShortDescription("Copy the journal while it is in use"),
  Command.withExamples([
    { command: "scanpoll journal backup backup.db", description: "A journal of its own: --journal backup.db reads it" }
  ])
)

const redeliver = Command.make(
  "redeliver",
  {
    event: Argument.String("event").pipe(
      Argument.withDescription(
        "The id of one notification, which begins with evt_; without it, all that were given up"
      ),
      Argument.optional
    ),
    receiver: own("receiver", "NAME", "Only those to this receiver"),
    ...Flags.of.journalCare
  },
  ({ event, receiver, ...flags }) =>
    offline(
      () => import("./JournalCare.ts"),
      (module) => module.redeliver({ event: Option.getOrNull(event), receiver: Option.getOrNull(receiver), flags })
    )
).pipe(
  Command.withDescription("Try notifications again that were given up; serve, run and worker with --notify send them"),
  Command.withShortDescription("Try given-up notifications again"),
  Command.withExamples([
    { command: "scanpoll journal redeliver", description: "All that did not arrive" },
    { command: "scanpoll journal redeliver --receiver oncall", description: "Those to one receiver" }
  ])
)

/**
 * Declares `scanpoll journal`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const journal = Command.make("journal").pipe(
  Command.withDescription("Check and back up the journal, and try its notifications again"),
  Command.withSubcommands([check, backup, redeliver])
)
