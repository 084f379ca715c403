/**
 * Declares `scanpoll vendors`: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { offline } from "./Subcommand.ts"

/**
 * Declares `scanpoll vendors`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const vendors = Command.make("vendors", Flags.of.show, (flags) =>
  offline(
    () => import("./VendorList.ts"),
    (module) => module.vendors({ flags })
  )
).pipe(
  Command.withDescription("Show the vendors: targets, paces, limits, variables"),
  Command.withExamples([{ command: "scanpoll vendors" }, { command: "scanpoll vendors -o json" }])
)
