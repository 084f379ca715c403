/**
 * What is wrong with what the user gave: a flag, a variable, a line of a plan, a key, an output.
 *
 * Everything is checked before the first request, and all faults are shown together: a person who fixes one should not have
 * to come back for the next.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Login from "./Login.ts"

/**
 * One fault. `where` leads to it: `scans.yaml:12:5`, `--deadline`, `SCANPOLL_DEADLINE`, `EXONA_API_KEY`. The message holds
 * no credential.
 *
 * @category models
 * @since 0.1.0
 */
export interface InputFault {
  readonly where: string
  readonly message: string
}

/**
 * The command cannot be done as it was asked for; nothing was sent. Ends the process with exit code 2.
 *
 * @category errors
 * @since 0.1.0
 */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly faults: ReadonlyArray<InputFault> }> {
  override get message(): string {
    return this.faults.map((fault) => `${fault.where}: ${fault.message}`).join("\n")
  }
}

/**
 * A usage error with a single fault.
 *
 * @category constructors
 * @since 0.1.0
 */
export const usage = (where: string, message: string): UsageError => new UsageError({ faults: [{ where, message }] })

// What shows nothing, or shows the rest of its line elsewhere: the person who mistyped it has to see it.
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const escaped = (char: string): string => {
  const code = (char.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`
}

/**
 * A text with every character that nobody could see as an escape: control, format and direction characters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const visible = (text: string): string => text.replace(unseen, escaped)

const cut = (text: string, max: number): string =>
  visible(JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text))

/**
 * A text of the user's, quoted and cut for a message, with what nobody could see escaped and without passwords of addresses.
 *
 * @category constructors
 * @since 0.1.0
 */
export const quote = (text: string, max = 80): string => cut(Login.hide(text), max)
