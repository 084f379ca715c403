/**
 * The two requests Exona knows: create a scan, and look at one.
 *
 * Only paths are decided here. There is no list of scans, no cancelling and no separate report.
 *
 * @see https://docs.exonalab.com/docs/api-reference/overview
 * @since 0.1.0
 */
import type { TransportFault, VendorClient, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import * as ExonaPolicy from "./ExonaPolicy.ts"
import type { ExonaRequest } from "./ExonaSchema.ts"
import * as ExonaSchema from "./ExonaSchema.ts"

/**
 * Where Exona lives unless the configuration says otherwise.
 *
 * @see https://docs.exonalab.com/docs/api-reference/overview
 * @category constructors
 * @since 0.1.0
 */
export const defaultBaseUrl = "https://platform.exonalab.com/api/v1"

/**
 * `create` is `POST /scans`: 201 for a new scan, 200 for one from the cache. `retrieve` is `GET /scans/{id}`: 200 in
 * every state of a scan. `scanId` has to be one that `isScanId` accepts.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExonaClient {
  readonly origin: string
  readonly create: (request: ExonaRequest) => Effect.Effect<VendorResponse, TransportFault>
  readonly retrieve: (scanId: string) => Effect.Effect<VendorResponse, TransportFault>
  readonly scrub: (text: string) => string
}

/**
 * Exona's paths over a client that knows its address and key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (client: VendorClient): ExonaClient => ({
  origin: client.origin,
  create: (request) =>
    client.post("/scans", ExonaSchema.requestBody(request), { timeout: ExonaPolicy.limits.submitTimeout }),
  retrieve: (scanId) => client.get(`/scans/${encodeURIComponent(scanId)}`),
  scrub: client.scrub
})
