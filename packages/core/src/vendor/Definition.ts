/**
 * What is written to bring a vendor: data, schemas, and functions where data do not reach.
 *
 * A definition answers questions about the vendor and promises nothing: one request per poll, no retries, nothing guessed
 * and no key told are the engine's promises, and hold for every definition.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type { AccountLimits, KnownDurations, PaceName, RequestFault } from "../engine/ScanAdapter.ts"
import type { Auth } from "../http/Auth.ts"
import type { Subject } from "../model/Subject.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import type * as VendorLimits from "../policy/VendorLimits.ts"
import type {
  CancelCall,
  FindingsCall,
  KeyProbe,
  KnownScan,
  ListCall,
  PrepareCall,
  RecoverCall,
  ResultCall,
  Status,
  Submit
} from "./internal/calls.ts"
import type { Errors } from "./internal/errorTable.ts"
import type { Codec } from "./Wire.ts"

export type {
  BodyKind,
  CancelCall,
  FindingsCall,
  Gathered,
  IdPath,
  IdQuery,
  KeyProbe,
  KnownScan,
  ListCall,
  PendingStatus,
  PrepareCall,
  Prepared,
  RecoverCall,
  ResultCall,
  Status,
  Submit
} from "./internal/calls.ts"
export type { ErrorRow, Errors, Firm, Question } from "./internal/errorTable.ts"
export type { About, Ending, Meaning, Said, Unsuccessful, Unusable, Verdict, When } from "./internal/meanings.ts"

/**
 * How often to ask, how long to wait, and how much the vendor allows.
 *
 * - `every`: for each named pace an interval, or a policy.
 * - `deadline`: of policies made from intervals. Default 5 minutes.
 * - `budget`: `requests` per `window` (default a minute), further `windows` beside it, `submitGap` between two submissions,
 *   `openScans` (default no limit), `typicalDuration`, and `pollsPerScan` (default: as many as the default pace makes in
 *   that time).
 *
 * @category models
 * @since 0.2.0
 */
export interface Pacing<in T> {
  readonly limits: Parameters<typeof VendorLimits.make>[0]
  readonly every: Readonly<Record<PaceName, Duration.Input | PollPolicy>>
  readonly deadline?: Duration.Input
  readonly budget: Partial<AccountLimits> & Pick<AccountLimits, "requests" | "typicalDuration">
  readonly durations?: KnownDurations<T>
}

/**
 * What people and commands need to know of a vendor.
 *
 * - `name`: 1 to 32 of `a-z`, `0-9` and `-`, a letter first. `title`: as the vendor writes itself. `scans`: what it
 *   offers, as in "scans of datasets". `docs`: the address of its documentation.
 * - `baseUrl`: null where the user has to say it.
 * - `auth`: how the key is sent. Default `bearer`.
 * - `key`: the variable it comes from, and what a key looks like. Left out only with `auth: "none"`.
 * - `headers`: fixed ones, without secrets.
 * - `probe`: an id that no scan has, to try a key with.
 * - `active`: its scans attack what they scan. A target must then say `authorized: true`, or it is refused before anything is
 *   sent; its schema has that key.
 * - `ids`: what an id looks like: a form, or `number` for whole numbers. Default: 1 to 200 visible ASCII characters, slashes
 *   included; more than that no form can allow.
 * - `sameId`: whether an answer's id is the asked one, where one scan's id has several spellings. Default: equal.
 * - `asOf`: the day on which the definition was last held against the vendor's documentation, such as `2026-11-29`. Commands
 *   show it.
 * - `terms`: what a user should know before the first scan, a sentence each: who sees what is scanned, and what a key may not
 *   be used for. Commands show them.
 * - `settings`: further variables of the configuration by name, each sent as a header where it is set. `form` is what a
 *   value looks like; `words` is what is said of another: "the organization id is not a UUID".
 *
 * @category models
 * @since 0.2.0
 */
export interface Facts {
  readonly name: string
  readonly title: string
  readonly scans: string
  readonly docs: string
  readonly baseUrl: string | null
  readonly auth?: Auth
  readonly key?: { readonly variable: string; readonly form?: RegExp; readonly words?: string }
  readonly headers?: Readonly<Record<string, string>>
  readonly probe: string
  readonly asOf?: string
  readonly terms?: ReadonlyArray<string>
  readonly active?: boolean
  readonly ids?: RegExp | "number"
  readonly sameId?: (asked: string, answered: string) => boolean
  readonly settings?: Readonly<Record<string, Setting>>
}

/**
 * A variable of a vendor's configuration that is sent as a header, such as the organization of a key.
 *
 * @category models
 * @since 0.2.0
 */
export interface Setting {
  readonly header: string
  readonly form?: RegExp
  readonly words?: string
}

/**
 * A vendor: the argument of `Vendor.define`.
 *
 * - `target`: what to scan. `sample`: a faultless one. `line`: what follows `name:` on a command line: the field it is,
 *   or a function that makes a target of it.
 * - `check`: faults that the schema of the target cannot tell.
 * - `environment`: the world a key belongs to, such as `test`, where a vendor has several; part of what makes two
 *   purchases the same. It must not be the key.
 * - `fingerprint`: equal for two targets exactly when the vendor's own rule makes them the same purchase. Default: the
 *   target with its keys in order.
 * - `maxAge`: how old an outcome may be to answer this target, in the target's own words; null where it says nothing. Zero
 *   asks for a new scan.
 * - `prepare`: calls that a submission needs first, by names, made in this order. What they return is stored with the claim
 *   before the submission is sent. `recover`: asks by it what became of a submission whose answer was lost.
 * - `submit`: the request that buys a scan; `{ known }` where the target names a scan that exists already.
 * - `answer`: what is read of a finished scan. `payload`: what is kept of it.
 * - `cancel`: only where the vendor documents that a scan can be cancelled.
 *
 * @category models
 * @since 0.2.0
 */
export interface Definition<T, A, P, F, L, K extends string = never> extends Facts {
  readonly target: Codec<T>
  readonly sample: NoInfer<T>
  readonly line:
    | (keyof NoInfer<T> & string)
    | ((text: string) => Result.Result<Readonly<Record<string, unknown>>, string>)
  readonly check?: (target: NoInfer<T>) => ReadonlyArray<RequestFault>
  readonly subject: (target: NoInfer<T>) => Subject
  readonly environment?: (key: string) => string
  readonly fingerprint?: (target: NoInfer<T>) => string
  readonly maxAge?: (target: NoInfer<T>) => Duration.Input | null
  readonly prepare?: Readonly<Record<K, PrepareCall<NoInfer<T>>>>
  readonly submit: Submit<NoInfer<T>, NoInfer<P>, NoInfer<K>> | KnownScan<NoInfer<T>>
  readonly recover?: RecoverCall<NoInfer<K>>
  readonly answer: Codec<A>
  readonly payload: Schema.Codec<P, unknown>
  readonly status: Status<NoInfer<A>, NoInfer<P>>
  readonly result?: ResultCall<NoInfer<A>, NoInfer<P>>
  readonly findings?: FindingsCall<F>
  readonly list?: ListCall<NoInfer<T>, L>
  readonly cancel?: CancelCall
  readonly keyProbe?: KeyProbe
  readonly errors: Errors<NoInfer<T>>
  readonly pacing: Pacing<NoInfer<T>>
}
