// Making claims: one wish, one purchase. May touch: the table of claims, through `claimTable`. Law: of equal wishes at
// most one is `Fresh` until it is over, whichever process has it, and its intent is committed before anything is bought.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import { type ClaimTable, unreadable } from "./claimTable.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { OwnerRow, Owners } from "./owners.ts"
import { type ClaimRow, keyHash } from "./rows.ts"
import type { Store } from "./store.ts"
import type { Watch } from "./watch.ts"

interface Parts {
  readonly store: Pick<Store, "read" | "write">
  readonly owners: Owners
  readonly table: ClaimTable
  readonly held: HeldClaims
  readonly watch: Pick<Watch, "until">
  readonly removeGone: Effect.Effect<unknown, ScanJournal.JournalError>
}

// What an open row means for an equal wish. Null when its submitter is gone, and has to be removed first.
const claimOfOpen = (
  { held, owners, watch }: Parts,
  row: ClaimRow,
  all: ReadonlyArray<OwnerRow>
): Effect.Effect<ScanJournal.Claim | null, ScanJournal.JournalError> => {
  const { claimId } = row
  switch (row.state) {
    case "intent": {
      const ours = held.submissionOf(claimId)
      if (ours !== undefined && row.owner === owners.me()) {
        return Effect.succeed({ _tag: "Busy", claimId, changed: ours })
      }
      const owner = all.find((each) => each.owner_id === row.owner)
      // A claim of ours that is not being submitted: its answer could not be stored.
      const gone = owner === undefined || row.owner === owners.me() || owners.isGone(owner)
      return Effect.succeed(gone ? null : { _tag: "Busy", claimId, changed: watch.until(row) })
    }
    case "submitted":
      return row.ticket === null
        ? Effect.fail(unreadable(claimId))
        : Effect.succeed({ _tag: "InFlight", claimId, ticket: row.ticket, notBefore: row.notBefore })
    case "in-doubt":
      return Effect.succeed({ _tag: "InDoubt", claimId, since: row.changedAt })
    case "settled":
    case "refused":
    case "released":
      return Effect.succeed(null)
  }
}

const find = (
  parts: Parts,
  hash: string,
  wish: ScanJournal.Wish
): Effect.Effect<ScanJournal.Claim | null, SqlError | ScanJournal.JournalError> =>
  Effect.gen(function* () {
    const row = yield* parts.table.openOf(hash)
    if (row !== null) {
      const found = yield* claimOfOpen(parts, row, row.state === "intent" ? yield* parts.owners.all : [])
      return found ?? ({ _tag: "InDoubt", claimId: row.claimId, since: row.claimedAt } as const)
    }
    const now = yield* Clock.currentTimeMillis
    const from = Math.min(wish.reuseFrom, wish.askedAt ?? wish.reuseFrom)
    const settled = yield* parts.table.settledOf(hash, from, now + ScanJournal.clockSkew)
    // The newest one decides: an older answer is out of date, whatever became of the newer scan.
    if (settled === null || !ScanJournal.answers(settled, wish, now)) return null
    return { _tag: "Settled", claimId: settled.claimId, outcome: settled.outcome, at: settled.changedAt } as const
  })

export const make = (parts: Parts): Pick<ScanJournal.Operations, "claim" | "adopt"> => {
  const { held, owners, removeGone, store, table } = parts

  // A claim that is in the database and not in `held` would have no owner that knows of it.
  const claim: ScanJournal.Operations["claim"] = (key, wanted) =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const hash = keyHash(key)
        const claimId = yield* ScanJournal.makeClaimId
        if (wanted.peek === true) {
          return (yield* store.read(find(parts, hash, wanted))) ?? ({ _tag: "Fresh", claimId } as const)
        }
        yield* removeGone
        const now = yield* Clock.currentTimeMillis
        const found = yield* store.write((stamp) =>
          Effect.gen(function* () {
            yield* owners.ensureRegistered
            const known = yield* find(parts, hash, wanted)
            // The claim itself is found where its first write was carried out and the answer lost.
            if (known !== null) return known.claimId === claimId ? null : known
            const request: unknown = wanted.request ?? null
            const { kind = null, lane = null, subject } = wanted
            const owner = owners.me()
            yield* table.insert({ claimId, key, subject, owner, stamp, now, state: "intent", request, kind, lane })
            return null
          })
        )
        if (found !== null) return found
        held.holdSubmission(claimId)
        return { _tag: "Fresh", claimId } as const
      })
    )

  const adopt: ScanJournal.Operations["adopt"] = (ticket, subject) =>
    Effect.gen(function* () {
      const claimId = yield* ScanJournal.makeClaimId
      const now = yield* Clock.currentTimeMillis
      return yield* store.write((stamp) =>
        Effect.gen(function* () {
          const known = yield* table.ofTicket(ticket)
          if (known !== null && known.ticket !== null) {
            const { claimId: id, notBefore } = known
            return known.state === "settled"
              ? ({ _tag: "Settled", claimId: id, outcome: known.outcome, at: known.changedAt } as const)
              : ({ _tag: "InFlight", claimId: id, ticket: known.ticket, notBefore } as const)
          }
          const key = ScanJournal.adoptedKey(ticket)
          yield* table.insert({ claimId, key, subject, owner: null, stamp, now, state: "submitted", ticket })
          return { _tag: "InFlight", claimId, ticket, notBefore: 0 } as const
        })
      )
    })

  return { claim, adopt }
}
