/**
 * Vendors on loopback sockets that misbehave to the byte, and keep a ledger of what reached them.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Credential from "@scanpoll/core/http/Credential"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Certificate } from "./certificates.ts"

export const canary = "sk-live-canary-0123456789+/=abcdef"

export interface Call {
  readonly socket: net.Socket
  /** The whole request: head and body. */
  readonly text: string
  /** The how-manieth request of all, from 1. */
  readonly number: number
  /** The how-manieth request on its connection, from 1. */
  readonly onConnection: number
}

export interface Vendor {
  readonly port: number
  readonly url: string
  readonly host: string
  readonly calls: ReadonlyArray<Call>
  readonly connections: () => number
  readonly open: () => number
  /** Resolves when no connection is open. */
  readonly idle: Effect.Effect<void>
}

/** Opens a server on loopback and gives its port; it closes with the scope, and its connections with it. */
export const opened = (
  server: net.Server,
  sockets: ReadonlySet<net.Socket>
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  })

/**
 * Answers each complete request with `answer`, at the level of bytes. `accept` sees each connection first.
 */
export const vendor = (
  answer: (call: Call) => void,
  options: { readonly certificate?: Certificate; readonly accept?: (socket: net.Socket) => void } = {}
): Effect.Effect<Vendor, never, Scope.Scope> =>
  Effect.gen(function* () {
    const calls: Array<Call> = []
    const sockets = new Set<net.Socket>()
    const waiting = new Set<() => void>()
    let connections = 0
    const serve = (socket: net.Socket): void => {
      let buffered = ""
      let onConnection = 0
      socket.on("error", () => {})
      socket.on("data", (data) => {
        buffered += data.toString("latin1")
        const end = buffered.indexOf("\r\n\r\n")
        if (end < 0) return
        const length = Number(/^content-length: *(\d+)/im.exec(buffered.slice(0, end))?.[1] ?? 0)
        if (buffered.length < end + 4 + length) return
        const text = buffered.slice(0, end + 4 + length)
        buffered = buffered.slice(end + 4 + length)
        onConnection++
        const call: Call = { socket, text, number: calls.length + 1, onConnection }
        calls.push(call)
        answer(call)
      })
    }
    const server =
      options.certificate === undefined ? net.createServer(serve) : tls.createServer({ ...options.certificate }, serve)
    server.on("tlsClientError", () => {})
    // On a TLS server this is the socket below it, so refused handshakes count as connections too.
    server.on("connection", (socket: net.Socket) => {
      connections++
      sockets.add(socket)
      socket.on("error", () => {})
      socket.once("close", () => {
        sockets.delete(socket)
        if (sockets.size > 0) return
        for (const resume of waiting) resume()
        waiting.clear()
      })
      options.accept?.(socket)
    })
    const port = yield* opened(server, sockets)
    const host = `127.0.0.1:${port}`
    return {
      port,
      host,
      url: `${options.certificate === undefined ? "http" : "https"}://${host}`,
      calls,
      connections: () => connections,
      open: () => sockets.size,
      idle: Effect.callback<void>((resume) => {
        if (sockets.size === 0) resume(Effect.void)
        else waiting.add(() => resume(Effect.void))
      })
    }
  })

/** A complete answer with its length declared. */
export const reply = (
  status: number,
  body: string | Uint8Array = "",
  headers: ReadonlyArray<readonly [string, string]> = []
): Buffer => {
  const bytes = Buffer.from(body)
  const lines = [
    `HTTP/1.1 ${status} Whatever`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`
  ]
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), bytes])
}

/** A complete answer in chunks, its length unknown until its end. */
export const chunked = (
  status: number,
  chunks: ReadonlyArray<string>,
  headers: ReadonlyArray<readonly [string, string]> = []
): Buffer => {
  const lines = [
    `HTTP/1.1 ${status} Whatever`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "transfer-encoding: chunked"
  ]
  const parts = [...chunks, ""].map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`)
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${parts.join("")}`, "utf8")
}

/** The HTTP clients the promises hold for. */
export const clients = [
  ["undici", VendorHttp.layer.pipe(Layer.provide(NodeHttpClient.layerUndici))],
  ["undici's dispatcher", VendorHttp.layer.pipe(Layer.provide(DispatchClient.layer(NodeHttpClient.makeDispatcher)))],
  ["fetch", VendorHttp.layer.pipe(Layer.provide(NodeHttpClient.layerFetch))],
  ["node:http", VendorHttp.layer.pipe(Layer.provide(NodeHttpClient.layerNodeHttpOptions({ keepAlive: true })))]
] as const

export const credential: Credential.Credential = Effect.succeed(Redacted.make(canary))

/** A client for a vendor on loopback; 15 seconds is too long to wait for in a test. */
export const clientFor = (
  target: Pick<Vendor, "url" | "host">,
  options: Partial<VendorHttp.Options> = {}
): Effect.Effect<VendorHttp.VendorClient, VendorHttp.VendorConfigError, VendorHttp.VendorHttp> =>
  Effect.flatMap(VendorHttp.VendorHttp, ({ make }) =>
    make({
      vendor: "acme",
      baseUrl: target.url,
      insecureHosts: [target.host],
      credential,
      timeout: "3 seconds",
      ...options
    })
  )
