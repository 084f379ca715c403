/**
 * Declares `scanpoll cancel`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { online, ownSwitch, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll cancel`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const cancel = Command.make(
  "cancel",
  {
    key: Argument.String("key").pipe(
      Argument.withDescription("vendor:scanId, vendor@account:scanId with --plan, or a claim of the journal")
    ),
    yes: ownSwitch("yes", "Cancel without asking; required where there is no terminal"),
    plan: planFlag,
    ...Flags.of.cancel
  },
  ({ key, plan, yes, ...flags }) =>
    online(
      () => import("./Cancel.ts"),
      (module) => module.cancel({ key, yes, plan: Option.getOrNull(plan), flags }),
      flags
    )
).pipe(
  Command.withDescription("Ask the vendor to cancel a scan; its next answer says how the scan ended"),
  Command.withShortDescription("Ask the vendor to cancel a scan"),
  Command.withExamples([{ command: "scanpoll cancel harbour:hb-1 --yes", description: "One request to the vendor" }])
)
