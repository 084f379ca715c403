// What a vendor's errors mean. Types alone, passed on by `Definition`.
import type * as Duration from "effect/Duration"
import type { VendorResponse } from "../../http/VendorHttp.ts"
import type { PollFaultKind } from "../../model/PollFault.ts"
import type { SubmitErrorKind } from "../../model/SubmitError.ts"
import type { Place } from "../Wire.ts"

/**
 * A kind of fault; with `!` where asking again cannot help.
 *
 * @category models
 * @since 0.2.0
 */
export type Firm<K extends string> = K | `${K}!`

/**
 * What is asked about scans: `recover` after a submission whose answer was lost, the others about scans that exist.
 *
 * @category models
 * @since 0.2.0
 */
export type Question = "status" | "result" | "findings" | "list" | "recover" | "cancel"

/**
 * What a documented error means: `poll` for the questions in `on` (default: all), `submit` for a submission. A row that
 * is silent about a call leaves it to the HTTP status. `wait`: how long to leave a throttled account alone, where the answer names
 * no wait itself. `says` is a form that the vendor's message must have, where one
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
  readonly wait?: Duration.Input
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
 * - `unanswered`: what may be behind a request that left and got no answer at all, where the vendor drops connections to say
 *   no. It is added to the message.
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
  readonly unanswered?: string
  readonly doubt?: string | ((target: T) => string)
}
