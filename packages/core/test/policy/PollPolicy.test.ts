import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"

const faultsOf = (policy: PollPolicy.PollPolicy, limits?: VendorLimits.VendorLimits): ReadonlyArray<string> => {
  const checked = PollPolicy.check(policy, limits)
  return Result.isFailure(checked) ? checked.failure.faults : []
}

const schedule = Schedule.spaced("3 seconds")

const names = ["pace", "failures", "deadline", "floor", "first", "spread", "timeout", "grace"] as const
const failures = () => Duration.seconds(9)

const combine = (policy: PollPolicy.PollPolicy, name: (typeof names)[number]): PollPolicy.PollPolicy => {
  switch (name) {
    case "pace":
      return PollPolicy.withPace(policy, schedule)
    case "failures":
      return PollPolicy.withFailures(policy, failures)
    case "deadline":
      return PollPolicy.withDeadline(policy, "20 minutes")
    case "floor":
      return PollPolicy.withFloor(policy, "4 seconds")
    case "first":
      return PollPolicy.withFirst(policy, "1 second")
    case "spread":
      return PollPolicy.withSpread(policy, 0.3)
    case "timeout":
      return PollPolicy.withPollTimeout(policy, "3 seconds")
    case "grace":
      return PollPolicy.withMissingGrace(policy, "1 minute")
  }
}

describe("withBrokenInARow", () => {
  it("sets after how many answers without sense a wait gives up, and check refuses what is no whole number from 1", () => {
    const policy = PollPolicy.make().pipe(PollPolicy.withBrokenInARow(7))
    assert.strictEqual(policy.brokenInARow, 7)
    assert.strictEqual(PollPolicy.withBrokenInARow(policy, 2).brokenInARow, 2)
    assert.isTrue(Result.isFailure(PollPolicy.check(PollPolicy.withBrokenInARow(policy, 0))))
  })
})

describe("PollPolicy", () => {
  it.prop(
    "combinators give the same policy in any order",
    { order: Schema.Array(Schema.Literals(names)) },
    ({ order }) => {
      const base = PollPolicy.make()
      const inAnyOrder = order.reduce(combine, base)
      const inOneOrder = [...new Set(order)].sort().reduce(combine, base)
      assert.deepStrictEqual({ ...inAnyOrder }, { ...inOneOrder })
    }
  )

  it("refuses what no wait can follow, every fault at once, with field and value (TM-02)", () => {
    const faults = faultsOf(
      PollPolicy.make({
        floor: -5,
        spread: 2,
        pollTimeout: 0,
        deadline: Duration.infinity,
        brokenInARow: 1.5,
        missingGrace: "31 days"
      })
    )
    assert.strictEqual(faults.length, 6)
    for (const field of ["floor", "spread", "pollTimeout", "deadline", "brokenInARow", "missingGrace"]) {
      assert.isTrue(
        faults.some((fault) => fault.startsWith(field)),
        field
      )
    }
  })

  it("names both fields of a contradiction, the vendor's floor included", () => {
    assert.match(
      faultsOf(PollPolicy.make({ floor: "2 minutes", deadline: "1 minute" })).join(),
      /floor \(2m\).*deadline \(1m\)/
    )
    assert.match(
      faultsOf(PollPolicy.make({ first: "2 minutes", deadline: "1 minute" })).join(),
      /first \(2m\).*deadline \(1m\)/
    )
    assert.match(
      faultsOf(PollPolicy.make({ deadline: "3 seconds" }), VendorLimits.make({ floor: "5 seconds" })).join(),
      /floor \(5s\)/
    )
    assert.deepStrictEqual(faultsOf(PollPolicy.make()), [])
  })

  it("can be changed back and forth through a contradiction, because only the end counts", () => {
    const policy = PollPolicy.make({ deadline: "1 minute" }).pipe(
      PollPolicy.withFloor("2 minutes"),
      PollPolicy.withDeadline("1 hour")
    )
    assert.deepStrictEqual(faultsOf(policy), [])
  })

  it("takes a pace as an interval, a function or a Schedule", () => {
    assert.isFunction(PollPolicy.make({ pace: "1 second" }).pace)
    assert.isFunction(PollPolicy.make({ pace: () => Duration.seconds(1) }).pace)
    assert.isTrue(Schedule.isSchedule(PollPolicy.make({ pace: schedule }).pace))
  })

  it.effect("vendor limits refuse what is not a finite duration", () =>
    Effect.sync(() => {
      assert.throws(() => VendorLimits.make({ floor: Duration.infinity, hintCap: 0 }), /floor.*hintCap/)
      assert.deepStrictEqual(Duration.toMillis(VendorLimits.make({ floor: 0 }).throttledWait), 60_000)
    })
  )
})
