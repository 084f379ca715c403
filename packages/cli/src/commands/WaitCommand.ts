/**
 * Declares `scanpoll wait`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { keyWords, online, ownSwitch, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll wait`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = Command.make(
  "wait",
  {
    words: keyWords(1),
    plan: planFlag,
    fresh: ownSwitch("fresh", "Ask the vendor once more where the outcome is known; both answers are kept"),
    ...Flags.of.wait
  },
  ({ fresh, plan, words, ...flags }) =>
    online(
      () => import("./Wait.ts"),
      (module) => module.wait({ words, fresh, plan: Option.getOrNull(plan), flags }),
      flags
    )
).pipe(
  Command.withDescription("Wait for scans that exist already, report and gate; buys nothing"),
  Command.withShortDescription("Wait for scans that exist already; buys nothing"),
  Command.withExamples([
    { command: "scanpoll wait appvet:scan_abc123 exona:scn_01hxyz" },
    { command: "scanpoll wait appvet:scan_abc123 --deadline 15m -o json=scan.json" },
    {
      command: "scanpoll wait compliance:0b8f6c1e-5d0b-4a55-9d5f-3f3f2f1f0f0f --fresh",
      description: "What the vendor says of the scan now, as after a review"
    }
  ])
)
