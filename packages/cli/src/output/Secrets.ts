/**
 * What may be a credential of this process, to be taken out of whatever people are told.
 *
 * What a fault says comes from anywhere, also from a key that was typed in the wrong place.
 *
 * @since 0.1.0
 */
import * as Scrubber from "@scanpoll/core/http/Scrubber"
import * as KeyVariable from "../config/KeyVariable.ts"

const mayHold = /key|token|secret|password|credential/i
// A shorter one may stand in a text by chance.
const least = 8

/**
 * Replaces the value of every variable that is named like a credential and has at least eight characters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const scrubberOf = (environment: Readonly<Record<string, string | undefined>>): ((text: string) => string) => {
  const scrubber = Scrubber.make()
  for (const [name, value = ""] of Object.entries(environment)) {
    // It lists names, and a message names the variable that is refused.
    if (name === KeyVariable.allowVariable) continue
    if (mayHold.test(name) && value.trim().length >= least) scrubber.learn(value.trim())
  }
  return scrubber.text
}
