import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { seeded } from "@scanpoll/test-support/seeded"
import * as DurationModel from "../../src/engine/DurationModel.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Preview from "../../src/policy/Preview.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { type Law, logLogistic, uniform } from "../support/laws.ts"

const limits = VendorLimits.make({ floor: "5 seconds" })
const documented = PollPolicy.make({ first: "10 seconds", pace: "10 seconds", floor: "5 seconds", spread: 0 })
const about: DurationModel.About = {
  vendor: "acme",
  origin: "https://acme.test",
  kind: "deep",
  prior: { low: 30_000, high: 120_000 },
  limits
}

let lessons = 0
const lesson = (durationMs: number, more: Partial<DurationModel.Lesson> = {}): DurationModel.Lesson => ({
  vendor: about.vendor,
  origin: about.origin,
  kind: about.kind,
  scan: `scan-${++lessons}`,
  ended: "settled",
  durationMs,
  ...more
})

const teach = (
  model: DurationModel.Durations,
  count: number,
  law: Law = logLogistic(60_000, 6),
  seed = 1,
  more: Partial<DurationModel.Lesson> = {}
): void => {
  const dice = seeded(seed)
  for (let i = 0; i < count; i++) model.learn(lesson(law.draw(dice), more))
}

describe("how long a scan still takes", () => {
  it("is told from past scans by its age, and not where nobody knows (U-10)", () => {
    const model = taught(200, uniform(40_000, 80_000))
    const middle = model.left(about, 0) ?? 0
    assert.isAbove(middle, 50_000)
    assert.isBelow(middle, 70_000)
    // The longer it has taken, the less is left; and the last of many ends later than the middle one.
    const later = model.left(about, 50_000) ?? 0
    assert.isBelow(later, middle - 30_000)
    assert.isAbove(model.left(about, 50_000, 0.9) ?? 0, later)
    assert.isNull(model.left(about, 600_000))
    assert.isNull(model.left({ ...about, kind: "other" }, 0))
    assert.isNull(taught(19).left(about, 0))
  })
})

const taught = (count = 60, law?: Law): DurationModel.Durations => {
  const model = DurationModel.makeMemory()
  teach(model, count, law)
  return model
}

