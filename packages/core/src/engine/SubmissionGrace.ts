/**
 * How long a submission in flight is awaited once its run is interrupted. Cut earlier, it would be in doubt although the
 * vendor was about to answer; awaited for ever, a program could not end. What has no answer by then is in doubt.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"

/**
 * The grace of a submission in flight; default 10 seconds. A program that promises to end within a time provides a
 * shorter one, and keeps the rest for storing what it knows:
 * `Effect.provideService(SubmissionGrace, Duration.seconds(8))`.
 *
 * @category services
 * @since 0.1.0
 */
export const SubmissionGrace: Context.Reference<Duration.Duration> = Context.Reference<Duration.Duration>(
  "@scanpoll/core/unstable/engine/SubmissionGrace",
  { defaultValue: () => Duration.seconds(10) }
)
