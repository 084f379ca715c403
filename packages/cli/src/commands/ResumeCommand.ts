/**
 * Declares `scanpoll resume`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { online, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll resume`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = Command.make("resume", { plan: planFlag, ...Flags.of.resume }, ({ plan, ...flags }) =>
  online(
    () => import("./Resume.ts"),
    (module) => module.resume({ plan: Option.getOrNull(plan), flags }),
    flags
  )
).pipe(
  Command.withDescription("Resume every open scan of the journal, report and gate; buys nothing"),
  Command.withShortDescription("Resume every open scan of the journal; buys nothing"),
  Command.withExamples([{ command: "scanpoll resume --fail-on high -o text -o json=scans.json" }])
)
