/**
 * What the declarations of the subcommands share: their arguments, the flags that belong to one of them, and how the code
 * behind a declaration is loaded and ends.
 *
 * A declaration has the words and flags of a subcommand and loads its code when it is called, so that help and version
 * are quick. A usage error ends with exit code 2 and leaves standard output empty.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../config/InputFault.ts"
import { ownFlags, variable } from "../config/Setting.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { ProcessExit } from "../process/ProcessExit.ts"
import * as Vendors from "../vendors/Vendors.ts"

// An address that was typed with a name and a password in it is shown without them.
const withoutPasswords = (line: string): string => line.replace(/(:\/\/)[^\s/@"]+@/g, "$1…@")

/**
 * Says why a command cannot be done, and turns its exit code into the end of the process.
 *
 * @category combinators
 * @since 0.2.0
 */
export const end = <R>(
  command: Effect.Effect<number, UsageError | JournalError, R>
): Effect.Effect<void, ProcessExit, R | Streams> =>
  command.pipe(
    Effect.catchTag("UsageError", ({ faults }) =>
      Effect.as(
        say(
          faults.length === 1
            ? "scanpoll: cannot start; nothing was sent:"
            : `scanpoll: cannot start; nothing was sent. ${faults.length} faults:`,
          ...faults.map((fault) => withoutPasswords(`  ${inert(fault.where, 300)}: ${inert(fault.message, 600)}`))
        ),
        2
      )
    ),
    Effect.catchTag("JournalError", (error) =>
      Effect.as(
        say(
          `scanpoll: cannot start; nothing was sent: ${inert(error.message)}`,
          "  another journal: --journal PATH; none that outlives the run: --journal memory:"
        ),
        74
      )
    ),
    Effect.flatMap((code) => (code === 0 ? Effect.void : Effect.fail(new ProcessExit({ code }))))
  )

/**
 * What a command says about vendors: the texts of its `--vendor`. A command without that flag knows the shipped ones.
 *
 * @category models
 * @since 0.2.0
 */
export interface OwnVendors {
  readonly vendor?: ReadonlyArray<string>
}

/**
 * A command that asks no vendor: loads its code and runs it with the vendors that are known.
 *
 * @category constructors
 * @since 0.2.0
 */
export const offline = <Module, R>(
  module: () => Promise<Module>,
  use: (module: Module) => Effect.Effect<number, UsageError | JournalError, R>,
  { vendor }: OwnVendors = {}
): Effect.Effect<void, ProcessExit, Exclude<R, Vendors.Vendors> | Streams> =>
  end(Effect.provide(Effect.flatMap(Effect.promise(module), use), Vendors.layer(vendor)))

// Telemetry is loaded only where the environment names a collector.
const observed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Streams> =>
  Effect.flatMap(ProcessContext, ({ environment }) =>
    (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "") === ""
      ? effect
      : Effect.flatMap(
          Effect.promise(() => import("../process/Telemetry.ts")),
          (telemetry) => {
            const endpoint = telemetry.endpointOf(environment)
            return endpoint === null
              ? Effect.andThen(
                  say("warning: OTEL_EXPORTER_OTLP_ENDPOINT is no http address; nothing is exported"),
                  effect
                )
              : Effect.provide(effect, telemetry.layer(endpoint))
          }
        )
  )

/**
 * A command that asks vendors: loads its code and the way to them, under a trace where a collector is named.
 *
 * @category constructors
 * @since 0.2.0
 */
export const online = <Module, R>(
  module: () => Promise<Module>,
  use: (module: Module) => Effect.Effect<number, UsageError | JournalError, R>,
  { vendor }: OwnVendors = {}
): Effect.Effect<void, ProcessExit, Exclude<Exclude<R, VendorHttp>, Vendors.Vendors> | Streams> =>
  end(
    Effect.flatMap(
      Effect.promise(() => Promise.all([module(), import("../vendors/Http.ts")])),
      ([loaded, http]) => observed(Effect.provide(Effect.provide(use(loaded), http.layer), Vendors.layer(vendor)))
    )
  )

/**
 * A flag of one command; like every flag it has a variable.
 *
 * @category constructors
 * @since 0.2.0
 */
export const own = (name: (typeof ownFlags)[number], metavar: string, words: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(words),
    Flag.withFallbackConfig(Config.String(variable({ flag: name }))),
    Flag.optional
  )

/**
 * A switch of one command, off unless it is given; it has a variable too.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ownSwitch = (name: (typeof ownFlags)[number], words: string) =>
  Flag.Boolean(name).pipe(
    Flag.withDescription(words),
    Flag.withoutNegation,
    Flag.withFallbackConfig(Config.Boolean(variable({ flag: name }))),
    Flag.withDefault(false)
  )

/**
 * `--plan FILE` of a command that scans no targets.
 *
 * @category constructors
 * @since 0.2.0
 */
export const planFlag = own("plan", "FILE", "A plan file, for its accounts and settings")

/**
 * Which open claims a command lists, and in which order.
 *
 * @category constructors
 * @since 0.2.0
 */
export const listFlags = {
  state: own(
    "state",
    "STATES",
    "Only open claims in these states: in-doubt, denied, resting, unowned, late, failing, submitting, parked, waiting"
  ),
  only: own("only", "VENDOR[@ACCOUNT]", "Only claims of these vendors or accounts, with commas between"),
  sort: own("sort", "ORDER", "age (the oldest first), due, state or vendor; default age")
}

/**
 * What was typed of them; null where nothing was.
 *
 * @category destructors
 * @since 0.2.0
 */
export const typedOf = ({ only, sort, state }: Readonly<Record<"only" | "sort" | "state", Option.Option<string>>>) => ({
  only: Option.getOrNull(only),
  sort: Option.getOrNull(sort),
  state: Option.getOrNull(state)
})

/**
 * A plan and targets.
 *
 * @category constructors
 * @since 0.2.0
 */
export const planOrTargets = Argument.String("plan|target").pipe(
  Argument.withDescription("Plan files (default: scans.yaml), or targets such as appvet:https://example.com"),
  Argument.variadic({ min: 0 })
)

/**
 * A plan and nothing else.
 *
 * @category constructors
 * @since 0.2.0
 */
export const planWord = Argument.String("plan").pipe(
  Argument.withDescription("A plan file (default: scans.yaml)"),
  Argument.optional
)

/**
 * Scans that exist already, at least `min` of them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const keyWords = (min: number) =>
  Argument.String("key").pipe(
    Argument.withDescription("vendor:scanId, vendor@account:scanId with --plan, or a claim of the journal"),
    Argument.variadic({ min })
  )
