/**
 * What the API answers, from the journal.
 *
 * @since 0.2.0
 */
import { type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as History from "@scanpoll/journal/History"
import * as JournalView from "@scanpoll/journal/JournalView"
import * as Format from "@scanpoll/report/Format"
import type { ScanReport } from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import * as Actions from "./Actions.ts"
import * as AccountStanding from "./AccountStanding.ts"
import * as Answer from "./Answer.ts"
import * as Api from "./Api.ts"
import * as Cursor from "./Cursor.ts"
import type { Feed } from "./Feed.ts"
import * as FromJournal from "./internal/fromJournal.ts"
import * as Principal from "./Principal.ts"
import * as Subjects from "./Subjects.ts"

/**
 * What the command knows and the journal alone does not.
 *
 * - `reportOfRun`, `reportOfClaim`: made again from the journal, with the vendors' own results where `payload` is true; null
 *   where there is none.
 * - `cluster`: the standing of the workers as JSON; null where none share the journal.
 * - `journal`: how people name the journal, without a password. `tail`: what a printed command needs to find it, with a space
 *   before it; empty where it needs nothing.
 * - `doubtOf`: what a person should know before deciding about a submission to this vendor whose answer was lost. `budgetOf`: how many
 *   requests the vendor allows, in words; null where that is not known.
 * - `actions`: how decisions are carried out; null where the operator allows none.
 *
 * @category models
 * @since 0.2.0
 */
export interface Sources {
  readonly reportOfRun: (runId: string, payload: boolean) => Effect.Effect<ScanReport | null, JournalError>
  readonly reportOfClaim: (claimId: string, payload: boolean) => Effect.Effect<ScanReport | null, JournalError>
  readonly cluster: Effect.Effect<Schema.Json, JournalError> | null
  readonly journal: string
  readonly tail: string
  readonly doubtOf: (vendor: string) => ReadonlyArray<string>
  readonly budgetOf: (vendor: string) => string | null
  readonly actions: Actions.Actions | null
}

/**
 * No sources: no reports, no cluster, no decisions, and commands that name no journal.
 *
 * @category constructors
 * @since 0.2.0
 */
export const none: Sources = {
  reportOfRun: () => Effect.succeed(null),
  reportOfClaim: () => Effect.succeed(null),
  cluster: null,
  journal: "",
  tail: "",
  doubtOf: () => [],
  budgetOf: () => null,
  actions: null
}

/**
 * Decides about a claim, for those who may: `Actions.make`.
 *
 * @category models
 * @since 0.2.0
 */
export type Decide = ReturnType<typeof Actions.make>

const usualLimit = 50

const limitOf = (text: string | undefined): number => (text === undefined ? usualLimit : Number(text))

// A page of HTML brings its own script and style and allows those alone; everything else is to be saved.
const rendered = (report: ScanReport, name: string, file: string) =>
  Effect.gen(function* () {
    const format = Format.byName(name)
    if (format === undefined) return yield* new Api.BadRequest({ detail: "there is no such format" })
    const text = yield* Format.renderText(format, report)
    const response = Answer.text(text, { type: `${format.mime}; charset=utf-8` })
    if (format.name === "json") return response
    if (format.name !== "html") {
      const disposition = `attachment; filename="${file}.${format.extension}"`
      return Answer.withHeaders(response, { "content-disposition": disposition })
    }
    const [, policy = "default-src 'none'"] = /http-equiv="Content-Security-Policy" content="([^"&]*)"/.exec(text) ?? []
    return Answer.withHeaders(response, { "content-security-policy": `${policy}; frame-ancestors 'none'` })
  })

const ClaimPage = Api.page(JournalView.Claim)
const RunPage = Api.page(JournalView.Run)

const payloads = Effect.map(Principal.Principal, (who) => Principal.may(who, "payload"))

const claims = (sources: Sources, decide: Decide) =>
  HttpApiBuilder.group(
    Api.Api,
    "claims",
    Effect.fn(function* (handlers) {
      const journal = yield* ScanJournal
      const decided = Effect.fnUntraced(function* (
        claimId: string,
        version: string | undefined,
        decision: Actions.Wish["decision"]
      ) {
        const { entry, ...made } = yield* decide(yield* Principal.Principal, { claimId, version, decision })
        const said = { ...made, claim: JournalView.claim(entry) }
        return yield* Answer.json(Api.Decision, said, { etag: Actions.versionOf(entry) })
      })
      return handlers.handleAll({
        list: Effect.fnUntraced(function* ({ query }) {
          const { account, cursor, limit, run, state, vendor } = query
          const after = yield* Cursor.decode("claims", cursor, 1)
          const { entries, next } = yield* FromJournal.read(
            journal.page({
              limit: limitOf(limit),
              ...(yield* Subjects.read(query.subject)),
              ...(state === undefined ? {} : { states: [state] }),
              ...(vendor === undefined ? {} : { vendor }),
              ...(account === undefined ? {} : { account }),
              ...(run === undefined ? {} : { run }),
              ...(after?.[0] === undefined ? {} : { after: after[0] })
            })
          )
          return yield* Answer.json(ClaimPage, {
            items: entries.map(JournalView.claim),
            next: next === null ? null : Cursor.encode("claims", next)
          })
        }),
        one: Effect.fnUntraced(function* ({ params }) {
          const entry = yield* FromJournal.orNotFound(yield* FromJournal.read(journal.get(params.claimId)), "claim")
          return yield* Answer.json(JournalView.Claim, JournalView.claim(entry), { etag: Actions.versionOf(entry) })
        }),
        reconcile: ({ headers, params, payload }) => decided(params.claimId, headers["if-match"], payload),
        park: ({ headers, params }) => decided(params.claimId, headers["if-match"], { action: "park" }),
        unpark: ({ headers, params }) => decided(params.claimId, headers["if-match"], { action: "unpark" }),
        events: Effect.fnUntraced(function* ({ params }) {
          yield* FromJournal.orNotFound(yield* FromJournal.read(journal.get(params.claimId)), "claim")
          const polls = yield* FromJournal.read(journal.polls(params.claimId))
          return yield* Answer.json(Api.Polls, { items: polls.map(JournalView.poll) })
        }),
        report: Effect.fnUntraced(function* ({ params, query }) {
          const made = FromJournal.read(sources.reportOfClaim(params.claimId, yield* payloads))
          const report = yield* FromJournal.orNotFound(yield* made, "settled claim")
          return yield* rendered(report, query.format ?? "json", params.claimId)
        })
      })
    })
  )

