/**
 * Declares `scanpoll vendors` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, own } from "./Subcommand.ts"

const create = Command.make(
  "new",
  { name: Argument.String("name").pipe(Argument.withDescription("The vendor's name: a-z, 0-9 and -")) },
  ({ name }) =>
    offline(
      () => import("./NewVendor.ts"),
      (module) => module.create(name)
    )
).pipe(
  Command.withDescription("Write the definition of a vendor of your own, to start from, with samples and a test"),
  Command.withShortDescription("Write the definition of a vendor, to start from"),
  Command.withExamples([{ command: "scanpoll vendors new harbour && scanpoll vendors --check ./harbour.ts" }])
)

/**
 * Declares `scanpoll vendors`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const vendors = Command.make(
  "vendors",
  {
    check: own("check", "FILE|PACKAGE", "Hold the vendor of this module to every rule, by its samples"),
    ...Flags.of.show
  },
  ({ check, ...flags }) =>
    Option.isSome(check)
      ? offline(
          () => import("./CheckVendor.ts"),
          (module) => module.check(check.value)
        )
      : offline(
          () => import("./VendorList.ts"),
          (module) => module.vendors({ flags }),
          flags
        )
).pipe(
  Command.withDescription("Show the vendors: targets, paces, limits, variables"),
  Command.withExamples([
    { command: "scanpoll vendors" },
    { command: "scanpoll vendors -o json" },
    { command: "scanpoll vendors --check ./harbour.ts", description: "Is the definition of a vendor of yours right?" }
  ]),
  Command.withSubcommands([create])
)
