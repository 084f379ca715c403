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
import type { Query, VendorResponse } from "../http/VendorHttp.ts"
import type { Auth } from "../http/Auth.ts"
import type { Progress } from "../model/Observation.ts"
import type { PollFaultKind } from "../model/PollFault.ts"
import type { Completed, Evidence, Findings, ScanOutcome } from "../model/ScanOutcome.ts"
import type { Subject } from "../model/Subject.ts"
import type { SubmitErrorKind } from "../model/SubmitError.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import type * as VendorLimits from "../policy/VendorLimits.ts"
import type { When } from "./internal/judging.ts"
import type { Codec, Place } from "./Wire.ts"

export type {
  /**
   * A meaning whose answer has a schema of its own. Made by `Vendor.when`.
   *
   * @category models
   * @since 0.2.0
   */
  When
} from "./internal/judging.ts"

/**
 * A path with `{id}` where the scan's id goes, encoded, as in `/v1/scans/{id}`; or a function of the id.
 *
 * @category models
 * @since 0.2.0
 */
export type IdPath = string | ((scanId: string) => string)

/**
 * An answer that cannot be used after all: a fault of the poll, with a code of ours in lower case. Made by
 * `Vendor.unusable`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unusable {
  readonly _tag: "Unusable"
  readonly code: string
  readonly message: string
}

/**
 * What a function of a definition is told about the answer at hand.
 *
 * - `word`: the vendor's status word. `origin`: the vendor's own.
 * - `submittedAt`: when the submission was answered, in milliseconds since 1970, where this is its answer; null for the
 *   answer to a poll.
 * - `warn`: adds a warning to the outcome. Never put a value of the vendor's in it.
 * - `link`: an address for people, on the vendor's own origin; null, with a warning that names `field`, for any other.
 *
 * @category models
 * @since 0.2.0
 */
export interface About {
  readonly scanId: string
  readonly word: string
  readonly origin: string
  readonly submittedAt: number | null
  readonly warn: (message: string) => void
  readonly link: (address: string | undefined, field: string) => string | null
}

/**
 * What a finished scan says. `report` is an address for people. `unavailable` says why evidence that this vendor gives
 * cannot be used in this answer; no gate passes on it. What is left out is not told by the vendor.
 *
 * @category models
 * @since 0.2.0
 */
export interface Verdict<out P>
  extends
    Pick<Completed<P>, "assessment" | "payload">,
    Partial<Pick<Completed<P>, "findings" | "delta" | "cached" | "ageMs">> {
  readonly report?: string | null
  readonly unavailable?: Readonly<Partial<Record<keyof Evidence, string>>>
}

/**
 * Why, in the vendor's words; null or undefined where it gives none. `requestId` is the request's id where the body has
 * one, in place of the one in the headers.
 *
 * @category models
 * @since 0.2.0
 */
export type Said =
  | string
  | {
      readonly code?: string | null
      readonly message: string
      readonly advice?: string | null
      readonly requestId?: string | null
    }
  | null
  | undefined

/**
 * What the end of a scan means: the functions are given the answer as its schema read it.
 *
 * @category models
 * @since 0.2.0
 */
export type Ending<A, P> =
  | { readonly completed: (answer: A, about: About) => Verdict<P> | Unusable }
  | { readonly partial: (answer: A, about: About) => (Verdict<P> & { readonly reason?: Said }) | Unusable }
  | { readonly failed: (answer: A, about: About) => Said }

/**
 * What one status word means. `running` tells how far: where a percent is, or a function of the body. `ended`: the scan is
 * over, and `result` says what came of it. `cancelled`: it was called off, at the vendor or from here; it ends as failed, with
 * that code. `moved`: it goes on under another id, which is there in the body.
 *
 * @category models
 * @since 0.2.0
 */
export type Meaning<A, P> =
  | "queued"
  | "running"
  | "ended"
  | "cancelled"
  | { readonly moved: Place | ((body: unknown) => unknown) }
  | { readonly running: Place | ((body: unknown) => Partial<Progress> | null) }
  | Ending<A, P>
  | When<P>

/**
 * A kind of fault; with `!` where asking again cannot help.
 *
 * @category models
 * @since 0.2.0
 */
export type Firm<K extends string> = K | `${K}!`

/**
 * What is asked about scans that exist.
 *
 * @category models
 * @since 0.2.0
 */
export type Question = "status" | "result" | "findings" | "list"

/**
 * What a documented error means: `poll` for the questions in `on` (default: all), `submit` for a submission. A row that
 * is silent about a call leaves it to the HTTP status. `says` is a form that the vendor's message must have, where one
 * status has several meanings. `advice` is what a person can do.
 *
 * @category models
 * @since 0.2.0
 */
export interface ErrorRow {
  readonly poll?: Firm<PollFaultKind>
  readonly on?: ReadonlyArray<Question>
  readonly submit?: Firm<SubmitErrorKind>
  readonly says?: RegExp
  readonly advice?: string
}

