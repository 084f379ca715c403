/**
 * What may be a credential of this process, to be taken out of whatever people are told.
 *
 * What a fault says comes from anywhere, also from a key that was typed in the wrong place.
 *
 * @since 0.1.0
 */
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as KeyVariable from "../config/KeyVariable.ts"

const mayHold = /key|token|secret|password|credential/i
// A shorter one may stand in a text by chance.
const least = 8

type Variables = Readonly<Record<string, string | undefined>>

// Names that hold nothing but a key, with values too long to stand in a text by chance.
const surelyKey = /(?:^|_)(?:API_?KEY|TOKEN)(?:_|$)/
const unlikely = 16

// What the headers to a collector of telemetry hold: `name=value`, with a scheme before the key or without.
const ofHeaders = (text: string): ReadonlyArray<string> =>
  text.split(",").flatMap((pair) => {
    const value = decoded(pair.slice(pair.indexOf("=") + 1)).trim()
    return [value, ...value.split(/\s+/)].filter((one) => one.length >= unlikely)
  })

// The password of an address, as it is written and as it is sent.
const ofAddress = (text: string): ReadonlyArray<string> => {
  const password = text.includes("@") ? (URL.parse(text)?.password ?? "") : ""
  return [password, decoded(password)].filter((one) => one.length >= unlikely)
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Makes known to the scrubber of this process what the environment surely holds as keys, of any owner, with at least 16
 * characters: the variables whose name says `API_KEY` or `TOKEN`, passwords of addresses, and the headers of
 * `OTEL_EXPORTER_OTLP_HEADERS`. `Keys.make` adds the vendors' own of any length, `JournalAddress` and `Proxies` the passwords
 * that are used.
 *
 * @category combinators
 * @since 0.1.1
 */
export const learn = (environment: Variables): void => {
  for (const [name, value = ""] of Object.entries(environment)) {
    const text = value.trim()
    if (surelyKey.test(name) && text.length >= unlikely) Scrubber.ofProcess.learn(text)
    const held = /^OTEL_EXPORTER_OTLP(?:_[A-Z]+)?_HEADERS$/.test(name) ? ofHeaders(text) : ofAddress(text)
    for (const secret of held) Scrubber.ofProcess.learn(secret)
  }
}

/**
 * Why a text cannot be used, where it holds a key of this process in any disguise; else null. Does not repeat it.
 *
 * @category guards
 * @since 0.1.1
 */
export const misplaced = (text: string): string | null =>
  Scrubber.ofProcess.finds(text, least)
    ? "holds a key. Keys are read from the environment and --key-file alone; remove it here, and replace the key if others could see it"
    : null

/**
 * Replaces every key that this process has read, from wherever, and the value of every variable that is named like a
 * credential and has at least eight characters.
 *
 * @category constructors
 * @since 0.1.0
 */
export const scrubberOf = (environment: Variables): ((text: string) => string) => {
  const scrubber = Scrubber.make()
  for (const [name, value = ""] of Object.entries(environment)) {
    // It lists names, and a message names the variable that is refused.
    if (name === KeyVariable.allowVariable) continue
    if (mayHold.test(name) && value.trim().length >= least) scrubber.learn(value.trim())
  }
  return (text) => scrubber.text(Scrubber.ofProcess.text(text))
}
