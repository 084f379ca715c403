/**
 * How a command tells the process its exit code.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/**
 * The command has said everything there is to say and ends with this code, which is not 0.
 *
 * @category errors
 * @since 0.1.0
 */
export class ProcessExit extends Data.TaggedError("ProcessExit")<{ readonly code: number }> {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}
