/**
 * The stored runs of a journal: which one a word means, what it was started with, and the claims of its rows.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import { OwnGate } from "@scanpoll/report/Gate"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import type { Placed, Plan, Target } from "../config/Plan.ts"
import * as PlanGate from "../config/PlanGate.ts"
import type { Settings } from "../config/Settings.ts"
import * as Hints from "../output/Hints.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Journal from "../storage/Journal.ts"

/**
 * A stored run with its rows in their order.
 *
 * @category models
 * @since 0.2.0
 */
export interface Stored {
  readonly run: StoredRun
  readonly rows: ReadonlyArray<StoredRow>
}

/**
 * What a run was started with: a plan without its targets, the texts of its flags and variables by setting, the digests of
 * its plan files, and how many targets the plan has where the run has a part of them.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Options = Schema.Struct({
  plan: Schema.Record(Schema.String, Schema.Json),
  flags: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  digests: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  of: Schema.optionalKey(Schema.Natural)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface Options extends Schema.Schema.Type<typeof Options> {}

const decodeOptions = Schema.decodeUnknownResult(Options)

/**
 * What a stored run was started with; a failure where this version cannot read it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const optionsOf = ({ run }: Stored): Result.Result<Options, unknown> => decodeOptions(run.options)

/**
 * What of its plan a run had (`--only`), where that was not all; null otherwise.
 *
 * @category destructors
 * @since 0.2.0
 */
export const partOf = ({ options }: Pick<StoredRun, "options">): Plan["part"] => {
  const read = decodeOptions(options)
  if (Result.isFailure(read)) return null
  const { flags, of } = read.success
  return of === undefined ? null : { only: flags["only"] ?? [], of }
}

/**
 * The run of an id or, for `last`, the newest that `scanpoll run` started; null where there is none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const find = (word: string): Effect.Effect<Stored | null, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal
    if (word !== "last") return yield* runs.get(word)
    const newest = (yield* runs.list({ limit: 100 })).find(({ command }) => command === "run")
    return newest === undefined ? null : yield* runs.get(newest.runId)
  })

/**
 * The same from the journal of the settings, with what it was started with. `flag` is where the word stands, for faults: no
 * such run, or one that this version cannot read.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (
  word: string,
  flag: string,
  settings: Pick<Settings, "journal" | "trustJournal">,
  flags: Hints.Typed["flags"]
): Effect.Effect<
  { readonly stored: Stored; readonly options: Options },
  UsageError | JournalError,
  FileSystem.FileSystem
> =>
  Effect.gen(function* () {
    const stored = yield* Effect.provide(find(word), Journal.layerExisting(settings, "read"))
    if (stored === null) {
      const which = word === "last" ? "no run" : `no run ${quote(word)}`
      const history = `\`scanpoll history --runs${Hints.journalTail({ settings, flags })}\``
      return yield* Effect.fail(usage(flag, `the journal has ${which}; ${history} lists them`))
    }
    const options = optionsOf(stored)
    if (Result.isFailure(options)) {
      const { runId } = stored.run
      return yield* Effect.fail(usage(flag, `what ${runId} was started with cannot be read by this version`))
    }
    return { stored, options: options.success }
  })

/**
 * The file of a run's plan; null where it had none, or several.
 *
 * @category destructors
 * @since 0.2.0
 */
export const planOf = ({ plan, planDigest }: Pick<StoredRun, "plan" | "planDigest">): string | null =>
  planDigest === null ? null : plan

/**
 * The plan files of a run that can be read here, and whether each is as it was when the run was started.
 *
 * @category constructors
 * @since 0.2.0
 */
export const plansNow = ({ digests = {} }: Options): Effect.Effect<ReadonlyMap<string, "same" | "changed">> =>
  Effect.map(
    Effect.forEach(Object.entries(digests), ([file, digest]) =>
      Effect.map(ReadPlan.digestOf(file), (now) =>
        now === null ? [] : [[file, now === digest ? ("same" as const) : ("changed" as const)] as const]
      )
    ),
    (files) => new Map(files.flat())
  )

/**
 * Where each row is asked for: the plan, where its run had several, and the place in it, as long as the file is the one that
 * the run was started with.
 *
 * @category constructors
 * @since 0.2.0
 */
export const places = Effect.fnUntraced(function* (
  { rows, run }: Stored,
  options: Options
): Effect.fn.Return<ReadonlyArray<Pick<Target, "plan" | "declaredAt">>> {
  const plans = yield* plansNow(options)
  return rows.map(({ written = null }) => {
    if (written === null) return { plan: null, declaredAt: null }
    const { file, ...place } = written
    return { plan: planOf(run) === null ? file : null, declaredAt: plans.get(file) === "same" ? place : null }
  })
})

const decodeGate = Schema.decodeUnknownResult(OwnGate)

const gateIn = (value: unknown): Result.Result<Placed<OwnGate> | null, null> => {
  if (!Predicate.hasProperty(value, "gate")) return Result.succeed(null)
  const gate = decodeGate(value.gate)
  return Result.isFailure(gate) ? Result.fail(null) : Result.succeed({ value: gate.success, where: "" })
}

/**
 * What each row asks beside the gate of its run, null where it asks nothing. Fails where one of them cannot be read: a
 * rule must not be missing from the verdict.
 *
 * @category constructors
 * @since 0.2.0
 */
export const gates = (
  { rows, run }: Stored,
  { plan }: Options
): Effect.Effect<ReadonlyArray<OwnGate | null>, UsageError> => {
  const { vendors } = plan
  const all = rows.map(({ request, vendor }) => {
    const ofVendor = Predicate.isObject(vendors) && Predicate.hasProperty(vendors, vendor) ? vendors[vendor] : null
    return Result.map(Result.all([gateIn(request), gateIn(ofVendor)]), (both) => PlanGate.together(...both))
  })
  const read = Result.all(all)
  return Result.isSuccess(read)
    ? Effect.succeed(read.success)
    : Effect.fail(usage(run.runId, "the gates of its targets cannot be read by this version"))
}

/**
 * Whether a row was turned down for the account's key: nothing was bought for it, and a valid key may buy it.
 *
 * @category guards
 * @since 0.2.0
 */
export const wasRefusedForKey = ({ ended }: Pick<StoredRow, "ended">): boolean =>
  ended !== null && ended.state === "refused" && ended.because === "credential"

/**
 * The claim of a row: the one that is stored with it or, where a kill lost that, one made for it since the run began. Null
 * where nothing was bought for the row, also because its key was refused.
 *
 * @category constructors
 * @since 0.2.0
 */
export const claimOf = Effect.fnUntraced(function* (
  row: StoredRow,
  { startedAt }: Pick<StoredRun, "startedAt">
): Effect.fn.Return<ClaimEntry | null, JournalError, ScanJournal> {
  const { claimId, ended, key } = row
  const journal = yield* ScanJournal
  const stands = ({ state }: ClaimEntry): boolean =>
    state !== "released" && !(state === "refused" && wasRefusedForKey(row))
  const known = claimId ?? ended?.claimId ?? null
  const entry = known === null ? null : yield* journal.get(known)
  if (entry !== null && stands(entry)) return entry
  if (key === null) return null
  const states = ["settled", "submitted", "in-doubt", "intent", "refused"] as const
  const made = yield* journal.history({ key, states, limit: 10 })
  return made.find((each) => each.claimedAt >= startedAt && stands(each)) ?? null
})