const runs = (sources: Sources) =>
  HttpApiBuilder.group(
    Api.Api,
    "runs",
    Effect.fn(function* (handlers) {
      const { runs } = yield* ScanJournal
      return handlers.handleAll({
        list: Effect.fnUntraced(function* ({ query }) {
          const [before, beforeId] = (yield* Cursor.decode("runs", query.cursor, 2)) ?? []
          const limit = limitOf(query.limit)
          const found = yield* FromJournal.read(
            runs.list({
              limit: limit + 1,
              ...(before === undefined || beforeId === undefined ? {} : { before: Number(before), beforeId })
            })
          )
          const shown = found.slice(0, limit)
          const last = found.length > limit ? shown.at(-1) : undefined
          return yield* Answer.json(RunPage, {
            items: shown.map(JournalView.run),
            next: last === undefined ? null : Cursor.encode("runs", String(last.startedAt), last.runId)
          })
        }),
        one: Effect.fnUntraced(function* ({ params }) {
          const { rows, run } = yield* FromJournal.orNotFound(yield* FromJournal.read(runs.get(params.runId)), "run")
          return yield* Answer.json(Api.RunWithRows, { ...JournalView.run(run), rows: rows.map(JournalView.row) })
        }),
        report: Effect.fnUntraced(function* ({ params, query }) {
          const made = FromJournal.read(sources.reportOfRun(params.runId, yield* payloads))
          const report = yield* FromJournal.orNotFound(yield* made, "run")
          return yield* rendered(report, query.format ?? "json", params.runId)
        })
      })
    })
  )

const standing = (sources: Sources, whole: FromJournal.Whole) =>
  HttpApiBuilder.group(
    Api.Api,
    "standing",
    Effect.fn(function* (handlers) {
      const journal = yield* ScanJournal
      return handlers.handleAll({
        targets: Effect.fnUntraced(function* ({ query }) {
          const after = (yield* Cursor.decode("targets", query.cursor, 1))?.[0]
          const entries = yield* FromJournal.read(whole.answers)
          const lines = History.lines(entries)
          const isAfter = (line: History.Line): boolean => line.points.some(({ claimId }) => claimId === after)
          const from = after === undefined ? 0 : lines.findIndex(isAfter) + 1
          if (after !== undefined && from === 0) {
            return yield* new Api.BadRequest({ detail: "that page is over; begin again without a cursor" })
          }
          const shown = lines.slice(from, from + limitOf(query.limit))
          const last = from + shown.length < lines.length ? shown.at(-1)?.points.at(-1) : undefined
          return yield* Answer.json(Api.Targets, {
            items: shown.map(JournalView.target),
            next: last === undefined ? null : Cursor.encode("targets", last.claimId),
            complete: entries.length < FromJournal.answersOfTargets
          })
        }),
        accounts: Effect.fnUntraced(function* () {
          const open = yield* FromJournal.read(whole.open)
          const pauses = yield* FromJournal.read(journal.pauses)
          return yield* Answer.json(Api.Accounts, { items: AccountStanding.of(open, pauses) })
        }),
        deliveries: Effect.fnUntraced(function* ({ query: { limit, state } }) {
          const filter = { limit: limitOf(limit), ...(state === undefined ? {} : { states: [state] }) }
          const items = yield* FromJournal.read(journal.deliveries(filter))
          return yield* Answer.json(Api.Deliveries, { items: items.map(JournalView.delivery) })
        }),
        cluster: Effect.fnUntraced(function* () {
          const { cluster } = sources
          const status = cluster === null ? null : yield* FromJournal.read(cluster)
          return yield* Answer.json(Api.Cluster, { shared: cluster !== null, status })
        })
      })
    })
  )

const events = (feed: Feed) =>
  HttpApiBuilder.group(
    Api.Api,
    "events",
    Effect.fn(function* (handlers) {
      return handlers.handleAll({
        stream: ({ headers }) =>
          Effect.succeed(Answer.stream(feed.listen(headers["last-event-id"] ?? null), { type: "text/event-stream" }))
      })
    })
  )

/**
 * The handlers of every operation.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (sources: Sources, feed: Feed, whole: FromJournal.Whole, decide: Decide) =>
  Layer.mergeAll(claims(sources, decide), runs(sources), standing(sources, whole), events(feed))
