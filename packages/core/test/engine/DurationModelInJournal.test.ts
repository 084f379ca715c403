import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as DurationModel from "../../src/engine/DurationModel.ts"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import type { ScanAdapter } from "../../src/engine/ScanAdapter.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as SteadyClock from "../../src/time/SteadyClock.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as Conversation from "@scanpoll/test-support/conversation"

const kind = { vendor: "acme", origin: "https://acme.test", kind: "deep" } as const

/** A vendor whose scans take from 60 to 70 seconds, polled every 10 seconds as it documents. */
const make = () => {
  const policy = PollPolicy.make({ first: "10 seconds", pace: "10 seconds", floor: "5 seconds", spread: 0 })
  const vendor = Conversation.make({ limits: { floor: "5 seconds" }, policy })
  const firsts = new Map<string, number>()
  const adapter: ScanAdapter<string, Conversation.Payload> = {
    ...vendor.adapter,
    durations: { prior: { low: Duration.seconds(30), high: Duration.minutes(2) }, kind: () => kind.kind },
    poll: (ticket) =>
      Effect.map(SteadyClock.now, (now) => {
        const { scanId } = ticket
        const age = now - (ticket.submittedAt ?? 0)
        if (!firsts.has(scanId)) firsts.set(scanId, age)
        const takes = 60_000 + ((firsts.size * 7919) % 10_000)
        return age < takes
          ? Observation.answer(Observation.pending("running"))
          : Observation.answer(Observation.settled<Conversation.Outcome>(Conversation.completed(ticket)))
      })
  }
  return { adapter, firsts }
}

/** What a process of its own does with the journal: it has learned nothing itself. */
const inProcess = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 hour") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(Layer.merge(DurationModel.layerJournal, RateBudget.layerMemory), { local: true }))

const names = (count: number, of: string) => Array.from({ length: count }, (_, i) => `${of} ${i}`)
const known = Effect.map(Effect.service(DurationModel.DurationModel), (model) => model.known(kind))

describe("durations in the journal", () => {
  it.effect("what one process has learned paces the next one's batch from its first poll on", () =>
    Effect.gen(function* () {
      const { adapter, firsts } = make()
      const batch = (wanted: ReadonlyArray<string>) =>
        Stream.runDrain(
          Scans.runAll(
            wanted.map((name) => Scans.request(adapter, name)),
            { concurrency: 25 }
          )
        )
      yield* inProcess(batch(names(25, "first")))
      assert.isTrue([...firsts.values()].every((age) => age === 10_000))
      firsts.clear()
      assert.strictEqual(yield* inProcess(known), 25)
      yield* inProcess(batch(names(1, "second")))
      assert.isAbove([...firsts.values()][0] ?? 0, 30_000)
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("a scan that was stopped teaches that it takes longer, and in the next process how long it took", () =>
    Effect.gen(function* () {
      const { adapter } = make()
      const journal = yield* ScanJournal.ScanJournal
      yield* inProcess(
        Stream.runDrain(Scans.runAll([Scans.request(adapter, "one")], { until: Effect.sleep("35 seconds") }))
      )
      assert.deepStrictEqual(
        (yield* journal.lessons).map(({ durationMs, ended }) => [ended, durationMs]),
        [["censored", 30_000]]
      )
      yield* inProcess(Stream.runDrain(Scans.resumeOpen([adapter])))
      assert.deepStrictEqual(
        (yield* journal.lessons).map(({ ended, scan }) => [ended, scan.startsWith("acme:")]),
        [["settled", true]]
      )
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.effect("a journal that cannot say what was learned stops nobody", () =>
    Effect.gen(function* () {
      const { adapter } = make()
      const journal = yield* ScanJournal.ScanJournal
      const dumb = { ...journal, lessons: Effect.fail(new ScanJournal.JournalError({ reason: "busy", message: "" })) }
      const outcome = yield* inProcess(Scans.run(adapter, "one")).pipe(
        Effect.provideService(ScanJournal.ScanJournal, dumb)
      )
      assert.strictEqual(outcome._tag, "Completed")
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )
})
