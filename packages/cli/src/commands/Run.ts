/**
 * `scanpoll run`, `wait` and `resume`: everything is checked, then scans are bought or joined, polled and reported.
 *
 * @since 0.1.0
 */
import * as Account from "@scanpoll/core/unstable/model/Account"
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as StoredDurations from "@scanpoll/core/engine/StoredDurations"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as ExitCode from "@scanpoll/report/ExitCode"
import * as Format from "@scanpoll/report/Format"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import * as Keys from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import * as Plans from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Journal from "../storage/Journal.ts"
import * as Learning from "../storage/LearnedDurations.ts"
import * as Hints from "../output/Hints.ts"
import type { Streams } from "../output/Streams.ts"
import { inert, say } from "../output/Streams.ts"
import type { FlagTexts, Findings, Prepared } from "../prepare/Preparation.ts"
import * as Preparation from "../prepare/Preparation.ts"
import * as Running from "../run/Running.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as DryRun from "./DryRun.ts"
import * as Files from "./Files.ts"

type Options = Pick<Running.Wanted, "realClock" | "hints">

type Services = FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp

/**
 * Says every warning once.
 *
 * @category combinators
 * @since 0.1.0
 */
export const warn = (findings: Findings) => say(...[...new Set(findings.warnings)].map((line) => `warning: ${line}`))

const perform = Effect.fnUntraced(function* (
  wanted: Effect.Effect<ReadonlyArray<Prepared>, UsageError | JournalError, Services | ScanJournal>,
  plan: Plan,
  settings: Settings,
  keys: Keys.Keys,
  findings: Findings,
  options: Options
): Effect.fn.Return<Running.Ran, UsageError | JournalError, Services> {
  yield* Preparation.checkOutputs(
    settings,
    Format.names,
    [
      { file: plan.file, what: "the plan" },
      { file: settings.baseline.value, what: "the baseline" }
    ],
    findings
  )
  const { value: baselineFile, where } = settings.baseline
  const baseline = baselineFile === null ? null : yield* Files.readBaseline(baselineFile, where, findings)
  yield* Preparation.refuseIfFaulty(findings)
  const shutdown = yield* Shutdown
  const running = Effect.gen(function* () {
    const prepared = yield* wanted
    yield* Preparation.refuseIfFaulty(findings)
    yield* warn(findings)
    return yield* Running.run({ prepared, plan: plan.file, settings, keys, baseline, ...options })
  }).pipe(
    Effect.provide(StoredDurations.layer),
    Effect.provide(Journal.layerOfRun(settings)),
    Running.atLogLevel(settings)
  )
  return yield* shutdown.soft(running)
})

interface Wanted {
  readonly words: ReadonlyArray<string>
  readonly flags: FlagTexts
}

// Everything that can be known before the first request.
const prepare = Effect.fnUntraced(function* (input: Wanted) {
  const { environment } = yield* ProcessContext
  const findings = Preparation.noFindings()
  const plan = yield* Preparation.readWords(input.words, findings)
  const settings = Preparation.resolveSettings(input.flags, plan, environment, findings)
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const accounts = yield* Preparation.openAccounts(plan.targets, plan.accounts, keys, findings)
  const prepared = Preparation.prepareTargets(plan, settings, accounts, findings)
  if (plan.targets.length === 0 && findings.faults.length === 0) {
    findings.faults.push({ where: plan.file ?? "run", message: "there is nothing to scan: no targets" })
  }
  return { plan, settings, keys, prepared, findings }
})

