/**
 * Exona as a service: the adapter that follows from its definition (`ExonaVendor`).
 *
 * @see https://docs.exonalab.com/docs/api-reference/get-scans
 * @since 0.1.0
 */
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { Credential, CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { ExonaRequest, ExonaResult } from "./ExonaSchema.ts"
import { vendor } from "./ExonaVendor.ts"

export { fingerprint, maxAge } from "./ExonaVendor.ts"

/**
 * How to reach Exona.
 *
 * - `credential`: the API key, or an effect that is asked for it before each request.
 * - `baseUrl`: default `https://platform.exonalab.com/api/v1`.
 * - `account`: the label of this credential in tickets and journals. Default `"default"`.
 * - `insecureHosts`: hosts (`host` or `host:port`) that may be reached by plain http. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly credential: Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
}

/**
 * Exona, ready to be asked on behalf of one account.
 *
 * **Details**
 *
 * The environment of the claims (`test` or `live`) is read from the prefix of the key when the layer is made: a key of
 * the other kind needs a layer of its own. There is no `reconcile`: Exona has no list of scans to look into.
 *
 * @category services
 * @since 0.1.0
 */
export class Exona extends Context.Service<Exona, ScanAdapter<ExonaRequest, ExonaResult>>()(
  "@scanpoll/exona/ExonaAdapter/Exona"
) {
  /**
   * An adapter with the given options. Fails with every fault of the configuration, or when there is no credential.
   */
  static readonly make = (
    options: Options
  ): Effect.Effect<ScanAdapter<ExonaRequest, ExonaResult>, VendorConfigError | CredentialError, VendorHttp> =>
    vendor.make(options)

  /**
   * The layer of an adapter with the given options.
   */
  static readonly layer = (options: Options): Layer.Layer<Exona, VendorConfigError | CredentialError, VendorHttp> =>
    Layer.effect(Exona, vendor.make(options))

  /**
   * The layer configured by `EXONA_API_KEY`, `EXONA_BASE_URL` (default `https://platform.exonalab.com/api/v1`) and
   * `SCANPOLL_ALLOW_INSECURE_HOSTS` (comma-separated, default none).
   */
  static readonly layerConfig: Layer.Layer<Exona, VendorConfigError | CredentialError, VendorHttp> = Layer.effect(
    Exona,
    Vendor.fromConfig(vendor)
  )
}
