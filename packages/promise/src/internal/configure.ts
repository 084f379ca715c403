// Makes the vendors of a client, and finds everything that is wrong with its options before anything is sent.
import type { AppVetPayload, AppVetRequest } from "@scanpoll/appvet/AppVetSchema"
import * as AppVetVendor from "@scanpoll/appvet/AppVetVendor"
import type { CompliancePayload, ComplianceRequest } from "@scanpoll/compliance/ComplianceSchema"
import * as ComplianceVendor from "@scanpoll/compliance/ComplianceVendor"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as Credential from "@scanpoll/core/http/Credential"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as Proxies from "@scanpoll/core/unstable/http/Proxies"
import { layer as vendorHttp, type VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as SubmitError from "@scanpoll/core/model/SubmitError"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import * as ExonaVendor from "@scanpoll/exona/ExonaVendor"
import type { SonarQubeGate, SonarQubeRequest } from "@scanpoll/sonarqube/SonarQubeSchema"
import * as SonarQubeVendor from "@scanpoll/sonarqube/SonarQubeVendor"
import type { UrlscanPayload, UrlscanRequest } from "@scanpoll/urlscan/UrlscanSchema"
import * as UrlscanVendor from "@scanpoll/urlscan/UrlscanVendor"
import type { VirusTotalPayload, VirusTotalRequest } from "@scanpoll/virustotal/VirusTotalSchema"
import * as VirusTotalVendor from "@scanpoll/virustotal/VirusTotalVendor"
import * as Clock from "effect/Clock"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Logging from "./logging.ts"
import type { ClientTime, Key, PlaceOptions, ScanpollOptions, VendorName, VendorOptions } from "../Config.ts"
import { ConfigError } from "../Errors.ts"

// A vendor of a client. `shape` answers what needs no key; its own may be a stand-in. `adapter` has the real one once
// `ready` has ended, or refuses to send anything when there is none. `isId`: whether a text is one of the vendor's ids.
export interface Handle<in Request, out Payload> {
  readonly shape: ScanAdapter<Request, Payload>
  readonly isId: (text: string) => boolean
  readonly ready: Effect.Effect<void>
  readonly adapter: () => ScanAdapter<Request, Payload>
}

// A vendor's own account, and the further ones that its options name.
export interface Home<in Request, out Payload> {
  readonly main: Handle<Request, Payload>
  readonly others: ReadonlyArray<Handle<Request, Payload>>
}

export interface Handles {
  readonly exona: Home<ExonaRequest, ExonaResult> | null
  readonly compliance: Home<ComplianceRequest, CompliancePayload> | null
  readonly appvet: Home<AppVetRequest, AppVetPayload> | null
  readonly urlscan: Home<UrlscanRequest, UrlscanPayload> | null
  readonly virustotal: Home<VirusTotalRequest, VirusTotalPayload> | null
  readonly sonarqube: Home<SonarQubeRequest, SonarQubeGate> | null
  readonly brought: ReadonlyArray<readonly [name: string, home: Home<never, unknown>]>
}

type Make<Request, Payload> = (
  credential: Credential.Credential | Redacted.Redacted<string>
) => Effect.Effect<ScanAdapter<Request, Payload>, VendorConfigError | Credential.CredentialError, VendorHttp>

// What is left out must be absent, not undefined.
const place = (options: PlaceOptions & { readonly baseUrl?: string | undefined }) => ({
  ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
  ...(options.account === undefined ? {} : { account: options.account }),
  ...(options.insecureHosts === undefined ? {} : { insecureHosts: options.insecureHosts })
})

// What a user's function threw may hold a secret in its message.
const wordsOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return "it threw"
  const code = hasProperty(thrown, "code") && typeof thrown.code === "string" ? ` ${thrown.code}` : ""
  return `${thrown.name}${code}`.slice(0, 80)
}

const asked = (vendor: string, key: (signal: AbortSignal) => string | Promise<string>): Credential.Credential => {
  const failed = (why: string) =>
    new Credential.CredentialError({ vendor, variable: null, message: `the key function failed: ${why}` })
  return Effect.tryPromise({
    try: async (signal) => key(signal),
    catch: (thrown) => failed(wordsOf(thrown))
  }).pipe(
    Effect.timeoutOption("15 seconds"),
    Effect.flatMap(
      Option.match({
        onNone: () => Effect.fail(failed("no answer within 15 seconds")),
        onSome: (text) => Effect.fromResult(Credential.check(Redacted.make(text), { vendor }))
      })
    )
  )
}

