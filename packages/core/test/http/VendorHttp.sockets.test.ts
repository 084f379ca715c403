import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as tls from "node:tls"
import { gzipSync } from "node:zlib"
import * as Certificates from "./certificates.ts"
import { canary, chunked, clientFor, clients, reply, vendor, type Call } from "./loopback.ts"

const json = '{"id":"scan_1","status":"processing"}'
const value: unknown = JSON.parse(json)

const faultOf = (asked: Effect.Effect<VendorHttp.VendorResponse, VendorHttp.TransportFault>) =>
  Effect.flatMap(Effect.result(asked), (result) =>
    Result.isFailure(result)
      ? Effect.succeed(result.failure)
      : Effect.die(new Error(`expected a fault, got ${JSON.stringify(result.success)}`))
  )

/** Fails the test when the vendor still has an open connection a second later. */
const closesSoon = (idle: Effect.Effect<void>) =>
  Effect.timeoutOrElse(idle, {
    duration: "10 seconds",
    orElse: () => Effect.die(new Error("the connection is still open after ten seconds"))
  })

const detailOf = (answer: VendorHttp.VendorResponse): string =>
  answer.body._tag === "Unreadable" ? `${answer.body.why}: ${answer.body.detail}` : "Json"

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, " "))

const trusted = {
  good: Certificates.make(["127.0.0.1"]),
  wrongHost: Certificates.make(["elsewhere.example"]),
  expired: Certificates.make(["127.0.0.1"], new Date("2020-01-01T00:00:00Z"), new Date("2020-02-01T00:00:00Z"))
}
tls.setDefaultCACertificates([
  ...tls.getCACertificates("default"),
  ...Object.values(trusted).map((certificate) => certificate.cert)
])

