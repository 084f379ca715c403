import { assert, describe, it } from "@effect/vitest"
import { AppVetSimulator, ExonaSimulator, Script } from "@scanpoll/testkit"
import { Effect, Fiber } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import { gunzipSync } from "node:zlib"
import { at, get, post, text } from "./support.ts"

const acme = { company_name: "Acme AI Ltd", company_website: "https://acme.ai" }

/** An Exona with one processing scan whose polls are scripted. */
const scripted = (polls: Script.Steps) =>
  Effect.gen(function* () {
    const exona = yield* ExonaSimulator.make({ rateLimit: null, fate: () => ({ duration: Infinity, polls }) })
    const id = text((yield* post(exona, "/scans", acme)).json, "id")
    return { exona, id, poll: get(exona, `/scans/${id}`) }
  })

const keepAlive = Effect.acquireRelease(
  Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: 1 })),
  (agent) => Effect.sync(() => agent.destroy())
)

describe("Script", () => {
  it("takes steps in order, each as often as it says", () => {
    const steps: Script.Steps = [{ status: 500, times: 2 }, null, { status: 503, times: Infinity }]
    assert.deepStrictEqual(
      [0, 1, 2, 3, 99].map((ordinal) => Script.at(steps, ordinal)?.status),
      [500, 500, undefined, 503, 503]
    )
    assert.strictEqual(Script.length(steps), Infinity)
    assert.strictEqual(Script.length([null, { times: 3 }]), 4)
    assert.isNull(Script.at([], 0))
  })

  it("lets the vendor act exactly where it comes to an answer of its own, unless told", () => {
    const acting = [
      {},
      { delay: "1 second" as const },
      { merge: {} },
      Script.cut(),
      Script.drip(1),
      Script.hang("answer")
    ]
    const idle = [
      Script.respond(500),
      Script.reset(),
      Script.close("head"),
      Script.hang(),
      Script.raw(""),
      Script.huge(1)
    ]
    assert.isTrue(acting.every(Script.acts))
    assert.isFalse(idle.some(Script.acts))
    assert.isTrue(
      [Script.acceptedNeverAnswered, Script.acceptedAnswerLost, Script.acceptedThen(502)].every(Script.acts)
    )
    assert.isFalse(Script.acts({ accept: false }))
  })
})

describe("a scripted answer", () => {
  it.live("replaces status and body, then gives way to the simulator's own", () =>
    Effect.gen(function* () {
      const { poll } = yield* scripted([Script.respond(500, { oops: true }), null, Script.html(502)])
      const first = yield* poll
      assert.deepStrictEqual([first.status, first.json], [500, { oops: true }])
      assert.strictEqual(first.headers["content-type"], "application/json")
      assert.isString(first.headers["x-request-id"])
      assert.strictEqual((yield* poll).status, 200)
      const third = yield* poll
      assert.deepStrictEqual([third.status, third.headers["content-type"]], [502, "text/html; charset=utf-8"])
      assert.strictEqual((yield* poll).status, 200)
    })
  )

  it.live("sends text and bytes as they are", () =>
    Effect.gen(function* () {
      const { poll } = yield* scripted([
        { body: '{"score":1e999}' },
        { body: Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d) },
        { status: 204 }
      ])
      assert.strictEqual((yield* poll).text, '{"score":1e999}')
      assert.deepStrictEqual([...(yield* poll).bytes], [0xef, 0xbb, 0xbf, 0x7b, 0x7d])
      const empty = yield* poll
      assert.deepStrictEqual([empty.status, empty.text], [204, ""])
    })
  )

  it.live("changes headers whatever their case: replaced, doubled, taken away", () =>
    Effect.gen(function* () {
      const { poll } = yield* scripted([
        { headers: { "retry-after": ["10", "20"], DATE: "yesterday" } },
        { headers: { "RETRY-AFTER": null, "X-Request-Id": null } }
      ])
      const doubled = yield* poll
      const waits = doubled.rawHeaders.filter((_, i) => doubled.rawHeaders[i - 1]?.toLowerCase() === "retry-after")
      assert.deepStrictEqual(waits, ["10", "20"])
      assert.strictEqual(doubled.headers["date"], "yesterday")
      const bare = yield* poll
      assert.isUndefined(bare.headers["retry-after"])
      assert.isUndefined(bare.headers["x-request-id"])
    })
  )

  it.live("alters the simulator's own JSON", () =>
    Effect.gen(function* () {
      const { id, poll } = yield* scripted([
        { merge: { status: "archived", extra: null }, omit: ["company", "created_at"] }
      ])
      assert.deepStrictEqual((yield* poll).json, { id, status: "archived", extra: null })
    })
  )

  it.live("may change the number of an accepted submission and keep its body", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        scripts: [{ match: { route: "submit" }, steps: [{ status: 202, accept: true }] }]
      })
      const created = yield* post(exona, "/scans", acme)
      assert.strictEqual(created.status, 202)
      assert.strictEqual(at(created.json, "id"), exona.ledger.accepted()[0]?.scanId)
    })
  )

  it.live("sends the client elsewhere", () =>
    Effect.gen(function* () {
      const { poll } = yield* scripted([Script.redirect("http://127.0.0.1:1/elsewhere", 307)])
      const answer = yield* poll
      assert.deepStrictEqual([answer.status, answer.headers["location"]], [307, "http://127.0.0.1:1/elsewhere"])
    })
  )

  it.live("comes late", () =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([{ delay: "60 millis" }])
      yield* poll
      const [entry] = exona.ledger.polls(id)
      assert.isAtLeast((entry?.answeredAt ?? 0) - (entry?.at ?? 0), 58)
    })
  )
})

