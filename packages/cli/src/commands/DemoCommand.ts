/**
 * Declares `scanpoll demo`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

/**
 * Declares `scanpoll demo`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const demo = Command.make(
  "demo",
  {
    dir: own("dir", "FOLDER", "Where the files go (default: a new temporary folder)"),
    ...Flags.of.demo
  },
  ({ dir, ...flags }) =>
    offline(
      () => import("./Demo.ts"),
      (module) => module.demo({ dir: Option.getOrNull(dir), flags }),
      { vendor: flags.vendor }
    )
).pipe(
  Command.withDescription("See the whole job in seconds, against simulated vendors; needs no key"),
  Command.withShortDescription("See the whole job in seconds; needs no key"),
  Command.withExamples([
    { command: "scanpoll demo" },
    { command: "scanpoll demo --dir demo-report" },
    { command: "scanpoll demo --vendor ./harbour.ts", description: "A vendor of your own, played by its samples" }
  ])
)
