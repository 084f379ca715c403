/** What follows from a definition, over a scripted client, and which definitions are refused. */
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Definition } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"

const Answer = Schema.Struct({
  score: Wire.decides(Wire.percent),
  note: Schema.optionalKey(Wire.words()),
  created: Schema.optionalKey(Wire.text()),
  ended: Schema.optionalKey(Wire.text())
})

const definition = {
  name: "acme",
  title: "Acme",
  scans: "scans of pages",
  docs: "https://acme.example/docs",
  baseUrl: "https://api.acme.example",
  key: { variable: "ACME_KEY" },
  probe: "p-0",
  target: Schema.Struct({ url: Vendor.url, depth: Schema.optionalKey(Wire.count) }),
  sample: { url: "https://a.example" },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  submit: { path: "/scans", id: ["id"] },
  answer: Answer,
  payload: Answer,
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["state"],
    created: ["created"],
    completed: ["ended"],
    words: {
      queued: "queued",
      running: { running: ["percent"] },
      counting: { running: (body) => ({ done: 3, total: Number(Wire.get(body, ["total"])) }) },
      done: {
        completed: (answer, { link }) =>
          answer.score === undefined
            ? Vendor.unusable("no-score", "done without a score")
            : { payload: answer, assessment: Vendor.scored(answer.score), report: link("/r/1", "report") }
      },
      cut: {
        partial: (answer) => ({ payload: answer, assessment: Vendor.assessment({}), reason: answer.note ?? null })
      },
      broke: Vendor.when(Schema.Struct({ why: Schema.optionalKey(Wire.words(9)) }), {
        failed: ({ why }) => (why === undefined ? null : { code: "E1", message: why, advice: "try later" })
      })
    }
  },
  errors: {
    code: ["code"],
    message: ["message"],
    doubt: "look into the list",
    rows: {
      "403 BLOCKED": { submit: "Refused!", advice: "choose another page" },
      "409": { poll: "Transient", on: ["status"] }
    }
  },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
} satisfies Definition<typeof Target.Type, typeof Answer.Type, typeof Answer.Type, never, never>
const Target = Schema.Struct({ url: Vendor.url, depth: Schema.optionalKey(Wire.count) })

const acme = Vendor.define(definition)

type Reply = readonly [status: number, body: unknown, headers?: Record<string, string>]

/** The adapter in front of scripted answers, and what reaches its vendor. */
const world = <T, P>(vendor: Vendor.Vendor<T, P>, ...replies: ReadonlyArray<Reply>) => {
  const sent: Array<HttpClientRequest> = []
  const client = HttpClient.make((request) => {
    const [status, body, headers = {}] = replies[sent.length] ?? [500, {}]
    sent.push(request)
    return Effect.sync(() =>
      HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status, headers }))
    )
  })
  const layer = Layer.provide(VendorHttp.layer, Layer.succeed(HttpClient.HttpClient, client))
  const made = vendor.make({ credential: Redacted.make("sk-acme-0123456789") })
  return Effect.map(Effect.provide(Effect.orDie(made), layer), (adapter) => ({ adapter, sent }))
}

const ticket = (scanId: string, submittedAt: number | null = 0) =>
  ScanTicket.make({ vendor: "acme", origin: "https://api.acme.example", account: "default", scanId, submittedAt })

/** What a poll makes of one answer. */
const seen = (body: object, status = 200) =>
  Effect.flatMap(world(acme, [status, { id: "s-1", ...body }]), ({ adapter }) =>
    Effect.result(Effect.map(adapter.poll(ticket("s-1")), ({ observation }) => observation))
  )

