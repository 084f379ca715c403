// How answers are read. Only the status word decides; a documented field of the wrong type is left out with a warning.
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"
import { ExonaResult } from "../ExonaSchema.ts"

const text = Schema.optionalKey(Wire.text())
const times = { created_at: text, completed_at: text }

/** What a completed scan says, in the answer to a poll or, from Exona's cache, to a submission. */
export const Answer = Schema.Struct({
  ...times,
  cached: Schema.optionalKey(Schema.Boolean),
  company: Schema.optionalKey(Schema.Struct({ name: text, website: text })),
  result: Schema.optionalKey(ExonaResult),
  error: Schema.optionalKey(Schema.Unknown)
})

export type Answer = typeof Answer.Type

const said = Schema.optionalKey(Wire.words(1000))

/** A failed scan says why in the same object as an HTTP error. */
export const Failure = Schema.Struct({
  ...times,
  error: Schema.optionalKey(
    Schema.Struct({ code: Schema.optionalKey(Wire.words(64)), message: said, hint: said, request_id: said })
  ),
  result: Schema.optionalKey(Schema.Unknown)
})
