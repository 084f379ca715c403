/** Every way to show a key and to send a body, over real sockets and every client. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Auth from "@scanpoll/core/unstable/http/Auth"
import * as Credential from "@scanpoll/core/http/Credential"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Base64 from "effect/encoding/Base64"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { type Call, reply, vendor } from "./loopback.ts"

const key = "sk-live-0123456789abcdef"

type Send = (client: VendorHttp.VendorClient) => Effect.Effect<VendorHttp.VendorResponse, VendorHttp.TransportFault>

/** What reaches the vendor, head and body, when `send` is done with a client of these options. */
const wire = (options: Partial<VendorHttp.Options>, send: Send, answer = reply(200, "{}")) =>
  Effect.scoped(
    Effect.gen(function* () {
      const acme = yield* vendor(({ socket }: Call) => socket.write(answer))
      const http = yield* VendorHttp.VendorHttp
      const client = yield* http.make({
        vendor: "acme",
        baseUrl: acme.url,
        insecureHosts: ["127.0.0.1"],
        credential: Effect.succeed(Redacted.make(key)),
        ...options
      })
      const response = yield* send(client)
      return { response, text: acme.calls[0]?.text ?? "", calls: acme.calls.length }
    })
  ).pipe(Effect.provide(Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)))

const get: Send = (client) => client.get("/scans/1", { query: { full: "yes" } })

describe("a key is shown", () => {
  const cases: ReadonlyArray<readonly [title: string, auth: Auth.Auth, credential: string, expected: RegExp]> = [
    ["as a bearer token", "bearer", key, /^authorization: Bearer sk-live-0123456789abcdef\r$/im],
    ["as basic", "basic", "me:secret", /^authorization: Basic bWU6c2VjcmV0\r$/im],
    ["in a header of the vendor's", { header: "API-Key" }, key, /^api-key: sk-live-0123456789abcdef\r$/im],
    ["after a scheme", { header: "Authorization", scheme: "Token" }, key, /^authorization: Token sk-live-\S+\r$/im],
    ["in the query", { query: "apikey" }, "a b+c".replace(" ", "/"), /^GET \/scans\/1\?full=yes&apikey=a%2Fb%2Bc HTTP/]
  ]
  it.live.each(cases)("%s, and in no other place", ([, auth, credential, expected]) =>
    Effect.gen(function* () {
      const { text } = yield* wire({ auth, credential: Effect.succeed(Redacted.make(credential)) }, get)
      assert.match(text, expected)
      assert.strictEqual(text.split(/authorization:|api-key:|apikey=/i).length, 2)
    })
  )

  it.live("not at all where a vendor takes none", () =>
    Effect.gen(function* () {
      const { text } = yield* wire({ auth: "none", credential: Credential.none }, get)
      assert.notMatch(text, /authorization|none/i)
    })
  )

  it.live("by a signature over what is sent", () =>
    Effect.gen(function* () {
      const seen: Array<Auth.Unsigned> = []
      const sign = (request: Auth.Unsigned) => {
        seen.push(request)
        return Effect.succeed({ "X-Signature": `${request.method} ${request.path}` })
      }
      const { text } = yield* wire({ auth: { sign } }, (client) => client.post("/scans", { a: 1 }))
      assert.match(text, /^x-signature: POST \/scans\r$/im)
      assert.strictEqual(seen[0]?.body, `{"a":1}`)
      assert.notInclude(text, key)
    })
  )

  it.live("never within a signature", () =>
    Effect.gen(function* () {
      const sign = () => Effect.succeed({ "X-Signature": key })
      const fault = yield* Effect.flip(wire({ auth: { sign } }, get))
      assert.deepInclude(fault, { sent: false, permanent: true, code: "invalid-signature" })
      assert.notInclude(fault.message, key)
    })
  )

  const repeating: ReadonlyArray<readonly [Auth.Auth, string, string]> = [
    ["basic", `me:${key}`, key],
    ["basic", `${key}:`, key],
    [{ query: "k" }, key, key],
    [{ header: "x-key" }, key, encodeURIComponent(key)]
  ]
  it.live.each(repeating)(
    "with %j and never repeated from the vendor's answer or in a path",
    ([auth, credential, said]) =>
      Effect.gen(function* () {
        const options = { auth, credential: Effect.succeed(Redacted.make(credential)) }
        const { response } = yield* wire(options, get, reply(400, JSON.stringify({ error: `bad key ${said}` })))
        assert.notInclude(JSON.stringify(response), said)
        const fault = yield* Effect.flip(wire(options, (client) => client.get(`/scans/${key}`)))
        assert.deepInclude(fault, { code: "invalid-path" })
      })
  )
})

