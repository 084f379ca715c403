/**
 * Exona AI-risk scans of companies, as a scanpoll adapter.
 *
 * @since 0.1.0
 */
export { Exona } from "./ExonaAdapter.ts"
export * as ExonaAdapter from "./ExonaAdapter.ts"
export * as ExonaClient from "./ExonaClient.ts"
export * as ExonaError from "./ExonaError.ts"
export * as ExonaPolicy from "./ExonaPolicy.ts"
export * as ExonaSchema from "./ExonaSchema.ts"
