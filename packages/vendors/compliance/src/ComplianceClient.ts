/**
 * The paths of the compliance API, below the base its host was given.
 *
 * One function per request, each made once; what an answer means is decided elsewhere. Names are turned from ours into
 * the vendor's here and nowhere else.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { TransportFault, VendorClient, VendorResponse } from "@scanpoll/core/http/VendorHttp"
import type { ComplianceRequest } from "./ComplianceSchema.ts"
import * as CompliancePolicy from "./CompliancePolicy.ts"

/**
 * The requests this adapter makes.
 *
 * - `run`: starts a scan and answers when it is done. Never repeat it: the same body twice makes two scans.
 * - `status`: one scan, in every state.
 * - `auditScans`: the scans of an audit, running and failed ones too, newest first.
 *
 * @category models
 * @since 0.1.0
 */
export interface ComplianceClient {
  readonly run: (request: ComplianceRequest) => Effect.Effect<VendorResponse, TransportFault>
  readonly status: (scanId: string) => Effect.Effect<VendorResponse, TransportFault>
  readonly auditScans: (auditId: string) => Effect.Effect<VendorResponse, TransportFault>
}

const path = (...parts: ReadonlyArray<string>): string => parts.map((part) => `/${encodeURIComponent(part)}`).join("")

const body = (request: ComplianceRequest): Readonly<Record<string, string>> => ({
  policy_id: request.policyId,
  upload_id: request.uploadId,
  mapping_id: request.mappingId,
  ...(request.auditId === undefined ? {} : { audit_id: request.auditId }),
  ...(request.auditName === undefined ? {} : { audit_name: request.auditName })
})

/**
 * The requests over a vendor's HTTP client; a run is awaited for as long as the vendor's limits say.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (http: VendorClient): ComplianceClient => ({
  run: (request) => http.post("/api/scan/run", body(request), { timeout: CompliancePolicy.limits.submitTimeout }),
  status: (scanId) => http.get(path("api", "scan", scanId)),
  auditScans: (auditId) => http.get(path("api", "audits", auditId, "scans"))
})
