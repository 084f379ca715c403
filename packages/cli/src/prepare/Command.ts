/**
 * The one path every command is checked on: plan, settings, outputs, baseline and keys, then targets.
 *
 * `run`, `run --dry-run`, `submit`, `wait`, `status`, `resume`, `config validate` and `doctor` refuse the same input in
 * the same words, because all of them come through here.
 *
 * @since 0.2.0
 */
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type * as Baseline from "@scanpoll/report/Baseline"
import * as Proxies from "@scanpoll/core/unstable/http/Proxies"
import * as Format from "@scanpoll/report/Format"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Keys from "../config/Keys.ts"
import * as Plan from "../config/Plan.ts"
import { type InputFault, quote } from "../config/InputFault.ts"
import { didYouMean } from "../config/Nearest.ts"
import type { Settings } from "../config/Settings.ts"
import * as Notify from "../notify/Notify.ts"
import * as Output from "../output/Output.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { type Known, Vendors } from "../vendors/Vendors.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Accounts from "./Accounts.ts"
import * as Checked from "./Checked.ts"
import * as Outputs from "./Outputs.ts"
import * as OwnGates from "./OwnGates.ts"
import * as Requests from "./Requests.ts"
import * as Resolve from "./Resolve.ts"
import * as SavedFiles from "./SavedFiles.ts"
import * as UntrustedPlan from "./UntrustedPlan.ts"

/**
 * What a command is given and what it writes.
 *
 * - `plan`: default: an empty one.
 * - `formats`: the formats it writes. Default: those of a report, after a gate that may have a baseline.
 * - `reads`: files it reads beside the plan, the key file, the journal and the baseline.
 * - `anyVendor`: whether its gate may speak of vendors that are not known here. Default: false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Asked {
  readonly name: string
  readonly plan?: Checked.Checked<Plan.Plan>
  readonly flags: Resolve.FlagTexts
  readonly formats?: ReadonlyArray<string>
  readonly reads?: ReadonlyArray<Outputs.Input>
  readonly anyVendor?: boolean
}

/**
 * What every command has in force.
 *
 * @category models
 * @since 0.2.0
 */
export interface Basis {
  readonly plan: Plan.Plan
  readonly settings: Settings
  readonly keys: Keys.Keys
  readonly baseline: Baseline.Baseline | null
}

// A proxy that cannot be used: nothing may go around it.
const proxies = (environment: Readonly<Record<string, string | undefined>>): Checked.Checked<null> => {
  const read = Proxies.fromEnvironment(environment)
  return Result.isSuccess(read)
    ? Checked.make(null)
    : Checked.make(null, { faults: read.failure.map(({ message, variable }) => ({ where: variable, message })) })
}

// A threshold for an unknown vendor would hold for no scan at all. Those of a plan are reported with its other faults.
const scoreFaults = ({ minScore }: Settings, known: Known): ReadonlyArray<InputFault> =>
  minScore.source === "plan"
    ? []
    : minScore.value.flatMap(({ vendor }) => {
        if (vendor === null || known.byName(vendor) !== null) return []
        const help = didYouMean(vendor, known.names) || `; ${howToBring(vendor)}`
        return [{ where: minScore.where, message: `unknown vendor ${quote(vendor)}${help}` }]
      })

/**
 * Plan, settings, outputs, baseline and keys of a command.
 *
 * @category constructors
 * @since 0.2.0
 */
export const begin = Effect.fnUntraced(function* (
  asked: Asked
): Effect.fn.Return<Checked.Checked<Basis>, never, FileSystem.FileSystem | Path.Path | Vendors> {
  const { environment } = yield* ProcessContext
  const { formats, name, plan: read = Checked.make(Plan.empty), reads = [] } = asked
  const { value: plan } = read
  const resolved = yield* Resolve.settings(asked.flags, plan, environment)
  const settings = formats === undefined ? resolved.value : Output.wishes(resolved.value, formats)
  const inputs = [
    ...[plan, ...plan.parts].map(({ file }) => ({ file, what: "the plan" })),
    ...(formats === undefined ? [{ file: settings.baseline.value, what: "the baseline" }] : []),
    ...reads
  ]
  // Before any fault is reported: a key that was typed in the wrong place must be known by then.
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const outputs = yield* Outputs.check(settings, { name, formats: formats ?? Format.names }, inputs)
  const baseline = formats === undefined ? yield* SavedFiles.readBaseline(settings) : Checked.make(null)
  const scores = Checked.make(null, { faults: asked.anyVendor === true ? [] : scoreFaults(settings, yield* Vendors) })
  const gates = formats === undefined ? OwnGates.check(plan, Resolve.gate(settings), settings) : Checked.make(null)
  const others = [proxies(environment), scores, gates, outputs, baseline, yield* Notify.check(settings)]
  const findings = [read, resolved, ...others].reduce(Checked.and, Checked.make(null))
  return Checked.map(findings, () => ({ plan, settings, keys, baseline: baseline.value }))
})

/**
 * The basis, with a fault where the plan has no target and nothing else is wrong. `what` is done with targets.
 *
 * @category combinators
 * @since 0.2.0
 */
export const needsTargets = (basis: Checked.Checked<Basis>, name: string, what: string): Checked.Checked<Basis> => {
  const { plan } = basis.value
  return plan.targets.length > 0 || basis.faults.length > 0
    ? basis
    : Checked.and(basis, Checked.faulty(null, plan.file ?? name, `there is nothing to ${what}: no targets`))
}

const limited = (settings: Settings) => Checked.make(null, { faults: UntrustedPlan.limitFaults(settings) })

/**
 * A basis and the requests of its targets.
 *
 * @category models
 * @since 0.2.0
 */
export interface Ready extends Basis {
  readonly prepared: ReadonlyArray<Requests.Prepared>
}

/**
 * Everything that can be known before the first request of a command that scans targets. `looksOnly`, for one that sends
 * nothing: keys and addresses need not be set, and what is set must be right.
 *
 * @category constructors
 * @since 0.2.0
 */
export const prepareTargets = Effect.fnUntraced(function* (
  asked: Asked,
  looksOnly = false
): Effect.fn.Return<Checked.Checked<Ready>, never, FileSystem.FileSystem | Path.Path | VendorHttp | Vendors> {
  const begun = needsTargets(yield* begin(asked), asked.name, asked.name === "submit" ? "submit" : "scan")
  const { keys, plan, settings } = begun.value
  const accounts = yield* Accounts.open(plan.targets, plan.accounts, keys, looksOnly)
  const prepared = Checked.andThen(accounts, (opened) => Requests.ofTargets(plan, settings, opened))
  return Checked.andThen(Checked.and(begun, limited(settings)), (basis) =>
    Checked.map(prepared, (value) => ({ ...basis, prepared: value }))
  )
})
