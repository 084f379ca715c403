/**
 * AppVet as a service: the adapter that follows from its definition (`AppVetVendor`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type * as Credential from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { AppVetPayload, AppVetRequest } from "./AppVetSchema.ts"
import { vendor } from "./AppVetVendor.ts"

/**
 * Every fault of a request that can be known without asking AppVet; empty when there is none.
 *
 * **Details**
 *
 * The address must be http or https, without a user name or password, and not name a local or private host: AppVet
 * refuses those as `DOMAIN_BLOCKED`. Whether its host resolves and answers is AppVet's to find out.
 *
 * @category destructors
 * @since 0.1.0
 */
export const check: (request: AppVetRequest) => ReadonlyArray<RequestFault> = vendor.check

/**
 * The scanned address in its normal form, without a fragment.
 *
 * @category destructors
 * @since 0.1.0
 */
export const subject: (request: AppVetRequest) => Subject = vendor.subject

/**
 * Equal for two requests for the same kind of scan of the same address. Where AppVet posts its callback does not
 * matter: the scan is the same.
 *
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint: (request: AppVetRequest) => string = vendor.fingerprint

/**
 * How to reach AppVet for one account.
 *
 * - `credential`: the API key, or an effect that is asked for it before each request.
 * - `baseUrl`: default `https://appvet.dev`. https, unless its host is in `insecureHosts` (`host` or `host:port`).
 * - `account`: a label for the credential; default `default`. It goes into tickets, the key never does.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly credential: Credential.Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
}

/**
 * AppVet for one account: scans of web sites, with partial results.
 *
 * @category services
 * @since 0.1.0
 */
export class AppVet extends Context.Service<AppVet, ScanAdapter<AppVetRequest, AppVetPayload>>()(
  "@scanpoll/appvet/AppVetAdapter/AppVet"
) {
  /**
   * Makes the adapter. Nothing is sent; a configuration or a fixed key that cannot be used is refused here.
   *
   * @since 0.1.0
   */
  static readonly make = (
    options: Options
  ): Effect.Effect<
    ScanAdapter<AppVetRequest, AppVetPayload>,
    VendorConfigError | Credential.CredentialError,
    VendorHttp
  > => vendor.make(options)

  /**
   * The adapter as a layer, from options.
   *
   * @since 0.1.0
   */
  static readonly layer = (
    options: Options
  ): Layer.Layer<AppVet, VendorConfigError | Credential.CredentialError, VendorHttp> =>
    Layer.effect(AppVet, vendor.make(options))

  /**
   * The adapter as a layer, from `APPVET_API_KEY`, `APPVET_BASE_URL` and `SCANPOLL_ALLOW_INSECURE_HOSTS`.
   *
   * @since 0.1.0
   */
  static readonly layerConfig: Layer.Layer<AppVet, VendorConfigError | Credential.CredentialError, VendorHttp> =
    Layer.effect(AppVet, Vendor.fromConfig(vendor))
}
