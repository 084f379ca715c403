import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Spending from "@scanpoll/journal/Spending"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { keyOf, outcomeOf, subject, ticketOf } from "./support/fixtures.ts"

const reason = { code: null, message: "no", advice: null, requestId: null }

describe("what was bought", () => {
  it.effect(
    "is counted by account and month: what the vendor accepted, what its cache answered, what is in doubt",
    () =>
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        const claim = (name: string) =>
          Effect.map(
            journal.claim(keyOf(name), { subject, reuseFrom: Number.MAX_SAFE_INTEGER }),
            ({ claimId }) => claimId
          )
        const bought = (name: string) =>
          Effect.flatMap(claim(name), (id) => journal.submitted(id, { ...ticketOf(name), submittedAt: null }, 0))
        yield* TestClock.setTime(Date.UTC(2026, 2, 31, 23, 59))
        yield* bought("march")
        yield* TestClock.setTime(Date.UTC(2026, 3, 1))
        yield* bought("april")
        yield* journal.settled(yield* claim("cached"), Object.assign({}, outcomeOf("cached", 80), { cached: true }), {
          ...ticketOf("cached"),
          submittedAt: null
        })
        yield* journal.inDoubt(yield* claim("doubt"), reason)
        yield* journal.refused(yield* claim("refused"), reason)
        yield* journal.released(yield* claim("released"))
        // A scan that was bought elsewhere and is only waited for.
        yield* journal.adopt({ ...ticketOf("typed"), submittedAt: null }, subject)
        assert.deepStrictEqual(
          (yield* Spending.read).map(({ cached, inDoubt, month, purchases }) => [month, purchases, cached, inDoubt]),
          [
            ["2026-04", 1, 1, 1],
            ["2026-03", 1, 0, 0]
          ]
        )
      }).pipe(Effect.provide(ScanJournal.layerMemory))
  )
})
