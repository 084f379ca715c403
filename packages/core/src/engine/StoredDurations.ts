/**
 * A duration model that lives in the journal: what scans have taught outlasts the process that learned it.
 *
 * What is known when the layer is built is known at once; what other processes learn meanwhile, the next one knows.
 * Losing a lesson costs polls and nothing else, so a journal that cannot be read teaches nothing and stops nobody.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DurationModel from "./DurationModel.ts"
import { ScanJournal } from "./ScanJournal.ts"

const none: ReadonlyArray<DurationModel.Lesson> = []

/**
 * The model of what the journal's past scans have taught; new lessons go into the journal.
 *
 * **Example** (Learning across runs)
 *
 * ```ts
 * import { ScanJournal, StoredDurations } from "@scanpoll/core"
 * import * as Layer from "effect/Layer"
 *
 * export const live = StoredDurations.layer.pipe(Layer.provideMerge(ScanJournal.layerMemory))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, ScanJournal> = Layer.unwrap(
  Effect.map(ScanJournal, (journal) =>
    DurationModel.layerStored({
      load: Effect.catch(journal.lessons, () => Effect.succeed(none)),
      keep: journal.learned
    })
  )
)
