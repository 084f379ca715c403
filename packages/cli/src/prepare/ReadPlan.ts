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
import * as PlanBounds from "./PlanBounds.ts"
import type { FlagTexts } from "./Resolve.ts"
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
 * - `looksOnly`: targets whose variables have no value are left out without a fault. Default: false.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading {
  readonly hint?: string
  readonly variables?: ReadonlyArray<Variables.Assignment>
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
  { hint = "", looksOnly = false, variables = [] }: Reading = {}
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
    looksOnly
  })
  return Checked.make(
    { ...plan, digest },
    {
      faults: [
        ...faults,
        ...(looksOnly ? [] : Variables.strangers(variables, plan.variables)).map((message) => ({
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
  const variables = settings.var.value
  const files: Array<string> = []
  const targetsOfWords = Checked.all(
    words.map((word): Checked.Checked<Plan.Target | null> => {
      const found = TargetWords.read(word, vendors)
      if (found === null) files.push(word)
      return found ?? Checked.make(null)
    })
  )
  const targets = Checked.and(targetsOfWords, {
    faults: files.slice(1).map((file) => ({
      where: quote(file),
      message: `a run takes one plan, and ${quote(files[0] ?? "")} is one already`
    })),
    warnings: [],
    given: words.map((text, at) => ({ where: `argument ${at + 1}`, text }))
  })
  const file = files[0] ?? (words.length === 0 && lists.length === 0 ? defaultPlan : null)
  const hint = `, and it is no target either (a target is VENDOR:WHAT, see \`scanpoll vendors\`)${file === null ? "" : TargetWords.suggestion(file, vendors.all) || TargetWords.bringing(file)}`
  const plan =
    file === null
      ? Checked.make(Plan.empty, {
          faults: Variables.strangers(variables, []).map((message) => ({ where: settings.var.where, message }))
        })
      : yield* read(file, { hint, variables })
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
  return as.value === null ? checked : Checked.and(checked, asFaults(as.value, as.where, lists, vendors))
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
