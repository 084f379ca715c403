import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as Certificates from "./certificates.ts"
import { canary, clientFor, clients, credential, reply, vendor, type Call } from "./loopback.ts"

const forms = [
  canary,
  canary.slice(0, 20),
  encodeURIComponent(canary),
  Buffer.from(canary).toString("base64"),
  Buffer.from(`Bearer ${canary}`).toString("base64")
]

const assertClean = (text: string): void => {
  for (const form of forms) assert.isFalse(text.includes(form), `a form of the key is in: ${text.slice(0, 300)}`)
}

/** Everything a careless program might print of what a request came to. */
const printsOf = (asked: Effect.Effect<VendorHttp.VendorResponse, VendorHttp.TransportFault>) =>
  Effect.matchCause(asked, {
    onFailure: (cause) => {
      const error: unknown = Cause.squash(cause)
      return [
        Cause.pretty(cause),
        String(cause),
        inspect(cause, { depth: 20, showHidden: true }),
        JSON.stringify(cause),
        String(error),
        inspect(error, { depth: 20, showHidden: true }),
        JSON.stringify(error),
        error instanceof Error ? `${error.stack} ${error.message} ${inspect(error.cause)}` : ""
      ]
    },
    onSuccess: (answer) => [inspect(answer, { depth: 20, showHidden: true }), JSON.stringify(answer)]
  })

const tokenOf = (call: Call): string => /^authorization: Bearer (.*)$/im.exec(call.text)?.[1] ?? "no key"

/** Each is a vendor that repeats the key wherever it can. */
const scripts: ReadonlyArray<readonly [string, (call: Call) => void]> = [
  ["the body", (call) => call.socket.write(reply(403, JSON.stringify({ error: { message: `bad ${tokenOf(call)}` } })))],
  ["a body that is not JSON", (call) => call.socket.write(reply(403, `<p>${tokenOf(call)}</p>`))],
  ["the name of a field", (call) => call.socket.write(reply(200, JSON.stringify({ [tokenOf(call)]: 1 })))],
  [
    "escapes in the body",
    (call) =>
      call.socket.write(
        reply(200, `{"a":"${Array.from(tokenOf(call), (c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")}"}`)
      )
  ],
  [
    "base64 in the body",
    (call) => call.socket.write(reply(200, JSON.stringify(Buffer.from(`Bearer ${tokenOf(call)}`).toString("base64"))))
  ],
  [
    "headers",
    (call) =>
      call.socket.write(
        reply(500, "oops", [
          ["content-type", `text/${tokenOf(call)}`],
          ["x-request-id", tokenOf(call)],
          ["retry-after", tokenOf(call)],
          ["x-ratelimit-reset", tokenOf(call)],
          ["date", tokenOf(call)]
        ])
      )
  ],
  ["the content encoding", (call) => call.socket.write(reply(200, "x", [["content-encoding", tokenOf(call)]]))],
  [
    "the place it points to",
    (call) => call.socket.write(reply(302, "", [["location", `https://x/?k=${tokenOf(call)}`]]))
  ],
  ["the status line of something like HTTP", (call) => call.socket.end(`HTTP/9 ${tokenOf(call)}\r\n\r\n`)],
  ["a broken header", (call) => call.socket.end(`HTTP/1.1 200 OK\r\n${tokenOf(call)}\r\n\r\n`)],
  [
    "the reason of a cut answer",
    (call) => call.socket.end(`HTTP/1.1 200 ${tokenOf(call)}\r\ncontent-length: 99\r\n\r\n{"`)
  ],
  ["a body that hangs", (call) => call.socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"${tokenOf(call)}`)],
  ["nothing, it resets", (call) => call.socket.resetAndDestroy()]
]

describe.each(clients)("over %s", (_name, layer) => {
  it.live.each(scripts)(
    "a vendor that repeats the key in %s leaves it in no result, log line or span (SE-05)",
    ([, answer]) => {
      const lines: Array<string> = []
      const logger = Logger.make((entry) => void lines.push(inspect([entry.message, entry.cause], { depth: 20 })))
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const spans: Array<Tracer.Span> = []
      return Effect.gen(function* () {
        const acme = yield* vendor(answer)
        const client = yield* clientFor(acme, { timeout: "200 millis" })
        for (const asked of [client.get("/scans/1", { query: { q: "x" } }), client.post("/scans", { a: 1 })]) {
          const prints = yield* printsOf(Effect.tapCause(asked, (cause) => Effect.logError("failed", cause)))
          prints.forEach(assertClean)
        }
        assert.isAbove(acme.calls.length, 0)
        assert.strictEqual(tokenOf(acme.calls[0] ?? assert.fail("no call")), canary)
        assertClean(inspect(client, { depth: 20, showHidden: true }) + JSON.stringify(client))
        assertClean(lines.join("\n"))
        assertClean(inspect(spans, { depth: 20, showHidden: true }))
      }).pipe(
        Effect.withSpan("caller"),
        Effect.provideService(Tracer.Tracer, tracer),
        Effect.provide(
          Layer.mergeAll(layer, Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, "Trace"))
        )
      )
    }
  )

  it.live("a vendor that cannot be reached or trusted leaves the key in no fault", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(vendor(() => {}))
      const impostor = yield* vendor(() => {}, { certificate: Certificates.make(["127.0.0.1"]) })
      const plain = yield* vendor(() => {}, { accept: (socket) => socket.end("not TLS") })
      for (const target of [gone, impostor, { ...plain, url: plain.url.replace("http:", "https:") }]) {
        const client = yield* clientFor(target)
        for (const text of yield* printsOf(client.get("/scans/1"))) assertClean(text)
      }
    }).pipe(Effect.provide(layer))
  )

  it.live("a key that was pasted as an id or a target leaves in no path and no body", () =>
    Effect.gen(function* () {
      const acme = yield* vendor((call) => call.socket.write(reply(200, "{}")))
      const client = yield* clientFor(acme)
      for (const asked of [
        client.get(`/scans/${VendorHttp.segment(canary)}`),
        client.get("/scans", { query: { q: canary } }),
        client.post("/scans", { url: `https://x.example/?k=${canary}` })
      ]) {
        const fault = yield* Effect.flip(asked)
        assert.deepInclude(fault, { sent: false, permanent: true })
        assertClean(fault.message)
      }
      assert.strictEqual(acme.calls.length, 0)
    }).pipe(Effect.provide(layer))
  )

  it.live("a key that no header can hold reaches neither the vendor nor a message (CL-03)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write(reply(200, "{}")))
      for (const value of [`${canary}\r\nx-evil: 1`, `${canary}\u0000`, `${canary}ü`, `Bearer ${canary}`]) {
        const client = yield* clientFor(acme, { credential: Effect.succeed(Redacted.make(value)) })
        for (const asked of [client.get("/scans/1"), client.post("/scans", {})]) {
          const prints = yield* printsOf(asked)
          prints.forEach(assertClean)
          assert.include(prints.join(), "no-credential")
        }
      }
      assert.strictEqual(acme.connections(), 0)
    }).pipe(Effect.provide(layer))
  )

  it.live("what a redirect points to never sees the key (SE-02)", () =>
    Effect.gen(function* () {
      const other = yield* vendor(({ socket }) => socket.write(reply(200, "{}")))
      const acme = yield* vendor(({ socket }) => socket.write(reply(307, "", [["location", other.url]])))
      const client = yield* clientFor(acme, { credential, headers: { "x-account": "blue" } })
      yield* client.get("/scans/1")
      yield* client.post("/scans", {})
      assert.strictEqual(other.connections(), 0)
    }).pipe(Effect.provide(layer))
  )
})
