// A reading that many ask for at once: it is done once for all who asked before it began. May touch: nothing but what it is
// given. Law: nobody gets an answer that is older than the question, and no two readings are under way.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** The reading, shared, for as long as the scope. Who no longer waits for it ends it for nobody. */
export const make = <A, E>(read: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const turn = Semaphore.makeUnsafe(1)
    // The one that has not begun.
    let next: Deferred.Deferred<A, E> | null = null
    return Effect.suspend(() => {
      if (next !== null) return Deferred.await(next)
      const mine = (next = Deferred.makeUnsafe<A, E>())
      const reading = turn.withPermit(
        Effect.suspend(() => {
          next = null
          return read
        })
      )
      return Effect.andThen(Effect.forkIn(Deferred.into(reading, mine), scope), Deferred.await(mine))
    })
  })
