/** Whatever JSON a vendor sends: an answer, a fault, never a defect and never a verdict the status word does not say. */
import { assert, describe, it } from "@effect/vitest"
import { AppVetSchema } from "@scanpoll/appvet"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Wire from "@scanpoll/core/vendor/Wire"
import { Report } from "../src/internal/findings.ts"
import * as Fake from "./Fake.ts"

const Odd = Schema.Union([
  Schema.Json,
  Schema.Number,
  Schema.String,
  Schema.Literals(["2026-03-30T12:00:00Z", "/report/x", "A", "F-", "security", "https://example.com"])
])

const fields = {
  type: Odd,
  url: Odd,
  progress: Odd,
  events: Schema.Union([Odd, Schema.Array(Schema.Union([Odd, Schema.Struct({ time: Odd, message: Odd })]))]),
  result: Schema.Union([Odd, Schema.Struct({ score: Odd, grade: Odd, report_url: Odd })]),
  error: Odd,
  created_at: Odd,
  completed_at: Odd,
  more: Odd
}

const Check = Schema.Union([
  Odd,
  Schema.Struct({
    name: Schema.Union([Odd, Schema.String]),
    status: Schema.Literals(["pass", "fail", "warn", "?"]),
    severity: Odd
  })
])

const noDefect = (exit: Exit.Exit<unknown, unknown>) =>
  assert.isTrue(Exit.isSuccess(exit) || !Cause.hasDies(exit.cause), JSON.stringify(exit))

const isOutcome = Schema.is(ScanOutcome.schema(AppVetSchema.AppVetPayload))

describe("whatever the vendor sends", () => {
  it.effect.prop("a status answer means what its status word says or is not understood", fields, (values) =>
    Effect.gen(function* () {
      const expected = {
        queued: "Pending",
        scanning: "Pending",
        completed: "Completed",
        partial: "Partial",
        failed: "Failed",
        done: "Unrecognised"
      }
      for (const [status, tag] of Object.entries(expected)) {
        const { adapter } = yield* Fake.adapter(Fake.response(200, { ...values, id: Fake.scanId, status }))
        const exit = yield* Effect.exit(adapter.poll(Fake.ticket))
        noDefect(exit)
        if (Exit.isFailure(exit)) {
          assert.isTrue(status === "completed" || status === "partial")
          const fault = Cause.squash(exit.cause)
          assert.isTrue(typeof fault === "object" && fault !== null && "kind" in fault && fault.kind === "Broken")
          continue
        }
        const { observation } = exit.value
        assert.strictEqual(observation._tag === "Settled" ? observation.value._tag : observation._tag, tag)
        if (observation._tag !== "Settled") continue
        assert.isTrue(isOutcome(observation.value))
        if (observation.value._tag === "Failed") continue
        const { score } = observation.value.assessment
        assert.isTrue(score === null || (score.value >= 0 && score.value <= 100))
        assert.isTrue((observation.value.payload.events ?? []).length <= 20)
        const link = observation.value.links.report
        assert.isTrue(link === null || new URL(link).origin === Fake.origin)
      }
    })
  )

  it.effect.prop("any JSON under any status is no defect for any call", { body: Odd, status: Schema.Int }, (values) =>
    Effect.gen(function* () {
      const outcome = ScanOutcome.makePartial({
        ticket: Fake.ticket,
        vendorStatus: "partial",
        assessment: { severity: "unknown", vendorSeverity: null, compliance: null, score: null },
        reason: { code: null, message: "x", advice: null, requestId: null },
        payload: values.body
      })
      for (const status of [200, 201, 400, 401, 403, 404, 409, 429, 503, values.status]) {
        const answer = Fake.response(status, values.body)
        const { adapter } = yield* Fake.adapter(answer, answer, answer, answer)
        noDefect(yield* Effect.exit(adapter.poll(Fake.ticket)))
        noDefect(yield* Effect.exit(adapter.submit({ url: "https://example.com", type: "seo" })))
        if (adapter.collect !== undefined) noDefect(yield* Effect.exit(adapter.collect(outcome)))
        if (adapter.reconcile !== undefined) {
          noDefect(yield* Effect.exit(adapter.reconcile({ url: "https://example.com", type: "seo" }, 0, new Set())))
        }
      }
    })
  )

  it.prop(
    "a report gives as many findings as it has readable checks that did not pass, each with an id of its own, and one without a check gives none",
    { categories: Schema.Array(Schema.Union([Odd, Schema.Struct({ name: Odd, checks: Schema.Array(Check) })])) },
    ({ categories }) =>
      Effect.runSync(
        Effect.gen(function* () {
          const { adapter } = yield* Fake.adapter(Fake.response(200, { id: Fake.scanId, categories }))
          if (adapter.collect === undefined) return
          const collected = yield* Effect.result(
            adapter.collect(
              ScanOutcome.makeCompleted({
                ticket: Fake.ticket,
                vendorStatus: "completed",
                assessment: { severity: "info", vendorSeverity: "A", compliance: null, score: null },
                payload: null
              })
            )
          )
          const read = Wire.reader(Report)({ id: Fake.scanId, categories })
          const { leftOut = 0, value = null } = Result.isSuccess(read) ? read.success : {}
          const checks = (value?.categories ?? []).flatMap((category) => category.checks)
          // A severity that cannot be read may be any, and a list without a check shows nothing of what the vendor looked at.
          assert.strictEqual(Result.isSuccess(collected), value !== null && (leftOut > 0 || checks.length > 0))
          if (Result.isFailure(collected)) return
          const { coverage, items } = collected.success
          assert.strictEqual(new Set(items.map((item) => item.findingId)).size, items.length)
          assert.isTrue(items.every((item) => Schema.is(ScanOutcome.Finding)(item)))
          assert.strictEqual(
            items.filter((item) => !item.ruleId.startsWith("not-listed/")).length,
            checks.filter((check) => check.status !== "pass").length
          )
          assert.strictEqual(coverage === "full", leftOut === 0)
        })
      )
  )
})
