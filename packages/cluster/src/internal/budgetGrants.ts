// What of an account's budget is free, and who gets it. Pure: `checkIn.ts` writes what comes of it into the books.
import { type AccountLimits, pollsReserved } from "@scanpoll/core/engine/ScanAdapter"
import * as Duration from "effect/Duration"
import { counts, type Heard, type Report, type Wants } from "./budgetBooks.ts"
import { kinds } from "./turnQueue.ts"

const soonest = 20
const latest = 5_000
const usualRecheck = 1_000
// A process that said it would come back is waited for this much longer.
const slack = 1_000

interface Asking {
  readonly id: string
  readonly want: number
  readonly since: number
}

// Each gets what it wants or an equal part; what cannot be divided goes to who waited longest.
export const share = (asking: ReadonlyArray<Asking>, turns: number): ReadonlyMap<string, number> => {
  const parts = new Map<string, number>()
  let active = [...asking].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
  let left = Math.min(
    turns,
    active.reduce((sum, each) => sum + each.want, 0)
  )
  while (left > 0 && active.length > 0) {
    const each = Math.max(1, Math.floor(left / active.length))
    for (const { id, want } of active) {
      const has = parts.get(id) ?? 0
      const more = Math.min(each, want - has, left)
      parts.set(id, has + more)
      left -= more
    }
    active = active.filter(({ id, want }) => (parts.get(id) ?? 0) < want)
  }
  return parts
}

// - `most`: the limit in force. `unknown`: turns of which nobody has told what became of them.
// - `turns`: what may be granted now.
export interface Free {
  readonly most: number | null
  readonly unknown: number
  readonly isUnlimited: boolean
  readonly isPaused: boolean
  readonly turns: number
}

export const freeOf = (heard: Heard, limits: AccountLimits): Free => {
  const { keeps, kept, left, limit, live, now, pausedUntil, used } = heard
  const configured = live.reduce<number | null>(
    (least, [, { requests }]) => (requests === null || (least !== null && least <= requests) ? least : requests),
    limits.requests
  )
  const most = limit ?? configured
  const unknown = kept.reduce((sum, [, holder]) => sum + (counts(holder.until, heard) ? holder.held : 0), keeps)
  const counted = used.reduce((sum, [, turns]) => sum + turns, unknown)
  const room = Math.min(
    most === null ? Number.POSITIVE_INFINITY : most - counted,
    left?.turns ?? Number.POSITIVE_INFINITY
  )
  const isPaused = pausedUntil > now
  return {
    most,
    unknown,
    isUnlimited: most === null && left === null,
    isPaused,
    turns: isPaused ? 0 : Math.max(0, room)
  }
}

// - `mine`: what this process gets. `free`: what is left then. `since`: it stands in line from then on.
// - `ahead`: how many turns others have before its next. `canStart`: whether any submission may begin.
export interface Dealt {
  readonly mine: Wants
  readonly free: number
  readonly since: number
  readonly ahead: number
  readonly isContested: boolean
  readonly canStart: boolean
}

// Who gets what is free, the most urgent kind first.
export const deal = (heard: Heard, { most, turns, unknown }: Free, limits: AccountLimits, report: Report): Dealt => {
  const { known, live, now, used, widest } = heard
  const waiting = live.filter(([, holder]) => holder.back + slack > now)
  const since = known !== undefined && known.since > 0 ? known.since : now
  const openElsewhere = live.reduce((sum, [, holder]) => sum + holder.open, 0)
  const boughtElsewhere = live.reduce((sum, [, holder]) => sum + holder.bought, 0)
  const mine = { poll: 0, collect: 0, submit: 0 }
  let free = turns
  let ahead = 0
  let isContested = false
  let canStart = true
  for (const kind of kinds) {
    const want = report.wants[kind]
    const rivals = waiting.flatMap(([id, holder]) =>
      holder.wants[kind] > 0 ? [{ id, want: holder.wants[kind], since: holder.since }] : []
    )
    const wanted = rivals.reduce((sum, each) => sum + each.want, 0)
    if (wanted > 0) isContested = true
    let available = free
    if (kind === "submit") {
      const may = starts(
        Math.min(free, want + wanted),
        limits,
        most,
        widest,
        boughtElsewhere + report.bought,
        Math.max(1, openElsewhere + report.open),
        (age) =>
          used.reduce((sum, [bound, turns]) => sum + (bound > now - age ? turns : 0), unknown) +
          mine.poll +
          mine.collect
      )
      // What is free is for others while submissions are paused.
      available = heard.submitsPausedUntil > now ? 0 : Math.min(free, may)
      canStart = available > 0
    }
    const parts = share(want > 0 ? [...rivals, { id: report.holder, want, since }] : rivals, available)
    mine[kind] = parts.get(report.holder) ?? 0
    for (const part of parts.values()) free -= part
    // Whoever stands in line before us has one turn before our next; so has every more urgent wish.
    if (mine[kind] < want) ahead += rivals.filter((rival) => mine[kind] > 0 || rival.since <= since).length
    else if (kinds.some((each) => report.wants[each] > mine[each])) ahead += wanted
  }
  return { mine, free, since, ahead, isContested, canStart }
}

// When it is worth asking again, in milliseconds from now, for a process that did not get all it wants.
export const waitOf = (
  { left, now, pausedUntil, used, widest }: Heard,
  { isPaused, most }: Free,
  { ahead, canStart, free }: Dealt,
  granted: { readonly turns: number; readonly spare: number }
): number => {
  let when = now + usualRecheck
  if (isPaused) when = pausedUntil
  else if (left !== null && left.turns - granted.turns <= 0) when = left.resetAt
  else if (most !== null && canStart) {
    let needed = ahead + 1 - Math.max(0, free - granted.spare)
    for (const [bound, count] of used) {
      needed -= count
      if (needed > 0) continue
      when = bound + widest
      break
    }
  }
  return Math.min(latest, Math.max(soonest, Math.ceil(when - now)))
}

// How many more submissions may begin: never more open scans than the vendor allows, and only while the polls of all
// open ones still fit. One scan at a time is always allowed.
const starts = (
  wanted: number,
  limits: AccountLimits,
  most: number | null,
  window: number,
  bought: number,
  open: number,
  usedWithin: (age: number) => number
): number => {
  let count = 0
  const duration = Math.max(1, Duration.toMillis(limits.typicalDuration))
  const needed = pollsReserved(limits, open) * (Math.min(duration, window) / duration)
  // Turns that are still counted when a new scan will need its own.
  const kept = duration < window ? usedWithin(window - duration) : 0
  while (count < wanted) {
    const next = bought + count
    if (limits.openScans !== null && next >= limits.openScans) break
    if (most !== null && next > 0 && most - kept - (duration < window ? count : 0) < 1 + needed * (next + 1)) break
    count++
  }
  return count
}
