import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Observation from "../../src/model/Observation.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type { Seen } from "../../src/model/PollStopped.ts"
import * as Decision from "../../src/policy/Decision.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"

const limits = VendorLimits.make({ floor: "5 seconds" })
const policy = PollPolicy.make({ spread: 0.2, deadline: "5 minutes" })

const kinds = ["Pending", "Unrecognised", "Transient", "Throttled", "Missing", "Broken", "Denied"] as const

const seenOf = (kind: (typeof kinds)[number]): Seen =>
  kind === "Pending"
    ? Observation.pending("running")
    : kind === "Unrecognised"
      ? Observation.unrecognised("odd")
      : PollFault.make({ kind, code: kind, message: kind })

const millis = Schema.Literals([0, 1, 2_000, 5_000, 59_999, 300_000, 3_600_000, Number.MAX_SAFE_INTEGER, -5])

describe("decide", () => {
  it.prop(
    "any question gets a wait in bounds or a stop: never NaN, never before hint, floor and pause, never past the deadline",
    {
      kind: Schema.Literals(kinds),
      hint: Schema.NullOr(millis),
      proposal: Schema.Union([millis, Schema.Literals(["ended"]), Schema.Null]),
      now: Schema.Literals([0, 1_000, 299_999, 300_000, 400_000]),
      pausedUntil: Schema.Literals([0, 10_000, 10_000_000]),
      random: Schema.Literals([0, 0.5, 1, -3, 7])
    },
    ({ kind, hint, proposal, now, pausedUntil, random }) => {
      const seen = seenOf(kind)
      const state = Decision.observe(Decision.begin(0, 0), seen)
      const decision = Decision.decide<never>(policy, limits, state, {
        seen,
        hint: hint === null ? Option.none() : Option.some(Duration.millis(hint)),
        now,
        pausedUntil,
        random,
        proposal
      })
      const cap = kind === "Throttled" || kind === "Transient" ? 3_600_000 : 300_000
      const asked = hint === null ? (kind === "Throttled" ? 60_000 : 0) : hint > 0 ? Math.min(hint, cap) : 0
      const earliest = Math.max(now + 5_000, now + asked, pausedUntil)
      switch (decision._tag) {
        case "Settle":
          return false
        case "Stop":
          return Number.isFinite(decision.notBefore) && decision.notBefore >= Math.min(earliest, now + 5_000)
        case "Wait":
          return Number.isInteger(decision.until) && decision.until >= earliest && decision.until <= 300_000
      }
    },
    { arbitrary: { runs: 2_000 } }
  )

  it("says why: the longest of pace, hint, floor and pause", () => {
    const state = Decision.observe(Decision.begin(0, 0), seenOf("Pending"))
    const because = (question: Partial<Decision.Question>) => {
      const decision = Decision.decideSeen(policy, limits, state, {
        seen: seenOf("Pending"),
        hint: Option.none(),
        now: 0,
        pausedUntil: 0,
        random: 0,
        proposal: 10_000,
        ...question
      })
      return decision._tag === "Wait" ? `${decision.because} ${decision.until}` : decision._tag
    }
    assert.strictEqual(because({}), "pace 10000")
    assert.strictEqual(because({ random: 1 }), "pace 12000")
    assert.strictEqual(because({ proposal: 1 }), "floor 5000")
    assert.strictEqual(because({ hint: Option.some(Duration.seconds(30)) }), "hint 30000")
    assert.strictEqual(because({ pausedUntil: 40_000 }), "pause 40000")
    assert.strictEqual(because({ now: 295_000 }), "deadline 300000")
    assert.strictEqual(because({ now: 300_000 }), "Stop")
  })

  it("time in the queue of the budget does not age the deadline", () => {
    const state = Decision.credit(Decision.observe(Decision.begin(0, 0), seenOf("Pending")), 100_000)
    const decision = Decision.decideSeen(policy, limits, state, {
      seen: seenOf("Pending"),
      hint: Option.none(),
      now: 350_000,
      pausedUntil: 0,
      random: 0,
      proposal: 10_000
    })
    assert.strictEqual(decision._tag, "Wait")
  })

  it("throttling neither lengthens nor ends a row of faults, and a good answer ends it", () => {
    const rows = (...seen: ReadonlyArray<(typeof kinds)[number]>) =>
      seen.map(seenOf).reduce(Decision.observe, Decision.begin(0, 0)).faultsInARow
    assert.strictEqual(rows("Transient", "Throttled", "Transient"), 2)
    assert.strictEqual(rows("Broken", "Throttled", "Missing", "Throttled"), 2)
    assert.strictEqual(rows("Throttled"), 0)
    assert.strictEqual(rows("Transient", "Pending", "Transient"), 1)
  })

  it("whatever stops a wait, the time it leaves is not before the pause of the account, the hint and the floor", () => {
    const stopped = (kind: (typeof kinds)[number], question: Partial<Decision.Question>) => {
      const seen = seenOf(kind)
      const decision = Decision.decideSeen(policy, limits, Decision.observe(Decision.begin(0, null), seen), {
        seen,
        hint: Option.none(),
        now: 1_000,
        pausedUntil: 0,
        random: 0,
        proposal: "ended",
        ...question
      })
      return decision._tag === "Stop" ? decision.notBefore : decision._tag
    }
    for (const kind of ["Pending", "Unrecognised", "Transient", "Missing", "Denied"] as const) {
      assert.strictEqual(stopped(kind, {}), 6_000, kind)
      assert.strictEqual(stopped(kind, { hint: Option.some(Duration.seconds(30)) }), 31_000, kind)
      assert.strictEqual(stopped(kind, { pausedUntil: 90_000 }), 90_000, kind)
    }
  })

  it("at the deadline the last thing seen names the state", () => {
    const expected = {
      Pending: "deadline",
      Throttled: "deadline",
      Transient: "unreachable",
      Broken: "protocol",
      Unrecognised: "protocol",
      Missing: "not-found",
      Denied: "denied"
    } as const
    for (const kind of kinds) {
      const seen = seenOf(kind)
      const decision = Decision.decideSeen(policy, limits, Decision.observe(Decision.begin(0, 0), seen), {
        seen,
        hint: Option.none(),
        now: 300_000,
        pausedUntil: 0,
        random: 0,
        proposal: 10_000
      })
      assert.strictEqual(decision._tag === "Stop" ? decision.reason : decision._tag, expected[kind])
    }
    assert.strictEqual(Decision.reasonOf(null), "deadline")
  })
})