describe("a configuration", () => {
  it.effect("that shows a key in an impossible way is refused with all faults", () =>
    Effect.gen(function* () {
      const http = yield* VendorHttp.VendorHttp
      const refusal = (auth: Auth.Auth, headers = {}) =>
        Effect.flip(
          http.make({ vendor: "acme", baseUrl: "https://a.example", credential: Credential.none, auth, headers })
        ).pipe(Effect.map(({ faults }) => faults.join(" | ")))
      assert.strictEqual(
        yield* refusal({ header: "Content-Length", scheme: "a b" }),
        `auth.header: "Content-Length" cannot carry a key | auth.scheme must be one word`
      )
      assert.strictEqual(yield* refusal({ query: "a b" }), "auth.query is not the name of a parameter")
      assert.strictEqual(yield* refusal({ header: "X-Key" }, { "x-key": "fixed" }), "headers: x-key cannot be set")
      assert.match(
        yield* refusal({ clientCredentials: { tokenUrl: "http://id.example/t" } }),
        /^auth\.tokenUrl must be https/
      )
    }).pipe(
      Effect.provide(
        Layer.provide(
          VendorHttp.layer,
          Layer.succeed(
            HttpClient.HttpClient,
            HttpClient.make(() => Effect.never)
          )
        )
      )
    )
  )
})

describe("a body is sent", () => {
  const post =
    (body: unknown, options: Parameters<VendorHttp.VendorClient["post"]>[2]): Send =>
    (client) =>
      client.post("/scans", body, options)

  it.live("as a form, lists as repeated fields", () =>
    Effect.gen(function* () {
      const body = { url: "https://a.example/?b=c d", on: true, n: 3, tags: ["x", "y"], left: undefined }
      const { text } = yield* wire({}, post(body, { as: "form" }))
      assert.match(text, /^content-type: application\/x-www-form-urlencoded\r$/im)
      assert.strictEqual(
        text.split("\r\n\r\n")[1],
        "url=https%3A%2F%2Fa.example%2F%3Fb%3Dc+d&on=true&n=3&tags=x&tags=y"
      )
    })
  )

  it.live("as a text, by PUT and with a query", () =>
    Effect.gen(function* () {
      const { text } = yield* wire({}, post("hello", { as: "text", method: "PUT", query: { tag: "a&b" } }))
      assert.match(text, /^PUT \/scans\?tag=a%26b HTTP/)
      assert.match(text, /^content-type: text\/plain; charset=utf-8\r$/im)
      assert.isTrue(text.endsWith("\r\n\r\nhello"))
    })
  )

  it.live("as parts, whose boundary is not in them", () =>
    Effect.gen(function* () {
      const file: VendorHttp.FilePart = { name: `a"\r\nb.bin`, content: "--scanpoll-boundary" }
      const { text } = yield* wire({}, post({ kind: "zip", file }, { as: "multipart" }))
      assert.match(text, /^content-type: multipart\/form-data; boundary=scanpoll-boundary-1\r$/im)
      assert.include(text, `name="kind"\r\n\r\nzip\r\n`)
      assert.include(
        text,
        `name="file"; filename="a%22%0D%0Ab.bin"\r\ncontent-type: application/octet-stream\r\n\r\n--`
      )
      assert.isTrue(text.endsWith("--scanpoll-boundary-1--\r\n"))
    })
  )

  it.live("not at all where none is wanted", () =>
    Effect.gen(function* () {
      const { text } = yield* wire({}, post(undefined, { as: "none" }))
      assert.notMatch(text, /content-type/i)
      assert.isTrue(text.endsWith("\r\n\r\n"))
    })
  )

  it.live.each([
    ["form", { a: {} }],
    ["form", "text"],
    ["text", { a: 1 }],
    ["multipart", { a: null }],
    ["json", 1n]
  ] as const)("or refused before anything is sent: %s", ([as, body]) =>
    Effect.gen(function* () {
      const fault = yield* Effect.flip(wire({}, post(body, { as })))
      assert.deepInclude(fault, { sent: false, permanent: true, code: "invalid-body" })
    })
  )

  it.live.each(["form", "text", "multipart", "json"] as const)("as %s never with the key in it", (as) =>
    Effect.gen(function* () {
      const fault = yield* Effect.flip(wire({}, post(as === "text" ? `x ${key}` : { x: key }, { as })))
      assert.deepInclude(fault, { sent: false, code: "invalid-body" })
    })
  )
})

describe("an answer", () => {
  it.live("says where a new scan is, and may be a text", () =>
    Effect.gen(function* () {
      const answer = `HTTP/1.1 201 Created\r\nlocation: /scans/42?k=${key}\r\ncontent-length: 8\r\n\r\nid=${key.slice(0, 5)}`
      const { response } = yield* wire({}, (client) => client.get("/x", { answer: "text" }), Buffer.from(answer))
      assert.strictEqual(response.location, "/scans/42?k=<redacted>")
      assert.deepStrictEqual(response.body, { _tag: "Json", value: "id=sk-li" })
    })
  )

  it.live("to a GET that buys is asked for once, whatever the key is by then", () =>
    Effect.gen(function* () {
      let asked = 0
      const credential = Effect.sync(() => Redacted.make(`key-number-${++asked}`))
      const { calls } = yield* wire({ credential }, (client) => client.get("/buy", { once: true }), reply(401, "{}"))
      assert.strictEqual(calls, 1)
    })
  )
})

