import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { accepted, world } from "../support/worlds.ts"

const floor = 2000

/** What does not count against a wait: a vendor may say these for as long as it likes. */
const step = Schema.Struct({
  say: Schema.Literals(["queued", "running", "Transient", "Throttled"]),
  hint: Schema.Literals([0, 3_000, 20_000, 100_000]),
  takes: Schema.Literals([0, 400, 5_000])
})

describe("a scan waited for in pieces", () => {
  it.effect.prop(
    "laws 1, 2 and 5: cut anywhere, in this process or the next, it is bought once, never asked early, and ends as in one piece",
    {
      script: Schema.Array(step),
      end: Schema.Literals(["done", "partial", "failed"]),
      submit: Schema.Literals([0, 3_000]),
      pieces: Schema.Array(
        Schema.Struct({
          lasts: Schema.Literals([1, 700, 2_100, 9_000, 45_000, 130_000]),
          pause: Schema.Literals([0, 1, 1_500, 60_000]),
          ends: Schema.Literals(["interrupted", "deadline"]),
          next: Schema.Literals(["this process", "the next process"])
        })
      )
    },
    ({ end, pieces, script, submit }) =>
      Effect.gen(function* () {
        const vendor = Conversation.make({
          submits: [{ say: "accept", takes: submit, hint: 4000 }],
          polls: [...script, { say: end }],
          limits: { floor },
          policy: PollPolicy.make({ pace: "5 seconds", spread: 0.5, first: 0 })
        })
        let journal = yield* ScanJournal.ScanJournal
        // What is over is asked for by its ticket: a run would be a new wish for what failed.
        const run = (deadline: number) =>
          Effect.flatMap(journal.list(["settled"]), ([over]) => {
            const policy = vendor.adapter.policy.pipe(PollPolicy.withDeadline(deadline))
            const ticket = over?.ticket ?? null
            return ticket === null
              ? Scans.run(vendor.adapter, "a", { policy: () => policy })
              : Scans.wait(vendor.adapter, ticket, { policy: () => policy })
          }).pipe(Effect.provideService(ScanJournal.ScanJournal, journal), Effect.exit)
        for (const piece of pieces) {
          const fiber = yield* Effect.forkChild(
            run(piece.ends === "deadline" ? Math.max(floor + 1, piece.lasts) : 86_400_000)
          )
          yield* TestClock.adjust(piece.lasts)
          if (piece.ends === "interrupted") fiber.interruptUnsafe()
          for (let second = 0; fiber.pollUnsafe() === undefined; second++) {
            assert.isBelow(second, 100_000, "the piece does not end")
            yield* TestClock.adjust("1 second")
          }
          yield* TestClock.adjust(piece.pause)
          // Another process has the same store and nothing else: no budget, no table of who polls what.
          if (piece.next === "the next process") journal = { ...journal }
        }
        const last = yield* Effect.forkChild(run(86_400_000))
        yield* TestClock.adjust("2 days")
        const exit = yield* Fiber.join(last)
        const outcome = Exit.isSuccess(exit) ? exit.value._tag.toLowerCase() : exit.cause
        assert.strictEqual(outcome, end === "done" ? "completed" : end)
        assert.strictEqual(accepted(vendor), 1)
        assert.isAtMost(vendor.ledger.mostInFlight, 1)
        const { polls } = vendor.ledger
        polls.forEach((poll, i) => {
          const before = polls[i - 1]
          if (before === undefined) return assert.isAtLeast(poll.at, submit + 4000)
          const said = script[i - 1]
          const hint = before.cut || said === undefined ? 0 : said.hint
          const answered = before.answeredAt ?? before.at
          assert.isAtLeast(poll.at - answered, Math.max(floor, hint), `poll ${i}`)
        })
      }).pipe(Effect.provide(Layer.fresh(Layer.merge(world, RateBudget.layerMemory)))),
    { arbitrary: { runs: 150 } }
  )
})
