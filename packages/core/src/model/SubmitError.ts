/**
 * Why a submission brought no ticket.
 *
 * The kind says what is known about the purchase: only `InDoubt` may have been accepted, and only `NotSent` and
 * `Throttled` surely were not. `Refused` and `Denied` are the vendor's own no.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Quota } from "./Observation.ts"

/**
 * - `Refused`: turned down, by the vendor or by our own check before anything was sent (`code: "invalid-request"`).
 * - `Denied`: the credential was refused (401, 403).
 * - `Throttled`: asked to come back later; nothing was bought.
 * - `NotSent`: no byte reached the vendor.
 * - `InDoubt`: it may have been accepted; never sent again by itself.
 *
 * @category models
 * @since 0.1.0
 */
export type SubmitErrorKind = "Refused" | "Denied" | "Throttled" | "NotSent" | "InDoubt"

/**
 * A submission that gave no ticket.
 *
 * @category errors
 * @since 0.1.0
 */
export class SubmitError extends Data.TaggedError("SubmitError")<{
  readonly kind: SubmitErrorKind
  /** Asking again cannot help (a bad certificate, an unknown host name): not tried a second time. */
  readonly permanent: boolean
  readonly code: string
  readonly message: string
  readonly advice: string | null
  readonly requestId: string | null
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
}> {}

/**
 * Makes a submit error; what is left out is absent, and `permanent` is false.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (fields: {
  readonly kind: SubmitErrorKind
  readonly code: string
  readonly message: string
  readonly permanent?: boolean
  readonly advice?: string | null
  readonly requestId?: string | null
  readonly hint?: Option.Option<Duration.Duration>
  readonly quota?: Option.Option<Quota>
}): SubmitError =>
  new SubmitError({
    kind: fields.kind,
    permanent: fields.permanent ?? false,
    code: fields.code,
    message: fields.message,
    advice: fields.advice ?? null,
    requestId: fields.requestId ?? null,
    hint: fields.hint ?? Option.none(),
    quota: fields.quota ?? Option.none()
  })
