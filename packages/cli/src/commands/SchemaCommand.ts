/**
 * Declares `scanpoll schema` and its subcommands: words, flags and examples. Its code is loaded when it is called.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flags from "../config/Flags.ts"
import { offline } from "./Subcommand.ts"

const schemaReport = Command.make("report", {}, () =>
  offline(
    () => import("./SchemaOf.ts"),
    (module) => module.report
  )
).pipe(
  Command.withDescription("Print the JSON Schema of the json report"),
  Command.withExamples([{ command: "scanpoll schema report > report.schema.json" }])
)

const schemaPlan = Command.make("plan", Flags.of.schemaPlan, (flags) =>
  offline(
    () => import("./SchemaOf.ts"),
    (module) => module.plan,
    flags
  )
).pipe(
  Command.withDescription("Print the JSON Schema of a plan"),
  Command.withExamples([{ command: "scanpoll schema plan > plan.schema.json" }])
)

/**
 * Declares `scanpoll schema`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const schema = Command.make("schema").pipe(
  Command.withDescription("Print the JSON Schemas of what scanpoll writes and reads"),
  Command.withSubcommands([schemaReport, schemaPlan])
)