describe("a fault on the wire", () => {
  it.live("reset: after the request was read, with nothing answered", () =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([Script.reset()])
      const error = yield* Effect.flip(poll)
      assert.deepStrictEqual([error.code, error.received], ["ECONNRESET", ""])
      const [entry] = exona.ledger.polls(id)
      assert.deepStrictEqual([entry?.status, entry?.answeredAt, entry?.fault], [null, null, "Reset"])
      assert.strictEqual((yield* poll).status, 200)
    })
  )

  it.live("a reset is a TCP reset, a close is not", () =>
    Effect.gen(function* () {
      const { exona, id } = yield* scripted([Script.reset(), Script.close()])
      const ending = Effect.callback<string>((resume) => {
        const socket = Net.connect(exona.port, "127.0.0.1")
        socket.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "error")))
        socket.on("end", () => resume(Effect.succeed("end")))
        socket.resume()
        socket.write(`GET /api/v1/scans/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${exona.key}\r\n\r\n`)
        return Effect.sync(() => socket.destroy())
      })
      assert.strictEqual(yield* ending, "ECONNRESET")
      assert.strictEqual(yield* ending, "end")
    })
  )

  it.live("reset and close: before the body of a submission was read", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        scripts: [{ match: { method: "POST" }, steps: [Script.reset("head"), Script.close("head")] }]
      })
      for (let i = 0; i < 2; i++) {
        yield* Effect.flip(post(exona, "/scans", acme))
        assert.isNull(exona.ledger.requests()[i]?.body)
      }
      assert.deepStrictEqual(exona.ledger.accepted(), [])
      assert.strictEqual((yield* post(exona, "/scans", acme)).status, 201)
    })
  )

  it.live("reset: in the middle of the body", () =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([Script.reset("answer")])
      const error = yield* Effect.flip(poll)
      assert.strictEqual(error.code, "ECONNRESET")
      assert.strictEqual(exona.ledger.polls(id)[0]?.status, 200)
      assert.isNull(exona.ledger.polls(id)[0]?.answeredAt)
    })
  )

  it.live("close: a kept connection dies under its second request", () =>
    Effect.gen(function* () {
      const agent = yield* keepAlive
      const exona = yield* ExonaSimulator.make({
        scripts: [{ match: { where: ({ socketRequest }) => socketRequest === 1 }, steps: [Script.close()] }]
      })
      assert.strictEqual((yield* get(exona, "/scans/scn_x", { agent })).status, 404)
      assert.strictEqual((yield* Effect.flip(get(exona, "/scans/scn_x", { agent }))).code, "ECONNRESET")
      assert.strictEqual((yield* get(exona, "/scans/scn_x", { agent })).status, 404)
      assert.deepStrictEqual(
        exona.ledger.requests().map(({ socketId, socketRequest }) => [socketId, socketRequest]),
        [
          [1, 0],
          [1, 1],
          [2, 0]
        ]
      )
    })
  )

  it.live.each([
    ["before the headers", Script.hang(), null],
    ["in the middle of the body", Script.hang("answer"), 200]
  ] as const)("hang %s: until the client goes away, which the ledger notes", ([, step, status]) =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([step])
      const fiber = yield* Effect.forkChild(Effect.flip(poll))
      yield* exona.ledger.until((ledger) => ledger.polls(id).length === 1)
      assert.isUndefined(fiber.pollUnsafe())
      assert.isNull(exona.ledger.polls(id)[0]?.clientClosedAt)
      yield* Fiber.interrupt(fiber)
      yield* exona.ledger.until((ledger) => ledger.polls(id)[0]?.clientClosedAt !== null)
      const [entry] = exona.ledger.polls(id)
      assert.deepStrictEqual([entry?.status, entry?.answeredAt], [status, null])
      yield* exona.ledger.until((ledger) => ledger.totals().openSockets === 0)
      assert.strictEqual(exona.ledger.totals().requestsNow, 0)
    })
  )

  it.live("cut: fewer bytes than announced", () =>
    Effect.gen(function* () {
      const { poll } = yield* scripted([Script.cut(6), Script.cut()])
      const short = yield* Effect.flip(poll)
      assert.deepStrictEqual([short.code, short.received], ["ECONNRESET", '{"id":'])
      assert.isAbove((yield* Effect.flip(poll)).received.length, 20)
    })
  )

  it.live("drip: byte by byte, and whole in the end", () =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([Script.drip("1 millis", { bytes: 20 })])
      const answer = yield* poll
      assert.strictEqual(at(answer.json, "id"), id)
      const [entry] = exona.ledger.polls(id)
      assert.isAtLeast((entry?.answeredAt ?? 0) - (entry?.at ?? 0), 5)
    })
  )

  it.live("drip without end: ends with the client alone", () =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([Script.drip("1 millis", { endless: true })])
      assert.isTrue((yield* Effect.timeoutOption(poll, "80 millis"))._tag === "None")
      yield* exona.ledger.until((ledger) => ledger.polls(id)[0]?.clientClosedAt !== null)
      assert.strictEqual(exona.ledger.totals().requestsNow, 0)
    })
  )

  it.live("raw: exactly these bytes", () =>
    Effect.gen(function* () {
      const bytes = "HTTP/1.1 299 Odd\r\nRetry-After: \x80\xff\r\nContent-Length: 2\r\n\r\n{}"
      const { exona, id } = yield* scripted([Script.raw(bytes), Script.raw("SSH-2.0-x\r\n", "reset")])
      const received = yield* Effect.callback<string>((resume) => {
        const socket = Net.connect(exona.port, "127.0.0.1")
        const chunks: Array<Buffer> = []
        socket.on("data", (chunk: Buffer) => chunks.push(chunk))
        socket.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("latin1"))))
        socket.write(`GET /api/v1/scans/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${exona.key}\r\n\r\n`)
        return Effect.sync(() => socket.destroy())
      })
      assert.strictEqual(received, bytes)
      assert.strictEqual(exona.ledger.polls(id)[0]?.status, 299)
      assert.match((yield* Effect.flip(get(exona, `/scans/${id}`))).code, /^HPE_|ECONNRESET/)
    })
  )

  it.live("huge and gzip bomb: as large as told, the bomb small on the wire", () =>
    Effect.gen(function* () {
      const size = 8 * 1024 * 1024
      const { poll } = yield* scripted([Script.huge(size), Script.gzipBomb(size)])
      const huge = yield* poll
      assert.strictEqual(huge.bytes.byteLength, size)
      assert.deepStrictEqual(huge.json, {})
      const bomb = yield* poll
      assert.strictEqual(bomb.headers["content-encoding"], "gzip")
      assert.isBelow(bomb.bytes.byteLength, size / 500)
      assert.strictEqual(gunzipSync(bomb.bytes).byteLength, size)
    })
  )

  it.live("an endless answer that the client aborts leaves nothing behind", () =>
    Effect.gen(function* () {
      const { exona, poll } = yield* scripted([Script.gzipBomb(1024 ** 3), Script.huge(1024 ** 3)])
      for (let i = 0; i < 2; i++) {
        assert.strictEqual((yield* Effect.timeoutOption(poll, "50 millis"))._tag, "None")
        yield* exona.ledger.until((ledger) => ledger.totals().requestsNow === 0)
      }
      yield* exona.ledger.until((ledger) => ledger.totals().openSockets === 0)
    })
  )

  it.live("connections may be reset, closed, greeted, or accepted and never read", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      yield* exona.nextConnections(["reset", "close", { greeting: "HTTP/1.1 nonsense\r\n\r\n" }, "silence"])
      const path = "/scans/scn_x"
      for (let i = 0; i < 3; i++) yield* Effect.flip(get(exona, path))
      const fiber = yield* Effect.forkChild(get(exona, path))
      yield* exona.ledger.until((ledger) => ledger.totals().connections === 4)
      yield* Fiber.interrupt(fiber)
      yield* exona.ledger.until((ledger) => ledger.totals().openSockets === 0)
      assert.deepStrictEqual(exona.ledger.requests(), [])
      assert.strictEqual((yield* get(exona, path)).status, 404)
    })
  )
})

