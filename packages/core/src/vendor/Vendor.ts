/**
 * A vendor as one value: data and schemas, from which its adapter and what people and commands need to know of it follow.
 *
 * Every part may be a function where data do not reach. What the engine promises (one request a poll, no retries, nothing
 * guessed, the key never told) holds for every definition, because a definition cannot say otherwise.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import type { ScanAdapter } from "../engine/ScanAdapter.ts"
import type { Definition, Facts } from "./Definition.ts"
import * as Asking from "./internal/asking.ts"
import * as Check from "./internal/check.ts"
import { connect } from "./internal/connecting.ts"
import * as Describing from "./internal/describing.ts"
import * as Faults from "./internal/faults.ts"
import * as Pacings from "./internal/pacing.ts"
import * as Shape from "./internal/shape.ts"
import type { Vendor } from "./internal/vendorModel.ts"

export { linkOn, publicUrl, sameUrl, url, urlFault, urlSubject } from "./internal/addresses.ts"
export { numbered, slug } from "./internal/alike.ts"
export { baseVariable, fromConfig } from "./internal/connecting.ts"
export { pairs } from "./internal/pairs.ts"
export { layer, layerConfig, Service, type ServiceClass } from "./internal/services.ts"
export type { KeyedOptions, Options, Vendor } from "./internal/vendorModel.ts"
export { assessment, failed, finding, scored, unusable, when } from "./internal/verdicts.ts"

/**
 * What the default export of a vendor's module is given where it is a function: the parts of the running copy of scanpoll
 * and Effect that definitions are made of. Such a module needs no `node_modules` and never brings a second copy.
 *
 * @category models
 * @since 0.2.0
 */
export interface Parts {
  readonly Vendor: typeof import("./Vendor.ts")
  readonly Wire: typeof import("./Wire.ts")
  readonly Severity: typeof import("../model/Severity.ts")
  readonly Schema: typeof import("effect/Schema")
  readonly Duration: typeof import("effect/Duration")
  readonly Option: typeof import("effect/Option")
  readonly Result: typeof import("effect/Result")
}

// Who made a vendor: one of another copy of this package brings another copy of Effect with it.
const made = new WeakSet<object>()

/**
 * What a value is that should be a vendor: `vendor`; `foreign` for one that another copy of this package made, which
 * brings a second copy of Effect; `other` for everything else.
 *
 * @category guards
 * @since 0.2.0
 */
export const kindOf = (value: unknown): "vendor" | "foreign" | "other" => {
  if (typeof value !== "object" || value === null) return "other"
  if (made.has(value)) return "vendor"
  return Reflect.get(value, "_tag") === "scanpoll/Vendor" ? "foreign" : "other"
}

/**
 * Whether this copy of the package made the vendor. The functions of such a vendor take what its `target` has read, and
 * nothing else.
 *
 * @category guards
 * @since 0.2.0
 */
export const isVendor = (value: unknown): value is Vendor<unknown, unknown> => kindOf(value) === "vendor"

/**
 * The targets of a vendor.
 *
 * @category models
 * @since 0.2.0
 */
export type TargetOf<V> = V extends Vendor<infer T, infer _P> ? T : never

/**
 * The payload of a vendor's outcomes.
 *
 * @category models
 * @since 0.2.0
 */
export type PayloadOf<V> = V extends Vendor<infer _T, infer P> ? P : never

/**
 * The adapter of a vendor: what a service of it has for its shape.
 *
 * @category models
 * @since 0.2.0
 */
export type AdapterOf<V> = V extends Vendor<infer T, infer P> ? ScanAdapter<T, P> : never

const refuse = ({ name }: Facts, wrong: ReadonlyArray<string>): void => {
  if (wrong.length === 0) return
  const which = typeof name === "string" ? `the vendor ${name}` : "the vendor"
  throw new TypeError(`${which} cannot be used:\n${wrong.map((it) => `  - ${it}`).join("\n")}`)
}

/**
 * Makes a vendor.
 *
 * **Details**
 *
 * The types of targets and payloads are inferred from the schemas. A definition that contradicts itself throws a
 * `TypeError` at once, with everything that is wrong with it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const define = <T, A, P, F = never, L = never, K extends string = never>(
  definition: Definition<T, A, P, F, L, K>
): Vendor<T, P> => {
  refuse(definition, Shape.faults(definition))
  const paced = Pacings.make(definition.pacing)
  const { faults: wrongPaces, limits, policies } = paced
  refuse(definition, [...wrongPaces, ...Check.faults(definition, limits, wrongPaces.length === 0 ? policies : {})])

  const { ids, line, sample } = definition
  const fixed = Describing.fixed(definition, paced)
  const { poll, submit: refused } = Faults.make(definition.errors)
  const { maxAge: _, ...rest } = definition
  const vendor: Vendor<T, P> = {
    ...rest,
    ...fixed,
    ...Describing.calls(definition),
    _tag: "scanpoll/Vendor",
    isId: (text) => Asking.isId(ids, text),
    line: typeof line === "function" ? line : (text) => Result.succeed({ [line]: text.trim() }),
    faults: { poll, submit: (response, scrub, target = sample) => refused(response, scrub, target) },
    make: (options) => connect(definition, fixed, options)
  }
  made.add(vendor)
  return vendor
}
