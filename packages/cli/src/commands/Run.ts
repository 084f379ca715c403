/**
 * `scanpoll run`: everything is checked, then scans are bought or joined, polled and reported.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as Look from "../output/Look.ts"
import type { Streams } from "../output/Streams.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as InJournal from "../run/InJournal.ts"
import * as ScanAndReport from "../run/ScanAndReport.ts"
import * as LearnedDurations from "../storage/LearnedDurations.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import * as ContinueRun from "./ContinueRun.ts"
import * as DryRun from "./DryRun.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

interface Wanted {
  readonly words: ReadonlyArray<string>
  readonly flags: FlagTexts
}

const prepare = ({ flags, words }: Wanted, looksOnly = false) =>
  Effect.flatMap(ReadPlan.fromWords(words, flags), (plan) =>
    Command.prepareTargets({ name: "run", plan, flags }, looksOnly)
  )

/**
 * `scanpoll run [PLAN|TARGET...]`, with what it came to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const execute = Effect.fnUntraced(function* (
  input: Wanted,
  options: Omit<InJournal.Options, "command"> = {}
): Effect.fn.Return<ScanAndReport.Ran, UsageError | JournalError, Services> {
  const checked = yield* prepare(input)
  const ready = yield* Checked.orRefuse(checked)
  return yield* InJournal.run(ready, Effect.succeed(Checked.map(checked, () => ready.prepared)), {
    command: "run",
    ...options
  })
})

/**
 * `scanpoll run [PLAN|TARGET...]`, or `scanpoll run --continue RUN`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly continues: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  if (input.continues !== null) {
    const { continues, dryRun, flags, words } = input
    if (words.length > 0) {
      return yield* Effect.fail(usage("--continue", "takes no plan and no target: the run has them"))
    }
    if (dryRun) return yield* Effect.fail(usage("--dry-run", "shows a plan or targets, not a stored run"))
    return yield* ContinueRun.continueRun({ run: continues, flags })
  }
  if (!input.dryRun) {
    const { code } = yield* execute(input, { hints: { flags: input.flags, typed: input } })
    return code
  }
  const ready = yield* Effect.flatMap(prepare(input, true), Checked.accept)
  const { journal, trustJournal } = ready.settings
  // A plan may be somebody else's: who only looks at it does not open what it names.
  const learned =
    journal.source === "plan"
      ? LearnedDurations.layerEmpty
      : LearnedDurations.layerRead(journal.value, trustJournal.value)
  return yield* DryRun.tell(ready).pipe(Effect.provide(learned), Look.atLogLevel(ready.settings))
})
