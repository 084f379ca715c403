/**
 * `scanpoll report --run RUN`: the report of a stored run, made again from its journal.
 *
 * @since 0.2.0
 */
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { OwnGate } from "@scanpoll/report/Gate"
import * as Payload from "@scanpoll/report/Payload"
import type { ScanReport } from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { UsageError } from "../config/InputFault.ts"
import * as Plan from "../config/Plan.ts"
import * as PlanFile from "../config/PlanFile.ts"
import { names } from "../config/Setting.ts"
import type { Settings } from "../config/Settings.ts"
import * as Hints from "../output/Hints.ts"
import * as Look from "../output/Look.ts"
import * as RepositoryPath from "../output/RepositoryPath.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as FindRun from "../run/FindRun.ts"
import { reusedBecause } from "../run/ScanAndReport.ts"
import * as StoredReport from "../run/StoredReport.ts"
import * as Trends from "../run/Trends.ts"
import * as Journal from "../storage/Journal.ts"
import { Vendors } from "../vendors/Vendors.ts"

interface Asked {
  readonly run: string
  readonly flags: Resolve.FlagTexts
  readonly settings: Settings
  readonly redact: (text: string) => string
}

// The settings that the run was started with: its own gate, and how old an answer it took.
const settingsOf = Effect.fnUntraced(function* (runId: string, { flags, plan }: FindRun.Options) {
  const { all } = yield* Vendors
  const { defaults, gate } = plan
  const text = JSON.stringify({ version: 1, defaults: defaults ?? {}, gate: gate ?? {}, targets: [] })
  const read = PlanFile.parse(text, runId, all, { allowed: new Set() })
  // A rule that cannot be read must not be missing from the gate.
  if (read.faults.length > 0) return yield* Effect.fail(new UsageError({ faults: read.faults }))
  const given = Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])))
  return {
    given,
    settings: (yield* Resolve.settings(given, { ...Plan.empty, settings: read.plan.settings }, {})).value
  }
})

interface Made {
  readonly found: { readonly stored: FindRun.Stored; readonly options: FindRun.Options }
  readonly flags: Resolve.FlagTexts
  readonly settings: Settings
  readonly redact: (text: string) => string
  readonly raw: Payload.RawMode
}

const gateOf = (gate: OwnGate | null | undefined) => (gate === null || gate === undefined ? {} : { gate })

/**
 * The report of a run that was found, with its own gate, the trends of its rows and the commands that resume it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofFound = Effect.fnUntraced(function* ({
  flags,
  found: { options, stored },
  raw,
  redact,
  settings
}: Made): Effect.fn.Return<
  ScanReport,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Vendors | ScanJournal
> {
  const { runId } = stored.run
  const plan = FindRun.planOf(stored.run)
  const started = yield* settingsOf(runId, options)
  const gates = yield* FindRun.gates(stored, options)
  const places = yield* FindRun.places(stored, options)
  const paths = yield* RepositoryPath.ofAll(places.flatMap(({ plan: file }) => file ?? []))
  const { byName } = yield* Vendors
  const own = { ...started.given, ...flags }
  const commands = Hints.rowCommands({ settings, plan, run: runId, flags: own, typed: { words: [], flags: own } })
  const report = yield* StoredReport.ofRun(stored, {
    policy: Resolve.gate(started.settings),
    redact,
    row: (record) => ({
      ...RepositoryPath.placed(places[record.index], paths),
      ...gateOf(gates[record.index]),
      reusedBecause: reusedBecause({ command: stored.run.command, settings: started.settings }),
      collects: byName(record.vendor)?.capabilities.includes("findings") ?? true,
      commands
    }),
    payload: (payload) => Payload.keep(payload, raw, { scrub: redact })
  })
  return yield* Trends.fill(report)
})

/**
 * The same of a run of the journal that the settings name, which is opened for it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofRun = Effect.fnUntraced(function* ({
  flags,
  redact,
  run: word,
  settings
}: Asked): Effect.fn.Return<
  ScanReport,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Vendors
> {
  const found = yield* Look.atLogLevel(settings)(FindRun.read(word, "--run", settings, flags))
  const { endedAt, heldBy, runId } = found.stored.run
  if (heldBy !== null) yield* say(`warning: ${runId} is still under way in ${inert(heldBy, 120)}`)
  else if (endedAt === null) {
    yield* say(`warning: ${runId} was ended before its last word; its rows are as the journal knows them`)
  }
  return yield* ofFound({ found, flags, settings, redact, raw: settings.raw.value }).pipe(
    Effect.provide(Journal.layerExisting(settings, "read")),
    Look.atLogLevel(settings)
  )
})
