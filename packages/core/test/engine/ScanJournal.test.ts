import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as ScanTicket from "../../src/model/ScanTicket.ts"
import { cutAt } from "../support/cuts.ts"

const key: ScanJournal.ClaimKey = {
  vendor: "acme",
  origin: "https://acme.test",
  account: "default",
  environment: "",
  fingerprint: "f"
}
const subject = { kind: "url", id: "https://a.test/", name: "a" } as const
const ticket = ScanTicket.make({
  vendor: "acme",
  origin: "https://acme.test",
  account: "default",
  scanId: "s1",
  submittedAt: 0
})
const reason = { code: "x", message: "why", advice: null, requestId: null }

const moves = {
  submitted: (journal: ScanJournal.Operations, id: string) => journal.submitted(id, ticket, 0),
  settled: (journal: ScanJournal.Operations, id: string) => journal.settled(id, { first: true }),
  "in-doubt": (journal: ScanJournal.Operations, id: string) => journal.inDoubt(id, reason),
  refused: (journal: ScanJournal.Operations, id: string) => journal.refused(id, reason),
  released: (journal: ScanJournal.Operations, id: string) => journal.released(id)
} as const

const names = ["submitted", "settled", "in-doubt", "refused", "released"] as const

describe("ScanJournal in memory", () => {
  it.effect.prop(
    "only the moves of the state machine happen; any other is an error and changes nothing",
    { sequence: Schema.Array(Schema.Literals(names)) },
    ({ sequence }) =>
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        const claim = yield* journal.claim(key, { subject, reuseFrom: 0 })
        let state: ScanJournal.ClaimState = "intent"
        for (const to of sequence) {
          const result = yield* Effect.result(moves[to](journal, claim.claimId))
          const allowed = ScanJournal.mayMove(state, to)
          if (Result.isSuccess(result) !== (allowed || (state === "settled" && to === "settled"))) return false
          if (allowed) state = to
          if ((yield* journal.get(claim.claimId))?.state !== state) return false
        }
        return true
      }).pipe(Effect.provide(ScanJournal.layerMemory)),
    { arbitrary: { runs: 200 } }
  )

  it.effect("answers a second claim by where the first one is", () =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal.ScanJournal
      const again = Effect.map(journal.claim(key, { subject, reuseFrom: 0 }), (claim) => claim._tag)
      const first = yield* journal.claim(key, { subject, reuseFrom: 0 })
      assert.strictEqual(first._tag, "Fresh")
      assert.strictEqual(yield* again, "Busy")
      yield* journal.submitted(first.claimId, ticket, 7)
      const inFlight = yield* journal.claim(key, { subject, reuseFrom: 0 })
      assert.deepStrictEqual(inFlight, { _tag: "InFlight", claimId: first.claimId, ticket, notBefore: 7 })
      yield* journal.settled(first.claimId, { _tag: "Completed" })
      assert.strictEqual(yield* again, "Settled")
      assert.strictEqual((yield* journal.claim(key, { subject, reuseFrom: Number.MAX_SAFE_INTEGER }))._tag, "Fresh")
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("two claims are two, even where chance is scripted to be the same", () =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal.ScanJournal
      const claim = (fingerprint: string) =>
        journal.claim({ ...key, fingerprint }, { subject, reuseFrom: 0 }).pipe(Random.withSeed("same"))
      const first = yield* claim("f")
      const second = yield* claim("g")
      const adopted = yield* journal.adopt(ticket, subject).pipe(Random.withSeed("same"))
      assert.strictEqual(new Set([first.claimId, second.claimId, adopted.claimId]).size, 3)
      assert.strictEqual((yield* journal.get(first.claimId))?.key.fingerprint, "f")
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("whoever waits for a submission hears of its end, even if the one who says so is interrupted", () =>
    Effect.gen(function* () {
      for (let step = 1, more = true; more; step++) {
        yield* Effect.gen(function* () {
          const journal = yield* ScanJournal.ScanJournal
          const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
          const busy = yield* journal.claim(key, { subject, reuseFrom: 0 })
          const waiting = yield* Effect.forkChild(busy._tag === "Busy" ? busy.changed : Effect.die(busy._tag))
          more = yield* cutAt(journal.submitted(claimId, ticket, 0), step, 1)
          yield* TestClock.adjust("1 second")
          const state = (yield* journal.get(claimId))?.state
          assert.strictEqual(waiting.pollUnsafe() !== undefined, state === "submitted", `step ${step}`)
          yield* Fiber.interrupt(waiting)
        }).pipe(Effect.provide(Layer.fresh(ScanJournal.layerMemory)))
      }
    })
  )

  it.effect("a look writes nothing; another origin, account or environment is another claim", () =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal.ScanJournal
      yield* journal.claim(key, { subject, reuseFrom: 0, peek: true })
      assert.strictEqual((yield* journal.list(["intent"])).length, 0)
      yield* journal.claim(key, { subject, reuseFrom: 0 })
      for (const other of [
        { origin: "https://b.test" },
        { account: "b" },
        { environment: "test" },
        { fingerprint: "g" },
        { vendor: "b" }
      ]) {
        assert.strictEqual((yield* journal.claim({ ...key, ...other }, { subject, reuseFrom: 0 }))._tag, "Fresh")
      }
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("what is in doubt stays so until it is found or released", () =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal.ScanJournal
      const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
      yield* journal.inDoubt(claimId, reason)
      assert.strictEqual((yield* journal.claim(key, { subject, reuseFrom: 0 }))._tag, "InDoubt")
      yield* journal.released(claimId)
      assert.strictEqual((yield* journal.claim(key, { subject, reuseFrom: 0 }))._tag, "Fresh")
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("a typed ticket joins the claim that has it", () =>
    Effect.gen(function* () {
      const journal = yield* ScanJournal.ScanJournal
      const { claimId } = yield* journal.claim(key, { subject, reuseFrom: 0 })
      yield* journal.submitted(claimId, ticket, 0)
      assert.strictEqual((yield* journal.adopt(ticket, subject)).claimId, claimId)
      const typed = ScanTicket.make({ ...ticket, scanId: "s2", submittedAt: null })
      const adopted = yield* journal.adopt(typed, subject)
      assert.strictEqual((yield* journal.adopt(typed, subject)).claimId, adopted.claimId)
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("claim ids sort by age and do not repeat", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach(Array.from({ length: 1000 }), () => ScanJournal.makeClaimId)
      assert.strictEqual(new Set(ids).size, 1000)
      assert.isTrue(ids.every((id) => /^clm_[0-9a-hjkmnp-tv-z]{26}$/.test(id)))
    })
  )
})
