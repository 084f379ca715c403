/**
 * The compliance API as a service: the adapter that follows from its definition (`ComplianceVendor`).
 *
 * @since 0.1.0
 */
import type { RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { CompliancePayload, ComplianceRequest } from "./ComplianceSchema.ts"
import { vendor } from "./ComplianceVendor.ts"

/**
 * How to reach a compliance server.
 *
 * - `baseUrl`: where the server is, without `/api`; https. The application is self-hosted, so there is no default.
 * - `credential`: a user's access token. Tokens live about an hour, so give an effect that renews it where scans are
 *   watched for longer: it is asked before each request.
 * - `organizationId`: a UUID, sent as `X-Organization-Id`; without it the server takes the user's own organization.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Pick<Vendor.KeyedOptions, "credential" | "account" | "insecureHosts"> {
  readonly baseUrl: string
  readonly organizationId?: string
}

/**
 * The adapter of one account.
 *
 * @category models
 * @since 0.1.0
 */
export type ComplianceAdapter = ScanAdapter<ComplianceRequest, CompliancePayload>

/**
 * Every fault of a request that can be known without asking: ids that have not the form of a UUID, a blank name.
 *
 * @category destructors
 * @since 0.1.0
 */
export const check: (request: ComplianceRequest) => ReadonlyArray<RequestFault> = vendor.check

/**
 * The dataset as it is scanned: one upload, read through one mapping, under one policy. `series` leaves the upload out.
 *
 * @category destructors
 * @since 0.1.0
 */
export const subject: (request: ComplianceRequest) => Subject = vendor.subject

/**
 * Equal for requests with the same four ids. The vendor joins nothing by itself: the same body twice makes two scans.
 * The audit's name is a label and makes no other scan.
 *
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint: (request: ComplianceRequest) => string = vendor.fingerprint

const optionsOf = ({ organizationId = "", ...options }: Options): Vendor.Options => ({
  ...options,
  variable: "COMPLIANCE_TOKEN",
  settings: { COMPLIANCE_ORGANIZATION_ID: organizationId }
})

/**
 * Compliance scans of datasets. Its variables are `COMPLIANCE_TOKEN` and `COMPLIANCE_BASE_URL`, and
 * `COMPLIANCE_ORGANIZATION_ID` where it is wished.
 *
 * @category services
 * @since 0.1.0
 */
export class Compliance extends Vendor.Service<Compliance>()(
  "@scanpoll/compliance/ComplianceAdapter/Compliance",
  vendor,
  optionsOf
) {}

/**
 * Makes the adapter of one account. Nothing is sent; the configuration is checked and every fault of it listed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: typeof Compliance.make = Compliance.make
