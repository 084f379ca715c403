/**
 * SonarQube quality gates and issues of an uploaded analysis, as a scanpoll adapter.
 *
 * @since 0.2.0
 */
export { SonarQube } from "./SonarQubeVendor.ts"
export * as SonarQubeSamples from "./SonarQubeSamples.ts"
export * as SonarQubeSchema from "./SonarQubeSchema.ts"
export * as SonarQubeVendor from "./SonarQubeVendor.ts"
