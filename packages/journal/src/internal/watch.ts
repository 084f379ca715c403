// Waiting for claims that other processes hold. May touch: the table of claims, reading. Law: a wait ends as soon as its
// claim has changed hands or state, and costs others nothing: one statement looks at many.
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { SqlClient } from "effect/sql/SqlClient"
import type { ClaimState, JournalError } from "@scanpoll/core/engine/ScanJournal"
import { chunksOf } from "./dialect.ts"
import type { ClaimRow } from "./rows.ts"
import type { Store } from "./store.ts"

export interface Watch {
  // Ends when the claim is no longer as this row has it.
  readonly until: (row: ClaimRow) => Effect.Effect<void>
  // Ends when there is anything to look at.
  readonly needed: Effect.Effect<unknown>
  // Looks at everything that is waited for, once.
  readonly look: Effect.Effect<void, JournalError>
}

interface Waiting {
  readonly was: string
  readonly changed: Deferred.Deferred<void>
}

const versionOf = (row: Pick<ClaimRow, "state" | "owner" | "epoch">): string => `${row.state} ${row.owner} ${row.epoch}`

export const make = (parts: {
  readonly sql: SqlClient
  readonly store: Store
  readonly removeGone: Effect.Effect<unknown, JournalError>
}): Effect.Effect<Watch> =>
  Effect.gen(function* () {
    const { removeGone, sql, store } = parts
    const waiting = new Map<string, Set<Waiting>>()
    const needed = yield* Latch.make(false)

    const until: Watch["until"] = (row) =>
      Effect.suspend(() => {
        const entry: Waiting = { was: versionOf(row), changed: Deferred.makeUnsafe<void>() }
        const others = waiting.get(row.claimId) ?? new Set()
        others.add(entry)
        waiting.set(row.claimId, others)
        needed.openUnsafe()
        return Effect.ensuring(
          Deferred.await(entry.changed),
          Effect.sync(() => {
            others.delete(entry)
            if (others.size === 0 && waiting.get(row.claimId) === others) waiting.delete(row.claimId)
            if (waiting.size === 0) needed.closeUnsafe()
          })
        )
      })

    const look = Effect.gen(function* () {
      yield* removeGone
      for (const ids of chunksOf([...waiting.keys()])) {
        const rows = yield* store.read(
          sql<{ claim_id: string; state: ClaimState; owner: string | null; epoch: number }>`
            SELECT claim_id, state, owner, epoch FROM scanpoll_claims WHERE claim_id IN ${sql.in(ids)}`
        )
        const versions = new Map(rows.map((row) => [row.claim_id, versionOf(row)]))
        for (const id of ids) {
          for (const { changed, was } of waiting.get(id) ?? []) {
            if (versions.get(id) !== was) Deferred.doneUnsafe(changed, Effect.void)
          }
        }
      }
    })

    return { until, needed: needed.await, look }
  })
