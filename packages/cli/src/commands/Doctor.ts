/**
 * `scanpoll doctor`: would a run work from here? Asks each vendor once about a scan that nobody has, which buys nothing, in
 * the turn of its account: one that asked for patience is not asked.
 *
 * @since 0.1.0
 */
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as Credential from "@scanpoll/core/http/Credential"
import { labelKey } from "@scanpoll/core/unstable/model/Account"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Addresses from "@scanpoll/journal/JournalAddress"
import * as Clock from "effect/Clock"
import * as Proxies from "@scanpoll/core/unstable/http/Proxies"
import * as ShellWord from "@scanpoll/core/unstable/model/ShellWord"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { InputFault, UsageError } from "../config/InputFault.ts"
import * as Keys from "../config/Keys.ts"
import * as Plan from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { type Streams, inert } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as Outputs from "../prepare/Outputs.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as Journal from "../storage/Journal.ts"
import { ProcessContext, type ProcessFacts } from "../process/ProcessContext.ts"
import * as Http from "../vendors/Http.ts"
import * as Modules from "../vendors/Modules.ts"
import type { Account, Vendor } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"
import { plural } from "../output/Plural.ts"

/**
 * One thing that was looked at; a `note` is not checked, but worth knowing. `code` is the exit code it would give, 0 unless it
 * failed.
 */
interface Check {
  readonly name: string
  readonly result: "ok" | "note" | "warning" | "failed" | "skipped"
  readonly message: string
  readonly code: 0 | 2 | 3 | 4 | 74
}

const ok = (name: string, message: string): Check => ({ name, result: "ok", message, code: 0 })
const note = (name: string, message: string): Check => ({ name, result: "note", message, code: 0 })
const warning = (name: string, message: string): Check => ({ name, result: "warning", message, code: 0 })
const skipped = (name: string, message: string): Check => ({ name, result: "skipped", message, code: 0 })
const failed = (name: string, message: string, code: 2 | 3 | 4 | 74): Check => ({
  name,
  result: "failed",
  message,
  code
})

const checkNode = (version: string): Check => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major >= 24 || (major === 22 && minor >= 19)
    ? ok("node", version)
    : failed("node", `${version} is too old; scanpoll needs 22.19 or newer, and 24 is best`, 2)
}

/**
 * Others who can read the file have the keys; who can write it chooses whose account pays. Nothing for no file.
 *
 * @category destructors
 * @since 0.2.0
 */
export const checkKeyFile = Effect.fnUntraced(function* (
  file: string | null,
  facts: ProcessFacts
): Effect.fn.Return<ReadonlyArray<Check>, never, FileSystem.FileSystem> {
  if (file === null) return []
  if (facts.platform === "win32") return [skipped("key file", "who else can read it is not looked at on Windows")]
  const fs = yield* FileSystem.FileSystem
  const seen = yield* Effect.option(fs.stat(file))
  if (seen._tag === "None") return []
  const { mode } = seen.value
  const may = [(mode & 0o044) !== 0 ? "read" : "", (mode & 0o022) !== 0 ? "write" : ""].filter((word) => word !== "")
  return may.length === 0
    ? [ok("key file", `${inert(file)} is yours alone`)]
    : [warning("key file", `others can ${may.join(" and ")} ${inert(file)}; run: chmod 600 ${ShellWord.quote(file)}`)]
})

// Others who can write a vendor's module, or its folder, have their code run with the keys.
const checkModules = Effect.fnUntraced(function* (
  names: ReadonlyArray<string>,
  facts: ProcessFacts
): Effect.fn.Return<ReadonlyArray<Check>, never, FileSystem.FileSystem | Path.Path> {
  if (facts.platform === "win32") return []
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const checks = yield* Effect.forEach(names, (name) =>
    Effect.gen(function* () {
      const file = yield* Modules.locate(name, facts.directory)
      const open = yield* Effect.filter([file, paths.dirname(file)], (path) =>
        Effect.map(fs.stat(path), ({ mode }) => (mode & 0o022) !== 0)
      )
      const places = open.map((path) => inert(path)).join(" and ")
      return open.length === 0
        ? []
        : [
            warning(
              "vendor",
              `others can write ${places}, and its code is run with your keys; run: chmod go-w ${open.map((path) => ShellWord.quote(path)).join(" ")}`
            )
          ]
    }).pipe(Effect.orElseSucceed((): ReadonlyArray<Check> => []))
  )
  return checks.flat()
})

