/**
 * What shows how a run goes. A view listens and never decides: it cannot slow a poll down, and what it fails to draw is
 * lost.
 *
 * @since 0.2.0
 */
import type { ScanEvent } from "@scanpoll/core/engine/ScanEvent"

/**
 * Rows redrawn on a terminal, a line per change of state, or nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type Style = "tty" | "plain" | "none"

/**
 * - `observer`: give it to the run.
 *
 * @category models
 * @since 0.1.0
 */
export interface View {
  readonly observer: (event: ScanEvent) => void
}
