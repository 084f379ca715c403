/**
 * Opens the journal that the settings name.
 *
 * @since 0.1.0
 */
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { dirname, resolve } from "node:path"
import { usage, type UsageError } from "../config/InputFault.ts"
import type { Settings } from "../config/Settings.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import { ProcessContext } from "../process/ProcessContext.ts"

/**
 * The journal in force: the one that was named, or the usual one of this user.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inForce = (named: JournalAddress.JournalAddress | null): Effect.Effect<JournalAddress.JournalAddress> =>
  named === null
    ? Effect.map(ProcessContext, (facts): JournalAddress.JournalAddress => ({
        _tag: "File",
        path: JournalAddress.defaultPath(facts)
      }))
    : Effect.succeed(named)

/**
 * The journal at an address; null for the usual one, whose folder is made where it is missing. `trust`, default false, also
 * opens one that other users can write.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  named: JournalAddress.JournalAddress | null,
  trust = false
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> =>
  named?._tag === "Memory"
    ? ScanJournal.layerMemory
    : Layer.unwrap(
        Effect.gen(function* () {
          const Journal = yield* Effect.promise(() => import("@scanpoll/journal/Journal"))
          return Journal.layer(yield* inForce(named), { makeFolder: named === null, trust })
        })
      )

/**
 * Fails where a journal was named and no file is there: a name that was mistyped must not look like an empty journal.
 *
 * @category combinators
 * @since 0.2.0
 */
export const mustExist = (
  settings: Pick<Settings, "journal">
): Effect.Effect<void, UsageError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const { value, where } = settings.journal
    if (value?._tag !== "File" || (yield* isThere(value.path))) return
    const { filesIn } = yield* Effect.promise(() => import("@scanpoll/journal/SqliteClient"))
    const path = resolve(value.path)
    const others = yield* filesIn(dirname(path))
    const known = others.length === 0 ? "" : `; its folder has ${others.slice(0, mostNamed).join(", ")}`
    return yield* Effect.fail(usage(where, `there is no journal at ${path}${known}`))
  })

const mostNamed = 10

const isThere = (path: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stat(path).pipe(
      // A folder, too, is something else than nothing: opening it says what is the matter.
      Effect.map(({ size, type }) => type !== "File" || size > 0n),
      Effect.catch((error) => Effect.succeed(error.reason._tag !== "NotFound"))
    )
  )

/**
 * The journal of a command that makes none: it fails where one was named and is not there, and the usual journal is empty
 * where no run has made it.
 *
 * To `read`, it is opened read-only, so that neither a full disk nor a lock nor a missing right is in the way, and nothing
 * in it changes. To `look` at vendors as well, the pauses that they ask for are written to it in the end.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerExisting = (
  settings: Pick<Settings, "journal" | "trustJournal">,
  access: "read" | "look" | "write"
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError | UsageError, FileSystem.FileSystem> =>
  Layer.unwrap(
    Effect.gen(function* () {
      yield* mustExist(settings)
      const address = yield* inForce(settings.journal.value)
      if (address._tag === "Memory") return ScanJournal.layerMemory
      if (address._tag === "File" && !(yield* isThere(address.path))) return ScanJournal.layerMemory
      if (access === "write") return layer(settings.journal.value, settings.trustJournal.value)
      return access === "look" ? keepingPauses(settings) : readOnly(settings)
    })
  )

const readOnly = (
  settings: Pick<Settings, "journal" | "trustJournal">
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const Journal = yield* Effect.promise(() => import("@scanpoll/journal/Journal"))
      return Journal.layerReadOnly(yield* inForce(settings.journal.value), { trust: settings.trustJournal.value })
    })
  )

/**
 * The journal of a command that buys or polls. On PostgreSQL the budgets are shared with its other users, and its
 * workers do the polls where there are any.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOfRun = (
  settings: Pick<Settings, "journal" | "quiet" | "trustJournal">
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError, Streams> => {
  const named = settings.journal.value
  return named?._tag === "Postgres"
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./PostgresJournal.ts")),
          (cluster) => cluster.layer(named.url, { quiet: settings.quiet.value })
        )
      )
    : layer(named, settings.trustJournal.value)
}

// Looking changes nothing in a file; a pause that a vendor asked for meanwhile is written when the command ends. What
// cannot be written there, as on a full disk, is asked for by the vendor again.
const keepingPauses = (
  settings: Pick<Settings, "journal" | "trustJournal">
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError, FileSystem.FileSystem> =>
  Layer.effect(
    ScanJournal.ScanJournal,
    Effect.gen(function* () {
      const looked = yield* ScanJournal.ScanJournal
      const asked: Array<Parameters<typeof looked.paused>> = []
      const write = Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        for (const pause of asked) journal.paused(...pause)
      }).pipe(Effect.provide(layer(settings.journal.value, settings.trustJournal.value)), Effect.ignore)
      yield* Effect.addFinalizer(() => (asked.length === 0 ? Effect.void : write))
      return { ...looked, paused: (...pause) => void asked.push(pause) }
    })
  ).pipe(Layer.provide(readOnly(settings)))

/**
 * The journal of a command that asks once about scans of others: the pauses in it count, and those that vendors ask for are
 * kept in it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOfPoll = (
  settings: Pick<Settings, "journal" | "trustJournal">
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError | UsageError, FileSystem.FileSystem> => {
  const named = settings.journal.value
  return named?._tag === "Postgres"
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./PostgresJournal.ts")),
          (cluster) => cluster.layerAlone(named.url)
        )
      )
    : layerExisting(settings, "look")
}

/**
 * The same for a command that finds nothing in the journal but pauses: one that cannot be read is warned of and does not stop
 * it.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerOfPauses = (
  settings: Pick<Settings, "journal" | "trustJournal">
): Layer.Layer<ScanJournal.ScanJournal, ScanJournal.JournalError | UsageError, FileSystem.FileSystem | Streams> =>
  settings.journal.value?._tag === "Postgres"
    ? layerOfPoll(settings)
    : Layer.catchTag(layerOfPoll(settings), "JournalError", ({ message }) =>
        Layer.unwrap(
          Effect.as(say(`warning: ${inert(message)}; pauses stored in it are not known`), ScanJournal.layerMemory)
        )
      )