// A proxy's address may hold a password, which is not shown. One that cannot be used is a fault of the configuration.
const checkProxies = (environment: ProcessFacts["environment"]): ReadonlyArray<Check> => {
  const read = Proxies.fromEnvironment(environment)
  const found = Result.isSuccess(read) ? read.success : null
  if (found === null) return []
  const { http, https, noProxy } = found
  const line = ({ shown, variable }: Proxies.Proxy, what: string) => `${what} by ${inert(shown)} (${variable})`
  const ways = [https === null ? null : line(https, "https"), http === null ? null : line(http, "plain http")]
  return [ok("proxy", `${ways.filter((way) => way !== null).join(", ")}; asked directly: ${inert(noProxy)}`)]
}

const checkNetwork = ({ environment }: ProcessFacts): ReadonlyArray<Check> => {
  const extra = environment["NODE_EXTRA_CA_CERTS"] ?? ""
  const danger = "certificates are not checked, so anybody on the way can read your keys"
  return [
    ...(environment["NODE_TLS_REJECT_UNAUTHORIZED"] === "0"
      ? [warning("tls", `NODE_TLS_REJECT_UNAUTHORIZED is 0: ${danger}; use NODE_EXTRA_CA_CERTS for your own CA`)]
      : []),
    ...(extra === "" ? [] : [ok("tls", `Node's authorities and those of ${inert(extra)} (NODE_EXTRA_CA_CERTS)`)]),
    ...checkProxies(environment)
  ]
}

// A run that cannot open its journal buys nothing. What is in it says which accounts are not to be asked now; where it
// cannot be read, the vendors are asked all the same.
const checkJournal = Effect.fnUntraced(function* (settings: Settings) {
  const address = yield* Journal.inForce(settings.journal.value)
  const shown = inert(Addresses.show(address), 300)
  const opened = yield* Effect.result(Effect.scoped(Layer.build(Journal.layerOfPoll(settings))))
  if (Result.isSuccess(opened)) {
    const words = address._tag === "Memory" ? "in memory: what a run buys is forgotten at its end" : shown
    return { layer: Journal.layerOfPauses(settings), checks: [ok("journal", words)] }
  }
  const { failure } = opened
  const checks =
    failure._tag === "UsageError"
      ? [ok("journal", `${shown} does not exist; a run creates it`)]
      : [failed("journal", `${shown}: ${inert(failure.message)}`, 74)]
  return { layer: ScanJournal.layerMemory, checks }
})

const inText = (fault: InputFault): string => `${fault.where}: ${fault.message}`

// What a run would refuse, in its words; its outputs have a line of their own.
const checkPlan = ({ faults, value, warnings }: Checked.Checked<Command.Basis>): ReadonlyArray<Check> => {
  const { plan, settings } = value
  const { value: outputs, where } = settings.output
  const ofOutput = (fault: InputFault): boolean => fault.where === where
  const ofPlan = faults.filter((fault) => !ofOutput(fault))
  const summary =
    plan.file === null
      ? "flags and environment are understood; no plan"
      : `${plan.file}: ${plural(plan.targets.length, "target")}`
  return [
    ...(ofPlan.length === 0 ? [ok("config", summary)] : ofPlan.map((fault) => failed("config", inText(fault), 2))),
    ...warnings.map((message) => warning("config", message)),
    ...(faults.some(ofOutput)
      ? faults.filter(ofOutput).map((fault) => failed("output", inText(fault), 2))
      : outputs.flatMap(({ file }) => (file === null ? [] : [ok("output", `${inert(file)} can be written`)])))
  ]
}

interface Input {
  readonly words: ReadonlyArray<string>
  readonly flags: Resolve.FlagTexts
}

