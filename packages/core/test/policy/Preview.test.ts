import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import { preview } from "../../src/policy/Preview.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"

const limits = VendorLimits.make({ floor: "1 second" })

const times = <R>(policy: PollPolicy.PollPolicy<R>, count: number) =>
  Effect.map(preview(policy, limits, count), (polls) => polls.map((poll) => poll.at / 1000))

describe("preview", () => {
  it.effect("shows the first polls of a fixed pace and the last one at the deadline", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.make({ pace: "10 seconds", deadline: "25 seconds", first: "2 seconds" })
      const polls = yield* preview(policy, limits, 99)
      assert.deepStrictEqual(polls, [
        { at: 2000, because: "first" },
        { at: 12_000, because: "pace" },
        { at: 22_000, because: "pace" },
        { at: 25_000, because: "deadline" }
      ])
    })
  )

  it.effect("shows phases: fast at first, then slow", () =>
    Effect.gen(function* () {
      const pace = PollPolicy.pacePhases([{ every: "2 seconds", lasts: "6 seconds" }], "15 seconds")
      assert.deepStrictEqual(yield* times(PollPolicy.make({ pace, first: 0 }), 6), [0, 2, 4, 6, 21, 36])
    })
  )

  it.effect("shows a schedule of the user's own", () =>
    Effect.gen(function* () {
      const pace = Schedule.exponential("4 seconds")
      assert.deepStrictEqual(yield* times(PollPolicy.make({ pace, first: 0 }), 5), [0, 4, 12, 28, 60])
    })
  )

  it.effect("sees the number of open scans", () =>
    Effect.gen(function* () {
      const policy = PollPolicy.make({ first: 0, pace: (tick) => Duration.seconds(tick.open) })
      const polls = yield* preview(policy, limits, 3, { open: 30 })
      assert.deepStrictEqual(
        polls.map((poll) => poll.at),
        [0, 30_000, 60_000]
      )
    })
  )
})

describe("a policy in words", () => {
  it("says in words what will be asked and when", () => {
    const policy = PollPolicy.make({
      pace: PollPolicy.pacePhases([{ every: "2 seconds", lasts: "20 seconds" }], "15 seconds")
    })
    assert.strictEqual(
      PollPolicy.describe(policy, VendorLimits.make({ floor: "5 seconds" })),
      "first poll after 5s, then every 2s for 20s, then every 15s, never closer than 5s, spread upwards by up to 10 %, after faults 2s, doubling up to 1m, gives up softly after 5m"
    )
    assert.include(PollPolicy.describe(PollPolicy.make({ pace: Schedule.spaced("1 second") })), "by a schedule")
    assert.include(
      PollPolicy.describe(PollPolicy.make({ pace: PollPolicy.paceNamed("as I like", () => Duration.seconds(1)) })),
      "as I like"
    )
  })
})
