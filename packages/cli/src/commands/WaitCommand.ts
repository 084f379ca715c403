/**
 * Declares `scanpoll wait`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { keyWords, online, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll wait`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = Command.make(
  "wait",
  { words: keyWords(1), plan: planFlag, ...Flags.of.wait },
  ({ plan, words, ...flags }) =>
    online(
      () => import("./Wait.ts"),
      (module) => module.wait({ words, plan: Option.getOrNull(plan), flags }),
      flags
    )
).pipe(
  Command.withDescription("Wait for scans that exist already, report and gate; buys nothing"),
  Command.withShortDescription("Wait for scans that exist already; buys nothing"),
  Command.withExamples([
    { command: "scanpoll wait appvet:scan_abc123 exona:scn_01hxyz" },
    { command: "scanpoll wait appvet:scan_abc123 --deadline 15m -o json=scan.json" }
  ])
)
