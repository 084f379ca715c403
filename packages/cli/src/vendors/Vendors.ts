/**
 * The vendors this process knows: those that come with the command, and those that were loaded beside them.
 *
 * Targets, keys, plans, their schema and every command take their vendors from here. No module holds a list of its own.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { UsageError } from "../config/InputFault.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Vendor } from "./Vendor.ts"
import * as Wanted from "./Wanted.ts"

/**
 * - `all`: in the order they are shown.
 * - `names`: theirs, in the same order.
 * - `byName`: the vendor of a name, or null.
 *
 * @category models
 * @since 0.2.0
 */
export interface Known {
  readonly all: ReadonlyArray<Vendor>
  readonly names: ReadonlyArray<string>
  readonly byName: (name: string) => Vendor | null
}

/**
 * @category services
 * @since 0.2.0
 */
export class Vendors extends Context.Service<Vendors, Known>()("scanpoll/vendors/Vendors") {}

/**
 * These vendors and no others. Their names must differ.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (all: ReadonlyArray<Vendor>): Known => {
  const byName = new Map(all.map((vendor) => [vendor.name, vendor]))
  return { all, names: all.map((vendor) => vendor.name), byName: (name) => byName.get(name) ?? null }
}

const shipped = Effect.map(
  Effect.promise(() => import("./Shipped.ts")),
  ({ all }) => all
)

/**
 * The vendors that come with the command, and those of a user's own that `--vendor` or `SCANPOLL_VENDOR` names; loaded
 * when they are first needed. A command without that flag, `undefined` here, knows the shipped ones alone.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (flags?: ReadonlyArray<string>): Layer.Layer<Vendors, UsageError> =>
  Layer.effect(
    Vendors,
    Effect.gen(function* () {
      const known = yield* shipped
      const { environment } = yield* ProcessContext
      const wanted = flags === undefined ? [] : Wanted.of(flags, environment)
      if (wanted.length === 0) return make(known)
      const { load } = yield* Effect.promise(() => import("./Brought.ts"))
      return make([...known, ...(yield* load(wanted, known))])
    })
  )
