/**
 * Declares `scanpoll cluster` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { listFlags, offline, typedOf } from "./Subcommand.ts"

const clusterStatus = Command.make(
  "status",
  { ...listFlags, ...Flags.of.clusterStatus },
  ({ only, sort, state, ...flags }) =>
    offline(
      () => import("./ClusterStatus.ts"),
      (module) => module.status({ typed: typedOf({ only, sort, state }), flags })
    )
).pipe(
  Command.withDescription("Show the workers of a PostgreSQL journal, what they keep, and what is late"),
  Command.withShortDescription("Show the workers, what they keep, and what is late"),
  Command.withExamples([
    { command: "scanpoll cluster status", description: "With SCANPOLL_JOURNAL in the environment" },
    { command: "scanpoll cluster status -o json", description: "For other programs" }
  ])
)

/**
 * Declares `scanpoll cluster`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const cluster = Command.make("cluster").pipe(
  Command.withDescription("Watch the workers of a journal"),
  Command.withSubcommands([clusterStatus])
)
