/** What tests of whole runs share: a journal and a budget of their own, the virtual clock, and how runs are read. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as RateBudget from "../../src/engine/RateBudget.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import type * as Conversation from "@scanpoll/test-support/conversation"

export const world = Layer.mergeAll(ScanJournal.layerMemory, RateBudget.layerMemory)

/** Runs to the end, however far away that is on the virtual clock. */
export const finish = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect))
    yield* TestClock.adjust("2 days")
    return yield* Fiber.join(fiber)
  })

/** Runs for that long; undefined when it is not over by then. */
export const within = <A, E, R>(millis: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(millis)
    // What takes no time may still take turns.
    for (let turn = 0; turn < 100 && fiber.pollUnsafe() === undefined; turn++) yield* Effect.yieldNow
    const exit = fiber.pollUnsafe()
    if (exit === undefined) yield* Fiber.interrupt(fiber)
    return exit
  })

export const value = <A, E>(exit: Exit.Exit<A, E> | undefined): A => {
  if (exit === undefined) throw new Error("it was expected to be over")
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}

export const failure = <A, E>(exit: Exit.Exit<A, E> | undefined): E => {
  if (exit === undefined) throw new Error("it was expected to be over")
  const error = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Fail") : undefined
  if (error === undefined) throw new Error("a failure was expected")
  return error.error
}

export const accepted = (vendor: Conversation.Vendor): number =>
  vendor.ledger.submissions.filter((entry) => entry.accepted).length

export const records = <P>(requests: ReadonlyArray<Scans.ScanRequest<P>>, options?: Scans.BatchOptions) =>
  Effect.map(Stream.runCollect(Scans.runAll(requests, options)), (all) => [...all].sort((a, b) => a.index - b.index))

/** Runs with a journal that is the given one with some of its operations changed. */
export const withJournal =
  (change: (journal: ScanJournal.Operations) => Partial<ScanJournal.Operations>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.flatMap(ScanJournal.ScanJournal, (journal) =>
      Effect.provideService(effect, ScanJournal.ScanJournal, { ...journal, ...change(journal) })
    )
