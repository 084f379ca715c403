// One check-in of a process: its report is heard, turns are granted, and the books are written anew.
import type { AccountLimits } from "@scanpoll/core/engine/ScanAdapter"
import { type Answer, type Books, hear, type Holder, type Report, type Rules, type Wants } from "./budgetBooks.ts"
import { deal, freeOf, waitOf } from "./budgetGrants.ts"
import type { Spans } from "./spans.ts"
import { kinds } from "@scanpoll/core/unstable/engine/TurnQueue"

const wantsNothing: Wants = { poll: 0, collect: 0, submit: 0 }

const total = (wants: Wants): number => kinds.reduce((sum, kind) => sum + wants[kind], 0)

// Everything one process tells and gets when the database's clock says `at`.
export const checkIn = (
  was: Books,
  at: number,
  limits: AccountLimits,
  spans: Spans,
  rules: Rules,
  report: Report
): readonly [Books, Answer] => {
  const heard = hear(was, at, spans, report)
  const { gap, keeps, kept, known, left, limit, live, lost, now, pausedUntil, submitsPausedUntil, used } = heard
  const free = freeOf(heard, limits)
  const dealt = deal(heard, free, limits, report)
  const { isContested, mine, since } = dealt
  const { isUnlimited } = free
  // In small blocks, and never from what is scarce.
  const spare = isUnlimited ? 0 : Math.min(report.spare, Math.floor(Math.max(0, dealt.free) / (2 * (live.length + 1))))
  const granted = total(mine)
  const turns = isUnlimited ? 0 : granted + spare
  const wait = granted < total(report.wants) ? waitOf(heard, free, dealt, report, { turns, spare }) : null

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
      window: spans.window,
      ...(spans.windows.length === 0 ? {} : { windows: spans.windows }),
      ...(spans.gap === 0 ? {} : { gap: spans.gap }),
      ...(gap > 0 && (report.isStarting || mine.submit > 0) ? { starting: now + rules.lease + rules.silence } : {}),
      lost
    }
  }
  const books: Books = {
    format: 1,
    now,
    clock: at,
    lost,
    used,
    holders,
    pausedUntil,
    submitsPausedUntil,
    ...(heard.submittedAt + gap > now && gap > 0 ? { submittedAt: heard.submittedAt } : {}),
    limit,
    left: left === null ? null : { ...left, turns: left.turns - turns }
  }
  const answer: Answer = {
    turns,
    starts: mine.submit,
    isUnlimited,
    wait,
    pausedFor: Math.max(0, pausedUntil - now),
    submitsPausedFor: Math.max(0, submitsPausedUntil - now),
    open: live.reduce((sum, [, holder]) => sum + holder.open, 0),
    isContested,
    isNew: known === undefined
  }
  return [books, answer]
}
