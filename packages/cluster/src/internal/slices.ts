// The slices that a worker has, and the scans in them: it takes what is free and keeps asking until it is settled.
// It touches the journal, a keeper for each slice, and one for scans that other workers' credentials are refused for. Law: a
// slice is given up only when its scans are free.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Keeper from "@scanpoll/core/unstable/engine/Keeper"
import type { JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Account from "@scanpoll/core/unstable/model/Account"
import type { StopReason } from "@scanpoll/core/model/PollStopped"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { PollPolicy } from "@scanpoll/core/policy/PollPolicy"
import * as SharedClaims from "@scanpoll/journal/SharedClaims"
import type * as SqlJournal from "@scanpoll/journal/SqlJournal"
import type { Standing } from "./standing.ts"
import type { WorkerEvent } from "./workerModel.ts"

const minute = 60_000
// Claims that are due later than this can wait to be taken. Free ones are gone through at each look, so these are few.
const horizon = 60 * 60_000
// Claims taken in one statement.
const atOnce = 500

// A wait that ended is begun again, but not at once: what ended it may last.
const restAfter = (reason: StopReason | "journal" | "defect"): number => {
  switch (reason) {
    case "interrupted":
      return 0
    case "unreachable":
    case "denied":
    case "journal":
      return minute
    case "deadline":
    case "pace-ended":
    case "not-found":
    case "protocol":
    case "defect":
      return 15 * minute
  }
}

export interface Parts {
  readonly journal: Effect.Success<ReturnType<typeof SqlJournal.makeShared>>
  readonly policies: ReadonlyMap<Scans.AnyAdapter, PollPolicy>
  readonly shards: number
  readonly lookEvery: Duration.Duration
  readonly standing: Standing
  readonly tell: (event: WorkerEvent) => void
}

export class Slices {
  private readonly parts: Parts
  private readonly keepers: Map<number, Keeper.Keeper>
  private readonly accounts: ReadonlyArray<Account.Account>
  private guests: Keeper.Keeper | null = null
  private readonly gained = Latch.makeUnsafe(false)

  constructor(parts: Parts, keepers: Map<number, Keeper.Keeper>) {
    this.parts = parts
    this.keepers = keepers
    this.accounts = [...parts.policies.keys()].map(Account.of)
  }

  // Has a slice until it is interrupted.
  have(number: number): Effect.Effect<never, never, ScanJournal | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { journal, standing, tell } = this.parts
      const keeper = yield* this.keeper
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          this.keepers.set(number, keeper)
          standing.joined()
          tell({ _tag: "Gained", slice: number })
          this.gained.openUnsafe()
        }),
        () =>
          Effect.suspend(() => {
            this.keepers.delete(number)
            tell({ _tag: "Lost", slice: number })
            // The slice is given up when its scans are free: its next owner finds them all.
            return Effect.andThen(keeper.stop, Effect.timeoutOption(journal.flushed, "3 seconds"))
          })
      )
      return yield* Effect.never
    })
  }

  // Polls for workers whose credential is refused, until the scope closes.
  get beGuest(): Effect.Effect<void, never, ScanJournal | Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const keeper = yield* this.keeper
      this.guests = keeper
      yield* Effect.addFinalizer(() => {
        this.guests = null
        return keeper.stop
      })
    })
  }

  get guest(): Keeper.Keeper | null {
    return this.guests
  }

  private get keeper(): Effect.Effect<Keeper.Keeper, never, ScanJournal | Scope.Scope> {
    const { standing, tell } = this.parts
    return Keeper.make({
      rest: (reason, { ticket }) => {
        if (reason !== "denied") return restAfter(reason)
        standing.deny(ticket)
        return standing.isPolledElsewhere(ticket) ? 0 : restAfter(reason)
      },
      polled: (late) => standing.polled(late),
      ended: ({ claimId, ticket }, end) => {
        switch (end._tag) {
          case "Settled":
            standing.settled(ticket)
            return tell({ _tag: "Settled", claimId, ticket, outcome: end.outcome })
          case "Rests":
            return tell({ _tag: "Rests", claimId, ticket, reason: end.reason, until: end.until })
          case "LetGo":
            return
        }
      }
    })
  }

  // Takes what is free in the slices, again and again. What goes wrong is said, and does not end it: a worker that no
  // longer looks would be of no use and not seem so.
  get look(): Effect.Effect<never, JournalError> {
    const { lookEvery } = this.parts
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        this.gained.closeUnsafe()
        const found = yield* this.takeSome
        if (found < atOnce) yield* Effect.raceFirst(Effect.sleep(lookEvery), this.gained.await)
      }
    }).pipe(
      Effect.catchCause((cause) => {
        if (Cause.hasInterrupts(cause)) return Effect.failCause(cause)
        const error = Cause.findError(cause)
        const why = Result.isSuccess(error) ? error.success.message : "a defect"
        return Effect.andThen(
          Effect.logWarning(`the journal does not say which scans are open: ${why}`),
          Effect.sleep(lookEvery)
        )
      }),
      Effect.forever
    )
  }

  private get takeSome() {
    return Effect.gen({ self: this }, function* () {
      const { shards, standing } = this.parts
      // What this worker's credential is refused for is left to one whose is not.
      const able = this.accounts.filter((one) => !standing.isDenied(one) || !standing.isPolledElsewhere(one))
      let found = yield* this.take([...this.keepers.keys()], able, (claimId) =>
        this.keepers.get(SharedClaims.sliceOf(claimId, shards))
      )
      for (const { account, slices } of standing.refusedElsewhere()) {
        found += yield* this.take(slices, [account], () => this.guests ?? undefined)
      }
      return found
    })
  }

  private take(
    slices: ReadonlyArray<number>,
    accounts: ReadonlyArray<Account.Account>,
    keeperOf: (claimId: string) => Keeper.Keeper | undefined
  ) {
    return Effect.gen({ self: this }, function* () {
      const { journal, policies, shards, tell } = this.parts
      if (slices.length === 0 || accounts.length === 0) return 0
      const taken = yield* journal.takeFree({
        slices,
        of: shards,
        accounts,
        dueBefore: (yield* SteadyClock.now) + horizon,
        limit: atOnce
      })
      for (const { entry, hold } of taken) {
        const { claimId } = entry
        const keeper = keeperOf(claimId)
        const adapter = [...policies.keys()].find((each) => Scans.isFor(each, entry))
        const policy = adapter === undefined ? undefined : policies.get(adapter)
        if (keeper === undefined || adapter === undefined || policy === undefined) {
          // Of an account's other environment: not to be looked at again at once.
          if (adapter === undefined) journal.waiting(claimId, (yield* SteadyClock.now) + 15 * minute)
          journal.leave(claimId)
          continue
        }
        // All scans of an account share its words: each row has brought its own.
        const ticket: ScanTicket = { ...hold.ticket, ...Account.of(adapter) }
        const { endedAs, guard, notBefore, polledUntil, troubled } = hold
        const kept = {
          claimId,
          ticket,
          notBefore,
          guard,
          subject: entry.subject,
          ...(entry.lane === undefined ? {} : { lane: entry.lane }),
          ...(polledUntil === undefined ? {} : { polledUntil }),
          ...(endedAs === undefined ? {} : { endedAs }),
          ...(troubled === undefined ? {} : { troubled })
        }
        yield* keeper.add(kept, adapter, policy)
        tell({ _tag: "Kept", claimId, ticket })
      }
      return taken.length
    })
  }
}
