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
import * as Schema from "effect/Schema"
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"
import { longest, type Spans, type Window } from "./spans.ts"

const Wants = Schema.Struct({ poll: Schema.Finite, collect: Schema.Finite, submit: Schema.Finite })

// - `stamp`: names its last check-in, and `last` is what that was granted: an answer that got lost is found here.
// - `held`: turns it was granted and has not told about. `until`: none of them is used later than that.
// - `wants`: how many turns it still waits for, until `back`, when it said it would come again. `since`: it stands in
//   line from then on.
// - `open`, `bought`: see the budget's own words. `requests`, `window`: the limit it was configured with; `windows` and
//   `gap` (between submissions) the further ones, absent where there are none.
// - `starting`: it may submit until then, where there is a gap. Absent once it told that it did, or gave that back.
// - `lost`: that of the books when it was seen.
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
  windows: Schema.optionalKey(Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite]))),
  gap: Schema.optionalKey(Schema.Finite),
  starting: Schema.optionalKey(Schema.Finite),
  lost: Schema.optionalKey(Schema.Finite)
})

// - `clock`: what the database's clock said at `now`. `lost`: how much time the books have lost, all in all. A process of
//   an earlier version writes neither.
// - `used`: how many turns were used up to which time, oldest first.
// - `submitsPausedUntil`: the same for submissions alone; a process of an earlier version writes none.
// - `submittedAt`: the latest submission that was told was made by then, where there is a gap between them.
// - `limit`: what the vendor's headers said last, null before they did. `left`: the vendor's own count until `resetAt`.
export const Books = Schema.Struct({
  format: Schema.Literal(1),
  now: Schema.Finite,
  clock: Schema.optionalKey(Schema.Finite),
  lost: Schema.optionalKey(Schema.Finite),
  used: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Finite])),
  holders: Schema.Record(Schema.String, Holder),
  pausedUntil: Schema.Finite,
  submitsPausedUntil: Schema.optionalKey(Schema.Finite),
  submittedAt: Schema.optionalKey(Schema.Finite),
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
// - `isStarting`: it still has a submission that it may make and has not told about; `submitted`: how long ago the latest one
//   that it tells now was made, null where it tells none. Both matter where there is a gap between submissions.
// - `spare`: turns beyond the wants, for what will be asked before the next check-in.
// - `pausedFor`, `submitsPausedFor`, `limit`, `left`: what the vendor said to this process.
// - `elapsed`: by its steady clock, how long ago its last check-in read the books, at least and at most; null before one.
export interface Report {
  readonly holder: string
  readonly elapsed: { readonly least: number; readonly most: number } | null
  readonly stamp: string
  readonly keeps: number
  readonly used: ReadonlyArray<{ readonly ago: number; readonly turns: number }>
  readonly isStarting: boolean
  readonly submitted: number | null
  readonly wants: Wants
  readonly spare: number
  readonly open: number
  readonly bought: number
  readonly pausedFor: number
  readonly submitsPausedFor: number
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
  readonly submitsPausedFor: number
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
// How long a process that says nothing counts among those with open scans.
const liveFor = 60_000
const sameReset = 1_000
// Two good clocks differ by less than a part in so many, and by rounding.
const drift = 1_000
const rounding = 2
// A process that is new believes the database's clock where one jump cannot empty the window.
const longestDoubt = 60_000
// What the books lose by a new process that finds the clock set back: more than elapses for anybody between two check-ins.
const untold = 1_000_000_000

// An entry that is merged into a later one counts longer: how much matters by the shortest window that still counts it.
const withUsed = (
  used: Books["used"],
  more: ReadonlyArray<readonly [number, number]>,
  sizes: ReadonlyArray<number>,
  now: number
): ReadonlyArray<readonly [number, number]> => {
  if (more.length === 0) return used
  const entries = [...used, ...more].sort((a, b) => a[0] - b[0])
  const countedBy = (bound: number): number => sizes.find((size) => bound + size > now) ?? sizes.at(-1) ?? 1
  while (entries.length > mostEntries) {
    let at = 1
    let least = Number.POSITIVE_INFINITY
    for (let i = 1; i < entries.length; i++) {
      const later = entries[i]?.[0] ?? 0
      const gap = (later - (entries[i - 1]?.[0] ?? 0)) / countedBy(later)
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

const isLive = (holder: Holder, now: number): boolean => holder.seen + liveFor > now

// The books' time when the database's clock says `at`. It goes on as that clock does, but never back, and never further
// than the steady clock of the process that checks in allows: what has elapsed for it, less what the books have lost
// since. A new process has no time to compare with, nor has one that a process of an earlier version wrote over.
const timeOf = (
  was: Books,
  at: number,
  widest: number,
  { elapsed, holder }: Report
): { readonly now: number; readonly lost: number } => {
  const said = was.now + (at - (was.clock ?? was.now))
  const lost = was.lost ?? 0
  const known = was.holders[holder]
  if (known?.lost === undefined || was.lost === undefined || elapsed === null) {
    const isDoubtful = widest <= longestDoubt && Object.keys(was.holders).some((id) => id !== holder)
    if (!isDoubtful) return { now: Math.max(was.now, said), lost }
    return { now: was.now, lost: lost + (said < was.now ? untold : said - was.now) }
  }
  const kept = known.seen - (was.lost - known.lost)
  const least = kept + elapsed.least * (1 - 1 / drift) - rounding
  const most = kept + elapsed.most * (1 + 1 / drift) + rounding
  const now = Math.max(was.now, said <= most ? said : least)
  // As far as the books would be if they lost nothing now; only the database's clock says so where they lost too much.
  const due = most < was.now ? said : Math.min(most, Math.max(least, said))
  return { now, lost: lost + Math.max(0, due - now) }
}

// The books once a report was heard, before anything is granted by it.
// - `window`: the widest one that anybody counts the limit in. `windows`: those that hold beside it. `widest`: of all.
// - `keeps`: turns the process still has from before.
// - `gap`: between two submissions, 0 where there is none. `startsAt`: when it lets the next one begin; null while somebody
//   may be making one.
// - `kept`: the other holders that still matter; `live`: those of them that speak.
export interface Heard {
  readonly now: number
  readonly lost: number
  readonly window: number
  readonly windows: ReadonlyArray<Window>
  readonly widest: number
  readonly gap: number
  readonly submittedAt: number
  readonly startsAt: number | null
  readonly known: Holder | undefined
  readonly kept: ReadonlyArray<readonly [id: string, holder: Holder]>
  readonly live: ReadonlyArray<readonly [id: string, holder: Holder]>
  readonly used: Books["used"]
  readonly keeps: number
  readonly pausedUntil: number
  readonly submitsPausedUntil: number
  readonly limit: number | null
  readonly left: Books["left"]
}

export const hear = (was: Books, at: number, spans: Spans, report: Report): Heard => {
  const known = was.holders[report.holder]
  const others = Object.entries(was.holders).filter(([id]) => id !== report.holder)
  // The strictest of what anybody who speaks was configured with.
  const spansAt = (time: number) => {
    const live = others.flatMap(([, holder]) => (isLive(holder, time) ? [holder] : []))
    return {
      window: live.reduce((most, holder) => Math.max(most, holder.window), spans.window),
      windows: [...spans.windows, ...live.flatMap(({ windows = [] }) => windows)],
      gap: live.reduce((most, holder) => Math.max(most, holder.gap ?? 0), spans.gap)
    }
  }
  const { lost, now } = timeOf(was, at, longest(spansAt(was.now)), report)
  const { gap, window, windows } = spansAt(now)
  const widest = longest({ window, windows })
  const counts = (bound: number): boolean => bound + widest > now
  const isOwed = ({ held, starting = Number.NEGATIVE_INFINITY, until }: Holder): boolean =>
    (held > 0 && counts(until)) || starting + gap > now
  const kept = others.filter(([, holder]) => isLive(holder, now) || isOwed(holder))
  const used = withUsed(
    was.used.filter(([bound]) => counts(bound)),
    report.used
      .map(({ ago, turns }) => [now - ago, turns] as const)
      .filter(([bound, turns]) => turns > 0 && counts(bound)),
    [window, ...windows.map(([, each]) => each)].sort((a, b) => a - b),
    now
  )
  const submittedAt = Math.max(
    was.submittedAt ?? Number.MIN_SAFE_INTEGER,
    report.submitted === null ? Number.MIN_SAFE_INTEGER : now - report.submitted
  )
  const startings = kept.flatMap(([, { starting }]) => (starting === undefined ? [] : [starting]))
  const isStarting = report.isStarting || startings.some((until) => until > now)
  const told = report.used.reduce((sum, { turns }) => sum + turns, 0)
  const keeps = known === undefined ? 0 : Math.min(known.held, report.keeps)
  const returned = known === undefined ? 0 : Math.max(0, known.held - told - keeps)
  return {
    now,
    window,
    windows,
    widest,
    gap,
    submittedAt,
    startsAt: isStarting && gap > 0 ? null : Math.max(submittedAt, ...startings) + gap,
    lost,
    known,
    kept,
    live: kept.filter(([, holder]) => isLive(holder, now)),
    used,
    keeps,
    pausedUntil: Math.max(was.pausedUntil, report.pausedFor > 0 ? now + report.pausedFor : 0),
    submitsPausedUntil: Math.max(
      was.submitsPausedUntil ?? 0,
      report.submitsPausedFor > 0 ? now + report.submitsPausedFor : 0
    ),
    limit: report.limit ?? was.limit,
    left: leftOf(was, now, returned, report)
  }
}

// The vendor's own count, by what stood in the books and what this process was told.
const leftOf = (was: Books, now: number, returned: number, report: Report): Books["left"] => {
  const left = was.left !== null && was.left.resetAt > now ? { ...was.left, turns: was.left.turns + returned } : null
  if (report.left === null || report.left.resetIn <= 0) return left
  const { turns } = report.left
  const resetAt = now + report.left.resetIn
  if (left === null || resetAt > left.resetAt + sameReset) return { turns, resetAt }
  // Requests on their way are not in the vendor's count yet, and answers overtake each other.
  return Math.abs(resetAt - left.resetAt) <= sameReset
    ? { turns: Math.min(turns, left.turns), resetAt: Math.max(resetAt, left.resetAt) }
    : left
}
