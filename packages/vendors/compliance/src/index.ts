/**
 * Rule scans of datasets with their delta, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { Compliance } from "./ComplianceVendor.ts"
export * as ComplianceSchema from "./ComplianceSchema.ts"
export * as ComplianceVendor from "./ComplianceVendor.ts"
// The names that 0.1.0 had for parts of it.
export * as ComplianceAdapter from "./ComplianceVendor.ts"
export * as CompliancePolicy from "./ComplianceVendor.ts"
