/** The adapter over real sockets, against the simulated vendor. */
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpClient } from "@effect/platform-node"
import { AppVet, AppVetPolicy, type AppVetSchema } from "@scanpoll/appvet"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import { AppVetSimulator, Script } from "@scanpoll/testkit"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const start = (options: AppVetSimulator.Options = {}, key?: string) =>
  Effect.gen(function* () {
    const simulator = yield* AppVetSimulator.make(options)
    const made = yield* AppVet.make({
      credential: Redacted.make(key ?? simulator.key),
      baseUrl: simulator.baseUrl,
      insecureHosts: [`127.0.0.1:${simulator.port}`]
    })
    const { collect, reconcile } = made
    if (collect === undefined || reconcile === undefined) return yield* Effect.die(new Error("a part is missing"))
    return { simulator, adapter: { ...made, collect, reconcile } }
  })

const request = (url: string, type: AppVetSchema.ScanType = "security") => ({ url, type })

const submit = Effect.fnUntraced(function* (adapter: AppVet["Service"], wanted: AppVetSchema.AppVetRequest) {
  const seen = yield* adapter.submit(wanted)
  return seen._tag === "Submitted" ? seen : yield* Effect.die(new Error("no ticket"))
})

const outcome = Effect.fnUntraced(function* (adapter: AppVet["Service"], wanted: AppVetSchema.AppVetRequest) {
  const { ticket } = yield* submit(adapter, wanted)
  for (let polls = 0; polls < 10; polls++) {
    const { observation } = yield* adapter.poll(ticket)
    if (observation._tag === "Settled") return observation.value
  }
  return yield* Effect.die(new Error("never ended"))
})

const live = <A, E>(name: string, test: () => Effect.Effect<A, E, VendorHttp.VendorHttp | Scope.Scope>) =>
  it.live(name, () => Effect.provide(Effect.scoped(test()), http))

