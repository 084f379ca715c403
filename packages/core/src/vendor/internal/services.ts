// A vendor as a service of Effect. Passed on by `Vendor`.
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ScanAdapter } from "../../engine/ScanAdapter.ts"
import type { CredentialError } from "../../http/Credential.ts"
import type { VendorConfigError, VendorHttp } from "../../http/VendorHttp.ts"
import { fromConfig } from "./connecting.ts"
import type { Options, Vendor } from "./vendorModel.ts"

type Unmade = VendorConfigError | CredentialError

/**
 * A vendor as a layer of a service, from options.
 *
 * **Example** (A service of a vendor)
 *
 * ```ts
 * import { Vendor, VendorHttp } from "@scanpoll/core"
 * import { Context, Effect, Layer, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import harbourmaster from "./vendors/harbourmaster.ts"
 *
 * const Harbour = Context.Service<"Harbour", Vendor.AdapterOf<typeof harbourmaster>>("Harbour")
 * const harbour = Vendor.layer(Harbour, harbourmaster, { credential: Redacted.make("harbour-key-1") })
 * const http = Layer.provide(VendorHttp.layer, FetchHttpClient.layer)
 * const program = Effect.map(Effect.service(Harbour), (adapter) => adapter.vendor)
 * Effect.runSync(Effect.provide(program, Layer.provide(harbour, http))) // => "harbourmaster"
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <Self, T, P>(
  service: Context.Key<Self, ScanAdapter<T, P>>,
  vendor: Vendor<T, P>,
  options: Options
): Layer.Layer<Self, Unmade, VendorHttp> => Layer.effect(service, vendor.make(options))

/**
 * A vendor as a layer of a service, from the vendor's variables: see `fromConfig`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = <Self, T, P>(
  service: Context.Key<Self, ScanAdapter<T, P>>,
  vendor: Vendor<T, P>
): Layer.Layer<Self, Unmade, VendorHttp> => Layer.effect(service, fromConfig(vendor))

/**
 * The class of a vendor's service, made by `Service`.
 *
 * - `make`: the adapter. Nothing is sent; a configuration or a fixed key that cannot be used is refused here. `layer`: the same
 *   as a layer.
 * - `layerConfig`: the layer from the vendor's variables: see `fromConfig`.
 *
 * @category models
 * @since 0.2.0
 */
export interface ServiceClass<
  in out Self,
  in out Id extends string,
  in out T,
  in out P,
  in O
> extends Context.ServiceClass<Self, Id, ScanAdapter<T, P>> {
  readonly make: (options: O) => Effect.Effect<ScanAdapter<T, P>, Unmade, VendorHttp>
  readonly layer: (options: O) => Layer.Layer<Self, Unmade, VendorHttp>
  readonly layerConfig: Layer.Layer<Self, Unmade, VendorHttp>
}

/**
 * A vendor as the class of a service, for a package that offers one. `options` makes the vendor's options of the package's own.
 *
 * **Example** (A package's service)
 *
 * ```ts
 * import { Vendor } from "@scanpoll/core"
 * import harbourmaster from "./vendors/harbourmaster.ts"
 *
 * class Harbour extends Vendor.Service<Harbour>()("example/Harbour", harbourmaster, (own: Vendor.KeyedOptions) => own) {}
 * Harbour.key // => "example/Harbour"
 * ```
 *
 * @category services
 * @since 0.2.0
 */
export const Service =
  <Self>() =>
  <const Id extends string, T, P, O>(
    id: Id,
    vendor: Vendor<T, P>,
    options: (own: O) => Options
  ): ServiceClass<Self, Id, T, P, O> => {
    const service = Context.Service<Self, ScanAdapter<T, P>>()(id)
    const make = (own: O) => vendor.make(options(own))
    return Object.assign(service, {
      make,
      layer: (own: O) => Layer.effect(service, make(own)),
      layerConfig: Layer.effect(service, fromConfig(vendor))
    })
  }
