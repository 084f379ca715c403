/**
 * Runs prepared scans in the journal of the settings, for the commands that wait: `run`, `wait` and `resume`.
 *
 * @since 0.2.0
 */
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import * as Notify from "../notify/Notify.ts"
import * as Look from "../output/Look.ts"
import type { Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import type { Basis } from "../prepare/Command.ts"
import * as Purchases from "../prepare/Purchases.ts"
import type { Prepared } from "../prepare/Requests.ts"
import { Shutdown } from "../process/Shutdown.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as Grace from "./Grace.ts"
import * as ScanAndReport from "./ScanAndReport.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

/**
 * - `command`: what runs, as the journal keeps it.
 * - `realClock`, `hints`, `continues`, `leftOut`: see `ScanAndReport.Wanted`.
 *
 * @category models
 * @since 0.2.0
 */
export type Options = Pick<ScanAndReport.Wanted, "command" | "realClock" | "hints" | "continues" | "leftOut">

/**
 * Opens the journal, prepares `wanted` in it, and runs that to its report. A signal stops it softly.
 *
 * @category constructors
 * @since 0.2.0
 */
export const run = Effect.fnUntraced(function* (
  { baseline, keys, plan, settings }: Basis,
  wanted: Effect.Effect<Checked.Checked<ReadonlyArray<Prepared>>, UsageError | JournalError, Services | ScanJournal>,
  options: Options
): Effect.fn.Return<ScanAndReport.Ran, UsageError | JournalError, Services> {
  const shutdown = yield* Shutdown
  const running = Effect.gen(function* () {
    const checked = yield* wanted
    const limit = yield* Purchases.check(checked.value, settings)
    const prepared = yield* Checked.accept(Checked.and(checked, limit))
    return yield* ScanAndReport.run({ prepared, plan, settings, keys, baseline, ...options })
  }).pipe(
    Effect.provide(DurationModel.layerJournal),
    Effect.provide(Journal.layerOfRun(settings)),
    Grace.granted(settings),
    Look.atLogLevel(settings)
  )
  return yield* shutdown.soft(Notify.during(settings, running))
})
