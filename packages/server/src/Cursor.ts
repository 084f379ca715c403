/**
 * Where a page of a list ends, as an opaque word that only the same list takes.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"
import { BadRequest } from "./Api.ts"

type List = "claims" | "runs" | "targets"

/**
 * A cursor of a list.
 *
 * @category destructors
 * @since 0.2.0
 */
export const encode = (list: List, ...parts: ReadonlyArray<string>): string =>
  Base64Url.encode([list, ...parts].join("\n"))

/**
 * The parts of a cursor; null where there is none. Fails for one that this list did not give, or that has another number of
 * parts.
 *
 * @category constructors
 * @since 0.2.0
 */
export const decode = (
  list: List,
  text: string | undefined,
  count: number
): Effect.Effect<ReadonlyArray<string> | null, BadRequest> => {
  if (text === undefined) return Effect.succeed(null)
  const [of, ...parts] = Result.getOrElse(Base64Url.decodeString(text), () => "").split("\n")
  return of === list && parts.length === count && parts.every((part) => part !== "" && part.length <= 200)
    ? Effect.succeed(parts)
    : Effect.fail(new BadRequest({ detail: `cursor is not the next of a page of ${list}` }))
}
