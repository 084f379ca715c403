import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { ProxyAgent } from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as http from "node:http"
import * as http2 from "node:http2"
import * as net from "node:net"
import * as Certificates from "./certificates.ts"
import { canary, chunked, clientFor, opened, reply, vendor } from "./loopback.ts"

const json = '{"status":"processing"}'
const value: unknown = JSON.parse(json)
const certificate = Certificates.make(["127.0.0.1"])

const vendorOver = <E, R>(dispatcher: Effect.Effect<DispatchClient.Dispatcher, E, R>) =>
  VendorHttp.layer.pipe(Layer.provide(DispatchClient.layer(dispatcher)))

/** Listens on loopback and closes with the scope, all connections with it. */
const listening = (server: net.Server) =>
  Effect.gen(function* () {
    const sockets = new Set<net.Socket>()
    server.on("connection", (socket: net.Socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.once("close", () => sockets.delete(socket))
    })
    const port = yield* opened(server, sockets)
    return { host: `127.0.0.1:${port}`, port, connections: () => sockets.size }
  })

describe("DispatchClient over sockets", () => {
  it.live("sends nothing of a request that was given up while its host was looked up, when it is found after all", () =>
    Effect.gen(function* () {
      const connected = yield* Deferred.make<void>()
      const asked = yield* Deferred.make<() => void>()
      const acme = yield* vendor(({ socket }) => socket.write(reply(200, json)), {
        accept: () => Deferred.doneUnsafe(connected, Effect.void)
      })
      const lookup: net.LookupFunction = (_host, options, callback) => {
        const found = (): void =>
          options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4)
        Deferred.doneUnsafe(asked, Effect.succeed(found))
      }
      yield* Effect.gen(function* () {
        const host = `vendor.test:${acme.port}`
        const client = yield* clientFor({ url: `http://${host}`, host })
        const fiber = yield* Effect.forkChild(client.post("/scans", { name: "x" }), { startImmediately: true })
        const found = yield* Deferred.await(asked)
        yield* Fiber.interrupt(fiber)
        found()
        yield* Deferred.await(connected)
        yield* acme.idle
        assert.strictEqual(acme.calls.length, 0)
      }).pipe(Effect.provide(vendorOver(NodeHttpClient.makeDispatcherOptions({ connect: { lookup } }))))
    })
  )

  it.live("lets whoever has an answer go on at once with the body of another one", () =>
    Effect.gen(function* () {
      const size = 1024 * 1024
      const acme = yield* vendor(({ socket, text }) =>
        socket.write(text.startsWith("GET /large ") ? chunked(200, ["x".repeat(size)]) : reply(200, json))
      )
      const agent = yield* NodeHttpClient.makeDispatcher
      const paused = yield* Deferred.make<void>()
      const client = DispatchClient.make({
        dispatch: (options, handler) =>
          agent.dispatch(options, {
            onRequestStart: (controller) =>
              handler.onRequestStart({
                abort: (reason) => controller.abort(reason),
                pause: () => controller.pause(),
                resume: () => controller.resume()
              }),
            onResponseStart: (controller, status, headers) =>
              handler.onResponseStart(
                {
                  abort: (reason) => controller.abort(reason),
                  pause: () => {
                    controller.pause()
                    Deferred.doneUnsafe(paused, Effect.void)
                  },
                  resume: () => controller.resume()
                },
                status,
                headers
              ),
            onResponseData: (controller, chunk) => handler.onResponseData(controller, chunk),
            onResponseEnd: () => handler.onResponseEnd(),
            onResponseError: (controller, error) => handler.onResponseError(controller, error)
          })
      })
      const large = yield* client.get(`${acme.url}/large`)
      yield* Deferred.await(paused)
      // Goes on with the other body where this one's parser is at work.
      yield* client.get(`${acme.url}/small`)
      const read = yield* Stream.runFold(
        large.stream,
        () => 0,
        (sum, chunk) => sum + chunk.byteLength
      )
      assert.strictEqual(read, size)
    })
  )

  it.live("keeps its promises over HTTP/2, where one connection carries all requests", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const reached = yield* Deferred.make<void>()
      const server = http2.createSecureServer(certificate)
      const methods: Array<string> = []
      server.on("stream", (stream, headers) => {
        stream.on("error", () => {})
        methods.push(headers[":method"] ?? "")
        switch (headers[":path"]) {
          case "/hangs":
            stream.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
            Deferred.doneUnsafe(reached, Effect.void)
            return
          case "/large":
            stream.respond({ ":status": 200 })
            stream.end(Buffer.alloc(4 * 1024 * 1024, " "))
            return
          default:
            stream.additionalHeaders({ ":status": 103, "retry-after": "99" })
            stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"], "x-request-id": "r1" })
            stream.end(json)
        }
      })
      const { connections, host } = yield* listening(server)
      yield* Effect.gen(function* () {
        const client = yield* clientFor({ url: `https://${host}`, host }, { maxBytes: 1024 * 1024 })
        const first = yield* client.get("/scans/1")
        assert.deepStrictEqual([first.body, first.requestId], [{ _tag: "Json", value }, "r1"])
        assert.deepStrictEqual((yield* client.post("/scans", { name: "ü" })).body, { _tag: "Json", value })
        const large = yield* client.get("/large")
        assert.strictEqual(large.body._tag === "Unreadable" ? large.body.why : "", "too-large")
        const hanging = yield* Effect.forkChild(client.get("/hangs"), { startImmediately: true })
        yield* Deferred.await(reached)
        yield* Fiber.interrupt(hanging)
        yield* Deferred.await(closed)
        assert.strictEqual((yield* client.get("/scans/1")).status, 200)
        assert.strictEqual(connections(), 1)
        assert.deepStrictEqual(methods, ["GET", "POST", "GET", "GET", "GET"])
      }).pipe(Effect.provide(vendorOver(NodeHttpClient.makeDispatcherOptions({ connect: { ca: certificate.cert } }))))
    })
  )

  it.live("speaks through a proxy that its user chose, which does not see the key", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const proxy = http.createServer()
      proxy.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
        seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`)
        const [host = "", port = ""] = (request.url ?? "").split(":")
        const onward = net.connect(Number(port), host, () => {
          socket.write("HTTP/1.1 200 Connected\r\n\r\n")
          socket.pipe(onward).pipe(socket)
        })
        onward.on("error", () => socket.destroy())
        socket.on("close", () => onward.destroy())
      })
      const { host } = yield* listening(proxy)
      const acme = yield* vendor(({ socket }) => socket.write(reply(200, json)), { certificate })
      const agent = Effect.acquireRelease(
        Effect.sync(() => new ProxyAgent({ uri: `http://${host}`, requestTls: { ca: certificate.cert } })),
        (agent) => Effect.promise(() => agent.destroy())
      )
      yield* Effect.gen(function* () {
        const client = yield* clientFor(acme, { insecureHosts: [] })
        assert.deepStrictEqual((yield* client.get("/scans/1")).body, { _tag: "Json", value })
        assert.include(acme.calls[0]?.text ?? "", canary)
        assert.strictEqual(seen.length, 1)
        assert.notInclude(seen.join(), canary)
      }).pipe(Effect.provide(vendorOver(agent)))
    })
  )
})
