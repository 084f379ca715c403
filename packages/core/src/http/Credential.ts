/**
 * Where a vendor's key comes from, and what a key must be like to be sent.
 *
 * A credential is an effect that is asked before each request. What it gives is checked each time: white space around
 * it is cut, and a value that is empty, longer than 8192 characters or anything but visible ASCII is refused, because
 * it could not travel in a header or would change it. No message here holds a value.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scrubber from "../model/Scrubber.ts"

/**
 * A credential as an effect: asked before each request, so a token provider or a re-read file works. The error says in
 * words why there is none; it must not hold the credential.
 *
 * @category models
 * @since 0.1.0
 */
export type Credential = Effect.Effect<Redacted.Redacted<string>, CredentialError>

/**
 * There is no usable credential. `variable` names where it should have come from.
 *
 * @category errors
 * @since 0.1.0
 */
export class CredentialError extends Data.TaggedError("CredentialError")<{
  readonly vendor: string
  readonly variable: string | null
  readonly message: string
}> {}

/**
 * For whom a credential is and where it comes from, for messages. `variable` is the environment variable or file.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly vendor: string
  readonly variable?: string | null
}

const longest = 8192
const visible = /^[\x21-\x7e]+$/

/**
 * The value as it will be sent, or in words why it cannot be. The scrubber of this process learns it: nobody reads a
 * credential another way.
 *
 * @category destructors
 * @since 0.1.0
 */
export const value = (credential: Redacted.Redacted<string>): Result.Result<string, string> => {
  let raw: unknown
  try {
    raw = Redacted.value(credential)
  } catch {
    return Result.fail("has been wiped")
  }
  if (typeof raw !== "string") return Result.fail("is not a text")
  const trimmed = raw.trim()
  if (trimmed === "") return Result.fail("is empty")
  if (trimmed.length > longest) return Result.fail(`is longer than ${longest} characters`)
  if (!visible.test(trimmed)) {
    return Result.fail(
      "holds white space, a control character or a character outside ASCII: is it the whole key and nothing else?"
    )
  }
  Scrubber.ofProcess.learn(trimmed)
  return Result.succeed(trimmed)
}

/**
 * Checks a credential before anything is sent: the trimmed one, or a `CredentialError` that names its source.
 *
 * @category constructors
 * @since 0.1.0
 */
export const check = (
  credential: Redacted.Redacted<string>,
  source: Source
): Result.Result<Redacted.Redacted<string>, CredentialError> =>
  Result.mapBoth(value(credential), {
    onFailure: (why) =>
      new CredentialError({
        vendor: source.vendor,
        variable: source.variable ?? null,
        message: `${source.variable ?? `the credential of ${source.vendor}`} ${why}`
      }),
    onSuccess: (trimmed) => Redacted.make(trimmed, { label: source.vendor })
  })

/**
 * A credential that never changes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const constant = (credential: Redacted.Redacted<string>, source: Source): Credential =>
  Effect.fromResult(check(credential, source))

/**
 * For vendors that take no key: nothing is sent.
 *
 * @category constructors
 * @since 0.2.0
 */
export const none: Credential = Effect.succeed(Redacted.make("none"))
