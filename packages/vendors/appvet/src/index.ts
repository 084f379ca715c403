/**
 * AppVet web-site scans with partial results, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { AppVet } from "./AppVetAdapter.ts"
export * as AppVetAdapter from "./AppVetAdapter.ts"
export * as AppVetPolicy from "./AppVetPolicy.ts"
export * as AppVetSchema from "./AppVetSchema.ts"
export * as AppVetVendor from "./AppVetVendor.ts"
