// What a definition becomes. Types alone, passed on by `Vendor`.
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { AccountLimits, KnownDurations, PaceName, RequestFault, ScanAdapter } from "../../engine/ScanAdapter.ts"
import type { Credential, CredentialError } from "../../http/Credential.ts"
import type { Query, VendorConfigError, VendorHttp, VendorResponse } from "../../http/VendorHttp.ts"
import type { PollFault } from "../../model/PollFault.ts"
import type { Subject } from "../../model/Subject.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { PollPolicy } from "../../policy/PollPolicy.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import type {
  CancelCall,
  Errors,
  Facts,
  FindingsCall,
  ListCall,
  PrepareCall,
  Question,
  ResultCall,
  Status,
  Submit
} from "../Definition.ts"
import type { Codec, Place } from "../Wire.ts"

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
  readonly credential?: Credential | Redacted.Redacted<string>
  readonly baseUrl?: string
  readonly account?: string
  readonly insecureHosts?: ReadonlyArray<string>
  readonly headers?: Readonly<Record<string, string>>
  readonly settings?: Readonly<Record<string, string>>
  readonly variable?: string | null
}

/**
 * How to reach a vendor that takes a key.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeyedOptions extends Options {
  readonly credential: NonNullable<Options["credential"]>
}

/**
 * A vendor, for the command, the promise client, Effect and the conformance kit. The default export of a vendor's module.
 *
 * - `line`: the fields of a target from what follows `name:` on a command line.
 * - `isId`: whether a text is one of the vendor's ids.
 * - `check`: every fault of a target that can be known without asking the vendor.
 * - `places`: where ids and words are, for the kit; null where a function finds them. `location`: the form of a `Location`
 *   that holds a new id. `prepared`: the call of `prepare` that returned it.
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
  readonly target: Codec<T>
  readonly sample: T
  readonly line: (text: string) => Result.Result<Readonly<Record<string, unknown>>, string>
  readonly payload: Schema.Codec<P, unknown>
  readonly isId: (text: string) => boolean
  readonly check: (target: T) => ReadonlyArray<RequestFault>
  readonly subject: (target: T) => Subject
  readonly fingerprint: (target: T) => string
  readonly maxAge?: (target: T) => Duration.Duration | null
  readonly limits: VendorLimits
  readonly policies: Readonly<Record<PaceName, PollPolicy>>
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
    readonly submitId: Place | null
    readonly location: { readonly location: RegExp } | null
    readonly prepared: { readonly prepared: string } | null
    readonly id: Place | null
    readonly word: Place | null
    readonly resultId: Place | null
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
  readonly make: (options: Options) => Effect.Effect<ScanAdapter<T, P>, VendorConfigError | CredentialError, VendorHttp>
}
