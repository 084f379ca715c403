// The requests of a definition: what is asked of a vendor, and where the answers have what is needed. Types alone, passed on
// by `Definition`.
import type * as Duration from "effect/Duration"
import type { Query } from "../../http/VendorHttp.ts"
import type { Findings, ScanOutcome } from "../../model/ScanOutcome.ts"
import type { Subject } from "../../model/Subject.ts"
import type { Codec, Place } from "../Wire.ts"
import type { Ending, Meaning, Unusable, When } from "./meanings.ts"

/**
 * A path with `{id}` where the scan's id goes, percent-encoded, as in `/v1/scans/{id}`; or a function of the encoded id and of
 * what the scan is about. That is null where the scan is known by its id alone; a call that needs it then answers
 * `Vendor.unusable`, and nothing is sent.
 *
 * @category models
 * @since 0.2.0
 */
export type IdPath = string | ((scanId: string, subject: Subject | null) => string | Unusable)

/**
 * The query of a request about a scan, told as `IdPath` is.
 *
 * @category models
 * @since 0.2.0
 */
export type IdQuery = (scanId: string, subject: Subject | null) => Query | Unusable

/**
 * What the calls of `prepare` returned, by their names.
 *
 * @category models
 * @since 0.2.0
 */
export type Prepared<K extends string> = Readonly<Record<K, string | number>>

/**
 * How a body is sent: `json` (default), `form`, `multipart`, `text`, or `none`: no body at all.
 *
 * @category models
 * @since 0.2.0
 */
export type BodyKind = "json" | "form" | "multipart" | "text" | "none"

/**
 * A call that a submission needs first and that buys nothing, such as an upload or a new task. It may be made again.
 *
 * - `method`: default `POST`. `path`: `{name}` stands for what an earlier call of `prepare` returned, encoded.
 * - `query`, `body`: of the target and what earlier calls returned. Default: none.
 * - `take`: where the answer has what is kept: a place in the body, a form that the `Location` header matches (its first
 *   group), or a function of the body. A text of 1 to 1 000 characters or a whole number; only a 2xx answer has it.
 * - `pending`: answers which say that it is not ready. The call is then made again `every` so often, `within` that time;
 *   it has to be one that only asks.
 *
 * @category models
 * @since 0.2.0
 */
export interface PrepareCall<in T> {
  readonly method?: "POST" | "PUT" | "GET"
  readonly path: string | ((target: T, before: Prepared<string>) => string)
  readonly query?: (target: T, before: Prepared<string>) => Query
  readonly body?: (target: T, before: Prepared<string>) => unknown
  readonly as?: BodyKind
  readonly take: Place | { readonly location: RegExp } | ((body: unknown) => unknown)
  readonly pending?: {
    readonly says: (body: unknown) => boolean
    readonly every: Duration.Input
    readonly within: Duration.Input
  }
}

/**
 * What became of a submission whose answer was lost, where what was prepared for it tells: one `GET`.
 *
 * - `path`: `{name}` stands for what that call of `prepare` returned, encoded.
 * - `scan`: the id of the scan that the submission started; null where the answer shows that it started none, so that it
 *   may be sent again; `Vendor.unusable` where the answer does not tell.
 * - `none`: statuses other than 200 that, with the vendor's own error in the body, say that there is no scan.
 *
 * @category models
 * @since 0.2.0
 */
export interface RecoverCall<out K extends string> {
  readonly path: string | ((prepared: Prepared<K>) => string)
  readonly query?: (prepared: Prepared<K>) => Query
  readonly scan: (body: unknown, prepared: Prepared<K>) => string | number | null | Unusable
  readonly none?: ReadonlyArray<number>
}

/**
 * The call that asks the vendor to cancel a scan, for a vendor that documents one. Any 2xx answer means that it was asked
 * for; the scan ends with the vendor's next answer to a poll.
 *
 * @category models
 * @since 0.2.0
 */
export interface CancelCall {
  readonly method?: "POST" | "PUT" | "DELETE" | "GET"
  readonly path: IdPath
  readonly query?: IdQuery
  readonly body?: (scanId: string, subject: Subject | null) => unknown
  readonly as?: BodyKind
}

