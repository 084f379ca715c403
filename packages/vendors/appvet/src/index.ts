/**
 * AppVet web-site scans with partial results, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { AppVet } from "./AppVetVendor.ts"
export * as AppVetSchema from "./AppVetSchema.ts"
export * as AppVetVendor from "./AppVetVendor.ts"
// The names that 0.1.0 had for parts of it.
export * as AppVetAdapter from "./AppVetVendor.ts"
export * as AppVetPolicy from "./AppVetVendor.ts"
