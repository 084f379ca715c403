// Giving up all open claims at once, for a process whose database answers too slowly. May touch: owner and epoch of the
// claims this process holds, and its row among the owners. Law: no request goes on once the claims are on their way to
// others, and until it comes back the process is an owner of nothing.
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Sharing } from "../SharedClaims.ts"
import { errorOf } from "./faults.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { Lease } from "./lease.ts"
import type { Outbox } from "./outbox.ts"
import type { Owners } from "./owners.ts"
import type { Store } from "./store.ts"

const tooSlow = "the database answers this process too slowly"

// Whether this process stands aside.
export class Aside {
  isAside = false

  // A heartbeat that is not sent while it does.
  unless(heartbeat: Effect.Effect<void, SqlError | JournalError>): Effect.Effect<void, SqlError | JournalError> {
    return Effect.suspend(() => (this.isAside ? Effect.fail(errorOf("unavailable", tooSlow)) : heartbeat))
  }
}

export const make = (parts: {
  readonly sql: SqlClient
  readonly aside: Aside
  readonly owners: Pick<Owners, "renounce">
  readonly store: Pick<Store, "declare">
  readonly held: HeldClaims
  readonly lease: Pick<Lease, "end">
  readonly outbox: Pick<Outbox, "forget">
}): Pick<Sharing, "standAside" | "comeBack"> => {
  const { aside, held, lease, outbox, owners, sql, store } = parts
  return {
    standAside: ({ also, first, notBefore, send }) =>
      Effect.gen(function* () {
        aside.isAside = true
        const gone = yield* owners.renounce
        store.declare(errorOf("unavailable", tooSlow))
        held.loseAll(errorOf("lost", tooSlow))
        lease.end()
        outbox.forget()
        const now = yield* SteadyClock.now
        const others = also.map((each, index) => sql`, also${sql.literal(String(index))} AS (${each})`)
        // A transaction of this process that still holds its row is left to expire.
        const freed = sql`
          WITH first AS MATERIALIZED (${first}),
          gone AS (DELETE FROM scanpoll_owners WHERE owner_id IN (
            SELECT owner_id FROM scanpoll_owners WHERE owner_id = ${gone} FOR UPDATE SKIP LOCKED))
          ${sql.join("", false)(others)}
          UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${`${gone}-aside`},
            waited_at = CASE WHEN not_before < ${notBefore} THEN ${now} ELSE waited_at END,
            not_before = GREATEST(not_before, ${notBefore})
          WHERE owner = ${gone} AND state = 'submitted' AND (SELECT count(*) FROM first) >= 0`
        yield* Effect.retry(send(freed), { times: 3, schedule: Schedule.spaced("1 second") })
      }),
    comeBack: () => {
      aside.isAside = false
    }
  }
}
