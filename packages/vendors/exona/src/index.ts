/**
 * Exona AI-risk scans of companies, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { Exona } from "./ExonaAdapter.ts"
export * as ExonaAdapter from "./ExonaAdapter.ts"
export * as ExonaPolicy from "./ExonaPolicy.ts"
export * as ExonaSchema from "./ExonaSchema.ts"
export * as ExonaVendor from "./ExonaVendor.ts"
