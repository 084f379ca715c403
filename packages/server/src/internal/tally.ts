// What is open, counted, and of the claims those few that a page shows. May touch: nothing but what it is given. Law: one pass
// over what may be very many claims, and what is kept of them does not grow with them, only with the accounts.
import type { OpenClaim } from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/unstable/model/Account"
import * as Standing from "@scanpoll/journal/Standing"

/** So many of each standing are named. */
export const namedAtMost = 5

/** So many are listed, the next poll first. */
export const listedAtMost = 50

/** A claim with how it stands. */
export interface Open {
  readonly entry: OpenClaim
  readonly standing: Standing.Standing
}

/** How many stand so, and the first of them. */
export interface Some {
  readonly count: number
  readonly first: ReadonlyArray<OpenClaim>
}

/**
 * - `worstLate`: by how many milliseconds the latest poll is late. `nextPoll`: when the next one is due, null where none is.
 * - `of`: those that stand so, of all accounts or of one by its key. `next`: those that are polled first.
 * - `accounts`: the keys of the accounts, as they are met.
 */
export interface Tally {
  readonly total: number
  readonly worstLate: number
  readonly nextPoll: number | null
  readonly next: ReadonlyArray<Open>
  readonly accounts: ReadonlyArray<string>
  readonly of: (standing: Standing.Standing, account?: string) => Some
}

class Counted {
  private readonly all = new Map<Standing.Standing, { count: number; readonly first: Array<OpenClaim> }>()

  add(entry: OpenClaim, standing: Standing.Standing): void {
    const some = this.all.get(standing) ?? { count: 0, first: [] }
    some.count += 1
    if (some.first.length < namedAtMost) some.first.push(entry)
    this.all.set(standing, some)
  }

  of(standing: Standing.Standing): Some {
    return this.all.get(standing) ?? { count: 0, first: [] }
  }
}

// Keeps a list of the earliest in order, the one that was met first before another of the same time.
const keepEarliest = (earliest: Array<Open>, one: Open): void => {
  const dueAt = ({ entry }: Open): number => entry.notBefore
  const last = earliest.at(-1)
  if (last !== undefined && earliest.length >= listedAtMost && dueAt(one) >= dueAt(last)) return
  earliest.splice(earliest.findLastIndex((other) => dueAt(other) <= dueAt(one)) + 1, 0, one)
  if (earliest.length > listedAtMost) earliest.pop()
}

/** Counts them. `takenAhead`: as `Standing.of` has it. */
export const make = (open: ReadonlyArray<OpenClaim>, now: number, takenAhead: number): Tally => {
  const all = new Counted()
  const byAccount = new Map<string, Counted>()
  const next: Array<Open> = []
  let worstLate = 0
  let nextPoll = Number.POSITIVE_INFINITY
  for (const entry of open) {
    const standing = Standing.of(entry, now, takenAhead)
    all.add(entry, standing)
    const account = Account.key(entry.key)
    const own = byAccount.get(account) ?? new Counted()
    own.add(entry, standing)
    byAccount.set(account, own)
    keepEarliest(next, { entry, standing })
    if (standing === "late") worstLate = Math.max(worstLate, now - entry.notBefore)
    if (entry.notBefore > now) nextPoll = Math.min(nextPoll, entry.notBefore)
  }
  return {
    total: open.length,
    worstLate,
    nextPoll: Number.isFinite(nextPoll) ? nextPoll : null,
    next,
    accounts: [...byAccount.keys()],
    of: (standing, account) =>
      (account === undefined ? all : byAccount.get(account))?.of(standing) ?? { count: 0, first: [] }
  }
}
