// What is known of a vendor and its adapter: the facts that the rules hold an adapter to. Types alone. Passed on by
// `Conformance`.
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Credential } from "@scanpoll/core/http/Credential"
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import type { Facts, Question } from "@scanpoll/core/vendor/Definition"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Script, Step } from "../Script.ts"

/**
 * The way to a value inside a JSON body, such as `["scan", "status"]`.
 *
 * @category models
 * @since 0.1.0
 */
export type Path = ReadonlyArray<string | number>

/**
 * An answer of the vendor as its documentation shows it: a JSON body, with status 200 unless told. Made by
 * `Script.respond`, or written down.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer = Pick<Step, "status" | "body" | "headers">

/**
 * Where the adapter under test finds its vendor: plain http on loopback, so the host has to be allowed. `credential` is
 * asked before each request, and may give another key each time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  readonly baseUrl: string
  readonly credential: Credential
  readonly insecureHosts: ReadonlyArray<string>
}

/**
 * How the requests of this vendor look.
 *
 * - `valid`: requests without a fault; the first one is submitted throughout.
 * - `equal`: pairs that are one purchase by the vendor's own rule, written differently where the rule allows it.
 * - `different`: pairs that are two purchases, each differing in one thing that matters.
 * - `anew`: requests that ask for a new scan whatever exists, for adapters with `maxAge`.
 * - `invalid`: requests with a fault, and the field it is in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requests<Request> {
  readonly valid: readonly [Request, ...Array<Request>]
  readonly equal: readonly [readonly [Request, Request], ...Array<readonly [Request, Request]>]
  readonly different: readonly [readonly [Request, Request], ...Array<readonly [Request, Request]>]
  readonly anew?: readonly [Request, ...Array<Request>]
  readonly invalid: readonly [InvalidRequest<Request>, ...Array<InvalidRequest<Request>>]
}

/**
 * A request with a fault in the field at `path`.
 *
 * @category models
 * @since 0.1.0
 */
export interface InvalidRequest<Request> {
  readonly request: Request
  readonly path: Path
}

/**
 * How a scan ends.
 *
 * @category models
 * @since 0.1.0
 */
export type Ending = "Completed" | "Partial" | "Failed"

/**
 * An answer that shows the end of a scan, and the outcome it stands for.
 *
 * - `result`: the fields without which the end says nothing. A completed scan without them must not be completed.
 * - `reason`: for a failed scan, the fields that say why.
 *
 * @category models
 * @since 0.1.0
 */
export interface SettledAnswer {
  readonly answer: Answer
  readonly outcome: Ending
  readonly result?: ReadonlyArray<Path>
  readonly reason?: ReadonlyArray<Path>
}

/**
 * A request as the vendor documents it, for example in a call of `curl`.
 *
 * - `path`: behind the base URL, with its query where it has one: `/api/v3/urls`. `{id}` stands for the scan's id.
 * - `headers`: those that the vendor asks for, apart from the content type. `{key}` stands for the key.
 * - `as`: how `body` is written; default `json` with a body, `none` without.
 *
 * `{key}` may stand in the path's query too. Where it stands is where the vendor looks for the key.
 *
 * @category models
 * @since 0.2.0
 */
export interface Sent {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly as?: "json" | "form" | "multipart" | "text" | "none"
  readonly body?: unknown
}

/**
 * The id of a scan is what the call of `prepare` with that name returned, so that no answer to the submission has it.
 *
 * `says`: the places that together show that the scan was started, under any status. Without them every 2xx shows it.
 *
 * @category models
 * @since 0.2.0
 */
export interface PreparedId {
  readonly prepared: string
  readonly says?: ReadonlyArray<Path>
}

