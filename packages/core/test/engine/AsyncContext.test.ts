/** Whose `AsyncLocalStorage` a poll sees: one timer serves the waits of many callers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import * as Fleet from "../../src/engine/Fleet.ts"
import * as Keeper from "../../src/engine/Keeper.ts"
import * as Poller from "../../src/engine/Poller.ts"
import * as ScanJournal from "../../src/engine/ScanJournal.ts"
import * as Scans from "../../src/engine/Scans.ts"
import * as Observation from "../../src/model/Observation.ts"
import * as PollFault from "../../src/model/PollFault.ts"
import type { PollStopped } from "../../src/model/PollStopped.ts"
import * as PollPolicy from "../../src/policy/PollPolicy.ts"
import * as VendorLimits from "../../src/policy/VendorLimits.ts"
import * as Conversation from "@scanpoll/test-support/conversation"
import { withJournal, world } from "../support/worlds.ts"

const callers = ["a", "b", "c"] as const
type Caller = (typeof callers)[number]

const storage = new AsyncLocalStorage<string>()

interface Sight {
  readonly of: string
  readonly inside: string | undefined
}

const policies: Record<Caller, PollPolicy.PollPolicy> = {
  a: PollPolicy.make({ pace: "10 seconds", spread: 0, deadline: "3 minutes", pollTimeout: "4 seconds" }),
  b: PollPolicy.make({ pace: "7 seconds", spread: 0, deadline: "3 minutes", pollTimeout: "4 seconds" }),
  c: PollPolicy.make({ pace: "10 seconds", spread: 0, deadline: "3 minutes", pollTimeout: "4 seconds" })
}

// Answers at once, later, with a fault and not at all: each way on to the next poll.
const spec = (of: Caller, seen: Array<Sight>): Poller.PollSpec<string, string> => {
  let polls = 0
  return {
    ticket: of,
    policy: policies[of],
    limits: VendorLimits.make({ floor: "1 second" }),
    poll: Effect.suspend(() => {
      seen.push({ of, inside: storage.getStore() })
      polls += 1
      const pending = Effect.succeed(Observation.answer<string>(Observation.pending("running")))
      if (polls === 2) return Effect.delay(pending, "2 seconds")
      if (polls === 3) return Effect.fail(PollFault.make({ kind: "Transient", code: "E", message: "no answer" }))
      if (polls === 4) return Effect.never
      return polls < 7 ? pending : Effect.succeed(Observation.answer(Observation.settled(of)))
    })
  }
}

// Each caller begins in a context of its own, and goes on with `after` when its call is over.
const each = <E, R>(call: (of: Caller) => Effect.Effect<unknown, E, R>, after: (of: Caller) => void = () => {}) =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const fibers = callers.map((of) =>
      storage.run(of, () =>
        Effect.runForkWith(context)(
          Effect.ensuring(
            call(of),
            Effect.sync(() => after(of))
          )
        )
      )
    )
    yield* storage.run("the one that advances the clock", () => TestClock.adjust("10 minutes"))
    for (const fiber of fibers) yield* Fiber.await(fiber)
  })

const check = (seen: ReadonlyArray<Sight>, atLeast: number) => {
  assert.deepStrictEqual(
    seen.filter(({ inside, of }) => of !== inside),
    []
  )
  for (const caller of callers) assert.isAtLeast(seen.filter(({ of }) => of === caller).length, atLeast)
}

describe("a poll runs in its own caller's asynchronous context (issue 21)", () => {
  it.effect("when waits without a fleet share a timer, and so does what follows the wait", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const after: Array<Sight> = []
      yield* each(
        (of) => Poller.untilTerminal(spec(of, seen)),
        (of) => after.push({ of, inside: storage.getStore() })
      )
      check(seen, 7)
      check(after, 1)
    })
  )

  it.effect("when the wait is a stream of events", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      yield* each((of) => Stream.runDrain(Poller.events(spec(of, seen))))
      check(seen, 7)
    })
  )

  it.effect("when they wait in one fleet, and so does what follows the wait", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const after: Array<Sight> = []
      const fleet = yield* Fleet.make
      yield* each(
        (of) => fleet.wait(spec(of, seen)),
        (of) => after.push({ of, inside: storage.getStore() })
      )
      check(seen, 7)
      check(after, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("when they add to one fleet, and so does what is told of the end", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const after: Array<Sight> = []
      const fleet = yield* Fleet.make
      yield* each((of) => fleet.add(spec(of, seen), () => after.push({ of, inside: storage.getStore() })))
      check(seen, 7)
      check(after, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("when a wait ends at its deadline, what follows it is the caller's, too", () =>
    Effect.gen(function* () {
      const after: Array<Sight> = []
      const never = (of: Caller): Effect.Effect<string, PollStopped<string>> =>
        Poller.untilTerminal({ ...spec(of, []), poll: Effect.never })
      yield* each(never, (of) => after.push({ of, inside: storage.getStore() }))
      check(after, 1)
    })
  )

  const running = { say: "running", takes: 300 } as const
  // Half of the polls wait for a turn of the account.
  const vendor = (seen: Array<Sight>, account = "default") => {
    const made = Conversation.make({
      account,
      polls: [running, { say: "Transient" }, running, running, { say: "done" }],
      budget: { requests: 6 }
    })
    const owners = new Map<string, string>()
    const adapter: typeof made.adapter = {
      ...made.adapter,
      submit: (wanted) =>
        Effect.tap(made.adapter.submit(wanted), (bought) =>
          Effect.sync(() => bought._tag === "Submitted" && owners.set(bought.ticket.scanId, wanted))
        ),
      poll: (ticket) =>
        Effect.suspend(() => {
          seen.push({ of: owners.get(ticket.scanId) ?? ticket.scanId, inside: storage.getStore() })
          return made.adapter.poll(ticket)
        })
    }
    return { ...made, adapter }
  }

  it.effect("when they run scans on one account, no matter in which order its budget gives turns", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const { adapter } = vendor(seen)
      yield* each((of) => Scans.run(adapter, of, { policy: () => policies[of] }))
      check(seen, 5)
    }).pipe(Effect.provide(world))
  )

  // A journal answers on a connection that somebody else has opened.
  const slow = withJournal((journal) => ({
    claim: (...asked) => Effect.delay(journal.claim(...asked), "40 millis"),
    submitted: (...asked) => Effect.delay(journal.submitted(...asked), "40 millis"),
    list: (...asked) => Effect.delay(journal.list(...asked), "40 millis"),
    take: (...asked) => Effect.delay(journal.take(...asked), "40 millis")
  }))

  it.effect("when the journal answers late", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const { adapter } = vendor(seen)
      yield* slow(each((of) => Scans.run(adapter, of, { policy: () => policies[of] })))
      check(seen, 5)
    }).pipe(Effect.provide(world))
  )

  it.effect("when they go on with what a journal has open that answers late", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const journal = yield* ScanJournal.ScanJournal
      const vendors = callers.map((of) => ({ of, ...vendor(seen, of) }))
      for (const { of, ticket } of vendors) {
        yield* journal.adopt(ticket(of), { kind: "company", id: of, name: of })
      }
      yield* slow(
        each((of) => Stream.runDrain(Scans.resumeOpen(vendors.flatMap((one) => (one.of === of ? [one.adapter] : [])))))
      )
      check(seen, 5)
    }).pipe(Effect.provide(world))
  )

  it.effect("when they wait for scans that exist", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const { adapter, ticket } = vendor(seen)
      yield* each((of) => Scans.wait(adapter, ticket(of), { policy: () => policies[of] }))
      check(seen, 5)
    }).pipe(Effect.provide(world))
  )

  it.effect("when they run batches", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const { adapter, ticket } = vendor(seen)
      yield* each((of) => {
        const request = Scans.fromTicket(adapter, ticket(of), { policy: () => policies[of] })
        return Stream.runDrain(Scans.runAll([request]))
      })
      check(seen, 5)
    }).pipe(Effect.provide(world))
  )

  it.effect("when one keeper follows their claims", () =>
    Effect.gen(function* () {
      const seen: Array<Sight> = []
      const { adapter, ticket } = vendor(seen)
      const journal = yield* ScanJournal.ScanJournal
      const keeper = yield* Keeper.make({ rest: () => 60_000 })
      yield* each((of) =>
        Effect.gen(function* () {
          const { claimId } = yield* journal.adopt(ticket(of), { kind: "company", id: of, name: of })
          yield* keeper.add({ claimId, ticket: ticket(of), notBefore: 0, guard: null }, adapter, policies[of])
        })
      )
      check(seen, 5)
    }).pipe(Effect.scoped, Effect.provide(world))
  )
})
