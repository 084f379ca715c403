// The moves of a claim: submitted, settled, in doubt, refused, released. May touch: the table of claims, through
// `claimTable`. Law: only the moves of the state machine happen, and only by the process that holds the claim; a claim in
// doubt may be decided by anybody.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlError } from "effect/sql/SqlError"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import { type Added, type Change, type ClaimTable, mustExist } from "./claimTable.ts"
import { errorOf } from "./faults.ts"
import type { HeldClaims } from "./heldClaims.ts"
import * as Notices from "./notices.ts"
import type { Outbox } from "./outbox.ts"
import type { Owners } from "./owners.ts"
import type { ClaimRow } from "./rows.ts"
import type { Store } from "./store.ts"

interface Parts {
  readonly store: Store
  readonly owners: Pick<Owners, "me">
  readonly table: ClaimTable
  readonly held: HeldClaims
  readonly outbox: Pick<Outbox, "release">
  readonly notices: Pick<Notices.Notices, "isOn" | "moved">
}

interface Move {
  readonly claimId: string
  readonly to: ScanJournal.ClaimState
  readonly fields: Change
  readonly stamp: string
}

type Moved = Effect.Effect<number, SqlError | ScanJournal.JournalError>

// Each change of a claim is told in its transaction.
const telling = (table: ClaimTable, { moved }: Pick<Notices.Notices, "moved">): ClaimTable => ({
  ...table,
  change: (row, to, fields) =>
    Effect.tap(table.change(row, to, fields), () =>
      Effect.flatMap(Clock.currentTimeMillis, (changedAt) =>
        moved(
          Notices.after(row, {
            state: to.state,
            changedAt,
            ticket: row.ticket ?? fields.ticket ?? null,
            outcome: to.state === "settled" ? (fields.outcome ?? null) : null,
            reason: fields.reason ?? null
          })
        )
      )
    )
})

// Others took this process for gone during its submission. The vendor's answer is first-hand, so it counts all the same.
const moveLate = (table: ClaimTable, row: ClaimRow, { claimId, fields, stamp, to }: Move): Moved => {
  if (row.state === "in-doubt") {
    switch (to) {
      case "submitted":
        return table.change(row, { state: "submitted", owner: null, stamp }, fields)
      case "settled":
        return fields.ticket === undefined
          ? Effect.fail(errorOf("lost", claimId))
          : table.change(row, { state: "settled", owner: null, stamp }, fields)
      case "refused":
      case "released":
        return table.change(row, { state: "released", owner: null, stamp }, fields)
      case "intent":
      case "in-doubt":
        return Effect.succeed(row.epoch)
    }
  }
  const isSame = to === "submitted" && row.ticket?.scanId === fields.ticket?.scanId
  return isSame ? Effect.succeed(row.epoch) : Effect.fail(errorOf("lost", claimId))
}

const mustBelong = (
  table: ClaimTable,
  row: ClaimRow,
  ticket: ScanTicket
): Effect.Effect<void, SqlError | ScanJournal.JournalError> =>
  Effect.gen(function* () {
    if (!Account.equals(ticket, row.key)) {
      return yield* errorOf("conflict", `the ticket is not of the account of claim ${row.claimId}`)
    }
    if (row.state !== "in-doubt") return
    const other = yield* table.otherOfTicket(ticket, row.claimId)
    if (other !== null) return yield* errorOf("conflict", `that scan belongs to claim ${other}`)
  })

// The claim's epoch after the move.
const moveRow = ({ held, owners, table }: Parts, wanted: Move): Moved =>
  Effect.gen(function* () {
    const { claimId, fields, stamp, to } = wanted
    const row = yield* mustExist(yield* table.byId(claimId), claimId)
    // This very write, whose answer was lost.
    if (row.stamp === stamp) return row.epoch
    if (row.state === "settled" && to === "settled") return row.epoch
    const mine = row.owner === owners.me() && row.epoch === held.get(claimId)?.epoch
    if (row.state !== "intent" && held.isSubmitting(claimId) && !mine) return yield* moveLate(table, row, wanted)
    if (!ScanJournal.mayMove(row.state, to)) {
      return yield* errorOf("conflict", `claim ${claimId} is ${row.state} and cannot become ${to}`)
    }
    if (row.state !== "in-doubt" && !mine) return yield* errorOf("lost", claimId)
    if (fields.ticket !== undefined) yield* mustBelong(table, row, fields.ticket)
    const owner = to === "submitted" && mine ? owners.me() : null
    return yield* table.change(row, { state: to, owner, stamp }, fields)
  })

