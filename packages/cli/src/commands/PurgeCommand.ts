/**
 * Declares `scanpoll purge`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

/**
 * Declares `scanpoll purge`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const purge = Command.make(
  "purge",
  { olderThan: own("older-than", "DURATION", "How old what is forgotten must be, such as 90d"), ...Flags.of.purge },
  ({ olderThan, ...flags }) =>
    offline(
      () => import("./Purge.ts"),
      (module) => module.purge({ olderThan: Option.getOrNull(olderThan), flags })
    )
).pipe(
  Command.withDescription("Forget what ended long ago; what is open or in doubt stays"),
  Command.withExamples([{ command: "scanpoll purge --older-than 90d" }])
)