// What is wrong with the outputs of this command itself is refused; the rest is what it was asked to find.
const prepare = Effect.fnUntraced(function* ({ flags, words }: Input) {
  const { environment } = yield* ProcessContext
  const scansNothing = words.length === 0 && (yield* ReadPlan.listsOf(flags)).length === 0
  const plan = scansNothing ? Checked.make(Plan.empty) : yield* ReadPlan.fromWords(words, flags)
  const { output: _, ...others } = flags
  const given = yield* Command.begin({ name: "run", plan, flags: others })
  const begun = scansNothing ? given : Command.needsTargets(given, "doctor", "scan")
  const settings = Output.wishes((yield* Resolve.settings(flags, plan.value, environment)).value, Output.small)
  const outputs = yield* Outputs.check(settings, { name: "doctor", formats: Output.small }, [
    { file: plan.value.file, what: "the plan" }
  ])
  yield* Checked.orRefuse(Checked.and(Checked.make(null, { given: begun.given }), outputs))
  const { targets, accounts } = plan.value
  const checks = [
    ...targets.map((target) => Resolve.policy(target, plan.value, begun.value.settings)),
    ...targets.map((target) => Accounts.variableOf(target, accounts))
  ]
  return { settings, checked: Checked.and(begun, Checked.all<unknown>(checks)) }
})

// Waits go by the vendor's own clock; this much makes times in reports misleading.
const maxSkew = 30_000

const skewOf = (skews: ReadonlyMap<string, number>, opened: Account): ReadonlyArray<Check> => {
  const ahead = skews.get(opened.origin)
  if (ahead === undefined || Math.abs(ahead) < maxSkew) return []
  const seconds = Math.round(Math.abs(ahead) / 1000)
  return [
    warning("clock", `this machine's clock is ${seconds} s ${ahead > 0 ? "behind" : "ahead of"} ${opened.origin}`)
  ]
}

// What a user should know before scanning, and the date of our facts about the vendor.
const termsOf = ({ asOf, docs, terms }: Vendor, name: string): ReadonlyArray<Check> => [
  ...(asOf === null ? [] : [note(name, `follows the documentation of ${asOf}; the current one is ${docs}`)]),
  ...terms.map((term) => note(name, term))
]

// What can be said of a key without asking the vendor.
const keyOf = Effect.fnUntraced(function* (
  vendor: Vendor,
  name: string,
  variable: string,
  keys: Keys.Keys,
  needed: boolean
): Effect.fn.Return<ReadonlyArray<Check>> {
  const state = yield* keys.check(variable)
  if (state._tag !== "Set") {
    const message = `${variable} ${state.message}`
    // A key that nobody needs may be missing; one that is set and wrong was meant to work.
    return [needed || state._tag === "Unusable" ? failed(name, message, 2) : skipped(name, message)]
  }
  const out: Array<Check> = [ok(name, `${variable} is set and well formed`)]
  const key = yield* Effect.option(keys.credential(vendor.name, variable))
  if (key._tag === "Some" && vendor.keyForm !== null) {
    const value = Credential.value(key.value)
    if (Result.isSuccess(value) && !vendor.keyForm.pattern.test(value.success)) {
      out.push(warning(name, `${variable} does not look like a key of ${vendor.title}, which ${vendor.keyForm.words}`))
    }
    if (Redacted.value(key.value).startsWith("exo_test_")) out.push(ok(name, "a test key: synthetic data, no credits"))
  }
  return out
})