/**
 * How the vendor answers submissions.
 *
 * - `sends`: the documented request that submits the first valid request.
 * - `id`: where the id is in such an answer: a place in its body, or a form that its `Location` header matches, whose
 *   first group is the id; or the call of `prepare` that returned it.
 * - `scanId`: the id of the scan of the first valid request, where it is more than what is there: `TARGET/{id}`. Default `{id}`.
 * - `waits`: nothing is submitted, because the scan exists already; the id in `accepted` is the one that the first valid
 *   request names.
 * - `accepted`: answers that take the submission and do not show its end.
 * - `settled`: answers that already are the end, such as a cache hit; left out where the vendor has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubmitFacts {
  readonly sends?: Sent
  readonly id: Path | { readonly location: RegExp } | PreparedId
  readonly scanId?: string
  readonly waits?: boolean
  readonly accepted: readonly [Answer, ...Array<Answer>]
  readonly settled?: ReadonlyArray<SettledAnswer>
}

/**
 * How the vendor answers polls.
 *
 * - `sends`: the documented request.
 * - `id`, `status`: where the scan's id and its status word are; null where the answer has none.
 * - `decides`: the places that tell the status together, where there is no word for it.
 * - `numeric`: the words are whole numbers. `isWord`: whether a word is a documented one, where those of the answers are
 *   not all of them.
 * - `otherId`: an id in the vendor's form that none of the answers has.
 * - `pending`: an answer for every documented word of a scan that has not ended, and the phase it stands for.
 * - `settled`: an answer for every documented word of a scan that has ended; one of them completed, unless `ended` has one.
 * - `ended`: answers that say that the scan is over and not what came of it: `result` of the kit has that.
 * - `moved`: answers that say that the scan goes on under another id, and that id.
 * - `cancelled`: answers of a scan that was called off.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollFacts {
  readonly sends?: Sent
  readonly id: Path | null
  readonly status: Path | null
  readonly decides?: ReadonlyArray<Path>
  readonly numeric?: boolean
  readonly isWord?: (word: string) => boolean
  readonly otherId: string
  readonly pending: ReadonlyArray<PendingAnswer>
  readonly settled: ReadonlyArray<SettledAnswer>
  readonly ended?: ReadonlyArray<Answer>
  readonly moved?: ReadonlyArray<{ readonly answer: Answer; readonly to: string; readonly at: Path }>
  readonly cancelled?: ReadonlyArray<Answer>
}

/**
 * The request for the result of a scan that has ended, for adapters with `result`.
 *
 * - `sends`: the documented request for a scan of the first valid request. `id`: where the answer says which scan it is about;
 *   null where it does not.
 * - `word`: the status word that is told with the question. An answer may be one to another word.
 * - `decides`: the places that tell together how the scan ended, where the answer has no word for it.
 * - `pending`: answers that say that the result is not ready. `settled`: the results.
 *
 * @category models
 * @since 0.2.0
 */
export interface ResultFacts {
  readonly sends?: Sent
  readonly id: Path | null
  readonly word: string
  readonly decides?: ReadonlyArray<Path>
  readonly pending?: ReadonlyArray<PendingAnswer>
  readonly settled: ReadonlyArray<SettledAnswer & { readonly word?: string }>
}

/**
 * What has to be there before a submission, for adapters with `prepare` and `recover`.
 *
 * - `calls`: the documented requests of a preparation for the first valid request, in their order, and the answers.
 * - `returns`: what is prepared by them.
 * - `recover`: for adapters with `recover`.
 *
 * @category models
 * @since 0.2.0
 */
export interface PrepareFacts {
  readonly calls: readonly [PrepareCallFacts, ...Array<PrepareCallFacts>]
  readonly returns: Readonly<Record<string, string | number>>
  readonly recover?: RecoverFacts
}

/**
 * How the vendor answers when it is asked what became of a submission: `sends` the documented request, `found` the answer that
 * names the scan, with its id, `none` answers that prove that there is no scan, `unsure` answers that prove neither.
 *
 * @category models
 * @since 0.2.0
 */
export interface RecoverFacts {
  readonly sends: Sent
  readonly found: { readonly answer: Answer; readonly id: string }
  readonly none: readonly [Answer, ...Array<Answer>]
  readonly unsure?: ReadonlyArray<Answer>
}

/**
 * One documented request of a preparation and its answer.
 *
 * @category models
 * @since 0.2.0
 */
export interface PrepareCallFacts {
  readonly sends: Sent
  readonly answer: Answer
}

/**
 * The call that cancels a scan, for adapters with `cancel`: the documented request, and an answer of 2xx that takes it.
 *
 * @category models
 * @since 0.2.0
 */
