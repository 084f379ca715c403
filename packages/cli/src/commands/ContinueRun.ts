/**
 * `scanpoll run --continue RUN`: ends a stored run. What it settled is kept, whatever its age and however it ended; what is
 * open is polled; what is in doubt stays so; and exactly the targets that were never bought are bought.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { StoredRow, StoredRun } from "@scanpoll/core/unstable/engine/StoredRuns"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { quote, usage, type UsageError } from "../config/InputFault.ts"
import * as KeyVariable from "../config/KeyVariable.ts"
import * as Plan from "../config/Plan.ts"
import * as PlanFile from "../config/PlanFile.ts"
import { names } from "../config/Setting.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Requests from "../prepare/Requests.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as InJournal from "../run/InJournal.ts"
import * as Journal from "../storage/Journal.ts"
import { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

interface Input {
  readonly run: string
  readonly flags: Resolve.FlagTexts
}

interface Stored {
  readonly run: StoredRun
  readonly rows: ReadonlyArray<StoredRow>
}

const Options = Schema.Struct({
  plan: Schema.Record(Schema.String, Schema.Json),
  flags: Schema.Record(Schema.String, Schema.Array(Schema.String))
})

const decodeOptions = Schema.decodeUnknownResult(Options)

// The run of an id, or the newest that `run` started.
const find = (word: string): Effect.Effect<Stored | null, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal
    if (word !== "last") return yield* runs.get(word)
    const newest = (yield* runs.list({ limit: 100 })).find(({ command }) => command === "run")
    return newest === undefined ? null : yield* runs.get(newest.runId)
  })

// The journal is found by flags and variables alone: the plan of the run is in it.
const read = Effect.fnUntraced(function* ({ flags, run: word }: Input) {
  const { environment } = yield* ProcessContext
  const settings = yield* Checked.orRefuse(yield* Resolve.settings(flags, Plan.empty, environment))
  yield* Journal.mustExist(settings)
  const looking = find(word).pipe(Effect.provide(Journal.layerExisting(settings, "read")), Look.atLogLevel(settings))
  const stored = yield* looking
  if (stored === null) {
    const which = word === "last" ? "no run" : `no run ${quote(word)}`
    return yield* Effect.fail(usage("--continue", `the journal has ${which}; \`scanpoll history --runs\` lists them`))
  }
  const { heldBy, runId } = stored.run
  if (heldBy !== null) {
    return yield* Effect.fail(usage("--continue", `${runId} is still under way in ${inert(heldBy, 120)}`))
  }
  const options = decodeOptions(stored.run.options)
  if (Result.isFailure(options)) {
    return yield* Effect.fail(usage("--continue", `what ${runId} was started with cannot be read by this version`))
  }
  return { stored, options: options.success }
})

// What was asked for: the stored plan, with the targets that can be asked for again.
const planOf = Effect.fnUntraced(function* ({ rows, run }: Stored, options: typeof Options.Type) {
  const { environment } = yield* ProcessContext
  const vendors = yield* Vendors
  const targets = rows.flatMap(({ request }) => (request === null ? [] : [request]))
  const text = JSON.stringify({ ...options.plan, targets })
  const { faults, plan } = PlanFile.parse(text, run.runId, vendors.all, {
    allowed: KeyVariable.allowed(environment)
  })
  const asked = plan.targets.map((target) => ({ ...target, declaredAt: null }))
  return Checked.make({ ...plan, file: run.plan, digest: run.planDigest, targets: asked }, { faults })
})

const warnOfChange = Effect.fnUntraced(function* ({ plan: file, planDigest }: StoredRun) {
  if (file === null || planDigest === null) return
  const { faults, value } = yield* ReadPlan.read(file, { looksOnly: true })
  if (faults.length === 0 && value.digest !== planDigest) {
    yield* say(`warning: ${inert(file)} has changed since; the run continues with the targets it was started with`)
  }
})

// The claim of a row: the one that is stored with it or, where a kill lost that, one made for it since the run began.
const claimOf = Effect.fnUntraced(function* (
  { claimId, ended, key }: StoredRow,
  { startedAt }: StoredRun
): Effect.fn.Return<ClaimEntry | null, JournalError, ScanJournal> {
  const journal = yield* ScanJournal
  const known = claimId ?? ended?.claimId ?? null
  const entry = known === null ? null : yield* journal.get(known)
  if (entry !== null && entry.state !== "released") return entry
  if (key === null) return null
  const states = ["settled", "submitted", "in-doubt", "intent", "refused"] as const
  const made = yield* journal.history({ key, states, limit: 10 })
  return made.find(({ claimedAt }) => claimedAt >= startedAt) ?? null
})

interface Left {
  readonly prepared: Checked.Checked<ReadonlyArray<Requests.Prepared>>
  readonly own: ReadonlySet<string>
}

// Each row as a wait on its claim, or else as the purchase that was asked for.
const prepare = Effect.fnUntraced(function* (
  { rows, run }: Stored,
  { keys, plan, settings }: Command.Basis
): Effect.fn.Return<Left, JournalError, ScanJournal | VendorHttp | Vendors> {
  const entries = yield* Effect.forEach(rows, (row) => claimOf(row, run))
  const claims = yield* Claims.open(
    entries.filter((entry) => entry !== null),
    plan,
    keys
  )
  const byId = new Map(claims.map((claim) => [claim.entry.claimId, claim]))
  const asked = plan.targets[Symbol.iterator]()
  const targets = rows.map(({ request }) => (request === null ? null : (asked.next().value ?? null)))
  const toBuy = targets.filter((target, at) => target !== null && entries[at] === null)
  const accounts = yield* Accounts.open(
    toBuy.filter((target) => target !== null),
    plan.accounts,
    keys
  )
  const one = (at: number): Checked.Checked<Requests.Prepared | null> => {
    const claim = byId.get(entries[at]?.claimId ?? "")
    if (claim !== undefined) {
      return claim.account === null
        ? Checked.faulty(null, claim.entry.claimId, claim.why)
        : Requests.ofClaim(claim, plan, settings)
    }
    const target = targets[at] ?? null
    if (target === null) {
      return Checked.faulty(null, `target ${at + 1}`, "was not kept whole, so it cannot be asked for again")
    }
    const made = Requests.ofTargets({ ...plan, targets: [target] }, settings, accounts.value)
    return Checked.map(made, ([prepared]) => prepared ?? null)
  }
  const prepared = Checked.and(Checked.all(rows.map((_, at) => one(at))), accounts)
  const own = claims.filter(({ entry }) => entry.claimedAt >= run.startedAt).map(({ entry }) => entry.claimId)
  return {
    prepared: Checked.map(prepared, (all) => all.filter((request) => request !== null)),
    own: new Set(own)
  }
})

const basisOf = Effect.fnUntraced(function* (plan: Checked.Checked<Plan.Plan>, flags: Resolve.FlagTexts) {
  const checked = yield* Command.begin({ name: "run", plan, flags })
  return { checked, basis: yield* Checked.orRefuse(checked) }
})

/**
 * `scanpoll run --continue RUN`. Flags that are given count more than those the run was started with.
 *
 * @category constructors
 * @since 0.2.0
 */
export const continueRun = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { options, stored } = yield* read(input)
  const given = Object.fromEntries(
    names.flatMap((name) => {
      const texts = input.flags[name] ?? []
      const all = texts.length > 0 ? texts : (options.flags[name] ?? [])
      return all.length === 0 ? [] : [[name, all]]
    })
  )
  const { basis, checked } = yield* basisOf(yield* planOf(stored, options), given)
  yield* warnOfChange(stored.run)
  let own: ReadonlySet<string> = new Set()
  const wanted = Effect.map(prepare(stored, basis), (left) => {
    own = left.own
    return Checked.andThen(checked, () => left.prepared)
  })
  const { run } = stored
  const ran = yield* InJournal.run(basis, wanted, {
    command: run.command,
    continues: { runId: run.runId, bought: (claimId) => own.has(claimId) },
    hints: { flags: input.flags, typed: { words: [], flags: input.flags } }
  })
  return ran.code
})
