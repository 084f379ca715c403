/**
 * A journal, served: the API behind its guard, as one effect that answers a request. The caller brings the sockets.
 *
 * @since 0.2.0
 */
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as SafeText from "@scanpoll/report/SafeText"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Actions from "./Actions.ts"
import * as Answer from "./Answer.ts"
import { Api } from "./Api.ts"
import * as Feed from "./Feed.ts"
import * as Guard from "./Guard.ts"
import * as Handlers from "./Handlers.ts"
import * as FromJournal from "./internal/fromJournal.ts"
import * as Pages from "./internal/pages/pages.ts"
import * as Operations from "./Operations.ts"
import * as Sessions from "./Sessions.ts"
import type { Token } from "./Tokens.ts"

/**
 * - `port`: where it listens. `host`: the address it listens on; loopback's names are always answered.
 * - `publicUrl`: what people type where a proxy stands before it; null where none does.
 * - `secret`: signs sessions. One that is kept lets them outlive a restart; see `Sessions.makeSecret`.
 * - `tokens`: asked for each request that has one.
 * - `sources`: what the journal alone does not know.
 * - `every`: how often the journal is looked at while somebody listens, default half a second.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly host: string
  readonly port: number
  readonly publicUrl: URL | null
  readonly secret: string
  readonly tokens: Effect.Effect<ReadonlyArray<Token>>
  readonly sources: Handlers.Sources
  readonly every?: Duration.Input
}

/**
 * - `app`: answers one request; it never fails.
 * - `link`: a link that lets one browser in, once, within a minute.
 * - `drain`: ends every stream of events, and those that are asked for later at once: a server that stops waits for none.
 * - `listeners`: how many streams of events are open.
 *
 * @category models
 * @since 0.2.0
 */
export interface Server {
  readonly app: Effect.Effect<Answer.Answer, never, HttpServerRequest | Scope.Scope>
  readonly link: Effect.Effect<string>
  readonly drain: Effect.Effect<void>
  readonly listeners: () => number
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

const routes = (sources: Handlers.Sources, feed: Feed.Feed, whole: FromJournal.Whole, decide: Handlers.Decide) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(Api).pipe(
      Layer.provide(Handlers.layer(sources, feed, whole, decide)),
      Layer.provide(HttpApiMiddleware.layerProblemDetails({ includeDetails: true }))
    ),
    Pages.layer(sources, whole, decide),
    HttpRouter.add(
      "GET",
      "/openapi.json",
      Answer.text(SafeText.document(Operations.document, 0), { type: "application/json" })
    )
  )

/**
 * Serves the journal, for as long as the scope.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options): Effect.Effect<Server, never, ScanJournal | Scope.Scope> =>
  Effect.gen(function* () {
    const { host, port, publicUrl } = options
    const feed = yield* Feed.make(options.every === undefined ? {} : { every: options.every })
    const sessions = Sessions.make(options.secret)
    // One for the API and the pages: two decisions of a claim wait for each other, wherever they come from.
    const journal = yield* ScanJournal
    const decide = Actions.make(options.sources.actions, journal)
    const whole = yield* FromJournal.whole(journal)
    const context = yield* Layer.build(
      routes(options.sources, feed, whole, decide).pipe(
        Layer.provideMerge(HttpRouter.layer),
        Layer.provide(HttpServer.layerServices)
      )
    )
    const names = [...new Set(["127.0.0.1", "localhost", "[::1]", bracketed(host)])].map((name) => `${name}:${port}`)
    const doors: Guard.Doors = {
      hosts: new Set([...names, ...(publicUrl === null ? [] : [publicUrl.host])]),
      origins: new Set([...names.map((name) => `http://${name}`), ...(publicUrl === null ? [] : [publicUrl.origin])]),
      cookie: `scanpoll-${port}`,
      isSecure: publicUrl?.protocol === "https:",
      sessions,
      tokens: options.tokens
    }
    const router = yield* Effect.provide(HttpRouter.HttpRouter, context)
    const base =
      publicUrl?.origin ?? `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : bracketed(host)}:${port}`
    return {
      app: Guard.make(doors, router.asHttpEffect()),
      link: Effect.map(sessions.link, (code) => `${base}/login?code=${code}`),
      drain: feed.end,
      listeners: feed.listeners
    }
  })
