// From a definition to the adapter of one account: its key, its address and its settings. Passed on by `Vendor`.
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { ScanAdapter } from "../../engine/ScanAdapter.ts"
import * as Credential from "../../http/Credential.ts"
import { VendorConfigError, VendorHttp } from "../../http/VendorHttp.ts"
import type { Definition, Facts } from "../Definition.ts"
import * as Adapter from "./adapter.ts"
import type { Options, Vendor } from "./vendorModel.ts"

/** The headers of a vendor's settings, and what is wrong with their values. */
const headersOf = (facts: Facts, given: Readonly<Record<string, string>>) => {
  const set = Object.entries(facts.settings ?? {}).flatMap(([variable, setting]) => {
    const value = (Object.hasOwn(given, variable) ? (given[variable] ?? "") : "").trim()
    return value === "" ? [] : [{ variable, value, setting }]
  })
  return {
    headers: Object.fromEntries(set.map(({ setting, value }) => [setting.header, value])),
    faults: set.flatMap(({ setting: { form, words }, value, variable }) =>
      form?.test(value) === false ? [words ?? `${variable} is not of the documented form`] : []
    )
  }
}

/** The adapter of one account. */
export const connect = Effect.fnUntraced(function* <T, A, P, F, L, K extends string>(
  definition: Definition<T, A, P, F, L, K>,
  fixed: Adapter.Fixed<T>,
  options: Options
): Effect.fn.Return<ScanAdapter<T, P>, VendorConfigError | Credential.CredentialError, VendorHttp> {
  const { auth, environment, key, name: vendor } = definition
  const http = yield* VendorHttp
  const variable = options.variable ?? null
  const given = options.credential
  if (given === undefined && auth !== "none") {
    const from = key?.variable ?? null
    return yield* new Credential.CredentialError({ vendor, variable: from, message: `there is no key for ${vendor}` })
  }
  const credential = Redacted.isRedacted(given)
    ? Effect.succeed(yield* Effect.fromResult(Credential.check(given, { vendor, variable })))
    : (given ?? Credential.none)
  const baseUrl = options.baseUrl ?? definition.baseUrl ?? ""
  const { faults, headers: settings } = headersOf(definition, options.settings ?? {})
  if (baseUrl.trim() === "") {
    const none = `there is no base URL (${baseVariable(vendor)}), and ${definition.title} has no default address`
    return yield* new VendorConfigError({ vendor, faults: [none, ...faults] })
  }
  const client = yield* http
    .make({
      vendor,
      baseUrl,
      credential,
      ...(auth === undefined ? {} : { auth }),
      headers: { ...definition.headers, ...options.headers, ...settings },
      ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts })
    })
    .pipe(Effect.mapError((error) => new VendorConfigError({ vendor, faults: [...error.faults, ...faults] })))
  if (faults.length > 0) return yield* new VendorConfigError({ vendor, faults })
  return Adapter.make(definition, fixed, client, {
    account: options.account ?? "default",
    environment: environment === undefined ? "" : environment(Redacted.value(yield* credential).trim())
  })
})

const variableOf = (name: string) => Config.withDefault(Config.String(name), "").pipe(Config.map((text) => text.trim()))

/**
 * The variable of a vendor's address: `APP_VET_BASE_URL` for `app-vet`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const baseVariable = (name: string): string => `${name.toUpperCase().replaceAll("-", "_")}_BASE_URL`

/**
 * The adapter from the vendor's variables and `SCANPOLL_ALLOW_INSECURE_HOSTS`. The key is read anew before each request:
 * a provider that follows a file sees a rotated one.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromConfig = <T, P>(
  vendor: Vendor<T, P>
): Effect.Effect<ScanAdapter<T, P>, VendorConfigError | Credential.CredentialError, VendorHttp> =>
  Effect.gen(function* () {
    const { key, name, settings = {} } = vendor
    const provider = yield* ConfigProvider.ConfigProvider
    const {
      baseUrl,
      insecure,
      settings: set
    } = yield* Config.all({
      baseUrl: variableOf(baseVariable(name)),
      insecure: variableOf("SCANPOLL_ALLOW_INSECURE_HOSTS"),
      settings: Config.all(Object.fromEntries(Object.keys(settings).map((name) => [name, variableOf(name)])))
    }).pipe(Effect.mapError((error) => new VendorConfigError({ vendor: name, faults: [error.message] })))
    const hosts = insecure.split(",").flatMap((host) => (host.trim() === "" ? [] : [host.trim()]))
    const place = { ...(baseUrl === "" ? {} : { baseUrl }), insecureHosts: hosts, settings: set }
    if (key === undefined) return yield* vendor.make(place)
    const { variable } = key
    const none = (why: string) =>
      new Credential.CredentialError({ vendor: name, variable, message: `${variable} ${why}` })
    const credential: Credential.Credential = Config.withDefault(Config.Redacted(variable), null)
      .parse(provider)
      .pipe(
        Effect.mapError(() => none("cannot be read")),
        Effect.flatMap((value) =>
          value === null
            ? Effect.fail(none("is not set"))
            : Effect.fromResult(Credential.check(value, { vendor: name, variable }))
        )
      )
    yield* credential
    return yield* vendor.make({ ...place, credential, variable })
  })
