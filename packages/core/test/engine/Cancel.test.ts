/** Asking a vendor to cancel a scan: one request in the account's turn, and nothing is decided by it. */
import * as Conversation from "@scanpoll/test-support/conversation"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PollFault from "../../src/model/PollFault.ts"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import { failure, finish, value, within, world } from "../support/worlds.ts"

const open = Effect.flatMap(ScanJournal.ScanJournal, (journal) => journal.list(["submitted", "settled"]))

const cancelling = (vendor: Conversation.Vendor, cancel: NonNullable<ScanAdapter<string, unknown>["cancel"]>) => ({
  ...vendor.adapter,
  cancel
})

describe("cancelling a scan", () => {
  it.effect("asks the vendor once, after the account's pause, and stores no end: the next poll does", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({ polls: [{ say: "running" }, { say: "failed" }] })
      assert.isUndefined(yield* within(3_000, Scans.run(vendor.adapter, "a")))
      const [entry] = yield* open
      const ticket = entry?.ticket ?? vendor.ticket("none", null)
      const asked: Array<readonly [at: number, subject: string]> = []
      const adapter = cancelling(vendor, (_, about) =>
        Effect.map(SteadyClock.now, (now) => void asked.push([now, about?.subject.name ?? ""]))
      )
      const now = yield* SteadyClock.now
      ;(yield* ScanJournal.ScanJournal).paused(adapter, now + 30_000)
      value(yield* finish(Scans.cancel(adapter, ticket, entry === undefined ? {} : { subject: entry.subject })))
      assert.deepStrictEqual(asked, [[now + 30_000, "a"]])
      assert.strictEqual((yield* open)[0]?.state, "submitted")
      assert.strictEqual(value(yield* finish(Scans.wait(adapter, ticket)))._tag, "Failed")
    }).pipe(Effect.provide(world))
  )

  it.effect("says why the vendor did not take it, and heeds the pause that it asks for", () =>
    Effect.gen(function* () {
      const vendor = Conversation.make({})
      const ticket = vendor.ticket("x", null)
      const hint = Option.some(Duration.seconds(20))
      const throttled = PollFault.make({ kind: "Throttled", code: "http-429", message: "slower", hint })
      const adapter = cancelling(vendor, () => Effect.fail(throttled))
      const began = yield* SteadyClock.now
      assert.strictEqual(failure(yield* finish(Scans.cancel(adapter, ticket))), throttled)
      const pauses = yield* (yield* ScanJournal.ScanJournal).pauses
      assert.deepStrictEqual(
        pauses.map(({ until }) => until),
        [began + 20_000]
      )
      const hanging = cancelling(vendor, () => Effect.never)
      assert.strictEqual(failure(yield* finish(Scans.cancel(hanging, ticket))).code, "timeout")
      assert.strictEqual(failure(yield* finish(Scans.cancel(vendor.adapter, ticket))).code, "no-cancel")
    }).pipe(Effect.provide(world))
  )
})
