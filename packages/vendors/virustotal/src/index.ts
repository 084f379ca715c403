/**
 * VirusTotal scans of addresses by some 90 engines, as a scanpoll adapter.
 *
 * @since 0.2.0
 */
export { VirusTotal } from "./VirusTotalVendor.ts"
export * as VirusTotalSamples from "./VirusTotalSamples.ts"
export * as VirusTotalSchema from "./VirusTotalSchema.ts"
export * as VirusTotalVendor from "./VirusTotalVendor.ts"
