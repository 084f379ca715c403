/**
 * Declares `scanpoll worker`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { online, own, planFlag } from "./Subcommand.ts"

/**
 * Declares `scanpoll worker`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worker = Command.make(
  "worker",
  {
    plan: planFlag,
    listen: own("listen", "HOST:PORT", "Where health and metrics are answered, or off (default: 127.0.0.1:9464)"),
    name: own("name", "TEXT", "The worker's name, unique in its cluster (default: made of the machine's name)"),
    slices: own("slices", "N", "Into how many parts the open scans are cut; the same for all workers (default: 60)"),
    lease: own("lease", "DURATION", "How long a worker that says nothing keeps its scans (default: 12s)"),
    ...Flags.of.worker
  },
  ({ lease, listen, name, plan, slices, ...flags }) =>
    online(
      () => import("./Worker.ts"),
      (module) =>
        module.worker({
          plan: Option.getOrNull(plan),
          listen: Option.getOrNull(listen),
          name: Option.getOrNull(name),
          slices: Option.getOrNull(slices),
          lease: Option.getOrNull(lease),
          flags
        }),
      flags
    )
).pipe(
  Command.withDescription("Poll the open scans of a PostgreSQL journal, together with other workers, until Ctrl-C"),
  Command.withShortDescription("Poll the open scans of a PostgreSQL journal, with other workers"),
  Command.withExamples([
    { command: "scanpoll worker", description: "With SCANPOLL_JOURNAL and the vendors' keys in the environment" },
    { command: "scanpoll worker --listen :9464", description: "In a container, where probes come from outside" }
  ])
)
