/** A server on loopback over a journal in memory, and raw requests to it: what a client of fetch cannot say can be said here. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Handlers from "@scanpoll/server/Handlers"
import * as Server from "@scanpoll/server/Server"
import * as Tokens from "@scanpoll/server/Tokens"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createServer, request } from "node:http"

export const tokens = {
  reader: Tokens.make("reader", ["read"]),
  payer: Tokens.make("payer", ["read", "payload"]),
  mute: Tokens.make("mute", ["payload"]),
  decider: Tokens.make("decider", ["read", "reconcile"])
}

export interface Serving {
  readonly port: number
  readonly server: Server.Server
  readonly journal: ScanJournal.Operations
}

const emptyReport = ScanReport.fromRecords([], { version: "0", id: "run_1", startedAt: 0, finishedAt: 1, plan: null })

/** Serves a journal in memory until the scope ends. `every`: how often it is looked at for events. */
export const serving = (options: Partial<Server.Options> = {}) =>
  Effect.gen(function* () {
    const journal = Context.get(yield* Layer.build(ScanJournal.layerMemory), ScanJournal.ScanJournal)
    const listening = yield* Layer.build(
      NodeHttpServer.layer(() => createServer(), { host: "127.0.0.1", port: 0, gracefulShutdownTimeout: "10 seconds" })
    )
    const { address } = Context.get(listening, HttpServer.HttpServer)
    const port = address._tag === "UnixPathAddress" ? 0 : address.port
    const server = yield* Effect.provideService(
      Server.make({
        host: "127.0.0.1",
        port,
        publicUrl: null,
        secret: "a secret of the test",
        tokens: Effect.succeed(
          Tokens.parse(
            Object.values(tokens)
              .map(({ line }) => line)
              .join("\n")
          ).tokens
        ),
        sources: {
          ...Handlers.none,
          reportOfRun: (id) => Effect.succeed(id === "run_1" ? emptyReport : null)
        },
        every: "10 millis",
        ...options
      }),
      ScanJournal.ScanJournal,
      journal
    )
    yield* Effect.provide(HttpServer.serveEffect(server.app), listening)
    yield* Effect.addFinalizer(() => server.drain)
    return { port, server, journal } satisfies Serving
  })

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
  readonly json: unknown
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** One request, by the token of a reader unless `headers` say otherwise; its path goes out as it is written. */
export const ask = (
  { port }: Pick<Serving, "port">,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly token?: string | null
    /** Sent as JSON where it is no text. */
    readonly body?: unknown
  } = {}
): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    const { body } = options
    const text = typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body)
    const sent =
      text === undefined
        ? {}
        : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }
    const token = options.token === undefined ? tokens.reader.token : options.token
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: options.method ?? "GET",
        agent: false,
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...sent, ...options.headers }
      },
      (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (part: string) => {
          text += part
        })
        response.on("end", () =>
          resume(
            Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: parsed(text)
            })
          )
        )
      }
    )
    asked.on("error", (error) => resume(Effect.die(error)))
    asked.end(text)
    return Effect.sync(() => asked.destroy())
  })

/** A stream of events: what has come of it until now, and whether it has ended. */
export interface Listening {
  readonly status: () => number
  readonly text: () => string
  readonly isOver: () => boolean
}

/** Listens to events until the scope ends. */
export const listen = ({ port }: Pick<Serving, "port">, headers: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.callback<Listening & { readonly close: () => void }>((resume) => {
      let text = ""
      let over = false
      const asked = request(
        {
          host: "127.0.0.1",
          port,
          path: "/api/v1/events",
          agent: false,
          headers: { authorization: `Bearer ${tokens.reader.token}`, ...headers }
        },
        (response) => {
          response.setEncoding("utf8")
          response.on("data", (part: string) => {
            text += part
          })
          response.on("close", () => {
            over = true
          })
          resume(
            Effect.succeed({
              status: () => response.statusCode ?? 0,
              text: () => text,
              isOver: () => over,
              close: () => asked.destroy()
            })
          )
        }
      )
      asked.on("error", () => {
        over = true
      })
      asked.end()
    }),
    ({ close }) => Effect.sync(close)
  )

/** Waits until something is so; the test's own limit is the only one. */
export const until = (isSo: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.andThen(Effect.sleep("2 millis"), until(isSo))))

const account = { vendor: "acme", origin: "https://acme.test", account: "default" } as const
const codec = Schema.toCodecJson(ScanOutcome.schema(Schema.Struct({ said: Schema.String })))

export const subject = { kind: "url", id: "https://a.test/", name: "a" } as const

/** A claim that was submitted. */
export const submitted = (journal: ScanJournal.Operations, name: string, about: Subject = subject) =>
  Effect.gen(function* () {
    const key = { ...account, environment: "", fingerprint: name }
    const { claimId } = yield* journal.claim(key, {
      subject: about,
      reuseFrom: 0,
      request: { secret: "of the request" }
    })
    yield* journal.submitted(claimId, ScanTicket.make({ ...account, scanId: name, submittedAt: 1 }), 0)
    return claimId
  })

/** A claim that has settled; `said`: what its answer has beside that of a scan without findings. */
export const settled = (
  journal: ScanJournal.Operations,
  name: string,
  said: Partial<Pick<ScanOutcome.Completed<unknown>, "assessment" | "findings">> = {}
) =>
  Effect.gen(function* () {
    const claimId = yield* submitted(journal, name)
    const outcome = ScanOutcome.makeCompleted({
      ticket: ScanTicket.make({ ...account, scanId: name, submittedAt: 1 }),
      vendorStatus: "done",
      assessment: { severity: "low", vendorSeverity: null, compliance: null, score: null },
      findings: { coverage: "full", total: 0, items: [] },
      payload: { said: "the payload" },
      ...said
    })
    yield* journal.settled(claimId, Schema.encodeSync(codec)(outcome))
    return claimId
  })
