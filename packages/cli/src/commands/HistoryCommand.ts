/**
 * Declares `scanpoll history`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own, ownSwitch } from "./Subcommand.ts"

/**
 * Declares `scanpoll history`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const history = Command.make(
  "history",
  {
    words: Argument.String("word").pipe(
      Argument.withDescription("Part of a vendor's or a subject's name, or one claim"),
      Argument.variadic({ min: 0 })
    ),
    limit: own(
      "limit",
      "N",
      "How many answers to look back at (default: 1000), runs (default: 20) or, with --spend, months (default: 12)"
    ),
    runs: ownSwitch("runs", "Show the last runs instead, and what came of their targets"),
    spend: ownSwitch("spend", "Show instead how many scans each account bought in each month"),
    ...Flags.of.history
  },
  ({ limit, runs, spend, words, ...flags }) =>
    offline(
      () => import("./History.ts"),
      (module) => module.history({ words, limit: Option.getOrNull(limit), runs, spend, flags }),
      flags
    )
).pipe(
  Command.withDescription("Show earlier answers to equal requests, what changed, and the trend"),
  Command.withShortDescription("Show earlier answers to equal requests"),
  Command.withExamples([
    { command: "scanpoll history appvet example.com" },
    { command: "scanpoll history --runs", description: "The last runs" },
    { command: "scanpoll history --spend appvet", description: "What was bought at AppVet, by account and month" },
    {
      command: "scanpoll history clm_01k2",
      description: "What the polls of one claim saw, and why each wait was as long"
    }
  ])
)
