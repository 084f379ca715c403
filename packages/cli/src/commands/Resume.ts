/**
 * `scanpoll resume`: waits for every open scan of the journal, reports and gates. Buys nothing. With a plan, the report has
 * what completed of it before, too.
 *
 * @since 0.2.0
 */
import { type ClaimEntry, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import type { Keys } from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Hints from "../output/Hints.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Claims from "../prepare/Claims.ts"
import * as Command from "../prepare/Command.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Requests from "../prepare/Requests.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import type { Shutdown } from "../process/Shutdown.ts"
import * as FindRun from "../run/FindRun.ts"
import * as InJournal from "../run/InJournal.ts"
import * as Journal from "../storage/Journal.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import { plural } from "../output/Plural.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors

// How the targets of a plan stand in the journal. `left`: no scan of them is open, and none completed within `reuse`, so that
// `resume` says nothing about them. `ended`: the claims of those that completed, which the verdict is on too.
const standingOf = Effect.fnUntraced(function* (
  plan: Plan,
  settings: Settings,
  keys: Keys
): Effect.fn.Return<
  { readonly left: ReadonlyArray<string>; readonly ended: ReadonlyArray<ClaimEntry> },
  JournalError,
  ScanJournal | VendorHttp | Vendors
> {
  const journal = yield* ScanJournal
  const { value: accounts } = yield* Accounts.open(plan.targets, plan.accounts, keys)
  const now = yield* Clock.currentTimeMillis
  // A run that takes nothing from the journal leaves its own outcomes there all the same.
  const reuse = Duration.isZero(settings.reuse.value) ? Duration.hours(1) : settings.reuse.value
  const reuseFrom = Math.max(0, now - Math.ceil(Duration.toMillis(reuse)))
  const left: Array<string> = []
  const ended = new Map<string, ClaimEntry>()
  for (const target of plan.targets) {
    const [one] = Requests.ofTargets({ ...plan, targets: [target] }, settings, accounts).value
    const request = one?.request
    if (request === undefined || request._tag !== "Buy") {
      left.push(target.where)
      continue
    }
    const { adapter, fingerprint, subject } = request
    const key = { ...Account.of(adapter), environment: adapter.environment, fingerprint }
    const standing = yield* journal.claim(key, { subject, reuseFrom, peek: true })
    if (standing._tag === "Fresh") left.push(`${adapter.vendor} ${subject.name}`)
    const entry = standing._tag === "Settled" ? yield* journal.get(standing.claimId) : null
    if (entry !== null) ended.set(entry.claimId, entry)
  }
  return { left, ended: [...ended.values()] }
})

const maxNamed = 10

const leftWords = (strangers: number, left: number): string | null => {
  const parts = [
    ...(strangers === 0 ? [] : [`${plural(strangers, "claim")} of accounts that cannot be opened here`]),
    ...(left === 0
      ? []
      : [`${plural(left, "target")} of the plan without an open scan and without a recent completed one`])
  ]
  return parts.length === 0 ? null : `left out: ${parts.join("; ")}`
}

// The newest run of the plan that has targets it never started: ending it buys no more than those. A run of the plan as it was
// before it changed does not end with a verdict on the plan as it is.
const unfinished = (plan: Plan): Effect.Effect<string | null, JournalError, ScanJournal> =>
  Effect.gen(function* () {
    const { runs } = yield* ScanJournal
    const mine = (yield* runs.list({ limit: 100 })).find(
      (run) => run.command === "run" && run.plan === plan.file && FindRun.partOf(run) === null
    )
    if (mine === undefined || mine.planDigest !== plan.digest) return null
    const ended = Object.values(mine.byState).reduce((sum, count) => sum + count, 0)
    return (mine.byState["not-started"] ?? 0) > 0 || ended < mine.total ? mine.runId : null
  })

const tellLeftOut = (
  left: ReadonlyArray<string>,
  run: string | null,
  plan: Plan,
  settings: Settings,
  flags: FlagTexts
) => {
  if (left.length === 0 || plan.file === null) return Effect.void
  const named = left.slice(0, maxNamed).map((name) => `  ${inert(name, 200)}`)
  const rest = left.length > maxNamed ? [`  and ${left.length - maxNamed} more`] : []
  const many = left.length === 1 ? "1 target of the plan has" : `${left.length} targets of the plan have`
  const context = { settings, plan: plan.file, flags, typed: null }
  return say(
    `left out: ${many} no open scan and no recent completed one, so there is no verdict on the whole plan:`,
    ...named,
    ...rest,
    ...(run === null
      ? ["to scan what was left out too:", Hints.runLine(context, { words: [plan.file], flags })]
      : ["to end the run that was stopped, which buys what it did not start:", Hints.continueLine({ ...context, run })])
  )
}

/**
 * `scanpoll resume`: resumes every open scan of the journal. Exit code 3 at least where something had to be left: a
 * claim of an account that cannot be opened, or a target of the plan that was never started.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = Effect.fnUntraced(function* (input: {
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { flags } = input
  const read = yield* ReadPlan.optional(input.plan, { variables: yield* ReadPlan.variablesOf(flags) })
  const checked = yield* Command.begin({ name: "resume", plan: read, flags })
  const basis = yield* Checked.orRefuse(checked)
  const { keys, plan, settings } = basis
  yield* Journal.mustExist(settings)
  let strangersLeft = 0
  let targetsLeft: ReadonlyArray<string> = []
  let stopped: string | null = null
  const wanted = Effect.gen(function* () {
    const open = yield* Scans.openClaims
    const standing = yield* standingOf(plan, settings, keys)
    const ids = new Set(open.map(({ claimId }) => claimId))
    const claims = yield* Claims.open(
      [...open, ...standing.ended.filter(({ claimId }) => !ids.has(claimId))],
      plan,
      keys
    )
    targetsLeft = standing.left
    stopped = targetsLeft.length === 0 ? null : yield* unfinished(plan)
    // What settled already is not open: nothing is left of it where its account is not known here.
    const strangers = claims.filter((claim) => claim.account === null && claim.entry.state !== "settled")
    strangersLeft = strangers.length
    const warnings = strangers.map(({ entry, why }) => `${entry.claimId} is left alone: ${why}`)
    const prepared = Checked.all(claims.map((claim) => Requests.ofClaim(claim, plan, settings)))
    return Checked.andThen(Checked.and(checked, Checked.make(null, { warnings })), () =>
      Checked.map(prepared, (all) => all.filter((one) => one !== null))
    )
  })
  const ran = yield* InJournal.run(basis, wanted, {
    command: "resume",
    hints: { flags, typed: null },
    leftOut: () => leftWords(strangersLeft, targetsLeft.length)
  })
  yield* tellLeftOut(targetsLeft, stopped, plan, settings, flags)
  return ran.code
})
