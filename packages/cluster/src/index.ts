/**
 * The same polls spread over machines: workers that share the open scans of one journal on PostgreSQL, and clients of
 * them.
 *
 * @since 0.1.0
 */
export * as Client from "./Client.ts"
export * as ClusterDatabase from "./ClusterDatabase.ts"
export * as ClusterError from "./ClusterError.ts"
export * as ClusterSettings from "./ClusterSettings.ts"
export * as ClusterStatus from "./ClusterStatus.ts"
export * as Lateness from "./Lateness.ts"
export * as Worker from "./Worker.ts"
