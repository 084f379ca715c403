/**
 * What Node would write to standard error by itself, past every gate: errors that nobody caught, such as those of a timer in a
 * vendor's module, and warnings. Both may repeat a key.
 *
 * @since 0.2.0
 */
import * as SafeText from "@scanpoll/report/SafeText"
import process from "node:process"
import * as Secrets from "../output/Secrets.ts"
import { inertLines } from "../output/Streams.ts"

const wordsOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/**
 * From now on `say` gets these texts, without keys, build commands and sequences of a terminal. An error that nobody caught then ends the process by
 * `end`: as before, but never with the exit code of a gate that failed.
 *
 * @category running
 * @since 0.2.0
 */
export const listen = (say: (text: SafeText.SafeText) => void, end: () => void): void => {
  const clean = (text: string): SafeText.SafeText => {
    try {
      return SafeText.lines(inertLines(Secrets.scrubberOf(process.env)(text)))
    } catch {
      return SafeText.lines("it cannot be shown without keys")
    }
  }
  process.on("uncaughtException", (error) => {
    say(clean(`scanpoll: an uncaught error, in a vendor's module or in scanpoll itself\n${wordsOf(error)}`))
    end()
  })
  // None where NODE_NO_WARNINGS is set.
  if (process.listenerCount("warning") === 0) return
  process.removeAllListeners("warning")
  process.on("warning", (warning) => say(clean(`warning: ${warning.name}: ${warning.message}`)))
}