// What is added to an open claim that this process holds. The vendor's word for an end, once there is one.
const addTo = (
  { held, owners, table }: Parts,
  claimId: string,
  state: ScanJournal.ClaimState,
  stamp: string,
  fields: Added
): Effect.Effect<string | null, SqlError | ScanJournal.JournalError> =>
  Effect.gen(function* () {
    const row = yield* mustExist(yield* table.byId(claimId), claimId)
    // This very write, whose answer was lost.
    if (row.stamp === stamp) return row.endedAs
    const isMine = row.owner === owners.me() && row.epoch === held.get(claimId)?.epoch
    if (row.state === state && !isMine) return yield* errorOf("lost", claimId)
    if (row.state !== state) return yield* errorOf("conflict", `claim ${claimId} is ${row.state}, not ${state}`)
    // The vendor's first word stays.
    if ("endedAs" in fields && row.endedAs !== null) return row.endedAs
    if ("ticket" in fields) {
      yield* mustBelong(table, row, fields.ticket)
      const other = yield* table.otherOfTicket(fields.ticket, claimId)
      if (other !== null) return yield* errorOf("conflict", `that scan belongs to claim ${other}`)
    }
    yield* table.add(claimId, stamp, fields)
    return "endedAs" in fields ? fields.endedAs : row.endedAs
  })

export const make = (
  parts: Parts
): Pick<
  ScanJournal.Operations,
  | "submitted"
  | "settled"
  | "supplemented"
  | "inDoubt"
  | "refused"
  | "released"
  | "prepared"
  | "ended"
  | "moved"
  | "park"
> => {
  const { held, notices, outbox, store } = parts
  const table = notices.isOn ? telling(parts.table, notices) : parts.table

  // What a vendor said is written though the caller is gone by then, and what is held follows what was written.
  const add = (
    claimId: string,
    state: ScanJournal.ClaimState,
    fields: Added
  ): Effect.Effect<string | null, ScanJournal.JournalError> =>
    Effect.uninterruptible(store.write((stamp) => addTo(parts, claimId, state, stamp, fields)))

  const move = (
    claimId: string,
    to: ScanJournal.ClaimState,
    fields: Change
  ): Effect.Effect<void, ScanJournal.JournalError> =>
    Effect.uninterruptible(
      Effect.gen(function* () {
        const epoch = yield* store.write((stamp) => moveRow({ ...parts, table }, { claimId, to, fields, stamp }))
        const mine = held.get(claimId)
        if (to !== "submitted" || mine === undefined || mine.epoch !== epoch) outbox.release(claimId)
        else mine.ticket = fields.ticket ?? mine.ticket
        held.endSubmission(claimId)
      })
    )

  return {
    submitted: (claimId, ticket, notBefore) => move(claimId, "submitted", { ticket, notBefore }),
    settled: (claimId, outcome, ticket, lacking) =>
      move(claimId, "settled", { outcome, ticket, ...(lacking === undefined ? {} : { reason: lacking }) }),
    supplemented: (claimId, outcome, lacking) =>
      store.write((stamp) => table.supplement(claimId, stamp, { outcome, reason: lacking ?? null })),
    inDoubt: (claimId, reason) => move(claimId, "in-doubt", { reason }),
    refused: (claimId, reason) => move(claimId, "refused", { reason }),
    released: (claimId) => move(claimId, "released", {}),
    park: (claimId, isParked) =>
      store.write((stamp) =>
        Effect.gen(function* () {
          const row = yield* mustExist(yield* table.byId(claimId), claimId)
          if (row.state !== "submitted") return yield* errorOf("conflict", `claim ${claimId} is ${row.state}, not open`)
          yield* table.park(claimId, stamp, isParked)
        })
      ),
    prepared: (claimId, data) => Effect.asVoid(add(claimId, "intent", { prepared: data })),
    ended: (claimId, vendorStatus) =>
      Effect.map(add(claimId, "submitted", { endedAs: vendorStatus }), (word) => word ?? vendorStatus),
    moved: (claimId, ticket) =>
      Effect.map(add(claimId, "submitted", { ticket }), () => {
        const mine = held.get(claimId)
        if (mine !== undefined) mine.ticket = ticket
      })
  }
}
