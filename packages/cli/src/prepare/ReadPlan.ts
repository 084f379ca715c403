/**
 * First stage: the plan of a command, from a file or from the words of the command line.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as InputFile from "../config/InputFile.ts"
import { quote } from "../config/InputFault.ts"
import * as KeyVariable from "../config/KeyVariable.ts"
import { didYouMean } from "../config/Nearest.ts"
import * as Plans from "../config/Plan.ts"
import * as PlanFile from "../config/PlanFile.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Vendor } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"
import { howToBring } from "../vendors/Wanted.ts"
import * as Checked from "./Checked.ts"
import * as PlanBounds from "./PlanBounds.ts"
import { createHash } from "node:crypto"

/**
 * The plan that is meant where none is named.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultPlan = "scans.yaml"

const maxPlanBytes = 32 * 1024 * 1024

/**
 * Reads a plan file. `hint`: what else the word could have been, for a file that is not there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = Effect.fnUntraced(function* (
  file: string,
  hint = ""
): Effect.fn.Return<Checked.Checked<Plans.Plan>, never, Vendors> {
  const refuse = (message: string) => Checked.faulty({ ...Plans.empty, file }, file, message)
  const bytes = yield* Effect.result(InputFile.read(file, maxPlanBytes))
  if (Result.isFailure(bytes)) {
    switch (bytes.failure) {
      case "missing":
        return refuse(
          file === defaultPlan
            ? "there is no such file; `scanpoll config init` writes one to start from"
            : `there is no such plan${hint}`
        )
      case "folder":
        return refuse("is a folder, not a plan")
      case "device":
        return refuse("is a device, not a plan")
      case "large":
        return refuse("is larger than 32 MiB, the most a plan may have; split its targets over several plans")
      case "unreadable":
        return refuse("cannot be read")
    }
  }
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.success)
  } catch {
    return refuse("is not UTF-8 text")
  }
  const { environment } = yield* ProcessContext
  const vendors = yield* Vendors
  const { faults, plan, unread } = PlanFile.parse(text, file, vendors.all, KeyVariable.allowed(environment))
  const digest = createHash("sha256").update(bytes.success).digest("hex")
  return Checked.make(
    { ...plan, digest },
    {
      faults: [
        ...faults,
        ...PlanBounds.callbackFaults(plan.targets, environment),
        ...(plan.accounts.length > 0 ? KeyVariable.allowFaults(environment) : [])
      ],
      // Nothing of a text that was not looked into is repeated, so it need not be searched for keys.
      given: unread ? [] : [{ where: file, text }]
    }
  )
})

/**
 * The plan a command is given for its accounts and settings; an empty one where it is given none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const optional = (file: string | null): Effect.Effect<Checked.Checked<Plans.Plan>, never, Vendors> =>
  file === null ? Effect.succeed(Checked.make(Plans.empty)) : read(file)

const targetOf = (text: string, rest: string, vendor: Vendor): Checked.Checked<Plans.Target | null> => {
  const parsed = vendor.parse(rest)
  if (Result.isFailure(parsed)) {
    return Checked.faulty(null, quote(text), `a target of ${vendor.name} ${parsed.failure}`)
  }
  const wrong = vendor.faults(parsed.success)
  const target = {
    vendor,
    account: Plans.defaultAccount,
    name: null,
    input: parsed.success,
    isSound: wrong.length === 0,
    pace: null,
    deadline: null,
    where: quote(text),
    declaredAt: null
  }
  const faults = wrong.map(({ message, path }) => ({
    where: quote(text),
    message: path.length === 0 ? message : `${path.join(".")} ${message}`
  }))
  return Checked.make(target, { faults })
}

const isUrl = (word: string): boolean => /^https?:\/\//i.test(word)

// A name of a host, with or without a path, which is no plan by its ending.
const isHost = (word: string): boolean =>
  /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:\d+)?(\/\S*)?$/i.test(word) && !/\.(ya?ml|json)$/i.test(word)

// The targets that a word without its vendor could be.
const suggestion = (word: string, vendors: ReadonlyArray<Vendor>): string => {
  const what = isHost(word) ? `https://${word}` : word
  const found = vendors.flatMap((vendor) => {
    const { faults, value } = targetOf(what, what, vendor)
    return value === null || faults.length > 0 ? [] : [JSON.stringify(`${vendor.name}:${what}`)]
  })
  return found.length === 0 ? "" : `; did you mean ${found.join(" or ")}?`
}

// `harbour:moorings` may be a target of a vendor that is not known.
const bringing = (word: string): string => {
  const name = /^([a-z][a-z0-9-]{0,31}):./.exec(word)?.[1]
  return name === undefined ? "" : `; ${howToBring(name)}`
}

/**
 * What stands on a command line that takes a plan and targets: at most one plan, any number of targets.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWords = Effect.fnUntraced(function* (
  words: ReadonlyArray<string>
): Effect.fn.Return<Checked.Checked<Plans.Plan>, never, FileSystem.FileSystem | Vendors> {
  const vendors = yield* Vendors
  const files: Array<string> = []
  const targetsOfWords = Checked.all(
    words.map((word): Checked.Checked<Plans.Target | null> => {
      const head = word.includes(":") ? word.slice(0, word.indexOf(":")) : null
      const vendor = head === null ? null : vendors.byName(head)
      if (head !== null && vendor !== null) return targetOf(word, word.slice(head.length + 1), vendor)
      const near = head === null ? "" : didYouMean(head, vendors.names)
      if (head !== null && near !== "") {
        return Checked.faulty(null, quote(word), `unknown vendor ${quote(head)}${near}`)
      }
      if (isUrl(word))
        return Checked.faulty(null, quote(word), `a target names its vendor${suggestion(word, vendors.all)}`)
      files.push(word)
      return Checked.make(null)
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
  const file = files[0] ?? (words.length === 0 ? defaultPlan : null)
  const hint = `, and it is no target either (a target is VENDOR:WHAT, see \`scanpoll vendors\`)${file === null ? "" : suggestion(file, vendors.all) || bringing(file)}`
  const plan = file === null ? Checked.make(Plans.empty) : yield* read(file, hint)
  return Checked.andThen(targets, (found) =>
    Checked.map(plan, (known) => ({ ...known, targets: [...known.targets, ...found.filter((one) => one !== null)] }))
  )
})
