/**
 * Turns what the user gave into what a command needs, or into every fault of it, before the first request.
 *
 * Plan, flags, environment, keys, bases, policies and outputs are all checked, and all their faults come together.
 *
 * @since 0.1.0
 */
import type { ClaimEntry } from "@scanpoll/core/engine/ScanJournal"
import type { ScanRequest } from "@scanpoll/core/engine/ScanRequest"
import * as BaseUrl from "@scanpoll/core/unstable/http/BaseUrl"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import { labelKey } from "@scanpoll/core/unstable/model/Account"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { GatePolicy } from "@scanpoll/report/Gate"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Durations from "../config/Durations.ts"
import * as InputFile from "../config/InputFile.ts"
import type { InputFault } from "../config/InputFault.ts"
import { quote, UsageError } from "../config/InputFault.ts"
import type { Key } from "../config/Key.ts"
import * as KeyText from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import * as KeyVariable from "../config/KeyVariable.ts"
import type { Place } from "../config/Located.ts"
import { didYouMean } from "../config/Nearest.ts"
import type { Pace } from "../config/Pace.ts"
import * as Paces from "../config/Pace.ts"
import type { Placed, Plan, PlanAccount, Target } from "../config/Plan.ts"
import * as Plans from "../config/Plan.ts"
import * as PlanFile from "../config/PlanFile.ts"
import type { SettingName } from "../config/Setting.ts"
import type { Settings } from "../config/Settings.ts"
import * as SettingsOf from "../config/Settings.ts"
import * as Journal from "../storage/Journal.ts"
import * as Secrets from "../output/Secrets.ts"
import * as WholeFile from "../output/WholeFile.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Account, Vendor } from "../vendors/Vendor.ts"
import * as Vendors from "../vendors/Vendors.ts"

/**
 * The texts of the flags of a command.
 *
 * @category models
 * @since 0.1.0
 */
export type FlagTexts = { readonly [K in SettingName]?: ReadonlyArray<string> }

/**
 * The plan that is meant where none is named.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultPlan = "scans.yaml"

/**
 * Faults and warnings as they are found.
 *
 * @category models
 * @since 0.1.0
 */
