/**
 * First stage: the plan of a command, from a file or from the words of the command line.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as InputFile from "../config/InputFile.ts"
import { type InputFault, quote, visible } from "../config/InputFault.ts"
import * as KeyVariable from "../config/KeyVariable.ts"
import { didYouMean } from "../config/Nearest.ts"
import * as Plan from "../config/Plan.ts"
import * as PlanFile from "../config/PlanFile.ts"
import * as Settings from "../config/Settings.ts"
import * as TargetList from "../config/TargetList.ts"
import * as Variables from "../config/Variables.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { type Known, Vendors } from "../vendors/Vendors.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Checked from "./Checked.ts"
import * as OnlyTargets from "./OnlyTargets.ts"
import * as PlanBounds from "./PlanBounds.ts"
import type { FlagTexts } from "./Resolve.ts"
import * as SeveralPlans from "./SeveralPlans.ts"
import * as TargetWords from "./TargetWords.ts"
import { createHash } from "node:crypto"

/**
 * The plan that is meant where none is named.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultPlan = "scans.yaml"

const maxPlanBytes = 32 * 1024 * 1024

interface Text {
  readonly text: string
  readonly digest: string
}

// The text of a named file. `missing`: what is said where there is none.
const textOf = Effect.fnUntraced(function* (
  file: string,
  { missing, what }: { readonly missing: string; readonly what: string }
): Effect.fn.Return<Result.Result<Text, string>> {
  const source = file === "-" ? InputFile.standardInput(maxPlanBytes) : InputFile.read(file, maxPlanBytes)
  const bytes = yield* Effect.result(source)
  if (Result.isFailure(bytes)) {
    switch (bytes.failure) {
      case "missing":
        return Result.fail(missing)
      case "folder":
      case "device":
        return Result.fail(`is a ${bytes.failure}, not ${what}`)
      case "large":
        return Result.fail(`is larger than 32 MiB, the most ${what} may have; split its targets over several`)
      case "unreadable":
        return Result.fail("cannot be read")
    }
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.success)
    return Result.succeed({ text, digest: createHash("sha256").update(bytes.success).digest("hex") })
  } catch {
    return Result.fail("is not UTF-8 text")
  }
})

/**
 * How a plan is read.
 *
 * - `hint`: what else the word could have been, for a file that is not there. Default: nothing.
 * - `variables`: what the command line says of the plan's variables. Default: nothing.
 * - `only`: the targets that are wanted; others need no values for their variables. Default: all.
 * - `isPart`: one of several plans: a variable that it does not declare may be another's. Default: false.
 * - `looksOnly`: targets whose variables have no value are left out without a fault. Default: false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading {
  readonly hint?: string
  readonly variables?: ReadonlyArray<Variables.Assignment>
  readonly only?: ReadonlyArray<string>
  readonly isPart?: boolean
  readonly looksOnly?: boolean
}

/**
 * Reads a plan file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (
  file: string,
  { hint = "", isPart = false, looksOnly = false, only = [], variables = [] }: Reading = {}
): Effect.fn.Return<Checked.Checked<Plan.Plan>, never, Vendors> {
  const missing =
    file === defaultPlan
      ? "there is no such file; `scanpoll config init` writes one to start from"
      : `there is no such plan${hint}`
  const found = yield* textOf(file, { missing, what: "a plan" })
  if (Result.isFailure(found)) return Checked.faulty({ ...Plan.empty, file }, file, found.failure)
  const { digest, text } = found.success
  const { environment } = yield* ProcessContext
  const vendors = yield* Vendors
  const { faults, plan, unread } = PlanFile.parse(text, file, vendors.all, {
    allowed: KeyVariable.allowed(environment),
    given: Variables.values(variables, environment),
    only,
    looksOnly
  })
  return Checked.make(
    { ...plan, digest },
    {
      faults: [
        ...faults,
        ...(looksOnly || isPart ? [] : Variables.strangers(variables, plan.variables)).map((message) => ({
          where: "--var",
          message
        })),
        ...PlanBounds.callbackFaults(plan.targets, environment),
        ...(plan.accounts.length > 0 ? KeyVariable.allowFaults(environment) : [])
      ],
      // Nothing of a text that was not looked into is repeated, so it need not be searched for keys.
      given: unread ? [] : [{ where: file, text }]
    }
  )
})

/**
 * The SHA-256 of a plan file's bytes in hexadecimal digits; null where it cannot be read.
 *
 * @category constructors
 * @since 0.2.0
 */
