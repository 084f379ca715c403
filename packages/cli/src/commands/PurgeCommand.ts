/**
 * Declares `scanpoll purge`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own, ownSwitch } from "./Subcommand.ts"

/**
 * Declares `scanpoll purge`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const purge = Command.make(
  "purge",
  {
    olderThan: own("older-than", "DURATION", "Forget what ended longer ago than that, such as 90d"),
    subject: own("subject", "SUBJECT", "Forget this subject alone, by the id, address or name that reports show"),
    dryRun: ownSwitch("dry-run", "Say what would be forgotten, and change nothing"),
    yes: ownSwitch("yes", "Do not ask; required off a terminal"),
    ...Flags.of.purge
  },
  ({ dryRun, olderThan, subject, yes, ...flags }) =>
    offline(
      () => import("./Purge.ts"),
      (module) =>
        module.purge({
          olderThan: Option.getOrNull(olderThan),
          subject: Option.getOrNull(subject),
          dryRun,
          yes,
          flags
        })
    )
).pipe(
  Command.withDescription("Forget what ended; what is open or in doubt stays"),
  Command.withExamples([
    { command: "scanpoll purge --older-than 90d --dry-run", description: "How much that would be" },
    { command: "scanpoll purge --older-than 90d --yes", description: "In a script" },
    { command: "scanpoll purge --subject https://shop.example/", description: "Erase one subject" }
  ])
)