export interface Findings {
  readonly faults: Array<InputFault>
  readonly warnings: Array<string>
  /** What was given, to be searched for keys once all of them were read. */
  readonly given: Array<{ readonly where: string; readonly text: string }>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const noFindings = (): Findings => ({ faults: [], warnings: [], given: [] })

// The lines of a text that hold a key, or the text where only several lines together do.
const misplacedIn = (text: string, where: string): ReadonlyArray<InputFault> => {
  const why = Secrets.misplaced(text)
  if (why === null) return []
  const lines = text.split("\n")
  const faults = lines.flatMap((line, at) =>
    lines.length > 1 && Secrets.misplaced(line) !== null ? [{ where: `${where}:${at + 1}`, message: why }] : []
  )
  return faults.length > 0 ? faults : [{ where, message: why }]
}

/**
 * Fails with every fault found so far, if there is one; with those alone that name a key in the wrong place, where there
 * are such.
 *
 * @category combinators
 * @since 0.1.0
 */
export const refuseIfFaulty = (findings: Findings): Effect.Effect<void, UsageError> => {
  const misplaced = findings.given.flatMap(({ text, where }) => misplacedIn(text, where))
  // Another fault may quote a part of the key, which nobody would recognise.
  if (misplaced.length > 0) return Effect.fail(new UsageError({ faults: misplaced }))
  if (findings.faults.length === 0) return Effect.void
  // Two checks may meet on the same ground.
  const seen = new Set<string>()
  const faults = findings.faults.filter((fault) => {
    const text = `${fault.where}\n${fault.message}`
    return !seen.has(text) && seen.add(text)
  })
  return Effect.fail(new UsageError({ faults }))
}

const maxPlanBytes = 32 * 1024 * 1024

/**
 * Reads a plan file; its faults go to `findings`, and the plan is then what could be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readPlan = Effect.fnUntraced(function* (
  file: string,
  findings: Findings,
  hint = ""
): Effect.fn.Return<Plan> {
  const refuse = (message: string): Plan => {
    findings.faults.push({ where: file, message })
    return { ...Plans.empty, file }
  }
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
  findings.given.push({ where: file, text })
  const { faults, plan } = PlanFile.parse(text, file, Vendors.all, KeyVariable.allowed(environment))
  findings.faults.push(...faults)
  if (plan.accounts.length > 0) findings.faults.push(...KeyVariable.allowFaults(environment))
  return plan
})

/**
 * Settings from flags, environment and a plan.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolveSettings = (
  flags: FlagTexts,
  plan: Plan,
  environment: Readonly<Record<string, string | undefined>>,
  findings: Findings
): Settings => {
  const resolved = SettingsOf.resolve({ flags, environment, plan: plan.settings })
  for (const [name, texts = []] of Object.entries(flags)) {
    for (const text of texts)
      findings.given.push({ where: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, text })
  }
  for (const [name, text = ""] of Object.entries(environment)) {
    if (name.startsWith("SCANPOLL_")) findings.given.push({ where: name, text })
  }
  findings.faults.push(...resolved.faults)
  findings.warnings.push(...resolved.warnings)
  return resolved.settings
}

/**
 * The gate that the settings ask for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const gateOf = (settings: Settings): GatePolicy => ({
  failOn: settings.failOn.value,
  failOnNew: settings.failOnNew.value,
  minScore: settings.minScore.value,
  minGrade: settings.minGrade.value,
  maxViolations: settings.maxViolations.value,
  allowPartial: settings.allowPartial.value,
  allowIncomplete: settings.allowIncomplete.value,
  exitZero: settings.exitZero.value
})

const targetOf = (text: string, vendor: Vendor, findings: Findings): Target | null => {
  const rest = text.slice(text.indexOf(":") + 1)
  const parsed = vendor.parse(rest)
  if (Result.isFailure(parsed)) {
    findings.faults.push({ where: quote(text), message: `a target of ${vendor.name} ${parsed.failure}` })
    return null
  }
  const wrong = vendor.faults(parsed.success)
  for (const { message, path } of wrong) {
    const name = path.join(".")
    findings.faults.push({ where: quote(text), message: name === "" ? message : `${name} ${message}` })
  }
  return {
    vendor,
    account: Plans.defaultAccount,
    input: parsed.success,
    isSound: wrong.length === 0,
    pace: null,
    deadline: null,
    where: quote(text),
    declaredAt: null
  }
}

/**
 * What stands on a command line that takes a plan and targets: at most one plan, any number of targets.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readWords = Effect.fnUntraced(function* (
  words: ReadonlyArray<string>,
  findings: Findings
): Effect.fn.Return<Plan, never, FileSystem.FileSystem> {
  const targets: Array<Target> = []
  const files: Array<string> = []
  for (const [at, word] of words.entries()) findings.given.push({ where: `argument ${at + 1}`, text: word })
  for (const word of words) {
    const head = word.includes(":") ? word.slice(0, word.indexOf(":")) : null
    const vendor = head === null ? null : Vendors.byName(head)
    if (vendor !== null) {
      const target = targetOf(word, vendor, findings)
      if (target !== null) targets.push(target)
      continue
    }
    const near = head === null ? "" : didYouMean(head, Vendors.names)
    if (head !== null && near !== "") {
      findings.faults.push({ where: quote(word), message: `unknown vendor ${quote(head)}${near}` })
    } else files.push(word)
  }
  const [first, ...more] = files
  for (const file of more) {
    findings.faults.push({
      where: quote(file),
      message: `a run takes one plan, and ${quote(first ?? "")} is one already`
    })
  }
  const file = first ?? (words.length === 0 ? defaultPlan : null)
  const hint = ", and it is no target either (a target is VENDOR:WHAT, see `scanpoll vendors`)"
  const plan = file === null ? Plans.empty : yield* readPlan(file, findings, hint)
  return { ...plan, targets: [...plan.targets, ...targets] }
})

/**
 * The accounts that are needed, opened, by `vendor` and `account`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accounts {
  readonly get: (vendor: string, account: string) => Account | null
}

/**
 * The hosts that may be asked by plain http.
 *
 * @category constructors
 * @since 0.1.0
 */
export const insecureHosts = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  (environment["SCANPOLL_ALLOW_INSECURE_HOSTS"] ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "")

/**
 * What is wrong with the base of a vendor, in the words of its variables.
 *
 * @category destructors
 * @since 0.1.0
 */
export const baseFaults = (
  vendor: Vendor,
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<InputFault> => {
  const base = baseOf(vendor, environment)
  if (base === null) {
    return [
      { where: vendor.baseVariable, message: `is not set; ${vendor.title} has no public address, so it is needed` }
    ]
  }
  const checked = BaseUrl.check(base, insecureHosts(environment))
  if (Result.isSuccess(checked)) return []
  return checked.failure.map((message) =>
    message.startsWith("insecureHosts")
      ? { where: "SCANPOLL_ALLOW_INSECURE_HOSTS", message: message.replace(/^insecureHosts/, "entry ") }
      : {
          where: vendor.baseVariable,
          message: message.replace(/^baseUrl /, "").replace("insecureHosts", "SCANPOLL_ALLOW_INSECURE_HOSTS")
        }
  )
}

/**
 * The base of a vendor that is in force, or null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baseOf = (vendor: Vendor, environment: Readonly<Record<string, string | undefined>>): string | null => {
  const given = environment[vendor.baseVariable]?.trim() ?? ""
  return given === "" ? vendor.defaultBaseUrl : given
}

/**
 * Opens the accounts that are used; whatever stands against one goes to `findings`, keys and bases alike.
 *
 * @category constructors
 * @since 0.1.0
 */
export const openAccounts = Effect.fnUntraced(function* (
  used: ReadonlyArray<{ readonly vendor: Vendor; readonly account: string }>,
  declared: ReadonlyArray<PlanAccount>,
  keys: Keys.Keys,
  findings: Findings
): Effect.fn.Return<Accounts, never, VendorHttp> {
  const { environment } = yield* ProcessContext
  const opened = new Map<string, Account>()
  const nameOf = (vendor: string, account: string): string => labelKey({ vendor, account })
  const wanted = new Map(used.map((one) => [nameOf(one.vendor.name, one.account), one]))
  for (const [name, { account, vendor }] of wanted) {
    const mine = declared.find((one) => one.vendor.name === vendor.name && one.name === account)
    const variable = account === Plans.defaultAccount ? vendor.keyVariable : mine?.variable
    // The fault of the plan has been found already.
    if (variable === null) continue
    if (variable === undefined) {
      const known = declared.filter((one) => one.vendor.name === vendor.name).map((one) => one.name)
      findings.faults.push({
        where: `${vendor.name}@${account}`,
        message: `there is no such account in the plan${didYouMean(account, known)}`
      })
      continue
    }
    const wrong = baseFaults(vendor, environment)
    findings.faults.push(...wrong)
    const why = yield* keys.check(vendor.name, variable)
    if (why !== null) findings.faults.push({ where: variable, message: why })
    if (wrong.length > 0 || why !== null) continue
    const extra = Object.fromEntries(
      vendor.extraVariables.flatMap((extraName) => {
        const text = environment[extraName]?.trim() ?? ""
        return text === "" ? [] : [[extraName, text] as const]
      })
    )
    const access = {
      account,
      baseUrl: baseOf(vendor, environment),
      credential: keys.credential(vendor.name, variable),
      variable,
      insecureHosts: insecureHosts(environment),
      extra
    }
    const result = yield* Effect.result(vendor.open(access))
    if (Result.isSuccess(result)) opened.set(name, result.success)
    else if (result.failure._tag === "CredentialError") {
      findings.faults.push({ where: variable, message: result.failure.message })
    } else {
      findings.faults.push(...result.failure.faults.map((message) => ({ where: vendor.name, message })))
    }
  }
  return { get: (vendor, account) => opened.get(nameOf(vendor, account)) ?? null }
})

/**
 * A scan that is wanted, ready for the engine.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prepared {
  readonly request: ScanRequest<unknown>
  readonly declaredAt: Place | null
}

interface Waiting {
  readonly vendor: Vendor
  readonly pace: Placed<Pace> | null
  readonly deadline: Target["deadline"]
}

/**
 * The policy of one wait: flag over environment over target over vendor over defaults over the vendor's own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const policyOf = (
  { deadline, pace, vendor }: Waiting,
  plan: Plan,
  settings: Settings,
  findings: Findings
): PollPolicy.PollPolicy | null => {
  const own = plan.vendors.get(vendor.name)
  const ruled = (source: string): boolean => source === "flag" || source === "environment"
  const interval: Placed<Pace> | null =
    settings.interval.value === null
      ? null
      : { value: { _tag: "Every", interval: settings.interval.value }, where: settings.interval.where }
  const paceInForce = ruled(settings.interval.source) ? interval : (pace ?? own?.pace ?? plan.pace ?? interval)
  const fallback =
    settings.deadline.value === null ? null : { value: settings.deadline.value, where: settings.deadline.where }
  const deadlineInForce = ruled(settings.deadline.source) ? fallback : (deadline ?? own?.deadline ?? fallback)
  const { policy, raised } = Paces.toPolicy(vendor, {
    pace: paceInForce?.value ?? null,
    deadline: deadlineInForce?.value ?? null
  })
  if (raised !== null && paceInForce !== null) {
    const { floor } = vendor.limits
    findings.warnings.push(
      `${paceInForce.where}: ${vendor.name} bears a poll every ${Durations.format(floor)}; the interval is raised to that`
    )
  }
  const checked = PollPolicy.check(policy, vendor.limits)
  if (Result.isSuccess(checked)) return policy
  for (const message of checked.failure.faults) {
    findings.faults.push({
      where: deadlineInForce?.where ?? paceInForce?.where ?? vendor.name,
      message: `${vendor.name}: ${message}`
    })
  }
  return null
}

// What nobody asked for is left to the engine: it paces a batch as past scans have taught.
const chosen = (policy: PollPolicy.PollPolicy, vendor: Pick<Waiting["vendor"], "policies">) =>
  policy === vendor.policies.default ? {} : { policy: () => policy }

/**
 * The requests of a plan's targets; null where something stands against one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepareTargets = (
  plan: Plan,
  settings: Settings,
  accounts: Accounts,
  findings: Findings
): ReadonlyArray<Prepared> =>
  plan.targets.flatMap((target) => {
    const policy = policyOf(target, plan, settings, findings)
    const account = accounts.get(target.vendor.name, target.account)
    if (policy === null || account === null || !target.isSound) return []
    const request = account.request(target.input, chosen(policy, target.vendor))
    return [{ request, declaredAt: target.declaredAt }]
  })

/**
 * A scan that exists already, by the vendor's name for it or by ours.
 *
 * @category models
 * @since 0.1.0
 */
export type Known = { readonly _tag: "Key"; readonly key: Key } | { readonly _tag: "Claim"; readonly claimId: string }

/**
 * Reads keys and claim ids from the command line, in their order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readKnown = (words: ReadonlyArray<string>, findings: Findings): ReadonlyArray<Known> =>
  words.flatMap((word, at): ReadonlyArray<Known> => {
    findings.given.push({ where: `KEY ${at + 1}`, text: word })
    if (KeyText.isClaim(word)) return [{ _tag: "Claim", claimId: word }]
    const key = KeyText.parse(word, Vendors.names)
    if (Result.isSuccess(key)) return [{ _tag: "Key", key: key.success }]
    findings.faults.push({ where: "KEY", message: key.failure })
    return []
  })

/**
 * The accounts that keys need.
 *
 * @category constructors
 * @since 0.1.0
 */
export const accountsOfKeys = (
  known: ReadonlyArray<Known>
): ReadonlyArray<{ readonly vendor: Vendor; readonly account: string }> =>
  known.flatMap((one) => {
    const vendor = one._tag === "Key" ? Vendors.byName(one.key.vendor) : null
    return vendor === null || one._tag !== "Key" ? [] : [{ vendor, account: one.key.account }]
  })

/**
 * The wait on a key; null where something stands against it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepareKey = (
  key: Key,
  plan: Plan,
  settings: Settings,
  accounts: Accounts,
  findings: Findings
): Prepared | null => {
  const vendor = Vendors.byName(key.vendor)
  const account = accounts.get(key.vendor, key.account)
  const policy = vendor === null ? null : policyOf({ vendor, pace: null, deadline: null }, plan, settings, findings)
  if (policy === null || account === null) return null
  return { request: account.ticket(key.scanId, { policy: () => policy }), declaredAt: null }
}

/**
 * A claim and the account that can go on with it, or why there is none.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenClaim {
  readonly entry: ClaimEntry
  readonly account: Account | null
  readonly why: string
}

/**
 * Opens the accounts that claims were made with. A claim is gone on with only by the account that made it, at the
 * address where it was made.
 *
 * @category constructors
 * @since 0.1.0
 */
export const openClaims = Effect.fnUntraced(function* (
  entries: ReadonlyArray<ClaimEntry>,
  plan: Plan,
  keys: Keys.Keys
): Effect.fn.Return<ReadonlyArray<OpenClaim>, never, VendorHttp> {
  const opened = new Map<string, { readonly account: Account | null; readonly why: string }>()
  const open = Effect.fnUntraced(function* ({ account, vendor: name }: ClaimEntry["key"]) {
    const known = opened.get(KeyText.accountName(name, account))
    if (known !== undefined) return known
    const vendor = Vendors.byName(name)
    const findings = noFindings()
    const accounts = vendor === null ? null : yield* openAccounts([{ vendor, account }], plan.accounts, keys, findings)
    const made = {
      account: accounts?.get(name, account) ?? null,
      why: vendor === null ? "no such vendor is known here" : findings.faults.map(sentence).join("; ")
    }
    opened.set(KeyText.accountName(name, account), made)
    return made
  })
  return yield* Effect.forEach(entries, (entry) =>
    Effect.map(open(entry.key), ({ account, why }): OpenClaim => {
      if (account === null || account.isFor(entry)) return { entry, account, why }
      const { environment, origin } = entry.key
      const world = environment === "" ? "" : ` (${environment})`
      return { entry, account: null, why: `it was made at ${origin}${world}, and the settings lead elsewhere` }
    })
  )
})

const sentence = (fault: InputFault): string => `${fault.where} ${fault.message}`

/**
 * The wait on a claim; null where something stands against it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepareClaim = (
  { account, entry }: OpenClaim,
  plan: Plan,
  settings: Settings,
  findings: Findings
): Prepared | null => {
  const vendor = Vendors.byName(entry.key.vendor)
  if (vendor === null || account === null) return null
  const policy = policyOf({ vendor, pace: null, deadline: null }, plan, settings, findings)
  return policy === null ? null : { request: account.claim(entry, chosen(policy, vendor)), declaredAt: null }
}

/**
 * A file that a command reads, and what it is; null where the command reads none.
 *
 * @category models
 * @since 0.1.1
 */
export interface Input {
  readonly file: string | null
  readonly what: string
}

/**
 * What a file is that must not be overwritten, or null: one of `inputs`, the key file, or a file of the journal in force,
 * whatever name it is given by.
 *
 * @category guards
 * @since 0.1.1
 */
export const guard = Effect.fnUntraced(function* (
  settings: Pick<Settings, "journal" | "keyFile">,
  inputs: ReadonlyArray<Input>
): Effect.fn.Return<
  (file: string) => Effect.Effect<string | null, never, FileSystem.FileSystem | Path.Path>,
  never,
  FileSystem.FileSystem | Path.Path
> {
  const read = new Map<string, string>()
  const journal = yield* Journal.inForce(settings.journal.value)
  const journalFiles = journal._tag === "File" ? yield* WholeFile.journalFiles(journal.path) : []
  const all: ReadonlyArray<Input> = [
    ...journalFiles.map((file) => ({ file, what: "the journal" })),
    { file: settings.keyFile.value, what: "the key file" },
    ...inputs
  ]
  for (const { file, what } of all) {
    if (file !== null) for (const mark of yield* WholeFile.marks(file)) read.set(mark, what)
  }
  return (file) =>
    Effect.map(WholeFile.marks(file), (marks) => {
      for (const mark of marks) {
        const what = read.get(mark)
        if (what !== undefined) return what
      }
      return null
    })
})

/**
 * Checks that every output can be written, that two do not meet, and that none overwrites what is read: the journal, the
 * key file, and `inputs`, the other files the command reads.
 *
 * @category guards
 * @since 0.1.0
 */
export const checkOutputs = Effect.fnUntraced(function* (
  settings: Settings,
  formats: ReadonlyArray<string>,
  inputs: ReadonlyArray<Input>,
  findings: Findings
): Effect.fn.Return<void, never, FileSystem.FileSystem | Path.Path> {
  const { value, where } = settings.output
  const refuse = (message: string): void => {
    findings.faults.push({ where, message })
  }
  const toStdout = value.filter((wish) => wish.file === null)
  if (toStdout.length > 1) {
    refuse(
      `only one format may go to stdout, not ${toStdout.map((wish) => wish.format).join(" and ")}; give the others a file, as in json=scans.json`
    )
  }
  const inputOf = yield* guard(settings, inputs)
  const taken = new Set<string>()
  for (const { file, format } of value) {
    if (!formats.includes(format)) {
      refuse(
        laterFormats.includes(format)
          ? `the format ${format} is not there yet; there are ${formats.join(", ")}`
          : `unknown format ${quote(format)}${didYouMean(format, formats) || `; there are ${formats.join(", ")}`}`
      )
    }
    if (file === null) continue
    const why = yield* WholeFile.obstacle(file)
    if (why !== null) refuse(`${quote(file)} ${why}`)
    const identity = yield* WholeFile.identity(file)
    const input = yield* inputOf(file)
    if (input !== null) refuse(`${quote(file)} is ${input}: it would be overwritten`)
    if (taken.has(identity)) refuse(`${quote(file)} is named twice; two outputs cannot share a file`)
    taken.add(identity)
  }
})

const laterFormats = ["sarif", "junit", "csv", "markdown", "html", "github", "defectdojo", "ocsf"]