export const digestOf = (file: string): Effect.Effect<string | null> =>
  file === "-"
    ? Effect.succeed(null)
    : Effect.map(textOf(file, { missing: "", what: "a plan" }), (found) =>
        Result.isSuccess(found) ? found.success.digest : null
      )

/**
 * The lists of targets that the command line or the environment names.
 *
 * @category constructors
 * @since 0.2.0
 */
export const listsOf = (flags: FlagTexts): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(
    ProcessContext,
    ({ environment }) => Settings.resolve({ flags, environment, plan: {} }).settings.targets.value
  )

/**
 * What the command line says of a plan's variables.
 *
 * @category constructors
 * @since 0.2.0
 */
export const variablesOf = (flags: FlagTexts): Effect.Effect<ReadonlyArray<Variables.Assignment>> =>
  Effect.map(ProcessContext, ({ environment }) => Settings.resolve({ flags, environment, plan: {} }).settings.var.value)

/**
 * The plan a command is given for its accounts and settings; an empty one where it is given none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const optional = (
  file: string | null,
  reading: Reading = { looksOnly: true }
): Effect.Effect<Checked.Checked<Plan.Plan>, never, Vendors> =>
  file === null ? Effect.succeed(Checked.make(Plan.empty)) : read(file, reading)

// The targets of one list. Its accounts are those of the plan beside it.
const readList = Effect.fnUntraced(function* (
  file: string,
  as: TargetWords.As | null,
  accounts: ReadonlyArray<Plan.PlanAccount>
): Effect.fn.Return<Checked.Checked<ReadonlyArray<Plan.Target>>, never, Vendors> {
  const vendors = yield* Vendors
  const name = file === "-" ? "standard input" : file
  const found = yield* textOf(file, { missing: "there is no such list of targets", what: "a list of targets" })
  if (Result.isFailure(found)) return Checked.faulty([], name, found.failure)
  const { text } = found.success
  const listed = TargetList.parse(text, TargetList.formOf(file), vendors.all)
  const ofWords = Checked.all(
    listed.words.map((word) => TargetWords.readLine(word.text, `${name}:${word.line}`, vendors, as))
  )
  const ofEntries = PlanFile.parseTargets(listed.entries, name, vendors.all, accounts)
  const faults = listed.faults.map(({ at, message }) => ({ where: `${name}:${at.line}`, message: visible(message) }))
  const { environment } = yield* ProcessContext
  const targets = [
    ...ofWords.value.flatMap((one) => (one === null ? [] : [{ ...one, from: "list" as const }])),
    ...ofEntries.targets
  ]
  const nothing =
    targets.length + faults.length + ofWords.faults.length + ofEntries.faults.length === 0
      ? [{ where: name, message: "holds no target" }]
      : []
  const lineOf = (fault: InputFault): number => Number(/:(\d+)$/.exec(fault.where)?.[1] ?? 0)
  const byLine = [...faults, ...ofWords.faults, ...ofEntries.faults].toSorted((a, b) => lineOf(a) - lineOf(b))
  return Checked.make(targets, {
    faults: [...byLine, ...nothing, ...PlanBounds.callbackFaults(targets, environment)],
    given: [{ where: name, text }]
  })
})

/**
 * What stands on a command line that takes a plan and targets: at most one plan, any number of targets, and lists of targets.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWords = Effect.fnUntraced(function* (
  words: ReadonlyArray<string>,
  flags: FlagTexts
): Effect.fn.Return<Checked.Checked<Plan.Plan>, never, FileSystem.FileSystem | Vendors> {
  const vendors = yield* Vendors
  const { environment } = yield* ProcessContext
  // Their faults are reported with those of all other settings.
  const { settings } = Settings.resolve({ flags, environment, plan: {} })
  const lists = settings.targets.value
  const files: Array<string> = []
  const targetsOfWords = Checked.all(
    words.map((word): Checked.Checked<Plan.Target | null> => {
      const found = TargetWords.read(word, vendors)
      if (found === null) files.push(word)
      return found ?? Checked.make(null)
    })
  )
  const twice = files.filter((file, at) => files.indexOf(file) !== at)
  const targets = Checked.and(targetsOfWords, {
    faults: [...new Set(twice)].map((file) => ({ where: quote(file), message: "is named twice; name each plan once" })),
    warnings: [],
    given: words.map((text, at) => ({ where: `argument ${at + 1}`, text }))
  })
  const named = files.length > 0 || words.length > 0 || lists.length > 0 ? [...new Set(files)] : [defaultPlan]
  const plan = yield* plansOf(named, { flags, environment, settings })
  const as = settings.targetsAs
  const listed = Checked.all(yield* Effect.forEach(lists, (list) => readList(list, as.value, plan.value.accounts)))
  const checked = Checked.andThen(targets, (found) =>
    Checked.andThen(listed, (lines) =>
      Checked.map(plan, (known) => ({
        ...known,
        targets: [...known.targets, ...found.filter((one) => one !== null), ...lines.flat()]
      }))
    )
  )
  const whole = as.value === null ? checked : Checked.and(checked, asFaults(as.value, as.where, lists, vendors))
  return OnlyTargets.select(whole, settings.only)
})

// The plans that are named, as one.
const plansOf = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  {
    environment,
    flags,
    settings
  }: Pick<Settings.Given, "flags" | "environment"> & { readonly settings: Settings.Settings }
): Effect.fn.Return<Checked.Checked<Plan.Plan>, never, Vendors> {
  const vendors = yield* Vendors
  const variables = settings.var.value
  const strangers = (declared: ReadonlyArray<string>) => ({
    faults: Variables.strangers(variables, declared).map((message) => ({ where: settings.var.where, message }))
  })
  const isPart = files.length > 1
  const plans = yield* Effect.forEach(files, (file) => {
    const hint = `, and it is no target either (a target is VENDOR:WHAT, see \`scanpoll vendors\`)${TargetWords.suggestion(file, vendors.all) || TargetWords.bringing(file)}`
    return read(file, { hint, variables, only: settings.only.value, isPart })
  })
  const [first] = plans
  if (first === undefined) return Checked.make(Plan.empty, strangers([]))
  if (!isPart) return first
  const merged = Checked.andThen(Checked.all(plans), (all) => SeveralPlans.merge(all, { flags, environment }))
  return Checked.and(merged, Checked.make(null, strangers(merged.value.variables)))
})

// What is wrong with `--targets-as` itself.
const asFaults = (
  { type, vendor: name }: TargetWords.As,
  where: string,
  lists: ReadonlyArray<string>,
  vendors: Known
): Checked.Checked<null> => {
  const vendor = vendors.byName(name)
  const message = (): string | null => {
    if (vendor === null) {
      return `unknown vendor ${quote(name)}${didYouMean(name, vendors.names) || `; it is one of ${vendors.names.join(", ")}; ${howToBring(name)}`}`
    }
    if (type !== null && !vendor.keys.includes("type")) return `${name} has no types`
    return lists.length === 0 ? "has no use without --targets" : null
  }
  const fault = message()
  return Checked.make(null, { faults: fault === null ? [] : [{ where, message: fault }] })
}
