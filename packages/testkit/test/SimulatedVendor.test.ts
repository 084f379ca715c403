import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Vendor, VendorHttp, Wire } from "@scanpoll/core"
import { type Samples, SimulatedVendor } from "@scanpoll/testkit"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Seabirds from "./seabirds.ts"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

type Target = { readonly colony: string }

/** The simulated vendor, and the adapter of the same definition that lives there. */
const world = <P>(
  vendor: Vendor.Vendor<Target, P>,
  samples: Samples.Samples<Target>,
  options: SimulatedVendor.Options = {}
) =>
  Effect.gen(function* () {
    const simulated = yield* SimulatedVendor.make(vendor, samples, { credentials: ["bird:key-0123456789"], ...options })
    const adapter = yield* vendor.make({
      credential: Redacted.make(simulated.key),
      baseUrl: simulated.baseUrl,
      insecureHosts: [`127.0.0.1:${simulated.port}`]
    })
    return { adapter, simulated }
  })

const fate = (given: SimulatedVendor.Fate): SimulatedVendor.Options => ({ fate: () => given })

const submitted = <P>({ adapter }: Effect.Success<ReturnType<typeof world<P>>>, colony = "skomer") =>
  Effect.map(adapter.submit({ colony }), (answer) =>
    answer._tag === "Submitted" ? answer.ticket : answer.outcome.ticket
  )

