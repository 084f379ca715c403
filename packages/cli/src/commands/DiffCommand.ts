/**
 * Declares `scanpoll diff`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { offline } from "./Subcommand.ts"

/**
 * Declares `scanpoll diff`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const diff = Command.make(
  "diff",
  {
    base: Argument.String("base").pipe(Argument.withDescription("The earlier report, saved as json")),
    head: Argument.String("head").pipe(Argument.withDescription("The later report, saved as json")),
    ...Flags.of.diff
  },
  ({ base, head, ...flags }) =>
    offline(
      () => import("./ReportFiles.ts"),
      (module) => module.diff({ base, head, flags })
    )
).pipe(
  Command.withDescription("Show what changed between two reports, and what cannot be compared"),
  Command.withShortDescription("Show what changed between two reports"),
  Command.withExamples([{ command: "scanpoll diff last-week.json today.json --fail-on-new high" }])
)
