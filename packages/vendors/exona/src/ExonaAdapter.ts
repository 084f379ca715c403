/**
 * Exona as a service: the adapter that follows from its definition (`ExonaVendor`).
 *
 * @see https://docs.exonalab.com/docs/api-reference/get-scans
 * @since 0.1.0
 */
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import { vendor } from "./ExonaVendor.ts"

export { fingerprint, maxAge } from "./ExonaVendor.ts"

/**
 * How to reach Exona for one account.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = Vendor.KeyedOptions

/**
 * Exona, ready to be asked on behalf of one account. Its variables are `EXONA_API_KEY` and `EXONA_BASE_URL`.
 *
 * **Details**
 *
 * The environment of the claims (`test` or `live`) is read from the prefix of the key when the layer is made: a key of
 * the other kind needs a layer of its own. There is no `reconcile`: Exona has no list of scans to look into.
 *
 * @category services
 * @since 0.1.0
 */
export class Exona extends Vendor.Service<Exona>()(
  "@scanpoll/exona/ExonaAdapter/Exona",
  vendor,
  (own: Options) => own
) {}