const probe = Effect.fnUntraced(function* (
  vendor: Vendor,
  account: string,
  variable: string | null,
  plan: Plan.Plan,
  keys: Keys.Keys,
  needed: boolean,
  skews: ReadonlyMap<string, number>
): Effect.fn.Return<ReadonlyArray<Check>, never, VendorHttp> {
  const name = account === Plan.defaultAccount ? vendor.name : `${vendor.name}@${account}`
  const out: Array<Check> = []
  if (variable === null) {
    if (!needed) return [skipped(name, "needs no key")]
  } else {
    const about = yield* keyOf(vendor, name, variable, keys, needed)
    if (about.some(({ result }) => result === "failed" || result === "skipped")) return about
    out.push(...about)
  }
  const { faults, value: accounts } = yield* Accounts.open([{ vendor, account }], plan.accounts, keys)
  if (faults.length > 0) {
    return [...out, ...faults.map((fault) => failed(name, `${fault.where} ${fault.message}`, 2))]
  }
  const opened = accounts.get(vendor.name, account)
  if (opened === null) return out
  const before = yield* Clock.currentTimeMillis
  const answer = yield* Effect.result(opened.probe)
  const took = (yield* Clock.currentTimeMillis) - before
  out.push(...skewOf(skews, opened))
  const reached = `${opened.origin} answers in ${took} ms`
  out.push(...termsOf(vendor, name))
  if (Result.isSuccess(answer)) return [...out, ok(name, variable === null ? reached : `${reached} and takes the key`)]
  const { code, kind, message } = answer.failure
  switch (kind) {
    case "Missing":
      return [...out, ok(name, variable === null ? reached : `${reached} and takes the key`)]
    case "Throttled":
      return [
        ...out,
        warning(name, code === "paused" ? inert(message) : `${reached}: the rate limit is used up for now`)
      ]
    case "Denied":
      return [
        ...out,
        failed(
          name,
          `${opened.origin} refuses ${variable === null ? "the request" : `the key in ${variable}`}: ${inert(message)}`,
          4
        )
      ]
    case "Broken":
      return [
        ...out,
        failed(
          name,
          `${opened.origin} answers, but not as ${vendor.title} does: ${inert(message)} (${inert(code, 60)})`,
          3
        )
      ]
    case "Transient":
      return [...out, failed(name, `${opened.origin} cannot be reached: ${inert(message)}`, 3)]
  }
})

const mark: Readonly<Record<Check["result"], string>> = {
  ok: "ok  ",
  note: "note",
  warning: "warn",
  failed: "FAIL",
  skipped: "-   "
}

/**
 * `scanpoll doctor [PLAN]`. Exit code 0 when nothing failed; otherwise that of the worst finding.
 *
 * @category constructors
 * @since 0.1.0
 */
export const doctor = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<
  number,
  UsageError | ScanJournal.JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Vendors
> {
  const facts = yield* ProcessContext
  const { checked, settings } = yield* prepare(input)
  const { keys, plan, settings: given } = checked.value
  const skews = new Map<string, number>()
  const wanted = new Set(
    plan.targets.map((target) => labelKey({ vendor: target.vendor.name, account: target.account }))
  )
  const vendors = yield* Vendors
  const journal = yield* checkJournal(given)
  const everything = [
    ...vendors.all.map((vendor) => ({ vendor, account: Plan.defaultAccount, variable: vendor.keyVariable })),
    ...plan.accounts.flatMap(({ name, variable, vendor }) =>
      variable === null ? [] : [{ vendor, account: name, variable }]
    )
  ]
  const probes = yield* Effect.forEach(
    everything,
    ({ account, variable, vendor }) =>
      probe(vendor, account, variable, plan, keys, wanted.has(labelKey({ vendor: vendor.name, account })), skews),
    { concurrency: 4 }
  ).pipe(
    Effect.provide(journal.layer),
    Look.atLogLevel(settings),
    Effect.provide(Http.layerTellingSkew((origin, ahead) => skews.set(origin, ahead)))
  )
  const anyKey = probes.flat().some((check) => check.result !== "skipped")
  const checks: ReadonlyArray<Check> = [
    checkNode(facts.nodeVersion),
    ...checkNetwork(facts),
    ...(yield* checkKeyFile(given.keyFile.value, facts)),
    ...(yield* checkModules(given.vendor.value, facts)),
    ...checkPlan(checked),
    ...journal.checks,
    ...probes.flat(),
    ...(anyKey ? [] : [failed("keys", `no key is set; see \`scanpoll vendors\``, 2)])
  ]
  const write = yield* Output.write(settings, {
    text: () =>
      checks.map((check) => `${mark[check.result]} ${check.name.padEnd(12)} ${inert(check.message, 1_000)}\n`),
    json: () => ({ schemaVersion: 1, checks })
  })
  const codes = checks.map((check) => check.code)
  return write ? 74 : (([74, 2, 4, 3] as const).find((code) => codes.includes(code)) ?? 0)
})