/**
 * The vendor's errors.
 *
 * - `code`, `message`: where they are in the body. A 4xx to a submission is the vendor's no only when the body has what is
 *   named here: a gateway's page is not. `either`: one of the two is enough to be the vendor's own.
 * - `details`: further words of the vendor's, such as the fields it complains about. They follow the message.
 * - `advice`: where the body says what a person can do; it is told in place of the row's. `requestId`: where the body has
 *   the request's id, in place of the one in the headers.
 * - `rows`: by `"STATUS CODE"` or `"STATUS"`; several rows for one key differ by `says`, and the first that fits counts. A
 *   row of a status alone refuses a submission only with an error of the vendor's own in the body.
 * - `odd`: the last word about a submission of `target`, where no table can say it.
 * - `doubt`: what a person can do about a submission of `target` that may have been accepted.
 *
 * @category models
 * @since 0.2.0
 */
export interface Errors<in T> {
  readonly code?: Place
  readonly message: Place
  readonly either?: boolean
  readonly details?: (body: unknown) => ReadonlyArray<string>
  readonly advice?: Place
  readonly requestId?: Place
  readonly rows: Readonly<Record<string, ErrorRow | ReadonlyArray<ErrorRow>>>
  readonly odd?: (
    response: VendorResponse,
    code: string | null,
    target: T
  ) => { readonly submit: Firm<SubmitErrorKind>; readonly advice?: string } | null
  readonly doubt?: string | ((target: T) => string)
}

/**
 * The submission: one request.
 *
 * - `method`: default `POST`. A `GET` is sent once, whatever is answered.
 * - `body`: default the target itself, as `json`. With `GET` there is none.
 * - `id`: where the new scan's id is: a place in the body, a form that the `Location` header matches (its first group is
 *   the id), or a function of the body.
 * - `already`: the words of an answer that is the end itself (a cache hit, a scan done within the request), under any
 *   HTTP status; it is then read as the answer to a poll is. `meanings` are for words that the vendor writes otherwise
 *   here. `warnings` are about what was asked for and what was found.
 * - `pollAtOnce`: the words of an answer that says that the scan has ended and does not hold the end: whatever wait it
 *   asks for, the first poll need not wait.
 * - `answer`: `text` where the vendor answers a plain text.
 *
 * @category models
 * @since 0.2.0
 */
export interface Submit<in T, in out P> {
  readonly method?: "POST" | "PUT" | "GET"
  readonly path: string | ((target: T) => string)
  readonly query?: (target: T) => Query
  readonly body?: (target: T) => unknown
  readonly as?: "json" | "form" | "multipart" | "text" | "none"
  readonly answer?: "json" | "text"
  readonly id: Place | { readonly location: RegExp } | ((body: unknown) => unknown)
  readonly already?: {
    readonly words: ReadonlyArray<string>
    readonly meanings?: Readonly<Record<string, When<P>>>
    readonly warnings?: (body: unknown, target: T, outcome: ScanOutcome<P>) => ReadonlyArray<string>
  }
  readonly pollAtOnce?: ReadonlyArray<string>
}

/**
 * An answer other than 200 that says the scan is not finished: with the vendor's own error body, and where `says` is
 * given, with a message of that form. `within` is how long after a submission of ours it means that (default: always);
 * later it means what the errors say.
 *
 * @category models
 * @since 0.2.0
 */
export interface PendingStatus {
  readonly status: number
  readonly phase: "queued" | "running"
  readonly says?: RegExp
  readonly within?: Duration.Input
}

/**
 * A poll: one `GET`.
 *
 * - `id`: where the answer says which scan it is about; null where it does not.
 * - `word`: where the status word is, or a function of the body; null from it is no answer. `numeric`: the words at that
 *   place are whole numbers.
 * - `words`: what each documented word means, compared exactly; as a function, null for a word that is not documented.
 * - `pending`: answers other than 200 that say the scan is not finished.
 * - `created`, `completed`: where the answer, as it was read, has its RFC 3339 times.
 * - `subject`: what a finished scan was about, as the answer itself names it; null where it does not. Left out: the answer
 *   of this vendor never says. `type`: where it names the vendor's type of scan, in the words of `pacing.durations.kind`.
 *   An answer about another site, dataset or type than was asked for counts for nothing.
 *
 * @category models
 * @since 0.2.0
 */
export interface Status<in A, out P> {
  readonly path: IdPath
  readonly query?: (scanId: string) => Query
  readonly id: Place | null
  readonly word: Place | ((body: unknown) => string | null)
  readonly numeric?: boolean
  readonly words: Readonly<Record<string, Meaning<A, P>>> | ((word: string) => Meaning<A, P> | null)
  readonly pending?: ReadonlyArray<PendingStatus>
  readonly created?: Place
  readonly completed?: Place
  readonly subject?: (answer: unknown) => Subject | null
  readonly type?: Place
}

