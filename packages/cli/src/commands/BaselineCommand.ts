/**
 * Declares `scanpoll baseline` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own, ownSwitch } from "./Subcommand.ts"

const baselineWrite = Command.make(
  "write",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The baseline to write")),
    from: own(
      "from",
      "RUN.json",
      "The report of a complete run, saved as json; the last complete run of the journal by default"
    ),
    reason: own("reason", "TEXT", "Accept its findings, for this reason; without one they are merely known"),
    until: own("until", "DATE", "Accepted up to this day, such as 2027-01-31, or time, such as 2027-01-31T18:00:00Z"),
    by: own("by", "NAME", "Who accepts it; the user of this machine by default"),
    assessments: ownSwitch("assessments", "Accept the assessments of its scans as well, as long as they get no worse"),
    ...Flags.of.baseline
  },
  ({ assessments, by, file, from, reason, until, ...flags }) =>
    offline(
      () => import("./WriteBaseline.ts"),
      (module) =>
        module.writeBaseline({
          file,
          from: Option.getOrNull(from),
          reason: Option.getOrNull(reason),
          until: Option.getOrNull(until),
          by: Option.getOrNull(by),
          assessments,
          flags
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

/**
 * Declares `scanpoll baseline`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baseline = Command.make("baseline").pipe(
  Command.withDescription("Keep what is known, so that a gate can ask for what is new"),
  Command.withSubcommands([baselineWrite])
)
