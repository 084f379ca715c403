/**
 * What a purchase on its way is granted once the person ends the command, and how long the process may then take to its end.
 *
 * @since 0.2.0
 */
import { SubmissionGrace } from "@scanpoll/core/unstable/engine/SubmissionGrace"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Settings } from "../config/Settings.ts"
import { Shutdown } from "../process/Shutdown.ts"

// The report is written within it.
const rest = Duration.millis(1800)

/**
 * Runs purchases under the grace of the settings.
 *
 * @category combinators
 * @since 0.2.0
 */
export const granted =
  ({ grace }: Pick<Settings, "grace">) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Shutdown> =>
    Effect.flatMap(Shutdown, ({ allow }) =>
      Effect.andThen(
        allow(Duration.sum(grace.value, rest)),
        Effect.provideService(effect, SubmissionGrace, grace.value)
      )
    )
