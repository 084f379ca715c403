// What every part of a journal speaks of: the key of a claim, and why a journal cannot do what it was asked for. Touches
// nothing.
import * as Data from "effect/Data"

/**
 * What makes two requests the same purchase.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClaimKey {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly environment: string
  readonly fingerprint: string
}

/**
 * Why a journal cannot do what it was asked for.
 *
 * - `unavailable`: it cannot be reached or opened, or the connection was lost.
 * - `busy`: somebody else keeps it locked. `full`: no room. `read-only`: it may not be written.
 * - `unknown`: it cannot be told whether the last write was kept.
 * - `foreign`: it belongs to another program. `newer`: a later version of this program made it.
 * - `missing`: there is no journal to look at.
 * - `replaced`: its file or its database was deleted, renamed, recreated or restored since it was opened; what this process
 *   had bought is in the log.
 * - `unreadable`: what is stored is not what was written.
 * - `conflict`: the state machine has no such move, or another claim has that scan.
 * - `lost`: another process holds the claim now.
 *
 * @category models
 * @since 0.1.0
 */
export type JournalFault =
  | "unavailable"
  | "busy"
  | "full"
  | "read-only"
  | "unknown"
  | "foreign"
  | "newer"
  | "missing"
  | "replaced"
  | "unreadable"
  | "conflict"
  | "lost"

/**
 * The journal could not be read or written, or was asked for a move that its state machine does not have.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalError extends Data.TaggedError("JournalError")<{
  readonly reason: JournalFault
  readonly message: string
  readonly cause?: unknown
}> {}
