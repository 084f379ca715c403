/**
 * Declares `scanpoll doctor`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, planWord } from "./Subcommand.ts"

/**
 * Declares `scanpoll doctor`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const doctor = Command.make("doctor", { plan: planWord, ...Flags.of.doctor }, ({ plan, ...flags }) =>
  offline(
    () => import("./Doctor.ts"),
    (module) => module.doctor({ words: Option.toArray(plan), flags }),
    flags
  )
).pipe(
  Command.withDescription("Check keys, configuration, clock and reachability without buying anything"),
  Command.withShortDescription("Check keys, configuration, clock and reachability; buys nothing"),
  Command.withExamples([{ command: "scanpoll doctor scans.yaml" }])
)