/**
 * The submission: one request.
 *
 * - `method`: default `POST`. A `GET` is sent once, whatever is answered.
 * - `path`: `{name}` stands for what that call of `prepare` returned, encoded.
 * - `body`: default the target itself, as `json`. With `GET` there is none.
 * - `id`: where the new scan's id is: a place in the body, a form that the `Location` header matches (its first group is
 *   the id), a function of the body, what was prepared and the target, or `{ prepared }`: the id is what that call of `prepare` returned, where the answer
 *   is a 2xx.
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
export interface Submit<in T, in out P, K extends string = never> {
  readonly method?: "POST" | "PUT" | "GET"
  readonly path: string | ((target: T, prepared: Prepared<K>) => string)
  readonly query?: (target: T, prepared: Prepared<K>) => Query
  readonly body?: (target: T, prepared: Prepared<K>) => unknown
  readonly as?: BodyKind
  readonly answer?: "json" | "text"
  readonly id:
    | Place
    | { readonly location: RegExp }
    | { readonly prepared: K }
    | ((body: unknown, prepared: Prepared<K>, target: T) => unknown)
  readonly already?: {
    readonly words: ReadonlyArray<string>
    readonly meanings?: Readonly<Record<string, When<P>>>
    readonly warnings?: (body: unknown, target: T, outcome: ScanOutcome<P>) => ReadonlyArray<string>
  }
  readonly pollAtOnce?: ReadonlyArray<string>
}

/**
 * In place of a submission, for a vendor that is only waited for: somebody else started the scan, and the target names it.
 * Nothing is sent and nothing is bought, so nothing can be in doubt.
 *
 * @category models
 * @since 0.2.0
 */
export interface KnownScan<in T> {
  readonly known: (target: T) => string | number
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
 * - `word`: where the status word is, or a function of the body and of the asked scan's id; null from it is no answer. `numeric`: the words at that
 *   place are whole numbers.
 * - `words`: what each documented word means, compared exactly; as a function, null for a word that is not documented.
 * - `pending`: answers other than 200 that say the scan is not finished.
 * - `messages`: where an answer that is not the end has what the vendor says it does: a list, oldest first, and the fields of an
 *   entry that make a line for people (an entry may be a text itself); or a function of the body. The last 20 count, each up
 *   to 300 characters. They are shown as a run goes on, each once, and decide nothing.
 * - `until`: the time (milliseconds since 1970) from which on a scan must not be asked for, because a poll of a scan that the
 *   vendor has forgotten would start another one. It counts as not found then, and nothing is sent.
 * - `created`, `completed`: where the answer, as it was read, has its RFC 3339 times.
 * - `subject`: what a finished scan was about, as the answer itself names it, or as its status word carries it for an answer of
 *   `result`; null where neither does. Left out: the answer of this vendor never says. `type`: where it names the vendor's type of scan, in the words of `pacing.durations.kind`.
 *   An answer about another site, dataset or type than was asked for counts for nothing.
 *
 * @category models
 * @since 0.2.0
 */
export interface Status<in A, out P> {
  readonly path: IdPath
  readonly query?: IdQuery
  readonly id: Place | null
  readonly word: Place | ((body: unknown, scanId: string) => string | null)
  readonly numeric?: boolean
  readonly words: Readonly<Record<string, Meaning<A, P>>> | ((word: string) => Meaning<A, P> | null)
  readonly pending?: ReadonlyArray<PendingStatus>
  readonly until?: (scanId: string) => number
  readonly messages?:
    | { readonly rows: Place; readonly line: ReadonlyArray<string> }
    | ((body: unknown) => ReadonlyArray<string>)
  readonly created?: Place
  readonly completed?: Place
  readonly subject?: (answer: unknown, word: string) => Subject | null
  readonly type?: Place
}

/**
 * The result of a scan whose status word means `ended`: one `GET` at a second address, asked for until it is there.
 *
 * - `query`: told the scan's id, the vendor's status word and what the scan is about; that is null where it is known by its id
 *   alone.
 * - `id`: where the answer says which scan it is about; null where it does not.
 * - `means`: what the answer means, or a function of the status word.
 * - `pending`: answers other than 200 that say the result is not ready.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResultCall<in A, out P> {
  readonly path: IdPath
  readonly query?: (scanId: string, word: string, subject: Subject | null) => Query | Unusable
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
 * - `page`: the query of a page, told the page before it, what the scan is about, which is null where it is known by its id
 *   alone, and the vendor's status word; null where there is no such page. Left out: there is one page.
 * - `pages`: at most so many are read. Default 20; beyond it the findings are not `whole`.
 * - `isAbout`: whether an answer is about the asked scan.
 * - `read`: the findings that all pages tell.
 *
 * @category models
 * @since 0.2.0
 */
export interface FindingsCall<F> {
  readonly path: IdPath
  readonly page?: (
    index: number,
    before: F | null,
    scanId: string,
    subject: Subject | null,
    word: string
  ) => Query | null
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
 * - `rows`: where the list is, or a function that finds it; null where the answer holds none. Rows that `row` cannot read are passed over.
 * - `query`: of a page, told its number from 0 and how many rows the pages before it had: a vendor may send fewer than it
 *   was asked for, so count on with those. Left out: the list is one page, and whole.
 * - `total`: where the answer says how many rows there are. Without it, an empty page is the end. `whole`: every answer is the
 *   whole list, whatever was asked for.
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
  readonly rows: Place | ((body: unknown) => ReadonlyArray<unknown> | null)
  readonly total?: Place
  readonly whole?: boolean
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
