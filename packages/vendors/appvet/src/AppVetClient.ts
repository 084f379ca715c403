/**
 * The paths of AppVet's API. What the answers mean is not decided here.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import { segment } from "@scanpoll/core/http/VendorHttp"
import type { TransportFault, VendorClient, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import type { ScanType } from "./AppVetSchema.ts"

/**
 * The documented base of the API.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const defaultBaseUrl = "https://appvet.dev"

/**
 * The largest page of the list of scans.
 *
 * @see {@link https://appvet.dev/docs}
 * @category constructors
 * @since 0.1.0
 */
export const maxPageSize = 100

/**
 * The body of a submission, under the vendor's names.
 *
 * @see {@link https://appvet.dev/docs}
 * @category models
 * @since 0.1.0
 */
export interface SubmitBody {
  readonly url: string
  readonly type: ScanType
  readonly callback_url?: string
}

/**
 * The documented calls the adapter makes: each is one request, in whatever way it is answered.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppVetClient {
  /** `POST /v1/scan` */
  readonly submit: (
    body: SubmitBody,
    options: { readonly timeout: Duration.Input }
  ) => Effect.Effect<VendorResponse, TransportFault>
  /** `GET /v1/scan/{id}` */
  readonly status: (scanId: string) => Effect.Effect<VendorResponse, TransportFault>
  /** `GET /v1/report/{id}`, with the id of the scan */
  readonly report: (scanId: string) => Effect.Effect<VendorResponse, TransportFault>
  /** `GET /v1/scans`, newest first */
  readonly list: (page: {
    readonly type: ScanType
    readonly limit: number
    readonly offset: number
  }) => Effect.Effect<VendorResponse, TransportFault>
}

/**
 * Puts the paths on a vendor client.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (client: VendorClient): AppVetClient => ({
  submit: (body, options) => client.post("/v1/scan", body, options),
  status: (scanId) => client.get(`/v1/scan/${segment(scanId)}`),
  report: (scanId) => client.get(`/v1/report/${segment(scanId)}`),
  list: ({ type, limit, offset }) => client.get("/v1/scans", { query: { type, limit, offset } })
})
