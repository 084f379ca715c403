// What one scan teaches about how long scans of its kind take. Passed on by `DurationModel`, and spoken in its rooms.
import type * as DurationLaw from "../../policy/DurationLaw.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"

/**
 * Scans whose durations belong together.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanKind {
  readonly vendor: string
  readonly origin: string
  readonly kind: string
}

/**
 * What one scan has taught.
 *
 * - `scan`: which scan it was; a later lesson about the same one takes the place of the earlier.
 * - `ended`: `settled`, or `censored` for a scan that was still running when we stopped.
 * - `durationMs`: how long a settled scan took at the most, and how long a censored one ran at the least.
 * - `atLeastMs`: how long a settled scan took at the least; left out when `durationMs` is exact.
 * - `hintMs`: the longest wait the vendor asked for while it ran, 0 when it asked for none; left out when no answer that
 *   could have held one was seen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lesson extends ScanKind {
  readonly scan: string
  readonly ended: "settled" | "censored"
  readonly durationMs: number
  readonly atLeastMs?: number
  readonly hintMs?: number
}

/**
 * A text that only equal kinds of scans share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const kindKey = ({ kind, origin, vendor }: ScanKind): string => JSON.stringify([vendor, origin, kind])

/**
 * A text that only lessons of the same scan share, for maps.
 *
 * @category destructors
 * @since 0.1.0
 */
export const lessonKey = ({ kind, origin, scan, vendor }: Pick<Lesson, keyof ScanKind | "scan">): string =>
  JSON.stringify([vendor, origin, kind, scan])

/**
 * The scans a plan is for: their kind, what the vendor says about their durations, and what it allows.
 *
 * @category models
 * @since 0.1.0
 */
export interface About extends ScanKind {
  readonly prior: DurationLaw.Prior
  readonly limits: VendorLimits
}
