/**
 * @since 0.1.0
 */
export * as AppVetSimulator from "./AppVetSimulator.ts"
export * as ComplianceSimulator from "./ComplianceSimulator.ts"
export * as Conformance from "./Conformance.ts"
export * as ExonaSimulator from "./ExonaSimulator.ts"
export * as FastTime from "./FastTime.ts"
export * as FaultProxy from "./FaultProxy.ts"
export * as Ledger from "./Ledger.ts"
export * as Samples from "./Samples.ts"
export * as Script from "./Script.ts"
export * as SimulatedVendor from "./SimulatedVendor.ts"
export * as Simulator from "./Simulator.ts"
export * as Simulators from "./Simulators.ts"
export * as Stage from "./Stage.ts"
export { createSimulators } from "./Simulators.ts"
