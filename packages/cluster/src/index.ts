/**
 * The same polls spread over machines: workers that share the open scans of one journal on PostgreSQL, and clients of
 * them.
 *
 * @since 0.1.0
 */
export * as ClusterSettings from "./ClusterSettings.ts"
