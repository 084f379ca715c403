import { assert, describe, it } from "@effect/vitest"
import * as Credential from "@scanpoll/core/http/Credential"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { QuotaHeard } from "../../src/model/internal/quotaHeard.ts"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"

type Answer = (request: HttpClientRequest, number: number) => Effect.Effect<Response, HttpClientError.HttpClientError>

const json = (value: unknown, init: ResponseInit = {}): Effect.Effect<Response> =>
  Effect.sync(() => new Response(JSON.stringify(value), { status: 200, ...init }))

/** A client that is asked as a vendor's HTTP server would be, and remembers what it was asked. */
const scripted = (answer: Answer) => {
  const requests: Array<HttpClientRequest> = []
  const client = HttpClient.make((request) => {
    requests.push(request)
    return Effect.map(answer(request, requests.length), (response) => HttpClientResponse.fromWeb(request, response))
  })
  return { requests, layer: VendorHttp.layer.pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client))) }
}

const keys = (...values: ReadonlyArray<string>): Credential.Credential & { readonly asked: () => number } => {
  let asked = 0
  const next = Effect.sync(() => Redacted.make(values[Math.min(asked++, values.length - 1)] ?? ""))
  return Object.assign(next, { asked: () => asked })
}

const options: VendorHttp.Options = {
  vendor: "acme",
  baseUrl: "https://api.acme.example/v1",
  credential: Effect.succeed(Redacted.make("sk-acme-123456"))
}

const make = (changes: Partial<VendorHttp.Options> = {}) =>
  Effect.flatMap(VendorHttp.VendorHttp, (http) => http.make({ ...options, ...changes }))

const faultOf = (asked: Effect.Effect<VendorHttp.VendorResponse, VendorHttp.TransportFault>) => Effect.flip(asked)
const urls = (requests: ReadonlyArray<HttpClientRequest>) =>
  requests.map((request) => `${request.method} ${request.url}`)
const bearers = (requests: ReadonlyArray<HttpClientRequest>) =>
  requests.map((request) => request.headers["authorization"])

describe("make", () => {
  const { layer } = scripted(() => json({}))

  it.effect("tells the origin and asks for no credential", () =>
    Effect.gen(function* () {
      const credential = keys("sk-acme-123456")
      assert.strictEqual((yield* make({ credential })).origin, "https://api.acme.example")
      assert.strictEqual(credential.asked(), 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("lists every fault of a configuration at once, without a secret in it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        make({
          baseUrl: "ftp://me:hunter2@api.acme.example/?q#f",
          insecureHosts: ["http://localhost"],
          timeout: "0 seconds",
          maxBytes: 1.5,
          maxDepth: 0,
          headers: {
            Authorization: "hunter2",
            "a b": "hunter2",
            "x-ok": "ok",
            "x-bad": "hunter2\r\nx: y",
            Cookie: "hunter2"
          }
        })
      )
      assert.strictEqual(error._tag, "VendorConfigError")
      assert.deepStrictEqual(error.faults, [
        "insecureHosts[0] is not of the form host or host:port",
        "baseUrl must be https",
        "baseUrl must not hold a user or password",
        "baseUrl must not hold a query",
        "baseUrl must not hold a fragment",
        "timeout must be a duration from 1 millisecond to 30 days",
        "maxBytes must be a whole number from 1 to 268435456",
        "maxDepth must be a whole number from 1 to 1000",
        "headers: authorization cannot be set",
        'headers: "a b" is not a header name',
        "headers: x-bad must be visible ASCII",
        "headers: cookie cannot be set"
      ])
      assert.include(error.message, "acme: ")
      assert.notInclude(error.message, "hunter2")
    }).pipe(Effect.provide(layer))
  )

  it.effect.each([Number.NaN, -1, Infinity, "31 days"] as const)("refuses %s as a timeout (TM-02)", (timeout) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(make({ timeout }))).faults.length, 1)
    }).pipe(Effect.provide(layer))
  )

  it.effect.prop("gives a client or a VendorConfigError for any base URL", [Schema.String], ([text]) =>
    Effect.gen(function* () {
      for (const baseUrl of [text, `https://${text}`, `https://api.acme.example/${text}`]) {
        const made = yield* Effect.result(make({ baseUrl }))
        if (Result.isSuccess(made)) assert.match(made.success.origin, /^https:\/\//)
        else assert.strictEqual(made.failure._tag, "VendorConfigError")
      }
    }).pipe(Effect.provide(layer))
  )
})

