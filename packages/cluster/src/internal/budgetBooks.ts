// The books of one account: which turns of its budget are spoken for, and who waits. All of it is one value that is read,
// changed by `checkIn` and written back only if nobody else wrote meanwhile. Times are in milliseconds of the books' own
// clock, which started as the database's and never runs faster than real time: see `timeOf`.
//
// Why the limit holds. Every turn that was ever granted is in the books with a bound: a time that its request cannot
// pass. While its holder has not told what became of it, that is `until` of the holder; afterwards the time it told. A
// turn is left out of the count only by a check-in at `bound + window` or later. Take any window of time, and of the
// turns used inside it the one that was granted last. When it was granted, none of the others could have been left out:
// each was used inside the window, so its bound lies behind the window's beginning, and the grant was made before the
// window's end. So all of them were counted then, and together they were no more than the limit.
//
// A bound is a time of the books, so this needs books that never catch up: time that they once lost stays lost, and a
// turn counts that much longer. A jump of the database's clock would drop turns that were used a moment ago.
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"
import { type AccountLimits, pollsReserved } from "@scanpoll/core/engine/ScanAdapter"
import { kinds } from "./turnQueue.ts"

const Wants = Schema.Struct({ poll: Schema.Finite, collect: Schema.Finite, submit: Schema.Finite })

// - `stamp`: names its last check-in, and `last` is what that was granted: an answer that got lost is found here.
// - `held`: turns it was granted and has not told about. `until`: none of them is used later than that.
// - `wants`: how many turns it still waits for, until `back`, when it said it would come again. `since`: it stands in
//   line from then on.
// - `open`, `bought`: see the budget's own words. `requests`, `window`: the limit it was configured with.
// - `era`: that of the books when it was seen.
const Holder = Schema.Struct({
  stamp: Schema.String,
  last: Schema.Struct({ turns: Schema.Finite, starts: Schema.Finite }),
  seen: Schema.Finite,
  held: Schema.Finite,
  until: Schema.Finite,
  wants: Wants,
  back: Schema.Finite,
  since: Schema.Finite,
  open: Schema.Finite,
  bought: Schema.Finite,
  requests: Schema.NullOr(Schema.Finite),
  window: Schema.Finite,
  era: Schema.optionalKey(Schema.Finite)
})

// - `clock`: what the database's clock said at `now`. `era`: how often the books may have lost time. A process of an
//   earlier version writes neither.
// - `used`: how many turns were used up to which time, oldest first.
// - `limit`: what the vendor's headers said last, null before they did. `left`: the vendor's own count until `resetAt`.
export const Books = Schema.Struct({
  format: Schema.Literal(1),
  now: Schema.Finite,
  clock: Schema.optionalKey(Schema.Finite),
  era: Schema.optionalKey(Schema.Finite),
  used: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite])),
  holders: Schema.Record(Schema.String, Holder),
  pausedUntil: Schema.Finite,
  limit: Schema.NullOr(Schema.Finite),
  left: Schema.NullOr(Schema.Struct({ turns: Schema.Finite, resetAt: Schema.Finite }))
})

export type Books = typeof Books.Type
export type Holder = typeof Holder.Type
export type Wants = Readonly<Record<TurnKind, number>>

export const empty: Books = {
  format: 1,
  now: 0,
  used: [],
  holders: {},
  pausedUntil: 0,
  limit: null,
  left: null
}

// What a process tells and asks. Durations instead of times: no two machines agree on those.
// - `keeps`: turns it still has, used or not, and has not told about; `used`: what it tells now, how long ago.
// - `spare`: turns beyond the wants, for what will be asked before the next check-in.
// - `pausedFor`, `limit`, `left`: what the vendor said to this process.
// - `elapsed`: by its steady clock, how long ago its last check-in read the books, at least and at most; null before one.
export interface Report {
  readonly holder: string
  readonly elapsed: { readonly least: number; readonly most: number } | null
  readonly stamp: string
  readonly keeps: number
  readonly used: ReadonlyArray<{ readonly ago: number; readonly turns: number }>
  readonly wants: Wants
  readonly spare: number
  readonly open: number
  readonly bought: number
  readonly pausedFor: number
  readonly limit: number | null
  readonly left: { readonly turns: number; readonly resetIn: number } | null
  readonly isLeaving: boolean
}

// - `turns`: granted; `starts` of them may be submissions. `isUnlimited`: nobody counts, a turn needs no grant.
// - `wait`: when it is worth asking again, in milliseconds; null when nothing is wanted.
// - `open`: the open scans of the others. `isContested`: others wait for turns.
// - `isNew`: the books know nothing of this process, or nothing any more: what it had is void.
export interface Answer {
  readonly turns: number
  readonly starts: number
  readonly isUnlimited: boolean
  readonly wait: number | null
  readonly pausedFor: number
  readonly open: number
  readonly isContested: boolean
  readonly isNew: boolean
}

