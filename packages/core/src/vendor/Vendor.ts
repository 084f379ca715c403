/**
 * A vendor as one value: data and schemas, from which its adapter and what people and commands need to know of it follow.
 *
 * Every part may be a function where data do not reach. What the engine promises (one request a poll, no retries, nothing
 * guessed, the key never told) holds for every definition, because a definition cannot say otherwise.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AccountLimits, KnownDurations, PaceName, RequestFault, ScanAdapter } from "../engine/ScanAdapter.ts"
import * as Credential from "../http/Credential.ts"
import { type Query, VendorConfigError, VendorHttp, type VendorResponse } from "../http/VendorHttp.ts"
import * as WireFields from "../http/WireFields.ts"
import type { PollFault } from "../model/PollFault.ts"
import type * as ScanOutcome from "../model/ScanOutcome.ts"
import * as Severity from "../model/Severity.ts"
import type { Subject } from "../model/Subject.ts"
import type { SubmitError } from "../model/SubmitError.ts"
import type * as PollPolicy from "../policy/PollPolicy.ts"
import type * as VendorLimits from "../policy/VendorLimits.ts"
import type {
  CancelCall,
  Definition,
  Ending,
  Errors,
  Facts,
  FindingsCall,
  ListCall,
  PrepareCall,
  ResultCall,
  Question,
  Said,
  Status,
  Submit,
  Unsuccessful,
  Unusable,
  When
} from "./Definition.ts"
import * as Adapter from "./internal/adapter.ts"
import * as Asking from "./internal/asking.ts"
import * as Check from "./internal/check.ts"
import * as Faults from "./internal/faults.ts"
import * as Judging from "./internal/judging.ts"
import * as Observing from "./internal/observing.ts"
import * as Pacings from "./internal/pacing.ts"
import * as Preparing from "./internal/preparing.ts"
import * as Shape from "./internal/shape.ts"
import * as WebAddress from "./internal/webAddress.ts"
import * as Wire from "./Wire.ts"

/**
 * How to reach a vendor for one account.
 *
 * - `credential`: the key, or an effect that is asked for it before each request. Left out only where the vendor takes
 *   none.
 * - `baseUrl`: default the vendor's own. https, unless its host is in `insecureHosts` (`host` or `host:port`).
 * - `account`: a label for the credential; default `default`. It goes into tickets, the key never does.
 * - `headers`: further fixed ones, without secrets.
 * - `settings`: values of the vendor's `settings`, by their variables.
 * - `variable`: where the key comes from, for errors.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly credential?: Credential.Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
  readonly headers?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, string>>
  readonly variable?: string | null
}

/**
 * A vendor, for the command, the promise client, Effect and the conformance kit. The default export of a vendor's module.
 *
 * - `line`: the fields of a target from what follows `name:` on a command line.
 * - `isId`: whether a text is one of the vendor's ids.
 * - `check`: every fault of a target that can be known without asking the vendor.
 * - `places`: where ids and words are, for the kit; null where a function finds them. `location`: the form of a `Location`
 *   that holds a new id.
 * - `calls`: how the vendor is asked, for the kit and for simulated vendors; `submit` is null where nothing is submitted. Functions that are told what was prepared throw
 *   a `TypeError` without it. `prepare` lists the calls in their order; the path of `recover` is null where a function
 *   makes it.
 * - `faults`: what an answer means by the table of errors; to a submission of `target`, by default of the sample.
 * - `make`: the adapter. Nothing is sent; a configuration or a fixed key that cannot be used is refused.
 *
 * @category models
 * @since 0.2.0
 */
