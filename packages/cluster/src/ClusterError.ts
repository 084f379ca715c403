/**
 * Why a process cannot be part of a cluster.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * - `settings`: one of them is out of its bounds.
 * - `name`: it cannot be the name of a worker, or a living worker has it.
 * - `mismatch`: the workers that run have another number of slices.
 *
 * @category models
 * @since 0.1.0
 */
export type ClusterFault = "settings" | "name" | "mismatch"

/**
 * A process that was told something its cluster cannot agree to. Nothing was polled.
 *
 * @category errors
 * @since 0.1.0
 */
export class ClusterError extends Data.TaggedError("ClusterError")<{
  readonly reason: ClusterFault
  readonly message: string
}> {}
