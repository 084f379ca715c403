/**
 * A world of machines that share one budget on virtual time: each has clocks of its own, which stop doing anything while
 * it is frozen, and a line to the books that is slow, breaks, and loses answers.
 */
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import type { AccountLimits } from "@scanpoll/core/engine/ScanAdapter"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import { Books, empty } from "../../src/internal/budgetBooks.ts"
import type { Store } from "../../src/internal/budgetStore.ts"
import * as SharedBudget from "../../src/SharedBudget.ts"

export const key = { vendor: "acme", origin: "https://acme.test", account: "default" }

export const limitsOf = (limits: Partial<AccountLimits> = {}): AccountLimits => ({
  requests: 10,
  window: Duration.seconds(10),
  openScans: null,
  typicalDuration: Duration.seconds(10),
  pollsPerScan: () => 2,
  ...limits
})

/** The largest number of times in any window: [from, from + window). */
export const mostInAnyWindow = (times: ReadonlyArray<number>, window: number): number => {
  const sorted = [...times].sort((a, b) => a - b)
  let most = 0
  let first = 0
  for (let last = 0; last < sorted.length; last++) {
    while ((sorted[first] ?? 0) <= (sorted[last] ?? 0) - window) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

export interface Machine {
  readonly name: string
  readonly budgets: RateBudget.Budgets
  readonly clock: Clock.Clock
  /** Requests as the vendor counts them: the world's time of each. */
  readonly sent: Array<number>
  /** Moves its clocks alone, by milliseconds: the one a person can set, and the one that only counts on. */
  readonly jump: (by: { readonly wall?: number; readonly steady?: number }) => void
  readonly freeze: () => void
  readonly thaw: () => void
  /** As a process that is killed: nothing of it runs any more, and nothing says so. */
  readonly kill: () => void
  /** As a program that ends. */
  readonly end: Effect.Effect<void>
  /** Takes a turn and sends a request `after` milliseconds later. */
  readonly request: (
    options?: Partial<{
      readonly kind: RateBudget.TurnKind
      readonly lane: string
      readonly after: number
      readonly limits: AccountLimits
    }>
  ) => Effect.Effect<RateBudget.Turn>
}

export interface World {
  readonly store: Store
  readonly books: () => Books
  /** The vendor's clock. */
  readonly time: Effect.Effect<number>
  /** While false, the books cannot be reached. */
  reachable: boolean
  checkIns: number
  /** By how many milliseconds the database's clock was set forward; less than 0 where it was set back. */
  ahead: number
  /** `trip`: how many milliseconds each way to the books take this machine alone. */
  readonly machine: (
    name: string,
    options?: SharedBudget.Options & { readonly trip?: number }
  ) => Effect.Effect<Machine>
}

const broken = () => new SqlError({ reason: new UnknownError({ cause: null, message: "the connection broke" }) })

// The database's clock has nothing to do with anybody else's.
const apart = 7_000_000_000

export const makeWorld = (
  options: { readonly chance?: () => number; readonly latency?: number; readonly trouble?: number } = {}
): Effect.Effect<World> =>
  Effect.gen(function* () {
    const world = yield* Effect.service(Clock.Clock)
    const chance = options.chance ?? (() => 0.5)
    const latency = options.latency ?? 2
    const trouble = options.trouble ?? 0
    let version = 0
    let text = JSON.stringify(empty)
    const readText = Schema.decodeUnknownSync(Schema.fromJsonString(Books))
    const line = Effect.suspend(() => world.sleep(Duration.millis(Math.ceil(chance() * latency))))
    let reserved = { by: "", until: 0 }
    const look = () => ({
      books: readText(text),
      version,
      now: world.currentTimeMillisUnsafe() + apart + self.ahead,
      reservedFor: Math.max(0, reserved.until - world.currentTimeMillisUnsafe())
    })
    const store: Store = {
      read: () =>
        Effect.gen(function* () {
          yield* line
          if (!self.reachable || chance() < trouble) return yield* broken()
          const read = look()
          yield* line
          return { ...read, reservedFor: 0 }
        }),
      write: (_key, over, books, { holder, reserveFor }) =>
        Effect.gen(function* () {
          yield* line
          if (!self.reachable || chance() < trouble) return yield* broken()
          const isFree = reserved.by === holder || reserved.until <= world.currentTimeMillisUnsafe()
          const others = over === version && isFree ? null : { ...look(), ...(isFree ? { reservedFor: 0 } : {}) }
          if (others === null) {
            version += 1
            text = JSON.stringify(books)
            self.checkIns += 1
            reserved = { by: "", until: 0 }
          } else if (isFree && reserveFor > 0) {
            reserved = { by: holder, until: world.currentTimeMillisUnsafe() + reserveFor }
          }
          yield* line
          // Written, and nobody is told.
          if (chance() < trouble) return yield* broken()
          return others
        })
    }
    const self: World = {
      store,
      books: () => readText(text),
      time: world.currentTimeMillis,
      reachable: true,
      checkIns: 0,
      ahead: 0,
      machine: (name, shared) =>
        Effect.gen(function* () {
          const awake = Latch.makeUnsafe(true)
          let dead = false
          let own = Math.floor(chance() * 1e12)
          let steady = 0
          const alive = Effect.suspend(() => (dead ? Effect.never : awake.await))
          const millis = () => world.currentTimeMillisUnsafe() + own
          const nanos = () => BigInt(Math.round(millis())) * 1_000_000n
          const monotonic = () => BigInt(Math.round((world.currentTimeMillisUnsafe() + steady) * 1e6))
          const clock: Clock.Clock = {
            currentTimeMillisUnsafe: millis,
            currentTimeMillis: Effect.sync(millis),
            currentTimeNanosUnsafe: nanos,
            currentTimeNanos: Effect.sync(nanos),
            monotonicTimeNanosUnsafe: monotonic,
            monotonicTimeNanos: Effect.sync(monotonic),
            sleep: (duration) => Effect.andThen(world.sleep(duration), alive)
          }
          const { trip = 0, ...sharing } = shared ?? {}
          const way = trip === 0 ? Effect.void : Effect.suspend(() => world.sleep(Duration.millis(trip)))
          const over = <A, E>(asked: Effect.Effect<A, E>) =>
            Effect.ensuring(Effect.andThen(way, Effect.ensuring(asked, way)), alive)
          const gated: Store = {
            read: (key) => over(store.read(key)),
            write: (...args) => over(store.write(...args))
          }
          const scope = yield* Scope.make()
          const budgets = yield* SharedBudget.makeOver(gated, sharing).pipe(
            Effect.provideService(Clock.Clock, clock),
            Scope.provide(scope)
          )
          const sent: Array<number> = []
          const end = Effect.suspend(() => {
            if (dead) return Effect.void
            return Effect.provideService(Scope.close(scope, Exit.void), Clock.Clock, clock)
          })
          return {
            name,
            budgets,
            clock,
            sent,
            jump: (by) => {
              own += by.wall ?? 0
              steady += by.steady ?? 0
            },
            freeze: () => void awake.closeUnsafe(),
            thaw: () => void awake.openUnsafe(),
            kill: () => {
              dead = true
            },
            end,
            request: (how = {}) =>
              Effect.gen(function* () {
                const budget = budgets.account(key, how.limits ?? limitsOf())
                const due = yield* SteadyClock.now
                const turn = yield* budget.turn({ kind: how.kind ?? "poll", due, lane: how.lane ?? "" })
                yield* alive
                yield* Effect.sleep(Duration.millis(how.after ?? 0))
                sent.push(world.currentTimeMillisUnsafe())
                return turn
              }).pipe(Effect.provideService(Clock.Clock, clock))
          }
        })
    }
    return self
  })