// An adapter without a key sends nothing, and says so as any adapter whose key cannot be had.
const refusing = <Request, Payload>(
  adapter: ScanAdapter<Request, Payload>,
  message: string
): ScanAdapter<Request, Payload> => {
  const denied = { kind: "Denied", permanent: true, code: "no-credential", message } as const
  const poll = () => PollFault.make(denied)
  const submit = () => SubmitError.make(denied)
  const { cancel, collect, prepare, probe, reconcile, recover, result, ...rest } = adapter
  return {
    ...rest,
    submit,
    poll,
    // What a vendor cannot do it still cannot do.
    ...(prepare === undefined ? {} : { prepare: submit }),
    ...(recover === undefined ? {} : { recover: poll }),
    ...(result === undefined ? {} : { result: poll }),
    ...(cancel === undefined ? {} : { cancel: poll }),
    ...(collect === undefined ? {} : { collect: poll }),
    ...(reconcile === undefined ? {} : { reconcile: poll }),
    ...(probe === undefined ? {} : { probe: poll() })
  }
}

const oddKinds = (options: object): ReadonlyArray<string> =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return []
    switch (name) {
      case "baseUrl":
      case "account":
      case "organizationId":
        return typeof value === "string" ? [] : [`${name} is not a text`]
      case "insecureHosts":
        return Array.isArray(value) && value.every((host) => typeof host === "string")
          ? []
          : ["insecureHosts is not a list of texts"]
      case "severity":
      case "gate":
      case "issue":
        return typeof value === "function" ? [] : [`${name} is not a function`]
      case "requestsPerMinute":
      case "requestsPerDay":
        return Number.isSafeInteger(value) && Number(value) > 0 ? [] : [`${name} is not a whole number above 0`]
      case "issues":
        return value === "new" || value === "all" ? [] : ['issues is neither "new" nor "all"']
      case "auth":
        return value === "bearer" || value === "basic" ? [] : ['auth is neither "bearer" nor "basic"']
      default:
        return []
    }
  })

// A stand-in that passes every check, for adapters that are never asked to send anything.
const standIn = Redacted.make("scanpoll-stand-in-for-a-key")

// Where the options of a vendor stand, what its requests go through, and where faults are put.
interface Place {
  readonly at?: string
  readonly http: VendorHttp["Service"]
  readonly faults: Array<string>
}

const vendorOf = <Request, Payload>(
  { auth, isId, name: vendor }: Pick<Vendor.Vendor<never, unknown>, "name" | "auth" | "isId">,
  options: object,
  known: ReadonlyArray<string>,
  key: Key,
  { at = "", faults, http }: Place,
  make: Make<Request, Payload>
): Handle<Request, Payload> | null => {
  const [keyName] = known
  const keyless = auth === "none"
  const made = (credential: Credential.Credential | Redacted.Redacted<string>) =>
    Effect.provideService(make(credential), VendorHttp, http)
  const own = [
    ...Object.keys(options).flatMap((name) =>
      known.includes(name) ? [] : [`there is no option ${name}: ${known.join(", ")}`]
    ),
    ...oddKinds(options)
  ]
  if (key === undefined) {
    if (!keyless) own.push(`${keyName} is missing: is its variable set?`)
  } else if (keyless) own.push(`${keyName} is not used: ${vendor} has no keys`)
  else if (typeof key === "string") {
    const checked = Credential.value(Redacted.make(key))
    if (Result.isFailure(checked)) own.push(`${keyName} ${checked.failure}`)
  } else if (typeof key !== "function") own.push(`${keyName} is neither a text nor a function`)
  const say = (found: ReadonlyArray<string>): void => {
    faults.push(...found.map((fault) => `${vendor}: ${at}${fault}`))
  }
  const shape = Effect.runSyncExit(made(own.length === 0 && typeof key === "string" ? Redacted.make(key) : standIn))
  if (Exit.isFailure(shape)) {
    const error = Cause.findError(shape.cause)
    if (Result.isSuccess(error) && error.success._tag === "VendorConfigError") own.push(...error.success.faults)
    else if (own.length === 0) own.push("the options cannot be used")
  }
  say(own)
  if (own.length > 0 || Exit.isFailure(shape)) return null
  const adapter = shape.value
  if (typeof key !== "function") return { shape: adapter, isId, ready: Effect.void, adapter: () => adapter }
  const credential = asked(vendor, key)
  let current: ScanAdapter<Request, Payload> | null = null
  let why = "not asked for yet"
  return {
    shape: adapter,
    isId,
    // The key is asked for when it is first needed, and again as long as there is none.
    ready: Effect.suspend(() =>
      current !== null
        ? Effect.void
        : Effect.match(made(credential), {
            onFailure: (error) => {
              why = error.message
            },
            onSuccess: (ready) => {
              current = ready
            }
          })
    ),
    adapter: () => current ?? refusing(adapter, `${vendor}: no credential: ${why}`)
  }
}