describe("the model", () => {
  it("leaves the pace alone under twenty known durations, and plans from then on", () => {
    const model = DurationModel.makeMemory()
    teach(model, 19)
    assert.strictEqual(model.known(about), 19)
    assert.strictEqual(model.plan(about, documented), null)
    // A scan that was stopped is no known duration.
    model.learn(lesson(40_000, { ended: "censored" }))
    assert.strictEqual(model.plan(about, documented), null)
    teach(model, 1, undefined, 2)
    const plan = model.plan(about, documented)
    assert.isAbove(plan?.times[0] ?? 0, 20_000)
    assert.isBelow(plan?.expected.polls ?? Infinity, plan?.expectedDocumented.polls ?? 0)
  })

  it("learns each vendor, each origin and each kind of scan for itself", () => {
    const model = taught()
    for (const other of [{ vendor: "other" }, { origin: "https://staging.test" }, { kind: "quick" }]) {
      assert.strictEqual(model.known({ ...about, ...other }), 0)
      assert.strictEqual(model.plan({ ...about, ...other }, documented), null)
    }
  })

  it("forgets the kinds taught longest ago when there are more than 256, and keeps one that is taught on", () => {
    const model = DurationModel.makeMemory()
    const at = (port: number) => ({ vendor: about.vendor, origin: `http://127.0.0.1:${port}`, kind: about.kind })
    for (let port = 0; port < 1_000; port++) {
      model.learn(lesson(60_000))
      model.learn(lesson(60_000, at(port)))
    }
    const left = Array.from({ length: 1_000 }, (_, port) => model.known(at(port)))
    assert.deepStrictEqual(left, [...Array<number>(745).fill(0), ...Array<number>(255).fill(1)])
    assert.strictEqual(model.known(about), 256)
    // To ask about a kind teaches nothing, so it pushes none out.
    for (let port = 0; port < 1_000; port++) model.plan({ ...about, ...at(-1 - port) }, documented)
    assert.strictEqual(model.known(at(999)), 1)
    assert.strictEqual(model.known(at(745)), 1)
  })

  it("plans again every two dozen lessons, not for each scan", () => {
    const model = taught()
    const dice = seeded(3)
    const plans = new Set([model.plan(about, documented)])
    for (let i = 1; i <= 96; i++) {
      model.learn(lesson(logLogistic(60_000, 6).draw(dice)))
      plans.add(model.plan(about, documented))
    }
    assert.strictEqual(plans.size, 5)
  })

  it("counts one scan once: what it taught last is what it taught", () => {
    const model = DurationModel.makeMemory()
    model.learn(lesson(30_000, { scan: "one", ended: "censored" }))
    assert.strictEqual(model.known(about), 0)
    model.learn(lesson(70_000, { scan: "one" }))
    model.learn(lesson(71_000, { scan: "one" }))
    assert.strictEqual(model.known(about), 1)
  })

  it("drops what is no duration", () => {
    const model = DurationModel.makeMemory()
    for (const durationMs of [Number.NaN, -1, Number.POSITIVE_INFINITY]) model.learn(lesson(durationMs))
    model.learn(lesson(1_000, { atLeastMs: Number.NaN }))
    assert.strictEqual(model.known(about), 0)
  })

  it("goes back to the documented pace when new scans are unlike the old ones, and learns anew", () => {
    for (const [law, seed] of [
      [logLogistic(30_000, 6), 4],
      [logLogistic(150_000, 6), 5]
    ] as const) {
      const model = taught(200)
      const before = model.plan(about, documented)
      const dice = seeded(seed)
      let until = 0
      while (model.plan(about, documented) !== null && until < 60) {
        model.learn(lesson(law.draw(dice)))
        until++
      }
      assert.isAtMost(until, 20)
      assert.isBelow(model.known(about), 20)
      teach(model, 40, law, seed + 10)
      const after = model.plan(about, documented)
      const [slow, quick] = [before?.times[0] ?? 0, after?.times[0] ?? 0]
      assert.isTrue(seed === 4 ? quick < 0.8 * slow : quick > 1.5 * slow)
    }
  })

  it("is not alarmed by chance", () => {
    const model = taught(60)
    const dice = seeded(6)
    for (let i = 0; i < 600; i++) {
      model.learn(lesson(logLogistic(60_000, 6).draw(dice)))
      assert.isNotNull(model.plan(about, documented))
      assert.isAtLeast(model.known(about), 60)
    }
  })

  it("plans with the wait the vendor usually asks for as the least gap", () => {
    const gapsOf = (hintMs: number): ReadonlyArray<number> => {
      const model = DurationModel.makeMemory()
      teach(model, 60, undefined, 1, { hintMs })
      const times = model.plan(about, documented)?.times ?? []
      return times.slice(1).map((time, i) => time - (times[i] ?? 0))
    }
    assert.isTrue(gapsOf(0).some((gap) => gap < 9_000))
    assert.isTrue(gapsOf(10_000).every((gap) => gap >= 10_000))
  })

  it("holds each number of open scans to the pace that is documented for it", () => {
    const model = taught()
    const policy = PollPolicy.withPace(documented, (tick) => Duration.seconds(tick.open >= 5 ? 30 : 10))
    const [few, alike, many] = [1, 4, 50].map((open) => model.plan(about, policy, open))
    assert.strictEqual(few, alike)
    assert.isAbove(many?.expectedDocumented.meanLag ?? 0, 10_000)
    assert.isBelow(many?.expected.polls ?? Infinity, few?.expected.polls ?? 0)
  })

  it("hands each lesson on to be kept, and begins with what was kept", () =>
    Effect.gen(function* () {
      const kept: Array<DurationModel.Lesson> = []
      const first = DurationModel.makeMemory({
        keep: (one) => {
          kept.push(one)
          throw new Error("the disk is full")
        }
      })
      teach(first, 30)
      const layer = DurationModel.layerStored({ load: Effect.succeed(kept), keep: () => undefined })
      const second = yield* Effect.provide(Effect.service(DurationModel.DurationModel), layer)
      assert.strictEqual(second.known(about), 30)
      assert.deepStrictEqual(second.plan(about, documented)?.times, first.plan(about, documented)?.times)
    }).pipe(Effect.runPromise))
})