/**
 * The result of a scan whose status word means `ended`: one `GET` at a second address, asked for until it is there.
 *
 * - `query`: told the scan's id, the vendor's status word and what the scan is about; that is null where it is known by its id
 *   alone.
 * - `id`: where the answer says which scan it is about; null where it does not.
 * - `means`: what the answer means, or a function of the status word.
 * - `pending`: answers other than 200 that say the result is not there yet.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResultCall<in A, out P> {
  readonly path: IdPath
  readonly query?: (scanId: string, word: string, subject: Subject | null) => Query
  readonly id: Place | null
  readonly means: Ending<A, P> | When<P> | ((word: string) => Ending<A, P> | When<P>)
  readonly pending?: ReadonlyArray<PendingStatus>
}

/**
 * How much of the findings was read: `leftOut` entries could not be, and without `whole` there are further pages.
 *
 * @category models
 * @since 0.2.0
 */
export interface Gathered {
  readonly outcome: Exclude<ScanOutcome<unknown>, { readonly _tag: "Failed" }>
  readonly leftOut: number
  readonly whole: boolean
}

/**
 * The call for findings, where they are not in the status answer.
 *
 * - `page`: the query of a page, told the page before it; null where there is none. Left out: there is one page.
 * - `pages`: at most so many are read. Default 20; beyond it the findings are not `whole`.
 * - `isAbout`: whether an answer is about the asked scan.
 * - `read`: the findings that all pages tell.
 *
 * @category models
 * @since 0.2.0
 */
export interface FindingsCall<F> {
  readonly path: IdPath
  readonly page?: (index: number, before: F | null, scanId: string) => Query | null
  readonly pages?: number
  readonly answer: Codec<F>
  readonly isAbout?: (answer: F, scanId: string) => boolean
  readonly read: (pages: ReadonlyArray<F>, gathered: Gathered) => Findings | Unusable
}

/**
 * The vendor's list, newest first, for finding a submission whose answer was lost.
 *
 * - `path`: where the list is asked for; `Vendor.unusable` for a target whose scans are in no list.
 * - `isAbout`: whether an answer is the list that was asked for.
 * - `rows`: where the list is. Rows that `row` cannot read are passed over.
 * - `query`: of a page, told its number from 0 and how many rows the pages before it had: a vendor may send fewer than it
 *   was asked for, so count on with those. Left out: the list is one page, and whole.
 * - `total`: where the answer says how many rows there are. Without it, an empty page is the end.
 * - `scan`: a row's id, and when the scan was created (milliseconds since 1970). A row without a time is passed over,
 *   unless `look` decides.
 * - `same`: whether a row is a scan of the target. Default: every row is.
 * - `look`: where rows do not say what they are scans of: whether the status answer of one is about the target. At most
 *   `most` scans are asked about (default 50); more are told as a fault.
 * - `pages`: how many are read at most (default 1).
 *
 * @category models
 * @since 0.2.0
 */
export interface ListCall<in T, L> {
  readonly path: string | ((target: T) => string | Unusable)
  readonly query?: (target: T, so: { readonly page: number; readonly received: number }) => Query
  readonly isAbout?: (body: unknown, target: T) => boolean
  readonly rows: Place
  readonly total?: Place
  readonly row: Codec<L>
  readonly scan: (row: L) => { readonly id: string | number; readonly createdAt: number | null }
  readonly same?: (row: L, target: T) => boolean
  readonly look?: { readonly same: (answer: unknown, target: T) => boolean; readonly most?: number }
  readonly pages?: number
}

/**
 * One `GET` that tells whether a key is taken and needs no scan, for a vendor that answers an unknown scan and a refused
 * key alike. It is asked before a scan counts as missing. `passes`: the HTTP statuses of a key that is taken (default
 * 200); another means what the errors say for the question `list`.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeyProbe {
  readonly path: string
  readonly query?: Query
  readonly passes?: ReadonlyArray<number>
}

/**
 * How often to ask, how long to wait, and how much the vendor bears.
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
 * - `ids`: what an id looks like: a form, or `number` for whole numbers. Default: letters, digits and `_.~-`, which need
 *   no encoding.
 * - `sameId`: whether an answer's id is the asked one, where one scan's id has several spellings. Default: equal.
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
 * - `answer`: what is read of a finished scan. `payload`: what is kept of it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Definition<T, A, P, F, L> extends Facts {
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
  readonly submit: Submit<NoInfer<T>, NoInfer<P>>
  readonly answer: Codec<A>
  readonly payload: Schema.Codec<P, unknown>
  readonly status: Status<NoInfer<A>, NoInfer<P>>
  readonly result?: ResultCall<NoInfer<A>, NoInfer<P>>
  readonly findings?: FindingsCall<F>
  readonly list?: ListCall<NoInfer<T>, L>
  readonly keyProbe?: KeyProbe
  readonly errors: Errors<NoInfer<T>>
  readonly pacing: Pacing<NoInfer<T>>
}
