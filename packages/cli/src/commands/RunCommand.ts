/**
 * Declares `scanpoll run`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { online, own, ownSwitch, planOrTargets } from "./Subcommand.ts"

/**
 * Declares `scanpoll run`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = Command.make(
  "run",
  {
    words: planOrTargets,
    dryRun: ownSwitch("dry-run", "Say what would be asked, when, and at what cost, and send nothing"),
    continues: own(
      "continue",
      "RUN",
      "End a stored run: buys exactly the targets that were never bought; `last` is the newest"
    ),
    ...Flags.of.run
  },
  ({ continues, dryRun, words, ...flags }) =>
    online(
      () => import("./Run.ts"),
      (module) => module.run({ words, dryRun, continues: Option.getOrNull(continues), flags }),
      flags
    )
).pipe(
  Command.withDescription("Submit scans, wait until they end, report and gate"),
  Command.withExamples([
    { command: "scanpoll run appvet:https://example.com", description: "One site, the report on screen" },
    { command: 'scanpoll run "exona:Acme AI Ltd=https://acme.ai" appvet:https://acme.ai', description: "Two vendors" },
    { command: "scanpoll run scans.yaml --dry-run", description: "What a plan would cost; sends nothing" },
    {
      command: "scanpoll run scans.yaml --fail-on high -o text -o sarif=scans.sarif",
      description: "A step of a pipeline: exit 1 at high or worse, and a file for code scanning"
    },
    {
      command: "scanpoll run shop.yaml preview.yaml --only shop",
      description: "Of two plans, the targets named shop"
    },
    {
      command: "scanpoll run --continue last",
      description: "After Ctrl-C or a kill: the rest of the newest run, with a verdict on all of it"
    },
    {
      command: "scanpoll run --baseline known.json --fail-on-new medium",
      description: "Only what is new since a baseline counts"
    }
  ])
)
