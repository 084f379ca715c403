// Many requests at once: announced together, each ended by itself or by the end of the batch. May touch: the accounts' load,
// the run's table of repeated requests. Law: every request of a batch brings one record, whatever ends the batch.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as PollPolicy from "../../policy/PollPolicy.ts"
import * as Fleet from "../Fleet.ts"
import * as RateBudget from "../RateBudget.ts"
import type { ScanEvent } from "../ScanEvent.ts"
import { ScanJournal } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as Job from "./job.ts"
import * as Record from "./record.ts"
import * as Trips from "./trips.ts"
import * as VendorSays from "./vendorSays.ts"
import * as Progress from "./progress.ts"
import * as EqualRequests from "./equalRequests.ts"

export interface Options extends Trips.Options {
  readonly concurrency?: number
  readonly until?: Effect.Effect<unknown>
  readonly timeout?: Duration.Input
}

export interface Batch {
  readonly run: Job.Run
  readonly now: () => number
  readonly over: Deferred.Deferred<Record.Ending>
  readonly observer: ((event: ScanEvent) => void) | undefined
}

export interface Done<Payload> {
  readonly progress: Progress.Progress<Payload>
  readonly verdict: Record.Verdict
}

// One request of a batch, until it ends or the batch does.
export const inBatch = <Payload, R, A>(
  wanted: ScanRequest<Payload, R>,
  index: number,
  batch: Batch,
  trip: (job: Job.Job<Payload, R>) => Effect.Effect<A, Record.RunError, R>
): Effect.Effect<Done<Payload>, never, ScanJournal | R> =>
  // No generator: a scan that sleeps would keep its frame.
  Effect.suspend(() => {
    const progress = Progress.make<Payload>(wanted)
    const over = Effect.map(Deferred.await(batch.over), (ending) => ({ exit: null, ending }))
    const ended = Effect.map(
      Effect.exit(
        Effect.flatMap(
          Job.make(wanted, progress, batch.run, Trips.emitter(wanted, progress, index, batch.now, batch.observer)),
          trip
        )
      ),
      (exit) => ({ exit, ending: "interrupted" as const })
    )
    return Effect.flatMap(
      Deferred.isDoneUnsafe(batch.over) ? over : Effect.raceFirst(ended, over),
      ({ ending, exit }) => {
        const done = { progress, verdict: Record.verdict(progress, exit, ending) }
        return exit !== null && Exit.isFailure(exit) && Result.isFailure(Cause.findError(exit.cause))
          ? Effect.as(Record.logDefect(wanted, progress, exit.cause), done)
          : Effect.succeed(done)
      }
    )
  })

// A number that cannot be one counts as the nearest that can.
const concurrencyOf = (wanted: number | undefined): number | "unbounded" =>
  wanted === undefined || wanted === Number.POSITIVE_INFINITY ? "unbounded" : Math.max(1, Math.floor(wanted) || 1)

// Policies are the program's own: one that cannot be followed ends a batch before anything is bought.
const firstMistake = (requests: ReadonlyArray<Pick<ScanRequest<unknown, unknown>, "adapter" | "policy">>) => {
  for (const { adapter, policy } of requests) {
    const checked = PollPolicy.check(policy, adapter.limits)
    if (Result.isFailure(checked)) return checked.failure
  }
  return null
}

// The keys of requests that are there more than once; nothing has come of them yet.
const repeatedIn = (requests: ReadonlyArray<ScanRequest<unknown, unknown>>): Job.Run["repeated"] => {
  const once = new Set<string>()
  const repeated: Job.Run["repeated"] = new Map()
  for (const wanted of requests) {
    const name = EqualRequests.equalityOf(wanted)
    if (name === null) continue
    if (once.has(name)) repeated.set(name, null)
    once.add(name)
  }
  return repeated
}

export const batched = <P, R, A>(
  requests: ReadonlyArray<ScanRequest<P, R>>,
  options: Options,
  each: (wanted: ScanRequest<P, R>, index: number, batch: Batch) => Effect.Effect<A, never, ScanJournal | R>
): Stream.Stream<A, never, ScanJournal | R> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const wrong = firstMistake(requests)
      if (wrong !== null) return yield* Effect.die(wrong)
      const budgets = yield* RateBudget.here
      yield* VendorSays.restorePauses(
        requests.map(({ adapter }) => adapter),
        budgets,
        yield* ScanJournal
      )
      const fleet = yield* Fleet.make
      const now = yield* Trips.nowReader
      const startedAt = yield* Clock.currentTimeMillis
      const over = yield* Deferred.make<Record.Ending>()
      const accounts = requests.map((wanted) => Job.budgetOf(wanted, budgets))
      const denialsAtStart = new Map<RateBudget.AccountBudget, number>(
        accounts.map((budget) => [budget, budget.denials()])
      )
      // The whole batch is announced at once: a pace that looks at the number of open scans sees all of them.
      const left = yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const budget of accounts) budget.load(1)
          return new Set(accounts.keys())
        }),
        (left) => Effect.sync(() => left.forEach((index) => accounts[index]?.load(-1)))
      )
      if (options.until !== undefined) {
        yield* Effect.forkScoped(Effect.andThen(options.until, Deferred.succeed(over, "interrupted")))
      }
      if (options.timeout !== undefined) {
        yield* Effect.forkScoped(Effect.andThen(Effect.sleep(options.timeout), Deferred.succeed(over, "timeout")))
      }
      const batch: Batch = {
        now,
        over,
        observer: options.observer,
        run: {
          budgets,
          fleet,
          startedAt,
          reuseFrom: Trips.reuseFrom(startedAt, options.reuse),
          denials: (budget) => denialsAtStart.get(budget) ?? 0,
          repeated: repeatedIn(requests),
          purchases: Job.purchases(options.maxPurchases),
          accesses: new Map()
        }
      }
      const done = (index: number) =>
        Effect.sync(() => {
          if (left.delete(index)) accounts[index]?.load(-1)
        })
      // A slow reader holds nothing up.
      const ended = yield* Queue.unbounded<A, Cause.Done>()
      // Interrupted as one: while some end in their grace, no other one begins anything.
      yield* Effect.forEach(
        requests.entries(),
        ([index, wanted]) =>
          Effect.flatMap(Effect.ensuring(each(wanted, index, batch), done(index)), (one) => Queue.offer(ended, one)),
        { concurrency: concurrencyOf(options.concurrency), discard: true }
      ).pipe(
        Effect.onExit((exit) => (Exit.isSuccess(exit) ? Queue.end(ended) : Queue.failCause(ended, exit.cause))),
        Effect.forkScoped
      )
      return Stream.fromQueue(ended)
    })
  )
