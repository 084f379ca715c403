/**
 * Opens the journal that the settings name.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type * as Layer from "effect/Layer"

/**
 * The journal at an address; only `memory:` so far. `Preparation.checkJournal` has refused every other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (_url: string): Layer.Layer<ScanJournal.ScanJournal, JournalError> => ScanJournal.layerMemory