/**
 * `scanpoll run [PLAN|TARGET...]`, with what it came to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const execute = (
  input: Wanted,
  options: Options = {}
): Effect.Effect<Running.Ran, UsageError | JournalError, Services> =>
  Effect.flatMap(prepare(input), ({ findings, keys, plan, prepared, settings }) =>
    perform(Effect.succeed(prepared), plan, settings, keys, findings, options)
  )

/**
 * `scanpoll run [PLAN|TARGET...]`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = (input: {
  readonly words: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly flags: FlagTexts
}): Effect.Effect<number, UsageError | JournalError, Services> =>
  input.dryRun
    ? Effect.flatMap(prepare(input), ({ findings, prepared, settings }) =>
        Preparation.refuseIfFaulty(findings).pipe(
          Effect.andThen(warn(findings)),
          Effect.andThen(
            DryRun.tell(prepared, settings).pipe(
              Effect.provide(Learning.layerRead(settings.journal.value, settings.trustJournal.value)),
              Running.atLogLevel(settings)
            )
          )
        )
      )
    : Effect.map(execute(input, { hints: { flags: input.flags, typed: input } }), (ran) => ran.code)

/**
 * `scanpoll wait KEY...`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const wait = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { environment } = yield* ProcessContext
  const findings = Preparation.noFindings()
  const plan = input.plan === null ? Plans.empty : yield* Preparation.readPlan(input.plan, findings)
  const settings = Preparation.resolveSettings(input.flags, plan, environment, findings)
  const known = Preparation.readKnown(input.words, findings)
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const needed = Preparation.accountsOfKeys(known)
  const accounts = yield* Preparation.openAccounts(needed, plan.accounts, keys, findings)
  const one = (wish: Preparation.Known) =>
    wish._tag === "Key"
      ? Effect.succeed(Preparation.prepareKey(wish.key, plan, settings, accounts, findings))
      : Effect.map(claimOf(wish.claimId, plan, keys, findings), (claim) =>
          claim === null ? null : Preparation.prepareClaim(claim, plan, settings, findings)
        )
  if (known.some((wish) => wish._tag === "Claim")) yield* Journal.mustExist(settings)
  const wanted = Effect.map(Effect.forEach(known, one), (prepared) => prepared.filter((each) => each !== null))
  const hints = { flags: input.flags, typed: null }
  const ran = yield* perform(wanted, plan, settings, keys, findings, { hints })
  return ran.code
})

/**
 * A claim of the journal with its account; null, and a fault, where there is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const claimOf = Effect.fnUntraced(function* (
  claimId: string,
  plan: Plan,
  keys: Keys.Keys,
  findings: Findings
): Effect.fn.Return<Preparation.OpenClaim | null, JournalError, ScanJournal | VendorHttp> {
  const journal = yield* ScanJournal
  const entry = yield* journal.get(claimId)
  if (entry === null) {
    findings.faults.push({ where: claimId, message: "there is no such claim in the journal (--journal)" })
    return null
  }
  const [claim] = yield* Preparation.openClaims([entry], plan, keys)
  if (claim === undefined || claim.account === null) {
    findings.faults.push({ where: claimId, message: claim?.why ?? "cannot be gone on with" })
    return null
  }
  return claim
})

// The targets of a plan that `resume` says nothing about: no scan of them is open, and none completed within `reuse`.
const leftOut = Effect.fnUntraced(function* (
  plan: Plan,
  settings: Settings,
  keys: Keys.Keys
): Effect.fn.Return<ReadonlyArray<string>, JournalError, ScanJournal | VendorHttp> {
  const journal = yield* ScanJournal
  const own = Preparation.noFindings()
  const accounts = yield* Preparation.openAccounts(plan.targets, plan.accounts, keys, own)
  const now = yield* Clock.currentTimeMillis
  // A run that takes nothing from the journal leaves its own outcomes there all the same.
  const reuse = Duration.isZero(settings.reuse.value) ? Duration.hours(1) : settings.reuse.value
  const reuseFrom = Math.max(0, now - Math.ceil(Duration.toMillis(reuse)))
  const left: Array<string> = []
  for (const target of plan.targets) {
    const [one] = Preparation.prepareTargets({ ...plan, targets: [target] }, settings, accounts, own)
    const request = one?.request
    if (request === undefined || request._tag !== "Buy") {
      left.push(target.where)
      continue
    }
    const { adapter, fingerprint, subject } = request
    const key = { ...Account.of(adapter), environment: adapter.environment, fingerprint }
    const standing = yield* journal.claim(key, { subject, reuseFrom, peek: true })
    if (standing._tag === "Fresh") left.push(`${adapter.vendor} ${subject.name}`)
  }
  return left
})

const maxNamed = 10

const tellLeftOut = (left: ReadonlyArray<string>, plan: Plan, settings: Settings, flags: FlagTexts) => {
  if (left.length === 0 || plan.file === null) return Effect.void
  const named = left.slice(0, maxNamed).map((name) => `  ${inert(name, 200)}`)
  const rest = left.length > maxNamed ? [`  and ${left.length - maxNamed} more`] : []
  const many = left.length === 1 ? "1 target of the plan has" : `${left.length} targets of the plan have`
  return say(
    `left out: ${many} no open scan and no recent completed one, so there is no verdict on the whole plan:`,
    ...named,
    ...rest,
    "to scan what was left out too:",
    Hints.runLine({ settings, plan: plan.file, flags, typed: null }, { words: [plan.file], flags })
  )
}

/**
 * `scanpoll resume`: goes on with everything the journal has open. Exit code 3 at least where something had to be left: a
 * claim of an account that cannot be opened, or a target of the plan that was never started.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resume = Effect.fnUntraced(function* (input: {
  readonly plan: string | null
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const { environment } = yield* ProcessContext
  const findings = Preparation.noFindings()
  const plan = input.plan === null ? Plans.empty : yield* Preparation.readPlan(input.plan, findings)
  const settings = Preparation.resolveSettings(input.flags, plan, environment, findings)
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  yield* Journal.mustExist(settings)
  let strangersLeft = 0
  let targetsLeft: ReadonlyArray<string> = []
  const wanted = Effect.gen(function* () {
    const claims = yield* Preparation.openClaims(yield* Scans.openClaims, plan, keys)
    targetsLeft = yield* leftOut(plan, settings, keys)
    // What settled already is not open: nothing is left of it where its account is not known here.
    const strangers = claims.filter((claim) => claim.account === null && claim.entry.state !== "settled")
    strangersLeft = strangers.length
    findings.warnings.push(...strangers.map(({ entry, why }) => `${entry.claimId} is left alone: ${why}`))
    return claims.flatMap((claim) => Preparation.prepareClaim(claim, plan, settings, findings) ?? [])
  })
  const hints = { flags: input.flags, typed: null }
  const ran = yield* perform(wanted, plan, settings, keys, findings, { hints })
  yield* tellLeftOut(targetsLeft, plan, settings, input.flags)
  const isWhole = strangersLeft === 0 && (targetsLeft.length === 0 || settings.allowIncomplete.value)
  return isWhole ? ran.code : (ExitCode.precedence.find((code) => code === 3 || code === ran.code) ?? 3)
})