describe("over real HTTP", () => {
  live("a scan is queued, scanned and completed, and its report explains it", () =>
    Effect.gen(function* () {
      const event = { time: "12:00:05", message: "Starting HSTS check" }
      const fate = { settleAfterPolls: 2, words: ["queued", "scanning"], progress: 45, score: 72, events: [event] }
      const { adapter, simulator } = yield* start({ fate: () => fate })
      const { quota, ticket } = yield* submit(adapter, request("https://shop.example"))
      assert.strictEqual(ticket.origin, simulator.origin)
      assert.strictEqual(Option.getOrThrow(quota).limit, 60)
      const first = yield* adapter.poll(ticket)
      const second = yield* adapter.poll(ticket)
      assert.deepStrictEqual(
        [first.observation, second.observation],
        [
          { _tag: "Pending", phase: "queued", progress: Option.none() },
          {
            _tag: "Pending",
            phase: "running",
            progress: Option.some({ fraction: 0.45, done: null, total: null }),
            messages: ["12:00:05 Starting HSTS check"]
          }
        ]
      )
      const third = (yield* adapter.poll(ticket)).observation
      assert.isTrue(third._tag === "Settled" && third.value._tag === "Completed")
      if (third._tag !== "Settled" || third.value._tag !== "Completed") return
      assert.deepStrictEqual(third.value.warnings, [])
      assert.strictEqual(third.value.assessment.score?.value, 72)
      assert.strictEqual(third.value.links.report, `${simulator.origin}/report/${ticket.scanId}`)
      const findings = yield* adapter.collect(third.value)
      assert.strictEqual(findings.coverage, "full")
      assert.isAbove(findings.items.length, 0)
      assert.strictEqual(findings.items.length, findings.total)
      assert.strictEqual(new Set(findings.items.map((item) => item.findingId)).size, findings.items.length)
    })
  )

  live("a partial and a failed scan are told apart, and only the partial one has findings", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({
        fate: ({ type }) => ({ settleAfterPolls: 0, outcome: type === "seo" ? "failed" : "partial" })
      })
      const partial = yield* outcome(adapter, request("https://shop.example"))
      assert.strictEqual(partial._tag, "Partial")
      assert.strictEqual((yield* adapter.collect(partial)).coverage, "partial")
      const failed = yield* outcome(adapter, request("https://shop.example", "seo"))
      assert.isTrue(failed._tag === "Failed" && failed.reason.message === "The site answered HTTP 503.")
      assert.strictEqual((yield* adapter.collect(failed)).coverage, "none")
      const reports = simulator.ledger.requests({ route: "report" })
      assert.strictEqual(reports.length, 1)
    })
  )

  live("a run ends with completed, partial and failed, and polls no more", () =>
    Effect.gen(function* () {
      for (const [outcome, tag] of [
        ["completed", "Completed"],
        ["partial", "Partial"],
        ["failed", "Failed"]
      ] as const) {
        const { adapter, simulator } = yield* start({ fate: () => ({ settleAfterPolls: 0, outcome }) })
        const seen = yield* Scans.run(adapter, request(`https://${outcome}-ends.example`), {
          policy: () => AppVetPolicy.policies.interactive
        }).pipe(Effect.provide(ScanJournal.layerMemory))
        assert.strictEqual(seen._tag, tag)
        assert.strictEqual(simulator.ledger.requests({ route: "status" }).length, 1)
      }
    })
  )

  live("a report that lags behind its scan is a passing fault", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ fate: () => ({ settleAfterPolls: 0, reportLag: 1 }) })
      const scan = yield* outcome(adapter, request("https://shop.example"))
      const early = yield* Effect.flip(adapter.collect(scan))
      assert.deepStrictEqual([early.kind, early.code], ["Transient", "SCAN_NOT_COMPLETE"])
      assert.strictEqual((yield* adapter.collect(scan)).coverage, "full")
    })
  )

  live("refusals keep the vendor's code, and buy nothing", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({ quota: { limit: 5, used: 5 } })
      for (const [url, code, permanent] of [
        ["https://unreachable.example", "URL_NOT_REACHABLE", false],
        ["https://blocked.example", "DOMAIN_BLOCKED", true],
        ["https://shop.example", "QUOTA_EXCEEDED", true]
      ] as const) {
        const seen = yield* Effect.flip(adapter.submit(request(url)))
        assert.deepStrictEqual([seen.kind, seen.code, seen.permanent], ["Refused", code, permanent])
      }
      assert.strictEqual(simulator.ledger.accepted().length, 0)
    })
  )

  live("a rate limit names the wait until the window's end", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ rateLimit: { limit: 1, window: "1 minute" } })
      yield* adapter.submit(request("https://shop.example"))
      const seen = yield* Effect.flip(adapter.submit(request("https://other.example")))
      assert.deepStrictEqual([seen.kind, seen.code], ["Throttled", "RATE_LIMITED"])
      const wait = Duration.toSeconds(Option.getOrThrow(seen.hint))
      assert.isTrue(wait > 0 && wait <= 61, `${wait} s`)
    })
  )

  live("a wrong and a revoked key are denied, an unknown id is missing", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({}, "avk_live_wrong")
      assert.strictEqual((yield* Effect.flip(adapter.submit(request("https://shop.example")))).kind, "Denied")
      const good = yield* start()
      const { ticket } = yield* submit(good.adapter, request("https://shop.example"))
      const missing = yield* Effect.flip(good.adapter.poll({ ...ticket, scanId: "scan_unknown" }))
      assert.deepStrictEqual([missing.kind, missing.code], ["Missing", "SCAN_NOT_FOUND"])
      yield* good.simulator.setCredential({ token: good.simulator.key, state: "revoked" })
      const revoked = yield* Effect.flip(good.adapter.poll(ticket))
      assert.deepStrictEqual([revoked.kind, revoked.code], ["Denied", "KEY_REVOKED"])
      assert.strictEqual(simulator.ledger.accepted().length, 0)
    })
  )

  live("a submission whose answer is lost is in doubt, and is found again in the list", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({
        fate: () => ({ submit: [{ fault: Script.Fault.Reset({ at: "answer" }) }] }),
        earlier: [{ url: "https://shop.example" }, { url: "https://other.example", createdAt: Date.now() }]
      })
      const since = Date.now()
      const wanted = request("https://SHOP.example/#top")
      const seen = yield* Effect.flip(adapter.submit(wanted))
      assert.strictEqual(seen.kind, "InDoubt")
      const bought = simulator.ledger.accepted()
      assert.strictEqual(bought.length, 1)
      const found = yield* adapter.reconcile(wanted, since, new Set())
      assert.deepStrictEqual(
        found.map((ticket) => ticket.scanId),
        bought.map((submission) => submission.scanId)
      )
      assert.deepStrictEqual(yield* adapter.reconcile(wanted, since, new Set([found[0]?.scanId ?? ""])), [])
    })
  )

  live("a whole run ends with the outcome and its findings, and the key stays in its header", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({ fate: () => ({ settleAfterPolls: 0 }) })
      const seen = yield* Scans.run(adapter, request("https://shop.example"), {
        policy: () => AppVetPolicy.policies.interactive
      }).pipe(Effect.provide(ScanJournal.layerMemory))
      assert.isTrue(seen._tag === "Completed" && seen.findings.coverage === "full")
      const entries = simulator.ledger.requests()
      assert.deepStrictEqual(
        entries.map((entry) => entry.route),
        ["submit", "status", "report"]
      )
      assert.isTrue(entries.every((entry) => entry.authorization?.matches === true))
      assert.deepStrictEqual(simulator.ledger.mentions(simulator.key), [])
      assert.notInclude(JSON.stringify(seen), simulator.key)
    })
  )
})