describe("a definition", () => {
  it.effect("submits its target, and polls the id it was given", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world(acme, [500, { id: "s-1" }], [200, { id: "s-1", state: "queued" }])
      const submitted = yield* adapter.submit({ url: "https://a.example" })
      assert.strictEqual(submitted._tag, "Submitted")
      if (submitted._tag === "Submitted") yield* adapter.poll(submitted.ticket)
      assert.deepStrictEqual(
        sent.map(({ method, url }) => `${method} ${url}`),
        ["POST https://api.acme.example/scans", "GET https://api.acme.example/scans/s-1"]
      )
    })
  )

  it.effect("tells pending scans and their progress, and reads no schema for them", () =>
    Effect.gen(function* () {
      const progress = (body: object) =>
        Effect.map(seen(body), (it) =>
          Result.isSuccess(it) && it.success._tag === "Pending" ? Option.getOrNull(it.success.progress) : "not pending"
        )
      assert.strictEqual(yield* progress({ state: "queued", score: "odd" }), null)
      assert.deepStrictEqual(yield* progress({ state: "running", percent: 42 }), {
        fraction: 0.42,
        done: null,
        total: null
      })
      for (const percent of [101, -1, 0.5, "42", null]) {
        assert.strictEqual(yield* progress({ state: "running", percent }), null)
      }
      assert.deepStrictEqual(yield* progress({ state: "counting", total: 9 }), { fraction: null, done: 3, total: 9 })
      assert.strictEqual(yield* progress({ state: "counting", total: "x" }), null)
    })
  )

  it.effect("settles by the word alone, with what its schema read", () =>
    Effect.gen(function* () {
      const done = yield* seen({ state: "done", score: 71, note: 5, created: "2026-01-01T00:00:00Z", ended: "soon" })
      const outcome = Result.getOrThrow(done)
      assert.isTrue(outcome._tag === "Settled" && outcome.value._tag === "Completed")
      if (outcome._tag !== "Settled" || outcome.value._tag !== "Completed") return
      const { assessment, completedAt, createdAt, links, payload, warnings } = outcome.value
      assert.deepStrictEqual(payload, { score: 71, created: "2026-01-01T00:00:00Z", ended: "soon" })
      assert.deepStrictEqual([assessment.severity, createdAt, completedAt], ["medium", 1767225600000, null])
      assert.strictEqual(links.report, "https://api.acme.example/r/1")
      assert.deepStrictEqual(warnings, [
        "note is not a text that is not empty: left out",
        "ended is not an RFC 3339 time with a zone: left out"
      ])
      const partial = Result.getOrThrow(yield* seen({ state: "cut" }))
      assert.isTrue(partial._tag === "Settled" && partial.value._tag === "Partial")
      const failed = Result.getOrThrow(yield* seen({ state: "broke", why: "the tide went out", score: "odd" }))
      assert.isTrue(failed._tag === "Settled" && failed.value._tag === "Failed")
      if (failed._tag === "Settled" && failed.value._tag === "Failed") {
        assert.deepInclude(failed.value.reason, { code: "E1", message: "the tide…", advice: "try later" })
      }
    })
  )

  it.effect("guesses nothing: a word nobody documented, another scan, an ending without what makes it one", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(Result.getOrThrow(yield* seen({ state: "DONE" })), { _tag: "Unrecognised", word: "DONE" })
      const why = (body: object, status = 200) =>
        Effect.map(seen(body, status), (it) => {
          const fault = Result.getOrThrow(Result.flip(it))
          return `${fault.kind} ${fault.code}: ${fault.message}`
        })
      assert.strictEqual(
        yield* why({ id: "s-2", state: "done", score: 1 }),
        "Broken id-mismatch: the answer is about another scan than the asked one"
      )
      assert.strictEqual(yield* why({ state: "done" }), "Broken no-score: done without a score")
      assert.strictEqual(
        yield* why({ state: "done", score: "71" }),
        "Broken invalid-answer: score is not a whole number from 0 to 100"
      )
      assert.strictEqual(yield* why({ state: 7 }), "Broken invalid-answer: state is not a text")
      assert.strictEqual(yield* why({}), "Broken invalid-answer: state is missing")
      assert.strictEqual(yield* why({ state: "done", score: 1 }, 203), "Broken http-203: HTTP 203")
      assert.strictEqual(yield* why({ code: "X", message: "Busy." }, 409), "Transient X: Busy (HTTP 409)")
    })
  )

  it.effect("refuses by its table, and calls in doubt what nobody can know", () =>
    Effect.gen(function* () {
      const refusal = (...reply: Reply) =>
        Effect.flatMap(world(acme, reply), ({ adapter }) => Effect.flip(adapter.submit({ url: "https://a.example" })))
      assert.deepInclude(yield* refusal(403, { code: "BLOCKED", message: "No." }), {
        kind: "Refused",
        permanent: true,
        advice: "choose another page"
      })
      assert.deepInclude(yield* refusal(400, { message: "a proxy's" }), {
        kind: "InDoubt",
        advice: "look into the list"
      })
      assert.deepInclude(yield* refusal(202, {}), { kind: "InDoubt", code: "no-scan-id" })
      const { adapter, sent } = yield* world(acme)
      const fault = yield* Effect.flip(adapter.submit({ url: "no address", depth: -1 }))
      assert.strictEqual(fault.message, "url must be an http or https address; depth must be a whole number from 0")
      assert.lengthOf(sent, 0)
    })
  )

  it.effect("takes a number, a place in Location or a text for an id, and encodes what its form allows", () =>
    Effect.gen(function* () {
      const idOf = (changes: object, ...reply: Reply) =>
        Effect.flatMap(world(Vendor.define({ ...definition, ...changes }), reply, [200, {}]), ({ adapter, sent }) =>
          Effect.gen(function* () {
            const submitted = yield* adapter.submit({ url: "https://a.example" })
            if (submitted._tag !== "Submitted") return null
            yield* Effect.exit(adapter.poll(submitted.ticket))
            return `${submitted.ticket.scanId} ${sent[1]?.url.slice(24)}`
          })
        )
      assert.strictEqual(yield* idOf({ ids: "number", probe: "0" }, 200, { id: 42 }), "42 /scans/42")
      const location = { submit: { path: "/scans", id: { location: /\/scans\/([^/?]+)$/ } } }
      assert.strictEqual(yield* idOf(location, 201, null, { location: "/v1/scans/s-7" }), "s-7 /scans/s-7")
      const odd = { ids: /^[a-z/=]+$/, probe: "a" }
      assert.strictEqual(yield* idOf(odd, 200, { id: "a/b==" }), "a/b== /scans/a%2Fb%3D%3D")
      const text = {
        submit: { path: "/scans", answer: "text", id: (body: unknown) => /id=(\S+)/.exec(String(body))?.[1] }
      }
      assert.strictEqual(yield* idOf(text, 200, "id=s-9 "), "s-9 /scans/s-9")
      const { adapter, sent } = yield* world(acme)
      assert.deepInclude(yield* Effect.flip(adapter.poll(ticket(".."))), { code: "invalid-id", permanent: true })
      assert.lengthOf(sent, 0)
    })
  )

  it.effect("ends a scan within its submission, where the vendor's words say so", () =>
    Effect.gen(function* () {
      const submit = {
        path: "/scans",
        id: ["id"],
        already: { words: ["done"], warnings: () => ["found in a cache"] }
      }
      const cached = Vendor.define({ ...definition, submit })
      const one = yield* world(cached, [200, { id: "s-1", state: "done", score: 9 }])
      const already = yield* one.adapter.submit({ url: "https://a.example" })
      assert.isTrue(already._tag === "Already" && already.outcome._tag === "Completed")
      if (already._tag === "Already") assert.deepStrictEqual(already.outcome.warnings, ["found in a cache"])
      for (const body of [{ state: "done" }, { state: "broke" }, {}]) {
        const { adapter } = yield* world(cached, [200, { id: "s-1", ...body }])
        assert.strictEqual((yield* adapter.submit({ url: "https://a.example" }))._tag, "Submitted")
      }
    })
  )

  it.effect("may say with a status that a scan is not finished, for some time after its submission", () =>
    Effect.gen(function* () {
      const { pending, ...status } = {
        ...definition.status,
        pending: [{ status: 404, phase: "running", says: /not finished/, within: "2 minutes" }] as const
      }
      const slow = Vendor.define({ ...definition, status: { ...status, pending } })
      const poll = (message: string, submittedAt: number | null) =>
        Effect.flatMap(world(slow, [404, { code: "X", message }]), ({ adapter }) =>
          Effect.map(Effect.result(adapter.poll(ticket("s-1", submittedAt))), (it) =>
            Result.isSuccess(it) ? it.success.observation._tag : it.failure.kind
          )
        )
      yield* TestClock.adjust("1 hour")
      const now = Duration.toMillis("1 hour")
      assert.strictEqual(yield* poll("not finished yet", now - 119_000), "Pending")
      assert.strictEqual(yield* poll("not finished yet", now - 120_000), "Missing")
      assert.strictEqual(yield* poll("not finished yet", null), "Pending")
      assert.strictEqual(yield* poll("no such scan", now), "Missing")
    })
  )

  it.effect("reads its key anew from the environment before each request, and says which variable is missing", () =>
    Effect.gen(function* () {
      const http = Layer.succeed(VendorHttp.VendorHttp, {
        make: ({ baseUrl, credential }) =>
          Effect.succeed({
            origin: baseUrl,
            scrub: (text: string) => text,
            get: () => Effect.andThen(Effect.orDie(credential), Effect.never),
            post: () => Effect.never
          })
      })
      const make = (env: Record<string, string>) =>
        Vendor.fromConfig(acme).pipe(
          Effect.provide(http),
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
        )
      const error = yield* Effect.flip(make({}))
      assert.deepInclude(error, { _tag: "CredentialError", variable: "ACME_KEY", message: "ACME_KEY is not set" })
      const adapter = yield* make({ ACME_KEY: "sk-1", ACME_BASE_URL: " https://eu.acme.example " })
      assert.strictEqual(adapter.origin, "https://eu.acme.example")
    })
  )
})