describe("a simulated vendor of a definition", () => {
  it.live("plays its phases and its end over real sockets, each scan under an id of its own", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, fate({ settleAfterPolls: 12 }))
      const first = yield* submitted(made)
      const second = yield* submitted(made, "lundy")
      assert.notStrictEqual(first.scanId, second.scanId)
      const seen: Array<string> = []
      for (let n = 0; n < 13; n++) {
        const { observation } = yield* made.adapter.poll(first)
        seen.push(observation._tag === "Pending" ? observation.phase : observation._tag)
      }
      assert.deepStrictEqual([...new Set(seen)], ["queued", "running", "Settled"])
      assert.strictEqual(made.simulated.ledger.accepted().length, 2)
      assert.strictEqual(made.simulated.ledger.polls(first.scanId).length, 13)
      assert.isTrue(made.simulated.ledger.requests().every(({ authorization }) => authorization?.matches))
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("answers with findings in pages, where the definition asks for them", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, fate({ settleAfterPolls: 0 }))
      const ticket = yield* submitted(made)
      const { observation } = yield* made.adapter.poll(ticket)
      const { collect } = made.adapter
      if (observation._tag !== "Settled" || collect === undefined) return assert.fail("it has no findings to collect")
      const findings = yield* collect(observation.value)
      assert.strictEqual(findings.items.length, 2)
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("looks for keys, ids and words where the vendor has them: in a query, as numbers, as fetched tokens", () =>
    Effect.gen(function* () {
      for (const made of [
        yield* world(Seabirds.puffin(), Seabirds.puffinSays, fate({ settleAfterPolls: 0 })),
        yield* world(Seabirds.tern(), Seabirds.ternSays, fate({ settleAfterPolls: 0 }))
      ]) {
        const ticket = yield* submitted(made)
        assert.strictEqual((yield* made.adapter.poll(ticket)).observation._tag, "Settled")
        const unknown = yield* Effect.flip(made.adapter.poll({ ...ticket, scanId: "999999" }))
        assert.include(["Missing", "Broken"], unknown.kind)
        yield* made.simulated.setCredential({ token: made.simulated.key, state: "revoked" })
        assert.strictEqual((yield* Effect.flip(made.adapter.poll(ticket))).kind, "Denied")
      }
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("lets what is scanned pick a fate where no function does", () =>
    Effect.gen(function* () {
      const made = yield* world(Seabirds.gannet(), Seabirds.gannetSays, { speed: 1_000_000 })
      const failed = yield* made.adapter.poll(yield* submitted(made, "failed"))
      assert.strictEqual(failed.observation._tag === "Settled" && failed.observation.value._tag, "Failed")
      const refused = yield* Effect.flip(made.adapter.submit({ colony: "refused" }))
      assert.strictEqual(refused.kind, "Refused")
      const flaky = yield* submitted(made, "flaky")
      assert.strictEqual((yield* Effect.flip(made.adapter.poll(flaky))).kind, "Transient")
      const never = yield* submitted(made, "never")
      assert.strictEqual((yield* made.adapter.poll(never)).observation._tag, "Pending")
    }).pipe(Effect.scoped, Effect.provide(http))
  )
})

// A task first, whose id the scan has; a verdict at a second address; a call that cancels.
const Alerts = Schema.Struct({ high: Wire.count })
const skua = Vendor.define({
  name: "skua",
  title: "Skua",
  scans: "scans of colonies",
  docs: "https://skua.example/docs",
  baseUrl: "https://skua.example/api",
  key: { variable: "SKUA_KEY" },
  probe: "task-0",
  target: Schema.Struct({ colony: Schema.String }),
  sample: { colony: "skomer" },
  line: "colony",
  subject: ({ colony }) => ({ kind: "colony", id: colony, name: colony }),
  prepare: { task: { method: "GET", path: "/task/new", take: ["task"] } },
  submit: { path: "/scan/{task}/start", body: ({ colony }) => ({ colony }), id: { prepared: "task" } },
  cancel: { method: "DELETE", path: "/scan/{id}" },
  answer: Alerts,
  payload: Alerts,
  status: {
    path: "/scan/{id}/status",
    id: null,
    word: ["status"],
    words: { running: "running", terminated: "ended", stopped: "cancelled" }
  },
  result: {
    path: "/alerts",
    query: (scanId) => ({ scan: scanId }),
    id: ["task"],
    means: {
      completed: (payload) => ({
        payload,
        assessment: Vendor.assessment({ severity: payload.high > 0 ? "high" : "none" })
      })
    }
  },
  errors: { message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
})

const key = { authorization: "Bearer {key}" }

const skuaSays: Samples.Samples<Target> = {
  requests: {
    equal: [[{ colony: "skomer" }, { colony: "skomer" }]],
    different: [[{ colony: "skomer" }, { colony: "lundy" }]],
    invalid: [{ request: { colony: "" }, path: ["colony"] }]
  },
  prepare: [{ sends: { method: "GET", path: "/task/new", headers: key }, answer: { body: { task: "task-1001" } } }],
  submit: {
    sends: { method: "POST", path: "/scan/{id}/start", headers: key, body: { colony: "skomer" } },
    accepted: [{ body: { success: true } }]
  },
  cancel: {
    sends: { method: "DELETE", path: "/scan/{id}", headers: key },
    answer: { status: 202, body: {} },
    after: { body: { status: "stopped" } }
  },
  poll: {
    sends: { method: "GET", path: "/scan/{id}/status", headers: key },
    otherId: "task-2002",
    scans: [
      { means: "running", answer: { body: { status: "running" } } },
      { means: "ended", answer: { body: { status: "terminated" } } }
    ]
  },
  result: {
    sends: { method: "GET", path: "/alerts?scan={id}", headers: key },
    scans: [
      { means: "Completed", answer: { body: { task: "task-1001", high: 0 } } },
      { means: "Completed", answer: { body: { task: "task-1001", high: 3 } } }
    ]
  }
}

describe("a simulated vendor that needs several calls", () => {
  it.live("prepares, starts what was prepared, and has its verdict at the second address alone", () =>
    Effect.gen(function* () {
      const made = yield* world(skua, skuaSays, fate({ settleAfterPolls: 1, sample: 1 }))
      const { prepare, result } = made.adapter
      if (prepare === undefined || result === undefined) return assert.fail("a call is missing")
      const subject = skua.subject({ colony: "skomer" })
      const about = { subject, request: { colony: "skomer" } }
      const seen: Array<string> = []
      for (let n = 0; n < 2; n++) {
        const prepared = yield* prepare({ colony: "skomer" })
        const answer = yield* made.adapter.submit({ colony: "skomer" }, prepared)
        if (answer._tag !== "Submitted") return assert.fail(answer._tag)
        const { ticket } = answer
        seen.push(ticket.scanId)
        const early = yield* Effect.flip(result(ticket, "terminated", about))
        assert.strictEqual(early.kind, "Missing")
        assert.strictEqual((yield* made.adapter.poll(ticket)).observation._tag, "Pending")
        const { observation } = yield* made.adapter.poll(ticket)
        assert.deepStrictEqual(observation, { _tag: "Ended", vendorStatus: "terminated" })
        const told = (yield* result(ticket, "terminated", about)).observation
        assert.isTrue(told._tag === "Settled" && told.value._tag === "Completed" && told.value.payload.high === 3)
      }
      assert.deepStrictEqual(seen, ["task-1002", "task-1003"])
      assert.strictEqual(made.simulated.ledger.accepted().length, 2)
    }).pipe(Effect.scoped, Effect.provide(http))
  )

  it.live("ends a scan that was cancelled with the word for it", () =>
    Effect.gen(function* () {
      const made = yield* world(skua, skuaSays, fate({ duration: Infinity }))
      const { cancel, prepare } = made.adapter
      if (cancel === undefined || prepare === undefined) return assert.fail("a call is missing")
      const answer = yield* made.adapter.submit({ colony: "lundy" }, yield* prepare({ colony: "lundy" }))
      if (answer._tag !== "Submitted") return assert.fail(answer._tag)
      assert.strictEqual((yield* made.adapter.poll(answer.ticket)).observation._tag, "Pending")
      yield* cancel(answer.ticket)
      const { observation } = yield* made.adapter.poll(answer.ticket)
      assert.isTrue(observation._tag === "Settled" && observation.value._tag === "Failed")
      assert.strictEqual(made.simulated.ledger.requests({ route: "cancel" }).length, 1)
    }).pipe(Effect.scoped, Effect.provide(http))
  )
})
