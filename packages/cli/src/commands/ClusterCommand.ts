/**
 * Declares `scanpoll cluster` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { offline } from "./Subcommand.ts"

const clusterStatus = Command.make("status", { ...Flags.of.clusterStatus }, (flags) =>
  offline(
    () => import("./ClusterStatus.ts"),
    (module) => module.status({ flags })
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
