/**
 * Declares `scanpoll submit`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { online, planOrTargets } from "./Subcommand.ts"

/**
 * Declares `scanpoll submit`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit = Command.make("submit", { words: planOrTargets, ...Flags.of.submit }, ({ words, ...flags }) =>
  online(
    () => import("./Submit.ts"),
    (module) => module.submit({ words, flags }),
    flags
  )
).pipe(
  Command.withDescription("Submit scans and print their keys, without waiting"),
  Command.withExamples([
    { command: "scanpoll submit scans.yaml > keys.txt", description: "Submit now" },
    { command: "scanpoll wait $(cat keys.txt)", description: "Wait later, perhaps elsewhere" }
  ])
)
