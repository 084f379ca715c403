/**
 * What a poll that brought no observation means for the wait.
 *
 * The kind alone decides what the fault costs: `Transient` is backed off until the deadline, `Throttled` counts as
 * nothing, `Missing` has a grace for fresh ids of our own, `Denied` stops the account, `Broken` (an answer that cannot
 * be understood) is borne three times in a row. A `permanent` fault is final at once: asking again cannot help, as with
 * a bad certificate or a refused redirect.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Quota } from "./Observation.ts"

/**
 * What a failed poll means for the wait: try again, slow down, the scan is not there, the credential is refused, or the
 * answer cannot be read.
 *
 * @category models
 * @since 0.1.0
 */
export type PollFaultKind = "Transient" | "Throttled" | "Missing" | "Denied" | "Broken"

/**
 * A failed poll. `code` is the vendor's code, or one of ours in lower case such as `timeout`; `message` is for people
 * and holds no credential; `hint` is the wait the vendor asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class PollFault extends Data.TaggedError("PollFault")<{
  readonly kind: PollFaultKind
  readonly permanent: boolean
  readonly code: string
  readonly message: string
  readonly requestId: string | null
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
}> {}

/**
 * Makes a fault; what is left out is absent, and `permanent` is false.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (fields: {
  readonly kind: PollFaultKind
  readonly code: string
  readonly message: string
  readonly permanent?: boolean
  readonly requestId?: string | null
  readonly hint?: Option.Option<Duration.Duration>
  readonly quota?: Option.Option<Quota>
}): PollFault =>
  new PollFault({
    kind: fields.kind,
    permanent: fields.permanent ?? false,
    code: fields.code,
    message: fields.message,
    requestId: fields.requestId ?? null,
    hint: fields.hint ?? Option.none(),
    quota: fields.quota ?? Option.none()
  })
