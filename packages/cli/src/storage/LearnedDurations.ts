/**
 * What past scans have taught, out of the journal that the settings name.
 *
 * @since 0.1.0
 */
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as StoredDurations from "@scanpoll/core/engine/StoredDurations"
import type { JournalAddress } from "@scanpoll/journal/JournalAddress"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Journal from "./Journal.ts"

/**
 * For a command that buys nothing and polls nothing: a journal is read where there is one, and none is made. One that
 * cannot be read teaches nothing.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRead = (
  named: JournalAddress | null,
  trust: boolean
): Layer.Layer<never, never, FileSystem.FileSystem> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const address = yield* Journal.inForce(named)
      const fs = yield* FileSystem.FileSystem
      const isThere =
        address._tag === "File"
          ? yield* Effect.orElseSucceed(fs.exists(address.path), () => false)
          : address._tag === "Postgres"
      if (!isThere) return DurationModel.layerMemory
      const Stored = yield* Effect.promise(() => import("@scanpoll/journal/Journal"))
      return StoredDurations.layer.pipe(
        Layer.provide(Stored.layerReadOnly(address, { trust })),
        Layer.catch((error) =>
          Layer.unwrap(
            Effect.as(
              Effect.logWarning(`what past scans have taught cannot be read: ${error.message}`),
              DurationModel.layerMemory
            )
          )
        )
      )
    })
  )