// `lease`: how long after a check-in a process may use what it has. `silence`: how much later than that a process which
// was stopped in the middle may send the request it was about to send.
export interface Rules {
  readonly lease: number
  readonly silence: number
}

// Entries of `used`: more are merged into the later neighbour.
const mostEntries = 128
const soonest = 20
const latest = 5_000
const usualRecheck = 1_000
// A process that said it would come back is waited for this much longer.
const slack = 1_000
// How long a process that says nothing counts among those with open scans.
const liveFor = 60_000
const sameReset = 1_000
// Two good clocks differ by less than a part in so many, and by rounding.
const drift = 1_000
const rounding = 2
// A process that is new believes the database's clock where one jump cannot empty the window.
const longestDoubt = 60_000

const wantsNothing: Wants = { poll: 0, collect: 0, submit: 0 }

const withUsed = (
  used: Books["used"],
  more: ReadonlyArray<readonly [number, number]>
): ReadonlyArray<readonly [number, number]> => {
  if (more.length === 0) return used
  const entries = [...used, ...more].sort((a, b) => a[0] - b[0])
  while (entries.length > mostEntries) {
    let at = 1
    let least = Number.POSITIVE_INFINITY
    for (let i = 1; i < entries.length; i++) {
      const gap = (entries[i]?.[0] ?? 0) - (entries[i - 1]?.[0] ?? 0)
      if (gap < least) {
        least = gap
        at = i
      }
    }
    const [earlier, later] = [entries[at - 1], entries[at]]
    if (earlier === undefined || later === undefined) break
    entries.splice(at - 1, 2, [later[0], earlier[1] + later[1]])
  }
  return entries
}

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

const isLive = (holder: Holder, now: number): boolean => holder.seen + liveFor > now

// The books' time when the database's clock says `at`. It goes on as that clock does, but never back, and never further
// than the steady clock of the process that checks in allows; a new process has none to compare with.
const timeOf = (
  was: Books,
  at: number,
  widest: number,
  { elapsed, holder }: Report
): { readonly now: number; readonly era: number } => {
  const said = was.now + (at - (was.clock ?? was.now))
  const era = was.era ?? 0
  const stopped = { now: was.now, era: era + 1 }
  if (said < was.now) return stopped
  const known = was.holders[holder]
  if (known === undefined || elapsed === null) {
    const isDoubtful = widest <= longestDoubt && Object.keys(was.holders).some((id) => id !== holder)
    return isDoubtful ? stopped : { now: said, era }
  }
  const isOfEra = (known.era ?? 0) === era
  const least = known.seen + elapsed.least * (1 - 1 / drift) - rounding
  const most = known.seen + elapsed.most * (1 + 1 / drift) + rounding
  if (said <= most) return { now: said, era: isOfEra && said < least ? era + 1 : era }
  // What has elapsed for it includes what the books have lost since.
  return isOfEra ? { now: Math.max(was.now, least), era: era + 1 } : stopped
}