describe("a submission whose answer is lost", () => {
  it.live.each([
    ["never answered", Script.acceptedNeverAnswered],
    ["answered by a reset", Script.acceptedAnswerLost],
    ["cut", Script.cut()]
  ] as const)("is in the books: %s", ([, step]) =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ fate: () => ({ submit: [step] }) })
      const fiber = yield* Effect.forkChild(Effect.exit(post(exona, "/scans", acme)))
      yield* exona.ledger.until((ledger) => ledger.accepted().length === 1)
      if (step === Script.acceptedNeverAnswered) yield* Fiber.interrupt(fiber)
      else assert.strictEqual((yield* Fiber.join(fiber))._tag, "Failure")
      const id = exona.ledger.accepted()[0]?.scanId
      assert.strictEqual((yield* get(exona, `/scans/${id}`)).status, 200)
      assert.strictEqual(exona.ledger.totals().credits, 1)
    })
  )

  it.live("is in the books behind a gateway's error, and is not behind a refusal", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({
        fate: () => ({ submit: [AppVetSimulator.throttled(5), Script.acceptedThen(504)] })
      })
      const submit = post(appvet, "/v1/scan", { url: "https://example.com", type: "seo" })
      const limited = yield* submit
      assert.deepStrictEqual([limited.status, limited.headers["retry-after"]], [429, "5"])
      assert.strictEqual(appvet.ledger.accepted().length, 0)
      assert.strictEqual((yield* submit).status, 504)
      assert.strictEqual(appvet.ledger.accepted("https://example.com").length, 1)
    })
  )
})

