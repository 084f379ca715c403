/**
 * Log lines on standard error: one line each, in logfmt, harmless whatever a vendor wrote into them.
 *
 * @since 0.1.0
 */
import * as SafeText from "@scanpoll/report/SafeText"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { inert, Streams } from "./Streams.ts"

/**
 * Whether a line of progress tells what became of each try: then no log line repeats it. What progress knows nothing of,
 * such as trouble with the journal, is logged all the same. Default false.
 *
 * @category services
 * @since 0.1.0
 */
export const ToldByProgress: Context.Reference<boolean> = Context.Reference<boolean>("scanpoll/ToldByProgress", {
  defaultValue: () => false
})

const repeats = /^(poll failed|the credential was refused|unknown status)\b/

const isRepeat = ({ fiber, message }: Logger.Options<unknown>): boolean => {
  const first: unknown = Array.isArray(message) ? message[0] : message
  return typeof first === "string" && fiber.getRef(ToldByProgress) && repeats.test(first)
}

/**
 * Replaces the default logger, which writes to standard output.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, Streams> = Layer.unwrap(
  Effect.map(Streams, (streams) =>
    Logger.layer([
      Logger.make((options) => {
        if (!isRepeat(options)) streams.errUnsafe(SafeText.lines(inert(Logger.formatLogFmt.log(options), 4_000)))
      })
    ])
  )
)
