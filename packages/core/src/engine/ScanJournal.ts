/**
 * The record of what was bought: claims, tickets and outcomes.
 *
 * A claim is one wish for one scan and is made before anything is bought; the journal is the truth about it. Moves:
 * `intent -> submitted | settled | in-doubt | refused | released`, `in-doubt -> submitted | released`,
 * `submitted -> settled`; any other move is an error and changes nothing. Who submits or polls holds the claim: at most
 * one process does, and what a former holder writes is refused. The layer here keeps it in memory for one process;
 * `@scanpoll/journal` keeps it in a database behind the same service.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Operations } from "./internal/journalOperations.ts"
import { MemoryJournal } from "./internal/memoryJournal.ts"

export { type ClaimKey, JournalError, type JournalFault } from "./internal/journalError.ts"

export {
  type Change,
  type Claim,
  type ClaimEntry,
  type ClaimState,
  type HistoryFilter,
  type Hold,
  type HoldGuard,
  type LastFault,
  type OpenClaim,
  type Operations,
  type Page,
  type PageFilter,
  type Pause,
  type PurgeOptions
} from "./internal/journalOperations.ts"

export {
  adoptedKey,
  answers,
  claimStates,
  clockSkew,
  isReusable,
  lessonsKept,
  makeClaimId,
  matches,
  mayHeal,
  mayMove,
  openStates,
  unstoredReason,
  type Wish,
  withoutPayload
} from "./internal/claimRules.ts"

/**
 * The journal as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class ScanJournal extends Context.Service<ScanJournal, Operations>()("@scanpoll/core/engine/ScanJournal") {}

/**
 * A journal in the memory of this process: nothing outlives it, everything else holds.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<ScanJournal> = Layer.effect(
  ScanJournal,
  Effect.map(Effect.service(Clock.Clock), (clock) => new MemoryJournal(clock))
)
