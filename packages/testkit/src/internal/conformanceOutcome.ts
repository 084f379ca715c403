// Whether an outcome can be kept: through the adapter's schema into JSON and back. Nothing is sent.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"

/** The codec a journal keeps the outcomes of this adapter with. */
export const codecOf = <Payload>(adapter: Pick<ScanAdapter<never, Payload>, "payload">) =>
  Schema.toCodecJson(ScanOutcome.schema(adapter.payload))

/** Why an outcome cannot be kept: written as JSON and read back it must be the same. */
export const outcomeFaults = <Payload>(
  outcome: ScanOutcome.ScanOutcome<Payload>,
  codec: ReturnType<typeof codecOf<Payload>>
): ReadonlyArray<string> => {
  const written = Schema.encodeExit(codec)(outcome)
  if (Exit.isFailure(written)) return [`its outcome cannot be written: ${String(written.cause).slice(0, 300)}`]
  const read = Schema.decodeUnknownExit(codec)(JSON.parse(JSON.stringify(written.value)))
  if (Exit.isFailure(read)) return [`its outcome cannot be read back: ${String(read.cause).slice(0, 300)}`]
  return isDeepStrictEqual(read.value, outcome) ? [] : ["its outcome is another one when it is read back"]
}
