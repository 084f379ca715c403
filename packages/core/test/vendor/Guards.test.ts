/** What a definition cannot talk core into: a number JSON has no room for, a refusal nobody gave, a status without a word. */
import { assert, describe, it } from "@effect/vitest"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Definition } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const Target = Schema.Struct({ set: Schema.String })
const Answer = Schema.Struct({ score: Schema.optionalKey(Schema.Number) })

type Acme = Definition<typeof Target.Type, typeof Answer.Type, typeof Answer.Type, never, { readonly id: string }>

const definition: Acme = {
  name: "acme",
  title: "Acme",
  scans: "scans of datasets",
  docs: "https://acme.example/docs",
  baseUrl: "https://api.acme.example",
  key: { variable: "ACME_KEY" },
  probe: "p-0",
  target: Target,
  sample: { set: "a" },
  line: "set",
  subject: ({ set }) => ({ kind: "dataset", id: set, name: set }),
  submit: { path: "/scans", id: ["id"] },
  answer: Answer,
  payload: Answer,
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["state"],
    words: {
      running: { running: () => null },
      done: { completed: () => ({ payload: {}, assessment: Vendor.assessment({}) }) }
    }
  },
  errors: { code: ["code"], message: ["message"], rows: {} },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(40) }
  }
}

const origin = "https://api.acme.example"

const answering = (status: number, body: unknown) =>
  Layer.succeed(VendorHttp.VendorHttp, {
    make: () => {
      const reply = Effect.succeed<VendorHttp.VendorResponse>({
        status,
        body: { _tag: "Json", value: body },
        hint: Option.none(),
        quota: Option.none(),
        requestId: null,
        warnings: []
      })
      return Effect.succeed({ origin, scrub: (text) => text, get: () => reply, post: () => reply })
    }
  })

/** The adapter of a changed definition, whose vendor says the same to everything. */
const adapterOf = (change: Partial<Acme>, status: number, body: unknown) =>
  Effect.provide(
    Vendor.define({ ...definition, ...change }).make({ credential: Redacted.make("sk-acme-0123456789") }),
    answering(status, body)
  )

const ticket = ScanTicket.make({ vendor: "acme", origin, account: "default", scanId: "s-1", submittedAt: 0 })

describe("a number too large for JSON", () => {
  const huge = Number("1e400")

  it("is absent, with a warning, in a field of any number, also where the field decides (V-01)", () => {
    const fields = Schema.Struct({ risk: Wire.decides(Wire.number), weight: Schema.optionalKey(Wire.number) })
    const open = Schema.StructWithRest(fields, [Schema.Record(Schema.String, Wire.json)])
    for (const read of [Wire.reader(open), Wire.reader(fields)]) {
      assert.deepStrictEqual(Result.getOrThrow(read({ risk: huge, weight: -huge })), {
        value: {},
        warnings: ["a number is too large for JSON: null in its place"],
        leftOut: 0
      })
    }
  })

  it("makes the answer unreadable in any other field that decides (V-01)", () => {
    const read = Wire.reader(Schema.Struct({ score: Wire.decides(Wire.percent) }))
    assert.include(Result.getOrThrow(Result.flip(read({ score: huge }))), "score is not a whole number from 0 to 100")
  })
})

describe("a refusal that a definition reads out of a body", () => {
  const says = (submit: "Refused!" | "NotSent") => ({ errors: { ...definition.errors, odd: () => ({ submit }) } })

  for (const submit of ["Refused!", "NotSent"] as const) {
    it.effect.each([200, 202, 302, 408, 500, 503])(
      `${submit} is in doubt with %s, because such an answer may have bought the scan (V-24)`,
      (status) =>
        Effect.gen(function* () {
          const adapter = yield* adapterOf(says(submit), status, { code: "NO", message: "not today" })
          assert.strictEqual((yield* Effect.flip(adapter.submit({ set: "a" }))).kind, "InDoubt")
        })
    )

    it.effect.each([400, 404, 422])(`${submit} counts with %s (V-24)`, (status) =>
      Effect.gen(function* () {
        const adapter = yield* adapterOf(says(submit), status, { code: "NO", message: "not today" })
        assert.strictEqual((yield* Effect.flip(adapter.submit({ set: "a" }))).kind, submit.replace("!", ""))
      })
    )
  }
})

describe("a status without a word", () => {
  it.effect.each([
    ["", "status is empty"],
    [" \t", "status is empty"],
    [null, "status is missing"],
    [1, "status is not a text"]
  ] as const)("%j is a broken answer that names the field and says: %s (V-01)", ([word, says]) =>
    Effect.gen(function* () {
      const change = { status: { ...definition.status, word: ["status"] } }
      const adapter = yield* adapterOf(change, 200, { id: "s-1", status: word })
      const fault = yield* Effect.flip(adapter.poll(ticket))
      assert.strictEqual(fault.kind, "Broken")
      assert.include(fault.message, says)
    })
  )
})
