/**
 * What a vendor allows, whatever policy a user composes. A policy may only be slower.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Waits from "../time/Waits.ts"

/**
 * - `floor`: the least gap between two polls of one scan.
 * - `hintCap`: the longest wait a healthy answer can ask for. Default 5 minutes.
 * - `pauseCap`: the longest wait a 429 or 503 can ask for. Default 1 hour.
 * - `throttledWait`: the wait after a 429 that names none. Default 60 seconds.
 * - `submitTimeout`: how long a submission in flight is awaited. Default 15 seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorLimits {
  readonly floor: Duration.Duration
  readonly hintCap: Duration.Duration
  readonly pauseCap: Duration.Duration
  readonly throttledWait: Duration.Duration
  readonly submitTimeout: Duration.Duration
}

/**
 * Limits with the defaults filled in. Throws a `RangeError` that names every field that is not a finite, positive
 * duration (`floor` may be zero).
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  fields: { readonly floor: Duration.Input } & {
    readonly [K in Exclude<keyof VendorLimits, "floor">]?: Duration.Input
  }
): VendorLimits => {
  const limits: VendorLimits = {
    floor: Duration.fromInputUnsafe(fields.floor),
    hintCap: Duration.fromInputUnsafe(fields.hintCap ?? "5 minutes"),
    pauseCap: Duration.fromInputUnsafe(fields.pauseCap ?? "1 hour"),
    throttledWait: Duration.fromInputUnsafe(fields.throttledWait ?? "60 seconds"),
    submitTimeout: Duration.fromInputUnsafe(fields.submitTimeout ?? "15 seconds")
  }
  const wrong = Object.entries(limits).filter(([name, value]: [string, Duration.Duration]) => {
    const millis = Duration.toMillis(value)
    return !(millis >= (name === "floor" ? 0 : 1) && millis <= Waits.longest)
  })
  if (wrong.length > 0) {
    throw new RangeError(
      `vendor limits: ${wrong.map(([name, value]) => `${name} is ${String(value)}`).join(", ")}; each must be a finite duration of at most 30 days`
    )
  }
  return limits
}
