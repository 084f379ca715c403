/**
 * The HTTP API of a journal: what can be asked, and what is answered. The OpenAPI document and typed clients follow from it.
 *
 * Everything is read, but for one decision that the operator may allow: what became of a submission whose answer was lost. Lists are pages with an opaque cursor; a query key that is not listed is refused, and so is one that is
 * given twice. Every error is a problem as RFC 9457 has it. Texts of vendors, targets and plans are harmless lines: no control
 * character, no credential of this process.
 *
 * @since 0.2.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Format from "@scanpoll/report/Format"

const blank = "about:blank"

/**
 * The request cannot be read: a cursor that is not one of ours, a value out of bounds.
 *
 * @category errors
 * @since 0.2.0
 */
export class BadRequest extends HttpApiError.Problem<BadRequest>()("BadRequest", {
  type: "https://scanpoll.dev/problems/bad-request",
  status: 400,
  title: "Bad Request"
}) {}

/**
 * The token lacks the scope that this needs.
 *
 * @category errors
 * @since 0.2.0
 */
export class Forbidden extends HttpApiError.Problem<Forbidden>()("Forbidden", {
  type: blank,
  status: 403,
  title: "Forbidden"
}) {}

/**
 * There is no such thing in the journal.
 *
 * @category errors
 * @since 0.2.0
 */
export class NotFound extends HttpApiError.Problem<NotFound>()("NotFound", {
  type: blank,
  status: 404,
  title: "Not Found"
}) {}

/**
 * The journal cannot be read at the moment.
 *
 * @category errors
 * @since 0.2.0
 */
export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: blank,
  status: 503,
  title: "Service Unavailable"
}) {}

/**
 * What is asked for does not fit how the claim stands: it is not in doubt, or the scan belongs to another claim.
 *
 * @category errors
 * @since 0.2.0
 */
export class Conflict extends HttpApiError.Problem<Conflict>()("Conflict", {
  type: blank,
  status: 409,
  title: "Conflict"
}) {}

/**
 * The claim is no longer as `If-Match` says: somebody decided, or something happened.
 *
 * @category errors
 * @since 0.2.0
 */
export class Changed extends HttpApiError.Problem<Changed>()("Changed", {
  type: blank,
  status: 412,
  title: "Precondition Failed"
}) {}

/**
 * The release is not confirmed by the claim's own subject.
 *
 * @category errors
 * @since 0.2.0
 */
export class Unconfirmed extends HttpApiError.Problem<Unconfirmed>()("Unconfirmed", {
  type: "https://scanpoll.dev/problems/unconfirmed",
  status: 422,
  title: "Unprocessable Content"
}) {}

/**
 * There is no `If-Match`.
 *
 * @category errors
 * @since 0.2.0
 */
export class Unversioned extends HttpApiError.Problem<Unversioned>()("Unversioned", {
  type: blank,
  status: 428,
  title: "Precondition Required"
}) {}

// A query parameter is text: its pattern is what the document says and what is checked.
const Limit = Schema.String.check(
  Schema.isPattern(/^(?:[1-9]|[1-9][0-9]|1[0-9][0-9]|200)$/, { expected: "a whole number from 1 to 200" })
).annotate({
  description: "How many at most, from 1 to 200. Default 50."
})
const Cursor = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,400}$/, { expected: "the `next` of an earlier page" })
).annotate({
  description: "`next` of the page before."
})
const Label = (description: string) =>
  Schema.String.check(Schema.isPattern(/^\P{Cc}{1,200}$/u, { expected: "1 to 200 characters on one line" })).annotate({
    description
  })
const ClaimId = Schema.String.check(
  Schema.isPattern(/^clm_[0-9a-z]{1,60}$/, { expected: "the id of a claim" })
).annotate({ description: "Of a claim." })
const RunId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/, { expected: "the id of a run" })).annotate({
  description: "Of a run."
})
const FormatName = Schema.Literals(["json", ...Format.names.filter((name) => name !== "json")]).annotate({
  description: "Default json."
})

const next = Schema.NullOr(Schema.String).annotate({
  description: "Leads to the page after this one; null on the last."
})
/**
 * A page of a list. `next` leads to the page after it; null on the last.
 *
 * @category schemas
 * @since 0.2.0
 */
export const page = <Item extends Schema.Top>(item: Item) => Schema.Struct({ items: Schema.Array(item), next })

const errors = [BadRequest, Forbidden, NotFound, Unavailable] as const
const mimes = [...new Set(Format.all.map(({ mime }) => mime))].map((contentType) =>
  Schema.String.pipe(HttpApiSchema.asText({ contentType }))
)