describe("a learned policy", () => {
  it("says in words what it is", () => {
    assert.include(
      PollPolicy.describe(DurationModel.learned(documented)),
      "as past scans have taught, every 10s until they have"
    )
  })

  it("is the same in whatever order it is composed", () =>
    Effect.gen(function* () {
      const model = taught()
      const rules = [
        DurationModel.learned,
        PollPolicy.withFloor("7 seconds"),
        PollPolicy.withDeadline("4 minutes"),
        PollPolicy.withMissingGrace("5 seconds")
      ]
      const previews = yield* Effect.forEach([rules, rules.toReversed()], (order) => {
        const policy = order.reduce((made, rule) => rule(made), documented)
        return Preview.preview(DurationModel.paced(model, about, policy, { fresh: true }), limits, 50)
      })
      assert.deepStrictEqual(previews[0], previews[1])
      const times = previews[0]?.map((poll) => poll.at) ?? []
      assert.isAbove(times[0] ?? 0, 20_000)
      assert.isTrue(times.slice(1).every((time, i) => time - (times[i] ?? 0) >= 7_000))
    }).pipe(Effect.runPromise))

  it("polls as documented outside of scans, where nobody plans it", () =>
    Effect.gen(function* () {
      const polls = yield* Preview.preview(DurationModel.learned(documented), limits, 5)
      assert.deepStrictEqual(
        polls.map((poll) => poll.at),
        [10_000, 20_000, 30_000, 40_000, 50_000]
      )
    }).pipe(Effect.runPromise))

  it("leaves a schedule alone: it cannot be read ahead", () => {
    const policy = PollPolicy.withPace(documented, Schedule.spaced("10 seconds"))
    assert.strictEqual(DurationModel.learned(policy), policy)
    assert.strictEqual(taught().plan(about, policy), null)
    assert.strictEqual(DurationModel.paced(taught(), about, policy, { fresh: true }), policy)
  })

  it("keeps a goal of its own", () => {
    const model = taught(200)
    const usual = model.plan(about, DurationModel.learned(documented))
    const eager = model.plan(about, DurationModel.learnedTo({ meanLag: "3500 millis", p95Lag: null })(documented))
    assert.isAtMost(eager?.expected.meanLag ?? Infinity, 3_500)
    assert.isAbove(eager?.expected.polls ?? 0, usual?.expected.polls ?? Infinity)
  })
})

interface Watched {
  readonly adapter: ScanAdapter<string, Conversation.Payload>
  readonly lessons: Array<DurationModel.Lesson>
  readonly model: DurationModel.Durations
  /** The ages at which scans were polled. */
  readonly polls: Array<number>
}

