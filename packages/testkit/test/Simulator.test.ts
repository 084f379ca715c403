import { assert, describe, it } from "@effect/vitest"
import { AppVetSimulator, ComplianceSimulator, ExonaSimulator, Simulators } from "@scanpoll/testkit"
import { Effect, Exit, Fiber, Scope } from "effect"
import * as Http from "node:http"
import * as Net from "node:net"
import { at, clockAt, get, post, text } from "./support.ts"

const acme = { company_name: "Acme AI Ltd", company_website: "https://acme.ai" }
const target = { url: "https://example.com", type: "security" }
const dataset = {
  policy_id: "550e8400-e29b-41d4-a716-446655440000",
  upload_id: "123e4567-e89b-12d3-a456-426614174000",
  mapping_id: "789e0123-e45b-67c8-d901-234567890123"
}

describe("a simulator's life", () => {
  it.live("listens on 127.0.0.1 alone, on a free port, at its base", () =>
    Effect.gen(function* () {
      const { appvet, compliance, exona } = yield* Simulators.make()
      assert.strictEqual(new Set([exona.port, compliance.port, appvet.port]).size, 3)
      assert.strictEqual(exona.origin, `http://127.0.0.1:${exona.port}`)
      assert.strictEqual(exona.baseUrl, `${exona.origin}/api/v1`)
      assert.strictEqual(appvet.baseUrl, appvet.origin)
      assert.strictEqual(compliance.baseUrl, compliance.origin)
    })
  )

  it.live("closing its scope closes every socket at once, also those that hang, and frees the port", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const exona = yield* Scope.provide(
        ExonaSimulator.make({ scripts: [{ steps: [{ delay: "1 hour", times: 2 }] }] }),
        scope
      )
      const agent = new Http.Agent({ keepAlive: true })
      const hanging = yield* Effect.forkChild(Effect.flip(get(exona, "/scans/a")))
      const second = yield* Effect.forkChild(Effect.flip(get(exona, "/scans/b")))
      yield* exona.ledger.until((ledger) => ledger.requests().length === 2)
      yield* get(exona, "/scans/c", { agent })
      const idle = yield* Effect.callback<Net.Socket>((resume) => {
        const socket = Net.connect(exona.port, "127.0.0.1", () => resume(Effect.succeed(socket)))
      })
      yield* exona.ledger.until((ledger) => ledger.totals().openSockets === 4)
      const gone = yield* Effect.forkChild(
        Effect.callback<void>((resume) => {
          idle.resume().once("close", () => resume(Effect.void))
        })
      )
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(hanging)).code, "ECONNRESET")
      assert.strictEqual((yield* Fiber.join(second)).code, "ECONNRESET")
      yield* Fiber.join(gone)
      assert.strictEqual(exona.ledger.totals().openSockets, 0)
      assert.strictEqual(exona.ledger.totals().requestsNow, 0)
      assert.strictEqual((yield* Effect.flip(get(exona, "/scans/d"))).code, "ECONNREFUSED")
      assert.isTrue(exona.ledger.requests().every((entry) => entry.clientClosedAt === null))
      agent.destroy()
    })
  )

  it.live("a port that is taken is an expected error", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const error = yield* Effect.flip(AppVetSimulator.make({ port: exona.port }))
      assert.deepStrictEqual([error._tag, error.reason, error.vendor], ["SimulatorError", "port", "appvet"])
    })
  )

  it.live.each([
    { speed: 0 },
    { speed: -1 },
    { speed: Number.NaN },
    { speed: Infinity },
    { port: 70000 },
    { capacity: 0 },
    { ledgerCapacity: 1.5 },
    { rateLimit: { limit: 0, window: "1 minute" } },
    { rateLimit: { limit: 1, window: 0 } },
    { startAt: Number.NaN }
  ] as const)("options out of bounds are refused: %o", (options) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ExonaSimulator.make(options))
      assert.strictEqual(error.reason, "option")
      assert.include(error.message, Object.keys(options)[0] ?? "?")
    })
  )

  it.live("down refuses connections, up opens the same port and forgets nothing", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const path = `/scans/${text((yield* post(exona, "/scans", acme)).json, "id")}`
      yield* exona.down
      yield* exona.down
      assert.strictEqual((yield* Effect.flip(get(exona, path))).code, "ECONNREFUSED")
      yield* exona.up
      yield* exona.up
      assert.strictEqual((yield* get(exona, path)).status, 200)
    })
  )

  it.live("leaves no socket and no timer behind, however often it is started", () =>
    Effect.gen(function* () {
      const open = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|Timeout|Immediate)/.test(name)).length
      const use = Effect.scoped(
        Effect.gen(function* () {
          const { appvet, exona } = yield* Simulators.make()
          yield* exona.script({ steps: [{ delay: "1 hour" }] })
          yield* Effect.forkChild(Effect.exit(get(exona, "/scans/x")))
          yield* exona.ledger.until((ledger) => ledger.requests().length === 1)
          yield* post(appvet, "/v1/scan", target)
        })
      )
      yield* use
      const before = open()
      for (let i = 0; i < 20; i++) yield* use
      assert.isAtMost(open(), before)
    })
  )

  it.effect("comes as services", () =>
    Effect.gen(function* () {
      const all = yield* Simulators.Simulators
      assert.strictEqual(all.exona, yield* ExonaSimulator.ExonaSimulator)
      assert.strictEqual(all.compliance, yield* ComplianceSimulator.ComplianceSimulator)
      assert.strictEqual(all.appvet, yield* AppVetSimulator.AppVetSimulator)
      const environment = Simulators.environment(all)
      assert.strictEqual(environment["EXONA_BASE_URL"], all.exona.baseUrl)
      assert.strictEqual(environment["SCANPOLL_ALLOW_INSECURE_HOSTS"]?.split(",").length, 3)
    }).pipe(Effect.provide(Simulators.layer()))
  )

  it.live("forgets the oldest scans and requests past its bounds, and goes on counting", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({ capacity: 3, ledgerCapacity: 4, rateLimit: null })
      const ids: Array<string> = []
      for (let i = 0; i < 10; i++) ids.push(text((yield* post(appvet, "/v1/scan", target)).json, "id"))
      assert.strictEqual((yield* get(appvet, `/v1/scan/${ids[6]}`)).status, 404)
      assert.strictEqual((yield* get(appvet, `/v1/scan/${ids[7]}`)).status, 200)
      const { accepted, dropped, requests } = appvet.ledger.totals()
      assert.deepStrictEqual([requests, accepted], [12, 10])
      assert.isAtMost(appvet.ledger.requests().length, 6)
      assert.strictEqual(dropped, 12 - appvet.ledger.requests().length)
      assert.strictEqual(appvet.ledger.requests().at(-1)?.index, 11)
    })
  )
})

