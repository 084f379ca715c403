/**
 * `scanpoll serve token add NAME`: a token for a program, printed once.
 *
 * @since 0.2.0
 */
import * as SafeText from "@scanpoll/report/SafeText"
import * as Tokens from "@scanpoll/server/Tokens"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { quote, usage, UsageError } from "../config/InputFault.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as ServeFiles from "./ServeFiles.ts"

/**
 * `scanpoll serve token add NAME --scope SCOPES`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const add = Effect.fnUntraced(function* (input: {
  readonly name: string
  readonly scope: string | null
  readonly tokens: string | null
}): Effect.fn.Return<number, UsageError, FileSystem.FileSystem | Path.Path | Streams> {
  const scopes = Tokens.readScopes(input.scope ?? "read")
  const file = yield* ServeFiles.tokensFile(input.tokens)
  const { tokens } = Tokens.parse(yield* ServeFiles.readTokens(file))
  const faults = [
    ...(Tokens.isName(input.name)
      ? tokens.some(({ name }) => name === input.name)
        ? [{ where: quote(input.name), message: `there is a token of this name in ${file}; remove its line first` }]
        : []
      : [{ where: quote(input.name), message: "a name has 1 to 64 letters, digits, and . _ -" }]),
    ...(typeof scopes === "string" ? [{ where: "--scope", message: scopes }] : [])
  ]
  if (faults.length > 0) return yield* Effect.fail(new UsageError({ faults }))
  if (typeof scopes === "string") return yield* Effect.fail(usage("--scope", scopes))
  const { line, token } = Tokens.make(input.name, scopes)
  yield* ServeFiles.addToken(file, line)
  yield* say(`added to ${inert(file)}; this is the only time the token is shown:`)
  const streams = yield* Streams
  const failed = yield* Effect.result(streams.out(SafeText.linesWithKeys(token)))
  return failed._tag === "Failure" ? 74 : 0
})
