/**
 * AppVet as a service: the adapter that follows from its definition (`AppVetVendor`).
 *
 * @since 0.1.0
 */
import type { RequestFault } from "@scanpoll/core/engine/ScanAdapter"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { AppVetRequest } from "./AppVetSchema.ts"
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
 * @category models
 * @since 0.1.0
 */
export type Options = Vendor.KeyedOptions

/**
 * AppVet for one account: scans of web sites, with partial results. Its variables are `APPVET_API_KEY` and `APPVET_BASE_URL`.
 *
 * @category services
 * @since 0.1.0
 */
export class AppVet extends Vendor.Service<AppVet>()(
  "@scanpoll/appvet/AppVetAdapter/AppVet",
  vendor,
  (own: Options) => own
) {}
