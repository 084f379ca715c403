/**
 * Log lines on standard error: one line each, in logfmt, harmless whatever a vendor wrote into them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { inert, Streams } from "./Streams.ts"

/**
 * Replaces the default logger, which writes to standard output.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, Streams> = Layer.unwrap(
  Effect.map(Streams, (streams) =>
    Logger.layer([
      Logger.map(Logger.formatLogFmt, (line) => {
        streams.errUnsafe(`${inert(line, 4_000)}\n`)
      })
    ])
  )
)