/** A vendor whose scans take `duration`, over a model that is taught before and tells what it is taught after. */
const watched = (
  options: {
    readonly duration?: number
    readonly taught?: number
    readonly hint?: number
    readonly times?: readonly [createdAt: number, completedAt: number]
    readonly unlearned?: boolean
    readonly policy?: PollPolicy.PollPolicy
  } = {}
): Watched => {
  const { duration = 1_000_000, hint } = options
  const vendor = Conversation.make({
    limits: { floor: "5 seconds" },
    policy: options.policy ?? documented
  })
  const polls: Array<number> = []
  const kept: Array<DurationModel.Lesson> = []
  const before = DurationModel.makeMemory({ keep: (one) => kept.push(one) })
  teach(before, options.taught ?? 0, undefined, 1, hint === undefined ? {} : { hintMs: hint })
  kept.length = 0
  const adapter: ScanAdapter<string, Conversation.Payload> = {
    ...vendor.adapter,
    ...(options.unlearned === true
      ? {}
      : {
          durations: {
            prior: { low: Duration.seconds(30), high: Duration.minutes(2) },
            kind: () => about.kind
          }
        }),
    poll: (ticket) =>
      Effect.map(SteadyClock.now, (now) => {
        const age = now - (ticket.submittedAt ?? 0)
        polls.push(age)
        if (age < duration) {
          return Observation.answer(Observation.pending("running"), {
            hint: hint === undefined ? Option.none() : Option.some(Duration.millis(hint))
          })
        }
        const [createdAt, completedAt] = options.times ?? [null, null]
        const outcome: Conversation.Outcome = { ...Conversation.completed(ticket), createdAt, completedAt }
        return Observation.answer(Observation.settled(outcome))
      })
  }
  return { adapter, lessons: kept, model: before, polls }
}

const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)

