// The clients that the project makes, over real sockets: what is below the engine sends nothing a second time.
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { createScanpoll } from "@scanpoll/promise"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as http from "node:http"
import * as http2 from "node:http2"
import type * as net from "node:net"
import tlsDefaults, * as tls from "node:tls"
import * as Http from "scanpoll/vendors/Http"
import * as Certificates from "../../packages/core/test/http/certificates.ts"

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void

// Answers over HTTP/1.1, would speak HTTP/2 to whoever asks for it, and refuses every stream there.
const listening = (answer: Answer, secure: boolean) =>
  Effect.gen(function* () {
    const seen = { posts: 0, streams: 0 }
    const take: Answer = (request, response) => {
      if (request.method === "POST") seen.posts++
      request.on("error", () => {})
      request.resume().on("end", () => answer(request, response))
    }
    const certificate = Certificates.make(["127.0.0.1"])
    const server = secure ? http2.createSecureServer({ ...certificate, allowHTTP1: true }) : http.createServer(take)
    if (secure) {
      const before = tls.getCACertificates("default")
      tls.setDefaultCACertificates([...before, certificate.cert])
      yield* Effect.addFinalizer(() => Effect.sync(() => tls.setDefaultCACertificates(before)))
      server.on("stream", (stream: http2.ServerHttp2Stream) => {
        seen.streams++
        stream.on("error", () => {})
        stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
      })
      server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
        if (request.httpVersionMajor === 1) take(request, response)
      })
    }
    const sockets = new Set<net.Socket>()
    server.on(secure ? "secureConnection" : "connection", (socket: net.Socket) => sockets.add(socket))
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { seen, host: `127.0.0.1:${port}`, url: `${secure ? "https" : "http"}://127.0.0.1:${port}` }
  })

const json = (response: http.ServerResponse, status: number): void => {
  response.writeHead(status, { "content-type": "application/json" }).end("{}")
}

const answers: Readonly<Record<string, Answer>> = {
  "closes the connection without an answer": (request) => void request.socket.destroy(),
  "says that the request was for another server (421)": (_, response) => json(response, 421),
  "is not there for a moment (503)": (_, response) => json(response, 503),
  "closes in the middle of its answer": (request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("{")
    setImmediate(() => request.socket.destroy())
  }
}

const clients: Readonly<Record<string, (url: string, host: string) => Effect.Effect<unknown>>> = {
  "the command": (url, host) =>
    Effect.gen(function* () {
      const { make } = yield* VendorHttp.VendorHttp
      const credential = Effect.succeed(Redacted.make("avk_live_0123456789abcdef"))
      const client = yield* make({
        vendor: "acme",
        baseUrl: url,
        insecureHosts: [host],
        credential,
        timeout: "3 seconds"
      })
      return yield* Effect.exit(client.post("/scans", { url: "https://a.example" }))
    }).pipe(Effect.provide(Http.layer), Effect.orDie),
  "the promise client": (url, host) =>
    Effect.promise(async () => {
      const scanpoll = createScanpoll({
        appvet: { apiKey: "avk_live_0123456789abcdef", baseUrl: url, insecureHosts: [host] }
      })
      await scanpoll.appvet.submit({ url: "https://a.example", type: "seo" }).catch(() => null)
      await scanpoll.dispose()
    })
}

// A server that speaks TLS 1.1 at most, and a Node that is told to speak it: what old middleboxes make people do.
const oldTls = Effect.gen(function* () {
  const [version, ciphers] = [tlsDefaults.DEFAULT_MIN_VERSION, tlsDefaults.DEFAULT_CIPHERS]
  tlsDefaults.DEFAULT_MIN_VERSION = "TLSv1"
  tlsDefaults.DEFAULT_CIPHERS = "ALL:@SECLEVEL=0"
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => Object.assign(tlsDefaults, { DEFAULT_MIN_VERSION: version, DEFAULT_CIPHERS: ciphers }))
  )
  const seen = { handshakes: 0 }
  const options = { ...Certificates.make(["127.0.0.1"]), maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const
  const server = tls.createServer(options, (socket) => {
    seen.handshakes++
    socket.on("error", () => {}).destroy()
  })
  server.on("tlsClientError", () => {})
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () => Effect.sync(() => void server.close())
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const plain = Effect.callback<void>((resume) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
    socket.on("error", () => {}).on("close", () => resume(Effect.void))
  })
  return { seen, plain, host: `127.0.0.1:${port}`, url: `https://127.0.0.1:${port}` }
})

describe.each(Object.entries(clients))("%s", (_, submit) => {
  it.live("speaks TLS 1.2 at least, also where Node is told to speak less (S-13)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { host, plain, seen, url } = yield* oldTls
        yield* plain
        // A Node whose OpenSSL was built without TLS 1.1 cannot be told to speak it.
        if (seen.handshakes === 0) return
        yield* submit(url, host)
        assert.strictEqual(seen.handshakes, 1)
      })
    )
  )

  it.live.each(Object.entries(answers))("sends a submission once where the vendor %s (S-14)", ([, answer]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { host, seen, url } = yield* listening(answer, false)
        yield* submit(url, host)
        assert.strictEqual(seen.posts, 1)
      })
    )
  )

  it.live("does not speak HTTP/2 to a vendor that would, whose refused streams are sent again (S-14)", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const { host, seen, url } = yield* listening(
          answers["closes the connection without an answer"] ?? (() => {}),
          true
        )
        yield* submit(url, host)
        assert.deepStrictEqual(seen, { posts: 1, streams: 0 })
      })
    )
  )
})
