/**
 * The journal that the settings name for a command that only says what it would do, and what past scans have taught.
 *
 * @since 0.1.0
 */
import { layerMemory, type ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import type { JournalAddress } from "@scanpoll/journal/JournalAddress"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Journal from "./Journal.ts"

/**
 * A journal without anything in it.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerEmpty: Layer.Layer<ScanJournal> = Layer.merge(DurationModel.layerMemory, layerMemory)

/**
 * For a command that buys nothing and polls nothing: a journal is read where there is one, and none is made. One that
 * cannot be read is taken for an empty one, with a warning.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRead = (
  named: JournalAddress | null,
  trust: boolean
): Layer.Layer<ScanJournal, never, FileSystem.FileSystem> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const address = yield* Journal.inForce(named)
      const fs = yield* FileSystem.FileSystem
      const isThere =
        address._tag === "File"
          ? yield* Effect.orElseSucceed(fs.exists(address.path), () => false)
          : address._tag === "Postgres"
      if (!isThere) return layerEmpty
      const Stored = yield* Effect.promise(() => import("@scanpoll/journal/Journal"))
      return DurationModel.layerJournal.pipe(
        Layer.provideMerge(Stored.layerReadOnly(address, { trust })),
        Layer.catch((error) =>
          Layer.unwrap(
            Effect.as(
              Effect.logWarning(`the journal cannot be read and counts as empty here: ${error.message}`),
              layerEmpty
            )
          )
        )
      )
    })
  )
