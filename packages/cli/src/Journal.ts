/**
 * Opens the journal that the settings name.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { JournalAddress } from "@scanpoll/journal/JournalAddress"
import * as Addresses from "@scanpoll/journal/JournalAddress"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Settings } from "./config/Settings.ts"
import type { Streams } from "./output/Streams.ts"
import { Surroundings } from "./Surroundings.ts"

/**
 * The journal in force: the one that was named, or the usual one of this user.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inForce = (named: JournalAddress | null): Effect.Effect<JournalAddress> =>
  named === null
    ? Effect.map(Surroundings, (facts): JournalAddress => ({ _tag: "File", path: Addresses.defaultPath(facts) }))
    : Effect.succeed(named)

/**
 * The journal at an address; null for the usual one, whose folder is made where it is missing.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (named: JournalAddress | null): Layer.Layer<ScanJournal.ScanJournal, JournalError> =>
  named?._tag === "Memory"
    ? ScanJournal.layerMemory
    : Layer.unwrap(
        Effect.gen(function* () {
          const Journal = yield* Effect.promise(() => import("@scanpoll/journal/Journal"))
          return Journal.layer(yield* inForce(named), { makeFolder: named === null })
        })
      )

/**
 * The journal of a command that buys or polls. On PostgreSQL the budgets are shared with whoever else has it, and its
 * workers do the polls where there are any.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOfRun = (
  settings: Pick<Settings, "journal" | "quiet">
): Layer.Layer<ScanJournal.ScanJournal, JournalError, Streams> => {
  const named = settings.journal.value
  return named?._tag === "Postgres"
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./Cluster.ts")),
          (cluster) => cluster.layer(named.url, { quiet: settings.quiet.value })
        )
      )
    : layer(named)
}

/**
 * The journal of a command that asks once about scans of others.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOfPoll = (
  settings: Pick<Settings, "journal">
): Layer.Layer<ScanJournal.ScanJournal, JournalError> => {
  const named = settings.journal.value
  return named?._tag === "Postgres"
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./Cluster.ts")),
          (cluster) => cluster.layerAlone(named.url)
        )
      )
    : layer(named)
}
