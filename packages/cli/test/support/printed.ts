/** Commands that the command prints, and how a person types them. */
import * as Effect from "effect/Effect"
import { type Ended, once, type Options, scanpoll } from "./command.ts"
import { scanpollInside } from "./inside.ts"

/** The words of a line as a shell has them: quotes hold them together, and what follows a hash is for people. */
export const wordsOf = (line: string): ReadonlyArray<string> =>
  (line.replace(/\s+# .*$/, "").match(/(?:'[^']*'|[^\s'])+/g) ?? []).slice(1).map((word) => word.replaceAll("'", ""))

/** In backticks, after what it is for, or on a line of its own. */
export const printedIn = (text: string): ReadonlyArray<string> => [
  ...new Set(
    text
      .split("\n")
      .flatMap((line) => [
        ...Array.from(line.matchAll(/`(scanpoll [^`]+)`/g), ([, command = ""]) => command),
        ...Array.from(line.matchAll(/(?:^\s*|: +)(scanpoll (?!to\b).+)$/g), ([, command = ""]) => command)
      ])
      .map((command) => command.trim())
  )
]

// What runs until Ctrl-C, and what it says once it does its work.
const isServer = /^(?:simulate|worker|serve(?! token))\b/
const isUp = /Ctrl-C ends them|it opens once|polls for/

/** Types a line; what runs until Ctrl-C gets it as soon as it is up. */
export const typed = (line: string, options: Options): Effect.Effect<Ended> => {
  const words = wordsOf(line)
  if (isServer.test(words.join(" "))) {
    return scanpoll(words, { ...options, time: "real", watch: once(isUp, ({ kill }) => kill("SIGINT")) })
  }
  return scanpollInside(words, options)
}