export interface CancelFacts {
  readonly sends: Sent
  readonly answer: Answer
}

/**
 * An answer about a scan that has not ended. With a status other than 200 it is one of the vendor's own errors that says
 * so; `within` is how long after a submission of ours it means that.
 *
 * @category models
 * @since 0.1.0
 */
export interface PendingAnswer {
  readonly answer: Answer
  readonly phase: "queued" | "running"
  readonly within?: Duration.Input
}

/**
 * A documented error of the vendor, and what it means for a submission, for a poll, or for both. `permanent` is about
 * the poll.
 *
 * - `on`: the questions that `poll` is about. Default: all.
 * - `anyBody`: the status alone says it, whatever the body.
 * - `wait`: how long the documentation leaves a throttled account alone, where the answer names no wait.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorAnswer {
  readonly answer: Answer
  readonly submit?: SubmitErrorKind
  readonly poll?: PollFaultKind
  readonly permanent?: boolean
  readonly on?: ReadonlyArray<Question>
  readonly anyBody?: boolean
  readonly wait?: Duration.Input
}

/**
 * The second call for the findings of a scan, for adapters with `collect`.
 *
 * - `of`: the answer whose outcome is collected for: the first `Completed` of `settled` unless told.
 * - `answer`: the vendor's answer; every request of the call gets it. `id`: where it says which scan it is about.
 * - `pages`: the answers to the requests after the first, where there are several.
 * - `findings`: how many findings all of them hold, at least 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface CollectFacts {
  readonly of?: SettledAnswer
  readonly answer: Answer
  readonly pages?: ReadonlyArray<Answer>
  readonly id?: Path
  readonly findings: number
}

/**
 * The search for a submission whose answer was lost, for adapters with `reconcile`.
 *
 * - `request`, `since`: what was submitted, and when (milliseconds since 1970).
 * - `scripts`: the vendor's answers, by request where there are several. A step stands for one request unless it has
 *   `times`.
 * - `finds`: the ids of the scans that may be the lost one, at least one, in any order.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReconcileFacts<Request> {
  readonly request: Request
  readonly since: number
  readonly scripts: ReadonlyArray<Script>
  readonly finds: readonly [string, ...Array<string>]
}

/**
 * A vendor's facts, and how to make its adapter.
 *
 * - `vendor`: the name the adapter goes by.
 * - `http`: `VendorHttp.layer` over the HTTP client the adapter will be used with.
 * - `make`: the adapter, for a vendor that lives at the given place.
 * - `basePath`: the path of the base URL behind the origin, such as `/api/v1`. Default none.
 * - `auth`: how the vendor wants to be shown the key. Default `bearer`.
 * - `keys`: two different keys in the vendor's form. Default: two that mean nothing.
 * - `ids`: what an id looks like, as in a definition.
 * - `active`: its scans attack what they scan: a request without `authorized: true` must be one of `requests.invalid`.
 * - `errors`: the vendor's documented errors, at least one of them a refused submission.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kit<Request, Payload> {
  readonly vendor: string
  readonly http: Layer.Layer<VendorHttp>
  readonly make: (place: Place) => Effect.Effect<ScanAdapter<Request, Payload>, unknown, VendorHttp | Scope.Scope>
  readonly basePath?: string
  readonly auth?: NonNullable<Facts["auth"]>
  readonly keys?: readonly [string, string]
  readonly ids?: RegExp | "number"
  readonly active?: boolean
  readonly requests: Requests<Request>
  readonly submit: SubmitFacts
  readonly poll: PollFacts
  readonly errors: readonly [ErrorAnswer, ...Array<ErrorAnswer>]
  readonly prepare?: PrepareFacts
  readonly result?: ResultFacts
  readonly cancel?: CancelFacts
  readonly collect?: CollectFacts
  readonly reconcile?: ReconcileFacts<Request>
}

/**
 * The parts of an adapter that rules are about.
 *
 * @category models
 * @since 0.1.0
 */
export type Group =
  | "kit"
  | "facts"
  | "requests"
  | "prepare"
  | "submit"
  | "poll"
  | "result"
  | "cancel"
  | "faults"
  | "credential"
  | "collect"
  | "reconcile"
