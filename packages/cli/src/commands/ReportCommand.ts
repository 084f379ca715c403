/**
 * Declares `scanpoll report`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

/**
 * Declares `scanpoll report`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const report = Command.make(
  "report",
  {
    words: Argument.String("file").pipe(
      Argument.withDescription("A report that was saved as json"),
      Argument.variadic({ min: 0 })
    ),
    run: own("run", "RUN", "A run of the journal, by its id; `last` is the newest"),
    ...Flags.of.report
  },
  ({ run, words, ...flags }) =>
    offline(
      () => import("./ReportFiles.ts"),
      (module) => module.report({ words, run: Option.getOrNull(run), flags }),
      flags
    )
).pipe(
  Command.withDescription(
    "Report again, offline: saved reports and a run of the journal, in other formats, together, under the same gate or another"
  ),
  Command.withShortDescription("Report again, offline: saved reports, or a run of the journal"),
  Command.withExamples([
    { command: "scanpoll report scans.json --fail-on critical -o markdown" },
    { command: "scanpoll report shard-*.json -o html=all.html", description: "Several runs as one report" },
    {
      command: "scanpoll report --run last -o html=run.html",
      description: "The newest run of the journal, as the journal knows it now"
    }
  ])
)
