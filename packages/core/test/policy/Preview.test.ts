import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Observation from "../../src/model/Observation.ts"
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

// A schedule of a user's own as data: what it is made of, and how.
type Made =
  | { readonly of: "spaced" | "exponential" | "fibonacci" | "windowed"; readonly seconds: number }
  | { readonly of: "jittered" | "once" | "twice"; readonly inner: Made }
  | { readonly of: "min" | "max" | "then"; readonly a: Made; readonly b: Made }

const Made: Schema.Codec<Made> = Schema.suspend((): Schema.Codec<Made> =>
  Schema.Union([
    Schema.Struct({
      of: Schema.Literals(["spaced", "exponential", "fibonacci", "windowed"]),
      // From far below every floor to far beyond every deadline.
      seconds: Schema.Literals([0.001, 0.5, 1, 7, 90, 4_000])
    }),
    Schema.Struct({ of: Schema.Literals(["jittered", "once", "twice"]), inner: Made }),
    Schema.Struct({ of: Schema.Literals(["min", "max", "then"]), a: Made, b: Made })
  ])
)

const scheduleOf = (made: Made): Schedule.Schedule<unknown> => {
  switch (made.of) {
    case "spaced":
      return Schedule.spaced(Duration.seconds(made.seconds))
    case "exponential":
      return Schedule.exponential(Duration.seconds(made.seconds))
    case "fibonacci":
      return Schedule.fibonacci(Duration.seconds(made.seconds))
    case "windowed":
      return Schedule.windowed(Duration.seconds(made.seconds))
    case "jittered":
      return Schedule.jittered(scheduleOf(made.inner))
    case "once":
      return scheduleOf(made.inner).pipe(Schedule.upTo({ times: 1 }))
    case "twice":
      return scheduleOf(made.inner).pipe(Schedule.upTo({ times: 2 }))
    case "min":
      return Schedule.min([scheduleOf(made.a), scheduleOf(made.b)])
    case "max":
      return Schedule.max([scheduleOf(made.a), scheduleOf(made.b)])
    case "then":
      return scheduleOf(made.a).pipe(Schedule.concat(scheduleOf(made.b)))
  }
}

describe("what a poll would see", () => {
  it.effect("moves a pace that follows the progress, as it would move the polls of a scan (issue 19)", () =>
    Effect.gen(function* () {
      const pace = PollPolicy.withPace(({ seen }) => {
        const progress = seen._tag === "Pending" ? Option.getOrNull(seen.progress) : null
        return Duration.seconds((progress?.fraction ?? 0) > 0.8 ? 3 : 15)
      })
      const seen = (at: number) =>
        Observation.pending("running", Option.some({ fraction: at / 40_000, done: null, total: null }))
      const policy = PollPolicy.make({ first: "5 seconds" }).pipe(pace)
      const limits = VendorLimits.make({ floor: "1 second" })
      const times = (options: { readonly seen?: typeof seen }) =>
        Effect.map(preview(policy, limits, 5, options), (polls) => polls.map(({ at }) => at / 1000))
      assert.deepStrictEqual(yield* times({ seen }), [5, 20, 35, 38, 41])
      assert.deepStrictEqual(yield* times({}), [5, 20, 35, 50, 65])
    })
  )
})

describe("any schedule", () => {
  it.effect.prop(
    "polls no sooner than the floor allows, and ends by the deadline, whatever it is composed of (law 1, issue 19)",
    { made: Made, floor: Schema.Literals([1, 5, 30]) },
    ({ floor, made }) =>
      Effect.gen(function* () {
        const policy = PollPolicy.make({ first: 0, pace: scheduleOf(made), deadline: "10 minutes" })
        const polls = yield* preview(policy, VendorLimits.make({ floor: Duration.seconds(floor) }), 40)
        assert.isAbove(polls.length, 0)
        for (const [at, poll] of polls.entries()) {
          const before = polls[at - 1]
          if (before !== undefined) assert.isAtLeast(poll.at - before.at, floor * 1_000)
          assert.isAtMost(poll.at, 600_000)
        }
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
