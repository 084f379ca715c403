/**
 * What a client is made from: which vendors, with which keys, and where the purchases are written down.
 *
 * A vendor that is left out does not exist on the client, nor in its type. Keys are held where neither `util.inspect`
 * nor `JSON.stringify` can reach them.
 *
 * @since 0.1.0
 */
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Facts } from "@scanpoll/core/vendor/Definition"
import type * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { Options as SonarQubeRules } from "@scanpoll/sonarqube/SonarQubeVendor"
import type { Options as UrlscanRules } from "@scanpoll/urlscan/UrlscanVendor"
import type { Options as VirusTotalRules } from "@scanpoll/virustotal/VirusTotalVendor"
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

/**
 * A key: its text, or a function that is asked before each request, so that it may be renewed.
 *
 * **Details**
 *
 * The function's signal aborts when nobody needs the key any more. What the function throws may hold a secret and is not
 * repeated: of an error, only its name and code are shown. `undefined` compiles so that a variable of the environment can
 * be passed on; as the other things that are no key, it is refused before anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Key = string | undefined | ((signal: AbortSignal) => string | Promise<string>)

/**
 * Where a vendor is and whose requests these are.
 *
 * - `account`: the label of this key in tickets and journals; not a secret. Default `"default"`.
 * - `insecureHosts`: hosts (`host` or `host:port`) that may be reached by plain http. Default none.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlaceOptions {
  readonly account?: string | undefined
  readonly insecureHosts?: ReadonlyArray<string> | undefined
}

/**
 * A further account of a vendor: a key of its own and, where they differ from the vendor's own options, other ones. It has a budget
 * of its own, and its purchases are told apart from those of the others.
 *
 * @category models
 * @since 0.2.0
 */
export type AccountOptions<Options, KeyName extends keyof Options> = Pick<Options, KeyName> &
  Partial<Omit<Options, KeyName | "account" | "accounts" | "use">>

/**
 * Further accounts by their labels: 1 to 64 of letters, digits, `-` and `_`; not secrets.
 *
 * @category models
 * @since 0.2.0
 */
export type Accounts<Options, KeyName extends keyof Options> = Readonly<
  Record<string, AccountOptions<Options, KeyName>>
>

/**
 * `baseUrl`: default `https://platform.exonalab.com/api/v1`. `accounts`: further ones, for `exona.account(label)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExonaOptions extends PlaceOptions {
  readonly apiKey: Key
  readonly baseUrl?: string | undefined
  readonly accounts?: Accounts<ExonaOptions, "apiKey"> | undefined
}

/**
 * `baseUrl`: default `https://appvet.dev`. `accounts`: further ones, for `appvet.account(label)`.
 *
 * @category models
 * @since 0.1.0
 */
export interface AppVetOptions extends PlaceOptions {
  readonly apiKey: Key
  readonly baseUrl?: string | undefined
  readonly accounts?: Accounts<AppVetOptions, "apiKey"> | undefined
}

/**
 * `token`: a user's access token. Tokens live about an hour: give a function where scans are watched for longer.
 * `baseUrl`: where the server is, without `/api`; the application is self-hosted, so there is no default.
 * `organizationId`: a UUID; without it the server takes the user's own organization. `accounts`: further ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface ComplianceOptions extends PlaceOptions {
  readonly token: Key
  readonly baseUrl: string | undefined
  readonly organizationId?: string | undefined
  readonly accounts?: Accounts<ComplianceOptions, "token"> | undefined
}

/**
 * `baseUrl`: default `https://urlscan.io`. `severity`: what a verdict is worth; default `UrlscanVendor.severityOf`. `accounts`:
 * further ones.
 *
 * @category models
 * @since 0.2.0
 */
export interface UrlscanOptions extends PlaceOptions, UrlscanRules {
  readonly apiKey: Key
  readonly baseUrl?: string | undefined
  readonly accounts?: Accounts<UrlscanOptions, "apiKey"> | undefined
}

/**
 * `baseUrl`: default `https://www.virustotal.com`. `requestsPerMinute`, `requestsPerDay`: what the contract allows; default 4 and
 * 500, those of the free key, which is not for business. `severity`: what the counts are worth; default
 * `VirusTotalVendor.severityOf`. `accounts`: further ones.
 *
 * @category models
 * @since 0.2.0
 */
