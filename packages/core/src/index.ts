/**
 * The polling engine: model, policies, engine and the HTTP module adapters share.
 *
 * @since 0.1.0
 */
export * as Decision from "./policy/Decision.ts"
export * as Observation from "./model/Observation.ts"
export * as PollFault from "./model/PollFault.ts"
export * as PollPolicy from "./policy/PollPolicy.ts"
export * as PollStopped from "./model/PollStopped.ts"
export * as PollTick from "./policy/PollTick.ts"
export * as ScanAdapter from "./engine/ScanAdapter.ts"
export * as ScanOutcome from "./model/ScanOutcome.ts"
export * as ScanRecord from "./model/ScanRecord.ts"
export * as ScanTicket from "./model/ScanTicket.ts"
export * as Severity from "./model/Severity.ts"
export * as StatusClass from "./http/StatusClass.ts"
export * as Subject from "./model/Subject.ts"
export * as SubmitError from "./model/SubmitError.ts"
export * as VendorHttp from "./http/VendorHttp.ts"
export * as VendorLimits from "./policy/VendorLimits.ts"
export * as Waits from "./policy/Waits.ts"
export * as WireFields from "./http/WireFields.ts"
