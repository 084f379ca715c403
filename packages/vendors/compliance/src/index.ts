/**
 * Rule scans of datasets with their delta, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { Compliance } from "./ComplianceAdapter.ts"
export * as ComplianceAdapter from "./ComplianceAdapter.ts"
export * as CompliancePolicy from "./CompliancePolicy.ts"
export * as ComplianceSchema from "./ComplianceSchema.ts"
export * as ComplianceVendor from "./ComplianceVendor.ts"