describe("a simulator's determinism", () => {
  const conversation = (seed: number, order: ReadonlyArray<number>) =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const all = yield* Simulators.make({ seed, clock: time.clock, exona: { failureRate: 0.3 } })
      const answers: Record<string, Array<unknown>> = {}
      const say = (who: number, answer: { readonly status: number; readonly json: unknown }) => {
        ;(answers[String(who)] ??= []).push([answer.status, answer.json])
        return answer
      }
      for (const who of order) {
        const website = { ...acme, company_website: `https://company${who}.ai` }
        const exona = say(who, yield* post(all.exona, "/scans", website))
        const appvet = say(who, yield* post(all.appvet, "/v1/scan", { ...target, url: `https://site${who}.com` }))
        const audited = { ...dataset, policy_id: dataset.policy_id.replace("0000", `000${who}`) }
        const compliance = say(who, yield* post(all.compliance, "/api/scan/run", audited))
        const [a, b, c] = [text(exona.json, "id"), text(appvet.json, "id"), text(compliance.json, "scan_id")]
        say(who, yield* get(all.compliance, `/api/scan/${c}`))
        answers[`${who} ids`] = [a, b, c]
      }
      time.pass(300)
      for (const who of order) {
        const [a, b] = answers[`${who} ids`] ?? []
        say(who, yield* get(all.exona, `/scans/${String(a)}`))
        say(who, yield* get(all.appvet, `/v1/scan/${String(b)}`))
        say(who, yield* get(all.appvet, `/v1/report/${String(b)}`))
      }
      return answers
    }).pipe(Effect.scoped)

  it.live("same seed, same requests: the same answers, ids included", () =>
    Effect.gen(function* () {
      const first = yield* conversation(7, [1, 2, 3])
      assert.deepStrictEqual(yield* conversation(7, [1, 2, 3]), first)
      const other = yield* conversation(8, [1, 2, 3])
      assert.notDeepEqual(other["1 ids"], first["1 ids"])
    })
  )

  it.live("what happens to one subject does not hang on the others", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* conversation(7, [3, 1, 2]), yield* conversation(7, [1, 2, 3]))
    })
  )
})

describe("a simulator's time", () => {
  it.live("vendor time runs at its speed, from where it is told to start", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        speed: 60,
        startAt: Date.parse("2020-01-01T00:00:00Z"),
        fate: () => ({ duration: "90 seconds" })
      })
      const created = yield* post(exona, "/scans", acme)
      assert.strictEqual(at(created.json, "created_at"), "2020-01-01T00:00:00Z")
      time.pass(1)
      const path = `/scans/${text(created.json, "id")}`
      assert.strictEqual(at((yield* get(exona, path)).json, "status"), "processing")
      time.pass(1)
      const ended = yield* get(exona, path)
      assert.strictEqual(at(ended.json, "completed_at"), "2020-01-01T00:01:30Z")
      assert.strictEqual(yield* exona.vendorTime, Date.parse("2020-01-01T00:02:00Z"))
      assert.strictEqual(ended.headers["date"], "Mon, 11 May 2026 09:00:02 GMT")
    })
  )

  it.live("headers speak the client's seconds: an hour's window at speed 60 is a minute away", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        speed: 60,
        rateLimit: { limit: 1, window: "1 hour" }
      })
      const first = yield* post(exona, "/scans", acme)
      assert.strictEqual(Number(first.headers["x-ratelimit-reset"]), Date.parse("2026-05-11T09:01:00Z") / 1000)
      time.pass(20)
      assert.strictEqual((yield* post(exona, "/scans", acme)).headers["retry-after"], "40")
      time.pass(40)
      assert.strictEqual((yield* post(exona, "/scans", acme)).status, 201)
    })
  )

  it.live("on the machine's own clock a sped-up scan ends in real time", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({
        speed: 1000,
        rateLimit: null,
        fate: () => ({ duration: "75 seconds" })
      })
      const created = yield* post(appvet, "/v1/scan", target)
      const poll = get(appvet, `/v1/scan/${text(created.json, "id")}`)
      const { json } = yield* Effect.repeat(poll, { until: (answer) => at(answer.json, "status") === "completed" })
      assert.strictEqual(Date.parse(text(json, "completed_at")) - Date.parse(text(json, "created_at")), 75_000)
    })
  )

  it.effect("a test clock does not hold a real socket up", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ speed: 100 })
      assert.strictEqual((yield* post(compliance, "/api/scan/run", dataset)).status, 200)
    })
  )
})
