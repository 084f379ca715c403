/**
 * The compliance API as a service: the adapter that follows from its definition (`ComplianceVendor`).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { RequestFault, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { Credential, CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
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
 * - `account`: the label of this credential. Default `default`.
 * - `insecureHosts`: hosts (`host` or `host:port`) that may be reached over plain http. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly baseUrl: string
  readonly credential: Credential | Redacted.Redacted<string>
  readonly organizationId?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
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

/**
 * Makes the adapter of one account. Nothing is sent; the configuration is checked and every fault of it listed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({
  organizationId = "",
  ...options
}: Options): Effect.Effect<ComplianceAdapter, VendorConfigError | CredentialError, VendorHttp> =>
  vendor.make({ ...options, variable: "COMPLIANCE_TOKEN", settings: { COMPLIANCE_ORGANIZATION_ID: organizationId } })

/**
 * Compliance scans of datasets.
 *
 * @category services
 * @since 0.1.0
 */
export class Compliance extends Context.Service<Compliance, ComplianceAdapter>()(
  "@scanpoll/compliance/ComplianceAdapter/Compliance"
) {
  /**
   * Makes the adapter of one account; see the module's `make`.
   */
  static readonly make = make

  /**
   * The adapter of one account as a layer.
   */
  static readonly layer = (
    options: Options
  ): Layer.Layer<Compliance, VendorConfigError | CredentialError, VendorHttp> => Layer.effect(Compliance, make(options))

  /**
   * The adapter from the environment: `COMPLIANCE_TOKEN` and `COMPLIANCE_BASE_URL` are needed,
   * `COMPLIANCE_ORGANIZATION_ID` and `SCANPOLL_ALLOW_INSECURE_HOSTS` are not.
   */
  static readonly layerConfig: Layer.Layer<Compliance, VendorConfigError | CredentialError, VendorHttp> = Layer.effect(
    Compliance,
    Vendor.fromConfig(vendor)
  )
}