const within = <A, E, R>({ model }: Watched, effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 hour") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provideService(DurationModel.DurationModel, model))

const batch = (vendor: Watched, wanted: ReadonlyArray<string>, options: Scans.RequestOptions = {}) =>
  Stream.runCollect(Scans.runAll(wanted.map((name) => Scans.request(vendor.adapter, name, options))))

const ages = (vendor: Watched, leastGap = 5_000): ReadonlyArray<number> => {
  const times = [...(vendor.model.plan(about, documented)?.times ?? [])]
  const last = times.at(-1)
  if (last === undefined) throw new Error("there is a plan")
  for (let age = last + 10_000; age < 300_000; age += 10_000) times.push(age)
  // One last poll at the deadline, where the floor or the hint allows it.
  return (times.at(-1) ?? 0) + leastGap <= 300_000 ? [...times, 300_000] : times
}

describe("scans on a learned pace", () => {
  it.effect("are polled at exactly the planned times, then at the documented pace, by either driver", () =>
    Effect.gen(function* () {
      for (const runIt of [
        (vendor: Watched): Effect.Effect<unknown, unknown, ScanJournal.ScanJournal> =>
          Scans.run(vendor.adapter, "one", { policy: DurationModel.learned }),
        (vendor: Watched) => batch(vendor, ["two"], { policy: DurationModel.learned })
      ]) {
        const vendor = watched({ taught: 100 })
        const planned = ages(vendor)
        yield* within(vendor, runIt(vendor))
        assert.deepStrictEqual(vendor.polls, planned)
        const preview = yield* Preview.preview(
          DurationModel.paced(vendor.model, about, documented, { fresh: true }),
          limits,
          100
        )
        assert.deepStrictEqual(
          preview.map((poll) => poll.at),
          planned
        )
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("wait for a Retry-After however early the plan would poll", () =>
    Effect.gen(function* () {
      const vendor = watched({ taught: 100, hint: 10_000 })
      const planned = ages(vendor, 10_000)
      yield* within(vendor, Scans.run(vendor.adapter, "one", { policy: DurationModel.learned }))
      assert.deepStrictEqual(vendor.polls, planned)
      // Now the vendor asks for more than it ever has.
      const patient = watched({ taught: 100, hint: 30_000 })
      for (let i = 0; i < 9; i++) patient.model.learn(lesson(60_000, { hintMs: 0 }))
      yield* within(patient, Scans.run(patient.adapter, "two", { policy: DurationModel.learned }))
      const gaps = patient.polls.slice(1).map((age, i) => age - (patient.polls[i] ?? 0))
      assert.isTrue(gaps.slice(0, -1).every((gap) => gap >= 30_000))
    }).pipe(Effect.provide(world))
  )

  it.effect("are the default of a batch once twenty durations are known, and not before", () =>
    Effect.gen(function* () {
      const knowing = watched({ taught: 20 })
      const planned = ages(knowing)
      yield* within(knowing, batch(knowing, ["one"]))
      assert.deepStrictEqual(knowing.polls, planned)
      const learning = watched({ taught: 19 })
      yield* within(learning, batch(learning, ["two"]))
      assert.deepStrictEqual(learning.polls.slice(0, 3), [10_000, 20_000, 30_000])
    }).pipe(Effect.provide(world))
  )

  it.effect("are not forced on anybody: a single scan, a policy of one's own, a vendor that is not learned", () =>
    Effect.gen(function* () {
      for (const [name, runIt] of [
        [
          "single",
          (vendor: Watched): Effect.Effect<unknown, unknown, ScanJournal.ScanJournal> =>
            Scans.run(vendor.adapter, "single")
        ],
        ["own", (vendor: Watched) => batch(vendor, ["own"], { policy: (recommended) => recommended })]
      ] as const) {
        const vendor = watched({ taught: 100 })
        yield* within(vendor, runIt(vendor))
        assert.deepStrictEqual(vendor.polls.slice(0, 3), [10_000, 20_000, 30_000], name)
      }
      const vendor = watched({ taught: 100, unlearned: true, duration: 60_000 })
      yield* within(vendor, batch(vendor, ["unlearned"], { policy: DurationModel.learned }))
      assert.deepStrictEqual(vendor.polls.slice(0, 3), [10_000, 20_000, 30_000])
      assert.deepStrictEqual(vendor.lessons, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("that are gone on with are polled at once and never at shorter gaps than documented", () =>
    Effect.gen(function* () {
      const vendor = watched({ taught: 100 })
      const policy = (recommended: PollPolicy.PollPolicy) =>
        DurationModel.learned(recommended).pipe(PollPolicy.withDeadline("15 seconds"))
      yield* within(vendor, Scans.run(vendor.adapter, "one", { policy }), "16 seconds")
      vendor.polls.length = 0
      yield* within(vendor, Scans.run(vendor.adapter, "one", { policy: DurationModel.learned }))
      assert.strictEqual(vendor.polls[0], 20_000)
      assert.isAbove(vendor.polls[1] ?? 0, 30_000)
      const gaps = vendor.polls.slice(1, -1).map((age, i) => age - (vendor.polls[i] ?? 0))
      assert.isTrue(gaps.every((gap) => gap >= 10_000))
    }).pipe(Effect.provide(world))
  )
})

describe("what a scan teaches", () => {
  const one = (vendor: Watched) => {
    assert.strictEqual(vendor.lessons.length, 1)
    const [{ atLeastMs, durationMs, ended, hintMs } = lesson(Number.NaN)] = vendor.lessons
    return [ended, atLeastMs ?? durationMs, durationMs, hintMs] as const
  }

  it.effect("is when it was last seen running and first seen over, where its vendor tells no times", () =>
    Effect.gen(function* () {
      const vendor = watched({ duration: 33_000, hint: 7_000 })
      yield* within(vendor, Scans.run(vendor.adapter, "one"))
      assert.deepStrictEqual(one(vendor), ["settled", 30_000, 40_000, 7_000])
      const quick = watched({ duration: 1 })
      yield* within(quick, Scans.run(quick.adapter, "two"))
      assert.deepStrictEqual(one(quick), ["settled", 0, 10_000, undefined])
    }).pipe(Effect.provide(world))
  )

  it.effect("is the vendor's own time, held to what we saw", () =>
    Effect.gen(function* () {
      for (const [took, exact] of [
        [33_000, 33_000],
        [4_000, 30_000],
        [999_000, 40_000]
      ] as const) {
        const vendor = watched({ duration: 33_000, times: [5, took + 5] })
        yield* within(vendor, Scans.run(vendor.adapter, `took ${took}`))
        assert.deepStrictEqual(one(vendor), ["settled", exact, exact, 0])
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("is that it takes longer, when we stop first", () =>
    Effect.gen(function* () {
      const stopped = watched()
      yield* within(stopped, Scans.run(stopped.adapter, "one"))
      assert.deepStrictEqual(one(stopped), ["censored", 300_000, 300_000, 0])
      for (const [after, taught] of [
        ["25 seconds", 20_000],
        ["9 seconds", null]
      ] as const) {
        const interrupted = watched()
        yield* Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Scans.run(interrupted.adapter, `interrupted after ${after}`))
          yield* TestClock.adjust(after)
          yield* Fiber.interrupt(fiber)
        }).pipe(Effect.provideService(DurationModel.DurationModel, interrupted.model))
        if (taught === null) assert.deepStrictEqual(interrupted.lessons, [])
        else assert.deepStrictEqual(one(interrupted), ["censored", taught, taught, 0])
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("is nothing, when it came from a cache, from the journal, with its submission or from somebody else", () =>
    Effect.gen(function* () {
      const vendor = watched({ duration: 12_000 })
      const twice = yield* within(vendor, batch(vendor, ["one", "one"]))
      assert.isTrue(Exit.isSuccess(twice))
      yield* within(vendor, Scans.run(vendor.adapter, "one"))
      assert.strictEqual(vendor.lessons.length, 1)

      const instant = watched()
      const already = Conversation.make({ submits: [{ say: "already" }] })
      yield* within(instant, Scans.run({ ...instant.adapter, submit: already.adapter.submit }, "two"))
      assert.deepStrictEqual(instant.lessons, [])

      const cached = watched({ duration: 1 })
      const poll: typeof cached.adapter.poll = (ticket) =>
        Effect.succeed(
          Observation.answer(Observation.settled({ ...Conversation.completed(ticket), cached: true, ageMs: 5 }))
        )
      yield* within(cached, Scans.run({ ...cached.adapter, poll }, "three"))
      assert.deepStrictEqual(cached.lessons, [])

      const foreign = watched({ duration: 1 })
      yield* within(foreign, Scans.wait(foreign.adapter, Conversation.make().ticket("theirs")))
      assert.strictEqual(foreign.polls.length, 1)
      assert.deepStrictEqual(foreign.lessons, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("fills the model as a batch goes: the first twenty as documented, the others as planned", () =>
    Effect.gen(function* () {
      const vendor = watched()
      const dice = seeded(9)
      const law = uniform(40_000, 80_000)
      const durations = new Map<string, number>()
      const polled = new Map<string, number>()
      const adapter: ScanAdapter<string, Conversation.Payload> = {
        ...vendor.adapter,
        poll: (ticket) =>
          Effect.map(SteadyClock.now, (now) => {
            const { scanId, submittedAt } = ticket
            polled.set(scanId, (polled.get(scanId) ?? 0) + 1)
            const duration = durations.get(scanId) ?? law.draw(dice)
            durations.set(scanId, duration)
            return now - (submittedAt ?? 0) < duration
              ? Observation.answer(Observation.pending("running"))
              : Observation.answer(Observation.settled<Conversation.Outcome>(Conversation.completed(ticket)))
          })
      }
      const requests = Array.from({ length: 120 }, (_, i) => Scans.request(adapter, `company ${i}`))
      yield* within(vendor, Stream.runDrain(Scans.runAll(requests, { concurrency: 4 })), "2 hours")
      assert.strictEqual(vendor.model.known(about), 120)
      const mean = (from: number, to: number): number => {
        const counts = [...polled.values()].slice(from, to)
        return counts.reduce((sum, count) => sum + count, 0) / counts.length
      }
      assert.isAbove(mean(0, 20), 5.5)
      assert.isBelow(mean(40, 120), 0.65 * mean(0, 20))
    }).pipe(Effect.provide(world))
  )
})
