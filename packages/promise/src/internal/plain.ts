// What the engine tells, as plain data. Touches nothing.
import type * as ScanEvent from "@scanpoll/core/engine/ScanEvent"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import type * as PollStopped from "@scanpoll/core/model/PollStopped"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Seen, WatchEvent } from "../Events.ts"

const fault = (seen: PollFault): Seen => ({
  _tag: "PollFault",
  kind: seen.kind,
  code: seen.code,
  message: seen.message,
  requestId: seen.requestId,
  retryAfterMs: Option.getOrNull(Option.map(seen.hint, Duration.toMillis))
})

// What a wait saw, as plain data.
export const plainSeen = (seen: PollStopped.Seen): Seen => {
  switch (seen._tag) {
    case "Pending":
      return { _tag: "Pending", phase: seen.phase, progress: Option.getOrNull(seen.progress) }
    case "Ended":
      return { _tag: "Ended", vendorStatus: seen.vendorStatus }
    case "Unrecognised":
      return { _tag: "Unrecognised", word: seen.word }
    case "PollFault":
      return fault(seen)
  }
}

// An event of the engine, as plain data.
export const plainEvent = (event: ScanEvent.ScanEvent): WatchEvent =>
  event._tag === "Polled" ? { ...event, seen: plainSeen(event.seen) } : event
