/**
 * `scanpoll run --continue RUN`: ends a stored run. What it settled is kept, whatever its age and however it ended; what is
 * open is polled; what is in doubt stays so; and exactly the targets that were never bought are bought: those that were not
 * started, and those that the vendor turned down for the account's key. A target that it turned down for another reason
 * stays refused, for the same request is turned down again.
 *
 * @since 0.2.0
 */
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import { usage, type UsageError } from "../config/InputFault.ts"
import * as KeyVariable from "../config/KeyVariable.ts"
import * as Plan from "../config/Plan.ts"
import * as PlanGate from "../config/PlanGate.ts"
import * as PlanFile from "../config/PlanFile.ts"
import { names } from "../config/Setting.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as Requests from "../prepare/Requests.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as FindRun from "../run/FindRun.ts"
import * as InJournal from "../run/InJournal.ts"
import { Vendors } from "../vendors/Vendors.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

interface Input {
  readonly run: string
  readonly flags: Resolve.FlagTexts
}

// The journal is found by flags and variables alone: the plan of the run is in it.
const read = Effect.fnUntraced(function* ({ flags, run: word }: Input) {
  const { environment } = yield* ProcessContext
  const settings = yield* Checked.orRefuse(yield* Resolve.settings(flags, Plan.empty, environment))
  const found = yield* Look.atLogLevel(settings)(FindRun.read(word, "--continue", settings, flags))
  const { heldBy, runId } = found.stored.run
  if (heldBy !== null) {
    return yield* Effect.fail(usage("--continue", `${runId} is still under way in ${inert(heldBy, 120)}`))
  }
  return found
})

// What was asked for: the stored plan, with the targets that can be asked for again.
const planOf = Effect.fnUntraced(function* ({ rows, run }: FindRun.Stored, options: FindRun.Options) {
  const { environment } = yield* ProcessContext
  const vendors = yield* Vendors
  const targets = rows.flatMap(({ request }) => (request === null ? [] : [request]))
  const text = JSON.stringify({ ...options.plan, targets })
  const { faults, plan } = PlanFile.parse(text, run.runId, vendors.all, {
    allowed: KeyVariable.allowed(environment)
  })
  const asked = plan.targets.map((target) => ({
    ...target,
    declaredAt: null,
    from: "command line" as const
  }))
  const known = { file: FindRun.planOf(run), digest: run.planDigest, part: FindRun.partOf(run) }
  return Checked.make({ ...plan, ...known, targets: asked }, { faults })
})

const warnOfChange = Effect.fnUntraced(function* (options: FindRun.Options) {
  for (const [file, state] of yield* FindRun.plansNow(options)) {
    if (state === "same") continue
    yield* say(`warning: ${inert(file)} has changed since; the run continues with the targets it was started with`)
  }
})

interface Left {
  readonly prepared: Checked.Checked<ReadonlyArray<Requests.Prepared>>
  readonly own: ReadonlySet<string>
}

// Each row as a wait on its claim, or else as the purchase that was asked for.
const prepare = Effect.fnUntraced(function* (
  { rows, run }: FindRun.Stored,
  options: FindRun.Options,
  { keys, plan, settings }: Command.Basis
): Effect.fn.Return<Left, JournalError, ScanJournal | VendorHttp | Vendors> {
  const entries = yield* Effect.forEach(rows, (row) => FindRun.claimOf(row, run))
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
  const places = yield* FindRun.places({ rows, run }, options)
  const one = (at: number): Checked.Checked<Requests.Prepared | null> => {
    const claim = byId.get(entries[at]?.claimId ?? "")
    if (claim !== undefined) {
      return claim.account === null
        ? Checked.faulty(null, claim.entry.claimId, claim.why)
        : Checked.map(Requests.ofClaim(claim, plan, settings), (prepared) =>
            prepared === null
              ? null
              : {
                  ...prepared,
                  ...places[at],
                  gate: PlanGate.together(targets[at]?.gate, plan.vendors.get(claim.entry.key.vendor)?.gate)
                }
          )
    }
    const target = targets[at] ?? null
    if (target === null) {
      return Checked.faulty(null, `target ${at + 1}`, "was not kept whole, so it cannot be asked for again")
    }
    const placed = { ...target, ...places[at] }
    const made = Requests.ofTargets({ ...plan, targets: [placed] }, settings, accounts.value)
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
      // Whom to notify is no part of a run: others can write the journal, and a receiver may be a program.
      const all = texts.length > 0 || name === "notify" ? texts : (options.flags[name] ?? [])
      return all.length === 0 ? [] : [[name, all]]
    })
  )
  const { basis, checked } = yield* basisOf(yield* planOf(stored, options), given)
  yield* warnOfChange(options)
  let own: ReadonlySet<string> = new Set()
  const wanted = Effect.map(prepare(stored, options, basis), (left) => {
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