describe("a wrong definition is refused", () => {
  const faults = (change: object): ReadonlyArray<string> => {
    try {
      Vendor.define({ ...definition, ...change })
      return []
    } catch (error) {
      return error instanceof TypeError ? error.message.split("\n  - ").slice(1) : ["another error"]
    }
  }

  it("with everything that is wrong with it, in words", () => {
    assert.deepStrictEqual(
      faults({
        name: "My Vendor",
        docs: "somewhere",
        baseUrl: "acme",
        key: { variable: "acme key" },
        probe: "a b",
        sample: { url: "no address" },
        status: { ...definition.status, path: "s?x=1", word: [], words: { a: "queued" } },
        errors: { message: ["m"], rows: { "NOT_FOUND 404": { poll: "Missing" }, "500": {} } },
        pacing: {
          ...definition.pacing,
          limits: { floor: "2 seconds", hintCap: "soon" },
          every: { ...definition.pacing.every, interactive: "1 second", bulk: "-1 second" }
        }
      }),
      [
        "pacing.limits.hintCap must be a duration of 1 millisecond to 30 days",
        "pacing.every.interactive is shorter than pacing.limits.floor",
        "pacing.every.bulk must be a duration of 1 millisecond to 30 days",
        "name must be 1 to 32 of a-z, 0-9 and -, a letter first",
        "docs must be an http or https address",
        "baseUrl must be an https address, or null",
        "key.variable must be of A-Z, 0-9 and _, a letter first",
        "probe is not an id of the form `ids`",
        `status.path: "s?x=1" must start with a slash`,
        `status.path: "s?x=1" holds a query: use status.query`,
        `status.path: "s?x=1" has no {id}`,
        "status.word must name at least one field",
        "status.words: no word means completed",
        `errors.rows: "500" says nothing`,
        `errors.rows: "NOT_FOUND 404" is not "STATUS CODE" or "STATUS"`,
        "sample.url must be an http or https address"
      ]
    )
  })

  it.each<readonly [string, object]>([
    ['key is missing: name the variable, or set auth: "none"', { key: undefined }],
    [
      "submit.body: a GET has none: use submit.query",
      { submit: { ...definition.submit, method: "GET", body: () => 1 } }
    ],
    [
      `submit.already: "finished" is not in status.words`,
      { submit: { ...definition.submit, already: { words: ["finished"] } } }
    ],
    [
      "status.pending: a 200 is told by its word",
      { status: { ...definition.status, pending: [{ status: 200, phase: "running" }] } }
    ],
    [`auth.header: "host" cannot carry a key`, { auth: { header: "host" } }]
  ])("because %s", (fault, change) => {
    assert.deepStrictEqual(faults(change), [fault])
  })
})