// As SIGSTOP does, or the lid of a laptop: nothing of this process runs meanwhile.
const freeze = (millis: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

describe.each(clients)("over %s", (_name, layer) => {
  it.live("reads an answer that came while the process was frozen past the timeout of its request (D-04)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => {
        socket.write(reply(200, json))
        freeze(2500)
      })
      const client = yield* clientFor(acme, { timeout: "2 seconds" })
      for (const asked of [client.post("/scans", {}), client.get("/scans/1")]) {
        const answer = yield* asked
        assert.deepStrictEqual([answer.status, answer.body], [200, { _tag: "Json", value }])
      }
    }).pipe(Effect.provide(layer))
  )

  it.live("gives up soon after a freeze in which no answer came (D-04)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(() => freeze(700))
      const client = yield* clientFor(acme, { timeout: "300 millis" })
      const fault = yield* faultOf(client.post("/scans", {}))
      assert.deepInclude(fault, { sent: true, code: "timeout" })
    }).pipe(Effect.provide(layer))
  )

  it.live(
    "sends one request with the key in Authorization alone, asks for identity and sends no trace headers (SE-06)",
    () =>
      Effect.gen(function* () {
        const acme = yield* vendor(({ socket }) => socket.write(reply(200, json)))
        const client = yield* clientFor({ ...acme, url: `${acme.url}/api/v1/` }, { headers: { "X-Team": "blue" } })
        const answer = yield* client.get("/scans/a%2Fb", { query: { q: "a b&c", page: 2 } })
        assert.deepStrictEqual(answer.body, { _tag: "Json", value })
        assert.strictEqual(acme.calls.length, 1)
        const text = acme.calls[0]?.text ?? ""
        assert.isTrue(text.startsWith("GET /api/v1/scans/a%2Fb?q=a+b%26c&page=2 HTTP/1.1\r\n"))
        const head = text.toLowerCase()
        assert.include(head, `authorization: bearer ${canary}`.toLowerCase())
        assert.strictEqual(text.split(canary).length, 2)
        assert.include(head, "accept-encoding: identity")
        assert.include(head, "x-team: blue")
        assert.notMatch(head, /traceparent|\r\nb3:|x-b3|tracestate|cookie/)
      }).pipe(Effect.withSpan("caller"), Effect.provide(layer))
  )

  it.live("posts JSON once, whatever comes back", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write(reply(401, "{}")))
      const client = yield* clientFor(acme)
      const answer = yield* client.post("/scans", { url: "https://example.com", name: "ü" })
      assert.strictEqual(answer.status, 401)
      assert.strictEqual(acme.calls.length, 1)
      const [head = "", body = ""] = (acme.calls[0]?.text ?? "").split("\r\n\r\n")
      assert.match(head, /^POST \/scans HTTP/)
      assert.match(head, /content-type: application\/json/i)
      assert.deepStrictEqual(JSON.parse(Buffer.from(body, "latin1").toString("utf8")), {
        url: "https://example.com",
        name: "ü"
      })
    }).pipe(Effect.provide(layer))
  )

  it.live("reads every body to its end, so requests share a connection", () =>
    Effect.gen(function* () {
      const large = JSON.stringify("x".repeat(200_000))
      const acme = yield* vendor(({ number, socket }) =>
        socket.write(number % 2 === 0 ? chunked(503, [large.slice(0, 70_000), large.slice(70_000)]) : reply(503, large))
      )
      const client = yield* clientFor(acme)
      for (let i = 0; i < 40; i++) assert.strictEqual((yield* client.get("/scans/1")).status, 503)
      // undici frees a connection a moment after the body's end, so the next request may open a second one.
      assert.isAtMost(acme.connections(), 2)
    }).pipe(Effect.provide(layer))
  )

  it.live("ends a request that is never answered at the deadline and closes its socket (TR-01)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(() => {})
      const before = yield* Clock.currentTimeMillis
      const ended: Array<string> = []
      const ask = (timeout: "1 second" | "2 seconds") =>
        Effect.tap(
          Effect.flatMap(clientFor(acme, { timeout }), (client) => faultOf(client.get("/scans/1"))),
          () => Effect.sync(() => ended.push(timeout))
        )
      const [, fault] = yield* Effect.all([ask("2 seconds"), ask("1 second")], { concurrency: 2 })
      assert.deepInclude(fault, { code: "timeout", sent: true, permanent: false })
      // Each at its own, on a machine of any speed.
      assert.deepStrictEqual(ended, ["1 second", "2 seconds"])
      assert.isAtLeast((yield* Clock.currentTimeMillis) - before, 1990)
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live.each([
    ["of declared length", 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"sta'],
    ["in chunks", 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"sta\r\n']
  ] as const)("ends a body %s that stops arriving at the deadline and closes its socket (TR-02)", ([, bytes]) =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write(bytes))
      const client = yield* clientFor(acme)
      const fault = yield* faultOf(client.get("/scans/1", { timeout: "250 millis" }))
      assert.deepInclude(fault, { code: "timeout", sent: true, permanent: false })
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("ends a body that drips at the deadline (TR-10)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        const timer = setInterval(() => socket.write("1\r\n \r\n"), 10)
        socket.once("close", () => clearInterval(timer))
      })
      const client = yield* clientFor(acme, { timeout: "300 millis" })
      assert.strictEqual((yield* faultOf(client.get("/scans/1"))).code, "timeout")
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("keeps the deadline of a submission that its caller does not let be interrupted", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(() => {})
      const client = yield* clientFor(acme, { timeout: "250 millis" })
      const fault = yield* Effect.uninterruptible(faultOf(client.post("/scans", {})))
      assert.deepInclude(fault, { code: "timeout", sent: true })
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("cuts a request when its caller is interrupted, before the headers and during the body", () =>
    Effect.gen(function* () {
      for (const bytes of ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", "HTTP/1.1 200 OK\r\n\r\n{"]) {
        const reached: Array<() => void> = []
        const acme = yield* vendor(({ socket }) => socket.write(bytes, () => reached.forEach((resume) => resume())))
        const client = yield* clientFor(acme)
        const fiber = yield* Effect.forkChild(client.get("/scans/1"), { startImmediately: true })
        yield* Effect.callback<void>((resume) => {
          reached.push(() => resume(Effect.void))
        })
        yield* Fiber.interrupt(fiber)
        yield* closesSoon(acme.idle)
        assert.strictEqual(acme.calls.length, 1)
      }
    }).pipe(Effect.provide(layer))
  )

  it.live("reports a reset after the request as sent (TR-03)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.resetAndDestroy())
      const client = yield* clientFor(acme)
      const fault = yield* faultOf(client.get("/scans/1"))
      assert.deepInclude(fault, { sent: true, permanent: false, code: "econnreset" })
      assert.strictEqual(acme.calls.length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.live.each([
    ["of declared length", `HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n${'{"status":"completed"'.padEnd(40)}`],
    ["in chunks", 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n15\r\n{"status":"completed"\r\n']
  ] as const)("treats a good answer whose body %s is cut off as no answer (TR-05)", ([, bytes]) =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.end(bytes))
      const client = yield* clientFor(acme)
      const fault = yield* faultOf(client.get("/scans/1"))
      assert.deepInclude(fault, { sent: true, permanent: false })
      assert.include(["und_err_socket", "econnreset"], fault.code)
      assert.notInclude(fault.message, "completed")
    }).pipe(Effect.provide(layer))
  )

  it.live("keeps what a 429 says in its headers when its body is cut off or hangs", () =>
    Effect.gen(function* () {
      const head = "HTTP/1.1 429 Slow\r\nretry-after: 47\r\ncontent-length: 100\r\n\r\n{"
      const acme = yield* vendor(({ number, socket }) => {
        socket.write(head)
        if (number === 1) socket.end()
      })
      const client = yield* clientFor(acme, { timeout: "2 seconds" })
      for (const _ of [1, 2]) {
        const answer = yield* client.get("/scans/1")
        assert.strictEqual(answer.status, 429)
        assert.deepStrictEqual(answer.hint, Option.some(Duration.seconds(47)))
        assert.strictEqual(detailOf(answer), "not-json: status 429, no content type, the body broke off")
      }
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("never sends a submission a second time when a kept connection breaks off under it (TR-07)", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket, text }) =>
        text.startsWith("GET") ? socket.write(reply(200, json)) : socket.destroy()
      )
      const client = yield* clientFor(acme)
      for (let n = 0; !acme.calls.some(({ onConnection }) => onConnection > 1); n++) {
        assert.isBelow(n, 100, "no connection is used again")
        yield* client.get("/scans/1")
      }
      const fault = yield* faultOf(client.post("/scans", { url: "https://example.com" }))
      assert.deepInclude(fault, { sent: true, permanent: false })
      assert.strictEqual(acme.calls.filter(({ text }) => text.startsWith("POST")).length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.live("knows that nothing was sent when the connection is refused", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(vendor(() => {}))
      const client = yield* clientFor(gone)
      const fault = yield* faultOf(client.post("/scans", {}))
      assert.deepInclude(fault, { sent: false, permanent: false, code: "econnrefused" })
      assert.strictEqual(fault.message, `acme: the connection was refused (econnrefused) from ${gone.url}`)
    }).pipe(Effect.provide(layer))
  )

  it.live("does not take something that is not HTTP for an answer", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.end("220 mail.example ESMTP\r\n"))
      const client = yield* clientFor(acme)
      assert.deepInclude(yield* faultOf(client.get("/scans/1")), { sent: true, permanent: false })
    }).pipe(Effect.provide(layer))
  )

  it.live("passes over what comes before the answer", () =>
    Effect.gen(function* () {
      const hints = "HTTP/1.1 103 Early Hints\r\nretry-after: 99\r\nlink: </x>; rel=preload\r\n\r\n"
      const acme = yield* vendor(({ socket }) =>
        socket.write(Buffer.concat([Buffer.from(hints + hints), reply(200, json)]))
      )
      const client = yield* clientFor(acme)
      const answer = yield* client.get("/scans/1")
      assert.deepStrictEqual(answer.body, { _tag: "Json", value })
      assert.deepStrictEqual(answer.hint, Option.none())
    }).pipe(Effect.provide(layer))
  )

  it.live("does not change to another protocol that nobody asked for", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) =>
        socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: acme\r\n\r\nhello")
      )
      const client = yield* clientFor(acme)
      const asked = yield* Effect.result(client.get("/scans/1"))
      // The client for node:http hands such an answer on.
      if (Result.isSuccess(asked)) assert.deepInclude(asked.success, { status: 101, hint: Option.none() })
      else assert.deepInclude(asked.failure, { sent: true, permanent: false })
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("stops reading headers that do not end", () =>
    Effect.gen(function* () {
      let sent = 0
      const acme = yield* vendor(({ socket }) => {
        const more = (error?: Error | null): void => {
          if (sent > 16 * 1024 * 1024 || (error ?? null) !== null) return
          const lines = `x-${sent}: ${"a".repeat(8000)}\r\n`
          sent += lines.length
          socket.write(lines, more)
        }
        socket.write("HTTP/1.1 200 OK\r\n", more)
      })
      const client = yield* clientFor(acme)
      const fault = yield* faultOf(client.get("/scans/1"))
      assert.deepInclude(fault, { sent: true, permanent: false })
      assert.include(["und_err_headers_overflow", "hpe_header_overflow"], fault.code)
      yield* closesSoon(acme.idle)
      assert.isBelow(sent, 16 * 1024 * 1024)
    }).pipe(Effect.provide(layer))
  )

  it.live("does not take what follows an answer for the next one", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ number, socket }) =>
        socket.write(number === 1 ? Buffer.concat([reply(200, "1"), reply(200, "2")]) : reply(200, "3"))
      )
      const client = yield* clientFor(acme)
      const bodies = [yield* client.get("/scans/1"), yield* client.get("/scans/1")].map(({ body }) => body)
      assert.deepStrictEqual(bodies, [
        { _tag: "Json", value: 1 },
        { _tag: "Json", value: 3 }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.live.each([301, 302, 303, 307, 308])("answers %i with itself and never goes where it points (ST-09)", (status) =>
    Effect.gen(function* () {
      const other = yield* vendor(({ socket }) => socket.write(reply(200, json)))
      const acme = yield* vendor(({ socket }) => socket.write(reply(status, "moved", [["location", `${other.url}/x`]])))
      const client = yield* clientFor(acme)
      assert.strictEqual((yield* client.get("/scans/1")).status, status)
      assert.strictEqual((yield* client.post("/scans", {})).status, status)
      assert.strictEqual(acme.calls.length, 2)
      assert.strictEqual(other.connections(), 0)
    }).pipe(Effect.provide(layer))
  )

  it.live("stops reading 64 MiB of spaces at the limit (BD-01)", () =>
    Effect.gen(function* () {
      const limit = 10 * 1024 * 1024
      const block = Buffer.alloc(1024 * 1024, " ")
      let sent = 0
      const acme = yield* vendor(({ socket }) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        const more = (error?: Error | null): void => {
          if (sent === 64 || (error ?? null) !== null) return
          sent++
          socket.write(Buffer.concat([Buffer.from("100000\r\n"), block, Buffer.from("\r\n")]), more)
        }
        more()
      })
      const client = yield* clientFor(acme, { timeout: "20 seconds" })
      const before = process.memoryUsage().rss
      const answer = yield* client.get("/scans/1")
      assert.strictEqual(detailOf(answer), `too-large: status 200, no content type, more than ${limit} bytes`)
      yield* closesSoon(acme.idle)
      assert.isBelow(sent, 40)
      assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024)
    }).pipe(Effect.provide(layer))
  )

  it.live("does not begin to read a body that is declared to be larger than the limit", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n"))
      const client = yield* clientFor(acme, { maxBytes: 1000 })
      assert.strictEqual(
        detailOf(yield* client.get("/scans/1")),
        "too-large: status 200, no content type, more than 1000 bytes"
      )
      yield* closesSoon(acme.idle)
    }).pipe(Effect.provide(layer))
  )

  it.live("reads a body of exactly the limit", () =>
    Effect.gen(function* () {
      const body = JSON.stringify("x".repeat(998))
      const acme = yield* vendor(({ number, socket }) =>
        socket.write(number === 1 ? reply(200, body) : chunked(200, [body.slice(0, 500), body.slice(500)]))
      )
      const client = yield* clientFor(acme, { maxBytes: 1000 })
      assert.strictEqual((yield* client.get("/scans/1")).body._tag, "Json")
      assert.strictEqual((yield* client.get("/scans/1")).body._tag, "Json")
    }).pipe(Effect.provide(layer))
  )

  it.live("names an encoding that was not asked for and does not inflate it (BD-02, BD-03)", () =>
    Effect.gen(function* () {
      const small = gzipSync(json)
      const acme = yield* vendor(({ number, socket }) =>
        socket.write(
          reply(200, number === 1 ? small : bomb, [
            ["content-type", "application/json"],
            ["content-encoding", "gzip"]
          ])
        )
      )
      const client = yield* clientFor(acme)
      const expected = "encoding: status 200, application/json, encoded as gzip although that was not asked for"
      const before = process.memoryUsage().rss
      assert.strictEqual(detailOf(yield* client.get("/scans/1")), expected)
      assert.strictEqual(detailOf(yield* client.get("/scans/1")), expected)
      assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024)
      assert.isAtMost(acme.open(), 2)
    }).pipe(Effect.provide(layer))
  )

  it.live.each([
    ["no body", reply(204)],
    ["an empty body", reply(200, "")],
    ["no chunks", chunked(200, [])],
    ["white space", reply(200, " \r\n\t ")]
  ] as const)("says that an answer with %s is empty (ST-11)", ([, bytes]) =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write(bytes))
      const client = yield* clientFor(acme)
      assert.match(detailOf(yield* client.get("/scans/1")), /^empty: status 20[04], no content type, \d bytes$/)
    }).pipe(Effect.provide(layer))
  )

  it.live("takes the longest of two Retry-After headers (HD-06)", () =>
    Effect.gen(function* () {
      const date = new Date(Date.UTC(2030, 0, 1)).toUTCString()
      const later = new Date(Date.UTC(2030, 0, 1, 0, 0, 30)).toUTCString()
      const headers: ReadonlyArray<ReadonlyArray<readonly [string, string]>> = [
        [
          ["Retry-After", "10"],
          ["Retry-After", "20"]
        ],
        [
          ["Date", date],
          ["Retry-After", later],
          ["Retry-After", "20"]
        ]
      ]
      const acme = yield* vendor(({ number, socket }) => socket.write(reply(200, json, headers[number - 1])))
      const client = yield* clientFor(acme)
      assert.deepStrictEqual((yield* client.get("/scans/1")).hint, Option.some(Duration.seconds(20)))
      assert.deepStrictEqual((yield* client.get("/scans/1")).hint, Option.some(Duration.seconds(30)))
    }).pipe(Effect.provide(layer))
  )

  it.live("speaks TLS to a certificate it can trust", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }) => socket.write(reply(200, json)), { certificate: trusted.good })
      const client = yield* clientFor(acme, { insecureHosts: [] })
      assert.deepStrictEqual((yield* client.get("/scans/1")).body, { _tag: "Json", value })
    }).pipe(Effect.provide(layer))
  )

  it.live.each([
    ["self-signed", Certificates.make(["127.0.0.1"]), "depth_zero_self_signed_cert"],
    ["wrong-host", trusted.wrongHost, "err_tls_cert_altname_invalid"],
    ["expired", trusted.expired, "cert_has_expired"]
  ] as const)(
    "refuses a %s certificate for good, without sending a byte of the request (TR-08)",
    ([, certificate, code]) =>
      Effect.gen(function* () {
        const calls: Array<Call> = []
        const acme = yield* vendor((call) => void calls.push(call), { certificate })
        const client = yield* clientFor(acme, { insecureHosts: [] })
        const fault = yield* faultOf(client.post("/scans", { name: "x" }))
        assert.deepInclude(fault, { sent: false, permanent: true, code })
        assert.strictEqual(acme.connections(), 1)
        yield* closesSoon(acme.idle)
        assert.strictEqual(calls.length, 0)
      }).pipe(Effect.provide(layer))
  )

  it.live("knows that nothing was sent when the TLS handshake breaks off", () =>
    Effect.gen(function* () {
      const acme = yield* vendor(() => {}, {
        accept: (socket) => {
          socket.once("data", () => socket.end())
        }
      })
      const client = yield* clientFor({ ...acme, url: acme.url.replace("http:", "https:") })
      const fault = yield* faultOf(client.post("/scans", {}))
      assert.deepInclude(fault, { sent: false, permanent: false, code: "econnreset" })
    }).pipe(Effect.provide(layer))
  )
})
