/** What the simulation found, each as small as it can be told. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "../support/conversation.ts"

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)
const steady = PollPolicy.make({ pace: "1 second", spread: 0 })

describe("found by the simulation", () => {
  it.effect("an interrupted batch stops as one: nothing is sent while its submissions in flight have their grace", () =>
    Effect.gen(function* () {
      const slow = Conversation.make({ vendor: "slow", submits: [{ say: "hang" }], policy: steady })
      const fast = Conversation.make({ vendor: "fast", polls: [{ say: "running" }], policy: steady })
      const requests = [
        Scans.request(slow.adapter, "a"),
        Scans.request(fast.adapter, "b"),
        Scans.request(slow.adapter, "c"),
        Scans.request(fast.adapter, "d"),
        Scans.request(slow.adapter, "e")
      ]
      const batch = yield* Effect.forkChild(Stream.runDrain(Scans.runAll(requests)))
      yield* TestClock.adjust("3500 millis")
      const polls = fast.ledger.polls.length
      const ended = yield* Effect.forkChild(Fiber.interrupt(batch))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(fast.ledger.polls.length, polls)
      assert.isDefined(ended.pollUnsafe())
      assert.strictEqual(slow.ledger.submissions.filter(({ cut }) => cut).length, 3)
    }).pipe(Effect.provide(world))
  )
})