// Everything one process tells and gets when the database's clock says `at`.
export const checkIn = (
  was: Books,
  at: number,
  limits: AccountLimits,
  window: number,
  rules: Rules,
  report: Report
): readonly [Books, Answer] => {
  const known = was.holders[report.holder]
  const others = Object.entries(was.holders).filter(([id]) => id !== report.holder)
  const widestAt = (time: number): number =>
    others.reduce((most, [, holder]) => (isLive(holder, time) ? Math.max(most, holder.window) : most), window)
  const { era, now } = timeOf(was, at, widestAt(was.now), report)

  // ---- what was told

  const widest = widestAt(now)
  const counts = (bound: number): boolean => bound + widest > now
  const kept = others.filter(([, holder]) => isLive(holder, now) || (holder.held > 0 && counts(holder.until)))
  const used = withUsed(
    was.used.filter(([bound]) => counts(bound)),
    report.used
      .map(({ ago, turns }) => [now - ago, turns] as const)
      .filter(([bound, turns]) => turns > 0 && counts(bound))
  )
  const told = report.used.reduce((sum, { turns }) => sum + turns, 0)
  const keeps = known === undefined ? 0 : Math.min(known.held, report.keeps)
  const returned = known === undefined ? 0 : Math.max(0, known.held - told - keeps)

  const pausedUntil = Math.max(was.pausedUntil, report.pausedFor > 0 ? now + report.pausedFor : 0)
  const limit = report.limit ?? was.limit
  let left = was.left !== null && was.left.resetAt > now ? { ...was.left, turns: was.left.turns + returned } : null
  if (report.left !== null && report.left.resetIn > 0) {
    const { turns } = report.left
    const resetAt = now + report.left.resetIn
    if (left === null || resetAt > left.resetAt + sameReset) left = { turns, resetAt }
    else if (Math.abs(resetAt - left.resetAt) <= sameReset) {
      // Requests on their way are not in the vendor's count yet, and answers overtake each other.
      left = { turns: Math.min(turns, left.turns), resetAt: Math.max(resetAt, left.resetAt) }
    }
  }

  // ---- what is free

  const live = kept.filter(([, holder]) => isLive(holder, now))
  const configured = live.reduce<number | null>(
    (least, [, { requests }]) => (requests === null || (least !== null && least <= requests) ? least : requests),
    limits.requests
  )
  const most = limit ?? configured
  const unknown = kept.reduce((sum, [, holder]) => sum + (counts(holder.until) ? holder.held : 0), keeps)
  const counted = used.reduce((sum, [, turns]) => sum + turns, unknown)
  const isUnlimited = most === null && left === null
  const room = Math.min(
    most === null ? Number.POSITIVE_INFINITY : most - counted,
    left?.turns ?? Number.POSITIVE_INFINITY
  )
  const isPaused = pausedUntil > now
  let free = isPaused ? 0 : Math.max(0, room)

  // ---- who gets it

  const waiting = live.filter(([, holder]) => holder.back + slack > now)
  const since = known !== undefined && known.since > 0 ? known.since : now
  const openElsewhere = live.reduce((sum, [, holder]) => sum + holder.open, 0)
  const boughtElsewhere = live.reduce((sum, [, holder]) => sum + holder.bought, 0)
  const mine = { poll: 0, collect: 0, submit: 0 }
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
      available = Math.min(free, may)
      canStart = may > 0
    }
    const parts = share(want > 0 ? [...rivals, { id: report.holder, want, since }] : rivals, available)
    mine[kind] = parts.get(report.holder) ?? 0
    for (const part of parts.values()) free -= part
    // Whoever stands in line before us has one turn before our next; so has every more urgent wish.
    if (mine[kind] < want) ahead += rivals.filter((rival) => mine[kind] > 0 || rival.since <= since).length
    else if (kinds.some((each) => report.wants[each] > mine[each])) ahead += wanted
  }
  // In small blocks, and never from what is scarce.
  const spare = isUnlimited ? 0 : Math.min(report.spare, Math.floor(Math.max(0, free) / (2 * (live.length + 1))))
  const wanted = kinds.reduce((sum, kind) => sum + report.wants[kind], 0)
  const granted = kinds.reduce((sum, kind) => sum + mine[kind], 0)
  const turns = isUnlimited ? 0 : granted + spare

  // ---- when to ask again

  let wait: number | null = null
  if (granted < wanted) {
    let when = now + usualRecheck
    if (isPaused) when = pausedUntil
    else if (left !== null && left.turns - turns <= 0) when = left.resetAt
    else if (most !== null && canStart) {
      let needed = ahead + 1 - Math.max(0, free - spare)
      for (const [bound, count] of used) {
        needed -= count
        if (needed > 0) continue
        when = bound + widest
        break
      }
    }
    wait = Math.min(latest, Math.max(soonest, Math.ceil(when - now)))
  }

  // ---- the new books

  const holders: Record<string, Holder> = Object.fromEntries(kept)
  if (!report.isLeaving) {
    const unmet = {
      poll: report.wants.poll - mine.poll,
      collect: report.wants.collect - mine.collect,
      submit: report.wants.submit - mine.submit
    }
    holders[report.holder] = {
      stamp: report.stamp,
      last: { turns, starts: mine.submit },
      seen: now,
      held: keeps + turns,
      until: now + rules.lease + rules.silence,
      wants: wait === null ? wantsNothing : unmet,
      back: wait === null ? 0 : now + wait,
      since: wait === null ? 0 : granted > 0 ? now : since,
      open: report.open,
      bought: report.bought + mine.submit,
      requests: limits.requests,
      window,
      era
    }
  }
  return [
    {
      format: 1,
      now,
      clock: at,
      era,
      used,
      holders,
      pausedUntil,
      limit,
      left: left === null ? null : { ...left, turns: left.turns - turns }
    },
    {
      turns,
      starts: mine.submit,
      isUnlimited,
      wait,
      pausedFor: Math.max(0, pausedUntil - now),
      open: openElsewhere,
      isContested,
      isNew: known === undefined
    }
  ]
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
