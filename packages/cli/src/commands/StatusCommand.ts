/**
 * Declares `scanpoll status`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { keyWords, listFlags, offline, online, ownSwitch, planFlag, typedOf } from "./Subcommand.ts"

/**
 * Declares `scanpoll status`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const status = Command.make(
  "status",
  {
    words: keyWords(0),
    plan: planFlag,
    ...listFlags,
    check: ownSwitch("check", "Without a key: end with 3 where something needs a person"),
    ...Flags.of.status
  },
  ({ check, only, plan, sort, state, words, ...flags }) =>
    words.length === 0
      ? offline(
          () => import("./Overview.ts"),
          (module) =>
            module.overview({ typed: typedOf({ only, sort, state }), check, plan: Option.getOrNull(plan), flags }),
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
    { command: "scanpoll status --state late,denied --only appvet", description: "Some of that" },
    { command: "scanpoll status --check", description: "For a monitor: exit code 3 where a person has to act" },
    { command: "scanpoll status appvet:scan_abc123 -o json", description: "One request to the vendor" }
  ])
)
