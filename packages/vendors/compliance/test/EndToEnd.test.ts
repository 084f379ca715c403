import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Compliance, CompliancePolicy, type ComplianceSchema } from "@scanpoll/compliance"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { ComplianceSimulator, Script } from "@scanpoll/testkit"

const request: ComplianceSchema.ComplianceRequest = {
  policyId: "48f992f7-6692-47f1-983a-bc1c21c802b9",
  uploadId: "b2fe6812-d820-47d4-8cd3-e7cd622457cb",
  mappingId: "4193da9a-6476-4eac-bcfe-134b77f90026",
  auditId: "e68615d5-06b8-4514-9607-52dbd84911f5"
}

const http = VendorHttp.layer.pipe(Layer.provide(NodeHttpClient.layerUndici))

const services = Layer.merge(http, ScanJournal.layerMemory)

const start = (options: ComplianceSimulator.Options, token?: string) =>
  Effect.gen(function* () {
    const simulator = yield* ComplianceSimulator.make({ speed: 20, seed: 7, ...options })
    const adapter = yield* Compliance.make({
      baseUrl: simulator.baseUrl,
      credential: Redacted.make(token ?? simulator.key),
      insecureHosts: [new URL(simulator.baseUrl).host]
    })
    return { adapter, simulator }
  })

const hasty = (policy: PollPolicy.PollPolicy): PollPolicy.PollPolicy =>
  policy.pipe(PollPolicy.withDeadline("1500 millis"), PollPolicy.withPace("1 second"))

describe.each(["docs", "server"] as const)("against a vendor of the %s shape", (shape) => {
  it.live("a scan is one POST and one GET, and the delta to the next one is the vendor's (CO-02)", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({
        shape,
        fate: ({ nth }) =>
          nth === 0 ? { violations: 30, score: 71.25 } : { violations: 23, score: 87.5, unchanged: 15 }
      })
      const first = yield* Scans.run(adapter, request)
      assert.strictEqual(first._tag, "Completed")
      if (first._tag !== "Completed") return
      assert.strictEqual(first.assessment.score?.value, 71.25)
      // The score's band is medium. Only the server's shape counts by severity, and it counts critical violations (V-02).
      assert.strictEqual(first.assessment.severity, shape === "server" ? "critical" : "medium")
      assert.strictEqual(first.assessment.compliance, "fail")
      assert.strictEqual(first.findings.total, 30)
      assert.strictEqual(first.delta, null)
      assert.deepStrictEqual(first.warnings, [])
      assert.deepStrictEqual(
        simulator.ledger.requests().map(({ method }) => method),
        ["POST", "GET"]
      )
      const second = yield* Scans.run(adapter, request, { reuse: 0 })
      if (second._tag !== "Completed") return assert.fail(second._tag)
      assert.strictEqual(second.delta?.previousScanId, first.ticket.scanId)
      assert.strictEqual(second.delta?.previousTotal, 30)
      assert.strictEqual(second.delta?.consistent, shape === "docs")
      assert.strictEqual(second.warnings.length, shape === "docs" ? 0 : 1)
    }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("a scan that cannot be stored is a failure without a poll", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({ shape, fate: () => ({ outcome: "failed" }) })
      const outcome = yield* Scans.run(adapter, request)
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : null, "PARTIAL_INSERT")
      assert.strictEqual(simulator.ledger.requests().length, 1)
    }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("a scan that runs for ever stays open at the deadline: no zero is taken for a result (CO-01)", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ shape, fate: () => ({ inline: false, duration: Infinity }) })
      const stopped = yield* Effect.flip(Scans.run(adapter, request, { policy: hasty }))
      assert.strictEqual(stopped._tag === "PollStopped" ? stopped.reason : stopped._tag, "deadline")
    }).pipe(Effect.scoped, Effect.provide(services))
  )
})

describe("against a simulated vendor", () => {
  it.live("'completed' from the submission and 'running' ever after ends at the deadline, with its ticket", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({
        fate: () => ({ merge: { status: "running", compliance_score: 0 } })
      })
      const stopped = yield* Effect.flip(Scans.run(adapter, request, { policy: hasty }))
      if (stopped._tag !== "PollStopped") return assert.fail(stopped._tag)
      assert.strictEqual(stopped.reason, "deadline")
      assert.strictEqual(stopped.ticket.vendor, "compliance")
      assert.strictEqual(simulator.ledger.requests({ method: "POST" }).length, 1)
    }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("a lost submission is in doubt, and is found in its audit", () =>
    Effect.gen(function* () {
      const { adapter, simulator } = yield* start({ fate: () => ({ submit: [Script.acceptedAnswerLost] }) })
      const since = yield* Clock.currentTimeMillis
      const error = yield* Effect.flip(adapter.submit(request))
      assert.strictEqual(error.kind, "InDoubt")
      if (adapter.reconcile === undefined) return assert.fail("no reconcile")
      const found = yield* adapter.reconcile(request, since, new Set())
      assert.strictEqual(found.length, 1)
      const other = yield* adapter.reconcile({ ...request, uploadId: request.policyId }, since, new Set())
      assert.deepStrictEqual(other, [])
      const [ticket] = found
      if (ticket === undefined) return assert.fail("not found")
      const outcome = yield* Scans.wait(adapter, ticket, { policy: () => CompliancePolicy.policies.interactive })
      assert.strictEqual(outcome._tag, "Completed")
      assert.strictEqual(simulator.ledger.requests({ method: "POST" }).length, 1)
    }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("a request of a server that needs an audit is refused with what to do", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ shape: "server" })
      const { policyId, uploadId, mappingId } = request
      const error = yield* Effect.flip(adapter.submit({ policyId, uploadId, mappingId }))
      assert.strictEqual(error.kind, "Refused")
      assert.include(error.advice ?? "", "auditId")
    }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("a wrong token is denied at the submission and a missing scan at the poll", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({}, "not-a-token-of-this-vendor")
      assert.strictEqual((yield* Effect.flip(adapter.submit(request))).kind, "Denied")
      const known = yield* start({})
      const result = yield* Effect.result(
        known.adapter.poll({
          v: 1,
          vendor: "compliance",
          origin: known.adapter.origin,
          account: "default",
          scanId: "43aa3662-f555-453a-94da-7f86e996c464",
          submittedAt: null
        })
      )
      assert.strictEqual(Result.isFailure(result) ? result.failure.kind : null, "Missing")
    }).pipe(Effect.scoped, Effect.provide(services))
  )
})
