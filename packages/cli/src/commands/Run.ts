/**
 * `scanpoll run` and `scanpoll wait`: everything is checked, then scans are bought or joined, polled and reported.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Format from "@scanpoll/report/Format"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type { UsageError } from "../config/InputFault.ts"
import * as Keys from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import * as Plans from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Journal from "../Journal.ts"
import type { Streams } from "../output/Streams.ts"
import { say } from "../output/Streams.ts"
import type { FlagTexts, Findings, Prepared } from "../Preparation.ts"
import * as Preparation from "../Preparation.ts"
import * as Running from "../Running.ts"
import { Shutdown } from "../Shutdown.ts"
import { Surroundings } from "../Surroundings.ts"
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
  prepared: ReadonlyArray<Prepared>,
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
      { file: settings.keyFile.value, what: "the key file" },
      { file: settings.baseline.value, what: "the baseline" }
    ],
    findings
  )
  const { value: baselineFile, where } = settings.baseline
  const baseline = baselineFile === null ? null : yield* Files.readBaseline(baselineFile, where, findings)
  Preparation.checkJournal(settings, findings)
  yield* Preparation.refuseIfFaulty(findings)
  yield* warn(findings)
  const shutdown = yield* Shutdown
  const running = Running.run({ prepared, plan: plan.file, settings, keys, baseline, ...options }).pipe(
    Effect.provide(Journal.layer(settings.journal.value)),
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
  const { environment } = yield* Surroundings
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
    perform(prepared, plan, settings, keys, findings, options)
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
          Effect.andThen(DryRun.tell(prepared, settings))
        )
      )
    : Effect.map(execute(input), (ran) => ran.code)

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
  const { environment } = yield* Surroundings
  const findings = Preparation.noFindings()
  const plan = input.plan === null ? Plans.empty : yield* Preparation.readPlan(input.plan, findings)
  const settings = Preparation.resolveSettings(input.flags, plan, environment, findings)
  const wanted = Preparation.readKeys(input.words, findings)
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const needed = Preparation.accountsOfKeys(wanted)
  const accounts = yield* Preparation.openAccounts(needed, plan.accounts, keys, findings)
  const prepared = Preparation.prepareKeys(wanted, plan, settings, accounts, findings)
  const ran = yield* perform(prepared, plan, settings, keys, findings, {})
  return ran.code
})
