/**
 * Third stage: the accounts a command needs, opened with their keys and base addresses. Nothing is sent.
 *
 * @since 0.2.0
 */
import * as BaseUrl from "@scanpoll/core/unstable/http/BaseUrl"
import * as Credential from "@scanpoll/core/http/Credential"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import { labelKey } from "@scanpoll/core/unstable/model/Account"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { InputFault } from "../config/InputFault.ts"
import type { Keys } from "../config/Keys.ts"
import { didYouMean } from "../config/Nearest.ts"
import * as Plan from "../config/Plan.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Account, Vendor } from "../vendors/Vendor.ts"
import * as Checked from "./Checked.ts"

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The accounts that are needed, opened, by `vendor` and `account`; null for one that could not be opened.
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
export const insecureHosts = (environment: Environment): ReadonlyArray<string> =>
  (environment["SCANPOLL_ALLOW_INSECURE_HOSTS"] ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "")

/**
 * The base of a vendor that is in force, or null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baseOf = (vendor: Vendor, environment: Environment): string | null => {
  const given = environment[vendor.baseVariable]?.trim() ?? ""
  return given === "" ? vendor.defaultBaseUrl : given
}

const baseFaults = (vendor: Vendor, environment: Environment): ReadonlyArray<InputFault> => {
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
 * An account that is needed.
 *
 * @category models
 * @since 0.2.0
 */
export interface Needed {
  readonly vendor: Vendor
  readonly account: string
}

/**
 * Which variable holds the key of an account; null where the plan names one it may not, which is a fault of the plan, and
 * for the account of a vendor without keys.
 *
 * @category constructors
 * @since 0.2.0
 */
export const variableOf = (
  { account, vendor }: Needed,
  declared: ReadonlyArray<Plan.PlanAccount>
): Checked.Checked<string | null> => {
  if (account === Plan.defaultAccount) return Checked.make(vendor.keyVariable)
  const mine = declared.filter((one) => one.vendor.name === vendor.name)
  const known = mine.find((one) => one.name === account)
  if (known !== undefined) return Checked.make(known.variable)
  const near = didYouMean(
    account,
    mine.map((one) => one.name)
  )
  return Checked.faulty(null, `${vendor.name}@${account}`, `there is no such account in the plan${near}`)
}

/**
 * What of an account is not set: the variable of its key, the variable of its address.
 *
 * @category destructors
 * @since 0.2.0
 */
export const unset = Effect.fnUntraced(function* (
  needed: Needed,
  declared: ReadonlyArray<Plan.PlanAccount>,
  keys: Keys
): Effect.fn.Return<ReadonlyArray<string>> {
  const { environment } = yield* ProcessContext
  const variable = variableOf(needed, declared).value
  const key = variable === null ? null : yield* keys.check(variable)
  return [
    ...(variable !== null && key?._tag === "Unset" ? [variable] : []),
    ...(baseOf(needed.vendor, environment) === null ? [needed.vendor.baseVariable] : [])
  ]
})

// Where nothing is sent, these stand for a key and an address that are not set.
const standIn = { key: Effect.succeed(Redacted.make("not-set")), base: "https://not-set.invalid" }

const openOne = Effect.fnUntraced(function* (
  needed: Needed,
  declared: ReadonlyArray<Plan.PlanAccount>,
  keys: Keys,
  looksOnly: boolean
): Effect.fn.Return<Checked.Checked<Account | null>, never, VendorHttp> {
  const { environment } = yield* ProcessContext
  const { account, vendor } = needed
  const base = baseOf(vendor, environment)
  const isPretended = looksOnly && base === null
  const named = variableOf(needed, declared)
  const variable = named.value
  const isKeyless = vendor.keyVariable === null && account === Plan.defaultAccount
  if (variable === null && !isKeyless) return Checked.map(named, () => null)
  const key = variable === null ? null : yield* keys.check(variable)
  const isUnset = looksOnly && key?._tag === "Unset"
  const wrong = [
    ...(isPretended ? [] : baseFaults(vendor, environment)),
    ...(variable === null || key === null || key._tag === "Set" || isUnset
      ? []
      : [{ where: variable, message: key.message }])
  ]
  if (wrong.length > 0) return Checked.make(null, { faults: wrong })
  const extra = Object.fromEntries(
    vendor.extraVariables.flatMap((name) => {
      const text = environment[name]?.trim() ?? ""
      return text === "" ? [] : [[name, text] as const]
    })
  )
  const result = yield* Effect.result(
    vendor.open({
      account,
      baseUrl: isPretended ? standIn.base : base,
      credential: isUnset ? standIn.key : variable === null ? Credential.none : keys.credential(vendor.name, variable),
      variable,
      insecureHosts: insecureHosts(environment),
      extra
    })
  )
  if (Result.isSuccess(result)) return Checked.make(result.success)
  return result.failure._tag === "CredentialError"
    ? Checked.faulty(null, variable ?? vendor.name, result.failure.message)
    : Checked.make(null, { faults: result.failure.faults.map((message) => ({ where: vendor.name, message })) })
})

const nameOf = (vendor: string, account: string): string => labelKey({ vendor, account })

/**
 * Opens the accounts that are used, each once; whatever stands against one is a fault, keys and bases alike. `looksOnly`, for
 * a command that sends nothing: a key or an address that is not set is no fault.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (
  used: ReadonlyArray<Needed>,
  declared: ReadonlyArray<Plan.PlanAccount>,
  keys: Keys,
  looksOnly = false
): Effect.fn.Return<Checked.Checked<Accounts>, never, VendorHttp> {
  const wanted = new Map(used.map((one) => [nameOf(one.vendor.name, one.account), one]))
  const opened = yield* Effect.forEach(wanted, ([name, needed]) =>
    Effect.map(openOne(needed, declared, keys, looksOnly), (one) =>
      Checked.map(one, (account) => [name, account] as const)
    )
  )
  return Checked.map(Checked.all(opened), (entries) => {
    const accounts = new Map(entries)
    return { get: (vendor, account) => accounts.get(nameOf(vendor, account)) ?? null }
  })
})
