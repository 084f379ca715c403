/**
 * Declares `scanpoll reconcile`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { online, own, ownSwitch, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll reconcile`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reconcile = Command.make(
  "reconcile",
  {
    claim: Argument.String("claim").pipe(Argument.withDescription("A claim in doubt, as `scanpoll status` names it")),
    plan: planFlag,
    release: ownSwitch("release", "There is no such scan: it may be bought again"),
    as: own("as", "SCANID", "The scan is there, under this id"),
    ...Flags.of.reconcile
  },
  ({ as, claim, plan, release, ...flags }) =>
    online(
      () => import("./Reconcile.ts"),
      (module) => module.reconcile({ claim, plan: Option.getOrNull(plan), release, as: Option.getOrNull(as), flags }),
      flags
    )
).pipe(
  Command.withDescription("Find out what became of a submission whose answer was lost, or say it; buys nothing"),
  Command.withShortDescription("Settle a submission whose answer was lost; buys nothing"),
  Command.withExamples([
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j", description: "Ask the vendor" },
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j --as scan_abc123", description: "It is there" },
    { command: "scanpoll reconcile clm_01m80jsfgj0tt289kgjjqqdp2j --release", description: "It is not" }
  ])
)
