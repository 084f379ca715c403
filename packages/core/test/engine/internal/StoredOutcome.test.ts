import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as StoredOutcome from "../../../src/engine/internal/storedOutcome.ts"
import { JournalError } from "../../../src/engine/ScanJournal.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const vendor = Conversation.make()
const codec = StoredOutcome.codec(vendor.adapter)
const ticket = vendor.ticket("x")

describe("an outcome that comes back from the journal", () => {
  it.effect("is the one that was stored", () =>
    Effect.gen(function* () {
      const outcome = Conversation.completed(ticket)
      assert.deepStrictEqual(yield* codec.decode(yield* codec.encode(outcome)), outcome)
    })
  )

  it.effect("is unreadable when its shape is not the adapter's, or its scan another account's", () =>
    Effect.gen(function* () {
      const foreign = Conversation.completed({ ...ticket, account: "another" })
      for (const stored of [null, "text", { _tag: "Completed" }, yield* codec.encode(foreign)]) {
        assert.strictEqual((yield* Effect.flip(codec.decode(stored))).reason, "unreadable")
      }
    })
  )

  it.effect("loses a link that leads away from the vendor's own site, with a warning", () =>
    Effect.gen(function* () {
      const outcome = { ...Conversation.completed(ticket), links: { report: "https://evil.example/report" } }
      const read = yield* codec.decode(yield* codec.encode(outcome))
      assert.isNull(read.links.report)
      assert.strictEqual(read.warnings.length, 1)
    })
  )
})

describe("writing an outcome into a journal with trouble", () => {
  const failing = (reason: JournalError["reason"]) => {
    const tried: Array<number> = []
    const write = Effect.suspend(() => {
      tried.push(1)
      return Effect.fail(new JournalError({ reason, message: "no" }))
    })
    return { tried, write }
  }

  it.effect("is tried three times, one second apart, where the trouble may heal", () =>
    Effect.gen(function* () {
      const { tried, write } = failing("busy")
      const fiber = yield* Effect.forkChild(Effect.exit(StoredOutcome.store(write, "the outcome")))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(tried.length, 3)
    })
  )

  it.effect("is tried once where another process has taken the claim", () =>
    Effect.gen(function* () {
      const { tried, write } = failing("lost")
      yield* Effect.flip(StoredOutcome.store(write, "the outcome"))
      assert.strictEqual(tried.length, 1)
    })
  )
})
