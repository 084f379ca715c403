/**
 * Declares `scanpoll report`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { offline } from "./Subcommand.ts"

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
      Argument.variadic({ min: 1 })
    ),
    ...Flags.of.report
  },
  ({ words, ...flags }) =>
    offline(
      () => import("./ReportFiles.ts"),
      (module) => module.report({ words, flags }),
      flags
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
