/** What a definition says of a verdict behind a second address, of ids that change, and of scans that were called off. */
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { Definition } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"

interface Target {
  readonly url: string
  readonly authorized?: boolean
}

const Alerts = Schema.Struct({ high: Wire.count })

const zap = {
  name: "zap",
  title: "ZAP",
  scans: "active scans of web sites",
  docs: "https://zap.example/docs",
  baseUrl: "https://zap.example",
  key: { variable: "ZAP_KEY" },
  probe: "p-0",
  active: true,
  target: Schema.Struct({ url: Schema.String, authorized: Schema.optionalKey(Schema.Boolean) }),
  sample: { url: "https://a.example/", authorized: true },
  line: "url",
  subject: ({ url }) => ({ kind: "url", id: url, name: url }),
  submit: { path: "/scan", id: ["id"] },
  answer: Alerts,
  payload: Alerts,
  status: {
    path: "/status/{id}",
    id: null,
    word: ["status"],
    words: { "50": "running", "100": "ended", stopped: "cancelled", active: { moved: ["next"] } }
  },
  result: {
    path: "/alerts",
    query: (scanId, word, subject) => ({ site: subject === null ? "" : subject.id, scan: scanId, at: word }),
    id: null,
    means: {
      completed: (answer, { word }) => ({ payload: answer, assessment: Vendor.assessment({ vendorSeverity: word }) })
    },
    pending: [{ status: 404, phase: "running", says: /not ready/, within: "2 minutes" }]
  },
  errors: { message: ["message"], rows: { "410": { poll: "Broken!", on: ["result"] } } },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
} satisfies Definition<Target, typeof Alerts.Type, typeof Alerts.Type, never, never>

const vendor = Vendor.define(zap)

const origin = "https://zap.example"
const ticket = ScanTicket.make({ vendor: "zap", origin, account: "default", scanId: "s-1", submittedAt: 0 })
const about = { subject: { kind: "url", id: "https://a.example/", name: "a" }, request: null }

const world = (status: number, body: unknown, of: Vendor.Vendor<Target, typeof Alerts.Type> = vendor) => {
  const sent: Array<string> = []
  const answer = (path: string, options?: { readonly query?: unknown }) =>
    Effect.sync((): VendorHttp.VendorResponse => {
      sent.push(`${path} ${JSON.stringify(options?.query ?? null)}`)
      const common = { hint: Option.none(), quota: Option.none(), requestId: null, warnings: [] }
      return { status, body: { _tag: "Json", value: body }, ...common }
    })
  const layer = Layer.succeed(VendorHttp.VendorHttp, {
    make: () => Effect.succeed({ origin, scrub: (text: string) => text, get: answer, post: (path) => answer(path) })
  })
  return Effect.map(
    Effect.provide(of.make({ credential: Redacted.make("zap-key-0123456789abcdef") }), layer),
    (adapter) => ({ adapter, sent })
  )
}

const polled = (body: unknown) =>
  Effect.flatMap(world(200, body), ({ adapter }) => Effect.map(adapter.poll(ticket), ({ observation }) => observation))

const resultOf = (status: number, body: unknown, of = ticket) =>
  Effect.flatMap(world(status, body), ({ adapter, sent }) =>
    Effect.map(Effect.result(adapter.result?.(of, "100", about) ?? assert.fail("no result")), (result) => ({
      result,
      sent
    }))
  )

describe("a verdict behind a second address", () => {
  it.effect(
    "is not read from the status: the word ends the scan, and the result is asked for by what it is about",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* polled({ status: "100" }), { _tag: "Ended", vendorStatus: "100" })
        const { result, sent } = yield* resultOf(200, { high: 3 })
        assert.deepStrictEqual(sent, ['/alerts {"site":"https://a.example/","scan":"s-1","at":"100"}'])
        const seen = result._tag === "Success" ? result.success.observation : assert.fail("a fault")
        const outcome = seen._tag === "Settled" ? seen.value : assert.fail(seen._tag)
        assert.deepInclude(outcome, { _tag: "Completed", vendorStatus: "100", payload: { high: 3 } })
      })
  )

  it.effect("that is not there yet is pending for as long as the definition says, and then what the errors say", () =>
    Effect.gen(function* () {
      const early = yield* resultOf(404, { message: "not ready yet" })
      assert.strictEqual(early.result._tag === "Success" ? early.result.success.observation._tag : "", "Pending")
      for (const message of ["no such scan", "not ready yet"]) {
        const of = message === "not ready yet" ? { ...ticket, submittedAt: -180_000 } : ticket
        const late = yield* resultOf(404, { message }, of)
        assert.strictEqual(late.result._tag === "Failure" ? late.result.failure.kind : "", "Missing")
      }
      const gone = yield* resultOf(410, { message: "deleted" })
      assert.deepInclude(gone.result._tag === "Failure" ? gone.result.failure : {}, { kind: "Broken", permanent: true })
    })
  )

  it.effect("that cannot be read is no outcome: the fault names the field", () =>
    Effect.gen(function* () {
      const { result } = yield* resultOf(200, { high: "many" })
      const fault = result._tag === "Failure" ? result.failure : assert.fail("an answer")
      assert.strictEqual(fault.kind, "Broken")
      assert.include(fault.message, "high")
    })
  )

  it("is needed where a word ends the scan", () => {
    assert.throws(() => Vendor.define(Struct.omit(zap, ["result"])), /result: it is missing/)
  })
})

