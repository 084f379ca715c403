/**
 * Declares `scanpoll config` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Option from "effect/Option"
import * as Flags from "../config/Flags.ts"
import { offline, online, planWord } from "./Subcommand.ts"

/**
 * Declares `scanpoll config init`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const configInit = Command.make(
  "init",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("Where to write it (default: scans.yaml)"),
      Argument.optional
    )
  },
  ({ file }) =>
    offline(
      () => import("./Config.ts"),
      (module) => module.init({ file: Option.getOrNull(file) })
    )
).pipe(
  Command.withDescription("Write a plan to start from; overwrites nothing"),
  Command.withExamples([{ command: "scanpoll config init && scanpoll config validate" }])
)

const configShow = Command.make("show", { plan: planWord, ...Flags.of.config }, ({ plan, ...flags }) =>
  offline(
    () => import("./Config.ts"),
    (module) => module.show({ plan: Option.getOrNull(plan), flags }),
    flags
  )
).pipe(
  Command.withDescription("Show every setting, its value and where it came from"),
  Command.withExamples([{ command: "scanpoll config show scans.yaml --deadline 2m" }])
)

const configValidate = Command.make("validate", { plan: planWord, ...Flags.of.config }, ({ plan, ...flags }) =>
  online(
    () => import("./Config.ts"),
    (module) => module.validate({ plan: Option.getOrNull(plan), flags }),
    flags
  )
).pipe(
  Command.withDescription("Name every fault of a plan, offline"),
  Command.withExamples([{ command: "scanpoll config validate scans.yaml" }])
)

/**
 * Declares `scanpoll config`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const config = Command.make("config").pipe(
  Command.withDescription("Write, show and check the configuration"),
  Command.withSubcommands([configInit, configShow, configValidate])
)
