/**
 * Lets the module of a vendor import the parts of `effect` and `@scanpoll/core` that definitions are made of from this command,
 * wherever the module lies: schemas of two copies of Effect do not work together, and the published command holds its copy
 * inside its own files.
 *
 * @since 0.2.0
 */
import * as Severity from "@scanpoll/core/model/Severity"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { registerHooks } from "node:module"

type Exports = Readonly<Record<string, unknown>>

const effect: Readonly<Record<string, Exports>> = {
  Duration,
  Option,
  Result,
  Schema,
  SchemaGetter,
  SchemaIssue,
  SchemaTransformation
}
const core: Readonly<Record<string, Exports>> = { Severity, Vendor, Wire }

// What an import names, and what it gives.
const shared: ReadonlyMap<string, Exports> = new Map<string, Exports>([
  ["effect", effect],
  ...Object.entries(effect).map(([name, module]): [string, Exports] => [`effect/${name}`, module]),
  ["@scanpoll/core", core],
  ["@scanpoll/core/model/Severity", Severity],
  ["@scanpoll/core/vendor/Vendor", Vendor],
  ["@scanpoll/core/vendor/Wire", Wire]
])

const scheme = "scanpoll-shared:"
const registry = "scanpoll/vendors/Shared"

// An export by name wins over one of the same name that a star brings. Names such as `null` can be exported, not declared.
const sourceOf = (name: string, module: Exports, installed: string | null): string => {
  const names = Object.keys(module).filter((one) => one !== "default")
  return [
    ...(installed === null ? [] : [`export * from ${JSON.stringify(installed)}`]),
    `const module = globalThis[Symbol.for(${JSON.stringify(registry)})].get(${JSON.stringify(name)})`,
    ...names.map((one, at) => `const v${at} = module[${JSON.stringify(one)}]`),
    `export { ${names.map((one, at) => `v${at} as ${one}`).join(", ")} }`
  ].join("\n")
}

const installedOf = (resolve: () => { readonly url: string }): string | null => {
  try {
    return resolve().url
  } catch {
    return null
  }
}

let isOn = false

/**
 * From now on an import of these parts gives this command's own. What else `effect` and `@scanpoll/core` export comes from
 * where the importing module finds them, if it does.
 *
 * @category running
 * @since 0.2.0
 */
export const share = (): void => {
  if (isOn) return
  isOn = true
  Reflect.set(globalThis, Symbol.for(registry), shared)
  const sources = new Map<string, string>()
  registerHooks({
    resolve: (specifier, context, next) => {
      const module = shared.get(specifier)
      if (module === undefined || context.parentURL?.startsWith(scheme) === true) return next(specifier, context)
      const isBarrel = module === effect || module === core
      const installed = isBarrel ? installedOf(() => next(specifier, context)) : null
      const url = `${scheme}${specifier}${installed === null ? "" : `?${encodeURIComponent(installed)}`}`
      sources.set(url, sourceOf(specifier, module, installed))
      return { url, format: "module", shortCircuit: true }
    },
    load: (url, context, next) => {
      const source = sources.get(url)
      return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true }
    }
  })
}
