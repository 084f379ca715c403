/** What very many open claims cost a page: one pass, a few rows, and one reading for all who ask at once. */
import { assert, describe, it } from "@effect/vitest"
import type { OpenClaim } from "@scanpoll/core/engine/ScanJournal"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as Shared from "../src/internal/shared.ts"
import * as Tally from "../src/internal/tally.ts"
import { ask, serving, submitted } from "./support/serving.ts"

const claim = (n: number, other: Partial<OpenClaim> = {}): OpenClaim => ({
  claimId: `clm_${n}`,
  key: { vendor: "acme", origin: "https://acme.test", account: n % 2 === 0 ? "even" : "odd" },
  state: "submitted",
  heldBy: "a process",
  notBefore: 100_000 - n,
  lastFault: null,
  claimedAt: n,
  ...other
})

describe("very many open claims", () => {
  it("are counted, and only the first few of each standing and the next fifty are kept", () => {
    const denied = { code: "401", message: "no", at: 1, by: "p", until: 90_000, stopped: "denied" } as const
    const all = Array.from({ length: 1_000 }, (_, n) =>
      claim(n, n < 20 ? { state: "in-doubt" } : n < 60 ? { lastFault: denied } : n === 999 ? { notBefore: 1_000 } : {})
    )
    const tally = Tally.make(all, 20_000, 0)
    assert.deepStrictEqual([tally.total, tally.of("in-doubt").count, tally.of("denied").count], [1_000, 20, 40])
    assert.deepStrictEqual(
      tally.of("in-doubt").first.map(({ claimId }) => claimId),
      ["clm_0", "clm_1", "clm_2", "clm_3", "clm_4"]
    )
    const ofAccounts = tally.accounts.map((account) => tally.of("denied", account))
    assert.deepStrictEqual(
      ofAccounts.map(({ count, first }) => [count, first[0]?.claimId]),
      [
        [20, "clm_20"],
        [20, "clm_21"]
      ]
    )
    assert.deepStrictEqual([tally.of("late").count, tally.worstLate, tally.nextPoll], [1, 19_000, 99_002])
    assert.deepStrictEqual(
      tally.next.map(({ entry }) => entry.claimId),
      ["clm_999", ...Array.from({ length: 49 }, (_, n) => `clm_${998 - n}`)]
    )
    const equal = Tally.make([claim(1, { notBefore: 7 }), claim(2, { notBefore: 7 })], 0, 0)
    assert.deepStrictEqual(
      equal.next.map(({ entry }) => entry.claimId),
      ["clm_1", "clm_2"]
    )
  })

  it.effect("are read once for all who ask while they are read, and by nobody from before they asked", () =>
    Effect.scoped(
      Effect.gen(function* () {
        let begun = 0
        const read = Effect.suspend(() => Effect.as(Effect.sleep("1 second"), (begun += 1)))
        const shared = yield* Shared.make(read)
        const first = yield* Effect.forkChild(shared)
        yield* TestClock.adjust("500 millis")
        const later = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(shared))
        // Who goes away takes nobody's answer along.
        yield* Fiber.interrupt(first)
        const [gone, ...others] = later
        if (gone !== undefined) yield* Fiber.interrupt(gone)
        yield* TestClock.adjust("2 seconds")
        const answers = yield* Effect.forEach(others, (one) => Fiber.join(one))
        assert.deepStrictEqual([new Set(answers), begun], [new Set([2]), 2])
        assert.strictEqual(yield* Effect.flip(yield* Shared.make(Effect.fail("no"))), "no")
      })
    )
  )

  it.live("are told by the page Now with fifty rows and a count of the others", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* serving()
        yield* Effect.forEach(Array.from({ length: 70 }), (_, n) => submitted(server.journal, `many-${n}`))
        const { text } = yield* ask(server, "/")
        assert.strictEqual(text.split('<tr id="row-clm_').length - 1, 50)
        assert.include(text, ">20 more<")
        assert.include((yield* ask(server, "/accounts")).text, "70 scans")
      })
    )
  )
})