describe("a token for a client", () => {
  const world = (token: (n: number) => Response, vendorSays: (bearer: string) => number = () => 200) => {
    const seen: Array<string> = []
    let fetched = 0
    const client = HttpClient.make((request: HttpClientRequest) =>
      Effect.sync(() => {
        const authorization = request.headers["authorization"] ?? ""
        seen.push(`${request.method} ${new URL(request.url).pathname} ${authorization}`)
        const answer = request.url.endsWith("/oauth/token")
          ? token(++fetched)
          : new Response("{}", { status: vendorSays(authorization) })
        return HttpClientResponse.fromWeb(request, answer)
      }).pipe(Effect.delay("1 second"))
    )
    return {
      seen,
      make: Effect.flatMap(VendorHttp.VendorHttp, (http) =>
        http.make({
          vendor: "acme",
          baseUrl: "https://api.acme.example/v1",
          credential: Effect.succeed(Redacted.make("client-1:s3cret/0123456789ab")),
          auth: { clientCredentials: { tokenUrl: "/oauth/token", scope: "scans" } }
        })
      ).pipe(Effect.provide(Layer.provide(VendorHttp.layer, Layer.succeed(HttpClient.HttpClient, client))))
    }
  }
  const granted = (n: number, life = 100) =>
    new Response(JSON.stringify({ access_token: `token-number-${n}`, token_type: "Bearer", expires_in: life }))
  const soon = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(effect)
      yield* TestClock.adjust("5 seconds")
      return yield* Fiber.await(fiber)
    })

  it.effect("is fetched once for many requests at once, and kept until shortly before its end", () =>
    Effect.gen(function* () {
      const { make, seen } = world((n) => granted(n))
      const client = yield* make
      const all = Effect.all([client.get("/a"), client.get("/a"), client.get("/a")], { concurrency: 3 })
      yield* soon(all)
      const basic = `Basic ${Base64.encode("client-1:s3cret%2F0123456789ab")}`
      assert.deepStrictEqual(seen, [
        `POST /v1/oauth/token ${basic}`,
        ...Array.from({ length: 3 }, () => "GET /v1/a Bearer token-number-1")
      ])
      yield* soon(client.get("/a"))
      assert.lengthOf(seen, 5)
      yield* TestClock.adjust("81 seconds")
      yield* soon(client.get("/a"))
      assert.deepStrictEqual(seen.slice(5), [`POST /v1/oauth/token ${basic}`, "GET /v1/a Bearer token-number-2"])
    })
  )

  it.effect("is asked for anew when the vendor refuses it, and the request repeated once", () =>
    Effect.gen(function* () {
      const { make, seen } = world(granted, (bearer) => (bearer.endsWith("1") ? 401 : 200))
      const client = yield* make
      const exit = yield* soon(client.get("/a"))
      assert.isTrue(exit._tag === "Success" && exit.value.status === 200)
      assert.lengthOf(seen, 4)
      // A submission is never repeated; the next one has a new token.
      const other = world(granted, (bearer) => (bearer.endsWith("1") ? 401 : 200))
      const buyer = yield* other.make
      yield* soon(buyer.post("/buy", {}))
      assert.lengthOf(other.seen, 2)
      yield* soon(buyer.post("/buy", {}))
      assert.strictEqual(other.seen.at(-1), "POST /v1/buy Bearer token-number-2")
    })
  )

  it.effect("is taken as it is, also where the vendor gives one that it gave before", () =>
    Effect.gen(function* () {
      const { make, seen } = world(() => granted(7, 10))
      const client = yield* make
      yield* soon(client.get("/a"))
      yield* TestClock.adjust("20 seconds")
      yield* soon(client.get("/a"))
      assert.lengthOf(seen, 4)
      assert.strictEqual(seen[3], "GET /v1/a Bearer token-number-7")
    })
  )

  it.effect.each([
    [401, "no-credential"],
    [503, "no-token"],
    [200, "no-token"]
  ] as const)("that is not given (%i) leaves the vendor unasked and nothing sent", ([status, code]) =>
    Effect.gen(function* () {
      const { make, seen } = world(() => new Response(`{"error":"s3cret/0123456789ab"}`, { status }))
      const client = yield* make
      const exit = yield* soon(Effect.flip(client.post("/buy", {})))
      assert.isTrue(exit._tag === "Success")
      if (exit._tag === "Success") {
        assert.deepInclude(exit.value, { sent: false, code })
        assert.notInclude(exit.value.message, "s3cret")
      }
      assert.lengthOf(seen, 1)
    })
  )
})
