// A connection of this worker's own, beside the pool: a statement on it waits for no other one. May touch: nothing but the
// connection. Law: nobody waits longer than was said, and one that failed or did not answer is replaced.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"

interface Held {
  readonly connection: Connection
  readonly scope: Scope.Closeable
}

// What is sent on each connection before anything else, and after it: the pool lends it to others then.
export interface Session {
  readonly begin: Statement<object>
  readonly end: Statement<object>
}

const goodbye = "2 seconds"

export class Wire {
  private readonly sql: SqlClient
  private readonly session: Session | null
  // The connection, or the way to it: who no longer waits for that leaves it to the next one.
  private opening: Fiber.Fiber<Held, SqlError> | null = null

  constructor(sql: SqlClient, session: Session | null = null) {
    this.sql = sql
    this.session = session
  }

  // Sends one statement. Null where no answer came within `limit` milliseconds.
  send<A extends object>(statement: Statement<A>, limit: number): Effect.Effect<ReadonlyArray<A> | null, SqlError> {
    const [text, values] = statement.compile()
    return Effect.gen({ self: this }, function* () {
      let isOnItsWay = false
      const opening = yield* this.connected
      const sending = Effect.flatMap(Fiber.join(opening), ({ connection }) => {
        isOnItsWay = true
        return connection.execute(text, values, undefined)
      })
      // Detached: a statement without an answer cannot be interrupted at once.
      const fiber = yield* Effect.forkDetach(Effect.interruptible(sending), { startImmediately: true })
      const giveUp = Effect.suspend(() =>
        Effect.andThen(Effect.forkDetach(Fiber.interrupt(fiber)), isOnItsWay ? this.close(opening) : Effect.void)
      )
      const exit = yield* Effect.onInterrupt(
        Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), Duration.millis(limit)),
        () => giveUp
      )
      if (exit._tag === "None") return yield* Effect.as(giveUp, null)
      if (Exit.isFailure(exit.value)) yield* this.close(opening)
      return yield* exit.value
    })
  }

  // Closes it without waiting for that.
  get drop(): Effect.Effect<void> {
    return Effect.suspend(() => (this.opening === null ? Effect.void : this.close(this.opening)))
  }

  private close(opening: Fiber.Fiber<Held, SqlError>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.opening !== opening) return Effect.void
      this.opening = null
      const closing = Effect.flatMap(Fiber.await(opening), (exit) =>
        Exit.isSuccess(exit) ? Scope.close(exit.value.scope, Exit.void) : Effect.void
      )
      return Effect.asVoid(Effect.forkDetach(closing))
    })
  }

  private get connected(): Effect.Effect<Fiber.Fiber<Held, SqlError>> {
    return Effect.map(
      Effect.context<never>(),
      (context) => (this.opening ??= Effect.runForkWith(context)(Effect.interruptible(this.open)))
    )
  }

  private get open(): Effect.Effect<Held, SqlError> {
    const { session, sql } = this
    return Effect.gen(function* () {
      const scope = yield* Scope.make()
      const connection = yield* Effect.onError(
        Effect.gen(function* () {
          const made = yield* sql.reserve
          if (session === null) return made
          const [end, endValues] = session.end.compile()
          yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(made.executeRaw(end, endValues), goodbye)))
          const [begin, beginValues] = session.begin.compile()
          yield* made.executeRaw(begin, beginValues)
          return made
        }).pipe(Scope.provide(scope)),
        () => Scope.close(scope, Exit.void)
      )
      return { connection, scope }
    })
  }
}
