// What of an account's budget is free, and who gets it. Pure: `checkIn.ts` writes what comes of it into the books.
import { type AccountLimits, pollsReserved } from "@scanpoll/core/engine/ScanAdapter"
import * as Duration from "effect/Duration"
import type { Heard, Report, Wants } from "./budgetBooks.ts"
import { kinds } from "@scanpoll/core/unstable/engine/TurnQueue"

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
// - `rooms`: how many turns each window has left. `turns`: what may be granted now.
export interface Free {
  readonly most: number | null
  readonly unknown: number
  readonly rooms: ReadonlyArray<{ readonly window: number; readonly room: number }>
  readonly isUnlimited: boolean
  readonly isPaused: boolean
  readonly turns: number
}

export const freeOf = (heard: Heard, limits: AccountLimits): Free => {
  const { keeps, kept, left, limit, live, now, pausedUntil, used, window, windows } = heard
  const configured = live.reduce<number | null>(
    (least, [, { requests }]) => (requests === null || (least !== null && least <= requests) ? least : requests),
    limits.requests
  )
  const most = limit ?? configured
  const unknownIn = (size: number): number =>
    kept.reduce((sum, [, { held, until }]) => sum + (until + size > now ? held : 0), keeps)
  const countedIn = (size: number): number =>
    used.reduce((sum, [bound, turns]) => sum + (bound + size > now ? turns : 0), unknownIn(size))
  const rooms = [...(most === null ? [] : [[most, window] as const]), ...windows].map(([requests, size]) => ({
    window: size,
    room: requests - countedIn(size)
  }))
  const room = Math.min(left?.turns ?? Number.POSITIVE_INFINITY, ...rooms.map((each) => each.room))
  const isPaused = pausedUntil > now
  return {
    most,
    unknown: unknownIn(window),
    rooms,
    isUnlimited: rooms.length === 0 && left === null,
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
  const { gap, known, live, now, startsAt, used, window } = heard
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
        window,
        boughtElsewhere + report.bought,
        Math.max(1, openElsewhere + report.open),
        (age) =>
          used.reduce((sum, [bound, turns]) => sum + (bound > now - age ? turns : 0), unknown) +
          mine.poll +
          mine.collect
      )
      const spaced = gap === 0 ? may : startsAt !== null && startsAt <= now ? 1 : 0
      // What is free is for others while submissions are paused.
      available = heard.submitsPausedUntil > now ? 0 : Math.min(free, may, spaced)
      canStart = available > 0
    }
    const parts = share(want > 0 ? [...rivals, { id: report.holder, want, since }] : rivals, available)
    mine[kind] = parts.get(report.holder) ?? 0
    for (const part of parts.values()) free -= part
    // Every wish before us in the queue has one turn before our next; so has every more urgent one.
    if (mine[kind] < want) ahead += rivals.filter((rival) => mine[kind] > 0 || rival.since <= since).length
    else if (kinds.some((each) => report.wants[each] > mine[each])) ahead += wanted
  }
  return { mine, free, since, ahead, isContested, canStart }
}

// When it is worth asking again, in milliseconds from now, for a process that did not get all it wants.
export const waitOf = (
  { gap, left, now, pausedUntil, startsAt, used }: Heard,
  { isPaused, rooms, turns }: Free,
  { ahead, canStart, free, mine }: Dealt,
  report: Report,
  granted: { readonly turns: number; readonly spare: number }
): number => {
  let when = now + usualRecheck
  if (isPaused) when = pausedUntil
  else if (left !== null && left.turns - granted.turns <= 0) when = left.resetAt
  else if (canStart) {
    const dealt = turns - free + granted.spare
    const times = rooms.flatMap(({ room, window }) => roomAt(used, now, window, ahead + 1 - Math.max(0, room - dealt)))
    if (times.length > 0) when = Math.max(...times)
  } else if (gap > 0 && report.wants.poll <= mine.poll && report.wants.collect <= mine.collect) {
    // A process that may be submitting reports soon that it did.
    if (startsAt === null) when = now + Math.min(usualRecheck, gap)
    else if (startsAt > now) when = startsAt
  }
  return Math.min(latest, Math.max(soonest, Math.ceil(when - now)))
}

// When a window has let go of so many turns; nothing where that is not known, or where it has the room already.
const roomAt = (used: Heard["used"], now: number, window: number, needed: number): ReadonlyArray<number> => {
  if (needed <= 0) return []
  let left = needed
  for (const [bound, count] of used) {
    if (bound + window <= now) continue
    left -= count
    if (left <= 0) return [bound + window]
  }
  return []
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