export interface Vendor<in out T, out P> extends Facts {
  readonly _tag: "scanpoll/Vendor"
  readonly target: Wire.Codec<T>
  readonly sample: T
  readonly line: (text: string) => Result.Result<Readonly<Record<string, unknown>>, string>
  readonly payload: Schema.Codec<P, unknown>
  readonly isId: (text: string) => boolean
  readonly check: (target: T) => ReadonlyArray<RequestFault>
  readonly subject: (target: T) => Subject
  readonly fingerprint: (target: T) => string
  readonly maxAge?: (target: T) => Duration.Duration | null
  readonly limits: VendorLimits.VendorLimits
  readonly policies: Readonly<Record<PaceName, PollPolicy.PollPolicy>>
  readonly budget: AccountLimits
  readonly durations?: KnownDurations<T>
  readonly errors: Errors<T>
  readonly capabilities: {
    readonly findings: boolean
    readonly list: boolean
    readonly prepare: boolean
    readonly recover: boolean
    readonly cancel: boolean
  }
  readonly places: {
    readonly submitId: Wire.Place | null
    readonly location: { readonly location: RegExp } | null
    readonly id: Wire.Place | null
    readonly word: Wire.Place | null
    readonly resultId: Wire.Place | null
  }
  readonly calls: {
    readonly submit:
      | (Pick<Submit<T, never>, "method"> & {
          readonly path: string | ((target: T, prepared?: unknown) => string)
          readonly query?: (target: T, prepared?: unknown) => Query
          readonly already?: { readonly words: ReadonlyArray<string> }
        })
      | null
    readonly prepare: ReadonlyArray<
      Pick<PrepareCall<T>, "method" | "path" | "query" | "take"> & { readonly name: string }
    >
    readonly recover: { readonly path: string | null } | null
    readonly cancel: Pick<CancelCall, "method" | "path" | "query"> | null
    readonly status: Pick<Status<never, P>, "path" | "query" | "numeric" | "pending"> & {
      readonly words: ReadonlyArray<string> | ((word: string) => boolean)
    }
    readonly result: Pick<ResultCall<never, P>, "path" | "query" | "pending"> | null
    readonly findings: Pick<FindingsCall<never>, "path"> | null
    readonly list: Pick<ListCall<T, never>, "path"> | null
  }
  readonly faults: {
    readonly poll: (question: Question, response: VendorResponse, scrub: (text: string) => string) => PollFault
    readonly submit: (response: VendorResponse, scrub: (text: string) => string, target?: T) => SubmitError
  }
  readonly make: (
    options: Options
  ) => Effect.Effect<ScanAdapter<T, P>, VendorConfigError | Credential.CredentialError, VendorHttp>
}

/**
 * What the default export of a vendor's module is given where it is a function: the parts of the running copy of scanpoll
 * and Effect that definitions are made of. Such a module needs no `node_modules` and never brings a second copy.
 *
 * @category models
 * @since 0.2.0
 */
export interface Parts {
  readonly Vendor: typeof import("./Vendor.ts")
  readonly Wire: typeof import("./Wire.ts")
  readonly Severity: typeof import("../model/Severity.ts")
  readonly Schema: typeof import("effect/Schema")
  readonly Duration: typeof import("effect/Duration")
  readonly Option: typeof import("effect/Option")
  readonly Result: typeof import("effect/Result")
}

// Who made a vendor: one of another copy of this package brings another copy of Effect with it.
const made = new WeakSet<object>()

/**
 * What a value is that should be a vendor: `vendor`; `foreign` for one that another copy of this package made, which
 * brings a second copy of Effect; `other` for everything else.
 *
 * @category guards
 * @since 0.2.0
 */
export const kindOf = (value: unknown): "vendor" | "foreign" | "other" => {
  if (typeof value !== "object" || value === null) return "other"
  if (made.has(value)) return "vendor"
  return Reflect.get(value, "_tag") === "scanpoll/Vendor" ? "foreign" : "other"
}

/**
 * Whether this copy of the package made the vendor. The functions of such a vendor take what its `target` has read, and
 * nothing else.
 *
 * @category guards
 * @since 0.2.0
 */
export const isVendor = (value: unknown): value is Vendor<unknown, unknown> => kindOf(value) === "vendor"

/**
 * The targets of a vendor.
 *
 * @category models
 * @since 0.2.0
 */
export type TargetOf<V> = V extends Vendor<infer T, infer _P> ? T : never

/**
 * The payload of a vendor's outcomes.
 *
 * @category models
 * @since 0.2.0
 */
export type PayloadOf<V> = V extends Vendor<infer _T, infer P> ? P : never

/**
 * The adapter of a vendor: what a service of it has for its shape.
 *
 * @category models
 * @since 0.2.0
 */
export type AdapterOf<V> = V extends Vendor<infer T, infer P> ? ScanAdapter<T, P> : never

/**
 * An answer that cannot be used after all: the poll fails as `Broken`, with this code of ours in lower case.
 *
 * @category constructors
 * @since 0.2.0
 */
export const unusable = (code: string, message: string): Unusable => ({ _tag: "Unusable", code, message })

/**
 * The end of a scan that failed, by what the answer says and not by its word: one that ended well and tested nothing.
 *
 * @category constructors
 * @since 0.2.0
 */
export const failed = (reason: Said): Unsuccessful => ({ _tag: "Failed", reason })

/**
 * A meaning whose answer has a schema of its own, other than the definition's `answer`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const when = <A, P = never>(answer: Wire.Codec<A>, ending: Ending<A, P>): When<P> =>
  Judging.when(Wire.reader(answer), ending)

/**
 * An assessment; what is left out is not told by the vendor.
 *
 * @category constructors
 * @since 0.2.0
 */
export const assessment = (given: Partial<ScanOutcome.Assessment>): ScanOutcome.Assessment => ({
  severity: "unknown",
  vendorSeverity: null,
  compliance: null,
  score: null,
  ...given
})