describe("other words of a status", () => {
  it.effect("a scan that goes on under another id is polled there, and an id that cannot be one is Broken", () =>
    Effect.gen(function* () {
      const seen = yield* polled({ status: "active", next: "s-2" })
      assert.strictEqual(seen._tag === "Pending" ? seen.moved?.scanId : null, "s-2")
      const fault = yield* Effect.flip(polled({ status: "active", next: ".." }))
      assert.strictEqual(fault._tag === "PollFault" ? fault.kind : fault._tag, "Broken")
    })
  )

  it.effect("a scan that was called off ends as failed, with the code cancelled", () =>
    Effect.gen(function* () {
      const seen = yield* polled({ status: "stopped" })
      const outcome = seen._tag === "Settled" ? seen.value : assert.fail(seen._tag)
      assert.deepInclude(outcome, { _tag: "Failed", vendorStatus: "stopped" })
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : null, "cancelled")
    })
  )
})

describe("a scan that attacks its target", () => {
  it.effect("is refused before anything is sent, unless the target says that it is authorized", () =>
    Effect.gen(function* () {
      for (const target of [{ url: "https://a.example/" }, { url: "https://a.example/", authorized: false }]) {
        assert.deepStrictEqual(vendor.check(target)[0]?.path, ["authorized"])
        const { adapter, sent } = yield* world(200, { id: "s-1" })
        assert.strictEqual((yield* Effect.flip(adapter.submit(target))).kind, "Refused")
        assert.deepStrictEqual(sent, [])
      }
      const { adapter } = yield* world(200, { id: "s-1" })
      const submitted = yield* adapter.submit({ url: "https://a.example/", authorized: true })
      assert.strictEqual(submitted._tag, "Submitted")
    })
  )
})

/** A vendor that is asked about its scans by what they are about, as SSL Labs is: a scan has no id of its own there. */
const bySubject = Vendor.define({
  ...zap,
  submit: { path: "/analyze", id: ["startTime"] },
  probe: "0",
  ids: "number",
  status: {
    ...zap.status,
    path: "/analyze",
    query: (scanId: string, subject: Subject | null) =>
      subject === null
        ? Vendor.unusable("no-subject", "the site of the scan is not known: name the claim instead of the id")
        : { host: subject.id, since: scanId },
    words: { ...zap.status.words, READY: zap.result.means }
  },
  cancel: {
    method: "DELETE",
    path: (scanId: string, subject: Subject | null) =>
      subject === null ? Vendor.unusable("no-subject", "the site of the scan is not known") : `/hosts/${scanId}`,
    body: (scanId: string, subject: Subject | null) => ({ scanId, host: subject?.id })
  }
})

describe("a vendor that is asked by what a scan is about", () => {
  const scan = { ...ticket, scanId: "1764449407120" }

  it.effect("is told it with every poll and every wish to cancel, as with every request for a result (issue 14)", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world(200, { status: "READY", high: 2 }, bySubject)
      const { observation } = yield* adapter.poll(scan, about)
      assert.strictEqual(observation._tag, "Settled")
      yield* adapter.cancel?.(scan, about) ?? assert.fail("no cancel")
      assert.deepStrictEqual(sent, [
        '/analyze {"host":"https://a.example/","since":"1764449407120"}',
        "/hosts/1764449407120 null"
      ])
    })
  )

  it.effect("is not asked at all about a scan that is known by its id alone, and the fault says why (issue 14)", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* world(200, { status: "READY", high: 2 }, bySubject)
      const unknown = { subject: { kind: "unknown", id: scan.scanId, name: scan.scanId }, request: null }
      for (const fault of [
        yield* Effect.flip(adapter.poll(scan)),
        yield* Effect.flip(adapter.poll(scan, unknown)),
        yield* Effect.flip(adapter.cancel?.(scan) ?? assert.fail("no cancel"))
      ]) {
        assert.deepInclude(fault, { kind: "Broken", permanent: true, code: "no-subject" })
      }
      assert.deepStrictEqual(sent, [])
    })
  )
})
