/**
 * A subject as an address names it, `kind:id`.
 *
 * @since 0.2.0
 */
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Effect from "effect/Effect"
import { BadRequest } from "./Api.ts"

/**
 * The subject of a text as a part of a filter; an empty one where there is no text.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (
  text: string | undefined
): Effect.Effect<{ readonly subject?: Pick<Subject, "kind" | "id"> }, BadRequest> => {
  if (text === undefined) return Effect.succeed({})
  const [, kind, id] = /^([a-z][a-z0-9-]{0,31}):(.+)$/s.exec(text) ?? []
  return kind === undefined || id === undefined
    ? Effect.fail(new BadRequest({ detail: "subject must be kind:id, such as url:https://example.com/" }))
    : Effect.succeed({ subject: { kind, id } })
}
