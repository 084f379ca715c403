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
import type { Vendor } from "./Vendor.ts"

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

/**
 * The vendors that come with the command, loaded when they are first needed.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Vendors> = Layer.effect(
  Vendors,
  Effect.map(
    Effect.promise(() => import("./Shipped.ts")),
    ({ all }) => make(all)
  )
)