describe("scripts of a simulator", () => {
  it.live("the earliest script with steps left takes the request; matched by route, scan, path and more", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const a = text((yield* post(exona, "/scans", acme)).json, "id")
      const b = text((yield* post(exona, "/scans", acme)).json, "id")
      yield* exona.script({ match: { scanId: a }, steps: [Script.respond(500)] })
      yield* exona.script({ match: { route: "status" }, steps: [Script.respond(501), null, Script.respond(502)] })
      yield* exona.script({ match: { path: /scn_other/ }, steps: [Script.respond(503)] })
      const status = (id: string) => Effect.map(get(exona, `/scans/${id}`), (answer) => answer.status)
      assert.deepStrictEqual(
        [
          yield* status(b),
          yield* status(a),
          yield* status(a),
          yield* status(b),
          yield* status("scn_other"),
          yield* status(a)
        ],
        [501, 500, 200, 502, 503, 200]
      )
      yield* exona.script({ steps: [{ status: 500, times: Infinity }] })
      assert.deepStrictEqual([yield* status(a), yield* status(a)], [500, 500])
      yield* exona.clearScripts
      assert.strictEqual(yield* status(a), 200)
      assert.strictEqual(exona.ledger.requests({ where: (entry) => entry.scripted }).length, 6)
    })
  )

  it.live("a scan's own steps wait while a script takes its polls", () =>
    Effect.gen(function* () {
      const { exona, poll } = yield* scripted([Script.respond(418)])
      yield* exona.script({ match: { route: "status" }, steps: [Script.respond(500)] })
      assert.deepStrictEqual([(yield* poll).status, (yield* poll).status, (yield* poll).status], [500, 418, 200])
    })
  )

  it.live("a step under which the vendor does not act leaves polls uncounted", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ fate: () => ({ settleAfterPolls: 1, polls: [Script.respond(503)] }) })
      const path = `/scans/${text((yield* post(exona, "/scans", acme)).json, "id")}`
      const seen: Array<unknown> = []
      for (let i = 0; i < 3; i++) seen.push(at((yield* get(exona, path)).json, "status"))
      assert.deepStrictEqual(seen, [undefined, "processing", "completed"])
    })
  )

  it.live("a function of the test that throws is shown, and the simulator lives on", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        fate: () => {
          throw new Error("a slip in a test")
        }
      })
      const answer = yield* post(exona, "/scans", acme)
      assert.strictEqual(answer.status, 500)
      assert.include(answer.text, "a slip in a test")
      assert.strictEqual((yield* get(exona, "/scans/scn_x")).status, 404)
    })
  )

  it.live.each([
    ["a delayed answer", { delay: "1 hour" }],
    ["an endless one", Script.drip("1 millis", { endless: true })]
  ] as const)("a client that goes away stops %s, timer and all", ([, step]) =>
    Effect.gen(function* () {
      const { exona, id, poll } = yield* scripted([step])
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
      const before = timers()
      const fiber = yield* Effect.forkChild(poll)
      yield* exona.ledger.until((ledger) => ledger.polls(id).length === 1)
      yield* Fiber.interrupt(fiber)
      yield* exona.ledger.until((ledger) => ledger.totals().requestsNow === 0)
      assert.isAtMost(timers(), before)
    })
  )
})
