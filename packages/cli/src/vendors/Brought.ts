/**
 * Vendors that a user brings: definitions in modules that `--vendor` or `SCANPOLL_VENDOR` names.
 *
 * A module's default export is a definition, or a function that is given what one is made of and returns it. All vendors of
 * a process share one copy of Effect: a definition that was made with another is refused. Names and variables of shipped
 * vendors are taken.
 *
 * @since 0.2.0
 */
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type InputFault, UsageError } from "../config/InputFault.ts"
import { inert } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Modules from "./Modules.ts"
import * as Shown from "./Vendor.ts"
import type { Wanted } from "./Wanted.ts"

/**
 * What a module's function is given: the parts of this copy of scanpoll and Effect that definitions are made of.
 *
 * @category models
 * @since 0.2.0
 */
export const parts: Vendor.Parts = { Vendor, Wire, Severity, Schema, Duration, Option, Result }

const copies =
  "was made with another copy of Effect than this command's; export a function instead, and import no code: export default ({ Vendor, Wire, Schema, Duration }) => ({ ... })"

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const rootOf = (value: object): object => {
  const above: unknown = Object.getPrototypeOf(value)
  return typeof above !== "object" || above === null || above === Object.prototype ? value : rootOf(above)
}

// Every schema of this copy of Effect descends from one prototype.
const ours = rootOf(Schema.String.ast)

const isForeign = (schema: unknown): boolean => {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return false
  const ast: unknown = Reflect.get(schema, "ast")
  return typeof ast === "object" && ast !== null && rootOf(ast) !== ours
}

// `define` lists what is wrong line by line; an error of the module's own code says where it is.
const wordsOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return inert(message.replace(/:\n {2}- /, ": ").replaceAll("\n  - ", "; "), 2000)
}

const failed = (error: unknown, path: string): string => {
  const words = wordsOf(error)
  if (/^the vendor (?:\S+ )?cannot be used:/.test(words)) return words
  const place = Modules.lineOf(error, path)
  return `its function fails${place === null ? "" : ` in line ${place}`}: ${words}`
}

const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value))

const instead = "export default ({ Vendor, Wire, Schema, Duration }) => Vendor.define({ ... })"
const neither = `its default export is neither a definition nor a function that returns one: ${instead}`

/** A value that should be a vendor, or the definition of one. */
const vendorOf = (value: unknown): Result.Result<Vendor.Vendor<unknown, unknown>, string> => {
  if (Vendor.isVendor(value)) return Result.succeed(value)
  if (Vendor.kindOf(value) === "foreign") return Result.fail(copies)
  if (!isRecord(value)) return Result.fail(neither)
  if ([value["target"], value["answer"], value["payload"]].some(isForeign)) return Result.fail(copies)
  return Result.try({
    // What types cannot vouch for, `define` checks as it does for code without types, and says what is wrong.
    try: (): unknown => Reflect.apply(Vendor.define, undefined, [value]),
    catch: wordsOf
  }).pipe(
    Result.flatMap((made) => (Vendor.isVendor(made) ? Result.succeed(made) : Result.fail("cannot be used as a vendor")))
  )
}

/**
 * The vendor that a module's exports bring; a failure says in words why there is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromModule = (
  exports: Readonly<Record<string, unknown>>,
  path: string
): Effect.Effect<Vendor.Vendor<unknown, unknown>, string> => {
  if (exports["default"] === undefined) {
    const others = Object.keys(exports).filter((name) => name !== "samples")
    const told = others.length === 0 ? "" : ` (it exports ${inert(others.slice(0, 5).join(", "), 200)})`
    return Effect.fail(`has no default export${told}; export default a definition, or a function of one`)
  }
  return Effect.gen(function* () {
    const value = yield* Effect.tryPromise({
      try: async (): Promise<unknown> => {
        const told: unknown = await exports["default"]
        return told
      },
      catch: (error) => `its default export is a promise that fails: ${wordsOf(error)}`
    })
    if (typeof value !== "function") return yield* Effect.fromResult(vendorOf(value))
    if (isClass(value)) return yield* Effect.fail(`its default export is a class: ${instead}`)
    const made = yield* Effect.tryPromise({
      try: async (): Promise<unknown> => {
        const told: unknown = await Reflect.apply(value, undefined, [parts])
        return told
      },
      catch: (error) => failed(error, path)
    })
    if (made === undefined) return yield* Effect.fail("its function returns nothing: return Vendor.define({ ... })")
    return yield* Effect.fromResult(vendorOf(made))
  })
}

/**
 * The exports of a module that was named, and its vendor.
 *
 * @category models
 * @since 0.2.0
 */
export interface Loaded {
  readonly path: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly vendor: Vendor.Vendor<unknown, unknown>
}

/**
 * Loads one module and its vendor, whatever its name is.
 *
 * @category constructors
 * @since 0.2.0
 */
export const one = Effect.fnUntraced(function* (name: string): Effect.fn.Return<Loaded, string> {
  const { directory } = yield* ProcessContext
  const path = yield* Modules.locate(name, directory)
  const exports = yield* Modules.load(path)
  return { path, exports, vendor: yield* fromModule(exports, path) }
})

const variablesOf = ({ baseVariable, extraVariables, keyVariable }: Shown.VendorFacts): ReadonlyArray<string> => [
  ...(keyVariable === null ? [] : [keyVariable]),
  baseVariable,
  ...extraVariables
]

// The key variable of one vendor, and longer ones that begin with it, are sent to that vendor alone.
const overlaps = (a: string, b: string): boolean => a === b || a.startsWith(`${b}_`) || b.startsWith(`${a}_`)

/**
 * Why a vendor cannot stand beside the others; null where it can. What a variable holds is sent to the vendor that owns it.
 *
 * @category guards
 * @since 0.2.0
 */
export const clash = (
  vendor: Shown.VendorFacts & { readonly name: string },
  others: ReadonlyArray<Shown.Vendor>
): string | null => {
  if (others.some(({ name }) => name === vendor.name)) return `the name ${vendor.name} is taken by another vendor`
  const own = variablesOf(vendor)
  const reserved = own.find((name) => /^(?:SCANPOLL_|NODE_|npm_|PATH$|HOME$)/.test(name))
  if (reserved !== undefined) return `the variable ${reserved} cannot be a vendor's: choose another name for it`
  for (const other of others) {
    const taken = own.find((name) => variablesOf(other).some((theirs) => overlaps(name, theirs)))
    if (taken !== undefined) return `the variable ${taken} is one of ${other.name}'s: choose another name for it`
  }
  return null
}

/**
 * The vendors of the wanted modules, beside those that are known already. Every fault of every module is reported.
 *
 * @category constructors
 * @since 0.2.0
 */
export const load = Effect.fnUntraced(function* (
  wanted: ReadonlyArray<Wanted>,
  known: ReadonlyArray<Shown.Vendor>
): Effect.fn.Return<ReadonlyArray<Shown.Vendor>, UsageError> {
  const faults: Array<InputFault> = []
  const brought: Array<Shown.Vendor> = []
  for (const { name, where } of wanted) {
    const loaded = yield* Effect.result(one(name))
    const refuse = (message: string) => faults.push({ where: `${where} ${inert(name, 200)}`, message })
    if (Result.isFailure(loaded)) {
      refuse(loaded.failure)
      continue
    }
    const vendor = Shown.fromDefinition(loaded.success.vendor)
    const taken = clash(vendor, [...known, ...brought])
    if (taken === null) brought.push(vendor)
    else refuse(taken)
  }
  if (faults.length > 0) return yield* Effect.fail(new UsageError({ faults }))
  return brought
})
