/**
 * Exona AI-risk scans of companies, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { Exona } from "./ExonaVendor.ts"
export * as ExonaSchema from "./ExonaSchema.ts"
export * as ExonaVendor from "./ExonaVendor.ts"
// The names that 0.1.0 had for parts of it.
export * as ExonaAdapter from "./ExonaVendor.ts"
export * as ExonaPolicy from "./ExonaVendor.ts"