export interface VirusTotalOptions extends PlaceOptions, VirusTotalRules {
  readonly apiKey: Key
  readonly baseUrl?: string | undefined
  readonly accounts?: Accounts<VirusTotalOptions, "apiKey"> | undefined
}

/**
 * `token`: a token of a user or a project. `baseUrl`: where the server is, with its context path; `https://sonarcloud.io` for
 * Cloud. `gate`, `issue`, `issues`, `auth`: as `SonarQubeVendor.Options` has them. `accounts`: further ones.
 *
 * @category models
 * @since 0.2.0
 */
export interface SonarQubeOptions extends PlaceOptions, SonarQubeRules {
  readonly token: Key
  readonly baseUrl: string | undefined
  readonly accounts?: Accounts<SonarQubeOptions, "token"> | undefined
}

/**
 * Any vendor that `Vendor.define` of `@scanpoll/core` made.
 *
 * @category models
 * @since 0.2.0
 */
export interface AnyVendor extends Facts {
  readonly _tag: "scanpoll/Vendor"
  readonly isId: (text: string) => boolean
  readonly make: (
    options: Vendor.Options
  ) => Effect.Effect<ScanAdapter<never, unknown>, VendorConfigError | CredentialError, VendorHttp>
}

/**
 * A further account of a vendor of your own.
 *
 * @category models
 * @since 0.2.0
 */
export interface VendorAccount extends Omit<PlaceOptions, "account"> {
  readonly apiKey: Key
  readonly baseUrl?: string | undefined
}

/**
 * A vendor of your own.
 *
 * - `use`: its definition. The option's name is the vendor's own `name`.
 * - `apiKey`: left out only where the vendor has no keys.
 * - `baseUrl`: default the definition's.
 * - `accounts`: further ones.
 *
 * @category models
 * @since 0.2.0
 */
export interface VendorOptions<V extends AnyVendor = AnyVendor> extends PlaceOptions {
  readonly use: V
  readonly apiKey?: Key
  readonly baseUrl?: string | undefined
  readonly accounts?: Readonly<Record<string, VendorAccount>> | undefined
}

/**
 * Where a client's log lines go: `console`, or any logger whose methods take a message and its fields. What it throws is dropped.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClientLogger {
  readonly debug: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
  readonly error: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/**
 * The time a client lives in, for tests: `clock` times its waits, `clockOfRequests` its requests. `createSimulators` of
 * `@scanpoll/testkit` has one that runs fast.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClientTime {
  readonly clock: Clock.Clock
  readonly clockOfRequests: Clock.Clock
}

/**
 * The least level of a client's log lines.
 *
 * @category models
 * @since 0.2.0
 */
export type LogLevel = "debug" | "info" | "warn" | "error" | "none"

/**
 * The options of a client: at least one vendor.
 *
 * - `vendors`: vendors of your own, each under its name. Names of shipped vendors and of the client's own methods are
 *   refused.
 * - `journal`: the layer of a journal that outlives the process, such as one of `@scanpoll/journal`. Default: the memory
 *   of this client.
 * - `proxy`: the address of a proxy for all requests but those to this machine, such as `http://proxy.example:3128`; false for
 *   none. Default: the proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment name.
 * - `logger`: where log lines go, such as `console`. Default: standard error.
 * - `logLevel`: their least level. Default `info` with a logger, `error` without one.
 * - `time`: the time it lives in, for tests. Default: that of the machine.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanpollOptions {
  readonly exona?: ExonaOptions | undefined
  readonly compliance?: ComplianceOptions | undefined
  readonly appvet?: AppVetOptions | undefined
  readonly urlscan?: UrlscanOptions | undefined
  readonly virustotal?: VirusTotalOptions | undefined
  readonly sonarqube?: SonarQubeOptions | undefined
  readonly vendors?: Readonly<Record<string, VendorOptions>> | undefined
  readonly journal?: Layer.Layer<ScanJournal, unknown> | undefined
  readonly proxy?: string | false | undefined
  readonly logger?: ClientLogger | undefined
  readonly logLevel?: LogLevel | undefined
  readonly time?: ClientTime | undefined
}

/**
 * The vendors that come with a client.
 *
 * @category models
 * @since 0.1.0
 */
export type VendorName = Exclude<
  keyof ScanpollOptions,
  "journal" | "proxy" | "vendors" | "logger" | "logLevel" | "time"
>
