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

export class Wire {
  private readonly sql: SqlClient
  private held: Held | null = null

  constructor(sql: SqlClient) {
    this.sql = sql
  }

  // Sends one statement. Null where no answer came within `limit` milliseconds.
  send<A extends object>(statement: Statement<A>, limit: number): Effect.Effect<ReadonlyArray<A> | null, SqlError> {
    const [text, values] = statement.compile()
    const sending = Effect.flatMap(this.connected, ({ connection }) => connection.execute(text, values, undefined))
    return Effect.gen({ self: this }, function* () {
      // Detached: a statement without an answer cannot be interrupted at once.
      const fiber = yield* Effect.forkDetach(Effect.interruptible(sending), { startImmediately: true })
      const exit = yield* Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), Duration.millis(limit))
      if (exit._tag === "None" || Exit.isFailure(exit.value)) yield* this.drop
      if (exit._tag === "Some") return yield* exit.value
      yield* Effect.forkDetach(Fiber.interrupt(fiber))
      return null
    })
  }

  // Closes it without waiting for that.
  get drop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { held } = this
      this.held = null
      return held === null ? Effect.void : Effect.asVoid(Effect.forkDetach(Scope.close(held.scope, Exit.void)))
    })
  }

  private get connected(): Effect.Effect<Held, SqlError> {
    return Effect.gen({ self: this }, function* () {
      if (this.held !== null) return this.held
      const scope = yield* Scope.make()
      const connection = yield* Effect.onError(Scope.provide(this.sql.reserve, scope), () =>
        Scope.close(scope, Exit.void)
      )
      this.held = { connection, scope }
      return this.held
    })
  }
}