/** A vendor that its definition describes in full, with the rules of these options where they can be used. */
const defined = <Rules extends object, Request, Payload>(
  define: (rules?: Rules) => Vendor.Vendor<Request, Payload>,
  options: Rules & PlaceOptions & { readonly baseUrl?: string | undefined },
  known: ReadonlyArray<string>,
  key: Key,
  here: Place
): Handle<Request, Payload> | null => {
  const vendor = oddKinds(options).length === 0 ? define(options) : define()
  const make: Make<Request, Payload> = (credential) => vendor.make({ credential, ...place(options) })
  return vendorOf(vendor, options, known, key, here, make)
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const isLabel = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(text)

// The vendor's own account and each of `accounts`, which takes what it does not say from the vendor's own options, but no key.
const homeOf = <
  Options extends PlaceOptions & { readonly accounts?: Readonly<Record<string, object>> | undefined },
  Request,
  Payload
>(
  name: string,
  { accounts, ...options }: Options,
  here: Place,
  {
    build,
    keyName
  }: {
    readonly keyName: keyof Options
    readonly build: (options: Omit<Options, "accounts">, here: Place) => Handle<Request, Payload> | null
  }
): Home<Request, Payload> | null => {
  const before = here.faults.length
  const main = build(options, here)
  const said = here.faults.slice(before)
  if (accounts === undefined) return main === null ? null : { main, others: [] }
  const fault = (message: string): null => {
    here.faults.push(`${name}: ${message}`)
    return null
  }
  if (!isObject(accounts) || Array.isArray(accounts))
    return fault("accounts is not an object of accounts by their labels")
  const own = options.account ?? "default"
  const others = Object.entries<unknown>(accounts).map(([label, more]) => {
    const at = `accounts.${JSON.stringify(label.slice(0, 80))}`
    if (!isLabel(label)) return fault(`${at}: a label has letters, digits, - and _`)
    if (label === own) return fault(`${at}: that is the label of the vendor's own key`)
    if (!isObject(more)) return fault(`${at}: the options are not an object`)
    const odd = ["account", "accounts", "use"].filter((word) => hasProperty(more, word))
    for (const word of odd) fault(`${at}: there is no option ${word}`)
    if (odd.length > 0) return null
    const faults: Array<string> = []
    const made = build(
      { ...options, [keyName]: undefined, ...more, account: label },
      { ...here, faults, at: `${at}: ` }
    )
    // What is wrong with the vendor's own options is said once.
    here.faults.push(...faults.filter((one) => !said.includes(one.replace(`${at}: `, ""))))
    return made
  })
  const all = others.filter((one) => one !== null)
  return main === null || all.length < others.length ? null : { main, others: all }
}

const shipped: ReadonlyArray<VendorName> = ["exona", "compliance", "appvet", "urlscan", "virustotal", "sonarqube"]

const reserved = new Set<string>([...shipped, "runAll", "watch", "wait", "status", "cancel", "dispose"])

/** In words why a value is no vendor that can be used here; null where it is. */
const notUsable = (name: string, use: unknown): string | null => {
  const kind = Vendor.kindOf(use)
  if (kind === "other") return "use is not a vendor: give what Vendor.define of @scanpoll/core returned"
  if (kind === "foreign") {
    return "use was made by another copy of @scanpoll/core, which brings a second copy of Effect: install one copy of both"
  }
  const own = Vendor.isVendor(use) ? use.name : name
  if (reserved.has(own)) return `the name ${own} is taken by the client: rename the vendor`
  return own === name ? null : `this vendor is called ${own}: write vendors.${own}`
}

/** The user's own vendors. */
const bring = (
  vendors: unknown,
  named: ReadonlyArray<string>,
  http: VendorHttp["Service"],
  faults: Array<string>
): Handles["brought"] => {
  if (vendors === undefined) return []
  if (!isObject(vendors) || Array.isArray(vendors)) {
    faults.push("vendors is not an object of vendors by their names")
    return []
  }
  return Object.entries(vendors).flatMap(([name, options]: readonly [string, unknown]) => {
    const at = `vendors.${name}`
    if (!isObject(options)) {
      faults.push(`${at}: the options are not an object`)
      return []
    }
    const use = hasProperty(options, "use") ? options.use : undefined
    const wrong = notUsable(name, use)
    if (wrong !== null || !isBrought(options)) {
      faults.push(`${at}: ${wrong ?? "the options cannot be used"}`)
      return []
    }
    const vendor = options.use
    const home = homeOf<VendorOptions, never, unknown>(
      name,
      options,
      { http, faults },
      {
        keyName: "apiKey",
        build: (own, here) =>
          vendorOf<never, unknown>(vendor, own, ["apiKey", "use", ...named], own.apiKey, here, (credential) =>
            vendor.make({ ...(vendor.auth === "none" ? {} : { credential }), ...place(own) })
          )
      }
    )
    return home === null ? [] : [[name, home] as const]
  })
}

const isBrought = (options: object): options is VendorOptions =>
  hasProperty(options, "use") && Vendor.isVendor(options.use)

// Not the fetch of the platform: it sends a request again after a 421, and over HTTP/2 after a refused stream. Undici is
// loaded with the first request. Idle sockets of its agent do not keep a process alive, so nothing has to be closed.
const dispatcher = (proxies: Proxies.Proxies | null): DispatchClient.Dispatcher => {
  let agent: Promise<DispatchClient.Dispatcher> | null = null
  return {
    dispatch: (options, handler) => {
      agent ??= import("undici").then(({ Agent, EnvHttpProxyAgent }) =>
        proxies === null
          ? new Agent(DispatchClient.agentOptions)
          : new EnvHttpProxyAgent({ ...DispatchClient.agentOptions, ...Proxies.agentOptions(proxies) })
      )
      agent.then(
        (loaded) => loaded.dispatch(options, handler),
        (cause) => handler.onResponseError(null, new Error("undici cannot be loaded", { cause }))
      )
      return true
    }
  }
}

// The proxies that the option asks for, or those of the environment.
const proxiesOf = (option: unknown, faults: Array<string>): Proxies.Proxies | null => {
  if (option === false) return null
  if (option !== undefined && typeof option !== "string") {
    faults.push("proxy must be the address of a proxy, or false")
    return null
  }
  const read = Proxies.fromEnvironment(
    option === undefined ? globalThis.process.env : { HTTPS_PROXY: option, HTTP_PROXY: option }
  )
  if (Result.isSuccess(read)) return read.success
  for (const { message, variable } of read.failure) {
    const fault = `${option === undefined ? variable : "proxy"} ${message}`
    if (!faults.includes(fault)) faults.push(fault)
  }
  return null
}

const client = (proxies: Proxies.Proxies | null) =>
  Layer.provide(vendorHttp, DispatchClient.layer(Effect.sync(() => dispatcher(proxies))))

const isTime = (value: unknown): value is ClientTime =>
  hasProperty(value, "clock") &&
  hasProperty(value, "clockOfRequests") &&
  hasProperty(value.clock, "sleep") &&
  hasProperty(value.clockOfRequests, "sleep")

// A loopback connection does not run faster than the wall, so requests keep limits of their own.
const onTime = (http: VendorHttp["Service"], time: ClientTime | undefined): VendorHttp["Service"] => {
  if (time === undefined) return http
  const timed = Effect.provideService(Clock.Clock, time.clockOfRequests)
  return {
    make: (options) =>
      Effect.map(http.make(options), (made) => ({
        ...made,
        get: (path, request) => timed(made.get(path, request)),
        post: (path, body, request) => timed(made.post(path, body, request))
      }))
  }
}

const optionNames: ReadonlyArray<keyof ScanpollOptions> = [
  ...shipped,
  "vendors",
  "journal",
  "logger",
  "logLevel",
  "proxy",
  "time"
]

export const configure = (options: ScanpollOptions): Handles => {
  if (!isObject(options)) throw new ConfigError(["there are no options"])
  const faults: Array<string> = []
  const { appvet, compliance, exona, sonarqube, urlscan, vendors, virustotal, ...rest } = options
  const { journal, logLevel, logger, proxy, time, ...others } = rest
  const timed = time === undefined || isTime(time) ? time : undefined
  const http = onTime(
    Effect.runSync(Effect.provide(Effect.service(VendorHttp), client(proxiesOf(proxy, faults)))),
    timed
  )
  if (time !== undefined && timed === undefined) faults.push("time is not that of createSimulators")
  if (logger !== undefined && !Logging.isLogger(logger)) {
    faults.push("logger has no methods debug, info, warn and error, such as those of console")
  }
  if (logLevel !== undefined && !Logging.levelNames.includes(logLevel)) {
    faults.push(`logLevel is none of ${Logging.levelNames.join(", ")}`)
  }
  for (const name of Object.keys(others)) faults.push(`there is no option ${name}: ${optionNames.join(", ")}`)
  const some = [exona, compliance, appvet, urlscan, virustotal, sonarqube, vendors].some((value) => value !== undefined)
  if (!some && faults.length === 0) faults.push("no vendor is configured: add one, such as appvet: { apiKey }")
  if (journal !== undefined && !Layer.isLayer(journal)) faults.push("journal is not the layer of a journal")
  const each = (name: VendorName, value: unknown): value is object => {
    if (value === undefined) return false
    if (isObject(value)) return true
    faults.push(`${name}: the options are not an object`)
    return false
  }
  const named = ["baseUrl", "account", "insecureHosts"]
  const brought = bring(vendors, named, http, faults)
  const here = { http, faults }
  const handles: Handles = {
    exona: each("exona", exona)
      ? homeOf("exona", exona, here, {
          keyName: "apiKey",
          build: (own, at) =>
            vendorOf(ExonaVendor.vendor, own, ["apiKey", ...named], own.apiKey, at, (credential) =>
              ExonaVendor.Exona.make({ credential, ...place(own) })
            )
        })
      : null,
    compliance: each("compliance", compliance)
      ? homeOf("compliance", compliance, here, {
          keyName: "token",
          build: (own, at) =>
            vendorOf(ComplianceVendor.vendor, own, ["token", "organizationId", ...named], own.token, at, (credential) =>
              ComplianceVendor.Compliance.make({
                credential,
                ...place(own),
                baseUrl: own.baseUrl ?? "",
                ...(own.organizationId === undefined ? {} : { organizationId: own.organizationId })
              })
            )
        })
      : null,
    appvet: each("appvet", appvet)
      ? homeOf("appvet", appvet, here, {
          keyName: "apiKey",
          build: (own, at) =>
            vendorOf(AppVetVendor.vendor, own, ["apiKey", ...named], own.apiKey, at, (credential) =>
              AppVetVendor.AppVet.make({ credential, ...place(own) })
            )
        })
      : null,
    urlscan: each("urlscan", urlscan)
      ? homeOf("urlscan", urlscan, here, {
          keyName: "apiKey",
          build: (own, at) => defined(UrlscanVendor.define, own, ["apiKey", ...named, "severity"], own.apiKey, at)
        })
      : null,
    virustotal: each("virustotal", virustotal)
      ? homeOf("virustotal", virustotal, here, {
          keyName: "apiKey",
          build: (own, at) =>
            defined(
              VirusTotalVendor.define,
              own,
              ["apiKey", ...named, "severity", "requestsPerMinute", "requestsPerDay"],
              own.apiKey,
              at
            )
        })
      : null,
    sonarqube: each("sonarqube", sonarqube)
      ? homeOf("sonarqube", sonarqube, here, {
          keyName: "token",
          build: (own, at) =>
            defined(SonarQubeVendor.define, own, ["token", ...named, "gate", "issue", "issues", "auth"], own.token, at)
        })
      : null,
    brought
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return handles
}
