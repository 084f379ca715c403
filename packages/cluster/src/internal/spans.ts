// The times of an account's limits, in milliseconds: its window, further windows beside it, and the gap between submissions.
import type { AccountLimits } from "@scanpoll/core/engine/ScanAdapter"
import * as Duration from "effect/Duration"

/** So many requests in so long a window. */
export type Window = readonly [requests: number, window: number]

// - `window`: that of `requests`. `windows`: those that hold beside it. `gap`: 0 where there is none.
export interface Spans {
  readonly window: number
  readonly windows: ReadonlyArray<Window>
  readonly gap: number
}

const millis = (duration: Duration.Duration): number => Math.max(1, Math.ceil(Duration.toMillis(duration)))

export const spansOf = ({ submitGap, window, windows = [] }: AccountLimits): Spans => ({
  window: millis(window),
  windows: windows.map(({ requests, window }) => [requests, millis(window)]),
  gap: submitGap === undefined ? 0 : Math.ceil(Duration.toMillis(submitGap))
})

/** The shortest window: by it a request's way to the vendor is measured. */
export const narrowest = ({ window, windows }: Spans): number =>
  windows.reduce((least, [, each]) => Math.min(least, each), window)

/** The longest window: so long is a turn kept in the books. */
export const longest = ({ window, windows }: Pick<Spans, "window" | "windows">): number =>
  windows.reduce((most, [, each]) => Math.max(most, each), window)
