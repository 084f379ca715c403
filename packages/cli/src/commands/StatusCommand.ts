/**
 * Declares `scanpoll status`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { keyWords, offline, online, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll status`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const status = Command.make(
  "status",
  { words: keyWords(0), plan: planFlag, ...Flags.of.status },
  ({ plan, words, ...flags }) =>
    words.length === 0
      ? offline(
          () => import("./Overview.ts"),
          (module) => module.overview({ flags }),
          flags
        )
      : online(
          () => import("./Status.ts"),
          (module) => module.status({ words, plan: Option.getOrNull(plan), flags }),
          flags
        )
).pipe(
  Command.withDescription("Ask once how scans stand, or show what the journal has open"),
  Command.withExamples([
    { command: "scanpoll status", description: "What is open and in doubt, as the journal has it" },
    { command: "scanpoll status appvet:scan_abc123 -o json", description: "One request to the vendor" }
  ])
)