describe("a request", () => {
  it.effect("goes to the base and its path, with the query encoded", () => {
    const vendor = scripted(() => json({}))
    return Effect.gen(function* () {
      const client = yield* make()
      yield* client.get("/scans", { query: { "a&b": "c=d #", n: 5 } })
      yield* client.get(`/scans/${VendorHttp.segment("../keys")}`)
      assert.deepStrictEqual(urls(vendor.requests), [
        "GET https://api.acme.example/v1/scans?a%26b=c%3Dd+%23&n=5",
        "GET https://api.acme.example/v1/scans/..%2Fkeys"
      ])
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect.each(["", "scans", "/..", "/scans/../keys", "/scans/%2e%2e/keys", "/a?b", "/a#b", "/a b", "/a\\b", "/\n"])(
    "with the path %j is refused without asking for the key",
    (path) => {
      const vendor = scripted(() => json({}))
      const credential = keys("sk-acme-123456")
      return Effect.gen(function* () {
        const client = yield* make({ credential })
        for (const asked of [client.get(path), client.post(path, {})]) {
          assert.deepInclude(yield* faultOf(asked), { sent: false, permanent: true, code: "invalid-path" })
        }
        assert.strictEqual(vendor.requests.length + credential.asked(), 0)
      }).pipe(Effect.provide(vendor.layer))
    }
  )

  it.effect("with a body that is no JSON is refused", () => {
    const vendor = scripted(() => json({}))
    return Effect.gen(function* () {
      const client = yield* make()
      const circle: { self?: unknown } = {}
      circle.self = circle
      const throwing = {
        toJSON: () => {
          throw new Error("sk-acme-123456")
        }
      }
      for (const body of [undefined, () => {}, 1n, circle, throwing]) {
        const fault = yield* faultOf(client.post("/scans", body))
        assert.deepInclude(fault, { sent: false, permanent: true, code: "invalid-body" })
        assert.notInclude(String(fault), "sk-acme")
      }
      assert.strictEqual(vendor.requests.length, 0)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("makes no span, whoever traces", () => {
    const vendor = scripted(() => json({}))
    const spans: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        spans.push(options.name)
        return new Tracer.NativeSpan(options)
      }
    })
    return Effect.gen(function* () {
      const client = yield* make()
      yield* client.get("/scans", { query: { q: "private" } })
      assert.deepStrictEqual(spans, ["caller"])
    }).pipe(Effect.withSpan("caller"), Effect.provideService(Tracer.Tracer, tracer), Effect.provide(vendor.layer))
  })

  it.effect("tells the fetch client not to follow redirects and keeps its other options", () => {
    const inits: Array<RequestInit | undefined> = []
    const fetched: typeof globalThis.fetch = (_url, init) => {
      inits.push(init)
      return Promise.resolve(new Response("{}"))
    }
    const layer = VendorHttp.layer.pipe(
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "follow", keepalive: true }))
    )
    return Effect.gen(function* () {
      yield* (yield* make()).get("/scans")
      assert.deepInclude(inits[0], { redirect: "manual", keepalive: true })
    }).pipe(Effect.provideService(FetchHttpClient.Fetch, fetched), Effect.provide(layer))
  })

  it.effect("that ends as an opaque redirect is not a success", () => {
    const vendor = scripted(() => Effect.sync(() => Object.defineProperty(new Response(null), "status", { value: 0 })))
    return Effect.gen(function* () {
      const answer = yield* (yield* make()).get("/scans")
      assert.strictEqual(answer.status, 0)
      assert.strictEqual(answer.body._tag, "Unreadable")
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("passes on what its client fails with or dies of as a fault, never as a defect", () => {
    const failures: ReadonlyArray<Effect.Effect<never, HttpClientError.HttpClientError>> = [
      Effect.die(new TypeError('Headers.append: "Bearer sk-acme-123456" is an invalid header value.')),
      Effect.die("sk-acme-123456"),
      Effect.sync(() => {
        throw Object.assign(new Error("Bearer sk-acme-123456"), { code: "ERR_INVALID_CHAR" })
      })
    ]
    const vendor = scripted((_request, number) => failures[number - 1] ?? Effect.never)
    return Effect.gen(function* () {
      const client = yield* make()
      const found = []
      for (const _ of failures) found.push(yield* faultOf(client.get("/scans")))
      assert.deepStrictEqual(
        found.map(({ code, permanent, sent }) => ({ code, permanent, sent })),
        [
          { code: "no-answer", permanent: false, sent: true },
          { code: "no-answer", permanent: false, sent: true },
          { code: "err_invalid_char", permanent: true, sent: false }
        ]
      )
      assert.notInclude(found.map(String).join(), "sk-acme")
    }).pipe(Effect.provide(vendor.layer))
  })
})

describe("the deadline", () => {
  const silent = scripted(() => Effect.never)

  it.effect("is 15 seconds where nothing else is said (TR-01)", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(faultOf((yield* make()).get("/scans/1")))
      yield* TestClock.adjust("14999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(fiber), {
        sent: true,
        permanent: false,
        code: "timeout",
        message: "acme: no complete answer within 15000 ms (timeout) from https://api.acme.example"
      })
    }).pipe(Effect.provide(silent.layer))
  )

  it.effect.each([
    ["2 minutes", 120_000],
    [Duration.millis(5), 5],
    [Duration.infinity, 7000],
    [Number.NaN, 7000],
    [0, 7000],
    [-5, 7000]
  ] as const)("of one request can be set: %s", ([timeout, millis]) =>
    Effect.gen(function* () {
      const client = yield* make({ timeout: "7 seconds" })
      const fiber = yield* Effect.forkChild(faultOf(client.post("/scans", {}, { timeout })))
      yield* TestClock.adjust(millis - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).code, "timeout")
    }).pipe(Effect.provide(silent.layer))
  )

  it.effect("covers the credential, and then nothing was sent", () =>
    Effect.gen(function* () {
      const client = yield* make({ credential: Effect.never })
      const fiber = yield* Effect.forkChild(faultOf(client.post("/scans", {})))
      yield* TestClock.adjust("15 seconds")
      assert.deepInclude(yield* Fiber.join(fiber), { sent: false, permanent: false, code: "timeout" })
    }).pipe(Effect.provide(silent.layer))
  )

  it.effect("covers both tries of a request whose credential changed", () => {
    const vendor = scripted((_request, number) =>
      number === 1 ? Effect.delay(json({}, { status: 401 }), "10 seconds") : Effect.never
    )
    return Effect.gen(function* () {
      const client = yield* make({ credential: keys("sk-old-123456", "sk-new-123456") })
      const fiber = yield* Effect.forkChild(faultOf(client.get("/scans/1")))
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* Fiber.join(fiber), { sent: true, code: "timeout" })
      assert.strictEqual(vendor.requests.length, 2)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("holds although the caller cannot be interrupted", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(faultOf(client.post("/scans", {}))))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).code, "timeout")
    }).pipe(Effect.provide(silent.layer))
  )

  it.effect("of each of many requests is its own, whatever the order they began in", () =>
    Effect.gen(function* () {
      const client = yield* make()
      const timeouts = [9000, 2000, 5000, 2000, 7000, 1, 12_000]
      const fibers = yield* Effect.forEach(timeouts, (timeout) =>
        Effect.forkChild(faultOf(client.get("/scans/1", { timeout })), { startImmediately: true })
      )
      const ended = () =>
        timeouts.filter((_, index) => fibers[index]?.pollUnsafe() !== undefined).toSorted((a, b) => a - b)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(ended(), [1])
      yield* TestClock.adjust(1998)
      assert.deepStrictEqual(ended(), [1])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(ended(), [1, 2000, 2000])
      // One that begins while others wait, and is due before them.
      const late = yield* Effect.forkChild(faultOf(client.get("/scans/1", { timeout: 100 })), {
        startImmediately: true
      })
      yield* TestClock.adjust(100)
      assert.strictEqual((yield* Fiber.join(late)).code, "timeout")
      assert.deepStrictEqual(ended(), [1, 2000, 2000])
      yield* TestClock.adjust(6900)
      assert.deepStrictEqual(ended(), [1, 2000, 2000, 5000, 7000, 9000])
      yield* TestClock.adjust(3000)
      assert.deepStrictEqual(ended(), [1, 2000, 2000, 5000, 7000, 9000, 12_000])
    }).pipe(Effect.provide(silent.layer))
  )

  it.live("leaves no timer behind when everything has ended or was interrupted", () => {
    const vendor = scripted((_request, number) => (number % 3 === 0 ? Effect.never : json({})))
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
    return Effect.gen(function* () {
      const client = yield* make({ timeout: "1 minute" })
      const before = timers()
      const fibers = yield* Effect.forEach(Array.from({ length: 30 }), () =>
        Effect.forkChild(client.get("/scans/1"), { startImmediately: true })
      )
      assert.strictEqual(timers(), before + 1)
      yield* Fiber.interruptAll(fibers)
      assert.strictEqual(timers(), before)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("leaves an interruption what it is", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild((yield* make()).get("/scans/1"), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit))
    }).pipe(Effect.provide(silent.layer))
  )
})

describe("the credential", () => {
  it.effect("is asked for before each request and trimmed", () => {
    const vendor = scripted(() => json({}))
    return Effect.gen(function* () {
      const client = yield* make({ credential: keys("sk-one-123456\n", " sk-two-123456 ") })
      yield* client.get("/scans/1")
      yield* client.post("/scans", {})
      assert.deepStrictEqual(bearers(vendor.requests), ["Bearer sk-one-123456", "Bearer sk-two-123456"])
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect.each(["", " ", "canary\ncanary", "canary\u0000", "canaryü", "Bearer canary"])(
    "%j is never sent, tried again or printed",
    (value) => {
      const vendor = scripted(() => json({}))
      return Effect.gen(function* () {
        const client = yield* make({ credential: keys(value) })
        for (const asked of [client.get("/scans/1"), client.post("/scans", {})]) {
          const fault = yield* faultOf(asked)
          assert.deepInclude(fault, { sent: false, permanent: true, code: "no-credential" })
          assert.notInclude(JSON.stringify(fault) + String(fault), "canary")
        }
        assert.strictEqual(vendor.requests.length, 0)
      }).pipe(Effect.provide(vendor.layer))
    }
  )

  it.effect("that cannot be had for a moment is the last good one, and the vendor alone denies it (D-17)", () => {
    const vendor = scripted(() => json({}))
    const gone = new Credential.CredentialError({ vendor: "acme", variable: "ACME_API_KEY", message: "is not set" })
    const lent = [
      Effect.succeed("sk-old-123456"),
      Effect.fail(gone),
      Effect.succeed(""),
      Effect.succeed("half\na key"),
      Effect.succeed("sk-new-123456"),
      Effect.fail(gone)
    ]
    return Effect.gen(function* () {
      let at = 0
      const credential = Effect.suspend(() =>
        Effect.map(lent[at++] ?? Effect.fail(gone), (key) => Redacted.make<string>(key))
      )
      const client = yield* make({ credential })
      for (const _ of lent) yield* at % 2 === 0 ? client.get("/scans/1") : client.post("/scans", {})
      const [old, renewed] = ["Bearer sk-old-123456", "Bearer sk-new-123456"]
      assert.deepStrictEqual(bearers(vendor.requests), [old, old, old, old, renewed, renewed])
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("that is missing is a fault that names where it should come from", () => {
    const vendor = scripted(() => json({}))
    const credential = Effect.fail(
      new Credential.CredentialError({ vendor: "acme", variable: "ACME_API_KEY", message: "is not set\u001b[31m" })
    )
    return Effect.gen(function* () {
      const fault = yield* faultOf((yield* make({ credential })).get("/scans/1"))
      assert.deepInclude(fault, {
        sent: false,
        permanent: true,
        code: "no-credential",
        message: "acme: no credential: ACME_API_KEY: is not set [31m"
      })
      assert.strictEqual(vendor.requests.length, 0)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect.each([401, 403])("is asked for once more after %i, and a new one is tried once", (status) => {
    const vendor = scripted((_request, number) => json({ number }, { status: number === 1 ? status : 200 }))
    return Effect.gen(function* () {
      const answer = yield* (yield* make({ credential: keys("sk-old-123456", "sk-new-123456") })).get("/scans/1")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(bearers(vendor.requests), ["Bearer sk-old-123456", "Bearer sk-new-123456"])
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("is tried a single time more, even if it changes each time", () => {
    const vendor = scripted(() => json({}, { status: 401 }))
    const credential = keys("sk-1-123456", "sk-2-123456", "sk-3-123456", "sk-4-123456")
    return Effect.gen(function* () {
      assert.strictEqual((yield* (yield* make({ credential })).get("/scans/1")).status, 401)
      assert.strictEqual(vendor.requests.length, 2)
      assert.strictEqual(credential.asked(), 2)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("is not tried again when it is the same", () => {
    const vendor = scripted(() => json({}, { status: 401 }))
    return Effect.gen(function* () {
      assert.strictEqual(
        (yield* (yield* make({ credential: keys("sk-1-123456", "sk-1-123456\n") })).get("/x")).status,
        401
      )
      assert.strictEqual(vendor.requests.length, 1)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("is not asked for again after a submission", () => {
    const vendor = scripted(() => json({}, { status: 401 }))
    const credential = keys("sk-old-123456", "sk-new-123456")
    return Effect.gen(function* () {
      assert.strictEqual((yield* (yield* make({ credential })).post("/scans", {})).status, 401)
      assert.strictEqual(vendor.requests.length, 1)
      assert.strictEqual(credential.asked(), 1)
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("that cannot be had a second time leaves the vendor's refusal standing", () => {
    const vendor = scripted(() => json({ code: "DENIED" }, { status: 401 }))
    const gone = Effect.fail(new Credential.CredentialError({ vendor: "acme", variable: null, message: "gone" }))
    return Effect.gen(function* () {
      for (const second of [gone, Effect.never]) {
        const first = keys("sk-old-123456")
        const credential = Effect.suspend(() => (first.asked() === 0 ? first : second))
        const fiber = yield* Effect.forkChild((yield* make({ credential })).get("/scans/1"))
        yield* TestClock.adjust("15 seconds")
        const answer = yield* Fiber.join(fiber)
        assert.deepInclude(answer, { status: 401, body: { _tag: "Json", value: { code: "DENIED" } } })
      }
    }).pipe(Effect.provide(vendor.layer))
  })

  it.effect("is replaced in the body, the request id and every description, in all its values", () => {
    const vendor = scripted((request) => {
      const token = String(request.headers["authorization"]).slice("Bearer ".length)
      return json(
        { error: { message: `bad key ${token}`, [token]: Buffer.from(`Bearer ${token}`).toString("base64") } },
        { status: 403, headers: { "x-request-id": `req ${token}`, "content-type": `text/${token}` } }
      )
    })
    return Effect.gen(function* () {
      const client = yield* make({ credential: keys("sk-old-123456", "sk-new-123456") })
      const answer = yield* client.get("/scans/1")
      assert.strictEqual(answer.requestId, "req <redacted>")
      const print = JSON.stringify(answer)
      for (const part of ["123456", Buffer.from("Bearer sk-new-123456").toString("base64")])
        assert.notInclude(print, part)
      assert.strictEqual(client.scrub("sk-old-123456 sk-new-123456"), "<redacted> <redacted>")
    }).pipe(Effect.provide(vendor.layer))
  })
})

describe("an answer", () => {
  const now = Date.UTC(2026, 4, 11, 8, 19, 0)
  const date = new Date(now).toUTCString()
  const ask = (status: number, headers: Record<string, string>) => {
    const vendor = scripted(() => json({}, { status, headers }))
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      return yield* (yield* make()).get("/scans/1")
    }).pipe(Effect.provide(vendor.layer))
  }

  it.effect("carries the hint, the quota and the request id of its headers", () =>
    Effect.gen(function* () {
      const answer = yield* ask(200, {
        date,
        "retry-after": "10",
        "x-request-id": "req_1",
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": "59",
        "x-ratelimit-reset": String(now / 1000 + 60)
      })
      assert.deepStrictEqual(answer, {
        status: 200,
        body: { _tag: "Json", value: {} },
        hint: Option.some(Duration.seconds(10)),
        quota: Option.some({ limit: 60, remaining: 59, resetAt: now + 60_000 }),
        requestId: "req_1",
        warnings: []
      })
    })
  )

  it.effect("tells its quota to whoever listens, whatever the call was for (V-24)", () =>
    Effect.gen(function* () {
      const heard: Array<readonly [limit: number | null, throttled: boolean]> = []
      const listening = <A, E, R>(asked: Effect.Effect<A, E, R>) =>
        Effect.provideService(asked, QuotaHeard, ({ limit }, throttled) => void heard.push([limit, throttled]))
      yield* listening(ask(200, { date, "x-ratelimit-limit": "60" }))
      yield* listening(ask(429, { date, "x-ratelimit-limit": "10" }))
      yield* listening(ask(200, { date }))
      assert.deepStrictEqual(heard, [
        [60, false],
        [10, true]
      ])
    })
  )

  it.effect("counts dates from its own Date, and from our clock where it has none", () =>
    Effect.gen(function* () {
      const later = new Date(now + 30_000).toUTCString()
      assert.deepStrictEqual((yield* ask(200, { "retry-after": later })).hint, Option.some(Duration.seconds(30)))
      const hourBehind = { date: new Date(now - 3_600_000).toUTCString(), "retry-after": later }
      assert.deepStrictEqual((yield* ask(200, hourBehind)).hint, Option.some(Duration.seconds(3630)))
    })
  )

  it.effect("with 429 and no valid Retry-After asks for the time until the reset", () =>
    Effect.gen(function* () {
      const reset = { "x-ratelimit-reset": String(now / 1000 + 42) }
      assert.deepStrictEqual((yield* ask(429, reset)).hint, Option.some(Duration.seconds(42)))
      assert.deepStrictEqual(
        (yield* ask(429, { ...reset, "retry-after": "soon" })).hint,
        Option.some(Duration.seconds(42))
      )
      assert.deepStrictEqual((yield* ask(429, { ...reset, "retry-after": "7" })).hint, Option.some(Duration.seconds(7)))
      assert.deepStrictEqual((yield* ask(429, { ...reset, "retry-after": "0" })).hint, Option.some(Duration.zero))
      assert.deepStrictEqual((yield* ask(429, { "x-ratelimit-reset": "5" })).hint, Option.none())
      assert.deepStrictEqual((yield* ask(503, reset)).hint, Option.none())
      assert.deepStrictEqual((yield* ask(200, reset)).hint, Option.none())
    })
  )

  it.effect("has no request id where the header is missing or blank, and a short, printable one otherwise", () =>
    Effect.gen(function* () {
      assert.isNull((yield* ask(200, {})).requestId)
      assert.isNull((yield* ask(200, { "x-request-id": " " })).requestId)
      assert.strictEqual(
        (yield* ask(200, { "x-request-id": `a\u00a0\u0085b${"c".repeat(500)}` })).requestId?.length,
        200
      )
    })
  )

  it.effect.prop("is an answer whatever its headers say", [Schema.String, Schema.String], ([one, two]) => {
    const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, "")
    return Effect.gen(function* () {
      const answer = yield* ask(429, {
        date: printable(two),
        "retry-after": printable(one),
        "x-ratelimit-limit": printable(one),
        "x-ratelimit-remaining": printable(two),
        "x-ratelimit-reset": printable(one),
        "x-request-id": printable(two),
        "content-type": printable(one)
      })
      assert.strictEqual(answer.status, 429)
      const wait = Option.getOrElse(Option.map(answer.hint, Duration.toMillis), () => 0)
      assert.isTrue(wait >= 0 && wait <= 30 * 86_400_000)
    })
  })
})