/**
 * An assessment by a score of the vendor's, from 0 to 100 and higher is better unless said; its severity is that of the
 * band unless given.
 *
 * @category constructors
 * @since 0.2.0
 */
export const scored = (
  value: number,
  given: Partial<ScanOutcome.Score> & Partial<Omit<ScanOutcome.Assessment, "score">> = {}
): ScanOutcome.Assessment => {
  const { compliance, severity, vendorSeverity, ...score } = given
  return assessment({
    severity: severity ?? Severity.fromScore(value),
    vendorSeverity: vendorSeverity ?? null,
    compliance: compliance ?? null,
    score: { value, min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor", ...score }
  })
}

/**
 * A finding; what is left out is not told by the vendor.
 *
 * @category constructors
 * @since 0.2.0
 */
export const finding = (
  given: Pick<ScanOutcome.Finding, "findingId" | "ruleId" | "title" | "severity"> & Partial<ScanOutcome.Finding>
): ScanOutcome.Finding => ({
  description: null,
  vendorSeverity: null,
  status: "unknown",
  resource: null,
  remediation: null,
  references: [],
  ...given
})

/**
 * An http(s) address in the WHATWG form without its fragment: two addresses with one form are one page. Null for what is
 * no such address.
 *
 * @category destructors
 * @since 0.2.0
 */
export const sameUrl = (text: string): string | null => {
  const parsed = URL.parse(text)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null
  parsed.hash = ""
  return parsed.href
}

/**
 * Why a text is not an http or https address, in words that follow the name of its field; null where it is one. With
 * `public`, also why not everybody can reach it: it holds a user name or password, or names a local or private host. No
 * name server is asked.
 *
 * @category destructors
 * @since 0.2.0
 */
export const urlFault = (text: string, options: { readonly public?: boolean } = {}): string | null =>
  WebAddress.fault(text, { isPublic: options.public === true })

/**
 * A target that is an http or https address.
 *
 * @category schemas
 * @since 0.2.0
 */
export const url = Schema.String.annotate({
  description: "An http or https address.",
  examples: ["https://example.com"]
}).check(
  Schema.makeFilter((text: string) => urlFault(text) === null, {
    expected: "an http or https address"
  })
)

/**
 * A target that is an http or https address which anybody can reach: without a user name or password, and not of a local
 * or private host, as far as its text tells. For vendors that scan from the internet.
 *
 * @category schemas
 * @since 0.2.0
 */
export const publicUrl = Schema.String.annotate({
  description: "An http or https address that can be reached from the internet.",
  examples: ["https://example.com"]
}).check(
  Schema.makeFilter((text: string) => urlFault(text, { public: true }) === null, {
    expected: "an http or https address that can be reached from the internet, without a user name or password"
  })
)

/**
 * The subject of an address.
 *
 * @category constructors
 * @since 0.2.0
 */
export const urlSubject = (text: string): Subject => {
  const id = sameUrl(text) ?? text
  return { kind: "url", id, name: id }
}

/**
 * The address on the vendor's own origin, under its scheme, without a user name or password; null for every other. A
 * relative one is resolved against the origin.
 *
 * @category destructors
 * @since 0.2.0
 */
export const linkOn: (origin: string, address: string) => string | null = Observing.linkOn

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    WireFields.isRecord(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

const refuse = ({ name }: Facts, wrong: ReadonlyArray<string>): void => {
  if (wrong.length === 0) return
  const which = typeof name === "string" ? `the vendor ${name}` : "the vendor"
  throw new TypeError(`${which} cannot be used:\n${wrong.map((it) => `  - ${it}`).join("\n")}`)
}

/**
 * Makes a vendor.
 *
 * **Details**
 *
 * The types of targets and payloads are inferred from the schemas. A definition that contradicts itself throws a
 * `TypeError` at once, with everything that is wrong with it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const define = <T, A, P, F = never, L = never, K extends string = never>(
  definition: Definition<T, A, P, F, L, K>
): Vendor<T, P> => {
  refuse(definition, Shape.faults(definition))
  const { cancel, findings, line, list, maxAge, pacing, recover, sample, status, submit } = definition
  const prepares = Preparing.namesOf(definition.prepare)
  const sent = "known" in submit ? null : submit
  const { budget, faults: wrongPaces, limits, policies } = Pacings.make(pacing)
  refuse(definition, [...wrongPaces, ...Check.faults(definition, limits, wrongPaces.length === 0 ? policies : {})])

  const shape = Schema.decodeUnknownResult(Schema.toType(definition.target), { errors: "all" })
  const unauthorized = (target: T): ReadonlyArray<RequestFault> =>
    definition.active === true && !(Predicate.hasProperty(target, "authorized") && target.authorized === true)
      ? [
          {
            path: ["authorized"],
            message: "must be true: its scans attack the target, and you must be allowed to do that"
          }
        ]
      : []
  const check = (target: T): ReadonlyArray<RequestFault> => {
    const read = shape(target)
    const shaped = Result.isFailure(read) ? Wire.faults(read.failure.issue) : []
    // What the vendor's own check says of a field, it says better; it is made for targets of the right shape.
    const own = shaped.length > 0 ? [] : (definition.check?.(target) ?? [])
    return [...unauthorized(target), ...own, ...shaped]
  }
  const fixed: Adapter.Fixed<T> = {
    limits,
    policy: policies.default,
    policies,
    budget,
    ...(pacing.durations === undefined ? {} : { durations: pacing.durations }),
    check,
    subject: definition.subject,
    fingerprint: definition.fingerprint ?? canonical,
    ...(maxAge === undefined ? {} : { maxAge: ageOf(maxAge) })
  }
  const { poll, submit: refused } = Faults.make(definition.errors)
  const { words } = status
  const { maxAge: _, ...rest } = definition
  const vendor: Vendor<T, P> = {
    ...rest,
    ...fixed,
    _tag: "scanpoll/Vendor",
    isId: (text) => Asking.isId(definition.ids, text),
    line: typeof line === "function" ? line : (text) => Result.succeed({ [line]: text.trim() }),
    capabilities: {
      findings: findings !== undefined,
      list: list !== undefined,
      prepare: prepares.length > 0,
      recover: recover !== undefined,
      cancel: cancel !== undefined
    },
    places: {
      submitId:
        sent === null || typeof sent.id === "function" || "location" in sent.id || "prepared" in sent.id
          ? null
          : sent.id,
      location: sent !== null && typeof sent.id === "object" && "location" in sent.id ? sent.id : null,
      id: status.id,
      word: typeof status.word === "function" ? null : status.word,
      resultId: definition.result?.id ?? null
    },
    calls: {
      submit:
        sent === null
          ? null
          : {
              path: typeof sent.path === "function" ? Preparing.withStored(prepares, sent.path) : sent.path,
              ...(sent.method === undefined ? {} : { method: sent.method }),
              ...(sent.query === undefined ? {} : { query: Preparing.withStored(prepares, sent.query) }),
              ...(sent.already === undefined ? {} : { already: sent.already })
            },
      prepare: prepares.flatMap((name) => {
        const call = definition.prepare?.[name]
        return call === undefined ? [] : [{ ...call, name }]
      }),
      recover: recover === undefined ? null : { path: typeof recover.path === "string" ? recover.path : null },
      cancel: cancel ?? null,
      status: {
        ...status,
        words: typeof words === "function" ? (word) => words(word) !== null : Object.keys(words)
      },
      result: definition.result ?? null,
      findings: findings ?? null,
      list: list ?? null
    },
    faults: { poll, submit: (response, scrub, target = sample) => refused(response, scrub, target) },
    make: (options) => connect(definition, fixed, options)
  }
  made.add(vendor)
  return vendor
}

/** An age that is no duration says nothing. */
const ageOf =
  <T>(maxAge: (target: T) => Duration.Input | null) =>
  (target: T): Duration.Duration | null => {
    const age = maxAge(target)
    return age === null ? null : Option.getOrNull(Duration.fromInput(age))
  }

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

const connect = Effect.fnUntraced(function* <T, A, P, F, L, K extends string>(
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

/**
 * A vendor as a layer of a service, from options.
 *
 * **Example** (A service of a vendor)
 *
 * ```ts
 * import { Vendor, VendorHttp } from "@scanpoll/core"
 * import { Context, Effect, Layer, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import harbourmaster from "./vendors/harbourmaster.ts"
 *
 * const Harbour = Context.Service<"Harbour", Vendor.AdapterOf<typeof harbourmaster>>("Harbour")
 * const harbour = Vendor.layer(Harbour, harbourmaster, { credential: Redacted.make("harbour-key-1") })
 * const http = Layer.provide(VendorHttp.layer, FetchHttpClient.layer)
 * const program = Effect.map(Effect.service(Harbour), (adapter) => adapter.vendor)
 * Effect.runSync(Effect.provide(program, Layer.provide(harbour, http))) // => "harbourmaster"
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = <Self, T, P>(
  service: Context.Key<Self, ScanAdapter<T, P>>,
  vendor: Vendor<T, P>,
  options: Options
): Layer.Layer<Self, VendorConfigError | Credential.CredentialError, VendorHttp> =>
  Layer.effect(service, vendor.make(options))

/**
 * A vendor as a layer of a service, from the vendor's variables: see `fromConfig`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerConfig = <Self, T, P>(
  service: Context.Key<Self, ScanAdapter<T, P>>,
  vendor: Vendor<T, P>
): Layer.Layer<Self, VendorConfigError | Credential.CredentialError, VendorHttp> =>
  Layer.effect(service, fromConfig(vendor))