/**
 * A run with its rows in their order.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunWithRows = Schema.Struct({
  ...JournalView.Run.fields,
  rows: Schema.Array(JournalView.Row)
})

/**
 * One account: what it has open and in doubt, and until when it is asked nothing. `origin` is the vendor's address.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Account = Schema.Struct({
  vendor: Schema.String,
  account: Schema.String,
  origin: Schema.String,
  open: Schema.Finite,
  inDoubt: Schema.Finite,
  troubled: Schema.Finite,
  pausedUntil: Schema.NullOr(Schema.String),
  submitsPausedUntil: Schema.NullOr(Schema.String),
  lastFault: Schema.NullOr(JournalView.Fault)
})

/**
 * What the polls of a claim saw, oldest first.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Polls = Schema.Struct({ items: Schema.Array(JournalView.Poll) })

/**
 * The accounts that have something open, in doubt or paused.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Accounts = Schema.Struct({ items: Schema.Array(Account) })

/**
 * The targets, the newest answer first. `complete` is false where older answers are left out.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Targets = Schema.Struct({
  items: Schema.Array(JournalView.Target),
  next,
  complete: Schema.Boolean.annotate({ description: "False where older answers are left out." })
})

/**
 * The notifications, the newest first.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Deliveries = Schema.Struct({ items: Schema.Array(JournalView.Delivery) })

/**
 * `status` is what `scanpoll cluster status -o json` prints; null where no workers share the journal.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Cluster = Schema.Struct({ shared: Schema.Boolean, status: Schema.NullOr(Schema.Json) })

/**
 * What is going on, as server-sent events.
 *
 * - `hello` comes first, `ping` every 15 seconds where nothing else does.
 * - `change`: a claim moved, a poll of it was stored, or a run began or ended. Ask for it again.
 * - `reset`: more changed than is told, or the id to go on from is too old. Ask for everything again.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Event = Schema.Struct({
  id: Schema.UndefinedOr(Schema.String),
  event: Schema.Literals(["hello", "change", "ping", "reset"]),
  data: Schema.String
})

/**
 * What became of a submission whose answer was lost, as a person decides it.
 *
 * - `look`: ask the vendor; it is taken where there is one scan that it must be.
 * - `adopt`: it is there, under this id; taken once the vendor knows it.
 * - `release`: it is not there, and a later run may pay again. `confirmSubject`: the name or the id of the claim's subject.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Decide = Schema.Union([
  Schema.Struct({ action: Schema.Literal("look") }),
  Schema.Struct({
    action: Schema.Literal("adopt"),
    scanId: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256))
  }),
  Schema.Struct({
    action: Schema.Literal("release"),
    confirmSubject: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(4_000))
  })
]).annotate({
  expected: "a JSON object whose action is look, adopt with a scanId, or release with a confirmSubject"
})

/**
 * What a decision came to.
 *
 * - `found`: the claim has its scan, `scanId`, and is waited for like any other. `released`: it is over.
 * - `several`: the vendor has several that it may be, `candidates` and `more` besides. `none`: its list has none.
 *   `unlisted`: it has no list. `unasked`: it could not be asked. `not-it`: it is not the scan that was named. The claim stays
 *   in doubt.
 * - `parked`: nobody waits for the scan any more. `unparked`: it may be waited for again.
 * - `detail`: that in words. `claim`: as it stands now.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Decision = Schema.Struct({
  result: Schema.Literals([
    "found",
    "several",
    "none",
    "unlisted",
    "unasked",
    "not-it",
    "released",
    "parked",
    "unparked"
  ]),
  scanId: Schema.NullOr(Schema.String),
  detail: Schema.String,
  candidates: Schema.Array(
    Schema.Struct({
      scanId: Schema.String,
      madeAt: Schema.NullOr(Schema.String),
      stands: Schema.String,
      about: Schema.NullOr(Schema.String)
    })
  ),
  more: Schema.Finite,
  claim: JournalView.Claim
})

const decisionErrors = [...errors, Conflict, Changed, Unconfirmed, Unversioned] as const

const ifMatch = {
  "if-match": Schema.optionalKey(Schema.String).annotate({ description: "The `ETag` of the claim. Needed." })
}

const parking = {
  params: { claimId: ClaimId },
  headers: ifMatch,
  success: Decision,
  error: decisionErrors
}

const Claims = HttpApiGroup.make("claims").add(
  HttpApiEndpoint.get("list", "/claims", {
    query: {
      state: Schema.optionalKey(JournalView.Claim.fields.state),
      vendor: Schema.optionalKey(Label("Of this vendor.")),
      account: Schema.optionalKey(Label("Of the account with this label.")),
      subject: Schema.optionalKey(Label("About this subject, as `kind:id`.")),
      run: Schema.optionalKey(RunId),
      cursor: Schema.optionalKey(Cursor),
      limit: Schema.optionalKey(Limit)
    },
    success: page(JournalView.Claim),
    error: errors
  }).annotate(OpenApi.Summary, "Claims, the newest first"),
  HttpApiEndpoint.get("one", "/claims/:claimId", {
    params: { claimId: ClaimId },
    success: JournalView.Claim,
    error: errors
  }).annotate(OpenApi.Summary, "One claim; its `ETag` is the version that a decision names"),
  HttpApiEndpoint.get("events", "/claims/:claimId/events", {
    params: { claimId: ClaimId },
    success: Polls,
    error: errors
  }).annotate(OpenApi.Summary, "What the polls of a claim saw, and why each wait was as long as it was"),
  HttpApiEndpoint.get("report", "/claims/:claimId/report", {
    params: { claimId: ClaimId },
    query: { format: Schema.optionalKey(FormatName) },
    success: mimes,
    error: errors
  }).annotate(OpenApi.Summary, "The report of one settled claim"),
  HttpApiEndpoint.post("reconcile", "/claims/:claimId/reconcile", {
    params: { claimId: ClaimId },
    headers: ifMatch,
    payload: Decide,
    success: Decision,
    error: decisionErrors
  })
    .annotate(OpenApi.Summary, "Decide what became of a submission whose answer was lost")
    .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error" }),
  HttpApiEndpoint.post("park", "/claims/:claimId/park", parking).annotate(
    OpenApi.Summary,
    "Nobody waits for an open scan any more: it goes on at the vendor, and stays paid"
  ),
  HttpApiEndpoint.post("unpark", "/claims/:claimId/unpark", parking).annotate(
    OpenApi.Summary,
    "A scan that nobody waits for may be waited for again"
  )
)

const Runs = HttpApiGroup.make("runs").add(
  HttpApiEndpoint.get("list", "/runs", {
    query: { cursor: Schema.optionalKey(Cursor), limit: Schema.optionalKey(Limit) },
    success: page(JournalView.Run),
    error: errors
  }).annotate(OpenApi.Summary, "Runs, the newest first"),
  HttpApiEndpoint.get("one", "/runs/:runId", {
    params: { runId: RunId },
    success: RunWithRows,
    error: errors
  }).annotate(OpenApi.Summary, "One run with its rows"),
  HttpApiEndpoint.get("report", "/runs/:runId/report", {
    params: { runId: RunId },
    query: { format: Schema.optionalKey(FormatName) },
    success: mimes,
    error: errors
  }).annotate(OpenApi.Summary, "The report of a run, made again from the journal")
)

const Standing = HttpApiGroup.make("standing").add(
  HttpApiEndpoint.get("targets", "/targets", {
    query: { cursor: Schema.optionalKey(Cursor), limit: Schema.optionalKey(Limit) },
    success: Targets,
    error: errors
  }).annotate(OpenApi.Summary, "The answers about each target over time, the newest answer first"),
  HttpApiEndpoint.get("accounts", "/accounts", {
    success: Accounts,
    error: errors
  }).annotate(OpenApi.Summary, "The accounts with open scans or a pause"),
  HttpApiEndpoint.get("deliveries", "/deliveries", {
    query: { state: Schema.optionalKey(JournalView.Delivery.fields.state), limit: Schema.optionalKey(Limit) },
    success: Deliveries,
    error: errors
  }).annotate(OpenApi.Summary, "Notifications: what was told to whom, and what did not arrive"),
  HttpApiEndpoint.get("cluster", "/cluster", {
    success: Cluster,
    error: errors
  }).annotate(OpenApi.Summary, "The workers that share the journal")
)

const Events = HttpApiGroup.make("events").add(
  HttpApiEndpoint.get("stream", "/events", {
    headers: { "last-event-id": Schema.optionalKey(Schema.String) },
    success: HttpApiSchema.StreamSse({ events: Event }),
    error: errors
  }).annotate(OpenApi.Summary, "What changes, as server-sent events")
)

const secured = (spec: Record<string, unknown>): Record<string, unknown> => ({
  ...spec,
  security: [{ bearer: [] }, { cookie: [] }]
})

/**
 * The API. Its operations are below `/api/v1`.
 *
 * @category models
 * @since 0.2.0
 */
export class Api extends HttpApi.make("scanpoll")
  .add(Claims, Runs, Standing, Events)
  .prefix("/api/v1")
  .middleware(HttpApiMiddleware.ProblemDetails)
  .annotateMerge(
    OpenApi.annotations({
      title: "scanpoll",
      version: "1",
      description:
        "What a journal of scanpoll holds, and, where its operator allows it, the decision about a submission whose answer was lost.",
      transform: secured
    })
  ) {}
